"""A first look at raw pages sees the samples that the converter will find."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown import Markdown
from support.sizes import TIMES

from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown.claiming import claim
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.markdown.glimpse import Glimpse, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.sample import Sample

PAGES = {
    "plain": "```rust exec\nlet a = 1;\n\nlet b = 2;\n```\n",
    "two": "```rust exec\na\n```\n\ntext\n\n~~~rust exec\nb\n~~~\n",
    "a list": "- item\n\n    ```rust exec\n    fn main() {\n        f();\n    }\n    ```\n",
    "a quotation": "> ```rust exec\n> a\n>\n> b\n> ```\n",
    "a fence that shows one": "````markdown\n```rust exec\nno\n```\n````\n\n```rust exec\nyes\n```\n",
    "plain code": "```rust\nno\n```\n\n```python exec\nprint(1)\n```\n\n```text\n```rust exec\n```\n",
    "options": "```rust exec edition=2021 compile_fail\na\n```\n",
    "hidden lines": "```rust exec\n# hidden\nb\n```\n",
    "ignored": "```rust,ignore\nno\n```\n```rust exec ignore\nno\n```\n",
    "without an end": "```rust exec\na\n",
    "empty": "```rust exec\n```\n",
    "tabs": "```rust exec\n\tlet a = 1;\n```\n",
}


def glimpses(text: str) -> list[Sample]:
    unused: Any = None
    rules = {"rust": RUST, "python": LanguageRule(name="python")}
    return list(CodeExecExtension(unused, rules).glimpse(text, "a.md"))


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_what_is_seen_is_what_is_found(convert: Callable[..., Any], text: str) -> None:
    """On a page without includes a first look sees what the converter finds and will build: code, options and line."""
    _, collected = convert(text)
    built = [sample for sample in collected.samples if sample.language == "rust" and not sample.ignored]

    found, seen = (
        [(sample.code, sample.options, sample.expectation, sample.location.line) for sample in samples]
        for samples in (built, glimpses(text))
    )
    assert found == seen


def test_what_is_not_built_is_not_looked_for() -> None:
    """Of a language without a build step there is nothing to be begun, wherever its samples stand."""
    text = "```python exec\nprint(1)\n```\n"
    assert [] == glimpses(text)
    assert ["rust"] == [sample.language for sample in glimpses(f"{text}\n```rust exec\na\n```\n\n{text}")]


def test_an_include_is_not_seen() -> None:
    """A sample with an include is left to the converter, which knows how to read it."""
    assert [] == glimpses('```rust exec\n--8<-- "a.rs"\n```\n')


def test_what_is_no_sample_may_be_seen() -> None:
    """A fence in a comment is seen too; that is why what is seen is never run."""
    text = textwrap.dedent("""
        <!--
        ```rust exec
        a
        ```
        -->
        """)

    assert ["a"] == [sample.code for sample in glimpses(text)]


def look(text: str) -> Look:
    rules = {"rust": LanguageRule(name="rust", hides_lines=True, compiled=True), "python": LanguageRule(name="python")}
    return Glimpse(lambda header: claim(header, rules)).look(PageContext("a.md", text, "docs/a.md"))


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_a_look_sees_what_a_glimpse_sees(text: str) -> None:
    """And more, which is not executed."""
    seen = look(text)

    assert [(one.code, one.location.line) for one in glimpses(text)] == [
        (fence.sample.code, fence.location.line)
        for fence in seen.fences
        if fence.runs and fence.sample.language == "rust"
    ]
    assert all(fence.location.path == "docs/a.md" for fence in seen.fences)


def test_a_look_leaves_out_what_is_commented_out_or_shown() -> None:
    """What a comment holds, and what indented code shows, is none of the page's fences."""
    text = "<!--\n```rust exec\na\n```\n-->\n\n```rust exec\nb\n```\n\nText\n\n    - ```rust exec\n      c\n      ```\n"
    seen = look(text)

    assert ["b"] == [fence.code for fence in seen.fences]
    assert () == seen.problems


def test_a_look_tells_what_the_converter_tells(convert: Callable[..., Any]) -> None:
    """Of fences that are none, or have no end, with their lines."""
    text = "- ```rust exec\n  a\n  ```\n\n```rust exec\nb\n"
    _, collected = convert(text)

    told = [(one.location.line, one.message) for one in look(text).problems]
    assert [(one.location.line, one.message) for one in collected.problems] == told
    assert 2 == len(told)


@pytest.mark.parametrize(
    ("opening", "unaided"),
    [("```rust exec", False), ("```rust,exec", False), ("```{.rust .exec}", True), ('```rust exec="on"', False)],
)
def test_a_look_tells_which_spellings_are_fences_without_us(opening: str, unaided: bool) -> None:
    """As superfences itself says."""
    (fence,) = look(f"{opening}\na\n```\n").fences

    assert unaided == fence.unaided
    without = Markdown(extensions=["pymdownx.superfences"]).convert(f"{opening}\na\n```\n\nText\n")
    assert unaided == ("<pre" in without)


LINES = st.sampled_from(
    [
        *(
            "```",
            "````",
            "~~~~",
            "  ```",
            "```rust exec",
            "~~~ {.rust .exec}",
            "````rust,exec",
            "```text",
            "``` js foo",
        ),
        *(
            "> ```rust exec",
            "> ```",
            "> x",
            "    ```rust exec",
            "    ```",
            "    x",
            "\tx",
            "- ```rust exec",
            "- a",
            "",
            "x",
        ),
        *("```rust exec```", "`````", "   ", "```python exec", "<!--", "-->", ">", "> >```rust exec"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300 * TIMES, deadline=None)
@given(st.lists(LINES, max_size=25).map("\n".join))
def test_there_is_one_scanner(convert: Callable[..., Any], text: str) -> None:
    """Whatever a page holds, a first look and the converter agree on what a fence is, where it begins and what is in it."""
    _, collected = convert(text)

    built = [sample for sample in collected.samples if sample.language == "rust"]
    found = [(sample.location.line, sample.code, sample.language) for sample in built]
    assert found == [(sample.location.line, sample.code, sample.language) for sample in glimpses(text)]
    assert all(line < sample.location.end <= text.count("\n") + 1 for (line, *_), sample in zip(found, built, strict=True))  # fmt: skip


FENCE = "```rust exec\nfn main() {}\n```\n"
DEEP = textwrap.indent(FENCE, "    ")


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        (FENCE, True),
        (f"<!-- over -->\n\n{FENCE}", True),
        (f"- item\n\n{DEEP}", True),
        (f"1. item\n\n    more\n\n{DEEP}", True),
        (f'=== "Tab"\n\n{DEEP}', False),
        (f"!!! note\n\n{DEEP}", False),
        (textwrap.indent(FENCE, "> "), True),
        (f"<!--\n{FENCE}-->\n", False),
        (f"<!-- never closed\n\n{FENCE}", False),
        (f"Text.\n\n{DEEP}", False),
        (f"- item\n\n{textwrap.indent(DEEP, '    ')}", False),
        (textwrap.indent(DEEP, "> "), False),
        (f"{{% if x %}}\n{FENCE}{{% endif %}}\n", False),
    ],
)
def test_what_may_be_on_no_page_is_left_out_of_a_certain_look(
    convert: Callable[..., Any], text: str, *, certain: bool
) -> None:
    """What is executed before its page is rendered must be on it: not in a comment, in indented code, or in a branch."""
    unused: Any = None
    extension = CodeExecExtension(unused, {"rust": RUST})

    found = list(extension.glimpse(text, "a.md", certain=()))

    assert certain == bool(found)
    if certain:
        html, collected = convert(text)
        assert "data-codeexec-slot" in html
        assert [sample.code for sample in collected.samples] == [sample.code for sample in found]


def test_what_extensions_make_of_an_indentation_is_certain_where_they_are() -> None:
    """A tab in an admonition, on a site that has both."""
    unused: Any = None
    text = f'!!! note\n\n    === "Tab"\n\n{textwrap.indent(DEEP, "    ")}'
    extension = CodeExecExtension(unused, {"rust": RUST})

    assert [] == list(extension.glimpse(text, "a.md", certain=["admonition"]))
    assert 1 == len(list(extension.glimpse(text, "a.md", certain=["admonition", "pymdownx.tabbed"])))
