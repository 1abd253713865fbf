"""Rust, as an author or a stranger writes it: its tokens, its outline, what is compiled of it, and its structure."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from fuzzing import real
from fuzzing.mutators import spliced, words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.hidden import runnable, visible
from mkdocs_codeexec.languages.rust.batch.merged import merge
from mkdocs_codeexec.languages.rust.batch.sharing import sharing
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable, one_line, tokens
from mkdocs_codeexec.languages.rust.source.outline import outline
from mkdocs_codeexec.languages.rust.source.prepare import FILE, of_preamble, original, preamble, prepare
from mkdocs_codeexec.languages.rust.source.structure import structure

_SPACE = re.compile(r"[\s\u200e\u200f]*")
_LINE = re.compile(r"//[^\n]*")
_MARK = re.compile(r"/\*|\*/")


def is_gap(text: str) -> bool:
    """Tell whether `text` is nothing but space and comments that are no documentation, read without a lexer."""
    at = 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return True
        if found := _LINE.match(text, at):
            at = found.end()
        elif text.startswith("/*", at):
            depth = 0
            for mark in _MARK.finditer(text, at):
                depth += 1 if mark[0] == "/*" else -1
                at = mark.end()
                if depth == 0:
                    break
            if depth:
                return False
        else:
            return False


def law(data: bytes) -> None:
    code = data.decode("utf-8", "replace")
    _hidden(code)
    before = preamble("use std::fmt;")
    prepared = prepare(code, before)
    check(prepared.code.count("\n") - code.count("\n") in (0, 1, 2), "no line of the author's is moved")
    check(len(prepared.code) <= 2 * len(code) + 400, "what is compiled is bounded by the input")
    for line in (1, 2, prepared.lines, prepared.lines + 7, 10**9):
        for column in (1, 9, 10**9):
            there = original(prepared, line, column)
            check(1 <= there[0] <= max(line, 1) and 1 <= there[1] <= column, "a place is one of the author's")
            of_preamble(prepared, line, column)
    sharing(prepared.code, {"serde"})
    structure(prepared.code)
    merge([{FILE: prepared.code}, {FILE: code}])
    try:
        stream = tokens(code)
    except Unlexable as error:
        check(len(str(error)) < 100, "a refusal is short")
        return
    check(all(code[token.start : token.end] == token.text for token in stream), "a token stands where it says")
    ends = [0, *(token.end for token in stream)]
    starts = [*(token.start for token in stream), len(code)]
    check(all(end <= start for end, start in zip(ends, starts, strict=True)), "tokens stand in order")
    gaps = (code[end:start] for end, start in zip(ends, starts, strict=True))
    check(all(map(is_gap, gaps)), "between tokens is space and comment, and nothing else")
    line = one_line(code)
    check("\n" not in line and len(line) <= 2 * len(code) + 10, "one line is one line")
    check(
        [t.kind for t in tokens(line)] == [t.kind for t in stream if t.kind not in ("inner", "outer")],
        "and the same tokens",
    )
    found = outline(code)
    spans = [*found.attributes, *found.crates, *found.surplus]
    check(all(0 <= start <= end <= len(code) for start, end in spans), "what is found is in the source")
    check(all(a[1] <= b[0] for a, b in itertools.pairwise(sorted(spans))), "and nothing of it twice")
    check(0 <= found.body <= len(code), "a body begins in the source")


def _hidden(code: str) -> None:
    run, shown = runnable(code), visible(code)
    check(run.count("\n") == code.count("\n"), "what runs has the author's lines")
    check(shown.count("\n") <= code.count("\n") and len(shown) <= len(code), "what is shown is part of it")


def seeds(folder: Path) -> list[bytes]:
    del folder
    pages = [page.read_text("utf-8") for page in (real.ROOT / "benchmarks" / "templates").glob("*.md")]
    code = [
        found for page in pages for found in re.findall(r"^```rust[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ]
    _SEEDS[:] = [sample.encode() for sample in (*real.samples(), *code) if len(sample) < 4000]
    return _SEEDS


_SEEDS: list[bytes] = []
_WORDS = (
    *(
        '"',
        "'",
        'r#"',
        '"#',
        'br##"',
        'cr"',
        "b'",
        "\\",
        "\\u{1F600}",
        "/*",
        "*/",
        "//",
        "///",
        "//!",
        "/**",
        "/*!",
        "#![",
        "#[",
        "]",
        "#!",
        "# ",
        "##",
        "\n# ",
    ),
    *(
        "(",
        ")",
        "{",
        "}",
        "[",
        "fn main() {",
        "extern crate a;",
        "use ",
        "mod ",
        "impl ",
        "macro_rules! m {",
        "pub(crate) ",
        "unsafe ",
        "const ",
        "async ",
    ),
    *(
        "Ok::<(), ()>(())",
        "(())",
        "…",
        "!",
        ";",
        "::",
        "<",
        ">",
        "'a",
        "1e-5",
        "0x",
        "..",
        "\t",
        "\r\n",
        "\r",
        "\u200e",
        "\u00a0",
        "é",
        "漢",
        "\x00",
        "\x1c",
    ),
    *(
        "#!/bin/sh\n",
        "#![no_std]",
        'concat!(env!("CARGO_MANIFEST_DIR"), "/x")',
        "for ",
        "where ",
        "super::",
        "r#fn",
        "$x",
        "union ",
        "auto trait ",
    ),
)
TARGET = Target(seeds, spliced(words(*_WORDS), lambda: _SEEDS), law, longest=16 * 1024)
