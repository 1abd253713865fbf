"""A site with figures of matplotlib: built by this plugin, by markdown-exec, and with the same pictures as files.

`python benchmarks/plots.py` prints the figures beside their targets. What they are is told in README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import measuring
from measuring import MeasurementError, Timing
from sites import Project

from mkdocs_codeexec import rich_display

KINDS = (
    "ax.plot([{n}, 1, 4, 9, {n}, 16])",
    "ax.bar(['a', 'b', 'c', 'd'], [{n}, 7, 5, 3])",
    "ax.scatter(range(40), [(i * {n}) % 17 for i in range(40)], c=range(40))",
    "ax.hist([(i * {n}) % 23 for i in range(300)], bins=12)",
    "ax.contourf([[(x - {n}) * y for x in range(12)] for y in range(12)])",
    "ax.fill_between(range(30), [x % ({n} + 2) for x in range(30)], alpha=0.4, label='{n}'); ax.legend()",
)
START = "import matplotlib.pyplot as plt\n\nfig, ax = plt.subplots()\n"
END = "ax.set_title('figure {n}')\nax.set_xlabel('x')\n"
EXEC = (
    "from io import StringIO\n\nbuffer = StringIO()\nplt.savefig(buffer, format='svg', bbox_inches='tight')\n"
    "plt.close(fig)\nprint(buffer.getvalue())\n"
)
"""As the documentation of markdown-exec shows figures of matplotlib."""
PER_PAGE = 10
STORE = ("results", "requests", "observed", "slices", "structures", "blobs")
"""What `codeexec cache info` counts; the rest of the cache directory tells of runs, and is bounded."""
COLD, WARM, FILES, THEIRS = "ours, cold", "ours, warm", "the same with images as files", "markdown-exec"
NOTHING, HOOKED = "Python, nothing shown", "the same with what shows things"


def code(number: int) -> str:
    """Return the program of a figure."""
    return START + (KINDS[number % len(KINDS)] + "\n" + END).replace("{n}", str(number + 1))


class Sites:
    """The sites of one run.

    Args:
        root: A folder for everything.
        count: How many figures.
    """

    def __init__(self, root: Path, count: int) -> None:
        self.count = count
        scratch = root / "scratch"
        scratch.mkdir()
        plugin = "  - codeexec: {timeout: 300}\n"
        self.ours = self._site(
            root / "ours", scratch, plugin, [f"```python exec\n{one}plt.show()\n```" for one in self._codes]
        )
        self.ours.build_executing(count)
        theirs = [f'```python exec="1" html="1" source="above"\n{one}{EXEC}```' for one in self._codes]
        installed = importlib.util.find_spec("markdown_exec") is not None
        self.theirs = self._site(root / "theirs", scratch, "  - markdown-exec\n", theirs) if installed else None
        pictures = self._pictures()
        fences = [
            f"```python\n{one}plt.show()\n```\n\n![]({name})" for one, name in zip(self._codes, pictures, strict=True)
        ]
        self.files = self._site(root / "files", scratch, "", fences)
        made = self.ours.folder / "site/assets/codeexec"
        for name in pictures:
            shutil.copy(made / name, self.files.folder / "docs" / name)
        self.images = sum((made / name).stat().st_size for name in pictures)

    @property
    def _codes(self) -> list[str]:
        return [code(number) for number in range(self.count)]

    def _site(self, folder: Path, scratch: Path, plugin: str, fences: list[str]) -> Project:
        (folder / "docs").mkdir(parents=True)
        text = f"site_name: Figures\ntheme: {{name: material}}\nplugins:\n  - search\n{plugin}"
        extensions = "markdown_extensions:\n  - pymdownx.superfences\n  - pymdownx.highlight\n"
        (folder / "mkdocs.yml").write_text(text + extensions, "utf-8")
        for at in range(0, len(fences), PER_PAGE):
            name = "index" if not at else f"page-{at // PER_PAGE}"
            (folder / f"docs/{name}.md").write_text("# Figures\n\n" + "\n\n".join(fences[at : at + PER_PAGE]), "utf-8")
        return Project(folder, scratch)

    def _pictures(self) -> list[str]:
        """Return the names of the pictures in the site, in the order of the figures."""
        found = []
        for at in range(0, self.count, PER_PAGE):
            name = "" if not at else f"page-{at // PER_PAGE}/"
            page = (self.ours.folder / f"site/{name}index.html").read_text("utf-8")
            found += [part.partition('"')[0] for part in page.split("assets/codeexec/")[1:] if '.svg"' in part[:80]]
        if len(found) != self.count:
            raise MeasurementError(f"{self.count} figures were to be seen, these were: {len(found)}")
        return found

    def stored(self, *folders: str) -> int:
        """Return how many bytes the files in `folders` of the store have."""
        store = self.ours.folder / ".cache/codeexec"
        return sum(path.stat().st_size for name in folders for path in (store / name).rglob("*") if path.is_file())


def started(scratch: Path, *, hooked: bool) -> Timing:
    """Start a Python that does nothing, with what shows things or without."""
    env = {name: value for name, value in measuring.environment(scratch).items() if name != "PYTHONPATH"}
    env |= {"PYTHONPATH": rich_display.folder()} if hooked else {}
    return measuring.succeed((sys.executable, "-c", "print(1)"), cwd=scratch, env=env, scratch=scratch).timing


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=60, help="of a Python that shows nothing, in each round")
    args = parser.parse_args()
    rows: dict[str, list[Timing]] = {}
    with tempfile.TemporaryDirectory(prefix="plots-") as folder:
        sites = Sites(Path(folder), args.figures)
        scratch = Path(folder, "scratch")
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}, load {os.getloadavg()[0]:.2f}", file=sys.stderr)
            for _ in range(args.starts):
                for row, hooked in ((NOTHING, False), (HOOKED, True)):
                    rows.setdefault(row, []).append(started(scratch, hooked=hooked))
            sites.ours.forget()
            rows.setdefault(COLD, []).append(sites.ours.build_executing(args.figures))
            if sites.theirs is not None:
                rows.setdefault(THEIRS, []).append(sites.theirs.build())
            for _ in range(3):
                rows.setdefault(WARM, []).append(sites.ours.build_executing(0))
                rows.setdefault(FILES, []).append(sites.files.build())
        tell(rows, args.figures)
        line("bytes of figures in the store / of the images", 1.1, sites.stored("blobs") / sites.images, "")
        line("bytes of the whole store / of the images", 1.1, sites.stored(*STORE) / sites.images, "")
        told = ", ".join(f"{name} {sites.stored(name)}" for name in (*STORE, "."))
        print(f"\nbytes of files: images {sites.images}; {told.replace('.', 'all of the cache directory')}")
    return 0


def tell(rows: dict[str, list[Timing]], count: int) -> None:
    """Print the rows and the figures."""
    walls = {row: median(one.wall for one in found) for row, found in rows.items()}
    cpus = {row: median(one.cpu for one in found) for row, found in rows.items()}
    print(f"{'row':<36}{'times':>8}{'median s':>10}{'cpu s':>10}")
    for row, found in rows.items():
        print(f"{row:<36}{len(found):>8}{walls[row]:>10.3f}{cpus[row]:>10.3f}")
    print(f"\n{'figure':<52}{'at most':>9}{'reached':>9}{'processors':>12}")
    for told, limit, one, other in (
        (f"{count} figures, warm / images as files", 1.05, WARM, FILES),
        (f"{count} figures, cold / markdown-exec", 1.0, COLD, THEIRS),
        ("a Python that shows nothing / without the hook", 1.05, HOOKED, NOTHING),
    ):
        if one in rows and other in rows:
            line(told, limit, walls[one] / walls[other], f"{cpus[one] / cpus[other]:>12.3f}")


def line(told: str, limit: float, reached: float, more: str) -> None:
    """Print one figure."""
    print(f"{told:<52}{limit:>9.2f}{reached:>9.3f}{more or ' ' * 12}  {'met' if reached <= limit else 'missed'}")


if __name__ == "__main__":
    sys.exit(main())
