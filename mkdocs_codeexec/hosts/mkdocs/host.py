"""MkDocs or ProperDocs, whichever is the host of this process: all that is used of either is imported from here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.host import MKDOCS_FILES as FILES
from mkdocs_codeexec.core.settings import MKDOCS, Host
from mkdocs_codeexec.hosts.mkdocs.choosing import chosen

if TYPE_CHECKING:  # ProperDocs has the same
    from mkdocs.commands.build import build
    from mkdocs.config import config_options, load_config
    from mkdocs.config.base import Config
    from mkdocs.exceptions import Abort, MkDocsException, PluginError
    from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority, get_plugin_logger
    from mkdocs.structure.files import get_files
    from mkdocs.utils.meta import get_data

__all__ = [
    "FILES",
    "NAME",
    "Abort",
    "BasePlugin",
    "CombinedEvent",
    "Config",
    "MkDocsException",
    "PluginError",
    "build",
    "config_options",
    "event_priority",
    "get_data",
    "get_files",
    "get_plugin_logger",
    "host_of",
    "load_config",
]

NAME = chosen()
"""The package: `mkdocs` or `properdocs`."""

if not TYPE_CHECKING:
    _plugins, _exceptions = import_module(f"{NAME}.plugins"), import_module(f"{NAME}.exceptions")
    BasePlugin, CombinedEvent = _plugins.BasePlugin, _plugins.CombinedEvent
    event_priority, get_plugin_logger = _plugins.event_priority, _plugins.get_plugin_logger
    Abort, MkDocsException, PluginError = _exceptions.Abort, _exceptions.MkDocsException, _exceptions.PluginError
    config_options, Config = import_module(f"{NAME}.config.config_options"), import_module(f"{NAME}.config.base").Config
    load_config = import_module(f"{NAME}.config").load_config
    get_files = import_module(f"{NAME}.structure.files").get_files
    get_data = import_module(f"{NAME}.utils.meta").get_data
    build = import_module(f"{NAME}.commands.build").build


def host_of(file: str | None) -> Host:
    """Return what messages call the host, and the configuration `file` of a site of it.

    What comes from a pipe has the usual name. ProperDocs reads the files of MkDocs, too.
    """
    usual = MKDOCS if NAME == "mkdocs" else Host("ProperDocs", NAME, FILES[0])
    return usual._replace(file=Path(file).name) if file and not file.startswith("<") else usual
