"""Where an option stands in the file of a site, so that a mistake in it can be told with its line.

Hosts hand over values, and forget where they were written. So the file is read once more when there is a mistake, as YAML
nodes or by the lines of TOML, and nothing in it is constructed. A file that another one inherits from is read, too.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.sites import NAMES, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 10
"""That inherit from each other."""
_OPTION = re.compile(r"`(?:codeexec(?:\.|(?=`)))?([^`]*)`: ")
_KEY = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TABLE = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({_KEYS})[ \t]*\]{{1,2}}")
_ASSIGNED = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")


class Found(NamedTuple):
    """A place in a file.

    Attributes:
        depth: How much of what was looked for is there, in characters; 0 is our own name, and -1 nothing.
        line: Where; 0 if that is not known.
    """

    depth: int = -1
    line: int = 0


@contextmanager
def located(file: Path | None, section: str) -> Iterator[None]:
    """Have mistakes in our options name where they stand.

    Args:
        file: That of the site; None if there is none, and nothing can be named.
        section: What of it holds our options: `plugins` or `markdown_extensions`.

    Raises:
        ConfigurationError: What was raised, with files and lines.
    """
    try:
        yield
    except ConfigurationError as error:
        if file is None:
            raise
        found = []
        for mistake in error.mistakes:
            option = _OPTION.match(mistake.message)
            if mistake.file or option is None or option[1].startswith("CODEEXEC_"):
                found.append(mistake)
            else:
                where, line = place_of(file, section, option[1])
                found.append(mistake._replace(file=shown(where), line=line))
        raise ConfigurationError(*found) from error


def place_of(file: Path, section: str, option: str) -> tuple[Path, int]:
    """Return the file and the line in which `option`, or the nearest that is around it, stands; 0 if that is not known.

    Args:
        file: Of the site.
        section: What of it holds our options.
        option: Names with dots between them; empty for all options.
    """
    places = [(one, _found(one, section, option)) for one in _inherited(file)]
    best, found = max(places, key=lambda place: place[1].depth, default=(file, Found()))
    return (best, found.line) if found.line else (file, 0)


def _inherited(file: Path) -> Iterator[Path]:
    """Yield `file`, and those that it inherits from."""
    for _ in range(MOST_FILES):
        yield file
        name = next((node.value for key, node in _items(_node(file)) if key.value == "INHERIT"), None)
        if not isinstance(name, str):
            return
        file = Path(os.path.normpath(file.parent / name))


def _found(file: Path, section: str, option: str) -> Found:
    return _in_toml(file, section, option) if file.suffix == ".toml" else _in_yaml(_node(file), section, option)


def _node(file: Path) -> Any:
    """Return what `file` holds in YAML; None if that cannot be read, of which its host tells."""
    import yaml

    if file.suffix == ".toml":
        return None
    try:
        return yaml.compose(file.read_text("utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def _items(node: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield the keys and the values of a mapping, and those that are merged into it (`<<`), which count less."""
    if getattr(node, "id", "") != "mapping":
        return
    merged: list[Any] = []
    for key, value in reversed(node.value):  # of a key that is there twice, the last counts
        if key.tag == "tag:yaml.org,2002:merge":
            merged += value.value if value.id == "sequence" else [value]
        elif key.id == "scalar":
            yield key, value
    for one in merged if depth < MOST_FILES else ():
        yield from _items(one, depth + 1)


def _in_yaml(root: Any, section: str, option: str) -> Found:
    held: Any = next((node for key, node in _items(root) if key.value == section), None)
    listed: list[Any] = held.value if getattr(held, "id", "") == "sequence" else [held]
    best = Found()
    for one in listed:
        if getattr(one, "id", "") == "scalar" and one.value in NAMES:
            best = max(best, Found(0, one.start_mark.line + 1))
        for key, node in _items(one):
            if key.value in NAMES:
                best = max(best, _below(node, option, Found(0, key.start_mark.line + 1)))
    return best


def _below(node: Any, option: str, found: Found) -> Found:
    """Return where `option` is below `node`, which was found at `found`. Names may have dots in them."""
    best = found
    for key, value in _items(node):
        rest = option.removeprefix(key.value)
        if key.value and len(rest) < len(option) and (not rest or rest[0] == "."):
            here = Found(found.depth + len(option) - len(rest), key.start_mark.line + 1)
            best = max(best, _below(value, rest[1:], here), key=lambda one: one.depth)
    return best


def _in_toml(file: Path, section: str, option: str) -> Found:
    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError):
        return Found()
    best, table, within = Found(), "", ""
    for number, line in enumerate(lines, 1):
        if within:
            within = "" if within in line else within
            continue
        if header := _TABLE.match(line):
            table = _path(header[1])
            best = max(best, Found(_depth(table, section, option), number), key=lambda one: one.depth)
        elif assigned := _ASSIGNED.match(line):
            path = f"{table}.{_path(assigned[1])}".removeprefix(".")
            best = max(best, Found(_depth(path, section, option), number), key=lambda one: one.depth)
        within = next((quote for quote in ('"""', "'''") if line.count(quote) == 1), "")
    return best if best.depth >= 0 else Found()


def _path(keys: str) -> str:
    return ".".join(key.strip("\"'") for key in re.findall(_KEY, keys))


def _depth(path: str, section: str, option: str) -> int:
    """Return how much of `option` the table or key `path` names; -1 if it is no part of our options."""
    for name in NAMES:
        whole = f"{section}.{name}.{option}".removesuffix(".")
        for start in (path.removeprefix("project."), path):
            if whole == start or whole.startswith(f"{start}."):
                return len(start) - len(f"{section}.{name}")
    return -1
