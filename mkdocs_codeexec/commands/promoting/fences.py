"""The fences of pages that hold what samples print, and what is to stand in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mkdocs_codeexec.commands.promoting.consoles import is_verified, promoted, repeats
from mkdocs_codeexec.commands.selecting.selection import with_needed
from mkdocs_codeexec.core.comparing import matches
from mkdocs_codeexec.core.expectation import Met, Skipped, Suspended, Unmet, verdict_reason
from mkdocs_codeexec.core.outcome import OMITTED
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.engine.hooks import Hooking
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.markdown.editing import unwritable
from mkdocs_codeexec.outputs import answered, is_output
from mkdocs_codeexec.report.differing import comparison

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.commands.observing import Observed
    from mkdocs_codeexec.core.comparing import Line
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.sites import Collected

State: TypeAlias = Literal["matches", "differs", "written", "left"]
"""It holds what was printed; it is to be written; it has been; it holds something else and stays as it is."""
_OMITTED = re.compile(OMITTED.format(r"\d+"))


@dataclass(slots=True)
class Editable:
    """A fence that can be written.

    Attributes:
        item: What became of it.
        state: What is done with it.
        lines: What is to stand in it.
        why: Why it stays as it is; may be empty.
        detail: More of that; may be empty.
    """

    item: Resolved
    state: State
    lines: tuple[Line, ...] = ()
    why: str = ""
    detail: str = ""

    def leave(self, why: str, detail: str = "") -> None:
        """Have it stay as it is."""
        self.state, self.why, self.detail = "left", why, detail


def editables(found: Collected, wanted: Container[str], folder: Path, watching: Observed) -> list[Editable]:
    """Return the fences of the pages `wanted` that hold what samples print. What the store lacks for that is executed.

    Those that are to be written have been executed twice: what does not repeat is left.

    Args:
        found: What the site has to execute.
        wanted: Names of pages.
        folder: Empty; nothing in it is wanted afterwards.
        watching: Hears what goes on.

    Raises:
        Cancelled: The run was stopped from outside.
        ConfigurationError: A language cannot be used as it is set up.
    """
    samples = [sample for sample, _ in found.samples]
    fences = [
        at
        for at, sample in enumerate(samples)
        if (is_output(sample) or is_verified(sample)) and sample.location.page in wanted
    ]
    hooking = Hooking(found.settings, found.console)
    engine = Engine(found.settings, found.console, hooking=hooking)
    engine.hear(watching.hear)
    first = _answered(_with_others(found, fences), engine)
    edits = {at: _editable(first[at], templates=found.templates) for at in fences}
    due = [at for at, edit in edits.items() if edit.state == "differs"]
    if due:
        # As `codeexec check` does it: Environments are in the real `cache_dir`, results are not.
        settings = replace(found.settings, execute="always")
        languages = open_languages(settings, watching.heard(found.console))
        settings = replace(settings, cache_dir=folder / "again", cache_write=False)
        found.console.say("once more, to see what repeats")
        engine = Engine(settings, found.console, languages=languages, hooking=hooking)
        engine.hear(watching.hear)
        second = _answered(_with_others(found, due), engine)
        for at in due:
            _check_again(edits[at], second[at], found.settings)
    if fences and (wrong := hooking.after()):
        found.console.warn(wrong)
    return list(edits.values())


def _with_others(found: Collected, fences: Sequence[int]) -> dict[int, Sample]:
    """Return `fences` with all that must be executed to compare them, in the order of pages."""
    return with_needed([sample for sample, _ in found.samples], fences)


def _answered(samples: Mapping[int, Sample], engine: Engine) -> dict[int, Resolved]:
    """Return the answers of `samples`, by their place."""
    answers = answered(engine, list(samples.values()), {})
    engine.close()
    return dict(zip(samples, answers, strict=True))


def _editable(item: Resolved, *, templates: bool) -> Editable:
    """Return what is to be done with a fence, by what its sample has printed."""
    compared = item.compared
    if isinstance(item.verdict, Met | Skipped | Suspended):
        return Editable(item, "matches", why=verdict_reason(item.verdict))
    if isinstance(item.verdict, Unmet) and item.verdict.diff and item.outcome is not None:
        lines, why = promoted(item.sample, item.outcome)
        edit = Editable(item, "differs", lines)
        if why := why or unwritable([line.text for line in lines if not line.number], templates=templates):
            edit.leave(why)
        return edit
    if not isinstance(item.verdict, Unmet) or compared is None or compared.difference is None:
        return Editable(item, "left", why=verdict_reason(item.verdict))
    edit = Editable(item, "differs", compared.difference.fitting)
    new = [line.text for line in edit.lines if not line.number]
    if any(map(_OMITTED.fullmatch, new)):
        edit.leave(f"it printed {compared.truncated} bytes more than are kept: a line `...` stands for any lines")
    elif why := unwritable(new, templates=templates):
        edit.leave(why)
    return edit


def _check_again(edit: Editable, second: Resolved, settings: Settings) -> None:
    """Leave a fence whose sample does not print the same once more, unless what is to be written stands for both."""
    if is_verified(edit.item.sample):
        if not repeats(edit.item.sample, edit.lines, second.outcome):
            edit.leave("it does not repeat: what changes can be written as `[..]`, or as a line `...`")
        return
    before, again = edit.item.compared, second.compared
    assert before is not None, "it is to be written"
    if again is None:
        edit.leave(f"it does not repeat: executed once more, {verdict_reason(second.verdict)}")
        return
    text = "\n".join(line.text for line in edit.lines)
    if matches(text, again.printed, settings.output_patterns) is not None:
        difference = matches(before.printed, again.printed)
        sample = edit.item.sample
        shown = comparison(sample, difference, "the second run", "the first run") if difference else ""
        edit.leave("it does not repeat: what changes can be written as `[..]`, or as a line `...`", shown)
