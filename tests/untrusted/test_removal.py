"""Whatever a sample or a build script leaves can be removed, and nothing else is."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from mkdocs_codeexec.untrusted import Folder, clear, remove, remove_path

DEEP = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(int(sys.argv[2])):
    os.mkdir("deeper" * 3)
    open("f", "w").close()
    os.chdir("deeper" * 3)
"""


def deep(folder: Path, levels: int) -> None:
    """Make folders within each other, deeper than a path may be long."""
    subprocess.run([sys.executable, "-c", DEEP, folder, str(levels)], check=True)


def names(folder: Path) -> list[str]:
    """Return what is in `folder`, sorted."""
    return sorted(path.name for path in folder.iterdir())


def highest_descriptor() -> int:
    """Return the highest number of a descriptor that is open: other tests of this process may have left some."""
    return max(int(path.name) for path in Path("/proc/self/fd").iterdir())


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a folder that holds `left`."""
    (tmp_path / "top" / "left").mkdir(parents=True)
    return tmp_path / "top"


def removed(top: Path) -> bool:
    with Folder.at(top) as folder:
        return remove(folder, "left")


@pytest.mark.parametrize("levels", [3, 1100])
def test_depth_does_not_matter(top: Path, levels: int) -> None:
    """No recursion, no path that is too long, and few descriptors."""
    deep(top / "left", levels)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest_descriptor() + 32, soft), hard))
    try:
        assert removed(top)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert names(top) == []


def test_width_does_not_matter(top: Path) -> None:
    """More entries than are listed at once, folders among them."""
    for index in range(1500):
        (top / "left" / f"f{index}").touch()
    for index in range(1100):
        (top / "left" / f"d{index}").mkdir()
        (top / "left" / f"d{index}" / "inner").touch()

    assert removed(top)
    assert names(top) == []


def test_links_are_removed_and_not_followed(top: Path, tmp_path: Path) -> None:
    """At the top, within, and to a folder or a file; a hard link takes nothing from the other name."""
    canary = tmp_path / "elsewhere" / "canary"
    canary.parent.mkdir()
    canary.write_text("sings")
    (top / "left" / "folder").symlink_to(canary.parent)
    (top / "left" / "file").symlink_to(canary)
    os.link(canary, top / "left" / "hard")
    (top / "other").symlink_to(canary.parent)

    with Folder.at(top) as folder:
        assert remove(folder, "left")
        assert remove(folder, "other")
    assert (names(top), canary.read_text()) == ([], "sings")


def test_a_closed_folder_is_opened(top: Path) -> None:
    """Its owner can give himself the rights that he took from himself."""
    inner = top / "left" / "closed"
    inner.mkdir()
    (inner / "file").touch()
    (inner / "further").mkdir()
    (inner / "further" / "file").touch()
    for folder in (inner / "further", inner, top / "left"):
        folder.chmod(0)

    assert removed(top)
    assert names(top) == []


def test_what_resists_is_left_and_told(top: Path) -> None:
    """The rest goes all the same."""
    (top / "left" / "a").touch()
    (top / "left" / "stays").mkdir()
    (top / "left" / "z").touch()
    stuck = ["mount", "-t", "tmpfs", "none", str(top / "left" / "stays")]
    if os.geteuid() or subprocess.run(stuck, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        assert not removed(top)
        assert names(top / "left") == ["stays"]
    finally:
        subprocess.run(["umount", top / "left" / "stays"], check=True)
    assert removed(top)


def test_what_is_not_there_is_gone(top: Path) -> None:
    """Another build may have been faster."""
    with Folder.at(top) as folder:
        assert remove(folder, "nothing")
        assert not remove(folder, "..")
    assert remove_path(top / "nothing" / "at" / "all")
    assert remove_path(top)
    assert not top.exists()


def test_a_folder_is_cleared(top: Path) -> None:
    """It stays itself, and so does what is named."""
    (top / "file").touch()
    (top / "kept").mkdir()
    with Folder.at(top) as folder:
        assert clear(folder, but=("kept",))
    assert names(top) == ["kept"]
