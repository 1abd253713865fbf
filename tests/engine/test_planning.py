"""A sample is planned once and asked of the store once, as long as nothing has changed that decides about it."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support.toys import Bench, Compiled, DictStore, Toy, outcome, sample

from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.resolved import Ended, Planned
from mkdocs_codeexec.core.sample import Presentation

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.resolved import Event


@dataclass
class Asked(DictStore):
    """A store that counts how often it is asked for each key."""

    asked: Counter[Key] = field(default_factory=Counter)

    def get(self, key: Key) -> Outcome | None:
        self.asked[key] += 1
        return super().get(key)


def test_a_cold_sample_is_planned_once_and_asked_of_the_store_once() -> None:
    """Built ahead, made ready, executed: where the toolchain is known, nothing is planned again, and no key asked twice."""
    store = Asked()
    bench = Bench(toy=Compiled(toolchain="toy 1"), store=store)
    pipeline = bench.pipeline()
    with ExitStack() as stack:
        pipeline.build_ahead([sample("a"), sample("b")], lambda: stack.enter_context(bench.workers()))
        pipeline.resolve([sample("a"), sample("b"), sample("a", 9)])

    assert ["a", "b"] == bench.toy.planned
    assert [1, 1] == list(store.asked.values())
    assert [2] == bench.toy.readied


def test_what_a_page_shows_plans_nothing_anew() -> None:
    """Where a fence stands, its name and its presentation are not looked at by a language."""
    bench = Bench(toy=Toy(toolchain="toy 1"))
    first = sample("a")

    bench.resolve(first, replace(first, presentation=Presentation(source="none"), name="x"), sample("a", 7))

    assert ["a"] == bench.toy.planned
    assert ["a"] == bench.executed


def test_what_the_store_lacked_is_asked_again_after_a_survey() -> None:
    """Another process may have stored it meanwhile."""
    bench = Bench(toy=Toy(toolchain="toy 1"))
    pipeline = bench.pipeline()
    assert "miss" == pipeline.plan([sample("a")]).planned[0].state
    bench.resolve(sample("a"))  # by another pipeline
    bench.memory.clear()

    assert "miss" == pipeline.plan([sample("a")]).planned[0].state
    pipeline.survey([sample("a")])
    assert "hit" == pipeline.plan([sample("a")]).planned[0].state


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("toolchain"), st.sampled_from(["toy 1", "toy 2"])),
        st.tuples(st.just("lock"), st.sampled_from(["", "locked", "again"])),
        st.tuples(st.just("resolve"), st.text("abA ", min_size=1, max_size=3)),
        st.tuples(st.just("plan"), st.text("abA ", min_size=1, max_size=3)),
    ),
    max_size=20,
)


@given(CHANGES)
def test_a_pipeline_that_goes_on_answers_as_a_new_one(changes: list[tuple[str, str]]) -> None:
    """However often toolchains and lock files change between batches, what is kept of them answers nothing wrongly."""
    bench = Bench(toy=Toy(toolchain="toy 1"))
    kept = bench.pipeline()
    for what, value in changes:
        if what in ("toolchain", "lock"):
            lock = bench.toy.lock
            bench.toy.becomes = (value, lock) if what == "toolchain" else (bench.toy.toolchain or "toy 1", value)
            bench.toy.change()
            continue
        kept.survey([sample(value)])
        fresh = bench.pipeline()
        if what == "plan":
            assert fresh.plan([sample(value)]) == kept.plan([sample(value)])
        else:
            [answer] = kept.resolve([sample(value)])
            [again] = fresh.resolve([sample(value)])
            assert (answer.key, answer.verdict, answer.outcome) == (again.key, again.verdict, again.outcome)


def test_each_sample_is_told_planned_first_and_ended_last_and_each_once() -> None:
    """Hits, misses, equal samples, and those that are ignored."""
    bench = Bench(toy=Toy(toolchain="toy 1"))
    bench.resolve(sample("known"))
    bench.memory.clear()
    samples = [sample("known"), sample("new", 2), sample("new", 3), sample("no", 4, ignored=True)]
    heard: list[Event] = []

    resolved = bench.pipeline().resolve(samples, heard.append)

    planned = [one for one in heard if isinstance(one, Planned)]
    ended = [one.resolved for one in heard if isinstance(one, Ended)]
    assert ["hit", "miss", "miss", "ignored"] == [one.state for one in planned]
    assert [one.sample.location.line for one in planned] == [1, 2, 3, 4]
    assert heard[: len(samples)] == planned
    assert sorted(map(repr, ended)) == sorted(map(repr, resolved))
    assert [True, False, True, False] == [one.cached for one in resolved]


def test_a_plan_says_why() -> None:
    """Of a miss, why it is one."""
    unasked, known, always = (
        Bench(),
        Bench(toy=Toy(toolchain="toy 1")),
        Bench(toy=Toy(toolchain="toy 1"), mode="always"),
    )
    never, frozen = (Bench(toy=Toy(toolchain="toy 1"), mode=mode) for mode in ("never", "frozen"))

    found = [bench.pipeline().plan([sample("a")]).planned[0] for bench in (unasked, known, always, never, frozen)]

    assert [
        ("miss", "the toolchain has not been asked yet"),
        ("miss", "no outcome is stored for it"),
        ("miss", "`execute: always` runs everything"),
        ("unavailable", "`execute: never` runs nothing"),
        ("unavailable", "no stored outcome, and `execute: frozen` runs nothing"),
    ] == [(one.state, one.why) for one in found]
    assert 0 == sum(bench.opened for bench in (unasked, known, always, never, frozen))


def test_what_could_not_be_made_ready_is_tried_again() -> None:
    """A crate that does not build is an error with its reason in each batch, and no more when it is mended."""
    bench = Bench(toy=Compiled(toolchain="toy 1", broken=Unavailability("no toys")))
    pipeline = bench.pipeline()

    for _ in range(2):
        pipeline.forget()
        [found] = pipeline.resolve([sample("a")])
        assert found.why == Unavailability("no toys")
    bench.toy.broken = None
    pipeline.forget()

    assert isinstance(pipeline.resolve([sample("a")])[0].verdict, Met)
    assert ["a"] == bench.executed


def test_an_outcome_whose_files_are_gone_is_a_miss() -> None:
    """Of the store, and of what this process remembers: whoever needs these files would not get them."""
    digest = "0" * 64
    left = replace(outcome(Exited(0), "ran a"), left=(Blob("x", digest, 1),))
    bench = Bench(toy=Toy(toolchain="toy 1"), answers={"a": left})
    assert ["ran a"] * 2 == bench.resolve(sample("a")) + bench.resolve(sample("a"))
    assert ["a"] == bench.executed

    bench.store.blobs.lost.add(digest)
    assert ["ran a"] == bench.resolve(sample("a"))
    assert ["a", "a"] == bench.executed

    bench.memory.clear()
    assert ["ran a"] == bench.resolve(sample("a"))
    assert ["a", "a", "a"] == bench.executed
