"""Variables of this machine that samples are given because they require them.

They are put in as late as can be, and taken out of what samples print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.normalize import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.action import Action, Step
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.settings import Settings

SECRET = 6
"""Characters from which on the value of a variable is taken out of what is printed; `1` or `true` is no secret."""


def variables(action: Action, step: Step, settings: Settings) -> dict[str, str]:
    """Return what `step` is given of the variables of this machine: nothing if it builds, or in a stranger's build."""
    if step.kind != "run":
        return {}
    found = ((name, rights.variable(name, settings)) for name in action.host_env)
    return {name: value for name, value in found if value}


def hidden(result: StepResult, values: Mapping[str, str]) -> StepResult:
    """Return `result` with names in place of `values`: it is stored, and shown, and may be sent elsewhere."""
    secrets = sorted(((value, name) for name, value in values.items() if len(value) >= SECRET), key=_longest_first)
    if not secrets:
        return result

    def change(text: str) -> str:
        for value, name in secrets:
            text = text.replace(value, f"${name}")
        return text

    return changed(result, change)


def _longest_first(pair: tuple[str, str]) -> int:
    return -len(pair[0])
