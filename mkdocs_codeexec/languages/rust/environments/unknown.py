"""An Environment that a fence asks for, and that is not set up."""

from __future__ import annotations

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.errors import nearest


def unknown_environment(name: str, known: tuple[str, ...]) -> Unavailability:
    """Return why a fence that asks for the Environment `name` is not executed where only those `known` are set up."""
    meant = nearest(name, known)
    hint = f"did you mean `{meant}`?" if meant else f"there is: {', '.join(f'`{one}`' for one in known)}"
    return Unavailability(f"environment `{name}` is not set up in `languages.rust`", hint)
