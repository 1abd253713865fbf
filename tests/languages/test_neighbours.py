"""Samples that try to change what those print with which they share a crate: nobody is changed.

All of them are harmless: they print, they set what is their own, and they end.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from support.sizes import TIMES

from mkdocs_codeexec.languages.rust.batch import builder, together
from mkdocs_codeexec.languages.rust.batch.objects import surprise
from mkdocs_codeexec.languages.rust.batch.sharing import sharing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample

EARLY = (
    'extern "C" fn early() { print!("EARLY "); }\n#[used]\n#[unsafe(link_section = ".SECTION")]\n'
    'static EARLY: extern "C" fn() = early;\nfn main() { println!("hostile") }'
)
FORGED = (
    'pub extern "C" fn NAME(_: i32, _: *const u8, n: usize) -> isize { n as isize }\nfn main() { println!("hostile") }'
)

HOSTILE = {
    # What the linker and the loader see.
    "a constructor": EARLY.replace("SECTION", "init_array"),
    "a constructor with a priority": EARLY.replace("SECTION", "init_array.00001"),
    "a constructor of the loader": EARLY.replace("SECTION", "preinit_array"),
    "a constructor of old": EARLY.replace("SECTION", "ctors"),
    "a destructor of the program": EARLY.replace("SECTION", "fini_array"),
    "an attribute by a condition": EARLY.replace("#[unsafe", "#[cfg_attr(all(), unsafe").replace(
        '.SECTION")]', '.init_array"))]'
    ),
    "an attribute out of a macro": (
        'macro_rules! with { ($($attribute:tt)*) => { #[$($attribute)*] #[used] static E: extern "C" fn() = early; } }\n'
        'extern "C" fn early() { print!("EARLY "); }\nwith!(unsafe(link_section = ".init_array"));\nfn main() {}'
    ),
    "a `write` of its own": "#[unsafe(no_mangle)]\n" + FORGED.replace("NAME", "write"),
    "a `writev` by another name": '#[unsafe(export_name = "writev")]\n' + FORGED.replace("NAME", "other"),
    "a name of the standard library's": (
        '#[unsafe(export_name = "_ZN3std2io5stdio6_print17h0123456789abcdefE")]\npub '
        + FORGED.replace("NAME", "other")[4:]
    ),
    "a `malloc` of its own": '#[unsafe(no_mangle)]\npub extern "C" fn malloc(_: usize) -> *mut u8 { std::ptr::null_mut() }',
    "a `main` of its own": '#[unsafe(no_mangle)]\npub extern "C" fn main() -> i32 { 7 }',
    "an `environ` of its own": "#[unsafe(no_mangle)]\npub static environ: usize = 0;\nfn main() {}",
    "assembler": 'std::arch::global_asm!(".globl puts", "puts: ret");\nfn main() {}',
    "an end that is registered": (
        'unsafe extern "C" { fn atexit(f: extern "C" fn()) -> i32; }\nextern "C" fn late() { println!("late"); }\n'
        "fn main() { unsafe { atexit(late); } }"
    ),
    "a library": '#[link(name = "c")]\nunsafe extern "C" { fn abs(n: i32) -> i32; }\nfn main() { println!("{}", unsafe { abs(-1) }) }',
    "an allocator": (
        "use std::alloc::{GlobalAlloc, Layout, System};\nstruct A;\nunsafe impl GlobalAlloc for A {\n"
        "    unsafe fn alloc(&self, l: Layout) -> *mut u8 { unsafe { System.alloc_zeroed(l) } }\n"
        "    unsafe fn dealloc(&self, p: *mut u8, l: Layout) { unsafe { System.dealloc(p, l) } }\n}\n"
        '#[global_allocator]\nstatic G: A = A;\nfn main() { println!("hostile") }'
    ),
    # What there is once in a process.
    "a panic hook": 'std::panic::set_hook(Box::new(|_| println!("hooked")));\npanic!("hostile");',
    "a variable": 'unsafe { std::env::set_var("LANG", "hostile") };\nprintln!("{:?}", std::env::var("LANG"));',
    "an end in a destructor": "struct D;\nimpl Drop for D { fn drop(&mut self) { std::process::exit(9) } }\nlet _d = D;",
    "a destructor of a thread": (
        'struct D;\nimpl Drop for D { fn drop(&mut self) { println!("thread") } }\n'
        "thread_local! { static T: D = const { D }; }\nfn main() { T.with(|_| ()) }"
    ),
    "a handle that stays locked": 'use std::io::Write;\nlet mut out = std::io::stdout().lock();\nwriteln!(out, "locked")?;\nstd::mem::forget(out);\nOk::<(), std::io::Error>(())',
    "another folder": 'std::env::set_current_dir("/").unwrap();\nprintln!("{:?}", std::env::current_dir());',
    "statics": 'use std::sync::atomic::{AtomicU32, Ordering};\nstatic N: AtomicU32 = AtomicU32::new(0);\nfn main() { println!("{}", N.fetch_add(1, Ordering::SeqCst)) }',
    "a thread that goes on": 'std::thread::spawn(|| loop { std::thread::park() });\nprintln!("ended");',
    "its program overwritten": 'println!("{}", std::fs::remove_file("sample").is_ok());\nprintln!("{}", std::fs::write("sample", "no program").is_ok());',
    "a termination of its own": (
        "struct T;\nimpl std::process::Termination for T {\n"
        '    fn report(self) -> std::process::ExitCode { print!("T "); 5.into() }\n}\nfn main() -> T { T }'
    ),
    # What there is once in a crate.
    "a macro that hides `println!`": 'macro_rules! println { ($($t:tt)*) => { std::print!("shadow\\n") } }\nfn main() { println!("x") }',
    "the same, exported": '#[macro_export]\nmacro_rules! println { ($($t:tt)*) => { std::print!("shadow\\n") } }\nfn main() { println!("x") }',
    "the same, for what follows": '#![macro_use]\nmacro_rules! println { ($($t:tt)*) => { std::print!("shadow\\n") } }\nfn main() { println!("x") }',
    "no standard library": "#![no_std]\nfn main() {}",
    "no prelude": '#![no_implicit_prelude]\nfn main() { ::std::println!("bare") }',
    "a feature": "#![feature(lang_items)]\nfn main() {}",
    "no module": "#![cfg(any())]\nfn main() {}",
    "a limit of recursion": '#![recursion_limit = "2"]\nfn main() { println!("limit") }',
    "a limit of types": '#![type_length_limit = "2"]\nfn main() { println!("limit") }',
    "another name": '#![crate_name = "other"]\nfn main() { println!("{}", 1) }',
    "a library of its own": '#![crate_type = "lib"]\nfn main() {}',
    "another standard library": 'extern crate core as std;\nfn main() { println!("core") }',
    "denied warnings": "#![deny(warnings)]\nfn main() { while true { break } }",
    "unsafe code that is allowed": '#![allow(unsafe_code)]\nfn main() { println!("allowed") }',
    "an answer to `as_ref`": "struct L;\nimpl AsRef<L> for i32 { fn as_ref(&self) -> &L { &L } }\nfn main() { let _: &L = 5.as_ref(); }",
    "one more operand": (
        "struct L;\nimpl std::ops::Add<L> for String { type Output = i32; fn add(self, _: L) -> i32 { 1 } }\n"
        'fn main() { println!("{}", String::new() + L) }'
    ),
    # What is read as text.
    "its file again": '#[path = "sample.rs"]\nmod again;\nfn main() {}',
    "files beside it": 'println!("{}", include_str!("sample.rs").len());',
    "other letters": 'mod größe { pub fn λ() -> i32 { 3 } }\nfn main() { println!("{}", größe::λ()) }',
    "a bracket too many": '}\npub fn neighbour() { println!("out of it") }\nfn main() {',
    "a comment without an end": 'fn main() { println!("comment") }\n/* ',
    "a string without an end": 'fn main() { println!("string") }\nconst S: &str = r#"',
    "a condition for what follows": 'fn main() { println!("condition") }\n#[cfg(any())]',
    "documentation of what follows": 'fn main() { println!("documentation") }\n/// of',
    "names like ours": (
        'mod bcd000 { pub fn bcd_main() {} }\npub fn __codeexec_main() {}\nstatic CODEEXEC_BCD: &str = "bcd000";\n'
        'fn main() { println!("{}", std::env::vars().any(|(k, _)| k.starts_with("CODEEXEC"))); }'
    ),
    "a shebang": '#!/usr/bin/env rust\nfn main() { println!("shebang") }',
}
"""By what is tried."""

NEIGHBOURS = (
    'println!("one"); eprintln!("two");',
    'let v: Vec<String> = (0..3).map(|n| n.to_string()).collect();\nprintln!("{v:?}"); panic!("three");',
    'println!("{} {:?}", std::env::vars().count(), std::env::var("LANG")); std::process::exit(4);',
    'println!("{}", std::env::current_dir().unwrap() == std::env::temp_dir()); let _ = 5.as_ref();',
    'println!("{}", String::from("a") + "b".to_string().as_ref());',
    (
        "thread_local! { static N: std::cell::Cell<i32> = const { std::cell::Cell::new(1) }; }\n"
        'fn main() -> std::process::ExitCode { println!("{:?} {}", std::pin::pin!(1), N.get()); 6.into() }'
    ),
)
"""Ordinary ones; the fourth does not compile unless there is one answer to what it asks."""

SLY = """
#[macro_export]
macro_rules! start { ($f:expr) => {
    #[used] #[unsafe(link_section = ".init_array")] static START: extern "C" fn() = $f;
} }
#[macro_export]
macro_rules! symbol { () => {
    #[unsafe(no_mangle)] pub extern "C" fn write(_: i32, _: *const u8, n: usize) -> isize { n as isize }
} }
#[macro_export]
macro_rules! gathered { ($e:expr) => { #[used] #[unsafe(link_section = "gathered")] static G: u32 = $e; } }
#[macro_export]
macro_rules! allocator { () => {
    struct A;
    unsafe impl std::alloc::GlobalAlloc for A {
        unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 { unsafe { std::alloc::System.alloc_zeroed(l) } }
        unsafe fn dealloc(&self, p: *mut u8, l: std::alloc::Layout) { unsafe { std::alloc::System.dealloc(p, l) } }
    }
    #[global_allocator] static ALLOCATOR: A = A;
} }
#[macro_export]
macro_rules! danger { ($e:expr) => { unsafe { *(&raw const $e) } } }
#[macro_export]
macro_rules! allowed { ($($t:tt)*) => { #[allow(unsafe_code)] $($t)* } }
"""
"""A crate with macros that do what a sample must not say."""
OF_CRATES = {
    "a constructor": 'extern "C" fn early() { print!("EARLY "); }\nsly::start!(early);\nfn main() { println!("x") }',
    "a symbol": 'sly::symbol!();\nfn main() { println!("x") }',
    "a section that somebody gathers": 'sly::gathered!(5);\nfn main() { println!("x") }',
    "an allocator": 'sly::allocator!();\nfn main() { println!("x") }',
    "unsafe code": 'fn main() { let x = 7; println!("{}", sly::danger!(x)) }',
    "code that may be unsafe": 'sly::allowed!(fn f() -> i32 { 8 });\nfn main() { println!("{}", f()) }',
}

BY_TOKENS_ALONE = frozenset({"an answer to `as_ref`", "the same, for what follows"})
"""What neither rustc nor the object would tell."""


def mixed(pool: Any, hostile: Sequence[str]) -> list[Sample]:
    """Return samples: each of `hostile` between neighbours."""
    codes = [*itertools.chain.from_iterable(zip(hostile, NEIGHBOURS * len(hostile), strict=False)), *NEIGHBOURS]
    return [pool.sample(code) for code in dict.fromkeys(codes)]


def outcomes(pool: Any, samples: Sequence[Sample], patch: pytest.MonkeyPatch, *, alone: bool) -> dict[str, Outcome]:
    found = pool.execute(samples, patch, alone=alone)
    return dict(zip((sample.code for sample in samples), found, strict=True))


def test_neighbours_of_the_hostile_end_as_they_do_alone(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried, outcomes in a batch are those of each sample alone, byte for byte."""
    samples = mixed(pool, tuple(HOSTILE.values()))

    alone = outcomes(pool, samples, monkeypatch, alone=True)

    assert 40 <= len(HOSTILE)
    assert alone == outcomes(pool, samples, monkeypatch, alone=False)


@pytest.fixture(scope="module")
def known() -> dict[str, Outcome]:
    """What the neighbours come to alone, once it is known: the same for every test of this file."""
    return {}


SEEN_BY_TWO = sorted(HOSTILE.keys() - BY_TOKENS_ALONE)


@pytest.mark.parametrize("name", SEEN_BY_TWO if TIMES > 1 else SEEN_BY_TWO[::3])
def test_rustc_and_the_object_hold_where_tokens_tell_nothing(
    pool: Any, monkeypatch: pytest.MonkeyPatch, known: dict[str, Outcome], name: str
) -> None:
    """If what is tried were not seen in the tokens, neighbours would end as they do alone all the same."""
    alone = known or outcomes(pool, mixed(pool, ()), monkeypatch, alone=True)
    known |= alone
    monkeypatch.setattr(builder, "sharing", lambda code, externs: sharing(code, externs)._replace(alone=""))

    found = outcomes(pool, mixed(pool, (HOSTILE[name],)), monkeypatch, alone=False)

    assert alone == {code: found[code] for code in alone}


QUICK = ("a constructor", "a symbol", "code that may be unsafe")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in OF_CRATES]
)
def test_macros_of_crates_change_no_neighbour(
    pool: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """What a macro of a dependency brings in is found in the program, and nobody is told that anything was forbidden."""
    (tmp_path / "sly" / "src").mkdir(parents=True)
    (tmp_path / "sly" / "Cargo.toml").write_text('[package]\nname = "sly"\nversion = "0.1.0"\nedition = "2024"\n')
    (tmp_path / "sly" / "src" / "lib.rs").write_text(SLY)
    pool.dependencies = {"sly": {"path": "../sly"}}
    samples = mixed(pool, (OF_CRATES[name],))

    alone = outcomes(pool, samples, monkeypatch, alone=True)
    batch = outcomes(pool, samples, monkeypatch, alone=False)

    assert "" == sharing(OF_CRATES[name], ("sly",)).alone
    assert alone == batch
    assert not name.startswith("a constructor") or "EARLY " in batch[OF_CRATES[name]].steps[-1].stdout
    assert not any("unsafe_code" in step.stderr for outcome in batch.values() for step in outcome.steps)


LIBRARIES = {
    "early": """
        pub fn f() {}
        extern "C" fn early() { println!("early"); }
        #[used] #[unsafe(link_section = ".init_array")] static EARLY: extern "C" fn() = early;
    """,
    "instead": """
        pub fn f() {}
        #[unsafe(no_mangle)] pub extern "C" fn getpid() -> i32 { 7 }
    """,
    "quiet": "pub fn f() {}",
}


def test_what_comes_with_a_library_is_only_there_for_its_users(
    pool: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A library that runs before `main`, or replaces a function of libc, does so for those alone that name it."""
    for name, code in LIBRARIES.items():
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n'
        )
        (tmp_path / name / "src" / "lib.rs").write_text(code)
    pool.dependencies = {name: {"path": f"../{name}"} for name in LIBRARIES}
    say = 'println!("{}", std::process::id() == 7);'
    samples = [pool.sample(f"{name}::f(); {say} // {n}") for name in LIBRARIES for n in range(4)]
    samples += [pool.sample(f"{say} // {n}") for n in range(4)]

    alone = outcomes(pool, samples, monkeypatch, alone=True)
    calls = pool.children.compilations
    batch = outcomes(pool, samples, monkeypatch, alone=False)

    assert alone == batch
    early, instead, quiet, plain = (
        {o.steps[-1].stdout for o in list(batch.values())[n : n + 4]} for n in (0, 4, 8, 12)
    )
    assert ({"early\nfalse\n"}, {"true\n"}, {"false\n"}, {"false\n"}) == (early, instead, quiet, plain)
    assert 16 == calls
    assert 5 == pool.children.compilations - calls  # all users at once, then each library's, and those of none


def test_where_no_object_is_understood_users_of_crates_are_alone(
    pool: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a look at the object, samples that name a dependency share no program; others do."""
    monkeypatch.setattr(together, "surprise", lambda path: surprise(path.with_suffix(".rs")))
    monkeypatch.setattr(builder, "_SEEN", False)
    plain = [pool.sample(f'println!("{n}");') for n in range(6)]
    (tmp_path / "sly" / "src").mkdir(parents=True)
    (tmp_path / "sly" / "Cargo.toml").write_text('[package]\nname = "sly"\nversion = "0.1.0"\nedition = "2024"\n')
    (tmp_path / "sly" / "src" / "lib.rs").write_text("pub fn f() {}")
    pool.dependencies = {"sly": {"path": "../sly"}}
    users = [pool.sample(f'sly::f(); println!("{n}");') for n in range(4)]

    pool.execute(plain + users, monkeypatch, alone=False)

    assert 1 + len(users) == pool.children.compilations
