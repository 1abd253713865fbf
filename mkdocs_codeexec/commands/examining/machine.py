"""What there is on this machine to execute samples with: the sandbox and the toolchains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check
from mkdocs_codeexec.core.confinement import ISOLATING, WALLS
from mkdocs_codeexec.languages.present import present

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.protocols import Runner, Unavailability
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain
    from mkdocs_codeexec.runtime.process import Children


def sandbox(settings: Settings, children: Children) -> Iterator[Check]:
    """Yield how samples are confined here, and why not more strongly."""
    choice = children.choice
    for one in choice.obstacles:
        yield Check("sandbox", one.tier, NOTE if choice.tier else MISSING, one.why, one.fix)
    refusal = children.refusal
    if refusal is not None:
        yield Check("sandbox", f"{settings.sandbox}", MISSING, refusal.reason, refusal.hint)
    elif choice.tier is not None:
        yield Check("sandbox", choice.tier, FINE if choice.tier in ISOLATING else NOTE, _promise(choice.tier))
    if choice.tier in WALLS:
        less = children.inexact
        exact = "the kernel bounds memory and processes of each sample"
        counted = f"memory and processes of samples are counted ten times a second: {less}"
        yield Check("sandbox", "cgroups", NOTE if less else FINE, counted if less else exact)


def _promise(tier: Tier) -> str:
    if tier == "off":
        return "no sandbox: samples are you"
    if tier == "limits":
        return "samples run so: they can read your files and use the network"
    return "samples run so; `codeexec doctor --probe` tries what they can reach"


def toolchains(
    settings: Settings, wanted: Container[str], rust: Toolchain | Unavailability | None, runner: Runner
) -> Iterator[Check]:
    """Yield what answers for each language.

    Args:
        settings: The configuration.
        wanted: The languages that the site names, or has samples in: their programs must be there.
        rust: The Rust of the site, or why there is none.
        runner: Starts them, to ask what they are.
    """
    for one in present(settings, rust, runner):
        absent = MISSING if one.language in wanted else NOTE
        yield Check("toolchains", one.name, FINE if one.there else absent, one.words, one.hint)
