"""The pipeline behind its Protocols: what is executed, what is not, and what is said of it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.toys import Bench, Compiled, Toy, outcome, sample

from mkdocs_codeexec.core.expectation import Errored, Met, Skipped, Unmet
from mkdocs_codeexec.core.outcome import Exited, NotStarted, TimedOut
from mkdocs_codeexec.core.protocols import Unavailability

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import SandboxMode
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ExecuteMode
    from mkdocs_codeexec.engine.pipeline import Pipeline


def test_a_hit_starts_nothing() -> None:
    """The second build opens no workers and asks no toolchain."""
    bench = Bench()

    assert ["ran a", "ran b"] == bench.resolve(sample("a"), sample("b"))
    assert ["ran a", "ran b"] == bench.resolve(sample("a"), sample("b"))
    assert (1, ["a", "b"], [2, 2]) == (bench.opened, bench.executed, bench.toy.readied)


def test_equal_samples_run_once() -> None:
    """Two identical samples share one execution, and only the first counts as executed."""
    bench = Bench()
    resolved = bench.pipeline().resolve([sample("a", 1), sample("a", 9)])

    assert ["a"] == bench.executed
    assert [False, True] == [item.cached for item in resolved]
    assert [1, 9] == [item.sample.location.line for item in resolved]


def test_one_edit_runs_one_sample() -> None:
    """Only what is new is executed."""
    bench = Bench()
    bench.resolve(sample("a"), sample("b"))
    bench.executed.clear()

    assert ["ran a", "ran c"] == bench.resolve(sample("a"), sample("c"))
    assert ["c"] == bench.executed


def test_a_lock_file_that_appears_changes_the_keys() -> None:
    """Keys are planned again after the Environment was built, and the next build finds them."""
    bench = Bench(toy=Toy(becomes=("toy 1", "locked")))
    bench.resolve(sample("a"))
    before = set(bench.store.outcomes)
    bench.memory.clear()

    assert ["ran a"] == bench.resolve(sample("a"))
    assert (["a"], before) == (bench.executed, set(bench.store.outcomes))


def test_no_environment_is_built_for_hits_that_looked_like_misses() -> None:
    """A restored store on a new machine: the toolchain must be asked, and then everything is a hit."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.toy = Toy()
    bench.memory.clear()

    assert ["ran a"] == bench.resolve(sample("a"))
    assert (["a"], [1]) == (bench.executed, bench.toy.readied)


def test_another_toolchain_is_a_miss() -> None:
    """What one compiler printed is not what another prints."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.toy = Toy(becomes=("toy 2", ""))
    bench.resolve(sample("a"))

    assert ["a", "a"] == bench.executed


def test_a_timeout_is_not_stored_but_remembered() -> None:
    """It runs again in the next process, not at the next rebuild of this one."""
    bench = Bench(answers={"a": outcome(TimedOut(1.0))})

    assert ["Unmet(reason='run timed out after 1 s')"] == bench.resolve(sample("a"))
    assert {} == bench.store.outcomes
    bench.resolve(sample("a"))
    assert ["a"] == bench.executed
    bench.memory.clear()
    bench.resolve(sample("a"))
    assert ["a", "a"] == bench.executed


def test_what_could_not_start_is_tried_again() -> None:
    """A child that could not be started says nothing about the sample, not even for this process."""
    bench = Bench(answers={"a": outcome(NotStarted("no memory"))})
    verdicts = [bench.resolve(sample("a")) for _ in range(2)]

    assert [["Errored(reason='not started: no memory')"]] * 2 == verdicts
    assert ["a", "a"] == bench.executed


def test_always_runs_what_is_stored() -> None:
    """`execute: always` asks no store."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.mode = "always"
    bench.memory.clear()
    bench.resolve(sample("a"))

    assert ["a", "a"] == bench.executed


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        ("frozen", Errored("no stored outcome, and `execute: frozen` runs nothing")),
        ("never", Skipped("not executed: `execute: never`")),
    ],
)
def test_frozen_and_never_execute_nothing(mode: ExecuteMode, verdict: object) -> None:
    """Both answer from the request index, without any toolchain; a miss is an error only when frozen."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.executed.clear()
    bench.toy, bench.mode, bench.opened = Toy(), mode, 0

    assert ["ran a", repr(verdict)] == bench.resolve(sample("a"), sample("b"))
    assert ([], 0, []) == (bench.executed, bench.opened, bench.toy.readied)


def test_without_a_toolchain_other_samples_go_on() -> None:
    """A language that is not available yields errors with its reason, and asks the executor for nothing."""
    bench = Bench(toy=Toy(broken=Unavailability("`toy` was not found", "install it")))
    resolved = bench.pipeline().resolve([sample("a"), sample("b", ignored=True)])

    assert [Errored("`toy` was not found"), Skipped("ignored")] == [item.verdict for item in resolved]
    assert "install it" == (resolved[0].why.hint if resolved[0].why else "")
    assert ([], [1]) == (bench.executed, bench.toy.readied)


def test_an_environment_that_breaks_later_stops_its_samples() -> None:
    """What is refused is not handed to the executor, although its key is known."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.toy.broken = Unavailability("`tally` does not build")
    resolved = bench.pipeline().resolve([sample("a"), sample("b")])

    assert [Met(), Errored("`tally` does not build")] == [item.verdict for item in resolved]
    assert ["a"] == bench.executed


def test_without_a_toolchain_stored_outcomes_are_shown() -> None:
    """A machine without the compiler still shows what another one stored, and says so."""
    bench = Bench()
    bench.resolve(sample("a"))
    bench.toy = Toy(broken=Unavailability("`toy` was not found"))

    assert ["ran a"] == bench.resolve(sample("a"))
    assert "`toy` was not found: 1 stored outcome of another toolchain is shown instead" == bench.said[-1]


def test_an_unmet_expectation_is_judged_from_the_store() -> None:
    """A failed sample is a perfectly good hit."""
    bench = Bench(answers={"a": outcome(Exited(3))})
    first, second = bench.resolve(sample("a")), bench.resolve(sample("a"))

    assert [repr(Unmet("exit status 3"))] == first == second
    assert ["a"] == bench.executed


LAYOUTS = [
    ("formatting", "a b", "ab", ["ran a b"], ["a b"]),
    ("more than formatting", "a b", "abc", ["ran abc"], ["a b", "abc"]),
    ("what sees its layout", "A B", "AB", ["ran AB"], ["A B", "AB"]),
]


@pytest.mark.parametrize(
    ("first", "second", "shown", "executed"), [r[1:] for r in LAYOUTS], ids=[r[0] for r in LAYOUTS]
)
def test_formatting_is_a_hit(first: str, second: str, shown: list[str], executed: list[str]) -> None:
    """A sample whose layout alone has changed has the Outcome of before, and from then on in its own right."""
    bench = Bench()
    bench.resolve(sample(first))

    assert shown == bench.resolve(sample(second))
    assert executed == bench.executed
    bench.store.structures.clear()
    assert shown == bench.resolve(sample(second))
    assert executed == bench.executed


def test_a_failure_is_not_a_hit_for_another_layout() -> None:
    """What failed may have told of a place, so it runs again when lines have moved."""
    bench = Bench(answers={"a b": outcome(Exited(1), "at 1:2")})
    bench.resolve(sample("a b"))

    assert ["ran ab"] == bench.resolve(sample("ab"))


def ahead(bench: Bench, pipeline: Pipeline, *samples: Sample) -> None:
    with ExitStack() as stack:
        pipeline.build_ahead(samples, lambda: stack.enter_context(bench.workers()))


def test_only_what_is_missing_is_built_ahead() -> None:
    """Hits, ignored samples and what has nothing to build are left alone; nothing is executed."""
    bench = Bench(toy=Compiled())
    bench.resolve(sample("known"))
    bench.executed.clear()

    ahead(bench, bench.pipeline(), sample("known"), sample("new", 2), sample("no", 3, ignored=True))

    assert ["new"] == bench.ahead
    assert [] == bench.executed


@pytest.mark.parametrize("mode", ["frozen", "never"])
def test_nothing_is_built_ahead_where_nothing_runs(mode: ExecuteMode) -> None:
    """`frozen` and `never` open no workers, and neither do samples without a build step."""
    bench = Bench(toy=Compiled(), mode=mode)
    interpreted = Bench()

    ahead(bench, bench.pipeline(), sample("a"))
    ahead(interpreted, interpreted.pipeline(), sample("a"))

    assert (0, 0) == (bench.opened, interpreted.opened)


def test_what_could_not_be_built_ahead_is_not_tried_twice() -> None:
    """An Environment that failed ahead of the batch is not built again by the batch, and its reason is told."""
    bench = Bench(toy=Compiled(broken=Unavailability("no toys")))
    pipeline = bench.pipeline()

    ahead(bench, pipeline, sample("a"))
    [found] = pipeline.resolve([sample("a")])

    assert found.verdict == Errored("no toys")
    assert [1] == bench.toy.readied


def test_the_store_is_asked_once() -> None:
    """What was looked up ahead of the batch is not read again."""
    bench = Bench(toy=Compiled())
    bench.resolve(sample("a"))
    bench.memory.clear()
    pipeline = bench.pipeline()
    ahead(bench, pipeline, sample("a"))
    bench.store.outcomes.clear()

    [found] = pipeline.resolve([sample("a")])

    assert found.cached
    assert isinstance(found.verdict, Met)


def test_a_sandbox_that_is_too_weak_is_an_error_of_each_sample() -> None:
    """Where `sandbox: required` refuses, nothing is executed, and each sample says why; what is stored is shown."""
    bench = Bench(toy=Toy("toy", "toy 1"), refusal=Unavailability("too weak", "try: something"), sandbox="required")
    bench.store.put(bench.toy.plan(sample("a")), replace(outcome(Exited(0), "stored"), sandbox="landlock"))

    first, second = bench.pipeline().resolve([sample("a"), sample("b")])

    assert ["Met", "Errored"] == [type(item.verdict).__name__ for item in (first, second)]
    assert Unavailability("too weak", "try: something") == second.why
    assert [] == bench.executed


@pytest.mark.parametrize("mode", ["auto", "frozen"])
@pytest.mark.parametrize("produced", ["strict", "bubblewrap", "landlock", "limits", "off"])
def test_an_outcome_of_a_weaker_tier_is_a_miss_where_more_is_required(produced: str, mode: ExecuteMode) -> None:
    """`required` takes what was produced in isolation, `strict` what was produced so; however it is found."""
    wanted: dict[SandboxMode, tuple[str, ...]] = {
        "strict": ("strict",),
        "required": ("strict", "bubblewrap", "landlock"),
        "auto": ("strict", "bubblewrap", "landlock", "limits", "off"),
        "off": ("strict", "bubblewrap", "landlock", "limits", "off"),
    }
    for sandbox, taken in wanted.items():
        bench = Bench(toy=Toy("toy", "toy 1"), sandbox=sandbox, mode=mode)
        bench.store.put(bench.toy.plan(sample("a")), replace(outcome(Exited(0), "stored"), sandbox=produced))

        [found] = bench.pipeline().resolve([sample("a")])

        assert (produced in taken) == (found.outcome is not None and found.cached)
