"""What an observed input is like on this machine now."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.observed import ABSENT, no_binary
from mkdocs_codeexec.runtime.observed import projected
from mkdocs_codeexec.runtime.observed.asked import everywhere, of_kernel
from mkdocs_codeexec.runtime.observed.digests import DIGITS
from mkdocs_codeexec.runtime.observed.listing import Listing, listed, short
from mkdocs_codeexec.runtime.observed.projected import ProjectStates
from mkdocs_codeexec.runtime.observed.since import Unstable
from mkdocs_codeexec.runtime.sandbox.places import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mkdocs_codeexec.core.observed import StateOfBinary
    from mkdocs_codeexec.runtime.observed.digests import Digests
    from mkdocs_codeexec.runtime.observed.names import Names
    from mkdocs_codeexec.runtime.observed.since import Since
    from mkdocs_codeexec.worktree.tree import Worktree

MOST_FILES = 50_000
"""Files of one folder that are digested."""
_LEFT_OUT = frozenset({"__pycache__", ".git", ".hg", ".svn", "node_modules", "target"})
_NO_FOLDER = ("#", "import ", "import\t")
LONG_AGO = 2_000_000_000
"""Nanoseconds after which a folder that has its old date has not changed since it was listed."""
NOWHERE = "nowhere"
"""The state of what has no place on this machine."""


class States:
    """Looks at inputs, each time anew, but for entries of folders; see `core.observed` for their names.

    Args:
        names: Knows where they are.
        digests: Knows what files hold.
        sites: The folders of packages that are installed for Python.
        sources: The folders of packages that are installed in place.
        search: The search path of programs.
        reach: What samples of a language may read.
        sandboxed: Whether samples are wanted in a sandbox.
        binary: Knows what programs of local packages are built from.
        project: Where the project is that samples may see.
    """

    def __init__(  # noqa: PLR0913 - each is needed
        self,
        names: Names,
        digests: Digests,
        *,
        sites: Sequence[str],
        sources: Sequence[str],
        search: str,
        reach: Callable[[str], Sequence[str]],
        sandboxed: bool,
        binary: StateOfBinary = no_binary,
        project: Worktree | None = None,
    ) -> None:
        self._names = names
        self._digests = digests
        self._sites = tuple(sites)
        self._sources = tuple(sources)
        self._search = search
        self._reach = reach
        self._sandboxed = sandboxed
        self._binary = binary
        self.project = ProjectStates(project, digests)
        self._real: dict[str, str] = {}
        self._named: dict[str, tuple[tuple[int, int, int] | None, tuple[str, ...]]] = {}
        self._listed: dict[str, Listing] = {}

    def look(self, name: str, since: Since | None = None) -> str:
        """Return the state of `name`.

        Args:
            name: Of the input; one of no known kind has a state that none is stored with.
            since: None if it does not matter when it changed.

        Raises:
            Unstable: It has changed since then.
        """
        word, _, rest = name.partition(":")
        if word == "tool":
            return self._tool(rest, since) if rest and "/" not in rest else ABSENT
        if word == "binary":
            state = self._binary(rest, built=since is not None)
            if state is None:  # it was found in vain
                raise Unstable
            return state
        if word == projected.WORD:
            return self.project.look(rest, since)
        if word in _WHOLE:
            return _WHOLE[word](self, since)
        if word == "hidden":
            return self._hidden(*rest.partition(":")[::2])
        place, _, module = rest.rpartition(":") if word == "module" else (rest, "", "")
        path = self._names.real(place)
        if path is None or "\0" in rest or path == "/" or of_kernel(path):
            return NOWHERE
        if word == "module":
            return self._module(path, module, since)
        return self._look_at(word, path, since)

    def _hidden(self, language: str, place: str) -> str:
        """Return whether samples of `language` can reach what they could not."""
        path = self._names.real(place)
        reached = (*everywhere(network=False), *self._reach(language))
        return "shown" if path is not None and any(within(path, folder) for folder in reached) else "hidden"

    def _sandbox(self, _: Since | None) -> str:
        return "wanted" if self._sandboxed else "off"

    def _tool(self, name: str, since: Since | None) -> str:
        found = shutil.which(name, path=self._search)
        if found is None:  # shells read scripts there that are not executable
            folders = (os.path.join(folder, name) for folder in self._search.split(":"))
            found = next((place for place in folders if os.path.isfile(place)), None)
        return ABSENT if found is None else self._read(found, since)

    def _led(self, path: str, since: Since | None) -> str:
        """Return where links lead that are on the way to the folder `path`: what is in it is told by its real name."""
        if since is not None:
            real = self._real[path] = since.links.real(path)
        elif (known := self._real.get(path)) is not None:
            real = known
        else:
            real = self._real[path] = os.path.realpath(path)
        return "" if real == path else f" at {self._names.portable(real)}"

    def _look_at(self, word: str, path: str, since: Since | None) -> str:
        match word:
            case "read":
                return self._read(path, since)
            case "list":
                return self._listing(path, since, sorted)
            case "modules":
                return self._listing(path, since, _not_records)
            case "shown":
                return self._listing(path, since, _not_hidden)
            case "there":
                return "there" if os.path.lexists(path) else ABSENT
            case "link":
                return self._link(path, since)
            case "contents" | "tree":
                return self._tree((path,), since, deep=word == "tree")
            case _:
                return NOWHERE

    def _read(self, path: str, since: Since | None, about: os.stat_result | None = None) -> str:
        try:
            about = about or os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            self._unchanged_parent(path, since)
            return ABSENT
        except (OSError, ValueError) as error:
            return f"closed ({getattr(error, 'strerror', None) or error})"
        if stat.S_ISDIR(about.st_mode):
            return "folder" + self._led(path, since)
        if since is not None:
            since.links.real(path)
        if not stat.S_ISREG(about.st_mode):
            return "special"
        _unchanged(about, since)
        try:
            digest = self._digests.of(path, about)
        except OSError as error:
            return f"closed ({error.strerror or error})"
        return digest + _permitted(path, about)

    def _link(self, path: str, since: Since | None) -> str:
        try:
            target = os.readlink(path)
            _unchanged(os.lstat(path), since)
            return f"to {self._names.portable(target)}"
        except FileNotFoundError:
            self._unchanged_parent(path, since)
            return ABSENT
        except OSError:
            return "no link"

    def _unchanged_parent(self, path: str, since: Since | None) -> None:
        """Check that nothing was taken out of the place of `path` just now.

        Raises:
            Unstable: It may be that something was.
        """
        while since is not None and path not in ("/", ""):
            path = os.path.dirname(path)
            try:
                about = os.stat(path)
            except OSError:
                continue
            return _unchanged(about, since)
        return None

    def _listing(self, path: str, since: Since | None, choose: Callable[[Iterable[str]], list[str]]) -> str:
        try:
            listing = self._entries_of(path, anew=since is not None)
        except OSError:
            self._unchanged_parent(path, since)
            return ABSENT
        _unchanged(listing.about, since)
        return listing.state(choose(listing.kinds)) + _closed(listing.about) + self._led(path, since)

    def _module(self, path: str, module: str, since: Since | None) -> str:
        try:
            listing = self._entries_of(path, anew=since is not None)
        except OSError:
            self._unchanged_parent(path, since)
            return ABSENT
        _unchanged(listing.about, since)
        names = listing.of_module(module)
        state = listing.state(names) + _closed(listing.about) + self._led(path, since)
        # No module is found behind a link that leads nowhere.
        lost = sum(listing.kinds[name] == "@" and not os.path.exists(f"{path}/{name}") for name in names)
        return f"{state} {lost} lost" if lost else state

    def _entries_of(self, path: str, *, anew: bool) -> Listing:
        """Return what was listed of a folder, or list it: once in a build, or if it has changed since where it is wanted `anew`.

        Raises:
            OSError: It cannot be listed.
        """
        found = self._listed.get(path)
        if found is None or (anew and not _is_as_then(path, found.about)):
            found = self._listed[path] = listed(path)
        return found

    def _led_to(self, site: str, name: str) -> list[str]:
        """Return which of the folders that a `.pth` file names are there: `site` leaves the others out."""
        path = os.path.join(site, name)
        try:
            about = os.stat(path)
            signature = (about.st_size, about.st_ctime_ns, about.st_ino)
            if self._named.get(path, (None, ()))[0] != signature:
                with open(path, "rb") as file:
                    lines = os.fsdecode(file.read(65536)).splitlines()
                named = [line.strip() for line in lines if line.strip() and not line.startswith(_NO_FOLDER)]
                self._named[path] = signature, tuple(named)
        except OSError:
            return []
        return [str(os.path.exists(os.path.join(site, line))) for line in self._named[path][1]]

    def _start(self, since: Since | None) -> str:
        """Return the state of what Python reads before the first line of a program (the documentation of `site`)."""
        parts = []
        for site in self._sites:
            try:
                names = self._entries_of(site, anew=True).starting
            except OSError:
                names = ()
            for name in names:
                parts.append(f"{name} {self._read(f'{site}/{name}', since)}")
                if name.endswith(".pth"):
                    parts += self._led_to(site, name)
        parts.append(self._read(self._names.real("<venv>/pyvenv.cfg") or "/pyvenv.cfg", since))
        return short("\n".join(parts))

    def _packages(self, _: Since | None) -> str:
        """Return the state of all that is installed, by the records of installers, and of what is installed in place."""
        parts = [self._start(None)]
        for site in self._sites:
            try:
                names = sorted(name for name in os.listdir(site) if name.endswith((".dist-info", ".egg-info")))
            except OSError:
                continue
            parts += [f"{name} {self._read(os.path.join(site, name, 'RECORD'), None)}" for name in names]
        parts.append(self._tree(self._sources, None, deep=True))
        return short("\n".join(parts))

    def _tree(self, folders: Sequence[str], since: Since | None, *, deep: bool) -> str:
        """Return the state of all files in `folders`, and in theirs; of folders that are left out, the names.

        Raises:
            Unstable: There are too many.
        """
        total = hashlib.sha256()
        count = 0
        seen: set[tuple[int, int]] = set()
        for top in folders:
            if not os.path.isdir(top):
                total.update(self._read(top, since).encode("utf-8", "backslashreplace") + b"\0")
            waiting = [top]
            while waiting:
                at = waiting.pop()
                try:
                    about = os.stat(at)
                    inner, files, links = _entries(at)
                except OSError:  # it cannot be listed, or is none
                    continue
                if (about.st_dev, about.st_ino) in seen:
                    continue
                seen.add((about.st_dev, about.st_ino))
                lines = [f"{name}/" for name in inner if name != "__pycache__"]
                lines += [f"{name} {self._link(f'{at}/{name}', since)}" for name in links]
                lines += [f"{name} {self._read(f'{at}/{name}', since, known)}" for name, known in files]
                entered = sorted(name for name in inner if deep and not is_left_out(name))
                waiting += [os.path.join(at, name) for name in reversed(entered)]
                count += len(files)
                if count > MOST_FILES:
                    raise Unstable
                text = "\n".join([self._names.portable(at), *sorted(lines)])
                total.update(text.encode("utf-8", "backslashreplace") + b"\0")
        return total.hexdigest()[:DIGITS]


_WHOLE: Mapping[str, Callable[[States, Since | None], str]] = {
    "start": States._start,  # noqa: SLF001
    "packages": States._packages,  # noqa: SLF001
    "sandbox": States._sandbox,  # noqa: SLF001
}
"""Inputs that are no place."""


def _entries(folder: str) -> tuple[list[str], list[tuple[str, os.stat_result | None]], list[str]]:
    """Return the folders in `folder`, its other entries with what they are like, and which of both are links.

    What is behind a link is not looked at here. Thousands of files are looked at after each sample that nobody
    observes, so each is asked for once.

    Raises:
        OSError: It cannot be listed.
    """
    inner: list[str] = []
    files: list[tuple[str, os.stat_result | None]] = []
    links: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_link, is_folder = entry.is_symlink(), entry.is_dir()
            except OSError:  # it leads in a circle
                is_link, is_folder = True, False
            if is_link:
                links.append(entry.name)
            if is_folder:
                inner.append(entry.name)
                continue
            about = None
            if not is_link:
                with contextlib.suppress(OSError):  # it is gone
                    about = entry.stat(follow_symlinks=False)
            files.append((entry.name, about))
    return inner, files, links


def is_left_out(name: str) -> bool:
    """Tell whether a folder of that name is hidden, or made by tools."""
    return name in _LEFT_OUT or name.startswith(".")


def _unchanged(about: os.stat_result, since: Since | None) -> None:
    if since is not None:
        since.unchanged(about)


def _permitted(path: str, about: os.stat_result) -> str:
    """Return what may be done with a file, for whom it matters: children of root are other users than root."""
    bits = about.st_mode & 0o111
    if bits not in (0, 0o111):
        bits = about.st_mode & 0o001 if os.geteuid() == 0 else os.access(path, os.X_OK)
    return (" executable" if bits else "") + _closed(about)


def _closed(about: os.stat_result) -> str:
    return " closed" if os.geteuid() == 0 and not about.st_mode & 0o004 else ""


def _is_as_then(path: str, about: os.stat_result) -> bool:
    """Tell whether the folder `path` is as when it was listed, which was not within a tick of its last change.

    Raises:
        OSError: It is gone.
    """
    now = os.stat(path)
    same = (now.st_ctime_ns, now.st_ino, now.st_dev) == (about.st_ctime_ns, about.st_ino, about.st_dev)
    return same and time.time_ns() - now.st_ctime_ns > LONG_AGO


def _not_records(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.endswith((".dist-info", ".egg-info")))


def _not_hidden(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name[0] != ".")
