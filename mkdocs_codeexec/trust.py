"""Whom a build trusts: where its results may go, and what of the machine its samples may be given.

Decides on values; `config` reads them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath


_OFTEN_STRANGERS = ("pull_request_target", "workflow_run", "issue_comment")
"""Events of GitHub that run with the rights of the repository, and often check out what a stranger has proposed."""


def stranger(environ: Mapping[str, str], event: str | None) -> str:
    """Return why this build is taken for one of a stranger's work; empty if it is not.

    What such a build makes is the stranger's to choose, so it leaves nothing that later builds read, and the fences of
    its pages are granted nothing.

    Args:
        environ: The variables of this process, by which CI services tell what they build.
        event: The text of the file at `GITHUB_EVENT_PATH`; None if it cannot be read.
    """
    return _on_github(environ.get("GITHUB_EVENT_NAME", ""), event) or _elsewhere(environ)


def _on_github(event_name: str, event: str | None) -> str:
    """Return why a build on GitHub Actions is one of a stranger's work.

    The names are those of
    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows, the fields those of
    https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request.
    """
    if event_name in _OFTEN_STRANGERS:
        return f"this build is of the event `{event_name}`"
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
    return "" if own else _FORK


_FORK = "this build is of a pull request from a fork"


def _elsewhere(environ: Mapping[str, str]) -> str:
    """Return why a build of another service is one of a stranger's work.

    By the variables that these services document.
    """
    say = environ.get
    merging = say("CI_PIPELINE_SOURCE") == "merge_request_event"
    forked = (
        (merging and say("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "") != say("CI_MERGE_REQUEST_PROJECT_ID", "-"))
        or bool(say("CIRCLE_PR_REPONAME"))  # set for forks alone
        or say("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true"
        or (bool(say("TRAVIS_PULL_REQUEST_SLUG")) and say("TRAVIS_PULL_REQUEST_SLUG") != say("TRAVIS_REPO_SLUG"))
    )
    if forked:
        return _FORK
    asked = next((name for name in _PROPOSED if say(name, "").lower() not in ("", "false", "0", "none")), "")
    asked = asked or next((name for name, value in _KINDS.items() if say(name) == value), "")
    return f"this build is of a proposed change, which may be a stranger's: `{asked}` is set" if asked else ""


_PROPOSED = (
    "BITBUCKET_PR_ID",
    "DRONE_PULL_REQUEST",
    "BUILDKITE_PULL_REQUEST",
    "APPVEYOR_PULL_REQUEST_NUMBER",
    "PULL_REQUEST",
)
"""Variables of services that do not tell forks apart: Bitbucket, Drone, Buildkite, AppVeyor, Netlify."""
_KINDS = {"READTHEDOCS_VERSION_TYPE": "external", "CI_PIPELINE_EVENT": "pull_request", "CI_BUILD_EVENT": "pull_request"}
"""The same of Read the Docs and Woodpecker, by their values."""


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
