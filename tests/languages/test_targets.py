"""Which programs a package has, as cargo has it; and which samples get them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.sample import Links, Location, Sample
from mkdocs_codeexec.languages import BUILTIN, binaries
from mkdocs_codeexec.languages.rust.environments import lent, picked, targets

PACKAGE = '[package]\nname = "a-tool"\nversion = "0.1.0"\nedition = "2021"\n'
FEATURES = '[features]\ndefault = ["x"]\nx = ["y"]\ny = []\nz = []\n'
BIN = '[[bin]]\nname = "{name}"\npath = "{path}"\n'


@pytest.mark.parametrize(
    ("manifest", "files"),
    [
        ("", ["src/main.rs"]),
        ("", ["src/lib.rs"]),
        ("", ["src/main.rs", "src/lib.rs", "src/bin/one.rs", "src/bin/two/main.rs", "src/bin/two/more.rs"]),
        ("autobins = false\n", ["src/main.rs", "src/lib.rs", "src/bin/one.rs"]),
        (BIN.format(name="cli", path="cli/main.rs"), ["cli/main.rs", "src/lib.rs", "src/bin/one.rs"]),
        (FEATURES + BIN.format(name="cli", path="c.rs") + 'required-features = ["y"]\n', ["c.rs", "src/main.rs"]),
        (FEATURES + BIN.format(name="cli", path="c.rs") + 'required-features = ["z"]\n', ["c.rs", "src/main.rs"]),
    ],
)
def test_programs_are_those_that_cargo_builds(tmp_path: Path, manifest: str, files: list[str]) -> None:
    (tmp_path / "Cargo.toml").write_text(PACKAGE + manifest, "utf-8")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("" if name == "src/lib.rs" else "fn main() {}", "utf-8")
    cargo = shutil.which("cargo")
    assert cargo is not None
    argv = [cargo, "build", "--bins", "--offline", "--message-format=json", "--quiet"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    built = {Path(message["executable"]).name for message in messages if message.get("executable")}

    assert built == set(targets.programs(tmp_path))


def sample(code: str, language: str = "bash", *, workdir: str = "", requires: tuple[str, ...] = ()) -> Sample:
    where, links = Location("a.md", 1), Links(requires=requires)
    return Sample(location=where, language=language, code=code, expectation=Succeeds(), workdir=workdir, links=links)


@pytest.mark.parametrize(
    ("code", "language", "called"),
    [
        ("shop", "bash", True),
        ("  A=1 B=2 shop --help", "bash", True),
        ("if shop; then x; fi", "bash", True),
        ("echo $(shop list)", "bash", True),
        ("cat x | shop", "sh", True),
        ("cd x && shop", "sh", True),
        ("echo shop", "bash", False),
        ("./shop", "bash", False),
        ("$ shop list", "console", True),
        ('run(["shop", "list"])', "python", True),
        ('os.system("shop list")', "python", True),
    ],
)
def test_who_names_a_program_gets_it_and_who_calls_it_cannot_do_without(
    code: str, language: str, *, called: bool
) -> None:
    found = dict(binaries.inputs(sample(code, language), BUILTIN[language], ("shop", "till")))

    assert "shop till" == found[binaries.GIVEN]
    assert ("shop" if called else None) == found.get(binaries.CALLED)


@pytest.mark.parametrize(
    ("code", "language"),
    [("echo workshop", "bash"), ("shop-x", "bash"), ("shop = 1", "python"), (">>> shop", "pycon")],
)
def test_who_does_not_name_one_gets_none(code: str, language: str) -> None:
    assert () == binaries.inputs(sample(code, language), BUILTIN[language], ("shop",))


def test_scripts_of_the_project_may_start_them() -> None:
    """A shell that starts in the project gets them, and goes on without."""
    found = dict(binaries.inputs(sample("./run.sh", workdir="project"), BUILTIN["bash"], ("shop",)))

    assert binaries.GIVEN in found
    assert binaries.CALLED not in found
    assert () == binaries.inputs(sample("x", "python", workdir="project"), BUILTIN["python"], ("shop",))
    required = sample("x", "python", requires=("tool:shop",))
    assert binaries.CALLED in dict(binaries.inputs(required, BUILTIN["python"], ("shop",)))


def test_look_ups_of_programs_are_told_by_name() -> None:
    """Where they are is of no interest, and what is looked for there in vain is in the key."""
    asked = ("f/usr/bin/ls", "e/env/bin/shop", "f/env/bin/ls", "l/env/bin", "f/env/binary")

    assert ("f/usr/bin/ls", "bshop", "f/env/binary") == binaries.observed(asked, "/env/bin", ["shop"])
    assert {*asked, "bshop"} == set(binaries.observed(asked, "", ["shop"]))


@pytest.mark.parametrize("text", [";a=" * 100_000, ";" + "a=time " * 50_000, "; a=" + "b" * 300_000, "; " * 200_000])
def test_a_text_of_beginnings_takes_no_quadratic_time(text: str) -> None:
    """Quadratic, each would take minutes or hours."""
    assert binaries.inputs(sample(text), BUILTIN["bash"], ("a-tool",)) == ()
    assert len(binaries.inputs(sample(f"{text}\nx=1 y='2' a-tool"), BUILTIN["bash"], ("a-tool",))) == 2


def test_no_later_build_changes_a_program_that_was_picked(tmp_path: Path) -> None:
    """Builds write to the target directory, in place if they like; libraries are looked at again, programs are not."""
    made, folder = tmp_path / "target/debug/a-tool", tmp_path / "built"
    made.parent.mkdir(parents=True)
    made.write_text("one", "utf-8")
    made.chmod(0o755)
    programs = picked.Picked(("debug/a-tool",))
    for text in ("one", "two"):
        made.write_text(text, "utf-8")
        picked.pick(programs, tmp_path / "target", folder, copies=True)
        made.write_text("of others", "utf-8")

        assert text == (folder / "a-tool").read_text("utf-8")
        assert 0o755 == (folder / "a-tool").stat().st_mode & 0o777
        assert picked.is_picked(programs, folder)


@pytest.mark.parametrize("copies", [True, False])
def test_what_is_picked_is_of_the_target_directory_whatever_is_put_there_meanwhile(
    tmp_path: Path, copies: bool
) -> None:
    """A build that shares it puts a link in the place of a folder, and takes it away again."""
    there, outside, folder = tmp_path / "target/debug/deps", tmp_path / "outside", tmp_path / "picked"
    for place, text in ((there, "ours"), (outside, "canary")):
        place.mkdir(parents=True)
        (place / "a.rlib").write_text(text)
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            there.rename(tmp_path / "aside")
            there.symlink_to(outside)
            there.unlink()
            (tmp_path / "aside").rename(there)

    swapping = threading.Thread(target=swap)
    swapping.start()
    found: list[str] = []
    try:
        for tries in range(20_000):
            (folder / "a.rlib").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                picked.pick(picked.Picked(("debug/deps/a.rlib",)), tmp_path / "target", folder, copies=copies)
            found += [path.read_text() for path in folder.iterdir()]
            if tries >= 400 and found:
                break
    finally:
        ended.set()
        swapping.join()

    assert {"ours"} == {*found}


@pytest.mark.parametrize(
    "name", ["debug/link", "debug/pipe", "debug/folder", "linked/tool", "../outside", "debug/../../outside"]
)
def test_what_is_no_file_of_the_target_directory_is_not_picked(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    (target / "debug" / "folder").mkdir(parents=True)
    (tmp_path / "outside").write_text("canary")
    (target / "debug" / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(target / "debug" / "pipe")
    (tmp_path / "tool").write_text("canary")
    (target / "linked").symlink_to(tmp_path)
    picked.pick(picked.Picked((name,)), target, tmp_path / "picked", copies=True)

    assert [] == list((tmp_path / "picked").iterdir())


def test_a_program_that_was_picked_gives_nobody_the_rights_of_who_builds(tmp_path: Path) -> None:
    """A build script may have made it set its user: a copy is another's, who builds."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target/tool").write_text("")
    (tmp_path / "target/tool").chmod(0o6755)
    picked.pick(picked.Picked(("tool",)), tmp_path / "target", tmp_path / "picked", copies=True)
    lent.copy(tmp_path, tmp_path / "ours")

    assert 0o755 == stat.S_IMODE((tmp_path / "picked/tool").stat().st_mode)
    assert 0o755 == stat.S_IMODE((tmp_path / "ours/target/tool").stat().st_mode)
