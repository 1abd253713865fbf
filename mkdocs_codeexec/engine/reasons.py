"""Why an Action is a miss, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import SandboxMode, counts
from mkdocs_codeexec.core.ingredients import changes, parts_of, unsettled
from mkdocs_codeexec.core.observed import observed_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.ingredients import Made
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.protocols import InputStates, Store
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.runtime.ingredients import Ingredients

NOTHING = "nothing is stored for it, or for anything like it"
MOST = 5
"""Changes that are named."""
_WORDS: Mapping[str, str] = {
    "start": "what decides how Python starts",
    "packages": "an installed package",
    "sandbox": "whether samples are sandboxed",
    "tool": "the program",
    "binary": "the sources of the program",
    "list": "the folder",
    "contents": "a file in the folder",
    "tree": "a file in the folder",
    "module": "the modules in",
    "modules": "the packages in",
}


@dataclass(frozen=True, slots=True)
class Reasons:
    """Says why.

    Attributes:
        store: Where Outcomes are looked up.
        states: Knows whether observed inputs are unchanged.
        sandbox: How strongly samples must be confined.
        ingredients: What Outcomes were made of.
        codes: What the codes of all samples are, as `core.ingredients` has them.
    """

    store: Store
    states: InputStates
    sandbox: SandboxMode
    ingredients: Ingredients
    codes: frozenset[str] = frozenset()
    _last: list[tuple[Sample, Action, Mapping[str, str]]] = field(default_factory=list)

    def of(self, sample: Sample, action: Action) -> str:
        """Return why nothing is known of `action`, which is a miss and whose toolchain is known."""
        if lists := self.store.lists(action.key) if action.observed else ():
            return self._of_lists(action, lists)
        if not action.observed and (outcome := self.store.get(action.key)) is not None:
            weaker = not counts(outcome.sandbox, self.sandbox)
            return (
                "it was executed in a weaker sandbox" if weaker else "a file that it left is not in the store any more"
            )
        if self.ingredients.empty:
            return NOTHING
        parts = self._parts(sample, action)
        before = self.ingredients.of(sample, parts, self.codes)
        if before is None:
            return NOTHING
        told = changes(before.parts, parts, self.ingredients.texts)
        return _changed(told) if told else "its outcome was not stored, or has been deleted since"

    def unsure(self, sample: Sample, action: Action) -> str:
        """Return what is known to have changed of `action`, whose toolchain or dependencies are not known; empty if nothing is."""
        if self.ingredients.empty:
            return ""
        now = self._parts(sample, action)
        before = self.ingredients.of(sample, now, self.codes)
        if before is None:
            return ""
        was = {name: text for name, text in before.parts.items() if not unsettled(name)}
        told = changes(was, {name: text for name, text in now.items() if not unsettled(name)}, self.ingredients.texts)
        return (
            _changed(told)
            if told
            else "its toolchain, or what its dependencies are locked to, is not known before a run"
        )

    def before(self, sample: Sample, action: Action) -> Made | None:
        """Return what `sample` was made of when it was executed last; None if that is not known."""
        return None if self.ingredients.empty else self.ingredients.of(sample, self._parts(sample, action), self.codes)

    def _parts(self, sample: Sample, action: Action) -> Mapping[str, str]:
        """Return what `sample` is made of, which is asked several times in turn."""
        if not self._last or self._last[0][0] is not sample or self._last[0][1] is not action:
            self._last[:] = [(sample, action, parts_of(sample, action))]
        return self._last[0][2]

    def _of_lists(self, action: Action, lists: Sequence[Inputs]) -> str:
        """Return what has changed since the list of inputs that is nearest to what is there now."""
        nearest: list[str] | None = None
        for inputs in lists:
            differing = [name for name, state in inputs if not self.states.holds(((name, state),))]
            if not differing:
                outcome = self.store.get(observed_key(action.key, inputs))
                if outcome is not None and not counts(outcome.sandbox, self.sandbox):
                    return "it was executed in a weaker sandbox"
                return "its outcome has been deleted since it was executed"
            if nearest is None or len(differing) < len(nearest):
                nearest = differing
        return _changed([called(name) for name in nearest or ()])


def called(name: str) -> str:
    """Return what an observed input is called: its path within the project, if it is there."""
    word, _, path = name.partition(":")
    if word == "project":
        word, _, path = path.partition(":")
    path = path.removeprefix("<project>/")
    return f"{_WORDS.get(word, '')} `{path}`".strip() if path else _WORDS.get(word, f"`{word}`")


def _changed(told: list[str]) -> str:
    first = told[:MOST]
    listed = " and ".join([", ".join(first[:-1]), first[-1]] if first[1:] else first)
    if more := len(told) - len(first):
        listed = f"{', '.join(first)} and {more} more"
    return f"{listed} changed"
