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

# row: what it may import beside the standard library, itself and `mkdocs_codeexec.errors`. The longest row that a file is
# in counts; a name without a dot is a row, or the package of somebody else.
LAYERS: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "environment": set(),
    "core": set(),
    "untrusted": set(),
    "tables": set(),
    "trust": set(),
    "files": {"untrusted"},
    "timing": {"core"},
    "worktree": {"untrusted"},
    "rich_display": set(),
    # When a sample has imported its like; `first_use` is a program of its own.
    "rich_display/inside": {"rich_display", "bokeh", "matplotlib", "plotly", "vl_convert"},
    "languages": {"core", "files", "rich_display", "timing", "trust", "untrusted"},
    "runtime": {"core", "files", "rich_display", "timing", "untrusted", "worktree", "joblib"},
    "engine": {"core", "languages", "runtime", "timing", "worktree"},
    "html": {"core", "jinja2", "markupsafe", "pygments"},
    "markdown": {"core", "markdown", "pygments", "pymdownx", "yaml"},
    "report": {"core", "files", "html", "timing", "untrusted", "opentelemetry", "tqdm"},
    "outputs": {"core", "engine", "html"},
    "pages": {"core", "engine", "html", "markdown", "outputs", "report"},
    "sites": {"core", "markdown", "report"},
    "configuration": {"core", "html", "languages", "markdown", "tables", "trust"},
    "config": {"configuration", "core", "environment", "languages", "tables", "trust", "platformdirs"},
    "probing": {"core", "engine", "languages", "report", "runtime"},
    "watching": {"watchdog"},
}
SERVICES = set(LAYERS) - {"probing"}
HOSTS = {"hosts", "hosts/mkdocs", "hosts/zensical"}
LAYERS |= {
    "hosts": SERVICES | {"hosts/zensical", "yaml"},
    "hosts/mkdocs": SERVICES | {"hosts", "jinja2", "mkdocs", "pygments"},
    "hosts/zensical": SERVICES | {"hosts", "markdown", "pathspec", "watchdog", "click", "yaml"},
    "commands": SERVICES | {"probing"} | HOSTS,
    "cli": SERVICES | {"commands"},
    "__main__": {"cli"},
}
IMPURE = {"os", "subprocess", "time", "logging", "pathlib", "tempfile", "socket", "random", "shutil"}
# module: the files that may import it
OWNERS = {
    "subprocess": {"runtime/starting.py", "runtime/outside.py"},
    "joblib": {"runtime/crew.py"},
    "tqdm": {"report/progress/screen.py"},
    "opentelemetry": {"report/telemetry.py"},
    "mkdocs": {
        f"hosts/mkdocs/{name}.py"
        for name in ("collecting", "host", "opening", "plugin", "serve", "sources", "watching")
    },
    "properdocs": set(),  # `hosts/mkdocs/host.py` and `choosing.py` import it by name
}


NAMING = {
    "core/settings.py",
    "core/host.py",  # the words
    "tables.py",  # a default
    "languages/rust/environments/packages.py",  # names of files that are no sources
    "sites.py",  # which files there are
    "commands/site.py",  # which hosts there are
    "hosts/markdown.py",  # where MkDocs has the plugin
    "hosts/zensical/wrapped.py",  # files that Zensical reads
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
            package = [f"{OURS}.{alias.name}" for alias in node.names] if node.module == OURS else [node.module or ""]
            found.extend((name, typing_only) for name in package)
        for child in ast.iter_child_nodes(node):
            walk(child, typing_only=typing_only)

    walk(ast.parse(path.read_text("utf-8")), typing_only=False)
    return found


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def row_of(name: str) -> str | None:
    """Return the row that `name` is in: a file without its suffix, or a module with slashes for its dots."""
    found = [row for row in LAYERS if name == row or name.startswith(f"{row}/")]
    return max(found, key=len, default=None)


def ours(module: str) -> str:
    """Return the row that a module of this package is in."""
    name = module.removeprefix(f"{OURS}.").replace(".", "/")
    return row_of(name) or name


@pytest.mark.parametrize("path", files(), ids=named)
def test_a_file_imports_only_what_its_layer_may(path: Path) -> None:
    """Every file is in a row; it imports that, the standard library, errors, and what the table lists."""
    row = row_of(named(path).removesuffix(".py").removesuffix("/__init__"))
    assert row is not None, f"{named(path)} is in no row"
    allowed = LAYERS[row] | {row, "errors", "__version__"}
    for module, _ in imports(path):
        top = module.split(".")[0]
        start = path.stem == "sitecustomize" and top in ("sitecustomize", "codeexec_display")
        if module == "__future__" or top in sys.stdlib_module_names or start:
            continue
        found = ours(module) if top == OURS else top
        assert found in allowed, f"{named(path)} imports {module}"


def test_every_row_is_told_of() -> None:
    """The table of CONTRIBUTING.md has these rows."""
    text = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8").partition("## Layers")[2].partition("## ")[0]
    told = {name.rstrip("/") for name in re.findall(r"^\| `([\w/]+)` \|", text, re.MULTILINE)}

    assert set(LAYERS) - {"__init__", "__main__", "errors", "hosts/mkdocs", "hosts/zensical"} == told


@pytest.mark.parametrize(
    "path", [path for path in files() if row_of(named(path).removesuffix(".py")) not in HOSTS], ids=named
)
def test_hosts_are_opened_late(path: Path) -> None:
    """Who is not a host imports one, if at all, when it is known that there are pages to be rendered."""
    tree = ast.parse(path.read_text("utf-8"))
    at_once = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}

    assert not [module for module in at_once if ours(module).startswith("hosts")]


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda p: p.name)
def test_core_has_no_effects(path: Path) -> None:
    """Nothing in core can read the disk, the clock or the environment."""
    modules = {module.split(".")[0] for module, typing_only in imports(path) if not typing_only}
    if path.name == "protocols.py":
        modules.discard("pathlib")  # a type of its signatures

    assert set() == modules & IMPURE


@pytest.mark.parametrize(
    "path",
    [
        path
        for name in ("runtime/supervising", "probing/inside", "rich_display/inside")
        for path in sorted((ROOT / name).rglob("*.py"))
    ],
    ids=lambda p: f"{p.parent.name}/{p.name}",
)
def test_programs_of_their_own_import_nothing_but_themselves(path: Path) -> None:
    """The supervisor, and what tries in the place of a sample: in their walls nothing else of this package is there."""
    assert not [module for module, typing_only in imports(path) if module.startswith(OURS) and not typing_only]


@pytest.mark.parametrize("module", OWNERS)
def test_some_modules_have_one_owner(module: str) -> None:
    """One file starts processes, one schedules, and only the shells know MkDocs."""
    users = {
        named(path) for path in files() for name, _ in imports(path) if name == module or name.startswith(f"{module}.")
    }

    assert users <= OWNERS[module]


@pytest.mark.parametrize(
    "name", ["core.action", "engine.engine", "languages", "pages", "runtime.store", "config", "cli", "commands.site"]
)
def test_the_heart_works_without_mkdocs(name: str) -> None:
    """The Engine and all it needs, and commands until they open a site, import neither MkDocs nor joblib."""
    code = f"import sys, {OURS}.{name}; print([m for m in ('mkdocs', 'joblib') if m in sys.modules])"

    assert "[]" == subprocess.check_output([sys.executable, "-c", code], text=True).strip()


@pytest.mark.parametrize("path", [path for path in files() if not named(path).startswith("hosts/")], ids=named)
def test_what_is_told_names_the_host_that_there_is(path: Path) -> None:
    """`Settings.host` has the words: outside of hosts no text but docstrings has those of MkDocs."""
    if named(path) in NAMING:
        return
    tree = ast.parse(path.read_text("utf-8"))
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]

    assert [] == [text for text in texts if re.search(r"mkdocs\.ya?ml|MkDocs|mkdocs (build|serve)", text)]


def test_all_but_hosts_is_imported_where_mkdocs_is_not_installed() -> None:
    """Each file, in a process in which neither MkDocs nor ProperDocs can be imported."""
    names = [
        f"{OURS}.{named(path).removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
        for path in files()
        if not named(path).startswith(
            ("hosts/mkdocs/", "runtime/supervising/", "probing/inside/", "rich_display/inside/", "__")
        )
    ]
    code = (
        "import importlib, sys\n"
        "sys.modules['mkdocs'] = sys.modules['properdocs'] = None\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print('all')"
    )

    assert "all" == subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_reading_the_environment_is_the_business_of_one_file() -> None:
    """Children get an environment that is built; nothing else looks at ours."""
    readers = {named(p) for p in files() if "os.environ" in p.read_text("utf-8")}

    # The others run in a sample's own process, and takes out of it what led there.
    inside = {f"rich_display/inside/{name}.py" for name in ("sitecustomize", "libraries")}
    assert readers <= {
        *("environment.py", "runtime/supervising/startup/sitecustomize.py", "probing/inside/trying.py"),
        *inside,
    }


WORDS = {"rust", "rs", "python", "py", "python3", "bash", "sh"}
NAMED = {
    # Which of our own languages does what other tools call otherwise, and a word of rustdoc's headers.
    "markdown/instead.py": {"python", "bash", "sh"},
    "markdown/options.py": {"rust"},
    # How a child is observed that is the interpreter itself, whatever language it runs.
    "core/protocols.py": {"python"},
    "runtime/scratch.py": {"python"},
    "runtime/supervising/child.py": {"python"},
    # What a sample may require.
    "core/requirements.py": {"python"},
    # What runs us, in a report.
    "commands/doctor.py": {"python"},
    # What files are called, and the icons of that.
    "markdown/trees.py": {"rust", "rs", "py", "bash", "sh"},
    # What samples of these languages can reach, tried.
    "probing/ways.py": {"rust", "python", "bash"},
}
"""The files that may name a language beside `languages/`, the configuration and what is made of it."""


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in files()
        if named(path) not in ("config.py", "configuration/languages.py", "core/settings.py")
        and path.relative_to(ROOT).parts[0] != "languages"
    ],
    ids=named,
)
def test_only_languages_know_their_names(path: Path) -> None:
    """Whoever wants to know something of a language asks a `Language`, or the `LanguageRule` of its words."""
    words = {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)}
    adapters = {
        module for module, typing in imports(path) if module.startswith(f"{OURS}.languages.rust") and not typing
    }

    assert set() == (words & WORDS) - NAMED.get(named(path), set())
    assert not adapters or named(path).startswith("probing/")
