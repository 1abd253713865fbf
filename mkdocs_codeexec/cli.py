"""The command `codeexec`: what can be done with the samples of a site without building it.

Exit status: 0 if all is well, 1 if a sample is not, 2 for usage and configuration, 3 if one could not be tried (no compiler,
a registry that is not reached, an option that is refused), which prevails over 1, 130 if it was interrupted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import logging
import os
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from mkdocs_codeexec import __version__
from mkdocs_codeexec.commands import Context
from mkdocs_codeexec.core.host import FILES
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import Cancelled, CodeExecError, ConfigurationError, Mistake, nearest
from mkdocs_codeexec.report.console import Console, Lines, plainly, wants_color

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.commands import Command
    from mkdocs_codeexec.report.moment import Moment

COMMANDS = ("plan", "explain", "run", "watch", "check", "promote", "new", "status", "cache", "doctor", "zensical")
"""Each a file of `commands/`, which is imported when it is asked for."""
PLAIN = ("zensical",)
"""Those in which a host runs that has no log: all lines are `codeexec: …`."""
UNDELIVERED = ("live", "server")
"""Commands that are agreed on and not written yet."""
EPILOG = """\
Options may stand before the command and behind it.

exit status:
  0    all is well
  1    a sample failed or differs (run, check, zensical), or a fence holds
       something else than its sample prints (promote); Zensical failed, or
       could not try a sample (zensical); something is missing (doctor), or
       damaged (cache)
  2    the command line, or the configuration of the site, cannot be used
  3    a sample could not be tried: no compiler, a language that is not set up, an
       option that is refused (run, check, whatever became of others); or this machine,
       or codeexec itself, is in the way
  130  interrupted"""
FORMAT = 1
"""Of what programs are told of an error."""
INTERRUPTED = 130
"""What shells say of a program that ended by SIGINT."""
HOSTS = ("mkdocs", "properdocs")
"""Loggers of hosts; plugins have theirs below."""

_log = logging.getLogger("mkdocs.plugins.codeexec")


def main(argv: Sequence[str] | None = None) -> int:
    """Execute one command and return the exit status.

    Raises:
        SystemExit: The command line is wrong, or asks for help.
    """
    if sys.stdout is None:  # it was closed before we were started
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as this process lives
    arguments, began = argparse.Namespace(), (dt.datetime.now(dt.UTC), time.monotonic())
    with _log_on_stderr() as handler:
        try:
            arguments = _arguments(sys.argv[1:] if argv is None else argv)
            if arguments.command in PLAIN:
                handler.setFormatter(Lines())
            arguments.began = began
            arguments.moment = _for_programs(handler, getattr(arguments, "log_format", None))
            console = Console(log=_log, color=wants_color(read_environment(), sys.stderr))
            return _executed(Context(arguments, console))
        except (KeyboardInterrupt, Cancelled):
            _log.error("interrupted")
            return INTERRUPTED
        except ConfigurationError as error:
            _log.error("%s", plainly(str(error)))
            _tell_programs(arguments, *error.mistakes)
            return 2
        except BrokenPipeError:  # whoever reads the report has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 3
        except (CodeExecError, OSError) as error:
            _log.error("%s", plainly(str(error)))
            _tell_programs(arguments, Mistake.of(str(error)))
            return 3
        except Exception as error:  # noqa: BLE001 - it must not end with 1, which says that a sample failed
            _log.exception("a fault of mkdocs-codeexec itself; please report it")
            _tell_programs(arguments, Mistake(f"internal error: {type(error).__name__}: {error}"))
            return 3


def _for_programs(handler: logging.Handler, asked: str | None) -> Moment | None:
    """Have the log be lines of JSON, if the command line has `asked` for it or the environment does; return their run.

    Raises:
        ConfigurationError: The environment says neither.
    """
    environ = read_environment()
    if not asked and not environ.get("CODEEXEC_LOG_FORMAT"):
        return None
    from mkdocs_codeexec.report.events import Records, in_json
    from mkdocs_codeexec.report.moment import Moment

    if not in_json(environ, asked):
        return None
    moment = Moment()
    handler.setFormatter(Records(moment))
    return moment


def _tell_programs(arguments: argparse.Namespace, first: Mistake, *others: Mistake) -> None:
    """Write on standard output, instead of the report in JSON that was asked for, why there is none."""
    if not getattr(arguments, "json", False):
        return
    rows = [{**one._asdict(), "file": one.file or None, "line": one.line or None} for one in (first, *others)]
    with suppress(OSError):  # nobody reads it
        sys.stdout.write(json.dumps({"format": FORMAT, "error": rows[0], "others": rows[1:]}, indent=1) + "\n")
        sys.stdout.flush()


def _executed(context: Context) -> int:
    status = _loaded(context.arguments.command).execute(context)
    sys.stdout.flush()  # while it can still be told that it cannot be written
    return status


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says; options may stand before the command and behind it."""
    first = [name for name in COMMANDS if list(argv[:1]) == [name]]  # what stands first is no option's value
    scout = _Scout("codeexec", "" if first else _overview())
    for name in first or COMMANDS:
        _loaded(name).arguments(scout)
    asked = scout.parse_known_args(argv)[0]
    name = _command(scout, asked)
    command = _loaded(name)
    parser = _Parser(f"codeexec {name}", f"{command.ABOUT[:1].upper()}{command.ABOUT[1:]}.")
    parser.add_argument("command", help=argparse.SUPPRESS)
    command.arguments(parser)
    if asked.help:
        parser.tell(parser.format_help())
    found, rest = parser.parse_known_intermixed_args(argv)
    if rest:
        near = nearest(rest[0].partition("=")[0], parser.options) if rest[0].startswith("-") else None
        parser.error(f"`{rest[0]}` is not an argument of `{name}`" + (f", did you mean `{near}`?" if near else ""))
    return found


def _loaded(name: str) -> Command:
    return cast("Command", importlib.import_module(f"mkdocs_codeexec.commands.{name}"))


def _command(scout: _Scout, found: argparse.Namespace) -> str:
    """Return the name of the command that was asked for; end the program if that is none, or the question is another one."""
    if found.version:
        scout.tell(f"mkdocs-codeexec {__version__}\n")
    name: str | None = found.command
    if name is None and found.help:
        scout.tell(scout.format_help())
    if name is None:
        scout.error(f"a command is required: {' or '.join(COMMANDS)}")
    if name in UNDELIVERED:
        there = " and ".join(f"`{known}`" for known in COMMANDS)
        scout.error(f"`{name}` is not available in this version of mkdocs-codeexec, only {there} are")
    if name not in COMMANDS:
        near = nearest(name, COMMANDS)
        scout.error(f"there is no command `{name}`" + (f", did you mean `{near}`?" if near else ""))
    return name


def _overview() -> str:
    """Return what `--help` says of all commands."""
    told = [f"  {name:<9}{_loaded(name).ABOUT}" for name in COMMANDS]
    return "\n".join(("What can be done with the samples of a site without building it.", "", "commands:", *told))


class _Parser(argparse.ArgumentParser):
    """Reads a command line, and says what is wrong with it in our words.

    Args:
        prog: The words that it begins with.
        about: What it is about.
    """

    def __init__(self, prog: str, about: str) -> None:
        super().__init__(
            prog=prog,
            description=about,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
            conflict_handler="resolve",  # commands may have options of one name
        )
        site = f"the file of the site (default: what is there of {', '.join(FILES)})"
        self.add_argument("-f", "--config-file", metavar="FILE", action=_Once, help=site)
        self.add_argument("-h", "--help", action="store_true", help="tell this, or what a command understands")
        self.add_argument("--version", action="store_true", help="tell the version")

    @property
    def options(self) -> tuple[str, ...]:
        """The options that it knows, as they are written."""
        return tuple(name for action in self._actions for name in action.option_strings)

    def tell(self, text: str) -> NoReturn:
        """Write `text` and end the program.

        Raises:
            OSError: It cannot be written.
        """
        sys.stdout.write(text)
        sys.stdout.flush()  # while it can still be told that it cannot be written
        self.exit()

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"codeexec: {message}\n\nhint: `codeexec --help` lists commands and options\n")


class _Scout(_Parser):
    """Finds the command in a command line that begins with an option: it knows those of all commands, as what follows may be a value."""

    def __init__(self, prog: str, about: str) -> None:
        self._for_all = True
        super().__init__(prog, about)
        self._for_all = False
        self.usage = "codeexec [-f FILE] [--json] COMMAND …"
        super().add_argument("command", nargs="?", help=argparse.SUPPRESS)

    def add_argument(self, *names: Any, **how: Any) -> argparse.Action:
        """Add an option, which the help of its command tells; what follows a command is not looked at."""
        if names and str(names[0]).startswith("-"):
            return super().add_argument(*names, **how if self._for_all else {**how, "help": argparse.SUPPRESS})
        return argparse.Action([], "")


class _Once(argparse.Action):
    """An option that may be given once."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"`{option_string}` was given twice: this command is about one site")
        setattr(namespace, self.dest, values)


@contextmanager
def _log_on_stderr() -> Iterator[logging.Handler]:
    """Show what hosts warn of, and what this package says, in the style of MkDocs."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)-7s -  %(message)s"))
    hosts = [logging.getLogger(name) for name in HOSTS]
    levels = [(log, log.level) for host in hosts for log in (host, host.getChild("plugins.codeexec"))]
    for host in hosts:
        host.addHandler(handler)
    for log, _ in levels:
        log.setLevel(logging.WARNING if log in hosts else logging.INFO)
    try:
        yield handler
    finally:
        for host in hosts:
            host.removeHandler(handler)
        for log, level in levels:
            log.setLevel(level)


if __name__ == "__main__":
    sys.exit(main())
