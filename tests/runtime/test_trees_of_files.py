"""The state of a folder as a whole: one text of all names, links and contents, however the folder is walked."""

from __future__ import annotations

import hashlib
import os
import random
from typing import TYPE_CHECKING

import pytest
from support.sizes import TIMES

from mkdocs_codeexec.runtime.observed.digests import DIGITS, Digests
from mkdocs_codeexec.runtime.observed.names import Names
from mkdocs_codeexec.runtime.observed.states import States, is_left_out

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a", "b.py", "c", "__pycache__", ".hidden", "target", "d e", "\udcff")


def states() -> States:
    names = Names([])
    digests = Digests(None, names.relocated)
    return States(names, digests, sites=(), sources=(), search="", reach=lambda _: (), sandboxed=False)


def plant(folder: Path, rng: random.Random, depth: int = 0) -> None:
    """Make files, folders and links, those included that lead up, to each other, and nowhere."""
    for name in rng.sample(NAMES, rng.randint(1, 6)):
        place = folder / name
        kind = rng.choice(["file", "file", "folder", "folder", "link", "pipe"])
        if kind == "folder" and depth < 3:
            place.mkdir()
            plant(place, rng, depth + 1)
        elif kind == "link":
            place.symlink_to(rng.choice([".", "..", "a", "c", "nowhere", name, "/etc/hostname"]))
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.write_bytes(rng.randbytes(rng.randint(0, 9)))
            place.chmod(rng.choice([0o644, 0o755, 0o744, 0o600]))


def walked(looks: States, top: str, *, deep: bool) -> str:
    """Return the state of a folder, looked at entry by entry."""
    total, seen = hashlib.sha256(), set[str]()
    for at, inner, files in os.walk(top, followlinks=True):
        if (real := os.path.realpath(at)) in seen:
            inner.clear()
            continue
        seen.add(real)
        lines = [f"{name}/" for name in inner if name != "__pycache__"]
        links = [name for name in (*inner, *files) if os.path.islink(f"{at}/{name}")]  # noqa: PTH114 - names that are no UTF-8
        lines += [f"{name} {looks.look(f'link:{at}/{name}')}" for name in links]
        lines += [f"{name} {looks.look(f'read:{at}/{name}')}" for name in files]
        inner[:] = sorted(name for name in inner if deep and not is_left_out(name))
        total.update("\n".join([at, *sorted(lines)]).encode("utf-8", "backslashreplace") + b"\0")
    return total.hexdigest()[:DIGITS]


@pytest.mark.parametrize("seed", range(60 * TIMES))
def test_a_tree_is_what_its_entries_are(tmp_path: Path, seed: int) -> None:
    """What each entry is, by itself; a folder that several links lead to counts once."""
    plant(tmp_path, random.Random(seed))
    looks = states()

    assert walked(looks, str(tmp_path), deep=True) == looks.look(f"tree:{tmp_path}")
    assert walked(looks, str(tmp_path), deep=False) == looks.look(f"contents:{tmp_path}")


def test_every_change_is_another_state(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (file := tmp_path / "inner/a.py").write_text("1", "utf-8")
    found = [states().look(f"tree:{tmp_path}")]
    file.write_text("2", "utf-8")
    found.append(states().look(f"tree:{tmp_path}"))
    (tmp_path / "inner/b.py").symlink_to("a.py")
    found.append(states().look(f"tree:{tmp_path}"))
    file.unlink()
    found.append(states().look(f"tree:{tmp_path}"))

    assert 4 == len(set(found))
