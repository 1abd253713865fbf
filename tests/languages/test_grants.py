"""What a checkout may make of what it is given, and what of it is read: values, and files that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.languages import interpreter, visible
from mkdocs_codeexec.languages.grants import Grants, anchor, checkout
from mkdocs_codeexec.languages.rust.environments.unpacked import resolved, unpacked
from mkdocs_codeexec.languages.views import INSTALLED, installation, outermost
from mkdocs_codeexec.untrusted.regular import hash_regular, read_regular, text_of

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


# --- What is read ---------------------------------------------------------------------------------------------------


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """No pipe, which would never end, no device, no socket, no folder, and no more than the limit."""
    write(tmp_path, {"tree/file": "12345", "outside": "secret", "tree/sub/deep": "deep"})
    os.mkfifo(tmp_path / "tree/pipe")
    for name, target in (
        ("zero", "/dev/zero"),
        ("in", "sub/deep"),
        ("out", "../outside"),
        ("loop", "loop"),
        ("up", ".."),
    ):
        (tmp_path / "tree" / name).symlink_to(target)
    tree = tmp_path / "tree"

    assert b"123" == read_regular(tree / "file", 3)
    assert "12345" == text_of(tree / "file", 5)
    assert "" == text_of(tree / "file", 4)
    for name in ("pipe", "zero", "in", "out", "loop", "sub", "none"):
        assert read_regular(tree / name, 9) is None, name
    assert b"deep" == read_regular(tree / "in", 9, tree)
    for name in ("pipe", "zero", "out", "loop", "up/outside", "../outside"):
        assert read_regular(tree / name, 9, tree) is None, name
        assert hash_regular(tree / name, 9, tree) is None, name
    assert ("5 bytes", 0) == hash_regular(tree / "file", 4)
    assert read_regular(Path("/proc/self/status"), 4) is not None


HARD = """
import os, sys
from pathlib import Path
sys.setrecursionlimit(400)
from mkdocs_codeexec.languages import inputs
from mkdocs_codeexec.languages.rust.environments.packages import Further, package
from mkdocs_codeexec.languages.rust.environments import documented, workspace
from mkdocs_codeexec.languages.toolchain import upwards
root = Path(sys.argv[1])
found = [package(root, further).digest for further in (None, Further((".", "src", "/dev"), (".", "/usr")))]
inputs.declared(root, ("*", "**/*", "src", "/dev/*"), lambda path: str(path.resolve()).startswith(str(root)))
inputs.named({"/z": Path("/dev/zero"), "/p": root / "pipe"}, root)
workspace.workspaces([root, root / "member"], root)
documented.documented([("a", root), ("b", root / "member")], root, None)
assert [] == upwards(root, ("rust-toolchain", ".tool-versions"))[:1]
assert found[0] != found[1]
print("done")
"""


def test_files_that_are_none_stop_nothing(tmp_path: Path) -> None:
    """Devices, pipes, links to the system, a thousand folders in each other: the site is planned nevertheless, at once."""
    root = write(
        tmp_path / "site",
        {
            "Cargo.toml": '[package]\nname = "a"\nbuild = "/dev/zero"\n[dependencies]\nb = {path = "/usr"}\nc = {path = "member"}\n',
            "src/lib.rs": 'include_str!("/dev/zero"); include!("pipe.rs"); include_str!("usr/../../../../../../dev/zero");',
            ".git/HEAD": "",
        },
    )
    for name in ("pipe", "src/pipe.rs", "rust-toolchain", "build.rs", "member/Cargo.toml", "member/Cargo.lock"):
        (root / name).parent.mkdir(exist_ok=True)
        os.mkfifo(root / name)
    for name, target in (
        ("src/zero.rs", "/dev/zero"),
        ("src/usr", "/usr"),
        (".tool-versions", "/dev/zero"),
        ("x.rs", "/dev/tty"),
    ):
        (root / name).symlink_to(target)
    deep = root / "src"
    for _ in range(200):
        deep /= "deep-folder"
    deep.mkdir(parents=True)

    done = subprocess.run(
        [sys.executable, "-c", HARD, str(root)], capture_output=True, text=True, timeout=60, check=False
    )

    assert "done\n" == done.stdout, done.stderr


def test_a_link_that_leads_elsewhere_counts_by_where_it_leads(workshop: Workshop, tmp_path: Path) -> None:
    """What is there is not read: it could be anything. Links within the checkout are as good as files."""
    settings = workshop.settings()
    root = write(settings.project_dir, {"data/a": "1", "shared/b": "2"})
    write(tmp_path, {"outside/c": "3"})
    (root / "data/in").symlink_to("../shared")
    (root / "data/out").symlink_to(tmp_path / "outside")
    declared = lambda: Grants(settings, "bash", (), ["data"]).holds and _declared(settings)  # noqa: E731
    before = declared()

    write(tmp_path, {"outside/c": "other"})
    assert before == declared()
    write(root, {"shared/b": "other"})
    assert before != (after := declared())
    (root / "data/out").unlink()
    (root / "data/out").symlink_to(tmp_path)
    assert after != declared()


def _declared(settings: Any) -> Any:
    from mkdocs_codeexec.languages import inputs

    return inputs.declared(settings.project_dir, ("data",), Grants(settings, "bash", (), ["data"]).holds)


LOCK = """
[[package]]
name = "pub"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "mine"
version = "1.0.0"
source = "registry+https://example.org/index"

[[package]]
name = "repo"
version = "0.1.0"
source = "git+https://example.org/repo?tag=v1#0123456789abcdef0123456789abcdef01234567"
"""


def test_packages_of_other_sites_are_not_among_those_of_one(tmp_path: Path) -> None:
    """Of private registries and repositories only what the lock file names; crates.io is everybody's."""
    names = ("index.crates.io-1/other-1", "a-2/mine-1.0.0", "a-2/mine-2.0.0", "a-2/secret-1.0.0")
    write(tmp_path, {f"registry/src/{name}/a": "" for name in names})
    write(
        tmp_path, {f"git/checkouts/{name}/a": "" for name in ("repo-3/0123456", "repo-3/0123457", "secret-4/89abcde")}
    )

    found = {path.relative_to(tmp_path).as_posix() for path in unpacked(LOCK, tmp_path)}

    assert {"registry/src/index.crates.io-1", "registry/src/a-2/mine-1.0.0", "git/checkouts/repo-3/0123456"} == found
    assert [] == list(unpacked(LOCK, tmp_path / "none"))


def test_cargo_is_given_no_more_of_other_sites_than_samples_are(tmp_path: Path) -> None:
    """Where it builds packages of fences, whose build scripts are samples: indexes, archives and repositories."""
    crates = ("index.crates.io-1/other-1", "a-2/mine-1.0.0", "a-2/mine-2.0.0", "b-3/secret-1.0.0")
    write(tmp_path, {f"registry/cache/{name}.crate": "" for name in crates})
    write(tmp_path, {f"registry/index/{name}/a": "" for name in ("index.crates.io-1", "a-2", "b-3")})
    write(tmp_path, {f"git/checkouts/{name}/a": "" for name in ("repo-3/0123456", "secret-4/89abcde")})
    write(tmp_path, {f"git/db/{name}/HEAD": "" for name in ("repo-3", "secret-4")})

    found = {path.relative_to(tmp_path).as_posix() for path in resolved(LOCK, tmp_path)}

    assert {
        *("registry/index/index.crates.io-1", "registry/cache/index.crates.io-1"),
        *("registry/index/a-2", "registry/cache/a-2/mine-1.0.0.crate", "git/db/repo-3"),
    } == found
    assert [] == list(resolved(LOCK, tmp_path / "none"))


# --- What is given --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "folder", "root"),
    [
        (["w/.git/HEAD", "w/a/b/Cargo.toml"], "w/a/b", "w"),
        (["w/.git", "w/a/b/c"], "w/a/b", "w"),
        (["w/a/b/c"], "w/a/b", "w/a/b"),
        (["home/.git/HEAD", "home/site/a"], "home/site", "home/site"),
        ([".git/HEAD", "home/site/a"], "home/site", "home/site"),
    ],
)
def test_a_checkout_is_what_git_says(tmp_path: Path, files: list[str], folder: str, root: str) -> None:
    """A worktree's file counts as well; never one that is, or holds, a home directory."""
    write(tmp_path, dict.fromkeys(files, ""))

    assert tmp_path / root == checkout(tmp_path / folder, [tmp_path / "home"])


def test_without_git_a_workspace_is_one(tmp_path: Path) -> None:
    """Its manifest says so; a package's does not."""
    write(tmp_path, {"w/Cargo.toml": "[workspace]\n", "w/a/Cargo.toml": "[package]\n", "w/a/b/c": ""})

    assert tmp_path / "w" == checkout(tmp_path / "w/a/b", [])


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("data/*", "data"), ("../x/a*/b", "../x"), ("a/b.csv", "a/b.csv"), ("*", "."), ("/srv/*/x", "/srv"), ("**", ".")],
)
def test_what_a_pattern_names(tmp_path: Path, pattern: str, found: str) -> None:
    """All before its first wildcard."""
    assert Path(os.path.normpath(tmp_path / found)) == anchor(tmp_path, pattern)


def test_who_names_what(workshop: Workshop, tmp_path: Path) -> None:
    """What `mkdocs.yml` names outside of the checkout is granted; a link in the checkout is not what it seems."""
    settings = workshop.settings()
    root = write(settings.project_dir, {".git/HEAD": "", "a/b": "", "tools/.env": ""})
    write(
        tmp_path, {"named/a": "", "lib/.git/HEAD": "", "lib/crates/x/a": "", "lib/y/a": "", "other/a": "", "home/a": ""}
    )
    (root / "link").symlink_to("../other")
    (root / "self").symlink_to("a")
    (root / "home").symlink_to("../home")
    environment = EnvironmentSettings(
        name="default",
        dependencies={
            "x": {"path": "../lib/crates/x"},
            "l": {"path": "link"},
            "w": {"workspace": True, "path": "../other"},
        },
        manifest_extra='[patch.crates-io]\nz = { path = "../named" }\n',
    )
    rust = replace(workshop.rust().rust, environments={"default": environment})
    settings = replace(settings, rust=rust, host_env={"HOME": str(tmp_path / "home")})

    grants = Grants(settings, "rust", [root / "link", root / "tools", tmp_path / "home"], ["link/*"])

    held = [
        name
        for name in ("../named/a", "../lib/y/a", "a/b", "self/b", "link/a", "../other/a", "home/a")
        if grants.holds(root / name)
    ]
    assert ["../named/a", "../lib/y/a", "a/b", "self/b"] == held
    assert "outside" in grants.wrong(root / "link")
    assert "is the home directory" in grants.wrong(root / "home")
    assert "is the home directory" in grants.wrong(tmp_path / "home")
    assert "holds the home directory" in grants.wrong(tmp_path)
    assert "is the whole machine" in grants.wrong("/")
    assert [str(root / "tools")] == list(grants.given())
    assert [str(root / "a")] == list(grants.clean([root / "a", "/"]))
    grants.tell(workshop.listener)
    grants.tell(workshop.listener)
    assert 3 == len(workshop.listener.said), workshop.listener.said


def test_a_walk_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Circles end, links multiply nothing for ever, and what lies behind too many files or folders is not given."""
    monkeypatch.setattr(visible, "MOST", 40)
    monkeypatch.setattr(visible, "DEEPEST", 5)
    write(
        tmp_path, {".x": "", "a/b": "", "d/e/f/g/h/i/j": "", "z/1": "", **{f"y/{number}": "" for number in range(50)}}
    )
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/.y").touch()
    walk = visible.Walk(lambda _: "")

    assert [str(tmp_path / "a/b"), str(tmp_path / "z")] == list(walk.views(str(tmp_path)))
    assert {str(tmp_path / "d/e/f/g/h"), str(tmp_path / "y")} == walk.refused.keys()


def test_an_environment_that_is_the_project(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a virtual environment in the project's own folder its programs and packages are given, not the project."""
    settings = workshop.settings()
    root = write(settings.project_dir, {"bin/tool": "", "lib/x": "", "pyvenv.cfg": "", ".env": "", "docs/a": ""})
    for name in ("prefix", "exec_prefix"):
        monkeypatch.setattr(sys, name, str(root))
    expected = {str(root / name) for name in ("bin", "lib", "pyvenv.cfg")}

    assert expected == {
        path for path in outermost(interpreter.folders(root / "docs")) if Path(path).is_relative_to(root)
    }
    assert expected == set(outermost(installation(root / "bin/tool", settings)))
    assert [str(root)] == [path for path in outermost(interpreter.folders()) if Path(path).is_relative_to(root)]
    assert "pyvenv.cfg" in INSTALLED
