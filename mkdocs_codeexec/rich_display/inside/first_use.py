"""A program that prints what matplotlib makes at its first use: the name of its list of fonts, and the list.

Samples are given that list, for each of them would make it again: `$HOME` is empty (`runtime.warmed`).
"""

import sys
from pathlib import Path

import matplotlib.font_manager

sys.stdout.write(
    "".join(f"{path.name}\n{path.read_text('utf-8')}" for path in Path(matplotlib.get_cachedir()).glob("fontlist*"))
)
