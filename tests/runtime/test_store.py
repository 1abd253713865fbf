"""A store on a real disk: what comes back, what damage does, and what a kill leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkdocs_codeexec.core.action import Action, Key, Step
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
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Callable


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
    assert {"format": 1, "key": put.key} == index


def test_an_entry_may_be_spelled_otherwise(tmp_path: Path) -> None:
    """Other white space (a checkout with CRLF) or no checksum do not matter."""
    put = action()
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(put, outcome("ä\n"))
    path = path_of(tmp_path, put.key)

    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert outcome("ä\n") == store.get(put.key)

    entry = json.loads(path.read_text("utf-8"))
    del entry["sha256"]
    path.write_text(json.dumps(entry))
    assert outcome("ä\n") == store.get(put.key)


TEXT = st.text() | st.sampled_from(["\ud800", "a\udfff", "\0\x1b[1m\u2028", "…", "\r\n"])
SPANS = st.builds(Span, TEXT, *[st.integers(0, 2**40)] * 4, st.booleans(), TEXT)
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
    assert {"format": 1, "key": action("a // two").key} == json.loads(
        path_of(tmp_path, structural_key("a"), "structures").read_text("utf-8")
    )


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


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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

    store.put(action(), outcome())
    path = path_of(tmp_path / "store", action().key)
    entry = json.loads(path.read_text("utf-8"))
    entry["steps"][0]["ended"] = {"signaled": 9}
    del entry["sha256"]
    path.write_text(json.dumps(entry))
    assert None is store.get(action().key)
    assert 1 == len(warned)


# --- Damage ------------------------------------------------------------------------------------------------------------------


def _edited(**changes: object) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}))

    return damage


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _symlink(path: Path) -> None:
    target = path.with_name("elsewhere.json")
    path.rename(target)
    path.symlink_to(target)


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _large(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1024**3)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": _bytes(b""),
    "torn": lambda path: os.truncate(path, path.stat().st_size // 2),
    "one byte short of its brace": lambda path: os.truncate(path, path.stat().st_size - 2),
    "not UTF-8": _bytes(b"\xff\xfe{}"),
    "NUL bytes, as after a power failure": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "deep": _bytes(b"[" * 100_000),
    "deep object": _bytes(b'{"a":' * 100_000),
    "no object": _bytes(b"[]"),
    "a number": _bytes(b"1"),
    "a huge number": _bytes(b"1" * 10_000),
    "NaN": _edited(duration_ms=float("nan")),
    "no longer what was written": _edited(language="perl"),
    "other format": _edited(format=2, sha256="x"),
    "wrong key": _edited(key="0" * 64),
    "no key": lambda path: path.write_text(path.read_text().replace('"key"', '"kex"')),
    "infinite": lambda path: path.write_text(path.read_text().replace("250.0", "1e999").replace("sha256", "x")),
    "no steps": _edited(steps=[], sha256="x"),
    "symbolic link": _symlink,
    "dangling link": _instead(lambda path: path.symlink_to("nowhere")),
    "directory": _instead(Path.mkdir),
    "pipe": _instead(os.mkfifo),
    "a gigabyte": _large,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_a_miss(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """A damaged entry is a miss by both keys, told of once, and its neighbour is as good as ever."""
    DirectoryStore(tmp_path, pytest.fail).put(action(), outcome())
    DirectoryStore(tmp_path, pytest.fail).put(action("other"), outcome())
    path = path_of(tmp_path, action().key)
    damage(path)
    store = DirectoryStore(tmp_path, warned := Warnings())

    assert [None, None] == [store.get(action().key), store.find(action().request_key)]
    assert outcome() == store.get(action("other").key)
    [message] = warned
    assert message.startswith(f"{path}: not a usable entry of the store (")
    assert "\n\nhint: " in message


@pytest.mark.parametrize("index", ["requests", "structures"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_of_an_index_is_a_miss(tmp_path: Path, damage: Callable[[Path], object], index: str) -> None:
    """A damaged index costs what is found by it and one warning, never an exception, and never a wrong Outcome."""
    DirectoryStore(tmp_path, pytest.fail).put(action(structure="a"), outcome())
    name = action().request_key if index == "requests" else structural_key("a")
    damage(path_of(tmp_path, name, index))
    store = DirectoryStore(tmp_path, warned := Warnings())

    found = (store.find if index == "requests" else store.similar)(name)
    assert found in (None, outcome())
    assert len(warned) <= 1
    assert outcome() == store.get(action().key)


def test_every_flipped_bit_is_a_miss(tmp_path: Path) -> None:
    """Decay does not show on a page: any one bit of an entry may flip, and it is a miss or says the same."""
    DirectoryStore(tmp_path, pytest.fail).put(action(), outcome())
    path = path_of(tmp_path, action().key)
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ (1 << position % 8)]) + good[position + 1 :])

        assert DirectoryStore(tmp_path, Warnings()).get(action().key) in (None, outcome()), position


def test_a_damaged_entry_is_written_anew(tmp_path: Path) -> None:
    """The next Outcome takes the place of a torn one."""
    store = DirectoryStore(tmp_path, Warnings())
    store.put(action(), outcome())
    path_of(tmp_path, action().key).write_bytes(b"{")
    assert None is store.get(action().key)

    store.put(action(), outcome("again\n"))
    assert outcome("again\n") == store.get(action().key)


@pytest.mark.parametrize("key", ["", "..", "../../x", "A" * 64, "0" * 63, "0" * 65, "0" * 63 + "/", "0" * 64 + "\n"])
def test_only_keys_are_looked_up(tmp_path: Path, key: str) -> None:
    """Nothing but 64 hex digits becomes part of a path, wherever it comes from."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action(), outcome())
    path_of(tmp_path, action().request_key, "requests").write_text(json.dumps({"format": 1, "key": key}))

    assert [None, None, None] == [store.get(Key(key)), store.find(Key(key)), store.find(action().request_key)]
    assert None is store.similar(Key(key))


# --- Failing disks -----------------------------------------------------------------------------------------------------------


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no directory can be made, nothing is stored, and that is said once, by whichever thread comes first."""
    (tmp_path / "file").touch()
    store = DirectoryStore(tmp_path / "file" / "store", warned := Warnings())
    threads = [threading.Thread(target=store.put, args=(action(f"{n}"), outcome())) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [message] = warned
    assert "could not be stored (Not a directory)\n\nhint: " in message
    assert message.startswith(str(tmp_path))


def test_damage_and_failing_writes_are_two_things(tmp_path: Path) -> None:
    """One warning of each, however many there are."""
    store = DirectoryStore(tmp_path, warned := Warnings())
    for number in range(3):
        store.put(action(f"{number}"), outcome())
        path_of(tmp_path, action(f"{number}").key).write_bytes(b"{")
        store.get(action(f"{number}").key)
    shutil.rmtree(tmp_path / "results")
    (tmp_path / "results").touch()
    for number in range(3):
        store.put(action(f"{number}"), outcome())

    assert ["usable", "stored"] == [next(w for w in ("usable", "stored") if w in message) for message in warned]


FULL = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_store import DirectoryStore, Warnings, action, outcome
store = DirectoryStore(Path(sys.argv[2]), warned := Warnings())
for number in range(40):
    store.put(action(f"{number}"), outcome("x" * 50_000))
read = [store.get(action(f"{number}").key) for number in range(40)]
good = sum(one == outcome("x" * 50_000) for one in read)
left = [path.name for path in Path(sys.argv[2]).rglob("*") if path.name.startswith(".codeexec-")]
print(good, good + sum(one is None for one in read), left, len(warned), "No space left" in warned[0])
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """On a full disk what fits is stored, whole; the rest is a miss, nothing is left of it, and it is said once."""
    disk = ["bwrap", "--dev-bind", "/", "/", "--size", str(1024 * 1024), "--tmpfs", str(tmp_path), "--"]
    if shutil.which("bwrap") is None or subprocess.run([*disk, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs bubblewrap, for a disk of one megabyte")
    command = [*disk, sys.executable, "-c", FULL, str(Path(__file__).parent), str(tmp_path / "store")]

    good, readable, left, warnings, right = subprocess.check_output(command, text=True).split()

    assert 0 < int(good) < 40
    assert ("40", "[]", "1", "True") == (readable, left, warnings, right)


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
    (folder / "somebody.tmp").touch()
    os.utime(folder / "somebody.tmp", (0, 0))

    store = DirectoryStore(tmp_path, pytest.fail)
    store.get(action().key)
    assert 3 == len(list(folder.glob(".codeexec-*")))
    store.put(action("other"), outcome())
    assert [".codeexec-young.tmp"] == [path.name for path in folder.glob(".codeexec-*")]
    assert (folder / "somebody.tmp").exists()


def test_only_results_are_written(tmp_path: Path) -> None:
    """Reading writes nothing, not even a directory."""
    store = DirectoryStore(tmp_path / "store", pytest.fail)

    assert [None, None] == [store.get(action().key), store.find(action().request_key)]
    assert not (tmp_path / "store").exists()


# --- Several at once, and kills -------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_store import DirectoryStore, action, outcome
store = DirectoryStore(Path(sys.argv[2]), lambda message: sys.exit(message))
print("ready", flush=True)
for turn in range(10**9):
    store.put(action(f"{turn % 50}"), outcome("x" * 20_000))
"""


def test_kills_leave_no_torn_entry(tmp_path: Path) -> None:
    """Two writers of the same keys, killed at random 30 times: every entry is complete, at any time."""
    chance = random.Random(1)
    command = [sys.executable, "-c", WRITER, str(Path(__file__).parent), str(tmp_path / "store")]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    writers = [start() for _ in range(2)]
    reads = 0
    try:
        for kills in range(30):
            victim = writers.pop(0)
            assert victim.stdout is not None
            assert b"ready\n" == victim.stdout.readline()
            time.sleep(chance.uniform(0.001, 0.04))
            victim.kill()
            writers.append(start())
            victim.communicate()
            store = DirectoryStore(tmp_path / "store", pytest.fail)
            found = [store.get(action(f"{number}").key) for number in range(0, 50, 7)]
            assert {None, outcome("x" * 20_000)} >= set(found), kills
            reads += sum(one is not None for one in found)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()

    assert reads > 0
    everything = [json.loads(path.read_bytes()) for path in entries(tmp_path / "store")]
    assert everything


def test_reading_is_fast(tmp_path: Path) -> None:
    """A thousand hits take far less than a page build: 0.3 s on two processors, with a generous deadline here."""
    writer = DirectoryStore(tmp_path, pytest.fail)
    keys = []
    for number in range(1000):
        one = action(f"{number}")
        keys.append(one.key)
        writer.put(one, outcome())
    store = DirectoryStore(tmp_path, pytest.fail)
    began = time.perf_counter()

    assert all(store.get(key) is not None for key in keys)
    assert time.perf_counter() - began < 1.5


def test_toolchain_is_part_of_what_comes_back(tmp_path: Path) -> None:
    """Whichever toolchain and tier made an Outcome is recorded in it."""
    store = DirectoryStore(tmp_path, pytest.fail)
    written = replace(outcome(), toolchain="rustc 1.95.0 (abc)", sandbox="bwrap")
    store.put(action(), written)

    assert written == store.get(action().key)
