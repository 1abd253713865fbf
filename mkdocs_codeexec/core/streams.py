"""The streams of an Outcome: which of them are shown, which one is meant where one is, and what was written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.outcome import Exited

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mkdocs_codeexec.core.outcome import Outcome

Stream: TypeAlias = Literal["build", "stdout", "stderr"]

ALL = frozenset({"build", "stdout", "stderr"})
_USUAL: tuple[Stream, ...] = ("stdout", "stderr", "build")


def shown(outcome: Outcome, wanted: Collection[str]) -> Iterator[Stream]:
    """Yield the streams that a page shows, in order.

    Args:
        outcome: What happened.
        wanted: What is to be shown. `value` is in stdout, and what was said of a build that failed is always shown.
    """
    build = outcome.step("build")
    if build is not None and ("build" in wanted or build.ended != Exited(0)):
        yield "build"
    if outcome.step("run") is not None:
        if not {"stdout", "value"}.isdisjoint(wanted):
            yield "stdout"
        if "stderr" in wanted:
            yield "stderr"


def meant(outcome: Outcome, wanted: Collection[str]) -> Stream:
    """Return the stream that stands for all output: the first that is `wanted`, or what was said of a build if nothing ran."""
    if outcome.step("run") is None:
        return "build"
    return next((kind for kind in _USUAL if kind in wanted), "stdout")


def written(outcome: Outcome, kind: Stream) -> str:
    """Return what was written to a stream as text, by all steps."""
    if kind == "build":
        build = outcome.step("build")
        # A compiler writes to stderr; what comes on stdout (a Makefile, say) stands before it.
        return "\n".join(part.rstrip("\n") for part in (build.stdout, build.stderr) if part) if build else ""
    runs = [step for step in outcome.steps if step.kind == "run"]  # of a console, one for each command
    if kind == "stderr":
        return "".join(run.stderr for run in runs)
    return "".join(displays.without(run.stdout, run.shown) for run in runs)


def left_out(outcome: Outcome, kind: Stream) -> int:
    """Return how many bytes of a stream were not kept."""
    step = outcome.step("build" if kind == "build" else "run")
    return 0 if step is None else sum(step.truncated) if kind == "build" else step.truncated[kind == "stderr"]
