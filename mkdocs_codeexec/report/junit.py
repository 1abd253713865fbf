"""What samples came to as JUnit's XML, as GitLab, Jenkins and reporters on GitHub read it.

There is no standard. What is written is what these have in common: a suite for each page, a case for each sample, with `file` and
`line` (GitLab, reporters on GitHub), and its properties (Jenkins' own reader). The schema of Jenkins' xunit plugin knows neither.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from mkdocs_codeexec.core.expectation import verdict_name, verdict_reason
from mkdocs_codeexec.html import ansi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.run import Run

MOST = 64 * 1024
"""Characters of an output: GitLab refuses a file of more than 30 MB."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT = "\x1b\x07\b\x7f"
"""Controls that are taken out, or do what they do on a terminal."""
_CONTROL = 0x2400
"""Where Unicode has pictures of control characters."""


def junit(run: Run, details: Mapping[Location, str], address: Callable[[str], str] = str) -> bytes:
    """Return `run` as JUnit's XML.

    Args:
        run: What is told.
        details: What is told of a sample that failed, by where it is.
        address: Returns what a file is called that a terminal here opens by its argument.
    """
    pages: dict[str, list[Resolved]] = {}
    for item in run.resolved:
        pages.setdefault(address(item.sample.location.path or item.sample.location.page), []).append(item)
    root = ET.Element("testsuites", {"name": "codeexec", "time": f"{run.duration:.3f}", **_counts(run.resolved)})
    for page, items in pages.items():
        seconds = sum(_seconds(item) for item in items)
        about = {
            "name": legal(page),
            "timestamp": run.started.removesuffix("+00:00"),
            "time": f"{seconds:.3f}",
            "skipped": str(sum(_kind(item) == "skipped" for item in items)),
        }
        suite = ET.SubElement(root, "testsuite", {**about, **_counts(items)})
        numbers: Counter[str] = Counter()
        for item in items:
            numbers[item.sample.language] += 1
            _case(suite, item, page, numbers[item.sample.language], details)
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="utf-8")
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + written + b"\n"


def legal(text: str) -> str:
    """Return `text` with what XML cannot hold shown: control characters by their pictures, others by their number."""
    return _ILLEGAL.sub(lambda found: _shown(ord(found[0])), text)


def _shown(code: int) -> str:
    return chr(_CONTROL + code) if code < 0x20 else f"\\u{code:04x}"


def _case(suite: ET.Element, item: Resolved, file: str, number: int, details: Mapping[Location, str]) -> None:
    """Add a sample. It is called by what stays when lines move: readers compare branches by that."""
    sample, at = item.sample, item.sample.location
    name = sample.name or f"{sample.language} {number}"
    case = ET.SubElement(
        suite,
        "testcase",
        classname=legal(file),
        name=legal(f"{name} {at.within}".rstrip()),
        file=legal(file),
        line=str(at.line),
        time=f"{_seconds(item):.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for key, value in _properties(item):
        ET.SubElement(properties, "property", name=key, value=legal(value))
    kind, reason = _kind(item), verdict_reason(item.verdict)
    if kind:
        verdict = ET.SubElement(case, kind, message=legal(reason))
        if kind != "skipped":
            verdict.set("type", verdict_name(item.verdict))
            verdict.text = _text(details.get(at, reason))
    for stream in ("stdout", "stderr"):
        steps = item.outcome.steps if item.outcome else ()
        if text := "".join(getattr(step, stream) for step in steps):
            ET.SubElement(case, "system-out" if stream == "stdout" else "system-err").text = _text(text)


def _properties(item: Resolved) -> Sequence[tuple[str, str]]:
    outcome = item.outcome
    found = [
        ("key", item.key or ""),
        ("toolchain", outcome.toolchain.split("\n", 1)[0] if outcome else ""),
        ("sandbox", outcome.sandbox if outcome else ""),
        ("cached", "true" if item.cached else "false"),
    ]
    return [(name, value) for name, value in found if value]


def _text(text: str) -> str:
    plain = ansi.strip(_ILLEGAL.sub(lambda found: found[0] if found[0] in _KEPT else _shown(ord(found[0])), text))
    more = len(plain) - MOST
    return legal(plain if more <= 0 else f"{plain[:MOST]}\n… {more} more characters")


def _kind(item: Resolved) -> str:
    """Return which element says what a sample is worth; empty for one that is as its author says."""
    match verdict_name(item.verdict):
        case "met":
            return ""
        case "unmet":
            return "failure"
        case "skipped" | "suspended":
            return "skipped"
        case _:
            return "error"


def _counts(items: Sequence[Resolved]) -> dict[str, str]:
    kinds = [_kind(item) for item in items]
    return {"tests": str(len(items)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error"))}


def _seconds(item: Resolved) -> float:
    """Return what it took in this run: nothing, if its outcome was stored."""
    return item.outcome.duration if item.outcome is not None and not item.cached else 0.0
