#!/bin/sh
# matplotlib 3.10.0 and great-tables 0.20.0 with Python 3.11: what is another in each run, or made in each run.
#
# Where `$HOME` is empty, `import matplotlib.pyplot` makes the list of fonts of the machine again and leaves it in
# `~/.cache/matplotlib`. The fonts are in the order of a Python set, so lists made by two processes differ in it, unless
# `PYTHONHASHSEED` is fixed. The ids of a table of great_tables and of a styled table of pandas are random.
#
# Output seen:
#   fontlist-v390.json, made by two processes: as many fonts, in another order
#   PYTHONHASHSEED=0: the same bytes
#   great_tables: 2 ids of 2 processes
#   pandas: 2 ids of 2 processes
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --disable-pip-version-check \
  'matplotlib==3.10.0' 'great-tables==0.20.0' 'pandas==2.2.3' 'jinja2==3.1.6'
made() { # seed, folder
  mkdir "$dir/$2"
  HOME="$dir/$2" PYTHONHASHSEED=$1 "$dir/venv/bin/python" -c 'import matplotlib.pyplot' 2> /dev/null
  cat "$dir/$2/.cache/matplotlib/fontlist-v390.json" > "$dir/$2.json"
}
made 1 a; made 2 b; made 0 c; made 0 d
sort "$dir/a.json" | tr -d , | cksum > "$dir/a.sum"
sort "$dir/b.json" | tr -d , | cksum > "$dir/b.sum"
cmp -s "$dir/a.sum" "$dir/b.sum"
! cmp -s "$dir/a.json" "$dir/b.json"
echo "fontlist-v390.json, made by two processes: as many fonts, in another order"
cmp "$dir/c.json" "$dir/d.json"
echo "PYTHONHASHSEED=0: the same bytes"
cat > "$dir/ids.py" <<'PY'
import re, sys
import pandas as pd
from great_tables import GT
table = pd.DataFrame({"a": [1]})
html = GT(table).as_raw_html() if sys.argv[1] == "great_tables" else table.style.to_html()
print(re.search(r'<(?:div|table) id="([^"]*)"', html)[1])
PY
for name in great_tables pandas; do
  for _ in 1 2; do "$dir/venv/bin/python" "$dir/ids.py" "$name"; done | sort -u > "$dir/ids"
  test "$(wc -l < "$dir/ids")" -eq 2
  echo "$name: 2 ids of 2 processes"
done
