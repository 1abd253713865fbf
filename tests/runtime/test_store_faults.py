"""A store under attack: damaged entries, failing disks, kills at any moment, several builds at once."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

import mkdocs_codeexec
from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.codec import to_json
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.entries import _seal, decode, encode
from mkdocs_codeexec.runtime.store import DirectoryStore

ROOT = Path(mkdocs_codeexec.__file__).parent.parent
INDEXES = ["requests", "structures"]


def action(code: str) -> Action:
    step = Step(kind="run", argv=("{exe}",), timeout=10)
    return Action(language="rust", files=(("main.rs", code),), steps=(step,), toolchain="rustc 1.95.0", structure=code)


def outcome(stdout: str) -> Outcome:
    step = StepResult(kind="run", stdout=stdout, stderr="", ended=Exited(0), duration=0.25)
    return Outcome(language="rust", steps=(step,), toolchain="rustc 1.95.0", sandbox="off")


GOOD = outcome("grüße\x1b[1m\n")
PRELUDE = f"""
from __future__ import annotations
import json, os, random, resource, signal, sys, time
from pathlib import Path
from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.store import DirectoryStore

{inspect.getsource(action)}
{inspect.getsource(outcome)}
directory = Path(sys.argv[1])
"""
"""What children begin with: the same Actions and Outcomes."""


class Warnings(list[str]):
    """Messages that a store gave."""

    def __call__(self, message: str) -> None:
        self.append(message)


def path_of(directory: Path, one: Action, what: str = "results") -> Path:
    key = {"results": one.key, "requests": one.request_key, "structures": one.structural_key}[what]
    assert key is not None
    return directory / what / "v1" / key[:2] / f"{key}.json"


def look_up(store: DirectoryStore, one: Action, what: str) -> Outcome | None:
    """Ask for `one` by the key that is the name of its entry in `what`."""
    assert one.structural_key is not None
    match what:
        case "results":
            return store.get(one.key)
        case "requests":
            return store.find(one.request_key)
        case _:
            return store.similar(one.structural_key)


# --- Damage ----------------------------------------------------------------------------------------------------------------

Damage = Callable[[Path], object]


def _bytes(data: bytes) -> Damage:
    return lambda path: path.write_bytes(data)


def _cut(length: Callable[[int], int]) -> Damage:
    return lambda path: os.truncate(path, length(path.stat().st_size))


def _without(*lost: str, **changes: object) -> Damage:
    """Write the entry again, sound but for the fields `lost` and changed ones; the checksum is right unless it is one."""

    def damage(path: Path) -> None:
        entry = {**json.loads(path.read_bytes()), **changes}
        seal = "sha256" not in {*lost, *changes}
        kept = {name: value for name, value in entry.items() if name not in lost and not (seal and name == "sha256")}
        path.write_bytes(encode(kept) if seal else json.dumps(kept, ensure_ascii=False, indent=1).encode() + b"\n")

    return damage


def _sealed(payload: bytes) -> Damage:
    """Write any text with the checksum that it should have."""
    return _bytes(payload + _seal(payload))


def _instead(make: Damage) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("elsewhere.json")))


def _socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        fd = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{fd}/{path.name}")  # the path itself may be too long for a socket
        os.close(fd)


def _full_folder(path: Path) -> None:
    (path / "deep" / "deeper").mkdir(parents=True)
    (path / "deep" / "file").touch()
    (path / "deep" / "link").symlink_to("/etc")


DAMAGES: dict[str, Damage] = {
    "empty": _bytes(b""),
    "cut after a byte": _cut(lambda _: 1),
    "cut after a quarter": _cut(lambda size: size // 4),
    "cut in the middle": _cut(lambda size: size // 2),
    "cut before the checksum": _cut(lambda size: size - 82),
    "cut within the checksum": _cut(lambda size: size - 20),
    "cut before the brace": _cut(lambda size: size - 2),
    "cut before the last end of line": _cut(lambda size: size - 1),
    "one more byte": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
    "NUL bytes, as after a power failure": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a hole, as after a power failure": lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(4096)),
    "not UTF-8": _bytes(b"\xff\xfe{}"),
    "not UTF-8, sealed": _sealed(b'{"key": "\xff"'),
    "UTF-16": lambda path: path.write_text(path.read_text("utf-8"), "utf-16"),
    "byte order mark": lambda path: path.write_text(path.read_text("utf-8"), "utf-8-sig"),
    "deep": _bytes(b"[" * 100_000),
    "deep, sealed": _sealed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000),
    "deep object, sealed": _sealed(b'{"a":' * 100_000),
    "no object": _bytes(b"[]"),
    "no object, sealed": _sealed(b'["a"'),
    "a number": _bytes(b"1"),
    "a huge number": _bytes(b"1" * 100_000),
    "a huge number, sealed": _sealed(b'{"format": 1' + b"0" * 100_000),
    "NaN": lambda path: path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": NaN')),
    "NaN, sealed": _sealed(b'{"format": NaN'),
    "a field twice": lambda path: path.write_bytes(path.read_bytes().replace(b'"format": 1,', b'"format": 1,' * 2)),
    "no checksum": _without("sha256"),
    "another checksum": _without(sha256="0" * 64),
    "a checksum of another kind": _without(sha256=1),
    "respelled": lambda path: path.write_text(json.dumps(json.loads(path.read_bytes())), "utf-8"),
    "no format": _without("format"),
    "other format": _without(format=2),
    "no key": _without("key"),
    "key of another type": _without(key=[]),
    "key of another shape": _without(key="../../x"),
    "link": _link,
    "dangling link": _instead(lambda path: path.symlink_to("nowhere")),
    "link to itself": _instead(lambda path: path.symlink_to(path.name)),
    "link to a device": _instead(lambda path: path.symlink_to("/dev/zero")),
    "folder": _instead(Path.mkdir),
    "full folder": _instead(_full_folder),
    "pipe": _instead(os.mkfifo),
    "socket": _instead(_socket),
    "a gigabyte": _cut(lambda _: 1024**3),
}
OF_RESULTS: dict[str, Damage] = {
    "wrong key": _without(key="0" * 64),
    "another language": _without(language=None),
    "no steps": _without(steps=[]),
    "steps of another type": _without(steps={"kind": "run"}),
    "a step of another type": _without(steps=[1]),
    **{
        f"{name} of a step is {value!r:.20}": _without(steps=[{**to_json(GOOD)["steps"][0], name: value}])  # type: ignore[index]
        for name, value in [
            ("kind", "look"),
            ("stdout", 1),
            ("stderr", None),
            ("diagnostics", {}),
            ("diagnostics", [{}]),
            ("ended", {}),
            ("ended", {"exited": "0"}),
            ("ended", {"exited": 1.5}),
            ("ended", {"signaled": 9}),
            ("ended", {"timed_out": 1}),
            ("truncated", [1]),
            ("truncated", [True, "1"]),
            ("duration_ms", "1"),
            ("duration_ms", True),
            ("duration_ms", 10**400),
            ("duration_ms", -1),
            ("truncated", [-1, 0]),
            ("truncated", [10**400, 0]),
            ("ended", {"exited": -1}),
            ("ended", {"exited": 256}),
            ("ended", {"exited": 10**400}),
            ("ended", {"exited": True}),
            ("ended", {"x" * 100_000: 0}),
        ]
    },
    "infinite": _sealed(json.dumps(to_json(GOOD)).replace("250.0", "1e999").encode()[:-1]),
}
OF_INDEXES: dict[str, Damage] = {
    "no name": _without("name"),
    "wrong name": _without(name="0" * 64),
    "of another index": _without("key", "name", request=1),
}


@pytest.mark.parametrize("damage", (DAMAGES | OF_RESULTS).values(), ids=DAMAGES | OF_RESULTS)
def test_damage_is_a_miss(tmp_path: Path, damage: Damage) -> None:
    """A damaged entry is a miss by every key, told of once; its neighbour is as good as ever; the next put heals it."""
    one, other = action("one"), action("other")
    for each in (one, other):
        DirectoryStore(tmp_path, pytest.fail).put(each, GOOD)
    damage(path := path_of(tmp_path, one))
    store = DirectoryStore(tmp_path, warned := Warnings())

    assert [None] * 3 == [look_up(store, one, what) for what in ("results", *INDEXES)]
    assert [GOOD] * 3 == [look_up(store, other, what) for what in ("results", *INDEXES)]
    [message] = warned
    assert message.startswith(f"{path}: not a usable entry of the store (")
    assert "\n\nhint: " in message
    store.put(one, GOOD)
    assert [GOOD] * 3 == [look_up(store, one, what) for what in ("results", *INDEXES)]
    assert 1 == len(warned)
    assert not list(tmp_path.rglob(".codeexec-*"))


@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("damage", (DAMAGES | OF_INDEXES).values(), ids=DAMAGES | OF_INDEXES)
def test_damage_of_an_index_is_a_miss(tmp_path: Path, damage: Damage, index: str) -> None:
    """A damaged index is a miss by its key, told of once; the result is there by its own; the next put heals it."""
    one = action("one")
    DirectoryStore(tmp_path, pytest.fail).put(one, GOOD)
    damage(path := path_of(tmp_path, one, index))
    store = DirectoryStore(tmp_path, warned := Warnings())

    assert (None, GOOD) == (look_up(store, one, index), store.get(one.key))
    [message] = warned
    assert message.startswith(f"{path}: not a usable entry of the store (")
    store.put(one, GOOD)
    assert GOOD == look_up(store, one, index)
    assert 1 == len(warned)


@pytest.mark.parametrize("what", ["results", *INDEXES])
def test_an_entry_in_the_place_of_another_is_a_miss(tmp_path: Path, what: str) -> None:
    """A sound entry under a name that is not its own is never taken for what belongs there."""
    DirectoryStore(tmp_path, pytest.fail).put(action("one"), outcome("one\n"))
    DirectoryStore(tmp_path, pytest.fail).put(action("other"), outcome("other\n"))
    shutil.copy(path_of(tmp_path, action("one"), what), path_of(tmp_path, action("other"), what))
    store = DirectoryStore(tmp_path, warned := Warnings())

    assert None is look_up(store, action("other"), what)
    assert outcome("one\n") == look_up(store, action("one"), what)
    assert ["it belongs to another key"] == [message[message.index("(") + 1 : message.index(")")] for message in warned]


@pytest.mark.parametrize("what", ["results", *INDEXES])
def test_every_flipped_bit_shows(tmp_path: Path, what: str) -> None:
    """Decay never shows on a page: whichever bit of an entry flips, its text is refused."""
    DirectoryStore(tmp_path, pytest.fail).put(action("one"), GOOD)
    good = path_of(tmp_path, action("one"), what).read_bytes()
    assert decode(good)
    for bit in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="checksum"):
            decode(bytes(flipped))


MUTATIONS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=4)


@settings(max_examples=200 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS, what=st.sampled_from(["results", *INDEXES]))
def test_other_bytes_are_a_miss(tmp_path: Path, mutations: list[tuple[float, int, bytes]], what: str) -> None:
    """Whatever is cut out and put in, anywhere: an entry is what was written, or a miss with one warning."""
    DirectoryStore(tmp_path, pytest.fail).put(action("one"), GOOD)
    path = path_of(tmp_path, action("one"), what)
    good = data = path.read_bytes()
    for where, cut, new in mutations:
        at = int(where * len(data))
        data = data[:at] + new + data[at + cut :]
    path.write_bytes(data)
    store = DirectoryStore(tmp_path, warned := Warnings())
    sound = data.replace(b"\r\n", b"\n") == good

    assert (GOOD, 0) if sound else (None, 1) == (look_up(store, action("one"), what), len(warned))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_sealed_nonsense_is_a_miss(tmp_path: Path, data: st.DataObject) -> None:
    """Any value in any place of an entry, with the checksum right: a miss with one warning or an Outcome, no exception."""
    one = action("one")
    entry: Any = json.loads(json.dumps({"key": one.key, **to_json(GOOD)}))
    place: Any = entry
    while True:
        at = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[at], dict | list) or not place[at] or data.draw(st.booleans()):
            break
        place = place[at]
    place[at] = data.draw(JSON)
    path = path_of(tmp_path, one)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(entry))
    found = DirectoryStore(tmp_path, warned := Warnings()).get(one.key)

    assert (found is None) == (len(warned) == 1)
    assert found is None or found.storable


@pytest.mark.parametrize("key", ["", "..", "../../x", "A" * 64, "0" * 63, "0" * 65, "0" * 63 + "/", "0" * 64 + "\n"])
def test_only_keys_are_looked_up(tmp_path: Path, key: str) -> None:
    """Nothing but 64 hex digits becomes part of a path, wherever it comes from."""
    one = action("one")
    store = DirectoryStore(tmp_path, warned := Warnings())
    store.put(one, GOOD)
    index = encode({"format": 1, "name": one.request_key, "key": key})
    path_of(tmp_path, one, "requests").write_bytes(index)

    assert [None] * 3 == [store.get(Key(key)), store.find(Key(key)), store.similar(Key(key))]
    assert [] == warned
    assert None is store.find(one.request_key)
    assert 1 == len(warned)


# --- Failing disks -----------------------------------------------------------------------------------------------------------

BUILD = (
    PRELUDE
    + """
text = "x" * 50_000
store = DirectoryStore(directory, (warned := []).append, size=100_000)
before = [store.get(action(f"{n}").key) for n in range(40)]
for number in range(40):
    store.put(action(f"{number}"), outcome(text))
    assert store.find(action(f"{number}").request_key) in (None, outcome(text))
after = [store.get(action(f"{n}").key) for n in range(40)]
store.tidy()
seen = DirectoryStore(directory, lambda message: None)
print(json.dumps({
    "before": sum(one == outcome(text) for one in before),
    "after": sum(one == outcome(text) for one in after),
    "kept": sum(seen.get(action(f"{n}").key) == outcome(text) for n in range(40)),
    "wrong": sum(one not in (None, outcome(text)) for one in before + after),
    "left": [path.name for path in directory.rglob("*") if path.name.startswith(".codeexec-")],
    "warned": warned,
}))
"""
)
"""A build of forty samples that asks for all, stores all, asks again and tidies."""


def built(
    directory: Path, *before: str, python: str = sys.executable, first: str = "", **options: Any
) -> dict[str, Any]:
    """Run `BUILD` in a process of its own, `first` before it, and return what it says."""
    command = [*before, python, "-c", BUILD.replace("text =", f"{first}\ntext =", 1), str(directory)]
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd="/", timeout=60, **options)
    assert 0 == done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (0, []) == (found["wrong"], found["left"])
    return found


def bubblewrapped(*options: str) -> list[str]:
    """Return a command line that runs what follows with `options` of bubblewrap; skip the test where that is not to be."""
    command = ["bwrap", "--dev-bind", "/", "/", *options, "--"]
    if shutil.which("bwrap") is None or subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs bubblewrap, and the right to use it, to make a disk")
    return command


def test_a_full_disk(tmp_path: Path) -> None:
    """On a disk of one megabyte what fits is stored, whole; the rest is a miss, nothing is left of it; one warning."""
    found = built(tmp_path / "store", *bubblewrapped("--size", str(1024 * 1024), "--tmpfs", str(tmp_path)))

    assert 0 < found["after"] < 40
    assert found["after"] == found["kept"]
    [message] = found["warned"]
    assert "could not be stored (No space left on device)\n\nhint: " in message


def test_a_limit_of_files(tmp_path: Path) -> None:
    """Where a write stops in the middle of an entry, nothing is left of it: one warning."""
    found = built(tmp_path, first="resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))")

    assert (0, 0) == (found["after"], found["kept"])
    [message] = found["warned"]
    assert "could not be stored (File too large)\n\nhint: " in message


def test_no_file_can_be_opened(tmp_path: Path) -> None:
    """Where a process has no file descriptors left, all is a miss, with one warning for reading and writing."""
    first = (
        "import os; fds = [os.open('/', 0) for _ in range(3)]; soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)"
    )
    build = f"{first}; resource.setrlimit(resource.RLIMIT_NOFILE, (fds[0], hard))"
    script = BUILD.replace("store =", f"{build}\nstore =", 1).replace(
        "store.tidy()", "store.tidy(); resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )
    found = json.loads(done.stdout)

    assert (0, 0, 0, 0) == (found["before"], found["after"], found["kept"], found["wrong"])
    [message] = found["warned"]
    assert "(Too many open files)\n\nhint: " in message


def test_a_disk_that_can_only_be_read(tmp_path: Path) -> None:
    """On a disk that is mounted read-only hits are hits; nothing is stored, and one warning says so."""
    for number in range(3):
        DirectoryStore(tmp_path, pytest.fail).put(action(f"{number}"), outcome("x" * 50_000))
    found = built(tmp_path, *bubblewrapped("--ro-bind", str(tmp_path), str(tmp_path)))

    assert (3, 3, 3) == (found["before"], found["after"], found["kept"])
    [message] = found["warned"]
    assert "could not be stored (Read-only file system)\n\nhint: " in message


def test_a_new_store_on_a_disk_that_can_only_be_read(tmp_path: Path) -> None:
    """The same where there is no store yet."""
    found = built(tmp_path / "store", *bubblewrapped("--ro-bind", str(tmp_path), str(tmp_path)))

    assert (0, 0, 1) == (found["before"], found["after"], len(found["warned"]))
    assert not (tmp_path / "store").exists()


@pytest.fixture
def shared() -> Iterator[Path]:
    """Return a store that all users reach, which has three entries; pytest's own folders are for one."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    store = folder / "store"
    for number in range(3):
        DirectoryStore(store, pytest.fail).put(action(f"{number}"), outcome("x" * 50_000))
    yield store
    for path in (store, *store.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ordinary() -> dict[str, Any]:
    """Return how a child is started that has no rights beyond those that modes give; root is bound by none."""
    if os.geteuid() != 0:
        return {}
    user = {"user": 65534, "group": 65534, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-c", "import sys, mkdocs_codeexec.runtime.store; sys.exit(sys.version_info < (3, 11))"]
        try:
            subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, cwd="/", check=True, capture_output=True, **user)  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError):
            continue
        return {"python": python, **user}
    pytest.skip("needs an interpreter, and this checkout, where an ordinary user can read them")


def test_a_store_that_may_not_be_written(shared: Path, ordinary: dict[str, Any]) -> None:
    """Where one may read and not write, hits are hits; nothing is stored, and one warning says so."""
    for path in (shared, *shared.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    found = built(shared, **ordinary)

    assert (3, 3, 3) == (found["before"], found["after"], found["kept"])
    [message] = found["warned"]
    assert "could not be stored (Permission denied)\n\nhint: " in message


def test_a_store_that_may_not_even_be_read(shared: Path, ordinary: dict[str, Any]) -> None:
    """All is a miss, nothing is stored, and that is one warning, not one for reading and one for writing."""
    shared.chmod(0)
    found = built(shared, **ordinary)

    assert (0, 0, 0) == (found["before"], found["after"], found["kept"])
    [message] = found["warned"]
    assert "the store could not be read (Permission denied)\n\nhint: " in message


def test_an_entry_that_may_not_be_read(shared: Path, ordinary: dict[str, Any]) -> None:
    """A file without rights in a store that may be written is a miss with one warning, and is written anew."""
    for path in (shared, *shared.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    path_of(shared, action("1")).chmod(0)
    found = built(shared, **ordinary)

    assert (2, 40, 40) == (found["before"], found["after"], found["kept"])
    [message] = found["warned"]
    assert message.startswith(f"{path_of(shared, action('1'))}: the store could not be read (Permission denied)")


@pytest.mark.parametrize("what", ["results", *INDEXES])
def test_a_folder_that_is_a_file(tmp_path: Path, what: str) -> None:
    """Whatever of the store is no folder: no exception, one warning, and what can be stored is."""
    (tmp_path / what).touch()
    store = DirectoryStore(tmp_path, warned := Warnings(), size=1)
    for number in range(3):
        assert None is look_up(store, action(f"{number}"), what)
        store.put(action(f"{number}"), GOOD)
        assert (None if what == "results" else GOOD) == store.get(action(f"{number}").key)
    store.tidy()

    [message] = warned
    assert str(tmp_path / what) in message


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("level", ["results", "results/v1", "results/v1/ab", "requests/v1", ".codeexec-0.tmp"])
def test_links_in_a_store_lead_nowhere(tmp_path: Path, level: str, *, writable: bool) -> None:
    """A cache that came with a checkout makes no build read, write or delete anything elsewhere."""
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    canaries = [elsewhere / below / "ab" / name for below in ("", "v1", "v1/ab") for name in (f"{'ab' * 32}.json", "x")]
    canaries += [
        folder / ".codeexec-0123456789abcdef.tmp" for folder in (elsewhere, elsewhere / "ab", elsewhere / "v1/ab")
    ]
    for canary in canaries:
        canary.parent.mkdir(parents=True, exist_ok=True)
        canary.write_text("sings")
        os.utime(canary, (0, 0))
    (store / level).parent.mkdir(parents=True, exist_ok=True)
    (store / level).symlink_to(elsewhere)
    before = {path: path.lstat().st_mtime_ns for path in sorted(elsewhere.rglob("*"))}

    opened = DirectoryStore(store, Warnings(), size=1, writable=writable)
    for number in range(300):  # of every two first digits
        one = action(f"{number}")
        opened.get(one.key), opened.find(one.request_key)
        opened.put(one, GOOD)
    opened.tidy()

    assert before == {path: path.lstat().st_mtime_ns for path in sorted(elsewhere.rglob("*"))}


def test_a_folder_of_the_author_is_not_marked(tmp_path: Path) -> None:
    """With `cache_dir: .`, git must not ignore his project, nor backup tools leave it out."""
    (tmp_path / "mkdocs.yml").touch()
    (tmp_path / ".gitignore").write_text("mine")
    DirectoryStore(tmp_path, pytest.fail).put(action("1"), GOOD)

    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert not (tmp_path / "CACHEDIR.TAG").exists()


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """Where no directory can be made, nothing is stored, and that is said once, by whichever thread comes first."""
    (tmp_path / "file").touch()
    store = DirectoryStore(tmp_path / "file" / "store", warned := Warnings())
    threads = [threading.Thread(target=store.put, args=(action(f"{n}"), GOOD)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [message] = warned
    assert "could not be stored (Not a directory)\n\nhint: " in message
    assert message.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "mend"),
    [("file", "is a file: remove it"), ("link", "is a link that leads nowhere: make the folder that it means")],
)
def test_a_place_that_is_no_folder(tmp_path: Path, kind: str, mend: str) -> None:
    """The hint says what stands where the store should be."""
    place = tmp_path / "store"
    if kind == "file":
        place.touch()
    else:
        place.symlink_to(tmp_path / "nowhere" / "at all")
    DirectoryStore(place, warned := Warnings()).put(action("one"), GOOD)

    [message] = warned
    assert f"`{place}` {mend}" in message


def test_damage_and_a_failing_disk_are_two_things(tmp_path: Path) -> None:
    """One warning of each, however many there are."""
    store = DirectoryStore(tmp_path, warned := Warnings())
    for number in range(3):
        store.put(action(f"{number}"), GOOD)
        path_of(tmp_path, action(f"{number}")).write_bytes(b"{")
        store.get(action(f"{number}").key)
    shutil.rmtree(tmp_path / "results")
    (tmp_path / "results").touch()
    for number in range(3):
        store.put(action(f"{number}"), GOOD)

    assert ["usable", "stored"] == [next(w for w in ("usable", "stored") if w in message) for message in warned]


# --- Kills -------------------------------------------------------------------------------------------------------------------

WRITERS = (
    PRELUDE
    + """
KEYS, SIZES = 20, (10, 3_000, 40_000, 300_000)

def text(number, turn):
    return f"{number}:{turn}:" + "x" * SIZES[turn % 4]

def right(number, found):
    return found == outcome(text(number, int(found.steps[0].stdout.split(":")[1])))

def write(pipe, seed):
    chance = random.Random(seed)
    store = DirectoryStore(directory, lambda message: os._exit(9))
    while True:
        number, turn = chance.randrange(KEYS), chance.randrange(1000)
        store.put(action(f"{number}"), outcome(text(number, turn)))
        os.write(pipe, bytes([number]))

def start(seed):
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        write(writing, seed)
    os.close(writing)
    return pid, reading

chance = random.Random(1)
kills, warned, reads, torn, lost, completed, early = 0, [], 0, 0, 0, 0, 0
writers = [start(0), start(1)]
while kills < 200:
    pid, pipe = writers.pop(0)
    end = time.monotonic() + chance.uniform(0, 0.03)
    store = DirectoryStore(directory, warned.append)
    while time.monotonic() < end:
        number = chance.randrange(KEYS)
        if found := store.get(action(f"{number}").key):
            reads += 1
            torn += not right(number, found)
    os.kill(pid, signal.SIGKILL)
    early += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != -9
    kills += 1
    done = set()
    while chunk := os.read(pipe, 65536):
        done |= set(chunk)
        completed += len(chunk)
    os.close(pipe)
    for number in done:
        for found in (store.get(action(f"{number}").key), store.find(action(f"{number}").request_key)):
            lost += found is None
            torn += found is not None and not right(number, found)
    if kills < 199:
        writers.append(start(kills + 1))
print(json.dumps([kills, early, warned, torn, lost, reads, completed]))
"""
)


def test_kills_leave_no_torn_entry(tmp_path: Path) -> None:
    """Two writers of the same keys are killed at random, 200 times: all that is read is whole, all that was stored stays.

    Of what was in flight no more is left than a temporary file each, which is swept when it is old.
    """
    command = [sys.executable, "-c", WRITERS, str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False, timeout=120)
    assert 0 == done.returncode, done.stderr
    kills, early, warned, torn, lost, reads, completed = json.loads(done.stdout)

    assert (200, 0, [], 0, 0) == (kills, early, warned, torn, lost)
    assert reads > 200
    assert completed > 200
    whole = [json.loads(path.read_bytes()) for path in tmp_path.rglob("*.json")]
    assert 60 == len(whole)
    orphans = list(tmp_path.rglob(".codeexec-*"))
    assert len(orphans) <= kills
    for path in orphans:
        os.utime(path, (0, 0))
    DirectoryStore(tmp_path, pytest.fail).put(action("0"), GOOD)
    assert [] == list(tmp_path.rglob(".codeexec-*"))


# --- Several at once ---------------------------------------------------------------------------------------------------------

SHARER = (
    PRELUDE
    + """
chance = random.Random(int(sys.argv[2]))
warned, wrong, missed, stored, sizes = [], 0, 0, 0, []
sys.stdin.readline()
for turn in range(50):
    store = DirectoryStore(directory, warned.append, size=1_000_000)
    mine = chance.sample(range(40), 8)
    for number in mine:
        for look_up, key in ((store.get, "key"), (store.find, "request_key"), (store.similar, "structural_key")):
            found = look_up(getattr(action(f"{number}"), key))
            wrong += found not in (None, outcome(f"{number}:" + "x" * 60_000))
        if found is None:
            missed += 1
            store.put(action(f"{number}"), outcome(f"{number}:" + "x" * 60_000))
            stored += 1
    store.tidy()
    sizes.append(len(list(directory.glob("results/*/*/*.json"))))
print(json.dumps([warned, wrong, missed, stored, max(sizes)]))
"""
)


def test_builds_that_share_a_store(tmp_path: Path) -> None:
    """Three processes get, put and evict for 50 rounds: no exception, no warning, no wrong answer, and it keeps its size."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", SHARER, str(tmp_path), str(seed)],
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for seed in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        stdout, stderr = child.communicate(timeout=60)
        assert 0 == child.returncode, stderr
        warned, wrong, missed, stored, most = json.loads(stdout)

        assert ([], 0) == (warned, wrong)
        assert 0 < stored <= missed
        # Fifteen entries fit; each of the others may have stored a few more by then.
        assert most <= 15 + 3 * 8
    assert [] == list(tmp_path.rglob(".codeexec-*"))
