"""What a store holds: listed, and removed one by one."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.settings import Settings
from mkdocs_codeexec.runtime.opening import open_store
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.protocols import Store


def action(code: str, *, structure: str | None = None, observed: bool = False) -> Action:
    step = Step(kind="run", argv=("x",), timeout=1.0)
    files = (("x", code),)
    return Action(language="sh", files=files, steps=(step,), toolchain="sh 1", structure=structure, observed=observed)


def outcome(text: str = "hello\n", inputs: Inputs = ()) -> Outcome:
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    return Outcome(language="sh", steps=(step,), toolchain="sh 1", inputs=inputs)


def files(store: Path) -> list[Path]:
    return [path for path in store.rglob("*.json") if path.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store", pytest.fail)


def test_entries_are_the_outcomes(store: DirectoryStore) -> None:
    """Each by the key that finds it, with what it takes on the disk and when it was used; nothing else is listed."""
    before = time.time() - 2
    assert [] == list(store.entries())
    inputs = (("read:/a", "1"),)
    store.put(action("a", structure="s"), outcome())
    store.put(action("b", observed=True), outcome("x" * 100_000, inputs))
    Path(store._tree.root, "results", "notes.json").write_text("{}")

    found = {entry.key: entry for entry in store.entries()}

    assert {action("a").key, observed_key(action("b").key, inputs)} == set(found)
    assert all(store.get(key) is not None for key in found)
    large, small = sorted((entry.size for entry in found.values()), reverse=True)
    assert small < 10_000
    assert large > 100_000
    assert all(before < entry.used < time.time() + 2 for entry in found.values())


def test_an_entry_is_used_when_it_is_asked_for(store: DirectoryStore) -> None:
    """So that what was used longest ago can be told."""
    one = action("a")
    store.put(one, outcome())
    [path] = Path(store._tree.root, "results").rglob("*.json")
    os.utime(path, (1000, 1000))
    assert [1000.0] == [entry.used for entry in store.entries()]

    store.get(one.key)

    assert [True] == [entry.used > 1000.0 for entry in store.entries()]


def test_what_is_removed_is_a_miss_by_every_key(store: DirectoryStore) -> None:
    """Nothing that led to it is left, and nothing else goes; it is told how much was there."""
    one, other = action("a", structure="s"), action("b", structure="t")
    for each in (one, other):
        store.put(each, outcome(f"{each.key}\n"))

    assert 1 == store.remove(one.key)

    assert one.structural_key is not None
    assert other.structural_key is not None
    assert [None] * 3 == [store.get(one.key), store.find(one.request_key), store.similar(one.structural_key)]
    assert all([store.get(other.key), store.find(other.request_key), store.similar(other.structural_key)])
    assert [other.key] == [entry.key for entry in store.entries()]
    assert 3 == len(files(store._tree.root))
    assert 0 == store.remove(one.key)
    store.put(one, outcome())
    assert store.get(one.key) is not None


def test_many_are_removed_at_once(store: DirectoryStore) -> None:
    """The store is empty then, as if nothing had been put."""
    many = [action(f"{n}", structure=f"{n}") for n in range(20)]
    for one in many:
        store.put(one, outcome())

    assert 20 == store.remove(*(one.key for one in many), Key("0" * 64))

    assert [] == files(store._tree.root)


def test_a_list_that_leads_to_other_outcomes_stays(store: DirectoryStore) -> None:
    """What was observed of one Action leads to several Outcomes: those that are not removed are found as before."""
    one = action("a", observed=True)
    lists: list[Inputs] = [(("read:/a", f"{n}"),) for n in range(3)]
    keys = [observed_key(one.key, inputs) for inputs in lists]
    for inputs in lists:
        store.put(one, outcome(repr(inputs), inputs))

    assert 1 == store.remove(keys[2])  # the last one, which the request key leads to

    found = [store.get(observed_key(one.key, inputs)) for inputs in store.lists(one.key)]
    assert [True, True] == [each is not None for each in found if each is not None]
    assert None is store.find(one.request_key)
    assert 2 == store.remove(*keys)


@pytest.mark.parametrize("name", ["", "..", "../../outside", "a" * 63, "A" * 64, "g" * 64, "0" * 64 + "/.."])
def test_a_name_that_is_no_key_removes_nothing(store: DirectoryStore, tmp_path: Path, name: str) -> None:
    """Names may come from a command line."""
    store.put(action("a"), outcome())
    (tmp_path / "outside.json").write_text("{}")
    before = files(tmp_path)

    assert 0 == store.remove(Key(name))

    assert before == files(tmp_path)


def test_a_damaged_entry_can_be_removed(store: DirectoryStore) -> None:
    """It is listed, and goes like others, with what leads to it."""
    one = action("a")
    store.put(one, outcome())
    [path] = Path(store._tree.root, "results").rglob("*.json")
    path.write_text("damaged")

    [entry] = store.entries()
    assert (one.key, 1) == (entry.key, store.remove(entry.key))
    assert [] == files(store._tree.root)


def test_a_store_that_is_not_written_to_keeps_all(store: DirectoryStore) -> None:
    """Where nothing is stored nothing is removed."""
    one = action("a")
    store.put(one, outcome())
    reader = DirectoryStore(store._tree.root, pytest.fail, writable=False)

    assert 0 == reader.remove(one.key)
    assert [one.key] == [entry.key for entry in reader.entries()]


def test_what_cannot_be_removed_is_told_once(tmp_path: Path) -> None:
    """It stays, and so does what leads to it."""
    said: list[str] = []
    store = DirectoryStore(tmp_path / "store", said.append)
    store.put(action("a"), outcome())
    [path] = Path(tmp_path, "store/results").rglob("*.json")
    path.unlink()
    path.mkdir()  # what is there in its place is nothing that a store deletes

    assert [0, 0] == [store.remove(action("a").key) for _ in range(2)]

    [message] = said
    assert message.startswith(f"{path}: the result of a sample could not be deleted (")
    assert "\n\nhint: " in message
    assert store.failed
    assert path.is_dir()


def test_the_store_that_settings_ask_for(tmp_path: Path) -> None:
    """It is where they say, keeps as much as they say, and writes nothing where they say so."""
    settings = Settings(
        project_dir=tmp_path, cache_dir=tmp_path / "cache", environment_dir=tmp_path / "built", cache_size=1
    )
    store: Store = open_store(settings, pytest.fail)
    assert [] == list(tmp_path.iterdir())
    for number in range(12):
        store.put(action(f"{number}"), outcome("x" * 200_000))
    store.close()
    assert 12 == len(list(store.entries()))
    again = open_store(settings, pytest.fail)
    again.put(action("last"), outcome())
    again.tidy()
    assert 1 < len(list(again.entries())) < 6
    assert again.get(action("last").key) == outcome()

    reading = open_store(replace(settings, cache_dir=tmp_path / "none", cache_write=False), pytest.fail)
    reading.prepare()
    reading.put(action("a"), outcome())
    assert not (tmp_path / "none").exists()
