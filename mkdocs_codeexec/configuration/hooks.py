"""Reads `hooks`, and sees that a build which a hook has started is not one of its own site."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.hooks import Hooks
from mkdocs_codeexec.tables import kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.tables import Reader

_KINDS = ("before", "after")


def hooks(reader: Reader, top: Mapping[str, object], project_dir: Path, chain: Sequence[tuple[str, str]]) -> Hooks:
    """Return the commands that are run around samples.

    Args:
        reader: Collects what is wrong.
        top: The plugin's options.
        project_dir: The folder of the site's file.
        chain: Which hooks have started this build: a site's folder and a command for each.
    """
    table = reader.table(top.get("hooks"), "hooks", (*_KINDS, "timeout"))
    before, after = (_commands(reader, table, name) for name in _KINDS)
    found = Hooks(before=before, after=after, timeout=reader.seconds(table, "timeout", 60.0, "hooks."))
    if (before or after) and any(site == os.path.realpath(project_dir) for site, _ in chain):
        reader.problem(
            "hooks",
            f"this site is built by a hook of its own: {' → '.join(f'`{command}`' for _, command in chain)} → this build",
            "a hook may not build the site that it belongs to; `CODEEXEC_EXECUTE=off` builds it without samples and hooks",
        )
    return found


def _commands(reader: Reader, table: Mapping[str, object], name: str) -> tuple[tuple[str, ...], ...]:
    value = table.get(name)
    if value is None:
        return ()
    where = f"hooks.{name}"
    if not isinstance(value, list):
        hint = f"write `{name}: [[{', '.join(value.split())}]]`" if isinstance(value, str) else ""
        reader.problem(where, f"expected a list of commands, each a list of words, got {kind(value)}", hint)
        return ()
    found = []
    for place, command in enumerate(value, 1):
        if not isinstance(command, list):
            one = len(value) == 1 or not isinstance(command, str) or " " in command
            written = command.split() if isinstance(command, str) and one else [str(word) for word in value]
            hint = f"write `{name}: [[{', '.join(written)}]]`" if isinstance(command, str) else ""
            reader.problem(where, f"its element {place} is no list of words, but {kind(command)}", hint)
            return ()
        if not command or command[0] == "":
            reader.problem(where, f"its element {place} is empty", "name a program")
            return ()
        found.append(reader.words({str(place): command}, str(place), f"{where}."))
    return tuple(command for command in found if command)
