"""What to write in `mkdocs.yml` where a sample uses a crate that its Environment does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.languages.rust.environments import known, locks, workspace
from mkdocs_codeexec.languages.rust.environments.known import Release
from mkdocs_codeexec.languages.rust.environments.mending import local

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings

_CODES = frozenset({"E0432", "E0433", "E0463"})
_CRATE = re.compile(
    r"(?:unresolved module or unlinked crate|undeclared crate or module|no external crate|maybe a missing crate"
    r"|cannot find module or crate|can't find crate for) `(?:r#)?(\w+)`"
)
_PATH = re.compile(r'"(?:\./)?([^"\n]+\.rs)"')
_OURS = frozenset({"std", "core", "alloc", "proc_macro", "test", "crate", "self", "super"})
_CRATES_IO = re.compile(r"(?:registry|sparse)\+https://(?:github\.com/rust-lang/crates\.io-index|index\.crates\.io/)")
MOST = 4
"""Crates that one hint names."""


def hint(outcome: Outcome, wanted: EnvironmentSettings, settings: Settings, lock_files: Iterable[str]) -> str:
    """Return what to write so that a sample has the crates that rustc did not find; empty if that is not its trouble.

    Args:
        outcome: Of the sample.
        wanted: What its Environment consists of.
        settings: The configuration.
        lock_files: What the Environment and workspaces have locked, what counts most first.
    """
    missing = unknown_crates(outcome)
    if not missing:
        return ""
    listed = {_crate(name) for name in wanted.dependencies}
    if there := [name for name in missing if name in listed]:
        return f"`{there[0]}` is listed in {settings.host.file}, but has no library that samples could use"
    lines: list[str] = []
    others: list[str] = []
    texts = list(lock_files)
    for name in missing[:MOST]:
        line = _line(name, settings, texts)
        if elsewhere := _elsewhere(name, wanted, settings):
            others.append(f'`{name}` is in another environment: `environment="{elsewhere}"` on the fence')
        elif line is not None:
            lines.append(line)
        elif meant := nearest(name, sorted(listed)):
            others.append(f"did you mean `{meant}`?")
        elif meant := nearest(name, sorted({_crate(one) for one in known.names(settings)})):
            lines += filter(None, (_line(meant, settings, texts),))
            others.append(f"did you mean `{meant}`?")
        else:  # no version is invented
            lines.append(f'`{name}: "*"`')
            others.append(f"nothing is known here of `{name}`: check how it is spelt")
    where = "languages.rust." + ("" if wanted.name == "default" else f"environments.{wanted.name}.")
    added = [f"add to `{where}dependencies` in {settings.host.file}: {', '.join(lines)}"] if lines else []
    return "; ".join((*added, *others))


def unknown_crates(outcome: Outcome) -> list[str]:
    """Return the crates that rustc did not find, in the order in which it says so."""
    found: dict[str, None] = {}
    for one in outcome.steps[-1].diagnostics if outcome.steps else ():
        if one.code in _CODES:
            texts = (one.message, *(span.label for span in one.spans))
            found.update(dict.fromkeys(match[1] for text in texts for match in _CRATE.finditer(text)))
    return [name for name in found if name not in _OURS]


def unknown_modules(outcome: Outcome) -> list[str]:
    """Return the files of modules that rustc looked for in vain."""
    found: dict[str, None] = {}
    for one in outcome.steps[-1].diagnostics if outcome.steps else ():
        if one.code == "E0583":
            found.update(dict.fromkeys(_PATH.findall(one.rendered)))
    return list(found)


def _elsewhere(name: str, wanted: EnvironmentSettings, settings: Settings) -> str:
    assert settings.rust is not None, "languages.rust is set up"
    for other in settings.rust.environments.values():
        if other is not wanted and name in map(_crate, other.dependencies):
            return other.name
    return ""


def _line(name: str, settings: Settings, lock_files: Iterable[str]) -> str | None:
    """Return the line that lists the crate `name`; None if nothing is known of it."""
    project = settings.project_dir
    for package, folder in _around(project):
        if _crate(package) == name:
            return local(package, folder, project)
    for shared in workspace.shared(workspace.above(project)):
        if _crate(shared) == name:
            return f"`{shared}: {{workspace: true}}`"
    # What is locked is what is tested with; the index of a machine may know newer ones that nobody has tried.
    locked = [one for text in lock_files for one in locks.packages(text) if _crate(one.name) == name]
    from_locks = (Release(one.name, one.version) for one in locked if _CRATES_IO.match(one.source))
    found = known.newest(from_locks) or known.newest(known.releases(name, settings))
    return f'`{found.name}: "{found.version}"`' if found else None


def _around(project: Path) -> Iterator[tuple[str, Path]]:
    """Yield the local packages that the site most likely documents: the one that it is in, and those of its workspace."""
    for folder in (project, *project.parents):
        if (folder / "Cargo.toml").is_file():
            if name := workspace.package_name(folder):
                yield name, folder
            break
    if (around := workspace.above(project)) is not None:
        yield from workspace.members(around.root, around.manifest)


def _crate(package: str) -> str:
    return str(package).replace("-", "_")
