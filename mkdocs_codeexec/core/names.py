"""Names of samples, as other samples call them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.sample import Sample


class Names:
    """The names of a batch of samples; each is of its page.

    Args:
        samples: In order.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self._places: dict[str, dict[str, list[int]]] = {}
        for place, sample in enumerate(samples):
            names = self._places.setdefault(sample.location.page, {})
            if sample.name:
                names.setdefault(sample.name, []).append(place)

    def find(self, sample: Sample, reference: str, whose: str = "which it needs") -> int | Unavailability:
        """Return the index of the one that `sample` calls `reference`, or why there is none.

        Args:
            sample: Who asks.
            reference: What it says.
            whose: What it wants of it, in words.
        """
        path, mark, name = reference.rpartition("#")
        page = self._page(sample.location.page, path) if mark else sample.location.page
        if page is None:
            near = nearest(path, tuple(self._places))
            return Unavailability(
                f"there is no page `{path}` with samples, {whose}",
                f"did you mean `{near}#{name}`?" if near else "pages are named from this one, as in a link",
            )
        places = self._places[page].get(name, [])
        if len(places) == 1:
            return places[0]
        if places:
            where = " and ".join(str(self._samples[place].location) for place in places)
            return Unavailability(f"`{reference}`, {whose}, is the name of several samples: {where}", "rename one")
        return Unavailability(f"there is no sample `{reference}`, {whose}", self._advice(page, name, mark, path))

    def _page(self, page: str, path: str) -> str | None:
        """Return the page that `path` is, seen from `page`, or from the top."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        return next((found for found in (beside, posixpath.normpath(path)) if found in self._places), None)

    def _advice(self, page: str, name: str, mark: str, path: str) -> str:
        names = self._places[page]
        for sample in self._samples:
            if sample.links.file == name and sample.location.page == page:
                own = f"`{path}{mark}{sample.name}`" if sample.name else "that"
                give = "" if sample.name else "give that fence a `name`, and "
                return f"`{name}` is the file of the fence at {sample.location}: {give}need {own}"
        if near := nearest(name, tuple(names)):
            place = self._samples[names[near][0]].location
            return f"did you mean `{path}{mark}{near}` ({place})?"
        elsewhere = next(
            (self._samples[places[0]] for other in self._places.values() for places in [other.get(name, [])] if places),
            None,
        )
        if elsewhere is not None:
            return (
                f"`{name}` is a sample of another page ({elsewhere.location}): write `{elsewhere.location.page}#{name}`"
            )
        return f'give a sample of that page the name: `name="{name}"`'
