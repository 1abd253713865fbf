"""Consoles of a real shell, and of a real Python as doctest has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from showing.words import CANARY, Case, Words, hidden, lies, odd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PROMPTS = ("$ ", "% ", "→ ", "me@host:~$ ")


class Said(NamedTuple):
    """A command, and what it prints.

    Attributes:
        command: Its lines.
        printed: The lines that it prints.
        status: The line that says how it ends; empty for none.
        raises: Whether it ends in a traceback, which is what it has printed.
    """

    command: Sequence[str]
    printed: Sequence[str] = ()
    status: str = ""
    raises: bool = False


def _quoted(text: str) -> str:
    """Return `text` as one word of a shell that holds no word of ours."""
    return hidden("'" + text.replace("'", "'\\''") + "'")


def _print(draw: Any, words: Words) -> Said:
    lines = [words.line(draw(odd)) for _ in range(draw(st.integers(0, 3)))]
    if not lines:
        return Said(["true"])
    return Said([f"printf '%s\\n' {' '.join(map(_quoted, lines))}"], lines)


def _no_end(draw: Any, words: Words) -> Said:
    line = words.line(draw(odd))
    return Said([f"printf %s {_quoted(line)}"], [line])


def _both(draw: Any, words: Words) -> Said:
    lines = [words.line(draw(odd)) for _ in range(3)]
    first, second, third = map(_quoted, lines)
    return Said([f"echo {first}; echo {second} >&2; echo {third}"], lines)


def _here_document(draw: Any, words: Words) -> Said:
    lines = [words.line(draw(odd)) for _ in range(draw(st.integers(1, 3)))]
    return Said(["cat <<'END' | sed 's/z#q/zq/'", *(line.replace("zq", "z#q") for line in lines), "END"], lines)


def _loop(draw: Any, words: Words) -> Said:
    count = draw(st.integers(1, 3))
    lines = [words.line("{w} of {n}".replace("{n}", str(at))) for at in range(count)]
    items = " ".join(map(_quoted, lines))
    return Said([f"for each in {items}; do", '  echo "$each"', "done"], lines)


def _function(draw: Any, words: Words) -> Said:
    line = words.line(draw(odd))
    return Said(["f() {", '  echo "$1"', f"}}; f {_quoted(line)}"], [line])


def _variable(draw: Any, words: Words) -> Said:
    line = words.line(draw(odd))
    return Said([f'kept={_quoted(line)}; (cd /; echo "$kept") & wait'], [line])


def _status(draw: Any, words: Words) -> Said:
    status = draw(st.integers(1, 99))
    line = words.line(draw(odd))
    said = draw(st.sampled_from([f"? {status}", "? failed"]))
    return Said([f"(echo {_quoted(line)}; exit {status})"], [line], said)


_OF_SHELL = (_print, _print, _no_end, _both, _here_document, _loop, _function, _variable, _status)


def _python_print(draw: Any, words: Words) -> Said:
    lines = [words.line(draw(odd)) for _ in range(draw(st.integers(0, 3)))]
    shown = ", ".join(hidden(repr(line), _parts(line)) for line in lines)
    return Said([f"print({shown}, sep='\\n')"], lines) if lines else Said(["None"])


def _parts(line: str) -> str:
    """Return what ends and begins again the string that `repr` makes of `line`."""
    return repr(line)[0] * 2


def _value(draw: Any, words: Words) -> Said:
    line = words.line(draw(odd))
    return Said([hidden(repr(line), _parts(line))], [repr(line)])


def _statement(draw: Any, words: Words) -> Said:
    lines = [words.line("{w}") for _ in range(draw(st.integers(1, 3)))]
    items = ", ".join(hidden(repr(line)) for line in lines)
    return Said([f"for each in ({items},):", "    each"], [repr(line) for line in lines])


def _written(draw: Any, words: Words) -> Said:
    lines = [words.line(draw(odd)) for _ in range(2)]
    first, second = (hidden(repr(line), _parts(line)) for line in lines)
    start = "import os, sys; _ = sys.stdout.flush(); "
    return Said([f"{start}_ = os.write(1, ({first} + chr(10)).encode()); print({second}, file=sys.stderr)"], lines)


def _raised(draw: Any, words: Words) -> Said:
    line = words.line(draw(st.sampled_from(["{w}", "<b>{w}", "$ {w}"])))
    said = ["Traceback (most recent call last):", '  File "<stdin>", line 1, in <module>', f"ValueError: {line}"]
    return Said([f"raise ValueError({hidden(repr(line))})"], said, raises=True)


def _skipped(_draw: Any, _words: Words) -> Said:
    return Said([f"print('{CANARY}')  # doctest: +SKIP".replace(CANARY, "can' 'ary")])


_OF_PYTHON = (_python_print, _python_print, _value, _statement, _written, _raised, _skipped)


def _can_stand(lines: Sequence[str], first: str, more: str) -> bool:
    """Tell whether none of `lines` under a command is one, or goes on with it; a blank one ends the comparison of doctest."""
    commands = any(line.startswith(first) or line == first.rstrip() or not line.strip() for line in lines)
    goes_on = more == "... " and any(line.startswith("...") for line in lines[:1])
    return not commands and not goes_on


def _lies(draw: Any, first: str, more: str) -> list[str]:
    return [line for line in draw(lies) if not line or _can_stand([line], first, more)]


def _console(
    draw: Any, language: str, forms: Sequence[Callable[[Any, Words], Said]], first: str, more: str, header: str
) -> Case:
    words = Words(draw(st.integers(1, 10**9)) * 100)
    found = [form(draw, words) for form in draw(st.lists(st.sampled_from(forms), min_size=1, max_size=5))]
    verify = draw(st.booleans()) and all(_can_stand(said.printed, first, more) for said in found)
    wrong = draw(st.integers(0, 2 * len(found))) if verify else -1
    lines: list[str] = []
    source: list[str] = []
    verdict = "met"
    for number, said in enumerate(found):
        start, *rest = said.command
        typed = [first + start, *(more + line for line in rest), *([said.status] if said.status else [])]
        written = list(said.printed) if verify or said.raises else _lies(draw, first, more)
        if number == wrong and "+SKIP" not in start:
            written, verdict = ["what nobody prints"], "unmet"
        lines += (*typed, *written)
        source += (*typed, *(written if verify or "+SKIP" in start else said.printed))
    told = f"{language} exec{' verify' if verify else ''}{header}"
    seen = [line for line in source if line.strip()]
    return Case(language, told, lines, verdict, words.all if verdict == "met" else [], seen)


@st.composite
def shell(draw: Any) -> Case:
    """Make a console of a shell, with one of several prompts."""
    first = draw(st.sampled_from(_PROMPTS))
    header = f' prompt="{first}"' if first not in _PROMPTS[:2] else ""
    return _console(draw, "console", _OF_SHELL, first, "> ", header)


@st.composite
def doctest(draw: Any) -> Case:
    """Make a console of Python."""
    return _console(draw, "pycon", _OF_PYTHON, ">>> ", "... ", "")
