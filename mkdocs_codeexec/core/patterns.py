"""Which pages are meant: patterns of their paths."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


class Patterns(NamedTuple):
    """Pages by patterns of their paths below `docs_dir`.

    `*` and `?` stand for what is within one name, `**` for any number of folders, or for all that is in one;
    `drafts/` is `drafts/**`, which is no page that is called `drafts`.

    Attributes:
        include: Those that count; none stands for all.
        exclude: Those that do not, whatever `include` says.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def hold(self, page: str) -> bool:
        """Tell whether the page with the path `page` counts."""
        if any(matches(pattern, page) for pattern in self.exclude):
            return False
        return not self.include or any(matches(pattern, page) for pattern in self.include)

    def idle(self, pages: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield the patterns that match none of `pages`, each behind `include` or `exclude`."""
        for name, patterns in zip(self._fields, self, strict=True):
            for pattern in patterns:
                if not any(matches(pattern, page) for page in pages):
                    yield name, pattern


def matches(pattern: str, page: str) -> bool:
    """Tell whether `pattern` matches the whole path `page`; letters count as they are."""
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    return _matches(tuple(whole.split("/")), tuple(page.split("/")))


def _matches(wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Match folder by folder, in time that grows with both lengths and not with the number of ways."""
    reached = [True, *(False for _ in names)]  # reached[n]: what is wanted so far matches the first n names
    for at, part in enumerate(wanted, 1):
        if part == "**":
            first = reached.index(True) if True in reached else len(reached)
            first += at == len(wanted)  # what is in a folder, and not that which is called as it
            reached = [n >= first for n in range(len(reached))]
        else:
            reached = [False, *(here and fnmatchcase(name, part) for here, name in zip(reached, names, strict=False))]
    return reached[-1]


ALL_PAGES = Patterns()
"""What holds every page."""
