"""Sessions made at random, and the one program that each of them is."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

_LET_GO = "while waiting:\n    go, thread = waiting.pop(); go.set(); thread.join()"
_START = "waiting.append((go, threading.Thread(target=late))); waiting[-1][1].start()"
PYTHON = (
    'print("line {n}")',
    'print("no end {n}", end="")',
    'sys.stdout.write("\\x1b[3{d}mred\\x1b[0m {n}\\n")',
    'print("to stderr {n}", file=sys.stderr)',
    'os.write(1, b"raw {n}\\xff\\xfe\\n")',
    'os.write(2, b"raw {n}\\xff\\n")',
    'sys.stdout.buffer.write(bytes(range(128)) + b"{n}")',
    'subprocess.run(["printf", "child {n}\\n"])',
    'subprocess.run("echo out {n}; echo err {n} >&2", shell=True)',
    'sys.stdout.flush(); subprocess.run(["echo", "after {n}"])',
    'C.printf(b"from C {n}\\n"); C.fflush(None)',
    'C.puts(b"buffered by C {n}")',
    'libc_only = C.fprintf; C.dprintf(2, b"dprintf {n}\\n")',
    "value = value * {d} + {n}; print(value)",
    "class K{d}(K):\n    n = {n}\nK = K{d}; print(K.__mro__[-2].__name__, K.__qualname__, K.__module__)",
    "@dataclasses.dataclass\nclass D:\n    x: int = {n}\nprint(D(), pickle.loads(pickle.dumps(D(3))))",
    "def f{d}(x=value):\n    print('f{d}', x, {n})\n    return x",
    "f0({n})",
    "import inspect\nprint(inspect.getsource(f0).count('def'))",
    "t = threading.Thread(target=print, args=('thread {n}',)); t.start(); t.join()",
    "go = threading.Event()\ndef late(go=go, n={n}):\n    go.wait()\n    print('late', n)\n{START}",
    _LET_GO,
    "atexit.register(print, 'at the end {n}')",
    "logging.warning('logged {n}')",
    "warnings.warn('warned {n}')",
    "if not os.fork():\n    os.write(1, b'copy {n}\\n'); os._exit(0)\nos.wait()",
    "with contextlib.redirect_stdout(io.StringIO()) as got:\n    print('kept')\nprint(len(got.getvalue()))",
    "print('codeexec-', end=''); print('0' * 32 + '-0-0.')",
    "print('x' * {n}00)",
    "async def a(n={n}):\n    await asyncio.sleep(0); print('async', n)\nasyncio.run(a())",
    "try:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
    "print(sys.argv, __name__, sys.path[0] == os.path.dirname(__file__), '_driver' in globals())",
    "os.chdir('/'); print(os.getcwd())",
    "print(sorted(name for name in globals() if not name.startswith('__'))[:{d}])",
    "sys.stderr.flush(); sys.stdout.flush()",
    "'''a text {n}'''",
    "print(threading.active_count() - len(waiting), threading.current_thread().name)",
)
PYTHON_ENDS = (
    *("raise ValueError('boo {n}')", "f0.missing", "sys.exit({d})", "sys.exit('why {n}')", "os._exit({d})"),
    *("os.kill(os.getpid(), 9)", "sys.stdout.close()", "os.close(1)", "os.execvp('echo', ['echo', 'another program'])"),
    *(
        "raise SystemExit",
        "def g():\n    raise KeyError({n})\ntry:\n    g()\nexcept KeyError as e:\n    raise OSError from e",
    ),
    *("sys.stdout = None", "raise BaseException", "C.abort()", "threading.Thread(target=lambda: 1 / 0).start()"),
)
PYTHON_START = (
    "import asyncio, atexit, contextlib, ctypes, dataclasses, io, logging, os, pickle, subprocess, sys, threading, "
    "traceback, warnings\nC = ctypes.CDLL(None)\nvalue = 1\nK = type('K', (), {})\nwaiting = []\ndef f0(x): print('f0', x)"
)
SHELL = (
    "echo line {n}",
    "printf 'no end {n}'",
    "printf '\\033[3{d}mred\\033[0m {n}\\n'",
    "echo to stderr {n} >&2",
    "printf 'raw {n}\\377\\376\\n'",
    "printf 'raw {n}\\377\\n' >&2",
    "value=$((value * {d} + {n})); echo $value",
    'echo "status $?"',
    'f() {{ echo f "$@" {n}; }}',
    "f {d}",
    "cd /; pwd",
    "sh -c 'echo out {n}; echo err {n} >&2'",
    "echo stdout {n} >/dev/stdout; echo stderr {n} >/dev/stderr",
    "(sleep 0.02; echo in the background {n}) & wait",
    "trap 'echo at the end {n}' EXIT",
    "false || echo or {n}",
    "(exit {d}) || true",
    "echo $(echo inner {n}; echo other {n} >&2)",
    "cat <<END\ntext {n} $value\nEND",
    "for i in 1 2; do\n  echo $i {n}\ndone",
    "nosuchprogram{n} || true",
    "ls /nonexistent{n} 2>&1 || true",
    "printf 'codeexec-'; printf '%032d-0-0.\\n' 0",
    "set -- a b {n}; echo $# $0",
    "set -- 1 2; shift; echo $#",
    "exec 7>&1; echo seven {n} >&7",
    "( exit 0 )  # a comment",
    "if [ $value -gt {n} ]; then echo more; else echo less; fi",
    "echo | sed 's/^/piped {n}/'",
    "unset nothing; echo ${{nothing-unset}}",
    "alias a{d}='echo aliased'; echo",
    "printf '%s' {n}{n}{n} | tr -d '\\n'; echo",
    "set -e",
    "set -u",
    'set -x\necho traced {n} "$(echo {d})"\nf {n}\nset +x',
)
SHELL_ENDS = (
    *(
        "exit {d}",
        "false",
        "kill -9 $$",
        "exec echo another program",
        "trap - EXIT; exec >&-; echo lost",
        "set -e; false; echo never",
    ),
    *("exit", "set -u; echo $notset", "exec 2>&1; echo both; nosuch", "(exit {d})", "kill -TERM $$", "echo last"),
)
SHELL_START = "value=1; f() { echo first f; }"


@dataclass(frozen=True)
class Session:
    """Steps, of which the last may end in any way."""

    name: str
    steps: tuple[str, ...]

    @property
    def program(self) -> str:
        """All steps as one; what is buffered is written where a step ends."""
        if self.name != "python":
            return "\n".join(self.steps) + "\n"
        *before, last = self.steps
        flush = "; (sys.stdout.flush(), sys.stderr.flush(), C.fflush(None))\n"
        return "".join(f"{step}\npass{flush}" for step in before) + f"{last}\n"

    def place(self, line: int) -> tuple[int, int] | None:
        """Return which step a line of the program is of, and which line there."""
        gap = int(self.name == "python")
        for number, step in enumerate(self.steps):
            count = step.count("\n") + 1
            if line <= count:
                return number, line
            line -= count + gap
        return None

    def told(self, text: str) -> str:
        """Return `text`, which the program has written, with the lines of steps."""

        def put(found: re.Match[str]) -> str:
            place = self.place(int(found[2]))
            return found[0] if place is None else f"step-{place[0] + 1}.{self.suffix}{found[1]}{place[1]}"

        return re.sub(rf"sample\.{self.suffix}(\", line |: line |:|: )(\d+)", put, text)

    def numbered(self, text: str, own: int) -> str:
        """Return `text`, which a step has written, with its number where it speaks of its own lines."""
        return re.sub(rf"sample\.({self.suffix}(\", line |: line |:|: )\d+)", rf"step-{own + 1}.\1", text)

    @property
    def suffix(self) -> str:
        """The extension of its files."""
        return "py" if self.name == "python" else "sh"


def session(name: str, seed: int) -> Session:
    """Return a session of up to five steps."""
    chance = random.Random(seed)
    start, pieces, ends = (PYTHON_START, PYTHON, PYTHON_ENDS) if name == "python" else (SHELL_START, SHELL, SHELL_ENDS)

    def filled(piece: str) -> str:
        return (
            piece.replace("{START}", _START)
            .replace("{n}", str(chance.randint(1, 999)))
            .replace("{d}", str(chance.randint(1, 7)))
            .replace("{{", "{")
            .replace("}}", "}")
        )

    def step(pieces: Sequence[str]) -> list[str]:
        return [filled(chance.choice(pieces)) for _ in range(chance.randint(0, 4))]

    count = chance.randint(1, 5)
    steps = [step(pieces) for _ in range(count)]
    steps[0].insert(0, start)
    for one in steps[:-1]:  # that it ends well is what lets the next one begin
        one.append("pass" if name == "python" else "true")
    if name == "python":  # a program waits for threads that wait
        steps[-1].append(_LET_GO)
    if chance.random() < 0.7:
        steps[-1].append(filled(chance.choice(ends)))
    return Session(name, tuple("\n".join(one) for one in steps))
