"""A project as a value: ten modules, two command-line tools, data files and a virtual environment, and its mutations.

A state maps paths to what is there. A mutation is a function of one state to the next, so that it can be reverted, and
what it has changed can be told.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

SITE = "venv/lib/python/site-packages"
"""Stands for the folder of installed packages, whose name has the version of Python in it."""


@dataclass(frozen=True)
class Entry:
    """A file, or a link if it has a target."""

    text: str = ""
    mode: int = 0o644
    target: str = ""


State = dict[str, Entry]


def module(value: object, more: str = "") -> Entry:
    return Entry(f"VALUE = {value!r}\n{more}")


def tool(name: str, python: str) -> Entry:
    """Return a console script as pip writes it."""
    return Entry(f"#!{python}\nimport sys\nfrom {name}.cli import main\nsys.exit(main())\n", 0o755)


def program(said: object) -> Entry:
    return Entry(f"#!/bin/sh\necho {said}\n", 0o755)


def installed(name: str, version: str, files: Mapping[str, Entry]) -> State:
    """Return `files` as an installer leaves them in the folder of packages."""
    info = f"{SITE}/{name}-{version}.dist-info"
    found = {f"{SITE}/{path}": entry for path, entry in files.items()}
    record = "".join(f"{path},sha256={hash_of(entry)},\n" for path, entry in sorted(files.items()))
    found[f"{info}/METADATA"] = Entry(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    found[f"{info}/RECORD"] = Entry(record)
    found[f"{info}/INSTALLER"] = Entry("pip\n")
    return found


def hash_of(entry: Entry) -> str:
    import hashlib

    return hashlib.sha256(entry.text.encode()).hexdigest()[:20]


def library(seed: int) -> dict[str, Entry]:
    """Return the modules of the package that is installed."""
    return {
        "lib/__init__.py": module(f"lib {seed}"),
        "lib/alpha.py": module(f"alpha {seed}"),
        "lib/beta.py": module(f"beta {seed}", "from lib.sub import delta\nDELTA = delta.VALUE\n"),
        "lib/unused.py": module(f"unused {seed}"),
        "lib/cli.py": module(f"cli {seed}", "def main():\n    print(VALUE)\n    return 0\n"),
        "lib/data.txt": Entry(f"resource {seed}\n"),
        "lib/sub/__init__.py": module(f"sub {seed}"),
        "lib/sub/gamma.py": module(f"gamma {seed}"),
        "lib/sub/delta.py": module(f"delta {seed}"),
    }


def beginning(root: Path, python: str) -> State:
    """Return the first state."""
    data = {
        "numbers.txt": Entry("1\n2\n3\n"),
        "names.csv": Entry("a,b\n"),
        "more.csv": Entry("c,d\n"),
        "unread.txt": Entry("nobody reads this\n"),
        "v1.txt": Entry("one\n"),
        "v2.txt": Entry("two\n"),
        "v3.txt": Entry("one\n"),
        "current": Entry(target="v1.txt"),
        "run.sh": program("run"),
        "lib.sh": Entry("VALUE=sourced\n"),
        "config.txt": Entry("numbers.txt"),
        "tree/a/x.txt": Entry("x\n"),
        "tree/b/y.txt": Entry("y\n"),
        "kind/inner.txt": Entry("inner\n"),
    }
    source = "edi-src/src/edi"
    return {
        **{f"site/data/{name}": entry for name, entry in data.items()},
        **installed("lib", "1.0", library(0)),
        **installed("other", "1.0", {"other/__init__.py": module("other 0")}),
        "venv/bin/libtool": tool("lib", python),
        "venv/bin/editool": tool("edi", python),
        f"{source}/__init__.py": module("edi"),
        f"{source}/helper.py": module("helper"),
        f"{source}/cli.py": module("editool", "from edi import helper\ndef main():\n    print(helper.VALUE)\n"),
        "edi-src/README.md": Entry("nobody reads this\n"),
        f"{SITE}/__editable__.edi-1.0.pth": Entry(f"{root}/edi-src/src\n"),
        f"{SITE}/edi-1.0.dist-info/METADATA": Entry("Metadata-Version: 2.1\nName: edi\nVersion: 1.0\n"),
        f"{SITE}/edi-1.0.dist-info/RECORD": Entry("__editable__.edi-1.0.pth,,\n"),
        f"{SITE}/edi-1.0.dist-info/direct_url.json": Entry(
            f'{{"dir_info": {{"editable": true}}, "url": "file://{root}/edi-src"}}'
        ),
        "own/single.py": module("single"),
        "own/idle.py": module("idle"),
        "own/ns/one.py": module("ns.one"),
        "bin1/first": program("first"),
        "bin2/second": program("second"),
        "bin2/script": Entry(f"#!{root}/bin1/interpreter\n", 0o755),
    }


# --- The disk ---------------------------------------------------------------------------------------------------------


def real(root: Path, path: str, site: str) -> Path:
    return root / path.replace(SITE, site, 1)


def parents(state: Mapping[str, Entry]) -> set[str]:
    """Return all folders of `state`."""
    found = set()
    for path in state:
        while path := path.rpartition("/")[0]:
            found.add(path)
    return found


def changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> tuple[set[str], set[str]]:
    """Return the files that differ, and all files and folders that are there, as what they are, in one of the two only."""
    files = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    old, new = (
        {*((path, "") for path in state), *((path, "/") for path in parents(state))} for state in (before, after)
    )
    return files, {path for path, _ in old ^ new}


def apply(
    root: Path, site: str, before: Mapping[str, Entry], after: Mapping[str, Entry], chance: random.Random
) -> None:
    """Make `after` of `before` on the disk, in one of the ways in which programs write files."""
    files, _ = changed(before, after)
    for path in sorted(files):
        if path not in after or bool(after[path].target) or (path in before and before[path].target):
            real(root, path, site).unlink(missing_ok=True)
    for path in sorted(parents(before) - parents(after), reverse=True):
        shutil.rmtree(real(root, path, site), ignore_errors=True)
    for path in sorted(files & {*after}):
        write(real(root, path, site), after[path], chance)


def write(path: Path, entry: Entry, chance: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.target:
        path.symlink_to(entry.target)
        return
    old = path.stat() if path.exists() else None
    if chance.random() < 0.5:  # as editors do
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(entry.text, "utf-8")
        beside.replace(path)
    else:
        path.write_text(entry.text, "utf-8")
    path.chmod(entry.mode)
    if old is not None and chance.random() < 0.3:  # as `cp -p`, `rsync` and archives do
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


# --- Mutations --------------------------------------------------------------------------------------------------------

Mutation = Callable[[State, random.Random, int], State]

EDITED = ("site/data/", "own/", "edi-src/", f"{SITE}/lib/")
_SHADOWS = {
    "own/lib.py": module("shadow of lib"),
    "own/lib/__init__.py": module("another lib"),
    "own/edi.py": module("shadow of edi"),
    f"{SITE}/edi.py": module("installed edi"),
    "own/single/__init__.py": module("package single"),
    "own/json.py": module("shadow of json", "def dumps(*a, **k):\n    return 'shadowed'\n"),
    "own/ns/__init__.py": Entry("VALUE = 'no namespace'\n"),
    f"{SITE}/single.py": module("single, too late on the path"),
    f"{SITE}/ns/one.py": module("ns.one, too late on the path"),
    f"{SITE}/ns/__init__.py": module("ns, a package"),
}
_MISSING = {
    "own/maybe.py": module("maybe of its own"),
    f"{SITE}/maybe.py": module("maybe that is installed"),
    "edi-src/src/maybe/__init__.py": module("maybe in place"),
    "edi-src/src/maybe/more.txt": Entry("a folder without a module"),
    "site/data/flag": Entry("flag\n"),
    "site/data/tree/c/z.txt": Entry("z\n"),
    "site/data/tree/c": Entry("a file of that name\n"),
    "site/data/v1.txt": Entry("one\n"),
    "site/data/late.csv": Entry("e,f\n"),
    "site/data/kind": Entry("a file now\n"),
}
_PROGRAMS = {
    "bin1/mytool": program("mytool of bin1"),
    "bin2/mytool": program("mytool of bin2"),
    "bin2/first": program("first, too late on the path"),
    "bin1/second": program("second, shadowed"),
    "bin1/interpreter": program("interpreter of scripts"),
    "bin1/idle": program("nobody calls me"),
}


def _editable(state: State) -> list[str]:
    return sorted(path for path, entry in state.items() if path.startswith(EDITED) and not entry.target)


def edit(state: State, chance: random.Random, number: int) -> State:
    path = chance.choice(_editable(state))
    entry = state[path]
    if path.endswith(".py"):
        lines = entry.text.splitlines(keepends=True)
        lines[0] = f"VALUE = {f'edit {number}'!r}\n"
        return {**state, path: replace(entry, text="".join(lines))}
    if path.endswith("config.txt"):
        return {**state, path: replace(entry, text=chance.choice(["numbers.txt", "names.csv", "v1.txt", "absent"]))}
    return {**state, path: replace(entry, text=f"{entry.text.splitlines()[0]}\n# edit {number}\n")}


def edit_same_size(state: State, chance: random.Random, _: int) -> State:
    paths = [path for path in _editable(state) if path.endswith((".py", ".txt", ".csv"))]
    path = chance.choice([path for path in paths if not path.endswith("config.txt")])
    text = state[path].text
    place = max(len(text.splitlines()[0]) - 2, 0)  # within the quotes of a module's value
    new = chance.choice([letter for letter in "qwxyz" if letter != text[place]])
    return {**state, path: replace(state[path], text=text[:place] + new + text[place + 1 :])}


def delete(state: State, chance: random.Random, _: int) -> State:
    path = chance.choice(_editable(state))
    return {other: entry for other, entry in state.items() if other != path}


def rename(state: State, chance: random.Random, number: int) -> State:
    path = chance.choice(_editable(state))
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.partition(".")
    other = f"{folder}/{stem}_{number % 3}{dot}{suffix}"
    return {(other if at == path else at): entry for at, entry in state.items() if at != other}


def chmod(state: State, chance: random.Random, _: int) -> State:
    path = chance.choice([path for path in _editable(state) if path.startswith("site/data/")])
    entry = state[path]
    modes = [mode for mode in (0o644, 0o755, 0o600) if mode != entry.mode]
    return {**state, path: replace(entry, mode=chance.choice(modes))}


def retarget(state: State, chance: random.Random, _: int) -> State:
    targets = ["v1.txt", "v2.txt", "v3.txt", "nowhere", "tree/a/x.txt", "tree"]
    now = state.get("site/data/current", Entry()).target
    target = chance.choice([target for target in targets if target != now])
    return {**state, "site/data/current": Entry(target=target)}


def _appear(state: State, chance: random.Random, what: Mapping[str, Entry]) -> State:
    path = chance.choice(sorted(what))
    if path in state:
        return {other: entry for other, entry in state.items() if other != path}
    # A file and a folder of one name cannot be.
    kept = {at: entry for at, entry in state.items() if not at.startswith(f"{path}/") and not path.startswith(f"{at}/")}
    return {**kept, path: what[path]}


def shadow(state: State, chance: random.Random, _: int) -> State:
    return _appear(state, chance, _SHADOWS)


def missing(state: State, chance: random.Random, _: int) -> State:
    return _appear(state, chance, _MISSING)


def programs(state: State, chance: random.Random, _: int) -> State:
    return _appear(state, chance, _PROGRAMS)


def _without(state: State, name: str) -> State:
    return {
        path: entry
        for path, entry in state.items()
        if not path.startswith((f"{SITE}/{name}/", f"{SITE}/{name}-")) or path.endswith(".pth")
    }


def reinstall(state: State, chance: random.Random, number: int) -> State:
    """Install the package anew, with other contents and the same version, or with another version."""
    version = chance.choice(["1.0", "1.0", "1.1"])
    return {**_without(state, "lib"), **installed("lib", version, library(number))}


def upgrade_another(state: State, chance: random.Random, number: int) -> State:
    version = chance.choice(["1.0", "2.0"])
    files = {"other/__init__.py": module(f"other {number}")}
    return {**_without(state, "other"), **installed("other", version, files)}


def start(state: State, chance: random.Random, number: int) -> State:
    """Change how Python starts."""
    path = f"{SITE}/{chance.choice(['late.pth', 'sitecustomize.py'])}"
    if path in state:
        return {other: entry for other, entry in state.items() if other != path}
    return {**state, path: Entry(f"import sys; sys.started = {number}\n")}


RECORDED = (reinstall, upgrade_another, start)
"""Those of packages that leave a record."""

MUTATIONS: tuple[tuple[Mutation, int], ...] = (
    (edit, 6),
    (edit_same_size, 3),
    (delete, 2),
    (rename, 2),
    (chmod, 2),
    (retarget, 2),
    (shadow, 3),
    (missing, 3),
    (programs, 3),
    (reinstall, 2),
    (upgrade_another, 1),
    (start, 1),
)
