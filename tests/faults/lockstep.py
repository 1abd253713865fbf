"""Build a site again and again in one process, each time that a line comes: a program of its own.

    python lockstep.py MKDOCS_YML SITE_DIR

Answers each line of standard input by a line of JSON: `site`, a digest of what was built; `warnings`, what was logged at
that level or above; `descriptors`, `threads`, `children` of this process afterwards; `error`, if the build raised one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import threading
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def digest(site: Path) -> str:
    """Return one of all that was built, but for the dates."""
    whole = hashlib.sha256()
    for path in sorted(site.rglob("*")):
        if path.is_file() and not path.name.startswith("sitemap"):
            whole.update(path.relative_to(site).as_posix().encode() + b"\0")
            whole.update(re.sub(rb"Build Date UTC : .*", b"", path.read_bytes()) + b"\0")
    return whole.hexdigest()


def main() -> None:
    heard = Heard()
    logging.getLogger("mkdocs").addHandler(heard)
    for _ in sys.stdin:
        heard.lines.clear()
        error = ""
        try:
            MkDocsConfig.plugins.plugin_cache.clear()  # or the plugin would remember the build before
            config = load_config(config_file=sys.argv[1], site_dir=sys.argv[2])
            config.plugins.on_startup(command="build", dirty=False)
            build(config)
            config.plugins.on_shutdown()
        except BaseException as caught:  # noqa: BLE001 - it is what is asked for
            error = repr(caught)
        told = {
            "site": digest(Path(sys.argv[2])),
            "warnings": heard.lines,
            "error": error,
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
            "threads": threading.active_count(),
            "children": Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
