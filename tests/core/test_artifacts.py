"""Which files that a sample has left are meant by a pattern."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.artifacts import found, matches, missing
from mkdocs_codeexec.core.blobs import Blob


@pytest.mark.parametrize(
    ("pattern", "meant", "others"),
    [
        ("plot.svg", ["plot.svg"], ["plot-svg", "a/plot.svg", "plot.svg.gz"]),
        ("*.csv", ["a.csv", ".csv"], ["out/a.csv", "a.csv/b"]),
        ("out/*.csv", ["out/a.csv"], ["out/b/a.csv", "a.csv"]),
        ("**/*.csv", ["a.csv", "out/b/a.csv"], ["a.png"]),
        ("out/**", ["out/a", "out/b/c"], ["out", "other/a"]),
        ("plot-?.png", ["plot-1.png"], ["plot-12.png", "plot-/.png"]),
        ("plot-[0-9].png", ["plot-1.png"], ["plot-a.png"]),
        ("plot-[!0-9].png", ["plot-a.png"], ["plot-1.png", "plot-/.png"]),
        ("[]", ["[]"], ["a"]),
        ("a[z-a]", ["a[z-a]"], ["az"]),
    ],
)
def test_patterns(pattern: str, meant: list[str], others: list[str]) -> None:
    assert meant == [path for path in (*meant, *others) if matches(path, [pattern])]


@given(st.text("ab/*?[]!-^.", max_size=10), st.text("ab/.", max_size=10))
def test_any_pattern_is_one(pattern: str, path: str) -> None:
    """Whatever somebody writes is taken for something; a name means itself."""
    assert matches(path, [pattern]) in (True, False)
    if not set(pattern) & set("*?["):
        assert matches(pattern, [pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("**/a/" * 30 + "**/c", "a/" * 90 + "b"), ("*a" * 40 + "b", "a" * 200), ("**" * 40 + "b", "a/" * 100)],
)
def test_patterns_with_many_ways_take_no_time(pattern: str, path: str) -> None:
    begun = time.process_time()
    assert not matches(path, [pattern])
    assert time.process_time() - begun < 1


@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=8))
def test_patterns_mean_what_the_expression_means(pattern: str, path: str) -> None:
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(meaning.get(part, part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern))
    assert matches(path, [pattern]) is bool(re.fullmatch(expression, path))


def test_files_come_in_the_order_of_the_patterns_each_once() -> None:
    left = [Blob(path, "0" * 64, 1) for path in ("a.csv", "b.csv", "plot.svg")]

    assert ["plot.svg", "b.csv", "a.csv"] == [blob.path for blob in found(left, ["plot.svg", "b*", "*.csv"])]
    assert ["x*"] == missing(left, ["*.svg", "x*"])
