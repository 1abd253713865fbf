"""What failed for want of something is told from what is wrong with a sample, by the words of real programs."""

from __future__ import annotations

import pytest

from mkdocs_codeexec.core.codec import from_json, to_json
from mkdocs_codeexec.core.confinement import UNLIMITED, Limits
from mkdocs_codeexec.core.exhaustion import NO_SPACE, REACH, recognise
from mkdocs_codeexec.core.outcome import (
    Diagnostic,
    Exited,
    LimitReached,
    NotStarted,
    Outcome,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    Span,
    StepKind,
    StepResult,
    Termination,
    TimedOut,
    describe,
)

LIMITS = Limits(memory=1, processes=2, open_files=3, file_size=4, disk=5, tmp=6, cpu=7)
REACHED: dict[str, Termination] = {
    "memory": OutOfMemory(1),
    "processes": LimitReached("processes", 2),
    "open_files": LimitReached("open_files", 3),
    "file_size": LimitReached("file_size", 4),
    "disk": LimitReached("disk", 5),
    "tmp": LimitReached("tmp", 6),
    "cpu": LimitReached("cpu", 7),
}


ONE = Exited(1)


def failed(stderr: str, ended: Termination = ONE, kind: StepKind = "run", stdout: str = "") -> StepResult:
    return StepResult(kind=kind, stdout=stdout, stderr=stderr, ended=ended)


PYTHON = 'Traceback (most recent call last):\n  File "/x.py", line 1, in <module>\n'
PANIC = (
    "\nthread 'main' (5833) panicked at src/main.rs:1:82:\n{}\nnote: run with `RUST_BACKTRACE=1` environment variable"
)
UNWRAP = PANIC.format("called `Result::unwrap()` on an `Err` value: {}")
LINKING = (
    "\x1b[1m\x1b[91merror\x1b[0m\x1b[1m: linking with `cc` failed: exit status: 1\x1b[0m\n"
    '  = \x1b[1mnote\x1b[0m:  "cc" "-m64" "-fuse-ld=lld"\n  = note: some arguments are omitted\n'
    "  = note: {}\n          collect2: fatal error: ld terminated with signal {}\n          compilation terminated.\n"
)
BUG = "PLEASE submit a bug report to https://github.com/llvm/llvm-project/issues/"
TERMINATE = "terminate called after throwing an instance of 'std::{}'\n            what():  {}"
FORK_EXEC = PYTHON + "    self.pid = _fork_exec(\n               ^^^^^^^^^^^\n"
JAVA = "java.lang.OutOfMemoryError: "
GO_TRACE = "\n\nruntime stack:\nruntime.throw({0x4cc9c9?, 0x4000000?})\n" + "\t/usr/local/go/src/x.go:1 +0x1\n" * 4000

# What the program `id` wrote when it had reached the limit.
SAID = [
    ("python", "memory", failed(PYTHON + "    x = bytearray(4 << 30)\n        ^^^^^^\nMemoryError\n")),
    ("python coloured", "memory", failed(PYTHON + "\x1b[1;35mMemoryError\x1b[0m\n")),
    (
        "numpy",
        "memory",
        failed(PYTHON + "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7 TiB for an array\n"),
    ),
    ("rust", "memory", failed("memory allocation of 4294967296 bytes failed\nnote: run with …\n", Signaled(6))),
    ("c++", "memory", failed(TERMINATE.format("bad_alloc", "std::bad_alloc") + "\n", Signaled(6))),
    ("bash", "memory", failed("bash: xrealloc: cannot allocate 536465408 bytes\n", Exited(2))),
    ("dd", "memory", failed("dd: memory exhausted by input buffer of size 1073741824 bytes (1.0 GiB)\n")),
    ("perl", "memory", failed("Out of memory!\n")),
    ("go", "memory", failed("fatal error: out of memory allocating heap arena metadata" + GO_TRACE, Exited(2))),
    ("go, runtime", "memory", failed("fatal error: runtime: out of memory" + GO_TRACE, Exited(2))),
    (
        "node",
        "memory",
        failed("\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n", Signaled(6)),
    ),
    (
        "node, buffer",
        "memory",
        failed("    super(x);\n    ^\n\nRangeError: Array buffer allocation failed\n    at …\n"),
    ),
    ("java", "memory", failed(f'Exception in thread "main" {JAVA}Java heap space\n\tat Mem.main(Mem.java:1)\n')),
    (
        "java, start",
        "memory",
        failed(
            "OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x0, 6, 0) failed; error='Not enough space' (errno=12)\n"
        ),
    ),
    (
        "dynamic loader",
        "memory",
        failed(
            "rustc: error while loading shared libraries: librustc_driver-61.so: failed to map segment from shared object\n"
        ),
    ),
    ("rustc", "memory", failed("rustc-LLVM ERROR: out of memory\nAllocation failed\n", Signaled(6), "build")),
    ("glibc", "memory", failed("Fatal glibc error: failed to register TLS destructor: out of memory\n", Signaled(6))),
    ("cc1", "memory", failed("virtual memory exhausted: Cannot allocate memory\n", kind="build")),
    ("python, mmap", "memory", failed(PYTHON + "OSError: [Errno 12] Cannot allocate memory\n")),
    ("python, thread", "processes", failed(PYTHON + "RuntimeError: can't start new thread\n")),
    ("python, fork", "processes", failed(FORK_EXEC + "BlockingIOError: [Errno 11] Resource temporarily unavailable\n")),
    (
        "rust, thread",
        "processes",
        failed(
            PANIC.format(
                'failed to spawn thread: Os { code: 11, kind: WouldBlock, message: "Resource temporarily unavailable" }'
            ),
            Exited(101),
        ),
    ),
    (
        "tokio",
        "processes",
        failed(
            PANIC.format("OS can't spawn worker thread: Resource temporarily unavailable (os error 11)"), Exited(101)
        ),
    ),
    (
        "rayon",
        "processes",
        failed(
            PANIC.format(
                "The global thread pool has not been initialized.: ThreadPoolBuildError { kind: IOError(Os { code: 11, "
                'kind: WouldBlock, message: "Resource temporarily unavailable" }) }'
            ),
            Exited(101),
        ),
    ),
    (
        "c++, thread",
        "processes",
        failed(TERMINATE.format("system_error", "Resource temporarily unavailable") + "\n", Signaled(6)),
    ),
    ("bash, fork", "processes", failed("bash: fork: retry: Resource temporarily unavailable\nbash: fork: Interrupted")),
    ("dash, fork", "processes", failed("dash: 0: Cannot fork\n", Exited(2))),
    ("make", "processes", failed("/bin/sh: 0: Cannot fork\nmake: *** [m:2: a] Error 2\n", Exited(2), "build")),
    ("perl, fork", "processes", failed("fork: Resource temporarily unavailable at -e line 1.\n", Exited(11))),
    (
        "gcc",
        "processes",
        failed(
            "gcc: fatal error: cannot execute 'as': vfork: Resource temporarily unavailable\ncompilation terminated.\n"
        ),
    ),
    (
        "go, thread",
        "processes",
        failed("runtime: failed to create new OS thread (have 42 already; errno=11)" + GO_TRACE),
    ),
    (
        "go, fork",
        "processes",
        failed("2026/11/21 12:11:32 fork/exec /usr/bin/sleep: resource temporarily unavailable\n"),
    ),
    ("node, child", "processes", failed("node:events:502\n      throw er;\n\nError: spawn sleep EAGAIN\n    at …\n")),
    ("node, sync", "processes", failed("\x1b[36m<ref *1>\x1b[39m Error: spawnSync /bin/sh EAGAIN\n    at …\n")),
    ("node, worker", "processes", failed("    this[kHandle].startThread();\n\nError: EAGAIN\n    at …\n")),
    ("node, start", "processes", failed("node[26478]: pthread_create: Resource temporarily unavailable\n")),
    (
        "java, thread",
        "processes",
        failed(
            f'Exception in thread "main" {JAVA}unable to create native thread: possibly out of memory or …\n\tat …\n'
        ),
    ),
    ("python, open", "open_files", failed(PYTHON + "OSError: [Errno 24] Too many open files: '/etc/passwd'\n")),
    (
        "rust, open",
        "open_files",
        failed(UNWRAP.format('Os { code: 24, kind: Uncategorized, message: "Too many open files" }'), Exited(101)),
    ),
    ("rust, Presentation", "open_files", failed('Error: "reading: Too many open files (os error 24)"\n')),
    ("c", "open_files", failed("fopen: Too many open files\n")),
    ("bash, pipe", "open_files", failed("bash: cannot make pipe for command substitution: Too many open files\n")),
    ("dash, pipe", "open_files", failed("dash: 1: Pipe call failed\n", Exited(2))),
    ("perl, open", "open_files", failed("open: Too many open files at -e line 1.\n", Exited(24))),
    (
        "go, open",
        "open_files",
        failed("panic: open /etc/passwd: too many open files\n\ngoroutine 1 [running]:\n", Exited(2)),
    ),
    ("node, open", "open_files", failed("\nError: EMFILE: too many open files, open '/etc/passwd'\n    at …\n")),
    (
        "java, open",
        "open_files",
        failed('Exception in thread "main" java.io.FileNotFoundException: /etc/passwd (Too many open files)\n\tat …\n'),
    ),
    (
        "dynamic loader, open",
        "open_files",
        failed("cat: error while loading shared libraries: libc.so.6: cannot open shared object file: Error 24\n"),
    ),
    ("python, write", "file_size", failed(PYTHON + "OSError: [Errno 27] File too large\n")),
    ("signal", "file_size", failed("", Signaled(25))),
    (
        "bash, write",
        "file_size",
        failed("bash: line 1:  6292 File size limit exceededhead -c 9 /dev/zero > big\n", Exited(153)),
    ),
    ("dash, write", "file_size", failed("File size limit exceeded\n", Exited(3))),
    ("go, write", "file_size", failed("2026/11/21 12:11:32 write big: file too large\n")),
    ("node, write", "file_size", failed("    throw err;\n    ^\n\nError: EFBIG: file too large, write\n    at …\n")),
    ("java, write", "file_size", failed('Exception in thread "main" java.io.IOException: File too large\n\tat …\n')),
    (
        "as",
        "file_size",
        failed(
            "gcc: internal compiler error: File size limit exceeded signal terminated program as\n", Exited(4), "build"
        ),
    ),
    ("cpu signal", "cpu", failed("", Signaled(24))),
    ("bash, cpu", "cpu", failed("bash: line 1:  8261 CPU time limit exceeded /usr/bin/python3 spin.py\n", Exited(3))),
    ("dash, cpu", "cpu", failed("CPU time limit exceeded\n", Exited(152))),
    ("python, disk", "disk", failed(PYTHON + "OSError: [Errno 28] No space left on device\n")),
    ("bash, disk", "disk", failed("bash: line 1: echo: write error: No space left on device\n")),
    ("head", "disk", failed("head: error writing 'standard output': No space left on device\n")),
    (
        "dd, disk",
        "disk",
        failed("dd: writing to 'x': No space left on device\n4097+0 records in\n4096+0 records out\n"),
    ),
    (
        "rust, disk",
        "disk",
        failed(UNWRAP.format('Os { code: 28, kind: StorageFull, message: "No space left on device" }'), Exited(101)),
    ),
    ("go, disk", "disk", failed("2026/11/21 12:15:39 write big: no space left on device\n")),
    ("node, disk", "disk", failed("\nError: ENOSPC: no space left on device, write\n    at …\n")),
    ("java, disk", "disk", failed('Exception in thread "main" java.io.IOException: No space left on device\n\tat …\n')),
    ("cp to /tmp", "tmp", failed("cp: error writing '/tmp/x': No space left on device\n")),
    ("cp to $TMPDIR", "tmp", failed("cp: error writing '$TMPDIR/x': No space left on device\n")),
    # As `languages.rust` hands it on: what rustc says, rendered, and how it ended as far as that was understood.
    (
        "rust-lld, thread",
        "processes",
        failed(
            LINKING.format(TERMINATE.format("system_error", "Resource temporarily unavailable"), "6 [Aborted]"),
            Signaled(6),
            "build",
        ),
    ),
    (
        "rust-lld, write",
        "file_size",
        failed(LINKING.format(BUG, "25 [File size limit exceeded]"), Signaled(25), "build"),
    ),
    (
        "rustc, thread",
        "processes",
        failed(
            "\nthread 'rustc' panicked at compiler/rustc_codegen_ssa/src/back/write.rs:1828:6:\nfailed to spawn coordinator "
            'thread: Os { code: 11, kind: WouldBlock, message: "Resource temporarily unavailable" }\nstack backtrace:\n',
            NotStarted("the compiler crashed with exit status 101; this is no error of the sample"),
            "build",
        ),
    ),
    (
        "rustc, linker",
        "open_files",
        failed(
            "error: could not exec the linker `cc`\n  |\n  = note: Too many open files (os error 24)\n",
            NotStarted("the linker `cc` could not be started; install a C compiler"),
            "build",
        ),
    ),
    (
        "rustc, disk",
        "disk",
        failed(
            f"error: linking with `cc` failed\n  = note: {BUG}\n          LLVM ERROR: IO failure on output stream: "
            "No space left on device\n          collect2: error: ld returned 1 exit status\n",
            NotStarted(NO_SPACE),
            "build",
        ),
    ),
]


@pytest.mark.parametrize(("name", "result"), [s[1:] for s in SAID], ids=[s[0] for s in SAID])
def test_a_limit_is_told_by_its_name(name: str, result: StepResult) -> None:
    """Whatever a program says of it, an Outcome says which limit was reached, in all words, and cannot be stored."""
    found = recognise(result, LIMITS, small_disk=True)

    assert REACHED[name] == found.ended
    assert f"(limit `{name}`)" in describe(found.ended)
    assert not Outcome(language="x", steps=(found,)).storable
    assert (result.stdout, result.stderr, result.kind) == (found.stdout, found.stderr, found.kind)


MACHINE = {
    "memory": "this machine is out of memory",
    "processes": "this machine starts no more processes",
    "disk": NO_SPACE,
    "tmp": NO_SPACE,
}


@pytest.mark.parametrize(("name", "result"), [s[1:] for s in SAID], ids=[s[0] for s in SAID])
def test_without_a_limit_an_error_is_of_the_machine_or_stays_as_it_is(name: str, result: StepResult) -> None:
    """Where nothing was limited no limit is told; an error of the system is one of the machine, or is left as it is."""
    ended = recognise(result, UNLIMITED).ended

    assert isinstance(ended, NotStarted) or ended == result.ended
    if isinstance(ended, NotStarted) and result.kind == "run":
        assert MACHINE[name] == ended.why


OF_THE_MACHINE = [
    ("full disk", failed("cp: error writing 'x': No space left on device\n"), NO_SPACE),
    ("quota", failed("cp: error writing 'x': Disk quota exceeded\n"), "the disk quota of this user is used up"),
    ("files of all", failed("cat: x: Too many open files in system\n"), "this machine opens no more files"),
    (
        "linker killed",
        failed(LINKING.format(BUG, "9 [Killed]"), Signaled(9), "build"),
        "the linker was ended by signal 9 (SIGKILL)",
    ),
    (
        "linker killed, and gcc says so",
        failed("collect2: fatal error: ld terminated with signal 9 [Killed]\ncompilation terminated.\n", kind="build"),
        "the linker was ended by signal 9 (SIGKILL)",
    ),
    (
        "bus error",
        failed(LINKING.format(BUG, "7 [Bus error]"), Signaled(7), "build"),
        "the linker was ended by signal 7 (SIGBUS); the disk may be full",
    ),
    (
        "cc killed",
        failed("error: linking with `cc` failed: signal: 9 (SIGKILL)\n", Signaled(9), "build"),
        "the linker was ended by signal 9 (SIGKILL)",
    ),
    (
        "cc1plus killed",
        failed("c++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n", kind="build"),
        "`cc1plus` was ended by a signal: Killed",
    ),
    (
        "clang",
        failed("clang-19: error: linker command failed due to signal (use -v to see invocation)\n", kind="build"),
        "`linker` was ended by a signal",
    ),
]


@pytest.mark.parametrize(("result", "why"), [o[1:] for o in OF_THE_MACHINE], ids=[o[0] for o in OF_THE_MACHINE])
def test_the_machine_is_to_blame(result: StepResult, why: str) -> None:
    """What no limit explains was not started, as far as anyone is concerned."""
    assert NotStarted(why) == recognise(result, LIMITS).ended


E0382 = Diagnostic(
    "error",
    "",
    "x",
    'error: x: No space left on device\n --> src/main.rs:1:1\n  |\n1 | compile_error!("x: No space left on device");\n',
    (Span("src/main.rs", 1, 1, 1, 9, primary=True),),
)
LOOKALIKES = [
    ("success", failed("bash: fork: retry: Resource temporarily unavailable\n", Exited(0))),
    ("standard output", failed("", stdout="MemoryError\nbash: x: Too many open files\n")),
    ("in a sentence", failed("it says `No space left on device` when the disk is full\n")),
    ("in the middle of a line", failed("x: Too many open files are bad for you\n")),
    ("quoted in a test", failed('assertion `left == right` failed\n  left: "Cannot allocate memory"\n right: "x"\n')),
    ("an exception that says it", failed(PYTHON + "ValueError: No space left on device\n")),
    ("an exception of Node", failed("    throw err;\n    ^\n\nError: Too many open files\n    at …\n")),
    ("an exception of Java", failed('Exception in thread "main" my.OwnException: File too large\n\tat …\n')),
    ("another last line", failed(PYTHON + "MemoryError\n\nDuring handling …\n\n" + PYTHON + "ValueError: x\n")),
    ("a name that ends so", failed(PYTHON + "NotAMemoryErrorAtAll: x\n")),
    ("an error that mentions it", failed(PYTHON + "ValueError: MemoryError\n")),
    (
        "a socket that would block",
        failed(
            UNWRAP.format('Os { code: 11, kind: WouldBlock, message: "Resource temporarily unavailable" }'), Exited(101)
        ),
    ),
    (
        "a pipe that would block",
        failed(PYTHON + "    os.read(0, 1)\nBlockingIOError: [Errno 11] Resource temporarily unavailable\n"),
    ),
    ("another error number", failed(UNWRAP.format('Os { code: 2, kind: NotFound, message: "No such file" }'))),
    ("source", failed('error: x\n  |\n3 | panic!("memory allocation of 5 bytes failed")\n', kind="build")),
    ("a linker in a run step", failed("collect2: fatal error: ld terminated with signal 9 [Killed]\n")),
    ("an undefined symbol", failed("/usr/bin/ld: x.o: undefined reference to `memory_exhausted'\n", kind="build")),
    ("a word of gcc", failed("x.c:1:2: error: #error No space left on device\n", kind="build")),
    ("killed by somebody", failed("", Signaled(9))),
    ("a crash", failed("", Signaled(11))),
    ("time", failed("bash: fork: retry: Resource temporarily unavailable\n", TimedOut(1.0))),
    ("flood", failed("bash: x: Too many open files\n", OutputFlooded(1))),
    ("too late", failed("bash: x: Too many open files\n", NotStarted("the batch's time was over"))),
    ("no linker", failed("error: linker `cc` not found\n", NotStarted("the linker `cc` was not found"), "build")),
    (
        "an error of the sample",
        StepResult(kind="build", stdout="", stderr=E0382.rendered, ended=Exited(1), diagnostics=(E0382,)),
    ),
    ("long ago", failed("x\n" * REACH + "cp: 'x': No space left on device\n" + "x\n" * REACH)),
]


@pytest.mark.parametrize("limits", [LIMITS, UNLIMITED], ids=["limited", "unlimited"])
@pytest.mark.parametrize("result", [one[1] for one in LOOKALIKES], ids=[one[0] for one in LOOKALIKES])
def test_what_only_looks_like_it(result: StepResult, limits: Limits) -> None:
    """A sample that prints such words, a step that succeeded, and an ending that is known already stay as they are."""
    assert result == recognise(result, limits, small_disk=True)


@pytest.mark.parametrize("result", [s[2] for s in SAID if s[2].stderr], ids=[s[0] for s in SAID if s[2].stderr])
def test_words_in_a_sentence_mean_nothing(result: StepResult) -> None:
    """The same lines with other words around them are those of a sample."""
    lines = "".join(f"the log had `{line.strip()}`, and more\n" for line in result.stderr.splitlines()[:20])
    quoted = failed(lines, kind=result.kind)

    assert quoted == recognise(quoted, LIMITS, small_disk=True)


def test_what_quotes_nobody_is_read_though_diagnostics_stand_beside_it() -> None:
    """An error of the sample hides neither the linker's end nor what follows it."""
    text = E0382.rendered + LINKING.format(BUG, "9 [Killed]")
    result = StepResult(kind="build", stdout="", stderr=text, ended=Exited(1), diagnostics=(E0382,))

    assert NotStarted("the linker was ended by signal 9 (SIGKILL)") == recognise(result, LIMITS).ended


@pytest.mark.parametrize("transient", [True, False])
def test_whether_it_may_be_otherwise_survives_the_codec(transient: bool) -> None:
    """What is written of a child that was not started is read as it was."""
    outcome = Outcome(language="x", steps=(failed("", NotStarted("no room", transient=transient)),))

    assert outcome == from_json(to_json(outcome))


KOTLIN = "Out of memory trying to allocate 629145600bytes: Cannot allocate memory. Aborting."


@pytest.mark.parametrize("signal", [6, 11])
@pytest.mark.parametrize(
    "said", [KOTLIN, "polars: memory exhausted", "x: cannot allocate memory for y", "std::bad_alloc!"]
)
def test_native_code_that_aborts_for_want_of_memory(signal: int, said: str) -> None:
    """Whatever its words, if it says so at all; without a limit, or of anything else, it stays what it was."""
    ended = Signaled(signal)

    assert OutOfMemory(1) == recognise(failed(said, ended), LIMITS).ended
    assert ended == recognise(failed(said, ended), UNLIMITED).ended or KOTLIN == said
    assert ended == recognise(failed("assertion failed", ended), LIMITS).ended
    assert ONE == recognise(failed("we ran out of memory of it"), LIMITS).ended
