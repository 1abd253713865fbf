from __future__ import annotations

import time
from textwrap import dedent

import pytest

from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.places import PageMap, Place, page_map, shown_map
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.languages.mentions import relocated
from mkdocs_codeexec.report.failures import secondary


def lines_of(code: str, page: str, line: int, language: str = "rust") -> PageMap:
    ends = [number for number, text in enumerate(page.split("\n"), 1) if text.strip(" \t>") in ("```", "~~~", "`````")]
    location = Location("guide.md", line, "docs/guide.md", end=max(ends, default=0))
    sample = Sample(location=location, language=language, code=code, expectation=Succeeds())
    return page_map(sample, page, runnable(code) if language == "rust" else code)


BODY = "```rust exec\nlet a = 1;\n\n  b(a);\n```\n"
CODE = "let a = 1;\n\n  b(a);\n"


@pytest.mark.parametrize(
    ("expected", "page", "line"),
    [
        pytest.param([(2, 1), (3, 1), (4, 3)], BODY, 1, id="plain"),
        pytest.param([(5, 1), (6, 1), (7, 3)], "---\na: b\n---\n" + BODY, 4, id="front matter"),
        pytest.param(
            [(4, 9), (5, 1), (6, 11)],
            "!!! note\n\n        ```rust exec\n        let a = 1;\n\n          b(a);\n        ```\n",
            3,
            id="indented",
        ),
        pytest.param([(2, 3), (3, 3), (4, 5)], "> ```rust\n> let a = 1;\n> \n>   b(a);\n> ```\n", 1, id="quoted"),
        pytest.param([(2, 2), (3, 1), (4, 4)], "\t```rust\n\tlet a = 1;\n\n\t\x20 b(a);\n\t```\n", 1, id="tabs"),
        pytest.param(
            [(2, 1), (3, 1), (4, 3)],
            "```rust\nlet a = 1;\n\n  b(a);\n`````\n",
            1,
            id="closed by more than it was opened",
        ),
        pytest.param([(2, 3), (3, 1), (4, 5)], "- ~~~rust\n  let a = 1;\n\n    b(a);\n  ~~~\n", 1, id="in a list"),
        pytest.param(
            [(2, 1), None, (4, 3)], '```rust\nlet a = 1;\n--8<-- "x"\n  b(a);\n```\n', 1, id="a line that is included"
        ),
        pytest.param([None, None, (3, 3)], '```rust\n--8<-- "x"\n  b(a);\n```\n', 1, id="several lines that are"),
        pytest.param([None, None, None], '```rust\n--8<-- "x"\n```\n', 1, id="all lines are included"),
        pytest.param([None, None, None], '--8<-- "x"\n', 1, id="the fence is included"),
        pytest.param([None, None, None], "```rust\nlet a = 1;\n", 1, id="a fence without an end"),
        pytest.param([None, None, None], "", 1, id="the page cannot be read"),
        pytest.param([None, None, None], BODY, 99, id="the page has changed"),
    ],
)
def test_lines_of_a_sample_are_found_on_its_page(expected: list[tuple[int, int] | None], page: str, line: int) -> None:
    """Line and column of the file on disk, wherever the fence stands; nothing where an include brought the line."""
    where = lines_of(CODE, page, line)
    places = [where.written(number, column) for number, column in ((1, 1), (2, 1), (3, 3))]

    assert expected[::2] == [place and (place.line, place.column) for place in places][::2]
    assert (expected[1] and expected[1][0]) == (places[1] and places[1].line)
    assert Place("docs/guide.md", line) == where.fence


def test_tabs_that_a_sample_keeps_are_one_character() -> None:
    """As superfences leaves them with `preserve_tabs`."""
    where = lines_of("if x:\n\ty\t= 1\n", "\t```\n\tif x:\n\t\ty\t= 1\n\t```\n", 1, "python")

    assert [Place("docs/guide.md", 2, 5), Place("docs/guide.md", 3, 5)] == [where.ran(1, 4), where.ran(2, 4)]


def test_hidden_lines_have_their_mark_on_the_page() -> None:
    """What ran has it not; in other languages `# ` begins a comment."""
    page = "```\n  # let a = 1;\n##[x]\nb();\n```\n"
    code = "  # let a = 1;\n##[x]\nb();\n"
    expected = {
        "rust": [Place("docs/guide.md", 2, 7), Place("docs/guide.md", 3, 6), Place("docs/guide.md", 4, 5)],
        "python": [Place("docs/guide.md", number, 5) for number in (2, 3, 4)],
    }

    for language, places in expected.items():
        where = lines_of(code, page, 1, language)
        assert places == [where.ran(number, 5) for number in (1, 2, 3)]
    assert Place("docs/guide.md", 2, 5) == where.written(1, 5)


PAGE = "\n" * 97 + "```rust\nlet s = 1;\n# drop(s);\ns;\n```\n"
WHERE = lines_of("let s = 1;\n# drop(s);\ns;\n", PAGE, 98)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("docs/guide.md:99:5", "sample.rs:1:5", id="place"),
        pytest.param("docs/guide.md:100:7", "sample.rs:2:5", id="on a hidden line"),
        pytest.param("docs/guide.md:99", "sample.rs:1", id="line"),
        pytest.param("at docs/guide.md:99:5:", "at ./sample.rs:1:5:", id="in this folder"),
        pytest.param("panicked at docs/guide.md:101:1:\nx", "panicked at sample.rs:3:1:\nx", id="panic"),
        pytest.param("[docs/guide.md:99:1] s = 1", "[sample.rs:1:1] s = 1", id="dbg"),
        pytest.param("\x1b[0mdocs/guide.md:99:5", "\x1b[0msample.rs:1:5", id="coloured"),
        pytest.param("\x1b[90m(\x1b[39mdocs/guide.md:99:5", "\x1b[90m(\x1b[39msample.js:1:5", id="coloured by node"),
        pytest.param("{closure@docs/guide.md:99:5: 99:9}", "{closure@sample.rs:1:5: 1:9}", id="closure"),
        pytest.param('File "docs/guide.md", line 99, in f', 'File "sample.py", line 1, in f', id="Python"),
        pytest.param(
            'File "docs/guide.md"\x1b[0m, line \x1b[35m99\x1b[0m',
            'File "sample.py"\x1b[0m, line \x1b[35m1\x1b[0m',
            id="Python in colour",
        ),
        pytest.param("docs/guide.md:99: x: not found", "sample.sh: line 1: x: not found", id="bash"),
    ],
)
def test_places_in_a_text_become_places_of_the_page(expected: str, text: str) -> None:
    """Whoever names them: rustc, a panic, an interpreter."""
    assert expected == relocated(text, WHERE)


@pytest.mark.parametrize(
    "text",
    [
        "sample.rs:4:1",
        "sample.rs:0:1",
        "other/sample.rs:1:5",
        "my-sample.rs:1:5",
        "sample.rs:1:5:7",
        "sample.rs",
        "1 | let s = 1;",
        "\n\n",
        "",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    """A line that is not there, another file, what only looks like a row of source."""
    assert text == relocated(text, WHERE)


def test_without_a_page_the_sample_is_named() -> None:
    """A fence that is included as a whole has no line on the page."""
    text = " --> sample.rs:1:5\n  |\n1 | let s = 1;\n"

    assert text == relocated(text, lines_of(CODE, '--8<-- "x"\n', 1))


MESSAGE = """\
    error[E0382]: use of moved value: `s`
     --> sample.rs:3:1
      |
    1 | let s = 1;
      |     - move occurs here
    2 | drop(s);
      |      - value moved here
    ...
    3 | s;
      | ^ value used here, in `sample.rs:3:1`
      |
      = note: first line
              second line
    note: required by this
     --> library/core/src/mem.rs:5:7
      |
    5 |     pub fn
      |     ^^^^^^
    help: consider cloning
      |
    2 | drop(s.clone());
      |       ++++++++

    error: another
     --> sample.rs:9:1
      |
    9 | }
      |

    1 | no row
"""
ON_THE_PAGE = """\
    error[E0382]: use of moved value: `s`
       --> docs/guide.md:101:1
        |
     99 | let s = 1;
        |     - move occurs here
    100 | drop(s);
        |      - value moved here
    ...
    101 | s;
        | ^ value used here, in `docs/guide.md:101:1`
        |
        = note: first line
                second line
    note: required by this
       --> library/core/src/mem.rs:5:7
        |
      5 |     pub fn
        |     ^^^^^^
    help: consider cloning
        |
    100 | drop(s.clone());
        |       ++++++++

    error: another
     --> sample.rs:9:1
      |
    9 | }
      |

    1 | no row
"""


def test_a_message_of_rustc_is_aligned_anew() -> None:
    """Numbers of rows are those of the page, rows of other files keep theirs, and everything stays under each other."""
    assert dedent(ON_THE_PAGE) == relocated(dedent(MESSAGE), WHERE)


def test_numbers_that_are_flush_left_stay_so() -> None:
    """As older compilers write them."""
    text = "  --> sample.rs:3:1\n   |\n3  | s;\n10 | x\n...  |\n   | ^"
    expected = "   --> docs/guide.md:101:1\n    |\n101 | s;\n10  | x\n...   |\n    | ^"

    assert expected == relocated(text, WHERE)


def test_messages_of_gcc_are_rewritten_too() -> None:
    """They have no arrow, and room for large numbers."""
    text = (
        "sample.c: In function 'f':\nsample.c:3:1: error: no\n    3 | s;\n      | ^\nsample.c:1:5: note: x\n    1 | let"
    )
    expected = (
        "sample.c: In function 'f':\ndocs/guide.md:101:1: error: no\n  101 | s;\n      | ^\n"
        "docs/guide.md:99:5: note: x\n   99 | let"
    )

    assert expected == relocated(text, WHERE)


def test_colours_are_kept() -> None:
    """All escape sequences, in their order."""
    bold, off = "\x1b[1m\x1b[94m", "\x1b[0m"
    text = f"{bold} --> {off}sample.rs:1:5\n  {bold}|{off}\n{bold}1{off} {bold}|{off} let s = 1;\n"
    expected = f" {bold} --> {off}docs/guide.md:99:5\n   {bold}|{off}\n{bold}99{off}{bold} |{off} let s = 1;\n"

    assert expected == relocated(text, WHERE)


def test_related_places_are_named_as_rustc_does() -> None:
    """With what is said of them, if anything is."""
    expected = "  ::: docs/guide.md:99:5: moved here\n  ::: docs/guide.md:101\n"

    assert expected == secondary([(Place("docs/guide.md", 99, 5), "moved here"), (Place("docs/guide.md", 101), "")])


@pytest.mark.parametrize("line", [" " * 200_000 + "x", "1" * 200_000, "\x1b[1m" * 50_000, "sample.rs:" * 20_000])
def test_hostile_text_takes_no_time(line: str) -> None:
    """Nothing is quadratic in the length of a line."""
    start = time.process_time()
    relocated(f" --> sample.rs:1:5\n{line}\n", WHERE)

    assert time.process_time() - start < 5


RUSTC = """\
error[E0425]: cannot find value `b`
  --> sample.rs:12:5
   |
2  | use std::fs;
   | ----------- here
12 | let a = b;
   |         ^ not found
   |
help: try
   |
12 | let a = c;
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            RUSTC,
            RUSTC.replace("12:5", "10:5").replace("12 |", "10 |"),
            id="rustc",
        ),
        pytest.param(
            'File "sample.py", line 12, in f\nFile "sample.py", line 2, in g',
            'File "sample.py", line 10, in f\nFile "sample.py", line 2 (hidden), in g',
            id="a traceback",
        ),
        pytest.param("sample.sh: line 12: x: not found", "sample.sh: line 10: x: not found", id="a shell"),
        pytest.param(
            "panicked at sample.rs:12:3:\nno\n[sample.rs:3:1] x = 1",
            "panicked at sample.rs:10:3:\nno\n[sample.rs:1:1] x = 1",
            id="a panic",
        ),
        pytest.param("{closure@sample.rs:12:3: 13:4}", "{closure@sample.rs:10:3: 11:4}", id="a region"),
        pytest.param("sample.rs:2:1: why", "sample.rs:2:1 (hidden): why", id="a hidden line"),
        pytest.param("sample.rs:99:1 example.rs:12:1 12 | x", "sample.rs:99:1 example.rs:12:1 12 | x", id="others"),
    ],
)
def test_readers_are_told_of_lines_that_they_see(text: str, expected: str) -> None:
    """By the number that stands beside the line; what is not shown is said to be hidden."""
    code = "\n".join(["# x"] * 2 + ["y"] * 11)
    sample = Sample(location=Location("a.md", 1), language="rust", code=code, expectation=Succeeds())

    assert expected == relocated(text, shown_map(sample, lambda: {line: line - 2 for line in range(3, 15)}))


@pytest.mark.parametrize("numbers", [{}, {1: 1, 2: 2}], ids=["not known", "the same"])
def test_numbers_that_need_no_change(numbers: dict[int, int]) -> None:
    """Nothing is touched."""
    sample = Sample(location=Location("a.md", 1), language="python", code="x", expectation=Succeeds())
    assert RUSTC + "sample.py:1:1" == relocated(RUSTC + "sample.py:1:1", shown_map(sample, lambda: numbers))


def test_what_names_no_line_is_not_looked_into() -> None:
    """Most output names no place: where lines are shown is found out for that which does, once."""
    sample = Sample(location=Location("a.md", 1), language="rust", code="a\nb", expectation=Succeeds())
    asked: list[int] = []

    def numbered() -> dict[int, int]:
        asked.append(1)
        return {1: 5, 2: 6}

    where = shown_map(sample, numbered)
    for text in ("", "hello\nworld 1:2\n", "error: x\n 3 | a", "\x1b[31mred\x1b[0m"):
        assert text == relocated(text, where)
    assert [] == asked
    assert "sample.rs:5:1" == relocated("sample.rs:1:1", where)
    assert "sample.rs:6:1" == relocated("sample.rs:2:1", where)
    assert [1] == asked
