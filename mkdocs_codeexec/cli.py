"""The command `codeexec`: what can be done with the samples of a site without building it.

Exit status: 0 if all is well, 1 if a sample is not, 2 for usage and configuration, 3 if this machine cannot execute
samples (no compiler, a registry that is not reached), 130 if it was interrupted.
"""

from __future__ import annotations

import argparse
import functools
import logging
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.plugins import BasePlugin, event_priority

from mkdocs_codeexec.commands import Context, doctor
from mkdocs_codeexec.commands.check import Collected, check
from mkdocs_codeexec.config import check_apart, read_environment, settings_from
from mkdocs_codeexec.core.expectation import Errored
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import Cancelled, CodeExecError, ConfigurationError, nearest
from mkdocs_codeexec.hosts.mkdocs.options import PluginOptions
from mkdocs_codeexec.hosts.mkdocs.plugin import CodeExecPlugin
from mkdocs_codeexec.hosts.mkdocs.serve import depth
from mkdocs_codeexec.report.console import Console, plainly, wants_color
from mkdocs_codeexec.report.run import distinct
from mkdocs_codeexec.runtime.cpus import usable_cpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from mkdocs_codeexec.commands import Command
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.pages import Pages

COMMANDS: Mapping[str, Command] = {"doctor": doctor}
"""Those that are a file in `commands`."""
UNDELIVERED = ("plan", "run", "watch", "status", "cache")
"""Commands that are agreed on and not written yet."""
NESTING = {"i18n"}
"""Plugins whose builds have others within them, which begin when the site is written: to a folder that is thrown away."""
INTERRUPTED = 130
"""What shells say of a program that ended by SIGINT."""

_log = logging.getLogger("mkdocs.plugins.codeexec")


def main(argv: Sequence[str] | None = None) -> int:
    """Execute one command and return the exit status.

    Raises:
        SystemExit: The command line is wrong, or asks for help.
    """
    arguments = _arguments(argv)
    with _log_on_stderr():
        try:
            if arguments.command in COMMANDS:
                return COMMANDS[arguments.command].execute(_context(arguments))
            with tempfile.TemporaryDirectory(prefix="codeexec-check-") as name:
                found = _collected(arguments.config_file, Path(name))
                return check(found, arguments.repeat, Path(name), as_json=arguments.json)
        except (KeyboardInterrupt, Cancelled):
            _log.error("interrupted")
            return INTERRUPTED
        except Abort:  # MkDocs has told why
            return 2
        except (ConfigurationError, MkDocsException) as error:
            _log.error("%s", plainly(str(error)))
            return 2
        except (CodeExecError, OSError) as error:
            _log.error("%s", plainly(str(error)))
            return 3
        except Exception:  # noqa: BLE001 - it must not end with 1, which says that a sample failed
            _log.exception("a fault of mkdocs-codeexec itself; please report it")
            return 3


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"codeexec: {message}\n\nhint: `codeexec --help` lists commands and options\n")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="codeexec",
        usage="codeexec [-f FILE] [--json] check [--repeat N] | doctor [--probe]",
        description="check: execute every sample of a MkDocs site several times, cold, and find those that fail or do not "
        "repeat; no outcome is stored. doctor: tell what there is on this machine and what is missing; with --probe, try "
        "what a sample can reach.",
        allow_abbrev=False,
    )
    parser.add_argument("-f", "--config-file", metavar="FILE", help="the site's configuration (default: mkdocs.yml)")
    parser.add_argument("--json", action="store_true", help="write the report as JSON")
    parser.add_argument("--repeat", metavar="N", type=_times, help="`check`: how often (default: 3)")
    for command in COMMANDS.values():
        command.arguments(parser)
    parser.add_argument("command", metavar="check|doctor")
    found, rest = parser.parse_known_args(argv)
    known = ("check", *COMMANDS)
    if found.command in UNDELIVERED:
        parser.error(
            f"`{found.command}` is not available in this version of mkdocs-codeexec, only `check` and `doctor` are"
        )
    if found.command not in known:
        near = nearest(found.command, known)
        parser.error(f"there is no command `{found.command}`" + (f", did you mean `{near}`?" if near else ""))
    if found.repeat is not None and found.command != "check":
        rest = ["--repeat", *rest]
    if found.probe and found.command != "doctor":
        rest = ["--probe", *rest]
    if rest:
        parser.error(f"`{rest[0]}` is not an argument of `{found.command}`")
    found.repeat = found.repeat or 3
    return found


def _context(arguments: argparse.Namespace) -> Context:
    """Return what a command is given that needs no page of the site, which need not even be there."""
    console = Console(log=_log, color=wants_color(read_environment(), sys.stderr))
    return Context(arguments, console, functools.partial(_settings, arguments), functools.partial(_named, arguments))


def _settings(arguments: argparse.Namespace) -> Settings:
    options, folder, others = _options(arguments)
    settings = settings_from(options, project_dir=folder, environ=read_environment(), cpus=usable_cpus)
    check_apart(settings, others)
    return settings


def _named(arguments: argparse.Namespace) -> Mapping[str, object]:
    found = _options(arguments)[0].get("languages")
    return found if isinstance(found, dict) else {}


def _options(arguments: argparse.Namespace) -> tuple[Mapping[str, Any], Path, Mapping[str, Path]]:
    """Return what a site says, its folder, and those that MkDocs reads or writes; nothing for a folder without a site."""
    if arguments.config_file is None and not any(Path(name).exists() for name in ("mkdocs.yml", "mkdocs.yaml")):
        return {}, Path.cwd(), {}
    config = load_config(arguments.config_file)
    plugin = next((each for each in config.plugins.values() if isinstance(each, CodeExecPlugin)), None)
    folder = Path(config.config_file_path).absolute().parent
    others = {"docs_dir": Path(config.docs_dir), "site_dir": Path(config.site_dir)}
    return (plugin.options if plugin else {}), folder, others


def _times(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got `{text}`")
    return int(text)


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    """Show what MkDocs warns of, and what this package says."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)-7s -  %(message)s"))
    mkdocs = logging.getLogger("mkdocs")
    before = (mkdocs.level, _log.level)
    mkdocs.addHandler(handler)
    mkdocs.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        mkdocs.removeHandler(handler)
        mkdocs.setLevel(before[0])
        _log.setLevel(before[1])


class _Enough(Exception):  # noqa: N818 - says what it means
    """Ends a build of MkDocs when every page is rendered; holds what was found."""

    def __init__(self, found: Collected) -> None:
        super().__init__()
        self.found = found


class _Collecting(BasePlugin[PluginOptions]):  # type: ignore[no-untyped-call]
    """Keeps a build from executing anything, and ends it before anything is written.

    Args:
        plugin: Ours, in the same build.
        cache_dir: A store that is empty.
    """

    def __init__(self, plugin: CodeExecPlugin, cache_dir: Path) -> None:
        self._plugin = plugin
        self._cache_dir = cache_dir
        self._settings: Settings | None = None
        self._found: Collected | None = None
        self._resolved: list[Resolved] = []
        self._texts: dict[str, str] = {}

    @property
    def _pages(self) -> Pages | None:
        return self._plugin.pages

    @event_priority(-101)  # Right after the plugin's own.
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Keep the settings, and let the build go on with others."""
        pages = self._pages
        if pages is None or not pages.engine.settings.enabled:
            raise ConfigurationError("nothing can be checked: `enabled: false` or `CODEEXEC_EXECUTE=off` is set")
        self._settings = settings = pages.engine.settings
        self._set(pages, replace(settings, execute="never", cache_dir=self._cache_dir))
        return config

    @event_priority(99)  # Right after the plugin's own.
    def on_env(self, env: object, *, config: MkDocsConfig, files: Files) -> None:
        """Take the samples, and end the build, unless it has others within it, of which the last one ends all."""
        del env
        pages = self._pages
        if pages is None or self._settings is None:
            return
        self._resolved = distinct([*self._resolved, *pages.resolved()])
        samples = [(s.sample, s.why if isinstance(s.verdict, Errored) else None) for s in self._resolved]
        self._texts |= {file.src_uri: file.content_string for file in files.documentation_pages()}
        self._found = Collected(self._settings, pages.console, pages.theme_dirs, samples, self._texts)
        self._set(pages, replace(pages.engine.settings, enabled=False))  # nothing is told of it
        if not NESTING & set(config.plugins):
            raise _Enough(self._found)

    def _set(self, pages: Pages, settings: Settings) -> None:
        pages.engine = Engine(settings, pages.console, languages=pages.engine.languages)

    @event_priority(-999)  # After the builds of other languages, and before the plugin's own.
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """End the outermost build."""
        del config
        if depth() == 1 and self._found is not None:
            raise _Enough(self._found)


def _collected(config_file: str | None, folder: Path) -> Collected:
    """Return what is on the pages of a site: MkDocs renders them, with all its plugins, and nothing is executed.

    Raises:
        ConfigurationError: The site does not use this plugin, or has it switched off.
        MkDocsException: MkDocs cannot build the site; what is an `Abort` has been told.
    """
    config = load_config(config_file, site_dir=str(folder / "site"), strict=False)
    plugin = next((each for each in config.plugins.values() if isinstance(each, CodeExecPlugin)), None)
    if plugin is None:
        raise ConfigurationError(
            f"`{config.config_file_path}`: `codeexec` is not among `plugins`\n\nhint: add it, or name another file with `-f`\n"
        )
    config.plugins["codeexec-check"] = _Collecting(plugin, folder / "cache")
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    except _Enough as enough:
        return enough.found
    except (CodeExecError, MkDocsException):
        raise
    except Exception as error:
        _log.debug("the reason", exc_info=True)
        raise ConfigurationError(f"MkDocs cannot build the site: {type(error).__name__}: {error}") from error
    finally:
        config.plugins.on_shutdown()
    raise ConfigurationError("another plugin ended the build of the site before its samples were known")


if __name__ == "__main__":
    sys.exit(main())
