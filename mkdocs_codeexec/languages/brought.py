"""What somebody has brought along of Environments, in a file that anybody may have written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings


def objection(settings: Settings, narrator: Narrator) -> Callable[[str, Mapping[str, bytes]], str]:
    """Return what tells why files are not taken for the Environment of a name, in words; nothing if they are.

    Args:
        settings: Of the site.
        narrator: Told what is wrong with its configuration.

    Raises:
        ConfigurationError: An Environment cannot be written as a manifest.
    """
    from mkdocs_codeexec.languages.rust.environments.brought import Brought

    return Brought(settings, narrator).objection
