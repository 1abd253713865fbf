"""Samples that the converter does not take: fences where it knows none, and fences without an end.

Whether such a line is one of a page's own is only known when the page is converted: it may stand in indented code, or
in a comment, which only show it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown.blockprocessors import BlockProcessor
from markdown.util import ETX, STX

from mkdocs_codeexec.markdown.options import Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown.blockparser import BlockParser

    from mkdocs_codeexec.core.sample import Problem

_CODE = 4
"""Columns by which code is indented at least."""
_MARKER = r"(?:[-*+]|\d{1,9}[.)]|:|\[\^[^\]\s]+\]:)[ \t]++"
_ODD = "\\u00a0\\u00ad\\u200b-\\u200f\\u2028\\u2029\\u2060\\u3000\\ufeff"
"""Spaces that are none to Markdown, and characters that nobody sees: copied from a web page, as a rule."""
_OPENS = re.compile(
    # Possessive, or the space between markers is parted in all ways that there are.
    rf"[ \t>]*+(?:(?P<odd>[{_ODD}])[{_ODD} \t>]*+|(?P<markers>(?:{_MARKER}[ \t>]*+)+))(?P<fence>`{{3,}}|~{{3,}})(?P<info>.*)"
)

_STARTS = re.compile(r"[ \t>]*+(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_PLACEHOLDER = re.compile(rf"^[> ]*{STX}(\w+:\d+){ETX}$", re.MULTILINE)
"""superfences: `FENCED_BLOCK_RE`."""


class Untaken(NamedTuple):
    """A line that CommonMark, or a reader, takes for the start of a fence, and superfences does not.

    Attributes:
        fence: Its backticks or tildes.
        info: What stands behind them.
        remark: Why it is none, and what to do.
    """

    fence: str
    info: str
    remark: Remark


def untaken(line: str) -> Untaken | None:
    """Return what looks like the start of a fence in `line`, in which superfences has found none."""
    if "```" not in line and "~~~" not in line:
        return None
    found = _OPENS.fullmatch(line)
    if found is None:
        return None
    if found["odd"]:
        what = f"the character U+{ord(found['odd']):04X} stands before the fence, so it is none and is not executed"
        return Untaken(
            found["fence"], found["info"], Remark(what, "take that character away, or put a space in its place")
        )
    marker = found["markers"].split()[-1]
    message = f"a fence cannot begin in the line of `{marker}`, so this is not executed"
    return Untaken(
        found["fence"],
        found["info"],
        Remark(
            message,
            f"write a word behind `{marker}`, then an empty line, then the fence, four columns further in than `{marker}`",
        ),
    )


def opener(line: str) -> tuple[str, str] | None:
    """Return fence and header of what looks like the start of a fence, whether superfences would take it or not."""
    found = _OPENS.fullmatch(line) or _STARTS.fullmatch(line)
    return (found["fence"], found["info"]) if found else None


class Doubts:
    """Problems of lines that may turn out not to be fences of the page at all.

    Attributes:
        reverted: Keys of fences that superfences has taken back although they are not in indented code: whoever follows
            it in the same block is taken for a part of it.
    """

    def __init__(self) -> None:
        self.clear()

    def __bool__(self) -> bool:
        return bool(self._problems)

    def clear(self) -> None:
        """Forget the conversion before."""
        self._problems: list[tuple[str, Problem, int | None]] = []
        self._shown: Counter[str] = Counter()
        self._hidden: Counter[str] = Counter()
        self.reverted: set[str] = set()

    def add(self, line: str, problem: Problem, group: int | None = None) -> None:
        """Take the problem of a line; of a group the first one says it all."""
        self._problems.append((line, problem, group))

    def show(self, lines: Iterable[str]) -> None:
        """Note lines that the page shows as they are, without four columns of what they are indented by."""
        self._shown.update(map(_essence, lines))

    def settled(self, comments: Sequence[str]) -> Iterator[Problem]:
        """Yield the problems of lines that are the page's own.

        Args:
            comments: All that is commented out.
        """
        for comment in comments if self._problems else ():
            self._hidden.update(map(_essence, comment.split("\n")))
        said: set[int] = set()
        for line, problem, group in self._problems:
            essence = _essence(line)
            indented = len(line) - len(line.lstrip(" \t>")) >= _CODE or line.startswith("\t")
            if self._hidden[essence]:
                self._hidden[essence] -= 1
            elif indented and self._shown[essence]:
                self._shown[essence] -= 1
            elif group is None or group not in said:
                said.update(() if group is None else (group,))
                yield problem


class CodeWatch(BlockProcessor):
    """Sees indented code: it is asked just before the processor that takes it."""

    def __init__(self, parser: BlockParser, doubts: Doubts) -> None:
        super().__init__(parser)
        self._doubts = doubts

    def test(self, parent: Any, block: str) -> bool:
        """Return False: the block is code."""
        del parent
        if block.startswith(" " * self.tab_length) and (self._doubts or STX in block):
            code, rest = self.detab(block)
            self._doubts.show(code.split("\n"))
            self._doubts.reverted.update(_PLACEHOLDER.findall(rest))
        return False

    def run(self, parent: Any, blocks: list[str]) -> bool:
        """Never called."""
        del parent, blocks
        return False


def comments(blocks: Iterable[object]) -> list[str]:
    """Return those of the stashed pieces of HTML that are comments."""
    return [block for block in blocks if isinstance(block, str) and block.lstrip().startswith("<!--")]


def _essence(line: str) -> str:
    return " ".join(line.strip(" \t>").split())
