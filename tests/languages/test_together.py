"""Samples compiled as one crate: nobody can tell from the outcomes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from mkdocs_codeexec.core.expectation import FailsToBuild
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.sample import Given, Sample
from mkdocs_codeexec.languages.rust.batch import builder, merged
from mkdocs_codeexec.languages.rust.batch.batching import Candidate, group
from mkdocs_codeexec.languages.rust.batch.sharing import sharing
from mkdocs_codeexec.languages.rust.source.prepare import FILE

ALONE = {
    "its types' names": 'struct S; println!("{}", std::any::type_name::<S>());',
    "its types' ids": 'struct S; println!("{:?}", std::any::TypeId::of::<S>() == std::any::TypeId::of::<S>());',
    "its module": 'println!("{}", module_path!());',
    "its file": 'println!("{}", file!().len());',
    "its caller": 'println!("{}", std::panic::Location::caller());',
    "a tracked caller": '#[track_caller]\nfn f() { panic!("tracked") }\nfn main() { f() }',
    "a panic hook": 'std::panic::set_hook(Box::new(|i| println!("{:?}", i.location()))); panic!();',
    "a backtrace": 'println!("{}", std::backtrace::Backtrace::force_capture().to_string().contains("sample::"));',
    "the crate": 'mod a { pub fn f() { println!("a") } }\nfn main() { crate::a::f() }',
    "the crate of a macro": "macro_rules! m { () => { $crate::f() } }\nfn f() {}\nfn main() { m!() }",
    "an exported macro": '#[macro_export]\nmacro_rules! m { () => { println!("m") } }\nfn main() { m!() }',
    "its root": "use super::*;\nfn main() {}",
    "above its root": "mod a { use super::super::*; }\nfn main() {}",
    "an unmangled function": '#[unsafe(no_mangle)]\nfn same() { println!("1") }\nfn main() { same() }',
    "another one": '#[unsafe(no_mangle)]\nfn same() { println!("2") }\nfn main() { same() }',
    "its allocator": (
        "use std::alloc::{GlobalAlloc, Layout, System};\nuse std::sync::atomic::{AtomicBool, Ordering};\n"
        "static USED: AtomicBool = AtomicBool::new(false);\nstruct A;\n"
        "unsafe impl GlobalAlloc for A {\n"
        "    unsafe fn alloc(&self, l: Layout) -> *mut u8 { USED.store(true, Ordering::Relaxed); unsafe { System.alloc(l) } }\n"
        "    unsafe fn dealloc(&self, p: *mut u8, l: Layout) { unsafe { System.dealloc(p, l) } }\n}\n"
        '#[global_allocator]\nstatic G: A = A;\nfn main() { let _x = Box::new(1); println!("{}", USED.load(Ordering::Relaxed)); }'
    ),
    "an external crate": 'extern crate std as mystd;\nfn main() { mystd::println!("extern") }',
    "a foreign function": 'unsafe extern "C" { fn no_such_function_at_all(); }\nfn main() { unsafe { no_such_function_at_all() } }',
    "a foreign main": 'extern "C" fn main() { println!("C") }',
    "a tracked main": '#[track_caller]\nfn main() { println!("tracked") }',
    "a feature": "#![feature(never_type)]\nfn main() {}",
    "denied warnings": "#![deny(warnings)]\nfn main() { while true { break } }",
    "files beside it": 'println!("{}", include_str!("sample.rs").len());',
    "a variable of the compiler": 'println!("{:?}", option_env!("CARGO_PKG_NAME"));',
    "its program": (
        "use std::{env, process::Command};\n"
        'if env::args().count() > 1 { println!("child"); return; }\n'
        'let out = Command::new(env::current_exe().unwrap()).arg("x").output().unwrap();\n'
        'print!("{}", String::from_utf8(out.stdout).unwrap());'
    ),
    "its process": 'println!("{}", std::fs::read("/proc/self/cmdline").unwrap().len());',
    "a shebang": '#!/usr/bin/env rust\nfn main() { println!("shebang") }',
    "a bracket too few": 'fn main() { println!("x");',
    "assembler of its own": 'std::arch::global_asm!(".globl the_one", "the_one: ret"); fn main() {}',
    "assembler": 'unsafe { std::arch::asm!("nop") }; println!("asm");',
    "assembler that is none": 'unsafe { std::arch::asm!("no such instruction") }',
    "a signal": "unsafe { std::ptr::null_mut::<i32>().write_volatile(1) }",
    "an implementation in the way": (
        "#[derive(Debug)] struct L;\nimpl PartialEq<L> for i32 { fn eq(&self, _: &L) -> bool { true } }\n"
        'fn main() { println!("{}", 1 == L) }'
    ),
    "an unsafe main": "unsafe fn main() {}",
}
"""What could see a difference, and so is compiled alone."""

TOGETHER = {
    "a function for others": 'extern "C" fn f(x: i32) -> i32 { x + 1 }\nlet g: extern "C" fn(i32) -> i32 = f;\nprintln!("{}", g(1));',
    "statements": 'println!("hello");',
    "a program": 'fn main() { println!("main"); }',
    "a public main": 'pub fn main() { println!("pub"); }',
    "a constant main": "const fn main() {}",
    "an exit code": "use std::process::ExitCode;\nfn main() -> ExitCode { ExitCode::from(7) }",
    "any termination": "fn main() -> impl std::process::Termination { std::process::ExitCode::from(4) }",
    "no return": "fn main() -> ! { std::process::exit(5) }",
    "an error": 'fn main() -> Result<(), String> { Err("why".into()) }',
    "no error": "fn main() -> Result<(), String> { Ok(()) }",
    "question marks": 'let n: i32 = "12".parse()?;\nprintln!("{n}");\nOk::<(), std::num::ParseIntError>(())',
    "a failing question mark": 'let n: i32 = "x".parse()?;\nprintln!("{n}");\nOk::<(), std::num::ParseIntError>(())',
    "a panic": 'fn main() {\n    let v: Vec<i32> = vec![];\n    println!("{}", v[0]);\n}',
    "a panic of a thread": 'let t = std::thread::spawn(|| panic!("in it"));\nprintln!("{}", t.join().is_err());',
    "an overflow": 'let n: u8 = std::env::args().count() as u8;\nprintln!("{}", n - 2);',
    "an abort": 'println!("before"); std::process::abort();',
    "an exit": "std::process::exit(3);",
    "lines and columns": 'println!("{} {}", line!(), column!());',
    "debug output": "let x = dbg!(1 + 2);\ndbg!(x * 2);",
    "visibility": 'pub(crate) fn f() { println!("crate") }\nfn main() { f() }',
    "modules": 'mod a { pub mod b { pub fn f() -> i32 { super::g() } } fn g() -> i32 { 3 } }\nfn main() { println!("{}", a::b::f()) }',
    "tests": "pub fn add(a: i32) -> i32 { a }\n#[cfg(test)]\nmod tests { use super::*;\n #[test] fn t() { assert_eq!(add(1), 1) } }",
    "allowed lints": '#![allow(non_snake_case)]\nfn F() { println!("F") }\nfn main() { F() }',
    "documentation": '//! About it.\n\n/// Of main.\nfn main() { println!("doc") }',
    "a macro": 'macro_rules! m { ($e:expr) => { println!("{} = {}", stringify!($e), $e) } }\nm!(1 + 1);',
    "hiding `std`": 'mod std { pub fn f() -> i32 { 1 } }\nfn main() { println!("{}", self::std::f()) }',
    "hiding what is imported": "struct ExitCode; struct Termination; struct String; fn report() {}\nfn main() { report() }",
    "inference": 'println!("{}", 7 == "7".parse().unwrap());',
    "the same names": 'struct S(i32); trait T { fn f(&self) -> i32; } impl T for S { fn f(&self) -> i32 { self.0 } }\nfn main() { println!("{}", S(1).f()) }',
    "the same names again": 'struct S(i32); trait T { fn f(&self) -> i32; } impl T for S { fn f(&self) -> i32 { -self.0 } }\nfn main() { println!("{}", S(1).f()) }',
    "variables": 'println!("{} {}", std::env::vars().count(), std::env::vars().any(|(k, _)| k.contains("CODEEXEC")));',
    "arguments": 'println!("{:?}", std::env::args().collect::<Vec<_>>());',
    "its folder": 'let mut v: Vec<_> = std::fs::read_dir(".").unwrap().map(|e| e.unwrap().file_name()).collect(); v.sort(); println!("{v:?}");',
    "a warning": "while true { break }",
    "the same warning": "while true { break } // again",
    "two warnings": "fn Main() {}\nfn main() { while true { break } Main() }",
    "a denied lint": 'let x: u8 = 255; println!("{}", x + 1);',
    "an error of types": 'let x: i32 = "text";',
    "an error of borrowing": 'let s = String::new(); let t = s; println!("{s}{t}");',
    "an error of names": "use std::collections::NoSuchMap;\nfn main() {}",
    "an error of macros": "no_such_macro!();",
    "an error of syntax": "let = 1;",
    "an error in main": "fn main() -> u8 { 1 }",
    "an asynchronous main": "async fn main() {}",
    "a generic main": "fn main<T>() {}",
    "a main with arguments": "fn main(x: i32) {}",
    "an error of constants": 'const N: usize = [1, 2][5];\nfn main() { println!("{N}") }',
    "an error when it is used": (
        "struct A<const N: usize>;\nimpl<const N: usize> A<N> { const C: () = assert!(N > 1); fn f() { let () = Self::C; } }\n"
        "fn main() { A::<0>::f() }"
    ),
    "a module in a file": "mod elsewhere;\nfn main() {}",
    "a long line": f'println!("{"x" * 300}"); panic!("{"y" * 300}");',
    "other letters": 'let größe = "日本"; println!("{größe}"); panic!("{größe}");',
    "a destructor": 'struct D; impl Drop for D { fn drop(&mut self) { println!("drop") } }\nlet _d = D; panic!("x");',
    "a caught panic": 'let r = std::panic::catch_unwind(|| panic!("caught")); println!("{}", r.is_err());',
}
"""What shares a crate, or is found not to by rustc."""

OLD = (
    'fn main() { println!("an old one") }',
    'use std::fmt::Debug;\nfn f(x: &dyn Debug) { println!("{:?}", x) }\nf(&1);',
    'let async = 1; println!("{}", async);',
    "mod a { pub fn f() {} }\nuse a::f;\nfn main() { f(); ::std::process::exit(2) }",
    'let a = [1, 2]; for x in a.into_iter() { println!("{}", x) } panic!("{}", "old");',
)
EDITIONS = list(itertools.product(("2015", "2018", "2021"), OLD))


def check(pool: Any, monkeypatch: pytest.MonkeyPatch, samples: Sequence[Sample], names: Sequence[str]) -> int:
    """See that `samples` end in a batch as they do alone; return how many calls of rustc the batch took."""
    alone = pool.execute(samples, monkeypatch, alone=True)
    calls = pool.children.compilations
    assert len({(sample.code, str(sample.options)) for sample in samples}) == calls
    batch = pool.execute(samples, monkeypatch, alone=False)

    assert dict(zip(names, alone, strict=True)) == dict(zip(names, batch, strict=True))
    return pool.children.compilations - calls


def test_a_batch_is_as_if_each_were_alone(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes in a batch are those of each sample alone, byte for byte, in one and many calls of rustc."""
    corpus = {**ALONE, **TOGETHER}
    del corpus["a foreign function"]  # the linker's message names files that are others in each run

    calls = check(pool, monkeypatch, [pool.sample(code) for code in corpus.values()], list(corpus))

    assert calls < len(corpus)


def test_a_batch_of_checks_is_as_if_each_were_alone(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only type-checked has the same Outcome in a batch, and takes fewer calls of rustc."""
    samples = [pool.sample(code, build_only=True) for code in TOGETHER.values()]

    calls = check(pool, monkeypatch, samples, list(TOGETHER))

    assert calls < len(samples)


def test_a_batch_of_old_editions_is_as_if_each_were_alone(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of one edition share a crate of that edition."""
    samples = [pool.sample(code, options={"edition": edition}) for edition, code in EDITIONS]

    check(pool, monkeypatch, samples, [f"{edition}: {code}" for edition, code in EDITIONS])


def test_many_samples_for_the_price_of_a_few(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples without a quarrel are compiled in as many crates as there are jobs, and each is run by itself."""
    samples = [pool.sample(f'println!("{{}}", {n}); assert!(std::env::args().count() == 1);') for n in range(40)]

    outcomes = pool.execute(samples, monkeypatch, alone=False)

    assert [f"{n}\n" for n in range(40)] == [outcome.steps[-1].stdout for outcome in outcomes]
    assert 2 == pool.children.compilations


def test_an_error_that_nobody_owns_fails_nobody_else(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When linking a crate fails, its samples are tried in halves until the error has an owner."""
    monkeypatch.setattr(builder, "sharing", lambda code, externs: sharing(code, externs)._replace(alone=""))
    unlinkable = 'unsafe extern "C" { fn nowhere_to_be_found(); }\nfn main() { unsafe { nowhere_to_be_found() } }'
    codes = [f'println!("{n}");' for n in range(12)]
    codes.insert(5, unlinkable)

    outcomes = pool.execute([pool.sample(code) for code in codes], monkeypatch, alone=False)

    assert [code == unlinkable for code in codes] == [o.steps[0].ended != Exited(0) for o in outcomes]
    assert pool.children.compilations < len(codes)


def test_what_is_to_fail_is_not_tried_among_others(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`compile_fail`, `standalone_crate` and a backtrace are compiled alone from the start."""
    plain = [pool.sample(f'println!("{n}");') for n in range(6)]
    apart = [
        pool.sample("let x: u8 = 1000u32;", expectation=FailsToBuild()),
        pool.sample('println!("by itself");', options={"standalone_crate": "on"}),
        pool.sample('panic!("with a backtrace")', given=Given(env=(("RUST_BACKTRACE", "1"),))),
    ]

    pool.execute(plain + apart, monkeypatch, alone=False)

    assert 1 + len(apart) == pool.children.compilations


@pytest.mark.parametrize("code", ALONE.values(), ids=ALONE)
def test_what_could_see_a_difference_is_alone(code: str) -> None:
    """A sample that could tell whether it shares a crate has a reason to be alone."""
    assert sharing(code, ()).alone


@pytest.mark.parametrize("code", TOGETHER.values(), ids=TOGETHER)
def test_what_could_not_is_together(code: str) -> None:
    """Other samples are tried together."""
    assert "" == sharing(code, ()).alone


WORDS = [
    ("use serde::Serialize;", {"serde"}),
    ('// serde\nlet s = "serde";', set()),
    ("r#serde::x(); json::parse();", {"serde", "json"}),
]


@pytest.mark.parametrize(("code", "crates"), WORDS)
def test_used_dependencies(code: str, crates: set[str]) -> None:
    """A sample may use the dependencies whose names are among its words, outside of comments and strings."""
    assert crates == sharing(code, ("serde", "json", "tokio")).crates


def candidates(kind: object, crates: str, number: int, size: int = 100) -> list[Candidate[str]]:
    return [Candidate(f"{kind}/{crates}/{n}", kind, frozenset(crates.split()), size) for n in range(number)]


GROUPS = [
    ("two are not worth a crate", candidates("2024", "", 2), 2, [1, 1]),
    ("three are", candidates("2024", "", 3), 2, [3]),
    ("as many as jobs", candidates("2024", "", 40), 2, [20, 20]),
    ("editions are apart", candidates("2024", "", 5) + candidates("2021", "", 4), 1, [5, 4]),
    ("each large set", candidates("2024", "", 20) + candidates("2024", "serde", 14), 1, [20, 14]),
    (
        "small sets as one",
        candidates("2024", "a", 4) + candidates("2024", "b", 4) + candidates("2024", "c", 2),
        1,
        [10],
    ),
    ("alone", candidates(None, "", 4), 2, [1, 1, 1, 1]),
    ("not too many", candidates("2024", "", 500), 1, [125, 125, 125, 125]),
    ("nothing", [], 2, []),
]


@pytest.mark.parametrize(("given", "jobs", "sizes"), [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS])
def test_groups(given: list[Candidate[str]], jobs: int, sizes: list[int]) -> None:
    """Samples are grouped by what a crate must have in common, then by dependencies, in crates worth compiling."""
    found = group(given, jobs)

    assert sizes == [len(batch) for batch in found]
    assert sorted(candidate.what for candidate in given) == sorted(itertools.chain.from_iterable(found))


def test_names_are_as_long_as_the_one_they_stand_for() -> None:
    """Modules have names that no sample holds, as long as `sample`, so that what is printed keeps its width."""
    codes = ["fn main() {}\n", "// bcd fgh jkl\nfn main() {}\n", "fn main() { println!() }\n"] * 20

    crate = merged.merge([{FILE: code} for code in codes])

    assert {len("sample")} == {len(member.module) for member in crate.members}
    assert len(codes) == len({member.module for member in crate.members})
    assert not any(member.module[:3] in "".join(codes) for member in crate.members)
    assert ["sample.rs:1 sample::f sample 1"] == [
        m.unmerged(f"{m.file}:1 sample::{m.module}::f sample 1") for m in crate.members[:1]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at wjn003.rs:1:2", "at sample.rs:1:2"),
        ("[INFO  sample::wjn003] hi", "[INFO  sample] hi"),
        ("snapshots/sample__wjn003__main.snap", "snapshots/sample__main.snap"),
        ("a::wjn003", "a::wjn003"),
    ],
)
def test_names_that_macros_make_of_a_module_are_those_of_the_crate(text: str, expected: str) -> None:
    """Macros of dependencies know where they are called, and print it or name files after it."""
    assert expected == merged.Member("wjn003", "X").unmerged(text)


def test_a_shared_crate_is_the_same_every_time() -> None:
    """The files of a crate depend on its samples alone."""
    assert merged.merge([{FILE: "fn main() {}\n"}] * 3) == merged.merge([{FILE: "fn main() {}\n"}] * 3)
