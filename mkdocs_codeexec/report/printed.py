"""Markdown that samples print, with fences in it that ask for execution: they are shown, and nobody executes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.core.sample import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.core.resolved import Resolved

_HEADER = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})([^`\n]+)$", re.MULTILINE)
_ASKS = re.compile(r"""[ \t,.]exec(?:=["']?(\w*)|(?=[ \t,}]|$))""")
_OFF = frozenset({"off", "no", "false", "0"})
_HINT = "what is printed is data, which executes nothing: write the fence on the page"


def unexecuted(resolved: Iterable[Resolved]) -> Iterator[Problem]:
    """Yield what is not executed of the Markdown that samples print, if it asks for that."""
    for item in resolved:
        if item.sample.presentation.result != "markdown" or item.outcome is None or not isinstance(item.verdict, Met):
            continue
        text = "\n".join(step.stdout for step in item.outcome.steps if step.kind == "run")
        headers = (found[1].strip() for found in _HEADER.finditer(text))
        if header := next(filter(_asks, headers), ""):
            header = header[:60]
            message = f"it prints a fence `{header}`, which is shown and not executed"
            yield Problem(item.sample.location, message, _HINT, mild=True)


def _asks(header: str) -> bool:
    """Tell whether `header` asks for execution."""
    found = _ASKS.search(header)
    return found is not None and (found[1] or "").lower() not in _OFF
