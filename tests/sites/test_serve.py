"""`mkdocs serve` over HTTP: a real server, real edits, and it never dies or hangs."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pymdownx.highlight
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project

PATIENCE = 60.0
RESTING = 1.5
"""Seconds without a build after which none is under way: MkDocs looks twice a second whether there is something to do."""


class Server:
    """`mkdocs serve` of a project, and the log it writes."""

    def __init__(self, project: Project, *args: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log_file = project.root / "serve.log"
        self._log = self.log_file.open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{self.port}", *args],
            cwd=project.root,
            env=os.environ | project.env | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def page(self, path: str = "") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode("utf-8"))

    def wait(self, done: object, what: str) -> None:
        """Wait until `done()` is true."""
        assert callable(done)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log
            if done():
                return
            time.sleep(0.05)
        raise AssertionError(f"no {what} within {PATIENCE} s\n{self.log}")

    def builds(self) -> list[str]:
        """Return the summary of each build so far."""
        return re.findall(r"codeexec: (\d+ samples?: .*?) \(", self.log)

    def settled(self) -> int:
        """Wait until what is under way has ended, and return how many builds there were."""
        number, since = -1, 0.0

        def rests() -> bool:
            nonlocal number, since
            if number != (number := len(self.builds())):
                since = time.monotonic()
            return time.monotonic() - since > RESTING

        self.wait(rests, "rest")
        return number

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._log.close()


@contextmanager
def serving(project: Project, *args: str) -> Iterator[Server]:
    server = Server(project, *args)
    try:
        server.wait(lambda: "Serving on" in server.log, "server")
        yield server
    finally:
        server.stop()


def test_an_edit_of_a_program_runs_the_samples_that_start_it(project: Project) -> None:
    """Its source is watched."""
    project.write("Cargo.toml", '[package]\nname = "served-tool"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("src/main.rs", 'fn main() { println!("one"); }\n')
    project.configure({"languages": {"rust": {}, "console": {}, "bash": {}}})
    project.page("```console exec\n$ served-tool\n```\n\n```bash exec\necho else\n```\n")

    with serving(project) as server:
        assert "one" in server.page()
        project.write("src/main.rs", 'fn main() { println!("two"); }\n')
        server.wait(lambda: len(server.builds()) == 2, "build after the edit")
        assert "2 samples: 1 executed, 1 cached, 0 failed" == server.builds()[-1]
        assert "two" in server.page()


def test_the_story_of_an_afternoon(project: Project) -> None:
    """Prose runs nothing; one edit runs one sample; failures are shown; a dependency's source rebuilds; Ctrl-C ends it."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", "pub const N: u8 = 7;\n")
    project.configure({"languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}}}})
    page = '# One\n\n```rust exec\nprintln!("{}", tally::N);\n```\n\n```python exec\nprint("py")\n```\n'
    project.page(page)

    with serving(project) as server:
        assert ["2 samples: 2 executed, 0 cached, 0 failed"] == server.builds()
        assert "<code>7</code>" in server.page()
        assert ".codeexec-output" in server.page("assets/codeexec.css")

        project.page(page.replace("# One", "# Two"))
        server.wait(lambda: len(server.builds()) == 2, "second build")
        assert "2 samples: 0 executed, 2 cached, 0 failed" == server.builds()[-1]
        assert "Two" in server.page()
        assert ".codeexec-output" in server.page("assets/codeexec.css")

        project.page(page.replace('"py"', '"edited"'))
        server.wait(lambda: len(server.builds()) == 3, "third build")
        assert "2 samples: 1 executed, 1 cached, 0 failed" == server.builds()[-1]
        assert "<code>edited</code>" in server.page()

        project.write("tally/src/lib.rs", "pub const N: u8 = 8;\n")
        server.wait(lambda: len(server.builds()) == 4, "build after the dependency's change")
        assert "<code>8</code>" in server.page()

        project.page(page.replace("tally::N", "tally::M"))
        server.wait(lambda: len(server.builds()) == 5, "build of a wrong sample")
        assert "2 samples: 1 executed, 1 cached, 1 failed" == server.builds()[-1]
        assert 'data-codeexec="unmet"' in server.page()
        assert "cannot find value" in server.page()
        assert "docs/index.md:3: it does not compile" in server.log

        mkdocs_yml = (project.root / "mkdocs.yml").read_text("utf-8")
        project.write("mkdocs.yml", mkdocs_yml.replace('"rust"', '"rast"'))
        server.wait(lambda: "did you mean `rust`" in server.log, "message about the options")
        server.wait(lambda: "codeexec-notice" in server.page(), "notice on the page")
        assert "cannot find value" in server.page()
        project.write("mkdocs.yml", mkdocs_yml)
        project.page(page)
        server.wait(lambda: "0 failed" in server.builds()[-1], "recovery")
        server.wait(lambda: "<code>8</code>" in server.page(), "page as before")

        began = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        server.process.wait(10)
        assert time.monotonic() - began < 5
    assert "Traceback" not in server.log, server.log


def test_a_strict_server_survives_a_wrong_sample(project: Project) -> None:
    """`serve --strict` would end at a warning; a failing sample is told without one."""
    project.page("```bash exec\nexit 3\n```\n")

    with serving(project, "--strict") as server:
        assert 'data-codeexec="unmet"' in server.page()
        assert "docs/index.md:1: exit status 3" in server.log


def _alive(token: str) -> list[int]:
    """Return the processes whose command line holds `token`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                cmdline = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if token.encode() in cmdline:
                found.append(int(entry.name))
    return found


def test_an_interrupt_stops_every_child(project: Project) -> None:
    """Ctrl-C during the first build of `serve` and during `build`: gone within two seconds, nothing left."""
    token = f"31536{os.getpid()}"
    project.configure({"total_timeout": 600})
    sleeper = f'```bash exec timeout="300"\nsleep {token} & setsid sleep {token} & sleep {token}\n```\n'
    project.page(sleeper + sleeper.replace("sleep", "exec sleep", 1))
    for command in (["build"], ["serve", "-a", "127.0.0.1:0"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", *command],
            cwd=project.root,
            env=os.environ | project.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE
        while len(_alive(token)) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(_alive(token)) >= 3
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
        took = time.monotonic() - began
        time.sleep(0.5)

        assert [] == _alive(token)
        assert took < 4
        assert process.returncode != 0 or command[0] == "serve"


def test_a_rebuild_highlights_what_has_changed(
    project: Project, rebuild: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fences that are as they were are not highlighted again; pages are those of a build that remembers nothing."""
    made: list[str] = []
    real = pymdownx.highlight.highlight

    def noted(code: str, *how: object) -> str:
        made.append(code)
        return str(real(code, *how))

    monkeypatch.setattr(pymdownx.highlight, "highlight", noted)
    anchors = "  - pymdownx.highlight: {anchor_linenums: true, linenums: true, line_spans: s}\n"

    def write(prose: str, code: str, extension: str = "  - pymdownx.highlight\n") -> None:
        project.configure()
        text = (project.root / "mkdocs.yml").read_text("utf-8")
        project.write("mkdocs.yml", text.replace("  - pymdownx.highlight\n", extension))
        project.page(f"# One\n\n{prose}\n\n```bash exec\n{code}\n```\n\n```rust\nplain();\n```\n")

    for given, expected in (
        (("prose", "echo a"), ["echo a", "plain();"]),
        (("edited", "echo a"), []),
        (("edited", "echo b"), ["echo b"]),
        (("```python\nf()\n```", "echo b"), ["f()", "echo b", "plain();"]),  # their numbers on the page are others
        (("```python\nf()\n```", "echo b", anchors), ["f()", "echo b", "plain();"]),
    ):
        write(*given)
        made.clear()
        rebuild()
        assert expected == made
        shown = project.html().partition("Build Date")[0]
        assert 0 == project.build().status
        assert shown == project.html().partition("Build Date")[0]


WRONG = {
    "a misspelt option": ({"timeuot": 5}, "did you mean `timeout`?"),
    "a wrong value": ({"timeout": "soon"}, "`soon`"),
    "a wrong value of a language": ({"languages": {"bash": {"readable": ["~"]}}}, "readable"),
    "a folder that is published": ({"cache_dir": "docs/<b>"}, "docs/<b>"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_the_options_takes_nothing_away(
    project: Project,
    rebuild: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
    options: dict[str, object],
    said: str,
) -> None:
    """The last good settings stay in use; the log says so, and every page that has samples, until it is mended."""
    project.configure({"languages": {"bash": {"env": {"WHO": "good"}}}})
    project.page("# Title\n\n```bash exec\necho $WHO\n```\n")
    project.page("# Without\n", "other.md")
    rebuild()
    assert "codeexec-notice" not in project.html()

    for _ in range(2):
        caplog.clear()
        project.configure(options)
        rebuild()
        assert [("stdout", "good")] == project.streams()
        assert 1 == caplog.text.count("codeexec: the last good settings are used: the configuration has mistakes\n\n")
        [shown] = re.findall(
            r'<div class="admonition warning codeexec-notice" role="alert">(.*?)</div>', project.html()
        )
        for text in (caplog.text, html.unescape(shown)):
            assert said in text
        assert "<b>" not in shown
        assert "codeexec-notice" not in project.html("other/index.html")

    project.configure()
    rebuild()
    assert (["met"], []) == (project.verdicts(), project.streams())
    assert "codeexec-notice" not in project.html()


FAULTS = {
    "the language, when a build begins": "languages.script.ScriptLanguage.survey",
    "the language, when it says what would be executed": "languages.script.ScriptLanguage.plan",
    "the language, when it looks for its programs": "languages.script.ScriptLanguage.provide",
    "the language, when it sorts Actions": "languages.script.ScriptLanguage.batches",
    "the language, when it executes": "languages.script.ScriptLanguage.run",
    "the language, when output is shown": "languages.script.ScriptLanguage.tidy",
    "the language, when it says what to watch": "languages.script.ScriptLanguage.watched",
    "the store, when it is opened": "runtime.store.DirectoryStore.__init__",
    "the store, when it is read": "runtime.store.DirectoryStore.lists",
    "the store, when it is written": "runtime.store.DirectoryStore.put",
    "the start of children": "runtime.process.Children.run",
    "the look ahead at pages": "markdown.extension.CodeExecExtension.glimpse",
    "templates": "html.fragment.Renderer.__init__",
    "rendering": "html.fragment.Renderer.render",
    "filling pages": "pages.Pages.complete",
    "building ahead": "engine.engine.Engine.ahead",
    "counting": "report.run.Run.of",
    "the report of failures": "hosts.mkdocs.builds.Builds._failures",
    "the last run": "report.run.Run.write",
}


@pytest.mark.parametrize("where", FAULTS.values(), ids=FAULTS)
def test_no_fault_of_ours_leaves_a_rebuild(
    project: Project,
    rebuild: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    """Whatever part of the plugin raises, the page is written, the log tells of it, and the next build is as ever."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"of {where}")

    project.page("# Title\n\n```bash exec\necho hello; exit 3\n```\n")
    rebuild()
    project.page("# Edited\n\n```bash exec\necho edited; exit 3\n```\n")
    caplog.clear()
    with monkeypatch.context() as broken:
        broken.setattr(f"mkdocs_codeexec.{where}", fail)
        rebuild()
    told = caplog.text

    assert "Edited</h1>" in project.html()
    assert f"of {where}" in told
    rebuild()
    assert [("stdout", "edited")] == project.streams()


TEMPLATES = {
    "syntax": ("fragment.html", b"{% if %}"),
    "a name that is not there": ("output.html", b"{{ view.nothing }}"),
    "a template that is not there": ("fragment.html", b'{% include "codeexec/nowhere.html" %}'),
    "a division by zero": ("fragment.html", b"{{ 1 / 0 }}"),
    "no UTF-8": ("fragment.html", b"\xff"),
}


def overridden(project: Project) -> Path:
    """Give the project a theme with templates of its own, and return their folder."""
    text = (project.root / "mkdocs.yml").read_text("utf-8")
    project.write("mkdocs.yml", text.replace("theme: mkdocs", "theme: {name: mkdocs, custom_dir: overrides}"))
    folder = project.root / "overrides/codeexec"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(("name", "broken"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_broken_template_is_an_error_on_the_page(
    project: Project, rebuild: Callable[[], None], caplog: pytest.LogCaptureFixture, name: str, broken: bytes
) -> None:
    """A theme's own template that cannot be used is told of on the page and in the log; the samples are still to be seen."""
    template = overridden(project) / name
    project.page("```bash exec\necho hello\n```\n")
    template.write_bytes(broken)
    rebuild()

    assert ["error"] == project.verdicts()
    assert "hello" in project.html()
    assert f"codeexec/{name}" in caplog.text
    template.unlink()
    rebuild()
    assert (["met"], [("stdout", "hello")]) == (project.verdicts(), project.streams())


def test_a_page_with_a_fault_answers(project: Project) -> None:
    """With a broken template a request waits no longer than a second for the page that tells of it."""
    template = overridden(project) / "fragment.html"
    project.page("```bash exec\necho hello\n```\n")
    dealt = re.compile("Reloading browsers|An error happened during the rebuild")

    with serving(project) as server:
        template.write_text("{% if %}", "utf-8")
        project.page("# Edited\n\n```bash exec\necho hello\n```\n")
        server.wait(lambda: dealt.search(server.log), "rebuild")
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=1) as answer:
            page = answer.read().decode("utf-8")

    assert "Edited</h1>" in page
    assert 'data-codeexec="error"' in page


def test_an_edit_of_what_samples_have_read_runs_them(project: Project) -> None:
    """A module of the author's library, or a data file: exactly the samples that have read it, without being declared."""
    project.write("lib/tiny/__init__.py", "")
    project.write("lib/tiny/a.py", 'F = "old"\n')
    project.write("lib/tiny/b.py", 'G = "other"\n')
    project.write("data/prices.csv", "7\n")
    folder = project.root / "lib"
    python = {"env": {"PYTHONPATH": str(folder)}, "readable": ["lib"]}
    project.configure({"languages": {"python": python, "bash": {"readable": ["data"]}}})
    project.page(
        "```python exec\nfrom tiny.a import F\nprint(F)\n```\n\n```python exec\nfrom tiny.b import G\nprint(G)\n```\n\n"
        f"```bash exec\ncat {project.root}/data/prices.csv\n```\n"
    )
    time.sleep(0.1)

    with serving(project) as server:
        assert ["3 samples: 3 executed, 0 cached, 0 failed"] == server.builds()

        project.write("lib/tiny/a.py", 'F = "new"\n')
        server.wait(lambda: len(server.builds()) == 2, "second build")
        assert "3 samples: 1 executed, 2 cached, 0 failed" == server.builds()[-1]
        assert "<code>new</code>" in server.page()

        project.write("data/prices.csv", "8\n")
        server.wait(lambda: len(server.builds()) == 3, "third build")
        assert "3 samples: 1 executed, 2 cached, 0 failed" == server.builds()[-1]
        assert "<code>8</code>" in server.page()


def test_an_edit_of_an_included_file(project: Project) -> None:
    """Executes the samples that have it again, and no others; the file may go and come."""
    project.configure({"includes": "mdbook", "languages": {"python": {}}})
    part = "```python exec\n{{#include ../src/a.py:show}}\n```\n"
    project.page(f"{part}\n```python exec\nprint('beside')\n```\n")
    text = "# ANCHOR: show\nprint('%s')\n# ANCHOR_END: show\n"
    project.write("src/a.py", text % "one")
    with serving(project) as server:
        assert ["2 samples: 2 executed, 0 cached, 0 failed"] == server.builds()

        project.write("src/a.py", text % "two")
        server.wait(lambda: "<code>two</code>" in server.page(), "page with the edit")
        assert "2 samples: 1 executed, 1 cached, 0 failed" == server.builds()[-1]

        (project.root / "src/a.py").unlink()
        server.wait(lambda: "is not included: there is no such file" in server.log, "word of the missing file")
        project.write("src/a.py", text % "three")
        server.wait(lambda: "<code>three</code>" in server.page(), "page with the file")


def test_what_is_written_while_the_build_goes_on(project: Project) -> None:
    """Is noticed, where the build has read the file before, and it is watched only at the end; once."""
    project.configure({"includes": "mdbook", "languages": {"python": {}}}, more="hooks: [late.py]\n")
    project.page("```python exec\n{{#include ../src/a.py}}\n```\n")
    project.write("src/a.py", "print('one')\n")
    project.write(
        "late.py",
        "from pathlib import Path\n\nFILE = Path(__file__).parent / 'src/a.py'\n\n\n"
        "def on_page_content(html, **_):\n"
        "    if not FILE.exists() or 'one' in FILE.read_text():\n"
        "        FILE.write_text(\"print('late')\\n\")\n",
    )
    with serving(project) as server:
        server.wait(lambda: "<code>late</code>" in server.page(), "page with what was written in the first build")

        (project.root / "src/a.py").unlink()
        server.wait(lambda: "there is no such file" in server.log, "word of the missing file")
        server.wait(lambda: "<code>late</code>" in server.page(), "page with the file that came in that build")
        builds = server.settled()
        time.sleep(2)
        assert builds == len(server.builds()), server.log
        # One for each time that it was written or missed; and one if MkDocs looked when the last of them had begun.
        assert builds <= 5, server.log


def test_a_file_that_was_missing_is_noticed_when_it_comes(project: Project) -> None:
    """In a folder that is there, or not; what else is written beside it, the server's own log too, rebuilds nothing."""
    project.configure({"languages": {"bash": {"readable": ["given"]}}})
    data = project.write("given/data/a.txt", "one\n")
    project.page(f"```bash exec\ncat {data} || exit 3\n```\n")

    with serving(project) as server:
        assert "<code>one</code>" in server.page()

        data.unlink()
        server.wait(lambda: 'data-codeexec="unmet"' in server.page(), "page without the file")
        project.write("given/data/a.txt", "two\n")
        server.wait(lambda: "<code>two</code>" in server.page(), "page with the file")
        project.write("given/data/a.txt", "three\n")
        server.wait(lambda: "<code>three</code>" in server.page(), "page with the file as it is now")

        shutil.rmtree(data.parent)
        server.wait(lambda: 'data-codeexec="unmet"' in server.page(), "page without the folder")
        project.write("given/data/a.txt", "four\n")
        server.wait(lambda: "<code>four</code>" in server.page(), "page with the folder")
        builds = server.settled()
        project.write("beside.txt", "nobody has read this\n")
        project.write("given/data/beside.txt", "nor this\n")
        time.sleep(2.5)
        assert builds == len(server.builds()), server.log
