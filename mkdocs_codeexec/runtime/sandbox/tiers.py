"""Which tier is used on this machine: the strongest that really works, found out by running something in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from mkdocs_codeexec.core.confinement import ISOLATING, SandboxMode, Tier
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.runtime.sandbox import bubblewrap
from mkdocs_codeexec.runtime.supervising import landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALL: tuple[Tier, ...] = get_args(Tier)

_SWITCHES = (
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
)
"""Settings of the kernel that keep an ordinary user from having namespaces (Ubuntu; Debian up to 10; RHEL 7)."""


class Obstacle(NamedTuple):
    """Why a tier does not work here.

    Attributes:
        tier: Which.
        why: In words.
        fix: The command, or the advice, that would change that; may be empty.
    """

    tier: Tier
    why: str
    fix: str = ""


class Choice(NamedTuple):
    """The tier that is used.

    Attributes:
        tier: Which.
        obstacles: Why none of the stronger ones is.
    """

    tier: Tier
    obstacles: tuple[Obstacle, ...] = ()


def choose(mode: SandboxMode, allowed: Sequence[Tier], path: str | None, try_it: Callable[[Tier], str]) -> Choice:
    """Return the strongest tier that works.

    Args:
        mode: `off` is not looked at any further.
        allowed: Tiers that may be chosen.
        path: Where bubblewrap is searched.
        try_it: Runs something in a tier, and returns why that did not work, or nothing.
    """
    if mode == "off":
        return Choice("off")
    obstacles: list[Obstacle] = []
    for tier in ALL:
        obstacle = _missing(tier, path) if tier in allowed else Obstacle(tier, "it is ruled out")
        if obstacle is None:
            why = try_it(tier)
            if not why:
                return Choice(tier, tuple(obstacles))
            obstacle = Obstacle(tier, why, _fix(tier))
        obstacles.append(obstacle)
    return Choice("off", tuple(obstacles))


def refusal(mode: SandboxMode, choice: Choice) -> Unavailability | None:
    """Return why nothing is executed under `mode`, if that is so, and the line that would change it."""
    if mode != "required" or choice.tier in ISOLATING:
        return None
    reasons = "; ".join(f"`{one.tier}`: {one.why}" for one in choice.obstacles if one.tier in ISOLATING)
    fixes = [one.fix for one in choice.obstacles if one.tier in ISOLATING and one.fix]
    return Unavailability(
        f"`sandbox: required`, but samples would only be under `{choice.tier}` here ({reasons})",
        fixes[0] if fixes else "execute the samples on Linux 6.2 or later, or with `sandbox: auto`",
    )


def told(choice: Choice) -> str:
    """Return how samples are confined, for the log: what is not isolated is said, and what would change it."""
    if choice.tier == "off":
        return "without a sandbox"
    weaker = [one for one in choice.obstacles if one.why != "it is ruled out"]
    if choice.tier in ISOLATING and not weaker:
        return f"in the sandbox `{choice.tier}`"
    more = "; ".join(f"`{one.tier}`: {one.why}" + (f", {one.fix}" if one.fix else "") for one in weaker)
    if choice.tier in ISOLATING:
        return f"in the sandbox `{choice.tier}` ({more})"
    return f"under `{choice.tier}` only: samples can read your files and use the network" + (
        f" ({more})" if more else ""
    )


def _missing(tier: Tier, path: str | None) -> Obstacle | None:
    if tier == "bubblewrap":
        if sys.platform != "linux":
            return Obstacle(tier, "it needs Linux")
        if bubblewrap.program(path) is None:
            return Obstacle(tier, "`bwrap` was not found", "try: sudo apt-get install bubblewrap")
    if tier == "landlock":
        if landlock.abi() < landlock.OLDEST:
            return Obstacle(tier, "the kernel is older than Linux 6.2, or has it switched off")
        if not seccomp.works():
            return Obstacle(tier, "there are no filters of system calls here")
    return None


def _fix(tier: Tier) -> str:
    if tier != "bubblewrap":
        return ""
    for switch, closed, setting in _SWITCHES:
        try:
            if Path(switch).read_text().strip() == closed:
                return f"try: sudo sysctl -w {setting}"
        except OSError:
            continue
    return "in a container, give it `--security-opt seccomp=unconfined`" if os.geteuid() == 0 else ""
