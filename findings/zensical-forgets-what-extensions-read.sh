#!/usr/bin/env bash
# Zensical 0.1.3, Python-Markdown 3.10: two things that an extension of Python-Markdown cannot change.
#
# A page is kept under a hash of its text and of the configuration. An extension that shows a file of its own is not called,
# and not even imported, when that file has changed: the second build shows what the first has read. `zensical serve` renders a page
# when its file is written to; new times alone (`touch`) do nothing, room that is asked for and there already (`fallocate`) does.
# Writes:
#
#   build 1: one
#   build 2, the file is changed: one
#   touch: nothing is rendered
#   fallocate: the page is rendered
#
# Exits with 1 if that changes. The theme is of one template: `zensical-ui` is not in every index.
set -euo pipefail
work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q click 'jinja2>=3.1' markdown==3.10 'pathspec>=1.0.4' 'pygments>=2.20' pymdown-extensions==11.0 \
  pyyaml 'tomli>=2.4' 
"$work/venv/bin/pip" install -q --no-deps zensical==0.1.3
mkdir -p "$work/modules/zensical_ui/templates" "$work/site/docs"
export PYTHONPATH="$work/modules" WORK="$work"
cat >"$work/modules/zensical_ui/__init__.py" <<'PY'
from pathlib import Path


def get_theme_dir():
    return str(Path(__file__).parent / "templates")
PY
echo '<html><body>{{ page.content }}</body></html>' >"$work/modules/zensical_ui/templates/main.html"
echo '<html></html>' >"$work/modules/zensical_ui/templates/404.html"
echo '<urlset></urlset>' >"$work/modules/zensical_ui/templates/sitemap.xml"
cat >"$work/modules/shows.py" <<'PY'
import os
from pathlib import Path

from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor

WORK = Path(os.environ["WORK"])


class Shows(Postprocessor):
    def run(self, text):
        with (WORK / "rendered").open("a") as file:
            file.write("x")
        return text.replace("SHOWN", (WORK / "shown").read_text())


class ShowsExtension(Extension):
    def extendMarkdown(self, md):
        md.postprocessors.register(Shows(md), "shows", 0)


def makeExtension(**options):
    return ShowsExtension()
PY
cd "$work/site"
printf 'site_name: Test\nmarkdown_extensions: [shows]\n' >mkdocs.yml
echo 'SHOWN' >docs/index.md
printf one >"$work/shown"
"$work/venv/bin/zensical" build >/dev/null 2>&1
first=$(grep -o '<p>[a-z]*' site/index.html | cut -c4-)
printf two >"$work/shown"
"$work/venv/bin/zensical" build >/dev/null 2>&1
second=$(grep -o '<p>[a-z]*' site/index.html | cut -c4-)
rm -rf .cache
"$work/venv/bin/zensical" serve -a 127.0.0.1:0 >/dev/null 2>&1 &
server=$!
count() { cat "$work/rendered" 2>/dev/null | wc -c; }
settled() { before=-1; while [ "$before" != "$(count)" ]; do before=$(count); sleep 2; done; }
: >"$work/rendered"
until [ "$(count)" -gt 0 ]; do sleep 0.2; kill -0 "$server"; done
settled
: >"$work/rendered"
rm -rf .cache/[0-9]*
touch docs/index.md
settled
touched=$(count)
: >"$work/rendered"
python3 -c 'import os; f = os.open("docs/index.md", os.O_WRONLY); os.posix_fallocate(f, 0, 1)'
settled
asked=$(count)
echo "build 1: $first"
echo "build 2, the file is changed: $second"
[ "$touched" -eq 0 ] && echo "touch: nothing is rendered" || echo "touch: the page is rendered"
[ "$asked" -gt 0 ] && echo "fallocate: the page is rendered" || echo "fallocate: nothing is rendered"
[ "$first" = one ] && [ "$second" = one ] && [ "$touched" -eq 0 ] && [ "$asked" -gt 0 ]
