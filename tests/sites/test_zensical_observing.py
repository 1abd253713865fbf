"""What is told while a real Zensical builds a site."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from support.schemas import check

if TYPE_CHECKING:
    from support.zensical import Site

PAGE = "```bash exec\necho 1\n```\n\n```bash exec\necho said; exit 3\n```\n"
OPTIONS = {"languages": {"bash": {}}, "sandbox": "off", "fail_on_error": False}


def test_a_build_tells_what_goes_on(site: Site) -> None:
    """A trace, events, and each sample as it ends, as for other hosts; all of one run."""
    site.configure({**OPTIONS, "reports": {"trace": "trace.json"}})
    site.page(PAGE)

    done = site.build(env={"CODEEXEC_LOG_FORMAT": "json", "CODEEXEC_VERBOSE": "1"})

    assert 0 == done.status, done.log
    trace = json.loads((site.root / "trace.json").read_text("utf-8"))
    assert 2 == len([one for one in trace["traceEvents"] if one.get("cat") == "run"])
    events = [json.loads(line) for line in done.log.splitlines() if line.startswith('{"format"')]
    for event in events:
        check("events", event)
    assert 2 == sum(event["event"] == "ended" for event in events)
    assert {trace["otherData"]["run_id"]} == {event["run_id"] for event in events}
    assert 2 == len(re.findall(r"codeexec: docs/index\.md:\d: bash: \w+ \(", done.log))
    assert "  | said\n" in done.log


def test_a_variable_with_a_wrong_word_is_a_mistake(site: Site) -> None:
    """As all others are."""
    site.configure(OPTIONS)
    site.page(PAGE)

    done = site.build(env={"CODEEXEC_PROGRESS": "never"})

    assert 1 == done.status
    assert "CODEEXEC_PROGRESS: `never` is none of `auto`, `lines`, `off`" in done.log
