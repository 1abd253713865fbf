"""What every reader sees below every error and panic is no news, and is left out of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.messages.notes import without_notes

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

BOLD, RED, YELLOW, END = "\x1b[1m", "\x1b[1m\x1b[91m", "\x1b[33m", "\x1b[0m"

GONE = [
    pytest.param(f"{RED}error{END}{BOLD}: aborting due to 1 previous error{END}\n\n", id="one error"),
    pytest.param(f"{RED}error{END}{BOLD}: aborting due to 2 previous errors; 1 warning emitted{END}\n\n", id="errors"),
    pytest.param(f"{YELLOW}warning{END}{BOLD}: 12 warnings emitted{END}\n\n", id="warnings"),
    pytest.param(f"{BOLD}For more information about this error, try `rustc --explain E0308`.{END}\n", id="one code"),
    pytest.param(f"{BOLD}For more information about an error, try `rustc --explain E0308`.{END}\n", id="of codes"),
    pytest.param(f"{BOLD}Some errors have detailed explanations: E0277, E0308.{END}\n", id="codes"),
]
STAYS = [
    "error: aborting due to 1 previous error\n\n",
    "For more information about this error, try `rustc --explain E0308`.\n",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
    f"{RED}error{END}{BOLD}: aborting due to bad weather{END}\n\n",
    f"{RED}error[E0308]{END}{BOLD}: mismatched types{END}\n",
    "",
]
PANIC = "\nthread 'main' (7) panicked at sample.rs:1:2:\nno\n"
TO_SHOW = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"


@pytest.mark.parametrize("text", GONE)
def test_what_is_left_out(text: str) -> None:
    """Whole lines, wherever they stand, the last one without its end included."""
    assert "above\nbelow\n" == without_notes(f"above\n{text}below\n")
    assert "above\n" == without_notes("above\n" + text.rstrip("\n"))


@pytest.mark.parametrize("text", STAYS)
def test_what_a_program_prints_stays(text: str) -> None:
    """Only what a compiler has coloured is its own; of panics, only what stands below one."""
    assert text == without_notes(text)


def test_the_note_of_a_panic() -> None:
    """Below it, not above it, and not in the middle of a line."""
    assert f"a {TO_SHOW}{PANIC}" == without_notes(f"a {TO_SHOW}{PANIC}{TO_SHOW}\n")
    assert f"{TO_SHOW}\n{PANIC}" == without_notes(f"{TO_SHOW}\n{PANIC}{TO_SHOW}")


SAMPLES = {
    "errors": (
        'let a: u8 = "x";\nlet b = nothing;\n#[warn(unused_variables)]\nfn f() { let c = 1; }\n',
        ["aborting due to", "emitted", "For more information", "detailed explanations"],
    ),
    "a warning": ("#[warn(unused_variables)]\nfn f() { let c = 1; }\n", ["emitted"]),
    "an error in a macro": (
        '#[allow(deprecated)]\nfn f() -> Result<(), u8> { let n: u8 = r#try!(Ok::<&str, u8>("a")); Ok(()) }\n',
        ["aborting due to", "For more information", "Nightly"],
    ),
    "a panic": ("fn main() { panic!() }\n", ["RUST_BACKTRACE"]),
    "a panic in a thread": ("std::thread::spawn(|| panic!()).join().unwrap();\n", ["RUST_BACKTRACE"]),
    "a long type": (
        f"fn f<T>(t: T) -> (T, T) where T: Clone {{ (t.clone(), t) }}\nlet x = {'f(' * 11}1u8{')' * 11};\nx.no();\n",
        ["aborting due to", "For more information", "written to", "`--verbose`"],
    ),
}
NOISE = (
    "aborting due to",
    "emitted",
    "For more information",
    "detailed explanations",
    "RUST_BACKTRACE",
    "written to",
    "`--verbose`",
    "Nightly",
)


@pytest.mark.parametrize(("code", "noise"), SAMPLES.values(), ids=SAMPLES)
def test_the_real_compilers_and_programs_notes(workshop: Workshop, code: str, noise: list[str]) -> None:
    """None is shown unless `notes` asks for it, all of them are stored, and the option is no part of the key."""
    plain, noted = (open_languages(workshop.rust(notes=notes), workshop.listener)["rust"] for notes in (False, True))
    sample = workshop.sample(code)
    said = workshop.execute(plain, sample).steps
    stored = "".join(step.stderr for step in said)
    shown, whole = ("".join(one.tidy(sample, step.stderr) for step in said) for one in (plain, noted))

    assert noise == [one for one in NOISE if one in stored]
    assert [] == [one for one in NOISE if one in shown]
    assert noise == [one for one in NOISE if one in whole]
    assert plain.plan(sample).request_key == noted.plan(sample).request_key
