"""What knows of the files that samples read on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.observed.names import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.settings import Settings


def open_states(settings: Settings, reach: Callable[[str], Sequence[str]] = lambda _: ()) -> ObservedInputs:
    """Return what knows of the files that samples read on this machine, by names that other machines share.

    Args:
        settings: What the user configured.
        reach: What samples of a language may read.
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
        apart=tuple(map(str, settings.apart)),
        memo=place and place / "digests" / f"{digest(str(settings.project_dir))[:16]}.json",
    )
