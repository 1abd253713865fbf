"""`codeexec new`: a first page with samples, and what the configuration of a site must say for them."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.site import find
from mkdocs_codeexec.core.host import MKDOCS, MKDOCS_FILES
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    import argparse

    from mkdocs_codeexec.commands import Context

ABOUT = "write a first page with samples, and what the configuration must say for them; nothing is overwritten"
PAGES = ("index.md", "samples.md")
"""What the page is called: the first of these that is not there."""
SEARCH = "search"
_EVERY = """\
# {title}

What stands below each sample is what it has printed: it was executed when this page was built.
"""
_SHELL = """
```bash exec
echo "hello from $(uname -s)"
```
"""
_PYTHON = """
```python exec
import sys

print("Python", ".".join(map(str, sys.version_info[:2])))
```
"""
_LIBRARY = """
```python exec
import {name}

print("{name} offers", len([word for word in dir({name}) if not word.startswith("_")]), "names")
```
"""
_CRATE = """
```rust exec
#[allow(unused_imports)]
use {name}::*;

println!("{name} is here, and 6 * 7 = {{}}", 6 * 7);
```
"""


class Found(NamedTuple):
    """What a folder holds.

    Attributes:
        title: What the page is about.
        page: The samples.
        options: Those of our plugin, as lines of YAML; empty for none.
        hint: What is to be done beside; empty for nothing.
    """

    title: str
    page: str
    options: tuple[str, ...] = ()
    hint: str = ""


_NO_TEXTS = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
"""Words that YAML takes for truth values, or for nothing."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    about = "the folder of the site, made if it is not there (default: this one)"
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".", help=about)


def execute(context: Context) -> int:
    """Write the page, and the configuration or what is to be added to it; tell what comes next.

    Returns:
        0.

    Raises:
        ConfigurationError: Something is there already that would be overwritten.
        OSError: The disk is in the way.
    """
    asked = context.arguments
    folder = Path(asked.directory).absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"`{asked.directory}`: expected a folder, found a file")
    file = context.file if asked.config_file else find(None, folder)
    found = _look(folder)
    page = _page(folder, file)
    console = on_stdout()
    page.parent.mkdir(parents=True, exist_ok=True)
    with page.open("x", encoding="utf-8") as out:
        out.write(_EVERY.format(title=found.title) + found.page)
    console.say(f"written: {shown(page)}")
    configured = _configure(folder, file, found)
    for line in configured.said:
        console.say(line)
    if found.hint:
        console.say(found.hint)
    where = "" if folder == Path.cwd() else f"cd {shown(folder)} && "
    command = MKDOCS.command if not configured.file.name.startswith("proper") else "properdocs"
    console.say(
        f"next: {where}{command} build, and open {'site/' if page.name == PAGES[0] else 'site/samples/'}index.html"
    )
    return 0


def _page(folder: Path, file: Path | None) -> Path:
    """Return where the page is to be.

    Raises:
        ConfigurationError: There are pages of all these names.
    """
    docs = folder / "docs"
    if file is not None and file.is_file():
        from mkdocs_codeexec.commands.site import open_site

        docs = open_site(file).folders.get("docs_dir", docs)
    for name in PAGES:
        if not (docs / name).exists():
            return docs / name
    names = " and ".join(f"`{shown(docs / name)}`" for name in PAGES)
    raise ConfigurationError(f"{names} are there already\n\nhint: a sample is a fence with `exec`, on any page\n")


class _Configured(NamedTuple):
    file: Path
    said: list[str]


def _configure(folder: Path, file: Path | None, found: Found) -> _Configured:
    """Write a configuration, or add to the one that is there what it lacks; what cannot be added is told."""
    lines = ["- codeexec:", *(f"    {line}" for line in found.options)] if found.options else ["- codeexec"]
    if file is None or not file.is_file():
        file = file or folder / MKDOCS.file
        items = "".join(f"  {line}\n" for line in (f"- {SEARCH}", *lines))
        with file.open("x", encoding="utf-8") as out:
            out.write(f"site_name: {_in_yaml(found.title)}\nplugins:\n{items}")
        return _Configured(file, [f"written: {shown(file)}"])
    text = file.read_text("utf-8")
    if "codeexec" in text:
        said = [f"{shown(file)} names `codeexec` already, and stays as it is"]
        missing = found.options and not all(line.strip() in text for line in found.options)
        return _Configured(file, said + (_told(file, "its options may need", list(found.options)) if missing else []))
    if file.name not in MKDOCS_FILES:
        return _Configured(file, _told(file, "add to it", ["[project.markdown_extensions.codeexec]"]))
    from mkdocs_codeexec.hosts.adding import with_plugin

    added = with_plugin(text, lines, SEARCH)
    if added is None:
        return _Configured(file, _told(file, "add to its `plugins`", lines))
    from mkdocs_codeexec.files import write_bytes

    write_bytes(file, added.encode())
    return _Configured(file, _told(file, "added to its `plugins`", lines))


def _in_yaml(name: str) -> str:
    """Return `name` as YAML reads it as a text: `no` and the like would be something else."""
    plain = re.fullmatch(r"[A-Za-z][\w.-]*", name) and name.lower() not in _NO_TEXTS
    return name if plain else json.dumps(name)


def _told(file: Path, what: str, lines: list[str]) -> list[str]:
    return [f"{shown(file)}: {what}:", "", *(f"  {line}" for line in lines), ""]


def _look(folder: Path) -> Found:
    """Return what a page can show of what is in a folder, or in the one above it, as for a folder `docs` of a project."""
    for place in (folder, folder.parent):
        if (name := _crate(place)) is not None:
            path = "." if place == folder else ".."
            options = ("languages:", "  rust:", "    dependencies:", f"      {_in_yaml(name)}: {{path: {path}}}")
            return Found(name, _CRATE.format(name=name.replace("-", "_")) + _SHELL, options)
        if (name := _library(place)) is not None:
            module = re.sub(r"[-.]+", "_", name).lower()
            if importlib.util.find_spec(module) is not None:
                return Found(name, _LIBRARY.format(name=module) + _SHELL)
            hint = f"samples cannot import `{module}` yet: install it beside `codeexec`, with `pip install -e {shown(place)}`"
            return Found(name, _PYTHON + _SHELL, hint=hint)
    return Found("Samples", _PYTHON + _SHELL)


def _crate(folder: Path) -> str | None:
    """Return the name of the Rust library in a folder; None if there is none."""
    manifest = _toml(folder / "Cargo.toml")
    name = manifest.get("package", {}).get("name")
    is_library = "lib" in manifest or (folder / "src/lib.rs").is_file()
    return name if isinstance(name, str) and is_library and re.fullmatch(r"[A-Za-z_][\w-]*", name) else None


def _library(folder: Path) -> str | None:
    """Return the name of the Python project in a folder; None if there is none."""
    name = _toml(folder / "pyproject.toml").get("project", {}).get("name")
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z][\w.-]*", name) else None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
