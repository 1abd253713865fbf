"""Local crates are compiled from what they hold, whatever dates their files have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Workshop

CODE = 'fn main() { print!("{} {}", tiny::number(), tiny::text()); }'


def lib(number: int) -> str:
    return f'pub fn number() -> u32 {{ {number} }}\npub fn text() -> &\'static str {{ include_str!("../data.txt") }}\n'


def crate(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n')
    (folder / "src/lib.rs").write_text(lib(1))
    (folder / "data.txt").write_text("one")
    return folder


def years_ago(path: Path) -> None:
    os.utime(path, (1_000_000_000, 1_000_000_000))


def moved(path: Path, text: str) -> None:
    """Put another file in the place of `path`, with the date that it had elsewhere."""
    other = path.with_name("other")
    other.write_text(text)
    years_ago(other)
    other.replace(path)


def same_date(path: Path, text: str) -> None:
    """Write to `path`, and give it the date that it had."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def unpacked(path: Path, text: str) -> None:
    """Put the whole folder there anew, all of it with dates of long ago."""
    root = path.parent if path.name == "data.txt" else path.parent.parent
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    (copy / path.relative_to(root)).write_text(text)
    shutil.rmtree(root)
    copy.rename(root)
    for one in [root, *root.rglob("*")]:
        years_ago(one)


@pytest.mark.parametrize("put", [moved, same_date, unpacked], ids=lambda put: str(put.__name__))
def test_what_is_compiled_is_what_is_there(workshop: Workshop, put: Callable[[Path, str], None]) -> None:
    """A source, and a file that it includes, replaced by one that is not newer; back again, too."""
    root = crate(workshop.root / "tiny")
    settings = workshop.rust({"tiny": {"path": "../tiny"}})

    def printed() -> str:
        return workshop.execute(workshop.open_rust(settings), workshop.sample(CODE)).steps[-1].stdout

    assert "1 one" == printed()
    put(root / "src/lib.rs", lib(2))
    assert "2 one" == printed()
    put(root / "data.txt", "two")
    assert "2 two" == printed()
    put(root / "src/lib.rs", lib(1))
    put(root / "data.txt", "one")
    assert "1 one" == printed()


def test_environments_that_share_a_crate_do_not_hand_on_what_is_old(workshop: Workshop) -> None:
    """What one has compiled from other contents is not taken by another, whatever was there in between."""
    root = crate(workshop.root / "tiny")
    one, other = (
        workshop.rust({"tiny": {"path": "../tiny"}}, extra=extra) for extra in ("", "[profile.dev]\ndebug = 0\n")
    )

    def printed(settings: object) -> str:
        return workshop.execute(workshop.open_rust(settings), workshop.sample(CODE)).steps[-1].stdout  # type: ignore[arg-type]

    assert ["1 one", "1 one"] == [printed(one), printed(other)]
    moved(root / "src/lib.rs", lib(2))
    assert "2 one" == printed(other)
    moved(root / "src/lib.rs", lib(3))
    assert "3 one" == printed(one)
    moved(root / "src/lib.rs", lib(1))
    assert ["1 one", "1 one"] == [printed(one), printed(other)]


def test_what_has_not_changed_is_not_compiled_again(workshop: Workshop) -> None:
    """Another crate's edit, and another dependency, leave it alone."""
    crate(workshop.root / "tiny")
    second = crate(workshop.root / "second")
    (second / "Cargo.toml").write_text((second / "Cargo.toml").read_text().replace("tiny", "second"))
    both = {"tiny": {"path": "../tiny"}, "second": {"path": "../second"}}
    workshop.execute(workshop.open_rust(workshop.rust(both)), workshop.sample(CODE))
    workshop.listener.streamed.clear()

    (second / "src/lib.rs").write_text(lib(5))
    workshop.execute(workshop.open_rust(workshop.rust(both)), workshop.sample(CODE + "\n"))

    said = b"".join(workshop.listener.streamed).decode()
    assert "second v1.0.0" in said
    assert "tiny v1.0.0" not in said
