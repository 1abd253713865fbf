"""Commands in processes of their own that begin where MkDocs is imported: half of what a small build takes is imports.

    done = run("mkdocs", "build", cwd=site, env=environment)

A server, which is this file, is started once; it imports what every build does, compiles the templates of two themes, and forks
for each. What differs from `python -m`: all have the server's seed of hashes, and what ends by `sys.exit` leaves its memory
to the system, as it is. Who gives a `PYTHONHASHSEED` gets a Python of its own. What is to be imported may be named; it comes
from a server of its own, which may be in another `PYTHONPATH`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

IMPORTED = (
    *("mkdocs.commands.build", "mkdocs.config.defaults", "mkdocs.contrib.search.search_index", "mkdocs.theme", "click"),
    *("pymdownx.superfences", "pymdownx.highlight", "pymdownx.snippets", "pymdownx.tabbed"),
    *(f"markdown.extensions.{name}" for name in ("admonition", "attr_list", "fenced_code", "tables", "toc")),
    *(f"pygments.lexers.{name}" for name in ("python", "rust", "shell", "special")),
    *("mkdocs_codeexec.hosts.mkdocs.plugin", "mkdocs_codeexec.cli", "pygments.formatters.html"),
    *("mkdocs_codeexec.hosts.mkdocs.opening", "mkdocs_codeexec.languages.rust", "mkdocs_codeexec.languages.script"),
    *("mkdocs_codeexec.runtime.process", "mkdocs_codeexec.runtime.execution", "joblib"),
    *("mkdocs_codeexec.runtime.crew", "mkdocs_codeexec.runtime.executor", "mkdocs_codeexec.report.findings"),
    *("mkdocs.themes.mkdocs", "platformdirs.unix", "pygments.styles.default"),
    *("encodings.ascii", "encodings.unicode_escape", "encodings.utf_8_sig"),
)  # fmt: skip


def run(
    module: str,
    *args: str,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float = 200,
    imported: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Return what `python -m module args` does in `cwd`, without standard input; it is killed if it takes too long."""
    argv = [sys.executable, "-m", module, *args]
    path = env.get("PYTHONPATH") if imported else os.environ.get("PYTHONPATH")
    if _read_at_start(env) != _read_at_start(os.environ) | ({} if path is None else {"PYTHONPATH": path}):
        return subprocess.run(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    request = json.dumps({"module": module, "args": args, "cwd": str(cwd), "env": dict(env)}).encode()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        answers, theirs = os.pipe()
        try:
            socket.send_fds(_server(path, imported or IMPORTED), [request], [stdout.fileno(), stderr.fileno(), theirs])
            os.close(theirs)
            pid = int(_line(answers))
            ready = select.poll()
            ready.register(answers, select.POLLIN)
            if not ready.poll(timeout * 1000):
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(argv, timeout)
            status = int(_line(answers))
        finally:
            os.close(answers)
        return subprocess.CompletedProcess(argv, status, *map(_text, (stdout, stderr)))


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that count when Python starts."""
    return {name: value for name, value in env.items() if name.startswith(("PYTHON", "LC_", "LANG", "LD_"))}


def _line(pipe: int) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        found += os.read(pipe, 1) or b"!\n"  # no number
    return found


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8"))


@cache
def _server(path: str | None, imported: tuple[str, ...]) -> socket.socket:
    """Return the way to this process's server with `path` as its `PYTHONPATH`, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    started = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno()), *imported],
        env=os.environ | ({} if path is None else {"PYTHONPATH": path}),
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()

    @atexit.register
    def close() -> None:
        ours.close()
        started.wait()

    return ours


def serve(channel: socket.socket, imported: Sequence[str]) -> dict[str, Any]:
    """Fork for each request; return it in the process that is to do it."""
    for name in imported:
        with suppress(ImportError):
            import_module(name)
    if "mkdocs.theme" in imported:
        _compile_themes()
        _compile_patterns()
    gc.collect()
    gc.freeze()
    running: dict[int, int] = {}  # where is told how each of them has ended
    alarm, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    for descriptor in (channel.fileno(), alarm):
        poll.register(descriptor, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == alarm:
                os.read(alarm, 512)
                _tell_ended(running)
            elif (request := _begin(channel, running)) is not None:
                os.close(alarm)
                os.close(wake)
                return request


def _begin(channel: socket.socket, running: dict[int, int]) -> dict[str, Any] | None:
    """Fork for the next request; return it in the process that is to do it, and None in this one."""
    request, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 3)
    if not request:
        sys.exit()
    *outputs, answers = descriptors
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel.close()
        for descriptor in (answers, *running.values()):
            os.close(descriptor)
        found: dict[str, Any] = json.loads(request)
        _become(found, *outputs)
        return found
    running[child] = answers
    os.write(answers, f"{child}\n".encode())
    for descriptor in outputs:
        os.close(descriptor)
    return None


def _tell_ended(running: dict[int, int]) -> None:
    """Tell of each process that has ended how it did."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            break
        answers = running.pop(pid)
        with suppress(BrokenPipeError):  # whoever asked has given up
            os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(answers)


def _become(request: dict[str, Any], *outputs: int) -> None:
    """Make of this process what it would be if it had just been started."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in zip((nothing, *outputs), range(3), strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.path[0] = request["cwd"]


def _compile_themes() -> None:
    """Compile what a third of a small build is spent on: templates that are the same each time.

    The code is what Jinja makes of the same source in an environment that is set up in the same way.
    """
    import jinja2
    from mkdocs.theme import Theme

    compiled: dict[tuple[Any, ...], Any] = {}
    really = jinja2.Environment.compile

    def setting(environment: jinja2.Environment) -> tuple[Any, ...]:
        plain = {name: value for name, value in vars(environment).items() if isinstance(value, str | bool | None)}
        known = (environment.extensions, environment.filters, environment.tests)
        return (type(environment), *sorted(plain.items()), *(frozenset(names) for names in known))

    def once(
        self: jinja2.Environment, source: Any, name: Any = None, filename: Any = None, *more: Any, **rest: Any
    ) -> Any:
        key = () if more or rest or not isinstance(source, str) else (source, name, filename, setting(self))
        return compiled[key] if key in compiled else really(self, source, name, filename, *more, **rest)

    jinja2.Environment.compile = once  # type: ignore[method-assign]
    for theme in ("mkdocs", "material"):
        environment = Theme(theme).get_env()
        for name in environment.list_templates(extensions=("html", "xml")):
            source, filename, _ = environment.loader.get_source(environment, name)
            key = source, name, filename, setting(environment)
            if "/languages/" not in name or name.endswith("/en.html"):
                with suppress(jinja2.TemplateError):  # what is for one plugin needs a filter of that
                    compiled[key] = really(environment, source, name, filename)


def _compile_patterns() -> None:
    """Compile the regular expressions of what every build makes, and look for what is installed: both are remembered."""
    import re

    from markdown import Markdown

    re._MAXCACHE = 10_000  # type: ignore[attr-defined]
    usual = ("toc", "tables", "fenced_code", "admonition", "attr_list", "md_in_html")
    for extensions in (
        usual,
        (*usual, "pymdownx.highlight", "pymdownx.superfences", "pymdownx.snippets", "pymdownx.tabbed"),
    ):
        Markdown(extensions=list(extensions)).convert("# A *b* `c` [d](e.md)\n\n```sh\nx\n```\n\n- f\n\n    g\n")


def run_here(module: str) -> None:
    """Run a module as `python -m` does; who says `sys.exit` ends here, with all that is done before memory is taken apart."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(end.code or 0)


if __name__ == "__main__":
    asked = serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
    sys.argv = [sys.argv[0], *asked["args"]]
    run_here(asked["module"])
