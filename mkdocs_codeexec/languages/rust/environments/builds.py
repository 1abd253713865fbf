"""Several Environments, built at once as far as cargo allows.

They share a target directory, which one cargo at a time compiles into; that one uses all processors. What overlaps is
the rest: starting, resolving versions, downloading. None of them is kept waiting by one that fails.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import Narrator, Runner, Unavailability
from mkdocs_codeexec.languages.rust.environments import collection
from mkdocs_codeexec.languages.rust.environments.capture import Arguments
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.languages.rust.environments.environment import Environment
    from mkdocs_codeexec.languages.toolchain import Toolchain

AT_ONCE = 4
"""Of which one compiles; more of them resolving and downloading take memory and win nothing."""
_at_once = threading.BoundedSemaphore(AT_ONCE)
"""For all sites of this process."""


class Turns:
    """A Narrator that is told one thing at a time, whatever threads there are.

    Args:
        narrator: Is told.
    """

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._turn = threading.Lock()

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        with self._turn:
            self._narrator.say(message)

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        with self._turn:
            self._narrator.warn(message, at=at, hint=hint)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes: whole lines here."""
        with self._turn:
            self._narrator.stream(chunk)

    def note(self, event: Event) -> None:
        """Pass on what goes on."""
        with self._turn:
            self._narrator.note(event)


def build_all(
    environments: Sequence[Environment], toolchain: Toolchain, runner: Runner, narrator: Narrator, root: Path
) -> dict[str, Arguments | Unavailability]:
    """Build those of `environments` that are not up to date, and return what became of each, by name.

    What fails for one reason in several has one Unavailability, which names them all.

    Args:
        environments: Each with a name of its own.
        toolchain: Builds them.
        runner: Starts cargo, from several threads.
        narrator: Hears cargo.
        root: Where all Environments are kept; what nobody has used there for long is removed if anything was built.

    Raises:
        Cancelled: The run was stopped from outside.
    """
    found: dict[str, Arguments | Trouble] = {}
    waiting: list[Environment] = []
    for environment in environments:
        known = environment.current(toolchain)
        if known is None:
            waiting.append(environment)
        else:
            found[environment.name] = known
    if waiting:
        found |= _built(waiting, toolchain, runner, narrator)
        collection.collect(root)
    return _explained({environment.name: found[environment.name] for environment in environments})


def _built(
    environments: Sequence[Environment], toolchain: Toolchain, runner: Runner, narrator: Narrator
) -> dict[str, Arguments | Trouble]:
    if len(environments) == 1:
        return {one.name: _build(one, toolchain, runner, narrator, alone=True) for one in environments}
    found: dict[str, Arguments | Trouble] = {}
    faults: list[BaseException] = []
    waiting = deque(environments)
    turns = Turns(narrator)

    def work() -> None:
        while waiting and not faults:
            try:
                one = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                found[one.name] = _build(one, toolchain, runner, turns, alone=False)
            except BaseException as fault:  # noqa: BLE001 - a thread cannot raise; `Cancelled` is one, too
                faults.append(fault)

    # Daemons: when this thread is interrupted, whoever owns the runner ends the children, and so the threads.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(environments)))]
    started: list[threading.Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    except RuntimeError:  # the system has no threads left
        work()
    for thread in started:
        thread.join()
    if faults:
        raise faults[0]
    return found


def _build(
    environment: Environment, toolchain: Toolchain, runner: Runner, narrator: Narrator, *, alone: bool
) -> Arguments | Trouble:
    with _at_once:
        return environment.build(toolchain, runner, narrator, alone=alone)


def _explained(found: dict[str, Arguments | Trouble]) -> dict[str, Arguments | Unavailability]:
    together: dict[Trouble, list[tuple[str, Trouble]]] = {}
    for name, one in found.items():
        if isinstance(one, Trouble):
            together.setdefault(one._replace(needed_by=()), []).append((name, one))
    explained: dict[str, Unavailability] = {}
    for trouble, items in together.items():
        names = [name for name, _ in items]
        needed_by = dict.fromkeys(needs for _, one in items for needs in one.needed_by)
        single = len(names) == 1
        who = f"environment {_listed(names)} does" if single else f"environments {_listed(names)} do"
        why = f" (needed by {_listed(needed_by)})" if needed_by else ""
        what = f"{who} not build: {trouble.what}{why}"
        told = Unavailability(what, trouble.hint, trouble.detail, trouble.at_fault)
        explained |= dict.fromkeys(names, told)
    return {name: one if isinstance(one, Arguments) else explained[name] for name, one in found.items()}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
