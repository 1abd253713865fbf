"""Samples divided among machines that know nothing of each other."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.graph import graph_of
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.engine.planning import executed
from mkdocs_codeexec.outputs import is_output, whose

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Hashable, Iterator, Sequence

    from mkdocs_codeexec.core.sample import Sample

DEAR, CHEAP = 4, 1
"""What a sample is taken to cost: of a language that is compiled, and of another one."""


class Shard(NamedTuple):
    """One of several parts.

    Attributes:
        number: Which, from one.
        of: How many there are.
    """

    number: int
    of: int


def shard(samples: Sequence[Sample], wanted: Collection[int], part: Shard, compiled: Container[str] = ()) -> set[int]:
    """Return those of `wanted`, places in `samples`, that are in `part`; samples in a language that is `compiled` cost more.

    Each is in one part. Samples that belong together are in the same one: steps of a session, those that need each other, a
    fence that holds another's output, and equal samples. It depends on nothing but the samples and `wanted`: a machine must
    not know less than others because its store or its clock is another one.
    """
    return shard_of_sites([Shared(samples, wanted, compiled)], part)[0]


class Shared(NamedTuple):
    """A site whose samples are divided among machines.

    Attributes:
        samples: All of them.
        wanted: The places of those that are divided.
        compiled: Languages whose samples cost more.
    """

    samples: Sequence[Sample]
    wanted: Collection[int]
    compiled: Container[str] = ()


def shard_of_sites(sites: Sequence[Shared], part: Shard) -> list[set[int]]:
    """Return what `shard` does for several sites that are divided together: the places in `part`, of each site."""
    mine: list[set[int]] = [set() for _ in sites]
    groups: list[tuple[int, str, int, list[int]]] = []
    for number, (samples, wanted, compiled) in enumerate(sites):
        for first, group in _together(samples, wanted).items():
            cost = sum(_cost(samples[place], compiled) for place in group)
            groups.append((-cost, _name(samples[first]), number, group))
    loads = [0] * min(part.of, len(groups))  # all others stay empty, however many there are
    # What costs most first; of what costs the same, by its text: an edit elsewhere moves little.
    for cost, _, number, group in sorted(groups):
        lightest = loads.index(min(loads))
        loads[lightest] -= cost
        if lightest == part.number - 1:
            mine[number].update(group)
    return mine


def _cost(sample: Sample, compiled: Container[str]) -> int:
    if sample.ignored or sample.refusal or is_output(sample):
        return 0
    return DEAR if sample.language in compiled else CHEAP


def _name(sample: Sample) -> str:
    return hashlib.sha256(f"{sample.language}\0{sample.code}".encode("utf-8", "surrogatepass")).hexdigest()


def _together(samples: Sequence[Sample], wanted: Collection[int]) -> dict[int, list[int]]:
    """Return those of `wanted` that belong together, by the first of them."""
    heads = list(range(len(samples)))

    def head(place: int) -> int:
        while heads[place] != place:
            heads[place] = place = heads[heads[place]]
        return place

    for one, other in _links(samples):
        first, second = sorted((head(one), head(other)))
        heads[second] = first
    groups: dict[int, list[int]] = {}
    for place in sorted(wanted):
        groups.setdefault(head(place), []).append(place)
    return {group[0]: group for group in groups.values()}


def _links(samples: Sequence[Sample]) -> Iterator[tuple[int, int]]:
    """Yield pairs of places that belong together."""
    graph, names = graph_of(samples), Names(samples)
    for node in graph.nodes:
        yield from ((node.steps[0], other) for other in (*node.steps, *node.before))
    same: dict[Hashable, int] = {}
    for place, sample in enumerate(samples):
        needed = graph.of(place)
        yield from ((place, other) for other in (*needed.all, *needed.texts))
        if is_output(sample):
            if not isinstance(of := whose(samples, place, names), Unavailability):
                yield place, of
        elif not sample.ignored and not sample.refusal:
            yield place, same.setdefault(executed(sample), place)
