"""The terminal of a sample, in every tier, seen by real programs."""

from __future__ import annotations

import os
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.sizes import TIMES
from support.tiers import confined

from mkdocs_codeexec.core.action import Marks, Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access, Tier
from mkdocs_codeexec.core.outcome import Exited, OutputFlooded, Signaled, StepResult, TimedOut
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot
from mkdocs_codeexec.runtime.supervising.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., StepResult]

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")

PYTHON = "/usr/bin/python3"
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits", "off")
LIMIT = 1024 * 1024


@pytest.fixture(scope="module", params=TIERS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Return what runs a script in a tier, on a terminal that is 60 columns wide unless it says otherwise."""
    with confined(request.param) as children, ScratchRoot() as root:

        def start(
            text: str, columns: int = 60, *, program: str = "bash", timeout: float = 20.0, **more: Any
        ) -> StepResult:
            argv = (program, "sample")
            step = Step(kind="run", argv=argv, timeout=timeout, limits=RUN_LIMITS, merged=True, columns=columns, **more)
            path = "/usr/local/bin:/usr/bin:/bin"
            with ScratchDirectory(root.path, (("sample", text),), children, path, output_limit=LIMIT) as scratch:
                return scratch.run(step, argv, {}, Access())

        yield start


def test_all_three_are_a_terminal(run: Run) -> None:
    """Of the width that was asked for, and of always the same height; it can be opened by its name."""
    found = run(
        "test -t 0 && test -t 1 && test -t 2 && stty size; echo error >&2; echo name > $(tty); stty -a | grep -o '.echo '"
    )

    assert (Exited(0), "24 60\nerror\nname\n-echo \n", "") == (found.ended, found.stdout, found.stderr)
    assert "24 131\n" == run("stty size", 131).stdout


def test_colours_are_for_terminals(run: Run) -> None:
    """Programs that colour what a person sees do so, without being told to."""
    text = "touch x; unset CLICOLOR_FORCE FORCE_COLOR; ls --color=auto -d .; echo x | grep --color=auto x"

    assert "\x1b[" not in run(text, 0).stdout
    assert 2 <= run(text).stdout.count("\x1b[0m") + run(text).stdout.count("\x1b[m")


def test_nobody_types(run: Run) -> None:
    """Who reads finds the end of the input, as often as they read; a text that is given is read, and from no terminal."""
    assert "end\nend\n" == run("cat; read line || echo end; read line || echo end").stdout
    assert "a\nb\n" == run("cat; test -t 0 || echo b", stdin="a\n").stdout


def test_it_controls_nobody(run: Run) -> None:
    """It is the terminal of no session, so that what is left is not hung up; who leads a session anew may take it."""
    found = run("(sleep 0.05; echo late) & (: > /dev/tty) 2>/dev/null || echo none")

    assert {"late", "none"} == set(found.stdout.split())


def test_who_keeps_it_open_is_not_waited_for(run: Run) -> None:
    """What descends from a sample is ended with it, in a session of its own, too."""
    found = run("setsid sleep 77 & sleep 77 & echo done")

    assert (Exited(0), "done\n") == (found.ended, found.stdout)
    assert found.duration < 10


def test_what_its_program_comes_to_is_as_without_it(run: Run) -> None:
    """Time, statuses, signals, and how much may be written."""
    assert TimedOut(1.0) == run("echo a; sleep 60", timeout=1.0).ended
    assert (Exited(3), Signaled(9)) == (run("exit 3").ended, run("kill -9 $$").ended)
    assert OutputFlooded(LIMIT) == run("yes").ended
    assert OutputFlooded(LIMIT) == run("yes", 0).ended


def test_whoever_sets_it_is_undone_for_the_next(run: Run) -> None:
    """Each child has one of its own."""
    run("stty raw echo cols 7")
    assert "24 60\n" == run("stty size").stdout


PIECES = ["a", "\\r", "\\n", "\\r\\n", "\\033[31m", "\\t", "\\b", "é", "x" * 70, "\\0", "\\003", "\\004"]


@pytest.mark.parametrize("seed", range(3 * TIMES))
def test_who_does_not_ask_prints_the_same(run: Run, seed: int) -> None:
    """Byte by byte, with carriage returns and control characters, to both streams, in whatever portions it is written."""
    chance = random.Random(seed)
    lines = []
    for _ in range(chance.randint(1, 40)):
        text = "".join(chance.choices(PIECES, k=chance.randint(0, 9)))
        lines.append(f"printf '%b' '{text}'{chance.choice(('', ' >&2', '; sleep 0.001', '; cat'))}")
    script = "\n".join([*lines, f"exit {chance.randint(0, 9)}"])

    there, without = run(script), run(script, 0)
    assert (without.ended, without.stdout, without.stderr) == (there.ended, there.stdout, there.stderr)


@pytest.mark.parametrize("seed", range(50 * TIMES))
def test_what_the_line_discipline_adds_is_taken_out_again(seed: int) -> None:
    """Wherever what comes is cut."""
    chance = random.Random(seed)
    written = bytes(chance.choices(b"a\r\n", k=chance.randint(0, 40)))
    came = written.replace(b"\n", b"\r\n")
    terminal = Terminal(80, None)
    try:
        found = b""
        while came:
            size = chance.randint(1, 5)
            found, came = found + terminal.undone(came[:size]), came[size:]
        assert written == found + terminal.undone(b"")
    finally:
        os.close(terminal.ours)
        os.close(terminal.theirs)


@pytest.mark.skipif(sys.platform != "linux", reason="of the kernel's table of descriptors")
def test_nothing_is_left_open(run: Run) -> None:
    """A child has its own end three times, and no other descriptor."""
    found = run("import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])", program=PYTHON)

    assert "[0, 1, 2]\n" == found.stdout


def test_lines_are_typed_when_they_are_asked_for(run: Run) -> None:
    """Each when the part before it has ended, with nothing echoed; and the end of the input."""
    marks = Marks("0", (5.0,) * 5)
    script = f"while read -r line; do echo \"$line\"; echo '{marks.start}0-0.'; done; echo end"
    for columns in (0, 60):
        found = run(script, columns, turns=("a\n", "b\tb\n", "é" * 1500 + "\n"), marks=marks)
        first, *others = (part.stdout for part in found.parts)
        assert Exited(0) == found.ended
        assert ("a\n", ["b\tb\n", "é" * 1500 + "\n", "end\n"]) == (first, others)


def test_a_program_that_takes_no_lines_is_ended_by_its_time(run: Run) -> None:
    """That of the part which it is in; it may also close its input, or end."""
    marks = Marks("0", (5.0, 0.5, 5.0))
    found = run(f"echo '{marks.start}0-0.'; sleep 60", 60, turns=("a\n", "b\n"), marks=marks)
    assert TimedOut(0.5) == found.ended
    for columns in (0, 60):
        found = run(
            f"exec <&-; echo '{marks.start}0-0.'; sleep 0.1; echo '{marks.start}0-0.'",
            columns,
            turns=("a\n", "b\n"),
            marks=marks,
        )
        assert (Exited(0), 3) == (found.ended, len(found.parts))
