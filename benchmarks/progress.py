"""What progress and events cost: cold builds of 1,000 samples on a terminal, in turns with the same to which nobody listens.

    python benchmarks/progress.py                        # 1,000 samples, 5 rounds
    python benchmarks/progress.py --samples 100 --rounds 2

Samples are as short as samples can be, so that what surrounds them weighs most. Figures are processor seconds of the build and of all that it
has started. There is no option to listen to nothing; for the other side of the comparison `Engine.hear` is patched away.

Differences of 2 % are less than the noise of a busy machine. So it is also measured, within a build, how many processor seconds its threads spend in
those who listen and in drawing.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import shutil
import struct
import sys
import tempfile
import termios
import threading
from pathlib import Path
from statistics import median

import measuring
from measuring import MeasurementError
from run import machine, say

MOST = 1.02
"""How much more a build may cost."""
CONFIGURATION = """\
site_name: progress
markdown_extensions: [pymdownx.superfences]
plugins:
  - codeexec:
      languages: {bash: {}}
      reports: {trace: trace.json}
"""
BUILD = "from mkdocs.__main__ import cli; cli(['build'])"
ALONE = "from mkdocs_codeexec.engine.engine import Engine; Engine.hear = lambda self, listen: None; "
WITHIN = """
import threading, time
from mkdocs_codeexec.report.observing import Observing
from mkdocs_codeexec.report.progress.progress import Progress
spent, turn, depth = [0.0], threading.Lock(), threading.local()
def counted(function):
    def counting(*args):
        if getattr(depth, "on", False):
            return function(*args)
        depth.on, began = True, time.thread_time()
        try:
            return function(*args)
        finally:
            depth.on = False
            with turn:
                spent[0] += time.thread_time() - began
    return counting
Observing.hear = counted(Observing.hear)
Progress._draw = counted(Progress._draw)
import atexit, os
atexit.register(lambda: open("spent", "w").write(str(spent[0])))
"""


def on_terminal(code: str, folder: Path, env: dict[str, str]) -> float:
    """Run a program on a terminal, and return the processor seconds of it and its children.

    Raises:
        MeasurementError: It did not exit with 0.
    """
    child, fd = pty.fork()
    if not child:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-c", code], env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    written: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunk = os.read(fd, 65536)
            except OSError:  # it has ended
                return
            if not chunk:
                return
            written.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    _, status, usage = os.wait4(child, 0)
    reader.join()
    os.close(fd)
    if status:
        raise MeasurementError(f"the build has failed\n{b''.join(written)[-2000:].decode('utf-8', 'replace')}")
    return usage.ru_utime + usage.ru_stime


def write_site(folder: Path, samples: int) -> None:
    """Write a site, 50 samples on a page."""
    (folder / "docs").mkdir(parents=True)
    (folder / "mkdocs.yml").write_text(CONFIGURATION)
    for page, first in enumerate(range(0, samples, 50)):
        fences = (f"```bash exec\necho {number}\n```\n" for number in range(first, min(first + 50, samples)))
        (folder / "docs" / ("index.md" if not page else f"page-{page}.md")).write_text(
            "# Samples\n\n" + "\n".join(fences)
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help="samples of the site (default: 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    asked = parser.parse_args()
    print(machine())
    ratios: list[float] = []
    shares: list[float] = []
    with tempfile.TemporaryDirectory(prefix="codeexec-progress-") as name:
        folder = Path(name)
        write_site(folder / "site", asked.samples)
        env = measuring.environment(folder, TERM="xterm-256color") | {"CI": ""}

        def cold(code: str) -> float:
            for each in (".cache", "site"):
                shutil.rmtree(folder / "site" / each, ignore_errors=True)
            return on_terminal(code, folder / "site", env)

        cold(BUILD)  # what is compiled once
        for number in range(asked.rounds):
            contestants = [("heard", BUILD), ("alone", ALONE + BUILD)]
            if number % 2:
                contestants.reverse()
            took = {name: cold(code) for name, code in contestants}
            whole = cold(WITHIN + BUILD)
            spent = float((folder / "site" / "spent").read_text())
            ratios.append(took["heard"] / took["alone"])
            shares.append(spent / (whole - spent))
            say(
                f"{took['heard']:.2f} s against {took['alone']:.2f} s: {ratios[-1]:.3f}; within: {spent:.3f} s of {whole:.2f} s"
            )
    figure, share = median(ratios), median(shares)
    print(f"{asked.samples} samples, cold, on a terminal, with a trace / nobody listens: {figure:.3f} (at most {MOST})")
    print(f"of its processor seconds, those who listen and draw: {share:.2%} (at most {MOST - 1:.0%})")
    met = share <= MOST - 1
    print("met" if met else "missed")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
