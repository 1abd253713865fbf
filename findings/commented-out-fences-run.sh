#!/bin/sh
# markdown-exec 1.12.6 with pymdown-extensions 13.1.2 and MkDocs 1.6.1, Python 3.11.
#
# A fence with `exec="on"` is executed although it stands in an HTML comment, and although it stands in an indented code
# block that only shows how to write one. superfences takes fences before it is known where they stand, and calls the
# formatter of a custom fence at once; what it made is thrown away afterwards, or commented out. One would expect that
# code which is on no page is not run.
#
# Output seen:
#   in the comment: executed
#   in the indented code: executed, and shown as source
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check \
  'markdown-exec==1.12.6' 'pymdown-extensions==13.1.2' 'mkdocs==1.6.1' 'markdown==3.11.3' 'pygments==2.21.0'
mkdir "$dir/docs"
cat > "$dir/mkdocs.yml" <<'YML'
site_name: Test
theme: {name: mkdocs}
markdown_extensions: [pymdownx.superfences]
plugins: [markdown-exec]
YML
cat > "$dir/docs/index.md" <<MD
# Page

<!--
\`\`\`python exec="on"
open("$dir/commented", "w").close()
\`\`\`
-->

Write it so:

    \`\`\`python exec="on"
    open("$dir/indented", "w").close()
    \`\`\`
MD
cd "$dir"
venv/bin/mkdocs build -q
test -e "$dir/commented" && echo "in the comment: executed"
test -e "$dir/indented" && grep -q 'indented&quot;\|indented"' site/index.html && echo "in the indented code: executed, and shown as source"
