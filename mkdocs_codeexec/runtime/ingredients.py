"""What the stored Outcomes of a site were made of, kept beside them: `<cache_dir>/ingredients.json`.

It may be deleted at any time, and what strangers have written there leads to wrong explanations and to nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.ingredients import CODE, Made, closest, parts_of, texts_of
from mkdocs_codeexec.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample

FORMAT = 1
NAME = "ingredients.json"
MOST_OF_A_PAGE = 1000
"""Samples of a page that are kept: those that were executed last."""


class Ingredients:
    """What was executed by this process, and by those before.

    Args:
        directory: The store's.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / NAME
        self._noted: dict[str, list[Made]] = {}
        self._texts: dict[str, str] = {}
        self._kept: tuple[dict[str, list[Made]], dict[str, str]] | None = None

    def note(self, sample: Sample, action: Action, outcome: Outcome) -> None:
        """Note what `sample`, which was executed, was made of."""
        at = sample.location
        seconds = round(outcome.duration, 3)
        made = Made(at.line, sample.name, sample.language, seconds, parts_of(sample, action))
        self._noted.setdefault(at.page, []).append(made)
        self._texts |= texts_of(action)

    @property
    def empty(self) -> bool:
        """Whether nothing is known of anything."""
        return not self._noted and not self._read()[0]

    def of(self, sample: Sample, parts: Mapping[str, str], others: Container[str] = ()) -> Made | None:
        """Return what `sample` was made of when it was executed last; None if that is not known.

        Args:
            sample: What is asked about.
            parts: What it is made of now.
            others: What the codes of all samples are.
        """
        pages, _ = self._read()
        page = sample.location.page
        own = [*self._noted.get(page, [])[::-1], *pages.get(page, [])]
        if found := closest(own, sample, parts, others):
            return found
        moved = (one for name, others in pages.items() if name != page for one in others)
        return next((one for one in moved if one.parts.get(CODE) == parts.get(CODE)), None)

    @property
    def texts(self) -> Mapping[str, str]:
        """Inputs of which the text is kept, by digest."""
        return {**self._read()[1], **self._texts}

    def save(self) -> None:
        """Keep what was noted, for later processes; a failing disk is no matter."""
        if not self._noted:
            return
        self._kept = None
        pages, texts = self._read()
        for page, noted in self._noted.items():
            fresh = {one.parts.get(CODE): one for one in noted}
            names, lines = {one.name for one in noted if one.name}, {one.line for one in noted if not one.name}
            others = [
                one
                for one in pages.get(page, [])
                if one.parts.get(CODE) not in fresh and one.name not in names and (one.name or one.line not in lines)
            ]
            pages[page] = [*list(fresh.values())[::-1], *others][:MOST_OF_A_PAGE]
        used = {text for ones in pages.values() for one in ones for text in one.parts.values()}
        texts = {name: text for name, text in {**texts, **self._texts}.items() if name in used}
        self._noted, self._kept = {}, (pages, texts)
        rows = {page: [_to_json(one) for one in ones] for page, ones in pages.items()}
        with suppress(OSError):
            write_json(self._file, {"format": FORMAT, "pages": rows, "texts": texts}, compact=True)

    def _read(self) -> tuple[dict[str, list[Made]], dict[str, str]]:
        if self._kept is None:
            self._kept = read_json(self._file, _from_json) or ({}, {})
        return self._kept


def _to_json(made: Made) -> Sequence[object]:
    return [made.line, made.name, made.language, made.seconds, dict(made.parts)]


def _from_json(raw: Any) -> tuple[dict[str, list[Made]], dict[str, str]] | None:
    if raw["format"] != FORMAT:
        return None
    pages = {
        str(page): [
            Made(int(line), str(name), str(language), float(seconds), {str(k): str(v) for k, v in parts.items()})
            for line, name, language, seconds, parts in ones
        ]
        for page, ones in raw["pages"].items()
    }
    return pages, {str(name): str(text) for name, text in raw["texts"].items()}
