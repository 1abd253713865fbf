#!/bin/sh
# Markdown 3.6 keeps each abbreviation of a page as an inline pattern of its own, `abbr-HTML`, and has no list of them.
# Markdown 3.7 has one tree processor, `abbr`, whose `abbrs` is the list: in 3.6 nothing of that name is there. Who wants to
# give the abbreviations of one text to another has two ways, and 3.7 is the first in which a dict is enough.
#
# Prints: `3.6 abbr-HTML None` and `3.7 None {'HTML': 'Hypertext'}`.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >show.py <<'PYTHON'
import markdown

md = markdown.Markdown(extensions=["abbr"])
md.convert("HTML\n\n*[HTML]: Hypertext\n")
pattern = next((item.name for item in md.inlinePatterns._priority if item.name.startswith("abbr")), None)
found = md.treeprocessors["abbr"].abbrs if "abbr" in md.treeprocessors else None
print(".".join(markdown.__version__.split(".")[:2]), pattern, found)
PYTHON

for version in 3.6 3.7; do
  python3 -m pip install --quiet --target "$version" "markdown==$version"
  PYTHONPATH="$version" python3 show.py
done >found
cat found
grep -qx '3.6 abbr-HTML None' found
grep -qx "3.7 None {'HTML': 'Hypertext'}" found
