"""What is done with the pages of one build when their samples have run: they get the stylesheet, and so do copies.

The arguments named `config`, `files` and `page` are those of MkDocs' events.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.hosts.mkdocs.copies import in_files, show_again
from mkdocs_codeexec.hosts.styles import STYLESHEET, Assets, Stylesheet, holds_samples, linked, relative
from mkdocs_codeexec.html.annotations import Annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Finishing:
    """Finishes the pages of one build."""

    def __init__(self, config: Any, source: Path) -> None:
        """Begin a build.

        Args:
            config: Of the site.
            source: Our stylesheet.
        """
        self._config = config
        self._stylesheet = Stylesheet(source, Path(config.site_dir))
        self.assets = Assets(Path(config.site_dir))
        self._pages: set[Path] = set()
        self._lent = False

    def note(self, files: Any) -> None:
        """Note whether the site brings a stylesheet of its own in place of ours."""
        self._stylesheet.provided = files.get_file_from_path(STYLESHEET) is not None

    def filled(self, pages: Sequence[Any], files: Any) -> None:
        """Take `pages`, whose samples have run, before any page is written."""
        show_again(self._config.plugins, pages, config=self._config, files=files)
        # What Material loads into a page comes after what is there: it would win over the site's own sheets.
        if pages and "navigation.instant" in (self._config.theme.get("features") or ()):
            self._link()

    def _link(self) -> bool:
        """Have the theme link to the stylesheet from now on; return whether it did not yet."""
        sheets = self._config.extra_css
        if STYLESHEET in sheets:
            return False
        sheets.insert(0, STYLESHEET)  # first, so that the user's own sheets win
        return True

    def begin_page(self, context: Any, page: Any) -> None:
        """Have `page`, which is about to be written, link to the stylesheet if it has samples."""
        if holds_samples(page.content or "") and self._link():
            self._lent = True
            sheets = context.get("extra_css")  # some themes read these, and not those of `config`
            if sheets is not None:
                context["extra_css"] = [relative(STYLESHEET, page.file.dest_uri), *sheets]

    def end_page(self, page: Any, html: str) -> str:
        """Return `html`, which `page` is written as, finished."""
        if self._lent:
            self._lent = False
            self._config.extra_css.remove(STYLESHEET)
        self._pages.add(Path(page.file.abs_dest_path))
        return self._finished(html, page.file.dest_uri)

    def fill_copies(self, fill: Callable[[str], str]) -> None:
        """Fill what other plugins have written with Slots in it."""
        folder = Path(self._config.site_dir)
        for path, html in in_files(folder, self._pages):
            finished = self._finished(fill(html), path.relative_to(folder).as_posix())
            path.write_bytes(finished.encode("utf-8", "surrogateescape"))

    def _finished(self, html: str, address: str) -> str:
        if not holds_samples(html):
            return html
        self._stylesheet.write()
        return linked(html, address, [str(sheet) for sheet in self._config.extra_css])


def annotations_of(config: Any) -> Annotations | None:
    """Return how the site has code annotations: those of Material, or of a theme made of it."""
    if not any(Path(folder).parts[-2:] == ("material", "templates") for folder in config.theme.dirs):
        return None
    further = config.extra.get("annotate")
    return Annotations(
        everywhere="content.code.annotate" in (config.theme.get("features") or ()),
        further=further if isinstance(further, dict) else {},
    )
