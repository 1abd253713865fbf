from __future__ import annotations

from pathlib import Path

import pytest

from mkdocs_codeexec.core.normalize import anonymous, normalize, relative, without_folder
from mkdocs_codeexec.core.outcome import Diagnostic, Exited, Span, StepResult
from mkdocs_codeexec.languages.rust.messages.normal import RULES, portable

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thread 'main' (16340) panicked at sample.rs:1:1:", "thread 'main' panicked at sample.rs:1:1:"),
        ("a\n\nthread '<unnamed>' (7) panicked at x", "a\n\nthread '<unnamed>' panicked at x"),
        ("thread 'main' (7) has overflowed its stack", "thread 'main' has overflowed its stack"),
        ("my thread 'main' (7) panicked at x", "my thread 'main' (7) panicked at x"),
        ("thread 'main' (7) finished", "thread 'main' (7) finished"),
        (
            "test result: ok. 1 passed; 0 failed; finished in 1.23s\n",
            "test result: ok. 1 passed; 0 failed; finished in 0.00s\n",
        ),
        ("the test; finished in 1.23s", "the test; finished in 1.23s"),
        (
            "--> /home/u/.cargo/registry/src/index.crates.io-1949/serde-1.0/src/lib.rs:1:2",
            "--> serde-1.0/src/lib.rs:1:2",
        ),
        ("\x1b[0m/root/.cargo/registry/src/index.crates.io-1/a-1/b.rs", "\x1b[0ma-1/b.rs"),
        ("/h/.cargo/git/checkouts/mylib-0123456789abcdef/1234567/src/lib.rs", "mylib/src/lib.rs"),
        (f"at /rustc/{HASH}/library/core/src/panicking.rs:80:14", "at library/core/src/panicking.rs:80:14"),
        ("/h/.rustup/toolchains/x/lib/rustlib/src/rust/library/core/src/a.rs", "library/core/src/a.rs"),
        ("'sample.long-type-123456.txt'", "'sample.long-type.txt'"),
        ("/usr/bin /rustc/x/library/ plain", "/usr/bin /rustc/x/library/ plain"),
    ],
)
def test_what_tells_of_a_run_or_a_machine_goes(text: str, expected: str) -> None:
    """Each rule takes out one thing and leaves what looks like it."""
    assert expected == normalize(text, RULES)


@pytest.mark.parametrize(
    ("text", "put", "expected"),
    [
        ("/s/ab/sample.py:1", "", "sample.py:1"),
        ('File "/s/ab/sample.py"', "", 'File "sample.py"'),
        ("in /s/ab", "", "in ."),
        ("/s/abc/x /x/s/ab/y", "", "/s/abc/x /x/s/ab/y"),
        *(
            (f"{colour}/s/ab/x", "", f"{colour}x")
            for colour in ("\x1b[0m", "\x1b[m", "\x1b[35m", "\x1b[1;35m", "\x1b[K")
        ),
        ("/s/ab/src/lib.rs", "mylib", "mylib/src/lib.rs"),
        (r"/s/ab/x", r"\1", r"\1/x"),
    ],
)
def test_files_in_a_folder_become_relative(text: str, put: str, expected: str) -> None:
    """Only whole elements of a path count."""
    assert expected == without_folder(text, "/s/ab", put)


@pytest.mark.parametrize("folder", ["/", "relative", ""])
def test_no_folder_is_no_change(folder: str) -> None:
    """The root and what is no absolute path are left alone."""
    assert "/a/relative/b" == without_folder("/a/relative/b", folder)


def test_results_lose_the_name_of_their_directory() -> None:
    """In both streams and in what the compiler reported."""
    told = Diagnostic(level="error", code="", message="in /s/a", rendered="/s/a/x")
    result = StepResult(kind="build", stdout="/s/a/x", stderr="/s/a/y", ended=Exited(0), diagnostics=(told,))

    found = relative(result, str(Path("/s/a")))

    assert ("x", "y") == (found.stdout, found.stderr)
    assert [(".", "x")] == [(d.message.removeprefix("in "), d.rendered) for d in found.diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HOME=/t/x/a/home", "HOME=$HOME"),
        ("/t/x/a/home/.config:/t/x/a/tmp/y", "$HOME/.config:$TMPDIR/y"),
        ("-L/t/x/a/work/lib", "-L./lib"),
        ("at file:///t/x/a/work/sample.mjs:1", "at ./sample.mjs:1"),
        ("/t/x/a /t/x/a/other", ".. ../other"),
        ("/t/x/lock", "../../lock"),
        ("/t/x/a/homes /t/xy", "../homes /t/xy"),
    ],
)
def test_folders_of_a_run_have_names_that_stay(text: str, expected: str) -> None:
    """Wherever they stand, the innermost first; other folders whose names begin so are left alone."""
    names = (
        ("/t/x/a/work", "."),
        ("/t/x/a/home", "$HOME"),
        ("/t/x/a/tmp", "$TMPDIR"),
        ("/t/x/a", ".."),
        ("/t/x", "../.."),
    )
    told = Diagnostic(level="error", code="", message=text, rendered=text)
    result = StepResult(kind="run", stdout=text, stderr=text, ended=Exited(0), diagnostics=(told,))

    found = anonymous(result, names)

    assert (expected, expected) == (found.stdout, found.stderr)
    assert [(expected, expected)] == [(one.message, one.rendered) for one in found.diagnostics]


FOLDERS = [("/h/site/boom", "boom-kit"), ("/h/site", ""), ("/h", "boom-kit/../..")]
PORTABLE = [
    ("at /h/site/boom/src/lib.rs:1:2", "at boom-kit/src/lib.rs:1:2"),
    ("\x1b[0m/h/site/boom/src/lib.rs", "\x1b[0mboom-kit/src/lib.rs"),
    ('CARGO_MANIFEST_DIR="/h/site/boom"', 'CARGO_MANIFEST_DIR="boom-kit"'),
    ("/h/site/boomer/a /h/site/docs/a /h/a /h2/a", "boomer/a docs/a boom-kit/../../a /h2/a"),
    ("/x/h/site/boom/a", "/x/h/site/boom/a"),
    ("path+file:///h/site/boom#1.0 file:///h/site/boom/a", "boom-kit#1.0 boom-kit/a"),
    ("/e/target/debug/build/boom-kit-0123456789abcdef/out/made.rs:1:2", "boom-kit/out/made.rs:1:2"),
    ("/e/target/x86_64-unknown-linux-gnu/debug/build/a-0123456789abcdef/out", "a/out"),
    ("/e/target/debug/deps/liba.rlib", "target/debug/deps/liba.rlib"),
    ("/h/site/c/registry/src/index-1/serde-1.0/src/lib.rs", "serde-1.0/src/lib.rs"),
]


@pytest.mark.parametrize(("text", "expected"), PORTABLE)
def test_folders_of_a_machine_are_called_the_same_on_all(text: str, expected: str) -> None:
    """By the innermost that has a name, in every stream, in messages and in their places."""
    span = Span(file=text, line=1, column=1, end_line=1, end_column=2, primary=True, label=text)
    told = Diagnostic(level="error", code="", message=text, rendered=text, spans=(span,))
    result = StepResult(kind="run", stdout=text, stderr=text, ended=Exited(1), diagnostics=(told,))

    found = portable(result, FOLDERS, "/e/target")

    (message,) = found.diagnostics
    (place,) = message.spans
    assert {expected} == {found.stdout, found.stderr, message.message, message.rendered, place.file, place.label}
