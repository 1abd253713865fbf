from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.outcome import Exited, NotStarted, Signaled, StepResult
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.messages.diagnostics import read, translate

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""


@pytest.fixture
def rust(workshop: Workshop) -> Any:
    return open_languages(workshop.rust(), workshop.listener)["rust"]


CORPUS = r"""
let x = 1; assert_eq!(1, x);
=
fn main() { assert_eq!(1, 1); }
=
fn main () { }
=
pub fn main() { panic!() }
=
// fn main() {}
assert!(true);
=
/* fn main() { */ let s = "fn main() {"; assert_eq!(s.len(), 11);
=
mod a { pub fn main() {} } a::main();
=
fn main() {} let x = 1;
=
fn main() { panic!("not run") }
let x = 1;
=
fn main() { panic!("run") }
struct S;
=
fn main() {};
=
impl S { fn main() {} }
struct S;
S::main();
=
fn outer() { fn main() { panic!() } main() }
=
macro_rules! program { ($($t:tt)*) => { $($t)* } }
program! { fn main() { panic!() } }
=
macro_rules! program { ($($t:tt)*) => { $($t)* } }
program!(fn main() { panic!() });
=
macro_rules! m { () => { fn main() {} } }
=
println!("a");
fn helper() {}
=
println!("a");
fn main() {}
=
#![allow(dead_code)]
let x = 1;
=
#![allow(dead_code)]

// comment
use std::fmt;
struct S;
fn main() { }
=
#![deny(unused_variables)]
let x = 1;
=
#![deny(warnings)]
let x = 1;
=
#![feature(never_type)]
let x = 1;
=
extern crate alloc;
use alloc::vec::Vec;
let v: Vec<u8> = Vec::new();
=
let a = 1;
extern crate alloc;
let v: alloc::vec::Vec<u8> = alloc::vec::Vec::new();
=
//! A program.
let x = 1;
=
let n: i32 = "1".parse()?;
Ok::<(), std::num::ParseIntError>(())
=
let n: i32 = "x".parse()?;
Ok::<(), std::num::ParseIntError>(())
=
let n: i32 = "1".parse()?;
=
let n: i32 = "1".parse()?;
Ok::<(), std::num::ParseIntError>(()) // done
=
# let hidden = 3;
assert_eq!(hidden, 3);
=
# #[derive(Debug)]
# struct S;
## [derive(Clone)]
struct T;
=
#[derive(Debug)]
struct S;
println!("{:?}", S);
=
let s = r#"
# not hidden
"#;
=
let x = (1;
=
let s = "unterminated;
=
let x: u8 = true;
=
}
=
fn main() {
=
let v = vec![1]; drop(v); println!("{:?}", v);
=
use std::collections::HashMap;
let mut m = HashMap::new();
m.insert(1, 2);
assert_eq!(m[&1], 2);
=
fn r#main() { panic!() }
=
const fn f() -> usize { 3 }
const N: [u8; { f() }] = [0; { f() }];
struct A<const N: usize>;
impl A<{ 1 + 1 }> { fn two(&self) -> u8 { 2 } }
fn main() { assert_eq!(A::<2>.two(), 3) }
=
async fn main() {}
=
unsafe extern "C" fn main() {}
=
if true { }
fn main() { panic!() }
=
'a: loop { break 'a; }
=
let c = '"'; let l: &'static str = "x"; let b = b'\''; fn main() {}
=
static S: u8 = 1;
union U { a: u8 }
trait T { fn main(); }
type F = fn();
=
std::process::exit(3);
=
let x: u8 = 255; let y = std::hint::black_box(x) + 1;
=
return;
=
=
// only a comment
=
#![no_std]
extern crate std;
fn main() {}
=
#[cfg(all())]
fn main() { panic!() }
=
pub(crate) struct S;
pub use std::fmt;
=
unsafe { std::ptr::null::<u8>().is_null(); }
fn main() { panic!() }
=
trait Tr {}
impl<T> Tr for T where T: Copy {}
#[allow(unused)] fn main() { panic!() }
"""
SAMPLES = [sample.removeprefix("\n") for sample in re.split(r"(?m)^=\n", CORPUS)]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What `rustdoc --test` makes of the corpus: `ok`, `build` or `run`, by number of the sample."""
    path = tmp_path_factory.mktemp("rustdoc") / "corpus.md"
    lines = {}
    text = ""
    for number, sample in enumerate(SAMPLES):
        lines[text.count("\n") + 1] = number
        text += f"```rust\n{sample}```\n\n"
    path.write_text(text)
    env = {name: value for name, value in os.environ.items() if name != "RUST_BACKTRACE"}
    done = subprocess.run(
        ["rustdoc", "--test", "--edition=2021", str(path)], env=env, capture_output=True, text=True, check=False
    )
    found = {
        lines[int(line)]: "ok" if how == "ok" else "run"
        for line, how in re.findall(r"\(line (\d+)\) \.\.\. (ok|FAILED)", done.stdout)
    }
    for line, said in re.findall(
        r"(?ms)^---- \S+ - \(line (\d+)\) stdout ----\n(.*?)(?=^----|^failures:)", done.stdout
    ):
        if "Couldn't compile the test." in said:
            found[lines[int(line)]] = "build"
    return found


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_samples_do_what_rustdoc_says(workshop: Workshop, rust: Any, verdicts: dict[int, str], number: int) -> None:
    """What builds and runs under `rustdoc --test` builds and runs here, and nothing else does."""
    outcome = workshop.execute(rust, workshop.sample(SAMPLES[number], options={"edition": "2021"}))

    last = outcome.steps[-1]
    assert verdicts[number] == ("ok" if last.ended == Exited(0) else last.kind), outcome


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("let v: Vec<u8> = vec![];\nlet x = v[0];", "sample.rs:2:10"),
        ("let v: Vec<u8> = vec![]; v[0];", "sample.rs:1:27"),
        ("# use std::fmt;\n    panic!()", "sample.rs:2:5"),
        ("// c\nfn main() {\n    panic!()\n}", "sample.rs:3:5"),
        ("#![allow(x)]\npanic!()", "sample.rs:2:1"),
    ],
)
def test_panics_are_where_the_author_wrote_them(workshop: Workshop, rust: Any, code: str, place: str) -> None:
    """Line and column are the author's, and the thread's id is gone."""
    sample = workshop.sample(code)

    outcome = workshop.execute(rust, sample)

    assert Exited(101) == outcome.steps[-1].ended
    assert f"thread 'main' panicked at {place}:" in rust.tidy(sample, outcome.steps[-1].stderr)


def test_compiler_messages_are_data_and_text(workshop: Workshop, rust: Any) -> None:
    """Code, message and spans are the author's; the rendered text has colours and no inserted code."""
    sample = workshop.sample('let v = vec![1]; drop(v);\nprintln!("{v:?}");\n')

    build = workshop.execute(rust, sample).steps[-1]

    (found,) = build.diagnostics
    assert ("error", "E0382", "borrow of moved value: `v`") == (found.level, found.code, found.message)
    primary = next(span for span in found.spans if span.primary)
    assert ("sample.rs", 2, 12) == (primary.file, *rust.locate(sample, primary.line, primary.column))
    moved = next(span for span in found.spans if "value moved here" in span.label)
    assert (1, 23) == rust.locate(sample, moved.line, moved.column)
    text = rust.tidy(sample, build.stderr)
    plain = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\\\", "", text)
    assert "\x1b[1m\x1b[91merror[" in text
    assert "--> sample.rs:2:12" in plain
    assert "1 | let v = vec![1]; drop(v);\n  |     -                 - value moved here\n" in plain
    assert "fn main" not in plain
    assert "For more information about this error" not in plain
    assert "For more information about this error" in build.stderr


def test_columns_of_hidden_lines_count_their_mark(workshop: Workshop, rust: Any) -> None:
    """A place in a hidden line is one in the line that the author wrote."""
    sample = workshop.sample("let a = 1;\n# let b: u8 = true;\n")

    (found,) = workshop.execute(rust, sample).steps[-1].diagnostics

    assert (2, 15) == rust.locate(sample, found.spans[0].line, found.spans[0].column)


def test_errors_within_macros_are_where_they_are_called(workshop: Workshop, rust: Any) -> None:
    """Spans in the standard library become those of the call."""
    sample = workshop.sample('let x = 1;\nassert_eq!(x, "a");')

    found = workshop.execute(rust, sample).steps[-1].diagnostics

    assert {("sample.rs", 2)} == {(span.file, span.line) for d in found for span in d.spans if span.primary}


def test_warnings_of_a_good_build_are_kept(workshop: Workshop, rust: Any) -> None:
    """A sample that builds can have messages; what is unused is none."""
    sample = workshop.sample("#[deprecated] fn f() {}\nlet unused = 1;\nf();")

    build, run = workshop.execute(rust, sample).steps

    assert ["deprecated"] == [found.code for found in build.diagnostics]
    assert Exited(0) == run.ended


def test_the_preamble_is_before_every_sample_and_is_not_seen(workshop: Workshop) -> None:
    """It compiles, moves no line, and is in no message."""
    text = '#![allow(dead_code)]\nuse std::collections::HashMap; // maps\nconst LONG: &str = "' + "x" * 200 + '";\n'
    rust = open_languages(workshop.rust(preamble=text), workshop.listener)["rust"]
    good = workshop.sample('let m: HashMap<u8, u8> = HashMap::new();\nprintln!("{} {}", m.len(), line!());')
    bad = workshop.sample("let m: HashMap<u8, u8> = 1;")

    assert "0 2\n" == workshop.execute(rust, good).steps[-1].stdout
    build = workshop.execute(rust, bad).steps[-1]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", rust.tidy(bad, build.stderr))
    assert " --> sample.rs:1:26\n  |\n1 | let m: HashMap<u8, u8> = 1;\n  |        ---------------   ^ expected" in plain


def test_mistakes_in_the_preamble_are_said_to_be_there(workshop: Workshop) -> None:
    """By its line there; no line of the sample is shown with them."""
    text = "#![deny(unused_variables)]\nextern crate no_such;\nuse foo::bar;\n"
    rust = open_languages(workshop.rust(preamble=text), workshop.listener)["rust"]
    for sample in (
        workshop.sample('println!("a");\nlet x: u8 = true;'),
        workshop.sample("fn main() { let x: u8 = 1u16; }"),
    ):
        said = rust.tidy(sample, workshop.execute(rust, sample).steps[-1].stderr)

        plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
        places = re.findall(r"--> (.*)", plain)
        assert ["the preamble of `languages.rust` (line 2)", "the preamble of `languages.rust` (line 3)"] == places[
            :2
        ], plain
        assert "  | use foo::bar;\n  |     ^^^ " in plain
        assert not any("preamble" in place for place in places[2:])


def test_a_preamble_that_is_not_rust(workshop: Workshop) -> None:
    """It is a mistake of the configuration, not of every sample."""
    with pytest.raises(ConfigurationError, match="preamble`: not Rust: a bracket is not closed"):
        open_languages(workshop.rust(preamble="use a::{b;"), workshop.listener)


def test_what_a_sample_is_given(workshop: Workshop, rust: Any) -> None:
    """Input, arguments and variables reach it; a variable of the sample wins."""
    from mkdocs_codeexec.core.sample import Given

    code = """
        let args: Vec<String> = std::env::args().skip(1).collect();
        let input = std::io::read_to_string(std::io::stdin()).unwrap();
        println!("{args:?} {input} {} {}", env("A"), env("RUST_BACKTRACE"));
        fn env(name: &str) -> String { std::env::var(name).unwrap() }
    """
    given = Given(stdin="in", args=("a b", "{file}"), env=(("A", "1"), ("RUST_BACKTRACE", "full")))

    outcome = workshop.execute(rust, workshop.sample(code, given=given))

    assert '["a b", "{file}"] in 1 full\n' == outcome.steps[-1].stdout


def test_no_run_stops_before_code_is_made(workshop: Workshop, rust: Any) -> None:
    """One step, no program, and errors all the same."""
    outcome = workshop.execute(rust, workshop.sample("loop {}", build_only=True))
    failed = workshop.execute(rust, workshop.sample("let x: u8 = true;", build_only=True))

    assert [("build", Exited(0))] == [(step.kind, step.ended) for step in outcome.steps]
    assert [("build", Exited(1))] == [(step.kind, step.ended) for step in failed.steps]
    assert "--emit=metadata" in rust.plan(workshop.sample("loop {}", build_only=True)).steps[0].argv


def test_editions_differ(workshop: Workshop, rust: Any) -> None:
    """The sample's edition wins over the configured one, and is part of the key."""
    code = 'let gen = 1; println!("{gen}");'
    new, old = workshop.sample(code), workshop.sample(code, options={"edition": "2021"})

    assert Exited(1) == workshop.execute(rust, new).steps[-1].ended
    assert "1\n" == workshop.execute(rust, old).steps[-1].stdout
    assert rust.plan(new).key != rust.plan(old).key


def test_an_unknown_edition_is_the_compilers_to_tell(workshop: Workshop, rust: Any) -> None:
    """Rustc's own message is what the author sees."""
    outcome = workshop.execute(rust, workshop.sample("1;", options={"edition": "1999"}))

    assert Exited(1) == outcome.steps[-1].ended
    assert "1999" in outcome.steps[-1].stderr


def test_expectations_are_in_no_key(workshop: Workshop, rust: Any) -> None:
    """`should_panic` and `compile_fail` execute the same."""
    from mkdocs_codeexec.core.expectation import FailsToBuild, Panics

    workshop.provide(rust, workshop.main)
    actions = {rust.plan(workshop.sample("1;", expectation=how)).key for how in (Panics(), FailsToBuild(("E0001",)))}

    assert {rust.plan(workshop.sample("1;")).key} == actions


def test_actions_hold_no_path(workshop: Workshop, rust: Any) -> None:
    """Programs are placeholders, files are relative."""
    workshop.provide(rust, workshop.main)

    action = rust.plan(workshop.main)

    assert "{rustc}" == action.steps[0].argv[0]
    assert not re.search(r"/(tmp|root|home)", repr(action))


def test_the_toolchain_of_the_configuration(workshop: Workshop) -> None:
    """A named toolchain compiles, and is what the keys speak of; one that is not there says so."""
    named = open_languages(workshop.rust(toolchain="no-such-toolchain"), workshop.listener)["rust"]
    action = named.plan(workshop.main)

    why = named.provide([action], workshop.runner)[action.request_key]

    assert "the Rust toolchain `no-such-toolchain` is not installed" == why.reason
    assert "no-such-toolchain" in why.detail
    assert "rustup toolchain install no-such-toolchain" in why.hint


def test_scratch_folders_are_not_told(workshop: Workshop, rust: Any) -> None:
    """What names the private directory names it no more."""
    code = 'println!("{}", std::env::current_dir().unwrap().join("x").display());'

    assert "x\n" == workshop.execute(rust, workshop.sample(code)).steps[-1].stdout


MESSAGE = (
    '{"$message_type":"diagnostic","message":"%s","code":null,"level":"error","spans":[],"rendered":"error: %s\\n"}\n'
)


@pytest.mark.parametrize(
    ("stderr", "ended"),
    [
        (MESSAGE % (("linking with `cc` failed: signal: 7 (SIGBUS)",) * 2), Signaled(7)),
        (
            MESSAGE
            % (
                "linking with `cc` failed: exit status: 1",
                "= note: collect2: fatal error: ld terminated with signal 9 [Killed]",
            ),
            Signaled(9),
        ),
        (
            MESSAGE % (("failed to write x: No space left on device (os error 28)",) * 2),
            NotStarted("no space left on the device"),
        ),
        (
            "LLVM ERROR: IO failure on output stream: No space left on device\n",
            NotStarted("no space left on the device"),
        ),
        (
            MESSAGE % (("linker `cc` not found",) * 2),
            NotStarted("the linker `cc` was not found; install a C compiler"),
        ),
        (
            MESSAGE % (("could not exec the linker `/x/ld.mold`",) * 2),
            NotStarted("the linker `/x/ld.mold` could not be started; install a C compiler"),
        ),
        (
            MESSAGE % (("linking with `cc` failed: exit status: 127",) * 2),
            NotStarted("the linker `cc` could not be started; install a C compiler"),
        ),
        (
            MESSAGE % ("linking with `cc` failed: exit status: 1", "collect2: fatal error: cannot find 'ld'"),
            NotStarted("the linker `ld` was not found; install a C compiler"),
        ),
        (
            MESSAGE
            % ("linking with `cc` failed: exit status: 1", "gcc: fatal error: cannot execute 'collect2': execvp"),
            NotStarted("the linker `collect2` was not found; install a C compiler"),
        ),
        (
            MESSAGE % ("linking with `cc` failed: exit status: 1", "/usr/bin/ld: cannot find -lld: No such file"),
            Exited(1),
        ),
        (MESSAGE % ("mismatched types", "linker `cc` not found, cannot find 'ld'"), Exited(1)),
        (
            "error: internal compiler error: x\n" + MESSAGE % (("internal compiler error: x",) * 2),
            NotStarted("the compiler crashed with exit status 1; this is no error of the sample"),
        ),
        (
            "error: could not execute process `rustc` (never executed)\n",
            NotStarted("the compiler could not be started"),
        ),
        (MESSAGE % (("linking with `cc` failed: exit status: 1",) * 2), Exited(1)),
        (MESSAGE % (("aborting due to 1 previous error",) * 2), Exited(1)),
    ],
)
def test_what_only_looks_like_an_error_is_never_stored(stderr: str, ended: object) -> None:
    """A killed linker and a full disk say nothing about the sample."""
    result = StepResult(kind="build", stdout="", stderr=stderr, ended=Exited(1))

    assert ended == translate(result).ended


@pytest.mark.parametrize("code", [2, 101, 127])
def test_a_compiler_that_crashes_says_nothing_of_the_sample(code: int) -> None:
    """An error of what it compiles is exit status 1 and no other."""
    result = StepResult(kind="build", stdout="", stderr="thread 'rustc' panicked", ended=Exited(code))

    assert isinstance(translate(result).ended, NotStarted)


def test_a_machine_without_a_linker(workshop: Workshop, rust: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said of samples there, be they good or bad; what needs no linker is as ever."""
    if workshop.confined["mode"] != "off":
        pytest.skip("what is in PATH depends on the sandbox, too")
    workshop.provide(rust, workshop.main)
    monkeypatch.setenv("PATH", "/nonexistent")

    linked = workshop.execute(rust, workshop.sample('println!("x{}", 1);'))
    checked = workshop.execute(rust, workshop.sample("let x = 1;", build_only=True))
    wrong = workshop.execute(rust, workshop.sample("let x: u8 = true;"))

    assert NotStarted("the linker `cc` was not found; install a C compiler") == linked.steps[-1].ended
    assert not linked.storable
    assert [Exited(0), Exited(1)] == [checked.steps[-1].ended, wrong.steps[-1].ended]


def test_lines_that_are_no_messages_stay_text() -> None:
    """Linkers and crashing compilers write what they want; notifications and messages cut in two are dropped."""
    torn = '{"$message_type":"diagnostic","mess\n1 bytes omitted\nage":"x","rendered":"y"}\n'
    stderr = (
        'plain\n{"$message_type":"artifact","artifact":"sample"}\n{not json\n' + MESSAGE % ("a", "b") + torn + "end"
    )

    text, found = read(stderr)

    assert "plain\n{not json\nerror: b\n1 bytes omitted\nend" == text
    assert ["a"] == [diagnostic.message for diagnostic in found]


def test_the_same_sample_twice_gives_the_same_outcome(workshop: Workshop, rust: Any) -> None:
    """Nothing in a stored outcome changes from run to run but durations and thread ids."""
    sample = workshop.sample("let x: u8 = true;")
    one, two = (workshop.execute(rust, sample).steps[-1] for _ in range(2))

    assert (one.stderr, one.diagnostics) == (two.stderr, two.diagnostics)


def test_no_path_is_relative_to_the_process(workshop: Workshop, rust: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executing works wherever the process stands."""
    monkeypatch.chdir("/")

    assert "1\n" == workshop.execute(rust, workshop.sample('println!("1");')).steps[-1].stdout
    assert Path.cwd() == Path("/")


def test_a_mistake_in_a_preamble_is_none_of_a_line_of_the_sample(workshop: Workshop) -> None:
    """The log names the line of the preamble, of the site's or of the page's; no line of the sample is marked for it."""
    from mkdocs_codeexec.core.expectation import judge
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.report.failures import failures
    from mkdocs_codeexec.report.findings import marks

    rust = open_languages(workshop.rust(preamble="// maps\nuse std::collections::HashMap;\n"), workshop.listener)[
        "rust"
    ]
    of_page = workshop.sample(
        "let a = 1;", options={"preamble": "#![allow(unused)]\nuse std::fmt;\n\nuse fmt::Nothing;"}
    )
    own = workshop.sample("let _: HashMap<u8, u8> = 1;", options={"preamble": "use std::fmt;\n"})
    panics = workshop.sample("let a = 1;", options={"preamble": '\nlet _: u8 = "a".parse().unwrap();'})

    told = []
    for sample in (of_page, own, panics):
        outcome = workshop.execute(rust, sample)
        verdict = judge(sample.expectation, outcome)
        resolved = Resolved(sample=sample, verdict=verdict, outcome=outcome)
        [failure] = failures([resolved], {"rust": rust}, lambda _: "")
        told.append(
            (failure.headline.partition(": ")[2], [mark.line for mark in marks(sample, verdict, outcome, rust)])
        )

    assert [
        ("it does not compile: in the preamble of `codeexec` (line 4): unresolved import `fmt::Nothing` (E0432)", []),
        ("it does not compile", [1]),
        (
            (
                "it panicked: in the preamble of `codeexec` (line 2): called `Result::unwrap()` on an `Err` value: "
                "ParseIntError { kind: InvalidDigit }"
            ),
            [],
        ),
    ] == told
