#!/bin/bash
# cargo 1.95.0 (f2d3ce0bd 2026-03-21), crate fnv 1.0.6 and 1.0.7 from crates.io, vendored side by side by cargo itself.
# `cargo update fnv --precise 1.0.6` with a vendored (directory) source that holds 1.0.6 and 1.0.7: exit status 0, no
# warning, and the lock file still says 1.0.7. The same command against the registry answers `Downgrading fnv v1.0.7 ->
# v1.0.6`. A version that is not in the folder at all (`--precise 9.9.9`) is "accepted" in the same way, with exit status 0.
# Seen: "registry: 1.0.6; directory: 1.0.7; directory, no such version: 1.0.7"
set -eu
cargo="cargo +1.95.0"
$cargo --version | grep -q '^cargo 1\.95\.0 '
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
mkdir -p "$at/p/src" "$at/old/src"
printf '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\nfnv = "1.0.6"\n' > "$at/p/Cargo.toml"
sed 's/"1.0.6"/"=1.0.6"/' "$at/p/Cargo.toml" > "$at/old/Cargo.toml"
echo 'fn main() {}' | tee "$at/p/src/main.rs" > "$at/old/src/main.rs"
locked() { grep -A1 '^name = "fnv"' "$at/p/Cargo.lock" | sed -n 's/^version = "\(.*\)"$/\1/p'; }
cd "$at/p"
$cargo generate-lockfile -q
$cargo update fnv --precise 1.0.7 -q
$cargo vendor -q --versioned-dirs "$at/shelf" > /dev/null
(cd "$at/old" && $cargo vendor -q --versioned-dirs --no-delete "$at/shelf" > /dev/null)
test -d "$at/shelf/fnv-1.0.6" -a -d "$at/shelf/fnv-1.0.7"
$cargo update fnv --precise 1.0.6 -q
registry=$(locked)
$cargo update fnv --precise 1.0.7 -q
mkdir .cargo
printf '[source.crates-io]\nreplace-with = "shelf"\n[source.shelf]\ndirectory = "%s"\n' "$at/shelf" > .cargo/config.toml
$cargo update fnv --precise 1.0.6 -q
directory=$(locked)
$cargo update fnv --precise 9.9.9 -q
absent=$(locked)
said="registry: $registry; directory: $directory; directory, no such version: $absent"
echo "$said"
test "$said" = "registry: 1.0.6; directory: 1.0.7; directory, no such version: 1.0.7"
