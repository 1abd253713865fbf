"""How samples are shown: what fences, pages and languages say of it, checked alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.markdown.options import TABLE, Remark
from mkdocs_codeexec.markdown.values import WrongValue

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS = ("ansi", "text", "none", "html", "markdown")
"""How output is shown, but for the names of lexers."""


def way(result: str, said: str, otherwise: str, is_lexer: Callable[[str], bool]) -> tuple[str, Remark | None]:
    """Return how output is shown where `result` asks for it, and what is to be said of that.

    Args:
        result: What is asked for.
        said: The same, as its author wrote it.
        otherwise: How it is shown if that was a slip.
        is_lexer: Tells the names of Pygments lexers.
    """
    if result in WAYS or is_lexer(result):
        return result, None
    meant = nearest(result, WAYS)
    message = f"{said} is not a way to show output"
    ways = "it is `ansi`, `text`, `none`, `html`, `markdown` or the name of a Pygments lexer"
    if meant:
        return otherwise, Remark(message, f"did you mean `{meant}`? {ways}")
    # markdown-exec has a block of that language, whatever it is; Pygments shows one it does not know as text
    return "text", Remark(f"{message}, so it is shown as text", ways, once=True, mild=True)


def shown(name: str, value: object) -> str | frozenset[str]:
    """Return what `value`, of YAML, says for the option `name`: `source`, `result` or `show`.

    Raises:
        WrongValue: Nothing that makes sense.
    """
    text = written(value)
    found: str | frozenset[str] = TABLE[name].read(text)
    return found


def written(value: object) -> str:
    """Return the text that YAML's `value` was written as, lists word by word.

    Raises:
        WrongValue: It is neither text nor a list of it.
    """
    if isinstance(value, bool):  # YAML reads a bare `off` as false
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    raise WrongValue("expected text", "put it in quotes")
