"""Ids of what is put on a page: unique there, and the same whatever has run and how.

Material gives each code block the id of the nearest element that has one, and its copy button copies the first element
of that id. So every `pre` has its own. It has no hyphen: Material takes the number of a selected line from behind the
second one of a hash, which is made of the id.
"""

from __future__ import annotations

import functools
import itertools
import re
from html import unescape

_TAKEN = re.compile(r"""id=["']?(codeexec[-_][\w-]*)""")  # after space; what begins with a text is found fast
_ANY = re.compile(r"""\sid=["']?([^"'\s<>]+)""")
_PRE = re.compile(
    r"(?P<raw><(?P<tag>script|style|textarea)\b.*?(?:</(?P=tag)\b|\Z))"
    r"|<pre\b(?P<attributes>[^<>]*)>(?P<code>(?:<[^<>]*>)*?<code\b)?",
    re.DOTALL,
)
"""A `pre`, and what HTML takes for no markup, whatever is in it."""
_HAS_ID = re.compile(r"\sid=")
_STREAM = re.compile(r"""\sclass=["']?codeexec-(\w+)""")


class Ids:
    """Names the samples of one page, in the order in which they stand there."""

    def __init__(self, html: str) -> None:
        """Keep off what is taken in `html`, the page: a heading may have such an id, or what was named before."""
        self._html = html
        self._numbers = itertools.count(1)

    @functools.cached_property
    def _taken(self) -> frozenset[str]:
        found = _TAKEN.finditer(self._html)
        return frozenset(one[1] for one in found if self._html[max(one.start() - 1, 0)].isspace())

    @functools.cached_property
    def all(self) -> set[str]:
        """All ids of the page, to which others can be added."""
        return {unescape(found[1]) for found in _ANY.finditer(self._html)}

    def next(self) -> str:
        """Return the id of the next sample: `codeexec-1`, `codeexec-2`, …."""
        return next(name for name in map("codeexec-{}".format, self._numbers) if self._free(name))

    def _free(self, name: str) -> bool:
        start = _of_pre(name) + "_"
        return name not in self._taken and not any(taken.startswith(start) for taken in self._taken)


def identified(fragment: str, html_id: str) -> str:
    """Return `fragment` with an id in every `pre` that has none.

    Args:
        fragment: The HTML of a sample, whichever highlighter and template made it.
        html_id: The id of the sample.
    """
    used: set[str] = set()

    def named(pre: re.Match[str]) -> str:
        if pre["raw"] or _HAS_ID.search(pre["attributes"]):
            return pre[0]
        stream = _STREAM.search(pre["attributes"])
        kind = stream[1] if stream else "source" if pre["code"] else "numbers"
        names = itertools.chain((kind,), map((kind + "{}").format, itertools.count(2)))
        name = next(name for name in names if name not in used)
        used.add(name)
        start = f"<pre{pre['attributes']}"
        return f'{start} id="{_of_pre(html_id)}_{name}"{pre[0].removeprefix(start)}'

    return _PRE.sub(named, fragment)


def _of_pre(html_id: str) -> str:
    return html_id.replace("-", "_")
