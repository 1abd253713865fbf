#!/usr/bin/env bash
# mkdocs-print-site-plugin 2.9 (MkDocs 1.6.1, pymdown-extensions 13.1.2, Markdown 3.11.3, Pygments 2.21.0)
# On the print page the links of line numbers (`anchor_linenums: true`) lead nowhere: their targets are given the name
# of the page, `#a-__codelineno-0-1`, and the ids keep `__codelineno-0-1`, which every page of the site has again.
# Seen:
#   links without a target: 2 of 2
#   ids that stand there more than once: __codelineno-0-1
# Expected: ids and links changed together, or neither.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q mkdocs==1.6.1 mkdocs-print-site-plugin==2.9 pymdown-extensions==13.1.2 Markdown==3.11.3 Pygments==2.21.0
mkdir docs
cat >mkdocs.yml <<'YML'
site_name: Test
markdown_extensions:
  - pymdownx.highlight: {anchor_linenums: true, linenums: true}
  - pymdownx.superfences
plugins: [print-site]
YML
printf '# A\n\n```python\nprint(1)\n```\n' >docs/index.md
printf '# B\n\n```python\nprint(2)\n```\n' >docs/b.md
venv/bin/mkdocs build -q
venv/bin/python - <<'PY'
import re
from collections import Counter

page = open("site/print_page/index.html", encoding="utf-8").read()
ids = Counter(re.findall(r'\sid="([^"]*codelineno[^"]*)"', page))
links = re.findall(r'href="#([^"]*codelineno[^"]*)"', page)
dead = [link for link in links if link not in ids]
twice = [name for name, count in ids.items() if count > 1]
print(f"links without a target: {len(dead)} of {len(links)}")
print("ids that stand there more than once:", *twice)
raise SystemExit(0 if (len(dead), len(links), twice) == (2, 2, ["__codelineno-0-1"]) else 1)
PY
