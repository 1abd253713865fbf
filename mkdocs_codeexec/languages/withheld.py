"""What samples are kept from on purpose, by how programs say that it is missing; and what gives it to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATED
from mkdocs_codeexec.core.outcome import Exited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.settings import Settings

REACH = 8 * 1024
"""Characters looked at, at the end of each stream."""
LINE = 400
"""The same of a line."""
_NO_NETWORK = re.compile(
    r"Could not resolve (?:host|proxy)|Temporary failure in name resolution|Name or service not known"
    r"|[Nn]o address associated with hostname|Network is unreachable|failed to lookup address information"
    r"|\bgetaddrinfo (?:EAI_AGAIN|ENOTFOUND)\b|\bE(?:NETUNREACH|AI_AGAIN)\b|\bdial (?:tcp|udp): |: no such host$"
    r"|unable to resolve host address|unable to connect to|Failed to establish a new connection"
    r"|Could not connect to server|Couldn't connect to server"
    # Under Landlock no socket is made at all.
    r"|\bsocket(?:\.__init__)?\([^\n]{0,200}\n(?:[ ~^]{0,200}\n)?PermissionError: \[Errno 1\]",
    re.MULTILINE,
)
_ROOT = re.compile(
    r"^sudo: |\bsudo: (?:command )?not found$|^su: |\bdoas: |must be (?:run as )?(?:root|superuser)\b"
    r"|are you root\?|Could not open lock file /var/lib/(?:apt|dpkg)/",
    re.MULTILINE,
)
_SEMAPHORE = re.compile(r"_multiprocessing\.SemLock\(|\bsem_open\b")
_DENIED = re.compile(r"Permission denied|Operation not permitted|Function not implemented")
_ABSENT = re.compile(  # of one line
    r"(?:FileNotFoundError|PermissionError|OSError): \[Errno \d+\] (?:No such file or directory|Permission denied): '([^'\n]+)'"
    r"|(?<![\w/])'?([\w.][\w./ -]{0,200}?)'?: (?:No such file or directory|Permission denied|cannot open)"
    r"|cannot (?:open|access|stat) '?([\w.][\w./ -]{0,200}?)'?(?:: | for )",
)


def hint(outcome: Outcome, language: str, settings: Settings, *, network: bool) -> str:
    """Return what gives a sample that failed what it lacked, or what to do without; empty if nothing is known.

    Args:
        outcome: How it failed.
        language: Its language.
        settings: The configuration.
        network: Whether it had the network.
    """
    last = outcome.steps[-1]
    if last.kind != "run" or last.ended == Exited(0):
        return ""
    said = f"{last.stdout[-REACH:]}\n{last.stderr[-REACH:]}"
    if outcome.sandbox in ISOLATED and _ROOT.search(said):
        return "samples are never root: leave `sudo` out, and what takes root to the machine that builds the site"
    if outcome.sandbox in ISOLATED and not network and _NO_NETWORK.search(said):
        return (
            f"samples have no network unless the configuration grants it: `languages: {{{language}: {{network: ask}}}}` in "
            f"{settings.host.file}, and `network` on this fence"
        )
    if outcome.sandbox in ISOLATED and _SEMAPHORE.search(said) and _DENIED.search(said):
        return (
            "locks, queues and pools of processes need `/dev/shm`, which the sandbox `landlock` closes: use threads "
            "(`multiprocessing.dummy`), or install bubblewrap"
        )
    return _file(said, language, settings)


def _file(said: str, language: str, settings: Settings) -> str:
    """Return how a sample gets a file of the project that it did not find in its empty folder."""
    project = settings.project_dir
    lines = [
        line[-LINE:] for line in said.splitlines() if "No such file" in line or "denied" in line or "cannot " in line
    ]
    names: Sequence[str] = [
        name for line in lines for found in _ABSENT.finditer(line) for name in found.groups() if name
    ]
    project = settings.project_dir
    for name in names:
        inside = name.removeprefix(f"{project}/")
        path = project / inside
        if inside.startswith("/") or ".." in path.parts or not path.exists():
            continue
        key = "readable" if path.is_dir() else "inputs"
        return (
            f"samples see of the project what they are given: `languages: {{{language}: {{{key}: [{inside}]}}}}` "
            f"in {settings.host.file} shows `{inside}` to them, and they open it by its absolute path"
        )
    return ""
