"""Keys: equal Actions have equal keys, and every field counts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.action import Action, Marks, Step, canonical
from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.confinement import RUN_LIMITS, UNLIMITED, Limits

texts = st.text(alphabet=st.characters(codec=None), max_size=8)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
steps = st.builds(
    Step,
    kind=st.sampled_from(["build", "run"]),
    argv=st.lists(texts, max_size=4).map(tuple),
    timeout=st.floats(0.1, 100),
    stdin=st.none() | texts,
    env=pairs,
    limits=st.builds(Limits, memory=st.none() | st.integers(1, 3), cpu=st.none() | st.integers(1, 3)),
    network=st.booleans(),
)
actions = st.builds(
    Action,
    language=texts,
    files=pairs,
    steps=st.lists(steps, max_size=2).map(tuple),
    inputs=pairs,
    toolchain=texts,
)

STEP = Step(kind="run", argv=("{rustc}", "a.rs"), timeout=10.0, stdin="in", env=(("A", "1"),), limits=RUN_LIMITS)
ACTION = Action(
    language="rust", files=(("a.rs", "fn main() {}"),), steps=(STEP,), inputs=(("lock", "x"),), toolchain="rustc 1.95"
)


@given(actions, actions)
def test_keys_are_equal_exactly_if_actions_are(one: Action, other: Action) -> None:
    """The key is an injective function of the value."""
    assert (one == other) == (one.key == other.key)


@given(actions)
def test_a_key_is_a_function_of_the_value_alone(action: Action) -> None:
    """A copy made from the fields has the same key."""
    assert action.key == dataclasses.replace(action).key
    assert 64 == len(action.key)


CHANGES = {
    "language": dataclasses.replace(ACTION, language="c"),
    "file name": dataclasses.replace(ACTION, files=(("b.rs", "fn main() {}"),)),
    "code": dataclasses.replace(ACTION, files=(("a.rs", "fn main() { }"),)),
    "argv": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, argv=("{rustc}", "--edition=2021", "a.rs")),)),
    "argv boundaries": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, argv=("{rustc}a", ".rs")),)),
    "timeout": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, timeout=11.0),)),
    "no stdin": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, stdin=None),)),
    "empty stdin": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, stdin=""),)),
    "variable": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, env=(("A", "2"),)),)),
    "step kind": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, kind="build"),)),
    "lock file": dataclasses.replace(ACTION, inputs=(("lock", "y"),)),
    "toolchain": dataclasses.replace(ACTION, toolchain="rustc 1.96"),
    "output limit": dataclasses.replace(ACTION, output_limit=1),
    "network": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, network=True),)),
    "no limit": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, limits=UNLIMITED),)),
    "marks": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, marks=Marks("a", (1.0,))),)),
    "a terminal": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, columns=80),)),
    "turns": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, turns=("a\n", "b\n")),)),
    "one pipe": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, merged=True),)),
    "seal": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, marks=Marks("b", (1.0,))),)),
    "seconds of parts": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, marks=Marks("a", (2.0,))),)),
    **{
        f"limit {field.name}": dataclasses.replace(
            ACTION, steps=(dataclasses.replace(STEP, limits=dataclasses.replace(RUN_LIMITS, **{field.name: 7})),)
        )
        for field in dataclasses.fields(Limits)
    },
    "left by another": dataclasses.replace(ACTION, left=(Blob("a.txt", "0" * 64, 3),)),
    "executable": dataclasses.replace(ACTION, left=(Blob("a.txt", "0" * 64, 3, executable=True),)),
    "what it leaves": dataclasses.replace(ACTION, leaves=True),
    "which of that the page shows": dataclasses.replace(ACTION, artifacts=("*.png",)),
    "variables of the host": dataclasses.replace(ACTION, host_env=("TOKEN",)),
    "where it starts": dataclasses.replace(ACTION, workdir="project"),
    "further step": dataclasses.replace(ACTION, steps=(STEP, STEP)),
    "name of an input": dataclasses.replace(ACTION, inputs=(("manifest", "x"),)),
    "no inputs": dataclasses.replace(ACTION, inputs=()),
    "name of a variable": dataclasses.replace(ACTION, steps=(dataclasses.replace(STEP, env=(("B", "1"),)),)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_ingredient_alone_changes_the_key(name: str) -> None:
    """Whatever changes what may be printed changes the key."""
    keys = {ACTION.key, *(changed.key for changed in CHANGES.values())}

    assert len(CHANGES) + 1 == len(keys)
    assert ACTION.key != CHANGES[name].key


@pytest.mark.parametrize("value", [ACTION, STEP, RUN_LIMITS])
def test_no_ingredient_is_forgotten(value: Any) -> None:
    """A field that is added has a line in the table above, or a reason to be in no key."""
    steps = [(changed, step) for changed in CHANGES.values() for step in changed.steps]
    found = [other for changed, step in steps for other in (changed, step, step.limits) if type(other) is type(value)]
    names = [field.name for field in dataclasses.fields(value) if field.compare]

    assert names == [name for name in names if any(getattr(o, name) != getattr(value, name) for o in found)]


def test_the_request_key_covers_all_but_the_toolchain() -> None:
    """A machine without the toolchain computes the same request key."""
    without = dataclasses.replace(ACTION, toolchain=None)

    assert ACTION.request_key == without.request_key == CHANGES["toolchain"].request_key
    assert ACTION.request_key != CHANGES["code"].request_key
    assert ACTION.request_key != ACTION.key
    with pytest.raises(ValueError, match="request key"):
        _ = without.key


STRUCTURED = dataclasses.replace(ACTION, structure="fn main ( ) { }")


@pytest.mark.parametrize("name", CHANGES)
def test_each_ingredient_but_the_text_changes_the_structural_key(name: str) -> None:
    """The structure takes the place of what the files say, and of nothing else."""
    changed = dataclasses.replace(CHANGES[name], structure=STRUCTURED.structure)

    assert (name == "code") == (STRUCTURED.structural_key == changed.structural_key)


def test_a_structure_has_a_key_of_its_own() -> None:
    """It changes neither key, is no key, and another structure has another."""
    other = dataclasses.replace(ACTION, structure="fn main ( ) { ; }")

    assert (ACTION.key, ACTION.request_key) == (STRUCTURED.key, STRUCTURED.request_key)
    assert ACTION == STRUCTURED
    assert 4 == len({ACTION.key, ACTION.request_key, STRUCTURED.structural_key, other.structural_key})


def test_there_is_no_structural_key_without_a_structure_or_a_toolchain() -> None:
    """What promises nothing has nothing to share."""
    assert None is ACTION.structural_key
    assert None is dataclasses.replace(STRUCTURED, toolchain=None).structural_key


def test_the_keys_of_an_action_are_frozen() -> None:
    """Another way to hash would silently empty every store; raise KEY_FORMAT with it."""
    keys = (ACTION.key, ACTION.request_key, STRUCTURED.structural_key)

    assert ("53be57c1b6516393", "048948372bcbc418", "73e94aae7fcc2161") == tuple(str(key)[:16] for key in keys)


def test_the_canonical_form_is_frozen() -> None:
    """A change of the encoding would silently empty every store; raise KEY_FORMAT with it."""
    assert b"t5:s3:a\xc3\xa9i1;f0x1.0000000000000p+0;b1;n;" == canonical(("aé", 1, 1.0, True, None))


def test_what_has_no_canonical_form_is_refused() -> None:
    """A list or a dict in an Action is a mistake, not a guess."""
    with pytest.raises(TypeError, match="list"):
        canonical(["a"])  # type: ignore[arg-type]


def test_keys_are_what_they_have_been() -> None:
    """What is stored is found by later versions: another key for the same Action needs another `KEY_FORMAT`."""
    build = Step(
        kind="build",
        argv=("{rustc}", "a.rs"),
        timeout=60.0,
        env=(("A", "é"),),
        limits=dataclasses.replace(UNLIMITED, memory=512),
    )
    run = Step(kind="run", argv=("./sample",), timeout=10, stdin="in", network=True)
    compiled = Action(
        language="rust",
        files=(("a.rs", "fn main() {}\n"),),
        steps=(build, run),
        inputs=(("lock", ""), ("x", "1")),
        toolchain="rustc 1",
        structure="s",
    )
    script = Step(kind="run", argv=("{python}",), timeout=1.5)
    interpreted = Action(language="python", files=(("sample.py", "print(1)"),), steps=(script,), toolchain="3")

    assert "ae39a9c83a918a0bb14c9b12f99fc37d12e39823b39f87135b15cee37d14c275" == compiled.key
    assert "9af375621886affe0bdc1658071ace90e7ce23d7bfb504d0c84fe374f1a7608b" == compiled.request_key
    assert "aef8d3d0874a12e099ac8b7c86da19518104816ad0a6929fdaea9b88d9e0ade3" == compiled.structural_key
    assert "3070c8cd7ae3b25487e6623f907c6a054a7ddebbc245ecfa0246f8f7d3a92af8" == interpreted.key
