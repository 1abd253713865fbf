"""What cargo has recorded of local packages: the files that rustc and the build scripts have really read.

cargo names every unit of a build, fresh or not (the cargo book, "External Tools"); beside its artifacts are the
dep-info files of rustc, beside `OUT_DIR` is what the build script printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_codeexec.languages.rust.environments.built import content
from mkdocs_codeexec.languages.rust.environments.packages import Further, Package
from mkdocs_codeexec.languages.rust.messages.objects import objects

_SPACE = re.compile(r"(?<!\\) ")
_RERUN = re.compile(r"cargo::?rerun-if-(changed|env-changed)=(.*?)\s*")


@dataclass(slots=True)
class Record:
    """What was read to build one local package.

    Attributes:
        paths: Files and folders, absolute.
        everything: Whether its build script does not say what it reads: cargo looks at the whole package then.
    """

    paths: set[Path] = field(default_factory=set)
    everything: bool = False


def read(messages: str, probe: Path) -> dict[Path, Record]:
    """Return the local packages in cargo's `messages`, by folder, without the one in `probe`."""
    folders: dict[str, Path] = {}
    found: dict[Path, Record] = {}
    for message in objects(messages):
        package = str(message.get("package_id", ""))
        manifest, filenames, out = (message.get(key) for key in ("manifest_path", "filenames", "out_dir"))
        if "path+file:" not in package:
            continue
        if isinstance(manifest, str) and Path(manifest).parent != probe:
            folder = folders[package] = Path(manifest).parent
            record = found.setdefault(folder, Record())
            for name in filenames if isinstance(filenames, list) else ():
                record.paths.update(_read_by_rustc(Path(str(name)), folder))
        elif isinstance(out, str) and package in folders:  # a build script is compiled before it is executed
            _read_by_script(Path(out).parent / "output", folders[package], found[folders[package]])
    return found


def further(records: Mapping[Path, Record], package: Package, others: Iterable[Path], ours: Tree) -> Further:
    """Return what `records` say of `package`, beyond what counts anyway.

    Args:
        records: By folder of the package.
        package: Read without them; the first of its folders is the one that names are relative to.
        others: Folders of further packages that belong to it.
        ours: Which files can count.
    """
    paths: set[Path] = set()
    packages: set[Path] = set()
    folders = [folder for folder in dict.fromkeys((*package.folders, *others)) if folder in records]
    sources = [folder / "src" for folder in package.folders]
    for folder in folders:
        if records[folder].everything:
            packages.add(folder)
        for path in (ours.named(path) for path in records[folder].paths):
            if path in package.covered or path in package.prose or not ours.has(path, folder):
                continue
            if folder.is_relative_to(path):  # the folder of the package, or one above it
                packages.add(path)
            elif not any(path.is_relative_to(source) for source in sources):
                paths.add(path)
    start = package.folders[0]
    return Further(*(tuple(sorted(Path(os.path.relpath(p, start)).as_posix() for p in s)) for s in (paths, packages)))


@dataclass(frozen=True, slots=True)
class Tree:
    """Which files are of the author, and not of the machine.

    Attributes:
        project: The folder of `mkdocs.yml`.
        apart: Folders of caches and toolchains.
    """

    project: Path
    apart: Sequence[Path]

    def has(self, path: Path, package: Path) -> bool:
        """Tell whether `path` is in the tree that holds the package, or in the smallest that holds the site, too.

        What lies elsewhere, a header of the system say, belongs to the machine: its name means nothing on another one.
        """
        if any(path.is_relative_to(folder) for folder in self.apart):
            return False
        root = tree(package)
        common = Path(os.path.commonpath((self.project, package)))
        return path.is_relative_to(root) or (common != Path(common.anchor) and path.is_relative_to(common))

    def named(self, path: Path) -> Path:
        """Return `path` as the configuration names it, where a build script has resolved links above the project."""
        real = Path(os.path.realpath(self.project.parent))
        return self.project.parent / path.relative_to(real) if path.is_relative_to(real) else path


def tree(package: Path) -> Path:
    """Return the root of the checkout that the folder `package` is in, the folder itself if it is in none."""
    return next((folder for folder in (package, *package.parents) if (folder / ".git").exists()), package)


def _read_by_rustc(artifact: Path, folder: Path) -> Iterator[Path]:
    """Yield the files that dep-info names; it is beside `artifact`, whose folder a build script has to itself."""
    stem = artifact.name.removeprefix("lib").partition(".")[0]
    pattern = "*.d" if artifact.name.startswith("build-script-") else f"{stem}.d"
    for info in artifact.parent.glob(pattern):
        text = (content(info) or b"").decode("utf-8", "surrogateescape")
        for line in text.splitlines():
            # Every file that was read is also a target without dependencies; spaces in its name are escaped.
            if line.endswith(":") and not line.startswith("#"):
                yield _absolute(line[:-1].replace("\\ ", " "), folder)
            elif not artifact.suffix and line.startswith(f"{str(artifact).replace(' ', chr(92) + ' ')}: "):
                # Beside a program it is cargo's own file, in which that is the only target.
                for name in _SPACE.split(line.partition(": ")[2]):
                    yield _absolute(name.replace("\\ ", " "), folder)


def _read_by_script(output: Path, folder: Path, record: Record) -> None:
    lines = (content(output) or b"").decode("utf-8", "surrogateescape").splitlines()
    said = [match for match in map(_RERUN.fullmatch, lines) if match]
    record.everything |= not said
    record.paths |= {_absolute(match[2], folder) for match in said if match[1] == "changed"}


def _absolute(name: str, folder: Path) -> Path:
    return Path(os.path.normpath(folder / name))
