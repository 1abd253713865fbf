"""The sites of this process: what lives across pages and rebuilds, and what is done at the end.

Zensical calls nobody when all pages are written, so the end of the process is the end of the build.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.hosts.zensical.cached import is_unreadable
from mkdocs_codeexec.hosts.zensical.engines import file_of
from mkdocs_codeexec.hosts.zensical.site import ZensicalSite
from mkdocs_codeexec.hosts.zensical.strict import Warnings, asked, named
from mkdocs_codeexec.report.console import Lines, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.hosts.zensical.outside import Outside

FAILED = tuple(f'class=\\"codeexec\\" data-codeexec=\\"{verdict}'.encode() for verdict in ("unmet", "error", "blocked"))
"""How a page with a failed sample looks in Zensical's cache."""

log = logging.getLogger("codeexec")


class Process:
    """What this process knows of the sites that it renders.

    Attributes:
        building: Whether it ends with the build, and fails with it; otherwise it serves.
        handing: Whether Zensical is handed what samples came to before it looks at its cache.
        strict: Whether a build fails for a warning; None if the command line of this process says so.
        file: That of the site; None if the command line of this process names it, or it is the first that is there.
    """

    def __init__(self) -> None:
        self.building = sys.argv[1:2] == ["build"]
        self.handing = False
        self.strict: bool | None = None
        self.file: str | None = None
        self._warnings = Warnings()
        self._sites: dict[Path, ZensicalSite] = {}
        self._outside: dict[Path, Outside] = {}
        self._ended = False
        self._left = ""

    def site(self, config: Mapping[str, Any], options: Mapping[str, Any]) -> ZensicalSite:
        """Return the site of `config`; a new one, with the memory of the one before, if it has been read again."""
        root = Path(config["root_dir"])
        before = self._sites.get(root)
        if before is not None and before.config is config:
            return before
        if not self._sites:
            self._begin()
        file = file_of(config, self.file or named(sys.argv[1:]))
        site = ZensicalSite(config, options, log, file=file, lenient=not self.building, before=before)
        self._sites[root] = site
        if self.building and not self.handing:
            self.sweep(site)
        if not self.building:
            from mkdocs_codeexec.hosts.zensical.outside import Outside

            outside = self._outside.setdefault(root, Outside())
            outside.watch(site)
        return site

    def sweep(self, site: ZensicalSite) -> None:
        """Take out of Zensical's cache what must not be there, and fail if Zensical may have read it by now."""
        if any(mark in entry for entry in site.cache.sweep() if not is_unreadable(entry) for mark in FAILED):
            self._left = (
                "a page with a failed sample was in Zensical's cache, where another build has left it"
                "\n\nhint: it is removed; build again\n"
            )

    def _begin(self) -> None:
        if not log.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(Lines())
            handler.setLevel(logging.INFO)
            log.addHandler(handler)
            log.setLevel(logging.INFO)
            log.propagate = False
        log.addHandler(self._warnings)
        atexit.register(self._exit)

    def end(self) -> int:
        """Tell what all sites came to, and return the exit status."""
        if self._ended:
            return 0
        self._ended = True
        fails = [why for site in self._sites.values() if (why := self._end(site))]
        for why in fails:
            log.error("%s", plainly(why))
        if warned := self._warned():
            log.error("%s", warned)
        return 1 if fails or warned else 0

    def _warned(self) -> str:
        """Return why warnings fail the build; empty if they do not."""
        count = self._warnings.count
        if not (count and self.building and (asked(sys.argv[1:]) if self.strict is None else self.strict)):
            return ""
        return f"{counted(count, 'warning')}, and `--strict` is set"

    def leave(self) -> None:
        """Leave the end to somebody else, who has told it all."""
        self._ended = True

    def _end(self, site: ZensicalSite) -> str:
        with suppress(OSError):
            site.cache.settle()
        return site.report() or self._left if self.building else ""

    def _exit(self) -> None:
        if self.building and (status := self.end()):
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(status)  # an exception here would be told, and change nothing


process = Process()


def opened(config: Mapping[str, Any], options: Mapping[str, Any]) -> ZensicalSite:
    """Return the site that Zensical renders with `config`."""
    return process.site(config, options)
