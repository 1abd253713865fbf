"""The law of observed inputs, tried on one project, mutation by mutation: prints what broke it.

    VENV/bin/python driving.py ROOT COUNT SEED TIER

ROOT is the folder of the project, which becomes what `contents` says; VENV is `ROOT/venv`. Each mutation is followed by
what a build does, in this process: everything that a new one would find out anew is forgotten before.

- Nothing is stale: what is shown is what the samples print when somebody else runs them then.
- What reads nothing that has changed is not executed again (`samples` says what each reads); nothing is after a mere
  touch, nor after the last mutation was reverted.

Where nothing can be observed (the tier `off`) only what is promised then is mutated: what records of installers tell, what
is installed in place, and what the configuration names. More may be executed; what lacked a program always is.
"""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contents
import samples

from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.core.settings import ScriptSettings, Settings
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.engine.states import open_states
from mkdocs_codeexec.languages import interpreter, open_languages
from mkdocs_codeexec.languages.builtin import BUILTIN
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER = 54321
SETTLE = 0.03
"""Seconds between a change and a build: what changed just now is not stored (`runtime.observed`)."""


class Quiet:
    """A Narrator for whom only warnings are worth a word."""

    def say(self, message: str) -> None:
        if os.environ.get("LAW_TALKS"):
            print(message, file=sys.stderr)

    def warn(self, message: str, **more: object) -> None:
        raise AssertionError((message, more))

    def stream(self, chunk: bytes) -> None:
        """Take nothing."""

    def note(self, event: object) -> None:
        """Take nothing."""


class Law:
    """A project, its samples, and a store."""

    def __init__(self, root: Path, seed: int, tier: str) -> None:
        self.root = root
        self.site = os.path.relpath(interpreter.sites()[0], root)
        self.chance = random.Random(seed)
        self.observing = tier != "off"
        path = f"{root}/bin1:{root}/bin2:{root}/venv/bin:/usr/local/bin:/usr/bin:/bin"
        readable = tuple(root / name for name in ("site/data", "own", "bin1", "bin2"))
        for folder in (*readable, root / "truth"):
            folder.mkdir(parents=True, exist_ok=True)
        env = (("PYTHONPATH", f"{root}/own"),)
        scripts: dict[str, ScriptSettings] = {
            name: _with(BUILTIN[name], env=env, readable=readable) for name in ("python", "bash")
        }
        tiers: Any = (tier,)
        self.settings = Settings(
            project_dir=root / "site",
            cache_dir=root / "cache",
            environment_dir=root / "environments",
            jobs=2,
            tiers=tiers,
            scripts=scripts,
            host_env={"PATH": path, "HOME": str(root / "home")},
        )
        self.written = samples.written(str(root))
        self.samples = [
            Sample(location=Location("a.md", number), language=one.language, code=one.code, expectation=Succeeds())
            for number, one in enumerate(self.written, 1)
        ]
        (root / "samples").write_text(repr([(one.language, one.code) for one in self.written]))
        self.state: contents.State = {}
        self.path = path
        self.children = Children("auto", path=path, tiers=tiers)

    def build(self) -> tuple[list[tuple[int, str]], set[str], set[str]]:
        """Return what is shown, the names of what was executed, and of what could not be stored."""
        interpreter.look_again()
        states = open_states(self.settings)
        narrator: Any = Quiet()
        self.languages = open_languages(self.settings, narrator)
        pipeline = Pipeline(
            languages=self.languages,
            store=DirectoryStore(self.settings.cache_dir, narrator.warn),
            states=states,
            workers=self._workers,
            narrator=narrator,
        )
        resolved = pipeline.resolve(self.samples)
        states.save()
        shown, executed, lost = [], set(), set()
        for one, item in zip(self.written, resolved, strict=True):
            assert item.outcome is not None, (one.name, item.verdict, item.why)
            last = item.outcome.steps[-1]
            shown.append((last.ended.code if isinstance(last.ended, Exited) else -1, last.stdout))
            assert isinstance(last.ended, Exited), (one.name, last)
            if not item.cached:
                executed.add(one.name)
                if item.outcome.inputs is None:
                    lost.add(one.name)
        return shown, executed, lost

    @contextmanager
    def _workers(self) -> Iterator[tuple[Children, ParallelExecutor]]:
        executor = ParallelExecutor(self.children, self.languages, jobs=2, total_timeout=None, path=self.path)
        try:
            yield self.children, executor
        finally:
            executor.close()

    def truth(self) -> list[tuple[int, str]]:
        env = {"PATH": self.path, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        env["PYTHONPATH"] = f"{self.root}/own"
        argv = [sys.executable, str(Path(__file__).with_name("truth.py")), str(self.root / "samples")]
        another = os.geteuid() == 0 and self.observing
        argv = [*_opened(), *argv, str(USER)] if another else [*argv, "-1"]
        done = subprocess.run(argv, cwd=self.root / "truth", env=env, capture_output=True, text=True, check=True)
        found: list[tuple[int, str]] = ast.literal_eval(done.stdout)
        return found

    def become(self, state: contents.State) -> None:
        contents.apply(self.root, self.site, self.state, state, self.chance)
        self.state = state

    def touch(self) -> str:
        path = self.chance.choice(sorted(path for path, entry in self.state.items() if not entry.target))
        os.utime(contents.real(self.root, path, self.site))
        return path

    def run(self, count: int) -> Iterator[str]:
        """Yield what broke the law, and how much was executed."""
        self.become(contents.beginning(self.root, f"{self.root}/venv/bin/python"))
        time.sleep(SETTLE)
        yield from self.check("the beginning", {one.name for one in self.written})
        mutations = [mutation for mutation, weight in contents.MUTATIONS for _ in range(weight)]
        before = self.state
        for number in range(1, count + 1):
            kind = self.chance.random()
            if kind < 0.08:
                yield from self.check(f"{number}: touch {self.touch()}", set())
                continue
            if kind < 0.22 and before is not self.state:
                self.become(before)
                time.sleep(SETTLE)
                yield from self.check(f"{number}: reverted", set())
                continue
            mutation, after = self.mutated(mutations, number)
            files, there = contents.changed(self.state, after)
            allowed = {one.name for one in self.written if not self.observing or one.concerned(files, there)}
            before = self.state
            self.become(after)
            time.sleep(SETTLE)
            yield from self.check(f"{number}: {mutation.__name__} {sorted(files)[:3]}", allowed)
        self.children.close()

    def mutated(self, mutations: Sequence[contents.Mutation], number: int) -> tuple[contents.Mutation, contents.State]:
        """Return a mutation that may be tried here, and what it makes of the state."""
        while True:
            mutation = self.chance.choice(mutations)
            after = mutation(self.state, self.chance, number)
            files, _ = contents.changed(self.state, after)
            unseen = any(path.startswith(contents.SITE) for path in files) and mutation not in contents.RECORDED
            if files and (self.observing or not unseen):
                return mutation, after

    def check(self, what: str, allowed: set[str]) -> Iterator[str]:
        shown, executed, lost = self.build()
        print(f"{what}: {sorted(executed)}", file=sys.stderr, flush=True)
        for one, ours, theirs in zip(self.written, shown, self.truth(), strict=True):
            if ours != theirs:
                how = "WRONG" if one.name in executed else "STALE"
                yield f"{how} after {what}: {one.name} shows {ours}, expected {theirs}"
        if executed - allowed - (set() if self.observing else lost):
            yield f"NEEDLESS after {what}: {sorted(executed - allowed)}"
        if lost and self.observing:
            yield f"LOST after {what}: {sorted(lost)} is not stored"


def _opened() -> list[str]:
    """Return what lets another user than root start this Python, which may be in a home that only root can enter."""
    mounts: list[str] = []
    for folder in dict.fromkeys(map(os.path.realpath, (sys.base_prefix, Path(__file__).parent))):
        closed = [above for above in reversed(Path(folder).parents) if not above.stat().st_mode & 0o001]
        if closed:
            mounts += ["--perms", "0755", "--tmpfs", str(closed[0])]
            for between in reversed(Path(folder).relative_to(closed[0]).parents[:-1]):
                mounts += ["--perms", "0755", "--dir", str(closed[0] / between)]
            mounts += ["--ro-bind", folder, folder]
    return ["bwrap", "--dev-bind", "/", "/", *mounts, "--"] if mounts else []


def _with(script: ScriptSettings, **changes: Any) -> ScriptSettings:
    from dataclasses import replace

    return replace(script, **changes)


def main() -> None:
    root, count, seed, tier = sys.argv[1:]
    found = list(Law(Path(root), int(seed), tier).run(int(count)))
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
