"""Lists of observed inputs that share what they have in common: what is stored, what is believed, what goes."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.entries import encode, place
from mkdocs_codeexec.runtime.eviction import ORPHANED
from mkdocs_codeexec.runtime.inventory import Inventory
from mkdocs_codeexec.runtime.observed import slices
from mkdocs_codeexec.runtime.slices import place_of
from mkdocs_codeexec.runtime.store import DirectoryStore
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.observed import Inputs

OLD = time.time() - 2 * ORPHANED


def action(name: str) -> Action:
    return Action(language="python", files=(("sample.py", name),), steps=(), toolchain="t", observed=True)


def outcome(text: str, inputs: Inputs) -> Outcome:
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    return Outcome(language="python", steps=(step,), inputs=inputs)


def state(number: int) -> str:
    return f"{number:040x}"


def package(name: str, version: int = 1, size: int = 200) -> Inputs:
    """Return what importing a package reads."""
    files = [(f"read:<site>/{name}/m{number}.py", state(1000 * version + number)) for number in range(size)]
    return tuple(sorted([*files, (f"module:<site>:{name}", state(version)), (f"read:<site>/{name}", "folder")]))


def listing(*parts: Inputs) -> Inputs:
    return tuple(sorted(dict(pair for part in parts for pair in part).items()))


def own(name: str) -> Inputs:
    return ((f"read:<project>/{name}.csv", state(7)),)


def files(root: Path) -> list[Path]:
    """Return the slices and outlines of a store."""
    return sorted(path for path in (root / "slices").rglob("*") if path.is_file())


def aged(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (OLD, OLD), follow_symlinks=False)


# --- Texts ----------------------------------------------------------------------------------------------------------------

LABELS = ["<site>", "<site2>", "<project>", "~", "<venv>", "/usr", "/etc", "", "<mylib>"]
NAMES = st.builds(
    "{}:{}/{}{}".format,
    st.sampled_from(["read", "list", "link", "module", "hidden:python", "project:read", "tree", "unknown", ""]),
    st.sampled_from(LABELS),
    st.sampled_from(["numpy", "matplotlib", "data", "x"]),
    st.text(alphabet="a/b:\ud800é\0\n", max_size=6),
)
STATES = st.sampled_from(
    ["absent", "folder", "", "\udfff", state(3) + " executable", "A" * 40, "0" * 40]
) | st.integers(0, 2**160 - 1).map(state)
LISTS = st.dictionaries(NAMES, STATES, max_size=80).map(lambda found: tuple(sorted(found.items())))


@given(LISTS)
def test_a_list_is_what_it_is_cut_into(inputs: Inputs) -> None:
    """Nothing is lost, nothing is there twice, and each slice is worth a file."""
    found = slices.cut(inputs)

    assert inputs == slices.joined([*found.slices, found.own])
    assert len(inputs) == sum(map(len, found.slices)) + len(found.own)
    assert all(len(one) >= slices.LEAST and list(one) == sorted(one) for one in found.slices)
    assert list(found.own) == sorted(found.own)


@given(LISTS.filter(bool))
def test_a_slice_comes_back(inputs: Inputs) -> None:
    """Whatever names and states are: text that is no UTF-8, digests, what only looks like one."""
    text = slices.spelled(inputs)
    name = slices.name_of(text)

    assert inputs == slices.read(slices.unpacked(slices.packed(text), name))
    assert not slices.is_outline(text)


@given(st.lists(st.integers(0, 2**64 - 1).map("{:016x}".format), min_size=1, max_size=30))
def test_an_outline_comes_back(names: list[str]) -> None:
    """It names slices, and is none itself."""
    text = slices.outlined(names)

    assert tuple(names) == slices.outline(text)
    assert slices.is_outline(text)
    with pytest.raises(ValueError, match=r"."):
        slices.read(text)


@given(LISTS.filter(bool), st.data())
def test_what_is_damaged_is_no_slice(inputs: Inputs, data: st.DataObject) -> None:
    """Whatever byte of a file is another one, is missing, or is too many."""
    text = slices.spelled(inputs)
    whole, name = slices.packed(text), slices.name_of(text)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.sampled_from(
            [whole[:at], whole[at + 1 :], whole + b"x", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]]
        )
    )

    with pytest.raises(ValueError, match=r"."):
        slices.unpacked(damaged, name)


# --- The store ------------------------------------------------------------------------------------------------------------


def test_lists_share_what_they_have_in_common(tmp_path: Path) -> None:
    """A store has it once, however many lists have it, and whichever was stored first; all come back as they were."""
    numpy, matplotlib = package("numpy", size=300), package("matplotlib", size=800)
    lists = {
        f"{number}": listing(numpy, matplotlib, own(f"{number}"), package("extra", size=40) if number % 3 else ())
        for number in range(30)
    }
    sizes = []
    for order in (1, -1):
        root = tmp_path / f"{order}"
        store = DirectoryStore(root, pytest.fail)
        for name, inputs in list(lists.items())[::order]:
            store.put(action(name), outcome(name, inputs))
        other = DirectoryStore(root, pytest.fail)
        for name, inputs in lists.items():
            assert [inputs] == other.lists(action(name).key)
            kept = other.get(observed_key(action(name).key, inputs))
            assert kept is not None
            assert name == kept.steps[0].stdout
        assert 5 == len(files(root))  # numpy, matplotlib, extra, and two outlines
        sizes.append({path.name: path.read_bytes() for path in files(root)})
        entry = next((root / "observed").rglob("*.json"))
        assert entry.stat().st_size < 500
    assert sizes[0] == sizes[1]


def test_equal_lists_are_one_object(tmp_path: Path) -> None:
    """So that what is looked up for one of them is known for all."""
    inputs = listing(package("numpy"))
    store = DirectoryStore(tmp_path, pytest.fail)
    for name in "ab":
        store.put(action(name), outcome(name, listing(package("numpy"))))
    other = DirectoryStore(tmp_path, pytest.fail)
    first, second = (other.lists(action(name).key)[0] for name in "ab")

    assert inputs == first
    assert first is second


def test_short_lists_are_read_by_people(tmp_path: Path) -> None:
    """What is in the project stands in the entry itself."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action("a"), outcome("a", listing(package("numpy"), own("prices"))))
    store.put(action("b"), outcome("b", own("others")))

    texts = [path.read_text("utf-8") for path in (tmp_path / "observed").rglob("*.json")]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    assert {
        f'"read:<project>/prices.csv": "{state(7)}"',
        f'"read:<project>/others.csv": "{state(7)}"',
    } <= set(lines)


def test_lists_of_before_are_read(tmp_path: Path) -> None:
    """An entry that shares nothing, as earlier versions wrote it; the next one that is stored for the key shares."""
    one, two = listing(package("numpy")), listing(package("numpy", version=2))
    store = DirectoryStore(tmp_path, pytest.fail)
    key = action("a").key
    for inputs in (two, one):
        store.put(action("a"), outcome("a", inputs))
    at = place("observed", key)
    assert at is not None
    entry = {"format": 1, "name": key, "key": observed_key(key, one), "lists": [dict(one)]}
    tmp_path.joinpath(*at).write_bytes(encode(entry))

    assert [one] == store.lists(key)
    store.put(action("a"), outcome("a", two))
    assert [two, one] == store.lists(key)
    store.put(action("a"), outcome("a", one))
    assert [one, two] == store.lists(key)
    assert ["", ""] != json.loads(tmp_path.joinpath(*at).read_bytes())["shared"]


def _write(root: Path, key: str, text: bytes, data: bytes | None = None) -> None:
    """Put a text into a store, and let the entry of `key` name it as outline."""
    at = root.joinpath(*place_of(slices.name_of(text)))
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_bytes(data if data is not None else slices.packed(text))
    entry = place("observed", key)
    assert entry is not None
    value = {"format": 1, "name": key, "key": "0" * 64, "lists": [{}], "shared": [slices.name_of(text)]}
    root.joinpath(*entry).write_bytes(encode(value))


def _bomb(root: Path, key: str) -> None:
    """A slice of 64 MiB in 64 KiB."""
    text = slices.spelled((("read:/a", "x"),))
    _write(root, key, slices.outlined([slices.name_of(text)]))
    stream = zlib.compressobj(9)
    zeros = bytes(1024 * 1024)
    data = b"".join([*(stream.compress(zeros) for _ in range(64)), stream.flush()])
    root.joinpath(*place_of(slices.name_of(text))).parent.mkdir(exist_ok=True)
    root.joinpath(*place_of(slices.name_of(text))).write_bytes(data)


def _many_large(root: Path, key: str) -> None:
    """Slices each of which is allowed, and that are too much together."""
    names = []
    for number in range(8):
        pairs = tuple((f"read:/{number}/{n:07}{'x' * 200}", "absent") for n in range(1500))
        _write(root, key, text := slices.spelled(pairs))
        names.append(slices.name_of(text))
    _write(root, key, slices.outlined(names))


def _of_outlines(root: Path, key: str) -> None:
    """An outline that names outlines; one that names itself there is none, as it would have to know its digest."""
    _write(root, key, inner := slices.outlined(["0" * 16]))
    _write(root, key, slices.outlined([slices.name_of(inner)]))


def _unsorted(root: Path, key: str) -> None:
    text = b'[["read:/b","read:/a"],["x","y"]]\n'
    _write(root, key, text)
    _write(root, key, slices.outlined([slices.name_of(text)]))


def _deep(root: Path, key: str) -> None:
    text = b"[" * 100_000
    _write(root, key, text)
    _write(root, key, slices.outlined([slices.name_of(text)]))


FOREIGN: dict[str, Callable[[Path, str], None]] = {
    "a bomb": _bomb,
    "too many large ones": _many_large,
    "an outline of outlines": _of_outlines,
    "a slice for an outline": lambda root, key: _write(root, key, slices.spelled(package("numpy"))),
    "unsorted": _unsorted,
    "deep": _deep,
    "too long an outline": lambda root, key: _write(root, key, b"outline\n" + bytes(8 * 1025)),
    "half a name": lambda root, key: _write(root, key, b"outline\n" + bytes(12)),
    "nothing": lambda root, key: _write(root, key, b"outline\n"),
    "not compressed": lambda root, key: _write(root, key, b"outline\n12345678", b"outline\n12345678"),
    "a cut file": lambda root, key: _write(root, key, t := b"outline\n12345678", slices.packed(t)[:-2]),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_a_stranger_made_is_a_miss(tmp_path: Path, make: Callable[[Path, str], None]) -> None:
    """At once, with one warning, and no more memory than what is allowed; what is stored next is found."""
    said: list[str] = []
    inputs = listing(package("numpy"))
    DirectoryStore(tmp_path, pytest.fail).put(action("a"), outcome("a", inputs))
    make(tmp_path, action("a").key)
    store = DirectoryStore(tmp_path, said.append)
    began = time.process_time()

    assert [] == store.lists(action("a").key)
    assert time.process_time() - began < 2
    assert 1 == len(said)
    assert "slices/v1/" in said[0]
    store.put(action("a"), outcome("a", inputs))
    assert [inputs] == DirectoryStore(tmp_path, pytest.fail).lists(action("a").key)


def _put(root: str, number: int) -> None:
    store = DirectoryStore(Path(root), _fail)
    for name in range(20):
        inputs = listing(package("numpy", size=100 + name), package("own", version=name % 3), own(f"{name}"))
        store.put(action(f"{name} {number % 2}"), outcome(f"{name}", inputs))
        assert [inputs] == store.lists(action(f"{name} {number % 2}").key)


def _fail(message: str) -> None:
    raise AssertionError(message)


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    """The same slices, and others; each finds what it has stored, and whoever comes later finds all."""
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_put, args=(str(tmp_path), number)) for number in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()

    assert [0] * 4 == [child.exitcode for child in children]
    _put(str(tmp_path), 0)
    assert not list(tmp_path.rglob("*.tmp"))


# --- What goes ------------------------------------------------------------------------------------------------------------


def test_slices_go_with_the_last_list_that_is_made_of_them(tmp_path: Path) -> None:
    """When a store makes room; what others need stays, and what nobody names goes first. They count."""
    numpy, pandas = package("numpy", size=2000), package("pandas", size=2000)
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action("old"), outcome("old", listing(numpy, pandas)))
    store.put(action("new"), outcome("new", listing(numpy)))
    store.put(action("third"), outcome("third", listing(package("orphan", size=2000))))
    assert 6 == len(files(tmp_path))
    aged(tmp_path)
    [orphan] = [path for path in (tmp_path / "observed").rglob("*.json") if path.stem == action("third").key]
    orphan.unlink()
    used = DirectoryStore(tmp_path, pytest.fail, size=60_000)
    inputs = used.lists(action("new").key)
    assert used.get(observed_key(action("new").key, inputs[0])) is not None
    used.put(action("big"), outcome("x" * 30_000, ()))
    used.tidy()

    assert 2 == len(files(tmp_path))
    again = DirectoryStore(tmp_path, pytest.fail)
    assert [listing(numpy)] == again.lists(action("new").key)
    assert [] == again.lists(action("old").key)


def test_slices_that_were_used_just_now_stay(tmp_path: Path) -> None:
    """Another build may have written them, whose list is still to come."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action("a"), outcome("a", listing(package("numpy"))))
    for path in (tmp_path / "observed").rglob("*.json"):
        path.unlink()
    other = DirectoryStore(tmp_path, pytest.fail, size=1)
    other.put(action("b"), outcome("b", ()))
    other.tidy()

    assert 2 == len(files(tmp_path))
    aged(tmp_path)
    other.put(action("c"), outcome("c", ()))
    other.tidy()
    assert [] == files(tmp_path)


def test_they_are_part_of_the_inventory(tmp_path: Path) -> None:
    """Each of them, with what it takes on the disk."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(action("a"), outcome("a", listing(package("numpy"))))
    with Tree(tmp_path) as tree:
        found = Inventory.of(tree).files["slices"]

    assert {path.name for path in files(tmp_path)} == {file.name for file in found}
    assert all(file.size >= file.length > 0 for file in found)


def test_a_store_that_is_not_written_is_not_touched(tmp_path: Path) -> None:
    """Not even the dates of what is read."""
    DirectoryStore(tmp_path, pytest.fail).put(action("a"), outcome("a", listing(package("numpy"))))
    aged(tmp_path)
    reader = DirectoryStore(tmp_path, pytest.fail, writable=False)

    assert 1 == len(reader.lists(action("a").key))
    assert {int(OLD)} == {int(path.stat().st_mtime) for path in files(tmp_path)}
    DirectoryStore(tmp_path, pytest.fail).lists(action("a").key)
    assert {int(OLD)}.isdisjoint({int(path.stat().st_mtime) for path in files(tmp_path)})
