"""Which sites are Zensical's, and what their files say, also where Zensical is not installed.

Zensical reads files of MkDocs too, and no name tells whose such a file is: it is Zensical's if it names our extension of
Python-Markdown, and not our plugin, which Zensical does not know.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mkdocs_codeexec.core.host import ZENSICAL_FILES
from mkdocs_codeexec.core.settings import Host
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.hosts.zensical.configuration import pages_of
from mkdocs_codeexec.hosts.zensical.engines import STORE
from mkdocs_codeexec.hosts.zensical.front_matter import front_matter
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.sites import NAMES, ConfiguredSite, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "Zensical"


def is_ours(file: Path) -> bool:
    """Tell whether the site of `file` is one of Zensical.

    Raises:
        ConfigurationError: No host could make anything of it, and MkDocs would say so with a traceback.
    """
    if file.suffix == ".toml":
        return True
    try:
        found = _raw(file)
    except _NoSite:
        raise
    except ConfigurationError:  # its host says so
        return False
    plugins = _named(found.get("plugins"))
    return "codeexec" not in plugins and any(name in NAMES for name in _named(found.get("markdown_extensions")))


def configured(file: Path) -> ConfiguredSite:
    """Return what `file` says. What Zensical would refuse, it says itself when it builds the site.

    Raises:
        ConfigurationError: It cannot be read, or lists our extension with different options.
    """
    found = _raw(file)
    _check(_listings(found), file.name)
    extensions = _named(found.get("markdown_extensions"))
    name = next((name for name in NAMES if name in extensions), "")
    options = extensions.get(name)
    folders = {key: file.parent / str(found.get(key) or default) for key, default in _FOLDERS.items()}
    return ConfiguredSite(
        file=file,
        folder=file.parent,
        host="zensical",
        words=Host(NAME, "zensical", file.name, STORE),
        enabled_by="markdown_extensions" if name else "",
        named_too="plugins" if name and "codeexec" in _named(found.get("plugins")) else "",
        options=options if isinstance(options, dict) else {},
        folders=folders,
        pages=lambda: _pages(folders["docs_dir"], found),
        front_matter=front_matter,
    )


def said_otherwise(file: Path, options: Mapping[str, object]) -> Iterator[str]:
    """Yield where else the site of `file` says something to us, and other things than `options`, by which Zensical goes.

    The same file may name our plugin, for MkDocs, and another file may be beside it.
    """
    if _options(file, "plugins") not in (None, options):
        yield "the options below `plugins` are others: Zensical goes by those below `markdown_extensions`"
    for other in (file.with_name(name) for name in ZENSICAL_FILES if name != file.name):
        for section in ("markdown_extensions", "plugins"):
            if _options(other, section) not in (None, options):
                yield f"the options below `{section}` in `{other.name}` are others: Zensical goes by `{file.name}`"


def _options(file: Path, section: str) -> dict[str, object] | None:
    """Return what `file` says to us in `section`; None if it does not name us there, or cannot be read."""
    try:
        named = _named(_raw(file).get(section))
    except ConfigurationError:
        return None
    name = next((name for name in NAMES if name in named), None)
    options = named.get(name or "")
    return None if name is None else options if isinstance(options, dict) else {}


def listed(file: Path) -> int:
    """Return how often `file` lists our extension by one name; 0 if it cannot be read.

    Raises:
        ConfigurationError: Its options differ: Zensical hands over those of the last one.
    """
    try:
        found = _listings(_raw(file))
    except ConfigurationError:
        return 0
    _check(found, file.name)
    return len(found)


def _listings(config: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the options of our extension, as often as it is listed by the first of its names that is."""
    value = config.get("markdown_extensions")
    parts = [_named([one]) for one in value] if isinstance(value, list) else [_named(value)]
    for name in NAMES:
        if found := [part[name] for part in parts if name in part]:
            return [options if isinstance(options, dict) else {} for options in found]
    return []


def _check(listings: list[dict[str, object]], file: str) -> None:
    names = {name for options in listings for name in options}
    differ = sorted(str(name) for name in names if len({repr(options.get(name, _NOTHING)) for options in listings}) > 1)
    if differ:
        named = ", ".join(f"`{name}`" for name in differ)
        raise ConfigurationError(
            f"`{file}`: `codeexec` is listed {len(listings)} times below `markdown_extensions`, and the options differ: "
            f"{named}\n\nhint: list it once, with all its options\n"
        )


_NOTHING = object()
_FOLDERS = {"docs_dir": "docs", "site_dir": "site"}


def _pages(docs: Path, config: Mapping[str, Any]) -> Iterator[PageContext]:
    for page, text in pages_of(docs, {name: config.get(name) for name in ("exclude_docs", "draft_docs")}):
        yield PageContext(page, text, shown(docs / page), NAME)


class _Loader(yaml.SafeLoader):
    """Reads plain values; what is more than that (`!ENV`, `!!python/name:`) is None."""


_Loader.add_multi_constructor("", lambda *_: None)


class _NoSite(ConfigurationError):  # noqa: N818 - says what the file is
    """What no host says well."""


def _raw(file: Path) -> dict[str, Any]:
    """Return what is written in `file`.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        text = file.read_text("utf-8-sig")
        value = tomllib.loads(text) if file.suffix == ".toml" else yaml.load(text, _Loader)  # noqa: S506 - see the class
    except OSError as error:
        raise ConfigurationError(f"`{file}` cannot be read: {error.strerror or error}") from error
    except (ValueError, yaml.YAMLError) as error:
        refused = ConfigurationError(f"`{file}` cannot be read: {error}")
        line = re.search(
            r"(?:.*\n)*.*\bline (\d+)", str(error)
        )  # YAML's last place is that of the problem, TOML has one
        refused.mistakes = (refused.mistakes[0]._replace(file=shown(file), line=int(line[1]) if line else 0),)
        raise refused from error
    except RecursionError as error:
        raise _NoSite(f"`{file}` cannot be read: it is nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        refusal = ConfigurationError if isinstance(value, list) else _NoSite
        raise refusal(
            f"`{file}`: expected a mapping, found {type(value).__name__}\n\nhint: write for example `site_name: My site`\n"
        )
    project = value.get("project")
    return project if file.suffix == ".toml" and isinstance(project, dict) else value


def _named(value: object) -> dict[str, object]:
    """Return plugins or extensions by name, each with its options, however they are listed."""
    if isinstance(value, dict):
        return {str(name): options for name, options in value.items()}
    found: dict[str, object] = {}
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            found |= {str(name): options for name, options in one.items()}
        else:
            found[str(one)] = None
    return found
