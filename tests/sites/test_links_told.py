"""What is said of fences that need each other and cannot have it, from the fence to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def fence(code: str, header: str, language: str = "bash") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


def file(name: str, header: str = "", language: str = "text") -> str:
    return f'```{language} file="{name}" {header}\nx\n```\n\n'


@pytest.mark.parametrize(
    "brought",
    [
        file("a", 'name="one"') + file("a/b", 'name="two"'),
        fence("echo > a", 'name="one"') + fence("mkdir a; echo > a/b", 'name="two"'),
        file("a", 'name="one"') + fence("mkdir a; echo > a/b", 'name="two"'),
    ],
)
def test_a_file_and_a_folder_of_one_name(project: Project, brought: str) -> None:
    """Both needs are told, with their places."""
    project.page(brought + fence("ls", 'needs="two one"'))
    log = project.build().log

    assert (
        "docs/index.md:9: of its needs, `one` (docs/index.md:1) brings a file `a`, "
        "and `two` (docs/index.md:5) a folder of that name, for `a/b`\n"
    ) in log
    assert "hint: have one of them bring it under another name" in log


def test_two_standard_inputs(project: Project) -> None:
    """None of them is dropped in silence."""
    project.page(fence("echo a", 'name="a"') + fence("cat", 'stdin="q" stdin_from="a"'))
    log = project.build().log

    assert "docs/index.md:5: `stdin` and `stdin_from` contradict each other\n" in log
    assert ["met", "error"] == project.verdicts()


@pytest.mark.parametrize("language", ["text", "python"])
def test_a_file_that_is_needed_by_its_path(project: Project, language: str) -> None:
    """Samples are needed by their names."""
    project.page(
        file("helper.py", "", language) + fence("echo", 'needs="helper.py"') + fence("echo", 'needs="src/lib.rs"')
    )
    log = project.build().log

    assert (
        "hint: `helper.py` is the file of the fence at docs/index.md:1: give that fence a `name`, and need that" in log
    )
    assert 'hint: give the fence with `file="src/lib.rs"` a `name`, and write that' in log


@pytest.mark.parametrize("language", ["text", "python"])
def test_a_file_that_cannot_be(project: Project, language: str) -> None:
    """Who needs it says what is wrong there, and nobody says that it should not be ignored."""
    project.page(file("../x", 'name="one"', language) + fence("ls", 'needs="one"'))
    log = project.build().log

    assert '`one` (docs/index.md:1), which it needs, is no file: `file="../x"`: expected the name of a file' in log
    assert "take `ignore` away" not in log


@pytest.mark.parametrize(
    ("said", "meant"), [("tools:docker", "tool:docker"), ("API_KEY", "env:API_KEY"), ("Env:X", "env:X")]
)
def test_what_is_required_may_be_misspelt(project: Project, said: str, meant: str) -> None:
    project.page(fence("ls", f'requires="{said}"'))

    assert f"did you mean `{meant}`? kinds are" in project.build().log
