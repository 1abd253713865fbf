#!/bin/sh
# rustc 1.95.0 (the installed one is taken; its version is printed).
# `-Cdebuginfo=line-tables-only`, which is there for backtraces ("the minimal amount of debug info for backtraces", the
# rustc book), takes the paths of inlined functions out of them: `area` in place of `sample::geometry::P::area`. Places
# are right. `-Cdebuginfo=limited` has the whole names, in a program that is a few kilobytes larger.
# Seen:
#   line-tables-only:  helper | area | main
#   limited:           sample::geometry::helper | sample::geometry::P::area | sample::main
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rustc --version
cat > sample.rs <<'R'
mod geometry {
    pub struct P;
    impl P {
        #[inline(always)]
        pub fn area(&self, n: usize) -> usize { helper(n) }
    }
    #[inline(always)]
    fn helper(n: usize) -> usize { [1, 2, 3][n] }
}
fn main() { println!("{}", geometry::P.area(std::env::args().count() + 7)); }
R
names() {
    rustc --edition 2024 -Cdebuginfo="$1" sample.rs -o "$1"
    { RUST_BACKTRACE=1 "./$1" 2>&1 || true; } | grep -B1 'at \./sample.rs' | sed -n 's/^ *[0-9]*: //p' | paste -sd'|'
}
short=$(names line-tables-only)
whole=$(names limited)
echo "line-tables-only: $short"
echo "limited:          $whole"
[ "$short" = "helper|area|main" ]
[ "$whole" = "sample::geometry::helper|sample::geometry::P::area|sample::main" ]
