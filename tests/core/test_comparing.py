"""What is written is compared with what was printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.comparing import LONGEST_LINE, matches
from mkdocs_codeexec.core.expressions import Budget, Expression, WrongExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

PATTERNS = {"TIME": r"\d\d:\d\d", "WORD": "a|ab|b*"}

MATCHING = [
    ("", ""),
    ("", "\n\n"),
    ("a\nb", "a\nb\n"),
    ("a  \n\nb\n\n", "a\n \nb"),
    ("...", ""),
    ("...", "a\nb"),
    ("  ...", "a"),
    ("a\n...\nb", "a\nb"),
    ("a\n...\nb", "a\nx\ny\nb"),
    ("...\nb\n...", "b"),
    ("...\nb\nc\n...\nd", "b\nb\nc\nd\nd"),
    ("took [..] s", "took 12 s"),
    ("took [..] s", "took  s"),
    ("[..]", "anything"),
    ("[..]a[..]a", "xaya"),
    ("at [TIME]", "at 10:20"),
    ("[TIME]-[TIME] [..]", "10:20-11:30 x"),
    ("[WORD]b", "abb"),
    ("[WORD][WORD]c", "abbbbc"),
    ("[NONE]", "[NONE]"),
    ("[TIME]", "[TIME]"),
    ("[..", "[.."),
    ("a   b", "a\tb"),
    ("a\tb", "a\tb"),
]
DIFFERING = [
    ("a", "b", 1),
    ("a", "", 1),
    ("", "a", 1),
    ("a\nb", "a\nc", 2),
    ("a\nb", "a", 2),
    ("a", "a\nb", 2),
    ("a\n\nb", "a\nb", 2),
    (" a", "a", 1),
    ("a\n...\nz", "a\nb", 3),
    ("a\n...\na", "a", 3),
    ("[..]a[..]a", "a", 1),
    ("[TIME]", "1:20", 1),
    ("[WORD]b", "ac", 1),
    ("[NONE]", "x", 1),
    ("a b", "a\tb\tc", 1),
]


@pytest.mark.parametrize(("written", "printed"), MATCHING)
def test_what_matches(written: str, printed: str) -> None:
    assert matches(written, printed, PATTERNS) is None


@pytest.mark.parametrize(("written", "printed", "line"), DIFFERING)
def test_what_differs(written: str, printed: str, line: int) -> None:
    """Told with the first line that does."""
    found = matches(written, printed, PATTERNS)

    assert found is not None
    assert line == found.line


FITTING = [
    ("a\n...\nz", "a2\nb\nz", "a2\n...\nz"),
    ("a\n...\nz", "a\nb\nz\nw", "a\n...\nz\nw"),
    ("a [..]\nb [TIME]\nc", "a 1\nb x\nc", "a [..]\nb x\nc"),
    ("x\ny\nat [TIME]", "y\nat 10:20\nnew", "y\nat [TIME]\nnew"),
    ("one\ntwo\nthree", "one\n2\nthree", "one\n2\nthree"),
    ("a\nb", "", ""),
    ("", "a\n\nb", "a\n\nb"),
]


@pytest.mark.parametrize(("written", "printed", "fitting"), FITTING)
def test_what_still_matches_stays(written: str, printed: str, fitting: str) -> None:
    """Wildcards too; a line that has changed is replaced, and not swallowed by the `...` beside it."""
    found = matches(written, printed, PATTERNS)

    assert found is not None
    assert fitting == "\n".join(line.text for line in found.fitting)


def test_a_diff_shows_what_differs_and_no_wildcard() -> None:
    found = matches("a [..]\n...\nc\nd", "a 1\nb\nb\nc\nx")

    assert found is not None
    assert found.unified("docs/index.md", "now").split("\n") == [
        "--- docs/index.md",
        "+++ now",
        "@@ -2,3 +2,3 @@",
        " ...",
        " c",
        "-d",
        "+x",
    ]


LINES = st.lists(
    st.sampled_from(["a", "b", "ab", "", " a", "...", "[..]", "a[..]b", "[WORD]", "[TIME]", "x\ty"]), max_size=7
)


def by_definition(written: str, printed: str, patterns: Mapping[str, str]) -> bool:
    """Tell whether `written` matches `printed`, as one regular expression says."""

    def line(text: str) -> str:
        parts = re.split(r"(\[\.\.\]|\[[A-Z]+\])", text.rstrip())
        made = "".join(
            "[^\n]*" if part == "[..]" else f"(?:{patterns[part[1:-1]]})" if part[1:-1] in patterns else re.escape(part)
            for part in parts
        )
        return f"(?:{made}|{re.escape(text.rstrip())})\n"

    lines = written.rstrip().split("\n") if written.rstrip() else []
    whole = "".join("(?:[^\n]*\n)*" if text.strip() == "..." else line(text) for text in lines)
    texts = [text.rstrip() for text in printed.rstrip().split("\n")] if printed.rstrip() else []
    return re.fullmatch(whole, "".join(f"{text}\n" for text in texts)) is not None


@given(LINES, LINES)
def test_it_is_as_one_regular_expression_would_say(written: list[str], printed: list[str]) -> None:
    one, other = "\n".join(written), "\n".join(printed)

    assert by_definition(one, other, PATTERNS) == (matches(one, other, PATTERNS) is None)


@given(LINES, LINES)
def test_what_is_put_there_matches_and_keeps_lines_as_they_are(written: list[str], printed: list[str]) -> None:
    """So that a second time nothing is changed. Lines that stay are in their order, and those that come were printed."""
    one, other = "\n".join(written), "\n".join(printed)
    found = matches(one, other, PATTERNS)
    if found is None:
        return
    numbers = [line.number for line in found.fitting if line.number]

    assert matches("\n".join(line.text for line in found.fitting), other, PATTERNS) is None
    assert numbers == sorted(set(numbers))
    assert all(written[line.number - 1].rstrip() == line.text for line in found.fitting if line.number)
    assert {line.text for line in found.fitting if not line.number} <= {text.rstrip() for text in printed}


TREES = st.recursive(
    st.sampled_from(["a", "b", ".", r"\d", r"\w", "[ab]", "[^a]", r"\."]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{,2}", "{1,}", "*?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
    ),
    max_leaves=6,
)


@given(TREES, st.text("ab1.", max_size=6))
def test_an_expression_matches_what_it_does_in_python(pattern: str, text: str) -> None:
    found = Expression(pattern).ends(text, {0}, Budget(10**6))

    assert (re.fullmatch(pattern, text) is not None) == (len(text) in found)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?=a)",
        "(?<!a)b",
        "(?i)a",
        "^a",
        "a$",
        r"a\b",
        "(",
        "[a",
        "a**",
        "a{1001}",
        "(a{99}){99}",
        "a" * 201,
        "a*+",
    ],
)
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(WrongExpressionError, match=r"."):
        Expression(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(a*)*(a*)*b", "(?:a?){100}a{100}"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    """What other engines try in every way: each letter is looked at once for each state, and all of it is counted."""
    line = "a" * LONGEST_LINE
    budget = Budget(10**7)
    Expression(pattern).ends(line, {0}, budget)

    assert budget.left > -1000
    assert matches("[X]!", "\n".join([line + "!"] * 50), {"X": pattern}) is not None


def test_much_output_is_compared_as_little_is() -> None:
    printed = "\n".join(map(str, range(30_000)))

    assert matches("0\n...\n500\n501\n...\n29999", printed) is None
    found = matches("0\n...\n500\n501\n...\n29998", printed)
    assert found is not None
    assert "0\n...\n500\n501\n...\n29998\n29999" == "\n".join(line.text for line in found.fitting)
