"""Which hosts there are, and which of them builds the site."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.sites import ConfiguredSite

PACKAGES = {
    "mkdocs": "mkdocs",
    "properdocs": "properdocs",
    "zensical": "zensical",
    "markdown": "Markdown",
    "pymdownx": "pymdown-extensions",
}
"""The distributions, by what is imported of them."""
_WHERE = {
    "mkdocs": "`plugins: [codeexec]`, or for Zensical `markdown_extensions: [codeexec]`,",
    "properdocs": "`plugins: [codeexec]`",
    "zensical": "`markdown_extensions: [codeexec]`",
}


def hosts(site: ConfiguredSite) -> Iterator[Check]:
    """Yield what there is of each host, and of what they convert pages with."""
    for name, package in PACKAGES.items():
        used = name == site.host
        try:
            found = version(package)
        except PackageNotFoundError:
            hint = f"pip install {package}" if used else ""
            words = "it builds this site, and is not installed" if used else "not installed"
            yield Check("hosts", name, MISSING if used else NOTE, words, hint)
        else:
            yield Check("hosts", name, FINE, f"{found}, builds this site" if used else found)
    if site.file is None:
        yield Check("hosts", "site", NOTE, f"there is none in `{site.folder}`: all is as by default")
    elif site.enabled_by:
        yield Check("hosts", "site", FINE, f"{site.file}, in `{site.enabled_by}`")
        if site.named_too:
            said = f"named in `{site.named_too}`, too: {site.words.name} goes by `{site.enabled_by}`, and runs samples once"
            hint = f"the options in `{site.named_too}` are for another host: keep both alike"
            yield Check("hosts", "site", NOTE, said, hint)
    else:
        hint = f"add {_WHERE.get(site.host, '`codeexec`')} to it, or name another file with `-f`"
        yield Check("hosts", "site", MISSING, f"{site.file} does not name `codeexec`: no sample runs", hint)
    docs = site.folders.get("docs_dir")
    if docs is not None and not docs.is_dir():  # MkDocs refuses such a site
        why = "is no folder" if docs.exists() else "does not exist"
        yield Check("hosts", "docs_dir", MISSING, f"`{docs}` {why}: there are no pages", "create it, or set `docs_dir`")
