"""Which samples of a site a command is about."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.commands.selecting.sharding import Shard, shard
from mkdocs_codeexec.core.graph import closure, graph_of
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages import words
from mkdocs_codeexec.outputs import is_output, whose
from mkdocs_codeexec.report.history import failing
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.sites import Collected

AT_LINE = re.compile(r"(?P<page>.+):(?P<line>[0-9]{1,9})")


NONE = "no sample is selected: none has failed, has changed, or is in this part, of those that were asked for"


class Selected(NamedTuple):
    """What a command is about.

    Attributes:
        samples: In the order of pages: what was asked for, and what that needs.
        pages: The pages of which these are all samples; None if they are all of the site.
    """

    samples: tuple[Sample, ...]
    pages: tuple[str, ...] | None = None


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what says which samples are meant."""
    about = "only samples of this page or folder, or the one at PAGE:LINE (default: all)"
    parser.add_argument("pages", metavar="PAGE", nargs="*", help=about)
    parser.add_argument("--name", metavar="NAME", action="append", default=[], help="only samples of this name")
    parser.add_argument("--language", metavar="LANGUAGE", action="append", default=[], help="only samples in this one")
    parser.add_argument("--failed", action="store_true", help="only samples that failed when they were last tried")
    about = "only samples of pages that differ from this revision of git, or that are made of files that do"
    parser.add_argument("--changed-since", metavar="REV", help=about)
    about = "only the K-th of N parts of what is selected: each sample is in one of them (for several machines)"
    parser.add_argument("--shard", metavar="K/N", type=_shard, help=about)


def _shard(text: str) -> Shard:
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(
            f"expected two numbers as in `2/5`, the first from 1 to the second, got `{text}`"
        )
    return Shard(int(number), int(count))


def selected(found: Collected, asked: argparse.Namespace) -> Selected:
    """Return the samples of a site that were `asked` for, with all that they need.

    Raises:
        ConfigurationError: Something is named that is not there.
    """
    samples = tuple(sample for sample, _ in found.samples)
    wanted = named_in(found, samples, asked)
    check_named(asked, wanted)
    wanted = tried_of(found, samples, asked, wanted)
    if asked.shard is not None:
        wanted = shard(samples, wanted, asked.shard, compiled(found))
    if samples and not wanted:
        found.console.say(NONE)
    return whole(samples, wanted)


def named_in(found: Collected, samples: Sequence[Sample], asked: argparse.Namespace) -> set[int]:
    """Return the places of the `samples` of a site that are called as is `asked` for: by page, name and language.

    Raises:
        ConfigurationError: Something is named that is not there.
    """
    wanted = set(range(len(samples)))
    if asked.pages:
        wanted &= set(_on_pages(found, samples, asked.pages))
    if asked.name:
        wanted &= set(_named(samples, asked.name))
    if asked.language:
        wanted &= set(_written_in(found, samples, asked.language))
    return wanted


def check_named(asked: argparse.Namespace, wanted: Collection[object]) -> None:
    """See that some samples are called as is `asked` for.

    Raises:
        ConfigurationError: None are `wanted`.
    """
    if (asked.pages or asked.name or asked.language) and not wanted:
        raise ConfigurationError(
            "no sample is selected: none is all that was asked for\n\nhint: ask for less at once\n"
        )


def tried_of(found: Collected, samples: Sequence[Sample], asked: argparse.Namespace, wanted: set[int]) -> set[int]:
    """Return those of `wanted`, places in the `samples` of a site, that are to be tried by what has happened: all, or some."""
    if asked.failed:
        wanted = wanted & set(_failed(found, samples))
    if asked.changed_since is not None:
        from mkdocs_codeexec.commands.selecting.changed import changed

        wanted = wanted & changed(found, samples, asked.changed_since)
    return wanted


def compiled(found: Collected) -> set[str]:
    """Return the languages of a site whose samples take long."""
    return {rule.name for rule in words(found.settings).values() if rule.compiled}


def whole(samples: tuple[Sample, ...], wanted: set[int]) -> Selected:
    """Return the `samples` of a site at the places `wanted`, with all that they need."""
    if len(wanted) == len(samples):
        return Selected(samples)
    chosen = with_needed(samples, wanted)
    missing = {sample.location.page for place, sample in enumerate(samples) if place not in chosen}
    pages = {sample.location.page for sample in chosen.values()} - missing
    return Selected(tuple(chosen.values()), tuple(sorted(pages)))


def narrowed(found: Collected, asked: argparse.Namespace) -> Collected:
    """Return the site with those of its samples only that were `asked` for, and what they need.

    Raises:
        ConfigurationError: Something is named that is not there.
    """
    return only(found, selected(found, asked))


def only(found: Collected, chosen: Selected) -> Collected:
    """Return the site with the samples that are `chosen`."""
    whys = {sample.location: why for sample, why in found.samples}
    return found._replace(samples=[(sample, whys[sample.location]) for sample in chosen.samples])


def with_needed(samples: Sequence[Sample], wanted: Iterable[int]) -> dict[int, Sample]:
    """Return the samples at the places `wanted` with all that must be executed for them, by place, in order.

    Each is as it is among all: what others of the site want of it is a part of its key.
    """
    wanted, names, graph = set(wanted), Names(samples), graph_of(samples)
    of = (whose(samples, place, names) if is_output(samples[place]) else place for place in wanted)
    needed = closure(samples, [place for place in of if not isinstance(place, Unavailability)])
    return {place: replace(samples[place], leaves=graph.samples[place].leaves) for place in sorted({*wanted, *needed})}


def pages_of(found: Collected, asked: Sequence[str]) -> set[str]:
    """Return the names of the pages that were `asked` for: as in `docs_dir`, or as a terminal opens them, or their folder.

    All pages if none was asked for.

    Raises:
        ConfigurationError: There is no such page.
    """
    return {page for one in asked for page in _pages(found, one)} or set(found.pages)


def _pages(found: Collected, asked: str) -> list[str]:
    known = _known(found)
    there = shown(Path(asked))
    if (page := known.get(asked) or known.get(there)) is not None:
        return [page]
    folders = {f"{asked.rstrip('/')}/", f"{there}/"} if asked else set()
    below = {page for name, page in known.items() if there == "." or any(map(name.startswith, folders))}
    if not below:
        raise no_page(asked, tuple(known))
    return sorted(below)


def no_page(asked: str, known: Sequence[str]) -> ConfigurationError:
    """Return what is wrong where no page is called as somebody has `asked`, but some are `known`."""
    near = nearest(asked, tuple(known))
    hint = f"did you mean `{near}`?" if near else "a page is named as in `docs_dir`, or as a terminal opens it"
    return ConfigurationError(f"there is no page `{asked}`\n\nhint: {hint}\n")


def paths_of(found: Collected) -> dict[str, str]:
    """Return the pages, by their paths as a terminal opens them."""
    return {shown(found.docs_dir / name): name for name in found.pages}


def _known(found: Collected) -> dict[str, str]:
    """Return the pages, by all that they may be called."""
    return paths_of(found) | {name: name for name in found.pages}


def _on_pages(found: Collected, samples: Sequence[Sample], asked: Sequence[str]) -> Iterator[int]:
    for one in asked:
        at = AT_LINE.fullmatch(one)
        if at is not None and one not in found.pages:
            yield at_line(found, samples, at["page"], int(at["line"]))
        else:
            pages = set(_pages(found, one))
            yield from (place for place, sample in enumerate(samples) if sample.location.page in pages)


def at_line(found: Collected, samples: Sequence[Sample], asked: str, line: int) -> int:
    """Return the place of the sample whose fence holds `line` of a page.

    Raises:
        ConfigurationError: There is none, or no such page.
    """
    page = _known(found).get(asked) or _known(found).get(shown(Path(asked)))
    if page is None:
        (page, *_) = _pages(found, asked)  # which says that there is none
        raise ConfigurationError(f"`{asked}` is a folder, which has no line {line}\n\nhint: name a page of it\n")
    own = [place for place, sample in enumerate(samples) if sample.location.page == page]
    for place in own:
        at = samples[place].location
        if at.line <= line <= max(at.line, at.end):
            return place
    lines = [str(samples[place].location.line) for place in own]
    there = f"samples begin at the lines {', '.join(lines[:20])}{', …' * (len(lines) > 20)}" if own else ""
    hint = there or "a sample is a fence with `exec`; this page has none"
    raise ConfigurationError(f"there is no sample at line {line} of `{asked}`\n\nhint: {hint}\n")


def _named(samples: Sequence[Sample], asked: Sequence[str]) -> Iterator[int]:
    known = {sample.name for sample in samples if sample.name}
    for name in asked:
        if name not in known:
            raise no_name(name, tuple(known))
    yield from (place for place, sample in enumerate(samples) if sample.name in asked)


def no_name(asked: str, known: Sequence[str]) -> ConfigurationError:
    """Return what is wrong where no sample is called as somebody has `asked`, but some are `known`."""
    near = nearest(asked, tuple(known))
    hint = f"did you mean `{near}`?" if near else 'a sample has a name by `name="…"` in its fence'
    return ConfigurationError(f"no sample is called `{asked}`\n\nhint: {hint}\n")


def _written_in(found: Collected, samples: Sequence[Sample], asked: Sequence[str]) -> Iterator[int]:
    rules = words(found.settings)
    languages = set()
    for word in asked:
        if word not in rules:
            raise no_language(word, tuple(rules))
        languages.add(rules[word].name)
    yield from (place for place, sample in enumerate(samples) if sample.language in languages)


def no_language(asked: str, known: Sequence[str]) -> ConfigurationError:
    """Return what is wrong where no language is called as somebody has `asked`, but some are `known`."""
    near = nearest(asked, tuple(known))
    hint = f"did you mean `{near}`?" if near else f"`languages.{asked}` in the configuration sets it up"
    return ConfigurationError(f"`{asked}` is not set up as a language\n\nhint: {hint}\n")


def _failed(found: Collected, samples: Sequence[Sample]) -> Iterator[int]:
    """Yield the places of samples that failed when they were last tried; all of a page of which one has moved."""
    rows = failing(found.settings.cache_dir)
    lines = {(sample.location.page, sample.location.line) for sample in samples}
    names = {(sample.location.page, sample.name) for sample in samples if sample.name}
    moved = {row.page for row in rows if (row.page, row.line) not in lines and (row.page, row.name) not in names}
    places, called = {(row.page, row.line) for row in rows}, {(row.page, row.name) for row in rows if row.name}
    for place, sample in enumerate(samples):
        page = sample.location.page
        if page in moved or (page, sample.location.line) in places or (page, sample.name) in called:
            yield place
