"""Links from error codes to Rust's error index."""

from __future__ import annotations

import re

_HEADER = re.compile(
    r"^(?P<before>(?:\x1b\[[0-9;]*m)*error\[)(?P<code>E\d{4})(?P<after>\](?:\x1b\[[0-9;]*m)*: .*\n(?:\x1b\[[0-9;]*m| )*--> )",
    re.MULTILINE,
)
"""The head of a message of rustc, and the place under it; a program may print the head of something else."""
_PAGE = "https://doc.rust-lang.org/error_codes/{}.html"


def linked(text: str) -> str:
    """Return `text` with the codes of rustc's errors made links, as `rustc -Zterminal-urls=yes` writes them (OSC 8)."""
    return _HEADER.sub(_linked, text) if "error[E" in text else text


def _linked(match: re.Match[str]) -> str:
    address = _PAGE.format(match["code"])
    return f"{match['before']}\x1b]8;;{address}\x1b\\{match['code']}\x1b]8;;\x1b\\{match['after']}"
