"""Sites of ProperDocs: in a virtual environment without MkDocs, made as docs/properdocs.md says, and beside MkDocs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
UNREACHED = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|ReadTimeoutError|ProxyError|Ignoring indexes"
)
"""What pip says of an index that it does not reach."""
GOOD = '```python exec\nimport greeting\n\nprint("said", greeting.WORD)\n```\n'
BAD = "# Guide\n\n```python exec\nraise SystemExit(3)\n```\n"
REFUSED = '\n```bash exec timeout="100"\ntrue\n```\n\n```bash exec network\ntrue\n```\n'


@dataclass
class Site:
    """A site of ProperDocs, and the virtual environment that builds it."""

    root: Path
    bin: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root.parent),
            "CODEEXEC_ENVIRONMENT_DIR": str(self.root.parent / "environments"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "NO_COLOR": "1",
        }

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def configure(self, options: object = None, name: str = "properdocs.yml") -> None:
        for path in (*self.root.glob("*.yml"), *self.root.glob("*.yaml")):
            path.unlink()
        plugins = ["search", {"codeexec": options or {}}]
        self.write(name, json.dumps({"site_name": "T", "theme": "mkdocs", "plugins": plugins}))

    def run(self, command: str, *args: str) -> tuple[int, str, str]:
        """Return the status of a command, its log and its standard output."""
        argv = [str(self.bin / command), *args]
        done = subprocess.run(argv, cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, done.stdout

    def html(self, page: str = "index.html") -> str:
        return (self.root / "site" / page).read_text("utf-8")


def documented() -> Iterator[list[str]]:
    """Yield the commands of docs/properdocs.md that install everything without MkDocs, for this checkout."""
    section = (ROOT / "docs/properdocs.md").read_text("utf-8").partition("\n## Without MkDocs\n")[2]
    for line in re.findall(r"^\$ pip (.*)$", section, re.MULTILINE):
        yield [str(ROOT) if word == "." else word for word in shlex.split(line)]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return a folder that every user may enter: root's samples run as others."""
    found = Path(tempfile.mkdtemp(prefix="properdocs-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


@pytest.fixture(scope="session")
def environment(folder: Path) -> Path:
    """Return the programs of a virtual environment with ProperDocs and this package, and without MkDocs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    programs = folder / "venv/bin"
    commands = list(documented())
    assert commands
    for command in commands:
        argv = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "--retries", "1", *command]
        env = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        if done.returncode and UNREACHED.search(done.stdout + done.stderr):
            pytest.skip("the package index is not reached")
        assert done.returncode == 0, done.stdout + done.stderr
    return programs


@pytest.fixture
def site(folder: Path, environment: Path) -> Iterator[Site]:
    """Return a site with one page and a module beside it."""
    root = Path(tempfile.mkdtemp(dir=folder))
    root.chmod(0o755)
    found = Site(root, environment)
    found.configure({"languages": {"python": {"env": {"PYTHONPATH": str(root)}, "readable": ["greeting.py"]}}})
    found.write("greeting.py", 'WORD = "hello"\n')
    found.write("docs/index.md", GOOD)
    yield found
    shutil.rmtree(root)


def test_mkdocs_is_not_there(site: Site) -> None:
    """What is installed is what `pyproject.toml` asks for, but MkDocs, and nothing of this package is imported from it."""
    status, log, _ = site.run("python", "-c", "import mkdocs")
    assert (1, True) == (status, "No module named 'mkdocs'" in log)

    argv = [sys.executable, "-m", "pip", "--python", str(site.bin / "python"), "check"]
    lacks = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    assert re.fullmatch(r"mkdocs-codeexec \S+ requires mkdocs, which is not installed\.\n", lacks), lacks


def test_a_site_is_built(site: Site) -> None:
    """With the theme's own package, our stylesheet, and outcomes that the next build finds in the store."""
    status, log, _ = site.run("properdocs", "build", "--strict")

    assert 0 == status, log
    assert "codeexec: 1 sample: 1 executed, 0 cached, 0 failed" in log
    html = site.html()
    assert '<pre class="codeexec-stdout"' in html
    assert "<code>said hello</code>" in html
    assert 'href="assets/codeexec.css"' in html
    assert "css/bootstrap.min.css" in html
    assert (site.root / "site/assets/codeexec.css").is_file()
    assert "1 sample: 0 executed, 1 cached" in site.run("properdocs", "build", "--strict")[1]


def test_a_sample_that_fails_fails_the_build(site: Site) -> None:
    """At its end, with page and line; the site is written. `fail_on_error: false` makes it a warning, which `--strict` counts."""
    site.write("docs/guide.md", BAD)
    status, log, _ = site.run("properdocs", "build")

    assert 1 == status
    assert "ERROR   -  codeexec: docs/guide.md:3: exit status 3" in log
    assert "codeexec: 1 of 2 samples failed" in log
    assert 'data-codeexec="unmet"' in site.html("guide/index.html")

    site.configure({"fail_on_error": False})
    assert 0 == site.run("properdocs", "build")[0]
    status, log, said = site.run("properdocs", "build", "--strict")
    assert (1, "Aborted with 2 warnings in strict mode!") == (status, said.strip()), log


def test_a_mistake_in_options_of_the_extension_alone_is_one_message(site: Site) -> None:
    """And no traceback."""
    site.write("properdocs.yml", "site_name: T\nplugins: []\nmarkdown_extensions: [codeexec: {timout: 3}]\n")
    status, log, said = site.run("properdocs", "build")

    assert (1, "Aborted with a BuildError!") == (status, said.strip()), log
    assert (
        "ERROR   -  codeexec: the configuration has mistakes\n\nproperdocs.yml:3: `codeexec.timout`: there is no such option"
        in log
    )
    assert "Traceback" not in log


@pytest.mark.parametrize("name", ["properdocs.yml", "properdocs.yaml", "mkdocs.yml"])
def test_messages_name_the_file_that_is_read(site: Site, name: str) -> None:
    """Where an option of it is to be changed."""
    site.configure(name=name)
    site.write("docs/index.md", REFUSED)
    _, log, _ = site.run("properdocs", "build")
    assert f"or a `total_timeout`, in `{name}`" in log
    assert f"below `languages.bash` in `{name}`" in log

    site.configure({"cache_dir": "site/kept", "languages": {"bash": {"readable": ["nothing"]}}}, name)
    status, log, _ = site.run("properdocs", "build")
    assert 1 == status
    assert f"relative paths start at the folder of `{name}`" in log

    site.configure({"cache_dir": "site/kept"}, name)
    _, log, _ = site.run("properdocs", "build")
    assert "is below `site_dir`, which ProperDocs publishes or empties" in log
    assert f"the default is `.cache/codeexec` beside `{name}`" in log


@contextmanager
def serving(site: Site) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the address of `properdocs serve`, and what reads its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = site.root.parent / f"{site.root.name}.log"
    with path.open("w") as out:
        argv = [str(site.bin / "properdocs"), "serve", "-a", f"127.0.0.1:{port}"]
        process = subprocess.Popen(argv, cwd=site.root, env=site.env, stdout=out, stderr=out, start_new_session=True)
    try:
        until(lambda: "Serving on" in path.read_text() and process.poll() is None, path.read_text)
        yield f"http://127.0.0.1:{port}/", path.read_text
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(done: Callable[[], bool], log: Callable[[], str]) -> None:
    """Wait until `done()`."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, log()
        time.sleep(0.05)


def test_serve_follows_edits(site: Site) -> None:
    """Of a page, and of a module that a sample has read; a failure, and a mistake in the options, are shown and survived."""

    def page() -> str:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return str(answer.read().decode("utf-8"))

    with serving(site) as (address, log):
        assert "said hello" in page()

        site.write("docs/index.md", GOOD.replace("said", "asked"))
        until(lambda: "asked hello" in page(), log)

        site.write("greeting.py", 'WORD = "moin"\n')
        until(lambda: "asked moin" in page(), log)

        site.write("docs/index.md", BAD)
        until(lambda: "exit status 3" in page(), log)
        assert "codeexec: docs/index.md:3: exit status 3" in log()

        site.configure({"timeuot": 3})
        until(lambda: "the last good settings are used" in page(), log)
        assert "did you mean `timeout`?" in log()


def test_the_command_works_beside_it(site: Site) -> None:
    """`codeexec check` collects through ProperDocs; `codeexec doctor` reads its file."""
    site.write("docs/guide.md", BAD)
    status, log, found = site.run("codeexec", "check", "--repeat", "2")
    assert 1 == status, log
    assert "docs/guide.md:3: exit status 3" in found
    assert "ProperDocs" not in log, "there is nothing to tell of it"

    status, log, found = site.run("codeexec", "--json", "doctor")
    assert "python" in [check["name"] for check in json.loads(found)["checks"]], log
    site.configure({"languages": {"bash": {"readable": ["nothing"]}}})
    status, log, _ = site.run("codeexec", "doctor")
    assert 2 == status
    assert "relative paths start at the folder of `properdocs.yml`" in log


def test_nothing_is_deployed_that_fails(site: Site) -> None:
    """`properdocs gh-deploy` ends before it pushes; when all samples are as they should be, it pushes."""
    remote = site.root / ".remote"
    for argv in (
        ["git", "init", "-q", "--bare", str(remote)],
        ["git", "init", "-q", "."],
        ["git", "remote", "add", "origin", str(remote)],
        ["git", "-c", "user.name=t", "-c", "user.email=t@e", "commit", "-q", "--allow-empty", "-m", "one"],
        ["git", "config", "user.name", "t"],
        ["git", "config", "user.email", "t@e"],
    ):
        subprocess.run(argv, cwd=site.root, env=site.env, check=True)

    def branches() -> str:
        argv = ["git", "-C", str(remote), "branch", "--list"]
        return subprocess.run(argv, env=site.env, check=True, capture_output=True, text=True).stdout

    site.write("docs/guide.md", BAD)
    status, log, _ = site.run("properdocs", "gh-deploy")
    assert (1, "") == (status, branches())
    assert "docs/guide.md:3: exit status 3" in log

    site.write("docs/guide.md", "# Guide\n")
    status, log, _ = site.run("properdocs", "gh-deploy")
    assert (0, "gh-pages") == (status, branches().strip()), log


TELLS = "from mkdocs_codeexec.hosts.mkdocs import choosing; print(choosing.chosen())"


@pytest.mark.parametrize(
    ("before", "name"),
    [
        pytest.param("", "mkdocs", id="nothing tells"),
        pytest.param("import properdocs.replacement_warning", "mkdocs", id="a plugin that advertises ProperDocs"),
        pytest.param("import mkdocs.plugins, properdocs.replacement_warning", "mkdocs", id="the same in MkDocs"),
        pytest.param("import properdocs.plugins", "properdocs", id="ProperDocs as a library"),
        pytest.param("import properdocs.__main__", "properdocs", id="its command"),
        pytest.param("import properdocs.__main__, mkdocs.plugins", "properdocs", id="and a plugin for MkDocs"),
    ],
)
def test_which_is_at_work_where_both_are_there(before: str, name: str) -> None:
    """Whatever else of the other one is imported."""
    assert name == subprocess.check_output([sys.executable, "-c", f"{before}\n{TELLS}"], text=True).strip()


@pytest.mark.parametrize(
    ("file", "name"),
    [("properdocs.yaml", "properdocs"), ("mkdocs.yml", "mkdocs"), ("docs.yml", "mkdocs"), (None, "mkdocs")],
)
def test_which_is_chosen_for_a_file(file: str | None, name: str) -> None:
    """That which the file is written for; then plugins that import `mkdocs` get the same."""
    path = f"choosing.Path('site', {file!r})" if file else "None"
    code = (
        f"from mkdocs_codeexec.hosts.mkdocs import choosing\nprint(choosing.choose({path}))\n"
        "from mkdocs_codeexec.hosts.mkdocs import host\nfrom mkdocs.plugins import BasePlugin\n"
        "print(host.NAME, BasePlugin is host.BasePlugin)"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert [name, name, "True"] == said


def test_only_one_is_there(site: Site) -> None:
    """It is the host, whatever the file is called and whatever folders are there."""
    (site.root / "mkdocs").mkdir()
    code = TELLS.replace("chosen()", "choose(choosing.Path('mkdocs.yml'))")
    assert (0, "properdocs\n") == site.run("python", "-c", code)[::2]


def test_the_same_site_beside_mkdocs(project: Project) -> None:
    """Where both are installed, as other plugins bring it about, each host names its own file, and the samples are the same."""
    project.write("theme/main.html", "{{ page.content }}")
    project.page('```python exec\nprint("said")\n```\n' + REFUSED)
    project.write("docs/gen.py", "")
    settings: dict[str, Any] = {"site_name": "T", "theme": {"name": None, "custom_dir": "theme"}}
    plugins = ["codeexec", {"gen-files": {"scripts": ["docs/gen.py"]}}]
    env = os.environ | project.env | {"DISABLE_MKDOCS_2_WARNING": "true"}
    html = {}
    for name in ("mkdocs", "properdocs"):
        (project.root / "mkdocs.yml").unlink(missing_ok=True)
        project.write(f"{name}.yml", json.dumps(settings | {"plugins": plugins}))
        argv = [sys.executable, "-m", name, "build"]
        done = subprocess.run(argv, cwd=project.root, env=env, capture_output=True, text=True, check=False)
        assert 1 == done.returncode
        assert f"in `{name}.yml`" in done.stderr
        assert "codeexec: docs/index.md:5: " in done.stderr
        html[name] = project.html()

    assert "3 samples: 0 executed, 1 cached, 2 failed (2 errors)" in done.stderr, "it runs nothing again"
    assert "<code>said</code>" in html["mkdocs"]
    assert html["mkdocs"].replace("mkdocs.yml", "properdocs.yml") == html["properdocs"]

    project.write("mkdocs.yml", "plugins: [a: [")
    argv = [sys.executable, "-m", "mkdocs_codeexec.cli", "check", "--repeat", "1"]
    done = subprocess.run(argv, cwd=project.root, env=env, capture_output=True, text=True, check=False)
    assert (3, True) == (done.returncode, "in `properdocs.yml`" in done.stdout + done.stderr), done.stdout + done.stderr


def test_builds_within_builds(project: Project) -> None:
    """A plugin for MkDocs that builds every further language within the first build: all are written, and told of once."""
    for name, status in (("index.md", 3), ("index.fr.md", 4)):
        project.page(f"# Title\n\n```bash exec\nexit {status}\n```\n", name)
    languages = [{"locale": "en", "default": True, "name": "English"}, {"locale": "fr", "name": "Français"}]
    plugins = ["codeexec", {"i18n": {"docs_structure": "suffix", "languages": languages}}]
    (project.root / "mkdocs.yml").unlink()
    project.write("properdocs.yml", json.dumps({"site_name": "T", "theme": "material", "plugins": plugins}))
    argv = [sys.executable, "-m", "properdocs", "build"]
    env = os.environ | project.env
    done = subprocess.run(argv, cwd=project.root, env=env, capture_output=True, text=True, check=False)

    assert 1 == done.returncode
    found = re.findall(r"codeexec: (docs/\S+): exit status|codeexec: (\d+ samples:.*) \(", done.stderr)
    assert [
        ("docs/index.md:3", ""),
        ("docs/index.fr.md:3", ""),
        ("", "2 samples: 2 executed, 0 cached, 2 failed"),
    ] == found
    assert ["unmet"] == project.verdicts() == project.verdicts("fr/index.html")
