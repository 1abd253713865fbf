"""Samples that start in the project are executed again exactly if something that they have looked at there has changed.

A project is mutated at random: its files, links, permissions and dates, what git ignores and what it tracks. After each
mutation what a build shows is compared with what the same programs print in a copy that git itself has listed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.engines import close_all, opened
from support.narrators import Listener
from support.sizes import TIMES

from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.core.settings import Settings
from mkdocs_codeexec.languages.builtin import BUILTIN

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Tier

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what children look for")

SETTLE = 0.04
"""Seconds between a change and a build: what changed just now is not stored (`runtime.observed`)."""

PYTHON = {
    "read": "print(open('data/a.csv').read())",
    "miss": "import os; print(os.path.exists('maybe'), os.path.exists('.env'))",
    "list": "import os; print(sorted(os.listdir('data')))",
    "link": "import os; print(os.readlink('way') if os.path.islink('way') else 'none'); print(open('way/a.csv').read())",
    "import": "import sys; sys.path.insert(0, 'src'); import tiny; print(tiny.VALUE, tiny.__file__)",
    "moved": "import shutil; shutil.move('data', 'other'); print(open('other/a.csv').read())",
    "renamed": "import os; os.rename('data/b.csv', 'other'); print(open('other').read())",
    "linked": "import os; os.symlink('data/b.csv', 'own'); print(open('own').read())",
    "inside": "import os; os.symlink('../data/a.csv', 'src/own'); print(open('src/own').read())",
    "made": "import os\ntry:\n    os.mkdir('maybe'); print('made')\nexcept OSError as e: print(e)",
    "written": "open('data/b.csv', 'a').write('more'); print(open('data/b.csv').read())",
    "gone": "import os; os.remove('data/b.csv'); print(sorted(os.listdir('data')))",
    "nothing": "print(1)",
    "size": "import os; print(os.stat('data/b.csv').st_size, os.access('tool.sh', os.X_OK))",
    "inner": "import glob; print(sorted(glob.glob('src/**/*.py', recursive=True)))",
}
BASH = {
    "cat": "cat data/a.csv; cat maybe",
    "glob": "echo data/* out/*",
    "tool": "./tool.sh x",
    "test": "[ -e .env ] && echo yes || echo no; [ -x tool.sh ] && echo runs; cat out/log",
    "all": "find . -type f | LC_ALL=C sort",
    "grep": "grep -r canary . | LC_ALL=C sort",
    "mkdir": "mkdir maybe && echo made; cd data && cat ../way/b.csv",
    "hard": "ln data/a.csv hard && cat hard",
    "moves": "mv data moved && cat moved/b.csv",
    "quiet": "echo quiet",
}
READS_NOTHING = ("nothing", "quiet")


def git(root: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}
    argv = ["git", *identity, *words]
    return os.fsdecode(subprocess.run(argv, cwd=root, env=env, capture_output=True, check=False, timeout=60).stdout)


class Law:
    """A project, its samples, and a store."""

    def __init__(self, root: Path, tier: Tier, seed: int) -> None:
        self.root = root / "project"
        self.chance = random.Random(seed)
        self.count = 0
        self.kinds = self.chance.sample(KINDS, len(KINDS))
        self.texts = {**PYTHON, **BASH}
        self.samples = [
            Sample(
                location=Location("a.md", number),
                language="python" if name in PYTHON else "bash",
                code=code,
                expectation=Succeeds(None),
                workdir="project",
                name=name,
            )
            for number, (name, code) in enumerate(self.texts.items(), 1)
        ]
        home = root / "home"
        home.mkdir()
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        self.settings = Settings(
            project_dir=self.root,
            cache_dir=root / "cache",
            environment_dir=root / "environments",
            jobs=2,
            sandbox="off" if tier == "off" else "auto",
            tiers=(tier,),
            scripts={name: BUILTIN[name] for name in ("python", "bash")},
            host_env={"PATH": path, "HOME": str(home)},
        )
        for name in (
            "data/a.csv",
            "data/b.csv",
            "src/tiny.py",
            "src/pk/x.py",
            ".env",
            "out/log",
            "unread/x",
            "maybe-not",
        ):
            self.write(name, "VALUE = 1  # canary\n" if name.endswith(".py") else f"canary {name}\n")
        self.write("tool.sh", "#!/bin/sh\necho tool $1; cat data/b.csv\n")
        (self.root / "tool.sh").chmod(0o755)
        (self.root / "way").symlink_to("data")
        self.write(".gitignore", "out\n")
        git(self.root, "init", "-q")
        git(self.root, "add", "-A", ":!.env")
        git(self.root, "commit", "-qm", "x")
        git(self.root, "branch", "other")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        if path.parent.is_file() or path.is_dir():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        date = path.stat() if path.exists() else None
        path.write_text(text)
        if date is not None and self.chance.random() < 0.5:  # as `git checkout` and `rsync` may leave it
            os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))

    def mutate(self) -> str:
        """Change something, and return what: at first in every way once, in any order."""
        self.count += 1
        change = self.kinds.pop() if self.kinds else self.chance.choice(CHANGES)
        return f"{change.__name__} {change(self) or ''}"

    def some(self) -> str:
        names = (
            "data/a.csv",
            "data/b.csv",
            "src/tiny.py",
            "tool.sh",
            "maybe",
            "data/c.csv",
            "out/log",
            ".env",
            "unread/x",
        )
        return self.chance.choice(names)

    def build(self) -> tuple[list[str], set[str], set[str]]:
        """Return what is shown, and the names of what was executed, and of what could not be stored."""
        engine = opened(self.settings, Listener())
        shown, executed, lost = [], set(), set()
        for sample, item in zip(self.samples, engine.resolve(self.samples), strict=True):
            assert item.outcome is not None, (sample.name, item.verdict)
            shown.append(item.outcome.steps[-1].stdout)
            if not item.cached:
                executed.add(sample.name)
                lost |= {sample.name} if item.outcome.inputs is None else set()
        close_all()
        return shown, executed, lost

    def truth(self) -> list[str]:
        """Return what the samples print in copies of what git lists."""
        tracked = set(filter(None, git(self.root, "ls-files", "-z").split("\0")))
        others = filter(None, git(self.root, "ls-files", "-z", "--others", "--exclude-standard").split("\0"))
        names = tracked | {name for name in others if not any(part.startswith(".") for part in name.split("/"))}
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder, "model")
            model.mkdir()
            for name in sorted(names):
                source, target = self.root / name, model / name
                if source.is_symlink() or source.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(source, target, follow_symlinks=False)
            for link in [path for path in model.rglob("*") if path.is_symlink()]:
                if not link.exists() or not link.resolve().is_relative_to(model.resolve()):
                    link.unlink()
            return [self._run(Path(folder), model, sample) for sample in self.samples]

    def _run(self, folder: Path, model: Path, sample: Sample) -> str:
        copy, file = folder / "copy", folder / "sample"
        shutil.copytree(model, copy, symlinks=True)
        file.write_text(sample.code)
        program = sys.executable if sample.language == "python" else "bash"
        env = {"PATH": self.settings.host_env["PATH"], "LC_ALL": "C.UTF-8"}
        argv = [program, str(file)]
        done = subprocess.run(argv, cwd=copy, env=env, capture_output=True, text=True, check=False, timeout=60)
        shutil.rmtree(copy)
        return done.stdout.replace(f"{copy}/", "")


def edit(law: Law) -> str:
    name = law.some()
    text = f"canary {law.count}\n" if not name.endswith(("py", "sh")) else None
    law.write(name, text or (f"VALUE = {law.count}\n" if name.endswith("py") else f"#!/bin/sh\necho {law.count}\n"))
    return name


def edit_of_the_same_size(law: Law) -> str:
    path = law.root / "data/a.csv"
    if path.is_file():
        text = path.read_text()
        law.write("data/a.csv", text[::-1])
    return "data/a.csv"


def delete(law: Law) -> str:
    name = law.some()
    (law.root / name).unlink(missing_ok=True) if not (law.root / name).is_dir() else None
    return name


def rename(law: Law) -> str:
    one, other = law.some(), law.some()
    if (law.root / one).is_file() and (law.root / other).parent.is_dir() and not (law.root / other).is_dir():
        (law.root / one).rename(law.root / other)
    return f"{one} {other}"


def swap_folders(law: Law) -> None:
    for one, other in (("data", "swap"), ("src", "data"), ("swap", "src")):
        if (law.root / one).is_dir():
            (law.root / one).rename(law.root / other)


def link(law: Law) -> str:
    path = law.root / "way"
    if path.is_symlink():
        path.unlink()
        target = law.chance.choice(["data", "src", "out", "nothing", "../../x", "/etc"])
        path.symlink_to(target)
        return target
    return ""


def permit(law: Law) -> None:
    path = law.root / "tool.sh"
    if path.is_file():
        path.chmod(0o755 ^ (path.stat().st_mode & 0o111))


def ignore(law: Law) -> str:
    text = law.chance.choice(["", "out\n", "data/b.csv\nout\n", "*.py\n", "/maybe\n", "!out\n", "data\n"])
    law.write(".gitignore", text)
    return repr(text)


def exclude(law: Law) -> None:
    folder = law.root / ".git/info"
    folder.mkdir(exist_ok=True)
    (folder / "exclude").write_text(law.chance.choice(["", "c.csv\n", "maybe\n"]))


def track(law: Law) -> str:
    name = law.some()
    git(law.root, *(("add", "-f", name) if law.chance.random() < 0.6 else ("rm", "-q", "--cached", name)))
    return name


def check_out(law: Law) -> str:
    git(law.root, "add", "-A", ":!.env")
    git(law.root, "commit", "-qm", "y")
    branch = law.chance.choice(["other", "main", "master"])
    git(law.root, "checkout", "-q", branch)
    return branch


def touch(law: Law) -> None:
    for path in sorted(law.root.rglob("*.csv")):
        os.utime(path)


CHANGES: tuple[Callable[[Law], Any], ...] = (
    *(edit, edit, edit, edit_of_the_same_size, delete, delete, rename, swap_folders, link, permit),
    *(ignore, ignore, exclude, track, track, check_out),
)
KINDS = tuple(dict.fromkeys(CHANGES))


@pytest.fixture
def root() -> Iterator[Path]:
    """Return a folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="law-"))
    folder.chmod(0o755)
    yield folder
    close_all()
    shutil.rmtree(folder)


@pytest.mark.timeout(600 * TIMES)
@pytest.mark.parametrize(("tier", "count", "seed"), [("bubblewrap", len(KINDS), 1), ("landlock", 3, 2), ("off", 2, 3)])
def test_nothing_is_stale_and_what_reads_nothing_is_left_alone(root: Path, tier: Tier, count: int, seed: int) -> None:
    """In every tier that can observe; where there is none, the whole project decides."""
    law = Law(root, tier, int(os.environ.get("CODEEXEC_LAW_SEED", seed)))
    told: list[str] = []
    time.sleep(SETTLE)
    for number in range(count * TIMES + 1):
        told.append(law.mutate() if number else "the beginning")
        time.sleep(SETTLE)
        shown, executed, lost = law.build()
        for name, true, one in zip(law.texts, law.truth(), shown, strict=True):
            assert true == one, (name, told)
        # Where nobody sees what a program lacks that must not be executed, that is not stored.
        assert lost <= ({"tool"} if tier == "off" else set()), told
        if number and tier != "off":
            assert not executed & set(READS_NOTHING), (executed, told)
        touch(law)
        time.sleep(SETTLE)
        again = law.build()
        assert shown == again[0], told
        assert lost == again[1], told
