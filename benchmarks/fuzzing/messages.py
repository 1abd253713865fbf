"""What rustc writes: read, told of, stored and shown, whatever it says. Macros of a stranger may say anything, as JSON too."""

from __future__ import annotations

from pathlib import Path

from fuzzing import real
from fuzzing.mutators import lines_of_json, spliced, words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.codec import from_json, to_json
from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.core.outcome import LAST, Exited, Outcome, StepResult
from mkdocs_codeexec.languages.rust.batch.merged import merge, sort
from mkdocs_codeexec.languages.rust.messages.backtrace import cut
from mkdocs_codeexec.languages.rust.messages.diagnostics import translate
from mkdocs_codeexec.languages.rust.messages.index import linked
from mkdocs_codeexec.languages.rust.messages.normal import RULES, portable
from mkdocs_codeexec.languages.rust.messages.notes import without_notes
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.languages.rust.messages.restore import restore
from mkdocs_codeexec.languages.rust.source.prepare import FILE, preamble, prepare

_PREPARED = prepare('let x: u8 = 300;\nprintln!("{x}");\n', preamble("#![allow(dead_code)]\nuse std::fmt;"))
_CRATE = merge([{FILE: "fn main() {}"}, {FILE: "fn main() { 1 }"}])
_FOLDERS = [("/tmp/scratch", ""), ("/work/site", "site")]


def law(data: bytes) -> None:
    said = data.decode("utf-8", "replace")
    step = translate(StepResult(kind="build", stdout="", stderr=said, ended=Exited(1)))
    check(
        len(step.diagnostics) <= said.count("\n") + 1 + sum(map(said.count, "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")),
        "a line is one message at most",
    )
    check(len(step.stderr) <= len(said), "the text is bounded by the input")
    for found in step.diagnostics:
        for span in found.spans:
            numbers = (span.line, span.column, span.end_line, span.end_column)
            check(all(1 <= number <= LAST for number in numbers), "places are ones that can be")
    outcome = Outcome(language="rust", steps=(step,), toolchain="rustc 1", sandbox="off")
    check(from_json(to_json(outcome)) == outcome, "what is stored is what was")
    whose = sort(said, _CRATE)
    check(whose.errors | whose.warned <= {0, 1}, "messages belong to samples that there are")
    moved = portable(step, _FOLDERS, "/work/target")
    check(len(moved.diagnostics) == len(step.diagnostics), "no message is lost")
    text = restore(_PREPARED, cut(step.stderr))
    check(len(text) <= len(step.stderr) + 20 * (step.stderr.count("sample.rs") + 1), "restored text is bounded")
    text = without_notes(normalize(text, RULES))
    check(linked(text).count("\n") == text.count("\n"), "links are made in lines")
    for fault in panics(text):
        check(0 <= fault.line <= LAST and 0 <= fault.column <= LAST, "panics have places that can be")


def seeds(folder: Path) -> list[bytes]:
    said = [text.encode() for _, text in real.messages(folder)]
    _SEEDS[:] = [line for text in said for line in text.splitlines(keepends=True)]
    panic = (
        b"\nthread 'main' (7) panicked at sample.rs:2:5:\nboom\nstack backtrace:\n   0: std::panicking::begin_panic\n"
        b"             at /rustc/0123456789012345678901234567890123456789/library/std/src/panicking.rs:1:2\n   1: sample::main\n"
        b"             at ./sample.rs:2:5\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n"
    )
    torn = [text[: len(text) // 2] + b"\n... 7 bytes omitted ...\n" + text[-400:] for text in said[:2]]
    return [*(text for text in (*said, *_SEEDS) if len(text) < 12_000), *torn, panic]


_SEEDS: list[bytes] = []
_WORDS = (
    *(
        '{"$message_type":"diagnostic","message":"',
        '"rendered":"',
        '"spans":[',
        '"file_name":"sample.rs"',
        '"expansion":{"span":{',
    ),
    *(
        "linking with `cc` failed: ",
        "linking with ",
        "exit status: 127",
        "ld: ",
        "collect2 ",
        "terminated with signal 9",
        "No space left on device",
    ),
    *(
        "linker `cc` not found",
        "could not exec the linker `",
        "cannot find 'ld'",
        "internal compiler error",
        "aborting due to 2 previous errors",
    ),
    *(
        "error[E0382]: x\n --> sample.rs:1:1\n",
        "   | ",
        " 1 | ",
        "\n",
        "\r",
        "\u2028",
        "\x1b[0m",
        "\x1b[1m",
        "sample.rs:1:25",
        "fn main() {",
        "help: ",
        "note: ",
    ),
    *(
        "panicked at sample.rs:1:2:\n",
        "panicked at 'x', sample.rs:9:9",
        "stack backtrace:\n",
        "   0: a\n",
        "             at ./sample.rs:1:2\n",
    ),
    *(
        "thread 'main' (1) ",
        "/tmp/scratch/",
        "file:///work/site/",
        "/work/target/debug/build/a-0123456789abcdef/out",
        "sample.long-type-1.txt",
    ),
    *(
        "\\u0000",
        "\\ud800",
        "é",
        "/lib/rustlib/src/rust/library/",
        "/git/checkouts/a-0123456789abcdef/0123456/",
        "; finished in 0.1s",
        " a",
    ),
)
TARGET = Target(seeds, spliced(lines_of_json(words(*_WORDS)), lambda: _SEEDS), law)
