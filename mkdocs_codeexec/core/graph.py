"""What waits for what: samples that build on each other, as a graph without circles.

A *node* is what is executed at once: a sample, or the steps of a session that are one program. No function here recurses,
and all take time in proportion to samples and needs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import FailsToBuild, Panics
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mkdocs_codeexec.core.sample import Sample


class Needed(NamedTuple):
    """What one sample waits for. All are indices of samples.

    Attributes:
        all: Those that must go as said before: `needs`, `stdin_from`, and the step before it.
        files: Those among them whose files it gets, in the order of `needs`.
        texts: `file` fences that are files beside it; a later one replaces an earlier one of the same name.
        stdin: Whose stdout is its standard input; None for nobody's.
    """

    all: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    stdin: int | None = None


NOTHING = Needed()
MOST_SHOWN = 12
"""Samples of a circle that a message names."""


class Node(NamedTuple):
    """What is executed at once.

    Attributes:
        steps: Indices of samples: one, or the steps of a session, in order.
        before: Indices of samples that are parts of its program and belong to another node: it stands beside a session.
        waits: Indices of the nodes that it waits for.
    """

    steps: tuple[int, ...]
    before: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """Samples, and what they wait for.

    Attributes:
        samples: All of them, by index. Steps know what was before them, and whether somebody needs what they leave.
        nodes: What is executed at once; in no order. Ignored and refused samples are in none.
        refused: Samples that cannot be executed because of what they wait for, and why.
        needed: What each sample waits for; who is not in it waits for nothing.
    """

    samples: tuple[Sample, ...]
    nodes: tuple[Node, ...]
    refused: Mapping[int, Unavailability] = field(default_factory=dict)
    needed: Mapping[int, Needed] = field(default_factory=dict)

    def of(self, sample: int) -> Needed:
        """Return what `sample` waits for."""
        return self.needed.get(sample, NOTHING)


def reaches_out(sample: Sample) -> bool:
    """Tell whether `sample` names one of another page."""
    return any("#" in name for name in (*sample.links.needs, sample.links.stdin_from, sample.links.output_of))


def graph_of(samples: Sequence[Sample]) -> Graph:
    """Return what the samples of one batch wait for.

    What a sample may have to wait for is in the batch, or unknown.
    """
    if all(sample.links is ALONE for sample in samples):
        alone = (Node((place,)) for place, one in enumerate(samples) if not one.ignored and not one.refusal)
        return Graph(tuple(samples), tuple(alone), _refusals(samples))
    return _Linking(samples).graph()


def closure(samples: Sequence[Sample], wanted: Iterable[int]) -> set[int]:
    """Return which of `samples` belong to one batch with those in `wanted`: what they wait for, and steps of their programs."""
    graph = graph_of(samples)
    own = {step: node for node in graph.nodes for step in node.steps}
    found: set[int] = set()
    waiting = list(wanted)
    while waiting:
        if (place := waiting.pop()) in found:
            continue
        found.add(place)
        needed = graph.of(place)
        node = own.get(place, Node((place,)))
        waiting += (*needed.all, *needed.texts, *node.steps, *node.before)
    return found


def _refusals(samples: Sequence[Sample]) -> dict[int, Unavailability]:
    """Return why those of `samples` are not executed of which that is known from the start."""
    return {
        place: Unavailability(one.refusal, one.hint)
        for place, one in enumerate(samples)
        if one.refusal and not one.ignored
    }


class _Linking:
    """A graph in the making."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = list(samples)
        self._names = Names(samples)
        self._needed: dict[int, Needed] = {}
        self._refused = _refusals(samples)

    def graph(self) -> Graph:
        self._find_needed()
        sessions = self._sessions()
        nodes = self._nodes(sessions)
        if circles := _circles(nodes):
            for circle in circles:
                self._refuse_circle([nodes[place] for place in circle])
            nodes = self._nodes(sessions)
        return Graph(tuple(self._samples), tuple(nodes), self._refused, self._needed)

    # --- What each one names ----------------------------------------------------------------------------------------

    def _find_needed(self) -> None:
        written: dict[str, dict[str, int]] = {}  # of each page the `file` fences so far, by their file
        for place, sample in enumerate(self._samples):
            links = sample.links
            if links is ALONE:
                continue
            page = written.setdefault(sample.location.page, {})
            if links.file:
                page[links.file] = place
            if sample.ignored or place in self._refused:
                continue
            texts = [other for other in page.values() if other != place] if links.file else []
            named = [self._found(place, name) for name in links.needs]
            stdin = self._found(place, links.stdin_from) if links.stdin_from else None
            if place in self._refused:
                continue
            needs = [other for other in named if other is not None]
            texts += [other for other in needs if self._samples[other].links.file]
            ran = tuple(other for other in needs if not self._samples[other].ignored)
            waits = dict.fromkeys((*ran, *(() if stdin is None else (stdin,))))
            self._needed[place] = Needed(tuple(waits), ran, tuple(dict.fromkeys(texts)), stdin)
            self._refuse_twice(place, needs)
            if place in waits:
                self._refused.setdefault(place, Unavailability("it needs itself", "take that need away"))
        for needed in self._needed.values():
            for other in needed.files:
                self._samples[other] = replace(self._samples[other], leaves=True)

    def _found(self, place: int, name: str) -> int | None:
        """Return which sample `name` is for the one at `place`; None if that is refused now."""
        found = self._names.find(self._samples[place], name)
        if isinstance(found, Unavailability):
            self._refused.setdefault(place, found)
            return None
        other = self._samples[found]
        if other.ignored and not other.links.file:
            where = f"`{name}` ({other.location})"
            why = Unavailability(f"{where}, which it needs, is ignored", "take `ignore` away there, or the need here")
            if other.refusal:
                why = Unavailability(f"{where}, which it needs, is no file: {other.refusal}", "mend that fence")
            self._refused.setdefault(place, why)
            return None
        return found

    def _refuse_twice(self, place: int, needs: Iterable[int]) -> None:
        """Refuse the sample at `place` if two of its needs are one file, each in its own way."""
        given: dict[str, int] = {}
        for other in needs:
            name = self._samples[other].links.file
            first = given.setdefault(name, other) if name else other
            if first != other and self._samples[first].code != self._samples[other].code:
                places = f"{self._samples[first].location} and {self._samples[other].location}"
                self._refused.setdefault(
                    place,
                    Unavailability(f"two of its needs are the file `{name}`: {places}", "need one of them"),
                )

    # --- Sessions ---------------------------------------------------------------------------------------------------

    def _sessions(self) -> list[tuple[list[int], dict[int, tuple[int, ...]]]]:
        """Return of each session its steps that are one program, and those beside it with the steps before them."""
        found: dict[tuple[str, str, str], tuple[list[int], dict[int, tuple[int, ...]]]] = {}
        for place, sample in enumerate(self._samples):
            if not sample.links.session or sample.ignored:
                continue
            name = (sample.location.page, sample.language, sample.links.session)
            chain, aside = found.setdefault(name, ([], {}))
            if chain:
                needed = self._needed.get(place, NOTHING)
                self._needed[place] = needed._replace(all=tuple(dict.fromkeys((*needed.all, chain[-1]))))
            if isinstance(sample.expectation, FailsToBuild | Panics):
                aside[place] = tuple(chain)
            else:
                chain.append(place)
        for chain, aside in found.values():
            steps = self._chained(chain)
            for place, before in aside.items():
                self._samples[place] = replace(self._samples[place], before=tuple(steps[: len(before)]))
        return list(found.values())

    def _chained(self, chain: Sequence[int]) -> list[Sample]:
        """Have each step of `chain` know those before it; return them as those after them know them."""
        steps: list[Sample] = []
        for number, place in enumerate(chain):
            self._samples[place] = step = replace(self._samples[place], before=tuple(steps), last=False)
            steps.append(replace(step, before=()))
            if later := set(self._needed.get(place, NOTHING).all) & set(chain[number:]):
                others = " and ".join(sorted(str(self._samples[other].location) for other in later))
                self._refused.setdefault(
                    place,
                    Unavailability(f"it needs a step of its own session that does not come before it: {others}"),
                )
        return steps

    # --- Nodes ------------------------------------------------------------------------------------------------------

    def _nodes(self, sessions: Sequence[tuple[list[int], dict[int, tuple[int, ...]]]]) -> list[Node]:
        """Return the nodes of what is not refused. A session of which one step is refused ends before that step."""
        programs: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        stepping: set[int] = set()
        for chain, aside in sessions:
            stepping.update(chain, aside)
            if steps := tuple(takewhile(lambda place: place not in self._refused, chain)):
                programs.append((steps, ()))
            programs += [((place,), before) for place, before in aside.items() if place not in self._refused]
        for place, sample in enumerate(self._samples):
            if not sample.ignored and place not in stepping and place not in self._refused:
                programs.append(((place,), ()))
        where = {place: node for node, (steps, _) in enumerate(programs) for place in steps}
        nodes = []
        for node, (steps, before) in enumerate(programs):
            waits = [where[other] for step in steps for other in self._needed.get(step, NOTHING).all if other in where]
            nodes.append(Node(steps, before, tuple(dict.fromkeys(one for one in waits if one != node))))
        return nodes

    def _refuse_circle(self, circle: Sequence[Node]) -> None:
        """Refuse the samples of a circle that wait for each other."""
        members = {place for node in circle for place in node.steps}
        closing = [place for place in members if members & set(self._needed.get(place, NOTHING).all)]
        links = self._links(circle)
        first = min(range(len(links)), key=lambda at: self._samples[links[at]].location)
        chain = [*links[first:], *links[: first + 1]]
        places = [str(self._samples[place].location) for place in chain]
        if len(places) > MOST_SHOWN:
            places[MOST_SHOWN - 2 : -1] = [f"… {len(places) - MOST_SHOWN + 1} more …"]
        why = Unavailability(f"these samples need each other: {' → '.join(places)}", "take one of the needs away")
        for place in closing:
            self._refused.setdefault(place, why)

    def _links(self, circle: Sequence[Node]) -> list[int]:
        """Return the samples of a circle, each of which needs the next one, or is a step of the program that does."""
        exits: list[int] = []
        entries: list[int] = []
        for node, following in zip(circle, (*circle[1:], circle[0]), strict=True):
            pairs = ((step, other) for step in node.steps for other in self._needed.get(step, NOTHING).all)
            leaves, enters = next((step, other) for step, other in pairs if other in following.steps)
            exits.append(leaves)
            entries.append(enters)
        both = zip((entries[-1], *entries[:-1]), exits, strict=True)
        return [place for entry, leaves in both for place in dict.fromkeys((entry, leaves))]


def _circles(nodes: Sequence[Node]) -> list[list[int]]:
    """Return circles of which no two share a node, each in the order in which its nodes need each other.

    What is left without their nodes has no circle.
    """
    queue = Queue(nodes)
    circles: list[list[int]] = []
    left = dict.fromkeys(range(len(nodes)))
    while True:
        for place in queue.ready():
            queue.end(place)
            left.pop(place, None)
        if not left:
            return circles
        at, path = next(iter(left)), dict[int, None]()
        while at not in path:
            path[at] = None
            at = next(other for other in nodes[at].waits if other in left)
        circle = list(path)[list(path).index(at) :]
        circles.append(circle)
        for place in circle:
            left.pop(place)
            queue.end(place)


def _waiting(nodes: Sequence[Node]) -> list[list[int]]:
    """Return of each node those that wait for it."""
    found: list[list[int]] = [[] for _ in nodes]
    for place, node in enumerate(nodes):
        for other in node.waits:
            found[other].append(place)
    return found


class Queue:
    """Which nodes are ready: all that they wait for has ended.

    Args:
        nodes: Of a graph.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._left = [len(node.waits) for node in nodes]
        self._waiting = _waiting(nodes)
        self._ready = deque(place for place, count in enumerate(self._left) if not count)
        self._ended = [False] * len(nodes)

    def end(self, node: int) -> None:
        """Note that `node` has ended, however it went."""
        if self._ended[node]:
            return
        self._ended[node] = True
        for other in self._waiting[node]:
            self._left[other] -= 1
            if not self._left[other]:
                self._ready.append(other)

    def ready(self) -> Iterator[int]:
        """Yield the nodes that have become ready, each once, and those that become so meanwhile."""
        while self._ready:
            if not self._ended[node := self._ready.popleft()]:
                yield node
