"""Steps of sessions, planned, run as one program and divided, by the real interpreters."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.outcome import Exited, OutputFlooded, Signaled, StepResult, TimedOut
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given, Links, Sample
from mkdocs_codeexec.core.settings import ScriptSettings
from mkdocs_codeexec.languages import BUILTIN, open_languages

if TYPE_CHECKING:
    from support.workshop import Workshop

MARK = 'print("{mark}")'
OTHERS = {
    "lua": ScriptSettings(name="lua", command=("lua", "{file}"), extension="lua", session="concat", split=MARK),
    "perl": ScriptSettings(
        name="perl", command=("perl", "{file}"), extension="pl", session="concat", split='print "{mark}\\n";'
    ),
    "node": ScriptSettings(
        name="node", command=("node", "{file}"), extension="js", session="concat", split='console.log("{mark}");'
    ),
}


def steps(
    workshop: Workshop, name: str, *codes: str, exits: dict[int, int | None] | None = None, **more: Any
) -> list[Sample]:
    """Return the steps of a session; those of which a status is expected by their number."""
    found: list[Sample] = []
    for number, code in enumerate(codes, 1):
        sample = workshop.sample(
            code, name, links=Links(session="s"), before=tuple(found), last=number == len(codes), **more
        )
        if exits and number in exits:
            sample = replace(sample, expectation=Succeeds(exits[number]))
        found.append(sample)
    return found


def opened(workshop: Workshop, name: str, **changes: Any) -> Any:
    script = OTHERS.get(name) or BUILTIN[name]
    return open_languages(workshop.settings(scripts={name: script}, **changes), workshop.listener)[name]


def run(
    workshop: Workshop, name: str, *codes: str, exits: dict[int, int | None] | None = None, **more: Any
) -> list[StepResult | None]:
    """Return what each step came to that was reached."""
    language = opened(workshop, name)
    return executed(workshop, language, steps(workshop, name, *codes, exits=exits, **more))


def executed(workshop: Workshop, language: Any, samples: list[Sample]) -> list[StepResult | None]:
    outcome = workshop.execute(language, samples[-1])
    parts = language.divide([language.plan(sample) for sample in samples], outcome)
    return [part and part.steps[-1] for part in parts]


def outputs(parts: list[StepResult | None]) -> list[str]:
    return [part.stdout for part in parts if part]


def ends(parts: list[StepResult | None]) -> list[object]:
    return [part and part.ended for part in parts]


# --- Python ---------------------------------------------------------------------------------------------------------


def test_names_and_places_of_python(workshop: Workshop) -> None:
    """A traceback names a step's own file as that of a sample alone, and other steps by their number, with their lines."""
    parts = run(
        workshop,
        "python",
        "import inspect\n\ndef f(n):\n    return 1 / n\n",
        "def g():\n    f(0)\n\nprint(inspect.getsource(f), inspect.getsource(g), sep='')",
        "\n\ng()",
    )

    assert parts[1] is not None
    assert parts[2] is not None
    assert "def f(n):\n    return 1 / n\ndef g():\n    f(0)\n\n" == parts[1].stdout
    assert (
        "Traceback (most recent call last):\n"
        '  File "sample.py", line 3, in <module>\n'
        "    g()\n"
        '  File "step-2.py", line 2, in g\n'
        "    f(0)\n"
        '  File "step-1.py", line 4, in f\n'
        "    return 1 / n\n"
    ) == parts[2].stderr.partition("           ~~^~~\n")[0]


def test_an_interpreter_with_steps_looks_like_one_without(workshop: Workshop) -> None:
    """No name, module, argument or folder tells of what runs the steps."""
    code = (
        "import sys, os\nprint(sorted(globals()), sorted(sys.modules), sys.argv, sys.path, sys.orig_argv[1:], __name__,\n"
        "__file__, __spec__, __doc__, sys.flags, open(__file__).read().count('import'), sorted(os.environ), sep='\\n')"
    )
    language = opened(workshop, "python")

    alone = workshop.execute(language, workshop.sample(code, "python")).steps[-1]

    assert Exited(0) == alone.ended
    assert [alone.stdout] == outputs(run(workshop, "python", code))


def test_what_python_code_knows_of_itself(workshop: Workshop) -> None:
    """Dataclasses, pickling, warnings, and the flags of `__future__`, which hold from their step on."""
    parts = run(
        workshop,
        "python",
        "from __future__ import annotations\nimport dataclasses, pickle, warnings\n"
        "@dataclasses.dataclass\nclass P:\n    x: Nowhere = 1\n",
        "def f(a: NotThere): ...\nprint(P(), pickle.loads(pickle.dumps(P(2))), P.__module__, f.__annotations__)",
        "warnings.warn('careful')",
        "warnings.warn('careful')",
    )

    assert "P(x=1) P(x=2) __main__ {'a': 'NotThere'}\n" == outputs(parts)[1]
    warned = "sample.py:1: UserWarning: careful\n  warnings.warn('careful')\n"
    assert [warned, warned] == [part.stderr for part in parts[2:] if part]


def test_await_at_the_top_level(workshop: Workshop) -> None:
    """One event loop for all steps; what fails there is told with the frames of the step alone."""
    parts = run(
        workshop,
        "python",
        "import asyncio\ntask = asyncio.get_running_loop().create_task(asyncio.sleep(0, 'slept'))\nawait asyncio.sleep(0)",
        "print(await task)",
        "async def f(): raise ValueError('boo')\nawait f()",
    )

    assert ["", "slept\n", ""] == outputs(parts)
    assert parts[2] is not None
    assert (
        'Traceback (most recent call last):\n  File "sample.py", line 2, in <module>\n    await f()\n'
        "  File \"sample.py\", line 1, in f\n    async def f(): raise ValueError('boo')\n"
        "ValueError: boo\n"
    ) == "".join(line for line in parts[2].stderr.splitlines(keepends=True) if "^" not in line)


def test_an_error_ends_the_program_unless_it_is_expected(workshop: Workshop) -> None:
    """An exception is status 1, `SystemExit` what it says; the next step begins where that is what the fence says."""
    codes = ("print(1)", "print(2); 1 / 0", "import sys; sys.exit(3)", "sys.exit('why')", "print(5)")

    assert [Exited(0), Exited(1)] == ends(run(workshop, "python", *codes))
    assert [Exited(0), Exited(1), Exited(3)] == ends(run(workshop, "python", *codes, exits={2: 1}))
    all_of_them = run(workshop, "python", *codes, exits={2: None, 3: 3, 4: 1})
    assert ["1\n", "2\n", "", "", "5\n"] == outputs(all_of_them)
    assert [Exited(0), Exited(1), Exited(3), Exited(1), Exited(0)] == ends(all_of_them)
    assert all_of_them[3] is not None
    assert "why\n" == all_of_them[3].stderr
    assert [Exited(0), Exited(1)] == ends(run(workshop, "python", "x = 1", "def", "x"))


@pytest.mark.parametrize(
    ("code", "ended", "printed"),
    [
        ("import os; os._exit(4)", Exited(4), ""),
        ("import os; os.kill(os.getpid(), 9)", Signaled(9), ""),
        ("import os; os.execvp('echo', ['echo', 'another'])", Exited(0), "another\n"),
        ("import os; os.abort()", Signaled(6), ""),
    ],
)
def test_what_ends_the_interpreter(workshop: Workshop, code: str, ended: object, printed: str) -> None:
    """What was before is there; what comes after is not reached."""
    parts = run(workshop, "python", "print('a')", f"print('b', flush=True)\n{code}", "print('c')")

    assert ["a\n", f"b\n{printed}"] == outputs(parts)
    assert [Exited(0), ended] == ends(parts)


def test_a_step_that_closes_or_replaces_its_streams(workshop: Workshop) -> None:
    """The others go on as one program would."""
    closed = run(
        workshop, "python", "import os; os.close(1)", "os.system('echo x >&2')", "import sys; sys.stdout = None"
    )
    replaced = run(
        workshop, "python", "import sys, io; sys.stdout = io.StringIO(); print(1)", "print(2, file=sys.__stdout__)"
    )

    assert ["", "", ""] == outputs(closed)
    assert ["", "x\n", ""] == [part.stderr for part in closed if part]
    assert ["", "2\n"] == outputs(replaced)


def test_a_step_that_closes_all_descriptors(workshop: Workshop) -> None:
    """As programs do that leave their terminal: the others are executed, and only what they print is lost."""
    parts = run(workshop, "python", "import os; print('a', flush=True); os.closerange(0, 256)", "x = 1", "x += 1")

    assert ["a\n", "", ""] == outputs(parts)


def test_all_that_writes_is_divided(workshop: Workshop) -> None:
    """Children, C and its buffer, threads: each stands under the step that is current; exit handlers under the last."""
    parts = run(
        workshop,
        "python",
        "import atexit, ctypes, os, threading\natexit.register(print, 'at exit')\n"
        "print('a', end=''); ctypes.CDLL(None).printf(b'buffered by C')",
        "os.system('echo child; echo error >&2')\ngo = threading.Event()\n"
        "def f():\n    go.wait(); print('thread')\nt = threading.Thread(target=f); t.start()",
        "go.set(); t.join()",
        "os.write(1, b'\\xff'); print('\\033[31mred')",
    )

    assert ["abuffered by C", "child\n", "thread\n", "\ufffd\x1b[31mred\nat exit\n"] == outputs(parts)
    assert ["", "error\n", "", ""] == [part.stderr for part in parts if part]
    assert [
        "`python`: step 2 of a session leaves 1 thread that may go on; what they print stands under the step that is current then"
    ] == [said for said in workshop.listener.said if "thread" in said]


def test_a_copy_of_the_interpreter_writes_no_marks(workshop: Workshop) -> None:
    """A child of `fork` that goes on does as copies do."""
    parts = run(
        workshop, "python", "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)", "print('both')", "print('end')"
    )

    assert ["both\nend\n", "both\n", "end\n"] == outputs(parts)


def test_processes_that_start_the_program_anew(workshop: Workshop) -> None:
    """`multiprocessing` imports the file of the program, which holds all steps."""
    codes = (
        "import multiprocessing\ndef double(x): return 2 * x",
        (
            "if __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
            "        print(pool.map(double, [1, 2]))"
        ),
    )
    language = opened(workshop, "python")

    alone = workshop.execute(language, workshop.sample("\n".join(codes), "python")).steps[-1]

    assert ["", alone.stdout] == outputs(run(workshop, "python", *codes))
    assert alone.stdout == "[2, 4]\n" or alone.ended != Exited(0)  # `landlock` has no semaphores


# --- Shells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_one_shell(workshop: Workshop, name: str) -> None:
    """Variables, functions, the directory, `set`, traps; a message names the step's own line."""
    parts = run(
        workshop,
        name,
        "x=3; f() { echo f $x; }\ntrap 'echo bye' EXIT\ncd /",
        "f; pwd\n\nnosuch\ntrue",
        "echo out; echo err >&2",
        "set -e\nfalse\necho never",
    )

    assert ["", "f 3\n/\n", "out\n", "bye\n"] == outputs(parts)
    assert [Exited(0), Exited(0), Exited(0), Exited(1)] == ends(parts)
    assert parts[1] is not None
    assert parts[1].stderr in ("sample.sh: line 3: nosuch: command not found\n", "sample.sh: 3: nosuch: not found\n")


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_the_status_of_a_step(workshop: Workshop, name: str) -> None:
    """That of its last command; the next one sees it, if that is expected."""
    codes = ("(exit 3)", "echo $?; (exit 4)", "echo $?; false", "echo $?")

    assert [Exited(3)] == ends(run(workshop, name, *codes))
    parts = run(workshop, name, *codes, exits={1: 3, 2: None, 3: 1})
    assert ["", "3\n", "4\n", "1\n"] == outputs(parts)
    assert [Exited(3), Exited(4), Exited(1), Exited(0)] == ends(parts)
    assert [Exited(0), Exited(0)] == ends(run(workshop, name, "true", "exit", "echo never"))
    assert [Exited(0), Exited(2)] == ends(run(workshop, name, "true", "if true", "echo never"))


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_what_runs_the_steps_of_a_shell_does_not_show(workshop: Workshop, name: str) -> None:
    """No variable, function or argument; where commands are traced, none but those of the steps."""
    language = opened(workshop, name)
    code = 'set | grep -v "^_=\\|^BASH\\|^LINENO=\\|^PIPESTATUS=\\|^FUNCNAME=\\|^HOME=\\|^TMPDIR=\\|^PPID=\\|^E*UID="; echo $# "$0" $-; ls'

    alone = workshop.execute(language, workshop.sample(code, name)).steps[-1]
    parts = run(workshop, name, "true", code)
    traced = [part for part in run(workshop, name, "set -x", "true", 'x="$(echo 1)"', "set +x") if part]

    assert ["", alone.stdout] == outputs(parts)
    assert "" == traced[0].stderr
    assert "+ true\n" == traced[1].stderr
    assert traced[2].stderr in ("++ echo 1\n+ x=1\n", "+ echo 1\n+ x=1\n")
    assert "+ set +x\n" == traced[3].stderr


def test_a_syntax_error_in_the_first_line_is_told(workshop: Workshop) -> None:
    parts = run(workshop, "bash", "true", ") echo", "echo never")

    assert parts[1] is not None
    assert parts[1].stderr.startswith("sample.sh: line 1: syntax error")


def test_jobs_go_on(workshop: Workshop) -> None:
    """A job of an earlier step, and what a step has redirected for good."""
    parts = run(workshop, "bash", "sleep 0.1 & job=$!", "wait $job; echo $?; exec >kept", "echo kept; cat kept >&2")

    assert ["", "0\n", ""] == outputs(parts)
    assert ["", "", "kept\n"] == [part.stderr for part in parts if part]


# --- Other languages ------------------------------------------------------------------------------------------------

CODES = {
    "lua": ('x = 5\nio.write("part")', "print(x)", '\nerror("boo")'),
    "perl": ('our $x = 5;\nprint "part";', 'print "$x\\n";', '\ndie "boo";'),
    "node": ('const x = 5;\nprocess.stdout.write("part");', "console.log(String(x));", '\nthrow new Error("boo");'),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_a_language_with_a_statement_that_splits(workshop: Workshop, name: str) -> None:
    """All steps are one file; messages name the lines of the step."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    parts = run(workshop, name, *CODES[name])

    assert ["part", "5\n", ""] == outputs(parts)
    assert parts[2] is not None
    assert "boo" in parts[2].stderr
    extension = OTHERS[name].extension
    assert f"sample.{extension}:2" in parts[2].stderr or f"sample.{extension} line 2" in parts[2].stderr


@pytest.mark.skipif(shutil.which("lua") is None, reason="Lua is not installed")
def test_a_step_that_keeps_all_others_from_running(workshop: Workshop) -> None:
    """What is no program is told at the step that makes it none; of the others nothing is known."""
    parts = run(workshop, "lua", "print(1)", "\nif )", "print(3)")

    assert [None, None] != parts
    assert parts[0] is None
    assert parts[1] is not None
    assert "sample.lua:2: unexpected symbol near ')'" in parts[1].stderr


# --- Limits, keys, refusals -----------------------------------------------------------------------------------------


def test_each_step_has_its_own_time(workshop: Workshop) -> None:
    """What was printed is kept."""
    language = opened(workshop, "python")
    made = steps(workshop, "python", "print(1)", "import time\nprint(2, flush=True)\ntime.sleep(60)", "print(3)")
    made = [replace(sample, timeout=seconds) for sample, seconds in zip(made, (30.0, 1.0, 30.0), strict=True)]
    made = [replace(sample, before=tuple(made[:place])) for place, sample in enumerate(made)]

    parts = executed(workshop, language, made)

    assert ["1\n", "2\n"] == outputs(parts)
    assert [Exited(0), TimedOut(1.0)] == ends(parts)


def test_output_is_cut_in_each_step(workshop: Workshop) -> None:
    """As that of a sample alone; a flood ends the program."""
    parts = run(workshop, "python", "print('a' * 400_000)", "print('b')", "while True: print('c' * 1000)")

    assert parts[0] is not None
    assert parts[0].truncated[0] > 100_000
    assert "b\n" == outputs(parts)[1]
    assert OutputFlooded(3 * 1024 * 1024) == ends(parts)[2]


def test_the_key_of_a_step(workshop: Workshop) -> None:
    """The code of all steps up to it, and what must be for it to be reached; not what should become of itself."""
    language = opened(workshop, "python")

    def key(*codes: str, exits: dict[int, int | None] | None = None, **more: Any) -> str:
        action: Action = language.plan(replace(steps(workshop, "python", *codes, exits=exits)[-1], **more))
        return action.request_key

    assert key("a", "b") == key("a", "b")
    assert key("a", "b") == key("a", "b", exits={2: 1})
    assert 6 == len(
        {
            key("a", "b"),
            key("a ", "b"),
            key("a", "b "),
            key("a", "b", exits={1: 1}),
            key("a", "b", last=False),
            key("b"),
        }
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Given(stdin="x"), "stdin"),
        (Given(args=("x",)), "args"),
        (Given(env=(("A", "1"),)), "env"),
        (Given(env=(("COLUMNS", "9"),)), "width"),
        (Given(network=True), "network"),
        (Given(files=(("a", "b"),)), "needs"),
    ],
)
def test_what_a_program_is_given_it_has_from_its_start(workshop: Workshop, given: Given, word: str) -> None:
    """The first step says it; a later one may repeat it, and is refused if it wants something else."""
    language = opened(workshop, "python")
    first, second = steps(
        workshop, "python", "import sys, os", "print(sys.argv[1:], os.environ.get('A'), sys.stdin.read())"
    )
    wanting = replace(second, given=given)
    repeating = replace(wanting, before=(replace(first, given=given),))
    given_first = replace(second, before=(replace(first, given=given),))

    refused = workshop.provide(language, wanting)

    assert isinstance(refused, Unavailability)
    assert f"step 2 of the session has a `{word}` that is not the one of its first step" == refused.reason
    assert isinstance(workshop.provide(language, repeating), Action)
    assert isinstance(workshop.provide(language, given_first), Action)


def test_what_the_first_step_is_given_all_have(workshop: Workshop) -> None:
    given = Given(stdin="in", args=("x",), env=(("A", "1"),))
    made = steps(workshop, "python", "import sys, os", "print(sys.argv[1:], os.environ['A'], sys.stdin.read())")
    made[0] = replace(made[0], given=given)
    made[1] = replace(made[1], before=(made[0],))

    assert ["", "['x'] 1 in\n"] == outputs(executed(workshop, opened(workshop, "python"), made))


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_places_in_colours_are_those_of_steps(workshop: Workshop) -> None:
    """Node.js writes the places of an error between two colours."""
    parts = run(workshop, "node", "function f(n) {\n  return n.x;\n}", "const y = 1;", "\n\nf(null);")

    assert parts[2] is not None
    assert "step-1.js:2\n" in parts[2].stderr
    assert "step-1.js:2:12" in parts[2].stderr
    assert "sample.js:3:1" in parts[2].stderr
