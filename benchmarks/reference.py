"""The Rust Reference, with all its samples: as a site of MkDocs, and tested by rustdoc."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import doctests
import figures
import measuring
from contests import Contest, few
from doctests import Place, Tested
from generate import write_config
from measuring import MeasurementError, Timing
from others import processors
from sites import Project

URL = "https://github.com/rust-lang/reference"

_GRAMMAR = re.compile(r"^(```grammar),.*$", re.MULTILINE)
"""A word of mdBook's preprocessor for the Reference alone. MkDocs takes such a fence for text, and its end for a start."""
_WORDS = re.compile(r"^([> ]*```+ *\w+),.*$", re.MULTILINE)
"""What our plugin reads in headers, and MkDocs without it does not."""


def fetched(into: Path, scratch: Path) -> Path:
    """Return a new checkout of the Reference.

    Raises:
        MeasurementError: It cannot be reached.
    """
    argv = ("git", "clone", "--quiet", "--depth", "1", URL, str(into))
    env = measuring.environment(scratch, GIT_TERMINAL_PROMPT="0")
    try:
        measuring.succeed(argv, cwd=scratch, env=env, scratch=scratch)
    except (OSError, MeasurementError) as error:
        raise MeasurementError(f"not measured: {error}\nhint: give a checkout of {URL} with `--reference`") from error
    return into


class Book(Project):
    """The Rust Reference as a project of MkDocs; mdBook's own directives stay in its text, for both sides.

    Args:
        checkout: Of its repository.
        folder: Made here.
        scratch: For Environments and temporary files.
        pages: How many of its pages; 0 is all.

    Raises:
        MeasurementError: `checkout` is none.
    """

    def __init__(self, checkout: Path, folder: Path, scratch: Path, pages: int = 0) -> None:
        super().__init__(folder, scratch)
        book = checkout / "book.toml"
        if not book.is_file() or not (checkout / "src").is_dir():
            raise MeasurementError(f"`{checkout}`: no book, expected `book.toml` and `src` in it")
        self._edition = tomllib.loads(book.read_text("utf-8"))["rust"]["edition"]
        self._docs = folder / "docs"
        self._files = _copied(checkout / "src", self._docs, pages)
        self._tested: Tested | None = None
        self._met: dict[Place, bool] = {}
        # Samples that fail are counted, and must not end the build: the Reference is written for the next compiler.
        rust = {"run": "all", "edition": self._edition}
        write_config(folder, "codeexec", rust=rust, options={"fail_on_error": False})
        self.build()
        self._plain = Project(folder.with_name(f"{folder.name}-plain"), scratch)
        _rewritten(self._docs, self._plain.folder / "docs", self._files, _WORDS)
        write_config(self._plain.folder, "plain")

    def cold(self) -> Timing:
        """Build the site with nothing in the store."""
        self.forget()
        timing = self.build()
        last = json.loads((self.folder / ".cache/codeexec/last-run.json").read_text("utf-8"))
        self._met = {
            (sample["page"], sample["line"]): sample["verdict"] == "met"
            for sample in last["samples"]
            if sample["verdict"] != "skipped"
        }
        return timing

    def plain(self) -> Timing:
        """Build the site without the plugin: what MkDocs and its theme take of our time."""
        return self._plain.build()

    def test(self) -> Timing:
        """Let rustdoc test the files, as many at once as there are processors."""
        flags = ("--edition", self._edition)
        self._tested = doctests.examined(
            self._files, flags, folder=self._docs, scratch=self._scratch, at_once=processors()
        )
        return self._tested.timing

    def told(self) -> Iterator[str]:
        """Yield what each said of the samples."""
        if self._tested is None or not self._met:
            return
        yield f"{figures.REFERENCE_OURS}: {sum(self._met.values())} of {len(self._met)} samples as their fences say"
        yield f"{figures.REFERENCE_RUSTDOC}: {sum(self._tested.met.values())} of {len(self._tested.met)}"
        yield from few(list(disagreements(self._met, self._tested.met)))


def reading(checkout: Path | None, root: Path, scratch: Path, pages: int) -> Contest:
    """Return the contest of our build of the Reference and rustdoc; see `Book`. Without a checkout it is cloned.

    Raises:
        MeasurementError: There is no checkout.
    """
    book = Book(checkout or fetched(root / "reference", scratch), root / "book", scratch, pages)
    turns = (
        (figures.REFERENCE_OURS, book.cold),
        (figures.REFERENCE_PLAIN, book.plain),
        (figures.REFERENCE_RUSTDOC, book.test),
    )
    return Contest(turns, book.told)


def disagreements(ours: Mapping[Place, bool], theirs: Mapping[Place, bool]) -> Iterator[str]:
    """Yield in which samples rustdoc and we differ; those that one of us ignores are not told apart from no samples."""
    words = {True: "as its fence says", False: "otherwise", None: "not tested"}
    for page, line in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get((page, line)), theirs.get((page, line))
        if mine != other:
            yield f"  {page}:{line}: ours: {words[mine]}, rustdoc: {words[other]}"


def _copied(source: Path, target: Path, pages: int) -> list[str]:
    """Copy the first `pages` pages, or all, and what is no page; return the pages."""
    files = sorted(str(file.relative_to(source)) for file in source.rglob("*.md"))[: pages or None]
    _rewritten(source, target, files, _GRAMMAR)
    return files


def _rewritten(source: Path, target: Path, files: Sequence[str], words: re.Pattern[str]) -> None:
    """Copy `files`, and what is no page, without `words` in the headers of fences."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.md"))
    for file in files:
        (target / file).write_text(words.sub(r"\1", (source / file).read_text("utf-8")), "utf-8")
