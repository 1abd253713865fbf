"""What all reports say alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import get_args

import pytest

from mkdocs_codeexec.core.expectation import (
    Blocked,
    Errored,
    Met,
    Skipped,
    Succeeds,
    Suspended,
    Unmet,
    Verdict,
    VerdictName,
)
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.requirements import Lack
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.repeats import Repeated, Shown, summary, to_json
from mkdocs_codeexec.report.run import Run

STEP = StepResult(kind="run", stdout="", stderr="", ended=Exited(1), duration=0.01234)
SAMPLE = Sample(location=Location("a.md", 3), language="bash", code="", expectation=Succeeds(), name="n")
ITEM = Resolved(sample=SAMPLE, verdict=Unmet("exit status 1"), outcome=Outcome(language="bash", steps=(STEP,)))
ROW = {
    "page": "a.md",
    "line": 3,
    "language": "bash",
    "name": "n",
    "key": None,
    "verdict": "unmet",
    "reason": "exit status 1",
    "cached": False,
    "build_ms": None,
    "run_ms": 12.3,
}
VERDICTS: list[Verdict] = [
    Met(),
    Unmet("x"),
    Unmet("y"),
    Skipped("ignored"),
    Suspended((Lack("tool:docker"),)),
    Blocked("a"),
    Errored("x"),
    Errored("y"),
]


def test_a_sample_has_one_row_in_all_reports() -> None:
    """The last run has it as it is; that of several runs says more of them."""
    run = Run(resolved=[ITEM], executed=1, run_id="r", started="s", duration=0.0).to_json()
    repeated = to_json([Repeated((Shown(ITEM, "a"), Shown(ITEM, "b")))], [2, 1], 0.0)

    assert list(ROW.items()) == list(rows.row(ITEM).items())
    assert [ROW] == run["samples"]
    (other,) = repeated["samples"]  # type: ignore[misc]
    assert ROW == {name: other[name] for name in ROW}
    assert {"runs", "results", "differs", "difference"} == other.keys() - ROW.keys()


def test_a_sample_within_something_says_so() -> None:
    """A docstring, say; no other row has that field."""
    within = replace(SAMPLE, location=Location("a.md", 3, within="in the docstring of f"))

    assert "in the docstring of f" == rows.row(replace(ITEM, sample=within))["within"]
    assert {"page", "line", "language", "name", "key"} == rows.row_of_sample(SAMPLE, None).keys()


def test_verdicts_are_counted_once_for_all_reports() -> None:
    """Each has a number, and what fails a build is a failure everywhere."""
    counts = rows.count(VERDICTS)

    assert {"met": 1, "unmet": 2, "skipped": 1, "suspended": 1, "blocked": 1, "error": 2} == counts
    assert list(get_args(VerdictName)) == list(rows.count([]))
    assert rows.failed(counts) == sum(map(rows.fails, VERDICTS)) == 5
    assert ["1 skipped", "1 suspended"] == rows.beside(counts)
    assert "5 failed (1 blocked, 2 errors)" == rows.failed_in_words(counts)
    assert "2 failed" == rows.failed_in_words({**counts, "blocked": 0, "error": 0})
    assert "0 failed" == rows.failed_in_words(rows.count([]))


@pytest.mark.parametrize(
    ("fatal", "why"),
    [
        ((), ""),
        (("unmet",), "2 of 8 samples failed"),
        (tuple(rows.FAILING), "5 of 8 samples failed (1 blocked, 2 errors)"),
        (("suspended",), "8 samples: 1 suspended"),
        ((*rows.FAILING, "suspended"), "8 samples: 5 failed (1 blocked, 2 errors), 1 suspended"),
    ],
)
def test_all_that_failed_is_counted_as_failed(fatal: tuple[VerdictName, ...], why: str) -> None:
    """In the line of a build, of a check, and in why a build fails: none says `0 failed` and fails."""
    items = [replace(ITEM, verdict=verdict, outcome=None) for verdict in VERDICTS]
    run = Run.of(items, dt.datetime.now(dt.UTC), 0.1)
    line = summary([Repeated((Shown(item, ""),)) for item in items], [1], 0.1)

    assert (
        "8 samples: 0 executed, 0 cached, 5 failed (1 blocked, 2 errors), 1 skipped, 1 suspended (0.1 s)"
        == run.summary()
    )
    assert (
        "8 samples, 1 run of each: 1 met, 5 failed (1 blocked, 2 errors), 0 differing, 1 skipped, 1 suspended (0.1 s)"
        == line
    )
    assert why == run.verdict(fatal)


@pytest.mark.parametrize("verdict", VERDICTS, ids=str)
def test_a_build_and_a_check_fail_for_the_same(verdict: Verdict) -> None:
    """What was suspended waits for something that is not here, and is no failure."""
    item = replace(ITEM, verdict=verdict, outcome=None)
    run = Run(resolved=[item], executed=0, run_id="r", started="s", duration=0.0)
    shown = Repeated((Shown(replace(item, verdict=Met()), ""), Shown(item, "")))

    assert rows.fails(verdict) == bool(run.verdict(rows.FAILING)) == (shown.worst is not shown.runs[0].resolved)
