"""Samples that build on each other: sessions against markdown-exec, and a chain of needs.

    python benchmarks/building.py                # some minutes on two cores; needs the extra `docs`

Rows by turns. markdown-exec executes all in the process of MkDocs; here each session is a program of its own, in the
sandbox, and is executed once. Two ratios of each row: of whole builds, and of what they take more than the same site with plain
fences and no plugin: most of a warm build is MkDocs, its theme and the highlighter, which take the same for all three. What a
link of a chain costs is what the build takes with it more than a build of as many samples that are all stored, by the number of
links. Ratios by processor, of user and system time of all processes, say more where a machine is busy.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import measuring
from generate import Dialect, write_config
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

    def __init__(self, folder: Path, dialect: Dialect, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        (folder / "docs").mkdir(parents=True)
        write_config(folder, dialect, rust={})

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


def sessions(site: Site, number: int, dialect: Dialect) -> None:
    """Write sessions of five steps in Python."""
    steps = (
        "import json\nfrom collections import Counter\nwords = 'the cat and the hat {n}'.split()",
        "counts = Counter(words)\nprint(counts.most_common(2))",
        "def shout(text):\n    return text.upper()\nprint(shout(words[1]))",
        "record = {{'words': len(words), 'number': {n}}}\nprint(json.dumps(record))",
        "print('session', {n}, 'ends', sum(counts.values()))",
    )
    header = {
        "codeexec": 'python exec session="{s}"',
        "markdown-exec": 'python exec="true" source="above" result="text" session="{s}"',
    }.get(dialect, "python")
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


def ratios(rounds: Sequence[tuple[Timing, Timing, Timing]]) -> str:
    """Return the cells of a row of ours, theirs and the plain site: medians by processor, and of the ratios by clock and processor."""
    cells = [
        f"{statistics.median(side):.2f} s" for side in zip(*([one.cpu for one in turn] for turn in rounds), strict=True)
    ]
    for pick in (lambda one: one.wall, lambda one: one.cpu):
        times = [tuple(map(pick, turn)) for turn in rounds]
        cells.append(f"{statistics.median(ours / theirs for ours, theirs, _ in times):.2f}")
        # The difference of medians: that of two builds of one round may be anything on a busy machine.
        ours, theirs, plain = (statistics.median(side) for side in zip(*times, strict=True))
        cells.append(f"{(ours - plain) / (theirs - plain):.2f}")
    return " | ".join(cells)


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
        dialects: tuple[Dialect, ...] = ("codeexec", "markdown-exec", "plain")
        ours, theirs, plain = (Site(root / dialect, dialect, root / "scratch") for dialect in dialects)
        for site, dialect in zip((ours, theirs, plain), dialects, strict=True):
            sessions(site, args.sessions, dialect)
        last = f"session {args.sessions - 1} ends 6"
        cold, warm = [], []
        for _ in range(args.repeat):
            base, without = theirs.build(shows=last), plain.build()
            cold.append((ours.build(cold=True, shows=last), base, without))
            warm.append((ours.build(shows=last), theirs.build(shows=last), plain.build()))
        print("| what | here | markdown-exec | plain | by clock | over plain | by processor | over plain |")
        print("|---|---|---|---|---|---|---|---|")
        for what, turns in (("cold", cold), ("warm", warm)):
            print(f"| {args.sessions} sessions of 5 Python steps, {what} | {ratios(turns)} |")

        site = Site(root / "chain", "codeexec", root / "scratch")
        each, busy, edits = [], [], []
        for turn in range(args.repeat):
            chain(site, args.links, "")
            first = site.build(cold=True, shows=f"link {args.links - 1}")
            stored = site.build()
            chain(site, args.links, f" edited {turn}")
            edits.append((site.build(shows=f"edited {turn}"), stored))
            each.append((first.wall - stored.wall) / args.links * 1000)
            busy.append((first.cpu - stored.cpu) / args.links * 1000)
        link, processor = statistics.median(each), statistics.median(busy)
        print(f"\na link of a chain of {args.links} needs: {link:.1f} ms, of which processors {processor:.1f} ms")
        more = statistics.median(edit.wall - stored.wall for edit, stored in edits)
        print(f"an edit of its last sample: {more:+.2f} s on a build where all is stored")


if __name__ == "__main__":
    main()
