"""A console is one session: what stands under its commands, one after the other, is what one shell or interpreter prints."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.sizes import TIMES
from support.workshop import CONFINED, Recorder, Workshop

from mkdocs_codeexec.core.consoles import parse
from mkdocs_codeexec.core.expectation import Converses
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.languages import BUILTIN, open_languages
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

USUAL = 25
"""How many of each kind are tried; 200 with `CODEEXEC_TEST_TIMES=8`."""
CANARY = "EXECUTED"
"""What is printed only if something is executed that stands in output."""
WRITTEN = (
    *("", "", "out", f"echo {CANARY}", f"> echo {CANARY}", f"% echo {CANARY}", f"# echo {CANARY}", f" $ echo {CANARY}"),
    *(
        f"a $ echo {CANARY}",
        f"`echo {CANARY}`",
        "...",
        f"print('{CANARY}')",
        f" >>> print('{CANARY}')",
        "EOF",
        "'",
        "\\",
    ),
)
SHELL = (
    *("echo line {n}", "printf 'no end {n}'", "echo err {n} >&2", "echo a{n}; echo b >&2; echo c", "printf '$ {n}\\n# x\\n'"),
    *("printf '\\033[3{d}mred\\033[0m\\n\\xff'", "cd /; pwd", "x={n}", "echo $x $((x + {d}))", "false; echo $?", "(exit {d})"),
    *("echo $?", "f() {\n  echo f $1 $x\n  return {d}\n}", "f {n}", "cat <<EOF\na $x\n  b\n$ echo c\nEOF", "cat <<'EOF' | sort\nb\na\nEOF"),
    *("for i in 1 2 {d}; do\n  echo $i\ndone", "if true; then\n  echo yes\nfi", "echo 'a\nb {n}'", "echo a \\\n  b {n}", "alias say='echo said'"),
    *("say {n}", "export Y={n}", "bash -c 'echo $Y; echo e >&2'", "ls no-such-{n}", "no_such_command_{d}", "set -e; true; set +e", "set -u; set +u"),
    *("seq {d}00 | tail -3", "sleep 0.01 & wait", "(sleep 0.02; echo late {n}) & wait", "exec 3>&1; echo three >&3", "read line; echo $?"),
    *('printf() { builtin printf "mine $*"; }', 'echo() { builtin echo mine "$@"; }', "unset -f echo printf", "echo )", "[[ -z $x ]] || echo full", "a=(1\n2 3); echo ${a[@]}", "trap 'echo bye' EXIT", "set -x; echo traced {n}; set +x", "# a comment", ""),
    *("echo 'codeexec-00-0.'", "printf 'a\\rb\\n'", "cat missing 2>/dev/null || echo none {n}", "umask; declare -p x", "{ echo x; echo y >&2; } 2>&1"),
)  # fmt: skip
SHELL_ENDS = ("exit", "exit {d}", "exec echo gone", "set -e; false", "kill -9 $$", "unset x; set -u; echo $x")
PYTHON = (
    *("1 + {n}", "print('no end {n}', end='')", "'text {n}'", "None", "x = {n}", "x * {d}", "_", "1 / 0", "missing_{d}", "# nothing"),
    *("import sys; print('err {n}', file=sys.stderr)", "for i in range({d}):\n    i", "for i in range(2):\n    print(i)\n    i * {d}"),
    *("def f(y):\n    return y / {d}", "f({n})", "f('a')", "class C:\n    a = {n}\n\n    def g(self):\n        return self.a", "C().g()"),
    *("if True:\n    'yes'\nelse:\n    'no'", "[\n    {n},\n    {d},\n]", "'''a\nb'''", "print('>>> x\\n... y')", "x = "),
    *("import os, subprocess; _ = subprocess.call('echo child; echo e >&2', shell=True)", "os.write(1, b'raw\\n')", "x; {n}; 'c'"),
    *("raise ValueError('a\\nb {n}')", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise OSError({n}) from e", "{1: 'é'}"),
    *("with open('f', 'w') as file:\n    file.write('{n}')", "open('f').read()", "@staticmethod\ndef h():\n    pass", "(lambda: 0)(); print('a')"),
    *("import warnings; warnings.warn('careful {n}')", "print(*sorted(n for n in globals() if not n.startswith('_'))[:{d}])", "print(__name__)"),
)  # fmt: skip
PYTHON_ENDS = ("exit()", "raise SystemExit({d})", "os._exit({d})", "sys.exit('why')")


@pytest.fixture
def workshop(tmp_path: Path, environment_dir: Path) -> Iterator[Workshop]:
    tmp_path.chmod(0o755)
    with Children(**CONFINED) as children:
        yield Workshop(tmp_path, Recorder(children), environment_dir)


def commands_of(chance: random.Random, of: Sequence[str], ends: Sequence[str]) -> list[str]:
    """Return what is typed, one command after the other."""
    found = [chance.choice(of) for _ in range(chance.randint(1, 12))]
    if chance.random() < 0.3:
        found.insert(chance.randint(0, len(found)), chance.choice(ends))
    numbers = {"{n}": lambda: str(chance.randint(0, 99)), "{d}": lambda: str(chance.randint(1, 5))}
    return [re.sub(r"\{[nd]\}", lambda mark: numbers[mark[0]](), text) for text in found]


def fence(chance: random.Random, commands: Sequence[str], first: str, more: str) -> str:
    """Return a console of `commands`, with anything written under them."""
    lines = []
    for command in commands:
        start, *rest = command.split("\n")
        lines += [first + start, *(more + line for line in rest)]
        lines += [chance.choice(WRITTEN) for _ in range(chance.randint(0, 3))]
    return "\n".join(lines)


def told(workshop: Workshop, name: str, code: str) -> list[StepResult]:
    """Return what each command came to that was reached."""
    language = open_languages(workshop.settings(scripts={name: BUILTIN[name]}), workshop.listener)[name]
    console = parse(code, BUILTIN[name].console)
    assert console.mistakes == ()
    sample = workshop.sample(code, name, timeout=20.0, expectation=Converses(console))
    outcome = workshop.execute(language, sample)
    (found,) = language.divide([language.plan(sample)], outcome)
    assert found is not None
    return list(found.steps)


def shell_alone(workshop: Workshop, commands: Sequence[str]) -> tuple[object, str]:
    """Return how one shell ends that reads all commands, and what it prints."""
    language = open_languages(workshop.settings(scripts={"bash": BUILTIN["bash"]}), workshop.listener)["bash"]
    typed = "".join(f"eval {quoted(command)}\n" for command in commands)
    sample = workshop.sample(f"exec 2>&1; shopt -s expand_aliases\n{typed}", "bash", timeout=20.0)
    last = workshop.execute(language, sample).steps[-1]
    return last.ended, last.stdout


def quoted(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(USUAL * TIMES))
def test_a_console_is_one_shell(workshop: Workshop, seed: int) -> None:
    """Joined, what stands under the commands is what one shell prints, and it ends alike."""
    chance = random.Random(seed)
    commands = commands_of(chance, SHELL, SHELL_ENDS)
    steps = told(workshop, "console", fence(chance, ["true", *commands], "$ ", "> "))

    ended, printed = shell_alone(workshop, ["true", *(command for command in commands if command.strip())])
    assert (ended, plain(printed)) == (steps[-1].ended, plain("".join(step.stdout for step in steps)))
    assert CANARY not in printed
    assert [""] * len(steps) == [step.stderr for step in steps]


def plain(text: str) -> str:
    """Return `text` without what shells write before their messages, and how deep `set -x` is."""
    text = re.sub(r"(?:sample\.sh|bash): (?:eval: )?(?:line \d+: )?", "bash: ", text)
    return re.sub(r"\++ (?=echo traced|set \+x)", "+ ", text)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(USUAL * TIMES))
def test_a_console_is_one_interpreter(workshop: Workshop, seed: int, tmp_path: Path) -> None:
    """Joined, what stands under the commands is what an interactive interpreter prints."""
    chance = random.Random(seed)
    commands = ["import os, sys", *commands_of(chance, PYTHON, PYTHON_ENDS)]
    steps = told(workshop, "pycon", fence(chance, commands, ">>> ", "... "))

    printed = "".join(step.stdout for step in steps)
    assert interactive(commands, tmp_path) == printed
    assert CANARY not in printed
    if len(steps) == len(commands):
        assert all(step.ended in (Exited(0), Exited(1)) for step in steps[:-1])


def interactive(commands: Sequence[str], folder: Path) -> str:
    """Return what the real one prints: a blank line ends a statement of several, no prompts are shown."""
    typed = "import sys; sys.ps1 = sys.ps2 = ''\n"
    for command in commands:
        lines = command.replace("\n\n", "\n").split("\n")
        typed += "\n".join(lines) + ("\n\n" if len(lines) > 1 else "\n")
    typed += "raise SystemExit\n"  # at the end of what is typed it would end the line of its prompt
    folder = folder / "alone"
    folder.mkdir()
    said = subprocess.run(
        [sys.executable, "-uiq"],
        input=typed.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "PYTHONSTARTUP": "", "PYTHONUTF8": "1"},
        check=False,
        timeout=60,
    )
    return said.stdout.decode().removeprefix(">>> ")
