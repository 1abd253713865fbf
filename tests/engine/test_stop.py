"""How what several Engines do is ended by another thread."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.engine.stop import Stop
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.process import Children

SLEEPING = Command(argv=("sleep", "60"), cwd=Path("/"), env={"PATH": "/usr/bin:/bin"}, timeout=None)


def test_the_children_of_all_are_ended() -> None:
    """Those of everybody at once, and nobody begins afterwards."""
    stop, cancelled = Stop(), set()

    def work(name: str) -> None:
        with Children() as children, stop.over(children):
            ready.wait()
            try:
                children.run(SLEEPING, "run")
            except Cancelled:
                cancelled.add(name)

    ready = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(0.5)
    began = time.monotonic()
    stop.ask()
    for thread in threads:
        thread.join(30)
    assert {"a", "b", "c"} == cancelled
    assert time.monotonic() - began < 20
    with Children() as children, pytest.raises(Cancelled), stop.over(children):
        raise AssertionError("it has begun")
