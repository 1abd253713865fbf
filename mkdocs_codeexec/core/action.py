"""An `Action`: everything that decides what is executed, as plain data, and the key it hashes to.

The key is a pure function of this one value. What is *not* in it, and why:

- page, line, name, expectation, presentation: they do not change what is printed; expectations are
  judged afterwards, so that changing `should_panic` can never serve a wrong verdict;
- the number of jobs, the order, the clock: an outcome does not depend on them;
- absolute paths and mtimes: the same checkout elsewhere must hit. Steps name programs by placeholders
  (`{rustc}`) that the language fills in on the machine at hand;
- the sandbox tier: recorded in the Outcome instead, or no two kinds of machine could share a store;
- the structure: it is made of the files, which are in the key as they are. It is the ground of a second key, the
  *structural key*, in which it takes their place, so that Actions which differ in comments and formatting share it.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NewType

from mkdocs_codeexec.core.confinement import UNLIMITED, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.outcome import StepKind

KEY_FORMAT = 4
"""Version of what is hashed and of what an execution means. Raise it when either changes."""

STRUCTURE_FORMAT = 1
"""Version of what a structure says. Raise it when a language makes it otherwise; no Outcome is lost by that."""

REFUSED = "package.refused"
"""The input of an Action that is never executed: why, and on the next line what to do."""

OUTPUT_LIMIT = 1024 * 1024
"""Bytes that are read of one stream of a sample."""

Key = NewType("Key", str)
"""Hex sha256 of an Action's canonical form: the address of its Outcome."""

Value = str | int | float | bool | None | tuple["Value", ...]
"""What an Action may hold: ordered, immutable, with one spelling."""


class Marks(NamedTuple):
    """Where what a program writes is taken apart: one part for each step of a session.

    The program writes `end(...)` to both of its streams where a part ends, and whatever stands between that and
    `begin` is nobody's.

    Attributes:
        seal: What no sample writes by chance.
        seconds: How long each part may take.
        times: How often each mark comes: twice where both streams are one, and the program does not know that. In no
            key, being a function of the language and of the step.
    """

    seal: str
    seconds: tuple[float, ...]
    times: int = 1

    @property
    def start(self) -> str:
        """What a mark that ends a part begins with."""
        return f"codeexec-{self.seal}-"

    @property
    def begin(self) -> str:
        """The mark behind which the next part begins, where that is not the one that ends a part."""
        return f"codeexec+{self.seal}>"

    @property
    def prompt(self) -> str:
        """What an interpreter shows when it waits for a command: it ends a part, and no end of a line belongs to it."""
        return f"{self.start}0-0;"

    @property
    def more(self) -> str:
        """What it shows when it waits for another line of a command."""
        return f"{self.begin[:-1]};"

    def end(self, status: object = 0, going_on: object = 0, *, gap: bool = False) -> str:
        """Return the mark that ends a part.

        Args:
            status: The exit status that the part would have as a program.
            going_on: How many threads go on.
            gap: Whether what follows is nobody's, up to `begin`.
        """
        return f"{self.start}{status}-{going_on}{'<' if gap else '.'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One child process of an Action.

    Attributes:
        kind: `build` steps must succeed before `run` steps start.
        argv: The command line; elements like `{rustc}` are filled in by the language.
        timeout: Wall time in seconds.
        stdin: Text on standard input; None closes it.
        env: Variables beside the few that every child gets, sorted by name.
        limits: How much it may use.
        network: Whether it may use the network.
        marks: Where what it writes is taken apart; None if it is one.
        merged: Whether its standard error is the pipe of its standard output.
        columns: How wide the terminal is that both are, and its standard input unless it is given one; 0 for none.
        turns: What is written to its standard input part by part: the first at once, each other one when the part before it
            has ended; typed into the terminal, if there is one. In the place of `stdin`.
    """

    kind: StepKind
    argv: tuple[str, ...]
    timeout: float
    stdin: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    limits: Limits = UNLIMITED
    network: bool = False
    marks: Marks | None = None
    merged: bool = False
    columns: int = 0
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What would be executed for a Sample.

    Attributes:
        language: Canonical name of the language.
        files: File names in the scratch directory, and their text, sorted by name.
        steps: The child processes, in order.
        inputs: What else decides the outcome, by name: the Environment's manifest and lock file, contents of
            path dependencies, declared input files (digests or text), sorted by name.
        toolchain: What the compiler or interpreter says of itself; None if it was not asked.
        output_limit: Bytes read of one stream.
        left: Files of other samples that stand beside its own, sorted by path.
        leaves: Whether what it leaves is kept.
        artifacts: Which of that is kept in any case, as patterns of paths (`core.artifacts`).
        host_env: Names of variables that it is given of the machine that executes it, sorted. A key holds these names, and
            never what the variables hold.
        workdir: `project` where it starts in the project, `project/docs` in a folder of it; empty for an empty directory.
        structure: What stays of the files when only comments and formatting change, if the language promises that
            nothing else can change the outcome; None where it does not. A function of the other fields.
        observed: Whether the Outcome depends on inputs that are known only when it has been executed
            (`core.observed`). A function of the language, and in no key.
    """

    language: str
    files: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    toolchain: str | None = None
    output_limit: int = OUTPUT_LIMIT
    left: tuple[Blob, ...] = ()
    leaves: bool = False
    artifacts: tuple[str, ...] = ()
    host_env: tuple[str, ...] = ()
    workdir: str = ""
    structure: str | None = field(default=None, compare=False)
    observed: bool = field(default=False, compare=False)
    _keys: dict[str, Key] = field(default_factory=dict, init=False, repr=False, compare=False, hash=False)

    @property
    def key(self) -> Key:
        """The address of its Outcome, toolchain included; or, if it is `observed`, of the lists of its inputs.

        Raises:
            ValueError: The toolchain is not known, so there is only a request key.
        """
        if self.toolchain is None:
            raise ValueError("an Action without a toolchain has only a request key")
        return self._digest("key", self.toolchain)

    @property
    def request_key(self) -> Key:
        """The address of its Outcome on a machine where nothing is installed."""
        return self._digest("request", None)

    @property
    def structural_key(self) -> Key | None:
        """What it shares with Actions that differ in comments and formatting only; None if nothing promises that.

        It is the address of an Outcome that says nothing of layout, and of no other.
        """
        if self.structure is None or self.toolchain is None:
            return None
        return self._digest("structure", self.toolchain)

    def step(self, kind: StepKind) -> Step | None:
        """Return the first step of `kind`, or None if there is none."""
        return next((step for step in self.steps if step.kind == kind), None)

    def _digest(self, what: str, toolchain: str | None) -> Key:
        if what not in self._keys:
            files: Value = self.files
            if what == "structure":
                files = (STRUCTURE_FORMAT, tuple(name for name, _ in self.files), self.structure)
            # Most samples stand alone, and those that were stored before there were others, still do.
            linked = (self.left, self.leaves) if self.left or self.leaves else ()
            shown = (("artifacts", *self.artifacts),) if self.artifacts else ()
            named = (("host_env", *self.host_env),) if self.host_env else ()
            place = (("workdir", self.workdir),) if self.workdir else ()
            more = (self.output_limit, *linked, *place, *shown, *named)
            self._keys[what] = _key(what, self.language, files, self.steps, self.inputs, toolchain, more)
        return self._keys[what]


@functools.lru_cache(maxsize=8192)  # a build plans each sample several times, and `serve` again in each of its builds
def _key(
    what: str,
    language: str,
    files: Value,
    steps: tuple[Step, ...],
    inputs: tuple[tuple[str, str], ...],
    toolchain: str | None,
    more: tuple[Value, ...],
) -> Key:
    parts: list[bytes] = [b"t8:"]
    for value in (what, KEY_FORMAT, language, files):
        _write(value, parts.append)
    parts += (_steps(steps), _inputs(inputs))
    for value in (toolchain, *more):
        _write(value, parts.append)
    return Key(hashlib.sha256(b"".join(parts)).hexdigest())


@functools.lru_cache(maxsize=256)  # most samples of a site are executed in one of a few ways
def _steps(steps: tuple[Step, ...]) -> bytes:
    return canonical(
        tuple(
            (
                *(s.kind, s.argv, float(s.timeout), s.stdin, s.env, s.limits.amounts(), s.network),
                *((s.marks.seal, s.marks.seconds) if s.marks else ()),
                *(("merged",) if s.merged else ()),
                *(("terminal", s.columns) if s.columns else ()),
                *(("turns", s.turns) if s.turns else ()),
            )
            for s in steps
        )
    )


@functools.lru_cache(maxsize=256)
def _inputs(inputs: tuple[tuple[str, str], ...]) -> bytes:
    return canonical(inputs)


def canonical(value: Value) -> bytes:
    """Return the one byte string of `value`: every part is tagged with its type and its length.

    `("ab", "c")` and `("a", "bc")` differ, and so do `1`, `1.0`, `True` and `"1"`.
    """
    parts: list[bytes] = []
    _write(value, parts.append)
    return b"".join(parts)


def digest(value: Value) -> str:
    """Return the hex sha256 of the canonical form of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _write(value: Value, put: Callable[[bytes], None]) -> None:
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        put(b"s%d:" % len(data))
        put(data)
    elif isinstance(value, tuple):
        put(b"t%d:" % len(value))
        for item in value:
            _write(item, put)
    elif value is None:
        put(b"n;")
    elif isinstance(value, bool):  # before int: True is an int
        put(b"b1;" if value else b"b0;")
    elif isinstance(value, int):
        put(b"i%d;" % value)
    elif isinstance(value, float):
        put(b"f" + value.hex().encode() + b";")
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form")
