"""Programs that are written as files of a cargo package, `src/main.rs` with its modules: what rustc compiles of them.

Whoever reads such a fence knows where cargo looks for what: the crate is `src/main.rs`, `src/bin/*.rs`, `examples/*.rs` or
`tests/*.rs`, beside the library `src/lib.rs`, under the name and the edition that `Cargo.toml` says. That is compiled here
as it stands, nothing is put around it. Dependencies are those of the Environment. What only cargo could do is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.action import REFUSED
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import changed
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages.rust import by_cargo
from mkdocs_codeexec.languages.rust.by_cargo import RUSTC, Built
from mkdocs_codeexec.languages.rust.environments.documented import described
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable
from mkdocs_codeexec.languages.rust.source.outline import outline
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.source.statements import holds_only_items

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.sample import Sample

MANIFEST = "Cargo.toml"
LIBRARY = "src/lib.rs"
OWN = "sample.file"
"""The input of an Action that tells which file its sample is."""
_ROOT = re.compile(r"(?:src/)?main\.rs|(?:src/bin|examples|tests)/(?:[^/]+|[^/]+/main)\.rs|src/lib\.rs")
_BESIDE = re.compile(r"(?:examples|tests)/")
_CRATE = "sample"


class Package(NamedTuple):
    """What is compiled for a sample that is a file, or that has files beside it.

    Attributes:
        root: The file that rustc is given.
        name: What the library is called; empty if there is none, or nobody says so.
        edition: As cargo reads the manifest; empty if there is none.
        said: The edition that the manifest says itself; empty if it does not.
        crate: What the program is called; `sample` if it is no file of the package.
        variables: `CARGO_PKG_*`, as cargo reads the manifest.
        bare: Whether it is a module without a program that has it.
        refusal: Why it is not compiled.
        cargo: How cargo builds it, where rustc alone cannot.
    """

    root: str
    name: str = ""
    edition: str = ""
    said: str = ""
    crate: str = _CRATE
    variables: tuple[tuple[str, str], ...] = ()
    bare: bool = False
    refusal: Unavailability | None = None
    cargo: Built = RUSTC

    @property
    def is_library(self) -> bool:
        """Whether there is no program, only a library."""
        return self.root == LIBRARY or self.bare


def modules(sample: Sample) -> dict[str, str]:
    """Return the Rust files beside `sample`, and its own if it is one, as they are compiled."""
    found = {name: runnable(text) for name, text in sample.given.files if name.endswith(".rs")}
    found.pop(FILE, None)
    return found


def stands_alone(sample: Sample) -> bool:
    """Tell whether nothing is put around `sample`: it is a Rust file, and not merely statements."""
    name = sample.links.file
    if not name.endswith(".rs"):
        return False
    if by_cargo.is_for(sample):
        return True
    try:
        return bool(_ROOT.fullmatch(name)) or holds_only_items(runnable(sample.code))
    except Unlexable:
        return True


def package_of(sample: Sample, dependencies: Mapping[str, object]) -> Package | None:
    """Return what is compiled for `sample`, where the Environment has `dependencies`; None if it is no file of a package."""
    own, files = sample.links.file, dict(sample.given.files)
    root = _root(sample, files)
    cargo = by_cargo.built(sample, dependencies) if own.endswith(".rs") or root is not None else RUSTC
    if cargo.words or cargo.refusal:
        return Package(root or own, variables=cargo.variables, refusal=cargo.refusal, cargo=cargo)
    if root is None:
        return None
    package = Package(root, bare=not _ROOT.fullmatch(root) and root == own and not outline(runnable(sample.code)).main)
    if MANIFEST in files and not package.bare:
        package = _manifest(files[MANIFEST], root, {name.replace("-", "_") for name in dependencies})
    if package.refusal is None and LIBRARY in files and not package.name and (root == FILE or _BESIDE.match(root)):
        hint = 'write a fence `toml file="Cargo.toml"` above it, with `[package]` and a `name`'
        package = package._replace(refusal=Unavailability(f"what the library `{LIBRARY}` is called is not known", hint))
    return package if LIBRARY in files else package._replace(name="")


def planned(sample: Sample, package: Package | None, refusal: Unavailability | None) -> tuple[tuple[str, str], ...]:
    """Return the inputs of the Action for `sample` that tell which file it is, and why it is not compiled."""
    name = package.cargo.own if package is not None and package.cargo.own else sample.links.file
    own = ((OWN, name),) if stands_alone(sample) else ()
    return own if refusal is None else (*own, (REFUSED, f"{refusal.reason}\n{refusal.hint}"))


def refused_by(inputs: Mapping[str, str]) -> Unavailability | None:
    """Return why the Action with these `inputs` is not compiled; None if it is."""
    if REFUSED not in inputs:
        return None
    reason, _, hint = inputs[REFUSED].partition("\n")
    return Unavailability(reason, hint)


def shown(result: StepResult, inputs: Mapping[str, str]) -> StepResult:
    """Return `result` of a step of the Action with these `inputs` with the name that samples have for its own file."""
    own = inputs.get(OWN)
    return changed(result, lambda text: text.replace(own, FILE)) if own else result


def compiled(steps: tuple[Step, ...], package: Package, *, edition: str) -> tuple[Step, ...]:
    """Return `steps`, for a sample alone, made those for `package`; `edition` is what the fence says, if it does."""
    build, *runs = (replace(step, env=_with(package, step)) for step in steps)
    if package.cargo.words:
        backtrace = tuple(pair for step in runs for pair in step.env if pair[0] == "RUST_BACKTRACE")
        env = tuple(sorted({**dict(build.env), **dict(backtrace)}.items()))
        build = replace(build, argv=("{cargo}", *package.cargo.words), env=env)
        return (build, *runs) if package.cargo.runs else (build,)
    # Who only uses a library is no file of its package.
    edition = edition or (package.said if package.root == FILE else package.edition)
    argv = _of_edition(edition, build.argv[:-1])
    if package.is_library and "--test" not in argv:
        return (replace(build, argv=(*_as_library(argv, package.crate), package.root)),)
    library = _as_library(_of_edition(package.edition, argv), package.name)
    argv = tuple(f"--crate-name={package.crate}" if word == f"--crate-name={_CRATE}" else word for word in argv)
    if not package.name or package.is_library:
        return (replace(build, argv=(*argv, package.root)), *runs)
    first = replace(build, argv=(*library, "-Cmetadata=library", LIBRARY))
    with_it = replace(build, argv=(*argv, f"--extern={package.name}=lib{package.name}.rlib", package.root))
    return (first, with_it, *runs)


def _of_edition(edition: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"--edition={edition}" if edition and word.startswith("--edition=") else word for word in argv)


def _with(package: Package, step: Step) -> tuple[tuple[str, str], ...]:
    """Return the variables of `step`, and those of `package` that it does not set itself."""
    return tuple(sorted({**dict(package.variables), **dict(step.env)}.items()))


def _as_library(argv: tuple[str, ...], name: str) -> tuple[str, ...]:
    put = {"--crate-type=bin": "--crate-type=lib", f"--crate-name={_CRATE}": f"--crate-name={name}", "--test": ""}
    words = [put.get(word, word) for word in argv]
    if "-o" in words:
        words[words.index("-o") + 1] = f"lib{name}.rlib"
    return tuple(filter(None, words))


def _root(sample: Sample, files: Mapping[str, str]) -> str | None:
    """Return the file that is compiled for `sample`, beside `files`; None if it is a sample like any other."""
    own = sample.links.file
    if _ROOT.fullmatch(own):
        return own
    if stands_alone(sample):  # a module: it is seen in the program that it is a part of, or is one by itself
        return next((name for name in ("src/main.rs", "main.rs", LIBRARY) if name in files), own)
    return FILE if LIBRARY in files else None


def _manifest(text: str, root: str, dependencies: Collection[str]) -> Package:
    def refused(reason: str, hint: str) -> Package:
        return Package(root, refusal=Unavailability(f"`{MANIFEST}` of the page: {reason}", hint))

    try:
        manifest = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return refused(f"not TOML: {error}", "mend the fence")
    wanted = [name for table in ("dependencies", "dev-dependencies") for name in _table(manifest, table)]
    if absent := [name for name in wanted if name.replace("-", "_") not in dependencies]:
        hint = f"add it to the site's dependencies: `languages: {{rust: {{dependencies: {{{absent[0]}: …}}}}}}`"
        return refused(f"the environment does not have `{absent[0]}`", hint)
    package = _table(manifest, "package")
    name, edition = package.get("name", ""), package.get("edition", "2015")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][\w-]*", name, re.ASCII):
        return refused("`[package]` has no `name`", 'write `name = "…"`')
    if edition not in ("2015", "2018", "2021", "2024"):
        return refused(f"`edition = {edition!r}` is none", "it is `2015`, `2018`, `2021` or `2024`")
    crate, said = name.replace("-", "_"), edition if "edition" in package else ""
    return Package(root, crate, edition, said, _crate(root, crate), described(package, None).variables)


def _crate(root: str, package: str) -> str:
    """Return what the crate of the file `root` is called in the package whose library is called `package`."""
    if root == FILE:
        return _CRATE
    if root in (LIBRARY, "src/main.rs", "main.rs") or not _ROOT.fullmatch(root):
        return package
    name = PurePosixPath(root.removesuffix("/main.rs")).stem
    return name.replace("-", "_")


def _table(manifest: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = manifest.get(name, {})
    return table if isinstance(table, dict) else {}
