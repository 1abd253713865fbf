"""What looks executable and is not executed is told, and nothing else is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown import doubts, slots
from mkdocs_codeexec.markdown.extension import CodeExecExtension

RICH = (
    *("pymdownx.superfences", "pymdownx.highlight", "pymdownx.tabbed", "pymdownx.details", "admonition"),
    *("attr_list", "footnotes", "def_list", "tables"),
)
LINE = "a fence cannot begin in the line of `{}`, so this is not executed"
ODD = "the character U+{} stands before the fence, so it is none and is not executed"
OPEN = "the fence is never closed, so it is not executed"
SWALLOWED = "the fence of line {} has not ended here, so this is not executed"

REVERTED = "a fence cannot follow indented code without an empty line, so this is not executed"

UNTAKEN: dict[str, list[str]] = {
    "- ```rust exec\n  f();\n  ```\n": ["1: " + LINE.format("-")],
    "*   ~~~rust,exec\n    f();\n    ~~~\n": ["1: " + LINE.format("*")],
    "a\n\n10. ```rust exec\n    f();\n    ```\n": ["3: " + LINE.format("10.")],
    "> 1. - ```{.rust .exec}\n>     f();\n>     ```\n": ["1: " + LINE.format("-")],
    "- a\n\n    - ```rust exec\n      f();\n      ```\n": ["3: " + LINE.format("-")],
    "T\n:   ```rust exec\n    f();\n    ```\n": ["2: " + LINE.format(":")],
    "a[^1]\n\n[^1]: ```rust exec\n    f();\n    ```\n": ["3: " + LINE.format("[^1]:")],
    "- ```cobol exec\n  x\n  ```\n": ["1: " + LINE.format("-")],
    "\u00a0```rust exec\nf();\n```\n": ["1: " + ODD.format("00A0")],
    "\ufeff~~~rust exec\nf();\n~~~\n": ["1: " + ODD.format("FEFF")],
    "> \u200b ```rust exec\n> f();\n> ```\n": ["1: " + ODD.format("200B")],
    "- ```rust exec\n  f();\n  ```\n\n```rust exec\ng();\n```\n": [
        "1: " + LINE.format("-"),
        "5: " + SWALLOWED.format(3),
    ],
    "````rust exec\nf();\n```\n": ["1: " + OPEN],
    # What a fence without an end takes with it, or ends it; the first sample says it all.
    "a\n\n```text\nx\n\n~~~rust exec\nf();\n~~~\n\n~~~rust exec\ng();\n~~~\n": ["6: " + SWALLOWED.format(3)],
    "````js\nx\n```\n\n```rust exec\nf();\n```\n": ["5: " + SWALLOWED.format(1)],
    "- a\n\n    ```text\n    x\n\n```rust exec\nf();\n": ["6: " + SWALLOWED.format(3)],
    "    ```text\n    - ```rust exec\n\n- ```rust exec\n": ["4: " + SWALLOWED.format(1)],
    "x\n\n    code\n```rust exec\nf();\n```\n": ["4: " + REVERTED],
    "~~~rust exec\nf();\n```\n": ["1: " + OPEN],
    "```rust exec\nf();\n``` end\n": ["1: " + OPEN],
    "> ```rust exec\nf();\n> ```\n": ["1: " + OPEN],
    "x\n\n- a\n\n    ```rust exec\n  f();\n    ```\n": ["5: " + OPEN],
}


@pytest.mark.parametrize(("text", "messages"), UNTAKEN.items())
def test_what_the_converter_does_not_take_is_told(convert: Any, text: str, messages: list[str]) -> None:
    """An opener that superfences does not know, and a fence that it gives up, with the line."""
    html, collected = convert(text, extensions=RICH)
    assert (messages, []) == (collected.messages, slots.find(html))
    assert all(problem.hint for problem in collected.problems)


@pytest.mark.parametrize(
    "text",
    [
        "````\n- ```rust exec\n  f();\n  ```\n````\n",
        "```text\n- ```rust exec\n```\n",
        "```\n```rust exec\nf();\n```\n",
        "`` ```js `` in a line\n\n```js\nx\n```\n\n```\n```rust exec\n```\n",
        "```text\n```rust exec\nf();\n```\n",
        "x\n\n    ```text\n    ```rust exec\n    f();\n",
        "x\n\n    code\n\n    ```rust exec\n    f();\n    ```\n",
        "x\n\n    code\n```rust exec ignore\n```\n",
        "<!--\n- ```rust exec\n-->\n",
        "<!-- x\n\n```rust exec\nf();\n\n-->\n",
        "<!--\n```rust exec foo\nf();\n```\n-->\n",
        "<!--\n```\n```rust exec\n```\n-->\n",
        "x\n\n    - ```rust exec\n      f();\n      ```\n",
        "x\n\n    ```rust exec\n    f();\n",
        "- a\n\n        - ```rust exec\n          f();\n          ```\n",
        "!!! note\n\n    a\n\n        - ```rust exec\n",
        "> a\n>\n>     - ```rust exec\n",
        "x\n\n    ```rust exec foo\n    f();\n    ```\n",
        "- ```rust exec``` in a line\n",
        "- `- ```rust exec`\n",
        "- ```rust\n  f();\n  ```\n",
        "- ```rust exec ignore\n  f();\n  ```\n",
        "- ```rust exec=off\n  f();\n  ```\n",
        "-```rust exec\n",
        "| ```rust exec |\n|--|\n",
        "``rust exec\nf();\n``\n",
        "# ```rust exec\n",
    ],
)
def test_nothing_is_told_of_what_is_only_shown(convert: Any, text: str) -> None:
    """Within another fence, a comment or indented code, and where nobody asks for execution."""
    html, collected = convert(text, extensions=RICH)
    assert ([], []) == (collected.messages, slots.find(html))
    assert convert.without(text.replace(" foo", ""), extensions=RICH).count("<li>") == html.count("<li>")


def test_of_two_lines_that_are_alike_one_is_told(convert: Any) -> None:
    """One shown in indented code, one that should have been a fence."""
    text = "x\n\n    - ```rust exec\n\ny\n\n- ```rust exec\n  f();\n  ```\n"
    _, collected = convert(text, extensions=RICH)
    assert [LINE.format("-")] == [problem.message for problem in collected.problems]


TAKEN = [
    "text\n```rust exec\nf();\n```\ntext\n",
    "<div>\n```rust exec\nf();\n```\n</div>\n",
    "<details>\n<summary>s</summary>\n\n```rust exec\nf();\n```\n\n</details>\n",
    "1. a\n   ```rust exec\n   f();\n   ```\n",
    "- a\n\n      ```rust exec\n      f();\n      ```\n",
    '=== "t"\n    ```rust exec\n    f();\n    ```\n',
    ">```rust exec\n>f();\n>```\n",
    "- a\n\n\t~~~rust exec\n\tf();\n\t~~~\n",
    "   ``` {.rust .exec}\n   f();\n   ```\n",
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_the_converter_takes_is_executed(convert: Any, text: str) -> None:
    """In a paragraph, in HTML, deep or not in a list: where superfences takes a fence it is one."""
    html, collected = convert(text, extensions=RICH)
    assert (["f();"], [], ["slot-1"]) == (collected.codes, collected.messages, slots.find(html))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("```rust exec\na\n`````\n\n````rust exec\n```\nb\n```\n````\n", [(1, 3), (5, 9)]),
        ("---\nt: x\n---\n\n> ~~~rust exec\n> a\n>\n> ~~~~\n", [(5, 8)]),
        ("- a\n\n    ```rust exec\n\n    a\n\n      ```\n", [(3, 7)]),
        ('```rust exec\n; --8<-- "x"\n```\n', [(1, 3)]),
    ],
)
def test_start_and_end(convert: Any, text: str, places: list[tuple[int, int]]) -> None:
    """Where a fence begins and ends is what the converter has seen, in the lines of the file."""
    given = text.partition("---\n\n")[2] or text
    extensions = (*RICH, "pymdownx.snippets")
    _, collected = convert(given, disk=text, extensions=extensions)
    assert places == [(sample.location.line, sample.location.end) for sample in collected.samples]


def test_an_included_fence_has_no_end(convert: Any, tmp_path: Any) -> None:
    """Its lines are none of the page's; a fence around an include has its own."""
    (tmp_path / "a.md").write_text("```rust exec\nf();\n```\n")
    (tmp_path / "a.rs").write_text("f();\ng();\n")
    _, collected = convert(
        '--8<-- "a.md"\n\n```rust exec\n--8<-- "a.rs"\n```\n',
        extensions=(*RICH, "pymdownx.snippets"),
        configs={"pymdownx.snippets": {"base_path": [str(tmp_path)]}},
    )
    assert [(1, 0), (3, 5)] == [(sample.location.line, sample.location.end) for sample in collected.samples]


def test_a_first_look_has_the_same_rules() -> None:
    """It finds what the converter will, without rendering anything."""
    unused: Any = None
    extension = CodeExecExtension(unused, {"rust": RUST})
    for text in TAKEN:
        assert ["f();"] == [sample.code for sample in extension.glimpse(text, "a.md")]
    for text in (text for text, messages in UNTAKEN.items() if REVERTED not in messages[0]):
        assert [] == list(extension.glimpse(text, "a.md"))
    page = "a\n```` text\n```\n`````\n```rust exec\n````\n\n```rust exec\nf();\n  `````\n"
    (sample,) = extension.glimpse(page, "a.md")
    assert ("f();", Location("a.md", 8)) == (sample.code, sample.location)


@pytest.mark.parametrize(
    ("header", "taken", "told"),
    [
        ('rust exec="on"', "ours", True),
        ("rust exec", "ours", True),
        ('cobol exec="on"', "theirs", False),
        ('rust exec="off" mine="x"', "plain", False),
        ('rust mine="x"', "theirs", False),
        ("{.rust .exec}", "ours", False),
    ],
)
def test_custom_fences(convert: Any, header: str, taken: str, *, told: bool) -> None:
    """A custom fence gets what we do not execute; where it would execute the same, that is told."""

    def validate(_language: str, inputs: dict[str, str], options: dict[str, str], *_: object) -> bool:
        options.update(inputs)
        asks = inputs.get("exec", "off") != "off" or list(inputs) == ["mine"]
        inputs.clear()
        return asks

    def show(source: str, *_: object, **__: object) -> str:
        return f"<p>theirs {source}</p>"

    fences = [{"name": name, "class": name, "format": show, "validator": validate} for name in ("rust", "cobol")]
    html, collected = convert(f"```{header}\nx\n```\n", configs={"pymdownx.superfences": {"custom_fences": fences}})
    assert (taken == "theirs") == ("theirs x" in html)
    assert (taken == "ours") == bool(collected.samples)
    assert told == any("would execute them too" in message for message in collected.messages)
    assert [] == [problem for problem in collected.problems if not problem.once]


@pytest.mark.parametrize(
    "line", ["-  " * 3000 + "x```", "> " * 5000 + "x```", "1. \t" * 3000 + "~~ ```", "\u200b " * 5000 + "x```"]
)
def test_markers_without_end(line: str) -> None:
    """A line of thousands of markers, behind which no fence begins, is looked through once."""
    began = time.process_time()

    assert doubts.untaken(line) is None
    assert doubts.opener(line) is None
    assert time.process_time() - began < 10  # else as long as the world stands
