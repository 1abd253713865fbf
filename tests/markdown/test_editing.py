"""Other text in the fences of a page."""

from __future__ import annotations

import re

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.comparing import Line, matches
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.sample import Links, Location, Problem, Sample
from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.markdown.collecting import ExtensionFailure, PageContext, Words
from mkdocs_codeexec.markdown.editing import Edit, UneditableError, edited, unwritable
from mkdocs_codeexec.markdown.extension import CodeExecExtension

EXTENSIONS = ("pymdownx.superfences", "admonition", "pymdownx.tabbed", "pymdownx.details", "attr_list", "def_list")


class _Collecting:
    """A Collector that keeps samples."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self.samples: list[Sample] = []

    def page(self) -> PageContext:
        return self._page

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        assert not refusal, hint
        self.samples.append(sample)
        return f"slot-{len(self.samples)}"

    def report(self, problem: Problem) -> None:
        raise AssertionError(problem)

    def know(self, words: Words) -> None: ...

    def survives(self, failure: ExtensionFailure) -> bool:
        raise failure


def read(page: str) -> list[Sample]:
    """Return the fences of `page` that hold output, as a build finds them."""
    text = page.replace("\r\n", "\n").replace("\r", "\n")
    found = _Collecting(PageContext("a.md", text))
    rules = {"python": LanguageRule(name="python")}
    markdown.Markdown(extensions=[*EXTENSIONS, CodeExecExtension(found, rules, target="x")]).convert(text)
    return [sample for sample in found.samples if sample.links.output_of]


def promoted(page: str, printed: list[str]) -> str:
    """Return `page` with what was printed, in the order of its fences."""
    edits = []
    for sample, text in zip(read(page), printed, strict=True):
        found = matches(sample.code, text)
        if found is not None:
            edits.append(Edit(sample, found.fitting))
    return edited(page, edits)


PAGES = [
    ("```text output_of\na\n```\n", "b", "```text output_of\nb\n```\n"),
    ("```text output_of\na\n```", "b\nc", "```text output_of\nb\nc\n```"),
    ("x\r\n\r\n~~~ text output_of\r\na\r\n~~~\r\ny", "b", "x\r\n\r\n~~~ text output_of\r\nb\r\n~~~\r\ny"),
    ("```text output_of\n```\n", "b\n\nc", "```text output_of\nb\n\nc\n```\n"),
    ("```text output_of\n\n```\n", "", "```text output_of\n\n```\n"),
    ("```text output_of\na\n```\n", "", "```text output_of\n```\n"),
    ("> ```text output_of\n> a\n> ```\n", "b\n\nc", "> ```text output_of\n> b\n>\n> c\n> ```\n"),
    ("- x\n\n    ```text output_of\n    a  \n    b\n    ```\n", "a\n\n c", "- x\n\n    ```text output_of\n    a  \n\n     c\n    ```\n"),
    ("- x\n\n\t```text output_of\n\ta\n    b\n\t```\n", "a\nb\nc", "- x\n\n\t```text output_of\n\ta\n    b\n\tc\n\t```\n"),
    ('!!! note "x"\n\n    ```text output_of\n    ```\n', "b", '!!! note "x"\n\n    ```text output_of\n    b\n    ```\n'),
    ('=== "x"\n\n    ```text output_of\n    a\n    ```\n', "b", '=== "x"\n\n    ```text output_of\n    b\n    ```\n'),
    ("```text output_of\na\n```\n", "```\nb\n```", "````text output_of\n```\nb\n```\n````\n"),
    ("~~~text output_of\na\n~~~\n", "```\n  ~~~~~", "~~~~~~text output_of\n```\n  ~~~~~\n~~~~~~\n"),
    ("```text output_of\na\n...\nz\n```\n", "a\nb\ny", "```text output_of\na\n...\ny\n```\n"),
    ("```text output_of\nat [..]!\nx\n```\n", "at 1!\ny", "```text output_of\nat [..]!\ny\n```\n"),
    ("---\ntitle: x\n---\n\n``` {.text .output_of #i}\na\n```\n", "b", "---\ntitle: x\n---\n\n``` {.text .output_of #i}\nb\n```\n"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "printed", "after"), PAGES)
def test_text_is_put_in_place(page: str, printed: str, after: str) -> None:
    """With the indentation, marks and line ends that are there; lines that still match stay as they are."""
    assert after == promoted(page, [printed])
    assert after == promoted(after, [printed])


WORDS = [
    "",
    "a",
    "b c",
    " indented",
    "    code",
    "# title",
    "- item",
    "> quote",
    "<b>",
    "&amp;",
    "{.x}",
    "[TIME]",
    "[..]",
    "...",
]
FENCES = [
    "```",
    "````",
    "~~~",
    "```python exec",
    "  ```",
    "    ```",
    "\ttab",
    "a\tb",
    "!!! note",
    '=== "x"',
    "|a|b|",
    "*[x]: y",
    "[a]: b",
]
PRINTED = st.lists(st.sampled_from([*WORDS, *FENCES]), max_size=5).map("\n".join)
CONTAINERS = [
    ("", ""),
    ("- item\n\n", "    "),
    ("1. item\n\n    - inner\n\n", "        "),
    ("", "> "),
    ("!!! note\n\n", "    "),
    ("??? note\n\n", "    "),
    ('=== "one"\n\n', "    "),
    ("> !!! note\n>\n", ">     "),
]
WRITTEN = st.lists(st.sampled_from(["a", "b c", "", "...", "[..]", "x"]), max_size=4)
BLOCKS = st.tuples(st.sampled_from(CONTAINERS), st.sampled_from(["```", "~~~~"]), WRITTEN, PRINTED)


def block(number: int, container: tuple[str, str], fence: str, written: list[str]) -> str:
    start, prefix = container
    lines = [f"{fence}text output_of", *written, fence]
    return f"Paragraph {number}.\n\n{start}" + "".join(f"{(prefix + line).rstrip()}\n" for line in lines)


def outside(page: str) -> list[str]:
    """Return the lines that are in no fence."""
    found: list[str] = []
    fence = ""
    for line in re.findall(r"[^\n]*\n?", page):
        mark = line.strip(" >\r\n")
        if not fence and (opened := re.match(r"(`{3,}|~{3,})text", mark)):
            fence = opened[1]
        elif fence and mark.startswith(fence) and not mark.strip(fence[0]):
            fence = ""
        elif not fence:
            found.append(line)
    return found


@given(st.lists(BLOCKS, min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_printed_is_there_and_all_else_is_as_it_was(
    blocks: list[tuple[tuple[str, str], str, list[str], str]], end: str, last: bool
) -> None:
    """Twice changes nothing; a build finds what was printed; what is in no fence is byte for byte the same."""
    page = "\n".join(block(number, *one[:3]) for number, one in enumerate(blocks))
    page = (page if last else page.rstrip("\n")).replace("\n", end)
    printed = [one[3] for one in blocks]
    after = promoted(page, printed)

    assert [True for _ in printed] == [
        matches(one.code, text) is None for one, text in zip(read(after), printed, strict=True)
    ]
    assert after == promoted(after, printed)
    assert outside(page) == outside(after)


def sample(code: str, line: int, end: int, within: str = "") -> Sample:
    at = Location("a.md", line, end=end, within=within)
    return Sample(
        location=at,
        language="text",
        code=code,
        expectation=Succeeds(),
        links=Links(output_of="a"),
    )


@pytest.mark.parametrize(
    ("page", "found", "why"),
    [
        ("x\n", sample("a", 1, 0), "an include brings it"),
        ("x\n", sample("a", 1, 3), "no fence there"),
        ("x\na\n```\n", sample("a", 1, 3), "no fence there"),
        ("```text output_of\nb\n```\n", sample("a", 1, 3), "holds another text"),
        ("```text output_of\na\nb\n```\n", sample("a", 1, 4), "holds another text"),
        ('```text output_of\n--8<-- "x"\n```\n', sample("a\nb", 1, 3), "holds another text"),
        ("```text output_of\na\n```\n", sample("a", 1, 3, "in the docstring of x (line 1)"), "in the docstring of x"),
    ],
)
def test_what_is_not_on_the_page_as_it_was_read_is_not_written(page: str, found: Sample, why: str) -> None:
    with pytest.raises(UneditableError, match=why):
        edited(page, [Edit(found, (Line("new"),))])


@pytest.mark.parametrize(
    ("line", "templates", "why"),
    [
        ("a\x02", False, "control characters"),
        ("a\x0cb", False, "control characters"),
        ("a\u2028b", False, "control characters"),
        ('--8<-- "/etc/passwd"', False, "an include"),
        ("; -8<- ", False, "an include"),
        ("{{ x }}", True, "templates"),
        ("{% raw %}", True, "templates"),
        ("{{ x }}", False, ""),
        ("a\tb é 漢", True, ""),
    ],
)  # fmt: skip
def test_output_is_never_read_by_what_makes_pages(line: str, templates: bool, why: str) -> None:
    """It is data: what an include, or a template, would obey does not get on a page."""
    assert bool(why) == bool(unwritable([line], templates=templates))
    assert why in unwritable([line], templates=templates)
