"""Steps of a Rust session: one program, each step with its own lines and its own output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.workshop import Pool, Workshop

from mkdocs_codeexec.core.expectation import FailsToBuild, Panics
from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.core.outcome import Exited, Outcome, OutputFlooded, Signaled, TimedOut
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given, Links, Sample

if TYPE_CHECKING:
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
    "modules": (
        ["mod shapes { pub struct Circle(pub i32); }", 'use shapes::Circle;\nprintln!("{}", Circle(2).0);'],
        ["", "2\n"],
    ),
    "implementations of before": (
        ["struct P(i32);", "impl P { fn get(&self) -> i32 { self.0 } }", 'println!("{}", P(4).get());'],
        ["", "", "4\n"],
    ),
    "traits": (
        [
            "trait Area { fn area(&self) -> i32; }",
            "struct S;",
            "impl Area for S { fn area(&self) -> i32 { 9 } }",
            'println!("{}", S.area());',
        ],
        ["", "", "", "9\n"],
    ),
    "macros": (["macro_rules! one { () => { 1 } }", 'println!("{}", one!());'], ["", "1\n"]),
    "macros again": (
        ["macro_rules! n { () => { 1 } }", "macro_rules! n { () => { 2 } }", 'println!("{}", n!());'],
        ["", "", "2\n"],
    ),
    "imports twice": (
        [
            "use std::collections::HashMap;\nlet a: HashMap<u8, u8> = HashMap::new();",
            'use std::collections::HashMap;\nlet b: HashMap<u8, u8> = HashMap::new();\nprintln!("{}", a == b);',
        ],
        ["", "true\n"],
    ),
    "types twice": (
        [
            "#[derive(Debug)] struct P { x: i32 }\nlet p = P { x: 1 };",
            "#[derive(Debug)] struct P { y: i32 }",
            'println!("{:?} {:?}", p, P { y: 2 });',
        ],
        ["", "", "P { x: 1 } P { y: 2 }\n"],
    ),
    "functions twice": (
        ['fn f() -> i32 { 1 }\nprintln!("{}", f());', 'fn f() -> i32 { 2 }\nprintln!("{}", f());'],
        ["1\n", "2\n"],
    ),
    "borrows": (['let s = String::from("a");\nlet r = &s;', 'println!("{r}");', "drop(s);"], ["", "a\n", ""]),
    "expressions at the end": (["let mut v = vec![3];\nv.pop()", "v.len()", 'println!("{v:?}")'], ["", "", "[]\n"]),
    "blocks at the end": (
        [
            'let a = 1;\nif a > 0 {\n    println!("yes");\n}',
            'for i in 0..2 { print!("{i}") }',
            'match a { _ => println!("m") }',
        ],
        ["yes\n", "01", "m\n"],
    ),
    "comments at the end": (["let a = 1; // one", 'println!("{a}") // two'], ["", "1\n"]),
    "nothing at all": (["", "// only a comment", 'println!("x");'], ["", "", "x\n"]),
    "question marks": (
        [
            'let a: i32 = "1".parse()?;\n# Ok::<(), std::num::ParseIntError>(())',
            'let b: f32 = "2".parse()?;\nprintln!("{}", a as f32 + b);\n# Ok::<(), std::num::ParseFloatError>(())',
        ],
        ["", "3\n"],
    ),
    "question marks without a result": (['let a: i32 = "1".parse()?;', 'println!("{a}");'], ["", "1\n"]),
    "a return": (["if std::env::args().count() > 5 {\n    return;\n}", 'println!("on");'], ["", "on\n"]),
    "programs": (
        ['fn main() {\n    println!("one");\n}', 'println!("two");', 'fn main() {\n    println!("three");\n}'],
        ["one\n", "two\n", "three\n"],
    ),
    "programs with results": (
        ['fn main() -> Result<(), String> {\n    println!("one");\n    Ok(())\n}', 'println!("two");'],
        ["one\n", "two\n"],
    ),
    "external crates": (
        [
            "extern crate alloc;\nuse alloc::vec::Vec as V;",
            'extern crate alloc;\nlet v: V<u8> = V::new();\nprintln!("{}", v.len());',
        ],
        ["", "0\n"],
    ),
    "attributes of the crate": (
        [
            "#![deny(warnings)]\n#![forbid(unsafe_code)]\n//! About it.\nlet x = 1;\nif x == 1 {\n}",
            "#![deny(unused)]\nif x == 2 { panic!() }",
            'println!("{x}");',
        ],
        ["", "", "1\n"],
    ),
    "partial lines": (['print!("a");', 'print!("b");', 'println!("c");'], ["a", "b", "c\n"]),
    "what is dropped at the end": (
        [
            'struct D(&\'static str);\nimpl Drop for D { fn drop(&mut self) { println!("drop {}", self.0) } }\nlet a = D("a");',
            'let b = D("b");\nprintln!("two");',
        ],
        ["", "two\ndrop b\ndrop a\n"],
    ),
    "threads that go on": (
        [
            'use std::sync::mpsc;\nlet (to, from) = mpsc::channel::<()>();\nlet (done, ended) = mpsc::channel::<()>();\nlet t = std::thread::spawn(move || { from.recv().unwrap(); println!("late"); done.send(()).unwrap(); });',
            "to.send(()).unwrap();\nended.recv().unwrap();",
            "t.join().unwrap();",
        ],
        ["", "late\n", ""],
    ),
    "other processes": (
        [
            'print!("one ");',
            'std::process::Command::new("/bin/echo").arg("two").status().unwrap();',
            'println!("three");',
        ],
        ["one ", "two\n", "three\n"],
    ),
    "a locked stdout": (
        [
            "use std::io::Write;\nlet mut out = std::io::stdout().lock();",
            'writeln!(out, "x").unwrap();',
            'println!("y");',
        ],
        ["", "x\n", "y\n"],
    ),
    "types by name": (["struct P;", 'println!("{}", std::any::type_name::<P>());'], ["", "sample::main::P\n"]),
    "its file and its line": (
        ['\n\nfn here() -> (&\'static str, u32) { (file!(), line!()) }\nprintln!("{:?}", here());'],
        ['("sample.rs", 3)\n'],
    ),
}


def test_later_steps_see_what_earlier_ones_declare(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """And each has what was printed in it, whether a session has a crate to itself or shares it."""
    language = pool.workshop.open_rust()
    sessions = [steps(*codes) for codes, _ in SEEN.values()]
    wanted = {what: expected for what, (_, expected) in SEEN.items()}
    planned = [[language.plan(sample) for sample in samples] for samples in sessions]
    for alone in (True, False):
        pool.children.compilations = 0
        outcomes = pool.execute([samples[-1] for samples in sessions], monkeypatch, alone=alone)
        assert alone == (pool.children.compilations >= len(sessions))
        found = {
            what: printed(language.divide(actions, outcome))
            for what, actions, outcome in zip(SEEN, planned, outcomes, strict=True)
        }
        assert wanted == found


def shown(language: RustLanguage, sample: Sample, outcome: Outcome) -> str:
    """Return what the last step of `outcome` wrote to stderr, as readers see it, without colours."""
    return ESCAPE.sub("", language.tidy(sample, outcome.steps[-1].stderr))


def test_an_error_stands_where_it_was_written(workshop: Workshop, rust: RustLanguage) -> None:
    """At line and column of its step; of the steps before nothing is known, and there is nothing of those behind."""
    samples = steps("let x = 1;", 'let a = 1;\nlet y: i32 = "text";', 'println!("{x}{y}");')
    first, failed = went(workshop, rust, samples)
    assert first is None
    assert failed is not None
    (build,) = failed.steps
    assert Exited(1) == build.ended
    (told,) = build.diagnostics
    assert ("sample.rs", 2, 14) == (told.spans[0].file, told.spans[0].line, told.spans[0].column)
    assert (
        "error[E0308]: mismatched types\n"
        " --> sample.rs:2:14\n"
        "  |\n"
        '2 | let y: i32 = "text";\n'
        "  |        ---   ^^^^^^ expected `i32`, found `&str`\n"
        "  |        |\n"
        "  |        expected due to this\n\n"
    ) == shown(rust, samples[1], failed)


def test_an_error_in_the_first_line_stands_where_it_was_written(workshop: Workshop, rust: RustLanguage) -> None:
    """Though that line has something in front of it."""
    samples = steps("let v = String::new(); let w = v;", 'println!("{v}"); println!("{w}");')
    _, failed = went(workshop, rust, samples)
    assert failed is not None
    text = shown(rust, samples[1], failed)
    assert (
        "error[E0382]: borrow of moved value: `v`\n"
        " --> sample.rs:1:12\n"
        "  |\n"
        '1 | println!("{v}"); println!("{w}");\n'
        "  |            ^ value borrowed here after move\n"
        "  |\n"
        " ::: step-1.rs:1:32\n"
        "  |\n"
        "1 | let v = String::new(); let w = v;\n"
        "  |     -                          - value moved here\n"
    ) in text, text
    regions = [
        rust.locate(samples[1], span.line, span.column) for span in failed.steps[0].diagnostics[0].spans if span.primary
    ]
    assert [(1, 12)] == regions


ERRORS = {
    "syntax": ["let a = 1;", "let = 1;", "let b = 1;"],
    "a bracket": ["let a = 1;", "let b = (1;", "let b = 1;"],
    "a bracket that is not closed": ["let a = 1;", "if a > 0 {", "let b = 1;"],
    "a bracket too many": ["let a = 1;", "let b = 1; }", "let b = 1;"],
    "a string without an end": ["let a = 1;", 'let b = "x;', "let b = 1;"],
    "a name": ["let a = 1;", "no_such();", "let b = 1;"],
    "a macro": ["let a = 1;", "no_such!();", "let b = 1;"],
    "an import": ["let a = 1;", "use std::no_such;", "let b = 1;"],
    "a macro of before": ["macro_rules! m { ($e:expr) => { let _: i32 = $e; } }", 'm!("x");', "let b = 1;"],
    "the inside of a macro of before": ['macro_rules! m { () => { let _: i32 = "x"; } }', "m!();", "let b = 1;"],
    "both": ["let a = 1;", "no_such();", "nor_such();"],
    "a borrow that is still used": ["let mut v = vec![1]; let r = &v[0];", 'v.push(1); println!("{r}");', "let b = 1;"],
    "a feature": ["let a = 1;", "#![feature(no_such_feature)]\nlet b = 1;", "let b = 1;"],
    "a crate": ["let a = 1;", "extern crate no_such;", "let b = 1;"],
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_that_of_its_step(workshop: Workshop, rust: RustLanguage, what: str) -> None:
    """Whatever it is."""
    samples = steps(*ERRORS[what])
    first, failed = went(workshop, rust, samples)
    assert first is None
    assert failed is not None
    text = shown(rust, samples[1], failed)
    assert "sample.rs:" in text
    assert text.startswith("error"), text
    assert "nor_such" not in text


def test_an_error_is_that_of_the_last_step_that_it_needs(workshop: Workshop, rust: RustLanguage) -> None:
    """What the second one does is wrong only if the third one does what it does."""
    codes = ["let mut v = vec![1]; let r = &v[0];", "v.push(1);", 'println!("{r}");']
    samples = steps(*codes)
    first, second, failed = went(workshop, rust, samples)
    assert (None, None) == (first, second)
    assert failed is not None
    assert " --> step-2.rs:1:1\n" in shown(rust, samples[2], failed)
    assert ["", ""] == printed(went(workshop, rust, steps(*codes[:2])))


def test_a_warning_stands_under_its_step(workshop: Workshop, rust: RustLanguage) -> None:
    """And under no other."""
    samples = steps("let x = 1;", "while true { break }", 'println!("{x}");')
    outcomes = went(workshop, rust, samples)
    told = [[one.code for one in outcome.steps[0].diagnostics] for outcome in outcomes if outcome]
    assert [[], ["while_true"], []] == told
    assert outcomes[1] is not None
    assert " --> sample.rs:1:1\n" in ESCAPE.sub("", rust.tidy(samples[1], outcomes[1].steps[0].stderr))


ENDS = {
    "a panic": ('panic!("no");', Exited(101)),
    "an exit": ("std::process::exit(3);", Exited(3)),
    "an exit with success": ("std::process::exit(0);", Exited(0)),
    "an abort": ("std::process::abort();", Signaled(6)),
    "a return": ("if x == 1 { return }", Exited(0)),
    "an error": ('let n: i32 = "x".parse()?;', Exited(101)),
    "a program that fails": ('fn main() -> Result<(), String> { Err("why".into()) }', Exited(1)),
    "a program with an exit code": (
        "fn main() -> std::process::ExitCode { std::process::ExitCode::from(7) }",
        Exited(7),
    ),
    "no end": ("loop {}", TimedOut(2.0)),
}


@pytest.mark.parametrize("what", ENDS)
def test_a_step_may_end_the_program(workshop: Workshop, rust: RustLanguage, what: str) -> None:
    """Then there are no further steps; those before have gone well."""
    code, ended = ENDS[what]
    samples = steps('let x = 1; println!("{x}");', code, 'println!("never");', timeout=2.0)
    first, second = went(workshop, rust, samples)
    assert ["1\n"] == printed([first])
    assert second is not None
    assert ("", ended) == (second.steps[-1].stdout, second.steps[-1].ended)


def test_a_panic_stands_where_it_was_written(workshop: Workshop, rust: RustLanguage) -> None:
    """Of a function of an earlier step that is said."""
    samples = steps('fn f(n: u8) {\n    if n > 1 { panic!("large") }\n}', 'let a = 1; f(a); \n/* */ panic!("here");')
    _, second = went(workshop, rust, samples)
    assert second is not None
    assert "panicked at sample.rs:2:7:\nhere\n" in shown(rust, samples[1], second)
    assert [(2, 7, "here")] == [tuple(fault) for fault in rust.faults(shown(rust, samples[1], second))]
    samples = steps(samples[0].code, "f(2);")
    _, second = went(workshop, rust, samples)
    assert second is not None
    assert "panicked at step-1.rs:2:16:\nlarge\n" in shown(rust, samples[1], second)


def test_an_error_that_is_returned_is_told_at_the_end_of_its_step(workshop: Workshop, rust: RustLanguage) -> None:
    """As if it were the only one."""
    samples = steps("let x = 1;", 'let n: i32 = "x".parse()?;\nprintln!("{n}");', "let y = 1;")
    _, second = went(workshop, rust, samples)
    assert second is not None
    text = shown(rust, samples[1], second)
    assert (
        "panicked at sample.rs:2:1:\n"
        "called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }\n"
    ) in text, text


def test_a_backtrace_is_that_of_the_steps(workshop: Workshop) -> None:
    """Frames of an earlier step say which it is."""
    rust = workshop.open_rust(backtrace="1")
    samples = steps("fn f() {\n    panic!()\n}", "let a = 1;\nf();")
    _, second = went(workshop, rust, samples)
    assert second is not None
    text = shown(rust, samples[1], second)
    assert "at step-1.rs:2:5\n" in text
    assert "sample::main\n             at sample.rs:2:1\n" in text, text


def test_steps_that_must_fail_stand_beside_the_chain(workshop: Workshop, rust: RustLanguage) -> None:
    """They are compiled with what came before."""
    before = tuple(steps('let v = vec![1]; println!("one");', "drop(v);"))
    expectation = FailsToBuild()
    sample = replace(steps('println!("{v:?}");')[0], before=before, expectation=expectation)
    *others, failed = went(workshop, rust, [*before, sample])
    assert [None, None] == others
    assert failed is not None
    assert ["E0382"] == [one.code for one in failed.steps[0].diagnostics]
    sample = replace(steps('panic!("no")')[0], before=before, expectation=Panics())
    *others, failed = went(workshop, rust, [*before, sample])
    assert ["one\n", ""] == printed(others)
    assert failed is not None
    assert ("", Exited(101)) == (failed.steps[-1].stdout, failed.steps[-1].ended)


def test_what_c_holds_back_comes_at_the_end(workshop: Workshop, rust: RustLanguage) -> None:
    """As in one program; what it writes by a descriptor stands under the step that does so."""
    samples = steps(
        'use std::ffi::{c_char, c_int, c_void};\nunsafe extern "C" { fn printf(f: *const c_char) -> c_int; fn write(fd: c_int, b: *const c_void, n: usize) -> isize; }',
        'unsafe { printf(c"late\\n".as_ptr()) };',
        'print!("std "); std::io::Write::flush(&mut std::io::stdout()).unwrap(); unsafe { write(1, c"fd\\n".as_ptr().cast(), 3) };',
        'println!("end");',
    )
    assert ["", "", "std fd\n", "end\nlate\n"] == printed(went(workshop, rust, samples))


def test_a_step_may_close_stdout(workshop: Workshop, rust: RustLanguage) -> None:
    """The others are told by stderr."""
    samples = steps(
        'unsafe extern "C" { fn close(fd: i32) -> i32; }\nprintln!("one");',
        'eprintln!("two"); unsafe { close(1) };',
        'println!("lost"); eprintln!("three");',
    )
    outcomes = went(workshop, rust, samples)
    assert [("one\n", ""), ("", "two\n"), ("", "three\n")] == [
        (one.steps[-1].stdout, one.steps[-1].stderr) for one in outcomes if one
    ]


def test_a_mark_is_written_where_output_was(workshop: Workshop, rust: RustLanguage) -> None:
    """Whatever file has the descriptor of stdout by now; a program's own descriptors have the numbers that they always have."""
    samples = steps(
        'use std::os::fd::{FromRawFd, AsRawFd};\nprintln!("a {}", std::fs::File::open("/").unwrap().as_raw_fd());\n'
        "drop(unsafe { std::fs::File::from_raw_fd(1) });\n"
        'let _f = std::fs::File::create("log.txt").unwrap();\nprintln!("to the file");',
        'eprint!("{}", std::fs::read_to_string("log.txt").unwrap());',
        "drop(unsafe { std::fs::File::from_raw_fd(2) });",
        "",
    )

    assert [("a 3\n", ""), ("", "to the file\n"), ("", ""), ("", "")] == [
        (one.steps[-1].stdout, one.steps[-1].stderr) for one in went(workshop, rust, samples) if one
    ]


def test_much_output_is_cut_step_by_step(workshop: Workshop, rust: RustLanguage) -> None:
    """As that of a sample alone."""
    samples = steps(
        'println!("one");',
        'for i in 0..30000 { println!("{i:010}") }',
        'println!("\\nthree");',
        'for i in 0..10000 { println!("{i:010}") }',
    )
    outcomes = went(workshop, rust, samples)
    first, second, third, fourth = printed(outcomes)
    assert ("one\n", "\nthree\n") == (first, third)
    assert second.startswith("0000000000\n")
    assert " bytes omitted …\n" in second
    assert second.endswith("0000029999\n")
    assert 110_000 == len(fourth)
    assert [False, True, False, False] == [one.steps[-1].truncated[0] > 0 for one in outcomes if one]


def test_a_flood_is_that_of_its_step(workshop: Workshop, rust: RustLanguage) -> None:
    """It ends the program."""
    first, second = went(workshop, rust, steps('println!("one");', 'loop { println!("x") }', "let a = 1;"))
    assert ["one\n"] == printed([first])
    assert second is not None
    assert isinstance(second.steps[-1].ended, OutputFlooded)


def test_what_one_step_is_given_all_have(workshop: Workshop, rust: RustLanguage) -> None:
    """There is one program."""
    samples = steps(
        'println!("{:?}", std::env::args().nth(1));',
        'let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); print!("{s}");',
    )
    given = Given(stdin="in\n", args=("a",))
    samples = [replace(samples[0], given=given), replace(samples[1], before=(replace(samples[0], given=given),))]
    assert ['Some("a")\n', "in\n"] == printed(went(workshop, rust, samples))


def test_the_preamble_stands_before_the_first_step(workshop: Workshop) -> None:
    """Once."""
    rust = workshop.open_rust(
        preamble="#![allow(non_snake_case)]\nextern crate alloc;\nuse std::fmt::Write as W;\nlet count = 3;"
    )
    samples = steps('fn F() {}\nlet mut s = String::new();\nwrite!(s, "{count}").unwrap();', 'println!("{s}{count}");')
    assert ["", "33\n"] == printed(went(workshop, rust, samples))


def test_the_key_of_a_step_is_that_of_the_steps_so_far(rust: RustLanguage) -> None:
    """A later step changes no key of an earlier one; that there is one does."""
    one, two = (rust.plan(sample) for sample in steps("let a = 1;", "let b = 2;"))
    (alone,) = (rust.plan(sample) for sample in steps("let a = 1;"))
    again, other = (rust.plan(sample) for sample in steps("let a = 1;", "let b = 3;"))
    assert one.request_key == again.request_key
    assert two.request_key != other.request_key
    assert one.request_key != alone.request_key


def test_a_path_from_the_root_gets_a_hint(workshop: Workshop, rust: RustLanguage) -> None:
    """Steps are blocks, and blocks have no paths."""
    samples = steps("mod a { pub fn f() {} }", "crate::a::f();")
    _, failed = went(workshop, rust, samples)
    assert failed is not None
    assert "write `name` in the place of `crate::name`" in rust.hint(samples[1], failed)
    samples = steps("let x = 1;", "no_such();")
    _, failed = went(workshop, rust, samples)
    assert failed is not None
    assert "" == rust.hint(samples[1], failed)


def test_what_is_said_of_the_program_the_first_step_says(workshop: Workshop, rust: RustLanguage) -> None:
    """A later one that says otherwise is refused."""
    for more, what in (
        ({"given": Given(args=("x",))}, "a `args`"),
        ({"options": {"edition": "2018"}}, "an `edition`"),
        ({"options": {"test_harness": "on"}}, "a `test_harness`"),
    ):
        samples = steps("let a = 1;", "let b = 1;")
        refused = workshop.provide(rust, replace(samples[1], **more))
        assert isinstance(refused, Unavailability)
        assert f"step 2 of the session has {what} that is not the one of its first step" in refused.reason
        assert "at the first fence of the session" in refused.hint


def test_a_session_may_be_long(workshop: Workshop, rust: RustLanguage) -> None:
    """Longer than what rustc allows of macros within macros."""
    samples = steps("let mut n = 0;", *["n += 1;"] * 200, 'println!("{n}");')
    assert "200\n" == printed(went(workshop, rust, samples))[-1]
