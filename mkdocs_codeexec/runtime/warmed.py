"""What libraries make for themselves at their first use, made once: the list of fonts of matplotlib.

The home of a sample is empty, so each one would make it again, which takes longer than most figures. It is made by a
program of ours, confined as samples are, and never taken from a sample. Who reads it depends on all that was read to make
it: outcomes, and the inputs that are observed, are the same with and without it.

It is kept in the user's cache directory as long as nothing that was read has changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.core.action import Step, digest
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.files import read_json, write_json
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot, unguessable
from mkdocs_codeexec.untrusted import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mkdocs_codeexec.core.action import Value
    from mkdocs_codeexec.core.confinement import Limits, Tier
    from mkdocs_codeexec.core.outcome import StepResult

FORMAT = 1
LARGEST = 8 * 1024 * 1024
"""Bytes of what is made."""
PATIENCE = 60.0
"""Seconds for making it."""
TRIES = 2
"""How often it is made in one batch, if files change meanwhile."""
UNOBSERVED = 3
"""The sample of a batch for which it is made where nobody can tell what it depends on, and so it is not kept."""
FRESH = 0.5
"""Seconds for which what was looked at counts as unchanged."""
MARGIN_NS = 20_000_000
"""By how much a file may look older than it is."""

VARIABLE = "CODEEXEC_WARMED"
"""What names the file to a Python that starts; it takes the variable away."""

_USES = re.compile(r"\b(?:matplotlib|pylab|pyplot|seaborn|plotnine)\b|\.plot\b")
"""What samples say that draw by matplotlib."""
_DECIDING = re.compile(r"MPL(?!BACKEND$)|XDG_|FONTCONFIG|FC_|LD_|PYTHON(?!UNBUFFERED$)|(?:HOME|PATH|TMPDIR)$")
"""Variables by which it may become another one."""
_NAME = re.compile(r"fontlist[\w.-]{0,40}\.json")


class Given(NamedTuple):
    """What a sample may read instead of making it.

    Attributes:
        path: The file.
        asked: What was looked for to make it; see `StepResult.asked`.
        began: When that was looked at last, in seconds since the epoch.
        state: How it was then.
    """

    path: str
    asked: tuple[str, ...]
    began: float
    state: str

    @property
    def folder(self) -> str:
        """The folder that it is in, and nothing else."""
        return self.path.rpartition("/")[0]


class Made(NamedTuple):
    """What was made.

    Attributes:
        name: Of the file, as the library knows it.
        text: What is in it.
        asked: What was looked for to make it; None if nobody could tell.
    """

    name: str
    text: str
    asked: tuple[str, ...] | None


class Warmed:
    """What was made for the samples of a batch. Threads may share it: while one makes it, the others wait for it.

    Args:
        above: In which a folder for it is made: no scratch directory, which samples do not see of others.
        kept: Where it is kept for later processes; None for nowhere.
    """

    def __init__(self, above: Path, kept: Path | None = None) -> None:
        self._root = ScratchRoot(above)
        self._opened = False
        self._kept = kept
        self._lock = threading.Lock()
        self._found: dict[str, Given | None] = {}
        self._tries: dict[str, int] = {}
        self._wanted = 0

    def given(
        self,
        texts: Iterable[str],
        env: Iterable[str],
        how: tuple[Value, ...],
        tier: Tier,
        make: Callable[[], StepResult],
    ) -> Given | None:
        """Return what a sample is given; None if it does not need it, or might make another one.

        Args:
            texts: The files of the sample.
            env: Names of the variables that it has beside those of every child.
            how: What decides what is made: its Python, and what that may reach.
            tier: How it is confined.
            make: Executes `program` as the sample would be.
        """
        # A program that shows values says how, of figures too.
        ours = repr(rich_display.text("pieces"))
        if not any(_USES.search(text.replace(ours, "")) for text in texts) or any(map(_DECIDING.match, env)):
            return None
        with self._lock:
            self._wanted += 1
            name = digest((FORMAT, *how, sys.version, tier, rich_display.digest()))
            if tier == "off" and self._wanted < UNOBSERVED:
                return None
            self._look_again(name)
            if self._found.get(name) is None and self._tries.get(name, 0) < TRIES:
                self._tries[name] = self._tries.get(name, 0) + 1
                with suppress(OSError):
                    self._found[name] = self._looked_for(name, make)
            return self._found.get(name)

    def _look_again(self, name: str) -> None:
        """Forget what was made from files that have changed; what was looked at just now, they have not."""
        given, now = self._found.get(name), time.time()
        if given is not None and given.asked and not 0 <= now - given.began < FRESH:
            unchanged = given.state == _state(given.asked, None)
            self._found[name] = given._replace(began=now) if unchanged else None

    def close(self) -> None:
        """Remove what samples were given."""
        with self._lock:
            if self._opened:
                self._root.__exit__(None, None, None)
            self._opened = False
            self._found.clear()

    def _looked_for(self, name: str, make: Callable[[], StepResult]) -> Given | None:
        place = None if self._kept is None else self._kept / f"{name}.json"
        began = time.time()
        known = None if place is None else read_json(place, _remembered)
        if known is not None and known[0] == _state(known[1].asked or (), None):
            return self._copied(known[1], began, known[0])
        made = _made(make())
        if made is None:
            self._tries[name] = TRIES  # it is not installed, say
            return None
        if made.asked is None:
            return self._copied(made, began, "")
        state = _state(made.asked, int(began * 1e9) - MARGIN_NS)
        if state is None:
            return None
        if place is not None:
            with suppress(OSError):
                write_json(place, {"format": FORMAT, "state": state, **made._asdict()}, compact=True)
        return self._copied(made, began, state)

    def _copied(self, made: Made, began: float, state: str) -> Given:
        """Put it where every user may read it, and no sample can change it."""
        if not self._opened:
            self._root.__enter__()
            self._opened = True
        name = unguessable()
        with Folder.at(self._root.path) as root, root.folder(name, make=True, mode=0o700) as folder:
            folder.create(made.name, made.text.encode("utf-8"))
            fd = folder.open_file(made.name)
            try:
                os.fchmod(fd, 0o644)
            finally:
                os.close(fd)
            root.permit(name, 0o755)
        return Given(f"{self._root.path}/{name}/{made.name}", made.asked or (), began, state)


PROGRAM = "first_use.py"
"""What makes it."""
ARGV = ("-X", "utf8", PROGRAM)
ENV = {"PYTHONHASHSEED": "0"}  # fonts are in the order of a set


def program() -> tuple[tuple[str, str], ...]:
    """Return the files of the program that makes it."""
    return ((PROGRAM, rich_display.text("first_use")),)


def step(limits: Limits) -> Step:
    """Return the step that executes it."""
    return Step(kind="run", argv=(), timeout=PATIENCE, limits=limits)


def _made(result: StepResult) -> Made | None:
    name, _, text = result.stdout.partition("\n")
    if result.ended != Exited(0) or not _NAME.fullmatch(name):
        return None
    return Made(name, text, result.asked)


def _remembered(value: Any) -> tuple[str, Made] | None:
    asked = tuple(map(str, value["asked"]))
    made = Made(str(value["name"]), str(value["text"]), asked)
    return (str(value["state"]), made) if value["format"] == FORMAT and _NAME.fullmatch(made.name) else None


def _state(asked: Iterable[str], since: int | None) -> str | None:
    """Return a digest of how all that was `asked` for is on this machine now; None if something has changed `since`."""
    total = hashlib.sha256()
    names: dict[str, list[str]] = {}
    for item in asked:
        letter, path = item[0], item[1:]
        if letter == "n":
            folder, _, module = path.rpartition("\n")
            if folder not in names:
                names[folder] = _names(folder)
            said = " ".join(name for name in names[folder] if name.partition(".")[0] == module)
        else:
            try:
                about = os.stat(path, follow_symlinks=letter not in "ky")  # noqa: PTH116 - a thousand of them
            except (OSError, ValueError):
                said = "absent"
            else:
                is_file = letter in "ls" or not stat.S_ISDIR(about.st_mode)
                if is_file and letter != "h" and since is not None and about.st_ctime_ns >= since:
                    return None
                said = f"{about.st_size} {about.st_mtime_ns} {about.st_ino}" if is_file else "folder"
        total.update(f"{item}\0{said}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - the same
    except OSError:
        return []
