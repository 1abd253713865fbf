"""What several sites have to execute, each collected as if it were alone: in a process of its own.

Plugins, and hooks of sites, keep things in modules: which files there are, what was rendered, how something is called. One site's
`hooks/helpers.py` would be another one's. So each site is collected in a child of this process, which has imported its host and
nothing of a site; two hosts at once are no trouble, either. What a child has found comes back through a pipe, and what was
written meanwhile is told in the order of sites.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import pickle
import signal
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from mkdocs_codeexec.commands.site import ZENSICAL, collect, host_of, prepare
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError, Mistake
from mkdocs_codeexec.report.console import Console, wants_color
from mkdocs_codeexec.report.services import annotations_for
from mkdocs_codeexec.runtime.cpus import usable_cpus
from mkdocs_codeexec.runtime.throwaway import throwaway
from mkdocs_codeexec.sites import Collected, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOG = "log"
_log = logging.getLogger("mkdocs.plugins.codeexec")


class Site(NamedTuple):
    """One of several sites.

    Attributes:
        name: Its file, as a terminal can open it.
        found: What it has to execute.
    """

    name: str
    found: Collected


class _Refused(NamedTuple):
    """Why a site has nothing to execute.

    Attributes:
        mistakes: What is wrong with its configuration; none if it is something else.
        why: What else it is.
    """

    mistakes: tuple[Mistake, ...] = ()
    why: str = ""


class _Child(NamedTuple):
    number: int
    process: multiprocessing.process.BaseProcess
    answer: connection.Connection


def collect_all(files: Sequence[Path], folder: Path) -> list[Site]:
    """Return the samples of all sites; nothing is executed.

    Args:
        files: Of the sites.
        folder: Empty; nothing in it is wanted afterwards.

    Raises:
        ConfigurationError: What is wrong with all those that cannot be used.
        CodeExecError: One could not be collected, for another reason.
    """
    folders = [folder / f"{number}" for number in range(len(files))]
    for one in folders:
        one.mkdir()
    answers = (
        _answers(files, folders)
        if hasattr(os, "fork")
        else [_answer(*pair) for pair in zip(files, folders, strict=True)]
    )
    refused = [one for one in answers if isinstance(one, _Refused)]
    if mistakes := [mistake for one in refused for mistake in one.mistakes]:
        raise ConfigurationError(*mistakes)
    if refused:
        raise CodeExecError("\n".join(one.why for one in refused))
    collected = [one for one in answers if isinstance(one, Collected)]
    environ = read_environment()
    annotations = annotations_for(environ, (Path.cwd(), *(one.settings.project_dir for one in collected)))
    # One voice, which gives way to progress, and counts annotations.
    console = Console(log=_log, color=wants_color(environ, sys.stderr), annotations=annotations)
    return [Site(shown(file), _opened(one, console)) for file, one in zip(files, collected, strict=True)]


def _opened(found: Collected, console: Console) -> Collected:
    """Return what a child has found with what this process has of its own."""
    settings = found.settings
    if settings.lent is not None:  # the folder of the child is gone
        settings = replace(settings, environment_dir=throwaway())
    return found._replace(settings=settings, console=console)


def _answers(files: Sequence[Path], folders: Sequence[Path]) -> list[Collected | _Refused]:
    answers: dict[int, Collected | _Refused] = {}
    hosts = [host_of(file) for file in files]
    # Those of a host that this process does not import come first; it imports one, if all others are of that.
    waiting = sorted(range(len(files)), key=lambda number: hosts[number] != ZENSICAL)
    children: list[_Child] = []
    told, at_once = 0, usable_cpus()
    with _all_gone(children):
        while waiting or children:
            while waiting and len(children) < at_once:
                number = waiting.pop(0)
                if hosts[number] != ZENSICAL and len({*hosts} - {ZENSICAL}) == 1:
                    prepare(files[number])
                children.append(_started(number, files[number], folders[number]))
            for ready in connection.wait([child.answer for child in children]):
                child = next(child for child in children if child.answer is ready)
                answers[child.number] = _received(child, files[child.number])
                children.remove(child)
            while told in answers:
                _tell(shown(files[told]), folders[told] / LOG, answers[told])
                told += 1
    return [answers[number] for number in range(len(files))]


def _started(number: int, file: Path, folder: Path) -> _Child:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or the child would write it, too
    process = multiprocessing.get_context("fork").Process(target=_child, args=(theirs, file, folder))
    process.start()
    theirs.close()
    return _Child(number, process, ours)


def _received(child: _Child, file: Path) -> Collected | _Refused:
    try:
        answer: Collected | _Refused = child.answer.recv()
    except (EOFError, OSError):
        child.process.join()
        return _Refused(why=f"`{shown(file)}`: its build has ended this process ({child.process.exitcode})")
    finally:
        child.answer.close()
    child.process.join()
    return answer


@contextmanager
def _all_gone(children: list[_Child]) -> Iterator[None]:
    """End what is left of `children`, whatever happens."""
    try:
        yield
    finally:
        for child in children:
            child.process.kill()
        for child in children:
            child.process.join()


def _tell(name: str, log: Path, answer: Collected | _Refused) -> None:
    """Pass on what was written while the site `name` was collected, but for mistakes, of which all are told together."""
    mistakes = answer.mistakes if isinstance(answer, _Refused) else ()
    with suppress(OSError):
        text = log.read_text("utf-8", "replace")
        said = mistakes and all(mistake.message.removeprefix(f"`{name}`: ") in text for mistake in mistakes)
        if text and not said:
            _log.info("%s:", name)
            sys.stderr.write(text)
            sys.stderr.flush()


# --- In the child -----------------------------------------------------------------------------------------------


def _child(answer: connection.Connection, file: Path, folder: Path) -> None:
    atexit._clear()  # noqa: SLF001 - what this process wants to be done at its end is its own
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with (folder / LOG).open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        found = _answer(file, folder)
        try:
            answer.send(found)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            answer.send(_Refused(why=f"`{shown(file)}`: internal error: {error}"))
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        atexit._run_exitfuncs()  # noqa: SLF001 - of plugins; a child that was forked passes them over


def _answer(file: Path, folder: Path) -> Collected | _Refused:
    try:
        found = collect(file, folder)
    except ConfigurationError as error:
        return _Refused(tuple(_named(mistake, file) for mistake in error.mistakes))
    except (CodeExecError, OSError) as error:
        return _Refused(why=f"`{shown(file)}`: {error}")
    except Exception as error:  # noqa: BLE001 - it is told by whoever waits for an answer
        _log.exception("a fault of mkdocs-codeexec itself; please report it")
        return _Refused(why=f"`{shown(file)}`: internal error: {type(error).__name__}: {error}")
    return found._replace(console=cast("Console", None))  # each process has its own


def _named(mistake: Mistake, file: Path) -> Mistake:
    """Return `mistake` with the site that it is of, if it does not say so itself."""
    if mistake.file or str(file) in mistake.message:
        return mistake
    return mistake._replace(message=f"`{shown(file)}`: {mistake.message}")
