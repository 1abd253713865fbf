"""Rebuilds of `mkdocs serve`, timed.

Run as a program, this is `mkdocs serve` of the project in a folder, with a loop in the place of its server: one rebuild
for each line of standard input, which names a page of the site, and a line of JSON about it on standard output.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import measuring
from measuring import MeasurementError


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One rebuild.

    Attributes:
        written: Seconds from its start until the page was on disk.
        whole: Seconds from its start to its end.
        cpu: Processor seconds of the process and of the children that it waited for.
        page: The page.
    """

    written: float
    whole: float
    cpu: float
    page: str


class Served:
    """A project that is being served; a context manager.

    Args:
        folder: The project.
        scratch: For Environments, and files of MkDocs.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._log = folder / "serve.log"
        env = measuring.environment(scratch, CODEEXEC_ENVIRONMENT_DIR=str(scratch / "environments"))
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                (sys.executable, __file__, str(folder)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=env,
                cwd=folder,
                text=True,
            )

    def __enter__(self) -> Served:
        """Wait for the first build.

        Raises:
            MeasurementError: There was none.
        """
        self._answer()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child.stdin:
            self._child.stdin.close()
        try:
            self._child.wait(60)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()

    def rebuild(self, page: str) -> Rebuilt:
        """Rebuild the site, whose `page` (`page-001/index.html`) has changed.

        Raises:
            MeasurementError: The page was not written, or MkDocs has ended.
        """
        assert self._child.stdin
        self._child.stdin.write(f"{page}\n")
        self._child.stdin.flush()
        answer = json.loads(self._answer())
        if answer["written"] is None:
            raise MeasurementError(f"a rebuild in `serve` did not write {page}\n{self._said()}")
        return Rebuilt(answer["written"], answer["whole"], answer["cpu"], answer["text"])

    def _answer(self) -> str:
        assert self._child.stdout
        line = self._child.stdout.readline()
        if not line:
            raise MeasurementError(f"`mkdocs serve` ended\n{self._said()}")
        return line

    def _said(self) -> str:
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-15:])


class _Loop:
    """What stands where MkDocs has its server: it has no port, watches nothing, and rebuilds when it is told to."""

    def __init__(self, builder: Callable[[], None], **_: object) -> None:
        self._builder = builder
        self._written: dict[str, tuple[float, bytes]] = {}
        self.error_handler: object = None

    def watch(self, *_: object, **__: object) -> None:
        """Watch nothing."""

    def unwatch(self, *_: object) -> None:
        """Watch nothing."""

    def shutdown(self) -> None:
        """Have nothing to end."""

    def serve(self, **_: object) -> None:
        """Rebuild, until standard input ends."""
        self._time_writing()
        print("{}", flush=True)
        for line in sys.stdin:
            self._written.clear()
            began, used = time.perf_counter(), _used()
            self._builder()
            whole, cpu = time.perf_counter() - began, _used() - used
            page = next((item for path, item in self._written.items() if path.endswith(line.strip())), None)
            written, text = (page[0] - began, page[1].decode()) if page else (None, "")
            print(json.dumps({"written": written, "whole": whole, "cpu": cpu, "text": text}), flush=True)

    def _time_writing(self) -> None:
        from mkdocs import utils

        write = utils.write_file

        def timed(content: bytes, output_path: str) -> None:
            write(content, output_path)
            self._written[output_path] = (time.perf_counter(), content)

        utils.write_file = timed


def _used() -> float:
    """Return the processor seconds of this process and of the children that it waited for."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main() -> None:
    from mkdocs.commands import serve

    logging.basicConfig(level=logging.INFO)
    serve.LiveReloadServer = _Loop  # type: ignore[assignment,attr-defined]
    serve.serve(str(Path(sys.argv[1]) / "mkdocs.yml"))


if __name__ == "__main__":
    main()
