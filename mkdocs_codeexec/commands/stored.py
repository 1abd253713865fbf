"""Where a site keeps its outcomes, for commands that want nothing else of it, without its host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.host import MKDOCS, MKDOCS_FILES
from mkdocs_codeexec.environment import read_environment

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings

LARGEST = 1024 * 1024
"""Bytes of a file that is looked at in this way."""
_KEY = re.compile(r"(?m)^([A-Za-z_]\w*)[ \t]*:")
_COMMENT = re.compile(r"(?m)^[ \t]*#.*$")
_FURTHER = re.compile(r"cache_dir|[!*&\\]|<<")
"""What names a folder, or may bring it from elsewhere: tags, anchors, escaped letters."""


def store_of(file: Path | None) -> Path:
    """Return the folder in which the site of `file` keeps its outcomes.

    A file in YAML that says nothing of that is not taken apart: to load a host, or YAML, takes longer than to tell of runs.

    Raises:
        ConfigurationError: The site cannot be read, or what it says to us cannot be used.
    """
    folder = file.parent if file else Path.cwd()
    if file is not None and (said := read_environment().get("CODEEXEC_CACHE_DIR")):
        return _absolute(folder, said)
    if file is not None and file.name in MKDOCS_FILES and _says_nothing(file):
        return _absolute(folder, MKDOCS.store)
    return settings_of_site(file).cache_dir


def settings_of_site(file: Path | None) -> Settings:
    """Return the settings of the site of `file`, as its host reads it.

    Raises:
        ConfigurationError: The site cannot be read, or what it says to us cannot be used.
    """
    from mkdocs_codeexec.commands.site import open_site, settings_of

    return settings_of(open_site(file))


def _says_nothing(file: Path) -> bool:
    """Tell whether it is certain that a file names our plugin once, and no folder of ours; and that no other file may."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1).decode("utf-8")
    except (OSError, ValueError):
        return False
    text = _COMMENT.sub("", text)
    names = list(re.finditer("codeexec", text))
    if len(text) > LARGEST or len(names) != 1 or re.search(r"(?m)^INHERIT\b", text):
        return False
    place = names[0].start()
    above = [key[1] for key in _KEY.finditer(text, 0, place)]
    below = _KEY.search(text, place)
    return above[-1:] == ["plugins"] and not _FURTHER.search(text, place, below.start() if below else len(text))


def _absolute(base: Path, text: str) -> Path:
    from mkdocs_codeexec.tables import absolute

    return absolute(base, text)
