"""When a language plans a sample otherwise than before, its revision has gone up: what is planned may be kept until then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.languages import BUILTIN, open_languages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Workshop

    from mkdocs_codeexec.core.settings import Settings

NAMED = 'fn main() { println!("{}", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data.txt"))); }'


def crate(folder: Path) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n')
    (folder / "src/lib.rs").write_text("pub fn one() -> i32 { 1 }\n")
    (folder / "data.txt").write_text("one")


def site(workshop: Workshop) -> Settings:
    """Return a site in the folder of a crate that it documents, with Python and Rust samples that declare inputs."""
    crate(workshop.root / "tiny")
    project = workshop.root / "tiny/docs"
    (project / "data").mkdir(parents=True)
    (project / "data/a.txt").write_text("a")
    settings = workshop.rust({"tiny": {"path": ".."}}, inputs=("data/*",))
    assert settings.rust is not None
    environments = {"default": EnvironmentSettings(name="default", dependencies={"tiny": {"path": ".."}})}
    return replace(
        settings,
        project_dir=project,
        cache_dir=project / ".cache",
        rust=replace(settings.rust, environments=environments),
        scripts={"python": replace(BUILTIN["python"], inputs=("data/*",)), "bash": BUILTIN["bash"]},
    )


MUTATIONS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a declared file": ("rust python", lambda root: (root / "docs/data/a.txt").write_text("b")),
    "a further declared file": ("rust python", lambda root: (root / "docs/data/b.txt").write_text("b")),
    "a declared file less": ("rust python", lambda root: (root / "docs/data/a.txt").unlink()),
    "a source of a local crate": ("rust", lambda root: (root / "src/lib.rs").write_text("pub fn one() -> i32 { 2 }\n")),
    "a manifest": (
        "rust",
        lambda root: (root / "Cargo.toml").write_text(
            '[package]\nname = "tiny"\nversion = "1.0.1"\nedition = "2021"\n'
        ),
    ),
    "a file that a sample names": ("rust", lambda root: (root / "data.txt").write_text("two")),
    "a file that a sample names, gone": ("rust", lambda root: (root / "data.txt").unlink()),
    "another toolchain is wanted": (
        "rust",
        lambda root: (root / "docs/rust-toolchain.toml").write_text('[toolchain]\nchannel = "1.0.0"\n'),
    ),
    "nothing": ("", lambda root: (root / "docs/data/a.txt").write_text("a")),
    "what nobody declares": ("", lambda root: (root / "docs/page.md").write_text("a")),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_plan_may_be_kept_until_the_revision_goes_up(name: str, workshop: Workshop) -> None:
    """After a survey either the revision is another one, or each sample is planned as by a language that was just opened."""
    settings = site(workshop)
    samples = [
        workshop.sample(NAMED),
        workshop.main,
        *(workshop.sample("print(1)", word) for word in ("python", "bash")),
    ]
    languages = open_languages(settings, workshop.listener)
    before = {id(one): languages[one.language].plan(one) for one in samples}
    revisions = {word: language.revision for word, language in languages.items()}
    concerned, mutate = MUTATIONS[name]

    mutate(workshop.root / "tiny")
    for language in languages.values():
        language.survey()

    fresh = open_languages(settings, workshop.listener)
    changed = {word for word, language in languages.items() if language.revision != revisions[word]}
    assert set(concerned.split()) == changed
    for one in samples:
        planned = fresh[one.language].plan(one)
        assert planned == languages[one.language].plan(one)
        assert one.language in changed or planned == before[id(one)]


def test_a_survey_that_finds_nothing_new_changes_no_revision(workshop: Workshop) -> None:
    """However often it looks, also when the toolchain is known and an Environment is built."""
    language = open_languages(workshop.rust({}), workshop.listener)["rust"]
    workshop.provide(language, workshop.main)
    revision = language.revision

    for _ in range(3):
        language.survey()
        language.plan(workshop.main)

    assert revision == language.revision


def test_a_named_file_that_changes_before_the_next_survey_is_planned_anew(workshop: Workshop) -> None:
    """Two samples that name it may have been planned from different contents: the next survey sees that."""
    settings = site(workshop)
    language = open_languages(settings, workshop.listener)["rust"]
    first = language.plan(workshop.sample(NAMED))
    (workshop.root / "tiny/data.txt").write_text("two")
    second = language.plan(workshop.sample(f"{NAMED}\n"))
    revision = language.revision

    language.survey()

    assert dict(first.inputs) != dict(second.inputs)
    assert revision != language.revision
