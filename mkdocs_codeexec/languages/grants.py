"""What samples are given of the author's folders: the one place where that is decided.

Whoever writes `mkdocs.yml` grants; what stands in a checkout may be a stranger's, and grants nothing. So each grant is for
a tree: the checkout that holds `mkdocs.yml`, the one that holds a package which `mkdocs.yml` names, or a folder that it
names elsewhere. What leads out of these, by a link or by a path in a manifest, is refused, once and with a warning; so is
whatever a build must never give, by whichever way it was come to. What is hidden stays hidden, however deep it is.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mkdocs_codeexec.languages import inputs
from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.languages.views import SYSTEM, homes, outermost
from mkdocs_codeexec.languages.visible import Walk
from mkdocs_codeexec.trust import refusal_to_give
from mkdocs_codeexec.untrusted.regular import is_within, read_regular

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings

MANY = 256
"""Files of one pattern that are named one by one; each of them is a mount."""
MANIFEST_LIMIT = 1024 * 1024
"""Bytes of a manifest that is looked at."""
_GLOB = frozenset("*?[")


class Grants:
    """Grants for the samples of one language.

    Args:
        settings: The configuration.
        language: Whose samples.
        readable: What it says they may read.
        patterns: What it says are their inputs.
    """

    def __init__(
        self, settings: Settings, language: str, readable: Sequence[Path] = (), patterns: Sequence[str] = ()
    ) -> None:
        self.settings = settings
        self._language = language
        self._project = settings.project_dir
        self._homes = homes(settings.host_env)
        self._readable = tuple(readable)
        self._patterns = tuple(patterns)
        self._checkout = checkout(self._project, self._homes)
        self._own = {os.path.normpath(self._checkout), os.path.realpath(self._checkout)}
        self._trees: dict[str, None] = {os.path.realpath(self._checkout): None}
        self._seen: dict[tuple[str, Path | None], tuple[str, ...]] = {}
        self._refused: dict[str, str] = {}
        self._told: set[str] = set()
        for path in (*self._readable, *(anchor(self._project, pattern) for pattern in self._patterns)):
            self._name(path, os.path.realpath(path))
        for path in _named_packages(settings):
            self._name(path, os.path.realpath(checkout(Path(os.path.realpath(path)), self._homes)))

    def _name(self, path: Path, tree: str) -> None:
        """Take `tree` for what the configuration names as `path`: unless that is in the checkout, where it may be a link."""
        name = os.path.normpath(path)
        if not any(is_within(name, own) for own in self._own) and not self._is_refused(tree):
            self._trees[tree] = None

    def look_again(self) -> None:
        """Forget what was there."""
        self._seen.clear()

    def holds(self, path: str | Path) -> bool:
        """Tell whether `path` leads to something that the configuration has granted, or may grant."""
        real = os.path.realpath(path)
        return any(is_within(real, tree) for tree in self._trees)

    def wrong(self, path: str | Path, *, tree: Path | None = None) -> str:
        """Return why `path` is not given; empty if it may be.

        Args:
            path: A file or folder.
            tree: It must be in this folder; None for any that the configuration has granted.
        """
        return _wrong(path, self._trees if tree is None else [os.path.realpath(tree)], self._homes)

    def views(self, path: Path, *, quiet: bool = False, tree: Path | None = None) -> tuple[str, ...]:
        """Return what may be seen of the author's file or folder `path`: itself, or what is not hidden in it.

        A checkout holds more than its sources: `.git` has the history and often a token, `.env` has secrets. A folder
        that has hidden entries somewhere is given as the others, and a plain one as itself.

        Args:
            path: The file or folder.
            quiet: Whether nobody need hear that it is not given.
            tree: It must be in this folder; None for any that the configuration has granted.
        """
        if why := self.wrong(path, tree=tree):
            if not quiet:
                self.refuse(path, why)
            return ()
        key = os.fspath(path), tree
        if key not in self._seen:
            walk = Walk(lambda link: self.wrong(link, tree=tree))
            self._seen[key] = walk.views(key[0])
            for link, why in walk.refused.items():
                self.refuse(link, why)
        return self._seen[key]

    def within(self, path: Path, folder: Path) -> Iterator[str]:
        """Yield what may be seen of `path` if it leads to something in `folder`, or in what is granted anyway."""
        if not self.wrong(path) or not self.wrong(path, tree=folder):
            yield from self.views(path, quiet=True, tree=None if not self.wrong(path) else folder)

    def given(self) -> Iterator[str]:
        """Yield what the configuration names: the matches of the declared inputs, and `readable`."""
        for pattern in self._patterns:
            out: list[Path] = []
            files = inputs.matching(self._project, pattern, self.holds, out)
            for link in out:
                self.refuse_input(link)
            if len(files) > MANY:
                for folder in dict.fromkeys(file.parent for file in files):
                    yield from self.views(folder)
                continue
            for file in files:
                yield from self.given_file(file)
        for path in self._readable:
            if path.exists() and (why := self.wrong(path)):
                self.refuse(path, why)
            elif any(is_within(os.path.normpath(path), own) for own in self._own):
                yield from self._whole(path)
            else:
                yield str(path)

    def _whole(self, path: Path) -> Iterator[str]:
        """Yield all of `path`, which is in the checkout and named in `readable`, and what links in it lead to."""
        walk = Walk(self.wrong, all_of_it=True)
        yield from (walk.views(str(path)) or (str(path),))
        for link, why in walk.refused.items():
            self.refuse(link, why)

    def given_file(self, path: Path) -> Iterator[str]:
        """Yield the file `path`, unless it leads to somewhere else."""
        if why := self.wrong(path):
            self.refuse(path, why)
        else:
            yield str(path)

    def clean(self, paths: Iterable[str | Path]) -> tuple[str, ...]:
        """Return the outermost of `paths`, whoever named them, without what must never be given."""
        found: list[str] = []
        for path in map(os.path.normpath, paths):
            real = os.path.realpath(path)
            if why := self._is_refused(real):
                self.refuse(path, f"leads to `{real}`, which {why}" if path != real else why)
            else:
                found.append(path)
        return outermost(found)

    def refuse(self, path: str | Path, why: str) -> None:
        """Note that samples are not given `path`."""
        real = os.path.realpath(path)
        if not any(Path(real).is_relative_to(place) for place in SYSTEM):  # they see it anyway
            self.note(f"`{self._shown(path)}` {why}: samples are not given it", real)

    def refuse_input(self, link: Path) -> None:
        """Note that a link leads out which matches a pattern."""
        self.refuse(link, self.wrong(link))

    def note(self, message: str, path: str, hint: str = "") -> None:
        """Note something that is refused, which leads to `path` unless there is another `hint`."""
        name = f"`languages: {{{self._language}: {{readable: [{path}]}}}}`"
        self._refused[message] = hint or f"if they need it, name it in {self.settings.host.file}: {name}"

    def tell(self, narrator: Narrator) -> None:
        """Warn of what was refused, of each once."""
        for message, hint in sorted(self._refused.items()):
            if message not in self._told:
                self._told.add(message)
                narrator.warn(message, hint=hint)

    def _shown(self, path: str | Path) -> str:
        return os.path.relpath(path, self._project) if Path(path).is_relative_to(self._project) else str(path)

    def _is_refused(self, real: str) -> str:
        return _refusal(real, self._homes)


def of_project(folder: Path) -> tuple[str, ...]:
    """Return what may be seen of a project that is installed in place: nothing hidden, and nothing that links lead out to."""
    private = homes({})
    tree = os.path.realpath(checkout(folder, private))
    if _wrong(folder, [tree], private):
        return ()
    return Walk(lambda link: _wrong(link, [tree], private)).views(str(folder))


def checkout_of(path: Path, settings: Settings) -> Path | None:
    """Return the checkout that holds `mkdocs.yml` if it holds `path`, too, and no home directory is there."""
    root = checkout(settings.project_dir, homes(settings.host_env))
    return root if path.is_relative_to(root) else None


def checkout(folder: Path, private: Iterable[Path]) -> Path:
    """Return the root of the checkout that holds `folder`: as git sees it, else that of a workspace of cargo, else itself.

    Never one of which nothing must be given: some have their home directory in a repository.
    """
    private = tuple(private)
    above = (folder, *folder.parents)
    found = next((one for one in above if (one / ".git").exists()), None)
    found = found or next((one for one in above if _is_workspace(one)), folder)
    return folder if _refusal(os.path.realpath(found), private) else found


def _wrong(path: str | Path, trees: Iterable[str], private: Iterable[Path]) -> str:
    """Return why `path` is not given where all of it must be in one of `trees`; empty if it may be."""
    name, real = os.path.normpath(path), os.path.realpath(path)
    if why := _refusal(real, private):
        return f"leads to `{real}`, which {why}" if name != real else why
    inner = max((one for one in trees if is_within(real, one)), key=len, default=None)
    if inner is None:
        where = "outside of what the configuration names"
        return f"leads to `{real}`, {where}" if name != real else f"is {where}"
    hidden = {part for part in Path(real).relative_to(inner).parts if part.startswith(".")}
    return f"leads to `{real}`, which is hidden" if hidden - set(Path(name).parts) else ""


def _refusal(real: str, private: Iterable[Path]) -> str:
    return next((why for home in private if (why := refusal_to_give(Path(real), home))), "")


def _is_workspace(folder: Path) -> bool:
    found = read_toml(read_regular(folder / "Cargo.toml", MANIFEST_LIMIT, folder))
    return isinstance(found.get("workspace"), Mapping)


def anchor(project: Path, pattern: str) -> Path:
    """Return the folder or file that the glob `pattern` names before its first wildcard."""
    parts: list[str] = []
    for part in Path(pattern).parts:
        if _GLOB & set(part):
            break
        parts.append(part)
    return Path(os.path.normpath(project.joinpath(*parts)))


def _named_packages(settings: Settings) -> Iterator[Path]:
    """Yield the folders of the local packages that `mkdocs.yml` itself names: what a workspace says does not count."""
    for path in said(settings, "path"):
        yield Path(os.path.normpath(settings.project_dir / Path(path).expanduser()))


def repositories(settings: Settings) -> Iterator[str]:
    """Yield the folders of repositories of this machine that `mkdocs.yml` itself names."""
    for url in said(settings, "git"):
        if url.startswith("file://"):
            yield unquote(urlsplit(url).path)


def said(settings: Settings, key: str) -> Iterator[str]:
    """Yield what dependencies say under `key` that are in `mkdocs.yml`; not what they take over of a workspace."""
    for environment in settings.rust.environments.values() if settings.rust else ():
        tables: list[object] = [
            value
            for value in environment.dependencies.values()
            if isinstance(value, Mapping) and "workspace" not in value
        ]
        try:
            tables.append(tomllib.loads(environment.manifest_extra))
        except (ValueError, RecursionError):  # it is refused elsewhere
            continue
        yield from (said for table in tables for said in _values(table, key))


def _values(table: object, key: str) -> Iterator[str]:
    if isinstance(table, Mapping):
        if isinstance(value := table.get(key), str):
            yield value
        for inner in table.values():
            yield from _values(inner, key)
