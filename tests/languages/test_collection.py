from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.environments.collection import DAY, UNUSED, alone, collect
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

NOW = 2_000_000_000.0
TOOLCHAIN, OTHER = "0123456789abcdef", "fedcba9876543210"


def unit(number: int) -> str:
    return f"{number:016x}"


def write(path: Path, text: str = "", *, at: float = NOW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def project(root: Path, number: int, used: float, units: tuple[int, ...] = (), toolchain: str = TOOLCHAIN) -> Path:
    """Make a project as a build leaves it, last used at `used`."""
    home = root / toolchain / unit(number)
    write(home / ".lock", at=used)
    write(root / toolchain / ".lock", at=NOW - 10 * UNUSED)
    write(home / "Cargo.toml")
    write(home / "built" / "a.json", json.dumps({"units": [unit(one) for one in units]}), at=used)
    for one in (*units, number):
        made(root / toolchain, one)
    write(root / toolchain / f"target/debug/codeexec_environment_{unit(number)}", at=NOW - 2 * UNUSED)
    return home


def made(toolchain: Path, number: int, at: float = NOW - 2 * UNUSED) -> list[Path]:
    """Make what cargo makes of one unit."""
    debug = toolchain / "target/debug"
    files = [
        debug / f"deps/libx_y-{unit(number)}.rlib",
        debug / f"deps/x_y-{unit(number)}.x.abc-cgu.0.rcgu.o",
        debug / f"build/x-y-{unit(number)}/out/a",
        debug / f".fingerprint/x-y-{unit(number)}/lib",
    ]
    for file in files:
        write(file, at=at)
        if file.parent.name != "deps":
            for folder in (file.parent, file.parent.parent):
                os.utime(folder, (at, at))
    return files


def collected_last(root: Path, at: float) -> None:
    write(root / ".collected", at=at)


@pytest.mark.parametrize(
    ("used", "last", "now", "stays"),
    [
        (NOW - UNUSED - 3 * DAY, NOW - 2 * DAY, NOW, False),
        (NOW - UNUSED - DAY, NOW - 2 * DAY, NOW, True),  # not old when things were last collected
        (NOW - UNUSED - 3 * DAY, NOW - DAY / 2, NOW, True),  # once a day
        (NOW - UNUSED - 3 * DAY, None, NOW, True),  # never before
        (NOW - 60, NOW - 2 * DAY, NOW + 100 * UNUSED, True),  # the clock has jumped ahead
        (NOW + 100 * UNUSED, NOW - 2 * DAY, NOW, True),  # it was used when the clock was ahead
        (NOW - 60, NOW + 100 * UNUSED, NOW, True),  # it was collected when the clock was ahead
        (NOW - UNUSED - 3 * DAY, NOW + 100 * UNUSED, NOW, False),
        (NOW - 60, NOW - 2 * DAY, NOW - 100 * UNUSED, True),  # the clock has gone back
    ],
)
def test_what_nobody_has_used_for_long_goes(
    tmp_path: Path, used: float, last: float | None, now: float, stays: bool
) -> None:
    """Whatever the clock says, nothing goes that was used since 30 days before the last collection."""
    home = project(tmp_path, 1, used, (2,))
    if last is not None:
        collected_last(tmp_path, last)

    collect(tmp_path, now)

    assert stays == home.exists()
    assert stays == home.parent.exists()
    assert (tmp_path / ".collected").exists()
    assert not list(tmp_path.glob("**/.removed-*"))


def test_libraries_that_no_project_names_go_with_it(tmp_path: Path) -> None:
    """What another project has in common with it stays, and so does what is new, and what is not known."""
    old, young = (project(tmp_path, number, used, (number + 10, 99)) for number, used in ((1, 0.0), (2, NOW)))
    target = tmp_path / TOOLCHAIN / "target/debug"
    gone = [*made(old.parent, 11)]
    stay = [
        *made(old.parent, 12),
        *made(old.parent, 99),
        *made(old.parent, 50, at=NOW),
        write(target / "deps/odd.rlib"),
    ]
    stay += [write(target / "libnew-layout/0/x", at=0), target / f"codeexec_environment_{unit(2)}"]
    collected_last(tmp_path, NOW - DAY)

    collect(tmp_path, NOW)

    assert [False, True] == [old.exists(), young.exists()]
    assert [] == [path for path in gone if path.exists()]
    assert [] == [path for path in stay if not path.exists()]
    assert not (target / f"codeexec_environment_{unit(1)}").exists()


@pytest.mark.parametrize("name", ["debug", "debug/deps"])
def test_nothing_goes_that_a_link_leads_to(tmp_path: Path, name: str) -> None:
    """What is built there can make links."""
    home, _ = project(tmp_path / "root", 1, 0.0), project(tmp_path / "root", 2, NOW)
    kept = made(tmp_path / "elsewhere", 7)
    folder = home.parent / "target" / name
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path / "elsewhere/target" / name)
    collected_last(tmp_path / "root", NOW - DAY)

    collect(tmp_path / "root", NOW)

    assert not home.exists()
    assert [] == [path for path in kept if not path.exists()]


def test_a_state_that_nobody_has_used_goes_alone(tmp_path: Path) -> None:
    """The project stays for the others: it may be built under several lock files."""
    home = project(tmp_path, 1, NOW, (11,))
    old = write(home / "built/b.json", json.dumps({"units": [unit(12)]}), at=0)
    files = made(home.parent, 12)
    collected_last(tmp_path, NOW - DAY)

    collect(tmp_path, NOW)

    assert not old.exists()
    assert (home / "built/a.json").exists()
    assert [] == [path for path in files if path.exists()]


@pytest.mark.parametrize("text", ["", "{}", '{"units": 3}', "[" * 100_000])
def test_a_state_that_cannot_be_read_keeps_all_libraries(tmp_path: Path, text: str) -> None:
    """Nobody knows what it names."""
    home = project(tmp_path, 1, NOW)
    write(home / "built/b.json", text)
    files = made(home.parent, 12)
    collected_last(tmp_path, NOW - DAY)

    collect(tmp_path, NOW)

    assert [] == [path for path in files if not path.exists()]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """Files, links and folders of other names are not touched, and nothing outside; half-removed ones are."""
    outside = write(tmp_path / "outside/x", at=0).parent
    root = tmp_path / "root"
    stays = [write(root / "notes.txt", at=0), write(root / "mine/x", at=0), write(root / ("0" * 17) / "x", at=0)]
    (root / OTHER).symlink_to(outside)
    os.utime(outside, (0, 0))
    half = write(root / f".removed-{TOOLCHAIN}-1/x").parent
    collected_last(root, NOW - DAY)

    collect(root, NOW)

    assert [] == [path for path in (*stays, outside / "x", root / OTHER) if not path.exists()]
    assert not half.exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """There is nothing to collect, and nothing is made."""
    collect(tmp_path / "none", NOW)

    assert [] == list(tmp_path.iterdir())


def hold(home: Path, held: Any, leave: Any) -> None:
    with alone(home, lambda: None):
        held.set()
        leave.wait(20)


def test_what_another_process_builds_stays(tmp_path: Path) -> None:
    """However old it looks; its whole toolchain is left alone until next time."""
    home, beside = (project(tmp_path, number, 0.0) for number in (1, 2))
    collected_last(tmp_path, NOW - DAY)
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(home, held, leave))
    other.start()
    try:
        assert held.wait(20)
        os.utime(home / ".lock", (0, 0))

        collect(tmp_path, NOW)

        assert home.exists()
        assert beside.exists()
    finally:
        leave.set()
        other.join()
    collect(tmp_path, NOW + DAY)
    assert not home.exists()


def test_a_project_is_for_one_at_a_time(tmp_path: Path) -> None:
    """Whoever waits says so once, and gets a folder even if it was removed meanwhile."""
    home = tmp_path / TOOLCHAIN / unit(1)
    told: list[str] = []
    entered, done = threading.Event(), threading.Event()

    def second() -> None:
        with alone(home, lambda: (told.append("waiting"), entered.set())):  # type: ignore[func-returns-value]
            assert (home / ".lock").is_file()
            done.set()

    write(home / ".lock", at=0)
    with alone(home, lambda: told.append("first")):
        assert time.time() - (home / ".lock").stat().st_mtime < 10
        thread = threading.Thread(target=second)
        thread.start()
        assert entered.wait(20)
        home.parent.rename(tmp_path / "away")
    thread.join()

    assert done.is_set()
    assert ["waiting"] == told


def test_faults_of_those_who_build_are_theirs(tmp_path: Path) -> None:
    """A file that is missing while a project is held is not taken for the project's own."""
    with pytest.raises(FileNotFoundError, match="gone"), alone(tmp_path / TOOLCHAIN / unit(1), lambda: None):
        raise FileNotFoundError("gone")


def test_old_environments_are_collected_when_one_is_built(workshop: Workshop, tmp_path: Path) -> None:
    """The real cargo finds all that it needs for those that stay, and nothing of those that went."""
    for name in ("one", "two", "three"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src/lib.rs").write_text(f'pub const NAME: &str = "{name}";')
        (tmp_path / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
        )
    workshop.environment_dir = tmp_path / "environments"

    def said(*names: str) -> str:
        language = open_languages(workshop.rust({name: {"path": f"../{name}"} for name in names}), workshop.listener)[
            "rust"
        ]
        code = "".join(f'print!("{{}} ", {name}::NAME);' for name in names)
        outcome = workshop.execute(language, workshop.sample(code))
        assert [Exited(0), Exited(0)] == [step.ended for step in outcome.steps], outcome
        return outcome.steps[-1].stdout

    root = workshop.environment_dir / "rust"
    assert "one two " == said("one", "two")
    [first] = root.glob("*/*/Cargo.toml")
    assert "one three " == said("one", "three")
    long_ago = time.time() - UNUSED - 5 * DAY
    unused = [*root.glob("*/target/debug/*/*two-*"), *root.glob(f"*/target/debug/*{first.parent.name}*")]
    for path in (first.parent / ".lock", *first.parent.glob("built/*"), *unused):
        os.utime(path, (long_ago, long_ago))
    os.utime(root / ".collected", (time.time() - 2 * DAY,) * 2)

    assert "three " == said("three")

    assert not first.parent.exists()
    names = {path.name.rpartition("-")[0] for path in root.glob("*/target/debug/deps/*.rlib")}
    assert {"libone", "libthree"} == names
    programs = {path.name for path in root.glob("*/target/debug/codeexec_environment_*") if not path.suffix}
    assert 2 == len(programs)
    workshop.runner.commands.clear()
    workshop.listener.streamed.clear()
    marks = [*root.glob("*/*/.lock"), *root.glob("*/*/built/*.json")]
    for path in marks:
        os.utime(path, (long_ago, long_ago))
    assert "one three " == said("one", "three")
    assert 2 == sum(path.stat().st_mtime > long_ago + DAY for path in marks)
    assert "cargo" not in workshop.runner.programs()
    with Children(**workshop.confined) as workshop.runner.children:  # of the next build
        assert "one two " == said("one", "two")
    compiled = b"".join(workshop.listener.streamed)
    assert b" two " in compiled
    assert b" one " not in compiled


def test_what_builds_have_made_leads_nowhere(tmp_path: Path) -> None:
    """A build script may put links into the target directory, and folders within each other without end."""
    elsewhere = tmp_path / "elsewhere"
    canaries = [elsewhere / below / f"x-{unit(7)}" / "canary" for below in ("", "deps", "build", ".fingerprint")]
    for canary in canaries:
        write(canary, at=NOW - 9 * UNUSED)
        os.utime(canary.parent, (NOW - 9 * UNUSED, NOW - 9 * UNUSED))
    root = tmp_path / "rust"
    project(root, 1, NOW, (1,))
    target = root / TOOLCHAIN / "target"
    (target / "debug/deps" / f"y-{unit(8)}").symlink_to(elsewhere)
    (target / "linked").symlink_to(elsewhere)
    (target / "release/.fingerprint").mkdir(parents=True)
    (target / "release/deps").symlink_to(elsewhere / "deps")
    (target / "release/build").symlink_to(elsewhere)
    deep = target / "debug/build" / f"z-{unit(9)}"
    code = "import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(1100): os.mkdir('deeper'); os.chdir('deeper')"
    deep.mkdir()
    subprocess.run([sys.executable, "-c", code, deep], check=True)
    os.utime(deep, (0, 0))

    collect(root, NOW)
    collect(root, NOW + 2 * DAY)

    assert all(canary.exists() for canary in canaries)
    assert not deep.exists()
    assert (root / TOOLCHAIN / unit(1)).exists()
