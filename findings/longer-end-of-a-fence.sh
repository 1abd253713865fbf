#!/bin/sh
# pymdown-extensions 13.1.2 (superfences) with Markdown 3.11.3, Python 3.11; markdown-it-py 4.0.0 for comparison.
#
# A fence that ends with more backticks than it began with is closed by CommonMark's rule ("at least as many"). superfences
# wants exactly as many: the fence stays open, and takes the prose behind it, up to the end of the next fence, whose start
# is a line of its code.
#
# Output seen:
#   superfences: 1 block of code, which holds the prose
#   CommonMark: 2 blocks of code
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check \
  'pymdown-extensions==13.1.2' 'markdown==3.11.3' 'pygments==2.21.0' 'markdown-it-py==4.0.0'
cat > "$dir/page.py" <<'PY'
import markdown, markdown_it
text = "```text\none\n`````\n\nprose\n\n```text\ntwo\n```\n"
ours = markdown.markdown(text, extensions=["pymdownx.superfences"])
theirs = markdown_it.MarkdownIt().render(text)
assert ours.count("<pre>") == 1 and "prose" in ours[ours.index("<pre>"):ours.index("</pre>")], ours
assert theirs.count("<pre>") == 2 and "<p>prose</p>" in theirs, theirs
print("superfences: 1 block of code, which holds the prose")
print("CommonMark: 2 blocks of code")
PY
"$dir/venv/bin/python" "$dir/page.py"
