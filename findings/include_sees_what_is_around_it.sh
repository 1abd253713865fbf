#!/bin/sh
# rustc 1.95.0: `include!` of a file that holds a block sees bindings, items and macros around it, and may hide them;
# messages and panics name the included file. The reference calls `include!` unhygienic and says no more.
#
# Prints, of a panic in the second file: `second.rs:3:1`, after `2 Red 5`.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.rs <<'RUST'
fn main() { include!("first.rs") }
RUST
cat >first.rs <<'RUST'
{ #[derive(Debug)] enum Color { Red }
macro_rules! number { () => { 1 } }
let x = 5;
include!("second.rs") }
RUST
cat >second.rs <<'RUST'
{ use Color::*; macro_rules! number { () => { 2 } }
println!("{} {:?} {x}", number!(), Red);
panic!()
}
RUST

rustc --version
rustc --edition 2021 main.rs
./main >stdout 2>stderr && exit 1
cat stdout stderr
grep -qx '2 Red 5' stdout
grep -q 'panicked at second.rs:3:1' stderr
