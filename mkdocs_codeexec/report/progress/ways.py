"""Where and how it is told how far a run is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mkdocs_codeexec.errors import ConfigurationError, Mistake, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

VARIABLE = "CODEEXEC_PROGRESS"
Asked: TypeAlias = Literal["auto", "lines", "off"]
Way: TypeAlias = Literal["screen", "lines", "seldom", "off"]
"""On the last line of a terminal; a line of the log now and then; only what takes long, where little is to be said; not at all."""


def asked(environ: Mapping[str, str]) -> Asked:
    """Return what the user wants.

    Raises:
        ConfigurationError: It is none of what there is.
    """
    value = environ.get(VARIABLE) or "auto"
    found: Asked | None = next((one for one in get_args(Asked) if one == value), None)
    if found is None:
        known = ", ".join(f"`{one}`" for one in get_args(Asked))
        near = nearest(value, get_args(Asked))
        raise ConfigurationError(
            Mistake(f"{VARIABLE}: `{value}` is none of {known}", f"did you mean `{near}`?" if near else "")
        )
    return found


def way(wanted: Asked, environ: Mapping[str, str], out: TextIO | None, *, quiet: bool) -> Way:
    """Return how it is told.

    Args:
        wanted: What the user wants.
        environ: The variables of this process.
        out: Where the log goes; None for nowhere.
        quiet: Whether only what is wrong is to be told.
    """
    if wanted == "off" or out is None:
        return "off"
    if quiet:
        return "seldom"
    if wanted == "lines" or environ.get("TERM", "dumb") in ("dumb", "") or in_ci(environ):
        return "lines"
    try:
        return "screen" if out.isatty() else "lines"
    except ValueError:  # it is closed
        return "off"


def in_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether this is a job of a CI system, whose log keeps each line, even where it has a terminal."""
    return environ.get("CI", "").lower() not in ("", "0", "false")
