#!/bin/bash
# cargo 1.95.0 (f2d3ce0bd 2026-03-21), crate fnv 1.0.7 from crates.io (features `default` and `std`).
# Asked for a feature that does not exist, cargo names one that it "does have" by edit distance alone, and three edits are
# enough whatever the length: for `fnv` with `xyz` it says "package `fnv` does have feature `std`", although no letter is the
# same and the list of available features, which it prints otherwise, is left out. With a longer wrong name (`serde1`) the
# same crate's features are listed.
# Seen: "xyz: package `fnv` does have feature `std`"  "serde1: available features: default, std"
set -eu
cargo="cargo +1.95.0"
$cargo --version | grep -q '^cargo 1\.95\.0 '
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
mkdir "$at/src"
echo 'fn main() {}' > "$at/src/main.rs"
cd "$at"
ask() {
    printf '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\nfnv = { version = "=1.0.7", features = ["%s"] }\n' "$1" > Cargo.toml
    $cargo generate-lockfile 2>&1 | sed -n 's/^ *\(package `fnv` does have.*\|available features:.*\)$/\1/p'
}
xyz=$(ask xyz)
other=$(ask serde1)
echo "xyz: $xyz"
echo "serde1: $other"
test "$xyz" = 'package `fnv` does have feature `std`'
test "$other" = 'available features: default, std'
