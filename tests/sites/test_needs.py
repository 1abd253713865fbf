"""Samples that build on each other, from the fence to the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project


def fence(code: str, header: str, language: str = "bash") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


def test_what_one_prints_another_reads(project: Project) -> None:
    """`stdin_from`, in any order and in any language; warm as cold."""
    project.page(
        fence("tr a-z A-Z", 'name="c" stdin_from="b"')
        + fence("import sys; print(sys.stdin.read().strip() + '!')", 'name="b" stdin_from="a"', "python")
        + fence("echo hello", 'name="a"')
    )
    project.build()
    cold = project.streams()

    assert [("stdout", "HELLO!"), ("stdout", "hello!"), ("stdout", "hello")] == cold
    assert 3 == project.build().counts["cached"]
    assert cold == project.streams()


def test_an_edit_runs_what_depends_on_it_until_it_makes_no_difference(project: Project) -> None:
    """What is printed goes on, and not who printed it."""

    def page(first: str) -> str:
        return (
            fence(first, 'name="a"')
            + fence("wc -c", 'name="b" stdin_from="a"')
            + fence("cat", 'name="c" stdin_from="b"')
            + fence("echo alone", 'name="d"')
        )

    executed = []
    for first in ("echo hello", "echo  hello", "echo jello", "echo more"):
        project.page(page(first))
        executed.append(project.build().counts["executed"])

    assert [4, 1, 2, 3] == executed
    assert "5" in project.samples()[2]


def test_what_needs_a_failure_is_blocked_and_all_else_goes_on(project: Project) -> None:
    project.page(
        fence("exit 1", 'name="a"')
        + fence("echo b", 'name="b" needs="a"')
        + fence("echo c", 'needs="b"')
        + fence("echo d", "")
        + fence("exit 3", 'name="e" exit="3"')
        + fence("echo f", 'needs="e"')
    )
    counts = project.build().counts

    assert ["unmet", "blocked", "blocked", "met", "met", "met"] == project.verdicts()
    assert (1, 2, 3) == (counts["unmet"], counts["blocked"], counts["met"])


def test_mistakes_are_told_with_places(project: Project) -> None:
    project.page(
        fence("echo a", 'name="a" needs="b"')
        + fence("echo b", 'name="b" needs="a"')
        + fence("echo c", 'name="cat" needs="dog"')
        + fence("echo d", 'name="dogs"')
        + fence("echo e", 'needs="other.md#x"')
    )
    log = project.build().log

    assert "docs/index.md:1 → docs/index.md:5 → docs/index.md:1" in log
    assert "there is no sample `dog`, which it needs" in log
    assert "did you mean `dogs` (docs/index.md:13)?" in log
    assert "there is no page `other.md` with samples, which it needs" in log


def test_a_fence_can_be_a_file_of_others(project: Project) -> None:
    """It is shown, and executed if it says so; another one reads it."""
    project.page(
        '```python file="greet.py" name="g"\ndef hello(): return "hi"\n```\n\n'
        + fence("import greet; print(greet.hello())", 'needs="g"', "python")
        + '```text file="data/a.txt" name="t"\n1 2 3\n```\n\n'
        + fence("cat data/a.txt", 'needs="t g"')
    )
    project.build()

    assert [("stdout", "hi"), ("stdout", "1 2 3")] == project.streams()
    assert ["skipped", "met", "skipped", "met"] == project.verdicts()


def test_pages_need_each_other(project: Project) -> None:
    project.page(fence("cat", 'stdin_from="guide/b.md#x"'))
    project.page(fence("echo there", 'name="x"'), name="guide/b.md")
    project.build()

    assert "there" in project.samples()[0]


def test_a_step_that_does_not_repeat_is_told(project: Project) -> None:
    """A page shows one run of a session: nothing of an older one stays beside it."""
    steps = ["import time; now = time.time_ns(); print(now)", "print(now + 1)", "print(now + 2)"]
    for last in (steps[2], "print(now + 3)"):
        project.page("".join(fence(step, 'session="s"', "python") for step in (*steps[:2], last)))
        built = project.build()

    first, second, third = (int(text) for _, text in project.streams())
    assert (1, 3) == (second - first, third - first)
    assert "docs/index.md:1: this step does not repeat" in built.log
    assert "docs/index.md:5: this step does not repeat" in built.log
    assert "docs/index.md:9: this step" not in built.log


def test_what_a_session_did_not_reach_is_blocked(project: Project) -> None:
    """A step may end the program, as its author says, and be met; nothing follows it."""
    steps = ["print('one')", "import os; print('two', flush=True); os._exit(0)", "print('three')", "print('four')"]
    project.page("".join(fence(step, 'session="s"', "python") for step in steps))

    for _ in range(2):
        project.build()
        assert ["met", "met", "blocked", "blocked"] == project.verdicts()
        assert [("stdout", "one"), ("stdout", "two")] == project.streams()


def test_what_one_leaves_another_finds(project: Project) -> None:
    """Cold as warm; what was passed on is passed on again, and what is given cannot be changed for others."""
    project.page(
        fence("mkdir out && echo 1,2 > out/data.csv && echo note > note.txt", 'name="a"')
        + fence(
            "print(open('out/data.csv').read()); open('more.txt', 'w').write('more')", 'name="b" needs="a"', "python"
        )
        + fence("cat out/data.csv note.txt more.txt", 'name="c" needs="b"')
        + fence("rm -f note.txt; ls -d o*", 'needs="a"')
        + fence("cat note.txt; rm -f note.txt; echo other > note.txt", 'name="e" needs="a"')
        + fence("echo unseen", 'needs="a e"')
    )
    for _ in range(2):
        built = project.build()
        assert ["1,2", "1,2\nnote\nmore", "out", "note"] == [text.strip() for _, text in project.streams()][:4]
        assert ["met"] * 5 + ["error"] == project.verdicts()
        assert (
            "two of its needs have left the file `note.txt`: `a` (docs/index.md:1) and `e` (docs/index.md:17)"
            in built.log
        )


def test_a_session_leaves_what_its_last_step_leaves(project: Project) -> None:
    project.page(
        fence("one = open('a.txt', 'w')", 'session="s"', "python")
        + fence("one.write('hello'); one.close()", 'session="s" name="s"', "python")
        + fence("cat a.txt", 'needs="s"')
    )
    project.build()

    assert [("stdout", "hello")] == project.streams()


def test_a_file_that_the_page_has_is_told(project: Project) -> None:
    """With its place, and what to write at both fences."""
    project.page(
        '```python file="helper.py"\nx = 1\n```\n\n```text file="data/a.csv" name="table"\na,b\n```\n\n'
        + fence("import helper", "", "python")
        + fence('open("data/a.csv")', "", "python")
        + fence("cat data/a.csv", "")
        + fence("import helper", 'file="b.py"', "python")
        + fence("import late", 'file="c.py"', "python")
        + fence("x = 2", 'file="late.py"', "python")
    )
    log = project.build().log

    assert (
        "hint: the page has `helper.py` (docs/index.md:1), and a sample gets it by `needs`: "
        'write `name="helper"` on the fence at docs/index.md:1, and `needs="helper"` here'
    ) in log
    assert 2 == log.count(
        'the page has `data/a.csv` (docs/index.md:5), and a sample gets it by `needs`: write `needs="table"` here'
    )
    assert "`late.py` (docs/index.md:29) stands behind it, and a `file` fence sees those above it" in log


def test_a_file_shows_its_name(project: Project) -> None:
    """Unless it has a title of its own, or an empty one."""
    project.page(
        '```python file="src/helper.py"\nx = 1\n```\n\n```python file="b.py" title="Another"\nx = 1\n```\n\n'
        + fence("echo", 'file="run.sh"')
    )
    project.build()

    assert ["src/helper.py", "Another", "run.sh"] == re.findall(r'<span class="filename">(.*?)</span>', project.html())
