"""What samples print as Markdown, converted with the extensions of the site by a converter that is no page's.

Fences in it are shown and never executed, whoever would execute them on a page. No file is read for it: a program in a sandbox
could else have read what it cannot read itself.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

from mkdocs_codeexec.markdown.asking import owner_of
from mkdocs_codeexec.markdown.collecting import PageContext, footnotes
from mkdocs_codeexec.markdown.extension import CodeExecExtension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from markdown.extensions import Extension

    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.collecting import ExtensionFailure, Words

READERS = ("snippet", "include", "mdx_include", "meta")
"""Preprocessors that read files, and the one that takes the first lines for a front matter."""
EXECUTING = ("markdown-exec",)
"""Packages whose custom fences execute what is in them."""
_IDS = "codeexec_ids"
_AFTER_CONTENTS = 3
"""Behind `toc` (5) and `pymdownx.tabbed` (4), before hosts make links relative (0)."""
_REFERRING = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
_NUMBERED = re.compile(r"""(\s(?:id|name|href|for)=["']#?)(?=__(?:codelineno|span)-)""")
"""Ids of lines of code, which highlighters count for each converter (`anchor_linenums`, `line_spans`)."""
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,}).*?(?:^(?P=fence)|\Z)|(?<!`)(?P<ticks>`{1,3})(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"\[\^([^\[\]\n]{1,200})\](:?)")
"""What refers to a footnote, or defines one."""


class Converted(NamedTuple):
    """Markdown that a sample has printed, as HTML.

    Attributes:
        html: Of it.
        headings: In it, as `toc` nests them (`toc_tokens`).
        ids: Of elements in it.
    """

    html: str
    headings: list[dict[str, Any]]
    ids: frozenset[str]


class Outputs:
    """Converts what samples print.

    Args:
        md: The converter. It may be that of a page whose conversion has ended.
    """

    def __init__(self, md: Markdown) -> None:
        self._md = md
        self._ids = _Ids(md)
        self.links: Callable[[Markdown], None] = lambda _: None
        """Is given the converter before each text, to make links those of the page, say."""

    def convert(self, text: str, *, own: str, prefix: str, taken: set[str], words: Words) -> Converted:
        """Return `text` as HTML.

        Args:
            text: Markdown.
            own: What the ids of its lines of code begin with, which no other on the page does.
            prefix: What all other ids begin with; may be empty.
            taken: Ids of the page. Those of the text are others, and are added.
            words: What the page defines for it.
        """
        md: Any = self._md
        kept = {name: getattr(md, name) for name in ("toc", "toc_tokens", "Meta", "lines") if hasattr(md, name)}
        md.reset()
        md.references.update(words.references)
        if "abbr" in md.treeprocessors:
            md.treeprocessors["abbr"].abbrs.update(words.abbreviations)
        _note(md, text, words.footnotes)
        self.links(md)
        self._ids.begin(prefix, taken)
        md.treeprocessors.register(self._ids, _IDS, _AFTER_CONTENTS)
        try:
            with _switched_off(md.preprocessors):
                html = _NUMBERED.sub(rf"\g<1>{own}", md.convert(text))
            headings = list(self._ids.renamed(getattr(md, "toc_tokens", [])))
        finally:
            md.treeprocessors.deregister(_IDS)
            md.reset()
            for name, value in kept.items():
                setattr(md, name, value)
        return Converted(html, headings, frozenset(self._ids.new.values()))


def outputs(
    extensions: Iterable[str | Extension],
    configs: Mapping[str, dict[str, Any]],
    rules: Mapping[str, LanguageRule],
    is_lexer: Callable[[str], bool],
    ours: Sequence[str],
) -> Outputs:
    """Return what converts with the extensions of a site.

    Args:
        extensions: By name, or themselves.
        configs: By name.
        rules: What words of fences stand for; none of them is executed.
        is_lexer: Tells the names of Pygments lexers.
        ours: Names of our own extension.
    """
    quiet: dict[str, Any] = {"run": "none", "excluded": False, "uncovers": False}
    shown = {word: rule._replace(**quiet) for word, rule in rules.items()}
    others = [one for one in extensions if one not in ours and not isinstance(one, CodeExecExtension)]
    md = Markdown(
        extensions=[*others, CodeExecExtension(_Nobody(), shown, is_lexer=is_lexer)], extension_configs=configs
    )
    fences = md.preprocessors["fenced_code_block"] if "fenced_code_block" in md.preprocessors else None  # noqa: SIM401 - a Registry has no `get`
    custom = getattr(getattr(fences, "extension", None), "superfences", None)
    if custom is not None:
        custom[:] = [entry for entry in custom if owner_of(entry["formatter"]) not in EXECUTING]
    return Outputs(md)


def fenced(word: str, text: str) -> str:
    """Return `text` as a fence `word`, whatever is in it."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{word}\n{text.rstrip(chr(10))}\n{fence}\n"


class _Nobody:
    """A Collector of what is no sample."""

    def page(self) -> PageContext | None:
        return PageContext("output")

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        raise AssertionError(f"{sample.location}: what was printed is not executed {refusal} {hint}")

    def report(self, problem: Problem) -> None:
        """Nobody wrote it."""

    def know(self, words: Words) -> None:
        """It is no page's."""

    def survives(self, failure: ExtensionFailure) -> bool:
        del failure
        return True


class _Ids(Treeprocessor):
    """Makes the ids of a text such as nothing else on the page has.

    Attributes:
        new: By those that it had.
    """

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.begin("", set())

    def begin(self, prefix: str, taken: set[str]) -> None:
        """Begin with a text."""
        self._prefix, self._taken = prefix, taken
        self.new: dict[str, str] = {}

    def run(self, root: Element) -> None:
        """Give every element that has an id a new one, and those that refer to one."""
        for element in root.iter():
            for name in ("id", "name") if element.tag == "a" else ("id",):
                if (old := element.get(name)) is not None:
                    element.set(name, self._named(old))
        for element in root.iter():
            target = element.get("href", "")
            if target.startswith("#") and target[1:] in self.new:
                element.set("href", f"#{self.new[target[1:]]}")
            if element.tag == "input" and "name" in element.attrib:
                element.set("name", self._prefix + element.attrib["name"])
            for name in _REFERRING:
                if name in element.attrib:
                    element.set(name, " ".join(self.new.get(word, word) for word in element.attrib[name].split()))

    def _named(self, old: str) -> str:
        if old not in self.new:
            name, number = self._prefix + old, 0
            while name in self._taken:
                number += 1
                name = f"{self._prefix}{old}_{number}"
            self._taken.add(name)
            self.new[old] = name
        return self.new[old]

    def renamed(self, headings: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """Yield `headings` with their new ids."""
        for heading in headings:
            children = list(self.renamed(heading["children"]))
            yield {**heading, "id": self.new.get(heading["id"], heading["id"]), "children": children}


def _note(md: Markdown, text: str, known: Mapping[str, str]) -> None:
    """Give `md` those of the `known` footnotes that `text` refers to, and those that they refer to."""
    found = footnotes(md) if known and "[^" in text else None
    if found is None:
        return
    uses = _NOTE.findall(_CODE.sub("", text))
    own = {name for name, colon in uses if colon}
    wanted = [name for name, colon in uses if not colon]
    while wanted:
        name = wanted.pop(0)
        if name in known and name not in own:
            own.add(name)
            found.setFootnote(name, known[name])
            wanted += (other for other, _ in _NOTE.findall(known[name]))


@contextlib.contextmanager
def _switched_off(preprocessors: Any) -> Iterator[None]:
    """Have `READERS` among `preprocessors` do nothing; their extensions look for them, so that they stay there."""
    found = [preprocessors[name] for name in READERS if name in preprocessors]
    for each in found:
        each.run = _as_it_is
    try:
        yield
    finally:
        for each in found:
            del each.run


def _as_it_is(lines: list[str]) -> list[str]:
    return lines
