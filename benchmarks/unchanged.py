"""Whether sites are what they were: built with the package of a git revision, and with that of this working tree.

    python benchmarks/unchanged.py main                 # some three minutes on two cores
    python benchmarks/unchanged.py c38b9b1 --only scripts material

Each site is built cold and warm with both packages, in the same folders, and once more with the package of the working tree on the
store that the other has left. What is compared: every byte of the site, the names and contents of the store's entries, the
numbers of `last-run.json`, exit status and log; of the last three without durations. It prints what differs, and exits with 1 if
anything does.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import measuring
from generate import MIXED, TEMPLATES, pages, rust_samples
from run import machine, say

ROOT = Path(__file__).parent.parent
PACKAGE = "mkdocs_codeexec"
SITES = ("sample", "rust", "scripts", "material", "hostile")
GENERATED = 30
"""Rust samples on generated pages, beside those that are written."""
VOLATILE = frozenset({"duration_ms", "build_ms", "run_ms", "started", "run_id", "sha256"})
"""Names in JSON whose values no two runs have in common; the last is a checksum of an entry, durations included."""
MOST_LINES = 20
"""Of a difference that is shown."""

Seen: TypeAlias = dict[str, bytes]
"""What a build has left, by what it is called: `site/index.html`, `store/results/v1/…`, `log`."""

_DURATION = re.compile(r"\b(?:\d+m )?\d+(?:\.\d+)?( ?)(s|ms|seconds)\b")
_TESTED = re.compile(rb"(?<=finished in )\d+\.\d+s")
"""What libtest says at its end; pages show another time."""
_CARGO = re.compile(
    r" *(?:Adding|Blocking|Checking|Compiling|Downloaded|Downloading|Finished|Fresh|Locking|Updating) "
    r"|INFO +-  codeexec: building the environment "
)


def write(name: str, folder: Path) -> None:
    """Write the site `name` into `folder`, which must not exist."""
    source = ROOT / "sample_site" if name == "sample" else TEMPLATES / "sites" / name
    ignored = shutil.ignore_patterns(".cache", "site", "target", "Cargo.lock")
    shutil.copytree(source, folder, ignore=ignored)
    for path in folder.rglob("*"):
        if path.suffix in (".md", ".yml"):
            path.write_text(path.read_text("utf-8").replace("@site@", str(folder)), "utf-8")
    if name == "rust":
        for page, text in pages(rust_samples(GENERATED, 1, MIXED), "codeexec"):
            (folder / "docs" / page).write_text(text, "utf-8")


def seen(folder: Path) -> Seen:
    """Return the site and the store of the project in `folder`, as its last build has left them."""
    found = {f"site/{path.relative_to(folder / 'site')}": path.read_bytes() for path in _files(folder / "site")}
    store = folder / ".cache/codeexec"
    for path in _files(store):
        found[f"store/{path.relative_to(store)}"] = _lasting(path.read_bytes())
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _lasting(data: bytes) -> bytes:
    """Return `data` without what differs in each run, if it is JSON; else as it is."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(each) for name, each in value.items() if name not in VOLATILE}
        return [strip(each) for each in value] if isinstance(value, list) else value

    try:
        value = json.loads(data)
    except ValueError:
        return data
    return _TESTED.sub(b"0.00s", json.dumps(strip(value), indent=1, ensure_ascii=False).encode())


def log(text: str) -> bytes:
    """Return what a build has said, without durations, and without the order in which several things were done at once."""
    lines = _DURATION.sub(r"0\1\2", text).splitlines()
    cargo = sorted(line for line in lines if _CARGO.match(line))
    return "\n".join([*(line for line in lines if not _CARGO.match(line)), *cargo]).encode()


def differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Return what differs, a text for each name."""
    found = [f"{name}: is gone" for name in before.keys() - after.keys()]
    found += [f"{name}: is new" for name in after.keys() - before.keys()]
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            one, other = (each[name].decode("utf-8", "backslashreplace").split("\n") for each in (before, after))
            lines = list(islice(difflib.unified_diff(one, other, n=0, lineterm=""), 2, MOST_LINES + 2))
            found.append("\n    ".join([f"{name}: differs", *(line[:300] for line in lines)]))
    return sorted(found)


class Bench:
    """The folders in which all sites are built, with one package after the other.

    Args:
        scratch: Holds them.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._package = scratch / "package"

    def use(self, package: Callable[[Path], None]) -> None:
        """Have what `package` writes into a folder as the plugin of the builds that follow.

        Raises:
            MeasurementError: Another one is imported.
        """
        shutil.rmtree(self._package, ignore_errors=True)
        self._package.mkdir()
        package(self._package)
        _describe(self._package)
        argv = (sys.executable, "-c", f"import {PACKAGE}; print({PACKAGE}.__file__)")
        found = measuring.succeed(argv, cwd=self._scratch, env=self._env(), scratch=self._scratch).stdout
        if not Path(found).is_relative_to(self._package):
            raise measuring.MeasurementError(f"`{PACKAGE}` is imported from {found.strip()}")

    def fresh(self, name: str) -> None:
        """Write the site `name`, and take away all that earlier builds have left anywhere."""
        for folder in (self._folder(name), self._scratch / "environments"):
            shutil.rmtree(folder, ignore_errors=True)
        write(name, self._folder(name))

    def build(self, name: str) -> Seen:
        """Build the site `name` on what is there, and return what that left.

        Raises:
            MeasurementError: There is no site.
        """
        folder = self._folder(name)
        shutil.rmtree(folder / "site", ignore_errors=True)
        argv = (sys.executable, "-m", "mkdocs", "build")
        ended = measuring.run(argv, cwd=folder, env=self._env(), scratch=self._scratch)
        if not (folder / "site/index.html").exists():
            raise measuring.MeasurementError(f"`{name}` was not built\n{ended.stdout}{ended.stderr}")
        return seen(folder) | {"log": log(f"{ended.stdout}{ended.stderr}exit status {ended.status}")}

    def _folder(self, name: str) -> Path:
        return self._scratch / "sites" / name

    def _env(self) -> dict[str, str]:
        return measuring.environment(
            self._scratch,
            CODEEXEC_ENVIRONMENT_DIR=str(self._scratch / "environments"),
            PYTHONPATH=str(self._package),
            PYTHONDONTWRITEBYTECODE="1",
            SOURCE_DATE_EPOCH="1700000000",
            NO_COLOR="1",
        )


def of_revision(revision: str) -> Callable[[Path], None]:
    """Return what writes the package of `revision` into a folder."""

    def package(folder: Path) -> None:
        argv = ["git", "archive", revision, PACKAGE, "pyproject.toml"]
        data = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(data)) as archive:
            archive.extractall(folder, filter="data")

    return package


def of_working_tree(folder: Path) -> None:
    """Write the package of the working tree into `folder`."""
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def _describe(folder: Path) -> None:
    """Have the package in `folder` found as if it were installed, with the entry points of its own `pyproject.toml`."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    points = [
        line
        for group, names in groups.items()
        for line in (f"[{group}]", *(f"{name} = {to}" for name, to in names.items()))
    ]
    installed = folder / f"{PACKAGE}-{project['version']}.dist-info"
    installed.mkdir()
    (installed / "entry_points.txt").write_text("\n".join(points) + "\n", "utf-8")
    described = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (installed / "METADATA").write_text(described, "utf-8")


def compare(bench: Bench, name: str, revision: str) -> list[str]:
    """Return what differs of the site `name`."""
    bench.fresh(name)
    bench.use(of_revision(revision))
    before = {"cold": bench.build(name), "warm": bench.build(name)}
    bench.use(of_working_tree)
    after = {"taken over": bench.build(name)}
    bench.fresh(name)
    after |= {"cold": bench.build(name), "warm": bench.build(name)}
    before["taken over"] = before["warm"]
    return [
        f"{name}, {when}: {text}"
        for when in ("cold", "warm", "taken over")
        for text in differences(before[when], after[when])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Compare sites built by a revision's package and by the working tree's."
    )
    parser.add_argument("revision", help="what git knows the one by")
    parser.add_argument("--only", nargs="+", choices=SITES, default=SITES, metavar="SITE", help=", ".join(SITES))
    args = parser.parse_args()
    say(machine())
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="codeexec-unchanged-", ignore_cleanup_errors=True) as scratch:
        Path(scratch).chmod(0o755)  # the samples of root run as others
        for name in args.only:
            try:
                different = compare(Bench(Path(scratch)), name, args.revision)
            except measuring.MeasurementError as error:
                different = [f"{name}: {error}"]
            say(f"{name}: {f'{len(different)} differences' if different else 'the same'}")
            found += different
    print("\n".join(found) or "nothing differs")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
