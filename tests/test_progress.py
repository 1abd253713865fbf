"""How far a run is, on terminals, in logs, and where nobody wants to know; by real programs on real terminals."""

from __future__ import annotations

import io
import itertools
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support import terminals

from mkdocs_codeexec.core.expectation import Met, Succeeds, Unmet
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.resolved import Ended, Planned, Prepared, Preparing, Resolved, Started, Took
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.report.progress import progress, ways, words
from mkdocs_codeexec.report.progress.tally import Tally
from mkdocs_codeexec.report.spent import Spent

if TYPE_CHECKING:
    from conftest import Project

SLOW = "\n".join(f"```bash exec\nsleep 0.4\necho {number}\n```\n" for number in range(8))
FAILS = "```bash exec\nexit 3\n```\n"
BUILD = (sys.executable, "-m", "mkdocs", "build")


def terminal(project: Project, **more: str) -> dict[str, str]:
    """Return the variables of somebody in front of a terminal."""
    env = {**os.environ, **project.env, "TERM": "xterm-256color"}
    for name in ("CI", "NO_COLOR", "CODEEXEC_PROGRESS", "FORCE_COLOR", "CLICOLOR_FORCE"):
        env.pop(name, None)
    return env | more


def bars(shots: list[str]) -> list[str]:
    return [shot for shot in shots if shot.startswith("samples ")]


# --- On a terminal --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_how_far_it_is_and_nothing_of_it_stays(project: Project, columns: int) -> None:
    """In one line below all others, which never wraps; what is left is what a terminal shows without it."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off", "fail_on_error": False})
    project.page(f"{FAILS}\n{SLOW}")

    seen = terminals.run(BUILD, project.root, terminal(project), columns=columns)

    assert 0 == seen.status
    shown = bars(seen.shots)
    assert len({re.match(r"samples (\d+)/9", shot)[1] for shot in shown if "/9" in shot}) > 2  # type: ignore[index]
    assert all(len(shot) < columns for shot in shown)
    assert any("1 failed" in shot for shot in shown)
    assert any("left" in shot for shot in shown)
    assert (columns >= 60) == any("|" in shot for shot in shown)
    assert not [line for line in seen.screen if "samples 0/" in line or ("|" in line and "left" in line)]
    assert [line for line in seen.screen if line.startswith("failed: docs/index.md:1")]
    assert re.search(r"9 samples:", "\n".join(seen.screen))
    assert b"\x1b[?25" not in seen.raw, "the cursor is hidden, and a program that is killed leaves it so"


def test_a_line_of_the_log_is_never_within_ours(project: Project) -> None:
    """What others write while it is drawn stands in lines of its own, whole."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off"})
    project.page(SLOW)
    (project.root / "hook.py").write_text(
        "import logging, sys, threading, time\n"
        "def talk():\n"
        "    for n in range(60):\n"
        "        logging.getLogger('mkdocs.hooks').info('spoken %d', n)\n"
        "        print('printed', n, file=sys.stderr)\n"
        "        time.sleep(0.03)\n"
        "def on_pre_build(config):\n"
        "    threading.Thread(target=talk, daemon=True).start()\n"
    )
    config = project.root / "mkdocs.yml"
    config.write_text(config.read_text() + "hooks: [hook.py]\n")

    seen = terminals.run(BUILD, project.root, terminal(project), columns=70)

    assert 0 == seen.status
    assert len(bars(seen.shots)) > 2
    text = "\n".join(seen.screen)
    torn = [n for n in range(60) if not re.search(rf"^printed {n}$", text, re.MULTILINE)]
    for number in range(60):
        assert re.search(rf"^INFO    -  spoken {number}$", text, re.MULTILINE), text
    # `print` may hold the stream as it was before, and be half done, when the line is drawn for the first time.
    assert len(torn) <= 1, text
    assert "samples 1/" not in text


def test_a_terminal_may_become_narrower_and_wider(project: Project) -> None:
    """The next line that is drawn fits."""
    project.configure({"languages": {"bash": {}}, "jobs": 1, "sandbox": "off"})
    project.page(SLOW)
    widths = {2: 30, 5: 100}
    drawn: list[tuple[int, str]] = []
    now = [80]

    def then(last: str, screen: terminals.Terminal) -> None:
        if last.startswith("samples "):
            drawn.append((now[0], last))
            if (width := widths.pop(len(drawn), None)) is not None:
                screen.resize(width)
                now[0] = width

    seen = terminals.run(BUILD, project.root, terminal(project), columns=80, then=then)

    assert 0 == seen.status
    assert {80, 30, 100} == {width for width, _ in drawn}
    settled = [(width, line) for (before, _), (width, line) in itertools.pairwise(drawn) if before == width]
    assert all(len(line) < width for width, line in settled)


@pytest.mark.parametrize(
    ("env", "args"),
    [
        ({"TERM": "dumb"}, ()),
        ({"CI": "true"}, ()),
        ({"CODEEXEC_PROGRESS": "off"}, ()),
        ({"CODEEXEC_PROGRESS": "lines"}, ()),
        ({}, ("--quiet",)),
    ],
    ids=str,
)
def test_nothing_is_drawn_where_it_would_be_in_the_way(
    project: Project, env: dict[str, str], args: tuple[str, ...]
) -> None:
    """A terminal that cannot go back, a log of a CI system, somebody who does not want it, somebody who wants quiet."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off"})
    project.page(SLOW)

    seen = terminals.run((*BUILD, *args), project.root, terminal(project, **env))

    assert 0 == seen.status
    assert not bars(seen.shots)
    assert b"\r\x1b[J" not in seen.raw


def test_without_colours_it_is_drawn_without(project: Project) -> None:
    """`NO_COLOR` is about colours; the bar has none at all."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off"})
    project.page(SLOW)

    seen = terminals.run(BUILD, project.root, terminal(project, NO_COLOR="1"))

    assert bars(seen.shots)
    assert not re.search(rb"\x1b\[[\d;]*m", seen.raw)


@pytest.mark.parametrize("command", [("run",), ("check", "--repeat", "1"), ("promote",)], ids=lambda one: one[0])
def test_commands_show_it_too(project: Project, command: tuple[str, ...]) -> None:
    """Those that execute samples, unless `--no-progress` says otherwise."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off"})
    text = SLOW.replace("```bash exec", '```bash exec name="n"', 1)
    project.page(f'{text}\n```text output_of="n"\n0\n```\n')
    if command == ("promote",):  # it executes what it compares with
        project.page("```bash exec\nsleep 1.5\necho 0\n```\n\n```text output_of\n0\n```\n")
    argv = (sys.executable, "-m", "mkdocs_codeexec", *command)

    without = terminals.run((*argv, "--no-progress"), project.root, terminal(project))
    if command != ("check", "--repeat", "1"):
        subprocess.run(["rm", "-r", ".cache"], cwd=project.root, check=True)
    seen = terminals.run(argv, project.root, terminal(project))

    assert (0, 0) == (without.status, seen.status)
    assert not bars(without.shots)
    assert bars(seen.shots)


def test_an_interrupted_run_leaves_a_clean_line(project: Project) -> None:
    """Ctrl-C ends it within a second, and what was drawn is gone."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off"})
    project.page(f"{SLOW}\n```bash exec\nsleep 60\n```\n")
    pressed: list[float] = []

    def then(last: str, screen: terminals.Terminal) -> None:
        if last.startswith("samples 3/") and not pressed:
            pressed.append(time.monotonic())
            os.write(screen.fd, b"\x03")

    argv = (sys.executable, "-m", "mkdocs_codeexec", "run")
    seen = terminals.run(argv, project.root, terminal(project), then=then)

    assert pressed
    assert 130 == seen.status
    assert time.monotonic() - pressed[0] < 4, "with all others on this machine"
    assert not [line for line in seen.screen if line.startswith("samples ")]


def test_a_warm_build_imports_nothing_of_it(project: Project) -> None:
    """Nor does one in a pipe."""
    project.configure({"languages": {"bash": {}}, "sandbox": "off"})
    project.page("```bash exec\necho 1\n```\n")
    project.build()
    code = "import sys; from mkdocs.__main__ import cli\ntry: cli(['build'])\nfinally: print([m for m in sys.modules if m.startswith('tqdm')])"

    seen = terminals.run((sys.executable, "-c", code), project.root, terminal(project))

    assert "[]" == seen.screen[-1]
    assert not [line for line in seen.screen if line.startswith("samples ")]


# --- In a log -------------------------------------------------------------------------------------------------------


def test_a_log_gets_a_line_now_and_then(project: Project) -> None:
    """With what has failed since the last one."""
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off", "fail_on_error": False})
    project.page(f"{FAILS}\n{SLOW}")
    code = (
        "from mkdocs_codeexec.report.progress import progress; progress.LINES = 0.5\n"
        "from mkdocs.__main__ import cli; cli(['build'])"
    )
    env = {**os.environ, **project.env}

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, env=env, capture_output=True, text=True, check=True
    )

    lines = re.findall(r"codeexec: (\d) of 9 samples executed(.*)", done.stderr)
    assert lines, done.stderr
    told = [more for _, more in lines if "1 failed" in more]
    assert told, lines
    assert "docs/index.md:1: exit status 3" in told[0]
    assert not [more for more in told[1:] if "docs/index.md:1" in more]


def test_ten_seconds_are_ten_seconds() -> None:
    """As the documents say."""
    assert (10.0, 20.0) == (progress.LINES, progress.LONG)


class Voice:
    """A console that remembers."""

    def __init__(self) -> None:
        self.out: Any = io.StringIO()
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    write = say


def test_quiet_hears_of_an_environment_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and of nothing else."""
    monkeypatch.setattr(progress, "LONG", 1.2)
    voice = Voice()
    telling = progress.Progress(voice, "seldom", 2)  # type: ignore[arg-type]

    telling.hear(Preparing("quick"))
    telling.hear(Prepared("quick", built=True))
    telling.hear(Preparing("default", "serde", 1, 10))
    deadline = time.monotonic() + 20
    while not voice.said and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    telling.close()

    assert ["codeexec: building the environment `default` takes more than 1 s"] == voice.said


def test_what_is_asked_for_is_checked() -> None:
    """A word that is none is a mistake of the configuration."""
    assert "lines" == ways.asked({"CODEEXEC_PROGRESS": "lines"})
    with pytest.raises(ConfigurationError, match="did you mean `off`"):
        ways.asked({"CODEEXEC_PROGRESS": "of"})


# --- Numbers and words ----------------------------------------------------------------------------------------------


def sample(line: int) -> Sample:
    return Sample(location=Location("a.md", line), language="toy", code=str(line), expectation=Succeeds())


def ended(one: Sample, seconds: float, *, met: bool = True) -> Ended:
    step = StepResult(kind="run", stdout="", stderr="", ended=Exited(0), duration=seconds)
    outcome = Outcome(language="toy", steps=(step,))
    return Ended(Resolved(sample=one, verdict=Met() if met else Unmet("exit status 1"), outcome=outcome))


def test_time_left_is_what_samples_took_before() -> None:
    """Two at once; those that are new are like the others; when a few have ended, it is as fast as that."""
    tally, samples = Tally(jobs=2), [sample(line) for line in range(10)]
    for one in samples:
        tally.take(Planned(sample=one, state="miss", seconds=4.0 if one is not samples[9] else None), 0.0)
    tally.take(Started(None), 0.0)  # type: ignore[arg-type]

    assert 20.0 == tally.left(0.0)
    for one in samples[:4]:
        tally.take(ended(one, 4.0), 0.0)
    assert 12.0 == tally.left(8.0), "four of ten have taken eight seconds"
    assert (4, 10) == (tally.done, tally.total)


def test_nothing_is_said_of_time_where_nothing_is_known() -> None:
    """Of samples that are all new, until one has ended."""
    tally, samples = Tally(jobs=1), [sample(1), sample(2)]
    for one in samples:
        tally.take(Planned(sample=one, state="miss"), 0.0)
    tally.take(Started(None), 0.0)  # type: ignore[arg-type]

    assert tally.left(1.0) is None
    tally.take(ended(samples[0], 3.0), 3.0)
    assert tally.left(3.0) is not None


def test_a_batch_after_another_begins_anew() -> None:
    """As in `codeexec check`, which executes all samples several times."""
    tally, samples = Tally(), [sample(1), sample(2)]
    for number in (1, 2):
        for one in samples:
            tally.take(Planned(sample=one, state="miss"), 0.0)
        assert (0, 2) == (tally.done, tally.total), number
        for one in samples:
            tally.take(ended(one, 1.0), 1.0)
        assert (2, 2) == (tally.done, tally.total)


def test_what_fails_without_being_executed_is_told_and_not_counted() -> None:
    """A sample that was stored, or cannot be tried."""
    tally = Tally()
    tally.take(Planned(sample=sample(1), state="hit"), 0.0)
    tally.take(ended(sample(1), 1.0, met=False), 0.0)

    assert (0, 0, ["a.md:1: exit status 1"]) == (tally.done, tally.total, tally.failed)


def test_words_become_fewer_where_there_is_less_room() -> None:
    """The longest comes first."""
    tally = Tally()
    tally.take(Planned(sample=sample(1), state="miss", seconds=100.0), 0.0)
    tally.take(Started(None), 0.0)  # type: ignore[arg-type]
    tally.take(Took("build", "toy", 0.0, 1.0, 1, (None,)), 0.0)  # type: ignore[arg-type]

    found = list(words.variants(tally, 0.0))

    assert "samples 0/1, 1 built, about 2 min left" == found[0]
    assert "samples 0/1" == found[-1]
    tally.take(Preparing("default", "serde", 3, 12), 0.0)
    assert "environment `default`: crate 3/12 serde" == next(words.variants(tally, 0.0))
    tally.take(Preparing("other", "tokio", 1, 20), 0.0)
    assert "environment 1/2 `default`: crate 4/32 serde" == next(words.variants(tally, 0.0))
    assert (4, 32) == words.fraction(tally)


# --- Forks ----------------------------------------------------------------------------------------------------------

FORKS = """
import os, sys, threading, time
from mkdocs_codeexec.report.progress.screen import Screen
screen = Screen(sys.stderr)
stop = threading.Event()
def draw():
    while not stop.is_set():
        screen.draw(["samples 1/2"], 1, 2)
threading.Thread(target=draw, daemon=True).start()
for number in range(200):
    child = os.fork()
    if not child:
        print(f"child {number}", file=sys.stderr)
        os._exit(0)
    deadline = time.monotonic() + 10
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os._exit(9)
        time.sleep(0.001)
stop.set()
screen.close()
print(type(sys.stderr).__name__, "at the end", file=sys.stderr)
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_that_is_forked_holds_no_lock(project: Project) -> None:
    """While another thread draws, it can write; and at the end streams are as they were."""
    argv = (sys.executable, "-W", "ignore", "-c", FORKS)

    seen = terminals.run(argv, project.root, terminal(project), seconds=100)

    assert 0 == seen.status
    assert "TextIOWrapper at the end" == seen.screen[-1]
    assert 200 == len(re.findall(rb"child \d+", seen.raw))


# --- All of it, and a summary ---------------------------------------------------------------------------------------


def pieces(log: str) -> list[str]:
    return re.findall(r"docs/index\.md:\d+: \w+: \w+ \(.*?\)", log)


@pytest.mark.parametrize(
    ("env", "args", "options"),
    [({"CODEEXEC_VERBOSE": "1"}, (), {}), ({}, ("--verbose",), {}), ({}, (), {"verbose": True})],
    ids=["variable", "host", "option"],
)
def test_each_sample_is_told_as_it_ends(
    project: Project, env: dict[str, str], args: tuple[str, ...], options: dict[str, bool]
) -> None:
    """Once, before the last one has ended, and with its output if it fails."""
    project.configure({"languages": {"bash": {}}, "jobs": 1, "sandbox": "off", "fail_on_error": False, **options})
    project.page(f"```bash exec\necho said; echo wrong >&2; exit 3\n```\n\n{SLOW}")

    log = project.build(*args, env=env).log

    assert 9 == len(pieces(log)), log
    assert re.search(
        r"index\.md:1: bash: failed \(run \d+ ms.*\)\n +run, stdout:\n +\| said\n +run, stderr:\n +\| wrong\n", log
    )
    assert log.index("index.md:1: bash: failed") < log.index("9 samples:")
    again = project.build(*args, env=env).log
    assert 9 == len(pieces(again)), "those that are stored, too"


def test_verbose_is_a_number(project: Project) -> None:
    """A word that says neither is a mistake; 0 wins over the file."""
    project.configure({"languages": {"bash": {}}, "sandbox": "off", "verbose": True})
    project.page("```bash exec\necho 1\n```\n")

    assert not pieces(project.build(env={"CODEEXEC_VERBOSE": "0"}).log)
    assert "`CODEEXEC_VERBOSE`: `yes` is none of" in project.build(env={"CODEEXEC_VERBOSE": "yes"}).log


def heard(items: list[tuple[Sample, str, float, bool]]) -> Spent:
    found = Spent()
    for one, why, _, cached in items:
        if not cached:
            found.hear(Planned(sample=one, state="miss", why=why))
    for one, _, seconds, cached in items:
        event = ended(one, seconds)
        found.hear(Ended(replace(event.resolved, cached=cached)))
    return found


def test_a_summary_says_what_was_slow_what_was_executed_and_what_was_saved() -> None:
    """Five samples, three reasons, and how long it would have taken without the store."""
    items = [(sample(line), "its code changed", float(line), False) for line in range(1, 8)]
    items += [(sample(line), f"reason {line}", 0.1, False) for line in range(8, 12)]
    items += [(sample(line), "", 10.0, True) for line in range(20, 26)]

    lines = list(heard(items).lines(20.0, 2))

    assert "slowest: a.md:7 (7.0 s), a.md:6 (6.0 s), a.md:5 (5.0 s), a.md:4 (4.0 s), a.md:3 (3.0 s)" == lines[0]
    assert "executed because its code changed (7); reason 8 (1); reason 9 (1); for other reasons (2)" == lines[1]
    assert "without what was stored it would have taken about 50 s" == lines[2]


def test_short_runs_and_warm_ones_have_none() -> None:
    """Unless somebody wants to see everything."""
    executed = heard([(sample(1), "its code changed", 1.0, False)])
    warm = heard([(sample(1), "", 100.0, True)])

    assert [] == list(executed.lines(9.9, 1))
    assert [] == list(warm.lines(60.0, 1))
    assert 2 == len(list(executed.lines(1.0, 1, always=True)))


def test_a_build_says_why_it_has_executed(project: Project) -> None:
    """With `verbose`, however short it was."""
    project.configure({"languages": {"bash": {}}, "sandbox": "off", "verbose": True})
    project.page("```bash exec\necho 1\n```\n\n```bash exec\necho 2\n```\n")
    first = project.build().log
    project.page("```bash exec\necho 1\n```\n\n```bash exec\necho 3\n```\n")

    log = project.build().log

    assert "executed because nothing is known of it here (2)" in first
    assert "executed because its code changed (1)" in log, log
    assert "slowest: docs/index.md:5 (" in log
    assert "without what was stored it would have taken about" in log
