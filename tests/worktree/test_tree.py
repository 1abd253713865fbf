"""What samples see of a project: what git tracks or does not ignore, and nothing that is hidden or leads out."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.worktree import index, tree
from mkdocs_codeexec.worktree.ignoring import Patterns
from mkdocs_codeexec.worktree.tree import Worktree

QUIET = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=QUIET, capture_output=True, check=True, timeout=60
    )
    return os.fsdecode(done.stdout)


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def seen(root: Path, **how: object) -> set[str]:
    found = Worktree(folder=root, **how).look()  # type: ignore[arg-type]
    return {path for path, entry in found.below("") if entry.kind != "folder"}


def told(root: Path) -> set[str]:
    """Return what git itself says, without what is hidden and not tracked."""
    tracked = set(filter(None, git(root, "ls-files", "-z").split("\0")))
    others = set(filter(None, git(root, "ls-files", "-z", "--others", "--exclude-standard").split("\0")))
    hidden = {name for name in others if any(part.startswith(".") for part in name.split("/"))}
    return {name for name in tracked | others - hidden if os.path.lexists(root / name)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


PIECES = ("a", "b", "*", "**", "?", "[ab]", "[!a]", "a*", "*b", "a.b", r"\a", "[a-c]x", "", "*a*x*", "?*[x]*", "**a")
PATTERNS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "!", "#"]),
        st.sampled_from(["", "", "/"]),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=3),
        st.sampled_from(["", "", "/", " ", r"\ "]),
    ).map(lambda parts: f"{parts[0]}{parts[1]}{'/'.join(parts[2])}{parts[3]}"),
    max_size=5,
)
FILES = st.sets(
    st.lists(st.sampled_from(["a", "b", "ax", "cb", "a.b", "x"]), min_size=1, max_size=3).map("/".join), max_size=12
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, tracked=FILES, top=PATTERNS, inner=PATTERNS, excluded=PATTERNS)
def test_it_is_what_git_says(
    tmp_path_factory: pytest.TempPathFactory,
    files: set[str],
    tracked: set[str],
    top: list[str],
    inner: list[str],
    excluded: list[str],
) -> None:
    """Of any patterns in any of the files that hold some, and of files that are tracked although they are ignored."""
    root = tmp_path_factory.mktemp("git")
    git(root, "init", "-q")
    everything = {
        name for name in files | tracked if not any(other.startswith(f"{name}/") for other in files | tracked)
    }
    put(root, *everything)
    if tracked & everything:
        git(root, "add", "-f", *sorted(tracked & everything))
    (root / ".gitignore").write_text("\n".join(top))
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").write_text("\n".join(excluded))
    if (root / "a").is_dir():
        (root / "a/.gitignore").write_text("\n".join(inner))

    assert told(root) == seen(root)


@pytest.mark.parametrize("version", ["2", "4"])
def test_every_version_of_the_index_is_read(repository: Path, version: str) -> None:
    put(repository, "a", "folder/with/a", "folder/with/ab", "x" * 200, ".hidden/but/tracked", "link-me")
    (repository / "link").symlink_to("a")
    git(repository, "add", "-A")
    git(repository, "update-index", "--index-version", version)

    assert told(repository) == seen(repository) == index.tracked(repository / ".git")


def test_an_index_that_cannot_be_read_tracks_nothing(repository: Path) -> None:
    """It is not known then what is tracked; what is hidden stays so."""
    put(repository, "a", ".hidden")
    git(repository, "add", "-A")
    whole = (repository / ".git/index").read_bytes()
    for broken in (whole[:40], b"", b"DIRC" + b"\0\0\0\x09" + whole[8:], whole[:8] + b"\xff\xff\xff\xff" + whole[12:]):
        (repository / ".git/index").write_bytes(broken)

        assert {"a"} == seen(repository)


def test_secrets_and_what_tools_make_are_not_in_it(repository: Path) -> None:
    put(repository, "a", ".env", "key.pem", "site/index.html", "pk/__pycache__/a.pyc", "env/pyvenv.cfg", "env/lib/x")
    put(repository, "other/.git/config", "other/file", "node_modules/x/y", "cache/CACHEDIR.TAG", "cache/z")
    (repository / ".gitignore").write_text("*.pem\n")

    assert {"a"} == seen(repository, apart=(repository / "site",))


def test_what_is_tracked_is_in_it_although_it_is_hidden_or_ignored(repository: Path) -> None:
    """It is in the checkout, so whoever has that has it."""
    put(repository, ".env", "out/a", "out/b")
    (repository / ".gitignore").write_text("out\n.env\n")
    git(repository, "add", "-f", ".env", "out/a")

    assert {".env", "out/a"} == seen(repository)
    assert set() == seen(repository / "out") - {"a"}


def test_a_project_below_the_root_of_its_checkout(repository: Path) -> None:
    """Patterns above it count; what is above it is not in it."""
    put(repository, "secret", "web/a", "web/b.tmp", "web/c.log", "web/docs/d")
    (repository / ".gitignore").write_text("*.tmp\n/web/c.log\n")
    git(repository, "add", "web/a")

    assert {"a", "docs/d"} == seen(repository / "web")


def test_a_worktree_of_git(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    put(repository, "a", ".b")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "x")
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text("ignored\n")
    other = tmp_path_factory.mktemp("other") / "tree"
    git(repository, "worktree", "add", "-q", str(other))
    put(other, "ignored", "c")

    assert {"a", ".b", "c"} == seen(other)


def test_patterns_of_a_user_count(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    put(home, ".config/git/ignore")
    (home / ".config/git/ignore").write_text("*.one\n")
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    (home / "mine").write_text("*.two\n")
    put(repository, "a.one", "b.two", "c")

    assert {"c"} == seen(repository, home=home)


def test_without_git_all_but_what_tools_make(tmp_path: Path) -> None:
    put(tmp_path, "a", "b/c", ".env", ".venv/lib/x", "target/debug/x", "node_modules/x", "site/x", ".gitignore")
    (tmp_path / ".gitignore").write_text("a\n")

    assert {"a", "b/c"} == seen(tmp_path, apart=(tmp_path / "site",))
    assert set() == seen(tmp_path, tracked_only=True)


def test_in_a_build_of_a_strangers_work_only_what_is_tracked(repository: Path) -> None:
    """What a service has put beside the checkout, a key say, is not the stranger's."""
    put(repository, "a", "gha-creds-1.json")
    git(repository, "add", "a")

    assert {"a"} == seen(repository, tracked_only=True)


def test_links_that_lead_out_are_not_in_it(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    put(outside, "secret")
    put(repository, "data/a", ".env")
    for name, target in {
        "out": outside / "secret",
        "up": "../x",
        "lost": "nothing",
        "circle": "circle",
        "data/far": "../../../etc/passwd",
        "way": "data/far",
        "hidden": ".env",
        "in": "data/a",
        "folder": "data",
        "data/here": "./../in",
        "root": ".",
    }.items():
        (repository / name).symlink_to(target)
    (repository / "whole").symlink_to(outside)
    git(repository, "add", "-A", ":!.env")
    found = Worktree(folder=repository).look()

    assert {"data/a", "in", "folder", "data/here", "root"} == seen(repository)
    for path, leads in {
        "in": "data/a",
        "folder/a": "data/a",
        "folder/../in": "data/a",
        "root/root/folder/here": "data/a",
        "data/../../x": None,
        "data/a/..": None,
        "circle": None,
        "folder/": "data",
        "": "",
    }.items():
        assert leads == found.resolve(path), path


def test_too_many_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_FILES", 3)
    put(tmp_path, "a", "b", "c/d", "c/e")

    with pytest.raises(CodeExecError, match="more than 3 files"):
        seen(tmp_path)


def test_hostile_patterns_take_no_longer_than_others() -> None:
    """What a checkout says is matched outside of the walls."""
    patterns = ("*a" * 60 + "b", "**/a" * 30 + "/b", "/".join(["*a*b*c"] * 30), "[[:alpha:]]*" * 40 + "!")
    began = time.process_time()
    for pattern in patterns:
        found = Patterns(f"{pattern}\n!{pattern}x")
        for path in ("a" * 250, "/".join("a" * 60), "/".join(["abc" * 40] * 20)):
            found.ignored(path, is_folder=False)

    assert time.process_time() - began < 2
    assert Patterns("**/a/" * 9 + "a").ignored("/".join("a" * 60), is_folder=False)
