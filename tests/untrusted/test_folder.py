"""What strangers have made is reached by descriptor: links lead nowhere, pipes do not stop us, nothing is read without a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkdocs_codeexec.untrusted import Folder, UnfitError


def names(folder: Path) -> list[str]:
    """Return what is in `folder`, sorted."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Return a file in another folder, which must stay as it is and unread."""
    file = tmp_path / "elsewhere" / "canary"
    file.parent.mkdir()
    file.write_text("sings")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that the tests are about."""
    path = tmp_path / "ours"
    path.mkdir()
    return path


def test_a_folder_stays_the_one_that_was_opened(folder: Path, canary: Path) -> None:
    """A link that takes its place leads nowhere."""
    with Folder.at(folder) as opened:
        folder.rename(folder.with_name("moved"))
        folder.symlink_to(canary.parent)
        opened.create("new", b"1")

        assert opened.names() == ["new"]
        assert not opened.is_still(folder)
        assert opened.is_still(folder.with_name("moved"))
    assert names(canary.parent) == ["canary"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0"])
def test_a_name_is_that_of_an_entry(folder: Path, name: str) -> None:
    """Nothing that climbs or descends is taken for a name, whatever is done with it."""
    ways = (
        lambda opened: opened.read(name, 10),
        lambda opened: opened.folder(name),
        lambda opened: opened.folder(name, make=True),
        lambda opened: opened.permit(name, 0o700),
        lambda opened: opened.about(name),
        lambda opened: opened.create(name, b""),
        lambda opened: opened.unlink(name),
    )
    for way in ways:
        with Folder.at(folder) as opened, pytest.raises(UnfitError, match="no name"):
            way(opened)


def test_links_are_not_followed(folder: Path, canary: Path) -> None:
    """Neither to files nor to folders; making, renaming and touching concern the link itself."""
    (folder / "file").symlink_to(canary)
    (folder / "folder").symlink_to(canary.parent)
    before = canary.stat()
    with Folder.at(folder) as opened:
        with pytest.raises(UnfitError, match="link"):
            opened.read("file", 10)
        for make in (False, True):
            with pytest.raises(NotADirectoryError, match="link"):
                opened.folder("folder", make=make)
        with pytest.raises(NotADirectoryError, match="link"):
            opened.permit("folder", 0o700)
        with pytest.raises(FileExistsError):
            opened.create("file", b"silence")
        opened.touch("file")
        opened.create("new", b"silence")
        opened.rename("new", "file")

        assert opened.read("file", 10) == b"silence"
        assert not opened.has("new")
    after = canary.stat()
    assert (canary.read_text(), after.st_mtime_ns, after.st_mode) == ("sings", before.st_mtime_ns, before.st_mode)


def test_only_regular_files_are_read(folder: Path) -> None:
    """A pipe would wait for ever, a device would never end."""
    os.mkfifo(folder / "pipe")
    (folder / "inner").mkdir()
    with Folder.at(folder) as opened:
        for name in ("pipe", "inner"):
            with pytest.raises(UnfitError, match="not a regular file"):
                opened.read(name, 10)
        with pytest.raises(FileNotFoundError):
            opened.read("nothing", 10)


def test_a_file_is_read_whole_or_not_at_all(folder: Path) -> None:
    """The limit is inclusive."""
    (folder / "file").write_bytes(b"x" * 10)
    (folder / "empty").touch()
    with Folder.at(folder) as opened:
        assert opened.read("file", 10) == b"x" * 10
        assert opened.read("empty", 0) == b""
        with pytest.raises(UnfitError, match="larger than 9 bytes"):
            opened.read("file", 9)


def test_a_file_that_tells_no_size_has_a_limit_too() -> None:
    """The kernel says that files in `/proc` are empty."""
    if not Path("/proc/version").exists():
        pytest.skip("there is no /proc")
    with Folder.at(Path("/proc")) as opened:
        assert opened.read("version", 10_000).startswith(b"Linux")
        with pytest.raises(UnfitError, match="larger"):
            opened.read("version", 10)


def test_what_cannot_be_written_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file would be read by somebody."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Folder.at(folder) as opened:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            opened.create("new", b"1")
        assert opened.names() == []
