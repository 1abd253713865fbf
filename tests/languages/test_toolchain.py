from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.crates import remembered

from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.toolchain import Memo, Toolchain, answer, find_program, host_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

TOOL = Toolchain("tool 1", "/bin/tool", "/")


def test_a_memo_answers_for_its_fingerprint_alone(tmp_path: Path) -> None:
    """What was remembered is known to another process as long as nothing has changed."""
    Memo(tmp_path).remember("a", "f1", TOOL)
    Memo(tmp_path).remember("b", "f2", TOOL)

    assert TOOL == Memo(tmp_path).recall("a", "f1")
    assert TOOL == Memo(tmp_path).recall("b", "f2")
    assert Memo(tmp_path).recall("a", "f2") is None
    assert Memo(tmp_path).recall("c", "f1") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100000,
        '{"format": 9}',
        '{"format": 1}',
        '{"format": 1, "toolchains": [1]}',
        '{"format": 1, "toolchains": {"a": 1}}',
        '{"format": 1, "toolchains": {"a": {"fingerprint": "f1"}}}',
    ],
)
def test_a_broken_memo_knows_nothing(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file, it is replaced by the next answer."""
    (tmp_path / "toolchains.json").write_text(text)
    memo = Memo(tmp_path)

    assert memo.recall("a", "f1") is None
    memo.remember("a", "f1", TOOL)
    assert TOOL == Memo(tmp_path).recall("a", "f1")


def test_a_memo_that_cannot_be_written_serves_its_process(tmp_path: Path) -> None:
    """A read-only cache directory costs a question for each process."""
    (tmp_path / "file").write_text("")
    memo = Memo(tmp_path / "file")

    memo.remember("a", "f1", TOOL)

    assert TOOL == memo.recall("a", "f1")


def result(stdout: str, stderr: str = "", code: int = 0) -> StepResult:
    return StepResult(kind="build", stdout=stdout, stderr=stderr, ended=Exited(code))


def test_a_tool_is_what_it_says(tmp_path: Path) -> None:
    """Both streams count, the first 4 KiB of them; one that says nothing is its own digest."""
    program = tmp_path / "tool"
    program.write_bytes(b"x")

    assert "tool 1\nlib 2" == answer(result("tool 1\n", "lib 2\n"), program)
    assert 4096 == len(answer(result("x" * 10_000), program))
    digest = "tool sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert digest == answer(result("", ""), program)
    assert digest == answer(result("Illegal option --", code=2), program)
    with pytest.raises(OSError, match="gone"):
        answer(replace(result(""), ended=NotStarted("gone")), program)


def test_programs_are_found_in_path_or_beside_the_configuration(workshop: Workshop, tmp_path: Path) -> None:
    """A name is looked up in the PATH of the host; a path starts at the project."""
    settings = workshop.settings(host_env={"PATH": str(tmp_path)})
    for path in (tmp_path / "tool", settings.project_dir / "own", tmp_path / "plain"):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755 if path.name != "plain" else 0o644)

    assert tmp_path / "tool" == find_program("tool", settings)
    assert settings.project_dir / "./own" == find_program("./own", settings)
    assert find_program("own", settings) is None
    assert find_program("plain", settings) is None
    assert find_program("sh", settings) is None


def test_the_environment_of_tools_is_built(workshop: Workshop) -> None:
    """Variables of the host are passed by name or prefix, the locale is fixed."""
    host = {"PATH": "/p", "HOME": "/h", "SECRET": "s", "LANG": "xx", "A_1": "1", "B": "2"}

    found = host_environment(workshop.settings(host_env=host), ("B",), ("A_",))

    assert {"PATH": "/p", "HOME": "/h", "A_1": "1", "B": "2", "LC_ALL": "C.UTF-8"} == found


def shim(folder: Path, version: str) -> Path:
    """Make a rustc that says what a file says, as rustup's shim does: same path, same mtime, another answer."""
    folder.mkdir(exist_ok=True)
    program = folder / "rustc"
    says = folder / "says"
    says.write_text(version)
    if not program.exists():
        program.write_text(
            f'#!/bin/sh\ncase "$1" in --print) echo /no/sysroot;; *) cat {says}; echo "$RUSTUP_TOOLCHAIN"; esac\n'
        )
        program.chmod(0o755)
        shutil.copystat("/bin/sh", program)
    return folder


def test_the_answer_is_known_without_asking(workshop: Workshop, tmp_path: Path) -> None:
    """A second process plans with the same identity, and starts nothing for it."""
    host = {"PATH": f"{shim(tmp_path / 'bin', 'rustc 1')}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    settings = workshop.rust(host_env=host)
    first = open_languages(settings, workshop.listener)["rust"]
    assert first.plan(workshop.main).toolchain is None
    workshop.provide(first, workshop.main)
    workshop.runner.commands.clear()

    second = open_languages(settings, workshop.listener)["rust"]

    assert "rustc 1" == second.plan(workshop.main).toolchain
    assert [] == workshop.runner.commands


@pytest.mark.parametrize(
    "change",
    [
        "rust-toolchain.toml",
        "rust-toolchain",
        "../rust-toolchain.toml",
        ".rustup/settings.toml",
        "path",
        "variable",
        "setting",
        "program",
        ".tool-versions",
        "toolchains",
    ],
)
def test_whatever_chooses_a_toolchain_makes_the_answer_unknown(workshop: Workshop, tmp_path: Path, change: str) -> None:
    """Nothing that decides which compiler answers can change unnoticed."""
    folder = shim(tmp_path / "bin", "rustc 1")
    host = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    settings = workshop.rust(host_env=host)
    workshop.provide(open_languages(settings, workshop.listener)["rust"], workshop.main)

    match change:
        case "path":
            settings = workshop.rust(host_env={**host, "PATH": host["PATH"] + ":/elsewhere"})
        case "variable":
            settings = workshop.rust(host_env={**host, "RUSTUP_TOOLCHAIN": "beta"})
        case "setting":
            settings = workshop.rust(host_env=host, toolchain="beta")
        case "program":
            os.utime(folder / "rustc", ns=(1, 1))
        case "toolchains":
            installed = tmp_path / ".rustup/toolchains/x/bin/rustc"
            installed.parent.mkdir(parents=True)
            installed.write_text("")
        case name:
            path = (tmp_path if name.startswith(".rustup") else settings.project_dir) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("[toolchain]\nchannel = 'beta'\n")

    language = open_languages(settings, workshop.listener)["rust"]
    assert language.plan(workshop.main).toolchain is None
    workshop.provide(language, workshop.main)
    assert language.plan(workshop.main).toolchain


@pytest.mark.parametrize("change", ["variable of the language", "home of a version manager"])
def test_a_tool_that_goes_by_variables_is_asked_again(workshop: Workshop, tmp_path: Path, change: str) -> None:
    """What it said under other variables that it is given is not what it would say now."""
    tool = tmp_path / "bin/tool"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "tool $TOOL_VERSION in $PYENV_ROOT"\n')
    tool.chmod(0o755)
    host = {"PATH": f"{tool.parent}:/usr/bin:/bin", "PYENV_ROOT": "/one"}

    def said(version: str, root: str) -> tuple[str | None, str | None]:
        """Return what is remembered, and what is asked then."""
        shop = workshop.script(name="tool", command=("tool", "{file}"), env=(("TOOL_VERSION", version),))
        settings = replace(shop, host_env=host | {"PYENV_ROOT": root}, environment_dir=tmp_path / "environments")
        language = open_languages(settings, workshop.listener)["tool"]
        sample = workshop.sample("x", "tool")
        remembered = language.plan(sample).toolchain
        workshop.provide(language, sample)
        return remembered, language.plan(sample).toolchain

    assert (None, "tool 1 in /one") == said("1", "/one")
    assert ("tool 1 in /one", "tool 1 in /one") == said("1", "/one")
    if change == "variable of the language":
        assert (None, "tool 2 in /one") == said("2", "/one")
    else:
        assert (None, "tool 1 in /two") == said("1", "/two")


def test_a_wrong_memo_is_corrected_by_asking(workshop: Workshop, tmp_path: Path) -> None:
    """When something must be executed the compiler is asked, whatever was remembered."""
    folder = shim(tmp_path / "bin", "rustc 1")
    host = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    settings = workshop.rust(host_env=host)
    workshop.provide(open_languages(settings, workshop.listener)["rust"], workshop.main)
    shim(folder, "rustc 2")
    language = open_languages(settings, workshop.listener)["rust"]
    assert "rustc 1" == language.plan(workshop.main).toolchain

    language.provide([language.plan(workshop.main)], workshop.runner)
    language.survey()

    assert "rustc 2" == language.plan(workshop.main).toolchain
    file = remembered(settings)
    memo = json.loads(file.read_text())
    assert "rustc 2" == memo["toolchains"]["rust"]["identity"]


def _has_nightly() -> bool:
    rustup = shutil.which("rustup")
    listed = (
        subprocess.run([rustup, "toolchain", "list"], capture_output=True, text=True, check=False) if rustup else None
    )
    return listed is not None and "nightly" in listed.stdout


@pytest.mark.skipif(not _has_nightly(), reason="rustup has no nightly toolchain here")
def test_rustups_shim_is_asked_beside_the_configuration(workshop: Workshop) -> None:
    """`rust-toolchain.toml` beside mkdocs.yml chooses the compiler, which is then called without the shim."""
    settings = workshop.rust()
    (settings.project_dir / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "nightly"\n')
    language = open_languages(settings, workshop.listener)["rust"]

    outcome = workshop.execute(language, workshop.sample("#![feature(never_type)]\nlet x = 1;"))

    assert Exited(0) == outcome.steps[-1].ended
    assert "nightly" in (language.plan(workshop.main).toolchain or "")
    assert "nightly" in workshop.runner.commands[-2].argv[0]
    assert settings.project_dir / "rust-toolchain.toml" in language.watched()


@pytest.mark.skipif(not shutil.which("rustup"), reason="rustc is not rustup's here")
def test_rustup_is_asked_once(workshop: Workshop) -> None:
    """All that rustup goes by is in the fingerprint, so what it said is not asked again before samples are compiled."""
    workshop.provide(open_languages(workshop.rust(), workshop.listener)["rust"], workshop.main)
    workshop.runner.commands.clear()

    again = open_languages(workshop.rust(), workshop.listener)["rust"]
    outcome = workshop.execute(again, workshop.main)

    assert Exited(0) == outcome.steps[-1].ended
    assert ["rustc", "sample"] == workshop.runner.programs()


def rustup_home(folder: Path, **overrides: str) -> Path:
    """Make a home of rustup with the toolchains of the real one, and with `overrides` for folders."""
    found = subprocess.run(["rustup", "show", "home"], capture_output=True, text=True, check=True)
    real = Path(found.stdout.strip())
    (folder / "toolchains").mkdir(parents=True, exist_ok=True)
    for toolchain in real.glob("toolchains/*"):
        if not (folder / "toolchains" / toolchain.name).exists():
            (folder / "toolchains" / toolchain.name).symlink_to(toolchain)
    [default, *_] = sorted(path.name for path in real.glob("toolchains/stable*"))
    table = "".join(f'"{where}" = "{name}"\n' for where, name in overrides.items())
    (folder / "settings.toml").write_text(f'version = "12"\ndefault_toolchain = "{default}"\n\n[overrides]\n{table}')
    return folder


def asked(workshop: Workshop) -> list[Sequence[str]]:
    return [command.argv[1:] for command in workshop.runner.commands if Path(command.argv[0]).name == "rustc"]


@pytest.mark.skipif(not shutil.which("rustup"), reason="rustc is not rustup's here")
def test_rustup_is_asked_once_for_all_projects(workshop: Workshop, tmp_path: Path) -> None:
    """What it said in one project it says in the next, if all that it goes by is the same."""
    host = {**os.environ, "RUSTUP_HOME": str(rustup_home(tmp_path / "rustup"))}
    private = {"environment_dir": tmp_path / "environments"}
    first = open_languages(replace(workshop.rust(host_env=host), **private), workshop.listener)["rust"]
    workshop.provide(first, workshop.main)
    assert [("-vV",), ("--print", "sysroot")] == asked(workshop)
    workshop.runner.commands.clear()

    other = workshop.beside(tmp_path / "other")
    second = open_languages(replace(other.rust(host_env=host), **private), other.listener)["rust"]

    assert second.plan(other.main).toolchain is None, "it is looked for when it is needed, not before"
    other.provide(second, other.main)
    assert first.plan(workshop.main).toolchain == second.plan(other.main).toolchain
    assert [] == asked(other)


@pytest.mark.skipif(not _has_nightly(), reason="rustup has no nightly toolchain here")
def test_what_is_remembered_for_all_projects_is_what_would_be_asked(workshop: Workshop, tmp_path: Path) -> None:
    """Whatever rustup goes by, a project gets the answer that it would get if nothing were remembered."""
    one, two = workshop, workshop.beside(tmp_path / "other")
    two.settings()
    home = tmp_path / "rustup"
    nightly = next(path.name for path in rustup_home(home).glob("toolchains/nightly*"))
    memories = tmp_path / "remembered"

    def answer(shop: Workshop, place: Path, **variables: str) -> str:
        host = {**os.environ, "RUSTUP_HOME": str(home), **variables}
        settings = replace(shop.rust(host_env=host), environment_dir=place)
        language = open_languages(settings, shop.listener)["rust"]
        shop.provide(language, shop.main)
        return language.plan(shop.main).toolchain or ""

    def law(number: int, **variables: str) -> list[str]:
        found = [answer(shop, memories, **variables) for shop in (one, two)]
        anew = [answer(shop, tmp_path / f"anew-{number}-{place}", **variables) for place, shop in enumerate((one, two))]
        assert anew == found
        return ["nightly" if "nightly" in identity else "stable" for identity in found]

    assert ["stable", "stable"] == law(1)
    rustup_home(home, **{str(two.project): nightly})
    assert ["stable", "nightly"] == law(2)
    rustup_home(home, **{str(one.project): nightly})
    assert ["nightly", "stable"] == law(3)
    rustup_home(home)
    assert ["stable", "stable"] == law(4)
    assert ["nightly", "nightly"] == law(5, RUSTUP_TOOLCHAIN=nightly)
    (two.project / "rust-toolchain.toml").write_text(f'[toolchain]\nchannel = "{nightly}"\n')
    assert ["stable", "nightly"] == law(6)
    default = next(path for path in home.glob("toolchains/stable*"))
    target = (home / "toolchains" / nightly).readlink()
    default.unlink()
    default.symlink_to(target)  # the name is that of another compiler from now on
    assert ["nightly", "nightly"] == law(7)


def test_a_cache_that_came_along_names_no_compiler(workshop: Workshop, tmp_path: Path) -> None:
    """What is remembered is started: it is kept, and looked for, where no checkout and no cache can bring it along."""
    settings = workshop.rust(host_env=dict(os.environ))
    workshop.provide(open_languages(settings, workshop.listener)["rust"], workshop.main)
    file = remembered(settings)
    canary = tmp_path / "canary"
    evil = tmp_path / "bin/rustc"
    evil.parent.mkdir()
    evil.write_text(f"#!/bin/sh\ntouch {canary}\n")
    evil.chmod(0o755)
    planted = json.loads(file.read_text())
    planted["toolchains"]["rust"] |= {"program": str(evil), "identity": "rustc evil"}
    file.unlink()
    for folder in (settings.cache_dir, settings.project_dir, settings.cache_dir / "toolchains"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "toolchains.json").write_text(json.dumps(planted))

    language = open_languages(settings, workshop.listener)["rust"]
    language.provide([language.plan(workshop.main)], workshop.runner)
    language.survey()

    assert "evil" not in (language.plan(workshop.main).toolchain or "")
    assert not canary.exists()


@pytest.mark.parametrize("place", ["built", ".cache/built", "../built"])
def test_in_a_checkout_toolchains_are_remembered_by_this_process_alone(workshop: Workshop, place: str) -> None:
    """A folder of Environments that is in the checkout may have come with it."""
    settings = workshop.settings()
    root = settings.project_dir.parent
    settings = replace(
        settings, environment_dir=Path(os.path.normpath(settings.project_dir / place)), checkout_dir=root
    )

    assert settings.private_dir is None
