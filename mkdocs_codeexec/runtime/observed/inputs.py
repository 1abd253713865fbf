"""The states of observed inputs on this machine, and whether a list of them still holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.observed import no_binary
from mkdocs_codeexec.runtime.observed import projected
from mkdocs_codeexec.runtime.observed.asked import UNKNOWABLE, named
from mkdocs_codeexec.runtime.observed.digests import Digests
from mkdocs_codeexec.runtime.observed.names import Names, Root
from mkdocs_codeexec.runtime.observed.since import Since, Unstable
from mkdocs_codeexec.runtime.observed.states import NOWHERE, States, is_left_out
from mkdocs_codeexec.runtime.sandbox.places import Folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.observed import Inputs, StateOfBinary
    from mkdocs_codeexec.worktree.tree import Worktree

MOST = 4096
"""Inputs of one list; of more, their folders."""
MARGIN = 0.02
"""Seconds by which a file may look older than it is: the kernel's clock for dates is a coarse one."""


_OF_PROGRAMS = ("tool", "binary")
_OF_PATHS = ("read", "link", "list", "contents", "tree")


class ObservedInputs:
    """Looks at inputs. One for each build: what was looked at once stays as it was until something is recorded anew.

    Args:
        roots: Folders that other machines have elsewhere.
        library: Python's own modules, which its identity stands for; empty if there are none.
        sites: The folders of packages that are installed for Python.
        sources: The folders of packages that are installed in place.
        search: The search path of programs.
        reach: What samples of a language may read, beside what everything may.
        sandboxed: Whether samples are wanted in a sandbox.
        apart: Our own folders, in which every build changes something.
        memo: Where digests are remembered; None for nowhere.
        binary: Knows what programs of local packages are built from.
        project: Where the project is that samples may see; None if there is none.
    """

    def __init__(  # noqa: PLR0913 - a machine has many sides
        self,
        *,
        roots: Sequence[Root] = (),
        library: str = "",
        sites: Sequence[str] = (),
        sources: Sequence[str] = (),
        search: str = "",
        reach: Callable[[str], Sequence[str]] = lambda _: (),
        sandboxed: bool = True,
        apart: Sequence[str] = (),
        memo: Path | None = None,
        binary: StateOfBinary = no_binary,
        project: Worktree | None = None,
    ) -> None:
        self._names = Names(roots)
        self._digests = Digests(memo, self._names.relocated)
        self._library = library
        self._apart = Folders(apart)
        self._sites = tuple(sites)
        self._looks = States(
            self._names,
            self._digests,
            sites=sites,
            sources=sources,
            search=search,
            reach=reach,
            sandboxed=sandboxed,
            binary=binary,
            project=project,
        )
        self._folders = tuple(search.split(":")) if search else ()
        self._states: dict[str, str] = {}
        self._changes = 0
        self._held: dict[int, tuple[Inputs, int]] = {}

    def holds(self, inputs: Inputs) -> bool:
        """Tell whether everything is as `inputs` says. Looks at each name once in a build, and at each list."""
        known = self._held.get(id(inputs))
        if known is not None and known[0] is inputs and known[1] == self._changes:
            return True
        changes, states = self._changes, self._states
        if any((states.get(name) or self._state(name)) != state for name, state in inputs):
            return False
        self._held[id(inputs)] = inputs, changes
        return True

    def changed(self, inputs: Inputs) -> list[str]:
        """Return the names that are not as `inputs` says."""
        return [name for name, state in inputs if self._state(name) != state]

    def record(self, asked: Iterable[str], assumed: Iterable[str], started: float, language: str = "") -> Inputs | None:
        """Return the inputs of a sample that began at `started` (`time.time`) and has ended.

        Args:
            asked: What it was seen to look for, a letter and a path each.
            assumed: Names of inputs that it may have.
            started: When it began.
            language: Of the sample, which decides what it may read.

        Returns:
            None if that cannot be told: something changed meanwhile, or there is no bound to what was looked for.
        """
        names = set(assumed)
        asked = list(asked)
        if UNKNOWABLE in asked:
            return None
        names |= projected.named(item for item in asked if item[0] == projected.LETTER)
        asked = [item for item in asked if item[0] != projected.LETTER]
        for word, path, module in named(asked, self._library, self._folders):
            if word not in _OF_PROGRAMS and path in self._apart:
                continue
            name = path if word in _OF_PROGRAMS else self._names.portable(path)
            if word == "module":
                name = f"{name}:{module}"
            names.add(f"{word}:{language}:{name}" if word == "hidden" else f"{word}:{name}")
        # Its import system lists no folders where it tells what it looks for: who lists one wants to know all names.
        for site in self._sites if not any(item[0] == "n" for item in asked) else ():
            _without_records(names, self._names.portable(site))
        bounded = _bounded(names)
        if bounded is None:
            return None
        since = Since(int((started - MARGIN) * 1e9))
        try:
            found = tuple((name, self._fresh(name, since)) for name in sorted(bounded))
            since.links_unchanged()
        except Unstable:
            return None
        return found

    def watched(self, inputs: Inputs, within: Sequence[Path]) -> list[str]:
        """Return the files and folders of `inputs` that are in one of the folders `within`, also those that are not there."""
        return [path for _, path in self.places(inputs, within)]

    def places(self, inputs: Inputs, within: Sequence[Path]) -> list[tuple[str, str]]:
        """Return the same, each with the word that says what of it counts."""
        found = []
        for name, _ in inputs:
            word, _, rest = name.partition(":")
            if word not in (*_OF_PATHS, projected.WORD):
                continue
            path = self._looks.project.path(rest) if word == projected.WORD else self._names.real(rest)
            if path and any(path.startswith(f"{folder}/") for folder in within):
                found.append((word, path))
        return found

    def save(self) -> None:
        """Keep the digests for the next build."""
        self._digests.save()

    def _state(self, name: str) -> str:
        state = self._states.get(name)
        if state is None:
            try:
                state = self._looks.look(name)
            except (Unstable, ValueError):
                state = NOWHERE  # with which nothing is stored
            self._states[name] = state
        return state

    def _fresh(self, name: str, since: Since) -> str:
        """Return the state of `name` now.

        Raises:
            Unstable: It has changed since then.
        """
        state = self._looks.look(name, since)
        if self._states.get(name) != state:
            self._states[name] = state
            self._changes += 1  # afterwards: whoever has looked meanwhile looks again
        return state


def _without_records(names: set[str], site: str) -> None:
    """Let a listing of `site` be one of modules, if no record of an installation in it was looked at.

    A Python that a shell starts lists the folder before it looks for a module. Installing another version of something
    else renames that one's record, and no module.
    """
    listed = f"list:{site}"
    records = (".dist-info", ".egg-info")
    if listed in names and not any(
        name.startswith((f"read:{site}/", f"link:{site}/")) and any(r in name for r in records) for name in names
    ):
        names.remove(listed)
        names.add(f"modules:{site}")


def _bounded(names: set[str]) -> set[str] | None:
    """Return `names`, with one folder for those in it if there are too many; None if there is no such folder.

    It is the smallest one in which enough of them are. What its state leaves out is named on.
    """
    if len(names) <= MOST:
        return names
    paths = {name: path for name in names for word, _, path in (name.partition(":"),) if word in _OF_PATHS}
    held = Counter(folder for path in paths.values() for folder in _above(path))
    least = len(names) - MOST + 1
    enough = [folder for folder, count in held.items() if count >= least]
    if not enough:
        return None
    folder = min(enough, key=lambda folder: (held[folder], -len(folder)))
    within = {name: path[len(folder) + 1 :] for name, path in paths.items() if path.startswith(f"{folder}/")}
    left = names - {name for name, path in within.items() if not any(map(is_left_out, path.split("/")[:-1]))}
    flat = all("/" not in path for path in within.values())
    bounded = left | {f"contents:{folder}" if flat else f"tree:{folder}"}
    return bounded if len(bounded) <= MOST else None


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a portable path, but not the root of the machine."""
    while path := path.rpartition("/")[0]:
        yield path
