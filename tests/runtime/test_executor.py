"""Actions of a small language, executed by real children in real threads."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.shell import PATH, SHELL, Outcomes, Shell, action, alive
from support.tiers import confined

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.confinement import Limits, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, Outcome, OutOfMemory, StepResult, TimedOut
from mkdocs_codeexec.core.protocols import Regrouped
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.languages.rust.messages.diagnostics import translate
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Bench, Scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="children need `fork`")


def execute(tmp_path: Path, *actions: Action, jobs: int = 2, total: float | None = None) -> Outcomes:
    """Execute, and see that no scratch directory is left."""
    outcomes = Outcomes()
    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=jobs, total_timeout=total, path=PATH, scratch_root=tmp_path)
        executor.run(actions, outcomes)

    assert {dict(one.inputs)["name"] for one in actions} == set(outcomes.of)
    assert [] == list(tmp_path.iterdir())
    return outcomes


def run_one(tmp_path: Path, code: str, **more: Any) -> StepResult:
    [step] = execute(tmp_path, action("a", code, **more)).of["a"].steps
    return step


def test_nothing_to_do_costs_nothing() -> None:
    """Without work no process is started and joblib is not imported."""
    code = (
        "import sys\nfrom mkdocs_codeexec.runtime.executor import ParallelExecutor\n"
        "from mkdocs_codeexec.runtime.process import Children\n"
        "children = Children()\n"
        "ParallelExecutor(children, {}, jobs=2, total_timeout=None, path='').run([], print)\n"
        "print('joblib' in sys.modules, children._all)"
    )

    assert "False []\n" == subprocess.check_output([sys.executable, "-c", code], text=True)


STEPS = [
    ("run", action("a", "echo out; echo err >&2"), [("run", Exited(0), "out\n", "err\n")]),
    ("build only", action("a", build="echo built"), [("build", Exited(0), "built\n", "")]),
    (
        "build and run",
        action("a", "cat made; echo $STEP", build="echo $STEP >made"),
        [("build", Exited(0), "", ""), ("run", Exited(0), "build\nrun\n", "")],
    ),
    ("failed build", action("a", "echo no", build="echo why >&2; exit 1"), [("build", Exited(1), "", "why\n")]),
    ("timed out build", action("a", "echo no", build="sleep 60", timeout=0.2), [("build", TimedOut(0.2), "", "")]),
    ("failed run", action("a", "exit 3"), [("run", Exited(3), "", "")]),
    (
        "two runs",
        action(
            "a", steps=tuple(Step(kind="run", argv=(c,), timeout=9) for c in ("echo 1", "echo 2; exit 4", "echo 3"))
        ),
        [("run", Exited(0), "1\n", ""), ("run", Exited(4), "2\n", "")],
    ),
]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("what", "steps"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_steps_up_to_the_first_that_fails(tmp_path: Path, what: Action, steps: list[object], jobs: int) -> None:
    """An Outcome holds the steps in order, up to the first that did not succeed, and the Action's toolchain."""
    outcome = execute(tmp_path, what, jobs=jobs).of["a"]

    assert steps == [(s.kind, s.ended, s.stdout, s.stderr) for s in outcome.steps]
    assert ("shell", "sh 1") == (outcome.language, outcome.toolchain)


def test_the_environment_of_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets what is built for it, the step's variables over that, and the language's over those."""
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    steps = (Step(kind="run", argv=("env",), timeout=9, env=(("STEP", "mine"), ("TZ", "CET"))),)

    lines = run_one(tmp_path, "", steps=steps).stdout.splitlines()
    env = dict(line.split("=", 1) for line in lines)

    assert {
        "PATH": PATH,
        "HOME": "$HOME",  # folders of the run are told by names that stay
        "TMPDIR": "$TMPDIR",
        "PWD": ".",  # set by the shell
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLUMNS": "80",
        "CLICOLOR_FORCE": "1",
        "FORCE_COLOR": "1",
        "TZ": "CET",
        "STEP": "run",
    } == {name: value for name, value in env.items() if name not in ("_", "SHLVL", "OLDPWD")}


def test_the_scratch_directory(tmp_path: Path) -> None:
    """The working directory holds the Action's files, byte for byte, and nothing else; all is private."""
    files = (("a.txt", "no newline"), ("b é.txt", "crlf\r\nlf\n"), ("sub/dir/c", ""))
    found = run_one(
        tmp_path,
        "find . | LC_ALL=C sort; cat 'b é.txt' | od -c | head -1; stat -c %a .. ../..; ls -A $HOME $TMPDIR",
        files=files,
    )

    home, tmp = (line for line in found.stdout.splitlines()[-3:] if line)
    assert ("$HOME:", "$TMPDIR:") == (home, tmp)
    assert (
        [
            ".",
            "./a.txt",
            "./b é.txt",
            "./sub",
            "./sub/dir",
            "./sub/dir/c",
            r"0000000   c   r   l   f  \r  \n   l   f  \n",
            "700",
            "711" if os.geteuid() == 0 else "700",  # as root each directory in it belongs to another user
        ]
        == found.stdout.splitlines()[:9]
    )


def test_a_scratch_directory_goes_with_its_action(tmp_path: Path) -> None:
    """An Action finds nothing of those before it."""
    outcomes = execute(tmp_path, action("a", "touch x"), action("b", "ls ../.. | grep -v lock | wc -l"), jobs=1)

    assert "1" == outcomes.of["b"].steps[0].stdout.strip()


def test_folders_of_a_run_are_told_by_names_that_stay(tmp_path: Path) -> None:
    """Two runs print the same, be it on its own, in an option, in a URL, or by a build step."""
    code = 'cd ..; echo "$HOME -I$TMPDIR/x file://$HOME/y $PWD ${PWD%/*}" | tee /dev/stderr; exit 1'

    runs = [execute(tmp_path, action("a", code), action("b", build=code)).of for _ in range(2)]

    said = "$HOME -I$TMPDIR/x $HOME/y .. ../..\n"
    assert {(said, said)} == {(s.stdout, s.stderr) for run in runs for one in run.values() for s in one.steps}


FULL_DISK = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], str(Path(sys.argv[2]).parent)]
from test_executor import SHELL, Outcomes, PATH, action
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
fill = "head -c 3000000 /dev/zero >big; exit $?"
work = [action("run", fill), action("build", "echo no", build=fill)]
work += [action("inodes", "i=0; while touch $i; do i=$((i+1)); done; exit 1"), action("room", "exit 1")]
with Children() as children:
    executor = ParallelExecutor(children, SHELL, jobs=1, total_timeout=None, path=PATH, scratch_root=Path(sys.argv[1]))
    executor.run(work, outcomes := Outcomes())
print({name: [step.ended for step in outcome.steps] for name, outcome in outcomes.of.items()})
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a small disk")
def test_a_full_disk_says_nothing_of_the_sample(tmp_path: Path) -> None:
    """A step that fails when no space or no inode is left was not started, as far as anyone is concerned."""
    mount = f"mount -t tmpfs -o size=600k,nr_inodes=100 none {tmp_path}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    run = f'{mount} && exec "$@"'
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(Path(__file__).parent)]

    told = subprocess.check_output(["unshare", "-m", "sh", "-c", run, "sh", *command], text=True)

    full = [NotStarted(f"no space is left in `{tmp_path}`")]
    assert f"{ {'run': full, 'build': full, 'inodes': full, 'room': [Exited(1)]} }\n" == told


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "..", "a\\b", "C:x", "a\0b"])
def test_a_file_outside_of_the_scratch_directory(tmp_path: Path, name: str) -> None:
    """A name that would leave the directory is refused before anything is written or started."""
    found = run_one(tmp_path, "echo ran", files=((name, "text"),))

    assert NotStarted(f"`{name}`: not the name of a file within the scratch directory") == found.ended


def test_what_resists_removal(tmp_path: Path) -> None:
    """Read-only directories, links that lead out and odd names are removed, and nothing outside is."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir(mode=0o500)
    (tmp_path / "keep").mkdir()

    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=1, total_timeout=None, path=PATH, scratch_root=tmp_path)
        code = (
            f"mkdir -p a/b; touch a/b/c; ln -s {outside} a/out; touch -- -x; chmod 0 a/b; chmod 500 a .; mkfifo $HOME/p"
        )
        executor.run([action("a", code)], outcomes := Outcomes())

    assert Exited(0) == outcomes.of["a"].steps[0].ended
    assert ["keep"] == [path.name for path in tmp_path.iterdir()]
    assert 0o40500 == outside.stat().st_mode


def test_outcomes_are_handed_over_as_they_end(tmp_path: Path) -> None:
    """A slow Action holds up nobody else's Outcome, and threads hand them over."""
    slow = action("slow", "sleep 0.8")
    quick = [action(f"{n}", "true") for n in range(6)]

    outcomes = execute(tmp_path, slow, *quick)

    assert "slow" == outcomes.order[-1]
    assert threading.get_ident() not in outcomes.threads


def test_actions_are_executed_in_parallel(tmp_path: Path) -> None:
    """As many at once as there are jobs: these wait for each other."""
    both = tempfile.mkdtemp(dir=tmp_path.parent)
    code = f"touch {both}/$$; while [ $(ls {both} | wc -l) -lt 3 ]; do sleep 0.02; done"

    outcomes = execute(tmp_path, *(action(f"{n}", code, timeout=10) for n in range(3)), jobs=3)

    assert {Exited(0)} == {outcome.steps[0].ended for outcome in outcomes.of.values()}


FAULTS = [
    ("faulty", action("x", "true"), "internal error: ZeroDivisionError: of the language"),
    ("faulty", action("x", "true", build="true"), "internal error: ZeroDivisionError: of the language"),
    ("copying", action("x", "true"), "[Errno 2] No such file or directory: './missing'"),
    ("silent", action("x", "true", build="true"), "`silent` returned no result"),
]


@pytest.mark.parametrize(("language", "faulty", "why"), FAULTS)
def test_a_fault_of_a_language_costs_its_own_action(tmp_path: Path, language: str, faulty: Action, why: str) -> None:
    """A language that raises, or forgets, is told of in that Outcome; the others are as ever."""
    outcomes = Outcomes()
    languages = SHELL | {language: Shell(language)}
    work = [replace(faulty, language=language), action("good", "true")]
    with Children() as children:
        executor = ParallelExecutor(children, languages, jobs=2, total_timeout=None, path=PATH, scratch_root=tmp_path)
        executor.run(work, outcomes)

    assert NotStarted(why) == outcomes.of["x"].steps[0].ended
    assert faulty.steps[0].kind == outcomes.of["x"].steps[0].kind
    assert not outcomes.of["x"].storable
    assert Exited(0) == outcomes.of["good"].steps[0].ended


def test_a_fault_of_the_one_who_takes(tmp_path: Path) -> None:
    """What `finish` raises comes out of `run`, after every other Outcome was handed over."""
    taken = []

    def finish(one: Action, _: Outcome) -> Sequence[Action]:
        taken.append(one)
        raise ZeroDivisionError

    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=2, total_timeout=None, path=PATH, scratch_root=tmp_path)
        with pytest.raises(ZeroDivisionError):
            executor.run([action(f"{n}", "true") for n in range(3)], finish)

    assert 3 == len(taken)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_time_of_a_batch(tmp_path: Path, jobs: int) -> None:
    """What has not ended when the batch's time is over is not started, and what has keeps its Outcome."""
    work = [action("quick", "echo ok"), *(action(f"{n}", "sleep 60") for n in range(6))]

    outcomes = execute(tmp_path, *work, total=0.7, jobs=jobs)

    late = NotStarted("`total_timeout` (0.7 s) was used up")
    assert "ok\n" == outcomes.of.pop("quick").steps[0].stdout
    assert [(late,)] * 6 == [tuple(s.ended for s in outcome.steps) for outcome in outcomes.of.values()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_is_stopped(tmp_path: Path, jobs: int) -> None:
    """`stop_all` from another thread ends the run with `Cancelled`; what had ended was handed over, once."""
    outcomes = Outcomes()
    work = [action("quick", "true"), *(action(f"{n}", "sleep 60") for n in range(9))]
    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=jobs, total_timeout=None, path=PATH, scratch_root=tmp_path)

        def stop() -> None:
            while not outcomes.order:
                time.sleep(0.01)
            time.sleep(0.1)  # the others have begun
            children.stop_all()

        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(Cancelled):
            executor.run(work, outcomes)

    assert ["quick"] == outcomes.order
    assert [] == list(tmp_path.iterdir())


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    """The next build removes scratch directories that nobody holds, and leaves those in use and what is not ours."""
    code = (
        "import sys, os\nfrom pathlib import Path\nfrom mkdocs_codeexec.runtime.scratch_root import ScratchRoot\n"
        "root = ScratchRoot(Path(sys.argv[1])).__enter__()\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    [orphan] = tmp_path.iterdir()
    (tmp_path / "codeexec-file").touch()
    (tmp_path / "codeexec-other").mkdir()

    with ScratchRoot(tmp_path) as first, ScratchRoot(tmp_path) as second:
        assert first.path.exists()
        assert second.path.exists()
        assert not orphan.exists()
    assert {"codeexec-file", "codeexec-other"} == {path.name for path in tmp_path.iterdir()}


INTERRUPTED = """
import signal
import sys
import time
struck = []
def strike(number, frame):
    struck.append(time.monotonic())
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, strike)  # a shell has its background jobs ignore it
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from support.shell import SHELL, action, alive
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
with Children() as children:
    executor = ParallelExecutor(
        children, SHELL, jobs=int(sys.argv[2]), total_timeout=None, path="/usr/bin:/bin", scratch_root=Path(sys.argv[1])
    )
    work = [action(f"{n}", f"sleep 60; : {sys.argv[3]}") for n in range(20)]
    try:
        executor.run(work, lambda action, outcome: print("finished", outcome))
    except KeyboardInterrupt:
        seconds = time.monotonic() - struck[0]
        print(alive(sys.argv[3]), list(Path(sys.argv[1]).iterdir()), seconds)
        sys.exit("interrupted")  # else Python ends as after SIGINT, or with 1 if another thread was importing
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("jobs", [1, 4])
def test_ctrl_c(tmp_path: Path, jobs: int) -> None:
    """SIGINT ends the run with KeyboardInterrupt within two seconds; no process and no directory is left."""
    mark = f"mark-{uuid.uuid4().hex}"
    arguments = [str(tmp_path), str(jobs), mark, str(Path(__file__).parents[1])]
    command = [sys.executable, "-c", INTERRUPTED, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as parent:
        deadline = time.monotonic() + 60  # until its children are there: it has to be started, and imports much
        while alive(mark) < jobs and parent.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert jobs <= alive(mark)
        parent.send_signal(signal.SIGINT)
        told, said = parent.communicate(timeout=60)

    left, folders, seconds = told.split()
    assert (b"0", b"[]") == (left, folders)  # when `run` was left, before `Children` was
    assert float(seconds) < 2
    assert (1, b"interrupted\n") == (parent.returncode, said)
    assert 0 == alive(mark)
    assert [] == list(tmp_path.iterdir())


class Together(Shell):
    """Builds all that it is given at once, and notes each build."""

    def __init__(self, marks: Path, name: str = "together") -> None:
        super().__init__(name)
        self.marks = marks

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        if self.name == "forgetful":
            return [actions[1:]]
        if self.name == "confused":
            raise ZeroDivisionError("of the language")
        return [actions]

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[Any]:
        names = [dict(one.inputs)["name"] for one, _ in work]
        (self.marks / f"built {uuid.uuid4().hex}").write_text(" ".join(names))
        if self.name == "splitting" and len(work) > 1:
            yield Regrouped(tuple((one,) for one, _ in work))
            return
        with bench((("shared", "for all"),)) as scratch:
            [step] = [step for step in work[0][0].steps if step.kind == "build"]
            made = scratch.run(step, ("/bin/sh", "-c", f"cat shared; {step.argv[0]}"), {})
        for one, _ in work:
            yield one, made

    @property
    def built(self) -> list[str]:
        return sorted(path.read_text() for path in self.marks.glob("built *"))


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    found = tmp_path / "marks"
    found.mkdir()
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    return found


def three(build: str = "echo ' built'", *, language: str = "together") -> list[Action]:
    return [action(name, f"echo {name}", build=build, language=language) for name in "abc"]


def open_executor(children: Children, root: Path, *languages: Shell, jobs: int = 2) -> ParallelExecutor:
    known: Any = SHELL | {language.name: language for language in languages}
    return ParallelExecutor(children, known, jobs=jobs, total_timeout=None, path=PATH, scratch_root=root)


def built_and_run(outcomes: Outcomes) -> dict[str, list[str]]:
    return {name: [step.stdout.strip() for step in of.steps] for name, of in sorted(outcomes.of.items())}


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize(
    ("name", "built"), [("together", ["a b c"]), ("splitting", ["a", "a b c", "b", "c"])], ids=["one", "split"]
)
def test_a_batch_is_built_once_and_its_actions_run_apart(
    root: Path, marks: Path, jobs: int, name: str, built: list[str]
) -> None:
    """What is built for many runs for each; what turns out not to belong together is built again, by itself."""
    language = Together(marks, name)
    with Children() as children:
        executor = open_executor(children, root, language, jobs=jobs)
        executor.run(three(language=language.name), outcomes := Outcomes())

    assert {name: ["for all built", name] for name in "abc"} == built_and_run(outcomes)
    assert built == language.built
    assert [] == list(root.iterdir())


@pytest.mark.parametrize("name", ["forgetful", "confused"])
def test_a_language_that_cannot_make_batches(root: Path, marks: Path, name: str) -> None:
    """Whatever is in no batch has an Outcome that says so; the rest goes on."""
    language = Together(marks, name)
    with Children() as children:
        executor = open_executor(children, root, language)
        executor.run(three(language=language.name), outcomes := Outcomes())

    lost = [name for name, of in sorted(outcomes.of.items()) if isinstance(of.steps[0].ended, NotStarted)]
    assert {"forgetful": ["a"], "confused": ["a", "b", "c"]}[name] == lost
    assert {"a", "b", "c"} == set(outcomes.of)


def test_what_was_built_ahead_is_only_run(root: Path, marks: Path) -> None:
    """`run` takes over what is built or being built, and builds what is new."""
    language = Together(marks)
    with Children() as children:
        executor = open_executor(children, root, language)
        executor.build_ahead(three()[:2])
        executor.run(three(language=language.name), outcomes := Outcomes())

    assert {name: ["for all built", name] for name in "abc"} == built_and_run(outcomes)
    assert ["a b", "c"] == language.built
    assert [] == list(root.iterdir())


def test_building_ahead_runs_nothing(root: Path, marks: Path) -> None:
    """What was built ahead and is not asked for is never run, and what is still being built is ended."""
    language = Together(marks)
    ran = marks / "ran"
    wanted = action("wanted", "echo yes")
    unwanted = [action(n, f"touch {ran}", build=b, language="together") for n, b in (("done", ":"), ("run", ""))]
    began = time.monotonic()
    with Children() as children:
        executor = open_executor(children, root, language, jobs=3)
        executor.build_ahead(unwanted)
        while not language.built:
            time.sleep(0.005)
        executor.build_ahead([action("endless", f"touch {ran}", build="sleep 60", timeout=60)])
        executor.run([wanted], outcomes := Outcomes())

    assert {"wanted": ["yes"]} == built_and_run(outcomes)
    assert ["done"] == language.built
    assert not ran.exists()
    assert time.monotonic() - began < 20
    assert [] == list(root.iterdir())


def test_what_failed_ahead_has_its_outcome(root: Path, marks: Path) -> None:
    """A build that failed ahead of time fails the Action that it belongs to, and is not repeated."""
    language = Together(marks)
    with Children() as children:
        executor = open_executor(children, root, language)
        executor.build_ahead(three("exit 4"))
        executor.run(three("exit 4"), outcomes := Outcomes())

    assert [[Exited(4)]] * 3 == [[step.ended for step in of.steps] for of in outcomes.of.values()]
    assert ["a b c"] == language.built


def test_nothing_is_executed_after_the_end(root: Path) -> None:
    """A closed executor raises, and leaves nothing."""
    with Children() as children:
        executor = open_executor(children, root, jobs=1)
        executor.build_ahead([action("a", build="sleep 60")])
        executor.close()
        with pytest.raises(Cancelled):
            executor.run([action("a", "true")], Outcomes())
    assert [] == list(root.iterdir())


def test_whoever_wants_hears_what_is_set_about(root: Path, marks: Path) -> None:
    """Each once, before its Outcome, built ahead or not, together or alone; not what could not be begun."""
    actions = [*three(), action("x", "true", language="nobody's")]
    outcomes = Outcomes()
    heard: list[tuple[str, bool]] = []

    def begin(one: Action) -> None:
        name = dict(one.inputs)["name"]
        heard.append((name, name in outcomes.of))

    with Children() as children:
        executor = open_executor(children, root, Together(marks))
        executor.build_ahead(actions[:1])
        executor.run(actions, outcomes, begin)

    assert [("a", False), ("b", False), ("c", False)] == sorted(heard)
    assert {"a", "b", "c", "x"} == set(outcomes.of)


def test_a_fault_of_the_one_who_hears(tmp_path: Path) -> None:
    """It is raised in the end; nothing is lost by it."""
    outcomes = Outcomes()

    def begin(_: Action) -> None:
        raise ZeroDivisionError("deaf")

    with Children() as children:
        executor = ParallelExecutor(children, SHELL, jobs=2, total_timeout=None, path=PATH, scratch_root=tmp_path)
        with pytest.raises(ZeroDivisionError, match="deaf"):
            executor.run([action(f"{n}", "true") for n in range(4)], outcomes, begin)

    assert {"0", "1", "2", "3"} == set(outcomes.of)


def test_equal_actions_are_executed_once(root: Path, marks: Path) -> None:
    """An Action that is asked for twice, or was asked for ahead twice, is built once and has one Outcome."""
    language = Together(marks)
    [one, *_] = three()
    with Children() as children:
        executor = open_executor(children, root, language)
        executor.build_ahead([one, one])
        executor.run([one, one], outcomes := Outcomes())

    assert {"a": ["for all built", "a"]} == built_and_run(outcomes)
    assert ["a"] == language.built


LIMITS = Limits(memory=128, processes=20, open_files=32, file_size=4, disk=8, tmp=8, cpu=1)
OVER = [
    ("memory", "exec python3 -c 'x = bytearray(1 << 30)'"),
    ("processes", "for i in $(seq 99); do sleep 5 & done"),
    ("processes", "echo 'import os, time\nfor i in range(99): os.fork() or time.sleep(5)' >x.py; exec python3 x.py"),
    ("open_files", "exec python3 -c 'x = [open(\"/dev/null\") for _ in range(99)]'"),
    ("file_size", "head -c 6000000 /dev/zero >big || exit 1"),
    ("file_size", "exec head -c 6000000 /dev/zero >big"),
    ("file_size", 'exec python3 -c \'print(open("big", "wb").write(bytes(6 << 20)))\''),
    ("cpu", "exec python3 -c 'while True: pass'"),
    ("cpu", "python3 -c 'while True: pass'; exit 3"),
]
EACH_TIER: list[tuple[Tier, str, str]] = [
    *(("limits", name, code) for name, code in OVER),
    *(("landlock", name, code) for name, code in OVER[:4]),
    *(("bubblewrap", name, code) for name, code in OVER[:6]),
]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of Linux")
@pytest.mark.parametrize(("tier", "name", "code"), EACH_TIER)
def test_a_limit_is_told_by_name_in_each_tier(tmp_path: Path, tier: Tier, name: str, code: str) -> None:
    """Who comes to a limit is told which, however the program put it; nothing of it is stored."""
    outcomes = Outcomes()
    steps = (Step(kind="run", argv=(code,), timeout=20, limits=LIMITS),)
    with confined(tier) as children:
        executor = ParallelExecutor(
            children, SHELL, jobs=1, total_timeout=None, path="/usr/bin:/bin", scratch_root=tmp_path
        )
        executor.run([action("x", steps=steps)], outcomes)

    outcome = outcomes.of["x"]
    expected = OutOfMemory(128) if name == "memory" else LimitReached(name, getattr(LIMITS, name))
    assert expected == outcome.steps[-1].ended, outcome.steps[-1].stderr
    assert (tier, False) == (outcome.sandbox, outcome.storable)


class Rustc(Shell):
    """rustc, as `languages.rust` calls it and reads it."""

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[Any]:  # noqa: ARG002
        for one, scratch in work:
            [step] = one.steps
            options = ("--error-format=json", "--json=diagnostic-rendered-ansi", "-Cdebuginfo=0", "main.rs")
            yield one, translate(scratch.run(step, (*step.argv, *options), {}))


RUSTC: Any = {"rustc": Rustc("rustc")}
HELLO = (("main.rs", 'fn main() { println!("{}", 1); }'),)


def compile_by(root: Path, *rustc: str, path: str = PATH) -> Outcome:
    """Return the Outcome of a compilation in `root` by the command line `rustc`."""
    outcomes = Outcomes()
    steps = (Step(kind="build", argv=rustc, timeout=60),)
    with Children() as children:
        executor = ParallelExecutor(children, RUSTC, jobs=1, total_timeout=None, path=path, scratch_root=root)
        executor.run([action("x", language="rustc", files=HELLO, steps=steps)], outcomes)
    return outcomes.of["x"]


SMALL_DISK = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], str(Path(sys.argv[2]).parent)]
from test_executor import compile_by
root = Path(sys.argv[1])
for left in (300, 500, 700, 1500, 18000):
    with (root / "fill").open("wb") as file:
        file.write(bytes(20 * 1024**2 - left * 1024))
    outcome = compile_by(root, sys.argv[3])
    print(outcome.storable, outcome.steps[-1].ended)
"""


@pytest.fixture(scope="session")
def rustc() -> str:
    """The real one: rustup's needs a home directory."""
    if shutil.which("rustc") is None or shutil.which("cc") is None:
        pytest.skip("no rustc, or no linker")
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    return f"{sysroot}/bin/rustc"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a small disk")
def test_rustc_on_a_disk_that_was_full_for_a_moment(tmp_path: Path, rustc: str) -> None:
    """It has removed what filled the disk when it ends; nothing of it is stored, and nobody blames the sample."""
    mount = f"mount -t tmpfs -o size=20m none {tmp_path}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    command = [sys.executable, "-c", SMALL_DISK, str(tmp_path), str(Path(__file__).parent), rustc]

    told = subprocess.check_output(["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *command], text=True)

    *small, large = told.splitlines()
    assert "True Exited(code=0)" == large
    assert ["False NotStarted"] * 4 == [line.partition("(")[0] for line in small], small


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the names of its signals")
@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (7, "SIGBUS"), (11, "SIGSEGV")])
@pytest.mark.parametrize("part", ["cc", "ld"])
def test_a_linker_that_is_killed(tmp_path: Path, rustc: str, part: str, number: int, name: str) -> None:
    """Whichever part of it was ended by a signal, that is no error of the sample."""
    tools, root = tmp_path / "tools", tmp_path / "root"
    for folder in (tools, root):
        folder.mkdir()
    for program in ["cc"] if part == "cc" else ["ld", "ld.lld"]:
        (tools / program).write_text(f"#!/bin/sh\nkill -{number} $$\n")
        (tools / program).chmod(0o755)
    options = () if part == "cc" else (f"-Clink-arg=-B{tools}", "-Clink-self-contained=-linker")

    outcome = compile_by(root, rustc, *options, path=f"{tools}:{PATH}" if part == "cc" else PATH)

    hint = "; the disk may be full" if name == "SIGBUS" else ""
    assert NotStarted(f"the linker was ended by signal {number} ({name}){hint}") == outcome.steps[-1].ended
    assert not outcome.storable


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
@pytest.mark.parametrize(
    ("part", "why"),
    [("ld", "the linker was ended by signal 9 (SIGKILL)"), ("cc1", "`cc1` was ended by a signal: Killed")],
)
def test_a_part_of_gcc_that_is_killed(tmp_path: Path, part: str, why: str) -> None:
    """A compiler of any language that says so is understood."""
    tools, root = tmp_path / "tools", tmp_path / "root"
    for folder in (tools, root):
        folder.mkdir()
    (tools / part).write_text("#!/bin/sh\nkill -9 $$\n")
    (tools / part).chmod(0o755)
    build = f"printf 'int main() {{}}' >x.c; gcc -B{tools} x.c"

    [step] = execute(root, action("x", build=build)).of["x"].steps

    assert NotStarted(why) == step.ended
