#!/usr/bin/env bash
# Material for MkDocs 9.8.2 (MkDocs 1.6.1)
# Its search plugin leaves out an element with `data-search-exclude` up to the end of the first element of the same name
# within it: elements are kept in a set by their name alone, and the inner one takes the name out. A `div` that holds
# another `div` is left out in part; one that holds a `section` as a whole. The documentation says that the attribute
# excludes the section, or the element.
# Seen:
#   div in div: "first" left out, "second" in the index
#   div in section: "first" left out, "second" left out
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q mkdocs==1.6.1 mkdocs-material==9.8.2
mkdir docs
cat >mkdocs.yml <<'YML'
site_name: Test
theme: {name: material, font: false}
plugins: [search]
YML
text='<div>\n<p>first</p>\n</div>\n<p>second</p>'
printf "# T\n\n<div data-search-exclude>\n$text\n</div>\n" >docs/index.md
printf "# T\n\n<section data-search-exclude>\n$text\n</section>\n" >docs/other.md
venv/bin/mkdocs build -q 2>/dev/null
cat >look.py <<'PY'
import json, sys

docs = json.load(open("site/search/search_index.json"))["docs"]
seen = []
for what, page in (("div in div", ""), ("div in section", "other/")):
    text = " ".join(doc["title"] + doc["text"] for doc in docs if doc["location"].split("#")[0] == page)
    seen.append([word in text for word in ("first", "second")])
    words = (f'"{word}" {"in the index" if there else "left out"}' for word, there in zip(("first", "second"), seen[-1]))
    print(f"{what}: {', '.join(words)}")
sys.exit(0 if seen == [[False, True], [False, False]] else 1)
PY
venv/bin/python look.py
