"""What to write where a sample uses `?` and the `main` that it got returns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome

_SAID = "the `?` operator can only be used in a function that returns"
LINE = "Ok::<(), Box<dyn std::error::Error>>(())"


def hint(outcome: Outcome, *, wrapped: bool) -> str:
    """Return the line that lets `?` stand at the top level; empty if that is not the trouble.

    Args:
        outcome: Of the sample.
        wrapped: Whether it got a `main` that returns nothing.
    """
    told = outcome.steps[-1].diagnostics if outcome.steps and wrapped else ()
    if not any(one.code == "E0277" and one.message.startswith(_SAID) for one in told):
        return ""
    return f"for `?` outside of functions, end the sample with the line `# {LINE}`; readers do not see it"
