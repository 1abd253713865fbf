"""What samples require and this machine lacks. Nothing is started, and each thing is looked up once between two surveys."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import invalidate_caches
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.requirements import Lack
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON
from mkdocs_codeexec.languages.toolchain import find_program
from mkdocs_codeexec.languages.views import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings

CPU = Path("/proc/cpuinfo")
_CALLED = {"sse3": "pni", "lzcnt": "abm", "sha": "sha_ni", "neon": "asimd", "rdrand": "rdrand", "pclmul": "pclmulqdq"}
"""What Linux calls features that compilers call otherwise."""
_OWN = ("alloc", "core", "proc_macro", "std", "test")
"""Crates that are there without being named."""


class Requirements:
    """Answers what is missing for a sample.

    Args:
        settings: The configuration.
        languages: By canonical name.
        cpu: What the kernel tells of the processor.
    """

    def __init__(self, settings: Settings, languages: Mapping[str, Language], cpu: Path = CPU) -> None:
        self._settings = settings
        self._languages = languages
        self._cpu = cpu
        self._known: dict[tuple[str, str, str], Lack | None] = {}
        self._features: frozenset[str] | None = None

    def look_again(self) -> None:
        """Forget what was there: much may have come since."""
        if self._known:
            self._known.clear()
            invalidate_caches()

    def missing(self, sample: Sample) -> tuple[Lack, ...]:
        """Return what `sample` requires and this machine lacks, in the order of its author."""
        if not sample.links.requires:
            return ()
        found = (self._lack(word, sample) for word in sample.links.requires)
        return tuple(lack for lack in found if lack is not None)

    def files(self, samples: Iterable[Sample]) -> Iterator[Path]:
        """Yield the files that `samples` require, there or not."""
        for word in dict.fromkeys(word for sample in samples for word in sample.links.requires):
            kind, _, what = word.partition(":")
            if kind == "file" and (path := self._within(what)) is not None:
                yield path

    def _lack(self, word: str, sample: Sample) -> Lack | None:
        kind, _, what = word.partition(":")
        language = sample.language if kind in ("tool", "python") else ""
        environment = sample.options.get("environment", "") if kind == "crate" else ""
        known = (word, language, environment)
        if known not in self._known:
            how = self._looks[kind](self, what, language or environment)
            self._known[known] = None if how is None else Lack(word, how)
        return self._known[known]

    # --- Each kind: None if it is there, else how to give it ---------------------------------------------------------

    def _env(self, name: str, _: str) -> str | None:
        if rights.variable(name, self._settings):
            return None
        if self._settings.stranger:
            return f"no variable is given to samples here: {self._settings.stranger}"
        return f"set the variable `{name}` where the site is built"

    def _tool(self, name: str, language: str) -> str | None:
        if "/" in name:
            return "name the program alone, as in `tool:git`"
        if any(name in one.binaries.names for one in self._languages.values() if one.binaries and one.name != language):
            return None
        places = self._settings.host_env.get("PATH", os.defpath).split(":")
        found = [file for file in (f"{place}/{name}" for place in places if place) if _is_program(file)]
        seen = self._seen(language)
        if not found:
            return f"install `{name}`, so that it is in `PATH` where the site is built"
        if seen is None or any(_is_in(file, seen) and _is_in(os.path.realpath(file), seen) for file in found):
            return None
        return f"it is here, and samples do not see it: name its folder below `languages.{language}.readable`"

    def _seen(self, language: str) -> tuple[str, ...] | None:
        """Return what samples in `language` see of this machine; None for all of it."""
        walls = any(tier in ("bubblewrap", "landlock") for tier in self._settings.tiers)
        if self._settings.sandbox == "off" or not walls or sys.platform != "linux":
            return None
        reached = self._languages[language].reached() if language in self._languages else ()
        return (*map(str, SYSTEM), *reached)

    def _file(self, name: str, _: str) -> str | None:
        path = self._within(name)
        if path is None:
            return f"name it from the folder of `{self._settings.host.file}`, as in `file:data/a.csv`"
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(self._settings.project_dir)):
            return "it is a link that leads out of the project: put the file itself there"
        return None if real.exists() else f"put it there, beside `{self._settings.host.file}`"

    def _within(self, name: str) -> Path | None:
        """Return the file of the project that `name` is; None if it is none."""
        project = self._settings.project_dir
        path = Path(os.path.normpath(project / name))
        return path if path != project and path.is_relative_to(project) and not name.startswith("/") else None

    def _python(self, name: str, language: str) -> str | None:
        own = self._python_of(language)
        if own is None:
            there = _is_module(name, _folders()) or _is_linked(name)
            return None if there else f"install it for the Python that builds the site: `{_package(name)}`"
        return None if _is_module(name, own) else f"install it for the Python of `languages.{language}`"

    def _python_of(self, language: str) -> tuple[str, ...] | None:
        """Return where the Python of samples in `language` has its packages; None for the one that runs us."""
        script = self._settings.scripts.get(language)
        program = script.command[0] if script is not None else PYTHON
        if program == PYTHON or not Path(program).name.startswith("python"):
            return None
        found = find_program(program, self._settings)
        if found is None:
            return ()
        prefixes = dict.fromkeys((found.parent.parent, Path(os.path.realpath(found)).parent.parent))
        folders = (folder for prefix in prefixes for folder in sorted(prefix.glob("lib/python3*")))
        return tuple(
            str(place)
            for folder in folders
            for place in (folder, folder / "lib-dynload", folder / "site-packages", folder / "dist-packages")
            if place.is_dir()
        )

    def _crate(self, name: str, environment: str) -> str | None:
        rust = self._settings.rust
        if rust is None:
            return f"set up `languages.rust` in `{self._settings.host.file}`"
        chosen = environment or rust.environment
        wanted = rust.environments.get(chosen)
        plain = name.replace("-", "_")
        if wanted is not None and plain in {*_OWN, *(known.replace("-", "_") for known in _crates(wanted))}:
            return None
        place = "languages.rust" if chosen == "default" else f"languages.rust.environments.{chosen}"
        return f"name it below `{place}.dependencies` in `{self._settings.host.file}`"

    def _feature(self, name: str, _: str) -> str | None:
        if self._features is None:
            self._features = frozenset(_features(self._cpu))
        if not self._features:
            return "what this processor can do is known on Linux alone: build there"
        plain = name.lower().replace(".", "_").replace("-", "_")
        there = {plain, _CALLED.get(plain, plain)} & self._features
        return None if there else "build on a machine whose processor has it"

    _looks: Mapping[str, Callable[[Requirements, str, str], str | None]] = {
        "env": _env,
        "tool": _tool,
        "file": _file,
        "python": _python,
        "crate": _crate,
        "feature": _feature,
    }


def _is_program(file: str) -> bool:
    return os.access(file, os.X_OK) and Path(file).is_file()


def _is_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _package(name: str) -> str:
    return name.partition(".")[0]


def _folders() -> tuple[str, ...]:
    """Return where the interpreter that runs us, and runs samples, looks for modules; nothing of the current folder."""
    own = interpreter.library()
    return (own, f"{own}/lib-dynload", *interpreter.imported())


def _is_module(name: str, folders: tuple[str, ...]) -> bool:
    """Tell whether `name` can be imported from `folders`. No module is executed, nor a package on the way to it."""
    if name in sys.builtin_module_names:
        return True
    path: list[str] = list(folders)
    so_far = ""
    for part in name.split("."):
        so_far = f"{so_far}.{part}" if so_far else part
        try:
            spec = PathFinder.find_spec(so_far, path)
        except (ImportError, ValueError, OSError):
            return False
        if spec is None:
            return False
        path = list(spec.submodule_search_locations or ())
    return True


def _is_linked(name: str) -> bool:
    """Tell whether a project that is installed in place has the module `name`: setuptools finds those by a finder."""
    package = _package(name)
    for finder in sys.meta_path:
        if getattr(finder, "__module__", "").startswith("__editable__"):
            try:
                spec = finder.find_spec(package, None)
            except (ImportError, ValueError, OSError):
                continue
            if spec is not None:
                folders = tuple(spec.submodule_search_locations or ())
                return name == package or _is_module(name.partition(".")[2], folders)
    return False


def _crates(wanted: object) -> Iterator[str]:
    """Yield the crates of an Environment, by the names that sources know."""
    yield from getattr(wanted, "dependencies", {})
    try:
        more = tomllib.loads(getattr(wanted, "manifest_extra", ""))
    except (tomllib.TOMLDecodeError, RecursionError):  # told when it is written
        return
    if isinstance(table := more.get("dependencies"), Mapping):
        yield from map(str, table)


def _features(cpu: Path) -> Iterator[str]:
    """Yield what the kernel says that the processor can do (`Documentation/arch/x86/cpuinfo.rst` of Linux)."""
    try:
        text = cpu.read_text("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            yield from value.split()
            return
