"""How sources are shown beside their output."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

import pytest
from conftest import text_of

from mkdocs_codeexec.html.uncovered import again, covered

if TYPE_CHECKING:
    from conftest import Project


def page(project: Project) -> str:
    return (project.root / "site/index.html").read_text("utf-8").partition("Build Date UTC")[0]


def tabs(html: str) -> list[tuple[list[bool], list[str], list[str]]]:
    """Return of each set of tabs of ours which are open, what they are called, and what they hold."""
    found = []
    for part in html.split('<div class="codeexec"')[1:]:
        inputs = re.findall(r'<input([^>]*) id="(__tabbed_[^"]*)" name="([^"]*)" type="radio">', part)
        labels = re.findall(r'<label for="([^"]*)">(.*?)</label>', part)
        assert [one[1] for one in inputs] == [label[0] for label in labels]
        blocks = part.split('<div class="tabbed-block">')[1:]
        held = ["output" if block.startswith('<div class="codeexec-output">') else "source" for block in blocks]
        found.append(([" checked" in one[0] for one in inputs], [label[1] for label in labels], held))
    return found


def test_source_and_output_stand_in_tabs(project: Project) -> None:
    """On the side that was asked for, with the names that were; the same bytes from the store, and ids of their own."""
    project.page(
        '=== "The author\'s"\n\n    a\n\n'
        '```python exec source="tabs"\nprint(1)\n```\n\n'
        '```python exec source="tabbed-right" tabs="a \\| <b>|c"\nprint(2)\n```\n\n'
        '```python exec source="tabbed-left"\npass\n```\n'
    )
    project.build()
    cold = page(project)

    assert [
        ([True, False], ["Source", "Result"], ["source", "output"]),
        ([True, False], ["c", "a | &lt;b&gt;"], ["output", "source"]),
        ([], [], []),
    ] == tabs(cold)
    ids = re.findall(r'\bid="([^"]*)"', cold)
    assert len(ids) == len(set(ids))
    project.build()
    assert cold == page(project)


def test_the_tab_with_an_error_is_open(project: Project) -> None:
    """Whichever side it is on."""
    project.page(
        '```python exec source="tabs"\n1 / 0\n```\n\n```python exec source="tabbed-right"\n1 / 0\n```\n'
        '\n```python exec source="tabs" exit="3"\nexit(3)\n```\n'
    )
    project.build()

    assert [[False, True], [True, False], [True, False]] == [found[0] for found in tabs(page(project))]


@pytest.mark.parametrize("names", ["Source", "a|b|c", "|b", ""])
def test_names_of_tabs_that_make_no_sense_are_told(project: Project, names: str) -> None:
    """The sample runs, in tabs with the usual names."""
    project.page(f'```python exec source="tabs" tabs="{names}"\nprint(1)\n```\n')
    built = project.build()

    assert "docs/index.md:1" in built.log
    assert "expected two names with `|` between them" in built.log
    assert ["Source", "Result"] == tabs(page(project))[0][1]


def shown(project: Project) -> list[str]:
    """Return the sources on the page, as readers see them."""
    return sources(HIDDEN.sub("", page(project)))


HIDDEN = re.compile(r'<section class="codeexec-whole" data-search-exclude hidden>(.*?)</section>', re.DOTALL)
"""What a button shows."""


def sources(html: str) -> list[str]:
    return [text_of(found) for found in re.findall(r"<span></span><code>(.*?)</code>", html, re.DOTALL)]


def test_hidden_lines_run_and_are_not_shown(project: Project) -> None:
    """By what they begin with, of the fence or of the language, or by how they end; `hl_lines` counts what is seen."""
    project.configure({"languages": {"python": {"hidelines": "~"}}})
    project.page(
        "```python exec\n~import os\nfor _ in [1]:\n    ~x = 2\n    print(x)\nprint(os.sep)  # seen\ny = 3  # markdown-exec: hide\n```\n\n"
        '```python exec hidelines="!!"\n!!x = ~7\nprint(x)\n~0\n```\n\n'
        '```bash exec\nx="a b"  # markdown-exec: hide\necho "$x"\n```\n\n'
        "```python\n~hidden\nseen  # markdown-exec: hide\n```\n"
    )
    project.build()

    assert [
        "for _ in [1]:\n    print(x)\nprint(os.sep)  # seen\n",
        "print(x)\n~0\n",
        'echo "$x"\n',
        "seen  # markdown-exec: hide\n",
    ] == shown(project)
    assert [("stdout", "2\n/"), ("stdout", "-8"), ("stdout", "a b")] == project.streams()


def test_lines_are_exact_where_some_are_hidden(project: Project) -> None:
    """The log has those of the page, and readers those that they see; in a session, too."""
    project.page(
        '# T\n\n```python exec hidelines="!!"\n!!import os\n!!\n    !!\nx = 1\nx / 0\n```\n\n'
        '```python exec session="a" hidelines="!!"\n!!def f():\n!!    raise KeyError\n```\n\n'
        '```python exec session="a"\na = 1  # markdown-exec: hide\nf()\n```\n'
    )
    built = project.build()

    assert " --> docs/index.md:8\n" in built.log
    assert "> 18 | f()" in built.log
    first, _, last = project.samples()
    assert "line 2, in &lt;module" in first
    assert re.search(r'codeexec-mark-error"[^>]*>(<[^>]*>)*x', first)
    assert "line 1, in &lt;module" in last


def test_what_runs_is_what_counts(project: Project) -> None:
    """Another way to hide the same line executes nothing again."""
    project.page('```python exec hidelines="!!"\n!!x = 1\nprint(x)\n```\n')
    assert 1 == project.build().counts["executed"]
    project.page('```python exec hidelines="~"\n~x = 1\nprint(x)\n```\n')
    assert {"samples": 1, "cached": 1, "met": 1} == project.build().counts


def test_rust_hides_lines_in_its_own_way(project: Project) -> None:
    """It is told, in place of a line that would not compile."""
    project.page('```rust exec hidelines="!!"\nfn main() {}\n```\n')

    assert "`hidelines` has no meaning for `rust`" in project.build().log


ORDER = [("stdout", "a\nb\nc")]
WRITES = {
    "bash": "echo a; echo b >&2; echo c",
    "python": 'import sys\nprint("a")\nprint("b", file=sys.stderr)\nprint("c")',
    "rust": 'println!("a"); eprintln!("b"); println!("c");',
}


@pytest.mark.parametrize("language", WRITES)
def test_streams_are_merged_in_their_order(project: Project, language: str) -> None:
    """On the page, from the store, and in a session, whose steps are still told apart."""
    code = WRITES[language]
    project.page(
        f'```{language} exec show="merged"\n{code}\n```\n\n'
        f'```{language} exec session="s" show="merged"\n{code}\n```\n\n'
        f'```{language} exec session="s"\n{code}\n```\n\n'
        f'```{language} exec session="s" show="merged"\n{code}\n```\n'
    )
    built = project.build()

    assert 4 * ORDER == project.streams(), built.log
    cold = page(project)
    assert {"samples": 4, "cached": 4, "met": 4} == project.build().counts
    assert cold == page(project)


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "off"])
def test_streams_are_merged_in_every_tier(project: Project, tier: str) -> None:
    """It is the supervisor that opens the pipe."""
    project.page(f'```bash exec show="merged"\n{WRITES["bash"]}\n```\n')
    off = {"CODEEXEC_SANDBOX": "off"} if tier == "off" else {"CODEEXEC_SANDBOX_TIERS": tier}
    project.build(env=off)

    assert ORDER == project.streams()


def test_what_is_merged_is_another_sample(project: Project) -> None:
    """It is executed anew, and what it says of an error is understood; colours are kept."""
    code = "import sys\nprint('\\033[31ma\\033[m')\nprint('b', file=sys.stderr)\n1 / 0"
    project.page(f'```python exec exit="1"\n{code}\n```\n')
    assert 1 == project.build().counts["executed"]
    project.page(f'```python exec raises="ZeroDivisionError" show="merged"\n{code}\n```\n')
    assert {"samples": 1, "executed": 1, "met": 1} == project.build().counts
    (sample,) = project.samples()
    assert '<span class="ansi-red">a</span>\nb\nTraceback' in sample
    assert re.search(r'codeexec-mark-error"[^>]*>(<[^>]*>)*1', sample)


def test_what_is_merged_has_no_other_streams(project: Project) -> None:
    """The names contradict each other; a later step of a session cannot merge what its program keeps apart."""
    project.page(
        '```bash exec show="merged stderr"\necho a\n```\n\n'
        '```bash exec session="s"\necho a\n```\n\n```bash exec session="s" show="merged"\necho a\n```\n'
    )
    log = project.build().log

    assert "`merged` is stdout and stderr in one" in log
    assert "step 2 of the session has a `show` that is not the one of its first step" in log


def test_a_button_shows_hidden_lines(project: Project) -> None:
    """As they run, in every language; where none is hidden there is no button, and from the store it is the same page."""
    project.page(
        "```rust exec\n# use std::fs;\n#\nlet a = 1; // ##\n```\n\n"
        '```python exec hidelines="!!"\n!!import os\nfor _ in [1]:\n    !!x = 2\n    print(x)\n```\n\n'
        "```bash exec\nx=1  # markdown-exec: hide\necho $x\n```\n\n"
        "```python exec\nprint(3)\n```\n\n```python\nx  # markdown-exec: hide\n```\n"
    )
    project.build()
    cold = page(project)

    assert [
        "use std::fs;\n\nlet a = 1; // ##\n",
        "import os\nfor _ in [1]:\n    x = 2\n    print(x)\n",
        "x=1  # markdown-exec: hide\necho $x\n",
    ] == sources("".join(HIDDEN.findall(cold)))
    assert 3 == cold.count('aria-label="Show hidden lines" hidden>')
    project.build()
    assert cold == page(project)


def test_nothing_hidden_is_on_the_page_if_the_site_wants_so(project: Project) -> None:
    """`hidden_lines: omit`; another word is a mistake of the configuration."""
    project.configure({"hidden_lines": "omit"})
    project.page('```python exec hidelines="!!"\n!!secret = 1\nprint(secret + 1)\n```\n')
    project.build()

    assert [("stdout", "2")] == project.streams()
    assert "secret = 1" not in text_of(page(project))
    assert "codeexec-eye" not in page(project)
    project.configure({"hidden_lines": "never"})
    built = project.build()
    assert 0 != built.status
    assert "hidden_lines" in built.log


@pytest.mark.parametrize("style", ["table", "inline", "pymdownx-inline"])
def test_lines_keep_their_numbers_when_hidden_ones_are_shown(project: Project, style: str) -> None:
    """Hidden ones have none; `hl_lines` and marks are at the same lines, in whichever way numbers are shown."""
    look = f"{{linenums_style: {style}, anchor_linenums: true, line_spans: __span}}"
    more = f"markdown_extensions:\n  - pymdownx.superfences\n  - pymdownx.highlight: {look}\n"
    project.configure({"fail_on_error": False}, extensions=False, more=more)
    project.page(
        '```python exec hidelines="!!" linenums="10" hl_lines="1 2-3"\n!!\n!!import os\na = 1\n!!b = 2\n\n1 / 0\n```\n'
        "\n```python exec\nx\n```\n"
    )
    project.build()
    html = page(project)
    whole = HIDDEN.findall(html)[0]

    numbers = re.findall(r'<span class="(?:normal">|linenos"(?: data-linenos="|>))(?:<a>)?([ \d]*)', whole)
    assert ["", "10", "", "11", "12"] == [number.strip() for number in numbers]
    assert ["a = 1\n", "\n", "1 / 0\n"] == [
        text_of(re.sub(r'<span class="linenos">.*?</span>', "", line))
        for line in re.findall(r'<span class="hll">(.*?\n)', whole, re.DOTALL)
    ]
    assert re.search(r'codeexec-mark-error"[^>]*>(?:<[^>]*>)*1', whole)
    assert "line 12, in" in html
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert "__codelineno-1-1" in html  # the second block of the page, as without the button


def test_source_and_output_are_one_block(project: Project) -> None:
    """As markdown-exec has it, with `source="console"`: no prompts of ours. Cold and warm are the same bytes."""
    project.page(
        '```python exec source="console"\nprint(1, "<b>")\n```\n\n'
        '```bash exec source="console" result="json"\necho \'{"a": 1}\'\necho b >&2\n```\n\n'
        '```python exec source="console" hidelines="!!" linenums="1"\n!!x = 2\nprint(x)\n```\n\n'
        '```pycon exec source="console"\n>>> 6 * 7\n```\n\n'
        '```python exec source="console"\npass\n```\n\n'
        '```python exec source="console" html\nprint("<i>i</i>")\n```\n'
    )
    project.build()
    cold = page(project)

    assert [
        'print(1, "<b>")\n1 <b>\n',
        'echo \'{"a": 1}\'\necho b >&2\n{"a": 1}\n',
        "print(x)\n2\n",
        "x = 2\nprint(x)\n2\n",
        ">>> 6 * 7\n42\n",
        "pass\n",
        'print("<i>i</i>")\n',
    ] == sources(cold)
    assert [("stderr", "b")] == project.streams()
    assert '<div data-copy="print(1, &quot;&lt;b&gt;&quot;)" class="highlight">' in cold
    assert '<span class="codeexec-printed' not in cold
    assert '<div class="codeexec-display" data-mime="text/html"><i>i</i>' in cold
    project.build()
    assert cold == page(project)


def test_what_fails_stands_below_its_source(project: Project) -> None:
    """With what it has printed, as of all samples."""
    project.page('```python exec source="console"\nprint(1)\n1 / 0\n```\n')
    project.build()

    assert ["print(1)\n1 / 0\n"] == sources(page(project))
    assert ["stdout", "stderr"] == [kind for kind, _ in project.streams()]
    assert 1 == page(project).count("codeexec-mark-error")


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs", "material"])
def test_search_finds_what_is_shown(project: Project, theme: str) -> None:
    """Hidden lines are on the page, behind a button, and in no index; what stands behind them is."""
    project.configure(theme=f"{{name: {theme}}}")
    fence = '```python exec hidelines="!!"\n!!veiled = 1\nseen = 2\nprint("printed")\n```\n\n'
    nested = textwrap.indent(fence, "    ")
    project.page(f"# Start\n\nbefore\n\n{fence}between\n\n- item\n\n{nested}\nafter\n")
    project.build()
    index = json.loads((project.root / "site/search/search_index.json").read_text("utf-8"))
    words = " ".join(entry["text"] for entry in index["docs"])

    assert 2 <= page(project).count("veiled")
    assert "codeexec-covered" not in page(project)
    assert "veiled" not in words
    assert all(word in words for word in ("before", "seen", "printed", "between", "after"))


def test_a_page_is_the_same_with_search_and_without(project: Project) -> None:
    """But for what search itself puts there: what is covered for a while comes back."""
    project.page('```python exec hidelines="!!"\n!!veiled = 1\nprint(veiled)\n```\n')
    samples = []
    for plugin in ("  - search\n", ""):
        text = (project.root / "mkdocs.yml").read_text()
        assert "  - search\n" in text
        (project.root / "mkdocs.yml").write_text(text.replace("  - search\n", plugin))
        assert 0 == project.build().status
        samples.append(page(project).partition('<div class="codeexec"')[2].partition('id="codeexec_1_stdout"')[0])
    assert samples[0] == samples[1] != ""


def test_a_section_within_hidden_lines_is_theirs() -> None:
    """Whatever an annotation of the site holds."""
    whole = '<section class="codeexec-whole" data-search-exclude hidden>a<section>b</section>c</section>'
    html = f"x{whole}y{whole.replace('a', 'd')}<section>z</section>"
    seen, kept = covered(html)

    assert not set("abcd") & set(re.sub("<[^>]*>", "", seen))
    assert "xyz" == re.sub("<[^>]*>", "", seen)
    assert html == again(seen, kept)
    assert ("plain", []) == covered("plain")
