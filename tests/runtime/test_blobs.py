"""Files that samples leave, in a store: kept whole or not at all, believed by their digest alone, evicted with who names them."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.blobs import KeptBlobs
from mkdocs_codeexec.runtime.eviction import ORPHANED
from mkdocs_codeexec.runtime.store import DirectoryStore
from mkdocs_codeexec.untrusted import Tree, UnfitError

LARGEST = 2**40
OLD = time.time() - 2 * ORPHANED


def keep(blobs: KeptBlobs, data: bytes, path: str = "x", most: int = LARGEST) -> Blob:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        digest, size = blobs.keep(file.fileno(), most)
    return Blob(path, digest, size)


def read(blobs: KeptBlobs, blob: Blob) -> bytes | None:
    fd = blobs.open(blob)
    if fd is None:
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read()


def action(name: str) -> Action:
    return Action(
        language="shell", files=(("s", name),), steps=(Step(kind="run", argv=("s",), timeout=1.0),), toolchain="1"
    )


def outcome(*left: Blob, stdout: str = "") -> Outcome:
    step = StepResult(kind="run", stdout=stdout, stderr="", ended=Exited(0))
    return Outcome(language="shell", steps=(step,), toolchain="1", left=left)


def files(store: Path) -> list[Path]:
    """Return the blobs of a store."""
    return sorted(path for path in (store / "blobs").rglob("*") if path.is_file())


def aged(store: Path) -> None:
    """Have all of a store been used long ago."""
    for path in store.rglob("*"):
        if path.is_file():
            os.utime(path, (OLD, OLD))


def test_kept_and_found(tmp_path: Path) -> None:
    """A blob is called by its digest, holds what it was given, may not be written, and is found by other processes."""
    blobs = KeptBlobs(Tree(tmp_path))
    found = [keep(blobs, data) for data in (b"", b"a", b"x" * 3_000_000, b"a")]

    assert [hashlib.sha256(data).hexdigest() for data in (b"", b"a", b"x" * 3_000_000, b"a")] == [
        b.digest for b in found
    ]
    assert sorted({b.digest for b in found}) == [path.name for path in files(tmp_path)]
    assert {0} == {path.stat().st_mode & 0o333 for path in files(tmp_path)}
    assert [path.name[:2] for path in files(tmp_path)] == [path.parent.name for path in files(tmp_path)]
    other = KeptBlobs(Tree(tmp_path), writable=False)
    assert other.holds(found)
    assert [b"", b"a", b"x" * 3_000_000, b"a"] == [read(other, blob) for blob in found]


def test_too_large(tmp_path: Path) -> None:
    """Nothing of what is larger than it may be stays."""
    with pytest.raises(UnfitError):
        keep(KeptBlobs(Tree(tmp_path)), b"x" * 2_000_000, most=1_999_999)
    assert [] == files(tmp_path)


def damage(path: Path, how: str, tmp_path: Path) -> None:
    """Have a stranger put something else in the place of a blob."""
    good, about = path.read_bytes(), path.stat()
    path.unlink()
    match how:
        case "link":
            (tmp_path / "outside").write_bytes(good)
            path.symlink_to(tmp_path / "outside")
        case "bytes":
            path.write_bytes(b"evil" + good[4:])
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        case "shorter":
            path.write_bytes(good[:-1])
        case "huge":
            with path.open("wb") as file:
                file.truncate(2**34)
        case "folder":
            path.mkdir()
            (path / "x").write_text("x")
        case "fifo":
            os.mkfifo(path)
        case "closed":
            path.write_bytes(b"evil" + good[4:])
            path.chmod(0)
        case "shelf":
            shelf = path.parent
            shelf.rmdir()
            (tmp_path / "shelf").mkdir()
            (tmp_path / "shelf" / path.name).write_bytes(good)
            shelf.symlink_to(tmp_path / "shelf")


HOWS = ["gone", "link", "bytes", "shorter", "huge", "folder", "fifo", "closed", "shelf"]


@pytest.mark.parametrize("how", HOWS)
def test_what_strangers_have_made(tmp_path: Path, how: str) -> None:
    """A blob that is not what it is called is none, told once, costs no time, and is mended when it is kept again."""
    store = tmp_path / "store"
    blob, other = (keep(KeptBlobs(Tree(store)), data) for data in (b"good" * 1000, b"other"))
    damage(next(path for path in files(store) if path.name == blob.digest), how, tmp_path)
    told: list[object] = []
    blobs = KeptBlobs(Tree(store), damaged=lambda *what: told.append(what))

    assert (False, None, True) == (blobs.holds([other, blob]), read(blobs, blob), blobs.holds([other]))
    assert (how == "gone") == (not told)
    if how == "shelf":  # nothing is written through a link: it is kept by this process
        keep(blobs, b"good" * 1000)
        assert [blob.digest] == [path.name for path in (tmp_path / "shelf").iterdir()]
    else:
        assert blob == keep(blobs, b"good" * 1000)
        assert KeptBlobs(Tree(store)).holds([blob])
    assert b"good" * 1000 == read(blobs, blob)


def test_what_is_damaged_while_a_process_knows_it(tmp_path: Path) -> None:
    """That it was good a moment ago is believed only of the same file with the same dates."""
    blobs = KeptBlobs(Tree(tmp_path))
    blob = keep(blobs, b"good")
    [path] = files(tmp_path)
    about = path.stat()
    assert blobs.holds([blob])
    path.chmod(0o644)
    path.write_bytes(b"evil")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

    assert not blobs.holds([blob])


@pytest.mark.parametrize("kind", ["not written", "no store", "no folder"])
def test_where_the_store_is_not_written(tmp_path: Path, kind: str) -> None:
    """Files are kept for this process alone, and the store stays as it is."""
    store = tmp_path / "store"
    if kind == "no folder":
        store.write_text("a file")
    blobs = KeptBlobs(None if kind == "no store" else Tree(store), writable=kind != "not written")
    blob = keep(blobs, kind.encode())

    assert kind.encode() == read(blobs, blob)
    assert not KeptBlobs(Tree(store)).holds([blob])
    assert (kind == "no folder") == store.exists()


def test_what_a_process_kept_alone_goes_with_it() -> None:
    """Nothing is left among temporary files."""
    code = (
        "import os, tempfile\nfrom mkdocs_codeexec.runtime.blobs import KeptBlobs\nblobs = KeptBlobs()\n"
        "with tempfile.TemporaryFile() as file:\n file.write(b'x')\n file.flush()\n blobs.keep(file.fileno(), 9)\n"
        "print(blobs._own.root.parent, os.stat(blobs._own.root).st_mode & 0o77)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    folder, mode = said.split()

    assert ("0", False) == (mode, Path(folder).exists())


# --- With results ---------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    """Return a store of 1 MiB that has three results of old, the first two with files of 250 KB, one of them shared."""
    made = DirectoryStore(tmp_path, pytest.fail)
    blobs = [keep(made.blobs, name.encode() * 250_000) for name in "abc"]
    made.put(action("1"), outcome(*blobs[:2]))
    made.put(action("2"), outcome(*blobs[1:]))
    made.put(action("3"), outcome())
    made.close()
    aged(tmp_path)
    yield (again := DirectoryStore(tmp_path, pytest.fail, size=1024 * 1024))
    again.close()


def letters(store: Path) -> str:
    """Return of which letters files are left."""
    return "".join(sorted(path.read_bytes()[:1].decode() for path in files(store)))


def grown(store: DirectoryStore, size: int, letter: str = "n") -> Blob:
    """Have `store` get a new result with a file."""
    blob = keep(store.blobs, letter.encode() * size)
    store.put(action("new"), outcome(blob))
    store.tidy()
    return blob


def test_files_count(tmp_path: Path, store: DirectoryStore) -> None:
    """What is used longest ago goes with its files, as long as nobody else names them; below the size nothing goes."""
    grown(store, 1000)
    assert "abcn" == letters(tmp_path)
    grown(store, 50_000)
    os.utime(tmp_path / f"results/v1/{action('1').key[:2]}/{action('1').key}.json", (OLD - 9, OLD - 9))
    grown(store, 250_000, "m")

    assert store.get(action("1").key) is None
    assert store.get(action("2").key) == outcome(
        *(Blob("x", hashlib.sha256(n * 250_000).hexdigest(), 250_000) for n in (b"b", b"c"))
    )
    assert {"b", "c", "m"} <= set(letters(tmp_path))
    assert "a" not in letters(tmp_path)


def test_files_that_nobody_names_go_first(tmp_path: Path, store: DirectoryStore) -> None:
    """They go before any result; those that were written within the hour stay, their result may be on its way."""
    other = DirectoryStore(tmp_path, pytest.fail)
    keep(other.blobs, b"o" * 250_000)
    aged(tmp_path)
    young = keep(other.blobs, b"y" * 1000)
    other.close()
    grown(store, 1000)

    assert "abcny" == letters(tmp_path)
    assert store.blobs.holds([young])
    assert all(store.get(action(name).key) for name in "123")


def test_what_this_build_has_used_stays(tmp_path: Path, store: DirectoryStore) -> None:
    """However much that is: results that it has got, and files that it has looked for."""
    first = store.get(action("1").key)
    assert first is not None
    assert store.blobs.holds(first.left)
    aged(tmp_path)
    grown(store, 2_000_000)

    assert store.get(action("1").key) == first
    assert store.blobs.holds(first.left)
    assert store.get(action("2").key) is None
    assert "abn" == letters(tmp_path)


def test_two_builds_lose_nothing(tmp_path: Path, store: DirectoryStore) -> None:
    """What another build has looked for just now stays, although its results are old."""
    other = DirectoryStore(tmp_path, pytest.fail)
    known = other.get(action("2").key)
    assert known is not None
    assert other.blobs.holds(known.left)
    grown(store, 2_000_000)

    assert other.blobs.holds(known.left)
    assert KeptBlobs(Tree(tmp_path)).holds(known.left)
    other.close()


def test_removed_results_leave_files_to_eviction(tmp_path: Path, store: DirectoryStore) -> None:
    """Files may be named by others; they are counted, and go when there is no room for them."""
    assert 2 == store.remove(action("1").key, action("2").key)
    assert "abc" == letters(tmp_path)
    grown(store, 350_000)
    assert "n" == letters(tmp_path)


def test_a_result_that_names_what_it_likes(tmp_path: Path, store: DirectoryStore) -> None:
    """Nothing outside of the blobs goes because of a digest that is none."""
    victim = tmp_path / "victim"
    victim.write_text("x")
    key = Key("0" * 64)
    entry = tmp_path / f"results/v1/00/{key}.json"
    entry.parent.mkdir(exist_ok=True)
    entry.write_text('{"left": [{"digest": "../../victim"}, {"digest": 7}, 8]}')
    os.utime(entry, (OLD - 99, OLD - 99))
    grown(store, 2_000_000)

    assert victim.exists()


def test_entries_count_files(tmp_path: Path, store: DirectoryStore) -> None:
    """What is told of the size of a store holds its files."""
    sizes = {entry.key: entry.size for entry in store.entries()}
    disk = sum(path.stat().st_blocks * 512 for path in (tmp_path / "blobs").rglob("*") if path.is_file())

    assert disk <= store.size
    assert sum(sizes.values()) + disk == store.size


KILLED = """
import os, sys, tempfile, itertools
from pathlib import Path
from mkdocs_codeexec.runtime.blobs import KeptBlobs
from mkdocs_codeexec.untrusted import Tree
blobs = KeptBlobs(Tree(Path(sys.argv[1])))
print(1, flush=True)
for number in itertools.count():
    with tempfile.TemporaryFile() as file:
        file.write(b"%d" % number * 200_000)
        file.flush()
        blobs.keep(file.fileno(), 2**40)
"""


def test_kills_leave_no_torn_blob(tmp_path: Path) -> None:
    """Whenever a process is killed, each blob has all that it is called by."""
    for number in range(10):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.read(1)
            time.sleep(0.02 + 0.013 * number)
            child.send_signal(signal.SIGKILL)
    found = files(tmp_path)
    whole = [path for path in found if not path.name.startswith(".")]

    assert whole
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in whole] == [path.name for path in whole]
    for path in found:
        os.utime(path, (OLD, OLD))
    store = DirectoryStore(tmp_path, pytest.fail)
    store.prepare()
    store.close()
    assert whole == files(tmp_path)
