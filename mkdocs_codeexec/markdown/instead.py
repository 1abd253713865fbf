"""What to write instead of a language that is not set up."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_SESSION = "write `{word} exec`, in which a command begins with `{mark}`"
_SHELL_SESSION = (("console",), _SESSION, {"mark": "$ "})
_PYTHON_SESSION = (("pycon",), _SESSION, {"mark": ">>> "})
_PLAIN = "write `{word} exec`"
_NOTHING: dict[str, str] = {}

_INSTEAD: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
    **dict.fromkeys(("sh-script", "shellscript", "terminal", "commandline"), (("bash", "sh"), _PLAIN, _NOTHING)),
    **dict.fromkeys(("console-session", "terminal-session", "zsh-session"), _SHELL_SESSION),
    **dict.fromkeys(("ipython", "ipython3", "ipythonconsole"), _PYTHON_SESSION),
    **dict.fromkeys(("python3.11", "python3.12", "python3.13", "python3.14"), (("python",), _PLAIN, _NOTHING)),
}
"""Words of Pygments, GitHub and other tools, and the languages of ours that do the same, the better one first."""

CELL = "python"
"""The language of a notebook's cell that does not say one which is set up: `{code-cell} ipython3`."""

_ALIKE = 0.7
"""How much a word is like the one that it is a slip of."""

_COMMANDS = {
    **{shell: f'[{shell}, "{{file}}"]' for shell in ("zsh", "ksh", "dash", "fish", "mksh")},
    **dict.fromkeys(("js", "javascript", "node"), '[node, "{file}"]'),
    "perl": '[perl, "{file}"]',
    "ruby": '[ruby, "{file}"]',
    "lua": '[lua, "{file}"]',
    "go": '["{exe}"], build: [go, build, -o, "{exe}", "{file}"], extension: go',  # the first build of `fmt` takes longer than a run may
    "php": '[php, "{file}"]',
}
"""How files in a language are run, for those that are asked for most."""


def instead_of(word: str, known: Sequence[str]) -> str:
    """Return what to do about a fence in `word` that asks for execution.

    Args:
        word: As written.
        known: The words of the languages that are set up.
    """
    low = word.lower()
    languages, hint, what = _INSTEAD.get(low, ((), "", _NOTHING))
    if same := next((language for language in languages if language in known), None):
        return hint.format(word=same, **what)
    if low in _COMMANDS:
        return f"`languages: {{{low}: {{command: {_COMMANDS[low]}}}}}` of the plugin sets it up, if it is installed"
    meant = nearest(low, tuple(known))
    if meant and SequenceMatcher(None, low, meant).ratio() < _ALIKE:  # as `cobol` and `console` are
        meant = None
    return (f"did you mean `{meant}`? " if meant else "") + f"`languages:` of the plugin can have an entry `{word}`"
