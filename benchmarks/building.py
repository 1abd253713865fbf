"""Samples that build on each other: sessions against markdown-exec, and a chain of needs.

    python benchmarks/building.py                # some minutes on two cores; needs the extra `docs`

Rows by turns. markdown-exec executes all in the process of MkDocs; here each session is a program of its own, in the
sandbox, and is executed once. What a link of a chain costs is what the build takes with it more than a build of as many
samples that are all stored, by the number of links.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import measuring
from generate import write_config
from measuring import MeasurementError, Timing
from run import machine, say

PER_PAGE = 10


class Site:
    """A site of MkDocs.

    Args:
        folder: Where; must not exist.
        dialect: How fences are written.
        scratch: For temporary files.
    """

    def __init__(self, folder: Path, dialect: str, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        (folder / "docs").mkdir(parents=True)
        write_config(folder, dialect, rust={})  # type: ignore[arg-type]

    def write(self, page: str, text: str) -> None:
        """Write a page."""
        (self._folder / "docs" / page).write_text(text, "utf-8")

    def build(self, *, cold: bool = False, shows: str = "") -> Timing:
        """Build, from nothing if `cold`, and return what it took.

        Raises:
            MeasurementError: It failed, or no page has `shows` in it.
        """
        if cold:
            shutil.rmtree(self._folder / ".cache", ignore_errors=True)
        argv = [sys.executable, "-m", "mkdocs", "build", "-q"]
        env = measuring.environment(self._scratch)
        timing = measuring.succeed(argv, cwd=self._folder, env=env, scratch=self._scratch).timing
        pages = [path.read_text("utf-8") for path in self._folder.glob("site/**/*.html")]
        if shows and not any(shows in page for page in pages):
            raise MeasurementError(f"no page of `{self._folder.name}` shows `{shows}`")
        return timing


def sessions(site: Site, number: int, *, theirs: bool) -> None:
    """Write sessions of five steps in Python."""
    steps = (
        "import json\nfrom collections import Counter\nwords = 'the cat and the hat {n}'.split()",
        "counts = Counter(words)\nprint(counts.most_common(2))",
        "def shout(text):\n    return text.upper()\nprint(shout(words[1]))",
        "record = {{'words': len(words), 'number': {n}}}\nprint(json.dumps(record))",
        "print('session', {n}, 'ends', sum(counts.values()))",
    )
    header = 'python exec="true" source="above" result="text" session="{s}"' if theirs else 'python exec session="{s}"'
    for first in range(0, number, PER_PAGE):
        text = [f"# Chapter {first}\n"]
        for session in range(first, min(number, first + PER_PAGE)):
            text += [f"```{header.format(s=f's{session}')}\n{step.format(n=session)}\n```\n" for step in steps]
        site.write(f"chapter-{first:05}.md", "\n".join(text))


def chain(site: Site, links: int, end: str) -> None:
    """Write samples of which each needs the one before it."""
    for first in range(0, links, PER_PAGE):
        text = [f"# Chapter {first}\n"]
        for link in range(first, min(links, first + PER_PAGE)):
            before = f"chapter-{(link - 1) // PER_PAGE * PER_PAGE:05}.md#n{link - 1}"
            need = f' needs="{before}"' if link else ""
            text.append(f'```sh exec name="n{link}"{need}\necho link {link}{end if link == links - 1 else ""}\n```\n')
        site.write(f"chapter-{first:05}.md", "\n".join(text))


def ratios(ours: list[Timing], theirs: list[Timing]) -> str:
    """Return the cells of a row: medians of both by the clock, and of the ratios by clock and processor."""
    wall = statistics.median(a.wall / b.wall for a, b in zip(ours, theirs, strict=True))
    cpu = statistics.median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))
    medians = [statistics.median(one.wall for one in side) for side in (ours, theirs)]
    return f"{medians[0]:.2f} s | {medians[1]:.2f} s | {wall:.2f} | {cpu:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure samples that build on each other.")
    parser.add_argument("--sessions", type=int, default=200, help="of five steps each (default: 200)")
    parser.add_argument("--links", type=int, default=1000, help="of the chain (default: 1000)")
    parser.add_argument("--repeat", type=int, default=3, help="turns (default: 3)")
    args = parser.parse_args()
    say(machine())
    with tempfile.TemporaryDirectory(prefix="codeexec-building-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        root.chmod(0o755)  # the samples of root run as others
        (root / "scratch").mkdir()
        ours, theirs = (Site(root / dialect, dialect, root / "scratch") for dialect in ("codeexec", "markdown-exec"))
        sessions(ours, args.sessions, theirs=False)
        sessions(theirs, args.sessions, theirs=True)
        last = f"session {args.sessions - 1} ends 6"
        cold, warm = [], []
        for _ in range(args.repeat):
            base = theirs.build(shows=last)
            cold.append((ours.build(cold=True, shows=last), base))
            warm.append((ours.build(shows=last), theirs.build(shows=last)))
        print("| what | here | markdown-exec | ratio | by processor |\n|---|---|---|---|---|")
        for what, turns in (("cold", cold), ("warm", warm)):
            cells = ratios([a for a, _ in turns], [b for _, b in turns])
            print(f"| {args.sessions} sessions of 5 Python steps, {what} | {cells} |")

        site = Site(root / "chain", "codeexec", root / "scratch")
        each, edits = [], []
        for turn in range(args.repeat):
            chain(site, args.links, "")
            first = site.build(cold=True, shows=f"link {args.links - 1}")
            stored = site.build()
            chain(site, args.links, f" edited {turn}")
            edits.append((site.build(shows=f"edited {turn}"), stored))
            each.append((first.wall - stored.wall) / args.links * 1000)
        print(f"\na link of a chain of {args.links} needs: {statistics.median(each):.1f} ms")
        more = statistics.median(edit.wall - stored.wall for edit, stored in edits)
        print(f"an edit of its last sample: {more:+.2f} s on a build where all is stored")


if __name__ == "__main__":
    main()
