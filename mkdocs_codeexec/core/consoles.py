"""Consoles: fences that hold commands behind prompts and what these have printed, taken apart.

A fence has one prompt, that of its first command. Only lines that begin with it are commands, with what continues them:
nothing that stands in output ever is one, whatever else it begins with.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.core.unfinished import Waiting, unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ConsoleKind: TypeAlias = Literal["", "shell", "doctest", "repl"]
"""What reads the commands: a shell; Python, as doctest has it do; another interpreter; or it is no console."""

PYTHON_PROMPT = ">>> "
SHELL_PROMPTS = ("$ ", "% ")
ROOT_PROMPT = "# "
"""The prompt of root, where it is not the mark of a comment."""
_USUAL: dict[ConsoleKind, tuple[str, ...]] = {"shell": (*SHELL_PROMPTS, ROOT_PROMPT), "doctest": (PYTHON_PROMPT,)}
_MORE: dict[ConsoleKind, tuple[str, ...]] = {"shell": ("> ",), "doctest": ("... ",)}
"""What lines begin with that go on with a command."""
_SCRIPTS: dict[ConsoleKind, str] = {"shell": "`bash exec` runs a script", "doctest": "`python exec` runs a script"}
"""What may have been meant where there is no prompt."""
_STATUS = re.compile(r"\? (?:([0-9]{1,3})|failed)[ \t]*")
_DIRECTIVE = re.compile(r"""#\s*doctest:\s*([^\n'"]*)$""", re.MULTILINE)
DIRECTIVES = frozenset(
    {
        *("SKIP", "ELLIPSIS", "NORMALIZE_WHITESPACE", "IGNORE_EXCEPTION_DETAIL"),
        *("DONT_ACCEPT_BLANKLINE", "DONT_ACCEPT_TRUE_FOR_1"),
    }
)
_OF_REPORTS = ("REPORT_", "FAIL_FAST")
"""What begins directives that say how doctest reports."""


class Dialect(NamedTuple):
    """How consoles of an interpreter are written that is neither a shell nor Python.

    Attributes:
        prompts: What lines of commands may begin with. A number in it stands for any number, for many prompts count; `0` for
            itself and `1` for any other, for some say how deep they are.
        continuations: The same of lines that go on with the command before them.
        openings: The same of lines that begin a command, or go on with one, and with which the next line goes on: editors of
            several lines show them so.
        error: A pattern of what it prints of a command that failed; empty if that cannot be told.
        lexer: What Pygments calls such consoles.
    """

    prompts: tuple[str, ...] = ()
    continuations: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    error: str = ""
    lexer: str = ""


NO_DIALECT = Dialect()


class Mistake(NamedTuple):
    """What cannot be read as a console.

    Attributes:
        line: Of the fence's text, from one.
        message: What is wrong.
        hint: What to do about it.
    """

    line: int
    message: str
    hint: str = ""


class Entry(NamedTuple):
    """A command and what is written under it. All lines are as they stand in the fence.

    Attributes:
        line: The first one, from one.
        source: The lines of the command, with their prompts.
        command: What is executed: without prompts.
        said: The line that says with which status it ends, `? 3`; at most one.
        written: What it printed, as its author wrote it, without blank lines at the end.
        gap: Those blank lines.
    """

    line: int
    source: tuple[str, ...]
    command: str
    said: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    gap: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.source, *self.said, *self.written, *self.gap)

    @property
    def written_at(self) -> int:
        """The line of the fence that `written` begins in, or would."""
        return self.line + len(self.source) + len(self.said)

    @property
    def executed(self) -> bool:
        """Whether there is anything to execute."""
        return bool(self.command.strip()) and "SKIP" not in self.directives

    @property
    def directives(self) -> frozenset[str]:
        """The names of doctest's options that are switched on for it."""
        return frozenset(word[1:] for word in _words(self.command) if word.startswith("+"))

    def expects(self, status: int) -> bool:
        """Tell whether it may end with `status`, by what is written under it."""
        if not self.said:
            return status == 0
        found = _STATUS.fullmatch(self.said[0])
        assert found is not None, "it was read by this pattern"
        return status == int(found[1]) if found[1] else status != 0


class Console(NamedTuple):
    """A fence, taken apart.

    Attributes:
        kind: What reads its commands.
        head: The lines before the first command: comments and blank ones.
        entries: The commands, in order.
        mistakes: What cannot be read.
        prompt: What its commands begin with.
        dialect: How it is written, if that is not known by its kind.
    """

    kind: ConsoleKind
    head: tuple[str, ...]
    entries: tuple[Entry, ...]
    mistakes: tuple[Mistake, ...] = ()
    prompt: str = ""
    dialect: Dialect = NO_DIALECT

    @property
    def executed(self) -> tuple[Entry, ...]:
        """The entries that are executed."""
        return tuple(entry for entry in self.entries if entry.executed)

    @property
    def disguised(self) -> str:
        """Its text with the usual prompt in the place of its own: highlighters know no other. As it is if none is usual."""
        if self.kind == "repl":
            return str(self)
        usual = PYTHON_PROMPT if self.kind == "doctest" else SHELL_PROMPTS[0]
        lines = list(self.head)
        for entry in self.entries:
            rest = entry.source[0].removeprefix(self.prompt)
            first = usual.rstrip() if rest == entry.source[0] else usual + rest
            lines += (first, *entry.lines[1:])
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join((*self.head, *(line for entry in self.entries for line in entry.lines)))


@functools.lru_cache(maxsize=256)  # a sample is read when its page is rendered, planned several times, and judged
def parse(code: str, kind: ConsoleKind, prompt: str = "", dialect: Dialect = NO_DIALECT) -> Console:
    """Return the console that `code` is.

    Args:
        code: The text of the fence.
        kind: What reads its commands.
        prompt: What the lines of commands begin with; empty for the usual ones.
        dialect: How it is written, if that is not known by its kind.
    """
    lines = code.split("\n")
    found = prompt or _prompt(lines, kind, dialect)
    usual = _USUAL.get(kind, dialect.prompts)
    own = kind == "repl" and found in usual
    signs = _Signs(found, _MORE.get(kind, dialect.continuations), dialect.openings if own else (), own, kind == "repl")
    first = next((at for at, line in enumerate(lines) if signs.starts(line)), len(lines))
    entries = tuple(_entries(lines, first, kind, signs))
    mistakes = (
        *_before(lines, first, found, usual if found in usual else (found,), _SCRIPTS.get(kind, "")),
        *(one for entry in entries for one in _mistakes(entry, kind)),
    )
    return Console(kind, tuple(lines[:first]), entries, tuple(sorted(mistakes)), found, dialect)


class _Signs(NamedTuple):
    """What lines of commands begin with.

    Attributes:
        prompt: The first line of each.
        more: Those that go on with it.
        openings: Those with which the next one goes on.
        numbered: Whether numbers in the prompt stand for any number.
        more_numbered: Whether they do so in the others.
    """

    prompt: str
    more: tuple[str, ...]
    openings: tuple[str, ...]
    numbered: bool
    more_numbered: bool

    def follows(self, line: str) -> str | None:
        """Return what stands in `line` behind the prompt; None if it does not begin so."""
        return _follows(line, self.prompt, numbered=self.numbered)

    def goes_on(self, line: str) -> str | None:
        """Return what stands in `line` behind what says that it goes on with a command; None if it does not begin so."""
        return self._behind(line, self.more)

    def opens(self, line: str) -> str | None:
        """Return what stands in `line` behind what says that the next one goes on with it; None if it does not begin so."""
        return self._behind(line, self.openings) if self.openings and self.follows(line) is None else None

    def starts(self, line: str) -> bool:
        """Tell whether a command may begin with `line`."""
        return self.follows(line) is not None or self.opens(line) is not None

    def _behind(self, line: str, beginnings: tuple[str, ...]) -> str | None:
        found = (_follows(line, one, numbered=self.more_numbered) for one in beginnings)
        return next((rest for rest in found if rest is not None), None)


def _prompt(lines: Sequence[str], kind: ConsoleKind, dialect: Dialect) -> str:
    """Return what commands begin with, by the first lines of a fence."""
    if kind == "repl":
        numbered = ((prompt, line) for line in lines for prompt in dialect.prompts)  # the first line that has one
        return next(
            (prompt for prompt, line in numbered if _follows(line, prompt, numbered=True) is not None),
            dialect.prompts[0],
        )
    if kind == "doctest":
        return PYTHON_PROMPT
    comments = False
    for line in filter(str.strip, lines):
        for prompt in SHELL_PROMPTS:
            if _follows(line, prompt) is not None:
                return prompt
        if _follows(line, ROOT_PROMPT) is None:
            break
        comments = True
    if comments:
        return ROOT_PROMPT
    usual = (prompt for line in lines for prompt in SHELL_PROMPTS if _follows(line, prompt) is not None)
    return next(usual, SHELL_PROMPTS[0])


def _follows(line: str, prompt: str, *, numbered: bool = False) -> str | None:
    """Return what stands in `line` behind `prompt`; None if it does not begin so. Editors take blanks off the end of a line.

    If it is `numbered`, numbers in the prompt stand for any number, but for 0.
    """
    if numbered and (found := _numbers(prompt).match(line)):
        prompt = found[0]
    if line.startswith(prompt):
        rest = line[len(prompt) :]
        return rest if prompt[-1:].isspace() else rest.removeprefix(" ")
    return "" if line == prompt.rstrip() else None


_NUMBERS = {"0": "0", "1": "[1-9][0-9]*"}


@functools.lru_cache(maxsize=64)
def _numbers(prompt: str) -> re.Pattern[str]:
    """Return the pattern of `prompt` with any numbers; blanks at its end may be missing at the end of a line."""
    parts = (
        _NUMBERS.get(part, "[0-9]+") if part.isdigit() else re.escape(part)
        for part in re.split(r"([0-9]+)", prompt.rstrip())
    )
    blank = prompt[len(prompt.rstrip()) :]
    return re.compile("".join(parts) + (f"(?:{re.escape(blank)}|$)" if blank else ""))


def _entries(lines: Sequence[str], at: int, kind: ConsoleKind, signs: _Signs) -> Iterator[Entry]:
    while at < len(lines):
        start = at
        at = _end_of_command(lines, at, kind, signs)
        source = tuple(lines[start:at])
        said = tuple(lines[at : at + 1]) if at < len(lines) and kind == "shell" and _STATUS.fullmatch(lines[at]) else ()
        at += len(said)
        end = next((n for n in range(at, len(lines)) if signs.starts(lines[n])), len(lines))
        last = max((n for n in range(at, end) if lines[n].strip()), default=at - 1) + 1
        command = "\n".join(_unprompted(source, signs))
        yield Entry(start + 1, source, command, said, tuple(lines[at:last]), tuple(lines[last:end]))
        at = end


def _unprompted(source: Sequence[str], signs: _Signs) -> Iterator[str]:
    if signs.openings:
        for line in source:
            found = (signs.follows(line), signs.opens(line), signs.goes_on(line))
            yield next(rest for rest in found if rest is not None)
        return
    yield signs.follows(source[0]) or ""
    prompted = len(source) > 1 and signs.goes_on(source[1]) is not None
    for line in source[1:]:
        rest = signs.goes_on(line) if prompted else None
        yield line if rest is None else rest


def _end_of_command(lines: Sequence[str], at: int, kind: ConsoleKind, signs: _Signs) -> int:
    """Return the line behind the command that begins in line `at`; both from zero."""
    start = at
    if signs.openings:
        while at < len(lines) and signs.opens(lines[at]) is not None:
            at += 1
        at += at == start or (at < len(lines) and signs.follows(lines[at]) is not None)
        while at < len(lines) and signs.goes_on(lines[at]) is not None and not signs.starts(lines[at]):
            at += 1
        return at
    at += 1
    if kind != "shell":
        while at < len(lines) and signs.goes_on(lines[at]) is not None:
            at += 1
        return at
    prompted = at < len(lines) and signs.goes_on(lines[at]) is not None
    waiting = unfinished(signs.follows(lines[start]) or "")
    while waiting is not None and at < len(lines):
        rest = signs.goes_on(lines[at])
        if waiting.what == "compound" and rest is None:
            break  # what is open is less sure to be than a quote, and this might be output
        at += 1
        if _may_end(waiting, lines[at - 1] if rest is None or not prompted else rest):
            waiting = unfinished("\n".join(_unprompted(lines[start:at], signs)))
    return at


def _may_end(waiting: Waiting, line: str) -> bool:
    """Tell whether `line` can be what is waited for."""
    if waiting.what == "heredoc":
        return line.lstrip("\t") == waiting.end
    return waiting.end in line


def _before(lines: Sequence[str], first: int, prompt: str, usual: Sequence[str], script: str) -> Iterator[Mistake]:
    """Yield what is wrong with the lines before the first command."""
    if first == len(lines):
        *some, last = (f"`{one}`" for one in usual)
        named = f"{', '.join(some)} or {last}" if some else last
        hint = "; ".join(filter(None, (script, "`prompt` names another prompt")))
        yield Mistake(1, f"no command: expected a line that begins with a prompt, {named}", hint)
        return
    for number, line in enumerate(lines[:first], 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield Mistake(
                number,
                f"`{_short(line)}` stands before the first command, and is no comment",
                f"a command begins with `{prompt}`, a comment with `#`",
            )
            return


def _mistakes(entry: Entry, kind: ConsoleKind) -> Iterator[Mistake]:
    if kind == "doctest":
        for word in _words(entry.command):
            name = word[1:]
            if word[:1] not in "+-" or not (name in DIRECTIVES or name.startswith(_OF_REPORTS)):
                known = ", ".join(f"`{name}`" for name in sorted(DIRECTIVES))
                yield Mistake(
                    entry.line, f"`{word}` is no option of doctest", f"options are {known}, as in `+ELLIPSIS`"
                )
        return
    waiting = unfinished(entry.command) if kind == "shell" else None
    if waiting is not None:
        yield Mistake(entry.line, f"the command `{_short(entry.source[0])}` has no end: {_lacks(waiting)}", _HINT)


_HINT = "lines that go on with a command begin with `> `"


def _lacks(waiting: Waiting) -> str:
    match waiting.what:
        case "heredoc":
            return f"its here-document needs a line `{waiting.end}`"
        case "quote":
            return f"a quote `{waiting.end}` is open"
        case "line":
            return "a backslash joins it with a line that is not there"
        case "compound":
            return "a bracket, a list or a word like `do` is open"


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:59] + "…"


def _words(command: str) -> list[str]:
    """Return the directives of doctest in `command`."""
    if "doctest" not in command:
        return []
    return [word for found in _DIRECTIVE.finditer(command) for word in found[1].replace(",", " ").split()]


class ForeignCommandError(ValueError):
    """What would be written as output begins like a command, and would be one when it is read again."""


def rewritten(console: Console, outputs: Sequence[str | None]) -> str:
    """Return the text of `console` with other outputs.

    Args:
        console: As parsed.
        outputs: For each entry what stands under it from now on; None leaves it as it is.

    Raises:
        ForeignCommandError: One of them holds a line that would be a command, or a part of one.
    """
    entries = []
    for entry, output in zip(console.entries, outputs, strict=True):
        if output is None:
            entries.append(entry)
            continue
        lines = tuple(output.rstrip("\n").split("\n")) if output.strip("\n") else ()
        entries.append(entry._replace(written=lines))
    text = str(console._replace(entries=tuple(entries)))
    wanted = _commands(console)
    for prompt in (console.prompt, ""):  # who reads it next may not be told the prompt
        told = prompt or _commands(parse(str(console), console.kind, "", console.dialect)) == wanted
        if told and _commands(parse(text, console.kind, prompt, console.dialect)) != wanted:
            raise ForeignCommandError("an output holds a line that begins like a command")
    return text


def _commands(console: Console) -> list[tuple[object, ...]]:
    return [(console.prompt,), *((entry.command, entry.said) for entry in console.entries)]
