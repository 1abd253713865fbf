"""Where the time of a run went, as trace events of Chrome: Perfetto (https://ui.perfetto.dev) and `chrome://tracing` open it.

The format is Google's, "Trace Event Format". One lane for who renders pages, for the store, for each cargo and for each worker.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from mkdocs_codeexec import __version__
from mkdocs_codeexec.core.expectation import verdict_name, verdict_reason
from mkdocs_codeexec.core.resolved import Ended, Started, Took
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.timing import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.moment import Moment

PROCESS = 1
MEMBERS = 200
"""Samples of a batch that are named."""
_LANES = {"host": "pages", "store": "store", "prepare": "environments"}
"""What lanes are called beside those of workers, in the order in which they stand."""


class Trace:
    """Listens to a run, and writes down when what was done.

    Args:
        moment: The run.
    """

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._turn = threading.Lock()
        self._places: dict[Key, tuple[Location, ...]] = {}
        self._spans: list[Took] = []
        self._failed: list[tuple[float, int, Resolved]] = []

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        with self._turn:
            match event:
                case Started():
                    self._places[event.action.request_key] = event.places
                case Took():
                    self._spans.append(event)
                case Ended() if rows.fails(event.resolved.verdict):
                    self._failed.append((clock(), threading.get_ident(), event.resolved))
                case _:
                    pass

    def text(self) -> bytes:
        """Return what was heard so far."""
        with self._turn:
            spans, failed = sorted(self._spans, key=lambda one: one.began), list(self._failed)
        lanes = _Lanes()
        events: list[dict[str, object]] = [self._span(one, lanes) for one in spans]
        for at, thread, item in failed:
            where = {"pid": PROCESS, "tid": lanes.worker(thread), "ts": self._micro(at)}
            about = {"verdict": verdict_name(item.verdict), "reason": verdict_reason(item.verdict)}
            events.append(
                {"ph": "i", "s": "t", "name": f"{item.sample.location} failed", "cat": "end", **where, "args": about}
            )
        named = [_about("process_name", 0, {"name": "codeexec"}), *lanes.events()]
        about = {"run_id": self._moment.run_id, "started": self._moment.started.isoformat(), "version": __version__}
        whole = {"traceEvents": [*named, *events], "displayTimeUnit": "ms", "otherData": about}
        return json.dumps(whole).encode() + b"\n"

    def _span(self, one: Took, lanes: _Lanes) -> dict[str, object]:
        places = [at for action in one.actions for at in self._places.get(action.request_key, ())]
        name, about = one.name, {}
        if one.actions:
            number = len(one.actions)
            name = f"{one.kind} {places[0] if number == 1 and places else f'{number} {one.name}'}"
            about = {"language": one.actions[0].language, "samples": [str(at) for at in places[:MEMBERS]]}
        when = {"ts": self._micro(one.began), "dur": round(one.seconds * 1e6, 1)}
        return {"ph": "X", "name": name, "cat": one.kind, "pid": PROCESS, "tid": lanes.of(one), **when, "args": about}

    def _micro(self, at: float) -> float:
        return round((at - self._moment.clock) * 1e6, 1)


class _Lanes:
    """The lanes of a trace, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}

    def of(self, one: Took) -> int:
        """Return that of a span: what others do in the thread of a worker stands in its lane."""
        if one.kind in _LANES and not (one.kind == "store" and one.actions):
            return self._number(one.kind, one.thread)
        return self.worker(one.thread)

    def worker(self, thread: int) -> int:
        """Return that of a thread that executes samples."""
        return self._number("worker", thread)

    def _number(self, kind: str, thread: int) -> int:
        return self._numbers.setdefault((kind, thread), len(self._numbers) + 1)

    def events(self) -> list[dict[str, object]]:
        """Return what they are called, and how they are sorted."""
        found: list[dict[str, object]] = []
        order = [*_LANES, "worker"]
        counts: dict[str, int] = {}
        for (kind, _), number in self._numbers.items():
            counts[kind] = count = counts.get(kind, 0) + 1
            name = _LANES.get(kind, kind)
            several = kind == "worker" or sum(other == kind for other, _ in self._numbers) > 1
            found.append(_about("thread_name", number, {"name": f"{name} {count}" if several else name}))
            found.append(_about("thread_sort_index", number, {"sort_index": order.index(kind) * 1000 + count}))
        return found


def _about(name: str, lane: int, about: Mapping[str, object]) -> dict[str, object]:
    return {"ph": "M", "name": name, "pid": PROCESS, "tid": lane, "args": about}
