"""What samples print: words that are known again, and lines that look like something else."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

CANARY = "canary"
"""What is printed only if something is executed that stands in output."""
_LIE = "can''ary"
"""The same, as a shell and Python put it together: it is printed by nobody who only shows it."""
_WORD = re.compile(r"zq(\d+)qz")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")

ODD = (
    *("{w}", "{w} and more", "  {w}", "$ {w}", "# {w}", "% {w}", "> {w}", ">>> {w}", "... {w}", "→ {w}", "[..] {w}"),
    *("? 3 {w}", "<b>{w}</b>", "<script>{w}</script>", "</code></pre></div>{w}", "&lt;{w}&amp;", "<!-- {w}", "--> {w}"),
    *("``` {w}", "~~~ {w}", "{{{{ {w} }}}}", "--8<-- {w}", "[TOC] {w}", "![{w}](x)", "| {w} |", "- {w}", "# {w} #", "\\{w}\\"),
    *("EVCXR_BEGIN_CONTENT {w}", "EVCXR_END_CONTENT {w}", " EVCXR_BEGIN_CONTENT text/html {w}", "codeexec-00-0. {w}"),
    *("é{w}ü", "日本 {w}", "😀{w}", "'{w}'", '"{w}"', "`{w}`", "$({w})", "${{{w}}}", "!{w}", "~{w}", "*{w}*", "{w};"),
)  # fmt: skip
"""Lines; `{w}` is a word."""
LIES = (
    *("", "out", f"echo {_LIE}", f"% echo {_LIE}", f"> echo {_LIE}", f"a $ echo {_LIE}", f" $ echo {_LIE}", f"$(echo {_LIE})"),
    *(f"`echo {_LIE}`", f"print('{_LIE}')", f" >>> print('{_LIE}')", f"... print('{_LIE}')", "...", "EOF", "'", "\\", "}", "done", ")"),
)  # fmt: skip
"""What an author may have written under a command; none of it is one."""

odd = st.sampled_from(ODD)
lies = st.lists(st.sampled_from(LIES), max_size=2)


class Words:
    """Gives words, no two alike.

    Attributes:
        given: How many it has given.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self.given = 0

    def line(self, form: str) -> str:
        """Return a line with a new word in it."""
        self.given += 1
        return form.format(w=f"zq{self._first + self.given - 1}qz")

    @property
    def all(self) -> list[int]:
        """The numbers of all words, in the order in which they were given."""
        return list(range(self._first, self._first + self.given))


def found(html: str) -> list[int]:
    """Return the numbers of the words in `html`, in order, those in base64 too."""
    places = [(word.start(), int(word[1])) for word in _WORD.finditer(html)]
    for encoded in _ENCODED.finditer(html):
        try:
            text = base64.b64decode(encoded[0], validate=True).decode("latin-1")
        except (binascii.Error, ValueError):
            continue
        places += ((encoded.start() + word.start(), int(word[1])) for word in _WORD.finditer(text))
    return [number for _, number in sorted(places)]


class Case(NamedTuple):
    """A fence.

    Attributes:
        kind: Of what it is a case.
        header: What stands behind its tildes.
        lines: What is in it.
        verdict: `met` or `unmet`.
        words: The numbers of the words that its page shows, in order, beside its commands.
        source: The lines of its commands with what each prints under it, without blank lines; None if its source is not shown.
        displays: The types of what it shows beside text; None if that is not known.
    """

    kind: str
    header: str
    lines: Sequence[str]
    verdict: str
    words: Sequence[int]
    source: Sequence[str] | None = None
    displays: Sequence[str] | None = None

    @property
    def markdown(self) -> str:
        """It, as it stands on a page."""
        return "\n".join((f"~~~~~~{self.header}", *self.lines, "~~~~~~", ""))


def hidden(text: str, quote: str = "''") -> str:
    """Return `text` so that none of its words is in it until it is put together: within quotes of a shell or of Python."""
    return text.replace("zq", f"z{quote}q")
