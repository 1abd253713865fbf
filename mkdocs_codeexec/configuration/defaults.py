"""What fences of a language are given unless they, or their page, say otherwise; and on which pages they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.comparing import NAME, expression
from mkdocs_codeexec.core.expressions import WrongExpressionError
from mkdocs_codeexec.core.patterns import Patterns
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.markdown import values
from mkdocs_codeexec.markdown.presenting import shown, way, written
from mkdocs_codeexec.markdown.values import NO_VALUES, WrongValue

if TYPE_CHECKING:
    from mkdocs_codeexec.tables import Reader

DEFAULTS = ("source", "result", "show", "timeout")
"""Of every language; `environment`, `preamble` and `env` are listed where they are."""

PATTERNS = ("include", "exclude")

"""Where samples may start, beside an empty folder."""

OF_RUST = {
    "preamble": ("only `rust` has one", "write the lines into each sample, or into a module that samples import"),
    "environment": ("only `rust` has several", "another `command` is another language, with a name of its own"),
}


def without_meaning(reader: Reader, value: object, where: str, names: Mapping[str, tuple[str, str]]) -> object:
    """Return the table `value` without the options `names`, and note that they have no meaning there.

    Args:
        reader: Notes it.
        value: As in the file.
        where: The path of the table.
        names: Options, each with what is wrong with it and a hint.
    """
    if not isinstance(value, Mapping):
        return value
    for name, (message, hint) in names.items():
        if value.get(name) is not None:
            reader.problem(f"{where}.{name}", message, hint)
    return {name: item for name, item in value.items() if name not in names}


def presentation(
    reader: Reader,
    table: Mapping[str, object],
    where: str,
    *,
    values: bool = False,
    usual: Presentation = Presentation(),  # noqa: B008 - frozen
) -> Presentation:
    """Read how samples of a language are shown, which may have `values`; what is not said is as `usual`."""
    found: dict[str, Any] = {}
    for name in ("source", "result", "show"):
        if table.get(name) is None:
            continue
        try:
            found[name] = shown(name, table[name])
        except WrongValue as wrong:
            reader.problem(f"{where}{name}", str(wrong), wrong.hint)
            continue
        if name == "show" and "value" in found[name] and not values:
            reader.problem(f"{where}show", "samples of this language have no values to show", NO_VALUES)
        if name == "result":
            _, remark = way(found[name], f"`{found[name]}`", "", is_lexer)
            if remark:
                reader.problem(f"{where}{name}", remark.message.removesuffix(", so it is shown as text"), remark.hint)
    return replace(usual, **found)


def pages(reader: Reader, table: Mapping[str, object], where: str = "") -> Patterns:
    """Read on which pages fences run."""
    found = {name: reader.words(table, name, where) for name in PATTERNS}
    for name, patterns in found.items():
        for pattern in patterns:
            if not pattern or pattern.startswith(("/", "./", "../")) or "\\" in pattern:
                hint = "it is matched with paths below `docs_dir`, as `guide/start.md`: write `guide/*` or `guide/**`"
                reader.problem(f"{where}{name}", f"`{pattern}` matches no page", hint)
    return Patterns(include=found["include"], exclude=found["exclude"])


def workdir(reader: Reader, table: Mapping[str, object], where: str = "") -> str:
    """Read where samples start."""
    if table.get("workdir") is None:
        return ""
    try:
        return values.workdir(written(table["workdir"]))
    except WrongValue as wrong:
        reader.problem(f"{where}workdir", str(wrong), wrong.hint.replace('workdir="docs/data"', "workdir: docs/data"))
        return ""


def artifacts(reader: Reader, table: Mapping[str, object], where: str) -> tuple[str, ...]:
    """Read which files of samples pages show."""
    if table.get("artifacts") is None:
        return ()
    try:
        return values.artifacts(written(table["artifacts"]))
    except WrongValue as wrong:
        hint = wrong.hint.replace('artifacts="plot.svg out/*.csv"', "artifacts: plot.svg out/*.csv")
        reader.problem(f"{where}artifacts", str(wrong), hint)
        return ()


def output_patterns(reader: Reader, table: Mapping[str, object]) -> dict[str, str]:
    """Read what `[NAME]` stands for in a fence with `output_of`."""
    found: dict[str, str] = {}
    names = reader.table(table.get("output_patterns"), "output_patterns", None)
    for name in names:
        if not NAME.fullmatch(name):
            hint = "a name has capital letters, digits and `_`: `TIME` stands for what is written as `[TIME]`"
            reader.problem(f"output_patterns.{name}", f"`{name}` is no name of a pattern", hint)
            continue
        text = reader.text(names, name, "", "output_patterns.")
        try:
            expression(text)
        except WrongExpressionError as wrong:
            hint = r"write a regular expression of letters, classes, `\d`, `(…|…)`, `*`, `+`, `?` and `{2,4}`: `'\d\d:\d\d'`"
            reader.problem(f"output_patterns.{name}", f"`{text}` is no pattern: {wrong}", hint)
            continue
        found[name] = text
    return found
