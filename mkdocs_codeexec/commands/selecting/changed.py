"""Which samples are concerned by what has changed since a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.selecting.revisions import Revision
from mkdocs_codeexec.core.graph import graph_of
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.outputs import is_output, whose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.sites import Collected


def changed(found: Collected, samples: Sequence[Sample], revision: str) -> set[int]:
    """Return the places of samples that a change since `revision` may concern.

    Those are samples of pages that differ, or that include something that does; samples that are known to read something that
    differs; and samples that need one of these.

    Raises:
        ConfigurationError: Git does not tell.
    """
    since = Revision(found.settings, revision)
    pages = {sample.location.page for sample in samples}
    differing = {page for page in pages if _page_differs(found, page, since)}
    live = [place for place, sample in enumerate(samples) if not is_output(sample)]
    decisive = Engine(found.settings, _Silent()).decisive([samples[place] for place in live])
    chosen = {place for place, sample in enumerate(samples) if sample.location.page in differing}
    for place, paths in zip(live, decisive, strict=True):
        if place not in chosen and any(since.differs(path, names=names) for path, names in paths.items()):
            chosen.add(place)
    return _with_those_that_need_them(samples, chosen)


def _page_differs(found: Collected, page: str, since: Revision) -> bool:
    """Tell whether a page, or what was read for it, differs; one that is no file, a plugin has made of something."""
    file = found.docs_dir / page
    return not file.is_file() or any(since.differs(path) for path in (file, *found.included.get(page, ())))


def _with_those_that_need_them(samples: Sequence[Sample], chosen: set[int]) -> set[int]:
    graph, names = graph_of(samples), Names(samples)
    needed = [{*graph.of(place).all, *graph.of(place).texts} for place in range(len(samples))]
    for place, sample in enumerate(samples):
        if is_output(sample) and not isinstance(of := whose(samples, place, names), Unavailability):
            needed[place].add(of)
    found, before = set(chosen), -1
    while len(found) != before:
        before = len(found)
        found |= {place for place, others in enumerate(needed) if others & found}
    return found


class _Silent:
    """Hears what the run itself tells."""

    def say(self, message: str) -> None:
        """Hear a message."""

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Hear a warning."""

    def stream(self, chunk: bytes) -> None:
        """Hear what a tool writes."""

    def note(self, event: Event) -> None:
        """Hear an event."""
