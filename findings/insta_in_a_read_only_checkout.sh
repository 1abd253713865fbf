#!/bin/sh
# insta 1.49.0 (pinned), cargo 1.95.0 (the installed one is taken).
# Where the checkout cannot be written to and `CI` is not set, an `assert_snapshot!` that differs does not fail as an
# assertion: after the difference it panics with `called Result::unwrap() on an Err value: Os { code: 13, .. }`, as the
# pending snapshot cannot be saved. `INSTA_UPDATE=no` gives `snapshot assertion for .. failed`. A snapshot that is
# the same needs no writing and passes.
# Seen:
#   usual:           called `Result::unwrap()` on an `Err` value: Os { code: 13, kind: PermissionDenied, .. }
#   INSTA_UPDATE=no: snapshot assertion for 'differs' failed in line 4
set -eu
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
cargo --version
mkdir src
printf '[package]\nname = "snap"\nversion = "0.1.0"\nedition = "2021"\n[dev-dependencies]\ninsta = { version = "=1.49.0", default-features = false }\n' > Cargo.toml
cat > src/lib.rs <<'R'
#[test]
fn same() { insta::assert_snapshot!("a b", @"a b"); }
#[test]
fn differs() { insta::assert_snapshot!("a b", @"a c"); }
R
built=$(CARGO_TARGET_DIR="$work/target" cargo test --no-run 2>&1 | sed -n 's/.*(\(.*\))$/\1/p' | tail -n 1)
chmod -R a+rX,a-w "$work"
chmod a+rx "$work"
# Root may write anywhere, so it becomes somebody else.
as=""
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=65534 --regid=65534 --clear-groups"; fi
run() { env -u CI -u TF_BUILD HOME=/nonexistent CARGO=/bin/false INSTA_WORKSPACE_ROOT="$work" "$@" 2>&1 || true; }
usual=$(run $as "$built" differs)
no=$(INSTA_UPDATE=no run $as "$built" differs)
same=$(run $as "$built" same)
echo "$usual" | grep 'unwrap'
echo "$no" | grep 'snapshot assertion'
echo "$usual" | grep -q 'called `Result::unwrap()` on an `Err` value: Os { code: 13'
! echo "$usual" | grep -q "snapshot assertion for"
echo "$no" | grep -q "snapshot assertion for 'differs' failed"
echo "$same" | grep -q '1 passed'
