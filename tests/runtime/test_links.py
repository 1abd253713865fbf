"""Where paths lead, looked up once for many of them; and which folders they are in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkdocs_codeexec.runtime.observed.links import Links
from mkdocs_codeexec.runtime.observed.since import Since, Unstable
from mkdocs_codeexec.runtime.sandbox.places import Folders, within


@pytest.mark.parametrize(
    "path",
    [
        "a/file",
        "a/gone/file",
        "link/file",
        "link",
        "a/../link/file",
        "link/../b",
        "a/to-file",
        "a//file",
        "a/",
        "loop/x",
    ],
)
def test_a_path_leads_where_the_kernel_says(tmp_path: Path, path: str) -> None:
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    (tmp_path / "link").symlink_to("b/c")
    (tmp_path / "a/to-file").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    links = Links()

    for _ in range(2):  # the second answer is remembered
        assert os.path.realpath(f"{tmp_path}/{path}") == links.real(f"{tmp_path}/{path}")


def test_a_link_that_takes_the_place_of_a_folder_meanwhile_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("")
    (tmp_path / "b").mkdir()
    since = Since(max(place.lstat().st_ctime_ns for place in (tmp_path, tmp_path / "b")) + 1)
    since.links.real(f"{tmp_path}/a/file")
    since.links_unchanged()

    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "a").symlink_to("b")
    os.utime(tmp_path / "a", follow_symlinks=False)  # a tick of the clock may not have passed
    while (tmp_path / "a").lstat().st_ctime_ns <= since.when:
        os.utime(tmp_path / "a", follow_symlinks=False)

    with pytest.raises(Unstable):
        since.links_unchanged()


def test_a_path_is_in_a_folder_as_it_is_within_one() -> None:
    """The one is the other, for many folders at once."""
    folders = ("/", "/usr", "/usr/lib/", "/etc/ld.so.cache", "/tmp/a")
    paths = ("/", "/usr", "/usr/lib", "/usrx", "/etc/ld.so.cache", "/etc/ld.so.cache2", "/tmp/a/b", "/tmp/ab", "")

    for chosen in (folders[:1], folders[1:], folders, ()):
        for path in paths:
            assert any(within(path, folder) for folder in chosen) == (path in Folders(chosen))
