"""Work is plain data: a process that knows nothing of this one executes it."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.runtime.opening import open_workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome

SAMPLES = {
    "python": ["print(6 * 7)", "import sys; sys.exit(3)"],
    "bash": ["echo $GREETING; pwd", "echo err >&2; exit 4"],
    "rust": ['println!("{}", tally::N);', "let x: u8 = 300;"],
}
RAW = {
    "jobs": 2,
    "sandbox": "off",
    "languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}}, "bash": {"env": {"GREETING": "hello"}}},
}

ELSEWHERE = """
import os, pickle, sys
from pathlib import Path
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.runtime.opening import open_workers

class Quiet:
    def say(self, message): pass
    stream = note = say
    def warn(self, message, **more): raise AssertionError((message, more))

recipe, actions = pickle.loads(sys.stdin.buffer.read())
here = Path(sys.argv[1])
settings = recipe.settings(
    project_dir=here / "project", cache_dir=here / "cache", environment_dir=here / "built", host_env=dict(os.environ)
)
languages = open_languages(settings, Quiet())
found = {}

def finish(action, outcome):
    found[action.key] = outcome
    return ()

with open_workers(recipe, languages, path=os.environ["PATH"]) as (runner, executor):
    for name, language in languages.items():
        mine = [action for action in actions if action.language == name]
        assert not mine or not language.provide(mine, runner)
    executor.run(actions, finish)
sys.stdout.buffer.write(pickle.dumps(found))
"""


class Quiet:
    """A Narrator for whom only warnings are worth a word."""

    def say(self, message: str) -> None: ...

    def stream(self, chunk: bytes) -> None: ...

    def note(self, event: object) -> None: ...

    def warn(self, message: str, **more: Any) -> None:
        raise AssertionError((message, more))


def planned(languages: Any, runner: Any) -> list[Action]:
    """Return what is executed for the samples, planned until nothing changes any more."""
    found = []
    for name, codes in SAMPLES.items():
        language = languages[name]
        samples = [Sample(location=Location("a.md", 1), language=name, code=c, expectation=Succeeds()) for c in codes]
        for _ in range(2):
            assert not language.provide([language.plan(sample) for sample in samples], runner)
            language.survey()
        found += [language.plan(sample) for sample in samples]
    return found


def told(outcome: Outcome) -> list[tuple[object, ...]]:
    return [(step.kind, step.ended, step.stdout, step.stderr, step.diagnostics) for step in outcome.steps]


@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")
def test_what_is_planned_here_is_executed_elsewhere(tmp_path: Path) -> None:
    """Recipe and Actions go there as bytes, Outcomes come back as bytes, and are those that come about here."""
    project = tmp_path / "here" / "project"
    (project / "tally/src").mkdir(parents=True)
    (project / "tally/Cargo.toml").write_text('[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    (project / "tally/src/lib.rs").write_text("pub const N: u8 = 7;\n")
    there = tmp_path / "there"
    shutil.copytree(project, there / "project")
    environ = os.environ | {"CODEEXEC_ENVIRONMENT_DIR": str(tmp_path / "here/built")}
    settings = settings_from(RAW, project_dir=project, environ=environ, cpus=lambda: 2)
    recipe = Recipe.of(settings)
    languages = open_languages(settings, Quiet())
    here: dict[str, Outcome] = {}

    def finish(action: Action, outcome: Outcome) -> Sequence[Action]:
        here[action.key] = outcome
        return ()

    with open_workers(recipe, languages, path=os.environ["PATH"]) as (runner, executor):
        actions = planned(languages, runner)
        executor.run(actions, finish)
    answer = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(there)],
        input=pickle.dumps((recipe, actions)),
        stdout=subprocess.PIPE,
        check=True,
    )
    elsewhere = pickle.loads(answer.stdout)

    assert 6 == len(here)
    assert {key: told(outcome) for key, outcome in here.items()} == {
        key: told(outcome) for key, outcome in elsewhere.items()
    }
    assert {"42\n", "hello\n.\n", "7\n"} <= {outcome.steps[-1].stdout for outcome in elsewhere.values()}
