"""What a sample did not find, and a `file` fence of its page would have been: how it gets that one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample

_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'", re.MULTILINE)
_FILE = re.compile(r"No such file or directory: '([^'\n]+)'|: ([^:\n]+): No such file or directory")
MANIFEST, LIBRARY = "Cargo.toml", "src/lib.rs"


def hint(sample: Sample, outcome: Outcome, files: Sequence[Sample]) -> str:
    """Return how a script gets the module or the file that it did not find; empty if no fence is that file.

    Args:
        sample: It.
        outcome: What it came to.
        files: The `file` fences of its page.
    """
    said = outcome.steps[-1].errors
    wanted: list[str] = []
    for found in _MODULE.finditer(said):
        path = found[1].replace(".", "/")
        wanted += (f"{path}.py", f"{path}/__init__.py")
    wanted += ((found[1] or found[2]).removeprefix("./") for found in _FILE.finditer(said))
    return _how(sample, [one for one in _last(sample, files) if one.links.file in wanted])


def of_modules(sample: Sample, missing: Iterable[str], files: Sequence[Sample]) -> str:
    """Return how a Rust file gets its modules, where `missing` are paths of files that rustc looked for."""
    wanted = tuple(missing)
    return _how(sample, [one for one in _last(sample, files) if one.links.file in wanted])


def of_package(sample: Sample, missing: Iterable[str], files: Sequence[Sample]) -> str:
    """Return how a Rust sample gets the library of the page's package, where `missing` are crates that rustc did not find."""
    last = {one.links.file: one for one in _last(sample, files)}
    if MANIFEST not in last or LIBRARY not in last:
        return ""
    package = read_toml(last[MANIFEST].code.encode("utf-8", "replace")).get("package")
    name = package.get("name") if isinstance(package, dict) else None
    if not isinstance(package, dict) or not isinstance(name, str) or name.replace("-", "_") not in missing:
        return ""
    if found := _how(sample, [last[LIBRARY], last[MANIFEST]]):
        return found
    if package.get("edition", "2015") != "2015":
        return ""
    return (
        f"`{MANIFEST}` of the page says no `edition`, which is 2015 for cargo, and there `use` wants "
        f'`extern crate {name.replace("-", "_")};` in the root of the crate: write `edition = "2021"` under `[package]`'
    )


def _last(sample: Sample, files: Sequence[Sample]) -> list[Sample]:
    """Return of each file the last fence above `sample`, or else the first one of the page."""
    found: dict[str, Sample] = {}
    for one in files:
        if one.links.file not in found or one.location.line < sample.location.line:
            found[one.links.file] = one
    return [one for one in found.values() if one.location != sample.location]


def _how(sample: Sample, wanted: Sequence[Sample]) -> str:
    """Return how `sample` gets the files that `wanted` are; empty if it has them."""
    if sample.links.file:  # it sees what is above it
        below = [one for one in wanted if one.location.line > sample.location.line]
        if not below:
            return ""
        places = " and ".join(f"`{one.links.file}` ({one.location})" for one in below)
        return f"{places} stands behind it, and a `file` fence sees those above it: put it there"
    lacking = [one for one in wanted if not one.name or one.name not in sample.links.needs]
    if not lacking:
        return ""
    names = [one.name or _name(one.links.file) for one in wanted]
    needs = " ".join((*(name for name in sample.links.needs if name not in names), *names))
    nameless = [f'`name="{_name(one.links.file)}"` on the fence at {one.location}' for one in lacking if not one.name]
    places = " and ".join(f"`{one.links.file}` ({one.location})" for one in lacking)
    first = f"write {', '.join(nameless)}, and " if nameless else "write "
    return f'the page has {places}, and a sample gets it by `needs`: {first}`needs="{needs}"` here'


def _name(file: str) -> str:
    """Return what a fence that is `file` might be called."""
    return re.sub(r"[^\w.-]+", "-", file.rpartition("/")[2].partition(".")[0]).strip("-.") or "file"
