"""Compile many Actions as one crate, so that nobody can tell from the results.

Whatever rustc has to say about a sample, an error or a warning, it is made to say again with that sample alone: its
messages about a crate of many name modules, mention a lint's origin once only, and count all warnings.

Of what was compiled, the object is looked at before any sample gets the program: what runs before `main`, or stands for
a function of a library, would be every neighbour's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.core.protocols import Bench, Regrouped, Scratch
from mkdocs_codeexec.languages.rust.batch import merged
from mkdocs_codeexec.languages.rust.batch.batching import FEWEST
from mkdocs_codeexec.languages.rust.batch.objects import NotUnderstoodError, registered, surprise
from mkdocs_codeexec.languages.rust.batch.sharing import used
from mkdocs_codeexec.languages.rust.source.session import own

if TYPE_CHECKING:
    from mkdocs_codeexec.languages.rust.batch.equipment import Equipment
    from mkdocs_codeexec.languages.rust.batch.merged import Member

OBJECT = "sample.o"
PASSES = 5
"""How often a crate is tried without those samples that had errors in it."""

Work = Sequence[tuple[Action, Scratch]]


class Together(NamedTuple):
    """An Action that was built with others.

    Attributes:
        action: It.
        result: Of its build step.
        member: What it is in the shared program, which stands in its directory.
    """

    action: Action
    result: StepResult
    member: Member


def build_together(work: Work, bench: Bench, equipment: Equipment) -> Iterator[Together | Regrouped]:
    """Compile `work`, whose build steps are the same and which may share a crate, as one.

    What does not compile in such company is yielded as `Regrouped`: by itself if an error is its own, in smaller
    batches if an error is nobody's.

    Args:
        work: Actions and their directories.
        bench: Opens the directory for the crate.
        equipment: What compiles all of them.
    """
    left = list(work)
    for _ in range(PASSES):
        if len(left) < FEWEST:
            break
        crate = merged.merge([dict(action.files) for action, _ in left])
        step = left[0][0].step("build")
        assert step is not None, "only Actions with a build step are built"
        with bench(crate.files) as scratch:
            argv = _with_object(equipment.command(step))
            result = scratch.run(step, argv, equipment.environment(step), equipment.access)
            if result.ended == Exited(0):
                parted = _parted(left, scratch, equipment)
                yield from (parted,) if parted else _built(left, crate, result, scratch)
                return
        said = merged.sort(result.stderr, crate)
        if result.ended != Exited(1):  # a timeout, a signal, a crash: alone it is told which it was, and whose
            break
        if not said.errors:
            yield _halves(left)
            return
        yield _alone([left[index] for index in sorted(said.errors)])
        left = [item for index, item in enumerate(left) if index not in said.errors]
    if left:
        yield _alone(left)


def _with_object(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line `argv` of a program so that its object file is kept; of anything else as it is."""
    for index in range(len(argv) - 1):
        if argv[index : index + 2] == ("-o", merged.PROGRAM):
            return (*argv[:index], f"--emit=link={merged.PROGRAM},obj={OBJECT}", *argv[index + 2 :])
    return argv


def _parted(left: Work, scratch: Scratch, equipment: Equipment) -> Regrouped | None:
    """Return the batches in which `left` is built instead, if something in the program acts on others than its own sample.

    What comes with a library is nobody else's if all use the same. Where objects are of another format than ELF, only
    macros of dependencies could have brought such a thing unseen.
    """
    program = scratch.path / merged.PROGRAM
    if not program.exists():  # only types were checked
        return None
    sets: dict[frozenset[str], list[Action]] = {}
    for action, _ in left:
        sets.setdefault(used(own(dict(action.files)), equipment.arguments.externs), []).append(action)
    try:
        if surprise(scratch.path / OBJECT):
            return _halves(left)
        alike = len(sets) == 1 or not registered(program)
    except NotUnderstoodError:
        alike = not any(sets)
        if not alike:
            plain = sets.pop(frozenset(), [])
            users = [(action,) for actions in sets.values() for action in actions]
            return Regrouped((*((tuple(plain),) if plain else ()), *users))
    return None if alike else Regrouped(tuple(map(tuple, sets.values())))


def _built(left: Work, crate: merged.Crate, result: StepResult, scratch: Scratch) -> Iterator[Together | Regrouped]:
    said = merged.sort(result.stderr, crate)
    if said.unowned:
        yield _alone(left)
        return
    if said.warned:
        yield _alone([left[index] for index in sorted(said.warned)])
    made = scratch.has(merged.PROGRAM, regular=False)  # it is not there where only types are checked
    if made and not scratch.has(merged.PROGRAM):  # a macro has put something else in its place: whose is not known
        yield _alone(left)
        return
    for index, ((action, place), member) in enumerate(zip(left, crate.members, strict=True)):
        if index in said.warned:
            continue
        if made:
            place.adopt(merged.PROGRAM, scratch)
        alone = StepResult(kind="build", stdout="", stderr="", ended=Exited(0), duration=result.duration / len(left))
        yield Together(action, alone, member)


def _alone(work: Work) -> Regrouped:
    return Regrouped(tuple((action,) for action, _ in work))


def _halves(work: Work) -> Regrouped:
    """Return the two halves of `work`: the error that nobody owns stays with fewer, and is somebody's in the end."""
    if len(work) < 2 * FEWEST:
        return _alone(work)
    actions = tuple(action for action, _ in work)
    middle = len(actions) // 2
    return Regrouped((actions[:middle], actions[middle:]))
