"""The seams: what the layers ask of each other, and nothing more.

`pipeline` knows only these. A test double is a small class or a function behind one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from mkdocs_codeexec.core.confinement import UNLIMITED, Access, Limits, Tier

NO_ACCESS = Access()
NO_OTHERS: Mapping[str, PageMap] = MappingProxyType({})
"""No files beside that of a sample."""

Observe: TypeAlias = Literal["", "exec", "python"]
"""Which look-ups of a child in the file system are told: none; all from its first; of a Python, those after its start."""

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action, Key, Marks, Step
    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.outcome import Outcome, StepKind, StepResult
    from mkdocs_codeexec.core.places import PageMap
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A child process, ready to start on this machine.

    Attributes:
        argv: Program and arguments; no placeholders are left.
        cwd: Its working directory.
        env: Its whole environment.
        timeout: Wall time in seconds; None is unlimited.
        silence: Whole seconds without output after which it is ended; None is unlimited.
        stdin: Text on standard input; None closes it.
        output_limit: Bytes read of one stream before it is ended.
        shows: Whether its standard output may have sections that show more than text (`core.displays`); what is read
            of these does not count for `output_limit`.
        keep_head: Bytes kept of the start of a stream longer than `keep_head + keep_tail`.
        keep_tail: Bytes kept of its end.
        access: What it may reach; None for a tool of the user's own, which is not confined.
        limits: How much it may use.
        scratch: The directory that holds its working directory `work`, and `home` and `tmp`; None if it has none.
        user: The user id that it gets where this program is run by root; None is the one that builds Environments.
        observe: How it is found out what it looks for in the file system.
        own: Whether it stays whoever builds, confined or not, because it writes to what is theirs.
        project: A folder that it sees as `project` in `scratch`, and may change there for itself alone; None for none.
        over: Files of `work` in `scratch` that it sees in `project`, too.
        marks: Where what it writes is taken apart; None if it is one.
        merged: Whether its standard error is the pipe of its standard output.
        columns: How wide the terminal is that both are, and its standard input unless it is given one; 0 for none.
        turns: What is written to its standard input part by part, in the place of `stdin`; empty for nothing.
        leaves: Takes its working directory when it has ended by itself, and all that it started is gone.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float | None
    silence: int | None = None
    stdin: str | None = None
    output_limit: int = 1024 * 1024
    shows: bool = False
    keep_head: int = 192 * 1024
    keep_tail: int = 64 * 1024
    access: Access | None = None
    limits: Limits = UNLIMITED
    scratch: Path | None = None
    user: int | None = None
    observe: Observe = ""
    own: bool = False
    project: Path | None = None
    over: tuple[str, ...] = ()
    marks: Marks | None = None
    merged: bool = False
    columns: int = 0
    turns: tuple[str, ...] = ()
    leaves: FolderSink | None = None


class Runner(Protocol):
    """Starts children. The one door to the operating system's processes."""

    @property
    def tier(self) -> Tier:
        """How children with an `access` are confined. Finding out starts one, once."""
        ...

    @property
    def refusal(self) -> Unavailability | None:
        """Why no such child is started at all: the tier is weaker than what is required."""
        ...

    @property
    def told(self) -> str:
        """How such children are confined, and what would be stronger, in words."""
        ...

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        """Run `command` to its end and return how it went.

        Never raises for what the child does: a program that does not exist is `NotStarted`. When it returns, the
        child and all that it started are gone.

        Args:
            command: What to start.
            kind: What the result is called.
            on_output: Gets chunks of output as they come, for whoever watches.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        ...

    def stop_all(self) -> None:
        """End all children now; every `run`, in progress or to come, raises `Cancelled`. Any thread may call it, and again."""
        ...


class OutputSink(Protocol):
    """Receives what a child writes, as it comes."""

    def __call__(self, chunk: bytes, /) -> None:
        """Take `chunk`, of stdout or stderr."""
        ...


class FolderSink(Protocol):
    """Takes a folder that is gone afterwards."""

    def __call__(self, fd: int, /) -> None:
        """Look at the folder that is open as the descriptor `fd`, which is closed when this returns. Never raises."""
        ...


class Scratch(Protocol):
    """The private directory of one Action while it is executed, with the Action's files in it."""

    @property
    def path(self) -> Path:
        """The directory."""
        ...

    def has(self, name: str, *, regular: bool = True) -> bool:
        """Tell whether there is a regular file `name` in it; or anything of that name, if it need not be `regular`."""
        ...

    def put(self, name: str, text: str) -> None:
        """Have the file `name`, which is in it, hold `text` instead, before anything is run here.

        Raises:
            OSError: It cannot be written.
        """
        ...

    def adopt(self, name: str, other: Scratch) -> None:
        """Have the file `name` of `other` here too; what is run here does not change that of `other`.

        Raises:
            ValueError: It is no regular file.
            OSError: It cannot be read or written.
        """
        ...

    def run(
        self,
        step: Step,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        access: Access = NO_ACCESS,
        observe: Observe = "",
    ) -> StepResult:
        """Run `step` here, by the command line `argv` with `env` over the environment that every child gets.

        Of the machine it may reach what `access` says; whether the network, the step itself says. What it looks for is
        in the result if `observe` asks for it and this machine can tell.
        """
        ...


class Bench(Protocol):
    """Opens scratch directories that belong to no single Action."""

    def __call__(self, files: Sequence[tuple[str, str]], /) -> AbstractContextManager[Scratch]:
        """Return a context with a directory that holds `files`, names and texts; leaving it removes the directory."""
        ...


@dataclass(frozen=True, slots=True)
class Regrouped:
    """Actions that are to be built in other batches than the one they were in.

    Attributes:
        batches: Those batches; one of one Action has it built by itself.
    """

    batches: tuple[tuple[Action, ...], ...]


class Fault(NamedTuple):
    """A place in the file that ran, and what a program that did not end well said of it.

    Attributes:
        line: From one.
        column: From one; 0 if it is not known.
        message: In one line; may be empty.
    """

    line: int
    column: int
    message: str


class Binaries(Protocol):
    """Programs of local packages, which samples in other languages find before all others."""

    @property
    def names(self) -> Sequence[str]:
        """Their names, sorted. Nothing is started to know them."""
        ...

    def refusal(self, name: str) -> Unavailability | None:
        """Return why the program `name` is not built, whoever calls it; None if it is."""
        ...

    @property
    def settled(self) -> bool:
        """Whether it is known what they are built from, and by what: else they have to be provided first."""
        ...

    @property
    def folder(self) -> str:
        """Where they are, all of them and nothing else, since they were provided; empty if that could not be done."""
        ...

    def look_again(self) -> None:
        """Read again what can be read without starting anything, unless that was done just now."""
        ...

    def state(self, name: str, *, built: bool) -> str | None:
        """Return what changes when `name` could become another program; None if that is not known.

        It is the state of an input of a sample (`core.observed`). With `built` it is known only if that program was built.
        """
        ...

    def provide(self, runner: Runner, *, missing: bool) -> Unavailability | None:
        """Build them if they are `missing`, or if it is not `settled`; return why that cannot be done."""
        ...

    def places(self) -> Iterable[tuple[str, str]]:
        """Return folders of this machine that what they print may name, and what stands there instead."""
        ...

    def watched(self) -> Sequence[Path]:
        """Return the files and folders that they are built from."""
        ...


class Language(Protocol):
    """One language, set up for one build. Made by `languages.open_languages`."""

    name: str
    binaries: Binaries | None
    """The programs that it offers to samples in other languages; None for none."""
    revision: int
    """Goes up in a `survey` after which `plan` may say something else than before."""

    @property
    def normalised(self) -> Sequence[str]:
        """Names of what `tidy` takes out beside folders of this machine."""
        ...

    def survey(self) -> None:
        """Read again what can be read without starting anything: manifests, lock files, sources."""
        ...

    def plan(self, sample: Sample) -> Action:
        """Return what would be executed for `sample`: where it stands, and what a page shows of it, does not count.

        Pure in one `revision`. `Action.toolchain` is None while the toolchain is unknown.
        """
        ...

    def provide(self, actions: Sequence[Action], runner: Runner) -> Mapping[Key, Unavailability]:
        """Make what `actions` need on this machine: ask the toolchain, build Environments.

        Cheap if nothing changed. Returns, by request key, the Actions that cannot be executed, and why. A `survey`
        afterwards may plan other keys (a lock file was written, another toolchain answered). Call `plan` again after
        `ready`: once the key no longer changes, the Action can be executed.
        """
        ...

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        """Return `actions` in the batches in which they should be built, what takes longest first."""
        ...

    def build(
        self, work: Sequence[tuple[Action, Scratch]], bench: Bench
    ) -> Iterator[tuple[Action, StepResult] | Regrouped]:
        """Execute the build steps of a batch and yield each one's result, in any order.

        What is done for several Actions at once is invisible in each result. What turns out not to belong in this
        batch is yielded as `Regrouped`. An Action without a build step is not passed.

        Args:
            work: The Actions, each with the directory that it has to itself.
            bench: Opens directories for what is built for all of them.
        """
        ...

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:
        """Execute one run step of `action`."""
        ...

    def reach(self, action: Action) -> tuple[Access, Observe] | None:
        """Return what the first step of `action` may reach, its network aside, and how it is observed.

        None if that is not known before it is executed.
        """
        ...

    def divide(self, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
        """Return what each step of a session came to.

        Args:
            steps: The Actions of its steps, in order: each is the program up to this step. The last one was executed.
            outcome: What that came to.

        Returns:
            As many as were reached; None for those before a step that does not compile, of which nothing is known yet.
        """
        ...

    def structured(self, action: Action) -> Action:
        """Return `action` with its structure, if comments and formatting cannot change what it prints; else as it is."""
        ...

    def layout_free(self, outcome: Outcome) -> bool:
        """Tell whether `outcome` speaks of no place in the source."""
        ...

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:
        """Return line and column within the sample for a place in the file that was compiled; both from one."""
        ...

    def brought(self, sample: Sample, line: int, column: int) -> str:
        """Return which setting has put there what stands at a place of the file that was compiled, in words.

        Empty if the author of the sample wrote it.
        """
        ...

    def ran(self, sample: Sample) -> str:
        """Return the author's code as it runs: as many lines, in the same order, hidden ones without their mark."""
        ...

    def faults(self, text: str) -> Sequence[Fault]:
        """Return which places of the sample `text` is about: what a program without success wrote to stderr, no colours."""
        ...

    def tidy(self, sample: Sample, text: str) -> str:
        """Return `text`, output of a step of `sample`, as a reader of the sample should see it."""
        ...

    def is_sample(self, file: str) -> bool:
        """Tell whether `file`, as its tools write it, is the one that a sample was compiled from or run as."""
        ...

    def own_files(self, action: Action) -> Collection[str]:
        """Return the names of those files of `action` that are its program, and not what somebody gave it: no sample leaves them."""
        ...

    def relocated(self, text: str, where: PageMap, others: Mapping[str, PageMap] = NO_OTHERS) -> str:
        """Return `text`, a tidy message about a sample, with the places of the sample that it names made those of `where`.

        Those in files of `others`, by name, are made theirs.
        """
        ...

    def assumed(self, action: Action, *, seen: bool) -> Sequence[str] | None:
        """Return names of inputs (`core.observed`) that `action` may have beside those that it was seen to have.

        Args:
            action: One that is `observed`.
            seen: Whether anything was seen. If not, these stand for all of it.

        Returns:
            None if they cannot.
        """
        ...

    def reached(self) -> Sequence[str]:
        """Return what of this machine samples may read, beside the system's own programs and libraries."""
        ...

    def hint(self, sample: Sample, outcome: Outcome, files: Sequence[Sample] = ()) -> str:
        """Return what the author may write instead where `sample` did not go as said; empty if nothing is known.

        `files` are the `file` fences of its page, in order.
        """
        ...

    def watched(self) -> Sequence[Path]:
        """Return files and directories whose change should rebuild the site (never a target directory)."""
        ...


@dataclass(frozen=True, slots=True)
class Unavailability:
    """Why an Action cannot be executed here.

    Attributes:
        reason: In words; equal reasons are reported once.
        hint: What to do.
        detail: What the tool said, ANSI colours included.
        at_fault: Whether it is the project that is wrong, and not the machine that lacks something.
    """

    reason: str
    hint: str = ""
    detail: str = ""
    at_fault: bool = False


class InputStates(Protocol):
    """Knows the states of observed inputs on this machine."""

    def holds(self, inputs: Inputs) -> bool:
        """Tell whether everything is as `inputs` says."""
        ...

    def record(self, asked: Iterable[str], assumed: Iterable[str], started: float, language: str = "") -> Inputs | None:
        """Return the inputs of a sample that began at `started` (`time.time`), looked for `asked`, and has ended.

        None if they cannot be told: one has changed meanwhile.
        """
        ...


class Entry(NamedTuple):
    """An Outcome that is stored, as a listing shows it.

    Attributes:
        key: What `Store.get` and `Store.remove` find it by.
        size: Bytes that it takes.
        used: When it was last stored or asked for, in seconds since 1970.
    """

    key: Key
    size: int
    used: float


class Blobs(Protocol):
    """Files that samples have left, by the digest of what is in them."""

    def keep(self, fd: int, most: int) -> tuple[str, int]:
        """Keep what the open file `fd` holds, and return its digest and size.

        Raises:
            ValueError: It is larger than `most` bytes.
            OSError: It cannot be read, or there is no room for it.
        """
        ...

    def open(self, blob: Blob) -> int | None:
        """Return a descriptor of the file with the contents of `blob`, which is closed by the caller.

        None if it is gone, or is not what `blob` says, whoever has written it.
        """
        ...

    def holds(self, blobs: Iterable[Blob]) -> bool:
        """Tell whether `open` has something for each of them."""
        ...


class Store(Protocol):
    """Answers a key with an Outcome. A failure of the store is a miss; nothing here raises for a failing disk."""

    @property
    def blobs(self) -> Blobs:
        """The files that its Outcomes name; where it is not written, those of this process."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it has been told that the store could not be read or written."""
        ...

    def lists(self, key: Key) -> Sequence[Inputs]:
        """Return the lists of inputs with which an `observed` Action of this key was executed, the last one first.

        The Outcome of each is stored under `core.observed.observed_key`.
        """
        ...

    def get(self, key: Key) -> Outcome | None:
        """Return what is stored under `key`, or None."""
        ...

    def find(self, request_key: Key) -> Outcome | None:
        """Return what was last stored for `request_key`, whichever toolchain made it, or None."""
        ...

    def similar(self, structural_key: Key) -> Outcome | None:
        """Return what was last stored for an Action of this `structural_key`, or None."""
        ...

    def put(self, action: Action, outcome: Outcome) -> None:
        """Store `outcome`, atomically and at once, if it is worth it."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Yield what is stored, in no order. What is not readable counts, too, and what comes meanwhile may not."""
        ...

    @property
    def size(self) -> int:
        """Bytes on the disk that its Outcomes take, and the files that they name."""
        ...

    def remove(self, *keys: Key) -> int:
        """Forget what is stored under `keys`, and return how much of it was there.

        One call for many is faster: what leads to them is searched once.
        """
        ...

    def prepare(self) -> None:
        """Make what storing needs, before samples look at the folder of the project."""
        ...

    def tidy(self) -> None:
        """Bring the store down to its size, at the end of a build; what this build has used stays."""
        ...

    def close(self) -> None:
        """Give back what is held open; what is asked for afterwards opens it again."""
        ...


class Executor(Protocol):
    """Builds and runs Actions in parallel, here or elsewhere: what goes in and what comes out is plain data.

    It was given the languages that Actions may name. Threads may share it.
    """

    def expect(self, actions: Sequence[Action]) -> None:
        """Let what executing `actions` will need begin to start, and return. Nothing of theirs is executed."""
        ...

    def build_ahead(self, actions: Sequence[Action]) -> None:
        """Begin to execute the build steps of `actions` in the background, for a `run` that may follow."""
        ...

    def run(self, work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        """Execute every Action and hand each Outcome to `finish` the moment it ends, in any order, from any thread.

        What `finish` returns is executed too, for the same `finish`. Each of its Actions is handed over once, however
        often it is asked for. `begin` is called with each when somebody sets about it, once, and not for what could not be
        begun.

        Raises:
            Cancelled: The run was stopped; what had ended was handed over.
        """
        ...


class Workers(Protocol):
    """Opens what executing needs, once something really must be executed."""

    def __call__(self) -> AbstractContextManager[tuple[Runner, Executor]]:
        """Return a context; leaving it stops every child, whatever the reason."""
        ...


class Finish(Protocol):
    """Takes an Outcome the moment it exists."""

    def __call__(self, action: Action, outcome: Outcome, /) -> Sequence[Action]:
        """Take `outcome`, and return what has become ready to be executed: what waited for it alone."""
        ...


class Begin(Protocol):
    """Hears that an Action is being executed."""

    def __call__(self, action: Action, /) -> None:
        """Hear of `action`."""
        ...


class Narrator(Protocol):
    """Tells people what goes on."""

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        ...

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        ...

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, as it comes."""
        ...

    def note(self, event: Event) -> None:
        """Pass on what goes on to who listens, if anybody does."""
        ...
