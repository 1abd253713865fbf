"""When a sample began: what has changed since then it may have seen otherwise than we do."""

from __future__ import annotations

import os
import stat
import time

from mkdocs_codeexec.runtime.observed.links import Links


class Unstable(Exception):  # noqa: N818 - not an error: an answer
    """Something changed while a sample may have been reading it, or there is too much of it."""


class Since:
    """For all that is looked at for one sample that has ended.

    Args:
        when: It began then; nanoseconds since the epoch.

    Attributes:
        when: The same.
        links: Knows those that were gone through.
        decided: Whether what decides which files a project has was found unchanged.
    """

    def __init__(self, when: int) -> None:
        self.when = when
        self.links = Links()
        self.decided = False

    def unchanged(self, about: os.stat_result) -> None:
        """Check a file or a folder.

        Raises:
            Unstable: It has changed.
        """
        # The clock may be behind the dates of the disk: then they say nothing.
        if self.when <= about.st_ctime_ns <= time.time_ns() + 1_000_000_000:
            raise Unstable

    def links_unchanged(self) -> None:
        """Check all links that were gone through, when everything has been looked at.

        Raises:
            Unstable: One has been put there.
        """
        for path in self.links.on_the_way():
            try:
                about = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISLNK(about.st_mode):
                self.unchanged(about)
