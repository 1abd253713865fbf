"""Whose defaults fences have: `compatibility`, for a site that comes from another tool.

A default and nothing else: what the configuration says, or a page, or a fence, prevails. It gives samples no right that they
would not have without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.core.settings import Compatibility, ScriptSettings
from mkdocs_codeexec.languages.builtin import BUILTIN, PYTHON_SESSION
from mkdocs_codeexec.markdown.values import MERGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.tables import Reader

_STDOUT = Presentation(source="none", result="markdown", show=frozenset({"stdout"}))
_MERGED = Presentation(source="none", result="markdown", show=frozenset({MERGED}))
_CONSOLE = Presentation(source="none", result="markdown")


def _shown(script: ScriptSettings) -> Presentation:
    """Return what markdown-exec shows of a language."""
    if script.console:
        return _CONSOLE
    return _STDOUT if script.session == PYTHON_SESSION else _MERGED


class Usual(NamedTuple):
    """What holds where nobody says otherwise.

    Attributes:
        presentations: How samples are shown, by their language.
        workdir: Where samples start; empty for an empty folder.
        literate: Where the source stands of fences whose text is a part of the page.
        env: Variables that samples in these languages get.
    """

    presentations: Mapping[str, Presentation]
    workdir: str
    literate: str
    env: tuple[tuple[str, str], ...] = ()


_USUAL: Mapping[Compatibility, Usual] = {
    "none": Usual({}, "", "above"),
    # markdown-exec 1.12.6: it shows what Python prints, of shells both streams in order, as Markdown, and no source
    "markdown-exec": Usual(
        {name: _shown(script) for name, script in BUILTIN.items() if not script.repl},
        "project",
        "none",
        (("MKDOCS_CONFIG_DIR", "."),),  # where they start
    ),
}


def usual(reader: Reader, table: Mapping[str, object]) -> Usual:
    """Return what holds where nobody says otherwise, by the options in `table`."""
    value = reader.choice(table, "compatibility", get_args(Compatibility), "none")
    return next(found for name, found in _USUAL.items() if name == value)
