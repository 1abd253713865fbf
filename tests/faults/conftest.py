"""Machines on which something is wrong: another user, a small disk, a sandbox that is missing.

A fault that the tests cannot cause themselves is caused by what starts `mkdocs`: its command line is wrapped.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from support import forks

import mkdocs_codeexec

if TYPE_CHECKING:
    from conftest import Project

collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*.py"]

Wrap: TypeAlias = Callable[[Sequence[str]], list[str]]
"""Makes of a command line one that runs the same with a fault around it."""

PATIENCE = 40.0
"""Seconds after which a build has hung, and is killed."""
USERS = itertools.count(12345 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))
"""Users whom no machine knows, one for each test: limits of processes count all that a user runs."""


@dataclass(frozen=True)
class Ended:
    """What a build left.

    Attributes:
        status: The exit status of `mkdocs`.
        log: What it wrote.
        run: What `last-run.json` holds; None if there is none.
        peak: MiB, the most memory that `mkdocs` had, or a process that it waited for; no number if nobody wanted to know.
    """

    status: int
    log: str
    run: dict[str, Any] | None
    peak: float

    @property
    def counts(self) -> dict[str, int]:
        assert self.run is not None, self.log
        return {name: count for name, count in self.run["counts"].items() if count}

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(("WARNING", "ERROR"))]


def build(
    project: Project,
    *args: str,
    wrap: Wrap | None = None,
    env: dict[str, str] | None = None,
    cache: Path | None = None,
    weighed: bool = False,
) -> Ended:
    """Run `mkdocs build` of `project`, started as `wrap` says, with the store in `cache`.

    Only of what is `weighed`, or wrapped, it is known how much memory it has taken.
    """
    last_run = (cache or project.root / ".cache/codeexec") / "last-run.json"
    before = last_run.stat().st_mtime_ns if last_run.exists() else None
    log = project.root / "build.log"
    more = {"CODEEXEC_CACHE_DIR": str(cache)} if cache else {}
    every = os.environ | project.env | more | (env or {})
    if wrap is None and not weighed:
        done = forks.run("mkdocs", "build", *args, cwd=project.root, env=every, timeout=PATIENCE)
        log.write_text(done.stdout + done.stderr, "utf-8")
        return Ended(done.returncode, log.read_text("utf-8"), _written(last_run, before), math.nan)
    with log.open("wb") as output:
        started = subprocess.Popen(
            (wrap or list)([sys.executable, "-m", "mkdocs", "build", *args]),
            cwd=project.root,
            env=every,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        late = threading.Timer(PATIENCE, os.killpg, (started.pid, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(started.pid, 0)
        late.cancel()
    started.returncode = os.waitstatus_to_exitcode(status)
    said = log.read_text("utf-8", "replace")
    return Ended(started.returncode, said, _written(last_run, before), usage.ru_maxrss / 1024)


def _written(last_run: Path, before: int | None) -> dict[str, Any] | None:
    """Return what is in `last_run`, unless that is from `before`."""
    written = last_run.exists() and last_run.stat().st_mtime_ns != before
    return json.loads(last_run.read_text("utf-8")) if written else None


@pytest.fixture(name="build", scope="session")
def fixture_build() -> Callable[..., Ended]:
    """Runs `mkdocs build` and returns what it left."""
    return build


# --- Another sandbox --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["bubblewrap", "landlock", "limits", "off"])
def tier(request: pytest.FixtureRequest, project: Project) -> str:
    """Has the project's samples run in one tier, all others being ruled out; skips where that does not work."""
    project.env["CODEEXEC_SANDBOX_TIERS"] = request.param
    if _works(request.param) != request.param:
        pytest.skip(f"`{request.param}` does not work here")
    return str(request.param)


@cache
def _works(tier: str) -> str:
    """Return the tier that samples get if only `tier` may be chosen."""
    from mkdocs_codeexec.runtime.process import Children

    only: Any = (tier,)
    with Children("auto", path=os.environ["PATH"], tiers=only) as children:
        return children.tier


# --- Another user ---------------------------------------------------------------------------------------------------


@cache
def _sysroot() -> Path | None:
    if shutil.which("rustc") is None:
        return None
    asked = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=False)
    return Path(asked.stdout.strip()) if asked.returncode == 0 else None


def _closed_above(path: Path) -> Path | None:
    """Return the topmost folder above `path` (or itself) that others cannot enter."""
    for folder in (*reversed(path.parents), path):
        if folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def as_user(number: int, argv: Sequence[str], *, writable: Sequence[Path]) -> list[str]:
    """Return the command line that runs `argv` as the ordinary user `number`, to whom `writable` belongs.

    Python and Rust may live below a home that only root can enter: what is needed of it is mounted into an empty folder
    in its place. Who is an ordinary user stays who he is.
    """
    if os.geteuid() != 0:
        return list(argv)
    sysroot = _sysroot()
    homes = [*map(Path, (sys.prefix, sys.base_prefix)), Path(mkdocs_codeexec.__file__).parent]
    needed = dict.fromkeys(path.resolve() for path in (*homes, *filter(None, [sysroot])))
    mounts: list[str] = []
    hidden: set[Path] = set()
    binds = [*(("--ro-bind", path) for path in needed), *(("--bind", path.resolve()) for path in writable)]
    for how, path in binds:
        closed = _closed_above(path)
        if closed is None:
            continue
        if closed not in hidden:
            hidden.add(closed)
            mounts += ["--perms", "0755", "--tmpfs", str(closed)]
        for folder in reversed(path.relative_to(closed).parents[:-1]):
            mounts += ["--perms", "0755", "--dir", str(closed / folder)]
        mounts += [how, str(path), str(path)]
    for folder in writable:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, number, number, follow_symlinks=False)
    # joblib loads numpy where that is installed, and OpenBLAS interrupts a process that cannot have as many threads as processors.
    own = [f"HOME={writable[0]}", f"TMPDIR={writable[0]}", "OPENBLAS_NUM_THREADS=1"]
    path = os.pathsep.join([*([str(sysroot / "bin")] if sysroot else []), "/usr/local/bin", "/usr/bin", "/bin"])
    user = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "env", *own, f"PATH={path}"]
    return ["bwrap", "--dev-bind", "/", "/", *mounts, "--", *user, *argv]


@pytest.fixture
def user(tmp_path: Path) -> Callable[..., Wrap]:
    """Wraps command lines so that an ordinary user runs them, to whom the given folders belong.

    The tests themselves run as root in many containers, and there nothing is ever forbidden.
    """
    home = tmp_path / "home-of-user"
    home.mkdir()
    number = next(USERS)
    if subprocess.run(as_user(number, ["true"], writable=[home]), capture_output=True, check=False).returncode:
        pytest.skip("no command can be run as another user here")
    return lambda *folders: lambda argv: as_user(number, argv, writable=[home, *folders])


# --- Another disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def mounted() -> Callable[..., Wrap]:
    """Wraps command lines so that they see the given mounts, in the words of `bwrap(1)`."""
    if subprocess.run(["bwrap", "--dev-bind", "/", "/", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return lambda *mounts: lambda argv: ["bwrap", "--dev-bind", "/", "/", *map(str, mounts), "--", *argv]
