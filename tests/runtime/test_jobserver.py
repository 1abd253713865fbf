"""What several Engines of a process share: tokens."""

from __future__ import annotations

import threading
import time

from mkdocs_codeexec.runtime.jobserver import Jobserver


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
