"""What samples leave in their working directories, and what others get of it, in every tier.

Run by root, they are another user; the same tests are run by an ordinary user in `tests/faults`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.shell import PATH, SHELL, Outcomes, action
from support.tiers import confined

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.confinement import Limits, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, Outcome, TimedOut
from mkdocs_codeexec.runtime.blobs import KeptBlobs
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.leaving import MOST, Leaving
from mkdocs_codeexec.runtime.sandbox import bubblewrap
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.protocols import Blobs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="children need `fork`")

TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits", "off")
LIMITS = Limits(memory=512, processes=64, open_files=256, file_size=100, disk=64, tmp=64, cpu=30)


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> Tier:
    """Each tier, where it works."""
    with confined(request.param):
        found: Tier = request.param
    return found


@pytest.fixture
def kept(tmp_path: Path) -> KeptBlobs:
    """Return the blobs of a new store."""
    return KeptBlobs(Tree(tmp_path / "store"))


def leaving(code: str, name: str = "a", *, left: tuple[Blob, ...] = (), **more: Any) -> Action:
    step = Step(kind="run", argv=(code,), timeout=more.pop("timeout", 30.0), limits=more.pop("limits", LIMITS))
    built = more.pop("build", "")
    build = [Step(kind="build", argv=(built,), timeout=30.0, limits=LIMITS)] if built else []
    return action(name, left=left, leaves=True, steps=(*build, step), **more)


def ran(tier: Tier, blobs: Blobs, made: Action) -> tuple[Outcome, list[str]]:
    """Return what `made` comes to, and what was told meanwhile."""
    outcomes, told = Outcomes(), list[str]()
    with confined(tier) as children:
        executor = ParallelExecutor(
            children, SHELL, jobs=1, total_timeout=None, path=PATH, tell=told.append, blobs=blobs
        )
        executor.run([made], outcomes)
        executor.close()
    [outcome] = outcomes.of.values()
    return outcome, told


def left(tier: Tier, blobs: Blobs, code: str, **more: Any) -> tuple[Blob, ...]:
    """Return what a script leaves that ends well."""
    outcome, told = ran(tier, blobs, leaving(code, **more))
    assert (Exited(0), []) == (outcome.steps[-1].ended, told), outcome.steps
    return outcome.left


def contents(blobs: KeptBlobs, found: tuple[Blob, ...]) -> dict[str, bytes]:
    """Return what is in files that were left."""
    texts = {}
    for blob in found:
        fd = blobs.open(blob)
        assert fd is not None
        with os.fdopen(fd, "rb") as file:
            texts[blob.path] = file.read()
    return texts


def test_what_is_left_flows(tier: Tier, kept: KeptBlobs) -> None:
    """Files that a sample makes or changes are left, below folders too, executable or not; what it was given as it is, not."""
    files = (("changed", "before"), ("data/mine", "same"), ("s", "same"))
    code = (
        "echo one > x; mkdir -p d/e; echo two > d/e/y; chmod +x d/e/y; echo after > changed; mkdir empty; : > nothing"
    )
    found = left(tier, kept, code, files=files)

    expected = {"changed": b"after\n", "d/e/y": b"two\n", "nothing": b"", "x": b"one\n"}
    assert expected == contents(kept, found)
    assert list(expected) == [blob.path for blob in found]
    assert ["d/e/y"] == [blob.path for blob in found if blob.executable]
    assert [hashlib.sha256(data).hexdigest() for data in expected.values()] == [blob.digest for blob in found]

    outcome, told = ran(tier, kept, action("b", "cat x d/e/y; test -x d/e/y && ! test -x x; echo $?; ls", left=found))
    assert ("one\ntwo\n0\nchanged\nd\nnothing\nx\n", [], ()) == (outcome.steps[-1].stdout, told, outcome.left)


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.turns("tier")
def test_a_chain(tier: Tier, kept: KeptBlobs, size: int) -> None:
    """What a sample was given and leaves as it is, those get who need this sample; what it removes or replaces, not."""
    first = left(tier, kept, f"head -c {size} /dev/zero > x; cp x y; cp x z")
    second = left(tier, kept, "cat x >/dev/null; echo new > new", left=first)
    third = left(tier, kept, "cat x new > more; rm -f new 2>/dev/null; :", left=second)

    assert {blob.path: blob.digest for blob in first}.items() <= {blob.path: blob.digest for blob in second}.items()
    assert ["more", "x", "y", "z"] == [blob.path for blob in third]
    assert bytes(size) + b"new\n" == contents(kept, third)["more"]


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.turns("tier")
def test_what_is_given_cannot_be_spoilt(tier: Tier, kept: KeptBlobs, size: int) -> None:
    """Files are given to be read; who changes them by force has changed one of its own."""
    first = left(tier, kept, f"head -c {size} /dev/zero > x")
    spoil = "chmod 666 x; echo spoilt > x; rm -f x; echo mine > x; mv x y; ln y z; ls -l; :"
    found, told = ran(tier, kept, leaving(spoil, left=first))

    assert {"x": bytes(size)} == contents(kept, first)
    assert Exited(0) == found.steps[-1].ended
    writes, _ = ran(tier, kept, action("c", "echo spoilt >> x", left=first))
    if tier != "off" or os.geteuid() != 0:  # root may write to anything
        assert writes.steps[-1].ended != Exited(0)
    assert {"x": bytes(size)} == contents(KeptBlobs(kept._tree), first)
    assert [] == told


def test_a_large_file_whose_folder_is_renamed(tier: Tier, kept: KeptBlobs) -> None:
    """Where a large file is shown and not copied, nothing is left in its place that nobody has written."""
    first = left(tier, kept, "mkdir d; head -c 300000 /dev/zero > d/x")
    found, told = ran(tier, kept, leaving("mv d e", left=first))

    if tier == "bubblewrap":
        assert ((), 1) == (found.left, len(told))
    else:
        assert ([("e/x", first[0].digest)], []) == ([(blob.path, blob.digest) for blob in found.left], told)


def test_what_a_build_step_has_made_is_not_left(tier: Tier, kept: KeptBlobs) -> None:
    """What was built is nobody else's, whatever its size; a run step that changes it leaves it."""
    build = "head -c 400000 /dev/zero > exe; chmod +x exe; echo small > small; echo other > other"
    found = left(tier, kept, "cat exe small > /dev/null; echo changed > other", build=build)

    assert {"other": b"changed\n"} == contents(kept, found)


def test_caches_of_interpreters_are_not_left(tier: Tier, kept: KeptBlobs) -> None:
    """They hold times of their sources: they would differ in each run."""
    assert ["x"] == [blob.path for blob in left(tier, kept, "mkdir __pycache__; : > __pycache__/m.pyc; : > x")]


def test_names(tier: Tier, kept: KeptBlobs) -> None:
    """Names may hold ends of lines, spaces and any letter; those that not every system can have are told once."""
    code = "mkdir 'a b'; printf 1 > 'a b/c\nd'; printf 2 > ä; printf 3 > ./-x; printf 4 > 'c:d'; printf 5 > 'e\\f'; "
    outcome, told = ran(tier, kept, leaving(code + 'printf 6 > "$(printf "n\\377")"'))

    assert {"a b/c\nd": b"1", "ä": b"2", "-x": b"3"} == contents(kept, outcome.left)
    [message] = told
    assert "has a name that" in message


def test_what_is_no_file_is_told(tier: Tier, kept: KeptBlobs, tmp_path: Path) -> None:
    """Links lead nowhere, whatever they name; pipes are not waited for; what is closed stays so. Each is told once."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x").write_text("secret")
    code = f"""
        ln -s {secret} folder; ln -s {secret}/x file; ln -s / root; ln -s nowhere broken; ln -s x inner; echo 1 > x
        mkfifo pipe 2>/dev/null || ln -s x pipe
        echo 2 > closed; chmod 0 closed; mkdir shut; echo 3 > shut/y; chmod 0 shut
    """
    outcome, told = ran(tier, kept, leaving(code))

    assert Exited(0) == outcome.steps[-1].ended
    assert {"x": b"1\n"} == contents(kept, outcome.left)
    assert sum("is a symbolic link" in message for message in told) == 1
    assert sum("is closed to its owner" in message for message in told) == 1
    assert len(told) == 2 + any("is no regular file" in message for message in told)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
def test_a_link_to_a_file_of_others_is_not_left(kept: KeptBlobs, tmp_path: Path) -> None:
    """Some systems let anybody link what they may not read (`protected_hardlinks`); whoever builds may read it."""
    work, told = tmp_path / "work", list[tuple[str, str]]()
    work.mkdir()
    for name in ("mine", "theirs"):
        (work / name).write_text(name)
    (work / "theirs").chmod(0o600)
    os.chown(work, 12345, 12345)
    os.chown(work / "mine", 12345, 12345)
    found = Leaving(leaving("x"), (), kept, lambda kind, message: told.append((kind, message)))
    fd = os.open(work, os.O_RDONLY)
    found.take(fd)
    os.close(fd)

    assert isinstance(found.left, tuple)
    assert ["mine"] == [blob.path for blob in found.left]
    assert [("foreign", True)] == [(kind, "`theirs` belongs to another user" in message) for kind, message in told]


@pytest.mark.turns("tier")
def test_deep_folders(tier: Tier, kept: KeptBlobs) -> None:
    """Folders within each other without end end somewhere, and what is above is left."""
    code = "echo 1 > x; i=0; while [ $i -lt 150 ]; do mkdir d && cd d; i=$((i+1)); done; echo 2 > y"
    outcome, told = ran(tier, kept, leaving(code))

    if isinstance(outcome.steps[-1].ended, LimitReached):  # so the watchdog may say, while it runs
        assert (LimitReached("disk", 64), ()) == (outcome.steps[-1].ended, outcome.left)
    else:
        assert (["x"], 1) == ([blob.path for blob in outcome.left], len(told))


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("head -c 2000000 /dev/zero > a; head -c 3000000 /dev/zero > b", Limits(disk=4)),
        ("head -c 2000000 /dev/zero > a", Limits(file_size=1)),
        ("truncate -s 1G sparse", Limits(file_size=100, disk=64)),
        ("truncate -s 1G sparse", Limits(disk=64)),
        ("i=0; while [ $i -lt 70 ]; do head -c 1000000 /dev/zero > $i || exit 1; i=$((i+1)); done", Limits(disk=64)),
    ],
)
@pytest.mark.turns("tier")
def test_too_much(tier: Tier, kept: KeptBlobs, code: str, limits: Limits, tmp_path: Path) -> None:
    """What is left comes to the limits of its step, in every tier: it ends so, with the limit's name, and nothing is kept."""
    outcome, _ = ran(tier, kept, leaving(code, limits=limits))
    ended = outcome.steps[-1].ended

    assert isinstance(ended, LimitReached), outcome
    assert ended.name in ("disk", "file_size")
    assert (getattr(limits, ended.name), (), False) == (ended.limit, outcome.left, outcome.storable)
    if ended.limit in {64, 4}:  # else it is found out when a first part has been copied
        assert [] == [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]


def test_a_chain_does_not_outgrow_the_limits(tier: Tier, kept: KeptBlobs) -> None:
    """What is passed on counts as what is made."""
    first = left(tier, kept, "head -c 3000000 /dev/zero > x", limits=Limits(disk=4))
    outcome, _ = ran(tier, kept, leaving("head -c 2000000 /dev/zero > y", left=first, limits=Limits(disk=4)))

    assert (LimitReached("disk", 4), ()) == (outcome.steps[-1].ended, outcome.left)


@pytest.mark.parametrize("count", [MOST + 1, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.turns("tier")
def test_too_many(tier: Tier, kept: KeptBlobs, count: int) -> None:
    """The number of files has a bound."""
    code = f"i=0; while [ $i -lt {count} ]; do : > $i || exit 1; i=$((i+1)); done"
    outcome, _ = ran(tier, kept, leaving(code))

    assert isinstance(outcome.steps[-1].ended, LimitReached)
    assert (True, ()) == (outcome.steps[-1].ended.name in ("left", "disk"), outcome.left)
    if count == MOST + 1:
        assert LimitReached("left", MOST) == outcome.steps[-1].ended


def test_who_does_not_end_by_itself_leaves_nothing(tier: Tier, kept: KeptBlobs) -> None:
    """What a time-out has cut off may be half of a file. Who ends without success leaves what it has made."""
    outcome, _ = ran(tier, kept, leaving("echo half > x; sleep 60", timeout=1.0))
    assert (TimedOut(1.0), ()) == (outcome.steps[-1].ended, outcome.left)

    outcome, _ = ran(tier, kept, leaving("echo whole > x; exit 3"))
    assert (Exited(3), {"x": b"whole\n"}) == (outcome.steps[-1].ended, contents(kept, outcome.left))


def test_nobody_needs_it(tier: Tier, kept: KeptBlobs, tmp_path: Path) -> None:
    """Of a sample that nobody needs nothing is kept."""
    outcome, _ = ran(tier, kept, action("a", "echo 1 > x"))
    assert ((), False) == (outcome.left, (tmp_path / "store").exists())


def test_what_others_leave_may_not_fit(tier: Tier, kept: KeptBlobs) -> None:
    """A file that has no place because of the sample's own is a clear ending of that sample."""
    first = left(tier, kept, "mkdir d; echo 1 > d/x")
    outcome, _ = ran(tier, kept, action("b", "true", left=first, files=(("d", "a file"),)))

    assert isinstance(outcome.steps[-1].ended, NotStarted)
    assert "`d/x`, which another sample has left, cannot be put" in outcome.steps[-1].ended.why


def test_a_blob_that_is_gone_meanwhile(tier: Tier, kept: KeptBlobs, tmp_path: Path) -> None:
    """A sample whose files were damaged since they were looked for is not run with others."""
    first = left(tier, kept, "echo 1 > x")
    [blob] = [path for path in (tmp_path / "store/blobs").rglob("*") if path.is_file()]
    blob.chmod(0o644)
    blob.write_text("2\n")
    outcome, _ = ran(tier, kept, action("b", "cat x", left=first))

    assert isinstance(outcome.steps[-1].ended, NotStarted)
    assert "`x`, which another sample has left, is gone from the store, or damaged" in outcome.steps[-1].ended.why


class Hostile(KeptBlobs):
    """Blobs that while a first file is kept have somebody replace all others by links to a secret."""

    def __init__(self, tree: Tree, root: Path, secret: Path) -> None:
        super().__init__(tree)
        self.root = root
        self.secret = secret
        self.replaced = 0

    def keep(self, fd: int, most: int) -> tuple[str, int]:
        for path in self.root.glob("*/*/work/*"):
            path.unlink()
            path.symlink_to(self.secret)
            self.replaced += 1
        return super().keep(fd, most)


def test_a_file_that_is_replaced_while_it_is_looked_at(tmp_path: Path) -> None:
    """What was a file a moment ago is not followed when it is a link by now; what was open before is what it was."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    root = tmp_path / "scratch"
    root.mkdir()
    blobs = Hostile(Tree(tmp_path / "store"), root, secret)
    outcomes, told = Outcomes(), list[str]()
    with confined("off") as children:
        executor = ParallelExecutor(
            children,
            SHELL,
            jobs=1,
            total_timeout=None,
            path=PATH,
            scratch_root=root,
            tell=told.append,
            blobs=blobs,
        )
        executor.run([leaving("echo 1 > a; echo 2 > b; echo 3 > c")], outcomes)
        executor.close()

    assert 3 == blobs.replaced
    assert {"a": b"1\n"} == contents(blobs, outcomes.of["a"].left)
    [message] = told
    assert "was replaced while it was looked at" in message


def test_the_same_in_every_tier(tmp_path: Path) -> None:
    """Which tier a sample ran in does not show in what it leaves."""
    code = "echo 1 > a; mkdir d; cp big d/copy; chmod 750 d/copy; chmod 400 a"
    found = set()
    for tier in TIERS:
        with confined(tier):
            pass
        blobs = KeptBlobs(Tree(tmp_path / tier))
        first = left(tier, blobs, "head -c 300000 /dev/zero > big; echo s > small")
        found.add((first, left(tier, blobs, code, left=first)))

    assert 1 == len(found)


def test_what_hands_over_is_loaded_where_it_is_seen() -> None:
    """Namespaces may cover the folder of this package: a supervisor has loaded all before, whatever it started first."""
    code = (
        "from supervising import child\n"
        "request = {'tier': 'limits', 'user': None, 'network': False, 'keeps': False, 'handing': -1}\n"
        "child.prepare(request)\n"
        "assert 'supervising.handing' not in sys.modules\n"
        "child.prepare({**request, 'handing': 5})\n"
        "assert 'supervising.handing' in sys.modules\n"
    )
    folder = str(Path(bubblewrap.SUPERVISING).parent)

    subprocess.run([sys.executable, "-c", f"import sys\nsys.path.insert(0, {folder!r})\n{code}"], check=True)


def test_whoever_leaves_nothing_may_come_first(tier: Tier, kept: KeptBlobs) -> None:
    """One supervisor starts children of both kinds, in any order."""
    outcomes = Outcomes()
    with confined(tier) as children:
        executor = ParallelExecutor(
            children, SHELL, jobs=1, total_timeout=None, path=PATH, tell=lambda _: None, blobs=kept
        )
        plain = Step(kind="run", argv=("echo 1",), timeout=30.0, limits=LIMITS)
        executor.run([action("first", steps=(plain,)), leaving("echo 1 > x", "second")], outcomes)
        executor.close()

    assert ["first", "second"] == outcomes.order
    assert ["x"] == [blob.path for blob in outcomes.of["second"].left], outcomes.of["second"]
