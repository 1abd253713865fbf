"""What cargo writes: its progress, which is told as it comes, and its messages, which are told once.

cargo right-aligns the word that begins a line of progress in twelve columns and colours it (`Shell::status` in its
source); nothing that a compiler or a build script says looks so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.resolved import Preparing
from mkdocs_codeexec.core.settings import MKDOCS
from mkdocs_codeexec.languages.rust.environments.manifest import PACKAGE
from mkdocs_codeexec.languages.toml import read_toml

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator

_SGR = r"(?:\x1b\[[\d;]*m)+"
_PROGRESS = re.compile(rf"{_SGR}(?=.{{12}}\x1b) *[A-Z][a-z]+{_SGR} .*")
_COMPILED = re.compile(r"(?:Compiling|Checking) (\S+) v\S+")
_WAITING = b" Blocking"
"""Where several Environments are built, they wait for each other; that is no news."""
_PASSING = re.compile(rf"(?:{_SGR})?warning(?:{_SGR})?: build failed, waiting for other jobs to finish\.\.\.\n?")
_NETWORK = re.compile(
    r"Could not resolve host|Couldn't resolve host|failed to download|spurious network error|failed to query replaced source"
    r"|download of .{0,1000} failed|network failure|failed to get successful HTTP response|failed to clone into|failed to fetch"
    r"|(?:you're|you are) (?:using|in)(?: the)? offline mode|you may want to run in online mode|--offline was specified|Connection refused"
)
_PASSES = re.compile(
    r"\[(?:5|6|7|16|18|28|35|55|56|92)\] |got (?:429|5\d\d)\b"
    r"|(?<!No such file or directory; )class=(?:Net|Os|Zlib|Http) \(\d+\)(?!; code=)"
)
"""What may be otherwise in a moment: errors of libcurl, libgit2 and servers, as cargo judges (`maybe_spurious` in its
source), which says so of each attempt of its own."""
_MISSING = re.compile(r"No such file or directory|Permission denied|Read-only file system|Operation not permitted")
_UNUSED = re.compile(
    rf"(?:{_SGR})?warning(?:{_SGR})?:(?:{_SGR})? [Pp]atch `(\S+) [^\n]*` was not used in the crate graph\.?(?:{_SGR})?\n"
    rf"(?:(?:(?:{_SGR})?help(?:{_SGR})?:(?:{_SGR})? )?Check that the patched package version(?:.|\n)*? is not enabled\.(?:{_SGR})?\n)?"
)
_NO_LIBRARY = re.compile(
    rf"(?:{_SGR})?warning(?:{_SGR})?:(?:{_SGR})? [^\n]* ignoring invalid dependency `\S+` which is missing a lib target(?:{_SGR})?\n"
)
_ERROR = re.compile(r"^error: (.*?)\.?$", re.MULTILINE)
_FOLDER = re.compile(r" \(/[^()\n]*\)")
"""Behind the name of a local package."""
_CULPRIT = re.compile(r"could not compile `([\w-]+)`|failed to run custom build command for `([\w-]+) v")


class Trouble(NamedTuple):
    """Why an Environment cannot be built.

    Attributes:
        what: In words that fit behind `environment … does not build:`; never the name of a folder, it is shown on pages.
        hint: What to do.
        detail: What cargo said, progress left out.
        needed_by: Dependencies of the Environment that need what failed, unless it is one of them.
        at_fault: Whether a package or a manifest is wrong, and not this machine.
    """

    what: str
    hint: str = ""
    detail: str = ""
    needed_by: tuple[str, ...] = ()
    at_fault: bool = False


class Progress:
    """Passes on the lines of progress among what one cargo writes, whole and as they come, but for those of the probe.

    Args:
        narrator: Gets them.
        alone: Whether no other cargo is at work for this build.
        environment: What is built.

    Attributes:
        total: How many packages there are to be compiled, at most; 0 while that is not known.
    """

    def __init__(self, narrator: Narrator, *, alone: bool, environment: str = "") -> None:
        self._narrator = narrator
        self._alone = alone
        self._environment = environment
        self._rest = b""
        self._compiled: set[str] = set()
        self.total = 0

    def locked(self, lock: str) -> None:
        """Note what the lock file says of how much there is to be compiled."""
        self.total = max(lock.count("\n[[package]]\n") - 1, 0)  # one of them is our own

    def __call__(self, chunk: bytes, /) -> None:
        """Take `chunk`, some bytes of the output."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        shown = [line for line in lines if self._is_shown(line)]
        if shown:
            self._narrator.stream(b"\n".join(shown) + b"\n")
        for found in filter(None, (_COMPILED.match(plain(line.decode("utf-8", "replace")).lstrip()) for line in shown)):
            self._compiled.add(found[0])
            done = len(self._compiled)
            self._narrator.note(Preparing(self._environment, found[1], done, max(self.total, done)))

    def _is_shown(self, line: bytes) -> bool:
        if PACKAGE.encode() in line or (_WAITING in line and not self._alone):
            return False
        return _is_progress(line.decode("utf-8", "replace"))


def plain(said: str) -> str:
    """Return what cargo said without colours."""
    return re.sub(_SGR, "", said)


def messages(text: str) -> str:
    """Return what cargo wrote without its progress: errors and warnings, its own and those of compilers."""
    return "".join(line for line in text.splitlines(keepends=True) if not _is_progress(line.rstrip("\n")))


def is_waiting(said: str) -> bool:
    """Tell whether the last that cargo said is that it waits for another one."""
    return _WAITING.decode() in plain(said).rstrip("\n").rpartition("\n")[2]


def without_unused(said: str, names: Iterable[str], *, libraries: bool = True) -> str:
    """Return what cargo said without the remark that a patch is of no use here, for patches that are called `names`.

    Where no `libraries` are wanted, that a package has none is left out, too.
    """
    ours = frozenset(names)
    said = said if libraries else _NO_LIBRARY.sub("", said)
    return _UNUSED.sub(lambda found: "" if found[1] in ours else found[0], said)


def passes(said: str) -> bool:
    """Tell whether cargo failed because something in the network did, which may be there again in a moment."""
    return _PASSES.search(plain(said).rpartition("\nerror: ")[2]) is not None


def trouble(said: str, lock: str, file: str = MKDOCS.file) -> Trouble:
    """Return why cargo failed, from all that it said and the lock file that it went by; `file` lists its dependencies."""
    # Whether other jobs were under way at that moment differs from time to time.
    detail = _NO_LIBRARY.sub("", _PASSING.sub("", messages(said)))
    culprits = dict.fromkeys(one or other for one, other in _CULPRIT.findall(said))
    if culprits:
        named = ", ".join(f"`{culprit}`" for culprit in culprits)
        hint = "mend what cargo's message names"
        if _MISSING.search(said):
            hint += "; compilers and build scripts reach the files of their packages, others if `readable` names them"
        return Trouble(f"cargo could not compile {named}", hint, detail, _dependants(lock, culprits), at_fault=True)
    if _NETWORK.search(said):
        hint = "check the network; where everything is downloaded already, set `CARGO_NET_OFFLINE=true`"
        return Trouble("a registry or repository was not reached", hint, detail)
    errors = _ERROR.findall(_FOLDER.sub("", plain(detail)))  # the last is cargo's own
    what = errors[-1] if errors and "/" not in errors[-1] else "cargo refuses it"
    return Trouble(what, f"check its `dependencies` in {file}; cargo's message tells why", detail, at_fault=True)


def _is_progress(line: str) -> bool:
    return _PROGRESS.fullmatch(line) is not None


def _dependants(lock: str, culprits: Iterable[str]) -> tuple[str, ...]:
    """Return which dependencies of the Environment need one of `culprits` that it does not name itself."""
    needs = _needs(lock)
    listed = needs.get(PACKAGE, [])
    hidden = set(culprits) - set(listed)
    return tuple(name for name in listed if hidden & _reached(needs, name))


def _needs(lock: str) -> dict[str, list[str]]:
    """Return the packages of a lock file and what each needs, by name."""
    packages = read_toml(lock.encode()).get("package")
    needs: dict[str, list[str]] = {}
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, Mapping):
            # A dependency is written as `name`, `name version` or `name version (source)`.
            found = package.get("dependencies")
            names = [str(one).partition(" ")[0] for one in (found if isinstance(found, list) else ())]
            needs.setdefault(str(package.get("name")), []).extend(names)
    return needs


def _reached(needs: Mapping[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, [])
    return found
