"""Whom a build trusts: where its results may go, and what of the machine its samples may be given.

Decides on values; `config` reads them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath


def refusal_to_store(event_name: str, event: str | None) -> str:
    """Return why this build must not write to a store that later builds read; empty if it may.

    On GitHub Actions, that is a build of a stranger's work: what it stores is theirs to choose. The names are those of
    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows, the fields those of
    https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request.

    Args:
        event_name: `GITHUB_EVENT_NAME`; empty elsewhere.
        event: The text of the file at `GITHUB_EVENT_PATH`; None if it cannot be read.
    """
    if event_name == "pull_request_target":
        return "this build is of the event `pull_request_target`"
    if not event_name.startswith("pull_request"):
        return ""
    try:
        known = json.loads(event or "")
        here = known["repository"]["full_name"]
        head = known["pull_request"]["head"]["repo"]
        # A fork that was deleted is null.
        own = head is not None and isinstance(here, str) and head["full_name"] == here
    except (ValueError, RecursionError, LookupError, TypeError):
        return "this build is of a pull request, and its event file does not tell whether it is from a fork"
    return "" if own else "this build is of a pull request from a fork"


def refusal_to_give(path: PurePath, home: PurePath) -> str:
    """Return why samples must not read all that is below `path`; empty if they may.

    Both are absolute and without links. A home directory holds keys and tokens.
    """
    if path == path.parent:
        return "is the whole machine"
    if path == home:
        return "is the home directory"
    if home.is_relative_to(path):
        return "holds the home directory"
    return ""
