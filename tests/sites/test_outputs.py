"""Fences that hold what a sample prints: compared with it, from the page to the log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project
    from support.zensical import Rendered, Site

SUM = '```python exec name="sum"\nprint(1 + 2)\nprint("at 10:20")\n```\n\n'


def holds(text: str, header: str = "output_of", language: str = "text") -> str:
    return f"```{language} {header}\n{text}\n```\n\n"


def test_what_is_written_is_compared(project: Project) -> None:
    """By name or of the sample before, of other pages too, several of one; it stays as the site shows code and is not executed."""
    project.configure({"output_patterns": {"TIME": r"\d\d:\d\d"}})
    project.page(
        SUM
        + holds("3\nat 10:20")
        + holds("3\n...", 'output_of="sum" title="The sum"')
        + holds("3\nat [..]", "output_of", "json")
        + "``` {.text .output_of}\n3\nat [TIME]\n```\n\n"
        + "~~~text,output_of=sum\n3\nat 10:20\n~~~\n"
    )
    project.page(holds("3\n...", 'output_of="index.md#sum"'), "other.md")
    built = project.build()

    assert 0 == built.status, built.log
    assert {"samples": 7, "executed": 1, "met": 7, "compared": 6} == built.counts
    assert "7 samples: 1 executed, 0 cached, 0 failed, 6 compared (" in built.log
    assert ["met"] * 6 == project.verdicts()
    assert [("stdout", "3\nat 10:20")] == project.streams()
    shown = project.samples()[2]
    assert re.search(
        r'<div class="highlight"><span class="filename">The sum</span><pre .*<code>3\n\.\.\.\n</code></pre></div></div>',
        shown,
    )
    cold = project.samples()
    assert {"samples": 7, "cached": 1, "met": 7, "compared": 6} == project.build().counts
    assert cold[:-1] == project.samples()[:-1]  # MkDocs writes the time behind the last one


def test_a_difference_is_told_where_it_is(project: Project) -> None:
    """The fence is Unmet: with the line of the first difference and a diff in the log and under it, and a note there."""
    project.page("# Title\n\n" + SUM + holds("3\nat 11:00\nend"))
    built = project.build()

    assert 1 == built.status
    assert ["met", "unmet"] == project.verdicts()
    html = project.html()
    assert '</code></pre><p class="codeexec-note">it is not what `sum` prints</p></div>' in html
    assert [("diff", "--- written\n+++ printed\n@@ -1,3 +1,2 @@\n 3\n-at 11:00\n-end\n+at 10:20")] == project.streams()[
        1:
    ]
    assert '<span class="ansi-red">-at 11:00</span>' in html
    assert '<span class="ansi-green">+at 10:20</span>' in html
    assert 'aria-label="Difference"' in html
    assert "codeexec: docs/index.md:10: it is not what `sum` prints\n" in built.log
    assert "> 10 | at 11:00\n" in built.log
    assert "| --- docs/index.md\n| +++ printed by sum\n|  3\n| -at 11:00\n| -end\n| +at 10:20\n" in built.log
    assert "hint: `codeexec promote` writes what was printed into the page" in built.log
    assert {"samples": 2, "executed": 1, "met": 1, "unmet": 1, "compared": 1} == built.counts
    row = json.loads((project.root / ".cache/codeexec/last-run.json").read_text())["samples"][1]
    assert (8, "text", None, "unmet", "sum") == tuple(
        row.get(name) for name in ("line", "language", "key", "verdict", "output_of")
    )


def test_more_was_printed_than_is_written(project: Project) -> None:
    """Then the end of the fence is where it differs; in a quotation, too."""
    project.page("> ```bash exec\n> seq 3\n> ```\n>\n> ```text output_of\n> 1\n> ```\n")

    assert "docs/index.md:7: it is not what the sample before it prints\n" in project.build().log


def test_the_streams_that_are_shown_are_compared(project: Project) -> None:
    """stdout; what is shown of others if that is not; without colours, and as the page has it; also if nothing is shown."""
    both = 'import sys; print("out"); print("\\033[31merr\\033[0m", file=sys.stderr)'
    project.page(
        f"```python exec\n{both}\n```\n\n"
        + holds("out")
        + f'```python exec show="stderr"\n{both}\n```\n\n'
        + holds("err")
        + f'```python exec result="none" source="none"\n{both}\n```\n\n'
        + holds("out")
        + "```python exec\nprint('10 %\\r100 %')\n```\n\n"
        + holds("100 %")
        + "```python exec exit=3\nprint('a')\nraise SystemExit(3)\n```\n\n"
        + holds("a")
        + "```python exec\nprint('a\\tb   ')\n\n```\n\n"
        + holds("a\tb")
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert 6 == built.counts["compared"]


def test_of_a_sample_that_must_not_compile_its_messages_are_compared(project: Project) -> None:
    project.page(
        '```rust exec compile_fail E0308 show="build"\nlet x: u8 = "a";\n```\n\n'
        + holds("error[E0308]: mismatched types\n...\n[..]expected `u8`, found `&str`\n...")
    )

    assert 0 == project.build().status


def test_what_cannot_be_compared_is_as_its_sample_is(project: Project) -> None:
    """Not compared twice: blocked by what failed, suspended with what is suspended, skipped with what is ignored."""
    project.page(
        '```bash exec name="fails"\nexit 1\n```\n\n'
        + holds("x")
        + '```bash exec needs="fails"\necho\n```\n\n'
        + holds("x")
        + '```bash exec requires="env:NOPE"\necho\n```\n\n'
        + holds("x")
        + "```bash exec ignore\necho\n```\n\n"
        + holds("x")
        + holds("x", "output_of ignore")
        + "```nope exec\necho\n```\n\n"
        + holds("x")
    )
    built = project.build()

    assert [
        "unmet",
        "blocked",
        "blocked",
        "blocked",
        *["suspended"] * 2,
        *["skipped"] * 3,
        "error",
        "blocked",
    ] == project.verdicts()
    assert 'not compared, because <a href="#codeexec-1">fails</a> did not meet its expectation' in project.html()
    assert 0 == built.counts.get("compared", 0)
    assert (
        "docs/index.md:5: 3 samples were not tried, because `fails` (docs/index.md:1) did not meet its expectation"
        in built.log
    )


def test_mistakes_are_told(project: Project) -> None:
    """With the nearest name, and what to write."""
    project.page(
        holds("x")
        + SUM
        + holds("x", 'output_of="smu"')
        + holds("x", 'output_of="no.md#sum"')
        + holds("x", "exec output_of")
        + holds("x", 'output_of="a b"')
        + '```toml file="a.toml" name="a"\nx = 1\n```\n\n'
        + holds("x", 'output_of="a"')
        + holds("3\n...", 'output_of="sum" timeout="3" show="stdout"')
        + holds("3\n...", 'output_of="sum" linenumbers')
    )
    log = project.build().log

    for told in (
        'docs/index.md:1: there is no sample before it, whose output it holds\nhint: put it behind a sample, or name one: `output_of="name"`',
        "docs/index.md:10: there is no sample `smu`, whose output it holds\nhint: did you mean `sum` (docs/index.md:5)?",
        "docs/index.md:14: there is no page `no.md` with samples, whose output it holds",
        "docs/index.md:18: `exec` and `output_of` contradict each other",
        'docs/index.md:22: `output_of="a b"`: expected the name of a sample',
        "docs/index.md:30: `a` (docs/index.md:26), whose output it holds, is a file, which prints nothing",
        "docs/index.md:34: `timeout` has no meaning beside `output_of`",
        "docs/index.md:34: `show` has no meaning beside `output_of`",
        "docs/index.md:39: `linenumbers` is not an option of a fence",
    ):
        assert told in log, log
    assert ["error", "met", "error", "error", "error", "error", "skipped", "error", "met", "met"] == project.verdicts()


def test_much_output_is_compared_with_what_is_kept_of_it(project: Project) -> None:
    """What was not kept is for `...`; else it is told how much that is."""
    project.page(
        '```python exec result="none"\nfor n in range(150_000): print(n)\n```\n\n'
        + holds("0\n1\n...\n149999")
        + holds("0\n1")
    )
    built = project.build()

    assert ["met", "met", "unmet"] == project.verdicts()
    assert re.search(r"it is not what the sample before it prints, of which \d+ bytes were not kept\n", built.log)
    assert len(built.log) < 20_000


def test_patterns_of_the_site_are_looked_at_when_it_is_set_up(project: Project) -> None:
    """One that is no pattern ends the build, with what is wrong with it."""
    project.configure({"output_patterns": {"TIME": "(", "AT": r"(a)\1", "low": "a", "N": 1}})
    project.page(SUM)
    built = project.build()

    assert 1 == built.status
    for told in (
        "`codeexec.output_patterns.TIME`: `(` is no pattern: ",
        r"`(a)\1` is no pattern: `\1` is not understood",
        "`low` is no name of a pattern",
        "`codeexec.output_patterns.N`: expected text",
    ):
        assert told in built.log, built.log


def test_a_site_that_executes_nothing_shows_them_as_code(project: Project) -> None:
    """As it shows the samples; whatever the site's highlighter thinks of the option."""
    project.configure({"enabled": False})
    project.page(SUM + holds("wrong", 'output_of="sum"'))
    built = project.build()

    assert 0 == built.status, built.log
    assert "wrong\n</code></pre>" in project.html()
    assert "output_of" not in project.html()


def test_it_is_so_in_zensical(site: Site, build: Callable[..., Rendered]) -> None:
    """Page by page, of other pages too, from its cache as anew."""
    site.page(SUM + holds("3\n...") + holds("...\nb", 'output_of="other.md#b"'))
    site.page(
        '```bash exec name="b"\necho b\n```\n' + holds("b") + holds("3\n...", 'output_of="index.md#sum"'), "other.md"
    )
    first = build()
    second = build()

    assert (0, 0) == (first.status, second.status), first.log + second.log
    assert [["met"] * 3, ["met"] * 3] == [site.verdicts("index.html"), site.verdicts("other/index.html")]
    assert "6 samples: 2 executed, 0 cached, 0 failed, 4 compared (" in first.log
    assert "6 samples: 0 executed, 2 cached, 0 failed, 4 compared (" in second.log
    site.page(SUM + holds("4\n..."))
    wrong = build()
    assert 1 == wrong.status
    assert "docs/index.md:7: it is not what `sum` prints" in wrong.log


def test_in_zensical_what_was_printed_is_written(site: Site) -> None:
    """Into the page as its host has read it, front matter and all."""
    page = "---\ntitle: x\n---\n\n```bash exec\necho a\n```\n\n```text output_of\n{}```\n\n- x\n\n    ```text output_of\n{}    ```\n"
    site.page(page.format("b\n", ""))
    done = site.run("mkdocs_codeexec", "promote")
    built = site.build()

    assert 0 == done.status, done.log
    assert "docs/index.md:9: written\ndocs/index.md:15: written\n" in done.log
    assert page.format("a\n", "    a\n") == (site.root / "docs/index.md").read_text()
    assert (0, ["met"] * 3) == (built.status, site.verdicts())


def test_a_long_difference_is_bounded_on_the_page(project: Project) -> None:
    """In lines, and in each of them; it says how much more there is, and what is text stays text."""
    project.page(
        "```python exec\nprint('<b>' * 10_000)\nfor n in range(5_000): print('line', n)\n```\n\n"
        + holds("other\n\x1b[31mred")
    )
    built = project.build()
    html = project.html()
    ((_, diff),) = project.streams()[1:]

    assert 1 == built.status
    assert "@@ 4,806 more lines are not shown here @@" == diff.split("\n")[-1]
    assert 201 == len(diff.split("\n"))
    assert 501 == max(map(len, diff.split("\n")))
    assert "&lt;b&gt;" in html
    assert len(html) < 400_000
