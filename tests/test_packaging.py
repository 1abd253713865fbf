"""What the package asks for is what it was tested with."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
SUBCLASSED = ("mkdocs", "properdocs", "pymdown-extensions")
"""Whose classes ours are made of: the next major version may have others."""


@pytest.mark.parametrize("name", SUBCLASSED)
def test_what_is_subclassed_is_bounded_by_its_major_version(name: str) -> None:
    """The upper bound is a major version, and the installed one, the newest or the oldest, is within the bounds."""
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["properdocs"]]
    [wanted] = (line for line in asked if re.match(rf"{re.escape(name)}\b(?!-)", line))
    bounds = re.fullmatch(rf"{re.escape(name)}>=([\d.]+),<(\d+)", wanted)

    assert bounds, wanted
    installed = tuple(map(int, re.findall(r"\d+", version(name))[:3]))
    assert tuple(map(int, bounds[1].split("."))) <= installed < (int(bounds[2]),)
