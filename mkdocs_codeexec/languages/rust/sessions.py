"""Sessions: what is executed for the steps of one, and what each of them came to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Marks
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import ESCAPE, changed
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.source.session import PREAMBLE, preamble_of, root_line, steps_of
from mkdocs_codeexec.languages.sessions import objection as of_all

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action, Step
    from mkdocs_codeexec.core.outcome import Diagnostic
    from mkdocs_codeexec.core.sample import Sample

CONTINUED = "session.continued"
"""The input of an Action whose step others follow: what is dropped at the end of the program is then no part of it."""
_ROOTED = re.compile(r"^ *\d+ \|.*\b(?:crate|super|self)::", re.MULTILINE)


def codes(sample: Sample) -> tuple[str, ...]:
    """Return the code of all steps up to `sample`, as it runs."""
    return tuple(runnable(step.code) for step in (*sample.before, sample))


def whole(sample: Sample, seconds: Sequence[float]) -> Sample:
    """Return `sample` with what the program of all steps up to it is given; each may take so many `seconds`.

    It has that from its start, so the first step says it; see `objection`.
    """
    first = (*sample.before, sample)[0]
    code = "\n".join(step.code for step in (*sample.before, sample))
    return replace(sample, code=code, options=first.options, given=first.given, timeout=sum(seconds))


def marked(steps: tuple[Step, ...], seal: str, seconds: Sequence[float]) -> tuple[Step, ...]:
    """Return the `steps` of a program, what it writes taken apart at the marks of `seal`."""
    return tuple(
        replace(
            step,
            marks=Marks(seal, tuple(seconds), 2 if step.merged else 1),
            limits=replace(step.limits, cpu=None if step.limits.cpu is None else step.limits.cpu * len(seconds)),
        )
        if step.kind == "run"
        else step
        for step in steps
    )


def objection(sample: Sample) -> Unavailability | None:
    """Return why `sample` cannot be a step of the program of those before it; None if it can."""
    steps = (*sample.before, sample)
    for place, step in enumerate(steps[1:], 2):
        for word in ("edition", "environment", "test_harness"):
            if step.options.get(word, steps[0].options.get(word)) != steps[0].options.get(word):
                return Unavailability(
                    f"step {place} of the session has {'a' if word == 'test_harness' else 'an'} `{word}` that is not the one of its first step",
                    "a session is one program: write it at the first fence of the session",
                )
    return of_all(steps)


def divided(steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
    """Return what each of `steps` came to, of which the last one was executed with `outcome`."""
    program = _Program(steps)
    *_, last = outcome.steps
    if last.kind == "build" and last.ended != Exited(0):
        place = program.failed(last)
        return (*(None,) * place, replace(outcome, steps=(program.built(last, place),)))
    build = outcome.step("build")
    built = [program.built(build, place) for place in range(len(steps))] if build else []
    if last.kind == "build":
        alike = [step.step("run") is None for step in steps]
        return tuple(replace(outcome, steps=(one,)) if same else None for one, same in zip(built, alike, strict=True))
    return tuple(replace(outcome, steps=(built[place], run)) for place, run in enumerate(program.runs(last)))


def rooted_paths(outcome: Outcome) -> str:
    """Return what to write where a step names what another one declares by a path from the root of the crate."""
    build = outcome.step("build")
    for told in build.diagnostics if build is not None else ():
        if told.code in ("E0432", "E0433", "E0425", "E0412") and _ROOTED.search(ESCAPE.sub("", told.rendered)):
            return (
                "steps of a session are blocks within one `main`, so what they declare is not in the root of the crate: "
                "write `name` in the place of `crate::name`, and no `super` for it"
            )
    return ""


class _Program:
    """The program of a session that was executed."""

    def __init__(self, steps: Sequence[Action]) -> None:
        self._steps = steps
        self._files = dict(steps[-1].files)
        self._names = steps_of(self._files)
        self._places = {name: place for place, name in enumerate(self._names)}

    def failed(self, build: StepResult) -> int:
        """Return the place of the step that must be without an error before any later one can be tried.

        An error belongs to the last step that it speaks of: without that one, it may be none.
        """
        if build.ended != Exited(1):
            return 0
        found = [
            place
            for one in build.diagnostics
            if one.level.startswith("error")
            if (place := self._last(one)) is not None
        ]
        return min(found, default=len(self._steps) - 1)

    def built(self, build: StepResult, place: int) -> StepResult:
        """Return what was said of the step at `place`."""
        told = tuple(
            one
            for one in build.diagnostics
            if (self._of(one) if build.ended == Exited(0) else self._last(one)) == place
        )
        if build.ended not in (Exited(0), Exited(1)) or (build.ended == Exited(1) and not told):
            return self._shown(build, place)
        result = replace(build, stderr="".join(one.rendered for one in told), diagnostics=told)
        return self._shown(replace(result, duration=build.duration if place == 0 else 0.0), place)

    def runs(self, run: StepResult) -> list[StepResult]:
        """Return what was printed in each step that was reached."""
        parts = run.parts or (run,)
        ended = (*parts[:-1], replace(parts[-1], ended=run.ended))
        return [
            self._shown(replace(part, parts=(), asked=run.asked, began=run.began), place)
            for place, part in enumerate(ended)
        ]

    def _last(self, told: Diagnostic) -> int | None:
        """Return the place of the last step that `told` speaks of."""
        found = [place for span in told.spans if (place := self._place(span.file, span.line, span.column)) is not None]
        for name, place in self._places.items():  # notes and suggestions
            if name in told.rendered:
                found.append(place)
        return max(found, default=None)

    def _of(self, told: Diagnostic) -> int | None:
        """Return the place of the step that `told` is about."""
        spans = sorted(told.spans, key=lambda span: not span.primary)
        return next(
            (place for span in spans if (place := self._place(span.file, span.line, span.column)) is not None), 0
        )

    def _place(self, file: str, line: int, column: int) -> int | None:
        """Return the place of the step that has brought what stands in `file` there."""
        if file != FILE:
            return self._places.get(file)
        for place, step in enumerate(self._steps):
            root = dict(step.files)[FILE]
            if line < root_line(root) - 1 and len(root.split("\n")[line - 1]) >= column:
                return place
        return None  # ours

    def _shown(self, result: StepResult, place: int) -> StepResult:
        """Return `result` of the step at `place` with the names that readers of that step see."""
        if place >= len(self._names):
            return result
        mine = self._names[place]
        last = self._files[mine].count("\n")
        at = root_line(self._files[FILE])
        root = re.compile(rf"(?:(?<=\x1b\[0m)|(?<![\w./-]))(?:\./)?{re.escape(FILE)}:{at}:(\d+)")
        start, end = preamble_of(self._files[FILE])
        told = tuple(
            replace(
                one,
                spans=tuple(
                    replace(span, file=PREAMBLE, column=span.column - start)
                    if (span.file, span.line) == (FILE, at) and start < span.column <= end
                    else span
                    for span in one.spans
                ),
            )
            for one in result.diagnostics
        )
        result = replace(result, diagnostics=told)

        def of_preamble(match: re.Match[str]) -> str:
            column = int(match[1])
            return f"{PREAMBLE}:{at}:{column - start}" if start < column <= end else match[0]

        def change(text: str) -> str:
            if FILE in text and result.kind == "run":  # the end of `main`, which is that of the step
                text = root.sub(f"{FILE}:{last}:1", text)
            elif FILE in text:
                text = root.sub(of_preamble, text)
            for number, name in enumerate(self._names, 1):
                if name in text:
                    text = text.replace(name, FILE if name == mine else f"step-{number}.rs")
            return text

        return changed(result, change)
