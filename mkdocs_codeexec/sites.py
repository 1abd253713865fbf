"""What a host tells of a site, whichever host it is: what its file says, and what is on its pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.host import MKDOCS, Host

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Unavailability
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.markdown.collecting import PageContext
    from mkdocs_codeexec.report.console import Console


def _no_pages() -> Iterable[PageContext]:
    return ()


def _no_front_matter(text: str) -> Mapping[str, object]:
    del text
    return {}


NAMES = ("codeexec", "mkdocs_codeexec.hosts.markdown", "mkdocs_codeexec.hosts.markdown:makeExtension")
"""What our extension is called in `markdown_extensions`."""


class ConfiguredSite(NamedTuple):
    """A site as its file describes it; no page is read, and nothing is executed.

    Attributes:
        file: That file; None where there is no site, and all is as by default.
        folder: The folder that it is in.
        host: The distribution that builds it: `mkdocs`, `properdocs`, `zensical`; empty where there is none.
        words: What messages call the host.
        enabled_by: Where it names us: `plugins`, `markdown_extensions`; empty if it does not.
        named_too: Where else it names us, which is for another host.
        options: What it says to us, unchecked.
        folders: Those that the host reads and writes, by the name of their option; `docs_dir` is among them.
        pages: Reads the files of its pages.
        front_matter: Reads the front matter of a page's text.
    """

    file: Path | None = None
    folder: Path = Path()
    host: str = ""
    words: Host = MKDOCS
    enabled_by: str = ""
    named_too: str = ""
    options: Mapping[str, object] = {}
    folders: Mapping[str, Path] = {}
    pages: Callable[[], Iterable[PageContext]] = _no_pages
    front_matter: Callable[[str], Mapping[str, object]] = _no_front_matter


class Collected(NamedTuple):
    """What a site has to execute.

    Attributes:
        settings: What the user configured.
        console: The voice on the terminal.
        theme_dirs: Where a theme may override our templates.
        samples: In page order, each with why it is not executed although it asks for it, if that is so, and what to do.
        pages: The files on disk, by page.
        docs_dir: The folder that they are in.
        templates: Whether something reads pages as templates before they are Markdown.
        included: Files that are read for each page, its own among them, or should be.
    """

    settings: Settings
    console: Console
    theme_dirs: Sequence[Path]
    samples: Sequence[tuple[Sample, Unavailability | None]]
    pages: Mapping[str, str]
    docs_dir: Path = Path()
    templates: bool = False
    included: Mapping[str, Collection[Path]] = {}


TEMPLATING = ("macros", "jinja", "extradata")
"""What is in the names of plugins and extensions that read pages as templates."""


def are_templates(names: Iterable[str]) -> bool:
    """Tell whether a site with plugins and extensions of these `names` reads its pages as templates."""
    return any(word in name for name in names for word in TEMPLATING)


def not_named(file: Path, *, zensical: bool = False) -> str:
    """Return what is wrong with the file of a site that does not name us.

    Args:
        file: That file.
        zensical: Whether Zensical is certain to be the host; it is, for a file in TOML.
    """
    if file.suffix == ".toml":
        where, hint = "`[project.markdown_extensions]`", "add `[project.markdown_extensions.codeexec]` to it"
    elif zensical:
        where = "`markdown_extensions`, where Zensical looks for it (`plugins` are of MkDocs and ProperDocs)"
        hint = "add `markdown_extensions: [codeexec]` to it"
    else:
        where = "`plugins` (MkDocs, ProperDocs) or `markdown_extensions` (Zensical)"
        hint = "add `plugins: [codeexec]`, or for Zensical `markdown_extensions: [codeexec]`, to it"
    return f"`{file}`: `codeexec` is not named, expected it below {where}\n\nhint: {hint}, or name another file with `-f`\n"


def shown(path: Path) -> str:
    """Return `path` as a terminal can open it: relative if it is below the working directory, or else absolute."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - it takes `..` out, and follows no link
    return (absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute).as_posix()
