"""Structures: equal exactly where rustc sees the same program, and none where the program can tell the difference."""

from __future__ import annotations

import random
import sys
import timeit
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.outcome import Diagnostic, Exited, Outcome, Signaled, StepResult
from mkdocs_codeexec.languages.rust.source.layout import BLIND, Crates, crates_of
from mkdocs_codeexec.languages.rust.source.lexer import tokens
from mkdocs_codeexec.languages.rust.source.structure import layout_free, structure, structured

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KNOWN = Crates(blind=frozenset(BLIND))


# --- What a structure is ----------------------------------------------------------------------------------------------

EQUAL = [
    ("fn main() {}", "fn main()\n{\n}\n"),
    ("fn main() {}", "// a\nfn /* b */ main(/***/) { //// c\n}\n/* /* d */ \" ' */"),
    ("let a = 1;", "let\ta\r\n=\r\n1 ;"),
    ("a + b", "a+b"),
    ("x = -1", "x=-1"),
    ("x: &str", "x:&str"),
    ("f(&[1, 2])?;", "f( & [ 1,2 ] ) ?\n;"),
    ("Vec<u8>", "Vec < u8 >"),
    ("1 ..2", "1.. 2"),
    ("1.max(2)", "1 . max(2)"),
    ("fn f<'a>(a: &'a str)", "fn f < 'a > (a : & 'a str)"),
    ("#[derive(Debug)] struct A;", "# [derive(Debug)]\nstruct A ;"),
    ("if !(a) {}", "if ! (a){}"),
    ('println!("a")', 'println ! (\n"a"\n)'),
    ("/// a\nfn f() {}", "\n\n   /// a\n // b\n fn f() {}"),
    ("a // é ¿ 漢\nb", "a b"),
]  # fmt: skip
DIFFERENT = [
    ("a && b", "a & & b"),
    ("a &/**/&b", "a && b"),
    ("x >> 1", "x > > 1"),
    ("x <- 1", "x < -1"),
    ("x..=1", "x.. =1"),
    ("x...y", "x.. .y"),
    ("a == b", "a = = b"),
    ("|| 1", "| | 1"),
    ("a::b", "a: :b"),
    ("--x", "- -x"),
    ("a // b", "a / / b"),
    ("#![allow(a)]", "# ![allow(a)]"),
    ("1e-5", "1e - 5"),
    ("1e+5", "1e +5"),
    ("1.", "1 ."),
    ("1. 0", "1.0"),
    ("1 .0", "1.0"),
    ("x.0.1", "x.0 .1"),
    ("1u8", "1 u8"),
    ("r#if", "r # if"),
    ("a#[inline]", "a #[inline]"),
    ('b"a"', 'b "a"'),
    ('r#"a"#', 'r #"a"#'),
    ('"a"b', '"a" b'),
    ("'ab'c", "'ab 'c"),
    ("'a'", "'a '"),
    ('"a  b"', '"a b"'),
    ('"a\n  b"', '"a\n b"'),
    ('"a \\\n  b"', '"a \\\n b"'),
    ('r"a // b"', 'r"a // c"'),
    ("'/'", "'*'"),
    ("/// a\nfn f() {}", "/// b\nfn f() {}"),
    ("/// a\nfn f() {}", "// a\nfn f() {}"),
    ("/// a\nfn f() {}", "/** a*/\nfn f() {}"),
    ('/// a\n#[doc = "b"] fn f() {}', '#[doc = "b"] /// a\nfn f() {}'),
    ("//! a\nfn f() {}", "fn f() {}"),
    ("/**/ fn f() {}", "/***a*/ /** */ fn f() {}"),
    ("f(a, b)", "f(a b)"),
    ("f(a, b)", "f(a, b,)"),
    ("ab", "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_comments_and_formatting_leave_the_structure(one: str, other: str) -> None:
    """What rustc skips is not in it."""
    assert None is not structure(one)
    assert structure(one) == structure(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_everything_else_changes_it(one: str, other: str) -> None:
    """Every token counts, documentation too, and so does what is one token only if nothing stands in it."""
    assert one != other
    assert None is not structure(one)
    assert structure(one) != structure(other)


CODE = """
fn add(a: i32, b: i32) -> i32 { a + b }
fn main() { for x in 0..=3 { println!("{x} // {:?}", add(x, -1) >> 1 & 7); } let s = r#"a"#; let c = '\\''; }
"""
WORDS = [token.text for token in tokens(CODE)]
GAPS = st.text(" \t\n", min_size=1) | st.sampled_from(["/* a */", "// b\n", "//// c\n", "/***/", " /* /* \" */ ' */ "])


@settings(max_examples=50 * TIMES, deadline=None)
@given(st.lists(GAPS, min_size=len(WORDS), max_size=len(WORDS)))
def test_any_gap_may_hold_any_comment(gaps: list[str]) -> None:
    """What is put between tokens never changes the structure."""
    plain = " ".join(WORDS)
    changed = "".join(part for pair in zip(WORDS, gaps, strict=True) for part in pair)

    assert None is not structure(plain)
    assert structure(plain) == structure(changed)


@pytest.mark.parametrize(
    "code",
    [
        "fn main() {",
        'let a = "',
        "/* a",
        "#!/usr/bin/env rust-script\nfn main() {}",
        "#! [allow(unused)]",
        "\ufefffn main() {}",
        "a\u00a0b",
        "a\u2028b",
        "a\x1cb",
        "a\rb",
        "// \u202e\nfn main() {}",
        "/* \u2066 */ fn main() {}",
        "fn é() {}",
        "a·b",
        "let \u212a = 1;",
        'cr#"a" // b"#',
        "a#b",
        '#"a"#',
        "a ' b",
        "a \\ b",
        "a ` b",
    ],
)
def test_what_is_not_surely_the_same_tokens_for_rustc_has_none(code: str) -> None:
    """A line for the shell, space and letters beyond ASCII, and characters that rustc refuses even in comments."""
    assert None is structure(code)


# --- What can see layout ----------------------------------------------------------------------------------------------

SEEING = [
    "line!()",
    "std::column!()",
    "f(file! ())",
    "module_path![]",
    "let l = std::panic::Location::caller();",
    "use core::panic::{Location as L}; L::caller();",
    "#[track_caller] fn f() {}",
    "std::panic::set_hook(h);",
    "std::panic::r#set_hook(h);",
    "Backtrace::force_capture()",
    "fn f(e: E) { e.backtrace(); }",
    "unsafe { std::env::set_var(a, b) }",
    'f("RUST_BACKTRACE")',
    "stringify!(a)",
    "dbg!(1)",
    'include_str!("sample.rs")',
    '#[doc = include_str!("a.md")] struct A;',
    'env!("A")',
    'std::fs::read("sample.rs")',
    "use std::{fs as files};",
    'Path::new("sample.rs").metadata()',
    "use std::process::*; Command::new(a);",
    'extern "C" { fn open(); }',
    "extern crate other;",
    "use std::os::unix::fs::MetadataExt;",
    'std::arch::asm!("nop")',
    "unknown!(1)",
    "other::log!(1)",
    "use std::line as vec; vec![]",
    "macro_rules! m { ($n:ident) => { $n!() } }",
    "macro_rules! m { ($vec:ident) => { $vec!() } } m!(print)",
    "macro_rules! m { ($a:tt $b:tt) => { line $a $b } }",
    "macro_rules! m { ($($t:tt)*) => { $($t)* } } m!(line ! ())",
    "macro_rules! m { (#$a:tt) => { #$a } }",
    "macro_rules! m { ($(#[$a:meta])*) => { $(#[$a])* } }",
    "macro m() {}",
    "#[derive(Unknown)] struct A;",
    "#[derive(Debug, other::Debug)] struct A;",
    "#[derive(Serialize)] struct A;",
    "#[serde(default)] struct A;",
    "#[tokio::main] fn main() {}",
    "#[cfg_attr(all(), track)] fn f() {}",
    "#![feature(x)]",
    '#[path = "a.rs"] mod a;',
    "#[macro_use] mod a {}",
    'anyhow::ensure!(a, "b")',
    "anyhow::bail!(a)",
    "serde_json::json!({})",
]


@pytest.mark.parametrize("code", SEEING)
def test_what_may_see_its_layout_has_none(code: str) -> None:
    """Places, its own text, files, programs, and any macro, attribute or derive that is not known to be blind."""
    assert None is structure(code)


@pytest.mark.parametrize(
    "code",
    [
        "for line in file.lines() { let column = 1; env(line, column) }",
        "struct Location; Location::new()",
        "enum Command { Stop } Command::Stop; panic!()",
        "use std::process::ExitCode; std::process::exit(0)",
        "assert_eq!(a, b); assert!(c); debug_assert!(d); write!(f, g)?; matches!(a, Some(_)); vec![1; 3]; todo!()",
        "return !(a); if !(b) {} while !(c) {} match !(d) {} a != (b); a && !(b)",
        "macro_rules! m { ($($a:expr),* $(,)?) => { [$($a),*] } } m![1, 2]; crate::m!(1)",
        "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)] #[allow(dead_code)] #[must_use] struct A;",
        "#![allow(unused)] #[rustfmt::skip] #[clippy::a] #[cfg(test)] mod t { #[test] fn a() {} }",
        'const S: &str = concat!("a", 1);',
        'c"a" // b',
    ],
)
def test_what_is_blind_has_one(code: str) -> None:
    """Ordinary names that are macros elsewhere do not count, nor does a `!` that negates."""
    assert None is not structure(code)


OTHERS = Crates(blind=frozenset({"serde"}), others=frozenset({"mylib", "tokio"}))


@pytest.mark.parametrize(
    ("code", "blind"),
    [
        ("use serde::Serialize; #[derive(Serialize)] #[serde(default)] struct A;", True),
        ('#[serde(with = "mylib::here")] struct A;', False),
        ('#[serde(with = "alias::here")] struct A;', False),
        ("use std::fmt; impl fmt::Display for A {}", True),
        ("use std::fmt::{self, Debug}; fn f() -> fmt::Result { size_of::<u8>(); u8::MAX; Vec::new() }", True),
        ("mod shapes { pub fn f() {} } shapes::f(); self::shapes::f(); crate::f()", True),
        ("mylib::here()", False),
        ("use mylib::here; here()", False),
        ("use {mylib as m}; m::here()", False),
        ("use other_name::here; here()", False),
        ("use other_name;", False),
        ("use ::other_name::here;", False),
        ("use {other_name::here};", False),
        ("let a = ::other_name::here();", False),
        ("return::other_name::here()", False),
        ("other_name::here()", False),
        ("f(other_name::here())", False),
        ("macro_rules! m { ($a:ident) => { $a::here() } } m!(std)", False),
        ("macro_rules! m { ($A:ident) => { $A::here() } } m!(other_name)", False),
        ("mod a { pub mod mylib {} } mylib::here()", False),
        ("let a = b.parse::<i32>(); a.into_iter().collect::<Vec<_>>()", True),
        ("<A as Default>::default(); Vec::<u8>::new()", True),
    ],
)
def test_crates_that_are_not_known_are_not_named(code: str, blind: bool) -> None:
    """Any function of another crate may ask who called it; it may have another name in code than in the manifest."""
    assert blind == (structure(code, OTHERS) is not None)


def _lock(*names: str, source: str = "registry+https://github.com/rust-lang/crates.io-index") -> str:
    return "".join(f'[[package]]\nname = "{name}"\nversion = "1.0.0"\nsource = "{source}"\n\n' for name in names)


@pytest.mark.parametrize(
    ("manifest", "lock", "expected"),
    [
        ("[package]\nname = 'x'\n[profile.dev]\ndebug = 0\n", "", Crates()),
        ('[dependencies]\nanyhow = "1"', _lock("anyhow"), Crates(frozenset({"anyhow"}))),
        ('[dependencies.serde]\nversion = "1"\nfeatures = ["derive"]', _lock("serde"), Crates(frozenset({"serde"}))),
        ('[dependencies]\nmy-lib = "1"', _lock("my-lib"), Crates(others=frozenset({"my_lib"}))),
        ('[dependencies]\nserde.path = "../serde"', _lock("serde"), Crates(others=frozenset({"serde"}))),
        ('[dependencies]\nserde = {version = "1", package = "a"}', _lock("a"), Crates(others=frozenset({"serde"}))),
        ('[dependencies]\nserde = "1"', "", Crates(others=frozenset({"serde"}))),
        ('[dependencies]\nserde = "1"', _lock("serde", source="git+https://a"), Crates(others=frozenset({"serde"}))),
        ('[dependencies]\nserde = "1"\n[patch.crates-io]\nserde.path = "a"', _lock("serde"), None),
        ('[target."cfg(unix)".dependencies]\na = "1"', "", None),
        ("not TOML", "", None),
    ],
)
def test_crates_are_known_by_what_was_published(manifest: str, lock: str, expected: Crates | None) -> None:
    """A name alone says nothing: a crate may be patched, renamed, or come from a folder."""
    assert expected == crates_of(manifest, lock)


# --- Outcomes and Actions -------------------------------------------------------------------------------------------------

BUILD = StepResult(kind="build", stdout="", stderr="", ended=Exited(0))
RUN = StepResult(kind="run", stdout="hello\n", stderr="note\n", ended=Exited(0))
WARNING = Diagnostic("warning", "", "unused", "warning: unused")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((BUILD, RUN), True),
        ((BUILD,), True),
        ((), False),
        ((BUILD, replace(RUN, ended=Exited(1))), False),
        ((BUILD, replace(RUN, ended=Signaled(6))), False),
        ((replace(BUILD, ended=Exited(1)),), False),
        ((replace(BUILD, diagnostics=(WARNING,)), RUN), False),
        ((replace(BUILD, stderr="warning: x"), RUN), False),
        ((BUILD, replace(RUN, truncated=(1, 0))), False),
        ((BUILD, replace(RUN, stdout="at sample.rs\n")), False),
        ((BUILD, replace(RUN, stderr="thread 'main' (1) panicked at a:\n")), False),
        ((BUILD, replace(RUN, stdout="Stack backtrace:\n")), False),
        ((BUILD, replace(RUN, stdout="src/lib.rs:3\n")), False),
    ],
)
def test_only_what_speaks_of_no_place_is_free_of_layout(steps: tuple[StepResult, ...], expected: bool) -> None:
    """A success without messages, whose output is whole and names no file or panic."""
    assert expected == layout_free(Outcome(language="rust", steps=steps))


ACTION = Action(
    language="rust",
    files=(("sample.rs", "fn main() {}"),),
    steps=(Step(kind="run", argv=("./sample",), timeout=1.0, env=(("RUST_BACKTRACE", "0"),)),),
    inputs=(("environment.lock", ""), ("environment.manifest", "[package]\n")),
    toolchain="rustc 1.95",
)


def test_an_action_gets_its_structure() -> None:
    """Two Actions that differ in formatting share a structural key, and no other key."""
    one, other = structured(ACTION), structured(replace(ACTION, files=(("sample.rs", "fn main( ) { } // a"),)))

    assert None is not one.structural_key
    assert one.structural_key == other.structural_key
    assert one.key != other.key
    assert ACTION.key == one.key


@pytest.mark.parametrize(
    "changes",
    [
        {"files": (("sample.rs", "line!()"),)},
        {"files": (*ACTION.files, ("other.rs", ""))},
        {"inputs": (("environment.unknown", "x"),)},
        {"inputs": (("environment.manifest", "[patch]\n"),)},
        {"toolchain": 'rustc 1.95\ncargo configuration: ["--extern=a=b"]'},
        {"steps": (replace(ACTION.steps[0], env=(("RUST_BACKTRACE", "1"),)),)},
        {"steps": (replace(ACTION.steps[0], env=(("RUST_LIB_BACKTRACE", "full"),)),)},
    ],
)
def test_an_action_that_is_not_understood_gets_none(changes: dict[str, Any]) -> None:
    """Other files, an Environment with patches, crates from flags, and backtraces that were asked for."""
    action = replace(ACTION, **changes)

    assert None is structured(action).structure


def test_a_structure_costs_little() -> None:
    """A sample of forty lines takes less than a millisecond; here with a generous deadline."""
    code = CODE * 10

    assert min(timeit.repeat(lambda: structure.__wrapped__(code), number=10, repeat=5)) / 10 < 0.02


# --- By the real rustc --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def benchmark() -> Iterator[Any]:
    """The module, as it is run: from its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import structure

        yield structure
        del sys.modules["structure"], sys.modules["generate"]


def test_no_hit_is_stale(benchmark: Any, tmp_path: Path) -> None:
    """Of 15 samples, mutated, every mutant that the index answers prints what its original prints."""
    import generate

    samples = [sample.code for sample in generate.rust_samples(40) if not sample.crates and sample.has_main][:8]
    samples += [template.code for template in generate.templates("layout")[-7:]]
    rust = benchmark.Rust(tmp_path, crates=False)
    tally = benchmark.ask(samples, 5, structure, rust, random.Random(1))

    assert [] == tally.stale
    assert tally.eligible["layout"] == tally.hits["layout"] >= 15


def test_the_benchmark_can_find_stale_outcomes(benchmark: Any, tmp_path: Path) -> None:
    """An index over bare tokens returns some for samples that see their layout."""
    import generate

    samples = [template.code for template in generate.templates("layout")[:2]]
    rust = benchmark.Rust(tmp_path, crates=False)
    tally = benchmark.ask(samples, 4, benchmark.bare, rust, random.Random(1), any_outcome=True)

    assert tally.stale
