"""What is printed is shown once, in order, and nothing is executed that stands in output: a look at it; `benchmarks/shown.py` has it at length."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.sizes import TIMES

SHOWN = Path(__file__).parents[2] / "benchmarks" / "shown.py"
USUAL = 80


@pytest.mark.timeout(3600)
def test_what_is_printed_is_shown_once(environment_dir: Path) -> None:
    env = {**os.environ, "CODEEXEC_ENVIRONMENT_DIR": str(environment_dir)}
    argv = [sys.executable, str(SHOWN), "--cases", str(USUAL * TIMES), "--seed", "5"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=1800, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "each showed what it printed, once and in order, and nothing else was executed" in done.stdout
