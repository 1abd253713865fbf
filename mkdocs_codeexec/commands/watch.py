"""`codeexec watch`: as `codeexec run`, and again after each change."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.commands import add_json
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import add_selection
from mkdocs_codeexec.commands.site import expected
from mkdocs_codeexec.commands.watching.following import command, follow
from mkdocs_codeexec.commands.watching.rounds import Rounds
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import ConfigurationError, Mistake
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.console import ERROR, plainly
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.volume import within_bounds
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.commands.watching.following import Followed
    from mkdocs_codeexec.commands.watching.rounds import Round

ABOUT = "execute what the store lacks, and again after each change of a page, or of what samples are made of"
FORMAT = 1
DEBOUNCE = 0.3
MOST = 3
"""Files that are named."""
AGAIN = 2
"""How often a command is run after rounds that nothing but itself can have begun."""
SECONDS = 0.1
"""How long it may take until the system has told of what a command has written."""
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    add_selection(parser)
    about = "run this after each round, outside of the sandbox; it is taken apart as by a shell, and no shell runs it"
    parser.add_argument("--exec", dest="follow", metavar="COMMAND", type=command, help=about)
    about = f"how long nothing must change before a round is told (default: {DEBOUNCE:g})"
    parser.add_argument("--debounce", metavar="SECONDS", type=_seconds, default=DEBOUNCE, help=about)
    parser.add_argument("--no-clear", action="store_true", help="do not clear the terminal before each round")


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 60:
        raise argparse.ArgumentTypeError(f"expected seconds from 0 to 60, got `{text}`")
    return found


def execute(context: Context) -> int:
    """Execute the samples that are asked for, again after each change, until it is interrupted; write each round on standard output.

    Raises:
        KeyboardInterrupt: It was interrupted, which is how it ends.
        ConfigurationError: There is no site, or what is asked for is not there.
    """
    asked = context.arguments
    file = expected(context.file)
    if not file.is_file():
        raise ConfigurationError(f"`{file}`: there is no such file\n\nhint: `-f` names the file of a site\n")
    clears = sys.stdout.isatty() and read_environment().get("TERM") != "dumb" and not (asked.no_clear or asked.json)
    telling = _Telling(context, clears=clears)
    following = _Following(asked.follow, as_json=asked.json)
    with _ended_by_signals(), Rounds(file, asked, asked.debounce, context.console.say, telling.begin) as rounds:
        for number, done in enumerate(rounds.each(), start=1):
            if number == 1 and done.found is not None and isinstance(done.fault, ConfigurationError):
                raise done.fault  # nobody meant to wait for a page that is misspelt
            telling.tell(number, done)
            followed = following.after(done, rounds)
            telling.end(number, done, followed)
            if number == 1:
                context.console.say("waiting for changes; Ctrl-C ends it")
    raise AssertionError


class _Telling:
    """Writes what rounds come to.

    Args:
        context: Of the command.
        clears: Whether the terminal is cleared when one begins.
    """

    def __init__(self, context: Context, *, clears: bool) -> None:
        self._console = context.console
        self._as_json = context.arguments.json
        self._clears = clears

    def begin(self) -> None:
        """Begin a round."""
        if self._clears:
            sys.stdout.write(CLEAR)
            sys.stdout.flush()

    def tell(self, number: int, done: Round) -> None:
        """Tell what a round came to, and keep it in the history if anything was executed."""
        if done.run is None or done.found is None:
            self._console.log.log(ERROR, "%s", plainly(str(done.fault)))
            self._console.say("nothing is executed until that is mended; the next change is waited for")
            return
        found, run = done.found, done.run
        if found.settings.keeps and run.executed:
            run.write(found.settings.cache_dir, found.console)
        if run.executed and done.engine is not None and (wrong := done.engine.hooking.after(run.to_json)):
            found.console.warn(wrong)
        if self._as_json or done.engine is None:
            return
        console = on_stdout(found.settings)
        told = failures(
            run.resolved, done.engine.languages, lambda at: found.pages.get(at.page, ""), found.settings.host.file
        )
        for failure in within_bounds(told):
            console.tell(failure, rows.failing(suspended=found.settings.fail_on_suspended))
        console.say(f"round {number}{_because(done.changed)}: {run.summary()}")
        sys.stdout.flush()

    def end(self, number: int, done: Round, followed: Followed | None) -> None:
        """Tell how the command ended that was run after a round; write the line that is for programs."""
        if self._as_json:
            sys.stdout.write(json.dumps(_report(number, done, followed)) + "\n")
        elif followed is not None:
            sys.stdout.write(f"`{shlex.join(followed.argv)}`: {followed.words} ({followed.seconds:.1f} s)\n")
        sys.stdout.flush()


class _Following:
    """Runs the user's command after rounds, and sees to it that this has an end.

    Args:
        argv: The command; None if there is none.
        as_json: Whether standard output is for programs.
    """

    def __init__(self, argv: tuple[str, ...] | None, *, as_json: bool) -> None:
        self._argv = argv
        self._as_json = as_json
        self._own: frozenset[str] = frozenset()
        self._times = 0

    def after(self, done: Round, rounds: Rounds) -> Followed | None:
        """Run the command, unless it has begun this round, and the one before, itself; return how it ended."""
        if self._argv is None or done.run is None:
            return None
        alone = bool(done.changed) and self._own.issuperset(done.changed)
        self._times = self._times + 1 if alone else 0
        if self._times > AGAIN:
            what = _because(done.changed, "{}")
            rounds.say(f"`{shlex.join(self._argv)}` is not run again: each time it changes what is watched ({what})")
            return None
        followed = follow(self._argv, on_stderr=self._as_json)
        rounds.sources.changes.wait(lambda: False, SECONDS)
        rounds.sources.changes.rest(SECONDS)
        self._own = rounds.sources.changes.told
        return followed


def _because(changed: Sequence[str], form: str = " ({})") -> str:
    """Return what has changed, in a few words; empty for nothing."""
    if not changed:
        return ""
    names = ", ".join(f"`{shown(Path(path))}`" for path in changed[:MOST])
    more = f" and {len(changed) - MOST} more" if len(changed) > MOST else ""
    return form.format(f"{names}{more}")


def _report(number: int, done: Round, followed: Followed | None) -> dict[str, Any]:
    """Return what a round came to, for programs."""
    found: dict[str, Any] = {"format": FORMAT, "round": number, "changed": [shown(Path(path)) for path in done.changed]}
    if done.run is not None:
        found["run"] = done.run.to_json()
    if done.fault is not None:
        mistakes = getattr(done.fault, "mistakes", ()) or (Mistake.of(str(done.fault)),)
        first, *others = ({**one._asdict(), "file": one.file or None, "line": one.line or None} for one in mistakes)
        found |= {"error": first, "others": others}
    if followed is not None:
        found["exec"] = {"status": followed.status, "ended": followed.words, "seconds": round(followed.seconds, 3)}
    return found


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGTERM end what goes on, as an interrupt does."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
