"""Which fences are ours, and what is done with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.core.defaults import NO_DEFAULTS, Defaults
from mkdocs_codeexec.core.hidden import ALL_SHOWN, Hiding
from mkdocs_codeexec.core.sample import Links, Presentation
from mkdocs_codeexec.core.settings import MKDOCS, LanguageRule
from mkdocs_codeexec.markdown.header import Option
from mkdocs_codeexec.markdown.idle import of_file, of_tree
from mkdocs_codeexec.markdown.instead import CELL, instead_of
from mkdocs_codeexec.markdown.options import TABLE, Remark, Request
from mkdocs_codeexec.markdown.reading import ALIKE, OUTPUT_OF, Reading, likeness, read
from mkdocs_codeexec.markdown.trees import OPTIONS as TREE_OPTIONS
from mkdocs_codeexec.markdown.trees import WORD, Tree
from mkdocs_codeexec.markdown.values import is_error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mkdocs_codeexec.markdown.header import Header

Manner: TypeAlias = Literal["ours", "native", "leftover"]
"""Who renders a fence.

    ours      we
    native    superfences, as if we were not there; we, if it would leave the text of the fence on the page
    leftover  a custom fence of the site, if one takes it; else we: it asks for what nobody does
"""

_RUSTDOC_ALONE = frozenset({"should_panic", "no_run", "compile_fail", "ignore", "test_harness", "standalone_crate"})
"""rustdoc: a fence that has one of these and no language is Rust; so is one that has the word `rust` anywhere."""

_OF_OUTPUT = ("", "marked", "ignored", "passthrough", OUTPUT_OF)
"""What a fence may say beside that it holds what a sample prints, by the keys of the table of options."""
WORDS = ("md", "markdown")
"""Languages of fences whose text can be a part of the page."""
_OF_LITERATE = frozenset({"exec", "source", "tabs", "title", "title_mode", "hl_lines", "linenums"})

EDITOR = "pyodide"
_NO_EDITOR = Remark(
    f"`{EDITOR}` fences are editors of markdown-exec, so this is shown as code",
    f"list `markdown-exec: {{languages: [{EDITOR}]}}` among `plugins`, too, to keep them; to show it only, write `python`",
)
_EXCLUDED = Remark("the page is left out by `include` or `exclude`, so this is shown and not executed", mild=True)

_MDBOOK = r"^[ \t]*(\{\{#(?:include|rustdoc_include|playground|playpen)\s++([^\s{}]++)[^{}]*+\}\})"


class Claim(NamedTuple):
    """What is done with a fence.

    Attributes:
        word: The language word for the highlighter.
        manner: Who renders it.
        hiding: Which lines are not shown.
        passthrough: Options of the highlighter.
        id: Its `#id`.
        classes: Its classes.
        remarks: What is wrong with it; not told of what a custom fence renders.
        request: What is asked for; None if it is plain code.
        tree: How it is drawn, if it is a tree.
        source: Where its source stands, if what is in it is a part of the page; else empty.
        tabs: What the tabs of such a source and of the text are called.
        uncovers: Whether readers can have hidden lines shown.
    """

    word: str
    manner: Manner
    hiding: Hiding = ALL_SHOWN
    passthrough: tuple[tuple[str, str], ...] = ()
    id: str = ""
    classes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    request: Request | None = None
    tree: Tree | None = None
    source: str = ""
    tabs: tuple[str, str] = ("", "")
    uncovers: bool = False

    @property
    def literate(self) -> bool:
        """Whether what is in it is a part of the page."""
        return bool(self.source)


def claim(
    header: Header,
    languages: Mapping[str, LanguageRule],
    *,
    defaults: Defaults = NO_DEFAULTS,
    target: str = "",
    is_lexer: Callable[[str], bool] = lambda _: True,
    literate: str = "above",
) -> Claim | None:
    """Return what is done with a fence that has this header; None if it is none of our business.

    Args:
        header: As parsed.
        languages: By every word that a fence may use, lower case.
        defaults: What its page says.
        target: The target triple of this machine.
        is_lexer: Tells the names of Pygments lexers.
        literate: Where the source stands of a fence whose text is a part of the page.
    """
    if (output := _output(header, languages)) is not None:
        return output
    header = _with_language(header, languages)
    rule = languages.get(header.language.lower())
    if rule is None:
        return (
            _cell(header, languages)
            or _file(header, languages)
            or _tree(header, languages)
            or _editor(header, languages)
            or _literate(header, languages, defaults, literate)
            or _unknown_language(header, languages)
            or _output_meant(header, languages)
        )
    known = languages.values()
    reading = read(header, rule, defaults=defaults, target=target, is_lexer=is_lexer, languages=known)
    request, remarks = _decide(reading, rule, names=[option.name for option in header.options])
    return Claim(
        word=header.language,
        manner="ours" if request else "native",
        hiding=_hiding(reading, asks=bool(request)),
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=remarks,
        request=request,
        uncovers=rule.uncovers,
    )


def _hiding(reading: Reading, *, asks: bool) -> Hiding:
    """Return which lines are not shown; a comment for a tool that executes fences hides none in plain code."""
    found = reading.request.hiding
    return found if asks or reading.marked else found._replace(marked=False)


def _with_language(header: Header, languages: Mapping[str, LanguageRule]) -> Header:
    """Return `header` with the language that rustdoc would find in it."""
    word = header.language
    if word.lower() in languages:
        return header
    name = next((rule.name for rule in languages.values() if rule.rustdoc), None)
    if name is None:
        return header
    if not word:
        named = header.braces or not (header.rustdoc and header.options)
        return header if named else header._replace(language=name)
    edition = word.startswith("edition") and word[7:].isdigit()
    if header.rustdoc and any(option == Option(name) for option in header.options):
        return header._replace(language=name, options=(Option(word), *header.options))
    if word in _RUSTDOC_ALONE or word.startswith("ignore-") or is_error_code(word) or edition:
        return header._replace(language=name, options=(Option(word), *header.options))
    return header


def _unknown_language(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    words = [*(option.name for option in header.options), *header.classes]
    word = header.language
    if "exec" not in (word, *words):
        return None
    reading = read(header, LanguageRule(name=word))
    if word in ("", "exec"):
        word = next((other for other in words if other.lower() in languages), "")
        remark = _no_language(word or next(iter(languages), ""), braces=header.braces)
    else:
        remark = Remark(
            f"`{word}` is not set up as a language, so this is not executed",
            instead_of(word, tuple(known for known, rule in languages.items() if rule.run != "none")),
        )
    asks = reading.marked is not False and not reading.request.ignored and not _all_off(languages)
    request = reading.request._replace(language=word, refusal=remark.message, hint=remark.hint)
    return Claim(
        word=word,
        manner="leftover",
        passthrough=reading.passthrough,
        id=header.id,
        classes=tuple(name for name in reading.classes if name != word),
        request=request if asks else None,
    )


def _file(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is done with a fence that nobody executes, and that is a file of samples."""
    named = any(option.name == "file" for option in header.options)
    if (
        not named
        or not header.language
        or any(option.name == "exec" for option in header.options)
        or _all_off(languages)
    ):
        return None
    reading = read(header, LanguageRule(name=header.language))
    request = reading.request._replace(ignored=True)
    if request.links.file:  # all else is about what is executed
        request = request._replace(refusal="", hint="")
    return Claim(
        word=header.language,
        manner="ours",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=(*reading.remarks, *of_file(option.name for option in header.options)),
        request=request,
    )


def _tree(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is done with a tree of files."""
    if header.language.lower() != WORD or _all_off(languages):
        return None
    tree = Tree(header)
    return Claim(
        word=tree.word,
        manner="leftover",
        passthrough=tree.passthrough,
        id=header.id,
        classes=tuple(header.classes),
        remarks=tuple(of_tree([option.name for option in header.options], TREE_OPTIONS)),
        tree=tree,
    )


def _editor(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is done with a fence that markdown-exec makes an editor of, in which readers execute Python."""
    if header.language != EDITOR or _all_off(languages):
        return None
    reading = read(header, LanguageRule(name=header.language))
    return Claim(
        word=CELL,
        manner="leftover",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=(_NO_EDITOR,),
    )


def _output(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is done with a fence that holds what a sample prints: it is compared, in whatever language it is."""
    if header.language == OUTPUT_OF:
        header = header._replace(language="", options=(Option(OUTPUT_OF), *header.options))
    names = [option.name for option in header.options]
    if OUTPUT_OF not in (*names, *header.classes):
        return None
    reading = read(header, LanguageRule(name=header.language or "text"))
    request, remarks = reading.request, list(reading.remarks)
    request = request._replace(name="", links=Links(output_of=request.links.output_of))
    if reading.marked:
        both = Remark(
            f"`exec` and `{OUTPUT_OF}` contradict each other",
            "a fence is executed, or it holds what another one prints: take one of both words away",
        )
        request, remarks = request._replace(refusal=both.message, hint=both.hint), [*remarks, both]
    for name in names:
        if name in TABLE and TABLE[name].key not in _OF_OUTPUT:
            hint = "the fence is compared with what a sample prints, and not executed"
            remarks.append(Remark(f"`{name}` has no meaning beside `{OUTPUT_OF}`", hint))
    off = _all_off(languages)
    return Claim(
        word=header.language,
        manner="native" if off else "ours",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=() if off else tuple(remarks),
        request=None if off else request,
    )


def _output_meant(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is said of a fence with a word that was probably meant to be `output_of`: nobody would compare it."""
    written = [*(option.name for option in header.options), *header.classes]
    slip = next((name for name in written if likeness(name.lower(), OUTPUT_OF) >= ALIKE), None)
    if slip is None or _all_off(languages):
        return None
    reading = read(header, LanguageRule(name=header.language or "text"))
    remark = Remark(f"`{slip}` is not an option of a fence, and nothing is compared", f"did you mean `{OUTPUT_OF}`?")
    return Claim(
        word=header.language,
        manner="native",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=(remark,),
    )


def _literate(header: Header, languages: Mapping[str, LanguageRule], defaults: Defaults, source: str) -> Claim | None:
    """Return what is done with a fence of Markdown that asks for execution: what is in it becomes a part of the page."""
    if header.language not in WORDS or _all_off(languages):
        return None
    rule = LanguageRule(name=header.language, presentation=Presentation(source=source))
    reading = read(header, rule, defaults=defaults._replace(refusals=()))
    if not reading.marked or reading.request.ignored:
        return None
    if reading.request.refusal:
        hint = f"nothing is run for `{header.language} exec`: what is in it becomes a part of the page"
        remarks = tuple(remark._replace(hint=hint) for remark in reading.remarks)
        request = reading.request._replace(language=header.language, hint=hint)
        return Claim(word=header.language, manner="leftover", remarks=remarks, request=request)
    idle = [option.name for option in header.options if option.name not in _OF_LITERATE and option.name in TABLE]
    remark = Remark(
        f"`{idle[0] if idle else ''}` has no effect on `{header.language} exec`: what is in it is a part of the page",
        mild=True,
        once=True,
    )
    return Claim(
        word=header.language,
        manner="leftover",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=(*reading.remarks, *((remark,) if idle else ())),
        source=reading.request.presentation.source,
        tabs=reading.request.presentation.tabs,
    )


def _all_off(languages: Mapping[str, LanguageRule]) -> bool:
    """Tell whether nothing at all is executed on this site."""
    return all(rule.run == "none" for rule in languages.values())


def _cell(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    """Return what is done with a cell of a notebook: it asks for execution, and we want it written otherwise.

    Quarto and R Markdown: `{python}`, `{python, echo=FALSE}`; MyST: `{code-cell} python`.
    """
    if header.language or header.classes:
        return None
    first, *more = (*header.stray, *(option.name for option in header.options), "")
    if first.strip("{}") == "code-cell":
        whose, cell, word = "MyST", "{code-cell}", next((name for name in more if name.lower() in languages), CELL)
    elif header.braces and header.options[:1] == (Option(first),) and "exec" not in more:
        whose, cell, word = "Quarto", f"{{{first}}}", first
    else:
        return None
    rule = languages.get(word.lower())
    if rule is None or rule.run == "none":
        return None
    remark = Remark(
        f"`{cell}` is how {whose} writes a cell; here it asks for nothing, so this is not executed",
        f"write `{word} exec`; to show it only, write `{word}`",
    )
    return Claim(word=word, manner="leftover", remarks=(remark,))


def _no_language(word: str, *, braces: bool) -> Remark:
    spelling = f"{{.{word} .exec}}" if braces else f"{word} exec"
    return Remark(
        "the fence asks for `exec` and does not start with a language, so it is not executed",
        f"the language comes first: `{spelling}`",
    )


def _decide(reading: Reading, rule: LanguageRule, *, names: Sequence[str]) -> tuple[Request | None, tuple[Remark, ...]]:
    """Return what is executed, if anything, and what is to be said about it."""
    if rule.run == "none" or reading.marked is False:
        told = rule.excluded and reading.marked and not reading.request.ignored
        return None, (_EXCLUDED,) if told else ()
    request = reading.request
    if rule.run == "marked" and not reading.marked:
        if "file" in names and not request.ignored:  # it is a file of others, and nothing more
            return request._replace(ignored=True), (*reading.remarks, *of_file(names))
        if not reading.expects or request.ignored:
            return None, reading.near
        says = ", ".join(f"`{word}`" for word in reading.expects)
        return None, (
            *reading.near,
            Remark(
                f"{says} says how it should end, and it is not run",
                f"add `exec` to the fence, or set `run: all` for `{rule.name}` in `languages:`",
            ),
        )
    if rule.run == "check":
        request = request._replace(build_only=True)
    return request, reading.remarks


def contest(found: Claim, owner: str) -> Remark:
    """Return what is to be said of a fence that we execute and that another tool would execute, too.

    Args:
        found: What is done with it.
        owner: The other one, as it is called in `mkdocs.yml`; empty if nobody can know.
    """
    language = found.request.language if found.request else found.word
    theirs = "`custom_fences` of `pymdownx.superfences`"
    if owner == "markdown-exec":  # a plugin that adds custom fences, or one of those
        theirs = f"`languages` of `{owner}`, or out of {theirs}"
    return Remark(
        f"`{language}` fences with `exec` are executed here, and {f'`{owner}`' if owner else 'a custom fence'} "
        "would execute them too",
        f"`languages: {{{language}: {{run: none}}}}` of `codeexec` leaves them to it; to keep them here, "
        f"leave `{found.word}` out of {theirs}",
        once=True,
    )


def foreign_include(code: str, host: str = MKDOCS.name) -> Remark | None:
    """Return what is to be said of a sample in which mdBook would include a file; None if there is no such line."""
    found = re.search(_MDBOOK, code, re.MULTILINE) if "{{#" in code else None
    if found is None:
        return None
    return Remark(
        f"`{found[1]}` is of mdBook, and {host} does not know it",
        f'`includes: mdbook` of the plugin includes it; or write `--8<-- "{found[2]}"`, of the extension `pymdownx.snippets`',
    )
