"""What a sample leaves is removed, whatever it is; what it points to stays.

Run by root, samples are another user; the same tests are run by an ordinary user in `tests/faults`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import UNLIMITED, Tier
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.core.protocols import NO_ACCESS
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.runtime.process import Children

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tiers are of Linux")

PATH = "/usr/local/bin:/usr/bin:/bin"
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits", "off")


@pytest.fixture(params=TIERS)
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    """Return what starts children in each tier that works on this machine."""
    with confined(request.param) as children:
        yield children


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Return a folder with a file, neither of which anybody may touch."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "canary").write_text("sings")
    for path in (tmp_path, folder):
        path.chmod(0o755)
    return folder


def left(children: Children, root: Path, code: str) -> tuple[StepResult, ScratchRoot]:
    """Run `code` as a build step, of which the disk keeps what it makes, and leave its scratch directory."""
    told: list[str] = []
    step = Step(kind="build", argv=(), timeout=60, limits=UNLIMITED)
    with ScratchRoot(root, told.append) as scratches:
        with ScratchDirectory(scratches.path, [("s", code)], children, PATH, output_limit=10_000) as scratch:
            result = scratch.run(step, ("/bin/sh", "s"), {}, NO_ACCESS)
        if "../.." not in code:
            assert [path.name for path in scratches.path.iterdir()] == ["lock"], result
    assert told == []
    assert not scratches.path.exists()
    return result, scratches


@pytest.mark.parametrize(
    "code",
    [
        "cd .. && mv work other && ln -s {} work",
        "cd .. && for d in home tmp; do rmdir $d; ln -s {} $d; done",
        "rm -r ../home; ln -s {} ../home; ln -s {} ../further; rm -rf ../work; ln -s {} ../work",
        "ln -s {} folder; ln -s {}/canary file; mkdir a; ln -s {} a/b; ln -s / a/c",
        "ln -s {} $HOME/folder; ln -s {} $TMPDIR/folder",
        "mkdir -p a/b; ln -s {} a/b/c; chmod 0 a/b a . ../work ..",
        "cd ../..; for d in *; do [ -d $d ] && mv $d $d.moved && ln -s {} $d; done",
    ],
)
def test_links_in_place_of_its_folders_lead_nowhere(
    children: Children, tmp_path: Path, canary: Path, code: str
) -> None:
    """Neither root's rights nor the builder's are lent to a sample."""
    root = tmp_path / "root"
    root.mkdir(mode=0o755)

    left(children, root, code.replace("{}", str(canary)) + "; exit 0")

    assert [path.name for path in canary.iterdir()] == ["canary"]
    assert (canary / "canary").read_text() == "sings"
    assert list(root.iterdir()) == []


def test_a_thousand_folders_within_each_other_are_removed(children: Children, tmp_path: Path) -> None:
    """They ended the build, and every later one that swept what this one had left."""
    tmp_path.chmod(0o755)
    program = "import os\nfor _ in range(1100):\n os.mkdir('deeper')\n os.chdir('deeper')"
    code = f'/usr/bin/python3 -c "{program}"'

    result, _ = left(children, tmp_path, code)

    assert result.ended == Exited(0)


def test_a_folder_that_only_its_owner_could_open_is_removed(children: Children, tmp_path: Path) -> None:
    """The builder gives himself the rights that the sample took away."""
    tmp_path.chmod(0o755)

    result, _ = left(children, tmp_path, "mkdir -p a/b/c && touch a/b/f && chmod 0 a/b/c a/b a . $HOME $TMPDIR")

    assert result.ended == Exited(0)
