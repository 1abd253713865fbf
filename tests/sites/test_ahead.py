"""What pages seem to hold is built while MkDocs renders them, and only run when it is really there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

WAITING = '''
import glob, time
from pathlib import Path

def on_page_content(html, page, config, files):
    """Hold the page up until the samples are built."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if len(glob.glob("{folder}/codeexec-*/*/work/sample")) == {count}:
            Path("{folder}/seen").touch()
            return
        time.sleep(0.01)
'''

FAILING = """
def on_page_content(html, page, config, files):
    raise ValueError("of another plugin")
"""


def test_samples_are_built_while_pages_are_rendered(project: Project) -> None:
    """A build starts before the first page is rendered, and its result is taken over."""
    folder = project.root / "tmp"
    folder.mkdir()
    project.configure(more="hooks: [wait.py]\n")
    project.write("wait.py", WAITING.format(folder=folder, count=4))
    project.page("".join(f'```rust exec\nprintln!("number {n}");\n```\n' for n in range(4)))

    built = project.build(env={"TMPDIR": str(folder)})

    assert 0 == built.status, built.log
    assert (folder / "seen").exists(), "nothing was built while the page was rendered"
    assert {"samples": 4, "executed": 4, "met": 4} == built.counts
    assert [("stdout", f"number {n}") for n in range(4)] == project.streams()
    assert [folder / "seen"] == list(folder.iterdir())


def test_what_is_in_a_comment_is_not_run(project: Project) -> None:
    """A fence that looks like a sample and is none may be compiled, and is never run."""
    mark = project.root / "ran"
    folder = project.root / "tmp"
    folder.mkdir()
    project.configure(more="hooks: [wait.py]\n")
    project.write("wait.py", WAITING.format(folder=folder, count=1))
    project.page(f'Text.\n\n<!--\n\n```rust exec\nstd::fs::write("{mark}", "").unwrap();\n```\n\n-->\n')

    built = project.build(env={"TMPDIR": str(folder)})

    assert 0 == built.status, built.log
    assert not mark.exists()
    assert not list(folder.glob("codeexec-*"))


def test_a_build_that_fails_elsewhere_leaves_nothing(project: Project) -> None:
    """When another plugin ends the build, what was being built is ended, and its folders are removed."""
    folder = project.root / "tmp"
    folder.mkdir()
    project.configure(more="hooks: [fail.py]\n")
    project.write("fail.py", FAILING)
    project.page('```rust exec\nprintln!("never");\n```\n')

    built = project.build(env={"TMPDIR": str(folder)})

    assert 1 == built.status
    assert "of another plugin" in built.log
    assert [] == list(folder.iterdir())


def test_a_warm_build_builds_nothing_ahead(project: Project) -> None:
    """With every outcome in the store no process is started, before pages are rendered or after."""
    project.page('```rust exec\nprintln!("once");\n```\n')
    project.build()
    project.write("bin/rustc", "#!/bin/sh\nexit 1\n").chmod(0o755)

    built = project.build()

    assert {"samples": 1, "cached": 1, "met": 1} == built.counts


def test_a_comment_is_an_edit_that_executes_nothing(project: Project) -> None:
    """After an edit of comments and formatting the outcome of before is shown, unless it could tell lines apart."""
    plain = '```rust exec\n// {}\nfn main() {{ println!("plain"); }}\n```\n'
    lines = '```rust exec\n{}println!("line {{}}", line!());\n```\n'
    project.page(plain.format("one") + lines.format(""))
    project.build()
    project.page(plain.format("another\n\n// two") + lines.format("\n"))

    built = project.build()

    assert {"samples": 2, "executed": 1, "cached": 1, "met": 2} == built.counts
    assert [("stdout", "plain"), ("stdout", "line 2")] == project.streams()


COUNTING = """#!/bin/sh
echo start >>{log}
exec {bwrap} "$@"
"""


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_a_small_build_starts_one_sandbox_for_each_kind_of_sample(project: Project) -> None:
    """Whether it works is tried, and a shell is asked what it is, where the samples run; a warm build starts none."""
    log = project.root / "log"
    project.write("bin/bwrap", COUNTING.format(log=log, bwrap=shutil.which("bwrap"))).chmod(0o755)
    path = {"PATH": f"{project.root}/bin:{os.environ['PATH']}"}
    project.page("```bash exec\necho shell\n```\n\n```python exec\nprint('python')\n```\n")

    cold = project.build(env=path)
    begun = log.read_text().splitlines() if log.exists() else []
    warm = project.build(env=path)

    assert {"samples": 2, "executed": 2, "met": 2} == cold.counts
    assert {"samples": 2, "cached": 2, "met": 2} == warm.counts
    assert [("stdout", "shell"), ("stdout", "python")] == project.streams()
    if cold.run and cold.run["sandbox"] == "bubblewrap":
        assert 2 == len(begun)
    assert begun == (log.read_text().splitlines() if log.exists() else [])
