#!/usr/bin/env bash
# Material for MkDocs 9.8.2 (MkDocs 1.6.1, pymdown-extensions 13.1.2, Pygments 2.21.0), in Chromium 156, Playwright 1.65.2
# `content.code.annotate` takes the first numbered list behind a code block as its annotations, also when a paragraph
# with text stands between the two: the list is gone from the page, and shows in a tooltip of the marker `(1)`. A
# paragraph with any element in it (`**bold**`) keeps the list where it was written. The documentation says that the list
# follows the block; the code skips paragraphs without child elements, and means empty ones.
# Seen:
#   plain text between: list hidden, 1 annotation
#   bold text between: list shown, 0 annotations
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q mkdocs==1.6.1 mkdocs-material==9.8.2 pymdown-extensions==13.1.2 Pygments==2.21.0 playwright==1.65.2
mkdir docs
cat >mkdocs.yml <<'YML'
site_name: Test
use_directory_urls: false
theme: {name: material, font: false, features: [content.code.annotate]}
markdown_extensions: [pymdownx.highlight, pymdownx.superfences]
YML
printf '```python\nf()  # (1)\n```\n\nThen do this:\n\n1.  first\n' >docs/index.md
printf '```python\nf()  # (1)\n```\n\nThen do **this**:\n\n1.  first\n' >docs/bold.md
venv/bin/mkdocs build -q 2>/dev/null
cat >look.py <<'PY'
import pathlib, sys
from playwright.sync_api import sync_playwright

seen = []
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox", "--disable-gpu"])
    for what, name in (("plain", "index.html"), ("bold", "bold.html")):
        page = browser.new_page()
        page.route("http*://**", lambda route: route.abort())
        page.goto(pathlib.Path("site", name).absolute().as_uri())
        page.wait_for_timeout(1500)
        hidden = page.evaluate("document.querySelector('article ol').hidden")
        count = page.locator(".md-annotation").count()
        seen.append((hidden, count))
        print(f"{what} text between: list {'hidden' if hidden else 'shown'}, {count} annotation{'' if count == 1 else 's'}")
    browser.close()
sys.exit(0 if seen == [(True, 1), (False, 0)] else 1)
PY
venv/bin/python look.py "$chromium"
