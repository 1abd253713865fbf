"""From a Header to what it asks for.

A mistake that changes what would be executed or expected keeps the sample from running; any other is told and
passed over. Nothing is dropped without a word. A word that nobody knows has no effect where nothing says `exec`: such
a header is written for rustdoc, which runs `rust,norun`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.core.consoles import Console
from mkdocs_codeexec.core.defaults import NO_DEFAULTS, Defaults
from mkdocs_codeexec.core.expectation import Converses, Expectation, FailsToBuild, Panics, Raises, Succeeds
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.markdown import values
from mkdocs_codeexec.markdown.header import Option
from mkdocs_codeexec.markdown.idle import idle
from mkdocs_codeexec.markdown.options import (
    FLAGS,
    GUESSES,
    PERILOUS,
    SYNONYMS,
    TABLE,
    USUAL,
    Remark,
    Request,
    Row,
)
from mkdocs_codeexec.markdown.precedence import request_of
from mkdocs_codeexec.markdown.presenting import way
from mkdocs_codeexec.markdown.values import NO_VALUES, WrongValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.header import Header

_EXPECTATIONS = ("compile_fail", "should_panic", "exit", "raises")
OUTPUT_OF = "output_of"
ALIKE = 0.85
"""How much a word is like `output_of` that was probably meant to be it; `output` is a class of other tools."""
_TELLING = ("exec", "compile_fail", "should_panic", OUTPUT_OF)
"""A word that is very near to one of these was probably meant for us, whatever else is there."""

_PLAIN = re.compile(r"[^<>&\"']+")
"""A title that is the same as text and as HTML."""


class Reading(NamedTuple):
    """A header, understood.

    Attributes:
        marked: What `exec` says; None if it is not there.
        request: What would be executed.
        expects: The words that say how it should end.
        passthrough: Options of the site's highlighter.
        classes: Classes for it.
        remarks: What is wrong.
        near: Those remarks that count although nothing says `exec`: a word that was probably meant to say it, or how
            the sample should end. Any other may be an option of another tool, which is none of our business then.
    """

    marked: bool | None
    request: Request
    expects: tuple[str, ...]
    passthrough: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    remarks: tuple[Remark, ...]
    near: tuple[Remark, ...]


def read(
    header: Header,
    rule: LanguageRule,
    *,
    defaults: Defaults = NO_DEFAULTS,
    target: str = "",
    is_lexer: Callable[[str], bool] = lambda _: True,
    languages: Iterable[LanguageRule] = (),
) -> Reading:
    """Return what `header`, of a fence in the language of `rule`, asks for.

    What it does not say its page says, and what that does not say, its language.

    Args:
        header: As parsed.
        rule: The language.
        defaults: What the page says.
        target: The target triple of this machine, which `ignore-<target>` speaks of.
        is_lexer: Tells the names of Pygments lexers, for `result`.
        languages: All that are set up.
    """
    reader = _Reader(rule, defaults, target, is_lexer, languages)
    for option in header.options:
        reader.take(option)
    for name in header.classes:
        reader.take_class(name)
    for stray in header.stray:
        reader.remark(f"`{stray}` cannot be read", 'a value with spaces stands in quotes, as in `title="x y"`')
    return reader.reading()


class _Reader:
    """A header being read."""

    def __init__(
        self,
        rule: LanguageRule,
        defaults: Defaults,
        target: str,
        is_lexer: Callable[[str], bool],
        languages: Iterable[LanguageRule],
    ) -> None:
        self._rule = rule
        self._defaults = defaults
        self._target = target
        self._is_lexer = is_lexer
        self._languages = languages
        self._values: dict[str, Any] = {}
        self._expects: list[str] = []
        self._codes: list[str] = []
        self._targets: list[str] = []
        self._passthrough: list[tuple[str, str]] = []
        self._classes: list[str] = []
        self._remarks: list[Remark] = []
        self._refusal = ""
        self._doubt = ""
        self._near: list[Remark] = []

    def remark(self, message: str, hint: str = "", *, refuse: bool = False) -> None:
        """Note what is wrong; with `refuse` it keeps the sample from running."""
        self._remarks.append(Remark(message, hint))
        if refuse:
            self._refusal = self._refusal or message

    def take(self, option: Option) -> None:
        """Read one word or pair."""
        name, value = option.name, option.value
        if values.is_error_code(name) and value is None:
            if len(name) == len("E0000"):
                self._codes.append(name.upper())
            else:
                self.remark(f"`{name}` is not an error code", "rustc's have four digits, as `E0382`")
        elif name.startswith("ignore-") and value is None:
            self._targets.append(name.removeprefix("ignore-"))
        elif name.startswith("edition") and name != "edition" and value is None:
            self._take_edition(name.removeprefix("edition"))
        elif name.startswith("data-"):
            self._passthrough.append((name, name if value is None else value))
        elif name in TABLE:
            self._take_known(TABLE[name], option)
        else:
            self._take_unknown(option)

    def take_class(self, name: str) -> None:
        """Read a class, which is an option if it is the word of one that needs no value."""
        option = Option(name)
        if name in FLAGS or name.startswith("ignore-") or values.is_error_code(name) or _edition_word(name):
            self.take(option)
            return
        self._classes.append(name)
        meant = nearest(name, FLAGS)
        if meant and likeness(name, meant) >= (0.75 if meant == "exec" else 0.85):
            message = f"the class `.{name}` looks like the option `{meant}`"
            self._unknown(message, f"write `.{meant}`, or another name for the class", perilous=meant in PERILOUS)
            self._near += self._remarks[-1:] if meant in _TELLING else ()

    def _take_edition(self, name: str) -> None:
        try:
            values.edition(name)
        except WrongValue as wrong:
            self._unknown(f'`edition="{name}"`: {wrong}', wrong.hint, perilous=True)
        else:
            self.take(Option("edition", name))

    def _take_known(self, row: Row, option: Option) -> None:
        try:
            value = row.read(option.value)
        except WrongValue as wrong:
            self.remark(f"`{option}`: {wrong}", wrong.hint, refuse=row.semantic)
            # Whoever writes `exec="onn"` asks for execution, and is refused.
            if row.key == "marked":
                self._values.setdefault("marked", True)
            return
        if not self._suits(option.name):
            what = "is compiled" if row.audience == "compiled" else f"is {self._having(option.name)}"
            self.remark(
                f"`{option.name}` has no meaning for `{self._rule.name}`",
                f"it is for a language that {what}"
                + ('; `exit="1"` says that it should fail' if option.name in _EXPECTATIONS else ""),
                refuse=row.audience == "compiled" or option.name in _EXPECTATIONS,
            )
        elif row.key == "passthrough":
            self._passthrough.append((option.name, value))
        elif row.key:
            self._values[row.key] = value
            if option.name in (*_EXPECTATIONS, "returncode") and value is not False:
                self._expects.append(option.name)

    def _suits(self, name: str) -> bool:
        """Tell whether the option `name` makes sense for the language of the fence."""
        match TABLE[name].audience:
            case "any":
                return True
            case "compiled":
                return self._rule.compiled
            case "some":
                return name in self._rule.options

    def _having(self, name: str) -> str:
        """Return the languages that the option `name` makes sense for, in words."""
        found = dict.fromkeys(f"`{rule.name}`" for rule in self._languages if name in rule.options)
        return " or ".join(found) or "not set up here"

    def _take_unknown(self, option: Option) -> None:
        meant = SYNONYMS.get(option.name) or nearest(option.name, GUESSES)
        close = meant is not None and (option.name in SYNONYMS or likeness(option.name, meant) >= 0.75)
        usual = ", ".join(f"`{name}`" for name in USUAL if self._suits(name))
        self._unknown(
            f"`{option.name}` is not an option of a fence",
            f"did you mean `{meant}`?" if close else f"options are {usual}, among others",
            perilous=close and meant in PERILOUS,
        )
        says_so = option.value is None or option.value.lower() in values.ON  # knitr writes `eval=false`
        asks = likeness(option.name.lower(), OUTPUT_OF) >= ALIKE if meant == OUTPUT_OF else says_so
        if close and meant in _TELLING and asks:
            self._near += self._remarks[-1:]

    def _unknown(self, message: str, hint: str, *, perilous: bool) -> None:
        """Note a word that nobody knows; with `perilous` it keeps a sample that says `exec` from running."""
        self.remark(message, hint)
        if perilous:
            self._doubt = self._doubt or message

    def _expectation(self) -> Expectation:
        says = {"exit" if word == "returncode" else word for word in self._expects}
        if len(says) > 1:
            words = " and ".join(f"`{word}`" for word in self._expects)
            # rustdoc knows these two: what does not compile cannot panic.
            harmless = says == {"compile_fail", "should_panic"}
            self.remark(
                f"{words} contradict each other", "a sample ends in one way; keep one of them", refuse=not harmless
            )
        if self._codes and not self._values.get("compile_fail"):
            codes = ", ".join(f"`{code}`" for code in self._codes)
            self.remark(f"{codes} has no meaning without `compile_fail`", "write `compile_fail` too, or take it away")
        if self._values.get("compile_fail"):
            return FailsToBuild(tuple(self._codes))
        if self._values.get("should_panic"):
            return Panics()
        if self._rule.console:
            console = Console(
                self._rule.console, (), (), prompt=self._values.get("prompt", ""), dialect=self._rule.dialect
            )
            verify = self._values.get("verify", False)
            return Converses(
                console,
                self._values.get("exit", 0),
                verify=verify,
                patterns=self._rule.patterns if verify else (),
            )
        if "raises" in self._values:
            return Raises(self._values["raises"])
        return Succeeds(self._values.get("exit", 0))

    def _check_result(self) -> None:
        """Take note if nobody knows how output is shown that is to be shown so."""
        if self._values.get("html"):  # as markdown-exec has it, which asks for nothing else then
            said = self._values.get("result", "html")
            if said != "html":
                self.remark(
                    f'`html` and `result="{said}"` contradict each other', '`html` is `result="html"`; keep one'
                )
            self._values["result"] = "html"
        if "result" in self._values:
            said, usual = self._values["result"], self._defaults.result or self._rule.presentation.result
            self._values["result"], remark = way(said, f'`result="{said}"`', usual, self._is_lexer)
            self._remarks += (remark,) if remark else ()

    def _check_show(self) -> None:
        """Take note if something is to be shown that the language has not: values, or what a compiler says."""
        show = self._values.get("show", frozenset())
        if "build" in show and not self._rule.compiled:
            self.remark(f"`{self._rule.name}` has no `build` to show", "it is for a language that is compiled")
        if "value" in show and not self._rule.values:
            self.remark(f"`{self._rule.name}` has no values to show", NO_VALUES)
            self._values["show"] = show - {"value"}

    def _check_session(self) -> None:
        """Take note if the fence cannot be a step of a session."""
        if self._values.get("session", values.NO_SESSION) == values.NO_SESSION:
            return
        name = self._rule.name
        if not self._rule.sessions:
            self.remark(
                f"`{name}` has no sessions",
                f"`languages: {{{name}: {{session: …}}}}`, a statement that prints `{{mark}}`, makes one program of its steps",
                refuse=True,
            )
        elif self._values.get("build_only"):
            self.remark(
                "`no_run` and `session` contradict each other", "a step is run with those before it", refuse=True
            )

    def _check_stdin(self) -> None:
        """Take note if two things are its standard input."""
        if "stdin" in self._values and "stdin_from" in self._values:
            self.remark("`stdin` and `stdin_from` contradict each other", "keep one of them", refuse=True)

    def _title(self, file: str) -> tuple[tuple[str, str], ...]:
        """Return the title of a fence that is `file`, unless it has one."""
        if not file or any(name == "title" for name, _ in self._passthrough) or not _PLAIN.fullmatch(file):
            return ()
        return (("title", file),)

    def _ignored(self) -> bool:
        """Tell whether it is ignored here; as in rustdoc, `ignore` says nothing beside `ignore-<target>`."""
        if self._targets:
            return any(target in self._target for target in self._targets)
        return bool(self._values.get("ignored", False))

    def reading(self) -> Reading:
        """Return all that was read."""
        expectation = self._expectation()
        self._check_result()
        self._check_session()
        self._check_show()
        self._check_stdin()
        request = request_of(self._values, self._defaults, self._rule, expectation=expectation, ignored=self._ignored())
        self._remarks += idle(self._values, self._passthrough, request, self._rule)
        refusal = self._refusal or (self._doubt if self._values.get("marked") else "")
        hint = ""
        if not refusal and (of_page := self._defaults.refusal(self._rule.name, self._values)):
            refusal, hint = of_page.reason, of_page.hint
        if not request.ignored:
            request = request._replace(refusal=refusal, hint=hint)
        return Reading(
            marked=self._values.get("marked"),
            request=request,
            expects=tuple(self._expects),
            passthrough=(*self._passthrough, *self._title(request.links.file)),
            classes=tuple(self._classes),
            remarks=tuple(self._remarks),
            near=tuple(self._near),
        )


def _edition_word(name: str) -> bool:
    return name.startswith("edition") and name[7:].isdigit()


def likeness(word: str, other: str) -> float:
    """Return how much two words are alike, from 0 to 1."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, other).ratio()
