"""What several Engines of a process share: tokens, and the end of all children."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.jobserver import Jobserver
from mkdocs_codeexec.runtime.process import Children


def sleeping(seconds: int) -> Command:
    return Command(argv=("sleep", str(seconds)), cwd=Path("/"), env={"PATH": "/usr/bin:/bin"}, timeout=None)


def test_no_more_hold_a_token_than_there_are() -> None:
    """Whoever comes later waits."""
    server, now, most = Jobserver(2), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal now, most
        with server.token():
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.05)
            with lock:
                now -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 == most


def test_all_children_are_ended_at_once() -> None:
    """Those of everybody, and those that somebody opens afterwards."""
    server = Jobserver(2)
    cancelled: list[str] = []

    def work(name: str) -> None:
        with Children() as children, server.serving(children):
            ready.wait()
            try:
                children.run(sleeping(60), "run")
            except Cancelled:
                cancelled.append(name)

    ready = threading.Barrier(3)
    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(0.5)
    began = time.monotonic()
    server.stop()
    for thread in threads:
        thread.join(30)
    assert ["a", "b"] == sorted(cancelled)
    assert time.monotonic() - began < 20
    with Children() as children, server.serving(children), pytest.raises(Cancelled):
        children.run(sleeping(60), "run")
