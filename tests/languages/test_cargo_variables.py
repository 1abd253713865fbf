"""`[env]` of cargo's configuration reaches crates, not samples alone: a page does not depend on what was compiled before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.crates import crate_in, write

if TYPE_CHECKING:
    from conftest import Workshop

READS = 'pub fn read() -> &\'static str { match option_env!("CC") { Some(value) => value, None => "none" } }\n'
BAKED = 'pub fn baked() -> &\'static str { env!("BAKED") }\n'
SILENT = """fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=BAKED={}", std::env::var("CC").unwrap_or("none".into()));
}
"""
TELLS = SILENT.replace("\n", '\n    println!("cargo::rerun-if-env-changed=CC");\n', 1)
CODE = 'fn main() { print!("{} {} {}", local::read(), local::baked(), vendored::baked()); }'
SOURCE = '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n'


def printed(workshop: Workshop, env: str, **host: str) -> str:
    """Return what crates have seen of `CC`: a local one that rustc compiled, its build script, one from elsewhere."""
    write(workshop.project, {".cargo/config.toml": f"{SOURCE}[env]\n{env}\n"})
    usual = {name: value for name, value in os.environ.items() if name != "CC"}
    settings = workshop.rust({"local": {"path": "../local"}, "vendored": "1"}, host_env={**usual, **host})
    return workshop.execute(workshop.open_rust(settings), workshop.sample(CODE)).steps[-1].stdout


@pytest.mark.parametrize(
    "script", [pytest.param(TELLS, id="told", marks=pytest.mark.slow), pytest.param(SILENT, id="silent")]
)
def test_what_was_compiled_with_other_variables_does_not_count(workshop: Workshop, script: str) -> None:
    """Set, changed, relative, another one and set again, with all that was built in between still there."""
    crate_in(workshop.root / "local", "local", READS + BAKED, **{"build.rs": script})
    vendored = crate_in(workshop.project / "vendor/vendored", "vendored", BAKED, **{"build.rs": script})
    manifest = (vendored / "Cargo.toml").read_text().replace("0.1.0", "1.0.0")
    write(vendored, {"Cargo.toml": manifest, ".cargo-checksum.json": '{"files": {}}'})

    assert printed(workshop, "") == "none none none"
    assert printed(workshop, 'CC = "one"') == "one one one"
    assert printed(workshop, 'CC = "two"') == "two two two"
    # A folder of the checkout is shown as the configuration names it.
    assert printed(workshop, 'CC = { value = "place", relative = true }') == "place place place"
    assert printed(workshop, 'OTHER = "one"') == "none none none"
    assert printed(workshop, 'CC = "one"') == "one one one"
    # What the build has itself counts, unless that is forced.
    assert printed(workshop, 'CC = "three"', CC="host") == "host host host"
    assert printed(workshop, 'CC = { value = "three", force = true }', CC="host") == "three three three"


def test_whether_a_variable_is_forced_is_in_the_key(workshop: Workshop) -> None:
    """As it may be another one that crates see."""
    crate_in(workshop.root / "local", "local", READS)
    language = workshop.open_rust({"local": {"path": "../local"}})
    keys = set()
    for env in ('CC = "one"', 'CC = { value = "one", force = true }', 'CC = { value = "one", force = false }'):
        write(workshop.project, {".cargo/config.toml": f"[env]\n{env}\n"})
        language.survey()
        keys.add(language.plan(workshop.main).request_key)
    assert len(keys) == 2
