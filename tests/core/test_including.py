"""What mdBook includes: the cases of its own tests, and what must not be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.including import (
    LEAST,
    MOST_CHARACTERS,
    MOST_OF_A_PAGE,
    Directive,
    NotIncludedError,
    Part,
    TooMuchError,
    bounded,
    directives,
    expanded,
    taken,
)

FIVE = "Lorem\nipsum\ndolor\nsit\namet"
ANCHORED = "Lorem\nANCHOR: test\nipsum\nANCHOR: other\ndolor\nANCHOR_END: other\nsit\nANCHOR_END: test\namet"


def one(text: str) -> Directive:
    (found,) = directives(text)
    return found


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Part(), "a.rs"),
        (Part(), "a.rs:"),
        (Part(), "a.rs::"),
        (Part(), "a.rs::NaN"),
        (Part(4, 5), "a.rs:5"),
        (Part(0, 1), "a.rs:1"),
        (Part(0, 1), "a.rs:0"),
        (Part(4), "a.rs:5:"),
        (Part(4), "a.rs:5:NaN"),
        (Part(0, 5), "a.rs::5"),
        (Part(4, 10), "a.rs:5:10"),
        (Part(4, 10), "a.rs:5:10:17:x:"),
        (Part(anchor="-5"), "a.rs:-5"),
        (Part(anchor="-5.7"), "a.rs:-5.7"),
        (Part(anchor="some-anchor"), "a.rs:some-anchor:ignored"),
    ],
)
@pytest.mark.parametrize("kind", ["include", "rustdoc_include"])
def test_parts(part: Part, text: str, kind: str) -> None:
    """As mdBook reads what stands behind a file."""
    found = one(f"x {{{{#{kind} {text}}}}} y")

    assert (kind, "a.rs", part) == (found.kind, found.file, found.part)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{{#playground", "{{#include", "\\{{#include", "{{#playground}} {{#playground   }} {{}} {{#}}"),
        *("{{#playgroundz ar.rs}} and {{#incn}} {{baz}} {{#bar}}", "{{#title A}}", "{#include a}"),
    ],
)
def test_what_is_none(text: str) -> None:
    """Text that only looks like it."""
    assert not list(directives(text))


def test_words_and_escapes() -> None:
    """What stands behind the file of a playground; a colon there is a part of the name; what has a backslash is no directive."""
    found = list(directives(r"{{# include a}} {{ #playground b:2.rs editable no_run }} \{{#include x}} and }}"))

    assert ["playground", ""] == [each.kind for each in found]
    assert ("b:2.rs", ("editable", "no_run")) == (found[0].file, found[0].words)
    assert r"\{{#include x}} and }}" == found[1].text


@pytest.mark.parametrize(
    ("expected", "text", "content"),
    [
        (FIVE, "{{#include a}}", FIVE),
        (FIVE, "{{#include a}}", f"{FIVE}\n"),
        ("ipsum\ndolor", "{{#include a:2:3}}", FIVE),
        ("sit\namet", "{{#include a:4:}}", FIVE),
        (FIVE, "{{#include a::100}}", FIVE),
        ("# Lorem\nipsum\ndolor\n# sit\n# amet", "{{#rustdoc_include a:2:3}}", FIVE),
        ("# Lorem\n# ipsum\n# dolor\nsit\namet", "{{#rustdoc_include a:4:}}", FIVE),
        (FIVE, "{{#rustdoc_include a}}", FIVE),
        ("ipsum\ndolor\nsit", "{{#include a:test}}", ANCHORED),
        ("dolor", "{{#include a:other}}", ANCHORED),
        ("# Lorem\nipsum\ndolor\nsit\n# amet", "{{#rustdoc_include a:test}}", ANCHORED),
        ("# Lorem\n# ipsum\ndolor\n# sit\n# amet", "{{#rustdoc_include a:other}}", ANCHORED),
        ("", "{{#include a}}", ""),
        ("a\nb", "{{#include a}}", "a\r\nb\r\n"),
        ("```rust\nx\n```\n", "{{#playground a}}", "x"),
        ("```rust,editable,no_run\nx\n```\n", "{{#playground a editable no_run}}", "x\n"),
        ("```rust\nx\n```\n", "{{#playpen a}}", "x"),
    ],
)
def test_what_is_taken(expected: str, text: str, content: str) -> None:
    """Of a file."""
    assert expected == taken(one(text), content)


@pytest.mark.parametrize(
    ("message", "hint", "text"),
    [
        ("`a` has no anchor `tst`", "did you mean `test`? it has `test`, `other`", "{{#include a:tst}}"),
        ("`a` has no anchor `tst`", "did you mean `test`? it has `test`, `other`", "{{#rustdoc_include a:tst}}"),
        ("`a` has 9 lines, and none of them is meant", "lines are counted from 1", "{{#include a:10}}"),
        ("`a` has 9 lines, and none of them is meant", "lines are counted from 1", "{{#rustdoc_include a:5:3}}"),
    ],
)
def test_what_is_not_there(message: str, hint: str, text: str) -> None:
    """Is told, where mdBook shows nothing."""
    with pytest.raises(NotIncludedError, match=message) as caught:
        taken(one(text), ANCHORED)

    assert caught.value.hint.startswith(hint)


def reading(**files: str):  # type: ignore[no-untyped-def]
    def read(file: str, folder: str) -> tuple[str, str]:
        if file not in files:
            raise NotIncludedError("there is no such file")
        return files[file], f"{folder}/{file}"

    return read


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("> one\n> two", "> {{#include a}}"),
        ("x one\ntwo y", "x {{#include a}} y"),
        ("    one\n    two", "    {{#include a}}"),
        ("{{#include a}}", r"\{{#include a}}"),
        ("<one\ntwo>", "{{#include b}}"),
        ("x {{#include none}} one\ntwo", "x {{#include none}} {{#include a}}"),
    ],
)
def test_lines(expected: str, text: str) -> None:
    """What stands before it stands before each line; files include others; what cannot be included stays."""
    assert expected == expanded(text, reading(a="one\ntwo\n", b="<{{#include a}}>"), "")[0]


def test_a_file_that_includes_itself() -> None:
    """Ends, and is told; so does one that does so many times over."""
    _, wrong = expanded("{{#include a}}", reading(a="x {{#include a}}"), "")
    assert ["files are included more than 10 deep"] == list(map(str, wrong))

    text, wrong = expanded("{{#include a}}", reading(a="{{#include a}}" * 10), "")
    assert ["it brings more than 1,000 files"] == list(map(str, wrong))
    assert "{{#include a}}" == text

    _, wrong = expanded("{{#include a}}{{#include a}}", reading(a="x" * (MOST_CHARACTERS // 2 + 1)), "")
    assert ["it brings more than 4,194,304 characters"] == list(map(str, wrong))


@given(st.text("{}#:incudert_ab \\\n", max_size=60))
def test_any_text(text: str) -> None:
    """A page without anything to include stays as it is, and whatever it has, nothing is raised."""
    found, wrong = expanded(text, reading(a="one\ntwo"), "")

    assert found == text or list(directives(text))
    assert all(error.directive for error in wrong)


MDBOOK = re.compile(r"\\\{\{#.*\}\}|\{\{\s*#([a-zA-Z0-9_]+)\s+([^}]+)\}\}")
"""`preprocess/links.rs` of mdBook 0.5.4."""


@given(
    st.lists(st.sampled_from([*"\\{}# a\n", "{{", "}}", "{{#include", "\\{{#", "b.rs", "  "]), max_size=20).map("".join)
)
def test_what_is_found_is_what_the_expression_of_mdbook_finds(text: str) -> None:
    """It is looked for in another way, which takes no quadratic time."""
    theirs = [
        found for found in MDBOOK.finditer(text) if found[1] is None or (found[2].split() and "include" == found[1])
    ]

    assert [found[0] for found in theirs] == [each.text for each in directives(text)]
    assert [found.start() for found in theirs] == [each.start for each in directives(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("{{#include " * 200_000, "\\{{#" * 250_000, "{{#include" + " " * 1_000_000, "{{#include a }x" * 70_000),
        "\\{{#x}}\n" * 100_000 + "end",
    ],
)
def test_a_file_of_beginnings_takes_no_quadratic_time(text: str) -> None:
    """Quadratic, each would take minutes or hours."""
    new, wrong = expanded("{{#include a}}", reading(a=text), "")

    assert (0, text.replace("\\{{#x}}", "{{#x}}")) == (len(wrong), new)


def test_a_page_includes_no_more_than_it_may() -> None:
    """However many lines of it include something, and however small that is."""
    read = bounded(reading(a="x" * (MOST_OF_A_PAGE // 16), b=""))
    for _ in range(16):
        read("a", "")
    read("b", "")
    with pytest.raises(TooMuchError, match="the page"):
        read("b", "")
    read = bounded(reading(b=""))
    for _ in range(MOST_OF_A_PAGE // LEAST + 1):
        read("b", "")
    with pytest.raises(TooMuchError, match="the page"):
        read("b", "")
