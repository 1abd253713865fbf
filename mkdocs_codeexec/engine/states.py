"""What knows of the files that samples read on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.observed import no_binary
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.observed.names import Root
from mkdocs_codeexec.worktree.tree import Worktree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mkdocs_codeexec.core.observed import Inputs, StateOfBinary
    from mkdocs_codeexec.core.settings import Settings


class States:
    """The states of observed inputs, for a process in which they change; see `core.protocols.InputStates`.

    What was looked at once stays as it was until `renew`.

    Args:
        settings: What the user configured.
        reach: What samples of a language may read.
        binary: Knows what programs of local packages are built from.
    """

    def __init__(
        self,
        settings: Settings,
        reach: Callable[[str], Sequence[str]] = lambda _: (),
        binary: StateOfBinary = no_binary,
    ) -> None:
        self._settings = settings
        self._reach = reach
        self._binary = binary
        self._now = open_states(settings, reach, binary)

    def renew(self) -> None:
        """Look again at everything from now on."""
        self.save()
        self._now = open_states(self._settings, self._reach, self._binary)

    def holds(self, inputs: Inputs) -> bool:
        """Tell whether everything is as `inputs` says."""
        return self._now.holds(inputs)

    def record(self, asked: Iterable[str], assumed: Iterable[str], started: float, language: str = "") -> Inputs | None:
        """Return the inputs of a sample that has ended; see `ObservedInputs.record`."""
        return self._now.record(asked, assumed, started, language)

    def watched(self, inputs: Inputs, within: Sequence[Path]) -> list[str]:
        """Return the files and folders of `inputs` that are in one of the folders `within`, also those that are not there."""
        return self._now.watched(inputs, within)

    def places(self, inputs: Inputs, within: Sequence[Path]) -> list[tuple[str, str]]:
        """Return the same, each with the word that says what of it counts."""
        return self._now.places(inputs, within)

    def save(self) -> None:
        """Keep the digests for later processes, where this build keeps anything."""
        if self._settings.keeps:
            self._now.save()


def open_states(
    settings: Settings,
    reach: Callable[[str], Sequence[str]] = lambda _: (),
    binary: StateOfBinary = no_binary,
) -> ObservedInputs:
    """Return what knows of the files that samples read on this machine, by names that other machines share.

    Args:
        settings: What the user configured.
        reach: What samples of a language may read.
        binary: Knows what programs of local packages are built from.
    """
    interpreter.look_again()
    roots = [Root("<project>", str(settings.project_dir))]
    roots += [Root(place.label, place.folder) for place in interpreter.places()]
    if home := settings.host_env.get("HOME"):
        roots.append(Root("~", home))
    place = settings.private_dir
    return ObservedInputs(
        roots=roots,
        library=interpreter.library(),
        sites=interpreter.sites(),
        sources=[folder for _, folder in interpreter.sources()],
        search=settings.host_env.get("PATH", ""),
        reach=reach,
        sandboxed=settings.sandbox != "off",
        binary=binary,
        apart=tuple(map(str, settings.apart)),
        project=project_of(settings),
        memo=place and place / "digests" / f"{digest(str(settings.project_dir))[:16]}.json",
    )


def project_of(settings: Settings) -> Worktree:
    """Return where the project is, and what of it samples may see that ask for it."""
    home = settings.host_env.get("HOME")
    return Worktree(
        folder=settings.project_dir,
        apart=(*settings.apart, *settings.published),
        tracked_only=bool(settings.stranger),
        home=Path(home) if home else None,
    )
