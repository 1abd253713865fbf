"""What renders pages, by name: what messages call it, and the files that its sites have."""

from __future__ import annotations

from typing import NamedTuple

MKDOCS_FILES = ("properdocs.yml", "properdocs.yaml", "mkdocs.yml", "mkdocs.yaml")
"""What MkDocs and ProperDocs call the configuration of a site, in the order in which ProperDocs looks for it."""
ZENSICAL_FILES = ("zensical.toml", "mkdocs.yml", "mkdocs.yaml")
"""What Zensical reads, in the order in which it looks for it."""
FILES = (*MKDOCS_FILES, "zensical.toml")
"""What all hosts call it; the first that is there is used."""


class Host(NamedTuple):
    """What messages call that which renders the pages, so that they name what can be typed and edited.

    Attributes:
        name: Its name.
        command: What is typed.
        file: The configuration of the site.
        store: Where outcomes are kept unless the user says otherwise, beside that file.
    """

    name: str = "MkDocs"
    command: str = "mkdocs"
    file: str = "mkdocs.yml"
    store: str = ".cache/codeexec"


MKDOCS = Host()
