#!/bin/sh
# markdown-exec 1.12.6 with pymdown-extensions 13.1.2, Markdown 3.11.3, Python 3.11.
#
# A value of `source` that markdown-exec does not know (`tabs`, `console-left`) raises a ValueError within the formatter of the fence.
# superfences takes that for a fence that it does not know, and says nothing: the code has been executed, and what stands on
# the page is the text of the fence, in a paragraph.
#
# Output seen:
#   executed: True; on the page: <p><code>python exec="1" source="tabs"
#   nothing was logged
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check \
  'markdown-exec==1.12.6' 'pymdown-extensions==13.1.2' 'markdown==3.11.3' 'pygments==2.21.0'
cd "$dir"
cat > page.py <<'PY'
import io, logging
import markdown
from markdown_exec import formatter, validator

log = io.StringIO()
logging.basicConfig(stream=log, level=logging.WARNING)
custom = [{"name": "python", "class": "python", "validator": validator, "format": formatter}]
text = '```python exec="1" source="tabs"\nopen("executed", "w").close()\nprint("x")\n```\n'
html = markdown.markdown(
    text, extensions=["pymdownx.superfences"], extension_configs={"pymdownx.superfences": {"custom_fences": custom}}
)
import os
executed = os.path.exists("executed")
assert executed
assert html.startswith('<p><code>python exec="1" source="tabs"'), html
assert not log.getvalue(), log.getvalue()
print(f"executed: {executed}; on the page:", html.split("\n")[0])
print("nothing was logged")
PY
"$dir/venv/bin/python" page.py
