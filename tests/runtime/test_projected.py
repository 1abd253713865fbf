"""What a child sees of the project, and that nothing it does changes the project: in every tier."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, StepResult
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.runtime import projected
from mkdocs_codeexec.runtime.projected import Projected
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot
from mkdocs_codeexec.worktree.tree import Worktree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Observe
    from mkdocs_codeexec.runtime.process import Children

PATH = "/usr/local/bin:/usr/bin:/bin"
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits", "off")


@pytest.fixture(params=TIERS)
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    with confined(request.param) as children:
        yield children


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a canary in every file."""
    root = tmp_path / "project"
    for name in ("data/a.csv", "data/deep/b.csv", "pyproject.toml", ".env", "site/index.html", "tool.sh", "out.log"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"canary of {name}\n")
    (root / "tool.sh").write_text("#!/bin/sh\necho tool $1\n")
    (root / "tool.sh").chmod(0o755)
    (root / "large.bin").write_bytes(b"x" * 400_000)
    (root / "in").symlink_to("data/a.csv")
    (tmp_path / "secret").write_text("canary outside\n")
    (root / "away").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("../secret")
    (root / ".gitignore").write_text("*.log\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def looks(root: Path) -> dict[str, str]:
    """Return what every file of a folder holds, and what is known of it."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        what = (
            str(path.readlink())
            if path.is_symlink()
            else path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest()
        )
        found[str(path)] = (
            f"{what} {about.st_mode} {about.st_uid} {about.st_mtime_ns} {about.st_ctime_ns} {about.st_nlink}"
        )
    return found


def run(
    children: Children,
    project: Path,
    code: str,
    *,
    files: tuple[tuple[str, str], ...] = (),
    observe: Observe = "exec",
    count: int = 1,
) -> list[StepResult]:
    """Run `code` as a shell sample that starts in the project, `count` times in a batch."""
    limits = replace(RUN_LIMITS, disk=8)
    found = []
    with ScratchRoot() as root:
        seen = Projected(root.path, Worktree(folder=project, apart=(project / "site",)))
        for number in range(count):
            given = (("sample.sh", code), *files)
            over = [name for name, _ in files]
            with ScratchDirectory(
                root.path, given, children, PATH, output_limit=2**20, seed=str(number), project=seen, over=over
            ) as scratch:
                step = Step(kind="run", argv=("sh", f"{scratch.path}/sample.sh"), timeout=30, limits=limits)
                found.append(scratch.run(step, step.argv, {}, observe=observe))
    return found


def printed(children: Children, project: Path, code: str, **how: object) -> str:
    before = looks(project)
    (result,) = run(children, project, code, **how)  # type: ignore[arg-type]

    assert before == looks(project)
    assert Exited(0) == result.ended, result
    return result.stdout


def test_it_is_what_git_does_not_ignore(children: Children, project: Path) -> None:
    """No secret, no output, no link that leads out, and not the sample itself."""
    assert "data in large.bin pyproject.toml tool.sh\n" == printed(children, project, "echo *; test ! -e .git")
    assert "no\n" == printed(
        children, project, "cat .env out.log away up site/index.html .git/config 2> /dev/null || echo no"
    )


def test_relative_paths_links_and_tools_work(children: Children, project: Path) -> None:
    code = 'cat data/a.csv in data/deep/../a.csv; ./tool.sh x; cd "$CODEEXEC_PROJECT/data"; pwd; wc -c < ../large.bin'

    assert "canary of data/a.csv\n" * 3 + "tool x\ndata\n400000\n" == printed(children, project, code)


HARM = """
echo changed > data/a.csv; echo more >> pyproject.toml; echo through > in; rm -f tool.sh
chmod 777 data/deep; touch -d 2001-01-01 data/deep/b.csv; mkdir new && echo x > new/x; ln -f pyproject.toml hard
echo more >> hard; mv data/deep moved 2> /dev/null; truncate -s 0 large.bin 2> /dev/null
cp -r data copied; rm -rf data; cat in 2>&1; ls
"""


def test_what_a_sample_changes_is_its_own(children: Children, project: Path) -> None:
    """It sees what it has changed; nobody else does, neither the project nor the next sample."""
    before = looks(project)
    results = run(children, project, f"cat data/a.csv\n{HARM}", count=2)

    assert before == looks(project)
    for result in results:
        assert "canary of data/a.csv" == result.stdout.split("\n")[0]
        assert {"copied", "hard", "moved", "new", "pyproject.toml"} <= set(result.stdout.split())
        assert "tool.sh" not in result.stdout.split()
    assert results[0].stdout == results[1].stdout


def test_the_copy_that_all_share_cannot_be_changed(children: Children, project: Path) -> None:
    """Not by a name that a sample can guess, nor by what it finds above its own folder."""
    code = 'for f in ../../*/tree/data/a.csv ../../*/project/data/a.csv ../*; do (echo x > "$f") 2>/dev/null; done; cat data/a.csv'
    before = looks(project)
    results = run(children, project, code, count=2)

    assert before == looks(project)
    if children.tier != "off":
        assert results[0].stdout == results[1].stdout
        assert "canary" in results[1].stdout or "x\n" == results[1].stdout


def test_files_lie_over_it(children: Children, project: Path) -> None:
    """Those of fences, and those that others left; the sample's own file does not."""
    files = (("data/a.csv", "mine\n"), ("new/deep/c", "c\n"))

    assert "mine\nc\na.csv\ndeep\n" == printed(
        children, project, "cat data/a.csv new/deep/c; ls data; test ! -e sample.sh", files=files
    )


def test_dates_tell_nothing(children: Children, project: Path) -> None:
    """Those of a checkout are others on each machine, and after each `git checkout`."""
    assert "946684800\n" * 3 == printed(children, project, "stat -c %Y data/a.csv data tool.sh")


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("cat data/a.csv", {"vodata/a.csv"}),
        ("cat in", {"voin"}),
        ("cat nothing 2> /dev/null || true", {"vonothing"}),
        ("test -e .env || true", {"vf.env"}),
        ("ls data > /dev/null", {"vldata"}),
        ("cd data && cat ../in", {"vodata/../in", "vfdata"}),
        ("./tool.sh", {"vetool.sh"}),
        ("mkdir data 2> /dev/null || true", {"vfdata"}),
        ("echo x >> data/a.csv", {"vodata/a.csv"}),
        ("rm data/a.csv", {"vfdata/a.csv"}),
        ("python3 -c \"import os; os.rename('in', 'out')\"", {"vtin", "vfout"}),
        ("python3 -c \"import os; os.symlink('data/a.csv', 'out')\"", {"vt", "vfout"}),
        ("ln pyproject.toml hard", {"vtpyproject.toml", "vfhard"}),
        ("cat /etc/hostname data/../../../../../../etc/hosts 2> /dev/null || true", {"o/etc/hostname", "o/etc/hosts"}),
    ],
)
def test_what_is_looked_for_in_it_is_told(children: Children, project: Path, code: str, seen: set[str]) -> None:
    """By paths from the project, also what only writes: whether that goes well tells something."""
    if children.tier == "off":
        pytest.skip("nothing is observed there")
    before = looks(project)
    (result,) = run(children, project, code)

    assert before == looks(project)
    assert result.asked is not None
    found = {item.replace("of/", "o/") for item in result.asked}
    found |= {item.replace("f/etc", "o/etc", 1) for item in found}
    found |= {item.replace("h/etc", "o/etc", 1) for item in found}
    assert seen <= found, sorted(found)


def test_what_a_sample_writes_there_is_bounded(children: Children, project: Path) -> None:
    if children.tier == "off":
        pytest.skip("nothing is bounded there")
    (result,) = run(children, project, "head -c 30000000 /dev/zero > big || exit 1; sleep 2")

    assert LimitReached("disk", 8) == result.ended, result


def test_a_project_that_is_too_large_is_told(
    children: Children, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projected, "LARGEST", 100_000)
    with pytest.raises(CodeExecError, match="take more than 0 MiB; let git ignore what samples do not need"):
        run(children, project, "true")


def test_a_copy_that_is_too_large_is_told(children: Children, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each sample would get one."""
    monkeypatch.setattr(projected, "COPIED", 100_000)
    if children.tier == "bubblewrap":
        assert "400000\n" == printed(children, project, "wc -c < large.bin")
        return
    with pytest.raises(CodeExecError, match="each sample gets a copy, of 10000 files and 0 MiB at most"):
        run(children, project, "true")
