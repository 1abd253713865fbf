"""Samples are executed again exactly if something that they have really read has changed.

A project of ten modules (a package that is installed, one that is installed in place, a folder on the path), two command
line tools, data files, programs on the search path and a virtual environment is mutated at random, and built after each
mutation: see `mutating/driving.py`. `benchmarks/law.py` does so two thousand times.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sizes import TIMES

import mkdocs_codeexec

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what children look for")

DRIVING = Path(__file__).parent / "mutating/driving.py"
PACKAGES = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(mkdocs_codeexec.__file__).parents[1])])


@pytest.fixture
def root() -> Iterator[Path]:
    """Return a folder that every user may enter, with a virtual environment in it: root's samples run as others."""
    folder = Path(tempfile.mkdtemp(prefix="law-"))
    folder.chmod(0o755)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(600 * TIMES)
@pytest.mark.parametrize(("tier", "count", "seed"), [("bubblewrap", 8, 1), ("landlock", 3, 2), ("off", 2, 3)])
def test_nothing_is_stale_and_nothing_is_executed_needlessly(root: Path, tier: str, count: int, seed: int) -> None:
    """In every tier that can observe; where there is none, for what is promised then."""
    count *= TIMES
    argv = [root / "venv/bin/python", DRIVING, root, str(count), str(seed), tier]
    done = subprocess.run(
        argv,
        env=os.environ | {"PYTHONPATH": PACKAGES},
        capture_output=True,
        text=True,
        timeout=590 * TIMES,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stdout.strip()), done.stderr[-2000:]
    assert count + 1 == len(re.findall(r"^(?:\d+|the beginning): ", done.stderr, re.MULTILINE))
    assert "skipped" not in done.stderr
