"""What a failed step says of its limits, or of this machine, rather than of the sample.

A limit of the system does not always end a child. More often a call fails, the program says so in words of its own and
exits with some status, as if the sample were wrong. Such an Outcome must never be stored, and its reader is told which
limit it was. What is known here was said by the real programs: bash 5.2, dash, coreutils, perl 5.36, Python 3.11,
Rust 1.95, gcc 12, Go 1.26, Node 20 and OpenJDK 17, each under a small `setrlimit(2)` and on a small disk.

Words are taken from standard error alone, by whole lines or by what ends a line, and never from a step that succeeded.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    NotStarted,
    OutOfMemory,
    Signaled,
    StepResult,
    Termination,
    signal_name,
)

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Limits

REACH = 8 * 1024
"""Characters looked at, at the start of standard error and at its end: Go and Node say why first, the others last."""

NO_SPACE = "no space left on the device"

_SIGBUS, _SIGXCPU, _SIGXFSZ = 7, 24, 25
_BY_SIGNAL = {_SIGXCPU: "cpu", _SIGXFSZ: "file_size"}


class Sign(NamedTuple):
    """Words that mean one thing.

    Attributes:
        limit: The limit that was reached, if the step had it.
        pattern: The words.
        machine: What they say of this machine where the step had no such limit; empty if nothing.
    """

    limit: str
    pattern: re.Pattern[str]
    machine: str = ""


_NOTE = r"^(?: *= note: +| *)"  # what rustc makes of what a linker says
_NODE = r"^(?: *\[cause\]: |Uncaught |<ref \*1> )?Error: "
_JAVA = r"^(?:Exception in thread \"[^\"\n]*\" |Caused by: )?"


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE)


def _error(number: int, name: str, text: str) -> tuple[str, ...]:
    """Return how an error of a system call, with the `text` of `strerror(3)`, is told."""
    small = text[0].lower() + text[1:]
    return (
        # perror(3), shells, coreutils, ld, Go; Perl. What follows the name of an exception was put there by the sample.
        rf"(?<!Error)(?<!Exception): (?:{text}|{small})(?: at \S+ line \d+\.)?$",
        rf"^\w*Error: \[Errno {number}\] {text}(?:: .*)?$",  # Python
        rf"{text} \(os error {number}\)\W?$",  # Rust, as Display and as Debug
        rf'Os \{{ code: {number}, kind: \w+, message: "{text}" \}}[^\w\n]*$',
        rf"{_NODE}{name}: {small}, \w+(?: '.*)?$",
        rf"{_JAVA}java\.\w+\.\w+Exception: (?:{text}|.{{1,500}} \({text}\))$",
    )


_AGAIN = "Resource temporarily unavailable"
_OS_AGAIN = rf'Os \{{ code: 11, kind: WouldBlock, message: "{_AGAIN}" \}}[^\w\n]*$'
_SIGNS = (
    Sign(
        "memory",
        _words(
            *_error(12, "ENOMEM", "Cannot allocate memory"),
            rf"{_NODE}spawn(?:Sync)? \S+ ENOMEM$",
            rf"{_NOTE}memory allocation of \d+ bytes failed$",  # Rust: `alloc::handle_alloc_error`
            r"^(?:[\w.]{1,200}\.)?_?(?:Array)?MemoryError(?:: .*)?\n*\Z",  # Python, NumPy: the last line
            rf"{_NOTE}terminate called after throwing an instance of 'std::bad_alloc'$",
            r"^libc\+\+abi: terminating .{0,100}std::bad_alloc",
            rf"{_NOTE}(?:rustc-)?LLVM ERROR: out of memory$",
            r"^Fatal glibc error: .{1,200}: out of memory$",
            r": x(?:re|m|c)alloc: (?:\S+ )?cannot allocate \d+ bytes(?: \(\d+ bytes allocated\))?$",  # bash
            r"^\S+: (?:.{1,200}: )?memory exhausted\b",  # coreutils and ld
            r"^\S+: out of memory allocating \d+ bytes after",  # gcc: libiberty's xmalloc
            r"^fatal error: (?:runtime: )?(?:out of memory|cannot allocate memory)",  # Go
            r"^FATAL ERROR: .{1,200} out of memory$",  # Node
            r"^(?:Uncaught )?RangeError: Array buffer allocation failed$",
            rf"{_JAVA}java\.lang\.OutOfMemoryError: (?!unable to create )",
            r"os::commit_memory\(.{1,100}\) failed; error='.{1,60}' \(errno=12\)$",
            r"^Out of memory!$|^Out of memory in perl:",
            r"^[Oo]ut of memory trying to allocate \d+ ?bytes\b",  # Kotlin's native code: lets-plot
            r"error while loading shared libraries: .{1,200}: failed to map segment from shared object$",
        ),
    ),
    Sign("", _words(*_error(12, "ENOMEM", "Cannot allocate memory")), "this machine is out of memory"),
    Sign(
        "processes",
        # A thread that finds no memory for its stack fails in the same way, and cannot be told from it.
        _words(
            # bash tries eight times; `xargs`, `make`, gcc and Perl do not
            rf"\b(?:v?fork|clone|posix_spawn|pthread_create|Thread creation failed): (?:retry: )?{_AGAIN}"
            r"(?: at \S+ line \d+\.)?$",
            r"^\S+: \d+: Cannot fork$",  # dash
            r"^RuntimeError: can't start new thread\n*\Z",  # Python
            rf"^ +.{{0,200}}fork\w*\(.*\n(?: +[\^~]+\n)?BlockingIOError: \[Errno 11\] {_AGAIN}\n*\Z",
            # Rust: std, rustc, rayon, tokio
            rf"\b(?:spawn|create|start) [\w ]{{0,40}}\b(?:thread|process): (?:{_OS_AGAIN}|{_AGAIN}(?: \(os error 11\))?\W?$)",
            rf"\bThreadPoolBuildError \{{ kind: IOError\({_OS_AGAIN}",
            rf"{_NOTE}what\(\):  {_AGAIN}$",  # C++: std::thread, and rust-lld by it
            rf"^runtime: failed to create new OS thread|\bfork/exec \S+: {_AGAIN.lower()}$",  # Go
            rf"{_NODE}(?:spawn(?:Sync)? \S+ )?EAGAIN$",  # a child, a worker
            rf"{_JAVA}java\.lang\.OutOfMemoryError: unable to create (?:new )?native thread",
        ),
        "this machine starts no more processes",
    ),
    Sign(
        "open_files",
        _words(
            *_error(24, "EMFILE", "Too many open files"),
            r"error while loading shared libraries: .{1,200}: Error 24$",
            r"^\S+: \d+: Pipe call failed$",  # dash
        ),
    ),
    Sign("", _words(*_error(23, "ENFILE", "Too many open files in system")), "this machine opens no more files"),
    Sign(
        "file_size",
        _words(
            *_error(27, "EFBIG", "File too large"),
            r"^(?:\S+: (?:line )?\d+: +\d+ )?File size limit exceeded",  # bash; dash says no more than that
            r": File size limit exceeded signal terminated program \S+$",  # gcc
        ),
    ),
    Sign(
        "cpu",
        _words(
            r"^(?:\S+: (?:line )?\d+: +\d+ )?CPU time limit exceeded",
            r": CPU time limit exceeded signal terminated program \S+$",
        ),
    ),
    Sign("disk", _words(*_error(28, "ENOSPC", "No space left on device")), NO_SPACE),
    Sign("", _words(*_error(122, "EDQUOT", "Disk quota exceeded")), "the disk quota of this user is used up"),
)

_ABORTED = (6, 11)
"""SIGABRT and SIGSEGV: how native code ends that has no memory and does not expect that."""
_NO_MEMORY = re.compile(
    r"\b(?:cannot allocate memory|out of memory|bad_alloc|memory exhausted|ENOMEM)\b", re.IGNORECASE
)

_LINKER_ENDED = re.compile(
    rf"^error: linking with `[^`\n]+` failed: signal: (\d+)"
    rf"|{_NOTE}\S*collect2\S*: (?:fatal )?error: \S+ terminated with signal (\d+)",
    re.MULTILINE,
)
_COMPILER_ENDED = re.compile(
    r"^\S+: (?:fatal |internal compiler )?error: (.+) signal terminated program (\S+)$"  # gcc
    r"|^clang\S*: error: (.+) command failed due to signal\b",
    re.MULTILINE,
)


def recognise(result: StepResult, limits: Limits, *, small_disk: bool = False) -> StepResult:
    """Return `result` with the ending that it really had.

    What is reached is told as `OutOfMemory` or `LimitReached`; what failed for want of something that the step had no
    limit of, or because a part of a compiler was killed, as `NotStarted`. Neither is ever stored. An ending that is
    known already, and a step that succeeded, are left as they are.

    Args:
        result: A step as its language returned it.
        limits: Those that were really in force.
        small_disk: Whether it wrote to a disk of its own, of the size that `limits` allow.
    """
    ended = result.ended
    if isinstance(ended, Signaled) and (found := _reached(_BY_SIGNAL.get(ended.signal, ""), limits)):
        return replace(result, ended=found)
    # A compiler that crashed, as its language saw it, may have crashed for want of something.
    crashed = isinstance(ended, NotStarted) and result.kind == "build" and result.stderr != ""
    if ended == Exited(0) or not (crashed or isinstance(ended, Exited | Signaled)):
        return result
    said = _said(result)
    told = _by_words(said, limits, small_disk=small_disk, machine=not crashed)
    if told is None and isinstance(ended, Signaled) and ended.signal in _ABORTED and _NO_MEMORY.search(said):
        told = _reached("memory", limits)
    if told is None and result.kind == "build" and not crashed:
        told = _by_linker(said, limits)
    return result if told is None else replace(result, ended=told)


def _said(result: StepResult) -> str:
    """Return what was said on standard error, at its start and end, but for what quotes the sample."""
    text = result.errors
    for found in result.diagnostics:
        if found.rendered and (found.spans or found.code):
            text = text.replace(found.rendered, "")
    if len(text) > 2 * REACH:
        text = f"{text[:REACH]}\n{text[-REACH:].partition(chr(10))[2]}"
    return ESCAPE.sub("", text)


def _by_words(said: str, limits: Limits, *, small_disk: bool, machine: bool) -> Termination | None:
    for sign in _SIGNS:
        found = sign.pattern.search(said)
        if found is None:
            continue
        name = sign.limit
        if name == "disk":
            name = _disk(said, found) if small_disk else ""
        if reached := _reached(name, limits):
            return reached
        if sign.machine and machine:
            return NotStarted(sign.machine)
    return None


_TEMPORARY = ("/tmp/", "$TMPDIR", "/dev/shm/", "$HOME")  # noqa: S108 - only read


def _disk(said: str, found: re.Match[str]) -> str:
    """Return which of the two disks was full, by the line that was `found`; the working directory's if it names none."""
    line = said[said.rfind("\n", 0, found.start()) + 1 : found.end()]
    return "tmp" if any(place in line for place in _TEMPORARY) else "disk"


def _by_linker(said: str, limits: Limits) -> Termination | None:
    """Return what a part of a compiler was ended by, if the compiler itself says so."""
    if found := _LINKER_ENDED.search(said):
        signal = int(found[1] or found[2])
        # A linker maps what it writes into its memory: where there is no room for a page, that is a bus error.
        hint = "; the disk may be full" if signal == _SIGBUS else ""
        return _reached(_BY_SIGNAL.get(signal, ""), limits) or NotStarted(
            f"the linker was ended by {signal_name(signal)}{hint}"
        )
    if found := _COMPILER_ENDED.search(said):
        how = f": {found[1]}" if found[1] else ""
        return NotStarted(f"`{found[2] or found[3]}` was ended by a signal{how}")
    return None


def _reached(name: str, limits: Limits) -> Termination | None:
    limit: int | None = getattr(limits, name) if name else None
    if limit is None:
        return None
    return OutOfMemory(limit) if name == "memory" else LimitReached(name, limit)
