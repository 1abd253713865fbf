"""Fences that samples print, and nobody executes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mkdocs_codeexec.core.expectation import Met, Succeeds, Unmet
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.report.printed import unexecuted


def printing(text: str, result: str = "markdown") -> Resolved:
    sample = Sample(
        location=Location("a.md", 3),
        language="python",
        code="x",
        expectation=Succeeds(),
        presentation=Presentation(result=result),
    )
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    return Resolved(sample=sample, verdict=Met(), outcome=Outcome(language="python", steps=(step,)))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("python exec", "a\n\n```python exec\nx\n```\n"),
        ('sh exec="1" session="a"', '    ~~~~ sh exec="1" session="a"\n'),
        ("{.python .exec}", "> ```{.python .exec}\n"),
        ("rust,exec", "```rust,exec\n"),
        (None, "```python\nexec\n```\n"),
        (None, '```python exec="off"\n```\n'),
        (None, "```python title='executed'\n```\n"),
        (None, "python exec\n"),
        (None, "```python exec``` inline\n"),
    ],
)
def test_what_is_told(header: str | None, text: str) -> None:
    """One fence of each sample, with its header; a line in the log, and no warning."""
    found = list(unexecuted([printing(text)]))

    expected = [] if header is None else [f"it prints a fence `{header}`, which is shown and not executed"]
    assert expected == [problem.message for problem in found]
    assert all(problem.mild and problem.location.line == 3 for problem in found)


def test_what_is_not() -> None:
    """Text, HTML, and what failed."""
    text = "```python exec\n"

    assert not list(unexecuted([printing(text, "ansi"), printing(text, "html")]))
    assert not list(unexecuted([replace(printing(text), verdict=Unmet("x"))]))
    assert not list(unexecuted([replace(printing(text), outcome=None)]))
