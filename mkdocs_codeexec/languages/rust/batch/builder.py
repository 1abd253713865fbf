"""Compile Actions with the arguments of their Environments, alone or many as one crate, and run what was made."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import relative
from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult
from mkdocs_codeexec.core.protocols import Bench, Regrouped, Scratch
from mkdocs_codeexec.languages.rust.batch.batching import FEWEST, Candidate, group
from mkdocs_codeexec.languages.rust.batch.sharing import REGISTRIES, sharing
from mkdocs_codeexec.languages.rust.package import shown
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.source.session import own, steps_of

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action, Key, Step
    from mkdocs_codeexec.core.protocols import Observe
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
        files = dict(action.files)
        if step is None or equipment is None or FILE not in files:
            return Candidate(action, None, frozenset(), 0)
        known = sharing(own(files), equipment.arguments.externs)
        alone = (
            not self._shares
            or bool(known.alone)
            or not {name for name in files if name.endswith(".rs")} <= {FILE, *steps_of(files)}  # modules of its own
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
        from mkdocs_codeexec.languages.rust.batch import with_cargo
        from mkdocs_codeexec.languages.rust.messages import diagnostics

        step, equipment = action.step("build"), self._equipment_of(action)
        assert step is not None, "only Actions with a build step are built"
        if equipment is None:
            return _not_built(step)
        files = frozenset(dict(action.files))
        if step.argv[0] == with_cargo.CARGO:
            result = relative(with_cargo.build(step, scratch, equipment, files), str(scratch.path))
            return equipment.shown(shown(result, dict(action.inputs)))
        results: list[StepResult] = []
        for one in (one for one in action.steps if one.kind == "build"):  # a library comes before what uses it
            result = scratch.run(one, equipment.command(one), equipment.environment(one), equipment.access)
            results.append(diagnostics.translate(result, files))
            if result.ended != Exited(0):
                break
        result = relative(_joined(results), str(scratch.path))
        return equipment.shown(shown(result, dict(action.inputs)))

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
        argv = step.argv
        observe: Observe = ""
        if action.workdir:  # it starts elsewhere
            argv, observe = (str(scratch.path / argv[0]), *argv[1:]), "exec"
        result = scratch.run(step, argv, env, equipment.access, observe)
        result = relative(member.shown(result) if member else result, str(scratch.path))
        return equipment.shown(shown(result, dict(action.inputs)))

    def _equipment_of(self, action: Action) -> Equipment | None:
        return self.equipment.get(_manifest_of(action))


def _joined(results: Sequence[StepResult]) -> StepResult:
    """Return the `results` of several compilations as one."""
    *before, last = results
    return (
        replace(
            last,
            stderr="".join(one.stderr for one in results),
            diagnostics=tuple(told for one in results for told in one.diagnostics),
            duration=sum(one.duration for one in results),
        )
        if before
        else last
    )


def _not_built(step: Step) -> StepResult:
    return StepResult(kind=step.kind, stdout="", stderr="", ended=NotStarted("its environment was not built"))


def _manifest_of(action: Action) -> str:
    return dict(action.inputs).get(MANIFEST, "")
