"""What MkDocs knows of the options: nothing, so that it refuses nothing."""

from __future__ import annotations

from mkdocs_codeexec.hosts.mkdocs.host import Config, config_options


class PluginOptions(Config):  # type: ignore[no-untyped-call]
    """What MkDocs may know of the options; `settings_from` does the checking.

    MkDocs would end a rebuild in `serve` for a wrong value and leave every request hanging, so it gets nothing to
    refuse here. `enabled` is listed to keep MkDocs from taking that option for itself.
    """

    enabled = config_options.Type(object, default=True)
