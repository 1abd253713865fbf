"""Reads values out of YAML tables, and collects what is wrong with them instead of stopping at the first mistake."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mkdocs_codeexec.errors import Mistake, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T", float, None)

_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_MOST = 2**31 - 1
"""Of an amount: as bytes, what so many MiB are still fits into 64 bits."""


class Reader:
    """Reads values of tables by name; what is wrong with one becomes a problem, and its default is returned.

    A name without a value (`name:`, `name: null`) is as good as none. `where` is the path of the table, ending in a dot.

    Attributes:
        root: The name of the outermost table.
        file: The file that holds it.
        problems: What is wrong, as the user is told.
    """

    def __init__(self, root: str, *, file: str = "mkdocs.yml") -> None:
        self.root = root
        self.file = file
        self.problems: list[Mistake] = []

    def problem(self, where: str, message: str, hint: str = "") -> None:
        """Note what is wrong with the option whose path is `where`."""
        # A variable of the environment stands for itself.
        path = where if where.startswith("CODEEXEC_") else ".".join(part for part in (self.root, where) if part)
        self.problems.append(Mistake(f"`{path}`: {message}", hint))

    def table(self, value: object, where: str, known: Sequence[str] | None) -> dict[str, Any]:
        """Read a table that has the options `known`, or any where that is None."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.problem(where, f"expected a mapping (`name: value` lines), got {kind(value)}")
            return {}
        self.unusable([*value], where)
        for name in value:
            if known is not None and name not in known:
                near = nearest(str(name), tuple(known))
                hint = f"did you mean `{near}`?" if near else f"known options: {', '.join(known)}"
                self.problem(f"{where}.{name}".lstrip("."), "there is no such option", hint)
        return {str(name): item for name, item in value.items()}

    def text(self, table: Mapping[str, object], name: str, default: str, where: str = "") -> str:
        """Read text."""
        value = table.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.problem(f"{where}{name}", f"expected text, got {kind(value)}", f'put it in quotes: `"{value}"`')
            return default
        return default if self.unusable(value, f"{where}{name}") else value

    def unusable(self, value: object, where: str) -> bool:
        """Tell whether a text in `value` has a character that no path, argument or variable can have; note it if so."""
        if isinstance(value, Mapping):
            return any(self.unusable(item, where) for pair in value.items() for item in pair)
        if isinstance(value, list):
            return any(self.unusable(item, where) for item in value)
        if not isinstance(value, str) or not (found := _UNUSABLE.search(value)):
            return False
        what = f"it holds U+{ord(found[0]):04X}, a character that no path, argument or variable can have"
        self.problem(where, what, "leave it out")
        return True

    def choice(
        self, table: Mapping[str, object], name: str, among: Sequence[str], default: str, where: str = ""
    ) -> str:
        """Read one of the words `among`."""
        value = table.get(name)
        for word, meant in (("off", False), ("on", True)):
            if value is meant and word in among:
                value = word  # YAML reads a bare `off` as false
        if value is None:
            return default
        if not isinstance(value, bool) and str(value) in among:
            return str(value)
        word = {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        near = nearest(word, tuple(among))
        hint = f"did you mean `{near}`?" if near and not word.isdecimal() else ""
        if name == "execute" and word == "off":
            hint = "write `enabled: false` to have nothing executed"
        self.problem(f"{where}{name}", f"`{word}` is none of {', '.join(f'`{word}`' for word in among)}", hint)
        return default

    def flag(self, table: Mapping[str, object], name: str, *, default: bool, where: str = "") -> bool:
        """Read `true` or `false`."""
        value = table.get(name, default)
        if not isinstance(value, bool):
            self.problem(f"{where}{name}", f"expected `true` or `false`, got {kind(value)}")
            return default
        return value

    def policy(self, table: Mapping[str, object], name: str, where: str = "") -> Literal["false", "ask", "true"]:
        """Read what is granted: to nobody (`false`), to who asks for it (`ask`), or to all (`true`)."""
        match table.get(name):
            case None | False:
                return "false"
            case True:
                return "true"
            case "ask":
                return "ask"
            case other:
                shown = f"`{other}`" if isinstance(other, str) else kind(other)
                self.problem(f"{where}{name}", f"expected `false`, `ask` or `true`, got {shown}")
                return "false"

    def seconds(self, table: Mapping[str, object], name: str, default: _T, where: str = "") -> float | _T:
        """Read a number of seconds above 0."""
        value = table.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            problem = f"expected a number of seconds above 0, got {_shown(value)}"
            self.problem(f"{where}{name}", problem, _unquoted(name, value))
            return default
        return float(value)

    def amount(self, table: Mapping[str, object], name: str, default: int | None, where: str = "") -> int | None:
        """Read a whole number above 0; `unlimited` is None."""
        value = table.get(name)
        if value is None:
            return default
        if value == "unlimited":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST:
            hint = "write `unlimited`" if isinstance(value, int) and value > _MOST else _unquoted(name, value)
            self.problem(f"{where}{name}", f"expected a whole number above 0 or `unlimited`, got {_shown(value)}", hint)
            return default
        return value

    def words(self, table: Mapping[str, object], name: str, where: str = "") -> tuple[str, ...]:
        """Read a command line or a list: a YAML list of words."""
        value = table.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            self.problem(
                f"{where}{name}",
                "expected a list of words, got one text",
                f"write `{name}: [{', '.join(map(_as_yaml, value.split()))}]`",
            )
            return ()
        if not isinstance(value, list):
            self.problem(f"{where}{name}", f"expected a list of words, got {kind(value)}")
            return ()
        for place, word in enumerate(value, 1):
            if not isinstance(word, str | int | float):
                braces = isinstance(word, Mapping) and len(word) == 1 and [*word.values()] == [None]
                hint = f'in braces YAML sees a mapping: write `"{{{next(iter(word))}}}"`, in quotes' if braces else ""
                self.problem(f"{where}{name}", f"its element {place} is no word, but {kind(word)}", hint)
                return ()
        if self.unusable(value, f"{where}{name}"):
            return ()
        return tuple(str(v) for v in value)

    def paths(self, table: Mapping[str, object], name: str, base: Path, where: str = "") -> tuple[Path, ...]:
        """Read a list of files and folders, relative to `base` or to a home directory (`~`); all must be there."""
        found = {text: absolute(base, text) for text in self.words(table, name, where)}
        for text, path in found.items():
            if not os.path.exists(path):  # noqa: PTH110 - `Path.exists` raises for a name that is too long
                hint = f"it is looked for at `{path}`: relative paths start at the folder of `{self.file}`"
                self.problem(f"{where}{name}", f"`{text}` does not exist", hint)
        return tuple(sorted(set(found.values())))


def _as_yaml(word: str) -> str:
    """Return `word` as it can stand in a list between brackets."""
    return (
        word
        if re.fullmatch(r"(?!-$)[A-Za-z0-9_./+=-][A-Za-z0-9_./+=*-]*", word)
        else json.dumps(word, ensure_ascii=False)
    )


def absolute(base: Path, text: str) -> Path:
    """Return the path `text`, relative to `base` or to a home directory (`~`), without `.`, `..` and `~`."""
    # `resolve` would follow links, and `Path.expanduser` raises for a user who does not exist.
    return Path(os.path.abspath(base / os.path.expanduser(text)))  # noqa: PTH100, PTH111


def _shown(value: object) -> str:
    return f"the text `{value}`" if _unquoted("", value) else f"`{value}`"


def _unquoted(name: str, value: object) -> str:
    """Return what to write for the text `value` that is a number; empty if it is none."""
    try:
        number = float(value) if isinstance(value, str) else -1.0
    except ValueError:
        return ""
    return f"write `{name}: {value}`, without quotes" if 0 < number < math.inf else ""


def kind(value: object) -> str:
    """Return what YAML's `value` is, in words."""
    names = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        type(None): "nothing",
    }
    return names.get(type(value), "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}")
