"""What went wrong as GitLab's Code Quality report: beside the lines of a merge request.

The format is that of GitLab's documentation, "Code Quality report format".
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from mkdocs_codeexec.report.known import Known, rule_of, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.report.failures import Failure


def code_quality(failures: Sequence[Failure], address: Callable[[str], str]) -> bytes:
    """Return `failures` as a report; those that are about no file, which it cannot hold, are left out.

    Args:
        failures: What is told, in the order of pages.
        address: Returns a file, named as a terminal here could open it, relative to the root of the repository.
    """
    known = Known()
    found = [
        {
            "description": said(failure),
            "check_name": f"codeexec/{rule_of(failure)}",
            "fingerprint": hashlib.sha256(known.again(failure, place).encode()).hexdigest(),
            "severity": "info" if failure.suspended else "major",
            "location": {"path": place, "lines": {"begin": failure.notice.line or 1}},
        }
        for failure in failures
        if (place := failure.notice.path and address(failure.notice.path))
    ]
    return json.dumps(found, indent=1).encode() + b"\n"
