"""Where samples stand on pages: nesting, includes, themes, other plugins, warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

PRINT = "```python exec\nprint({0})\n```\n"


def indent(text: str, width: int = 4) -> str:
    return "".join(" " * width + line if line.strip() else line for line in text.splitlines(keepends=True))


def test_samples_are_found_wherever_a_fence_may_stand(project: Project) -> None:
    """Tabs, admonitions, lists, blockquotes, tildes, includes; fences that show fences are left alone."""
    project.write("snip/code.py", "print('included code')\n")
    project.write("snip/fence.md", "```python exec\nprint('included fence')\n```\n")
    project.page(
        "---\ntitle: t\n---\n\n"  # 4 lines
        "!!! note\n\n" + indent("1.  item\n\n" + indent('=== "tab"\n\n' + indent("```python exec\nprint('deep')\n```\n")))
        + "\n> ```python exec\n> print('quoted')\n> ```\n\n"
        "~~~python exec\nprint('tildes')\n~~~\n\n"
        "````markdown\n```python exec\nprint('shown, not run')\n```\n````\n\n"
        '```python exec\n--8<-- "snip/code.py"\n```\n\n'
        '--8<-- "snip/fence.md"\n'
    )  # fmt: skip
    built = project.build("--strict")

    assert 0 == built.status, built.log
    assert ["deep", "quoted", "tildes", "included code", "included fence"] == [text for _, text in project.streams()]
    assert built.run is not None
    lines = (project.root / "docs/index.md").read_text("utf-8").split("\n")
    expected = [
        number
        for number, line in enumerate(lines, 1)
        if (("exec" in line) and "````markdown" not in lines[number - 2]) or "fence.md" in line
    ]
    assert expected == [sample["line"] for sample in built.run["samples"]]
    assert {"index.md"} == {sample["page"] for sample in built.run["samples"]}


def test_the_sites_own_highlighter_shows_the_source(project: Project) -> None:
    """title, hl_lines and linenums are its business; all that is added are ids."""
    project.page('```python exec title="x.py" hl_lines="2" linenums="5"\na = 1\nprint(a)\n```\n')
    assert 0 == project.build("--strict").status
    with_us = re.sub(r' id="codeexec_\w+"', "", project.html())
    project.page('```python title="x.py" hl_lines="2" linenums="5"\na = 1\nprint(a)\n```\n')
    project.build("--strict")
    plain = re.search(r'<div class="highlight">.*?</table></div>', project.html(), re.DOTALL)

    assert plain
    assert plain.group(0).strip() in with_us


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_without_superfences_the_themes_highlighting_is_kept(project: Project, theme: str) -> None:
    """The extension is switched on for the user, and code still looks as the theme wants it."""
    project.configure({}, theme=theme, extensions=False)
    project.page('```python exec\nprint("x")\n```\n\n```rust\nfn plain() {}\n```\n')
    built = project.build("--strict")

    assert 0 == built.status, built.log
    assert [("stdout", "x")] == project.streams()
    assert 1 == len(re.findall(r'<code class="language-rust">', project.html()))
    assert 1 == len(re.findall(r'<code class="language-python">', project.html()))


@pytest.mark.parametrize(
    ("message", "hint", "header"),
    [
        pytest.param(
            "`show_outptu` is not an option of a fence", "hint: options are", "python exec show_outptu", id="word"
        ),
        pytest.param('`edition="2012"`', "2021", 'rust exec edition="2012"', id="value"),
        pytest.param(
            '`timeout="soon"`: expected a number of seconds',
            'write for example `timeout="30"`',
            'python exec timeout="soon"',
            id="number",
        ),
    ],
)
def test_mistakes_in_a_fence_are_told_once_with_their_place(
    project: Project, message: str, hint: str, header: str
) -> None:
    """Page, line, what is wrong, and the nearest valid word: a warning, or an error if the sample is not executed for it."""
    project.page(f"---\ntitle: t\n---\n\n```{header}\nprint(1)\n```\n")
    built = project.build()

    level = "ERROR" if built.status else "WARNING"
    assert re.search(rf"{level}.*docs/index\.md:5: .*{re.escape(message)}", built.log), built.log
    assert 1 == built.log.count(message)
    assert hint in built.log
    assert 1 == project.build("--strict").status


def test_other_plugins_see_the_source_early_and_the_output_late(project: Project) -> None:
    """A plugin that reads page.content in on_page_content finds the code; nothing of a Slot is left in the end."""
    project.write(
        "hooks.py",
        "import sys\ndef on_page_content(html, page, config, files):\n"
        "    print('EARLY', 'needle' in html, file=sys.stderr)\n    return html.replace('</h1>', '</h1><!-- seen -->')\n",
    )
    project.configure({}, more="hooks: [hooks.py]\n")
    project.page("# T\n\n```python exec\nprint('needle')\n```\n")
    built = project.build()

    assert "EARLY True" in built.log
    assert "<!-- seen -->" in project.html()
    assert [("stdout", "needle")] == project.streams()
    assert "slot" not in project.html()


def test_dirty_builds_and_plain_urls(project: Project) -> None:
    """`--dirty` leaves unmodified pages alone; `use_directory_urls: false` changes nothing."""
    project.configure({}, more="use_directory_urls: false\n")
    project.page(PRINT.format(1))
    project.page(PRINT.format(2), "b.md")
    assert 0 == project.build().status
    project.page(PRINT.format(3), "b.md")
    built = project.build("--dirty")

    assert 0 == built.status, built.log
    assert [("stdout", "1")] == project.streams("index.html")
    assert [("stdout", "3")] == project.streams("b.html")


def test_blog_excerpts_show_output_too(project: Project) -> None:
    """Material renders excerpts after the batch; their fences are answered from memory and count once."""
    project.configure({}, theme="material", more="  - blog\n")
    project.page("# Home\n")
    project.page("# Blog\n", "blog/index.md")
    project.page(
        "---\ndate: 2026-01-31\n---\n\n# Post\n\n"
        + PRINT.format("'in the excerpt'")
        + "\n<!-- more -->\n\n"
        + PRINT.format(2),
        "blog/posts/a.md",
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts
    assert [("stdout", "in the excerpt")] == project.streams("blog/index.html")
    assert "slot" not in project.html("blog/index.html")


def test_templates_can_be_overridden_by_the_theme(project: Project) -> None:
    """`codeexec/output.html` below `custom_dir` wins over ours."""
    project.write("overrides/codeexec/output.html", "<b>{{ view.streams[0].html }}!</b>")
    project.configure({}, theme="{name: mkdocs, custom_dir: overrides}")
    project.page(PRINT.format("'<x>'"))
    built = project.build()

    assert 0 == built.status, built.log
    assert "<b>&lt;x&gt;!</b>" in project.html()


@pytest.mark.parametrize("fatal", [True, False])
def test_a_sample_that_cannot_be_rendered_is_one_failure(project: Project, *, fatal: bool) -> None:
    """The build goes to its end: that sample has failed, with the reason on the page and in the log, and others are shown."""
    template = (
        "{% if 'boom' in view.streams[0].html %}{{ 1 // 0 }}{% else %}<b>{{ view.streams[0].html }}</b>{% endif %}"
    )
    project.write("overrides/codeexec/output.html", template)
    project.configure({"fail_on_error": fatal}, theme="{name: mkdocs, custom_dir: overrides}")
    project.page("".join(PRINT.format(f"'{word}'") for word in ("one", "boom", "three")))
    built = project.build()
    one, boom, three = project.samples()

    assert (1 if fatal else 0) == built.status, built.log
    assert {"samples": 3, "executed": 3, "met": 2, "error": 1} == built.counts
    assert ("<b>one</b>" in one, "<b>three</b>" in three) == (True, True)
    assert "division or modulo by zero" in boom
    assert 'data-codeexec="error"' in boom
    assert "boom" in boom  # the source
    assert 1 == built.log.count("the output of a sample could not be put on the page")
    assert "Traceback" not in built.log


def test_what_is_shown_can_be_chosen(project: Project) -> None:
    """source, result and show."""
    code = "import sys\nprint('\\33[31mout\\33[0m')\nprint('err', file=sys.stderr)\n"
    project.page(
        "".join(
            f"```python exec {options}\n{code}```\n\n"
            for options in ('source="none"', 'source="below"', 'result="text"', 'result="none"', 'show="stderr"')
        )
    )
    built = project.build("--strict")
    none, below, text, nothing, stderr = project.samples()

    assert 0 == built.status, built.log
    assert {"samples": 5, "executed": 1, "cached": 4, "met": 5} == built.counts
    assert "highlight" not in none
    assert below.index("codeexec-output") < below.index("highlight")
    assert "ansi-red" in below
    assert "ansi-red" not in text
    assert "codeexec-output" not in nothing
    assert "codeexec-stdout" not in stderr
    assert "codeexec-stderr" in stderr


def test_long_output_is_folded(project: Project) -> None:
    """A summary says what and how long; the text is there for those who search."""
    project.page("```python exec\nfor n in range(100): print('line', n)\n```\n")
    project.build()

    assert '<details class="codeexec-fold"><summary>Output: 100 lines</summary>' in project.html()
    assert "line 99" in project.html()


def test_any_language_by_a_command(project: Project) -> None:
    """A command line, or one to build and one to run."""
    project.configure(
        {
            "languages": {
                "c": {"build": ["cc", "{file}", "-o", "{exe}"], "command": ["{exe}"], "extension": "c"},
                "shout": {"command": ["tr", "a-z", "A-Z"], "extension": "txt"},
            }
        }
    )
    project.page(
        '```c exec\n#include <stdio.h>\nint main(void) { puts("from c"); return 0; }\n```\n\n```c exec compile_fail\nx\n```\n'
    )
    built = project.build()
    assert 1 == built.status
    assert "it does not contain `{file}`" in built.log

    project.configure(
        {"languages": {"c": {"build": ["cc", "{file}", "-o", "{exe}"], "command": ["{exe}"], "extension": "c"}}}
    )
    built = project.build()
    assert 0 == built.status, built.log
    assert ("stdout", "from c") == project.streams()[0]
    assert "build" == project.streams()[1][0]
    assert ["met", "met"] == project.verdicts()
