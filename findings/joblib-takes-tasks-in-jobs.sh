#!/usr/bin/env bash
# joblib 1.6.0: `Parallel` takes as many tasks of its iterable as it has jobs before it begins the first of them, with
# `batch_size=1` and whatever `pre_dispatch` says. A generator that knows its second task when its first has ended (a graph)
# cannot be given to it. With three jobs, threads, and `pre_dispatch` of `all` and of 3, the first three events are
#
#   taken 0, taken 1, taken 2
#
# Exits with 1 if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q joblib==1.6.0
cat >"$work/take.py" <<'PY'
import time

from joblib import Parallel, delayed

for pre_dispatch in ("all", 3):
    events = []

    def tasks():
        for number in range(6):
            events.append(f"taken {number}")
            yield delayed(events.append)(f"begun {number}")
            time.sleep(0.2)  # whatever was begun is told by now

    Parallel(n_jobs=3, backend="threading", batch_size=1, pre_dispatch=pre_dispatch)(tasks())
    print(", ".join(events[:3]))
PY
"$work/venv/bin/python" "$work/take.py" | tee "$work/told"
[ "$(cat "$work/told")" = "taken 0, taken 1, taken 2
taken 0, taken 1, taken 2" ]
