"""Spans and metrics of a run, for OpenTelemetry, where it is installed and configured.

Only its API is used: where they go is the business of whoever has configured an SDK (`opentelemetry-instrument codeexec run`).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec import __version__
from mkdocs_codeexec.core.expectation import verdict_name, verdict_reason
from mkdocs_codeexec.core.resolved import Ended, Started, Took
from mkdocs_codeexec.report import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.moment import Moment

NAME = "mkdocs_codeexec"
MEMBERS = 200
"""Samples of a batch that are named."""


def telemetry(environ: Mapping[str, str], moment: Moment) -> Telemetry | None:
    """Return what makes spans and metrics of events; None if nobody has configured OpenTelemetry, or it is not installed."""
    configured = any(name.startswith("OTEL_") and value for name, value in environ.items())
    if not configured or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry import metrics, propagate, trace
    except ImportError:
        return None
    parent = propagate.extract(
        {name.lower(): environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in environ}
    )
    return Telemetry(trace, metrics, moment, parent)


class Telemetry:
    """Listens to a run: a span for all of it, and within that one for each thing that takes time.

    Args:
        trace: The module of the API.
        metrics: The module of the API.
        moment: The run.
        parent: The context that the run is within.
    """

    def __init__(self, trace: Any, metrics: Any, moment: Moment, parent: Any = None) -> None:
        self._moment = moment
        self._status = trace.Status(trace.StatusCode.ERROR, "a sample failed")
        self._tracer = trace.get_tracer(NAME, __version__)
        about = {"codeexec.run_id": moment.run_id}
        self._span = self._tracer.start_span("codeexec", parent, start_time=self._nano(moment.clock), attributes=about)
        self._within = trace.set_span_in_context(self._span, parent)
        meter = metrics.get_meter(NAME, __version__)
        self._samples = meter.create_counter("codeexec.samples", "{sample}", "Samples that have their answers")
        self._times = meter.create_histogram("codeexec.duration", "s", "What took how long")
        self._turn = threading.Lock()
        self._places: dict[Key, tuple[Location, ...]] = {}
        self._ended = False

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        match event:
            case Started():
                with self._turn:
                    self._places[event.action.request_key] = event.places
            case Took():
                self._took(event)
            case Ended():
                item = event.resolved
                verdict = verdict_name(item.verdict)
                about = {"verdict": verdict, "language": item.sample.language, "cached": item.cached}
                self._samples.add(1, about)
                if rows.fails(item.verdict):
                    at = {"codeexec.sample": str(item.sample.location), "reason": verdict_reason(item.verdict)}
                    self._span.add_event("sample failed", {"verdict": verdict, **at})
                    self._span.set_status(self._status)
            case _:
                pass

    def close(self) -> None:
        """Note that the run has ended."""
        if not self._ended:
            self._ended = True
            self._span.end()

    def _took(self, event: Took) -> None:
        with self._turn:
            places = [str(at) for action in event.actions for at in self._places.get(action.request_key, ())]
        about: dict[str, Any] = {"codeexec.run_id": self._moment.run_id, "codeexec.name": event.name}
        if event.actions:
            about |= {"codeexec.samples": places[:MEMBERS], "codeexec.actions": len(event.actions)}
        began = self._nano(event.began)
        span = self._tracer.start_span(f"codeexec.{event.kind}", self._within, start_time=began, attributes=about)
        span.end(began + int(event.seconds * 1e9))
        self._times.record(event.seconds, {"kind": event.kind})

    def _nano(self, at: float) -> int:
        return int(self._moment.at(at).timestamp() * 1e9)
