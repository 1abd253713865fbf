"""The front matter of a page: what it says for those fences that do not say it themselves.

It is prose: what a fence may not have, its page cannot have either. A mistake is told at its line. The fences that it
concerns are not executed, as if it stood in each of them, unless it is a value that only decides what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.defaults import NO_DEFAULTS, Defaults, Refusal
from mkdocs_codeexec.core.sample import Location, Problem
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.markdown import values
from mkdocs_codeexec.markdown.options import TABLE
from mkdocs_codeexec.markdown.presenting import shown, way, written
from mkdocs_codeexec.markdown.unreadable import FIELD, unreadable
from mkdocs_codeexec.markdown.values import WrongValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.collecting import PageContext
    from mkdocs_codeexec.markdown.unreadable import Unreadable

NAMES = ("show", "source", "result", "timeout", "environment", "preamble", "env", "workdir", "session")
PAGE = "page"
"""The session that a page can be."""
_DISPLAY = ("show", "source", "result")
_READABLE = "it is to be a mapping in YAML, between lines of `---`, the first of which is the first of the file"


def defaults_of(
    meta: Mapping[str, object],
    page: PageContext,
    rules: Iterable[LanguageRule],
    is_lexer: Callable[[str], bool] = lambda _: True,
) -> tuple[Defaults, tuple[Problem, ...]]:
    """Return the defaults of `page`, and what its author should know of them.

    Args:
        meta: Its front matter, from YAML to values.
        page: Where it stands.
        rules: The languages.
        is_lexer: Tells the names of Pygments lexers.
    """
    said, unread = meta.get(FIELD), unreadable(page.text or "", understood=bool(meta))
    if said is None and unread is None:
        return NO_DEFAULTS, ()
    reader = _Reader(page, tuple(dict.fromkeys(rules)), is_lexer)
    if unread is not None:
        reader.unread(unread)
    if isinstance(said, Mapping):
        for name, value in sorted(said.items(), key=lambda item: line_of(page.text or "", str(item[0]))):
            if value is not None:
                reader.take(str(name), value)
    elif said is not None:
        reader.mistake(
            "",
            "expected a mapping (`name: value` lines), and the front matter between lines of `---`",
            f"write for example `{FIELD}: {{source: below}}`; `exclude` in the configuration keeps a page from running",
        )
    return reader.defaults(), tuple(reader.problems)


class _Reader:
    """A front matter being read.

    Attributes:
        problems: What its author should know.
    """

    def __init__(self, page: PageContext, rules: tuple[LanguageRule, ...], is_lexer: Callable[[str], bool]) -> None:
        self.problems: list[Problem] = []
        self._page = page
        self._rules = rules
        self._is_lexer = is_lexer
        self._found: dict[str, Any] = {}
        self._refusals: list[Refusal] = []

    def defaults(self) -> Defaults:
        """Return what was read."""
        return Defaults(**self._found, refusals=tuple(self._refusals))

    def take(self, name: str, value: object) -> None:
        """Read one line."""
        try:
            if name in _DISPLAY:
                self._take_display(name, value)
            elif name == "timeout":
                self._take_timeout(value)
            elif name == "environment":
                self._take_environment(value)
            elif name == "preamble":
                self._take_preamble(value)
            elif name == "session":
                self._found["session"] = _session(value)
            elif name == "workdir":
                self._found["workdir"] = values.workdir(written(value))
            elif name == "env":
                self._found["env"] = _variables(value)
            else:
                self._take_unknown(name)
        except WrongValue as wrong:
            option = name if name in ("timeout", "environment", "workdir", "session") else ""
            concerned = tuple(rule.name for rule in self._having(name))
            self.mistake(name, str(wrong), wrong.hint, option=option, languages=concerned, refuse=name not in _DISPLAY)

    def unread(self, unread: Unreadable) -> None:
        """Note that nobody can read the front matter; fences do not run without what it says for them."""
        if unread.names_us:
            self.mistake("", f"the front matter cannot be read: {unread.why}", _READABLE, line=unread.line)
        else:
            at = Location(self._page.page, unread.line, self._page.path)
            self.problems.append(Problem(at, f"the front matter cannot be read: {unread.why}", _READABLE))

    def _having(self, name: str) -> tuple[LanguageRule, ...]:
        """Return the languages that have `name`, if not all have it."""
        if name == "environment":
            return tuple(rule for rule in self._rules if name in rule.options)
        return tuple(rule for rule in self._rules if rule.objection) if name == "preamble" else ()

    def mistake(
        self,
        name: str,
        message: str,
        hint: str,
        *,
        option: str = "",
        languages: tuple[str, ...] = (),
        refuse: bool = True,
        line: int = 0,
    ) -> None:
        """Note what is wrong with `line`, or that of `name`; with `refuse` it keeps fences from running (see `Refusal`)."""
        source = self._page.text or ""
        text = f"`{FIELD}{'.' if name else ''}{name}`: {message}"
        if self._page.inherits and not (line or _own_line(source, name)):
            text += f" (the page has it from {' or '.join(f'`{file}`' for file in self._page.inherits)})"
        line = line or line_of(source, name)
        self.problems.append(Problem(Location(self._page.page, line, self._page.path), text, hint))
        if refuse:
            reason = f"front matter, line {line}: {text}"
            self._refusals += (Refusal(reason, hint, language, option) for language in languages or ("",))

    def _take_display(self, name: str, value: object) -> None:
        found = shown(name, value)
        if name == "result":
            found, remark = way(str(found), f"`{found}`", "", self._is_lexer)
            if remark:
                self.mistake(name, remark.message, remark.hint, refuse=False)
        self._found[name] = found

    def _take_timeout(self, value: object) -> None:
        number = "" if isinstance(value, bool) else written(value)
        try:
            seconds = values.seconds(number)
        except WrongValue as wrong:
            raise WrongValue(str(wrong), wrong.hint if "at most" in str(wrong) else "write for example 30") from None
        self._found["timeout"] = seconds
        line = line_of(self._page.text or "", "timeout")
        for rule in self._rules:
            said = f"front matter, line {line}: `{FIELD}.timeout: {seconds:g}`"
            if too_long := rights.too_long(seconds, rule.longest, said):
                self._refusals.append(Refusal(too_long.reason, too_long.hint, rule.name, "timeout"))

    def _take_environment(self, value: object) -> None:
        name = values.word(written(value))
        for rule in self._having("environment"):
            if name not in rule.environments:
                meant = nearest(name, rule.environments)
                names = ", ".join(f"`{other}`" for other in rule.environments)
                hint = f"did you mean `{meant}`?" if meant else f"there is: {names}"
                raise WrongValue(f"environment `{name}` is not set up in `languages.{rule.name}`", hint)
        self._found["environment"] = name

    def _take_preamble(self, value: object) -> None:
        if not isinstance(value, str):
            raise WrongValue("expected text", "if it is several lines, they stand below `|`")
        for rule in self._having("preamble"):
            if rule.objection and (wrong := rule.objection(value)):
                raise WrongValue(wrong, f"it stands before the samples in `{rule.name}`, and before no others")
        self._found["preamble"] = value

    def _take_unknown(self, name: str) -> None:
        known = ", ".join(f"`{other}`" for other in NAMES)
        if name == FIELD:
            hint = f"it stands one level too deep: what is below it belongs below the outer `{FIELD}`"
            self.mistake(name, "a page has no such default", hint)
        elif name in TABLE:
            self.mistake(
                name,
                "this is for a fence to say, and not for a page",
                f"write it behind the backticks; a page has {known}",
            )
        else:
            meant = nearest(name, NAMES)
            hint = f"did you mean `{meant}`?" if meant else f"a page has {known}"
            self.mistake(name, "a page has no such default", hint)


def _session(value: object) -> str:
    if value in (PAGE, values.NO_SESSION):
        return PAGE if value == PAGE else ""
    raise WrongValue(
        f"expected `{PAGE}`, got `{written(value)}`",
        f"`{PAGE}` makes the fences of the page steps of one program for each language; other sessions are for a fence to name",
    )


def _variables(value: object) -> tuple[tuple[str, str], ...]:
    """Return variables and what they hold: of a mapping, or of text as a fence has it."""
    if isinstance(value, str):
        return values.variables(value)
    if isinstance(value, Mapping):
        return values.assigned(value)
    raise WrongValue("expected a mapping", "write for example `env: {KEY: value}`")


def line_of(text: str, name: str) -> int:
    """Return the line of `name` below `codeexec` in the front matter of `text`, or that of `codeexec` itself.

    If that is not there (another tool has brought it), the first.
    """
    return _own_line(text, name) or _own_line(text, "") or 1


def _own_line(text: str, name: str) -> int:
    """Return the line of `name` below `codeexec`, or that of `codeexec` for no name; 0 if it is not there."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if _is_key(line, FIELD)), None)
    if start is None:
        return 0
    below = [(at, line) for at, line in enumerate(lines[start + 1 :], start + 1) if line.strip()]
    width = len(below[0][1]) - len(below[0][1].lstrip()) if below else 0
    for at, line in below:
        indented = len(line) - len(line.lstrip())
        if indented == 0 and line[0] not in "#}":
            break
        if name and width and indented == width and _is_key(line.strip(), name):
            return at + 1
    flow = re.compile(rf"""[{{,\s]["']?{re.escape(name)}["']?\s*:""") if name else None
    for at, line in ((start, lines[start]), *below) if "{" in lines[start] else ():
        if flow and flow.search(line):
            return at + 1
        if "}" in line or line.startswith("---"):
            break
    return 0 if name else start + 1


def _is_key(line: str, name: str) -> bool:
    return re.match(rf"""["']?{re.escape(name)}["']?\s*:""", line) is not None
