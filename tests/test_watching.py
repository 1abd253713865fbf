"""Which files are watched, which are read, and what counts as a change."""

from __future__ import annotations

import os
from pathlib import Path

from mkdocs_codeexec.watching.observer import silent
from mkdocs_codeexec.watching.places import Places, spots
from mkdocs_codeexec.watching.reading import noted
from mkdocs_codeexec.watching.signs import Known, sign


def write(path: Path, text: str = "") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_a_folder_is_watched_as_a_whole_unless_there_is_something_in_it_that_is_not(tmp_path: Path) -> None:
    """Then each folder is, but for those; links lead where they lead, and to each other no further."""
    docs = tmp_path / "docs"
    for name in ("a/b", "c/target/debug", "c/d", "e/node_modules/f", "e/apart"):
        (docs / name).mkdir(parents=True)
    write(docs / "c/target/CACHEDIR.TAG")
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (docs / "a/b/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/deep/back").symlink_to(docs)
    places = Places([str(docs / "e/apart")])
    found = {os.path.relpath(name, tmp_path): whole for name, whole in places.covering(str(docs)).items()}

    assert {
        **dict.fromkeys(("docs", "docs/a", "docs/a/b", "docs/c", "docs/e", "elsewhere", "elsewhere/deep"), False),
        "docs/c/d": True,
    } == found
    assert {str(tmp_path / "docs/c/d"): True} == places.covering(str(docs / "c/d"))


def test_what_passes_away_is_left_out(tmp_path: Path) -> None:
    """Files that editors leave for a moment, and what is in folders that are not watched."""
    places = Places([str(tmp_path / "site")])
    passing = [
        "4913",
        "a.md~",
        ".a.md.swp",
        ".#a.md",
        "#a.md#",
        "a.tmp",
        "site/a.md",
        ".git/index",
        "x/__pycache__/a.pyc",
    ]

    assert [] == [name for name in passing if not places.left_out(str(tmp_path / name), str(tmp_path))]
    assert not [
        name for name in ("a.md", "x/a.md", "target/a.md") if places.left_out(str(tmp_path / name), str(tmp_path))
    ]


def test_what_is_not_there_is_awaited(tmp_path: Path) -> None:
    """In the nearest folder that is, by all names on the way."""
    file = tmp_path / "a/b/c.txt"
    found = spots([str(file)], [], Places(()))

    assert {str(tmp_path): False} == found.folders
    assert {str(tmp_path / "a"), str(tmp_path / "a/b")} == found.awaited
    assert str(file) in found.files


def test_a_change_is_what_changes_contents(tmp_path: Path) -> None:
    """Not that a file was touched, or written as it was; but that it goes, and comes."""
    path, known = write(tmp_path / "a", "one"), Known()
    assert [] == known.note({path: sign(path)})
    known.read(lambda: True)
    os.utime(path)
    assert set() == known.changed([path])
    write(Path(path), "one")
    assert set() == known.changed([path])
    write(Path(path), "two")
    assert [path] == known.otherwise()
    assert {path} == known.changed([path])
    assert set() == known.changed([path])
    Path(path).unlink()
    assert {path} == known.changed([path])
    write(Path(path), "two")
    assert {path} == known.changed([path])


def test_what_was_written_after_it_was_read_is_known(tmp_path: Path) -> None:
    """Files that are opened to be read are noted as they are then; those that are written, and folders, are not."""
    path, other = write(tmp_path / "a", "one"), tmp_path / "b"
    with noted(lambda name: name.startswith((str(tmp_path), str(Path.cwd())))) as read:
        Path(path).read_text()
        write(other, "x")
        folder = os.open(tmp_path, os.O_RDONLY)
        os.close(os.open("b", os.O_RDONLY, dir_fd=folder))
        os.close(folder)
    Path(path).read_text()
    with noted(lambda name: name.startswith(str(tmp_path))) as nothing:
        pass
    write(Path(path), "longer")

    assert ({path}, {}) == (set(read), nothing)
    assert [path] == Known().note(read)


def test_file_systems_of_which_the_system_does_not_tell(tmp_path: Path) -> None:
    """The mount that is nearest counts."""
    table = tmp_path / "mountinfo"
    rows = (
        "1 0 0:1 / / rw - ext4 /dev/a rw",
        "2 1 0:2 / /mnt/a\\040b rw shared:1 - nfs4 host:/ rw",
        "3 1 0:3 / /mnt/c rw - fuse.sshfs x rw",
    )
    table.write_text("\n".join(rows))

    assert "" == silent("/home/x", table)
    assert "a file system of the kind `nfs4`" == silent("/mnt/a b/docs", table)
    assert "a file system of the kind `fuse.sshfs`" == silent("/mnt/c", table)
    assert "" == silent("/mnt/cd", table)
    assert "" == silent("/mnt", tmp_path / "nothing")
