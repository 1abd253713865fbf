"""Sessions, from the fences to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def fence(code: str, header: str = "", language: str = "python") -> str:
    return f'```{language} exec session="s" {header}\n{code}\n```\n\n'


def test_fences_of_a_page_build_on_each_other(project: Project) -> None:
    """Each shows what it has printed, in whatever language; what a page has is not another page's."""
    page = (
        fence("x = 20")
        + fence("y=3; cd /", language="bash")
        + fence("print(x + 1)")
        + fence("echo $y; pwd", language="bash")
        + fence("print(x + 2)", 'session="other" exit="1"').replace('session="s" ', "")
    )
    project.page(page)
    project.page(fence("x = 5") + fence("print(x)"), "other.md")
    counts = project.build().counts

    assert {"samples": 7, "met": 7, "executed": 7} == {name: counts[name] for name in ("samples", "met", "executed")}
    assert [("stdout", "21"), ("stdout", "3\n/")] == project.streams()[:2]
    assert [("stdout", "5")] == project.streams("other/index.html")
    assert 7 == project.build().counts["cached"]


def test_an_edit_of_a_step_keeps_those_before_it(project: Project) -> None:
    """They run again, for the state, and are what they were; only what is new is stored anew."""
    project.page(fence("x = 1; print('first')") + fence("print(x + 1)"))
    project.build()
    project.page(fence("x = 1; print('first')") + fence("print(x + 2)"))
    built = project.build()

    assert [("stdout", "first"), ("stdout", "3")] == project.streams()
    assert 0 == built.status


@pytest.mark.parametrize(
    ("language", "bad", "last"),
    [("python", "1 / 0", "print(1)"), ("bash", "exit 2", "echo 1"), ("sh", "false", "echo 1")],
)
def test_what_follows_a_step_that_failed_is_blocked(project: Project, language: str, bad: str, last: str) -> None:
    """It is told at the step, with its own line; expected, it is no failure."""
    project.page(fence("", "", language) + fence(bad, "", language) + fence(last, "", language))
    built = project.build()

    assert ["met", "unmet", "blocked"] == project.verdicts()
    assert 1 == built.status
    assert "docs/index.md:5: exit status" in built.log


@pytest.mark.parametrize(("language", "end"), [("bash", "exit"), ("python", "import os; os._exit(0)")])
def test_what_follows_a_step_that_ended_the_program_well_is_blocked(project: Project, language: str, end: str) -> None:
    """It was not reached, whether the outcomes are new or stored."""
    project.page(fence("", "", language) + fence(end, "", language) + fence("", "", language) + fence("", "", language))

    for _ in range(2):
        built = project.build()
        assert ["met", "met", "blocked", "blocked"] == project.verdicts()
        assert "ended the program of its session" in built.log
        assert "docs/index.md:5" in built.log


def test_a_traceback_names_the_line_of_the_page(project: Project) -> None:
    """In the log; the page has the line of the fence, which is marked, and calls other steps by their number."""
    project.page(fence("def f():\n    1 / 0") + fence("pass\nf()"))
    log = project.build().log

    assert 'docs/index.md", line 8, in <module>' in log
    assert 'File "step-1.py", line 2, in f' in log
    assert "sample.py" not in log
    assert 'File "sample.py", line 2, in <module>' in project.streams()[-1][1]


def test_a_time_out_leaves_the_steps_before(project: Project) -> None:
    """They are stored."""
    page = (
        fence("print(1)")
        + fence("print(2, flush=True)\nimport time; time.sleep(60)", 'timeout="1"')
        + fence("print(3)")
    )
    project.page(page)
    built = project.build()

    assert ["met", "unmet", "blocked"] == project.verdicts()
    assert [("stdout", "1"), ("stdout", "2")] == project.streams()
    assert "run timed out after 1 s" in built.log


def test_a_module_that_a_step_has_imported_runs_it_again(project: Project) -> None:
    """What a session has read counts as of a sample alone."""
    project.configure(
        {"languages": {"python": {"env": {"PYTHONPATH": str(project.root / "lib")}, "readable": ["lib"]}}}
    )
    module = project.write("lib/mod.py", "x = 1")
    project.page(fence("import mod") + fence("print(mod.x)"))
    project.build()
    assert 2 == project.build().counts["cached"]

    module.write_text("x = 22")
    project.build()

    assert [("stdout", "22")] == project.streams()


def test_a_language_says_how_its_sessions_are_split(project: Project) -> None:
    """Or it has none, and the fence is refused with what to write."""
    page = fence("our $x = 5;", "", "perl") + fence('print "$x\\n";', "", "perl")
    script: dict[str, object] = {"command": ["perl", "{file}"], "extension": "pl"}
    project.configure({"languages": {"perl": script}})
    project.page(page)
    log = project.build().log

    assert "`perl` has no sessions" in log
    assert "hint: `languages: {perl: {session: …}}`, a statement that prints `{mark}`" in log

    project.configure({"languages": {"perl": {**script, "session": 'print "{mark}\\n";'}}})
    assert 0 == project.build().status
    assert [("stdout", "5")] == project.streams()

    project.configure({"languages": {"perl": {**script, "session": "concat"}}})
    assert (
        "`codeexec.languages.perl.session`: expected a statement that prints `{mark}` on a line of its own"
        in project.build().log
    )


def test_what_follows_an_expected_exception_goes_on(project: Project) -> None:
    """With the state that it left; where another one came, what follows is blocked. Another name is no other program."""
    project.page(fence("x = 1\nint('a')", 'raises="ValueError"') + fence("print(x)"))
    built = project.build()
    assert (0, 2) == (built.status, built.counts["met"])
    assert ("stdout", "1") == project.streams()[-1]

    project.page(fence("x = 1\nint('a')", 'raises="KeyError"') + fence("print(x)"))
    built = project.build()
    assert (1, 1, 1, 1) == (built.status, built.counts["unmet"], built.counts["blocked"], built.counts["cached"])
