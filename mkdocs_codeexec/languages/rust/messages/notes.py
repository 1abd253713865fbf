"""What compilers and panics tell everybody alike, and no reader of a page has a use for."""

from __future__ import annotations

import re

_SGR = r"(?:\x1b\[[0-9;]*m)"
_SUMMARIES = re.compile(
    rf"^{_SGR}+(?:error|warning){_SGR}+: "
    rf"(?:aborting due to (?:\d+ previous errors?|\d+ warnings?)(?:; \d+ warnings? emitted)?|\d+ warnings? emitted){_SGR}*(?:\n|\Z)\n?"
    rf"|^{_SGR}+(?:For more information about (?:this|an) error, try `rustc --explain E\d{{4}}`\."
    rf"|Some errors have detailed explanations: E\d{{4}}(?:, E\d{{4}})*(?:\.\.\.)?\.?){_SGR}*(?:\n|\Z)",
    re.MULTILINE,
)
"""rustc's last words: it colours them, which tells them from what a program prints."""
_TYPE_FILE = re.compile(
    rf"^(?:{_SGR}| )*= {_SGR}*note{_SGR}*: (?:the full (?:type name|name for the type) has been written to '.*'"
    rf"|consider using `--verbose` to print the full type name to the console){_SGR}*(?:\n|\Z)",
    re.MULTILINE,
)
"""About a file that is gone."""
_NIGHTLY = re.compile(r" \(in Nightly builds, run with -Z macro-backtrace for more info\)")
_PANICKED = re.compile(r"^thread '[^'\n]*'(?: \(\d+\))? (?:panicked at|has overflowed)", re.MULTILINE)
_BACKTRACE = re.compile(
    r"^note: (?:run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
    r"|Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace\.)\n?",
    re.MULTILINE,
)


def without_notes(text: str) -> str:
    """Return `text`, output of rustc or of a program, without the notes that stand below every error or panic."""
    if "\x1b[" in text:
        text = _NIGHTLY.sub("", _TYPE_FILE.sub("", _SUMMARIES.sub("", text)))
    panicked = _PANICKED.search(text) if "RUST_BACKTRACE" in text else None
    return text[: panicked.end()] + _BACKTRACE.sub("", text[panicked.end() :]) if panicked else text
