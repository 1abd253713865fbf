"""Compile Actions with the arguments of their Environments, alone or many as one crate, and run what was made."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import relative
from mkdocs_codeexec.core.outcome import NotStarted, StepResult
from mkdocs_codeexec.core.protocols import Bench, Regrouped, Scratch
from mkdocs_codeexec.languages.rust.batch.batching import FEWEST, Candidate, group
from mkdocs_codeexec.languages.rust.batch.sharing import REGISTRIES, sharing
from mkdocs_codeexec.languages.rust.source.prepare import FILE

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action, Key, Step
    from mkdocs_codeexec.languages.rust.batch.equipment import Equipment
    from mkdocs_codeexec.languages.rust.batch.merged import Member

_SEEN = not sys.platform.startswith(("darwin", "win", "cygwin"))
"""Whether it can be seen what macros of dependencies brought into a program: its object is an ELF file."""
MANIFEST = "environment.manifest"
"""The input of an Action that tells its Environment."""


class Builder:
    """Compiles and runs Actions.

    Args:
        jobs: Compilers at once.

    Attributes:
        equipment: By what Actions call their Environment; those that are not in it cannot be compiled.
    """

    def __init__(self, jobs: int, *, shares: bool = True) -> None:
        self.equipment: dict[str, Equipment] = {}
        self._jobs = jobs
        self._shares = shares
        self._apart: set[Key] = set()
        self._members: dict[Key, Member] = {}

    def keep_apart(self, key: Key) -> None:
        """Have the Action of the request key `key` compiled by itself."""
        self._apart.add(key)

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        """Return `actions` in batches, of which those with more than two are compiled as one crate."""
        return group([self._candidate(action) for action in actions], self._jobs)

    def _candidate(self, action: Action) -> Candidate[Action]:
        step = action.step("build")
        equipment = self._equipment_of(action)
        if step is None or equipment is None:
            return Candidate(action, None, frozenset(), 0)
        known = sharing(dict(action.files)[FILE], equipment.arguments.externs)
        alone = (
            not self._shares
            or bool(known.alone)
            or action.request_key in self._apart
            or any(dict(step.env).get("RUST_BACKTRACE", "0") != "0" for step in action.steps)  # it names functions
            or (bool(known.crates) and not (_SEEN and REGISTRIES.isdisjoint(equipment.packages)))
            or any("cap-lints" in word for word in (*step.argv, *equipment.arguments.argv))  # nothing is forbidden then
        )
        kind = None if alone else (step.argv, step.timeout, step.env, step.network, _manifest_of(action))
        return Candidate(action, kind, known.crates, known.size)

    def build(
        self, work: Sequence[tuple[Action, Scratch]], bench: Bench
    ) -> Iterator[tuple[Action, StepResult] | Regrouped]:
        """Compile `work`, as one crate if it is more than two, and yield each one's result."""
        equipment = self._equipment_of(work[0][0])
        if len(work) < FEWEST or equipment is None:
            for action, scratch in work:
                self._members.pop(action.request_key, None)
                yield action, self._alone(action, scratch)
            return
        from mkdocs_codeexec.languages.rust.batch.together import build_together

        for item in build_together(work, bench, equipment):
            if isinstance(item, Regrouped):
                yield item
            else:
                self._members[item.action.request_key] = item.member
                yield item.action, item.result

    def _alone(self, action: Action, scratch: Scratch) -> StepResult:
        from mkdocs_codeexec.languages.rust.messages import diagnostics

        step, equipment = action.step("build"), self._equipment_of(action)
        assert step is not None, "only Actions with a build step are built"
        if equipment is None:
            return _not_built(step)
        result = scratch.run(step, equipment.command(step), equipment.environment(step), equipment.access)
        return equipment.shown(relative(diagnostics.translate(result), str(scratch.path)))

    def run(self, action: Action, step: Step, scratch: Scratch, variables: Mapping[str, str]) -> StepResult:
        """Run the program that was built for `action`, with `variables` that nothing else sets."""
        equipment = self._equipment_of(action)
        if equipment is None:
            return _not_built(step)
        member = self._members.get(action.request_key)
        env = {**variables, **equipment.environment(step), **(member.env if member else {})}
        if equipment.arguments.native:
            given = env.get("LD_LIBRARY_PATH")
            env["LD_LIBRARY_PATH"] = ":".join((*equipment.arguments.native, *((given,) if given else ())))
        result = scratch.run(step, step.argv, env, equipment.access)
        return equipment.shown(relative(member.shown(result) if member else result, str(scratch.path)))

    def _equipment_of(self, action: Action) -> Equipment | None:
        return self.equipment.get(_manifest_of(action))


def _not_built(step: Step) -> StepResult:
    return StepResult(kind=step.kind, stdout="", stderr="", ended=NotStarted("its environment was not built"))


def _manifest_of(action: Action) -> str:
    return dict(action.inputs).get(MANIFEST, "")
