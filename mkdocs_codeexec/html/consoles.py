"""Consoles on the page: the source as the site's highlighter made it, and under each command what that has really printed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.conversing import spoken
from mkdocs_codeexec.core.expectation import Errored, Unmet
from mkdocs_codeexec.core.hidden import is_hidden
from mkdocs_codeexec.html import joined
from mkdocs_codeexec.html.difference import difference
from mkdocs_codeexec.html.joined import PRINTED
from mkdocs_codeexec.html.marks import shown_rows, taken_apart
from mkdocs_codeexec.html.pieces import Piece, cut, lines, parse, shown
from mkdocs_codeexec.html.streams import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from mkdocs_codeexec.core.consoles import Console, Entry
    from mkdocs_codeexec.core.expectation import Converses, Verdict
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.html.streams import Stream


def shown_code(sample: Sample, said: Converses) -> str:
    """Return the text that the highlighter was given."""
    return said.console.disguised if _is_disguised(sample, said) else sample.code


def _is_disguised(sample: Sample, said: Converses) -> bool:
    """Tell whether the highlighter was given the usual prompt in the place of the author's own."""
    return "prompt" in sample.options and said.console.kind != "repl"


def answered(
    source: str,
    sample: Sample,
    said: Converses,
    verdict: Verdict,
    outcome: Outcome | None,
    tidy: Callable[[str], str],
) -> str:
    """Return `source` with what the commands have printed; as it is written where that is to be compared.

    Nothing stands under what was not executed because the session has ended.
    """
    prints: list[Markup | None] = []
    for entry, result in spoken(said.console, outcome):
        if outcome is None or said.verify or not entry.executed:
            prints.append(None)
            continue
        text = _text_of(result) if result is not None and _is_shown(sample, verdict) else ""
        found = stream("stdout", text, _way(sample), tidy, unfold=False)
        prints.append(next((one.html for one in found), Markup()))
    hidden = frozenset(entry.line for entry in said.console.entries if _is_hidden(entry, sample))
    source = woven(source, said.console, prints, disguised=_is_disguised(sample, said), hidden=hidden)
    seen = (entry for entry in said.console.entries if entry.line not in hidden)
    return copied(source, said.console._replace(entries=tuple(seen)))


def _is_hidden(entry: Entry, sample: Sample) -> bool:
    """Tell whether readers do not see the command: it ends in `# markdown-exec: hide`. What it prints they see."""
    return any(is_hidden(line, sample.hiding) for line in entry.source)


def copied(source: str, console: Console) -> str:
    """Return `source`, of which the commands alone are copied."""
    return joined.copied(source, "\n".join(entry.command for entry in console.executed))


def streams(
    sample: Sample, said: Converses, verdict: Verdict, outcome: Outcome | None, tidy: Callable[[str], str]
) -> Iterator[Stream]:
    """Yield what does not stand among the commands: a difference, and output where they are not shown."""
    if isinstance(verdict, Unmet) and (diff := "\n".join(one.diff for one in verdict.all if one.diff)):
        yield from difference(diff)
        if verdict.diff:
            return
    if outcome is None or not _is_shown(sample, verdict):
        return
    found = spoken(said.console, outcome)
    failed = isinstance(verdict, Unmet)
    if said.verify and isinstance(verdict, Unmet):  # what is written there is not what was printed
        found = (one for one in found if one.entry.line == verdict.line)
    elif said.verify or sample.presentation.source != "none":
        return
    text = "".join(_text_of(one.result) for one in found if one.result is not None)
    how = sample.presentation
    yield from stream("stdout", text, _way(sample), tidy, unfold=failed, fold=how.fold, wrap=how.wrap)


def _text_of(result: StepResult) -> str:
    """Return what a command has printed, without what it has shown beside text."""
    return displays.without(result.stdout, result.shown)


def _is_shown(sample: Sample, verdict: Verdict) -> bool:
    presentation = sample.presentation
    wanted = presentation.result != "none" and not presentation.show.isdisjoint({"stdout", "stderr"})
    return wanted or isinstance(verdict, Unmet | Errored)


def _way(sample: Sample) -> str:
    return "ansi" if sample.presentation.result == "none" else sample.presentation.result


def woven(
    source: str,
    console: Console,
    prints: Sequence[Markup | None],
    *,
    disguised: bool,
    hidden: Container[int] = (),
) -> str:
    """Return `source`, the HTML of `console`, with what its commands have printed in the place of what is written.

    A `source` that is not understood gives way to one without colours.

    Args:
        source: Made by the site's highlighter.
        console: What the author wrote.
        prints: For each entry what it has printed, without a newline at its end; None leaves what is written.
        disguised: Whether `source` shows the usual prompt in the place of the console's own.
        hidden: The first lines of commands that are not shown; what they print is.
    """
    text = console.disguised if disguised else str(console)
    found = taken_apart(source)
    pieces = parse(found[1]) if found else None
    placed = shown_rows(shown(pieces), text) if pieces is not None else None
    if found is None or pieces is None or placed is None:
        return _plain(console, prints, hidden)
    split = _closed(list(lines(pieces)))
    where = {number: row.line for number, row in placed.items() if row.line < len(split)}
    return "".join((found[0], *_woven(split, where, console, prints, disguised=disguised, hidden=hidden), found[2]))


def _woven(
    split: list[list[Piece]],
    where: Mapping[int, int],
    console: Console,
    prints: Sequence[Markup | None],
    *,
    disguised: bool,
    hidden: Container[int],
) -> Iterator[str]:
    """Yield the HTML, line by line."""
    done = 0
    for entry, printed in zip(console.entries, prints, strict=True):
        first = where.get(entry.line)
        if disguised and first is not None:
            split[first] = _undisguised(split[first], entry, console)
        begin = _behind(where, entry.written_at)
        if entry.line in hidden and first is not None:
            yield from _text(split[done:first])
            yield from (piece.text for piece in _unpaired(split[first:begin]))
            done = begin
        if printed is None:
            continue
        end = _behind(where, entry.written_at + len(entry.written))
        yield from _text(split[done:begin])
        if printed:
            if begin and entry.line not in hidden and not shown(split[begin - 1]).endswith("\n"):
                yield "\n"
            yield f'<span class="go {PRINTED}">{printed}\n</span>'
        yield from (piece.text for piece in _unpaired(split[begin:end]))
        done = end
    yield from _text(split[done:])


def _behind(where: Mapping[int, int], number: int) -> int:
    """Return the row behind those that show the lines before `number`."""
    return next((where[line] + 1 for line in range(number - 1, 0, -1) if line in where), 0)


def _text(split: Iterable[Iterable[Piece]]) -> Iterator[str]:
    yield from (piece.text for line in split for piece in line)


def _closed(split: list[list[Piece]]) -> list[list[Piece]]:
    """Return the lines, with the tags that close elements of a line in that line: Pygments writes them behind its end."""
    for before, line in itertools.pairwise(split):
        while line and line[0].closes:
            before.append(line.pop(0))
    return split


def _unpaired(split: Iterable[Iterable[Piece]]) -> Iterator[Piece]:
    """Yield the tags among lines that are left out whose other half is not among them."""
    opened: list[Piece] = []
    for line in split:
        for piece in line:
            if piece.opens and not piece.text.startswith(("<br", "<hr", "<img", "<input", "<wbr")):
                opened.append(piece)
            elif piece.closes:
                if opened:
                    opened.pop()
                else:
                    yield piece
    yield from opened


def _undisguised(line: list[Piece], entry: Entry, console: Console) -> list[Piece]:
    """Return a first line of a command with the prompt that its author wrote."""
    own = entry.source[0][: len(console.prompt)]
    usual = 4 if console.kind == "doctest" else 2
    width = usual if entry.source[0].startswith(console.prompt) else usual - 1
    found, at, put = [], 0, own
    for piece in cut(line, (0, width)):
        if piece.shows and at < width:
            at += len(piece.shows)
            found.append(Piece(str(Markup.escape(put)), put))
            put = ""
        else:
            found.append(piece)
    return found


def _plain(console: Console, prints: Sequence[Markup | None], hidden: Container[int]) -> str:
    parts = [Markup.escape(f"{line}\n") for line in console.head]
    for entry, printed in zip(console.entries, prints, strict=True):
        if entry.line not in hidden:
            parts += (Markup.escape(f"{line}\n") for line in (*entry.source, *entry.said))
        if printed is None:
            parts += (Markup.escape(f"{line}\n") for line in entry.written)
        elif printed:
            parts.append(Markup('<span class="go {}">{}\n</span>').format(PRINTED, printed))
        parts += (Markup.escape(f"{line}\n") for line in entry.gap)
    return f'<div class="highlight"><pre><code>{Markup().join(parts)}</code></pre></div>'
