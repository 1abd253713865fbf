"""Steps of a Rust session: one program, each step with its own lines and its own output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.workshop import Pool, Workshop

from mkdocs_codeexec.core.expectation import FailsToBuild, Panics
from mkdocs_codeexec.core.outcome import Exited, Outcome, TimedOut
from mkdocs_codeexec.core.sample import Given, Links, Sample
from mkdocs_codeexec.languages.rust import RustLanguage


def steps(*codes: str, **more: object) -> list[Sample]:
    """Return the samples of a session, as the graph makes them."""
    found: list[Sample] = []
    for place, code in enumerate(codes):
        sample = Workshop.sample(code, links=Links(session="s"), before=tuple(found), last=place == len(codes) - 1)
        found.append(replace(sample, **more))  # type: ignore[arg-type]
    return found


def went(workshop: Workshop, language: RustLanguage, samples: Sequence[Sample]) -> Sequence[Outcome | None]:
    """Return what each of `samples` came to when the last one was executed."""
    outcome = workshop.execute(language, samples[-1])
    return language.divide([language.plan(sample) for sample in samples], outcome)


def printed(outcomes: Sequence[Outcome | None]) -> list[str]:
    """Return what was printed in each step, all of which have gone well."""
    found: list[str] = []
    for one in outcomes:
        assert one is not None
        assert [Exited(0), Exited(0)] == [step.ended for step in one.steps], one
        found.append(one.steps[-1].stdout)
    return found


@pytest.fixture
def rust(workshop: Workshop) -> RustLanguage:
    return workshop.open_rust()


SEEN = {
    "bindings": (["let x = 5;", 'println!("{x}");'], ["", "5\n"]),
    "mutable bindings": (["let mut v = vec![1];", "v.push(2);", 'println!("{v:?}");'], ["", "", "[1, 2]\n"]),
    "functions": (["fn f() -> i32 { 3 }", 'println!("{}", f());'], ["", "3\n"]),
    "variants": (
        ["#[derive(Debug)] enum Color { Red, Green }", "use Color::*;", 'println!("{:?} {:?}", Red, Green);'],
        ["", "", "Red Green\n"],
    ),
    "modules": (["mod shapes { pub struct Circle(pub i32); }", "use shapes::Circle;\nprintln!(\"{}\", Circle(2).0);"], ["", "2\n"]),
    "implementations of before": (
        ["struct P(i32);", "impl P { fn get(&self) -> i32 { self.0 } }", 'println!("{}", P(4).get());'],
        ["", "", "4\n"],
    ),
    "traits": (
        ["trait Area { fn area(&self) -> i32; }", "struct S;", "impl Area for S { fn area(&self) -> i32 { 9 } }", 'println!("{}", S.area());'],
        ["", "", "", "9\n"],
    ),
    "macros": (["macro_rules! one { () => { 1 } }", 'println!("{}", one!());'], ["", "1\n"]),
    "macros again": (
        ["macro_rules! n { () => { 1 } }", "macro_rules! n { () => { 2 } }", 'println!("{}", n!());'],
        ["", "", "2\n"],
    ),
    "imports twice": (
        ["use std::collections::HashMap;\nlet a: HashMap<u8, u8> = HashMap::new();", "use std::collections::HashMap;\nlet b: HashMap<u8, u8> = HashMap::new();\nprintln!(\"{}\", a == b);"],
        ["", "true\n"],
    ),
    "types twice": (
        ["#[derive(Debug)] struct P { x: i32 }\nlet p = P { x: 1 };", "#[derive(Debug)] struct P { y: i32 }", 'println!("{:?} {:?}", p, P { y: 2 });'],
        ["", "", "P { x: 1 } P { y: 2 }\n"],
    ),
    "functions twice": (['fn f() -> i32 { 1 }\nprintln!("{}", f());', 'fn f() -> i32 { 2 }\nprintln!("{}", f());'], ["1\n", "2\n"]),
    "borrows": (["let s = String::from(\"a\");\nlet r = &s;", 'println!("{r}");', "drop(s);"], ["", "a\n", ""]),
    "expressions at the end": (["let mut v = vec![3];\nv.pop()", "v.len()", 'println!("{v:?}")'], ["", "", "[]\n"]),
    "blocks at the end": (["let a = 1;\nif a > 0 {\n    println!(\"yes\");\n}", "for i in 0..2 { print!(\"{i}\") }", "match a { _ => println!(\"m\") }"], ["yes\n", "01", "m\n"]),
    "comments at the end": (["let a = 1; // one", 'println!("{a}") // two'], ["", "1\n"]),
    "nothing at all": (["", "// only a comment", 'println!("x");'], ["", "", "x\n"]),
    "question marks": (
        ['let a: i32 = "1".parse()?;\n# Ok::<(), std::num::ParseIntError>(())', 'let b: f32 = "2".parse()?;\nprintln!("{}", a as f32 + b);\n# Ok::<(), std::num::ParseFloatError>(())'],
        ["", "3\n"],
    ),
    "question marks without a result": (['let a: i32 = "1".parse()?;', 'println!("{a}");'], ["", "1\n"]),
    "a return": (["if std::env::args().count() > 5 {\n    return;\n}", 'println!("on");'], ["", "on\n"]),
    "programs": (['fn main() {\n    println!("one");\n}', 'println!("two");', 'fn main() {\n    println!("three");\n}'], ["one\n", "two\n", "three\n"]),
    "programs with results": (['fn main() -> Result<(), String> {\n    println!("one");\n    Ok(())\n}', 'println!("two");'], ["one\n", "two\n"]),
    "external crates": (["extern crate alloc;\nuse alloc::vec::Vec as V;", "extern crate alloc;\nlet v: V<u8> = V::new();\nprintln!(\"{}\", v.len());"], ["", "0\n"]),
    "attributes of the crate": (["#![deny(warnings)]\n#![forbid(unsafe_code)]\n//! About it.\nlet x = 1;\nif x == 1 {\n}", "#![deny(unused)]\nif x == 2 { panic!() }", 'println!("{x}");'], ["", "", "1\n"]),
    "partial lines": (['print!("a");', 'print!("b");', 'println!("c");'], ["a", "b", "c\n"]),
    "what is dropped at the end": (
        ['struct D(&\'static str);\nimpl Drop for D { fn drop(&mut self) { println!("drop {}", self.0) } }\nlet a = D("a");', 'let b = D("b");\nprintln!("two");'],
        ["", "two\ndrop b\ndrop a\n"],
    ),
    "threads that go on": (
        ["use std::sync::mpsc;\nlet (to, from) = mpsc::channel::<()>();\nlet (done, ended) = mpsc::channel::<()>();\nlet t = std::thread::spawn(move || { from.recv().unwrap(); println!(\"late\"); done.send(()).unwrap(); });", "to.send(()).unwrap();\nended.recv().unwrap();", "t.join().unwrap();"],
        ["", "late\n", ""],
    ),
    "other processes": (
        ['print!("one ");', 'std::process::Command::new("/bin/echo").arg("two").status().unwrap();', 'println!("three");'],
        ["one ", "two\n", "three\n"],
    ),
    "a locked stdout": (["use std::io::Write;\nlet mut out = std::io::stdout().lock();", 'writeln!(out, "x").unwrap();', 'println!("y");'], ["", "x\n", "y\n"]),
    "types by name": (["struct P;", 'println!("{}", std::any::type_name::<P>());'], ["", "sample::main::P\n"]),
    "its file and its line": (["\n\nfn here() -> (&'static str, u32) { (file!(), line!()) }\nprintln!(\"{:?}\", here());"], ['("sample.rs", 3)\n']),
}


@pytest.mark.parametrize("what", SEEN)
def test_later_steps_see_what_earlier_ones_declare(workshop: Workshop, rust: RustLanguage, what: str) -> None:
    """And each has what was printed in it."""
    codes, expected = SEEN[what]
    assert expected == printed(went(workshop, rust, steps(*codes)))
