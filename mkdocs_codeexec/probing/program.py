"""The program that tries, as one text: a sample has no other file."""

from __future__ import annotations

from pathlib import Path

MODULES = (
    *("trying", "files", "places", "network", "processes", "privileges", "sharing", "environment", "kernel", "limits"),
    "main",
)
"""Each imports from those before it alone."""

_LOADER = """\
import sys, types
def load(name, text):
    module = types.ModuleType(name)
    module.__package__ = "inside"
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(text, name, "exec"), module.__dict__)
load("inside", "")
"""


def program() -> str:
    """Return the program: Python that needs its own library alone."""
    folder = Path(__file__).with_name("inside")
    texts = ((name, (folder / f"{name}.py").read_text("utf-8")) for name in MODULES)
    loads = "".join(f"load('inside.{name}', {text!r})\n" for name, text in texts)
    return f"{_LOADER}{loads}sys.modules['inside.main'].main()\n"
