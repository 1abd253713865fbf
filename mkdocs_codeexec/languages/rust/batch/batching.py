"""Which samples are compiled as one crate.

Starting rustc and linking a program take some 60 ms, however small it is; what a sample needs beyond that is a fifth
of it. A crate for each set of used dependencies has the same types and implementations in sight as a sample alone, so
that type inference meets the same choices.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

FEWEST = 3
"""Samples that are worth a crate. Two alone, at two jobs, take as long as one crate of both."""
OWN_CRATE = 12
"""Samples with the same set of dependencies that get a crate of their own; smaller sets share one."""
MOST = 160
"""Samples in a crate. Time grows with their number alone; when one does not compile, all are read again."""
_START = 700
"""What starting rustc and linking cost, in tokens: 60 ms, of which each token takes 0.08."""
_SPLIT = 10
"""Samples that a crate keeps at least when it is split to have all processors at work."""

T = TypeVar("T")


class Candidate(NamedTuple, Generic[T]):
    """Something to be compiled.

    Attributes:
        what: It.
        kind: What all in a crate must have in common: edition, flags, Environment. None is compiled alone.
        crates: The dependencies that it uses.
        size: Tokens.
    """

    what: T
    kind: Hashable | None
    crates: frozenset[str]
    size: int


def group(candidates: Sequence[Candidate[T]], jobs: int) -> list[list[T]]:
    """Return `candidates` in batches, those that take longest first, for `jobs` compilers at once."""
    alone = [candidate for candidate in candidates if candidate.kind is None]
    crates: list[list[Candidate[T]]] = []
    for found in _pools(candidates):
        if len(found) < FEWEST:
            alone += found
        else:
            crates.append(found)
    total = sum(map(_cost, crates)) + sum(_cost([candidate]) for candidate in alone)
    parts = [part for crate in crates for part in _split(crate, 1.25 * total / max(jobs, 1))]
    parts.sort(key=_cost, reverse=True)
    alone.sort(key=lambda candidate: -candidate.size)
    return [[candidate.what for candidate in part] for part in (*parts, *([candidate] for candidate in alone))]


def _pools(candidates: Sequence[Candidate[T]]) -> Iterator[list[Candidate[T]]]:
    """Yield what may share a crate: samples of one kind by their dependencies, small sets as one."""
    kinds: dict[Hashable, dict[frozenset[str], list[Candidate[T]]]] = {}
    for candidate in candidates:
        if candidate.kind is not None:
            kinds.setdefault(candidate.kind, {}).setdefault(candidate.crates, []).append(candidate)
    for sets in kinds.values():
        yield sets.pop(frozenset(), [])
        yield from (members for members in sets.values() if len(members) >= OWN_CRATE)
        yield [member for members in sets.values() if len(members) < OWN_CRATE for member in members]


def _cost(crate: Sequence[Candidate[T]]) -> int:
    return _START + sum(candidate.size for candidate in crate)


def _split(crate: list[Candidate[T]], limit: float) -> list[list[Candidate[T]]]:
    """Return `crate` in parts that cost no more than `limit`, if that leaves enough in each."""
    wanted = max(-(-len(crate) // MOST), min(round(_cost(crate) / max(limit, 1) + 0.49), len(crate) // _SPLIT), 1)
    parts: list[list[Candidate[T]]] = [[] for _ in range(wanted)]
    # Dealt out by size, so that all are done at about the same time.
    for number, candidate in enumerate(sorted(crate, key=lambda candidate: -candidate.size)):
        turn, place = divmod(number, wanted)
        parts[place if turn % 2 == 0 else wanted - 1 - place].append(candidate)
    return parts
