"""The layer table of CONTRIBUTING.md, as a test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mkdocs_codeexec

ROOT = Path(mkdocs_codeexec.__file__).parent
OURS = "mkdocs_codeexec"

# layer: what it may import beside the standard library, itself and `mkdocs_codeexec.errors`
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "core": set(),
    "untrusted": set(),
    "languages": {f"{OURS}.core", f"{OURS}.files", f"{OURS}.trust", f"{OURS}.untrusted"},
    "runtime": {f"{OURS}.core", f"{OURS}.files", f"{OURS}.untrusted", "joblib"},
    "html": {f"{OURS}.core", "jinja2", "markupsafe", "pygments"},
    "markdown": {f"{OURS}.core", "markdown", "pymdownx"},
    "engine": {f"{OURS}.core", f"{OURS}.languages", f"{OURS}.runtime"},
    "files": {f"{OURS}.untrusted"},
    "report": {f"{OURS}.core", f"{OURS}.files", f"{OURS}.html"},
    "tables": set(),
    "trust": set(),
}
IMPURE = {"os", "subprocess", "time", "logging", "pathlib", "tempfile", "socket", "random", "shutil"}
# module: the files that may import it
OWNERS = {
    "subprocess": {"runtime/starting.py"},
    "joblib": {"runtime/crew.py"},
    "mkdocs": {f"hosts/mkdocs/{name}.py" for name in ("collecting", "host", "plugin", "serve")},
    "properdocs": set(),  # `hosts/mkdocs/host.py` and `choosing.py` import it by name
}


NAMING = {
    "core/settings.py",  # the words
    "tables.py",  # a default
    "languages/rust/packages.py",  # names of files that are no sources
    "commands/site.py",  # which hosts there are
}
"""Files that may name MkDocs and its file."""


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return the modules that a file imports, and whether only a type checker sees it."""
    found: list[tuple[str, bool]] = []

    def walk(node: ast.AST, *, typing_only: bool) -> None:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            typing_only = True
        if isinstance(node, ast.Import):
            found.extend((alias.name, typing_only) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            if node.level and path.parent.name in ("supervising", "inside"):
                return  # a program of its own, which knows no other name of its folder
            assert node.level == 0, f"{path}: relative import"
            found.append((node.module or "", typing_only))
        for child in ast.iter_child_nodes(node):
            walk(child, typing_only=typing_only)

    walk(ast.parse(path.read_text("utf-8")), typing_only=False)
    return found


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_its_layer_may(path: Path) -> None:
    """A layer imports itself, the standard library, errors, and what the table lists."""
    relative = path.relative_to(ROOT)
    layer = relative.parts[0].removesuffix(".py")
    if layer not in LAYERS:
        return
    allowed = LAYERS[layer] | {f"{OURS}.{layer}", f"{OURS}.errors"}
    for module, _ in imports(path):
        top = module.split(".")[0]
        if module == "__future__" or top in sys.stdlib_module_names or top == path.stem == "sitecustomize":
            continue
        assert any(module == name or module.startswith(f"{name}.") for name in allowed), f"{relative} imports {module}"


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda p: p.name)
def test_core_has_no_effects(path: Path) -> None:
    """Nothing in core can read the disk, the clock or the environment."""
    modules = {module.split(".")[0] for module, typing_only in imports(path) if not typing_only}
    if path.name == "protocols.py":
        modules.discard("pathlib")  # a type of its signatures

    assert set() == modules & IMPURE


@pytest.mark.parametrize(
    "path",
    [path for name in ("runtime/supervising", "probing/inside") for path in sorted((ROOT / name).rglob("*.py"))],
    ids=lambda p: f"{p.parent.name}/{p.name}",
)
def test_programs_of_their_own_import_nothing_but_themselves(path: Path) -> None:
    """The supervisor, and what tries in the place of a sample: in their walls nothing else of this package is there."""
    assert not [module for module, typing_only in imports(path) if module.startswith(OURS) and not typing_only]


@pytest.mark.parametrize("module", OWNERS)
def test_some_modules_have_one_owner(module: str) -> None:
    """One file starts processes, one schedules, and only the shells know MkDocs."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in files()
        for name, _ in imports(path)
        if name == module or name.startswith(f"{module}.")
    }

    assert users <= OWNERS[module]


@pytest.mark.parametrize(
    "name", ["core.action", "engine.pipeline", "languages", "runtime.store", "config", "cli", "commands.site"]
)
def test_the_heart_works_without_mkdocs(name: str) -> None:
    """The pipeline and all it needs, and commands until they open a site, import neither MkDocs nor joblib."""
    code = f"import sys, {OURS}.{name}; print([m for m in ('mkdocs', 'joblib') if m in sys.modules])"

    assert "[]" == subprocess.check_output([sys.executable, "-c", code], text=True).strip()


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_is_told_names_the_host_that_there_is(path: Path) -> None:
    """`Settings.host` has the words: outside of hosts no text but docstrings has those of MkDocs."""
    if path.parent == ROOT / "hosts/mkdocs" or path.relative_to(ROOT).as_posix() in NAMING:
        return
    tree = ast.parse(path.read_text("utf-8"))
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]

    assert [] == [text for text in texts if re.search(r"mkdocs\.ya?ml|MkDocs|mkdocs (build|serve)", text)]


def test_reading_the_environment_is_the_business_of_one_file() -> None:
    """Children get an environment that is built; nothing else looks at ours."""
    readers = {p.relative_to(ROOT).as_posix() for p in files() if "os.environ" in p.read_text("utf-8")}

    # The others run in a sample's own process, and takes out of it what led there.
    assert readers <= {"config.py", "runtime/supervising/startup/sitecustomize.py", "probing/inside/trying.py"}
