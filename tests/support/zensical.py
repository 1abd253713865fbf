"""A real Zensical, in a folder of its own, and the sites that it renders."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support import forks

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "0.1.3"
PATIENCE = 60.0
THEME = {
    "main.html": "<!doctype html><html><head><title>{{ page.title }}</title></head><body>{{ page.content }}</body></html>",
    "404.html": "<!doctype html><html><body>404</body></html>",
    "sitemap.xml": "<urlset></urlset>",
}
"""The theme is a package of its own, `zensical-ui`, which not every index has. Ours is of one template."""
IMPORTED = (
    *("zensical.main", "zensical.config", "zensical.markdown.render", "markdown_exec", "pymdownx.superfences"),
    *("pymdownx.highlight", "pymdownx.snippets", "pymdownx.tabbed", "markdown.extensions.admonition"),
    *(f"pygments.lexers.{name}" for name in ("python", "rust", "shell", "special")),
    *("pygments.formatters.html", "mkdocs_codeexec.hosts.markdown", "mkdocs_codeexec.hosts.alone"),
    *("mkdocs_codeexec.hosts.zensical.site", "mkdocs_codeexec.hosts.zensical.outside", "mkdocs_codeexec.cli"),
    *("mkdocs_codeexec.languages.rust", "mkdocs_codeexec.languages.script"),
    *("mkdocs_codeexec.runtime.process", "mkdocs_codeexec.runtime.execution", "joblib"),
)
"""What every build imports, and what does not look at the command line by then."""


def install(folder: Path) -> str:
    """Install Zensical into `folder`; return what pip said if that cannot be done.

    What it needs beside `tomli` is what MkDocs and this package need.
    """
    wanted = (f"zensical=={VERSION}", "tomli>=2.4")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *wanted]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=200)
    if done.returncode:
        return done.stderr
    theme = folder / "zensical_ui"
    (theme / "templates").mkdir(parents=True)
    for name, text in THEME.items():
        (theme / "templates" / name).write_text(text, "utf-8")
    code = "from pathlib import Path\n\n\ndef get_theme_dir():\n    return str(Path(__file__).parent / 'templates')\n"
    (theme / "__init__.py").write_text(code, "utf-8")
    return ""


@dataclass
class Rendered:
    """What a command came to."""

    status: int
    log: str


@dataclass
class Site:
    """A site of Zensical."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def configure(self, options: object = None, more: str = "") -> None:
        self.write(
            "mkdocs.yml",
            "site_name: Test\nmarkdown_extensions:\n  - admonition\n  - pymdownx.highlight\n"
            f"  - codeexec: {json.dumps(options or {})}\n  - pymdownx.superfences\n"
            f"  - pymdownx.tabbed: {{alternate_style: true}}\n{more}",
        )

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def page(self, text: str, name: str = "index.md") -> Path:
        return self.write(f"docs/{name}", text)

    def run(self, *command: str, env: dict[str, str] | None = None) -> Rendered:
        every = os.environ | self.env | (env or {})
        path = Path(every.get("PYTHONPATH", ""))  # with more in it, it is of this command alone
        imported = IMPORTED if (path / "zensical").is_dir() else ()
        done = forks.run(*command, cwd=self.root, env=every, timeout=PATIENCE, imported=imported)
        return Rendered(done.returncode, done.stdout + done.stderr)

    def build(self, *args: str, **how: Any) -> Rendered:
        """Run `zensical build`."""
        return self.run("zensical", "build", *args, **how)

    def wrapped(self, *args: str, **how: Any) -> Rendered:
        """Run `codeexec zensical build`."""
        return self.run("mkdocs_codeexec", "zensical", "build", *args, **how)

    def interrupted(self, *command: str, when: Callable[[str], bool], how: signal.Signals, group: bool) -> Rendered:
        """Run `command`, and send `how` to it, or to its process group, when `when(log)` is true for what it has said by then."""
        path = self.root / "interrupted.log"
        with path.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.root,
                env=os.environ | self.env | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            end = time.monotonic() + PATIENCE
            while not when(path.read_text("utf-8")):
                assert process.poll() is None, path.read_text("utf-8")
                assert time.monotonic() < end, path.read_text("utf-8")
                time.sleep(0.005)
            (os.killpg if group else os.kill)(process.pid, how)
            process.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Rendered(process.returncode, path.read_text("utf-8"))

    def html(self, page: str = "index.html") -> str:
        return (self.root / "site" / page).read_text("utf-8")

    def verdicts(self, page: str = "index.html") -> list[str]:
        return re.findall(r'<div class="codeexec" data-codeexec="(\w+)"', self.html(page))

    def streams(self, page: str = "index.html") -> list[str]:
        return re.findall(r'<pre class="codeexec-std[^>]*><code>(.*?)</code></pre>', self.html(page), re.DOTALL)

    def keys(self, cache_dir: str = ".codeexec") -> set[str]:
        return {path.stem for path in (self.root / cache_dir / "results").rglob("*.json")}

    def cached(self) -> dict[str, int]:
        """Return the entries of Zensical's cache that hold a page."""
        found = (path for path in (self.root / ".cache").iterdir() if path.is_file())
        return {path.name: path.stat().st_mtime_ns for path in found if b'"content"' in path.read_bytes()}


class Server:
    """A server of a site, and what it says."""

    def __init__(self, site: Site, *command: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.site = site
        self._file = site.root / "serve.log"
        with self._file.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, "serve", "-a", f"127.0.0.1:{self.port}"],
                cwd=site.root,
                env=os.environ | site.env | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._file.read_text("utf-8")

    def page(self, path: str = "") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode("utf-8"))

    def shows(self, *texts: str, path: str = "") -> None:
        """Wait until a page holds `texts`."""
        self.wait(lambda: all(text in self._maybe(path) for text in texts), f"page with {texts}")

    def _maybe(self, path: str) -> str:
        try:
            return self.page(path)
        except OSError:
            return ""

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Wait until `done()` is true; the server must live."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log
            if done():
                return
            time.sleep(0.05)
        raise AssertionError(f"no {what} within {PATIENCE} s\n{self.log}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it and all that it has started: Zensical does not always end on SIGINT while it renders a configuration anew."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
