"""A store whose lists of observed inputs share what they have in common answers as one in which each list stands alone.

Real files, of two packages and a project, are changed at random, and looked up and stored anew after each change, in both
stores. In the one that shares, files of it are damaged at random, too: then a sample may be a miss there, and is shown nothing
else than what is right.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from support.sizes import TIMES

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.entries import place
from mkdocs_codeexec.runtime.observed import manifests
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.observed.manifests import Kept
from mkdocs_codeexec.runtime.observed.names import Root
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.core.observed import Inputs

SETTLE = 0.05
"""Seconds between a change and a look: of what changed just now nothing is known."""
ROUNDS = 25 * TIMES


class World:
    """A machine with files, samples that read some of them, and what they print: what they have read.

    Args:
        root: Its folder.
        chance: What happens.
    """

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root = root
        self.chance = chance
        self.paths = [root / f"site/{name}/m{number}.py" for name in ("one", "two") for number in range(40)]
        self.paths += [root / f"project/{number}.csv" for number in range(6)]
        for path in self.paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(path.name))
        one, two, own = self.paths[:40], self.paths[40:80], self.paths[80:]
        self.reads = {
            f"{number}": [*(one if number % 3 else one[:30]), *(two if number % 2 else ()), own[number % len(own)]]
            for number in range(12)
        }

    def states(self) -> ObservedInputs:
        """Return what knows of the files, as a new build does."""
        return ObservedInputs(roots=[Root("<project>", f"{self.root}/project"), Root("<site>", f"{self.root}/site")])

    def printed(self, name: str) -> str:
        """Return what a sample prints now."""
        return "\n".join(path.read_text() if path.exists() else "-" for path in self.reads[name])

    def change(self) -> None:
        """Write, touch, remove or bring back files; what they hold may be what they have held before."""
        for path in self.chance.sample(self.paths, self.chance.choice([1, 1, 1, 3])):
            match self.chance.randrange(4):
                case 0:
                    path.unlink(missing_ok=True)
                case 1:
                    os.utime(path) if path.exists() else None
                case _:
                    path.write_text(self.chance.choice([path.name, "x", "y"]))


def action(name: str) -> Action:
    return Action(language="python", files=(("sample.py", name),), steps=(), toolchain="t", observed=True)


def answered(store: DirectoryStore, states: ObservedInputs, name: str) -> str | None:
    """Return what a store has for a sample, as a build asks for it; None for a miss."""
    key = action(name).key
    for inputs in store.lists(key):
        if states.holds(inputs) and (found := store.get(observed_key(key, inputs))):
            return found.steps[0].stdout
    return None


class Alone(DirectoryStore):
    """A store as earlier versions had it: each entry holds its lists whole."""

    def _add_list(self, key, result, inputs: Inputs) -> None:  # type: ignore[no-untyped-def]
        known = [Kept(other) for other in self.lists(key) if other != inputs]
        at = place("observed", key)
        assert at is not None
        self._tree.replace(at, manifests.entry(key, result, [Kept(inputs), *known]))


def damaged(root: Path, chance: random.Random) -> None:
    """Have one file of slices be something else, of those that were used last."""
    files = sorted(
        (path for path in (root / "slices").rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime
    )
    files = files[-6:]
    path, other = chance.choice(files), chance.choice(files)
    data = bytearray(path.read_bytes() or b"x")
    match chance.randrange(6):
        case 0:
            path.unlink()
        case 1:
            path.write_bytes(data[: chance.randrange(len(data))])
        case 2:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
        case 3:
            path.write_bytes(other.read_bytes())
        case 4:
            path.unlink()
            path.symlink_to(other)
        case _:
            shutil.rmtree(path.parent)


@pytest.mark.parametrize("harms", [False, True], ids=["whole", "damaged"])
def test_sharing_is_invisible(tmp_path: Path, *, harms: bool) -> None:
    """After every change both stores know the same samples, and what they know is what these print.

    Where slices are damaged, some are not known any more, and nothing else happens.
    """
    chance = random.Random(7)
    world = World(tmp_path, chance)
    told: list[str] = []
    hits = misses = lost = 0
    for number in range(ROUNDS):
        time.sleep(SETTLE)
        if harms and number:
            damaged(tmp_path / "shared", chance)
        shared = DirectoryStore(tmp_path / "shared", told.append)
        alone = Alone(tmp_path / "alone", told.append)
        states, began = world.states(), time.time()
        for name in chance.sample(list(world.reads), len(world.reads)):
            truth = world.printed(name)
            found, expected = answered(shared, states, name), answered(alone, states, name)
            assert expected in (truth, None)
            assert found == expected or (harms and found is None), (number, name)
            hits, misses, lost = hits + bool(expected), misses + (not expected), lost + (found != expected)
            if found is None or expected is None:
                inputs = states.record([f"f{path}" for path in world.reads[name]], (), began)
                assert inputs is not None
                step = StepResult(kind="run", stdout=truth, stderr="", ended=Exited(0))
                outcome = Outcome(language="python", steps=(step,), inputs=inputs)
                for store in (shared, alone):
                    store.put(action(name), outcome)
        assert harms or not told
        for name in world.reads:
            assert world.printed(name) == answered(DirectoryStore(tmp_path / "shared", told.append), states, name)
        world.change()

    assert min(hits, misses) > ROUNDS
    assert (lost > 0) == harms == bool(told)
    sizes = [
        sum(path.stat().st_size for kind in ("observed", "slices") for path in (tmp_path / one / kind).rglob("*.*"))
        for one in ("shared", "alone")
    ]
    assert sizes[0] * 2 < sizes[1]
