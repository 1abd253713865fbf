"""A store in one file, which is written and read; `-` is standard output and standard input."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.files import is_stream
from mkdocs_codeexec.runtime import bundles
from mkdocs_codeexec.runtime.blobs import KeptBlobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs_codeexec.runtime.bundles import Objection, Taken
    from mkdocs_codeexec.untrusted import Place, Tree


def export(tree: Tree, needed: Iterable[Place], name: str) -> tuple[int, int]:
    """Write what is `needed` of a store, and what it knows of Environments, into the file `name`; return how many files, and bytes.

    Raises:
        CodeExecError: It cannot be written.
    """
    places = [*needed, *bundles.environments(tree)]
    try:
        if name == "-":
            return bundles.write(tree, places, sys.stdout.buffer)
        if is_stream(Path(name).absolute()):
            with Path(name).open("ab") as opened:
                return bundles.write(tree, places, opened)
        with tempfile.NamedTemporaryFile(dir=Path(name).absolute().parent, prefix=".codeexec-", delete=False) as out:
            try:
                written = bundles.write(tree, places, out)
                Path(out.name).chmod(0o644)
                Path(out.name).replace(name)
            except BaseException:
                Path(out.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CodeExecError(f"`{name}` cannot be written: {error.strerror or error}") from error
    return written


def take(tree: Tree, name: str, objection: Objection) -> Taken:
    """Put into a store what the file `name` holds; what is known of Environments only without an `objection`.

    Raises:
        CodeExecError: It cannot be read, or the store not written.
    """
    blobs = KeptBlobs(tree)
    try:
        if name == "-":
            return bundles.read(tree, blobs, sys.stdin.buffer, objection)
        with Path(name).open("rb") as source:
            return bundles.read(tree, blobs, source, objection)
    except ValueError as error:
        raise CodeExecError(f"`{name}`: {error}") from error
    except OSError as error:
        raise CodeExecError(f"`{name}` cannot be read, or the store not written: {error.strerror or error}") from error
