"""The arguments with which cargo called rustc, made fit for samples.

A probe program is built in the Environment under a wrapper that writes its arguments down: nothing else knows renamed
dependencies, features, native search paths and the user's own flags all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

VARIABLE = "CODEEXEC_CAPTURED"
"""Names the file that arguments are written to."""
_WRAPPER = f"""\
#!/bin/sh
# Writes down how rustc is called for the probe, then calls it. `RUSTC_WORKSPACE_WRAPPER` is in the cargo book.
case " $* " in
*" --crate-name @CRATE@ "*" --emit="*)
    for word in "$@"; do printf '%s\\0' "$word"; done > "${VARIABLE}.new" && mv "${VARIABLE}.new" "${VARIABLE}" ;;
esac
exec "$@"
"""

_WITH_VALUE = frozenset(
    {"--crate-name", "--crate-type", "--edition", "--emit", "--out-dir", "-o", "--error-format", "--json"}
    | {"--extern", "-L", "-l", "-C", "--codegen", "--cfg", "--check-cfg", "--target", "--cap-lints", "-Z", "--sysroot"}
    | {"-A", "--allow", "-W", "--warn", "-D", "--deny", "-F", "--forbid", "--force-warn", "--print", "--env-set"}
    | {"--remap-path-prefix", "--diagnostic-width", "--color", "--explain"}
)
"""rustc's options that take a value, which may be an argument of its own (`rustc --help -v`)."""

_OURS = frozenset(
    {"--crate-name", "--crate-type", "--edition", "--emit", "--out-dir", "-o", "--error-format", "--json"}
    | {"--check-cfg", "--diagnostic-width", "--color"}
)
_OUR_CODEGEN = frozenset(
    {"metadata", "extra-filename", "incremental", "debuginfo", "strip", "codegen-units", "split-debuginfo"}
)
"""What a sample is given by us, or has no use for."""


class Arguments(NamedTuple):
    """What an Environment adds to the command line of rustc.

    Attributes:
        argv: The arguments.
        libraries: The files that they name.
        native: Folders of native libraries, which programs need at run time, too.
        externs: The names by which samples know crates, in the order of the command line.
        local: Folders of the local packages among them.
        sees: What samples may see of all that was built.
    """

    argv: tuple[str, ...] = ()
    libraries: tuple[Path, ...] = ()
    native: tuple[str, ...] = ()
    externs: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()


def wrapper(crate: str) -> str:
    """Return the program that cargo starts instead of rustc: it records how the probe `crate` is compiled."""
    return _WRAPPER.replace("@CRATE@", crate)


def read(captured: bytes, target: Path) -> Arguments:
    """Return what was captured, as arguments for samples; `target` is the target directory.

    Raises:
        ValueError: It is not what the wrapper writes.
    """
    words = captured.decode("utf-8", "surrogateescape").split("\0")
    if len(words) < 3 or words[-1]:
        raise ValueError("the arguments of rustc were not captured")
    argv: list[str] = []
    libraries: list[Path] = []
    native: list[str] = []
    externs: list[str] = []
    for option, value, spelling in _options(words[1:-1]):
        if option in _OURS or (option in ("-C", "--codegen") and value.partition("=")[0] in _OUR_CODEGEN):
            continue
        argv += spelling
        if option == "--extern":
            name, _, library = value.partition("=")
            externs.append(name.rpartition(":")[2])  # without `noprelude:` and the like
            if library:
                libraries.append(Path(library))
        elif option == "-L":
            folder = value.removeprefix("native=").removeprefix("all=")
            # cargo puts on the search path what build scripts made, and leaves the system's folders alone.
            if not value.startswith(("dependency=", "crate=", "framework=")) and Path(folder).is_relative_to(target):
                native.append(folder)
    return Arguments(tuple(argv), tuple(libraries), tuple(native), tuple(externs))


def _options(words: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield every option with its value and its spelling; the source file is left out."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, value = word.partition("=")
        if word in _WITH_VALUE and index < len(words):
            value = words[index]
            index += 1
            yield word, value, (word, value)
        elif word.startswith("--"):
            yield name, value if equals else "", (word,)
        elif word.startswith("-"):
            yield word[:2], word[2:].removeprefix("="), (word,)
