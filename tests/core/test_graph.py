"""What waits for what, in any order of pages, without waves and without recursion."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.expectation import FailsToBuild, Succeeds
from mkdocs_codeexec.core.graph import Graph, Queue, graph_of
from mkdocs_codeexec.core.sample import ALONE, Links, Location, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


def one(
    line: int,
    name: str = "",
    needs: Sequence[str] = (),
    page: str = "a.md",
    *,
    session: str = "",
    file: str = "",
    ignored: bool = False,
    code: str = "",
    fails: bool = False,
) -> Sample:
    links = Links(needs=tuple(needs), session=session, file=file)
    return Sample(
        location=Location(page, line),
        language="toy",
        code=code or f"{page}:{line}",
        expectation=FailsToBuild() if fails else Succeeds(),
        name=name,
        links=ALONE if links == ALONE else links,
        ignored=ignored,
    )


def order(graph: Graph) -> list[int]:
    """Return the samples in an order in which they may be executed."""
    queue, found = Queue(graph.nodes), []
    for node in queue.ready():
        found.extend(graph.nodes[node].steps)
        queue.end(node)
    return found


def test_a_need_comes_first_wherever_it_stands() -> None:
    graph = graph_of([one(5, needs=["b.md#x"]), one(3, "x", page="b.md"), one(9, needs=["y", "b.md#x"]), one(7, "y")])

    assert not graph.refused
    assert [1, 3, 0, 2] == order(graph)


@pytest.mark.parametrize(
    ("needs", "page", "reason", "hint"),
    [
        ("yy", "a.md", "there is no sample `yy`, which it needs", "did you mean `yyy` (a.md:1)?"),
        ("zz", "a.md", "there is no sample `zz`, which it needs", 'give a sample of that page the name: `name="zz"`'),
        ("yyy", "b.md", "there is no sample `yyy`, which it needs", "`yyy` is a sample of another page (a.md:1): write `a.md#yyy`"),
        ("c/d.md#x", "a.md", "there is no page `c/d.md` with samples, which it needs", "did you mean `c/dd.md#x`?"),
        ("twice", "a.md", "`twice`, which it needs, is the name of several samples: a.md:2 and a.md:3", "rename one"),
        ("off", "a.md", "`off` (a.md:4), which it needs, is ignored", "take `ignore` away there, or the need here"),
    ],
)  # fmt: skip
def test_what_cannot_be_needed(needs: str, page: str, reason: str, hint: str) -> None:
    named = [one(1, "yyy"), one(2, "twice"), one(3, "twice"), one(4, "off", ignored=True), one(1, "x", page="c/dd.md")]
    graph = graph_of([*named, one(9, needs=[needs], page=page)])

    assert [5] == list(graph.refused)
    assert (reason, hint) == (graph.refused[5].reason, graph.refused[5].hint)
    assert 4 == len(order(graph))


def test_pages_are_named_as_in_links() -> None:
    """From the page itself; or from the top."""
    graph = graph_of([one(1, "x", page="guide/a.md"), *(one(2, needs=[n], page="guide/b.md") for n in ("a.md#x", "guide/a.md#x"))])  # fmt: skip

    assert not graph.refused


@pytest.mark.parametrize("turn", range(3))
def test_a_circle_is_named_by_its_chain(turn: int) -> None:
    """From its first place, whichever sample came first; what waits for it and what does not goes on."""
    circle = [one(5, "a", ["b"]), one(20, "b", ["c"]), one(30, "c", ["a"])]
    samples = [*circle[turn:], *circle[:turn], one(40, "d", ["a"]), one(50, "e")]
    graph = graph_of(samples)

    assert {"these samples need each other: a.md:5 → a.md:20 → a.md:30 → a.md:5"} == {
        w.reason for w in graph.refused.values()
    }
    assert {0, 1, 2} == set(graph.refused)
    assert [3, 4] == sorted(order(graph))


def test_who_needs_itself() -> None:
    graph = graph_of([one(5, "a", ["a"])])

    assert "it needs itself" == graph.refused[0].reason


def test_a_session_is_one_node_and_what_must_not_compile_stands_beside_it() -> None:
    samples = [one(1, session="s"), one(2, session="s", fails=True), one(3, session="s", needs=["x"]), one(4, "x")]
    graph = graph_of([*samples, one(5, session="t"), one(6, session="s", page="b.md")])

    assert [(0, 2), (1,), (4,), (5,), (3,)] == [node.steps for node in graph.nodes]
    assert (0,) == graph.nodes[1].before
    assert [samples[0].code] == [step.code for step in graph.samples[2].before]
    assert [samples[0].code] == [step.code for step in graph.samples[1].before]
    assert (3, 0) == graph.of(2).all
    assert (0,) == graph.of(1).all


def test_a_session_with_a_step_that_is_refused_ends_before_it() -> None:
    graph = graph_of([one(1, session="s"), one(2, session="s", needs=["none"]), one(3, session="s")])

    assert [(0,)] == [node.steps for node in graph.nodes]
    assert [1] == list(graph.refused)
    assert (1,) == graph.of(2).all


def test_a_step_cannot_need_a_later_one() -> None:
    graph = graph_of([one(1, session="s", needs=["x"]), one(2, "x", session="s")])

    assert "it needs a step of its own session that does not come before it: a.md:2" == graph.refused[0].reason


def test_a_file_is_what_was_last_written() -> None:
    """A sample that is a file has the page's other files as they are there; what needs a file has that one."""
    samples = [
        one(1, "old", file="lib.rs", ignored=True, code="1"),
        one(2, file="main.rs"),
        one(3, "new", file="lib.rs", ignored=True, code="2"),
        one(4, file="main.rs"),
        one(5, needs=["old"]),
        one(6, needs=["old", "new"]),
    ]
    graph = graph_of(samples)

    assert [(0,), (2,), (0,)] == [graph.of(place).texts for place in (1, 3, 4)]
    assert "two of its needs are the file `lib.rs`: a.md:1 and a.md:3" == graph.refused[5].reason


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), max_size=12))
def test_whatever_is_needed_ends_once_and_in_order(needs: list[list[int]]) -> None:
    """Of any needs: what is in no circle and needs no unknown comes after all that it needs; no circle is left."""
    samples = [one(place, f"n{place}", [f"n{other}" for other in wants]) for place, wants in enumerate(needs)]
    graph = graph_of(samples)
    found = order(graph)

    assert sorted(found) == [place for place in range(len(needs)) if place not in graph.refused]
    for place in found:
        for other in needs[place]:
            assert other in graph.refused or found.index(other) < found.index(place)
    for place, why in graph.refused.items():
        assert (
            "each other" in why.reason or "itself" in why.reason or any(other >= len(needs) for other in needs[place])
        )


def shaped(shape: str, number: int) -> list[Sample]:
    if shape == "fan":
        return [one(0, "n0"), *(one(place, f"n{place}", ["n0"]) for place in range(1, number))]
    if shape == "circles":
        return [one(place, f"n{place}", [f"n{place ^ 1}"]) for place in range(number)]
    samples = [one(place, f"n{place}", [f"n{place - 1}"] if place else []) for place in range(number)]
    if shape == "circle":
        samples[0] = one(0, "n0", [f"n{number - 1}"])
    return samples


@pytest.mark.parametrize("shape", ["chain", "fan", "circle", "circles"])
def test_ten_thousand_are_linked_without_recursion(shape: str) -> None:
    number = 10_000
    found = order(graph_of(list(reversed(shaped(shape, number)))))

    assert (0 if "circle" in shape else number) == len(found)
    if shape == "chain":
        assert all(a > b for a, b in pairwise(found))


@pytest.mark.parametrize("shape", ["chain", "fan", "circle", "circles"])
def test_the_work_grows_with_their_number(shape: str) -> None:
    """Counted in calls, which no machine makes more of: ten times as many samples take ten times as many."""

    def calls(number: int) -> int:
        count = 0

        def seen(*_: object) -> None:
            nonlocal count
            count += 1

        samples = shaped(shape, number)
        before = sys.getprofile()
        sys.setprofile(seen)
        try:
            graph_of(samples)
        finally:
            sys.setprofile(before)
        return count

    assert calls(2000) < 11 * calls(200)


def test_a_long_circle_is_told_in_one_line() -> None:
    graph = graph_of(shaped("circle", 1000))

    assert "a.md:0 → a.md:999 → " in graph.refused[0].reason
    assert "… 990 more … → a.md:0" in graph.refused[0].reason
    assert len(graph.refused[0].reason) < 200


def test_a_circle_through_a_session_names_the_step_that_needs_and_the_one_that_is_needed() -> None:
    """Each place of the chain needs the next one, or is a step of one program with it."""
    session = [one(1, session="s"), one(2, "b", session="s"), one(3, session="s", needs=["x"])]
    graph = graph_of([*session, one(9, "x", ["b"])])

    told = "these samples need each other: a.md:2 → a.md:3 → a.md:9 → a.md:2"
    assert {told} == {graph.refused[place].reason for place in (2, 3)}
