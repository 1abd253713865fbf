"""Compare the verdicts of this plugin with those of `rustdoc --test`, fence by fence, over a folder of Markdown.

    python benchmarks/fidelity.py FOLDER --edition 2021

The folder, an mdBook's `src` for example, is copied, with includes expanded as `mdbook test` expands them. rustdoc reads
each file; the plugin builds a site of all with `run: all`. Every fence on which they differ is printed: both verdicts, a
class in brackets, and what each of them said. `met` is rustdoc's `ok`, `unmet` its `FAILED`, `skipped` its `ignored`; what
one ignores and the other does not see is no difference. The totals come last.

Classes in DOCUMENTED are meant to be, for reasons in docs/adr/0010-verdicts-are-rustdocs.md. The exit status is 1 if there
is a difference of any other class (with `--strict`, of any), and 2 if something could not be run at all.

A book whose samples need crates can be compared without them, where both fail alike, or with `--dependencies`.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple

import books
import measuring
import rustdoc
import yaml
from measuring import MeasurementError
from rustdoc import Answer, Limits, Said

_FENCE = re.compile(r"[\s>]*(?P<items>(?:(?:[-+*]|\d+[.)])\s+)*)(?P<mark>`{3,}|~{3,})\s*(?P<info>.*)")
_RUSTDOC_WORD = "rust|should_panic|no_run|ignore(-.*)?|compile_fail|test_harness|standalone_crate|edition.*|custom"
"""Words of a header that rustdoc of the stable channel knows."""
_LINES_OF_A_MESSAGE = 12

DOCUMENTED = {
    "no language": "rustdoc takes a fence without a language for Rust; in MkDocs it is text",
    "indented code": "rustdoc takes indented code for Rust; in MkDocs it is text",
    "error codes": "rustdoc of the stable channel does not look at error codes; here they must be right",
    "other language": "rustdoc takes any fence that has one of its words for Rust; here the language comes first",
    "other spelling": "`rs` and `Rust` name the language here, and nothing in rustdoc",
    "order of words": "rustdoc passes over a fence with `no_run` or the like behind a word that it does not know",
    "no fence in MkDocs": "Python-Markdown sees none: it nests by four spaces, and fences start and end on lines of their own",
    "include": "an include of mdBook that nobody expanded is no Rust for rustdoc; here it is refused, and told",
    "HTML": "CommonMark takes what follows a tag for HTML, up to a blank line; MkDocs sees fences there",
    "shared folder": "with this fence alone rustdoc says the same: there all samples share a folder, and what one leaves",
    "limits": "a sample has a time limit here, and one for what it prints; rustdoc has none",
    "no end": "rustdoc never came to this fence, because others did not end",
    "compiler crash": "for rustdoc the sample failed; here nothing is known of it, which fails the build too",
}
"""Classes of differences that are meant to be. docs/adr/0010-verdicts-are-rustdocs.md has the reasons."""


class Place(NamedTuple):
    """A fence: file, and line from one."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A fence that the two do not agree on; None is one who does not see it."""

    place: Place
    header: str
    theirs: Said | None
    ours: Said | None
    why: str

    def __str__(self) -> str:
        words = [f"{self.place.file}:{self.place.line}: {self.header}  [{self.why}]"]
        for name, said in (("rustdoc", self.theirs), ("codeexec", self.ours)):
            words.append(f"  {name + ':':9} {said.verdict if said else 'does not run it'}")
            message = said.message.splitlines() if said else []
            words += [f"    | {line}" for line in message[:_LINES_OF_A_MESSAGE]]
            more = len(message) - _LINES_OF_A_MESSAGE
            words += [f"    | … {more} more"] if more > 0 else []
        return "\n".join(words)


class Comparison:
    """One folder, seen by both.

    Args:
        args: The command line.
        root: A folder for everything.
    """

    def __init__(self, args: argparse.Namespace, root: Path) -> None:
        self._args = args
        self._pages = root / "site" / "docs"
        self._pages.mkdir(parents=True)
        self._site = root / "site"
        self._scratch = root / "scratch"
        self._scratch.mkdir()
        self._env = measuring.environment(self._scratch, RUST_BACKTRACE="0")
        self._dependencies: dict[str, object] = {}
        if args.dependencies:
            table = tomllib.loads(args.dependencies.read_text("utf-8"))
            self._dependencies = table.get("dependencies", table)
        self.files = books.copy(args.folder, self._pages)
        self.failures: list[str] = []
        self._late: set[str] = set()
        self._texts: dict[str, list[str]] = {}
        self._ask: Callable[[Path], Answer] = lambda _: Answer({})

    def differences(self) -> Iterator[Difference]:
        """Run both, and yield what they do not agree on, in the order of files and lines."""
        theirs, ours = self.rustdoc(), self.codeexec()
        self.counts = collections.Counter(
            agreed=sum(1 for place in theirs.keys() & ours.keys() if theirs[place].verdict == ours[place].verdict),
            rustdoc=len(theirs),
            codeexec=len(ours),
        )
        for place in sorted(theirs.keys() | ours.keys()):
            mine, other = ours.get(place), theirs.get(place)
            if (mine.verdict if mine else "skipped") != (other.verdict if other else "skipped"):
                header = self._header(place)
                yield Difference(place, header, other, mine, self._why(place, header, other, mine))

    def rustdoc(self) -> dict[Place, Said]:
        """Return what rustdoc says of each fence that it runs."""
        args = self._args
        crates: tuple[str, ...] = ()
        if self._dependencies:
            folder = self._scratch / "crates"
            crates = rustdoc.build(
                self._dependencies, folder, toolchain=args.toolchain, edition=args.edition, env=self._env
            )
        libraries = [f"-L{folder.resolve()}" for folder in args.library]
        argv = (*rustdoc.command(args.toolchain), "--test", f"--edition={args.edition}", *crates, *libraries)
        limits = Limits(file=args.timeout, sample=args.sample_timeout)
        found: dict[Place, Said] = {}

        def ask(file: Path) -> Answer:
            # Samples write files where they run; at least those of other pages are not to find them.
            with tempfile.TemporaryDirectory(dir=self._scratch) as own:
                return rustdoc.ask(self._pages / file, argv, cwd=Path(own), env=self._env, limits=limits)

        self._ask = ask
        with ThreadPoolExecutor(2) as pool:
            for file, answer in zip(self.files, pool.map(ask, self.files), strict=True):
                found |= {Place(file.as_posix(), line): one for line, one in answer.said.items()}
                if answer.failure:
                    self.failures.append(f"{file}: {answer.failure}")
                if answer.late:
                    self._late.add(file.as_posix())
        return found

    def codeexec(self) -> dict[Place, Said]:
        """Build a site of the pages, and return what the plugin says of each Rust fence."""
        rust = {"run": "all", "edition": self._args.edition, "toolchain": self._args.toolchain or None}
        plugin = {
            "fail_on_error": False,
            "timeout": self._args.sample_timeout,
            "languages": {"rust": rust | {"dependencies": self._dependencies}},
        }
        config = {
            "site_name": "fidelity",
            "plugins": [{"codeexec": plugin}],
            "use_directory_urls": False,
            # A page that MkDocs leaves out would be seen by one of the two only.
            "exclude_docs": "!.*\n!/templates/\n",
            "validation": {"links": {"not_found": "ignore", "unrecognized_links": "ignore", "anchors": "ignore"}},
        }
        (self._site / "mkdocs.yml").write_text(yaml.safe_dump(config), "utf-8")
        renamed = _without_readmes(self._pages)
        env = {**self._env, "CODEEXEC_ENVIRONMENT_DIR": str(self._scratch / "environments")}
        ended = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "-q"], cwd=self._site, env=env, capture_output=True, check=False
        )
        log = ended.stderr.decode("utf-8", "replace")
        report = self._site / ".cache" / "codeexec" / "last-run.json"
        if ended.returncode or not report.exists():
            raise MeasurementError(f"`mkdocs build` exited with {ended.returncode}\n{log[-3000:]}")
        if self._args.verbose:
            print(log, file=sys.stderr)
        return {
            Place(renamed.get(sample["page"], sample["page"]), sample["line"]): Said(
                sample["verdict"], self._message(sample)
            )
            for sample in json.loads(report.read_text("utf-8"))["samples"]
            if sample["language"] == "rust"
        }

    def _message(self, sample: Mapping[str, str]) -> str:
        if sample["verdict"] in ("met", "skipped"):
            return sample["reason"]
        key = sample["key"] or ""
        stored = self._site / ".cache" / "codeexec" / "results" / "v1" / key[:2] / f"{key}.json"
        if not key or not stored.exists():
            return sample["reason"]
        steps = json.loads(stored.read_text("utf-8"))["steps"]
        said = "".join(step["stderr"] if isinstance(step["stderr"], str) else "" for step in steps)
        return f"{sample['reason']}\n" + re.sub(r"\x1b\[[0-9;]*m", "", said).strip()

    def _lines(self, file: str) -> list[str]:
        if file not in self._texts:
            self._texts[file] = (self._pages / file).read_text("utf-8").split("\n")
        return self._texts[file]

    def _header(self, place: Place) -> str:
        lines = self._lines(place.file)
        return lines[place.line - 1].strip() if place.line <= len(lines) else ""

    def _why(self, place: Place, header: str, theirs: Said | None, ours: Said | None) -> str:
        """Return the class of a difference: a key of DOCUMENTED, or what it looks like."""
        if ours is None:
            return self._why_not_ours(place, header, theirs.message if theirs else "")
        if theirs is None:
            return self._why_not_theirs(place, header)
        signs = {
            "error codes": theirs.verdict == "met" and re.match(r"expected `E\d+`", ours.message),
            "compiler crash": theirs.verdict == "unmet" and "the compiler crashed" in ours.message,
            "limits": ours.message.startswith(("run stopped", "run timed out", "build timed out")),
            "include": ours.verdict == "error" and ours.message.startswith("`{{#"),
        }
        found = next((why for why, here in signs.items() if here), "verdict")
        return "shared folder" if found == "verdict" and self._alone(place) == ours.verdict else found

    def _alone(self, place: Place) -> str:
        """Return the verdict of rustdoc on the fence at `place` with no other on the page."""
        lines = self._lines(place.file)
        opening = _FENCE.match(lines[place.line - 1].strip())
        ends = [
            number
            for number, line in enumerate(lines[place.line :], place.line + 1)
            if opening and line.strip(" >").startswith(opening["mark"])
        ]
        page = self._pages.with_name("alone.md")
        end = ends[0] if ends else len(lines)
        kept = [line if place.line <= number <= end else "" for number, line in enumerate(lines, 1)]
        page.write_text("\n".join(kept), "utf-8")
        said = self._ask(page).said.get(place.line)
        return said.verdict if said else ""

    def _why_not_ours(self, place: Place, header: str, message: str) -> str:
        fence = _FENCE.match(header)
        if fence is None or "unknown start of token: `" in message:  # indented code may show a fence
            return "indented code"
        info = fence["info"].strip()
        if not info:
            return "no language"
        if not re.match(r"rust\b", info):
            return "other language"
        page = self._site / "site" / Path(place.file).with_suffix(".html")
        page = page if page.exists() else page.with_name("index.html")  # a README.md
        opener = escape(fence["mark"] + fence["info"])
        if fence["items"] or (page.exists() and opener in page.read_text("utf-8")):
            return "no fence in MkDocs"
        return "codeexec does not see it"

    def _why_not_theirs(self, place: Place, header: str) -> str:
        fence = _FENCE.match(header)
        if fence and re.match(r"(?!rust\b)\.?(?i:rs|rust)\b", fence["info"]):
            return "other spelling"
        if place.file in self._late:
            return "no end"
        words = re.split(r"[\s,]+", fence["info"]) if fence else []
        known = [re.fullmatch(_RUSTDOC_WORD, word) is not None for word in words]
        resets = [re.fullmatch(r"should_panic|no_run|ignore.*", word) is not None for word in words]
        if any(reset and not all(known[:place]) for place, reset in enumerate(resets)):
            return "order of words"
        before = itertools.takewhile(str.strip, reversed(self._lines(place.file)[: place.line - 1]))
        if any(line.lstrip(" >").startswith("<") for line in before):
            return "HTML"
        return "rustdoc does not see it"


def _without_readmes(folder: Path) -> dict[str, str]:
    """Rename each `README.md` that stands beside an `index.md`, which MkDocs would leave out; return what is what."""
    renamed = {}
    for readme in [file for file in folder.rglob("README.md") if (file.parent / "index.md").exists()]:
        moved = readme.with_name("README-page.md")
        moved.symlink_to(readme.name)
        renamed[moved.relative_to(folder).as_posix()] = readme.relative_to(folder).as_posix()
    return renamed


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Markdown files, in it and below: the `src` of an mdBook")
    parser.add_argument("--edition", default="2021", help="for fences that name none (2021)")
    parser.add_argument("--dependencies", type=Path, metavar="FILE", help="TOML: cargo's `[dependencies]`, for both")
    parser.add_argument("-L", dest="library", type=Path, action="append", default=[], help="given to rustdoc alone")
    parser.add_argument("--toolchain", default="", help="a rustup toolchain, for both")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for rustdoc and one file (300)")
    parser.add_argument("--sample-timeout", type=int, default=20, help="seconds for one sample (20)")
    parser.add_argument("--strict", action="store_true", help="documented differences count too")
    parser.add_argument("--brief", action="store_true", help="documented differences are counted and not printed")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there and leave everything")
    parser.add_argument("--verbose", action="store_true", help="print the log of the build")
    return parser


def main() -> int:
    parser = arguments()
    args = parser.parse_args()
    if not args.folder.is_dir():
        parser.error(f"`{args.folder}` is no folder")
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        return report(Comparison(args, args.keep.resolve()), args)
    with tempfile.TemporaryDirectory(prefix="codeexec-fidelity-") as root:
        return report(Comparison(args, Path(root).resolve()), args)


def report(comparison: Comparison, args: argparse.Namespace) -> int:
    """Print the differences and the totals; return the exit status."""
    try:
        found = list(comparison.differences())
    except MeasurementError as error:
        print(error, file=sys.stderr)
        return 2
    classes = collections.Counter(difference.why for difference in found)
    for difference in found:
        if not (args.brief and difference.why in DOCUMENTED):
            print(f"{difference}\n")
    for failure in comparison.failures:
        print(f"{failure}\n")
    counts = comparison.counts
    print(f"{len(comparison.files)} files; rustdoc ran {counts['rustdoc']} fences, codeexec {counts['codeexec']}")
    print(f"{counts['agreed']:6} have the same verdict")
    for why, number in sorted(classes.items(), key=lambda item: (item[0] in DOCUMENTED, item)):
        print(f"{number:6} differ: {why}" + (f" (documented: {DOCUMENTED[why]})" if why in DOCUMENTED else ""))
    counted = [why for why in classes if args.strict or why not in DOCUMENTED]
    return 1 if counted or comparison.failures else 0


if __name__ == "__main__":
    sys.exit(main())
