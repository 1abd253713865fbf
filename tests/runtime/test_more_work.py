"""An executor that is given more while it runs: by what Outcomes make ready, and by other threads."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.shell import PATH, SHELL, Outcomes, Shell, action

from mkdocs_codeexec.core.outcome import Exited, NotStarted, Outcome
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.protocols import Bench, Scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="children need `fork`")


class Graph(Outcomes):
    """A Finish for which an Action is ready the moment its last need has ended.

    Args:
        needs: By name, the names of what each needs.
        codes: By name, what is not just `echo` and the name.
        more: Other fields of each Action.
    """

    def __init__(self, needs: dict[str, str], codes: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__()
        self.needs = {name: set(words.split()) for name, words in needs.items()}
        self.actions = {name: action(name, (codes or {}).get(name, f"echo {name}"), **more) for name in needs}
        self.lock = threading.Lock()

    @property
    def first(self) -> list[Action]:
        return [self.actions[name] for name, needs in self.needs.items() if not needs]

    def ready(self, name: str) -> Sequence[Action]:
        with self.lock:
            found = []
            for other, needs in self.needs.items():
                if name in needs:
                    needs.remove(name)
                    if not needs:
                        found.append(self.actions[other])
        return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    return found


@contextmanager
def opened(root: Path, jobs: int, *languages: Any, total: float | None = None) -> Iterator[ParallelExecutor]:
    known = SHELL | {language.name: language for language in languages}
    with Children() as children:
        yield ParallelExecutor(children, known, jobs=jobs, total_timeout=total, path=PATH, scratch_root=root)
    assert [] == list(root.iterdir())


def barrier(folder: Path, count: int) -> str:
    """Return a script that waits until `count` are at it, in vain for 10 s."""
    folder.mkdir(exist_ok=True)
    return f"touch {folder}/$$; i=0; while [ $(ls {folder} | wc -l) -lt {count} ]; do i=$((i+1)); [ $i -lt 500 ] || exit 9; sleep 0.02; done"


def crowd(folder: Path) -> str:
    """Return a script that says how many are in it."""
    folder.mkdir(exist_ok=True)
    return f"touch {folder}/$$; ls {folder} | wc -l; sleep 0.05; rm {folder}/$$"


def ends(outcomes: Outcomes) -> set[object]:
    return {step.ended for outcome in outcomes.of.values() for step in outcome.steps}


CHAIN = {"a": "", "b": "a", "c": "b", "d": "c", "e": "d"}
FAN = {"root": "", **{f"{n}": "root" for n in range(7)}, "end": " ".join(map(str, range(7)))}
SHAPES = {
    "chain": CHAIN,
    "fan": FAN,
    "diamonds": {"a": "", "b": "a", "c": "a", "d": "b c", "e": "d", "f": "d", "g": "e f"},
    "apart": {"a": "", "b": "", "c": "a", "d": "b"},
}


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_becomes_ready_is_executed(root: Path, shape: str, jobs: int) -> None:
    """Each Action is executed once, when all that it needs has ended, whatever the graph and the number of jobs."""
    needs = SHAPES[shape]
    graph = Graph(needs)
    with opened(root, jobs) as executor:
        executor.run(graph.first, graph)

    assert {name: f"{name}\n" for name in needs} == {name: of.steps[0].stdout for name, of in graph.of.items()}
    for name, words in needs.items():
        assert all(graph.order.index(need) < graph.order.index(name) for need in words.split())


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_what_becomes_ready_is_built(root: Path, jobs: int) -> None:
    """It has build steps like everything else."""
    graph = Graph(FAN, build="echo built")
    with opened(root, jobs) as executor:
        executor.run(graph.first, graph)

    assert {("built\n", f"{name}\n") for name in FAN} == {
        tuple(step.stdout for step in of.steps) for of in graph.of.values()
    }


def test_nothing_waits_for_what_it_does_not_need(root: Path) -> None:
    """There are no waves: a chain goes on while something slow, begun with its first link, does."""
    graph = Graph(CHAIN | {"slow": ""}, {"slow": "sleep 1.5"})
    with opened(root, 2) as executor:
        executor.run(graph.first, graph)

    assert [*CHAIN, "slow"] == graph.order


def test_the_pool_grows_with_what_becomes_ready(root: Path, tmp_path: Path) -> None:
    """From one at work to as many as there are jobs: those that became ready together wait for each other."""
    needs = {"a": "", "b1": "a", "b2": "a", "c1": "b1 b2", "c2": "b1 b2", "c3": "b1 b2", "c4": "b1 b2"}
    two, four = (barrier(tmp_path / f"{n}", n) for n in (2, 4))
    graph = Graph(needs, {name: {"b": two, "c": four}.get(name[0], "true") for name in needs})
    with opened(root, 4) as executor:
        executor.run(graph.first, graph)

    assert set(needs) == set(graph.of)
    assert {Exited(0)} == ends(graph)


def test_the_pool_grows_to_jobs_and_no_further(root: Path, tmp_path: Path) -> None:
    """However much becomes ready at once, no more than `jobs` run at once, in however many steps the pool grew."""
    needs = {"a": "", "b": "a", "c": "a"} | {f"{n}": "b c" for n in range(9)}
    graph = Graph(needs, dict.fromkeys(needs, crowd(tmp_path / "crowd")))
    with opened(root, 3) as executor:
        executor.run(graph.first, graph)

    at_once = max(int(of.steps[0].stdout) for of in graph.of.values())
    assert 1 < at_once <= 3


def test_what_is_made_ready_twice_is_executed_once(root: Path) -> None:
    """Equal Actions are executed once in a run, whoever returns them, and when."""
    again = action("again", "echo again")

    class Twice(Outcomes):
        def ready(self, name: str) -> Sequence[Action]:
            return [again, again] if name != "again" else [again]

    with opened(root, 2) as executor:
        executor.run([action("a", "true"), action("b", "sleep 0.2")], outcomes := Twice())

    assert {"a", "b", "again"} == set(outcomes.of)


class Crate(Shell):
    """Builds all that it is given at once, and remembers what that was."""

    def __init__(self) -> None:
        super().__init__("crate")
        self.built: list[str] = []

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        return [actions]

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[Any]:
        self.built.append(" ".join(sorted(dict(one.inputs)["name"] for one, _ in work)))
        return super().build(work, bench)


def test_what_becomes_ready_together_is_built_together(root: Path) -> None:
    """It is put in batches by its language, and what was built ahead is not built again."""
    crate = Crate()
    graph = Graph({"a": "", "b": "a", "c": "a", "d": "a", "e": "b c d"}, language="crate", build="true")
    with opened(root, 2, crate) as executor:
        executor.build_ahead([graph.actions["e"]])
        executor.run(graph.first, graph)

    assert {*graph.needs} == set(graph.of)
    assert ["a", "b c d", "e"] == sorted(crate.built)


@pytest.mark.parametrize("jobs", [1, 3])
def test_cancelled_while_more_comes(root: Path, jobs: int) -> None:
    """A run without end is ended by `stop_all`: what had ended was handed over, and nothing is begun after it."""

    class Endless(Outcomes):
        def ready(self, name: str) -> Sequence[Action]:
            if len(self.of) >= 5:
                threading.Thread(target=children.stop_all).start()
            return [action(uuid.uuid4().hex, "sleep 0.01"), action(uuid.uuid4().hex, "sleep 60")][: 1 + (name == "a")]

    outcomes = Endless()
    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=jobs, total_timeout=None, path=PATH, scratch_root=root)
        began = time.monotonic()
        with pytest.raises(Cancelled):
            executor.run([action("a", "true")] if jobs > 1 else [action("b", "true")], outcomes)
        number = len(outcomes.of)
        time.sleep(0.1)

    assert time.monotonic() - began < 20
    assert 5 <= number == len(outcomes.of)
    assert {Exited(0)} == ends(outcomes)
    assert [] == list(root.iterdir())


def test_closed_while_more_comes(root: Path) -> None:
    """Whoever closes the executor ends a run that another thread waits for."""

    class Endless(Outcomes):
        def ready(self, name: str) -> Sequence[Action]:  # noqa: ARG002
            if len(self.of) >= 5:
                threading.Thread(target=executor.close).start()
            return [action(uuid.uuid4().hex, "sleep 0.01")]

    with opened(root, 2) as executor, pytest.raises(Cancelled):
        executor.run([action("a", "true")], Endless())


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_fault_of_finish_among_others(root: Path, jobs: int) -> None:
    """It is raised at the end. What it would have made ready is not executed; the rest is, with what it makes ready."""
    graph = Graph({"a": "", "b": "a", "lost": "bad", "bad": "", "c": "b"})

    def finish(one: Action, outcome: Outcome) -> Sequence[Action]:
        if one == graph.actions["bad"]:
            raise ZeroDivisionError
        return graph(one, outcome)

    with opened(root, jobs) as executor, pytest.raises(ZeroDivisionError):
        executor.run(graph.first, finish)

    assert ["a", "b", "c"] == graph.order


def test_no_time_for_what_becomes_ready(root: Path) -> None:
    """When the time of the batch is over, all that follows has an Outcome that says so."""
    graph = Graph(CHAIN, {"a": "true", "b": "sleep 60"})
    with opened(root, 2, total=0.5) as executor:
        executor.run(graph.first, graph)

    late = NotStarted("`total_timeout` (0.5 s) was used up")
    assert [Exited(0), late, late, late, late] == [graph.of[name].steps[0].ended for name in CHAIN]


def test_a_language_that_is_not_set_up(root: Path) -> None:
    """An Action from elsewhere may name one: its Outcome says so, and a long chain of such costs no stack."""
    names = [f"{n}" for n in range(3000)]
    needs = dict(zip(names, ["", *names], strict=False))
    graph = Graph(needs, language="cobol")
    with opened(root, 2) as executor:
        executor.run(graph.first, graph)

    why = NotStarted("the language `cobol` is not set up where this was to be executed")
    assert (3000, {why}) == (len(graph.of), ends(graph))


def at_once(*calls: Callable[[], object]) -> list[BaseException]:
    """Make `calls`, each in a thread of its own, and return what they raised."""
    raised: list[BaseException] = []

    def call(one: Callable[[], object]) -> None:
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - told by whoever asks
            raised.append(error)

    threads = [threading.Thread(target=call, args=(one,)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return raised


def test_runs_of_several_threads_share_the_workers(root: Path, tmp_path: Path) -> None:
    """Each gets its own Outcomes; together they have no more than `jobs`, and one's children wait for the other's."""
    meet, room = barrier(tmp_path / "meet", 2), crowd(tmp_path / "crowd")
    graphs = [Graph(FAN, dict.fromkeys(FAN, room) | {"root": meet}) for _ in range(2)]
    for number, graph in enumerate(graphs):
        graph.actions = {
            name: action(name, one.steps[0].argv[0], toolchain=f"{number}", files=(("x", f"{number}"),))
            for name, one in graph.actions.items()
        }
    with opened(root, 3) as executor:
        assert [] == at_once(*(lambda graph=graph: executor.run(graph.first, graph) for graph in graphs))  # type: ignore[misc]

    for number, graph in enumerate(graphs):
        assert (set(FAN), {Exited(0)}) == (set(graph.of), ends(graph))
        assert {f"{number}"} == {of.toolchain for of in graph.of.values()}
        assert 3 >= max(int(of.steps[0].stdout or 0) for of in graph.of.values())


def test_what_is_under_way_for_another_thread_is_not_begun_again(root: Path, tmp_path: Path) -> None:
    """Both are handed the one Outcome; what has ended before it is asked for is executed anew."""
    ran = tmp_path / "ran"
    ran.mkdir()
    slow = action("slow", f"touch {ran}/$$; sleep 1")
    one, other = Outcomes(), Outcomes()

    def later() -> None:
        while not list(ran.iterdir()):
            time.sleep(0.01)
        executor.run([slow], other)

    with opened(root, 2) as executor:
        assert [] == at_once(lambda: executor.run([slow], one), later)
        assert 1 == len(list(ran.iterdir()))
        assert one.of["slow"] is other.of["slow"]
        executor.run([slow], Outcomes())
        assert 2 == len(list(ran.iterdir()))


def test_a_run_that_ends_leaves_the_others_alone(root: Path) -> None:
    """Neither its end nor a fault of its `finish` is anything to the run of another thread."""
    graph = Graph(CHAIN, dict.fromkeys(CHAIN, "sleep 0.15"))

    def fault(_: Action, __: Outcome) -> Sequence[Action]:
        raise ZeroDivisionError

    with opened(root, 2) as executor:
        raised = at_once(
            lambda: executor.run(graph.first, graph),
            lambda: executor.run([action("quick", "true")], fault),
        )

    assert [ZeroDivisionError] == [type(error) for error in raised]
    assert ([*CHAIN], {Exited(0)}) == (graph.order, ends(graph))
