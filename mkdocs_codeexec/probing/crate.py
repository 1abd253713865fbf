"""A local crate that tries at compile time: its build script, and a procedural macro that a sample uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MANIFEST = """\
[package]
name = "probed"
version = "0.1.0"
edition = "2021"

[dependencies]
probed-macro = {path = "macro"}
"""
_MACRO_MANIFEST = """\
[package]
name = "probed-macro"
version = "0.1.0"
edition = "2021"

[lib]
proc-macro = true
"""
_TRY = """\
fn output_of_probes(folder: &std::path::Path, canaries: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let started = Command::new(PYTHON)
        .args(["-I", "-S", "-c", PROGRAM])
        .env("LD_LIBRARY_PATH", LIBRARY)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return format!("{{}} it could not be started: {error}"),
    };
    let _ = child.stdin.take().unwrap().write_all(canaries.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&said).into_owned()
}
"""
_BUILD_SCRIPT = """\
fn main() {
    let folder = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    std::fs::write(folder.join("found.json"), output_of_probes(&folder, include_str!("canaries.json"))).unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
"""
_LIBRARY = """\
pub use probed_macro::tried;
pub const BUILD_SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/found.json"));
"""
_MACRO = """\
#[proc_macro]
pub fn tried(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let found = output_of_probes(&std::env::temp_dir(), include_str!("../canaries.json"));
    proc_macro::TokenTree::Literal(proc_macro::Literal::string(&found)).into()
}
"""

SAMPLE = 'println!("{}", probed::BUILD_SCRIPT.trim());\nprintln!("{}", probed::tried!().trim());\n'
"""Prints what both have found, each in one line."""


def write(folder: Path, program: str, python: str, library: str, canaries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the crate.

    Args:
        folder: Where.
        program: Tries.
        python: Runs it.
        library: Where the library of that is.
        canaries: Those for the build script and those for the macro, by `build` and `macro`.
    """
    constants = f"const PYTHON: &str = {_quoted(python)};\nconst LIBRARY: &str = {_quoted(library)};\n"
    script = f'{constants}const PROGRAM: &str = include_str!("tries.py");\n{_TRY}{_BUILD_SCRIPT}'
    macro = f'{constants}const PROGRAM: &str = include_str!("../tries.py");\n{_TRY}{_MACRO}'
    files = {
        "Cargo.toml": _MANIFEST,
        "build.rs": script,
        "tries.py": program,
        "canaries.json": json.dumps(canaries["build"]),
        "src/lib.rs": _LIBRARY,
        "macro/Cargo.toml": _MACRO_MANIFEST,
        "macro/tries.py": program,
        "macro/canaries.json": json.dumps(canaries["macro"]),
        "macro/src/lib.rs": macro,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _quoted(text: str) -> str:
    """Return a literal of Rust."""
    return 'r#"' + text + '"#'
