"""Whether a console went as it is written: how its commands ended, and, if it is to be verified, what they printed."""

from __future__ import annotations

import difflib
import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, assert_never

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.comparing import matches
from mkdocs_codeexec.core.expectation import Errored, Met, Unmet, Verdict
from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    NotStarted,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    TimedOut,
    describe,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.consoles import Console, Entry
    from mkdocs_codeexec.core.expectation import Converses
    from mkdocs_codeexec.core.outcome import Outcome, StepResult

_HEADER = "Traceback (most recent call last):"
_TRACEBACK = re.compile(
    r"^Traceback \((?:most recent call last|innermost last)\):[ \t]*$(?P<stack>.*?)^(?P<message>\w+.*)",
    re.MULTILINE | re.DOTALL,
)
"""What doctest takes for one (`DocTestParser._EXCEPTION_RE`)."""
_OF_SYNTAX = re.compile(r"^  File \"<.*?^(?P<message>\w+.*)", re.MULTILINE | re.DOTALL)
"""What Python prints of a statement that it cannot compile."""


class Spoken(NamedTuple):
    """An entry of a console, and what it came to; None if it was not executed."""

    entry: Entry
    result: StepResult | None


def spoken(console: Console, outcome: Outcome | None) -> Iterator[Spoken]:
    """Yield all entries of `console`, in order."""
    results = iter(outcome.steps if outcome is not None else ())
    for entry in console.entries:
        yield Spoken(entry, next(results, None) if entry.executed else None)


def raises(entry: Entry) -> bool:
    """Tell whether it is written under `entry`, of Python, that it raises."""
    return any(line.rstrip() == _HEADER or line.startswith('  File "<') for line in entry.written)


def says_end(expectation: Converses) -> bool:
    """Tell whether it is written how the last command ends."""
    executed = expectation.console.executed
    return bool(executed) and (bool(executed[-1].said) or raises(executed[-1]))


def judged(expectation: Converses, outcome: Outcome) -> Verdict:
    """Compare what should happen with what happened: the first command that went otherwise decides.

    Where what they print is to be compared, the others that went otherwise are told, too.
    """
    if outcome.steps and isinstance(outcome.steps[-1].ended, NotStarted):
        return Errored(describe(outcome.steps[-1].ended))
    found = list(itertools.islice(_otherwise(expectation, outcome), None if expectation.verify else 1))
    return replace(found[0], others=tuple(found[1:])) if found else Met()


def _otherwise(expectation: Converses, outcome: Outcome) -> Iterator[Unmet]:
    """Yield what went otherwise, command by command."""
    executed = expectation.console.executed
    before: Entry | None = None
    stopped = False
    for entry, result in spoken(expectation.console, outcome):
        if not entry.executed:
            continue
        if result is None:
            if not stopped:
                yield _unreached(entry, before)
            return
        stopped = not isinstance(result.ended, Exited | Signaled)
        wrong = _ended(expectation, entry, result, last=entry is executed[-1])
        if wrong is None and expectation.verify:
            wrong = _compared(expectation, entry, result)
        if wrong is not None:
            yield wrong
        before = entry


def _unreached(entry: Entry, before: Entry | None) -> Unmet:
    who = f"`{before.source[0]}` has ended the session" if before else "the session did not start"
    return Unmet(f"`{entry.source[0]}` was not executed: {who}", entry.line)


def _ended(expectation: Converses, entry: Entry, result: StepResult, *, last: bool) -> Unmet | None:
    """Return what is wrong with how a command ended."""
    match result.ended:
        case TimedOut() | OutputFlooded() | OutOfMemory() | LimitReached():
            return Unmet(f"`{entry.source[0]}` {describe(result.ended)}", entry.line)
        case Signaled():
            right = expectation.code is None
        case Exited(code):
            right = _status_is_right(expectation, entry, code, last=last)
        case NotStarted():
            right = False
        case _:
            assert_never(result.ended)
    if right and (said := _error(expectation, entry, result)):
        return Unmet(f"`{entry.source[0]}` printed `{said}`, and no such thing is written under it", entry.line)
    if right:
        return None
    if expectation.console.kind == "doctest" and result.ended == Exited(1):
        return Unmet(f"it raised `{_raised(result.stdout)}`, and no traceback is written under it", entry.line)
    said = f", expected `{entry.said[0].strip()}`" if entry.said else ""
    expected = f", expected exit status {expectation.code}" if last and expectation.code and not said else ""
    return Unmet(f"`{entry.source[0]}`: {describe(result.ended)}{said or expected}", entry.line)


def _error(expectation: Converses, entry: Entry, result: StepResult) -> str:
    """Return the line in which an interpreter says that a command failed of which that is not written; else nothing."""
    pattern = expectation.console.dialect.error
    if not pattern or expectation.code is None:
        return ""
    found = re.search(pattern, _plain(result.stdout), re.MULTILINE)
    if found is None or re.search(pattern, "\n".join(entry.written), re.MULTILINE):
        return ""
    return found.string[found.start() :].split("\n", 1)[0][:200].strip()


def _status_is_right(expectation: Converses, entry: Entry, code: int, *, last: bool) -> bool:
    if entry.said:
        return entry.expects(code)
    if expectation.code is None:
        return True
    if expectation.console.kind == "doctest" and code == 1 and raises(entry):
        return True
    return code == (expectation.code if last else 0)


def _raised(printed: str) -> str:
    """Return what was raised last, in one line."""
    message = _message(_plain(printed))
    return message.split("\n", 1)[0] if message else "an exception"


def _plain(text: str) -> str:
    return ESCAPE.sub("", text).replace("\r\n", "\n")


def fitting(expectation: Converses, entry: Entry, result: StepResult) -> str | None:
    """Return what is to stand under `entry`, with as much of what is written as matches; None if all of it does."""
    if _compared(expectation, entry, result) is None:
        return None
    printed = _plain(displays.without(result.stdout, result.shown))
    if expectation.console.kind == "doctest":
        return "\n".join(line.rstrip() for line in printed.split("\n"))
    found = matches("\n".join(entry.written), printed, dict(expectation.patterns))
    return printed if found is None else "\n".join(line.text for line in found.fitting)


def _compared(expectation: Converses, entry: Entry, result: StepResult) -> Unmet | None:
    """Return how what `entry` printed differs from what is written under it."""
    written = "\n".join(entry.written)
    printed = _plain(displays.without(result.stdout, result.shown))
    if expectation.console.kind == "doctest":
        return _of_doctest(entry, written, printed)
    found = matches(written, printed, dict(expectation.patterns))
    if found is None:
        return None
    return _differs(entry, found.line, found.unified())


def _differs(entry: Entry, line: int, diff: str) -> Unmet:
    at = entry.written_at + min(line - 1, max(len(entry.written) - 1, 0)) if entry.written else entry.line
    return Unmet(f"`{entry.source[0]}` printed something else than is written", at, diff)


def _of_doctest(entry: Entry, written: str, printed: str) -> Unmet | None:
    """Compare as doctest does, with its checker and its options; blank lines may be written as they are, too."""
    import doctest

    flags = 0
    for name in entry.directives:
        flags |= doctest.OPTIONFLAGS_BY_NAME.get(name, 0)
    checker = doctest.OutputChecker()

    def same(want: str, got: str) -> bool:
        want, got = (f"{text.rstrip()}\n" if text.strip() else "" for text in (want, got))
        return checker.check_output(want, got, flags)

    if same(written, printed):
        return None
    want, got = _TRACEBACK.search(written), _last(printed)
    if want is not None and got is not None and same(written[: want.start()], printed[: got.start()]):
        expected, raised = written[want.start("message") :], printed[got.start("message") :]
        if same(expected, raised):
            return None
        if flags & doctest.IGNORE_EXCEPTION_DETAIL and same(_undetailed(expected), _undetailed(raised)):
            return None
    return _differs(entry, *_difference(written, printed))


def _last(printed: str) -> re.Match[str] | None:
    """Return the last traceback in what was printed: those before it are its causes."""
    found = None
    for found in _TRACEBACK.finditer(printed):  # noqa: B007 - the last one counts
        pass
    return found or _OF_SYNTAX.search(printed)


def _message(printed: str) -> str:
    found = _last(printed)
    return printed[found.start("message") :].rstrip() if found else ""


def _undetailed(message: str) -> str:
    """Return the name of an exception without its module, and without what it says."""
    return message.split("\n", 1)[0].partition(":")[0].strip().rpartition(".")[2]


def _difference(written: str, printed: str) -> tuple[int, str]:
    """Return the first line of `written` that differs, from one, and a unified diff."""
    mine, other = written.rstrip().split("\n"), printed.rstrip().split("\n")
    if not written.strip():
        mine = []
    if not printed.strip():
        other = []
    first = next((at for at, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))
    return first + 1, "\n".join(difflib.unified_diff(mine, other, "written", "printed", lineterm="", n=2))
