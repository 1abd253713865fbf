"""A first look at raw pages sees the samples that the converter will find."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.markdown.extension import CodeExecExtension

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
    rules = {"rust": LanguageRule(name="rust", hides_lines=True, compiled=True), "python": LanguageRule(name="python")}
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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=25).map("\n".join))
def test_there_is_one_scanner(convert: Callable[..., Any], text: str) -> None:
    """Whatever a page holds, a first look and the converter agree on what a fence is, where it begins and what is in it."""
    _, collected = convert(text)

    built = [sample for sample in collected.samples if sample.language == "rust"]
    found = [(sample.location.line, sample.code, sample.language) for sample in built]
    assert found == [(sample.location.line, sample.code, sample.language) for sample in glimpses(text)]
    assert all(line < sample.location.end <= text.count("\n") + 1 for (line, *_), sample in zip(found, built, strict=True))  # fmt: skip
