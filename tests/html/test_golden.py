"""What real compilers and interpreters write, and how it looks on a page.

The inputs in `golden/*.txt` are what the tools wrote to a pipe, byte for byte, for small programs with mistakes that
lay in the working directory:

- `rustc`: rustc 1.95.0, `--color always`; `rustc-narrow`: with `--diagnostic-width 60 -Z terminal-urls=yes`
- `cargo`: `cargo build --color always`; `cargo-progress`: with `CARGO_TERM_PROGRESS_WHEN=always`
- `gcc`: 12.2.0, `-Wall -fdiagnostics-color=always -fdiagnostics-urls=always`
- `clang`: 14.0.6, `-Wall -fcolor-diagnostics -fansi-escape-codes`
- `node`: 20.20.2, `FORCE_COLOR=1`
- `go-build`, `go-panic`: go 1.26.8, which has no colours

Each `golden/*.html` was written by `to_html`, and then read before it was kept.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from mkdocs_codeexec.html.ansi import plain, to_html

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_real_output(name: str) -> None:
    """Every byte of the page is as it was approved."""
    text = (GOLDEN / f"{name}.txt").read_bytes().decode()

    assert (GOLDEN / f"{name}.html").read_bytes().decode() == to_html(text)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"cargo-progress"}))
def test_nothing_is_lost_of_real_output(name: str) -> None:
    """Where nothing is overwritten, the text is the input without its escape sequences."""
    text = (GOLDEN / f"{name}.txt").read_bytes().decode()
    written = re.sub("\x1b\\[[0-9;]*[mK]|\x1b]8;;[^\x07\x1b]*(?:\x07|\x1b\\\\)", "", text)

    assert written == plain(text)
    assert written == unescape(re.sub("<[^>]*>", "", to_html(text)))


def test_the_tools_are_all_there() -> None:
    """A golden file that is missing compares to nothing."""
    assert {"rustc", "rustc-narrow", "cargo", "cargo-progress", "gcc", "clang", "node", "go-build", "go-panic"} == set(
        NAMES
    )
