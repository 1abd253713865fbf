"""Which samples of several sites a command is about: what is named belongs to the sites that have it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.selecting.selection import (
    AT_LINE,
    NONE,
    Selected,
    check_named,
    compiled,
    named_in,
    no_language,
    no_name,
    no_page,
    paths_of,
    tried_of,
    whole,
)
from mkdocs_codeexec.commands.selecting.sharding import Shared, shard_of_sites
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages import words
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mkdocs_codeexec.sites import Collected

NAMED = 5
"""Pages that are named where one of them may be meant."""


def selected_of_all(sites: Sequence[Collected], asked: argparse.Namespace) -> list[Selected]:
    """Return the samples of each site that were `asked` for, with all that they need.

    A page is named as a terminal opens it, or as in `docs_dir` where one site alone has such a page. A name and a language are
    those of all sites that know them. Parts are parts of all sites together.

    Raises:
        ConfigurationError: Something is named that no site has, or that may be either of two.
    """
    samples = [tuple(sample for sample, _ in found.samples) for found in sites]
    known = [{sample.name for sample in each if sample.name} for each in samples]
    languages = [words(found.settings) for found in sites]
    pages = [_having(sites, one) for one in asked.pages]
    names = [_knowing(known, one, no_name) for one in asked.name]
    spoken = [_knowing(languages, one, no_language) for one in asked.language]
    wanted: list[set[int]] = []
    for number, found in enumerate(sites):
        own = argparse.Namespace(**vars(asked))
        own.pages = [one for one, of in zip(asked.pages, pages, strict=True) if number in of]
        own.name = [one for one, of in zip(asked.name, names, strict=True) if number in of]
        own.language = [one for one, of in zip(asked.language, spoken, strict=True) if number in of]
        none = any(
            bool(one) != bool(all_)
            for one, all_ in (
                (own.pages, asked.pages),
                (own.name, asked.name),
                (own.language, asked.language),
            )
        )
        wanted.append(set() if none else named_in(found, samples[number], own))
    check_named(asked, [place for each in wanted for place in each])
    wanted = [
        tried_of(found, samples[number], asked, wanted[number]) if wanted[number] else wanted[number]
        for number, found in enumerate(sites)
    ]
    if asked.shard is not None:
        shared = [Shared(*each) for each in zip(samples, wanted, map(compiled, sites), strict=True)]
        wanted = shard_of_sites(shared, asked.shard)
    if any(samples) and not any(wanted):
        sites[0].console.say(NONE)
    return [whole(*each) for each in zip(samples, wanted, strict=True)]


def _having(sites: Sequence[Collected], asked: str) -> list[int]:
    """Return which sites have the page or folder that was `asked` for.

    Raises:
        ConfigurationError: None has, or several have one that their own configuration calls so.
    """
    paths = [paths_of(found) for found in sites]
    at = AT_LINE.fullmatch(asked)
    page = at["page"] if at is not None and not any(asked in found.pages for found in sites) else asked
    there = shown(Path(page))
    if by_path := [number for number, each in enumerate(paths) if _holds(each, there)]:
        return by_path
    by_name = [number for number, found in enumerate(sites) if page and _holds(found.pages, page.rstrip("/"))]
    if len(by_name) > 1:
        ways = [shown(sites[number].docs_dir / page) for number in by_name]
        listed = ", ".join(f"`{way}`" for way in ways[:NAMED]) + ", …" * (len(ways) > NAMED)
        raise ConfigurationError(
            f"`{asked}` may be that of {len(ways)} sites: {listed}\n\nhint: name it as a terminal opens it\n"
        )
    if not by_name:
        raise no_page(asked, [*(path for each in paths for path in each), *(p for found in sites for p in found.pages)])
    return by_name


def _holds(pages: Collection[str], asked: str) -> bool:
    """Tell whether one of `pages` is called so, or is in a folder that is."""
    return asked in pages or any(asked == "." or page.startswith(f"{asked}/") for page in pages)


def _knowing(
    known: Sequence[Collection[str]], word: str, refusal: Callable[[str, Sequence[str]], ConfigurationError]
) -> list[int]:
    found = [number for number, each in enumerate(known) if word in each]
    if not found:
        raise refusal(word, [other for each in known for other in each])
    return found
