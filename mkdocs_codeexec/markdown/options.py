"""The options of fences: one table, and what a header makes of a Sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.core.consoles import parse
from mkdocs_codeexec.core.expectation import Converses, Expectation, Succeeds
from mkdocs_codeexec.core.hidden import ALL_SHOWN, Hiding
from mkdocs_codeexec.core.sample import ALONE, Given, Links, Location, Presentation, Problem, Sample
from mkdocs_codeexec.markdown import values

if TYPE_CHECKING:
    from collections.abc import Callable

Audience: TypeAlias = Literal["any", "compiled", "some"]
"""Whom an option makes sense for: every language; those that are compiled; those whose `LanguageRule` names it."""


class Remark(NamedTuple):
    """A Problem that does not know yet where it is.

    Attributes:
        message: What is wrong.
        hint: What to do about it.
        once: Whether one place of a site where it is so is told, and no other.
        mild: Whether it is worth a line in the log, and is no warning.
    """

    message: str
    hint: str = ""
    once: bool = False
    mild: bool = False

    def at(self, location: Location) -> Problem:
        """Return it as a Problem at `location`."""
        return Problem(location, self.message, self.hint, once=self.once, mild=self.mild)


class Request(NamedTuple):
    """All of a Sample that its header says.

    Attributes:
        refusal: Why it is not executed although it asks for it; empty if it is.
        hint: What to do about that, if nobody has said it before.
    """

    language: str
    expectation: Expectation = Succeeds()
    presentation: Presentation = Presentation()
    given: Given = Given()
    build_only: bool = False
    ignored: bool = False
    timeout: float | None = None
    name: str = ""
    hiding: Hiding = ALL_SHOWN
    options: tuple[tuple[str, str], ...] = ()
    links: Links = ALONE
    workdir: str = ""
    artifacts: tuple[str, ...] = ()
    usual_artifacts: bool = True
    value: bool = False
    refusal: str = ""
    hint: str = ""

    def sample(self, location: Location, code: str) -> Sample:
        """Return the Sample of the fence at `location` that holds `code`."""
        expectation = self.expectation
        if isinstance(expectation, Converses):
            console = expectation.console
            expectation = replace(expectation, console=parse(code, console.kind, console.prompt, console.dialect))
        return Sample(
            location=location,
            language=self.language,
            code=code,
            expectation=expectation,
            presentation=self.presentation,
            given=self.given,
            build_only=self.build_only,
            ignored=self.ignored,
            timeout=self.timeout,
            name=self.name,
            hiding=self.hiding,
            options=dict(self.options),
            links=self.links,
            workdir=self.workdir,
            artifacts=self.artifacts,
            usual_artifacts=self.usual_artifacts,
            value=self.value,
            refusal=self.refusal,
            hint=self.hint,
        )


class Row(NamedTuple):
    """How one option is read.

    Attributes:
        read: From what stands behind `=` (None: nothing) to a value; raises WrongValue.
        key: What it is remembered as; empty if it has no effect here.
        semantic: Whether a mistake in it keeps the sample from running.
        flag: Whether it is a word without a value, and so may stand as a class in `{…}`.
        audience: The languages it makes sense for.
    """

    read: Callable[[str | None], Any]
    key: str = ""
    semantic: bool = True
    flag: bool = False
    audience: Audience = "any"


_SOMETHING_ELSE = Row(values.anything, semantic=False)
_FERRIS = ("does_not_compile", "panics", "not_desired_behavior")

TABLE: dict[str, Row] = {
    "exec": Row(values.switch, "marked", flag=True),
    "ignore": Row(values.switch, "ignored", flag=True),
    "no_run": Row(values.switch, "build_only", flag=True, audience="compiled"),
    "compile_fail": Row(values.switch, "compile_fail", flag=True, audience="compiled"),
    "should_panic": Row(values.switch, "should_panic", flag=True, audience="compiled"),
    "exit": Row(values.exit_status, "exit"),
    "returncode": Row(values.exit_status, "exit"),
    "raises": Row(values.exception, "raises", audience="some"),
    "edition": Row(values.edition, "edition", audience="some"),
    "environment": Row(values.word, "environment", audience="some"),
    "standalone_crate": Row(values.switch, "standalone_crate", flag=True, audience="some"),
    "test_harness": Row(values.switch, "test_harness", flag=True, audience="some"),
    "timeout": Row(values.seconds, "timeout"),
    "stdin": Row(values.text, "stdin"),
    "args": Row(values.arguments, "args"),
    "env": Row(values.variables, "env"),
    "width": Row(values.width, "width"),
    "tty": Row(values.switch, "tty", flag=True),
    "workdir": Row(values.workdir, "workdir"),
    "network": Row(values.switch, "network", flag=True),
    "name": Row(values.name, "name"),
    "needs": Row(values.references, "needs"),
    "stdin_from": Row(values.reference, "stdin_from"),
    "file": Row(values.file, "file"),
    "session": Row(values.name, "session"),
    "requires": Row(values.requirements, "requires"),
    "output_of": Row(values.output_of, "output_of", flag=True),
    "artifacts": Row(values.artifacts, "artifacts"),
    "hidelines": Row(values.prefix, "hidelines", audience="some"),
    "caption": Row(values.word, "caption", semantic=False),
    "alt": Row(values.anything, "alt", semantic=False),
    "source": Row(values.source, "source", semantic=False),
    "tabs": Row(values.tabs, "tabs", semantic=False),
    "verify": Row(values.switch, "verify", flag=True, audience="some"),
    "prompt": Row(values.word, "prompt", audience="some"),
    "result": Row(values.word, "result", semantic=False),
    "html": Row(values.switch, "html", semantic=False, flag=True),
    "idprefix": Row(values.id_prefix, "idprefix", semantic=False),
    "updatetoc": Row(values.switch, "updatetoc", semantic=False, flag=True),
    "fold": Row(values.fold, "fold", semantic=False),
    "wrap": Row(values.switch, "wrap", semantic=False, flag=True),
    "show": Row(values.streams, "show", semantic=False),
    "title": Row(values.word, "passthrough", semantic=False),
    "title_mode": Row(values.word, "passthrough", semantic=False),
    "hl_lines": Row(values.line_ranges, "passthrough", semantic=False),
    "linenums": Row(values.line_numbers, "passthrough", semantic=False),
    # pytest-examples and others: what a test does with it. mdBook: how readers may play with it. The Rust Book: which Ferris stands beside it. rustdoc: `custom` and `rust`
    # name the language.
    **dict.fromkeys(
        ("test", "editable", "noplayground", "noplaypen", "playground", "mdbook-runnable"), _SOMETHING_ELSE
    ),
    **dict.fromkeys(_FERRIS, _SOMETHING_ELSE),
    **dict.fromkeys(("custom", "rust"), _SOMETHING_ELSE),
}
"""Every option that has an effect, or is known to have none here."""

FLAGS = tuple(name for name, row in TABLE.items() if row.flag)
PERILOUS = tuple(name for name, row in TABLE.items() if row.semantic)
GUESSES = tuple(name for name in TABLE if name not in (*_FERRIS, "test"))
"""What a word that is no option may have been meant to be; one that has no effect here would be bad advice."""

SYNONYMS = {
    **dict.fromkeys(("run", "runnable", "execute", "executable", "eval"), "exec"),
    **dict.fromkeys(("panic", "should_fail"), "should_panic"),
    "skip": "ignore",
}
"""What other tools, or people, call an option."""

USUAL = (
    *("exec", "ignore", "no_run", "compile_fail", "should_panic", "exit", "edition", "timeout", "env"),
    *("name", "needs", "file", "session", "result", "title"),
)
"""The options that a hint names; all of them would be a page."""
