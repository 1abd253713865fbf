"""What flows from samples to those that need them, and what the steps of one program share. Nothing here knows of stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.graph import Needed
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample


def filled(
    sample: Sample, needed: Needed, samples: Sequence[Sample], outcomes: Callable[[int], Outcome | None]
) -> Given | Unavailability:
    """Return what `sample` is given with what those that it needs have printed and left; or why that cannot be.

    Args:
        sample: As its author wrote it.
        needed: Whom it needs, by their place among `samples`.
        samples: All.
        outcomes: Returns what a sample came to.
    """
    given = sample.given
    if needed.stdin is not None and (outcome := outcomes(needed.stdin)) is not None:
        if lost := sum(step.truncated[0] for step in outcome.steps if step.kind == "run"):
            return Unavailability(
                f"{lost} bytes of what {_called(samples[needed.stdin])} has printed were not kept, and it reads that",
                "have it leave a file, and need that",
            )
        runs = [step for step in outcome.steps if step.kind == "run"]
        given = replace(given, stdin="".join(displays.without(run.stdout, run.shown) for run in runs))
    if needed.texts:
        texts = {samples[place].links.file: _text(samples[place]) for place in needed.texts}
        given = replace(given, files=tuple(sorted(texts.items())))
    found: dict[str, tuple[int, Blob]] = {}
    for place in needed.files:
        outcome = outcomes(place)
        for blob in outcome.left if outcome is not None else ():
            first, known = found.setdefault(blob.path, (place, blob))
            if known != blob:
                return Unavailability(
                    f"two of its needs have left the file `{blob.path}`: "
                    f"{_called(samples[first])} and {_called(samples[place])}",
                    "have one of them leave it under another name",
                )
    brought = {path: place for path, (place, _) in found.items()}
    brought |= {samples[place].links.file: place for place in needed.texts}
    if within := _within_a_file(brought):
        outer, inner = within
        return Unavailability(
            f"of its needs, {_called(samples[brought[outer]])} brings a file `{outer}`, "
            f"and {_called(samples[brought[inner]])} a folder of that name, for `{inner}`",
            "have one of them bring it under another name",
        )
    return replace(given, left=tuple(blob for _, (_, blob) in sorted(found.items())))


def _text(sample: Sample) -> str:
    """Return a file that others need, without what its hidden lines begin with; those of Rust are for Rust."""
    return sample.code if sample.hiding.rustdoc else runnable(sample.code, sample.hiding)


def _within_a_file(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return a file of `paths` that would have to be a folder, and the file in it; None if there is none."""
    known = set(paths)
    for path in sorted(known):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if (outer := "/".join(parts[:depth])) in known:
                return outer, path
    return None


def _called(sample: Sample) -> str:
    return f"`{sample.name}` ({sample.location})" if sample.name else str(sample.location)


def disagreement(step: Sample, others: Iterable[Sample]) -> Unavailability | None:
    """Return why `step` cannot be of one program with `others`; None if it can."""
    own = step.given
    for other in others:
        theirs = other.given
        env, left = dict(theirs.env), {blob.path: blob for blob in theirs.left}
        differing = {
            "stdin": _differ(own.stdin, theirs.stdin),
            "args": _differ(own.args, theirs.args),
            "network": _differ(own.network, theirs.network),
            "workdir": _differ(step.workdir, other.workdir),
            "env": any(env.get(name, value) != value for name, value in own.env),
            "needs": any(left.get(blob.path, blob) != blob for blob in own.left),
        }
        for name, differs in differing.items():
            if differs:
                return Unavailability(
                    f"its `{name}` is not that of {other.location}, which is a step of the same program",
                    "steps of a session are one program: say it at one of them",
                )
    return None


def _differ(mine: object, theirs: object) -> bool:
    said = mine not in (None, (), "") and theirs not in (None, (), "")
    return said and mine != theirs


def joined(steps: Mapping[int, Sample], *, leaves: bool) -> dict[int, Sample]:
    """Return `steps`, in order, as parts of one program: each knows those before it, and all have what any is given."""
    givens = [step.given for step in steps.values()]
    left = {blob.path: blob for given in givens for blob in given.left}
    workdir = next((step.workdir for step in steps.values() if step.workdir), "")
    whole = Given(
        stdin=next((given.stdin for given in givens if given.stdin is not None), None),
        args=next((given.args for given in givens if given.args), ()),
        network=next((given.network for given in givens if given.network is not None), None),
        env=tuple(sorted({pair for given in givens for pair in given.env})),
        files=tuple(sorted({pair for given in givens for pair in given.files})),
        left=tuple(left[path] for path in sorted(left)),
        host_env=tuple(sorted({name for given in givens for name in given.host_env})),
    )
    found: dict[int, Sample] = {}
    before: list[Sample] = []
    for number, (place, step) in enumerate(steps.items(), 1):
        given = replace(whole, merged=step.given.merged, terminal=step.given.terminal)
        alone = replace(step, given=given, workdir=workdir, before=(), last=False, leaves=leaves)
        found[place] = replace(alone, before=tuple(before), last=number == len(steps))
        before.append(alone)
    keeps = leaves or any(step.artifacts for step in steps.values())
    if not keeps or len(found) == 1:
        return found
    end = _whole(tuple(found.values()))
    return {place: replace(part, whole=end) for place, part in found.items()}


def _whole(steps: Sequence[Sample]) -> str:
    """Return a digest of all that decides which files are there when the program of `steps` has ended.

    It goes on after a step that ends as its author said. How the last one should end decides nothing.
    """
    said = (repr(step.expectation) for step in steps[:-1])
    decisive = (
        (
            _text(step),
            step.given.digested,
            step.timeout,
            _options(step),
            step.artifacts,
            *((True,) if step.value else ()),
        )
        for step in steps
    )
    return digest((tuple(said), tuple(decisive)))


def _options(step: Sample) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(step.options.items()))
