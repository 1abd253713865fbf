"""Samples planned and looked up, each once as long as nothing has changed that decides about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.confinement import SandboxMode, counts
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.sample import ALONE

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, MutableMapping

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import InputStates, Language, Store
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ExecuteMode


class _Known(NamedTuple):
    """An Action, and the `Language.revision` that it was planned in."""

    revision: int
    action: Action


def executed(sample: Sample) -> Hashable:
    """Return what of `sample` a language may look at to plan it: equal for samples that are executed alike."""
    options = tuple(sorted(sample.options.items()))
    own = (sample.language, sample.code, sample.expectation, sample.given, sample.build_only, sample.timeout, options)
    if sample.links is ALONE and not (sample.workdir or sample.leaves or sample.artifacts or sample.value):
        return own
    step = (sample.links.session, tuple(map(executed, sample.before)), sample.last) if sample.links.session else ()
    return own, sample.links.file, sample.workdir, sample.leaves, sample.artifacts, sample.value, sample.whole, step


def linked(sample: Sample, action: Action) -> Action:
    """Return `action` with what `sample` gets of others, and gives to them; a file of its own has precedence."""
    given = sample.given
    if given.host_env:
        action = replace(action, host_env=given.host_env)
    if patterns := tuple(sorted({p for step in (*sample.before, sample) for p in step.artifacts})):
        action = replace(action, artifacts=patterns)
    if sample.whole:  # its files are those that are there at the end
        action = replace(action, inputs=(*action.inputs, ("session", sample.whole)))
    if not given.files and not given.left and not sample.leaves:
        return action
    own = dict(action.files)
    files = tuple(sorted({**dict(given.files), **own}.items()))
    left = tuple(blob for blob in given.left or action.left if blob.path not in dict(files))
    return replace(action, files=files, left=left, leaves=sample.leaves)


@dataclass(slots=True, kw_only=True)
class Planning:
    """Plans Samples and looks Actions up.

    Attributes:
        languages: By canonical name.
        store: Answers keys. It is asked once for each key, until `forget`.
        states: Knows whether the observed inputs of stored Outcomes are unchanged.
        mode: What to do with the store's answers.
        sandbox: How strongly samples must be confined: what was produced under less does not count.
        memory: Outcomes that this process has produced, by key, those that the store does not take included.
        recalled: Outcomes that the store has answered with, by key.
    """

    languages: Mapping[str, Language]
    store: Store
    states: InputStates
    mode: ExecuteMode
    sandbox: SandboxMode
    memory: MutableMapping[Key, Outcome]
    recalled: MutableMapping[Key, Outcome] = field(default_factory=dict)
    _planned: dict[Hashable, _Known] = field(default_factory=dict)
    _missed: set[Key] = field(default_factory=set)

    def action(self, sample: Sample) -> Action:
        """Return what would be executed for `sample`, by what its language knows since its last survey."""
        language, what = self.languages[sample.language], executed(sample)
        known = self._planned.get(what)
        if known is None or known.revision != language.revision:
            known = self._planned[what] = _Known(language.revision, linked(sample, language.plan(sample)))
        return known.action

    def forget(self) -> None:
        """Ask the store again of what it did not have: somebody else may have stored it meanwhile."""
        self._missed.clear()

    def look_up(self, action: Action) -> Outcome | None:
        """Return the Outcome of `action`, if there is one that counts."""
        if action.toolchain is None:
            return None
        outcome = self._accepted(self._remembered(action, self.memory))
        if outcome is None and self.mode == "auto":
            outcome = self._recall(action)
        return outcome

    def look_up_request(self, action: Action) -> Outcome | None:
        """Return the Outcome that was last stored for `action`, whatever toolchain made it."""
        outcome = self._accepted(self.store.find(action.request_key))
        return replace(outcome, inputs=None) if outcome is not None else None

    def _accepted(self, outcome: Outcome | None) -> Outcome | None:
        """Return `outcome`, unless it was produced under a weaker tier than what counts, or a file that it left is gone."""
        if outcome is None or not counts(outcome.sandbox, self.sandbox):
            return None
        needed = (*outcome.left, *outcome.shown)
        return outcome if not needed or self.store.blobs.holds(needed) else None

    def _recall(self, action: Action) -> Outcome | None:
        """Return what the store answers."""
        known = self._remembered(action, self.recalled)
        if known is None and action.key not in self._missed:
            known = self._stored(action)
        outcome = self._accepted(known)
        if outcome is None and action.key not in self._missed:
            outcome = self._similar(action)
        if outcome is not None:
            self.recalled[action.key] = outcome
        else:
            self._missed.add(action.key)
        return outcome

    def _remembered(self, action: Action, outcomes: Mapping[Key, Outcome]) -> Outcome | None:
        """Return what `outcomes` has for `action`, if it is still valid."""
        outcome = outcomes.get(action.key)
        if outcome is None or not action.observed:
            return outcome
        return outcome if outcome.inputs is not None and self.states.holds(outcome.inputs) else None

    def _stored(self, action: Action) -> Outcome | None:
        """Return what the store has for `action`, if it is still valid."""
        if not action.observed:
            return self.store.get(action.key)
        for place, inputs in enumerate(self.store.lists(action.key)):
            if self.states.holds(inputs) and (outcome := self.store.get(observed_key(action.key, inputs))):
                outcome = replace(outcome, inputs=inputs)
                if place:  # the last one used is what a frozen build shows, and the first used is forgotten first
                    self.store.put(action, outcome)
                return outcome
        return None

    def _similar(self, action: Action) -> Outcome | None:
        """Return the Outcome of an Action that differs from `action` in layout only, and store it for `action` too."""
        language = self.languages[action.language]
        action = language.structured(action)
        if action.structural_key is None:
            return None
        outcome = self._accepted(self.store.similar(action.structural_key))
        # Asked again: what is stored under that key may be another Outcome by now.
        if outcome is None or not language.layout_free(outcome):
            return None
        self.store.put(action, outcome)
        return outcome
