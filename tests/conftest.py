"""A real site in a temporary folder, built by the real `mkdocs` in a process of its own."""

from __future__ import annotations

import compileall
import fcntl
import functools
import gc
import http.server
import json
import os
import re
import shutil
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from support import forks, turns
from support.sizes import TIMES

import mkdocs_codeexec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

hypothesis.settings.register_profile(
    "usual",
    deadline=None,  # a busy machine proves nothing
    max_examples=50 * TIMES,
    derandomize=TIMES == 1,  # whoever tries more, tries others
)
hypothesis.settings.load_profile("usual")

MKDOCS_YML = """\
site_name: Test
theme: {theme}
markdown_extensions:
  - admonition
  - attr_list
  - pymdownx.highlight
  - pymdownx.superfences
  - pymdownx.snippets: {{base_path: [.], check_paths: true}}
  - pymdownx.tabbed: {{alternate_style: true}}
plugins:
  - search
  - codeexec: {options}
"""


@dataclass
class Built:
    """What a build left: its exit status, its log, and the run's numbers."""

    status: int
    log: str
    run: dict[str, Any] | None

    @property
    def counts(self) -> dict[str, int]:
        assert self.run is not None, self.log
        return {name: count for name, count in self.run["counts"].items() if count}


@dataclass
class Project:
    """A site's folder. Tests read as stories: write, build, check, change, build, check."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def configure(
        self, options: object = None, theme: str = "mkdocs", *, more: str = "", extensions: bool = True
    ) -> None:
        """Write `mkdocs.yml` with the plugin's options, `more` after it, and Markdown extensions or none."""
        text = MKDOCS_YML if extensions else re.sub(r"markdown_extensions:\n(  .*\n)*", "", MKDOCS_YML)
        self.write("mkdocs.yml", text.format(options=json.dumps(options or {}), theme=theme) + more)

    def write(self, name: str, text: str) -> Path:
        """Write a file below the folder of `mkdocs.yml`."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def page(self, text: str, name: str = "index.md") -> None:
        """Write a page."""
        self.write(f"docs/{name}", text)

    def build(self, *args: str, env: dict[str, str] | None = None) -> Built:
        """Run `mkdocs build`."""
        last_run = self.root / ".cache/codeexec/last-run.json"
        last_run.unlink(missing_ok=True)
        env = os.environ | self.env | (env or {})
        done = forks.run("mkdocs", "build", *args, cwd=self.root, env=env)
        run = json.loads(last_run.read_text("utf-8")) if last_run.exists() else None
        return Built(done.returncode, done.stdout + done.stderr, run)

    def html(self, page: str = "index.html") -> str:
        """Return a page of the built site."""
        return (self.root / "site" / page).read_text("utf-8")

    def samples(self, page: str = "index.html") -> list[str]:
        """Return the HTML of each sample on a page."""
        html = self.html(page)
        starts = [m.start() for m in re.finditer(r'<div class="codeexec" ', html)]
        return [html[a:b] for a, b in zip(starts, [*starts[1:], len(html)], strict=True)]

    def verdicts(self, page: str = "index.html") -> list[str]:
        """Return the verdict of each sample on a page, in order."""
        return re.findall(r'<div class="codeexec" data-codeexec="(\w+)"', self.html(page))

    def streams(self, page: str = "index.html") -> list[tuple[str, str]]:
        """Return every stream on a page: its kind and its text, tags removed."""
        found = re.findall(
            r'<pre class="codeexec-(\w+)[^"]*"[^>]*><code>(.*?)</code></pre>', self.html(page), re.DOTALL
        )
        return [(kind, text_of(html)) for kind, html in found]


def text_of(html: str) -> str:
    """Return the text of a piece of HTML."""
    import html as entities

    return entities.unescape(re.sub(r"<[^>]*>", "", html))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden", action="store_true", help="write what is compared with; read it before you keep it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once, and the tests if they have changed, although `PYTHONDONTWRITEBYTECODE` may be set.

    The package is started a thousand times; and half of what collecting takes is that assertions are made to tell what failed.
    """
    sys.dont_write_bytecode = False
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(mkdocs_codeexec.__file__).parent, quiet=2)


LONGEST = ("faults", "sites", "laws", "test_cli.py", "test_benchmarks.py", "runtime", "languages")
"""What takes long begins first, so that all workers end at about the same time: each gets whole files, one by one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    turns.take(items)
    for item in items:
        if (mark := item.get_closest_marker("slow")) is not None:
            [name] = mark.args or [getattr(item, "originalname", "")]
            quick = getattr(getattr(item, "module", None), name, None)
            if quick is None or any(one.name == "slow" for one in getattr(quick, "pytestmark", ())):
                raise pytest.UsageError(f"{item.nodeid}: `{name}` is no quick test, expected one in the same file")
    ranks = {Path(__file__).with_name(name): number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: min(ranks.get(path, len(ranks)) for path in (item.path, *item.path.parents)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what was collected, thousands of functions and their tables, out of every search for garbage to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def environment_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of Environments for all tests of a session: what is built once is reused, as for users."""
    return tmp_path_factory.getbasetemp().parent / "codeexec-environments"


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], str]], tuple[Path, str]]:
    """Return what makes a folder by its name, once for all workers: the folder, and what its maker said."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def folder(name: str, make: Callable[[Path], str]) -> tuple[Path, str]:
        made, said = shared / f"once-{name}", shared / f"once-{name}.txt"
        with said.open("a", encoding="utf-8") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not said.stat().st_size:
                made.mkdir()
                turn.write(f"{make(made)}\n")
        return made, said.read_text("utf-8").removesuffix("\n")

    return folder


@pytest.fixture(scope="session")
def project_in(environment_dir: Path) -> Callable[[Path], Project]:
    """Return what makes an empty site in a folder, with the plugin's default options."""

    def make(folder: Path) -> Project:
        found = Project(folder, {"CODEEXEC_ENVIRONMENT_DIR": str(environment_dir), "NO_COLOR": "1"})
        found.configure()
        return found

    return make


@pytest.fixture
def project(tmp_path: Path, project_in: Callable[[Path], Project]) -> Project:
    """Return an empty site with the plugin's default options."""
    return project_in(tmp_path / "site-under-test")


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-gpu-rasterization", "--disable-software-rasterizer"]  # fmt: skip


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def publish() -> Iterator[Callable[[Path], str]]:
    """Return what serves a folder, and returns its address: a secure context, so that there is a clipboard."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def serve(folder: Path) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Browser]:
    """Return the browser of this worker; what a module has opened is closed after it."""
    yield chromium
    for context in chromium.contexts:
        context.close()
