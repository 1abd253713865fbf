"""Packages of fences that only cargo can build: with `build.rs`, features, targets of their own, or a workspace.

They are built by cargo itself, offline, in the directory of the sample and as confined as it. Dependencies are those of the
Environment, in its versions.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages.rust.environments.documented import described

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Sample

MANIFEST, SCRIPT = "Cargo.toml", "build.rs"
_TABLES = (
    *(
        "bench",
        "bin",
        "build-dependencies",
        "example",
        "features",
        "lib",
        "lints",
        "patch",
        "replace",
        "target",
        "test",
    ),
    "workspace",
)
"""What of a manifest only cargo heeds."""
_KINDS = ("bin", "example", "test")
_FOLDERS = {"src/bin": "bin", "examples": "example", "tests": "test"}
_PROGRAM = "sample"
"""What is built, in the directory of the sample (`steps`)."""
_STUB = "fn main() {}\n"
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
Table = Mapping[str, object]


class Built(NamedTuple):
    """How cargo builds what a fence is.

    Attributes:
        words: Of its command line; empty where rustc alone will do.
        own: The file that the fence is, as compilers name it.
        runs: Whether there is a program.
        lock: Where cargo looks for its lock file.
        variables: `CARGO_PKG_*`, which the program gets.
        stubs: Programs that do nothing, of members whose sources stand further down on the page, names and texts.
        refusal: Why it is not built.
    """

    words: tuple[str, ...] = ()
    own: str = ""
    runs: bool = True
    variables: tuple[tuple[str, str], ...] = ()
    lock: str = ""
    stubs: tuple[tuple[str, str], ...] = ()
    refusal: Unavailability | None = None


RUSTC = Built()


def built(sample: Sample, dependencies: Mapping[str, object]) -> Built:
    """Return how cargo builds what `sample` is a file of, where the Environment has `dependencies`."""
    if not is_for(sample):
        return RUSTC
    own, files = sample.links.file, dict(sample.given.files)
    texts = _manifests(sample)
    try:
        manifests = {name: tomllib.loads(text) for name, text in texts.items()}
        folder = _folder(own, manifests)
        _check_place((*files, own))
        _check(manifests, dependencies)
        return _built(sample, folder, manifests, {*files, own})
    except _Refused as refused:
        return Built(refusal=Unavailability(*refused.args))
    except (ValueError, RecursionError) as error:
        return Built(refusal=Unavailability(f"`{MANIFEST}` of the page: not TOML: {error}", "mend the fence"))


def is_for(sample: Sample) -> bool:
    """Tell whether `sample` is a file of such a package, or has its files beside it."""
    names = {name for name, _ in sample.given.files}
    own = sample.links.file
    return bool(names or own) and _needs_cargo(own, {*names, own}, _manifests(sample))


def _manifests(sample: Sample) -> dict[str, str]:
    return {name: text for name, text in sample.given.files if posixpath.basename(name) == MANIFEST}


def _needs_cargo(own: str, names: Collection[str], manifests: Mapping[str, str]) -> bool:
    """Tell whether a package of files with these `names`, of which `own` is the sample's, is more than rustc can build."""
    if not manifests:
        return own == SCRIPT or SCRIPT in names
    if any(posixpath.basename(name) == SCRIPT for name in names) or set(manifests) != {MANIFEST}:
        return True
    try:
        return any(table in tomllib.loads(manifests[MANIFEST]) for table in _TABLES)
    except (ValueError, RecursionError):
        return False


class _Refused(Exception):  # noqa: N818 - a sample is, and that is no fault of ours
    """Reason and hint."""


def _folder(own: str, manifests: Mapping[str, Table]) -> str:
    """Return the folder of the package that the file `own` belongs to."""
    if not own.endswith(".rs"):
        hint = 'write it as a file of the package: `file="examples/name.rs"`, say'
        raise _Refused("the package of the page is one that only cargo can build, for its own files", hint)
    above = [str(folder) for folder in PurePosixPath(own).parents]
    found = next((one for one in above if "package" in manifests.get(_in(one, MANIFEST), {})), None)
    if found is None:
        hint = f'write a fence `toml file="{MANIFEST}"` above it, with `[package]`'
        if not manifests:
            raise _Refused(f"`{SCRIPT}` is not run for fences without a `{MANIFEST}`", hint)
        raise _Refused(f"there is no `{MANIFEST}` for `{own}`", hint)
    return found


def _built(sample: Sample, folder: str, manifests: Mapping[str, Table], names: Collection[str]) -> Built:
    manifest = manifests[_in(folder, MANIFEST)]
    own, name = posixpath.relpath(sample.links.file, folder), _text(_table(manifest.get("package")), "name")
    if not _NAME.fullmatch(name):
        raise _Refused(f"`{_in(folder, MANIFEST)}` of the page: `[package]` has no `name`", 'write `name = "…"`')
    inside = {posixpath.relpath(one, folder) for one in names if folder == "." or one.startswith(f"{folder}/")}
    kind, target = _target(own, name, manifest, inside)
    harness = kind == "test" or "test_harness" in sample.options
    what = ("--lib",) if kind == "lib" else (f"--{kind}", target)
    if sample.build_only:
        words: tuple[str, ...] = ("check", *what)
    else:
        words = ("test", "--no-run", *what) if harness else ("build", *what)
    root = _root(folder, manifests)
    return Built(
        (*words, "--package", name, "--manifest-path", _in(root, MANIFEST)),
        posixpath.relpath(sample.links.file, root),
        runs=not sample.build_only and (kind != "lib" or harness),
        lock=_in(root, "Cargo.lock"),
        stubs=tuple((name, _STUB) for name in _stubs(manifests, names)),
        variables=described(_table(manifest.get("package")), None).variables,
    )


def _root(folder: str, manifests: Mapping[str, Table]) -> str:
    """Return the folder in which cargo compiles the package in `folder`: the root of its workspace."""
    above = [folder, *(str(one) for one in PurePosixPath(folder).parents)]
    return next((one for one in above if "workspace" in manifests.get(_in(one, MANIFEST), {})), folder)


def _target(own: str, package: str, manifest: Table, files: Collection[str]) -> tuple[str, str]:
    """Return the kind and the name of the target that the file `own` of a package is compiled in (the cargo book, "Cargo Targets")."""
    for kind in _KINDS:
        tables = manifest.get(kind)
        for table in tables if isinstance(tables, list) else ():
            name = _text(_table(table), "name")
            if own in (_text(_table(table), "path"), *_usual(kind, name, package)):
                return kind, name
    library = _text(_table(manifest.get("lib")), "path") or "src/lib.rs"
    if own == library:
        return "lib", package
    for folder, kind in _FOLDERS.items():
        name = own.removeprefix(f"{folder}/").removesuffix(".rs").removesuffix("/main")
        if own.startswith(f"{folder}/") and "/" not in name:
            return kind, name
    if own == "src/main.rs" or "src/main.rs" in files:
        named = [table for table in map(_table, _list(manifest.get("bin"))) if _text(table, "path") == "src/main.rs"]
        return "bin", _text(named[0], "name") if named else package
    if library in files:
        return "lib", package
    raise _Refused(
        f"no program and no library has `{own}`", "write a fence with `src/main.rs` or `src/lib.rs` above it"
    )


def _usual(kind: str, name: str, package: str) -> Iterator[str]:
    """Yield where cargo looks for a target that does not say it."""
    folder = next(folder for folder, one in _FOLDERS.items() if one == kind)
    yield from (f"{folder}/{name}.rs", f"{folder}/{name}/main.rs")
    if kind == "bin" and name == package:
        yield "src/main.rs"


def _stubs(manifests: Mapping[str, Table], names: Collection[str]) -> Iterator[str]:
    """Yield the programs that cargo would want of members that have no target yet."""
    for file, manifest in manifests.items():
        folder = posixpath.dirname(file) or "."
        there = any(name.startswith(_in(folder, "src") + "/") for name in names)
        if "package" in manifest and not there and not any(kind in manifest for kind in ("lib", "bin")):
            yield _in(folder, "src/main.rs")


def _check_place(names: Iterable[str]) -> None:
    """Raise if a file of the page, or a folder, is where the program is put."""
    if any(name == _PROGRAM or name.startswith(f"{_PROGRAM}/") for name in names):
        hint = f"call it otherwise, also in `{MANIFEST}`: the name of the package in it may stay"
        raise _Refused(f"`{_PROGRAM}` of the page is in the place of what is built", hint)


def _check(manifests: Mapping[str, Table], dependencies: Mapping[str, object]) -> None:
    """Raise if a package needs what the Environment does not have."""
    known = {name.replace("-", "_") for name in dependencies}
    known |= {str(_table(value).get("package", name)).replace("-", "_") for name, value in dependencies.items()}
    for file, manifest in manifests.items():
        for refused in ("patch", "replace"):
            if refused in manifest:
                hint = f"write `[{refused}]` into `manifest_extra` of the site's Environment"
                raise _Refused(f"`{file}` of the page: `[{refused}]` is not understood for fences", hint)
        folder = posixpath.dirname(file) or "."
        for name, value in _wanted(manifest):
            table = _table(value)
            path = _text(table, "path")
            if path:
                if posixpath.normpath(_in(folder, path)) in {posixpath.dirname(one) or "." for one in manifests}:
                    continue
                hint = f"write `{name}` with its version: that of the site's dependencies is taken"
                raise _Refused(f"`{file}` of the page: no fence is in `{path}`, where `{name}` should be", hint)
            package = str(table.get("package", name)).replace("-", "_")
            if package not in known and table.get("workspace") is not True:
                hint = f"add it to the site's dependencies: `languages: {{rust: {{dependencies: {{{name}: …}}}}}}`"
                raise _Refused(f"`{file}` of the page: the environment does not have `{name}`", hint)


def _wanted(manifest: Table) -> Iterator[tuple[str, object]]:
    for table in (manifest, *map(_table, _table(manifest.get("target")).values())):
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            yield from _table(table.get(kind)).items()
    yield from _table(_table(manifest.get("workspace")).get("dependencies")).items()


def _in(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _table(value: object) -> Table:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(table: Table, key: str) -> str:
    found = table.get(key)
    return found if isinstance(found, str) else ""
