"""Sites built by MkDocs, and what the plugin put into their pages."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import measuring
from generate import Dialect, Sample, write_site
from measuring import MeasurementError, Timing

PEAK_HOOK = '''\
"""Write the peak memory of this process, without its children, as the last thing it does."""

from pathlib import Path

from mkdocs.plugins import event_priority


@event_priority(-100)
def on_shutdown():
    status = Path("/proc/self/status").read_text()
    Path(__file__).with_name("peak").write_text(status.split("VmHWM:")[1].split()[0])
'''


@dataclass(slots=True)
class Shown:
    """What a page shows of one sample; `status` is 0 unless a note says otherwise, None if it did not run."""

    verdict: str
    streams: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        """The exit status that the page tells."""
        if "build" in self.streams and not self.notes and "stdout" not in self.streams:
            return None
        found = re.search(r"exit status (\d+)", " ".join(self.notes))
        return int(found[1]) if found else 0


class _Pages(HTMLParser):
    """Collects the samples of a page in order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Shown] = []
        self._open: tuple[str, str] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "div" and "codeexec" in classes:
            self.found.append(Shown(given.get("data-codeexec") or ""))
        for name in classes:
            if tag in ("pre", "p") and name.startswith("codeexec-"):
                self._open, self._text = (tag, name.removeprefix("codeexec-")), []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open is None or self._open[0] != tag:
            return
        text, name, self._open = "".join(self._text), self._open[1], None
        if name == "note":
            self.found[-1].notes.append(text)
        else:
            self.found[-1].streams[name] = text


class Project:
    """A MkDocs project in a folder of its own.

    Args:
        folder: Where it is.
        scratch: For temporary files.
        python: What runs MkDocs.
    """

    def __init__(self, folder: Path, scratch: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self._scratch = scratch
        self._python = python

    def build(self, **more: str) -> Timing:
        """Build it, by a process of its own.

        Raises:
            MeasurementError: `mkdocs build` did not exit with 0.
        """
        env = measuring.environment(self._scratch, CODEEXEC_ENVIRONMENT_DIR=str(self._scratch / "environments"), **more)
        argv = (self._python, "-m", "mkdocs", "build")
        return measuring.succeed(argv, cwd=self.folder, env=env, scratch=self._scratch).timing

    def build_executing(self, expected: int, **more: str) -> Timing:
        """Build it; this many samples must be executed, not fewer and not more.

        Raises:
            MeasurementError: So it was not.
        """
        timing = self.build(**more)
        if (executed := self.executed()) != expected:
            raise MeasurementError(f"{expected} samples had to be executed, these were: {executed}")
        return timing

    def executed(self) -> int:
        """Return how many samples the last build executed."""
        last = json.loads((self.folder / ".cache/codeexec/last-run.json").read_text("utf-8"))
        return int(last["counts"]["executed"])

    def forget(self) -> None:
        """Take away every result; what is known of the compiler and the Environment stays."""
        for name in ("results", "requests", "observed", "slices"):
            shutil.rmtree(self.folder / ".cache/codeexec" / name, ignore_errors=True)

    def take_over(self, other: Project) -> None:
        """Take over all that `other` has in its cache, except results."""
        shutil.copytree(other.folder / ".cache/codeexec", self.folder / ".cache/codeexec")
        self.forget()


class Site(Project):
    """A project with generated samples.

    Args:
        folder: Where; must not exist.
        samples: What it shows.
        dialect: How the fences are written, and which plugin is used.
        scratch: For temporary files.
        peak: Let the builds measure their memory.
        rust: What is configured of Rust; see `generate.write_site`.
        python: What runs MkDocs.
    """

    def __init__(
        self,
        folder: Path,
        samples: Sequence[Sample],
        dialect: Dialect,
        *,
        scratch: Path,
        peak: bool = False,
        rust: Mapping[str, object] | None = None,
        python: str = sys.executable,
    ) -> None:
        super().__init__(folder, scratch, python)
        self.samples = samples
        hook = folder / "peak.py"
        write_site(folder, samples, dialect, hooks=[hook] if peak else (), rust=rust)
        if peak:
            hook.write_text(PEAK_HOOK, "utf-8")

    def edit(self, number: int) -> list[tuple[Path, str]]:
        """Edit one sample and return the pages that changed, with what they said."""
        chosen = next(
            s for s in self.samples if s.kind == "plain" and s.has_main and not s.crates and "\n# " not in s.code
        )
        changed = []
        for page in (self.folder / "docs").glob("page-*.md"):
            text = page.read_text("utf-8")
            if chosen.code in text:
                page.write_text(text.replace(chosen.code, chosen.edited(number).code), "utf-8")
                changed.append((page, text))
        return changed

    def peak(self) -> float:
        """Return the peak memory of the last build in MB."""
        return int((self.folder / "peak").read_text("ascii")) / 1024

    def shown(self) -> list[Shown]:
        """Return what the last build put into the pages, in the order of the samples."""
        found = []
        for page in sorted((self.folder / "site").glob("page-*/index.html")):
            parser = _Pages()
            parser.feed(page.read_text("utf-8"))
            found += parser.found
        return found
