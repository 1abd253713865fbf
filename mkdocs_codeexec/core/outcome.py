"""What happened when an Action was executed: raw, complete, and good enough to be stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from mkdocs_codeexec.core.wording import OMITTED as OMITTED  # noqa: PLC0414 - it is a part of outcomes
from mkdocs_codeexec.core.wording import counted as counted  # noqa: PLC0414 - as above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.displays import Content
    from mkdocs_codeexec.core.observed import Inputs

StepKind: TypeAlias = Literal["build", "run"]


@dataclass(frozen=True, slots=True)
class Exited:
    """The child ended by itself.

    Attributes:
        code: Its exit status, 0 to 255.
    """

    code: int


@dataclass(frozen=True, slots=True)
class Signaled:
    """A signal that was not ours ended the child.

    Attributes:
        signal: Its number, 11 for a segmentation fault.
    """

    signal: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The child and all it had started were ended because their time was over.

    Attributes:
        after: The limit in seconds.
    """

    after: float


@dataclass(frozen=True, slots=True)
class OutputFlooded:
    """The child was ended because it wrote more than is read of one stream.

    Attributes:
        limit: The limit in bytes.
    """

    limit: int


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The child was ended, or ended, because it used more memory than it may.

    Attributes:
        limit: The limit in MiB.
    """

    limit: int


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The child was ended, or ended, because it used more of something else than it may.

    Attributes:
        name: Which field of `Limits` it is; or `silence`, that of a `Command`; or `left`, what is kept for other samples.
        limit: The limit, in that field's unit.
    """

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    """There was no child.

    Attributes:
        why: The reason, for people.
        transient: Whether it may be otherwise in a moment: the system had no room for one more process, say.
    """

    why: str
    transient: bool = False


LAST = 999_999_999
"""The largest number of a line or a column that anybody is believed."""

Termination: TypeAlias = Exited | Signaled | TimedOut | OutputFlooded | OutOfMemory | LimitReached | NotStarted


@dataclass(frozen=True, slots=True)
class Span:
    """A region of a sample that a compiler speaks of; lines and columns count from one.

    Attributes:
        file: The file as the compiler names it.
        line: First line.
        column: First column, in characters.
        end_line: Last line.
        end_column: Column after the last character.
        primary: Whether the message is about this region, rather than in relation to it.
        label: What the compiler says of it; may be empty.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    primary: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of a compiler.

    Attributes:
        level: `error`, `warning`, `note`, `help`.
        code: `E0382`, a lint's name, or empty.
        message: The first line, without level and code.
        rendered: The whole message as a terminal shows it, ANSI colours included.
        spans: The regions it speaks of.
    """

    level: str
    code: str
    message: str
    rendered: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one child process went.

    Attributes:
        kind: `build` or `run`.
        stdout: Decoded, invalid bytes replaced; otherwise untouched.
        stderr: The same; for a compiler that reports JSON, its rendered messages.
        ended: How it ended.
        diagnostics: What a compiler reported.
        truncated: Bytes left out of stdout and of stderr.
        duration: Wall time in seconds.
        asked: What it and all that it started looked for in the file system of this machine: a letter and a path each
            (`runtime.observed.asked`). None if that was not seen. Never stored.
        began: When it was started, in seconds since the epoch. Never stored.
        parts: Of a run step that was a whole session, what each step of it came to, in order, up to the one that ended
            the program. `Language.divide` makes Outcomes of them. Never stored.
        shown: What it has shown beside text, which stands in sections of `stdout` (`core.displays`).
        contents: The same by digest, until it is kept as blobs. Never stored.
        merged: Whether `stdout` holds standard error, too, in the order in which both were written.
        going_on: How many threads a part leaves that go on in the next one. Never stored.
    """

    kind: StepKind
    stdout: str
    stderr: str
    ended: Termination
    diagnostics: tuple[Diagnostic, ...] = ()
    truncated: tuple[int, int] = (0, 0)
    duration: float = 0.0
    asked: tuple[str, ...] | None = field(default=None, compare=False, repr=False)
    began: float = field(default=0.0, compare=False, repr=False)
    parts: tuple[StepResult, ...] = ()
    shown: tuple[Content, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    merged: bool = False
    going_on: int = field(default=0, compare=False, repr=False)

    @property
    def errors(self) -> str:
        """The text that holds what it wrote to standard error."""
        return self.stdout if self.merged else self.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All steps of one Action, in order, up to the first that did not succeed.

    Attributes:
        language: Canonical name of the language.
        steps: The steps that were executed.
        toolchain: What the compiler or interpreter says of itself.
        sandbox: The tier it was produced under, or `core.confinement.STRICT`.
        inputs: What it depends on beside its key, if its language observes that; None if that is not known, and nobody
            can tell whether it is still valid.
        left: The files that it has left, sorted by path, if its Action says that they are kept.
    """

    language: str
    steps: tuple[StepResult, ...]
    toolchain: str = ""
    sandbox: str = "off"
    inputs: Inputs | None = field(default=(), compare=False, repr=False)
    left: tuple[Blob, ...] = ()

    @property
    def storable(self) -> bool:
        """Whether it may be stored: every child ended by itself, and it is known what the outcome depends on.

        A timeout, a kill or a missing compiler say something about this machine at this moment, not
        about the sample.
        """
        ended = bool(self.steps) and all(isinstance(step.ended, Exited) for step in self.steps)
        return ended and self.inputs is not None

    @property
    def shown(self) -> tuple[Blob, ...]:
        """What it has shown beside text, as the store has it."""
        return tuple(content.blob for step in self.steps for content in step.shown)

    @property
    def started(self) -> bool:
        """Whether any child was started."""
        return any(not isinstance(step.ended, NotStarted) for step in self.steps)

    @property
    def duration(self) -> float:
        """Wall time of all steps, in seconds."""
        return sum(step.duration for step in self.steps)

    def step(self, kind: StepKind) -> StepResult | None:
        """Return the last step of `kind`, or None if there was none."""
        return next((step for step in reversed(self.steps) if step.kind == kind), None)


def describe(ended: Termination) -> str:
    """Return `ended` in words, as the page and the log show it."""
    match ended:
        case Exited(code):
            return f"exit status {code}"
        case Signaled(signal):
            return f"ended by {signal_name(signal)}"
        case TimedOut(after):
            return f"timed out after {after:g} s"
        case OutputFlooded(limit):
            return f"stopped: more than {limit // 1024} KiB of output"
        case OutOfMemory(limit):
            return f"stopped: more than {limit} MiB of memory (limit `memory`)"
        case LimitReached(name, limit):
            whose = "" if name in ("silence", "left") else f" (limit `{name}`)"
            return f"stopped: more than {_AMOUNTS.get(name, '{}').format(limit)}{whose}"
        case NotStarted(why):
            return f"not started: {why}"
        case _:
            assert_never(ended)


def signal_name(signal: int) -> str:
    """Return `signal` in words."""
    return f"signal {signal}" + (f" ({_SIGNALS[signal]})" if signal in _SIGNALS else "")


_AMOUNTS = {
    "processes": "{} processes and threads",
    "open_files": "{} open files",
    "file_size": "{} MiB in one file",
    "disk": "{} MiB in the working directory",
    "tmp": "{} MiB of temporary files",
    "cpu": "{} s of processor time",
    "left": "{} files and folders left in the working directory",
    "silence": "{} s without output",
}
_SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
}
