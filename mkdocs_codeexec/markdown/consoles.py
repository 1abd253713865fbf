"""Fences that are consoles: what is wrong with them, and how the site's highlighter is shown them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.consoles import ROOT_PROMPT, Mistake
from mkdocs_codeexec.core.expectation import Converses
from mkdocs_codeexec.core.sample import Problem
from mkdocs_codeexec.markdown.options import Remark

if TYPE_CHECKING:
    from mkdocs_codeexec.core.consoles import Console
    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.markdown.claiming import Claim

_LEXERS = {"shell": ("console", ("shell-session",)), "doctest": ("pycon", ("python-console",))}
"""What Pygments calls consoles, and what else."""
_SCRIPTS = frozenset({"shell"})
"""Words of fences that may hold a script, in which `# ` begins a comment."""
_NUMBERED = Remark(
    "`linenums` has no meaning for a console: what its commands print has lines, too", "take it away", mild=True
)


def console_of(sample: Sample) -> Console | None:
    """Return the console that `sample` is; None if it is none, or is ignored."""
    return sample.expectation.console if isinstance(sample.expectation, Converses) and not sample.ignored else None


def mistakes(console: Console, word: str) -> tuple[Mistake, ...]:
    """Return what is wrong with `console`, a fence with the language `word`."""
    own = console.entries and console.prompt == ROOT_PROMPT
    if own and word.lower() in _SCRIPTS and not console.mistakes:
        message = f"a `{word}` fence in which lines begin with `# `: these may be comments of a script"
        hint = '`prompt="# "` says that they are commands, `bash exec` runs a script'
        return (Mistake(console.entries[0].line, message, hint),)
    return console.mistakes


def placed(mistake: Mistake, location: Location) -> Problem:
    """Return `mistake` of the fence at `location` as a Problem at its own line."""
    line = location.line + mistake.line if location.line < location.end else location.line
    return Problem(replace(location, line=line), mistake.message, mistake.hint)


def shown(found: Claim, sample: Sample, console: Console) -> tuple[Claim, str, tuple[Remark, ...]]:
    """Return what the site's highlighter is given, and what is to be said of that.

    Whoever reads prompts knows the usual ones, and no line has a number: what is printed has lines, too.
    """
    word, others = _LEXERS.get(console.kind, (console.dialect.lexer or found.word, ()))
    passthrough = tuple(pair for pair in found.passthrough if pair[0] != "linenums")
    claim = found._replace(
        word=found.word if found.word.lower() in others else word, passthrough=(*passthrough, ("linenums", "0"))
    )
    code = console.disguised if "prompt" in sample.options else sample.code
    return claim, code, (_NUMBERED,) if len(passthrough) < len(found.passthrough) else ()
