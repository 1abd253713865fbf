"""A server that only knows who has asked it for what: `from support.repositories import Asked`."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class Asked:
    """A context manager: a repository of git at `url`, which wants a name and a password and gives nothing.

    Attributes:
        url: Its address.
        requests: For each request the path, and the credentials that came with it.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="canary"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                del args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self._host}/acme/private"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def credentials(self) -> list[str]:
        """The credentials that it was given."""
        return [given for _, given in self.requests if given]

    def known_at(self, home: Path) -> None:
        """Have git, for the user who is at `home`, know a name and a password for it."""
        (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
        (home / ".git-credentials").write_text(f"http://user:canary@{self._host}\n")
