"""Where a site and its folders are: names that some program on the way cannot take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project

PAGE = "```bash exec\necho b\n```\n\n```python exec\nprint('p')\n```\n\n```rust exec\nprintln!(\"r\");\n```\n"
LOCAL = {"languages": {"rust": {"dependencies": {"mylib": {"path": "mylib"}}}}}
CARGO = '[package]\nname = "mylib"\nversion = "0.1.0"\nedition = "2021"\n'


def with_crate(project: Project) -> Project:
    project.configure(LOCAL)
    project.write("mylib/Cargo.toml", CARGO)
    project.write("mylib/src/lib.rs", "")
    project.page(PAGE)
    return project


def test_a_path_that_is_not_utf_8(tmp_path: Path, project_in: Callable[[Path], Project]) -> None:
    """A site can be in such a folder; only what cargo must be told of it cannot, and that is said, with what to do."""
    project = project_in(tmp_path / os.fsdecode(b"caf\xe9"))
    project.page(PAGE)

    built = project.build()

    assert 0 == built.status, built.log
    assert [("stdout", "b"), ("stdout", "p"), ("stdout", "r")] == project.streams()
    assert {"samples": 3, "cached": 3, "met": 3} == project.build().counts

    built = with_crate(project).build()
    assert 1 == built.status
    assert {"samples": 3, "cached": 2, "met": 2, "error": 1} == built.counts, built.log
    assert "is not UTF-8, which a `Cargo.toml` must be\nhint: rename the folder" in built.log
    assert "Traceback" not in built.log


def test_an_environment_dir_with_a_colon(project: Project) -> None:
    """Cargo builds in no path that holds `:`: that is said before it is asked, with what to do; others do not care."""
    project.env["CODEEXEC_ENVIRONMENT_DIR"] = str(project.root / "a:b")

    built = with_crate(project).build()

    assert {"samples": 3, "executed": 2, "met": 2, "error": 1} == built.counts, built.log
    assert f"`environment_dir` is `{project.root}/a:b`: cargo does not build in a path that holds `:`" in built.log
    assert "hint: name another folder by `environment_dir` in mkdocs.yml or by `CODEEXEC_ENVIRONMENT_DIR`" in built.log
    assert "Locking" not in built.log
