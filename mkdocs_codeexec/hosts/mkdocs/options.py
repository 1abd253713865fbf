"""What MkDocs knows of the options: nothing, so that it refuses nothing."""

from __future__ import annotations

from mkdocs.config import config_options as options
from mkdocs.config.base import Config


class PluginOptions(Config):  # type: ignore[no-untyped-call]
    """What MkDocs may know of the options; `settings_from` does the checking.

    MkDocs would end a rebuild in `serve` for a wrong value and leave every request hanging, so it gets nothing to
    refuse here. `enabled` is listed to keep MkDocs from taking that option for itself.
    """

    enabled = options.Type(object, default=True)
