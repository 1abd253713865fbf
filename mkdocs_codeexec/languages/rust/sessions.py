"""Sessions: what is executed for the steps of one, and what each of them came to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import ESCAPE, changed
from mkdocs_codeexec.core.outcome import OMITTED, Exited, Outcome, StepResult
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.source.session import mark_of, root_line, steps_of

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Diagnostic
    from mkdocs_codeexec.core.sample import Sample

CONTINUED = "session.continued"
"""The input of an Action whose step others follow: what is dropped at the end of the program is then no part of it."""
_ROOTED = re.compile(r"^ *\d+ \|.*\b(?:crate|super|self)::", re.MULTILINE)
_OMITTED = re.compile(OMITTED.format(r"\d+") + "\n?")


def codes(sample: Sample) -> tuple[str, ...]:
    """Return the code of all steps up to `sample`, as it runs."""
    return tuple(runnable(step.code) for step in (*sample.before, sample))


def whole(sample: Sample, seconds: float) -> Sample:
    """Return `sample` with what the program of all steps up to it is given; `seconds` are for a step that says nothing.

    What several steps say, the first one says for all; each has time of its own.
    """
    steps = (*sample.before, sample)
    options: dict[str, str] = {}
    env: dict[str, str] = {}
    for step in reversed(steps):
        options |= step.options
        env |= dict(step.given.env)
    given = replace(
        sample.given,
        stdin=next((step.given.stdin for step in steps if step.given.stdin is not None), None),
        args=next((step.given.args for step in steps if step.given.args), ()),
        env=tuple(sorted(env.items())),
    )
    code = "\n".join(step.code for step in steps)
    timeout = sum(step.timeout or seconds for step in steps)
    return replace(sample, code=code, options=options, given=given, timeout=timeout)


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
        mark = re.compile(rf"\x00{mark_of(self._files)}:(\d{{1,9}})\x00")
        streams = [_parts(text, mark, len(self._names)) for text in (run.stdout, run.stderr)]
        reached = max(map(max, streams))
        for parts in streams:
            place = max(parts)
            _put(parts, place, reached, parts[place])
        found: list[StepResult] = []
        for place in range(reached + 1):
            texts = [parts.get(place, "") for parts in streams]
            omitted = [n if _OMITTED.search(text) else 0 for n, text in zip(run.truncated, texts, strict=True)]
            part = replace(
                run,
                stdout=texts[0],
                stderr=texts[1],
                ended=run.ended if place == reached else Exited(0),
                truncated=(omitted[0], omitted[1]),
                duration=run.duration / (reached + 1),
            )
            found.append(self._shown(part, place))
        return found

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
        root = re.compile(rf"(?<![\w./-])(?:\./)?{re.escape(FILE)}:{root_line(self._files[FILE])}:\d+")

        def change(text: str) -> str:
            if FILE in text and result.kind == "run":  # the end of `main`, which is that of the step
                text = root.sub(f"{FILE}:{last}:1", text)
            for number, name in enumerate(self._names, 1):
                if name in text:
                    text = text.replace(name, FILE if name == mine else f"step-{number}.rs")
            return text

        return changed(result, change)


def _parts(text: str, mark: re.Pattern[str], number: int) -> dict[int, str]:
    """Return what was written in each step, by its place, as far as marks tell."""
    found: dict[int, str] = {}
    place = start = 0
    for match in mark.finditer(text):
        following = int(match[1]) - 1
        if place < following < number:  # else a step has written it
            _put(found, place, following - 1, text[start : match.start()])
            place, start = following, match.end()
    _put(found, place, place, text[start:])
    return found


def _put(found: dict[int, str], first: int, last: int, text: str) -> None:
    """Put `text`, which the steps from `first` to `last` have written: their marks may be in what was left out of it."""
    match = _OMITTED.search(text) if first < last else None
    found[first] = text[: match.end()] if match else text
    if match:
        found[last] = text[match.end() :]
