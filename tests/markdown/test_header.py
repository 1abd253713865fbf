from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.markdown.header import Header, Option, is_inline_code, parse_header


def words(*options: str | tuple[str, str]) -> tuple[Option, ...]:
    return tuple(Option(o) if isinstance(o, str) else Option(*o) for o in options)


TABLE = {
    "": Header(),
    "rust": Header(language="rust"),
    " rust ": Header(language="rust"),
    ".rust": Header(language="rust"),
    "Rust exec": Header(language="Rust", options=words("exec")),
    'rust exec="on" title="x y"': Header(language="rust", options=words(("exec", "on"), ("title", "x y"))),
    "rust exec='on' title=\"it's\"": Header(language="rust", options=words(("exec", "on"), ("title", "it's"))),
    "rust edition=2024": Header(language="rust", options=words(("edition", "2024"))),
    "rust exec=": Header(language="rust", options=words(("exec", ""))),
    '{.rust .exec #id title="x"}': Header(
        language="rust", options=words(("title", "x")), id="id", classes=("exec",), braces=True
    ),
    "{ #id .rust exec=on }": Header(language="rust", options=words(("exec", "on")), id="id", braces=True),
    "rust {.exec #id}": Header(language="rust", id="id", classes=("exec",), braces=True),
    "rust{.exec}": Header(language="rust", classes=("exec",), braces=True),
    'rust title="{" {.exec}': Header(language="rust", options=words(("title", "{")), classes=("exec",), braces=True),
    'rust title="{x}"': Header(language="rust", options=words(("title", "{x}"))),
    "{rust exec}": Header(options=words("rust", "exec"), braces=True),
    "rust,should_panic": Header(language="rust", options=words("should_panic"), rustdoc=True),
    "rust, ignore": Header(language="rust", options=words("ignore"), rustdoc=True),
    "rust,edition2021,compile_fail,E0382": Header(
        language="rust", options=words("edition2021", "compile_fail", "E0382"), rustdoc=True
    ),
    ",no_run": Header(options=words("no_run"), rustdoc=True),
    "rust,no_run exec": Header(language="rust", options=words("no_run", "exec"), rustdoc=True),
    'rust exec, title="a, b" ,no_run': Header(
        language="rust", options=words("exec", ("title", "a, b"), "no_run"), rustdoc=True
    ),
    "rust edition=2021,ignore-x86_64": Header(
        language="rust", options=words(("edition", "2021"), "ignore-x86_64"), rustdoc=True
    ),
    'rust hl_lines="1,3"': Header(language="rust", options=words(("hl_lines", "1,3"))),
    "rust,mdbook-runnable": Header(language="rust", options=words("mdbook-runnable"), rustdoc=True),
    'python exec="true" source="above" result="ansi"': Header(
        language="python", options=words(("exec", "true"), ("source", "above"), ("result", "ansi"))
    ),
    "bash;exec": Header(language="bash", options=words(";exec")),
    "python:a.py": Header(language="python", options=words(":a.py")),
    "objective-c": Header(language="objective-c"),
    "c++ exec": Header(language="c++", options=words("exec")),
    "c# exec #here .big": Header(language="c#", options=words("exec"), id="here", classes=("big",)),
    'rust exec id="here"': Header(language="rust", options=words("exec"), id="here"),
    'title="x"': Header(options=words(("title", "x"))),
    'rust "exec" = {': Header(language="rust", stray=('"exec"', "=", "{")),
    'rust title="x': Header(language="rust", options=words(("title", '"x'))),
}


@pytest.mark.parametrize(("info", "expected"), TABLE.items())
def test_spellings(info: str, expected: Header) -> None:
    """Every spelling of a header is read as what it means."""
    assert expected == parse_header(info)


@given(st.text() | st.text(alphabet="rust exec={}\"',.#-_\t1"))
def test_total(info: str) -> None:
    """Any string has a header, and no language word holds what separates words."""
    header = parse_header(info)
    assert not set(header.language) & set(" \t,{}")


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)), st.sampled_from([",", " ", ", ", " , "]))
def test_separators(names: list[str], separator: str) -> None:
    """Words separated by commas, spaces or both are the same words in the same order."""
    assert words(*names) == parse_header(separator.join(["rust", *names])).options


@pytest.mark.parametrize(
    ("info", "expected"),
    [("rust``` in a line", True), ("`", True), ("rust exec", False), ('rust title="`x`"', False), ("rust a=`x`", True)],
)
def test_inline_code(info: str, *, expected: bool) -> None:
    """A backtick behind the opening ones makes it code within a paragraph, unless it is quoted."""
    assert expected == is_inline_code(info)


def test_option_text() -> None:
    """An option is shown as it can be typed."""
    assert 'exec title="x y"' == f"{Option('exec')} {Option('title', 'x y')}"
