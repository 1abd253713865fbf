#!/bin/sh
# cargo 1.95.0 (the installed one is taken; its version is printed).
# `CARGO_PRIMARY_PACKAGE` is set for a package that was selected on the command line (the cargo book, "Environment
# variables Cargo sets for crates"). A unit test sees it. A doctest of the same package, run by the same `cargo test`,
# does not, although it sees `CARGO_PKG_NAME` and `CARGO_CRATE_NAME`, in the compiler and in the program alike: a macro that asks
# for the primary package works in unit tests and not in the documentation of it.
# Seen:
#   unit test: name Some("tally") crate Some("tally") primary Some("1")
#   doctest:   name Some("tally") crate Some("tally") primary None
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cargo --version
mkdir src
printf '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
cat > src/lib.rs <<'R'
//! ```
//! println!("doctest:   {}", tally::seen!());
//! panic!("so that the output is shown");
//! ```
#[macro_export]
macro_rules! seen { () => { format!("name {:?} crate {:?} primary {:?}",
    option_env!("CARGO_PKG_NAME"), option_env!("CARGO_CRATE_NAME"), option_env!("CARGO_PRIMARY_PACKAGE")) } }
#[test]
fn unit() { println!("unit test: {}", seen!()); }
R
said=$(env -u CARGO_PRIMARY_PACKAGE CARGO_TARGET_DIR="$work/target" cargo test --offline --no-fail-fast -- --nocapture 2>&1 || true)
echo "$said" | grep -E '^(unit test|doctest):'
echo "$said" | grep -qxF 'unit test: name Some("tally") crate Some("tally") primary Some("1")'
echo "$said" | grep -qxF 'doctest:   name Some("tally") crate Some("tally") primary None'
