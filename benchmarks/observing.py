"""What it costs to observe what samples read: cold builds, warm builds, and one call of the system.

    python benchmarks/observing.py              # 100 samples of Python and of bash each, 7 rounds
    python benchmarks/observing.py --rounds 2 --samples 20

Everything is measured in turns and in one run: the whole of a cold `mkdocs build`, then, in this process, from
`Pipeline.resolve` to its return, without MkDocs, Markdown and rendering, beside which the difference looks smaller. There is
no option to observe nothing; for the other side of the comparison it is patched away.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import measuring
from measuring import MeasurementError
from run import machine, say

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access
from mkdocs_codeexec.core.expectation import Met, Succeeds
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.engine.states import open_states
from mkdocs_codeexec.languages import interpreter, open_languages
from mkdocs_codeexec.languages.script import ScriptLanguage
from mkdocs_codeexec.runtime.opening import open_workers
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Observe

COLD = 1.10
"""How much longer a cold build of Python samples may take."""
WARM = 0.1
"""Milliseconds that a sample may cost more in a warm one."""
CALLS = 20_000

PYTHON = (
    "print({n})",
    "print(sum(i * i for i in range({n})))",
    "print(sorted('sample {n}'))",
    "import json\nprint(json.dumps({{'n': {n}}}))",
    "import re\nprint(re.findall(r'\\d', 'sample {n}'))",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P({n}))",
    "from collections import Counter\nprint(Counter('sample {n}').most_common(2))",
    "from pathlib import PurePath\nprint(PurePath('a') / '{n}')",
    "import own.shapes\nprint(own.shapes.area({n}))",
    "from own import words\nprint(words.count('a b c', {n}))",
)
BASH = (
    "echo {n}",
    "for i in 1 2 3; do echo $((i * {n})); done",
    "x='sample {n}'; echo ${{x^^}}",
    "printf '%s\\n' c b a {n} | sort | head -n 2",
    "echo sample {n} | sed 's/sample/text/'",
    "cat DATA | wc -l; echo {n}",
    "grep -c a DATA; echo {n}",
    "test -e DATA.gone || echo none {n}",
    'set -- {n} 2 3; echo $#; echo "$@"',
    'f() {{ echo "got $1"; }}; f {n}',
)


class Quiet:
    """A Narrator for whom only warnings are worth a word."""

    def say(self, message: str) -> None:
        """Take nothing."""

    def warn(self, message: str, **_: object) -> None:
        """Give up."""
        raise MeasurementError(message)

    def stream(self, chunk: bytes) -> None:
        """Take nothing."""

    def note(self, event: object) -> None:
        """Take nothing."""


def samples(language: str, number: int, data: Path) -> list[Sample]:
    """Return so many distinct samples."""
    templates = PYTHON if language == "python" else BASH
    codes = [templates[n % len(templates)].format(n=n).replace("DATA", str(data)) for n in range(number)]
    return [
        Sample(location=Location("a.md", n), language=language, code=code, expectation=Succeeds())
        for n, code in enumerate(codes, 1)
    ]


@dataclass(slots=True)
class Bench:
    """A site's settings, and its builds without MkDocs."""

    folder: Path

    def __post_init__(self) -> None:
        own = self.folder / "lib/own"
        own.mkdir(parents=True)
        (own / "__init__.py").write_text("")
        (own / "shapes.py").write_text("import math\n\n\ndef area(r):\n    return round(math.pi * r * r, 2)\n")
        (own / "words.py").write_text("def count(text, more):\n    return len(text.split()) + more\n")
        (self.folder / "data.txt").write_text("a\nb\n")
        given = {"readable": ["lib", "data.txt"], "env": {"PYTHONPATH": str(self.folder / "lib")}}
        env = measuring.environment(self.folder, CODEEXEC_ENVIRONMENT_DIR=str(self.folder / "environments"))
        raw = {"languages": {"python": given, "bash": {"readable": ["data.txt"]}}}
        self.settings = settings_from(raw, project_dir=self.folder, environ=env, cpus=lambda: 2)

    settings: Any = None

    def build(self, found: Sequence[Sample]) -> tuple[float, int]:
        """Return the seconds that a build takes, and how many samples were executed.

        Raises:
            MeasurementError: One did not succeed.
        """
        narrator: Any = Quiet()
        began = time.perf_counter()
        states = open_states(self.settings)
        languages = open_languages(self.settings, narrator)
        path = self.settings.host_env["PATH"]
        pipeline = Pipeline(
            languages=languages,
            store=DirectoryStore(self.settings.cache_dir, narrator.warn),
            states=states,
            workers=lambda: open_workers(Recipe.of(self.settings), languages, path=path),
            narrator=narrator,
        )
        resolved = pipeline.resolve(found)
        states.save()
        seconds = time.perf_counter() - began
        wrong = [item for item in resolved if not isinstance(item.verdict, Met)]
        if wrong:
            raise MeasurementError(f"{wrong[0].sample.code}: {wrong[0].outcome or wrong[0].why}")
        return seconds, sum(not item.cached for item in resolved)

    def forget(self) -> None:
        """Empty the store."""
        shutil.rmtree(self.settings.cache_dir, ignore_errors=True)


def cpu() -> float:
    """Return the seconds of processors that this process and its children have taken."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


@contextmanager
def observing(way: str) -> Iterator[None]:
    """Observe as usual (`with`), or nothing: keep then no list of inputs either (`without`)."""
    plan = ScriptLanguage.plan

    def unobserved(self: ScriptLanguage, sample: Sample) -> Action:
        return replace(plan(self, sample), observed=False)

    with ExitStack() as stack:
        if way == "without":
            stack.enter_context(patch.object(ScriptLanguage, "_observe", lambda *_: ""))
            stack.enter_context(patch.object(ScriptLanguage, "plan", unobserved))
        yield


def builds(bench: Bench, found: Sequence[Sample], rounds: int, warm: int = 5) -> Iterator[str]:
    """Yield the lines about cold and warm builds of `found`."""
    language = found[0].language
    cold: dict[str, list[float]] = {"with": [], "without": []}
    taken: dict[str, list[float]] = {"with": [], "without": []}
    again: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(rounds + 1):  # the first finds what every later one knows
        for way in ("with", "without")[:: 1 if number % 2 else -1]:
            with observing(way):
                bench.forget()
                time.sleep(0.1)
                before = cpu()
                seconds, executed = bench.build(found)
                used = cpu() - before
                time.sleep(0.1)
                stored = [bench.build(found) for _ in range(warm)]
            if executed != len(found) or any(count for _, count in stored):
                raise MeasurementError(f"{executed} samples were executed, then {[count for _, count in stored]}")
            if number:
                cold[way].append(seconds)
                taken[way].append(used)
                again[way] += [once for once, _ in stored]
    ratio, used = (median(a / b for a, b in zip(one["with"], one["without"], strict=True)) for one in (cold, taken))
    a, b = (1000 * median(cold[way]) / len(found) for way in ("with", "without"))
    met = "met" if ratio <= COLD else "missed"
    yield f"{language:<7} cold: {a:6.2f} ms a sample, {b:6.2f} unobserved: x {ratio:.3f} (processors: x {used:.3f})  {met}"
    a, b = (1000 * min(again[way]) / len(found) for way in ("with", "without"))
    met = "met" if a - b <= WARM else "missed"
    yield f"{language:<7} warm: {a:6.3f} ms a sample, {b:6.3f} unobserved: + {a - b:.3f} ms  {met}"


ASKING = """\
import os, time
began = time.perf_counter()
for _ in range({calls}):
    os.close(os.open("/usr/bin/env", os.O_RDONLY))
print(time.perf_counter() - began)
"""


def one_call(repeats: int) -> str:
    """Return the line about what `openat` costs."""
    found: dict[Observe, list[float]] = {"": [], "exec": []}
    step = Step(kind="run", argv=("python",), timeout=60.0, limits=RUN_LIMITS)
    program = str(interpreter.program())
    access = Access(readable=tuple(sorted(set(interpreter.folders()))))
    with ScratchRoot() as root, Children("auto") as children:
        for _ in range(repeats):
            for how, times in found.items():
                files = (("a.py", ASKING.format(calls=CALLS)),)
                with ScratchDirectory(root.path, files, children, "/usr/bin", output_limit=4096) as scratch:
                    result = scratch.run(step, (program, "a.py"), {}, access, how)
                if not result.stdout:
                    raise MeasurementError(result.stderr)
                times.append(1e6 * float(result.stdout) / CALLS)
    plain, observed = (median(found[how]) for how in ("", "exec"))
    return f"`openat` and `close`: {plain:.2f} us, {observed:.2f} us where the first is told"


WHOLE = """\
import runpy, sys
from dataclasses import replace
from mkdocs_codeexec.languages.script import ScriptLanguage
if sys.argv.pop() == "without":
    plan = ScriptLanguage.plan
    ScriptLanguage._observe = lambda *_: ""
    ScriptLanguage.plan = lambda self, sample: replace(plan(self, sample), observed=False)
runpy.run_module("mkdocs", run_name="__main__")
"""


def whole(folder: Path, number: int, rounds: int) -> str:
    """Return the line about cold builds of a site with so many samples of Python, ten a page."""
    (folder / "docs").mkdir(parents=True)
    (folder / "mkdocs.yml").write_text("site_name: a\nplugins: [codeexec]\n")
    codes = [code for code in PYTHON if "own" not in code]
    fences = [f"```python exec\n{codes[n % len(codes)].format(n=n)}\n```\n" for n in range(number)]
    for page in range(0, number, 10):
        name = "index" if page == 0 else f"page-{page}"
        (folder / f"docs/{name}.md").write_text("\n".join(fences[page : page + 10]))
    taken: dict[str, list[float]] = {"with": [], "without": []}
    busy: dict[str, list[float]] = {"with": [], "without": []}
    env = measuring.environment(folder, CODEEXEC_ENVIRONMENT_DIR=str(folder / "environments"))
    for turn in range(rounds + 1):
        for way, times in list(taken.items())[:: 1 if turn % 2 else -1]:
            shutil.rmtree(folder / ".cache", ignore_errors=True)
            before, began = cpu(), time.perf_counter()
            command = [sys.executable, "-c", WHOLE, "build", "-q", way]
            subprocess.run(command, cwd=folder, env=env, check=True, stderr=subprocess.DEVNULL)
            if turn:
                times.append(time.perf_counter() - began)
                busy[way].append(cpu() - before)
    ratio, used = (median(a / b for a, b in zip(one["with"], one["without"], strict=True)) for one in (taken, busy))
    a, b = (median(taken[way]) for way in ("with", "without"))
    met = "met" if ratio <= COLD else "missed"
    return f"`mkdocs build` of {number}, cold: {a:.2f} s, {b:.2f} unobserved: x {ratio:.3f} (processors: x {used:.3f})  {met}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what it costs to observe what samples read.")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    say(machine())
    with tempfile.TemporaryDirectory(prefix="observing-") as scratch:
        Path(scratch).chmod(0o755)
        print(whole(Path(scratch, "site"), args.samples, args.rounds), flush=True)
        bench = Bench(Path(scratch))
        for language in ("python", "bash"):
            found = samples(language, args.samples, Path(scratch, "data.txt"))
            for line in builds(bench, found, args.rounds):
                print(line, flush=True)
    print(one_call(args.rounds))


if __name__ == "__main__":
    main()
