#!/usr/bin/env bash
# ProperDocs 1.6.7 answers for every `import mkdocs` only once `properdocs.__main__` is imported, which its command does. A
# program that reads a valid configuration with `properdocs.config.load_config` gets a refusal of each plugin that was
# written for MkDocs, here of mkdocs-autolinks-plugin 0.7.1, although both packages are installed:
#
#   library: The "autolinks" plugin ... must be a subclass of properdocs.plugins.BasePlugin
#   command: AutoLinksPlugin
#
# `import properdocs.replacement` before anything else has the same effect as the command. Exits with 1 if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q mkdocs==1.6.1 properdocs==1.6.7 properdocs-theme-mkdocs==1.6.7 mkdocs-autolinks-plugin==0.7.1
mkdir -p "$work/project/docs"
cd "$work/project"
echo '# Title' >docs/index.md
printf 'site_name: Test\ntheme: mkdocs\nplugins: [autolinks]\n' >properdocs.yml
cat >load.py <<'PY'
import sys

if sys.argv[1] == "command":
    import properdocs.replacement  # as properdocs/__main__.py does
from properdocs.config import load_config

print(*(type(plugin).__name__ for plugin in load_config("properdocs.yml").plugins.values()))
PY
for way in library command; do
  echo "$way: $("$work/venv/bin/python" load.py "$way" 2>&1 | tr '\n' ' ')" | tee -a said
done
grep -q '^library: .*must be a subclass of properdocs\.plugins\.BasePlugin' said
grep -qx 'command: AutoLinksPlugin *' said
