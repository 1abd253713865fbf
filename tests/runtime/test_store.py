"""A store on a real disk: what comes back, what is deleted, and how its directory is made."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.codec import to_json
from mkdocs_codeexec.core.displays import Content
from mkdocs_codeexec.core.outcome import (
    Diagnostic,
    Exited,
    NotStarted,
    Outcome,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    Span,
    StepResult,
    TimedOut,
)
from mkdocs_codeexec.runtime import eviction
from mkdocs_codeexec.runtime.entries import encode
from mkdocs_codeexec.runtime.store import DirectoryStore
from mkdocs_codeexec.untrusted import Tree


def action(code: str = "fn main() {}", toolchain: str | None = "rustc 1.95.0", structure: str | None = None) -> Action:
    step = Step(kind="run", argv=("{exe}",), timeout=10)
    return Action(language="rust", files=(("main.rs", code),), steps=(step,), toolchain=toolchain, structure=structure)


def structural_key(structure: str) -> Key:
    key = action(structure=structure).structural_key
    assert key is not None
    return key


def outcome(stdout: str = "hello\n", ended: Any = Exited(0)) -> Outcome:  # noqa: B008 - a value
    step = StepResult(kind="run", stdout=stdout, stderr="", ended=ended, duration=0.25)
    return Outcome(language="rust", steps=(step,), toolchain="rustc 1.95.0", sandbox="off")


class Warnings(list[str]):
    """Messages that a store gave."""

    def __call__(self, message: str) -> None:
        self.append(message)


def path_of(directory: Path, key: str, what: str = "results") -> Path:
    return directory / what / "v1" / key[:2] / f"{key}.json"


def entries(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file() and path.suffix == ".json")


# --- What comes back ------------------------------------------------------------------------------------------------------


def test_what_was_put_is_found_by_both_keys(tmp_path: Path) -> None:
    """An Outcome is found under the key of its Action, and under its request key, by this store and by others."""
    put = action()
    DirectoryStore(tmp_path / "deep" / "store", pytest.fail).put(put, outcome())
    other = DirectoryStore(tmp_path / "deep" / "store", pytest.fail)

    assert outcome() == other.get(put.key)
    assert outcome() == other.find(put.request_key)
    assert None is other.get(action("other").key)
    assert None is other.find(action("other").request_key)
    assert None is other.get(put.request_key)


def test_a_request_finds_what_was_stored_last(tmp_path: Path) -> None:
    """Whichever toolchain made it: the request key knows none."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action(), outcome("old\n"))
    store.put(action(toolchain="rustc 1.96.0"), outcome("new\n"))

    assert outcome("new\n") == store.find(action(toolchain=None).request_key)
    assert outcome("old\n") == store.get(action().key)


def test_an_entry_can_be_read_by_people(tmp_path: Path) -> None:
    """An entry has the fields of the contract, on lines of their own, in plain UTF-8."""
    put = action()
    DirectoryStore(tmp_path, pytest.fail).put(put, outcome("grüße 😀\n"))
    text = path_of(tmp_path, put.key).read_text("utf-8")
    entry = json.loads(text)

    assert {"format", "key", "language", "steps", "duration_ms", "toolchain", "sandbox", "sha256"} == set(entry)
    assert {"kind", "stdout", "stderr", "diagnostics", "ended", "truncated", "duration_ms"} == set(entry["steps"][0])
    assert (1, put.key, 250) == (entry["format"], entry["key"], entry["duration_ms"])
    assert '"stdout": "grüße 😀\\n"' in text
    assert len(text.splitlines()) > 10
    index = json.loads(path_of(tmp_path, put.request_key, "requests").read_text("utf-8"))
    assert {"format", "name", "key", "sha256"} == set(index)
    assert (1, put.request_key, put.key) == (index["format"], index["name"], index["key"])


def test_ends_of_lines_may_change(tmp_path: Path) -> None:
    """A checkout on another system may change them, and nothing else."""
    put = action()
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(put, outcome("ä\n"))
    for path in entries(tmp_path):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert outcome("ä\n") == store.get(put.key) == store.find(put.request_key)


def test_the_checksum_is_of_the_text_before_it(tmp_path: Path) -> None:
    """So other programs can check an entry: all that stands before the last field, and the comma, is its payload."""
    DirectoryStore(tmp_path, pytest.fail).put(action(structure="a"), outcome("ä\n"))

    for path in entries(tmp_path):
        payload, _, seal = path.read_bytes().rpartition(b',\n "sha256": ')
        assert f'"{hashlib.sha256(payload).hexdigest()}"\n}}\n' == seal.decode()


CONTENTS = (Content("text/plain", "1" * 64, 3), Content("image/svg+xml", "2" * 64, 2000))


@pytest.mark.parametrize(
    ("named", "shown", "written"),
    [
        (CONTENTS, CONTENTS, True),
        (CONTENTS * 2, CONTENTS, True),
        (CONTENTS, CONTENTS[:1], [list(CONTENTS[0])]),
        (CONTENTS, CONTENTS[::-1], [list(one) for one in CONTENTS[::-1]]),
        (CONTENTS[:1], CONTENTS, [list(one) for one in CONTENTS]),
        ((), CONTENTS[:1], [list(CONTENTS[0])]),
        (CONTENTS, (), None),
    ],
    ids=["all", "twice", "not all", "another order", "more", "unnamed", "none"],
)
def test_what_is_shown_comes_back(
    tmp_path: Path, named: tuple[Content, ...], shown: tuple[Content, ...], written: object
) -> None:
    """Written once if the output names exactly that: a program may write names of what it has not shown."""
    text = "a\n" + "".join(displays.section((content,), whole=False) for content in named) + "b\n"
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0), shown=shown)
    kept = Outcome(language="sh", steps=(step,), toolchain="sh 1")
    DirectoryStore(tmp_path, pytest.fail).put(action(), kept)

    assert kept == DirectoryStore(tmp_path, pytest.fail).get(action().key)
    assert written == json.loads(path_of(tmp_path, action().key).read_bytes())["steps"][0].get("shown")


TEXT = st.text() | st.sampled_from(["\ud800", "a\udfff", "\0\x1b[1m\u2028", "…", "\r\n"])
SPANS = st.builds(Span, TEXT, *[st.integers(0, 999_999_999)] * 4, st.booleans(), TEXT)
DIAGNOSTICS = st.builds(Diagnostic, TEXT, TEXT, TEXT, TEXT, st.lists(SPANS, max_size=2).map(tuple))
COUNT = st.integers(0, 2**40)
RESULTS = st.builds(
    StepResult,
    kind=st.sampled_from(["build", "run"]),
    stdout=TEXT,
    stderr=TEXT,
    ended=st.builds(Exited, st.integers(0, 255)),
    diagnostics=st.lists(DIAGNOSTICS, max_size=2).map(tuple),
    truncated=st.tuples(COUNT, COUNT),
    duration=st.integers(0, 10**6).map(lambda ms: ms / 1000),
)
OUTCOMES = st.builds(
    Outcome, language=TEXT, steps=st.lists(RESULTS, min_size=1, max_size=3).map(tuple), toolchain=TEXT, sandbox=TEXT
)


# --- By structure -----------------------------------------------------------------------------------------------------------


def test_a_structure_finds_what_was_stored_last(tmp_path: Path) -> None:
    """Whatever comments and formatting it was made from; what was stored without a structure is not found by one."""
    store = DirectoryStore(tmp_path, pytest.fail)
    assert None is store.similar(structural_key("a"))
    store.put(action("a // one", structure="a"), outcome("one\n"))
    store.put(action("a // two", structure="a"), outcome("two\n"))
    store.put(action("a // three"), outcome("three\n"))

    assert outcome("two\n") == store.similar(structural_key("a"))
    assert outcome("one\n") == store.get(action("a // one").key)
    assert [None, None] == [store.similar(structural_key("b")), store.similar(action("a // one").key)]
    index = json.loads(path_of(tmp_path, structural_key("a"), "structures").read_text("utf-8"))
    assert (structural_key("a"), action("a // two").key) == (index["name"], index["key"])


def test_no_structure_no_index(tmp_path: Path) -> None:
    """A store of Actions without structures has no folder for them."""
    DirectoryStore(tmp_path, pytest.fail).put(action(), outcome())

    assert {"results", "requests"} == {path.name for path in tmp_path.iterdir() if path.is_dir()}


@pytest.mark.parametrize("gone", ["results", "requests", "structures"])
def test_any_folder_may_be_deleted(tmp_path: Path, gone: str) -> None:
    """What is left answers what it can; the next Outcome mends the rest."""
    store = DirectoryStore(tmp_path, pytest.fail)
    one = action(structure="a")
    store.put(one, outcome())
    shutil.rmtree(tmp_path / gone)

    found = [store.get(one.key), store.find(one.request_key), store.similar(structural_key("a"))]
    expected = {"results": [False] * 3, "requests": [True, False, True], "structures": [True, True, False]}
    assert expected[gone] == [each == outcome() for each in found]
    store.put(one, outcome())
    assert outcome() == store.similar(structural_key("a"))


@settings(max_examples=100 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=OUTCOMES)
def test_get_is_the_inverse_of_put(tmp_path: Path, written: Outcome) -> None:
    """Whatever Outcome is put is what comes back, lone surrogates included."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action(), written)

    assert written == store.get(action().key)


@pytest.mark.parametrize(
    "ended",
    [Signaled(9), TimedOut(1.0), OutputFlooded(1), OutOfMemory(512), NotStarted("x")],
    ids=lambda e: type(e).__name__,
)
def test_only_what_ended_by_itself_is_stored(tmp_path: Path, ended: object) -> None:
    """A timeout, a kill or a missing program leaves no trace, and is no hit if somebody wrote it there."""
    store = DirectoryStore(tmp_path / "store", warned := Warnings())
    store.put(action(), outcome(ended=ended))
    assert not (tmp_path / "store").exists()

    forged = encode({"key": action().key, **to_json(outcome(ended=ended))})
    store.put(action(), outcome())
    path_of(tmp_path / "store", action().key).write_bytes(forged)
    assert None is store.get(action().key)
    assert 1 == len(warned)


# --- Size ----------------------------------------------------------------------------------------------------------------------

EACH = "x" * 100_000
YEARS = 10 * 365 * 86_400


def filled(directory: Path, *ages: float) -> list[Action]:
    """Fill a store with Actions that were last used `ages` seconds ago, and return them; each takes 100 KB."""
    store = DirectoryStore(directory, pytest.fail)
    found = [action(f"{number}", structure=f"{number}") for number in range(len(ages))]
    for one, age in zip(found, ages, strict=True):
        store.put(one, outcome(EACH))
        used(directory, one, age)
    return found


def used(directory: Path, one: Action, age: float) -> None:
    """Make it look as if `one` was last used `age` seconds ago."""
    at = time.time() - age
    for what, key in (("results", one.key), ("requests", one.request_key), ("structures", one.structural_key)):
        assert key is not None
        os.utime(path_of(directory, key, what), (at, at))


def kept(directory: Path, actions: list[Action]) -> list[int]:
    """Return which of `actions` are still stored; each is found by all its keys or by none."""
    found = []
    for number, one in enumerate(actions):
        keys = {"results": one.key, "requests": one.request_key, "structures": one.structural_key}
        there = {path_of(directory, key, what).exists() for what, key in keys.items() if key is not None}
        assert 1 == len(there), number
        found.extend([number] * there.pop())
    return found


def taken(directory: Path) -> int:
    return sum(max(path.stat().st_size, path.stat().st_blocks * 512) for path in entries(directory))


def test_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    """Beyond its size a store shrinks to nine tenths of it, oldest first, with what leads there."""
    before = filled(tmp_path, 500, 400, 900, 300, 200, 800, 100, 600, 700)
    store = DirectoryStore(tmp_path, pytest.fail, size=780_000)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [0, 1, 3, 4, 6] == kept(tmp_path, before)
    assert 600_000 < taken(tmp_path) <= 702_000
    assert outcome(EACH) == store.find(action("new").request_key)


@pytest.mark.parametrize("size", [None, 2_000_000])
def test_nothing_goes_below_the_size(tmp_path: Path, size: int | None) -> None:
    """Nor where there is none."""
    before = filled(tmp_path, *range(0, 1000, 100))
    store = DirectoryStore(tmp_path, pytest.fail, size=size)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [*range(10)] == kept(tmp_path, before)


@pytest.mark.parametrize("way", ["get", "find", "similar"])
def test_a_hit_makes_an_entry_young(tmp_path: Path, way: str) -> None:
    """What one build was answered with, by whichever key, is the last to go in another."""
    before = filled(tmp_path, 900, 800, 700, 600)
    reader = DirectoryStore(tmp_path, pytest.fail)
    key = {"get": before[0].key, "find": before[0].request_key, "similar": before[0].structural_key}[way]
    assert outcome(EACH) == getattr(reader, way)(key)
    store = DirectoryStore(tmp_path, pytest.fail, size=400_000)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [0, 3] == kept(tmp_path, before)


def test_what_this_build_used_stays(tmp_path: Path) -> None:
    """However old its files look, and however much it is."""
    before = filled(tmp_path, *range(100, 1100, 100))
    store = DirectoryStore(tmp_path, pytest.fail, size=50_000)
    store.get(before[9].key)
    store.find(before[8].request_key)
    store.put(before[7], outcome(EACH))
    store.get(action("nobody's").key)
    for number in (7, 8, 9):
        used(tmp_path, before[number], 10_000)
    store.tidy()

    assert [7, 8, 9] == kept(tmp_path, before)


@pytest.mark.parametrize("ahead", [2 * 3600, YEARS])
def test_a_time_to_come_makes_nothing_immortal(tmp_path: Path, ahead: float) -> None:
    """Files from a clock that was ahead go first, in their order; unless they are used, which puts them right."""
    before = filled(tmp_path, -ahead, -ahead - 10, -ahead - 20, 300, YEARS, 200, 100)
    store = DirectoryStore(tmp_path, pytest.fail, size=650_000)
    store.get(before[1].key)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [1, 3, 5, 6] == kept(tmp_path, before)
    assert abs(path_of(tmp_path, before[1].key).stat().st_mtime - time.time()) < 60


def test_a_clock_that_is_behind_keeps_the_order(tmp_path: Path) -> None:
    """Where all files are from a time to come (this clock is ten years late), those used last stay all the same."""
    before = filled(tmp_path, *(-YEARS - 100 * number for number in range(6)))
    store = DirectoryStore(tmp_path, pytest.fail, size=500_000)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [3, 4, 5] == kept(tmp_path, before)


def test_a_build_that_stored_nothing_deletes_nothing(tmp_path: Path) -> None:
    """It does not even look how much there is; the next that stores does, once."""
    before = filled(tmp_path, 300, 200, 100)
    store = DirectoryStore(tmp_path, pytest.fail, size=150_000)
    store.get(before[0].key)
    store.put(action("timeout"), outcome(ended=TimedOut(1.0)))
    store.tidy()
    assert [0, 1, 2] == kept(tmp_path, before)

    store.put(action("new"), outcome())
    store.tidy()
    assert [0] == kept(tmp_path, before)
    filled(tmp_path, 300, 200, 100)
    store.tidy()
    assert [0, 1, 2] == kept(tmp_path, before)


def test_what_leads_nowhere_goes(tmp_path: Path) -> None:
    """Where results were deleted by hand, or an index is damaged, the rest goes with the next eviction; not before."""
    before = filled(tmp_path, 500, 400, 300, 200)
    path_of(tmp_path, before[3].key).unlink()
    path_of(tmp_path, before[2].request_key, "requests").write_bytes(b"{")
    (path_of(tmp_path, before[1].key).parent / "somebody.json").write_text("{}")
    (path_of(tmp_path, before[1].key).parent / f"{'0' * 64}.json").mkdir()
    store = DirectoryStore(tmp_path, pytest.fail, size=300_000)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    left = {path.stem for path in entries(tmp_path)}
    assert {"somebody", before[2].key, before[2].structural_key} | {
        action("new").key,
        action("new").request_key,
    } == left
    assert (path_of(tmp_path, before[1].key).parent / f"{'0' * 64}.json").is_dir()


def test_what_no_build_can_read_goes_first(tmp_path: Path) -> None:
    """A gigabyte in the place of an entry does not drive out the others."""
    before = filled(tmp_path, 500, 400, 300)
    with path_of(tmp_path, before[2].key).open("r+b") as file:
        file.truncate(1024**3)
    store = DirectoryStore(tmp_path, pytest.fail, size=500_000)
    store.put(action("new"), outcome(EACH))
    store.tidy()

    assert [0, 1] == kept(tmp_path, before)


def test_what_was_used_meanwhile_stays(tmp_path: Path) -> None:
    """Another build may use or delete what was just listed."""
    filled(tmp_path, 300, 200, 100)
    tree = Tree(tmp_path)
    first, second, third = sorted(eviction.listed(tree, "results"), key=lambda file: file.used)
    os.utime(tree.path(first.place))
    tree.path(second.place).unlink()

    assert second.size + third.size == eviction.delete(tree, [first, second, third])
    assert [tree.path(first.place)] == list(entries(tmp_path / "results"))


def test_a_store_that_is_only_read(tmp_path: Path) -> None:
    """Where nothing is to be written, hits are hits, and nothing is stored, touched, swept or deleted."""
    before = filled(tmp_path, 300, 200)
    orphan = path_of(tmp_path, before[0].key).with_name(".codeexec-old.tmp")
    orphan.touch()
    os.utime(orphan, (0, 0))
    state = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}
    store = DirectoryStore(tmp_path, pytest.fail, size=1, writable=False)

    assert outcome(EACH) == store.get(before[0].key) == store.find(before[0].request_key)
    store.put(action("new"), outcome("x" * 10_000_000))
    store.tidy()
    assert None is store.get(action("new").key)
    assert state == {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}


def test_an_entry_has_a_limit(tmp_path: Path) -> None:
    """Of two mebibytes, which a megabyte of output is far from: what is larger is not stored, and that is said once."""
    store = DirectoryStore(tmp_path, warned := Warnings())
    store.put(action("small"), outcome("x" * (2 * 1024 * 1024 - 1000)))
    for number in range(3):
        store.put(action(f"{number}"), outcome("x" * (2 * 1024 * 1024)))

    assert outcome("x" * (2 * 1024 * 1024 - 1000)) == store.get(action("small").key)
    assert [None, None] == [store.get(action("0").key), store.find(action("0").request_key)]
    assert 2 == len(entries(tmp_path))
    [message] = warned
    assert str(path_of(tmp_path, action("0").key)) in message
    assert "expected at most 2097152; it is not stored\n\nhint: " in message


@pytest.mark.parametrize("change", [-1, 0])
def test_the_limit_is_the_same_for_reading(tmp_path: Path, change: int) -> None:
    """An entry of just that size is a hit; one that is a byte larger, from wherever, is a miss."""
    DirectoryStore(tmp_path, pytest.fail).put(action(), outcome())
    largest = path_of(tmp_path, action().key).stat().st_size + change
    store = DirectoryStore(tmp_path, warned := Warnings(), largest=largest)

    assert (None if change else outcome()) == store.get(action().key)
    store.put(action(), outcome())
    assert (["not a usable", "not stored"] if change else []) == [
        next(words for words in ("not a usable", "not stored") if words in message) for message in warned
    ]


# --- The directory -----------------------------------------------------------------------------------------------------------


def test_a_new_directory_is_marked(tmp_path: Path) -> None:
    """A new store is marked as a cache and ignored by git; who deletes `.gitignore` to commit it has it his way."""
    directory = tmp_path / "cache"
    DirectoryStore(directory, pytest.fail).put(action(), outcome())
    tag = (directory / "CACHEDIR.TAG").read_text()
    ignore = directory / ".gitignore"

    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert "*" in ignore.read_text().splitlines()
    assert "Delete this file" in ignore.read_text()
    ignore.unlink()
    DirectoryStore(directory, pytest.fail).put(action(), outcome())
    assert not ignore.exists()


@pytest.mark.parametrize("made", [[], [".gitignore"], ["toolchains.json", "environments/"], [".codeexec-0.tmp"]])
def test_a_directory_that_is_half_made_is_finished(tmp_path: Path, made: list[str]) -> None:
    """Wherever a build is killed while it makes the directory, the next one marks it."""
    for name in made:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    DirectoryStore(tmp_path, pytest.fail).put(action(), outcome())

    assert (tmp_path / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert "*" in (tmp_path / ".gitignore").read_text().splitlines()


def test_entries_have_the_mode_that_the_umask_allows(tmp_path: Path) -> None:
    """A store can be shared: entries are as readable as other files."""
    (tmp_path / "plain").touch()
    DirectoryStore(tmp_path / "store", pytest.fail).put(action(), outcome())

    mode = stat.S_IMODE(path_of(tmp_path / "store", action().key).stat().st_mode)
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == mode


@pytest.mark.parametrize("what", ["results", "requests", "structures"])
def test_orphans_are_swept(tmp_path: Path, what: str) -> None:
    """Temporary files of killed builds go when something is stored: old ones, whatever the clock says, not young ones."""
    DirectoryStore(tmp_path, pytest.fail).put(action(structure="a"), outcome())
    names = {"results": action().key, "requests": action().request_key, "structures": structural_key("a")}
    folder = path_of(tmp_path, names[what], what).parent
    now = time.time()
    for name, age in (("old", 7200), ("young", 60), ("future", -86400 * 3650)):
        path = folder / f".codeexec-{name}.tmp"
        path.touch()
        os.utime(path, (now - age, now - age))
    (folder / ".codeexec-folder.tmp").mkdir()
    (folder / ".codeexec-folder.tmp" / "full").touch()
    for path in (folder / ".codeexec-folder.tmp", folder / "somebody.tmp", tmp_path / ".codeexec-top.tmp"):
        path.touch()
        os.utime(path, (0, 0))

    store = DirectoryStore(tmp_path, pytest.fail)
    store.get(action().key)
    assert 4 == len(list(folder.glob(".codeexec-*")))
    store.put(action("other"), outcome())
    assert [".codeexec-young.tmp"] == [path.name for path in folder.glob(".codeexec-*")]
    assert (folder / "somebody.tmp").exists()
    assert not (tmp_path / ".codeexec-top.tmp").exists()


def test_only_results_are_written(tmp_path: Path) -> None:
    """Reading writes nothing, not even a directory."""
    store = DirectoryStore(tmp_path / "store", pytest.fail)

    assert [None, None] == [store.get(action().key), store.find(action().request_key)]
    assert not (tmp_path / "store").exists()


# --- Speed ---------------------------------------------------------------------------------------------------------------------


def test_reading_is_fast(tmp_path: Path) -> None:
    """A thousand hits take far less than a page build: 0.3 s on two processors, with a generous deadline here."""
    writer = DirectoryStore(tmp_path, pytest.fail)
    keys = []
    for number in range(1000):
        one = action(f"{number}")
        keys.append(one.key)
        writer.put(one, outcome())
    store = DirectoryStore(tmp_path, pytest.fail)
    began = time.process_time()

    assert all(store.get(key) is not None for key in keys)
    assert time.process_time() - began < 1.5


def test_toolchain_is_part_of_what_comes_back(tmp_path: Path) -> None:
    """Whichever toolchain and tier made an Outcome is recorded in it."""
    store = DirectoryStore(tmp_path, pytest.fail)
    written = replace(outcome(), toolchain="rustc 1.95.0 (abc)", sandbox="bwrap")
    store.put(action(), written)

    assert written == store.get(action().key)
