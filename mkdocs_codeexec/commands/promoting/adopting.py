"""What pages of other tools say that samples print, as fences with `output_of`.

pytest-codeblocks: a comment before the fence that holds the output of the one before. In Rust books and READMEs: `// prints: …`
at the ends of lines.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.markdown.editing import UneditableError, held, unwritable
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.outputs import is_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.core.sample import Sample

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_COMMENT = re.compile(r"[ \t>]*<!--\s*pytest-codeblocks:\s*expected-output\s*-->\s*")
_FENCE = re.compile(r"([ \t>]*)(`{3,}|~{3,})([^\r\n]*)")
_PRINTS = re.compile(r"//\s*prints:[ \t]*(.*\S)")


class Adopted(NamedTuple):
    """A change of a page.

    Attributes:
        line: The line of the page that is replaced, or behind which something comes, from one.
        put: What stands there then, that line among it.
    """

    line: int
    put: str


def adopted(page: str, samples: Sequence[Sample]) -> list[Adopted]:
    """Return what has to change in `page` so that what it says that samples print is compared.

    Args:
        page: The file, with its line ends as they are.
        samples: Of that page, in order, with those that hold output.
    """
    lines = _LINE.findall(page)
    ours = []
    for sample in samples:
        try:
            held(page, sample)
        except UneditableError:
            continue
        ours.append(sample)
    return sorted([*_commented(lines, ours), *_printing(lines, ours)])


def applied(page: str, changes: Sequence[Adopted]) -> str:
    """Return `page` with `changes`."""
    lines = _LINE.findall(page)
    for change in changes:
        lines[change.line - 1] = change.put
    return "".join(lines)


def _commented(lines: Sequence[str], samples: Sequence[Sample]) -> Iterator[Adopted]:
    """Yield the headers of fences behind a comment that says that they hold output."""
    ends = {sample.location.end for sample in samples if not is_output(sample) and not sample.ignored}
    for at, line in enumerate(lines):
        if not _COMMENT.fullmatch(line):
            continue
        fence = next((place for place in range(at + 1, len(lines)) if lines[place].strip(" \t>\r\n")), len(lines))
        before = next((place for place in range(at - 1, -1, -1) if _FENCE.match(lines[place])), -1)
        opened = _FENCE.match(lines[fence]) if fence < len(lines) else None
        if opened is None or before + 1 not in ends:
            continue
        header, info = parse_header(opened[3]), opened[3].strip()
        if header.braces or header.stray or any(option.name == "output_of" for option in header.options):
            continue
        rest = lines[fence][opened.end() :]
        yield Adopted(fence + 1, f"{opened[1]}{opened[2]}{info or 'text'} output_of{rest}")


def _printing(lines: Sequence[str], samples: Sequence[Sample]) -> Iterator[Adopted]:
    """Yield fences of what comments at the ends of lines of samples say that is printed."""
    for sample, following in zip_longest(samples, samples[1:]):
        said = [found[1] for line in sample.code.split("\n") if (found := _PRINTS.search(line))]
        if not said or is_output(sample) or sample.ignored or (following is not None and is_output(following)):
            continue
        end = sample.location.end
        opened = _FENCE.match(lines[sample.location.line - 1])
        if opened is None or unwritable(said, templates=True) or any(_FENCE.match(line) for line in said):
            continue
        last, line_end = lines[end - 1], lines[sample.location.line - 1][opened.end() :]
        prefix = opened[1]
        put = ["", f"{prefix}```text output_of", *(f"{prefix}{text}" for text in said), f"{prefix}```"]
        put[0] = prefix.rstrip(" \t")
        ended = last if last.endswith(("\r", "\n")) else last + line_end
        text = ended + line_end.join(put)
        yield Adopted(end, text + line_end if last == ended else text)
