"""What libraries make at their first use is made once, and nobody can tell: matplotlib's list of fonts, with the real one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from support.tiers import confined
from support.workshop import Recorder, Workshop

from mkdocs_codeexec.core.confinement import Tier
from mkdocs_codeexec.core.outcome import Exited, Outcome
from mkdocs_codeexec.languages import BUILTIN, open_languages
from mkdocs_codeexec.runtime import warmed
from mkdocs_codeexec.runtime.executor import ParallelExecutor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.action import Action

SAYS = "import logging\nlogging.basicConfig(level=logging.INFO)\n"
PLOT = SAYS + (
    "import matplotlib, os, sys\nbefore = os.listdir(matplotlib.get_cachedir())\nimport matplotlib.pyplot as plt\n"
    "print(before, os.listdir(matplotlib.get_cachedir()), sorted(os.environ))\nplt.plot([1, 3, {number}])\nplt.show()\n"
)
MADE = "generated new fontManager"
"""What matplotlib logs when it has made a list of fonts."""


def execute(workshop: Workshop, private: Path | None, *codes: str, **changes: Any) -> list[Outcome]:
    """Return what samples came to that were executed one after the other, in one batch."""
    settings = workshop.settings(scripts={"python": BUILTIN["python"]})
    language = open_languages(settings, workshop.listener)["python"]
    actions = [language.plan(workshop.sample(code, "python", timeout=120.0, **changes)) for code in codes]
    assert not language.provide(actions, workshop.runner)
    found: dict[str, Outcome] = {}

    def finish(action: Action, outcome: Outcome) -> Sequence[Action]:
        found[action.request_key] = outcome
        return ()

    executor = ParallelExecutor(
        workshop.runner.children,
        {"python": language},
        jobs=1,
        total_timeout=None,
        path=os.environ["PATH"],
        private=private,
    )
    executor.run(actions, finish)
    executor.close()
    outcomes = [found[action.request_key] for action in actions]
    assert [Exited(0)] * len(codes) == [one.steps[-1].ended for one in outcomes], outcomes
    return outcomes


def plots(count: int) -> list[str]:
    return [PLOT.replace("{number}", str(number)) for number in range(count)]


def made(outcomes: Sequence[Outcome]) -> list[bool]:
    """Tell of each whether it has made a list of fonts itself."""
    return [MADE in one.steps[-1].stderr for one in outcomes]


def said(outcome: Outcome) -> tuple[object, ...]:
    """Return what is the same with and without: all but that it was made."""
    step = outcome.steps[-1]
    lines = [line for line in step.stderr.splitlines() if MADE not in line]
    return step.stdout, lines, step.shown


@pytest.mark.parametrize("tier", get_args(Tier))
def test_outcomes_and_their_inputs_are_as_without(
    workshop: Workshop, tmp_path: Path, tier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each figure, what is in the home of a sample at each time, and each observed input; nobody makes the list again."""
    with confined(tier) as children:
        inside = Workshop(tmp_path / "w", Recorder(children), workshop.environment_dir)
        inside.root.mkdir()
        count = warmed.UNOBSERVED if tier == "off" else 2
        given = execute(inside, tmp_path / "private", *plots(count))
        with monkeypatch.context() as patch:
            patch.setattr(warmed, "TRIES", 0)
            alone = execute(inside, None, *plots(count))

    first = [True, True] if tier == "off" else [False]  # where it is not known what it depends on
    assert [*first, False] == made(given)
    assert [True] * count == made(alone)
    assert list(map(said, alone)) == list(map(said, given))
    for one, other in zip(alone, given, strict=True):
        assert set() == {*(one.steps[-1].asked or ())} ^ {*(other.steps[-1].asked or ())}
    assert tier == "off" or given[0].steps[-1].asked is not None
    kept = list((tmp_path / "private").glob("*.json"))
    assert (0 if given[0].steps[-1].asked is None else 1) == len(kept)


def test_it_is_kept_until_something_changes_that_it_was_made_from(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later processes take it; where a file has changed since, it is made anew; one that is damaged is none."""
    runs = []
    original = warmed.program
    monkeypatch.setattr(warmed, "program", lambda: runs.append(1) or original())
    private = tmp_path / "private"
    with confined("bubblewrap") as children:
        inside = Workshop(tmp_path / "w", Recorder(children), workshop.environment_dir)
        inside.root.mkdir()

        def once(expected: int) -> None:
            assert [False] == made(execute(inside, private, *plots(1)))
            assert expected == len(runs)

        once(1)
        once(1)
        (file,) = private.glob("*.json")
        known = json.loads(file.read_text("utf-8"))
        assert any("/fonts" in item for item in known["asked"])
        file.write_text(json.dumps({**known, "state": "another"}), "utf-8")
        once(2)
        file.write_text("{", "utf-8")
        once(3)
        once(3)


def test_the_state_is_that_of_every_file_and_module(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_text("1", "utf-8")
    (tmp_path / "site").mkdir()
    asked = (f"f{tmp_path}/a.ttf", f"f{tmp_path}/b.ttf", f"l{tmp_path}", f"n{tmp_path}/site\nnumpy")
    states = [warmed._state(asked, None)]

    assert states[0] == warmed._state(asked, None)
    assert warmed._state(asked, 0) is None, "it was changed since"
    (tmp_path / "a.ttf").write_text("12", "utf-8")
    states.append(warmed._state(asked, None))
    (tmp_path / "b.ttf").write_text("1", "utf-8")
    states.append(warmed._state(asked, None))
    (tmp_path / "site/other.py").write_text("", "utf-8")
    assert states[-1] == warmed._state(asked, None), "a module that was not looked for"
    (tmp_path / "site/numpy.py").write_text("", "utf-8")
    states.append(warmed._state(asked, None))
    assert len(states) == len(set(states))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("import os\nos.environ['MPLCONFIGDIR'] = os.getcwd()\n", {}),
        ("from pathlib import Path\nPath.home().joinpath('.fonts').mkdir()\n", {}),
        ("", {"given": {"env": (("XDG_DATA_HOME", "/nowhere"),)}}),
    ],
    ids=["MPLCONFIGDIR", ".fonts", "XDG_DATA_HOME"],
)
def test_who_would_make_another_one_makes_it(workshop: Workshop, code: str, changes: dict[str, Any]) -> None:
    from dataclasses import replace

    sample = workshop.sample("", "python")
    changes = {name: replace(getattr(sample, name), **value) for name, value in changes.items()}

    assert [True, True, True] == made(execute(workshop, None, *[code + plot for plot in plots(3)], **changes))


def test_who_does_not_draw_is_given_nothing(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a sample that shows its value, whose program could show figures."""
    monkeypatch.setattr(warmed, "program", lambda: pytest.fail("it was made"))
    execute(workshop, None, "print(1)", "print(2)", "print(3)", "6 * 7", value=True)
