"""What may stand behind `=` in a fence header: from text to values, or a `WrongValue` that says what was expected."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.blobs import is_within
from mkdocs_codeexec.core.requirements import KINDS
from mkdocs_codeexec.core.sample import PREVIOUS
from mkdocs_codeexec.core.settings import EDITIONS
from mkdocs_codeexec.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = ("above", "below", "tabbed-left", "tabbed-right", "console", "none")
_SAME_SOURCES = {"block": "above", "material-block": "above", "tabs": "tabbed-left"}
"""What markdown-exec calls them, and what is short for the usual order of tabs."""
STREAMS = ("stdout", "stderr", "value", "build")
UNITS = ("px", "%", "em", "rem", "ch", "vw", "cm", "mm", "in", "pt")
"""Of the width of pictures."""
MERGED = "merged"
"""stdout and stderr as one stream."""
PROJECT = "project"
"""Where samples start that start in the project."""
NO_VALUES = "`value` is for Python: print what the page should show, or write a file and name it in `artifacts`"
LONGEST = 300
"""Seconds that a fence may ask for: who writes a page does not decide how long the machine of the site is busy."""
MOST_VARIABLES = 1000
"""Of the environment that a fence, a page or a language may ask for."""
MOST_BYTES = 128 * 1024 - 1
"""Of a variable, its name and `=` included: Linux starts no program with a longer one."""
ON = frozenset({"", "on", "true", "yes", "1"})
_OFF = frozenset({"off", "false", "no", "0"})
_ERROR_CODE = re.compile(r"[Ee][0-9]+")
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(r"[\w][\w.-]*")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
# What superfences itself takes (RE_HL_LINES, RE_LINENUMS); anything else it renders as garbage.
_LINE_RANGES = r"\d+(?:-\d+)?(?:[ \t]+\d+(?:-\d+)?)*"
_LINE_NUMBERS = r"\d+(?:[ \t]+\d+){0,2}"


class WrongValue(ValueError):  # noqa: N818 - says what the value is
    """A value that an option cannot have.

    Attributes:
        hint: What to write instead.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def is_error_code(word: str) -> bool:
    """Tell whether `word` is meant to be an error code of rustc, such as `E0382`."""
    return _ERROR_CODE.fullmatch(word) is not None


def switch(value: str | None) -> bool:
    """Read on or off; a bare word is on."""
    word = "" if value is None else value.lower()
    if word in ON:
        return True
    if word in _OFF:
        return False
    raise WrongValue("expected on or off", 'write it alone, or with `="on"` or `="off"`')


def exit_status(value: str | None) -> int | None:
    """Read an exit status; `any` is None."""
    if value == "any":
        return None
    if value is not None and re.fullmatch(r"[0-9]{1,3}", value) and int(value) <= 255:
        return int(value)
    raise WrongValue("expected an exit status", "write a number from 0 to 255, or `any`")


def exception(value: str | None) -> str:
    """Read the name of an exception of Python, with or without its module."""
    text = word(value)
    if not all(part.isidentifier() for part in text.split(".")):
        raise WrongValue("expected the name of one exception", "for example `ValueError`, or `json.JSONDecodeError`")
    if text in ("SystemExit", "builtins.SystemExit"):
        raise WrongValue(
            "`SystemExit` is how a program ends, and has no traceback", 'write `exit="…"`, with its status'
        )
    return text


def edition(value: str | None) -> str:
    """Read an edition of Rust."""
    return _one_of(value, EDITIONS, "an edition of Rust")


def source(value: str | None) -> str:
    """Read where the source stands."""
    return _one_of(_SAME_SOURCES.get(value or "", value), SOURCES, "a place for the source", tuple(_SAME_SOURCES))


def tabs(value: str | None) -> tuple[str, str]:
    r"""Read what two tabs are called, with `|` between; `\|` is a bar in a name."""
    found = [text.replace("\\|", "|").strip() for text in re.split(r"(?<!\\)\|", value or "")]
    if len(found) != 2 or not all(found):
        raise WrongValue("expected two names with `|` between them", 'write for example `tabs="Source|Result"`')
    return found[0], found[1]


def streams(value: str | None) -> frozenset[str]:
    """Read the names of streams."""
    found = frozenset(_one_of(name, (*STREAMS, MERGED), "a stream") for name in text(value).replace(",", " ").split())
    if MERGED in found and not found.isdisjoint({"stdout", "stderr"}):
        raise WrongValue(f"`{MERGED}` is stdout and stderr in one", f"write `{MERGED}` in their place")
    return found


def fold(value: str | None) -> int:
    """Read how many lines of a long output are shown at first; `off` is 0: all of them."""
    if value is not None and (value.lower() in _OFF or re.fullmatch(r"[0-9]{1,5}", value)):
        return 0 if value.lower() in _OFF else int(value)
    raise WrongValue(
        "expected a number of lines", 'write for example `fold="20"`; `fold="off"` shows all of any output'
    )


def id_prefix(value: str | None) -> str:
    """Read what ids begin with; may be empty."""
    if value is not None and re.fullmatch(r"""[^\s"'<>&#%]*""", value):
        return value
    raise WrongValue("expected what ids can begin with", 'for example `idprefix="usage-"`; `idprefix=""` is none')


def seconds(value: str | None) -> float:
    """Read a positive number of seconds, `LONGEST` at most."""
    try:
        number = float(value or "")
    except ValueError:
        number = math.nan
    if math.isfinite(number) and number > LONGEST:
        hint = "`timeout` of the configuration, which is for all samples, may be longer"
        raise WrongValue(f"a fence may ask for {LONGEST} seconds at most", hint)
    if math.isfinite(number) and number > 0:
        return number
    raise WrongValue("expected a number of seconds greater than 0", 'write for example `timeout="30"`')


def prefix(value: str | None) -> str:
    """Read what hidden lines begin with."""
    if not value or value != value.strip():
        raise WrongValue("expected what hidden lines begin with", 'write for example `hidelines="!!"`')
    return value


def workdir(value: str | None) -> str:
    """Read where a sample starts: `project`, or a folder of the project, which is `project/` and its path."""
    if value == PROJECT:
        return value
    path = "/".join(part for part in (value or "").split("/") if part not in ("", "."))
    if value and not value.startswith("/") and path in ("", value.strip("/").removeprefix("./")):
        if not path:
            return PROJECT
        if is_within(path) and path.isprintable():
            return f"{PROJECT}/{path}"
    hint = 'a folder is named from that of the configuration and cannot lead out of it, as in `workdir="docs/data"`'
    raise WrongValue("expected `project`, or a folder of it", f"{hint}; without `workdir` it is an empty folder")


def width(value: str | None) -> int | str:
    """Read how many columns a terminal has, or how wide pictures are: a number of CSS with its unit."""
    if value is not None and re.fullmatch(r"[0-9]{1,4}", value) and int(value) > 0:
        return int(value)
    columns = 'a number alone is the columns of a terminal, as in `width="80"`'
    size = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,3})?|\.[0-9]{1,3})[ \t]*([a-z%]+)", (value or "").lower())
    if size is None:
        hint = f'{columns}; with a unit it is the width of pictures, as in `width="300px"` or `width="50%"`'
        raise WrongValue("expected a number of columns, or a width of pictures", hint)
    number, unit = size.groups()
    if unit not in UNITS:
        units = ", ".join(f"`{each}`" for each in UNITS)
        raise WrongValue(f"`{unit}` is no unit of a width", f"it is one of {units}; {columns}")
    if not 0 < float(number) <= (100 if unit == "%" else 9999):
        most = "100%" if unit == "%" else "9999"
        raise WrongValue(f"expected a width of pictures greater than 0 and up to {most}", 'for example `width="50%"`')
    return number + unit


def anything(value: str | None) -> str:
    """Take what there is."""
    return value or ""


def text(value: str | None) -> str:
    r"""Read text, in which `\n`, `\t` and `\\` stand for a line break, a tab and a backslash."""
    if value is None:
        raise WrongValue("expected a value", "write it behind `=`, in quotes if it holds spaces")
    return re.sub(r"\\[nt\\]", lambda escape: _ESCAPES[escape.group()], value)


def word(value: str | None) -> str:
    """Read text that is not empty."""
    if not value:
        raise WrongValue("expected a value", "write it behind `=`, in quotes if it holds spaces")
    return value


def name(value: str | None) -> str:
    """Read the name of a sample or of a session."""
    text = word(value)
    if not _NAME.fullmatch(text):
        raise WrongValue(
            "expected letters, digits, `-`, `_` and `.`", f'for example `"{_unusual(text)}"`' if _unusual(text) else ""
        )
    return text


def _unusual(text: str) -> str:
    """Return a name that is near to `text`; empty if there is none."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")


def reference(value: str | None) -> str:
    """Read the name of a sample of this page, or `other.md#name`."""
    text = word(value)
    page, mark, own = text.rpartition("#")
    if not _NAME.fullmatch(own) or (mark and not page) or any(c.isspace() for c in text):
        hint = "a sample of another page is `other.md#name`"
        if "/" in own and is_within(own):
            hint = f'give the fence with `file="{own}"` a `name`, and write that; {hint}'
        raise WrongValue("expected the name of a sample", hint)
    return text


def output_of(value: str | None) -> str:
    """Read whose output a fence holds; a bare word is that of the sample before it."""
    return PREVIOUS if value is None else reference(value)


def references(value: str | None) -> tuple[str, ...]:
    """Read names of samples, with spaces or commas between them; each counts once."""
    return tuple(dict.fromkeys(reference(text) for text in re.split(r"[\s,]+", word(value).strip(" ,"))))


def file(value: str | None) -> str:
    """Read the name of a file in the working directory."""
    text = word(value)
    if not is_within(text):
        raise WrongValue("expected the name of a file within the working directory", "for example `src/lib.rs`")
    return text


def artifacts(value: str | None) -> tuple[str, ...]:
    """Read patterns of files in the working directory; each counts once."""
    found = tuple(dict.fromkeys(word(value).split()))
    for text in found:
        if not is_within(text):
            raise WrongValue(
                f"`{text}` names no file within the working directory", 'for example `artifacts="plot.svg out/*.csv"`'
            )
    return found


NO_SESSION = "none"
"""What a fence says that stands alone, on a page that is one session."""


def requirements(value: str | None) -> tuple[str, ...]:
    """Read words like `tool:docker`; each counts once."""
    found = tuple(dict.fromkeys(word(value).split()))
    for text in found:
        kind, _, what = text.partition(":")
        if kind not in KINDS or not what:
            kinds = ", ".join(f"`{each}:`" for each in KINDS)
            hint = f"kinds are {kinds}, as in `tool:git`"
            if meant := _required(kind, what):
                hint = f"did you mean `{meant}`? {hint}"
            raise WrongValue(f"`{text}` begins with no kind, or names nothing", hint)
    return found


def _required(kind: str, what: str) -> str:
    """Return what `kind:what` may have been meant to be; empty if nobody knows."""
    if what:
        near = nearest(kind.lower(), KINDS)
        return f"{near}:{what}" if near else ""
    return f"env:{kind}" if re.fullmatch(r"[A-Z][A-Z0-9_]*", kind) else ""


def arguments(value: str | None) -> tuple[str, ...]:
    """Read words as a shell splits them."""
    import shlex

    try:
        return tuple(shlex.split(value or ""))
    except ValueError as error:
        raise WrongValue(f"expected words as in a shell ({str(error).lower()})", "quote with `'` within `\"`") from None


def variables(value: str | None) -> tuple[tuple[str, str], ...]:
    """Read `K=V` pairs as a shell splits them; sorted by name."""
    found: dict[str, str] = {}
    for pair in arguments(value):
        name, equals, content = pair.partition("=")
        if not equals or not re.fullmatch(_VARIABLE, name):
            raise WrongValue(f"expected `NAME=value`, found `{pair}`", "separate several by spaces")
        if name in found:
            raise WrongValue(f"`{name}` is there twice", "keep one of them")
        found[name] = _content(name, content)
        _bounded(len(found))
    return tuple(sorted(found.items()))


def assigned(value: Mapping[Any, object]) -> tuple[tuple[str, str], ...]:
    """Read variables as YAML has them, by name; sorted by name."""
    _bounded(len(value))
    found: dict[str, str] = {}
    for name, item in value.items():
        if not isinstance(name, str) or not re.fullmatch(_VARIABLE, name):
            raise WrongValue(f"expected the name of a variable, found `{name}`", "names are of letters, digits and `_`")
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise WrongValue(f"expected text for `{name}`", 'put it in quotes: `"…"`')
        found[name] = _content(name, str(item))
    return tuple(sorted(found.items()))


def _content(name: str, content: str) -> str:
    """Return `content`, which the variable `name` can have."""
    if found := re.search("[\0\ud800-\udfff]", content):
        raise WrongValue(f"`{name}` holds U+{ord(found[0]):04X}, a character that no variable can have", "leave it out")
    size = len(f"{name}={content}".encode())
    if size > MOST_BYTES:
        wrong = f"`{name}` is {size:,} bytes, expected {MOST_BYTES:,} at most, which is what systems hand over"
        raise WrongValue(wrong, "let the sample read it from a file")
    return content


def _bounded(variables: int) -> None:
    """Refuse more variables than `MOST_VARIABLES`."""
    if variables > MOST_VARIABLES:
        raise WrongValue(f"expected {MOST_VARIABLES:,} variables at most", "let the sample read the rest from a file")


def line_ranges(value: str | None) -> str:
    """Check line numbers and ranges, for the highlighter."""
    if value is None or not re.fullmatch(_LINE_RANGES, value):
        raise WrongValue("expected line numbers", 'write for example `hl_lines="1 3-5"`')
    return value


def line_numbers(value: str | None) -> str:
    """Check where line numbers start, for the highlighter."""
    if value is None or not re.fullmatch(_LINE_NUMBERS, value):
        raise WrongValue("expected the number of the first line", 'write for example `linenums="1"`')
    return value


def _one_of(value: str | None, known: tuple[str, ...], what: str, other: tuple[str, ...] = ()) -> str:
    """Return `value` if it is one that is known; `other` names are as good as these, and were read before."""
    if value in known:
        return value
    known = (*known, *other)
    meant = nearest(value or "", known)
    guess = f"did you mean `{meant}`? " if meant else ""
    raise WrongValue(f"expected {what}", f"{guess}it is one of {', '.join(f'`{name}`' for name in known)}")
