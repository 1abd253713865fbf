"""What was found, for people and for programs: values to values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.probing.table import GROUPS, PROBES, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.probing.table import Probe
    from mkdocs_codeexec.probing.ways import Tried

FORMAT = 1
_WORST = ("reached", "absent", "held")
"""What came of several tries, worst first: in one way it may be held that is reached in another."""


@dataclass(frozen=True)
class Level:
    """What came of one level.

    Attributes:
        name: Which.
        root: Whether root has tried it.
        landlock: The version of Landlock here.
        tried: What was found; None if the level does not work here.
        why: Why it does not.
    """

    name: Tier
    root: bool
    landlock: int
    tried: Tried | None = None
    why: str = ""
    probes: tuple[Probe, ...] = field(default=PROBES)

    def state(self, probe: Probe) -> str:
        """Return the worst that came of `probe`; empty if it was not tried."""
        found = self.tried.found if self.tried else {}
        states = {found[way][probe.name][0] for way in WAYS if probe.name in found.get(way, {})}
        return next((state for state in _WORST if state in states), "")

    def counts(self) -> dict[str, int]:
        """Return how many probes came to what."""
        states = [self.state(probe) for probe in self.probes]
        return {state: states.count(state) for state in ("held", "reached", "absent")}

    def reached(self, *, promised: bool) -> Iterator[tuple[Probe, str, str]]:
        """Yield what was reached that is `promised` to be held, or that is not: as what, and a word about it."""
        for probe in self.probes:
            for way, found in self.tried.found.items() if self.tried else ():
                state, word = found.get(probe.name, ("", ""))
                holds = probe.promised(self.name, way, root=self.root, landlock=self.landlock)
                if state == "reached" and holds == promised:
                    yield probe, way, word

    @property
    def differs(self) -> bool:
        """Whether something was reached that is promised to be held, or a probe that belongs here was not tried."""
        return any(self.reached(promised=True)) or any(self._untold())

    def _untold(self) -> Iterator[tuple[str, str]]:
        for way, found in self.tried.found.items() if self.tried else ():
            yield from ((way, probe.name) for probe in self.probes if way in probe.ways and probe.name not in found)

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        if self.tried is None:
            yield f"{self.name}: not tried, {self.why}"
            return
        counts = self.counts()
        gone = f", {counts['absent']} not there on this machine" if counts["absent"] else ""
        yield f"held {counts['held']} of {len(self.probes)} in {self.name}{gone}"
        yield from self._table()
        for way, why in self.tried.skipped.items():
            yield f"  not tried ({way}): {why}"
        for way, name in self._untold():
            yield f"  NOT TOLD {name} ({way})"
        yield from self._open()
        for probe, way, word in self.reached(promised=True):
            yield f"  NOT HELD {probe.name} ({way}): {probe.words}; {word}"

    def _table(self) -> Iterator[str]:
        assert self.tried is not None
        ways = [way for way in WAYS if way in self.tried.found]
        width = max(map(len, GROUPS.values())) + 2
        yield "  " + "".ljust(width) + "".join(way.rjust(14) for way in ways)
        for group, words in GROUPS.items():
            cells = []
            for way in ways:
                states = [
                    self.tried.found[way].get(probe.name, ("", ""))[0]
                    for probe in self.probes
                    if probe.group == group and way in probe.ways
                ]
                cells.append(f"{len(states) - states.count('reached')} of {len(states)}".rjust(14))
            yield "  " + words.ljust(width) + "".join(cells)

    def _open(self) -> Iterator[str]:
        """Yield what was reached and is not promised to be held, in one line for each."""
        ways: dict[str, list[str]] = {}
        for probe, way, _ in self.reached(promised=False):
            ways.setdefault(probe.words, []).append(way)
        if len(ways) > MOST_LISTED:
            yield f"  reached, as docs/security.md says: {len(ways)} of {len(self.probes)}; `--json` names them"
            return
        tried = list(self.tried.found) if self.tried else []
        for words, names in ways.items():
            whose = "" if names == tried else f" ({', '.join(names)})"
            yield f"  reached, as docs/security.md says: {words}{whose}"

    def to_json(self) -> dict[str, object]:
        """Return the same for programs."""
        if self.tried is None:
            return {"level": self.name, "works": False, "why": self.why}
        differences = [
            {"probe": probe.name, "way": way, "words": probe.words, "detail": word}
            for probe, way, word in self.reached(promised=True)
        ]
        return {
            "level": self.name,
            "works": True,
            "probes": len(self.probes),
            **self.counts(),
            "differences": differences,
            "skipped": dict(self.tried.skipped),
            "ways": {
                way: {name: {"state": state, "detail": word} for name, (state, word) in sorted(found.items())}
                for way, found in self.tried.found.items()
            },
        }


MOST_LISTED = 8
"""Rows that are named one by one; more of them say that a level isolates little."""
HINT = (
    "a wall that was promised does not hold here: `sandbox: required` or `strict` refuses weaker levels; build strangers'\n"
    "      work on a throw-away machine until it is mended, and report it with the output of `codeexec doctor --probe --json`"
)
