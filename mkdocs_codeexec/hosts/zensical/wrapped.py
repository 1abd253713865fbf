"""`codeexec zensical`: Zensical, with samples answered before it looks at a page.

What they came to is handed over as a part of the configuration, so that Zensical keeps pages for as long as it is the same.
The user's file stays as it is: Zensical is given more than it has read there.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.host import ZENSICAL_FILES
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError
from mkdocs_codeexec.hosts.zensical.process import process
from mkdocs_codeexec.sites import NAMES, not_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEY = "codeexec"
"""Of `extra`: whatever stands there is a part of the hash under which pages are kept."""


def run(command: str, arguments: Sequence[str], file: str | None) -> int:
    """Have Zensical build or serve, and return the exit status.

    Args:
        command: `build` or `serve`.
        arguments: Of Zensical, as they are.
        file: The site's configuration; None for the one that Zensical finds.

    Raises:
        ConfigurationError: Zensical is not installed, or its configuration cannot be used.
    """
    try:
        reading: Any = importlib.import_module("zensical.config")
        cli: Any = importlib.import_module("zensical.main").cli
    except ImportError as error:
        raise ConfigurationError(f"Zensical cannot be imported: {error}\n\nhint: `pip install zensical`\n") from error
    found = file or next((name for name in ZENSICAL_FILES if Path(name).exists()), None)
    if found is None:
        raise ConfigurationError(f"there is none of {', '.join(f'`{name}`' for name in ZENSICAL_FILES)} in this folder")
    process.building, process.handing, process.file = command == "build", True, found
    process.strict = not {"-s", "--strict"}.isdisjoint(arguments)
    usual = reading.parse_config
    first: list[dict[str, Any]] = []

    def parse_config(path: str) -> dict[str, Any]:
        if first:
            return first.pop()
        config: dict[str, Any] = usual(path)
        return _handed(config, path)

    def zensical() -> int:
        sys.argv = ["zensical", command, *arguments]
        cli([command, "-f", found, *arguments], prog_name="zensical", standalone_mode=False)
        return 0

    first.append(_first(parse_config, os.path.abspath(found)))  # noqa: PTH100 - as Zensical names it
    reading.parse_config = parse_config
    try:
        return _apart(zensical) if process.building else _status(zensical)
    finally:
        reading.parse_config = usual


def _first(parse_config: Callable[[str], dict[str, Any]], path: str) -> dict[str, Any]:
    from click import ClickException

    try:
        return parse_config(path)
    except CodeExecError:
        raise
    except ClickException as error:
        raise ConfigurationError(f"`{path}`: {error.format_message()}") from error
    except Exception as error:
        raise ConfigurationError(f"`{path}`: Zensical cannot read it: {type(error).__name__}: {error}") from error


def _handed(config: dict[str, Any], path: str) -> dict[str, Any]:
    """Return `config`, read from `path`, with a digest of what all samples came to."""
    name = next((name for name in NAMES if name in config["markdown_extensions"]), None)
    if name is None:
        raise ConfigurationError(not_named(Path(path), zensical=True))
    site = process.site(config, config["mdx_configs"].get(name) or {})
    site.cache.trust()
    site.hand()
    site.rendered()
    config["extra"][KEY] = site.fingerprint()
    return config


def _status(zensical: Callable[[], int]) -> int:
    from click import ClickException
    from click.exceptions import Abort, Exit

    try:
        return zensical()
    except ClickException as error:
        error.show()
        return 2
    except Exit as done:
        return done.exit_code
    except RuntimeError as error:  # of the part in Rust: `--strict`, an address that is in use
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except Abort:
        raise KeyboardInterrupt from None


def _apart(zensical: Callable[[], int]) -> int:
    """Run Zensical in a process of its own: where a page cannot be rendered, or a link is broken, it ends its process.

    What samples came to is told at the end by whoever is left.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 3
        try:
            status = _status(zensical)
            status = process.end() or status
            os.write(write, b"told")
        except KeyboardInterrupt:
            status = 130
        except Exception:  # noqa: BLE001 - what Zensical raises is shown as Python shows it when `zensical` raises it
            sys.excepthook(*sys.exc_info())
            status = 1
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(status)
    os.close(write)
    try:
        ended = os.waitpid(child, 0)[1]
    except KeyboardInterrupt:
        os.waitpid(child, 0)
        raise
    with os.fdopen(read, "rb") as said:
        told = said.read()
    status = os.waitstatus_to_exitcode(ended)
    if told:
        process.leave()
    else:
        status = process.end() or status
    return status if status >= 0 else 128 - status
