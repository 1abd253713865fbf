"""Consoles of interpreters, executed by the real ones."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from support.sizes import TIMES
from support.workshop import CONFINED, Recorder, Workshop

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.consoles import parse
from mkdocs_codeexec.core.conversing import judged
from mkdocs_codeexec.core.expectation import Converses, Met, Unmet
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult, TimedOut
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.languages import BUILTIN, open_languages
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mkdocs_codeexec.core.settings import ScriptSettings

CONFIGURED: dict[str, object] = {
    "lua-console": {
        "command": ["lua", "-i"],
        "version": ["lua", "-v"],
        "console": {
            "prompts": ["> "],
            "continuations": [">> "],
            "start": "_PROMPT, _PROMPT2 = '{prompt}', '{more}'",
            "terminal": True,
            "error": r"^stdin:\d+:",
        },
    },
    "sqlite3": {
        "command": ["sqlite3"],
        "console": {
            "prompts": ["sqlite> "],
            "continuations": ["   ...> "],
            "start": '.prompt "" ""',
            "mark": ".print {prompt}",
            "terminal": True,
            "error": "^(Parse|Runtime) error",
        },
    },
    "python-typed": {
        "command": ["{python}", "-iqu"],
        "console": {
            "prompts": ["In [1]: "],
            "continuations": ["   ...: "],
            "start": "import sys; sys.ps1, sys.ps2 = '{prompt}', '{more}'",
            "error": r"^Traceback",
        },
    },
    "deaf": {"command": ["sleep", "60"], "console": {"prompts": ["> "], "start": "{prompt}"}},
    "mute": {"command": ["true"], "console": {"prompts": ["> "], "start": "{prompt}"}},
    "reader": {
        "command": ["bash", "-c", 'while read -r line; do eval "$line"; done'],
        "console": {"prompts": ["sh> "], "mark": "echo '{prompt}'"},
    },
}
PROGRAMS = {
    "irb": "irb",
    "node": "node",
    "lua-console": "lua",
    "sqlite3": "sqlite3",
    "python-typed": "",
    "reader": "bash",
    "deaf": "sleep",
    "mute": "true",
}

IRB = """\
irb(main):001:0> x = 5
=> 5
irb(main):002:0> _ + 1
=> 6
irb(main):003:1* def f
irb(main):004:1*   $stderr.puts "error"
irb(main):005:0> end
=> :f
irb(main):006:0> f; puts; print "end"
error

end=> nil
irb(main):007:0> local_variables
=> [:x, :_]
irb(main):008:0> "é" +
irb(main):009:0* "a"
=> "éa"
irb(main):010:0> raise "no"
(irb):10:in `<main>': no (RuntimeError)
irb(main):011:0> $stdin.tty?
=> false"""
NODE = """\
> const x = [1, 'a']
undefined
> x
[ 1, 'a' ]
> function f() {
...   return 3
... }
undefined
> f()
3
> await new Promise(resolve => setTimeout(() => resolve(7), 50))
7
> _ + 1
8
> console.log(); console.error('error')

error
undefined
> y
Uncaught ReferenceError: y is not defined
> `a
... b`
'a\\nb'
> x instanceof Array
true"""
LUA = """\
> x = 5
> x + 1
6
> for i = 1, 2 do
>>   print(i)
>> end
1
2
> print(); io.write("end\\n")

end
> error("no")
stdin:1: no
stack traceback:
	[C]: in function 'error'
	stdin:1: in main chunk
	[C]: in ?"""
SQLITE = """\
sqlite> create table t(a);
sqlite> insert into t values (1),
   ...> (2);
sqlite> select * from t;
1
2
sqlite> .headers on
sqlite> select '' as x;
x

sqlite> selec;
Parse error: near "selec": syntax error
  selec;
  ^--- error here"""
TYPED = """\
In [1]: x = 6
In [2]: x * 7
42
In [3]: for i in range(2):
   ...:     i
   ...:
0
1
In [10]: import sys; _ = sys.stderr.write("error\\n"); print()
error

In [11]: 1 / 0
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
ZeroDivisionError: division by zero"""
READER = """\
sh> echo a; printf b
a
b
sh> echo >&2

sh> x=1
sh> echo $x
1"""
WRITTEN = {"irb": IRB, "node": NODE, "lua-console": LUA, "sqlite3": SQLITE, "python-typed": TYPED, "reader": READER}


def script(name: str, workshop: Workshop) -> ScriptSettings:
    """Return how a language is set up; skip the test where there is no such interpreter."""
    if PROGRAMS[name] and shutil.which(PROGRAMS[name]) is None:
        pytest.skip(f"there is no {PROGRAMS[name]}")
    found = settings_from({"languages": CONFIGURED}, project_dir=workshop.project, environ={}, cpus=lambda: 1)
    return found.scripts[name]


@pytest.fixture
def workshop(tmp_path: Path, environment_dir: Path) -> Iterator[Workshop]:
    tmp_path.chmod(0o755)
    with Children(**CONFINED) as children:
        yield Workshop(tmp_path, Recorder(children), environment_dir)


def executed(
    workshop: Workshop, name: str, code: str, *, seconds: float = 20.0, terminal: bool = False
) -> tuple[Converses, Outcome]:
    """Return what is expected of the console `code`, and what it came to."""
    set_up = script(name, workshop)
    assert set_up.repl is not None
    language = open_languages(workshop.settings(scripts={name: set_up}), workshop.listener)[name]
    said = Converses(parse(code, "repl", "", set_up.repl.dialect), verify=True)
    given = Given(terminal=terminal, merged=terminal, env=(("FORCE_COLOR", "0"), ("NO_COLOR", "1")))
    sample = workshop.sample(code, name, timeout=seconds, expectation=said, given=given)
    (found,) = language.divide([language.plan(sample)], workshop.execute(language, sample))
    assert found is not None
    return said, found


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_what_is_printed(workshop: Workshop, name: str, terminal: bool) -> None:
    """Command by command, with values, both streams, blank lines, errors that are written, and further lines."""
    if terminal and name in ("irb", "python-typed"):
        pytest.skip("it prints otherwise there: `tty?` is true, and readline is loaded")
    said, outcome = executed(workshop, name, WRITTEN[name], terminal=terminal)

    assert Met() == judged(said, outcome), outcome.steps
    assert len(said.console.executed) == len(outcome.steps)


@pytest.mark.parametrize(
    ("name", "code", "line", "why"),
    [
        ("node", "> 1\n1\n> y", 3, "`> y` printed `Uncaught ReferenceError: y is not defined`, and no such thing"),
        ("node", "> 1\n1\n> process.exit(3)\n> 2", 3, "`> process.exit(3)`: exit status 3"),
        (
            "node",
            "> 1\n1\n> process.exit()\n> 2",
            4,
            "`> 2` was not executed: `> process.exit()` has ended the session",
        ),
        ("irb", "irb(main):001:0> exit! 4", 1, "`irb(main):001:0> exit! 4`: exit status 4"),
        ("lua-console", "> 1\n2", 2, "`> 1` printed something else than is written"),
        ("reader", "sh> kill -9 $$\nsh> 1", 1, "`sh> kill -9 $$`: ended by signal 9"),
    ],
)
def test_what_went_otherwise(workshop: Workshop, name: str, code: str, line: int, why: str) -> None:
    """Is told of the command."""
    said, outcome = executed(workshop, name, code)
    verdict = judged(said, outcome)

    assert isinstance(verdict, Unmet)
    assert line == verdict.line
    assert verdict.reason.startswith(why)


@pytest.mark.parametrize("name", ["node", "lua-console", "sqlite3", "python-typed"])
def test_a_command_without_an_end_is_ended_by_its_time(workshop: Workshop, name: str) -> None:
    """And what stands behind it is neither executed nor a part of it."""
    prompt = parse(WRITTEN[name], "repl", "", script(name, workshop).repl.dialect).prompt  # type: ignore[union-attr]
    open_ended = {"node": "function f() {", "lua-console": "for i = 1, 2 do", "sqlite3": "select", "python-typed": "("}
    said, outcome = executed(workshop, name, f"{prompt}{open_ended[name]}\n{prompt}1\n{prompt}2", seconds=0.7)

    assert [TimedOut(0.7)] == [step.ended for step in outcome.steps]
    verdict = judged(said, outcome)
    assert isinstance(verdict, Unmet)
    assert (1, True) == (verdict.line, "timed out after 0.7 s" in verdict.reason)


def test_a_prompt_that_never_comes(workshop: Workshop) -> None:
    """Is waited for as long as a command may take; one that ends without it has executed nothing."""
    said, outcome = executed(workshop, "deaf", "> 1\n> 2", seconds=0.5)
    assert [TimedOut(0.5)] == [step.ended for step in outcome.steps]
    assert Unmet("`> 1` timed out after 0.5 s", 1) == judged(said, outcome)
    said, outcome = executed(workshop, "mute", "> 1\n> 2")
    assert () == outcome.steps
    assert Unmet("`> 1` was not executed: the session did not start", 1) == judged(said, outcome)


STATEMENTS = (
    "x = {n}",
    "x",
    "print({n})",
    "print('a\\nb')",
    "print()",
    "(lambda: {n})()",
    "y",
    "1 / 0",
    "'> '",
    "# {n}",
)


@pytest.mark.parametrize("seed", range(5 * TIMES))
def test_nothing_is_lost_and_nothing_is_shown_twice(workshop: Workshop, seed: int) -> None:
    """Joined, what stands under the commands is what the interpreter prints that is told all of them at once."""
    chance = random.Random(seed)
    commands = [chance.choice(STATEMENTS).replace("{n}", str(chance.randint(0, 9))) for _ in range(12)]
    _, outcome = executed(
        workshop, "python-typed", "\n".join(f"In [1]: {one}\nOut: 41" for one in ["x = 0", *commands])
    )

    alone = said_at_once(workshop, ["x = 0", *commands])
    assert alone == "".join(step.stdout for step in outcome.steps)
    assert {(Exited(0), "")} == {(step.ended, step.stderr) for step in outcome.steps}


def said_at_once(workshop: Workshop, commands: list[str]) -> str:
    """Return what a real interpreter prints, without its prompts."""
    typed = "\n".join(["import sys; sys.ps1 = sys.ps2 = ''", *commands, ""])
    text = f"import subprocess, sys; subprocess.run([sys.executable, '-iqu'], input={typed.encode()!r}, stderr=1)"
    language = open_languages(workshop.settings(scripts={"python": BUILTIN["python"]}), workshop.listener)["python"]
    step: StepResult = workshop.execute(language, workshop.sample(text, "python", timeout=20.0)).steps[-1]
    return step.stdout.removeprefix(">>> ").removesuffix("\n")
