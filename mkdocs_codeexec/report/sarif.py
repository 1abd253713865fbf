"""What went wrong as SARIF 2.1.0, for code scanning: each failure at its line.

The format is OASIS', "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; what GitHub reads of it is described in its
documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from mkdocs_codeexec import __version__
from mkdocs_codeexec.report.known import Known, rule_of, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.report.annotations import Notice
    from mkdocs_codeexec.report.failures import Failure

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST = 5000
"""Results that GitHub shows of a file; it refuses more than 25,000."""
RULES = {
    "failed": "A sample did not do what its fence says",
    "suspended": "A sample lacks something that it requires",
}


def sarif(failures: Sequence[Failure], address: Callable[[str], str]) -> bytes:
    """Return `failures` as SARIF.

    Args:
        failures: What is told, in the order of pages.
        address: Returns a file, named as a terminal here could open it, relative to the root of the repository.
    """
    known = Known()
    results = [_result(failure, address, known) for failure in failures[:MOST]]
    used = sorted({str(result["ruleId"]) for result in results})
    driver = {
        "name": "codeexec",
        "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": RULES[name]}} for name in used],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=1).encode() + b"\n"


def _result(failure: Failure, address: Callable[[str], str], known: Known) -> dict[str, object]:
    notice = failure.notice
    rule = rule_of(failure)
    found: dict[str, object] = {
        "ruleId": rule,
        "level": "note" if failure.suspended else "error",
        "message": {"text": said(failure)},
    }
    if notice.path:
        place = address(notice.path)
        physical: dict[str, object] = {"artifactLocation": {"uri": quote(place)}}
        if notice.line:
            physical["region"] = _region(notice)
        found["locations"] = [{"physicalLocation": physical}]
        found["partialFingerprints"] = {"codeexec/v1": known.again(failure, place)}
    return found


def _region(notice: Notice) -> dict[str, int]:
    region = {"startLine": notice.line, "endLine": notice.end_line or notice.line}
    if notice.column:
        region["startColumn"] = notice.column
        if notice.end_column:
            region["endColumn"] = notice.end_column
    return region
