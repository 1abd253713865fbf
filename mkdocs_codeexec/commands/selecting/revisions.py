"""What differs from a revision of a git repository, whose configuration may be a stranger's.

Git is asked for nothing but names: what is in a revision, and what it ignores. It looks at no contents of the working tree, for
which filters, hooks and monitors would be run that a configuration names. Those are compared here.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import Exited, describe
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.settings import Settings

SECONDS = 60.0
MOST = 1 << 30
"""Bytes that git may write."""
_HARMLESS = (
    *("--no-optional-locks", "--no-pager", "--literal-pathspecs", "--no-replace-objects"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.untrackedCache=false"),
    *("-c", "protocol.allow=never", "-c", "core.alternateRefsCommand="),
)
_LINK = "120000"


class Revision:
    """A revision, and what differs from it: what is committed, staged, or written since, and what is not tracked.

    Args:
        settings: Of the site, whose checkout is looked at.
        name: As git understands it.

    Raises:
        ConfigurationError: There is no git, no checkout, or no such revision.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._environ = _environment(settings.host_env)
        self._root = settings.project_dir
        self._root = Path(self._asked("rev-parse", "--show-toplevel").removesuffix("\n"))
        result, commit = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if result.ended != Exited(0):
            raise ConfigurationError(
                f"`--changed-since`: `{name}` is no revision of the repository `{self._root}`\n\n"
                "hint: `git log` shows which there are; a CI system may have fetched no more than the last one\n"
            )
        self._then = dict(self._tree(commit.strip()))
        others = self._asked("ls-files", "-z", "--others", "--exclude-standard").split("\0")
        tracked = self._asked("ls-files", "-z", "--cached").split("\0")
        self._now = {path for path in (*others, *tracked) if path}
        self._known: dict[str, bool] = {}
        self._folders: dict[tuple[str, bool], bool] = {}

    def differs(self, path: Path, *, names: bool = False) -> bool:
        """Tell whether a file, or anything in a folder, is otherwise than it was; with `names`, whether that is so of which there are.

        What git ignores does not differ, nor does what is elsewhere.
        """
        found = {self._name(path), self._name(Path(os.path.realpath(path)))}
        return any(self._differs(name, names=names) for name in found if name is not None)

    def _differs(self, name: str, *, names: bool) -> bool:
        if name in self._then or name in self._now:
            return self._file_differs(name)
        if (name, names) not in self._folders:
            self._folders[name, names] = self._folder_differs(name, names=names)
        return self._folders[name, names]

    def _folder_differs(self, name: str, *, names: bool) -> bool:
        start = f"{name}/" if name else ""
        below = {one for one in (*self._then, *self._now) if one.startswith(start)}
        if not names:
            return any(map(self._file_differs, below))
        then = {one[len(start) :].partition("/")[0] for one in self._then if one.startswith(start)}
        return then != {one[len(start) :].partition("/")[0] for one in below if os.path.lexists(self._root / one)}

    def _file_differs(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = self._otherwise(name)
        return self._known[name]

    def _otherwise(self, name: str) -> bool:
        mode, was = self._then.get(name, ("", ""))
        file = self._root / name
        try:
            data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
        except OSError:
            return bool(was)
        if not was or file.is_symlink() != (mode == _LINK):
            return True
        # A checkout may have other ends of lines than the repository.
        return was not in (_blob(data, len(was)), _blob(data.replace(b"\r\n", b"\n"), len(was)))

    def _name(self, path: Path) -> str | None:
        for root in (self._root, Path(os.path.realpath(self._root))):
            if path.is_relative_to(root):
                name = path.relative_to(root).as_posix()
                return "" if name == "." else name
        return None

    def _tree(self, commit: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield what is in `commit`: each path with its mode, and the name of its contents."""
        for line in self._asked("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
            about, tab, path = line.partition("\t")
            if tab:
                mode, _, what = about.split(" ")
                yield path, (mode, what)

    def _asked(self, *args: str) -> str:
        """Return what git writes.

        Raises:
            ConfigurationError: It fails.
        """
        result, written = self._ask(*args)
        if result.ended == Exited(0):
            return written
        why = result.stderr.strip().removeprefix("fatal: ") or describe(result.ended)
        raise ConfigurationError(
            f"`--changed-since`: git does not tell what has changed: {why}\n\n"
            "hint: it needs `git`, and a site within a checkout\n"
        )

    def _ask(self, *args: str) -> tuple[StepResult, str]:
        """Return how git ended, and what it has written: names of files as Python has them, unless it has warned of something, too."""
        taken: list[bytes] = []
        argv = ("git", *_HARMLESS, *args)
        command = Command(argv=argv, cwd=self._root, env=self._environ, timeout=SECONDS, output_limit=MOST)
        with Children() as children:
            result = children.run(command, "run", on_output=taken.append)
        return result, result.stdout if result.stderr else os.fsdecode(b"".join(taken))


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: environ[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME") if name in environ}
    return kept | {
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _blob(data: bytes, digits: int) -> str:
    """Return what git calls a file with these contents."""
    digest = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()
