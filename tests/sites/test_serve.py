"""`mkdocs serve` over HTTP: a real server, real edits, and it never dies or hangs."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Project

PATIENCE = 60.0


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
        return re.findall(r"codeexec: (\d+ samples: .*?) \(", self.log)

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


def test_the_story_of_an_afternoon(project: Project) -> None:
    """Prose runs nothing; one edit runs one sample; failures are shown; a dependency's source rebuilds; Ctrl-C ends it."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", "pub const N: u8 = 7;\n")
    project.configure({"languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}}}})
    page = '# One\n\n```rust exec\nprintln!("{}", tally::N);\n```\n\n```python exec\nprint("py")\n```\n'
    project.page(page)

    with serving(project) as server:
        assert ["2 samples: 2 executed, 0 cached, 0 unmet"] == server.builds()
        assert "<code>7</code>" in server.page()

        project.page(page.replace("# One", "# Two"))
        server.wait(lambda: len(server.builds()) == 2, "second build")
        assert "2 samples: 0 executed, 2 cached, 0 unmet" == server.builds()[-1]
        assert "Two" in server.page()

        project.page(page.replace('"py"', '"edited"'))
        server.wait(lambda: len(server.builds()) == 3, "third build")
        assert "2 samples: 1 executed, 1 cached, 0 unmet" == server.builds()[-1]
        assert "<code>edited</code>" in server.page()

        project.write("tally/src/lib.rs", "pub const N: u8 = 8;\n")
        server.wait(lambda: len(server.builds()) == 4, "build after the dependency's change")
        assert "<code>8</code>" in server.page()

        project.page(page.replace("tally::N", "tally::M"))
        server.wait(lambda: len(server.builds()) == 5, "build of a wrong sample")
        assert "2 samples: 1 executed, 1 cached, 1 unmet" == server.builds()[-1]
        assert 'data-codeexec="unmet"' in server.page()
        assert "cannot find value" in server.page()
        assert "docs/index.md:3: it does not compile" in server.log

        mkdocs_yml = (project.root / "mkdocs.yml").read_text("utf-8")
        project.write("mkdocs.yml", mkdocs_yml.replace('"rust"', '"rast"'))
        server.wait(lambda: "did you mean `rust`" in server.log, "message about the options")
        assert "<h1" in server.page()
        project.write("mkdocs.yml", mkdocs_yml)
        project.page(page)
        server.wait(lambda: "0 unmet" in server.builds()[-1], "recovery")
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
    sleeper = f'```bash exec timeout="600"\nsleep {token} & setsid sleep {token} & sleep {token}\n```\n'
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
