"""What the fences of a page may ask for: the one place where that is decided.

Rights come from the configuration. A page can use what the configuration lets its fences ask for, and can go without;
what the configuration denies, no page grants itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import Unavailability

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import SandboxMode
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import NetworkPolicy, Settings

LONGER = 3
"""How many times the `timeout` of its language a fence may ask for, where nothing limits the whole batch."""


def network(policy: NetworkPolicy, asked: bool | None, sandbox: SandboxMode) -> bool:  # noqa: FBT001 - three answers
    """Return whether a sample may use the network; whoever denies it prevails.

    Args:
        policy: What the configuration says of its language.
        asked: What its fence says; None if it says nothing.
        sandbox: How strongly samples must be confined.
    """
    if policy == "false" or asked is False or sandbox == "strict":
        return False
    return policy == "true" or asked is True


def refusal(sample: Sample, settings: Settings) -> Unavailability | None:
    """Return what the fence of `sample` asks for and cannot have, whatever is stored; None if there is nothing."""
    if sample.ignored:
        return None
    return _no_network(sample, settings) or _no_time(sample, settings)


def denial(sample: Sample, settings: Settings) -> Unavailability | None:
    """Return why `sample` is not executed in this build, although what is stored of it may be shown.

    In a build of a stranger's work the fence may be the stranger's: it is not what grants a right.
    """
    asks = sample.given.network is True and settings.network(sample.language) == "ask"
    if not asks or not settings.stranger:
        return None
    return Unavailability(
        f"`network` is not granted to fences here: {settings.stranger}",
        "execute it in a build of your own; what that stores is shown here, too",
    )


def sources(settings: Settings) -> str:
    """Return why nothing is downloaded from repositories and registries that the configuration does not name; empty if it is.

    What a manifest of the checkout names may be a stranger's word, and is asked for with the user's network and credentials.
    """
    if settings.sandbox in ("required", "strict"):
        return f"`sandbox: {settings.sandbox}` is set"
    return settings.stranger


def variable(name: str, settings: Settings) -> str:
    """Return what a sample that requires the variable `name` of this machine is given; empty if that is nothing.

    In a build of a stranger's work the sample may be the stranger's, who would read it there.
    """
    return "" if settings.stranger else settings.host_env.get(name, "")


def overruled(settings: Settings) -> str:
    """Return what the configuration grants and `sandbox: strict` takes away, in words; empty if that is nothing."""
    names = settings.languages if settings.sandbox == "strict" else ()
    found = [f"`languages.{name}.network`" for name in names if settings.network(name) == "true"]
    return f"`sandbox: strict` gives no sample the network, whatever {', '.join(found)} says" if found else ""


def longest(language: str, settings: Settings) -> float | None:
    """Return the seconds that a fence in `language` may ask for; None if what all samples may take bounds that."""
    return None if settings.total_timeout is not None else LONGER * settings.seconds(language)


def too_long(asked: float, most: float | None, said: str, file: str = "the configuration") -> Unavailability | None:
    """Return why nobody who writes a page gets so much time; None if it is granted.

    Args:
        asked: Seconds.
        most: What `longest` says.
        said: What asks for it, as its author wrote it.
        file: Where it could be granted.
    """
    if most is None or asked <= most:
        return None
    return Unavailability(
        f"{said}: a fence may ask for {most:g} s at most here, {LONGER} times the `timeout` of the configuration",
        f"write `timeout: {math.ceil(asked / LONGER)}`, or a `total_timeout`, in {file}",
    )


def _no_network(sample: Sample, settings: Settings) -> Unavailability | None:
    if sample.given.network is not True:
        return None
    if settings.network(sample.language) == "false":
        return Unavailability(
            f"`network`: the configuration gives fences in `{sample.language}` no network",
            f"write `network: ask` below `languages.{sample.language}` in `{settings.host.file}`, or take the word away",
        )
    if settings.sandbox == "strict":
        return Unavailability(
            "`network`: `sandbox: strict` gives no sample the network", "execute it with `sandbox: required`"
        )
    return None


def _no_time(sample: Sample, settings: Settings) -> Unavailability | None:
    if sample.timeout is None:
        return None
    said = f'`timeout="{sample.timeout:g}"`'
    return too_long(sample.timeout, longest(sample.language, settings), said, f"`{settings.host.file}`")
