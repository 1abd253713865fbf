#!/usr/bin/env bash
# Zensical 0.1.3, Python-Markdown 3.10: a page whose `meta` has many lists in each other is written to the cache, and not read.
#
# An extension of Python-Markdown may add to the `meta` of a page. The page is kept as JSON; serde_json reads up to 127 levels, and
# writes any number. With 100 lists the second build takes the page from the cache; with 128 it renders the page again, and says
# nothing. It is the only way in which an extension can have its page rendered by every build. Writes:
#
#   no list: the second build renders nothing
#   100 lists: the second build renders nothing
#   128 lists: the second build renders the page
#
# Exits with 1 if that changes. The theme is of one template: `zensical-ui` is not in every index.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
cat >"$work/modules/deep.py" <<'PY'
import os
from pathlib import Path

from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor


class Deep(Postprocessor):
    def run(self, text):
        (Path(os.environ["WORK"]) / "rendered").touch()
        value = "none"
        for _ in range(int(os.environ["LISTS"])):
            value = [value]
        self.md.preprocessors["rendering_context"].page.meta["deep"] = value
        return text


class DeepExtension(Extension):
    def extendMarkdown(self, md):
        md.postprocessors.register(Deep(md), "deep", 0)


def makeExtension(**options):
    return DeepExtension()
PY
cd "$work/site"
printf 'site_name: Test\nmarkdown_extensions: [deep]\n' >mkdocs.yml
echo 'Text.' >docs/index.md
second() {
  rm -rf .cache
  LISTS=$1 "$work/venv/bin/zensical" build >/dev/null 2>&1
  rm "$work/rendered"
  LISTS=$1 "$work/venv/bin/zensical" build >/dev/null 2>&1
  [ -e "$work/rendered" ] && echo "renders the page" || echo "renders nothing"
}
none=$(second 0) some=$(second 100) many=$(second 128)
echo "no list: the second build $none"
echo "100 lists: the second build $some"
echo "128 lists: the second build $many"
[ "$none" = "renders nothing" ] && [ "$some" = "renders nothing" ] && [ "$many" = "renders the page" ]
