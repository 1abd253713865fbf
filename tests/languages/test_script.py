from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.core.settings import LanguageRule, RustSettings
from mkdocs_codeexec.languages import BUILTIN, open_languages, words
from mkdocs_codeexec.languages.builtin import RUST

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

C = {"name": "c", "build": ("cc", "-o", "{exe}", "{file}"), "command": ("{exe}",), "extension": "c"}
NODE = {"name": "javascript", "command": ("node", "{file}"), "extension": "js"}
SH = {"name": "sh", "command": ("sh", "{file}"), "extension": "sh"}


def opened(workshop: Workshop, **script: Any) -> Any:
    return open_languages(workshop.script(**script), workshop.listener)[script["name"]]


def builtin(workshop: Workshop, name: str, **changes: Any) -> Any:
    settings = workshop.settings(scripts={name: BUILTIN[name]}, **changes)
    return open_languages(settings, workshop.listener)[name]


def test_every_word_has_one_meaning(workshop: Workshop) -> None:
    """Names and aliases lead to the canonical name; rust hides lines, and what is compiled has a build step."""
    from mkdocs_codeexec.core.settings import ScriptSettings

    scripts = {"python": BUILTIN["python"], "c": ScriptSettings(**C, aliases=("C99",), run="all")}

    found = words(workshop.settings(rust=RustSettings(run="check"), scripts=scripts))

    assert {"rust", "rs", "python", "python3", "py", "c", "c99"} == set(found)
    assert RUST._replace(run="check")[:6] == found["rs"][:6]
    assert LanguageRule("python", "marked", hides_lines=False, compiled=False)[:4] == found["py"][:4]
    assert LanguageRule("c", "all", hides_lines=False, compiled=True)[:4] == found["c99"][:4]


def test_python_is_the_interpreter_of_the_site(workshop: Workshop) -> None:
    """It is known without starting anything, and runs the samples; its folder has a name that is the same everywhere."""
    language = builtin(workshop, "python")
    sample = workshop.sample("import sys, markdown\nprint(sys.executable)", "python")

    action = language.plan(sample)
    outcome = workshop.execute(language, sample)

    assert action.toolchain is not None
    assert f"cpython {sys.version}" == action.toolchain
    assert sys.executable not in repr(action)
    assert outcome.steps[-1].stdout.startswith("<") == (sys.prefix != sys.base_prefix)
    assert outcome.steps[-1].stdout.endswith(f"/bin/{Path(sys.executable).name}\n")
    assert 1 == len(workshop.runner.commands)


def test_tracebacks_name_the_sample(workshop: Workshop) -> None:
    """The private folder is in no message."""
    outcome = workshop.execute(builtin(workshop, "python"), workshop.sample("1 / 0", "python"))

    assert Exited(1) == outcome.steps[-1].ended
    assert 'File "sample.py", line 1' in outcome.steps[-1].stderr


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_shells_run_and_have_an_identity(workshop: Workshop, name: str) -> None:
    """A shell that cannot say what it is (dash) is identified by its file."""
    language = builtin(workshop, name)
    sample = workshop.sample('echo "a $1"; cat; echo "$X" >&2; exit 3', name)
    sample = workshop.sample(sample.code, name, given=Given(stdin="in", args=("b c",), env=(("X", "y"),)))

    run = workshop.execute(language, sample).steps[-1]

    assert ("a b c\nin", "y\n", Exited(3)) == (run.stdout, run.stderr, run.ended)
    identity = language.plan(sample).toolchain or ""
    assert "GNU bash" in identity or "sha256:" in identity


def test_a_compiled_language_has_two_steps(workshop: Workshop) -> None:
    """C: built, run, and not run if it does not build."""
    language = opened(workshop, **C)

    good = workshop.execute(language, workshop.sample('#include <stdio.h>\nint main() { puts("hi"); return 2; }', "c"))
    bad = workshop.execute(language, workshop.sample("int main() { return }", "c"))
    only = workshop.execute(language, workshop.sample("int main() { return 7; }", "c", build_only=True))

    assert [("build", Exited(0)), ("run", Exited(2))] == [(step.kind, step.ended) for step in good.steps]
    assert "hi\n" == good.steps[-1].stdout
    assert [("build", Exited(1))] == [(step.kind, step.ended) for step in bad.steps]
    assert "sample.c:1:21: error" in bad.steps[0].stderr
    assert [("build", Exited(0))] == [(step.kind, step.ended) for step in only.steps]


def test_a_program_that_the_build_step_makes(workshop: Workshop) -> None:
    """It is not looked for beforehand; if it is not made, `{exe}` is told of."""
    code = '#include <stdio.h>\nint main() { puts("hi"); }'
    made = opened(workshop, **{**C, "build": ("cc", "-o", "prog", "{file}"), "command": ("./prog",)})
    other = opened(workshop, **{**C, "command": ("./prog",)})
    none = opened(workshop, **{**C, "build": ("cc", "-o", "prog", "{file}")})

    assert "hi\n" == workshop.execute(made, workshop.sample(code, "c")).steps[-1].stdout
    assert (
        "`./prog` was not found: the build step made no such file; `{exe}` stands for the file that it should make"
        == (workshop.execute(other, workshop.sample(code, "c")).steps[-1].ended.why)
    )
    assert "`./sample` was not found: the build step made no such file" == (
        workshop.execute(none, workshop.sample(code, "c")).steps[-1].ended.why
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_node_is_a_command_line(workshop: Workshop) -> None:
    """A language that is only told by its command runs, and is asked in its own way what it is."""
    node = opened(workshop, **NODE)

    assert "3\n" == workshop.execute(node, workshop.sample("console.log(`${1 + 2}`)", "javascript")).steps[-1].stdout
    assert (node.plan(workshop.sample("", "javascript")).toolchain or "").startswith("v")


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
def test_go_is_a_command_line(workshop: Workshop) -> None:
    """Its way of saying what it is, and its cache of compiled packages, are known."""
    go = opened(workshop, name="go", command=("go", "run", "{file}"), extension="go")
    code = 'package main\nfunc main() { println("hi") }'  # no import: a package of Go's own is compiled first

    assert "hi\n" == workshop.execute(go, workshop.sample(code, "go", timeout=60.0)).steps[-1].stderr
    assert (go.plan(workshop.sample(code, "go")).toolchain or "").startswith("go version go")
    assert str(workshop.environment_dir / "go-build") == workshop.runner.commands[-1].env["GOCACHE"]


def test_a_second_process_asks_nothing(workshop: Workshop) -> None:
    """What a program said is remembered as long as the same program would answer."""
    first = opened(workshop, **SH)
    sample = workshop.sample("", "sh")
    assert first.plan(sample).toolchain is None
    assert isinstance(workshop.provide(first, sample), Action)
    workshop.runner.commands.clear()

    second = opened(workshop, **SH)

    assert first.plan(sample).key == second.plan(sample).key
    assert [] == workshop.runner.commands


def test_the_program_and_its_command_line_count(workshop: Workshop) -> None:
    """Another command, another way to ask, another file: nothing is taken for the same."""
    program = workshop.root / "project" / "run"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo one || echo ran\n')
    program.chmod(0o755)
    script: dict[str, Any] = {"name": "own", "command": ("./run", "{file}")}
    language = opened(workshop, **script)
    sample = workshop.sample("", "own")
    assert "ran\n" == workshop.execute(language, sample).steps[-1].stdout
    assert "one" == language.plan(sample).toolchain
    before = language.plan(sample)

    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo another one || echo ran\n')
    language.survey()

    assert language.plan(sample).toolchain is None
    workshop.provide(language, sample)
    assert "another one" == language.plan(sample).toolchain
    other = opened(workshop, **script, version=("echo", "two"))
    workshop.provide(other, sample)
    assert "two" == other.plan(sample).toolchain
    assert before.request_key == other.plan(sample).request_key
    assert (
        before.request_key
        != opened(workshop, **{**script, "command": ("./run", "-x", "{file}")}).plan(sample).request_key
    )


def test_a_program_that_is_not_there(workshop: Workshop) -> None:
    """The reason names it, and where it is set."""
    language = opened(workshop, name="lua", command=("no-such-lua", "{file}"))

    found = workshop.provide(language, workshop.sample("", "lua"))

    assert isinstance(found, Unavailability)
    assert "`no-such-lua` was not found" == found.reason
    assert "languages.lua" in found.hint


def test_declared_inputs_and_variables_are_in_the_key(workshop: Workshop) -> None:
    """What a sample can read or see decides its key."""
    language = opened(workshop, **SH, inputs=("data/*",), env=(("A", "1"),))
    sample = workshop.sample('echo "$A"', "sh")
    before = language.plan(sample)
    assert "1\n" == workshop.execute(language, sample).steps[-1].stdout

    data = workshop.project / "data"
    data.mkdir()
    (data / "a").write_text("1")
    language.survey()

    assert before.request_key != language.plan(sample).request_key
    assert (data / "a",) == language.watched()
    assert before.request_key != opened(workshop, **SH, inputs=("data/*",), env=(("A", "2"),)).plan(sample).request_key


def test_the_path_of_the_host_is_where_programs_are_looked_up(workshop: Workshop, tmp_path: Any) -> None:
    """Not the PATH that this process happens to have."""
    language = builtin(workshop, "bash", host_env={**os.environ, "PATH": str(tmp_path)})

    assert isinstance(workshop.provide(language, workshop.sample("", "bash")), Unavailability)


def test_hidden_lines_are_rusts_alone(workshop: Workshop) -> None:
    """A comment of a shell stays one."""
    assert "# x\necho 1" == dict(builtin(workshop, "sh").plan(workshop.sample("# x\necho 1", "sh")).files)["sample.sh"]
