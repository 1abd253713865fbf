"""Sessions of shells: one shell that reads the file of one step after the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.sessions.naming import step_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mkdocs_codeexec.core.action import Marks


_TRACES = re.compile(r"\bset\s+(?:-\w+\s+)*-\w*x|\bxtrace\b")
_DEEP = re.compile(r"^\+\+(?=\++ )", re.MULTILINE)


def untraced(codes: Iterable[str]) -> Callable[[str], str]:
    """Return what takes the depth of the driver out of what bash traces (`set -x`), if one of `codes` has it trace.

    bash writes a `+` for each text that is read within another, and the steps are two deep.
    """
    traces = any(_TRACES.search(code) for code in codes)
    return lambda text: _DEEP.sub("", text) if traces and "+++" in text else text


def files(
    file: str, codes: Sequence[str], marks: Marks, expected: Sequence[int | None], *, deep: bool, elsewhere: bool
) -> tuple[tuple[str, str], ...]:
    """Return the files of the program: the driver in the place of the sample, and the steps.

    The driver is one command, so that it is read at once, whatever a step sets. It leaves no name behind: where the steps
    are is put into its text before it is read. Where a shell tells what it executes (`set -x`), what it says between two
    steps is nobody's.

    Args:
        file: What the file of a sample is called.
        codes: The steps.
        marks: Where output is taken apart.
        expected: The status with which a step goes on to the next one, for all but the last; None is any.
        deep: Whether the shell knows descriptors of more than one digit.
        elsewhere: Whether it starts in another directory than that of its files, which its command line names then.
    """
    out, err = (62, 63) if deep else (8, 9)
    lines = [f"exec {out}>&1 {err}>&2"]
    for place in range(len(codes)):
        source = f"\\. @/{step_file(place, file)}"
        before = expected[place - 1] if place else 0
        if place == 0 or before == 0:
            lines.append(source)
        elif before is None:
            pass  # with the mark, below
        else:
            lines.append(f"(exit {before}) || {source}")
        if place == len(codes) - 1:
            break
        end = writing(marks.start, out, err, '"$?"')
        match expected[place]:
            case None:
                following = f"\\. @/{step_file(place + 1, file)}"
                again = '(codeexec="$?"; ' + writing(marks.start, out, err, '"$codeexec"') + '; exit "$codeexec")'
                lines.append(f"if {again} >/dev/null 2>&1; then {following}; else {following}; fi")
            case code:
                lines.append(f'{{ case $? in ({code}) {end};; (*) (exit "$?");; esac; }} >/dev/null 2>&1 || exit')
    body = "\n".join(lines).replace("'", "'\\''")
    here = beside(elsewhere=elsewhere)
    folder = f"'\\'''{here}''\\''"
    text = f"eval '{{ {body.replace('@', folder)}\n}}'\n"
    steps = [
        (step_file(place, file), (begin(marks, out, err, expected[place - 1]) if place else "") + code)
        for place, code in enumerate(codes)
    ]
    return ((file, text), *steps)


def beside(*, elsewhere: bool) -> str:
    """Return the word that is the folder in which that of the steps stands; `elsewhere` is as for `files`."""
    return '"${0%/*/*}"' if elsewhere else '"${PWD%/*}"'


def writing(start: str, out: int, err: int, status: str, *, gap: bool = True, named: bool = True) -> str:
    """Return the commands that write the mark of an end: in parts, so that nobody who prints them prints a mark.

    Args:
        start: What the mark begins with.
        out: The descriptor of one stream.
        err: That of the other.
        status: A word that is the status in the mark.
        gap: Whether what follows is nobody's, up to a mark that says so.
        named: Whether no function can have the name of a command that it uses; else it uses none, and is for bash alone.
    """
    half = len(start) // 2
    if not named:
        first = f'{start[:half]}""{start[half:]}'
        last = '-0"<"' if gap else '-0"."'
        return "; ".join(_timed(f"{first}{word}{last}", to) for word, to in ((status, out), ("0", err)))
    one = f"\\printf %s%s%s-0%s\\\\n {start[:half]} {start[half:]}"
    after = "<" if gap else "."
    return f'{one} {status} "{after}" >&{out}; {one} 0 "{after}" >&{err}'


def _timed(word: str, to: int) -> str:
    """Return what writes `word`, in a subshell: bash does so when it has timed nothing, by a word that no function can have."""
    return f"TIMEFORMAT={word}; {{ time; }} 2>&{to}"


def leaving(*, named: bool) -> str:
    """Return what ends a subshell with the status `$codeexec`. By the rules of POSIX no function comes before `exit`."""
    return 'exit "$codeexec"' if named else 'POSIXLY_CORRECT=y; exit "$codeexec"'


UNTRAPPED = " && ([[ 1 ]]) >/dev/null 2>&1"
"""Stands behind what keeps `$?`: what fails in such a list sets off no `trap ERR`, and ends no shell. For bash alone."""


def begin(marks: Marks, out: int, err: int, status: int | None, *, named: bool = True, trapped: bool = False) -> str:
    """Return what stands before the first command of a step: it writes that its output begins, and keeps `$?`.

    Args:
        marks: Where output is taken apart.
        out: The descriptor of one stream.
        err: That of the other.
        status: Which status it keeps; None for any.
        named: As for `writing`.
        trapped: Whether there may be a trap for what fails; for bash alone.
    """
    half = len(marks.begin) // 2
    if not named:
        first = f"{marks.begin[:half]}'{marks.begin[half:]}'"
        both = f"{_timed(first, out)}; {_timed(first, err)}"
        return f'(codeexec="$?"; {both}; {leaving(named=named)}) >/dev/null 2>&1{UNTRAPPED if trapped else ""}; '
    one = f"\\printf %s%s\\\\n {marks.begin[:half]} '{marks.begin[half:]}'"
    both = f"{one} >&{out}; {one} >&{err}"
    if status == 0:
        return f"{{ {both}; }} >/dev/null 2>&1; "
    return f'(codeexec="$?"; {both}; exit "$codeexec") >/dev/null 2>&1{UNTRAPPED if trapped else ""}; '
