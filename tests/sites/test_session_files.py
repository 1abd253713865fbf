"""What steps of a session leave, and what becomes of a session of which a step cannot be executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def fence(language: str, header: str, code: str) -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


FIRST = fence("python", 'session="s" name="a"', 'open("f", "w").write("1")\nprint("one")')


def page(second: str, header: str = "") -> str:
    step = fence("python", f'session="s" name="b" {header}', second)
    return FIRST + step + fence("bash", 'needs="a"', "cat f")


def test_sessions_that_begin_alike_keep_their_own_files(project: Project) -> None:
    """What is there at the end is made by all steps, whichever of them is needed."""
    project.page(page('open("f", "w").write("2")'))
    project.page(page('open("f", "w").write("9")'), "b.md")
    both = fence("bash", 'needs="b.md#a"', "cat f") + fence("bash", 'needs="index.md#a"', "cat f")
    project.page(both, "c.md")
    for _ in range(2):
        project.build()
        assert [("stdout", "one"), ("stdout", "2")] == project.streams()
        assert [("stdout", "one"), ("stdout", "9")] == project.streams("b/index.html")
        assert [("stdout", "9"), ("stdout", "2")] == project.streams("c/index.html")
    project.page(page('open("f", "w").write("3")'))
    project.build()
    assert [("stdout", "one"), ("stdout", "3")] == project.streams()
    project.page(page("pass"))
    project.build()
    assert [("stdout", "one"), ("stdout", "1")] == project.streams()


def test_what_a_step_shows_is_what_is_there_at_the_end(project: Project) -> None:
    """Pages whose sessions begin alike show their own pictures."""
    first = fence("bash", 'session="s" artifacts="f.txt"', "echo 1 > f.txt")
    for name, second in (("index.md", "2"), ("b.md", "9")):
        project.page(first + fence("bash", 'session="s"', f"echo {second} > f.txt"), name)
    for _ in range(2):
        project.build()
        for name, text in (("index.html", "2"), ("b/index.html", "9")):
            assert f"<code>{text}</code>" in (project.root / "site" / name).read_text("utf-8")


def test_who_needs_a_program_that_was_stopped_is_blocked(project: Project) -> None:
    """Nobody knows what it would have left, whichever step is needed."""
    project.page(page('open("f", "w").write("2")\nimport time\ntime.sleep(60)', 'timeout="1"'))
    for _ in range(2):
        built = project.build()
        assert 1 == built.counts["blocked"]
        assert "cat: f" not in built.log


@pytest.mark.parametrize("header", ["no_run", 'exit="x"', 'needs="unknown"', "network"])
@pytest.mark.parametrize("place", [1, 2])
def test_what_follows_a_step_that_is_not_executed_is_not_either(project: Project, header: str, place: int) -> None:
    """It would run in another session than the page shows."""
    codes = ["x = 1", "x = 2", "print(x)"]
    steps = [
        fence("python", 'session="s" ' + (header if number == place else ""), code)
        for number, code in enumerate(codes, 1)
    ]
    project.page("".join(steps))
    built = project.build()

    assert ([], 4 - place - 1) == (project.streams(), built.counts["blocked"])
    assert 1 == built.counts["error"]
