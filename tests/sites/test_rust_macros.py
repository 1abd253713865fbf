"""Macros of real crates that read cargo's variables, in a site that documents a package; and that site in two folders."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

FILES = {
    "Cargo.toml": """\
[package]
name = "boom-kit"
version = "1.2.3"
description = "Makes boom"
edition = "2021"

[workspace]
""",
    "build.rs": """\
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/made.rs"), "pub fn generated() { panic!(\\"made\\") }").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
""",
    "src/lib.rs": """\
#[macro_export]
macro_rules! about { () => { concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), " ", env!("CARGO_CRATE_NAME")) } }
#[macro_export]
macro_rules! fence { () => { option_env!("FENCE") } }
#[macro_export]
macro_rules! manifest { () => { concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml") } }
pub fn file() -> &'static str { file!() }
pub fn boom() { panic!("boom") }
pub fn takes(n: u8) -> u8 { n }
include!(concat!(env!("OUT_DIR"), "/made.rs"));
""",
    ".cargo/config.toml": '[env]\nGREETING = "hello"\nDATA = {value = "data", relative = true}\n',
}
LOOKER = {
    "looker/Cargo.toml": """\
[package]
name = "looker"
version = "0.1.0"
edition = "2021"

[lib]
proc-macro = true

[dependencies]
proc-macro-crate = "3"
""",
    "looker/src/lib.rs": """\
#[proc_macro]
pub fn look(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let found = proc_macro_crate::crate_name(input.to_string().trim_matches('"'));
    format!("{:?}", format!("{found:?}")).parse().unwrap()
}
""",
    "Cargo.toml": '[package]\nname = "boom-kit"\nedition = "2021"\n\n[dependencies]\nlooker = {path = "looker"}\n\n[workspace]\n',
    "src/lib.rs": "pub use looker::look;\n",
}
"""A package whose macro looks for itself as `proc-macro-crate` does, which has a whole parser of TOML."""
CLAP = """\
use clap::Parser;
#[derive(Parser)]
#[command(version, about)]
struct Cli { #[arg(long)] n: Option<u8> }
print!("{}", Cli::try_parse_from(["x", "--version"]).err().unwrap());
println!("{}", Cli::try_parse_from(["x", "--help"]).err().unwrap());
"""
RUST = {"env": {"FROM_SITE": "site"}, "preamble": "use boom::about as described;"}
DEPENDENCIES = {
    "boom": {"path": ".", "package": "boom-kit"},
    "clap": {"version": "4", "default-features": False, "features": ["std", "derive", "help"]},
    "insta": {"version": "1", "default-features": False},
}


def sample(code: str, header: str = "rust exec") -> str:
    return f"```{header}\n{code}\n```\n\n"


PANIC = "thread 'main' panicked at {}:\n{}"
EXPECTED = [
    (sample(CLAP), "boom-kit 1.2.3\nMakes boom\n"),
    (sample('println!("{}", boom::about!());'), "boom-kit 1.2.3 boom_kit"),
    (sample('println!("{} 2", boom::about!());'), "boom-kit 1.2.3 boom_kit 2"),
    (sample('println!("{} 3", described!());'), "boom-kit 1.2.3 boom_kit 3"),
    (sample('println!("{}", described!());', 'rust exec edition="2018"'), "boom-kit 1.2.3 boom_kit"),
    (sample('println!("{:?}", boom::fence!());', 'rust exec env="FENCE=f"'), 'Some("f")'),
    (sample('println!("{:?}", boom::fence!());', 'rust exec env="FENCE=g"'), 'Some("g")'),
    (sample('println!("{:?}", boom::fence!());'), "None"),
    (sample('insta::assert_snapshot!("a b", @"a b");\nprintln!("same");'), "same"),
    (sample('println!("{}", boom::manifest!());'), "boom-kit/Cargo.toml"),
    (sample('print!("{}", include_str!(boom::manifest!()).lines().nth(1).unwrap());'), 'name = "boom-kit"'),
    (sample('println!("{}", boom::file());'), "boom-kit/src/lib.rs"),
    (
        sample('println!("{} {} {}", env!("GREETING"), env!("DATA"), env!("FROM_SITE"));\nassert_eq!(env!("DATA"), std::env::var("DATA").unwrap());'),
        "hello data site",
    ),
    (sample('println!("{:?} {:?}", option_env!("LEAK"), std::env::var("LEAK").ok());'), "None None"),
    (sample("boom::boom();", "rust exec should_panic"), PANIC.format("boom-kit/src/lib.rs:8:17", "boom")),
    (sample("boom::generated();", "rust exec should_panic"), PANIC.format("boom-kit/out/made.rs:1:22", "made")),
    (sample('clap::Arg::new("x").display_order();', "rust exec compile_fail,E0061"), "--> clap_builder-4"),
    (sample('boom::takes("n");', "rust exec compile_fail,E0308"), "--> boom-kit/src/lib.rs:9:8\n"),
]  # fmt: skip
LEAKING = {"CARGO_PKG_NAME": "leaked", "CARGO_PKG_VERSION": "9.9.9", "CARGO_MANIFEST_DIR": "/leaked", "LEAK": "leaked"}


@dataclass
class Made:
    """A site that documents the package, the options of its Rust, and its samples with what they print."""

    project: Project
    rust: dict[str, Any]
    expected: list[tuple[str, str]]

    def page(self, header: str = "rust exec") -> str:
        return "".join(code.replace("rust exec", header) for code, _ in self.expected)


def stored(project: Project) -> dict[str, str]:
    """Return the store: each file's text, without how long it took."""
    found = {}
    for path in (project.root / ".cache/codeexec/results").rglob("*.json"):
        entry = json.loads(path.read_text("utf-8"))
        del entry["sha256"], entry["duration_ms"]
        for step in entry["steps"]:
            del step["duration_ms"]
        found[path.name] = json.dumps(entry)
    return found


def page(project: Project) -> str:
    return re.sub("Build Date UTC : .*", "", project.html())


@pytest.fixture(scope="module", params=["insta", pytest.param("insta clap", marks=pytest.mark.slow)])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project_in: Callable[[Path], Project]
) -> Made:
    """Build the site once, with variables of the host that are not for samples; with clap, which takes long to compile, or not."""
    project = project_in(tmp_path_factory.mktemp("macros") / "site-under-test")
    known = {"boom", *request.param.split()}
    dependencies = {name: wanted for name, wanted in DEPENDENCIES.items() if name in known}
    expected = [(code, text) for code, text in EXPECTED if "clap" in known or "clap::" not in code]
    found = Made(project, {**RUST, "dependencies": dependencies}, expected)
    for name, text in FILES.items():
        project.write(name, text)
    project.configure({"languages": {"rust": found.rust}})
    project.page(found.page())
    built = project.build("--strict", env=LEAKING)
    assert 0 == built.status, built.log
    return found


@pytest.fixture
def other(made: Made, tmp_path: Path) -> Project:
    """Return the same site in another folder, without what a build has left."""
    found = type(made.project)(tmp_path / "quite" / "elsewhere", made.project.env)
    shutil.copytree(made.project.root, found.root, ignore=shutil.ignore_patterns(".cache", "site"))
    return found


def test_macros_read_what_they_would_in_a_doctest(made: Made) -> None:
    """Real crates' macros see the documented package, its folder, cargo's `[env]`, the site's and the fence's variables.

    Nothing is of the host, and no path of the machine is on the page or in the store.
    """
    project = made.project
    shown = [text for _, text in project.streams()]
    for (code, expected), text in zip(made.expected, shown, strict=True):
        assert expected in text, code
    store = stored(project)
    for place in (str(project.root), str(Path.home()), "/registry/", project.env["CODEEXEC_ENVIRONMENT_DIR"]):
        assert place not in "".join((*store.values(), *shown))
    assert "RUST_BACKTRACE" in "".join(store.values())
    assert not re.search("RUST_BACKTRACE|aborting|For more information", "".join(shown))


@pytest.mark.slow("test_macros_read_what_they_would_in_a_doctest")
def test_macros_find_their_own_crate(project: Project) -> None:
    """By the manifest of the documented package, as `proc-macro-crate` looks for it."""
    for name, text in LOOKER.items():
        project.write(name, text)
    project.configure({"languages": {"rust": {"dependencies": {"boom": {"path": ".", "package": "boom-kit"}}}}})
    project.page(sample('println!("{} {}", boom::look!("looker"), boom::look!("boom-kit"));'))
    built = project.build("--strict", env=LEAKING)

    assert [("stdout", 'Ok(Name("looker")) Ok(Itself)')] == project.streams(), built.log


def test_a_store_of_another_folder_is_enough(made: Made, other: Project) -> None:
    """The page is the same, byte for byte, where nothing can be executed, and if no sample were to share a crate there."""
    other.page(made.page("rust exec standalone_crate"))
    shutil.copytree(made.project.root / ".cache", other.root / ".cache")
    frozen = other.build("--strict", env={"CODEEXEC_EXECUTE": "frozen", "PATH": "/nowhere"})

    number = len(made.expected)
    assert {"samples": number, "cached": number, "met": number} == frozen.counts, frozen.log
    assert page(made.project) == page(other)


@pytest.mark.slow("test_a_store_of_another_folder_is_enough")
def test_another_folder_has_the_same_store(made: Made, other: Project) -> None:
    """And the same page, key by key and byte for byte, although none of its samples shares a crate there."""
    other.page(made.page("rust exec standalone_crate"))
    again = other.build("--strict")

    assert 0 == again.status, again.log
    assert stored(made.project) == stored(other)
    assert page(made.project) == page(other)


def test_what_pages_leave_out_is_no_part_of_a_key(made: Made, other: Project) -> None:
    """Notes of the compiler and of panics can be shown without anything being executed."""
    shutil.copytree(made.project.root / ".cache", other.root / ".cache")
    other.configure({"languages": {"rust": {**made.rust, "notes": True}}})
    noted = other.build("--strict")
    assert len(made.expected) == noted.counts["cached"], noted.log
    texts = "".join(text for _, text in other.streams())
    for note in (
        "note: run with `RUST_BACKTRACE=1`",
        "error: aborting due to 1 previous error",
        "rustc --explain E0308",
    ):
        assert note in texts
