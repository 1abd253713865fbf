"""Where the time of a run went: traces that Perfetto opens, spans and metrics of OpenTelemetry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from support import forks

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

PAGE = """\
```bash exec name="one"
sleep 0.2
```

```bash exec
exit 3
```
"""
RUST = "\n".join(f'```rust exec\nprintln!("{number}");\n```\n' for number in range(6))


@pytest.fixture
def site(project: Project) -> Project:
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off", "fail_on_error": False})
    project.page(PAGE)
    return project


def run(site: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec", "run", *args, cwd=site.root, env=os.environ | site.env, timeout=120)


def read(file: Path) -> dict[str, Any]:
    """Return a trace, of which the events are as the format wants them, and those of a lane are within each other or apart."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    lanes = defaultdict(list)
    named = {event["tid"] for event in found["traceEvents"] if event["name"] == "thread_name"}
    for event in found["traceEvents"]:
        assert event["ph"] in ("M", "X", "i")
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "X":
            assert event["ts"] >= 0
            assert event["dur"] >= 0
            assert event["tid"] in named
            lanes[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for spans in lanes.values():
        stack: list[float] = []
        for began, ended in sorted(spans, key=lambda span: (span[0], -span[1])):
            while stack and stack[-1] <= began + 1:
                stack.pop()
            assert not stack or ended <= stack[-1] + 1, "spans of a lane overlap"
            stack.append(ended)
    return found


def lanes(trace: dict[str, Any]) -> dict[int, str]:
    return {one["tid"]: one["args"]["name"] for one in trace["traceEvents"] if one["name"] == "thread_name"}


def spans(trace: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in trace["traceEvents"] if one["ph"] == "X" and one["cat"] == kind]


def test_a_run_writes_a_trace(site: Project) -> None:
    """A lane for each worker, one for who renders pages, one for the store; failures at their moment; the run's id."""
    done = run(site, "--trace", "trace.json", "--json")

    trace = read(site.root / "trace.json")
    names = lanes(trace)
    assert {"pages", "store", "environments", "worker 1", "worker 2"} == set(names.values())
    ran = spans(trace, "run")
    assert {"run docs/index.md:1", "run docs/index.md:5"} == {one["name"] for one in ran}
    assert 2 == len({one["tid"] for one in ran}), "two at once"
    assert next(one for one in ran if one["name"].endswith(":1"))["dur"] >= 200_000
    assert {"look up", "store docs/index.md:1", "store docs/index.md:5"} == {
        one["name"] for one in spans(trace, "store")
    }
    assert ["render pages"] == [one["name"] for one in spans(trace, "host")]
    [failed] = [one for one in trace["traceEvents"] if one["ph"] == "i"]
    assert "docs/index.md:5 failed" == failed["name"]
    assert json.loads(done.stdout)["run_id"] == trace["otherData"]["run_id"]


def test_a_batch_of_rustc_has_its_members(site: Project) -> None:
    """And cargo is in a lane of its own."""
    site.configure({"languages": {"rust": {}}, "jobs": 2, "sandbox": "off", "reports": {"trace": "out/trace.json"}})
    site.page(RUST)

    built = site.build()

    assert 0 == built.status, built.log
    trace = read(site.root / "out/trace.json")
    members = [member for one in spans(trace, "build") for member in one["args"]["samples"]]
    assert {f"docs/index.md:{line}" for line in range(1, 24, 4)} == set(members)
    assert any(len(one["args"]["samples"]) > 1 for one in spans(trace, "build"))
    assert {"render pages", "samples", "write pages"} == {one["name"] for one in spans(trace, "host")}
    assert spans(trace, "prepare")


def test_a_warm_build_has_a_trace_too(site: Project) -> None:
    """Nothing was run."""
    site.configure(
        {"languages": {"bash": {}}, "sandbox": "off", "fail_on_error": False, "reports": {"trace": "t.json"}}
    )
    site.build()
    site.build()

    trace = read(site.root / "t.json")
    assert {"store", "host"} == {one["cat"] for one in trace["traceEvents"] if one["ph"] == "X"}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--trace", "nowhere/../docs"), "is a folder"),
        (("--trace", "/proc/none/trace.json"), "cannot be written"),
        (("--trace", "one.xml", "--junit", "./one.xml"), "two reports are one file"),
    ],
    ids=["folder", "not-writable", "twice"],
)
def test_what_cannot_be_written_is_told_at_the_start(site: Project, args: tuple[str, ...], told: str) -> None:
    """Nothing is executed."""
    (site.root / "nowhere").mkdir()
    done = run(site, *args)

    assert 2 == done.returncode
    assert told in done.stderr
    assert not (site.root / ".cache/codeexec/results").exists()


def test_a_build_tells_it_at_the_start_too(site: Project) -> None:
    """Before any page is rendered."""
    site.configure({"languages": {"bash": {}}, "sandbox": "off", "reports": {"trace": "t", "junit": "x/../t"}})

    built = site.build()

    assert 1 == built.status
    assert "two reports are one file" in built.log
    assert not (site.root / ".cache/codeexec/results").exists()
    site.configure({"languages": {"bash": {}}, "sandbox": "off", "reports": {"trace": "docs"}})
    assert "the report `trace` cannot be written" in site.build().log


# --- OpenTelemetry --------------------------------------------------------------------------------------------------

SDK = """
import json, os, sys
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
from mkdocs_codeexec.cli import main
status = main(["run", "--json"])
spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
json.dump({"spans": spans, "metrics": json.loads(reader.get_metrics_data().to_json()), "status": status}, sys.stderr)
"""
OTEL = ("-W", "ignore", "-c", SDK)


def test_spans_and_metrics_go_where_an_sdk_sends_them(site: Project) -> None:
    """By the public API: one span for the run, within it one for each thing; samples are counted."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    env = {**os.environ, **site.env, "OTEL_SERVICE_NAME": "docs", "TRACEPARENT": parent}
    done = subprocess.run(
        [sys.executable, *OTEL], cwd=site.root, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    told = json.loads(done.stderr[done.stderr.index('{"spans"') :])

    [whole] = [one for one in told["spans"] if one["name"] == "codeexec"]
    assert parent.split("-")[2] in whole["parent_id"]
    assert json.loads(done.stdout)["run_id"] == whole["attributes"]["codeexec.run_id"]
    assert "ERROR" == whole["status"]["status_code"]
    assert ["docs/index.md:5"] == [event["attributes"]["codeexec.sample"] for event in whole["events"]]
    within = [one for one in told["spans"] if one is not whole]
    assert {one["parent_id"] for one in within} == {whole["context"]["span_id"]}
    ran = [one for one in within if one["name"] == "codeexec.run"]
    assert [["docs/index.md:1"], ["docs/index.md:5"]] == sorted(one["attributes"]["codeexec.samples"] for one in ran)
    assert all(whole["start_time"] <= one["start_time"] <= one["end_time"] <= whole["end_time"] for one in within)
    scopes = told["metrics"]["resource_metrics"][0]["scope_metrics"]
    [scope] = [one for one in scopes if one["scope"]["name"] == "mkdocs_codeexec"]
    points = {one["name"]: one["data"]["data_points"] for one in scope["metrics"]}
    counted = {point["attributes"]["verdict"]: point["value"] for point in points["codeexec.samples"]}
    assert {"met": 1, "unmet": 1} == counted
    assert {"run", "store", "prepare", "host"} == {point["attributes"]["kind"] for point in points["codeexec.duration"]}


@pytest.mark.parametrize(
    "env", [{}, {"OTEL_SERVICE_NAME": "docs", "OTEL_SDK_DISABLED": "true"}], ids=["unset", "disabled"]
)
def test_nothing_of_it_is_imported_where_nobody_wants_it(site: Project, env: dict[str, str]) -> None:
    """Although it is installed."""
    clean = {name: value for name, value in (os.environ | site.env).items() if not name.startswith("OTEL_")}
    code = (
        "import sys\nfrom mkdocs_codeexec.cli import main\nmain(['run'])\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site.root, env=clean | env, capture_output=True, text=True, check=True
    )

    assert "[]" == done.stdout.splitlines()[-1]


def test_it_need_not_be_installed(site: Project) -> None:
    """Variables alone change nothing."""
    code = (
        "import sys\nsys.modules['opentelemetry'] = None\nfrom mkdocs_codeexec.cli import main\nsys.exit(main(['run']))"
    )
    env = os.environ | site.env | {"OTEL_SERVICE_NAME": "docs"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site.root, env=env, capture_output=True, text=True, check=False
    )

    assert 1 == done.returncode, done.stderr
    assert "2 samples: 2 executed" in done.stdout
