"""The Engine: made from Settings alone, it answers samples by real children, without any page."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.engines import opened
from support.narrators import Listener

from mkdocs_codeexec.core.expectation import Errored, Met, Succeeds
from mkdocs_codeexec.core.resolved import Ended, Planned, Said, Started
from mkdocs_codeexec.core.sample import Given, Location, Sample
from mkdocs_codeexec.core.settings import Settings
from mkdocs_codeexec.languages import BUILTIN

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.core.resolved import Event, Resolved

RANDOM = "import uuid, time; time.sleep(0.3); print(uuid.uuid4())"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "project").mkdir()
    return Settings(
        project_dir=tmp_path / "project",
        cache_dir=tmp_path / "project/.cache",
        environment_dir=tmp_path / "environments",
        jobs=2,
        scripts={"python": BUILTIN["python"], "bash": BUILTIN["bash"]},
        host_env=dict(os.environ),
    )


def sample(code: str, language: str = "python", line: int = 1) -> Sample:
    return Sample(location=Location("a.md", line), language=language, code=code, expectation=Succeeds())


def printed(resolved: Resolved) -> str:
    assert isinstance(resolved.verdict, Met), resolved
    assert resolved.outcome is not None
    return resolved.outcome.steps[-1].stdout


def test_it_answers_samples_of_several_languages(settings: Settings) -> None:
    """In their order, and from the store the next time."""
    samples = [sample("print(6 * 7)"), sample("echo $((1 + 2))", "bash", 2)]
    first = opened(settings, Listener())
    found = first.resolve(samples)
    first.close()

    again = opened(settings, Listener()).resolve(samples)

    assert ["42\n", "3\n"] == [printed(one) for one in found] == [printed(one) for one in again]
    assert [False, False, True, True] == [one.cached for one in (*found, *again)]
    assert [one.key for one in found] == [one.key for one in again]


def test_a_plan_starts_nothing_and_leaves_nothing(settings: Settings) -> None:
    """Not even the folder of the store."""
    engine = opened(settings, Listener())

    plan = engine.plan([sample("print(1)"), sample("print(2)", line=2)])
    engine.close()

    assert (2, 0) == (plan.count("miss"), plan.count("hit"))
    assert [] == list(settings.project_dir.iterdir())


def test_what_is_not_set_up_is_answered_too(settings: Settings) -> None:
    """A language that nobody set up, and a right that the configuration does not give: each says what to do."""
    asks = replace(sample("print(1)", line=2), given=Given(network=True))
    found = opened(settings, Listener()).resolve([sample("1", "pyton"), asks, sample("print(3)", line=3)])

    assert isinstance(found[0].verdict, Errored)
    assert isinstance(found[1].verdict, Errored)
    assert "3\n" == printed(found[2])
    assert ("`pyton` is not set up as a language", "did you mean `python`?") == (
        (found[0].why.reason, found[0].why.hint) if found[0].why else ()
    )
    assert found[1].why is not None
    assert "network: ask" in found[1].why.hint


def test_whoever_listens_hears_of_each_sample(settings: Settings) -> None:
    """Planned first, ended last, and what is said between them; also of what is refused."""
    heard: list[Event] = []
    samples = [sample("print(1)"), sample("1", "pyton", 2), sample("print(1)", line=3)]

    found = opened(settings, Listener()).resolve(samples, heard.append)

    assert {1: "miss", 2: "unavailable", 3: "miss"} == {
        one.sample.location.line: one.state for one in heard if isinstance(one, Planned)
    }
    ended = {one.resolved.sample.location.line: one.resolved for one in heard if isinstance(one, Ended)}
    assert {one.sample.location.line: one for one in found} == ended
    assert ["print(1)"] == [dict(one.action.files)["sample.py"] for one in heard if isinstance(one, Started)]
    order = [type(one).__name__ for one in heard if not isinstance(one, Said)]
    assert order.index("Started") > max(number for number, word in enumerate(order) if word == "Planned")
    assert any(isinstance(one, Said) and one.message.startswith("executing 1 of 2 samples") for one in heard)


def test_threads_that_want_the_same_execute_it_once(settings: Settings) -> None:
    """Two at once get one and the same outcome, beside what only one of them wants."""
    engine = opened(settings, Listener())
    found: dict[int, list[Resolved]] = {}

    def resolve(number: int) -> None:
        found[number] = engine.resolve([sample(RANDOM), sample(f"print({number})", line=2)])

    threads = [threading.Thread(target=resolve, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert 1 == len({printed(answers[0]) for answers in found.values()})
    assert ["0\n", "1\n", "2\n"] == [printed(found[number][1]) for number in range(3)]
    assert 1 == sum(not answers[0].cached for answers in found.values())


def test_an_engine_sees_what_changes_between_two_batches(settings: Settings) -> None:
    """A file that a sample reads, for one: nothing stale is answered."""
    data = settings.project_dir / "data.txt"
    shown = sample(f"print(open({str(data)!r}).read())")
    data.touch()
    python = replace(BUILTIN["python"], readable=(data,))
    engine = opened(replace(settings, scripts={"python": python}), Listener())
    answers = []
    for text in ("one", "two", "one"):
        data.write_text(text)
        answers.append(printed(engine.resolve([shown])[0]))

    assert ["one\n", "two\n", "one\n"] == answers


def test_it_can_be_used_after_it_was_closed(settings: Settings) -> None:
    """Closing leaves what later processes want to know, and nothing is in the way of going on."""
    engine = opened(settings, Listener())
    first = printed(engine.resolve([sample(RANDOM)])[0])
    engine.close()

    assert first == printed(engine.resolve([sample(RANDOM)])[0])
    assert "5\n" == printed(engine.resolve([sample("print(5)")])[0])
