#!/bin/sh
# pymdown-extensions 10.15 with Pygments 2.20.0 and Markdown 3.6, Python 3.11: a combination that the requirements of both allow.
#
# No fence without a title is code any more: it is left on the page as text, without a warning and without an exception.
# Pygments 2.20 escapes the name of a file for its HTML (`html.escape(None)` where there is none, an AttributeError), and
# superfences takes any exception of its highlighter for a sign that this is no fence. One would expect the exception, or
# the code without colours. With Pygments 2.18.0 the fence is code.
#
# Output seen:
#   Pygments 2.20.0: <p><code>python x = 1</code></p>
#   Pygments 2.18.0: <div class="highlight"><pre>...
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
cat > "$dir/page.py" <<'PY'
import markdown, pygments
html = markdown.markdown("```python\nx = 1\n```\n", extensions=["pymdownx.superfences"])
print(f"Pygments {pygments.__version__}:", " ".join(html.split()))
PY
for version in 2.20.0 2.18.0; do
  "$dir/venv/bin/pip" install -q --disable-pip-version-check \
    'pymdown-extensions==10.15' 'markdown==3.6' "pygments==$version"
  "$dir/venv/bin/python" "$dir/page.py" | tee "$dir/$version"
done
grep -q '<p><code>python x = 1</code></p>' "$dir/2.20.0"
grep -q '<div class="highlight"><pre>' "$dir/2.18.0"
