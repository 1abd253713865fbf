"""Which tier is used on this machine: the strongest that really works, found out by running something in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.confinement import ISOLATING, WALLS, SandboxMode, Tier, enough
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.runtime.sandbox import bubblewrap
from mkdocs_codeexec.runtime.supervising import landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BOUNDED = (
    "build as root, or where systemd gives you cgroups: `systemd-run --user --scope -p Delegate=yes` before the "
    "command; or with `sandbox: required`"
)
"""What gives `strict` what it asks for."""
_RULED_OUT = "it is ruled out"

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
        tier: Which; None if none works, and nothing is executed.
        obstacles: Why none of the stronger ones is.
    """

    tier: Tier | None
    obstacles: tuple[Obstacle, ...] = ()


def choose(mode: SandboxMode, allowed: Sequence[Tier], path: str | None, try_it: Callable[[Tier], str]) -> Choice:
    """Return the strongest tier that works.

    Args:
        mode: `off` is not looked at any further.
        allowed: Tiers that may be chosen; `off` is none of them, unless somebody has named it.
        path: Where bubblewrap is searched.
        try_it: Runs something in a tier, and returns why that did not work, or nothing.
    """
    if mode == "off":
        return Choice("off")
    obstacles: list[Obstacle] = []
    for tier in (*WALLS, *(("off",) if "off" in allowed else ())):
        obstacle = _missing(tier, path) if tier in allowed else Obstacle(tier, _RULED_OUT)
        if obstacle is None:
            why = try_it(tier)
            if not why:
                return Choice(tier, tuple(obstacles))
            obstacle = Obstacle(tier, why, _fix(tier))
        obstacles.append(obstacle)
    return Choice(None, tuple(obstacles))


def refusal(mode: SandboxMode, choice: Choice, inexact: str) -> Unavailability | None:
    """Return why nothing is executed under `mode`, if that is so, and the line that would change it.

    Args:
        mode: How strongly samples must be confined.
        choice: How they are.
        inexact: Why the kernel does not bound what a sample takes as a whole; empty if it does.
    """
    wanted = enough(mode)
    if choice.tier in wanted and mode == "strict" and inexact:
        why = f"`sandbox: strict`, but memory and processes of a sample are only counted here, not bounded by the kernel ({inexact})"
        return Unavailability(why, BOUNDED)
    if choice.tier in wanted:
        return None
    concerned = [one for one in choice.obstacles if one.tier in wanted]
    reasons = "; ".join(f"`{one.tier}`: {one.why}" for one in concerned)
    fixes = [one.fix for one in concerned if one.fix]
    if choice.tier is None and mode == "auto":
        hint = "`sandbox: off` executes samples without one, as the user who builds the site"
        why = f"no sandbox works here, and nobody has written `sandbox: off` ({reasons})"
        return Unavailability(why, f"{fixes[0]}; {hint}" if fixes else hint)
    less = "there is no sandbox" if choice.tier is None else f"samples would only be under `{choice.tier}`"
    otherwise = "execute the samples on Linux 6.2 or later, or with `sandbox: auto`"
    if mode == "strict":
        otherwise = "execute the samples where bubblewrap works, or with `sandbox: required`"
    if concerned and all(one.why == _RULED_OUT for one in concerned):
        otherwise = f"let `CODEEXEC_SANDBOX_TIERS` name {' or '.join(f'`{tier}`' for tier in wanted)}, or unset it"
    return Unavailability(f"`sandbox: {mode}`, but {less} here ({reasons})", fixes[0] if fixes else otherwise)


def told(mode: SandboxMode, choice: Choice) -> str:
    """Return how samples are confined, for the log: what is not isolated is said, and what would change it."""
    weaker = [one for one in choice.obstacles if one.why != _RULED_OUT]
    more = "; ".join(f"`{one.tier}`: {one.why}" + (f", {one.fix}" if one.fix else "") for one in weaker)
    if mode == "strict" and choice.tier in enough(mode):
        alone = "each in a program of its own, bounded by the kernel, without the network"
        return f"in the sandbox `{choice.tier}`, strict: {alone}"
    if choice.tier in (None, "off"):
        how = "without a sandbox"
    elif choice.tier in ISOLATING:
        how = f"in the sandbox `{choice.tier}`"
    else:
        how = f"under `{choice.tier}` only: samples can read your files and use the network"
    return f"{how} ({more})" if more else how


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
