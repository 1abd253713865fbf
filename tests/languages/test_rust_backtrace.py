from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.messages.backtrace import cut

# Line 1 is what `prepare` makes of a sample that ends with a result.
CODE = """\
fn main() { fn _inner() -> core::result::Result<(), impl core::fmt::Debug> { trait Go { fn go(&self, n: usize); }
struct S(Vec<u8>);
impl Go for S { fn go(&self, n: usize) { by(&|| { self.0[n]; }) } }
fn by(f: &dyn Fn()) { [1].iter().for_each(|_| f()) }
S(vec![]).go(7);
Ok::<(), std::fmt::Error>(())
} _inner().unwrap() }
"""
PLACES = ["sample.rs:3:57", "sample.rs:4:47", "sample.rs:4:34", "sample.rs:3:42", "sample.rs:5:11"]
"""Where its own code was, innermost first."""
OWN = ["main::by", "main"]
"""Functions that every backtrace of it has under their whole names; others may have short ones."""


@pytest.fixture(scope="module", params=["-Cstrip=debuginfo", "-Cdebuginfo=limited"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, without and with places."""
    folder = tmp_path_factory.mktemp("places" if "limited" in request.param else "stripped")
    (folder / "sample.rs").write_text(CODE)
    flags = ("--edition=2024", "--crate-name=sample", "--crate-type=bin", "-Aunused", request.param)
    subprocess.run(["rustc", *flags, "sample.rs", "-o", "sample"], cwd=folder, check=True)
    return folder / "sample"


def said(program: Path, backtrace: str) -> str:
    env = os.environ | {"RUST_BACKTRACE": backtrace}
    return subprocess.run([program], cwd=program.parent, env=env, stderr=subprocess.PIPE, text=True, check=False).stderr


def frames(text: str) -> list[tuple[int, str]]:
    return [(int(number), name) for number, name in re.findall(r"(?m)^ +(\d+): (.*)$", text)]


def test_a_short_backtrace_keeps_the_samples_frames(program: Path) -> None:
    """With their numbers and, where the program knows them, their places; the note about the rest stays."""
    whole = said(program, "1")
    shown = cut(whole)
    names = [name for _, name in frames(shown)]

    assert "rust_begin_unwind" in whole
    assert not re.search(r"rust_begin_unwind|core::|std::|alloc::|_inner|FnOnce", re.sub(r"(?m)^thread .*$", "", shown))
    assert OWN == [name.removeprefix("sample::") for name in names if name.removeprefix("sample::") in OWN]
    assert {number for number, _ in frames(shown)} < {number for number, _ in frames(whole)}
    assert whole.split("stack backtrace:")[0] == shown.split("stack backtrace:")[0]
    assert shown.endswith("note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n")
    assert (PLACES if "places" in program.parent.name else []) == re.findall(r"(?m)^ +at (.*)$", shown)


@pytest.mark.parametrize("backtrace", ["0", "full"])
def test_others_stay_whole(program: Path, backtrace: str) -> None:
    """Nobody asks for a full backtrace to get a short one; without any there is nothing to cut."""
    whole = said(program, backtrace)

    assert frames(whole) == frames(cut(whole))
    assert whole.replace(" ./sample.rs", " sample.rs") == cut(whole)


INLINED = """\
mod geometry {
    pub struct P;
    pub trait Area { fn area(&self, n: usize) -> usize; }
    impl P {
        #[inline(always)]
        pub fn side(&self, n: usize) -> usize { inner(n) }
    }
    impl Area for P {
        #[inline(always)]
        fn area(&self, n: usize) -> usize { self.side(n) }
    }
    #[inline(always)]
    fn inner(n: usize) -> usize { [1, 2, 3][n] }
}
fn main() {
    use geometry::Area;
    let area = |n: usize| geometry::P.area(n);
    println!("{}", area(std::env::args().count() + 7));
}
"""


def test_an_inlined_function_keeps_its_path(workshop: Any) -> None:
    """Whatever is inlined into what: a function, a method, one of a trait, in a closure; and each has its place."""
    language = open_languages(workshop.rust(backtrace="1"), workshop.listener)["rust"]
    sample = workshop.sample(INLINED)
    shown = language.tidy(sample, workshop.execute(language, sample).steps[-1].stderr)

    assert [
        ("sample::geometry::inner", "13:35"),
        ("sample::geometry::P::side", "6:49"),
        ("<sample::geometry::P as sample::geometry::Area>::area", "10:50"),
        ("sample::main::{{closure}}", "17:39"),
        ("sample::main", "18:20"),
    ] == re.findall(r"^ +\d+: (.*)\n +at sample\.rs:(.*)$", shown, re.MULTILINE)


FRAMES = [
    pytest.param(True, "sample::main", id="function"),
    pytest.param(True, "sample::main::{{closure}}", id="closure"),
    pytest.param(True, "<sample::S as core::fmt::Display>::fmt", id="method"),
    pytest.param(True, "<&mut sample::S as core::fmt::Display>::fmt", id="method of a reference"),
    pytest.param(True, "<[sample::S] as core::fmt::Display>::fmt", id="method of a slice"),
    pytest.param(True, "<alloc::vec::Vec<T> as sample::Go>::go", id="method of a trait"),
    pytest.param(False, "sampler::main", id="another crate"),
    pytest.param(False, "my::sample::main", id="another crate's module"),
    pytest.param(False, "core::ops::function::FnOnce::call_once", id="library"),
    pytest.param(False, "<core::iter::Map<sample::It, F> as core::iter::Iterator>::next", id="library for a type"),
    pytest.param(False, "core::iter::for_each::<sample::main::{closure#0}>", id="library for a function"),
]


@pytest.mark.parametrize(("ours", "name"), FRAMES)
def test_whose_a_function_is(ours: bool, name: str) -> None:
    """By its name, where there are no places."""
    note = "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n"
    text = f"stack backtrace:\n   0: std::x\n   1: {name}\n  10: sample::last\n{note}"
    expected = f"stack backtrace:\n{f'   1: {name}' + chr(10) if ours else ''}  10: sample::last\n{note}"

    assert expected == cut(text)


def test_the_place_decides_if_there_is_one() -> None:
    """Inlined functions have short names, and the library's may name the sample's types."""
    note = "note: Some details are omitted\n"
    text = (
        "stack backtrace:\n   0: go\n             at ./sample.rs:3:1\n"
        f"   1: sample::x\n             at /rustc/abc/library/core/src/x.rs:1:1\n{note}"
    )

    assert f"stack backtrace:\n   0: go\n             at sample.rs:3:1\n{note}" == cut(text)


@pytest.mark.parametrize(
    "text",
    [
        "stack backtrace:\n   0: std::x\n   1: tokio::y\nnote: Some details are omitted\n",
        "stack backtrace:\nnote: Some details are omitted\n",
        "stack backtrace:\n   0: sample::main\n   1: std::x\n",
        "no backtrace:\n   0: std::x\n   1: sample::main\nnote: Some details are omitted\n",
        "stack backtrace:\n   0: std::x\nI print numbers\n   1: sample::main\nnote: Some details are omitted\n",
    ],
)
def test_what_is_no_short_backtrace_of_the_sample_stays(text: str) -> None:
    """Without a frame of the sample all are shown; what a program printed itself is its own."""
    assert text == cut(text)
