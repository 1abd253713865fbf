from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.crates import write

from mkdocs_codeexec.languages.inputs import declared, matching
from mkdocs_codeexec.languages.rust.environments.local import PACKAGE_FILE_LIMIT
from mkdocs_codeexec.languages.rust.environments.packages import Further, package

CRATE = {
    "Cargo.toml": '[package]\nname = "mylib"\nversion = "0.1.0"\n[dependencies]\nother = { path = "../other" }\n'
    '[target."cfg(unix)".dependencies]\nunixy = { path = "../unixy" }\n[dev-dependencies]\ndev = { path = "../dev" }\n',
    "src/lib.rs": '#![doc = include_str!("../README.md")]\nconst A: &str = include_str!("../data/a.txt");\n'
    'const B: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/b.bin"));\ninclude!("part.in");\n',
    "src/part.in": "",
    "src/deep/table.csv": "1,2",
    "build.rs": "fn main() {}",
    "lib2/more.rs": "",
    "README.md": "prose",
    "data/a.txt": "a",
    "data/b.bin": "b",
    "data/c.txt": "c",
    "docs/guide.md": "prose",
    "tests/it.rs": "",
    "benches/b.rs": "",
    "examples/e.rs": "",
    "target/debug/build/x.rs": "",
    ".hidden/x.rs": "",
    "inner/Cargo.toml": "[package]",
    "inner/src/lib.rs": "",
    "../other/Cargo.toml": '[package]\nname = "other"\nversion.workspace = true\n[dependencies]\ncommon = { workspace = true }\n',
    "../other/src/lib.rs": "",
    "../Cargo.toml": '[workspace]\n[workspace.dependencies]\ncommon = { path = "common" }\n',
    "../common/Cargo.toml": "[package]",
    "../common/src/lib.rs": "",
    "../unixy/Cargo.toml": "[package]",
    "../unixy/src/lib.rs": "",
    "../dev/Cargo.toml": "[package]",
    "../dev/src/lib.rs": "",
}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("Cargo.toml", True),
        ("src/lib.rs", True),
        ("src/part.in", True),
        ("src/deep/table.csv", True),
        ("src/new.rs", True),
        ("build.rs", True),
        ("lib2/more.rs", True),
        ("data/a.txt", True),
        ("data/b.bin", True),
        ("../other/Cargo.toml", True),
        ("../other/src/lib.rs", True),
        ("../Cargo.toml", True),
        ("../common/src/lib.rs", True),
        ("../unixy/src/lib.rs", True),
        ("../dev/src/lib.rs", False),
        ("README.md", False),
        ("data/c.txt", False),
        ("docs/guide.md", False),
        ("docs/new.md", False),
        ("tests/it.rs", False),
        ("benches/b.rs", False),
        ("examples/e.rs", False),
        ("target/debug/build/x.rs", False),
        ("target/new", False),
        (".hidden/x.rs", False),
        ("inner/src/lib.rs", False),
        ("Cargo.lock", False),
    ],
)
def test_what_counts_of_a_local_package(tmp_path: Path, name: str, counts: bool) -> None:
    """A change of what is compiled changes the digest; prose, tests and what cargo writes do not."""
    root = write(tmp_path / "w" / "mylib", CRATE)
    before = package(root).digest

    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n# changed\n")

    assert counts == (before != package(root).digest)


def test_what_cargo_has_recorded_needs_no_guess(tmp_path: Path) -> None:
    """Rust files outside of `src/` count until cargo has told which ones are read."""
    root = write(tmp_path / "mylib", CRATE)
    known = {name: package(root, further).digest for name, further in (("no", None), ("yes", Further()))}
    write(root, {"lib2/more.rs": "changed"})

    assert known["no"] != package(root).digest
    assert known["yes"] == package(root, Further()).digest
    assert package(root, Further()).digest != package(root, Further(("lib2/more.rs",))).digest


def test_the_digest_is_the_same_in_another_place(tmp_path: Path) -> None:
    """It has no absolute path in it, and no time."""
    one = write(tmp_path / "a" / "mylib", CRATE)
    other = write(tmp_path / "b" / "c" / "mylib", CRATE)

    assert package(one).digest == package(other).digest


def test_a_renamed_file_counts(tmp_path: Path) -> None:
    """Names are part of the digest."""
    root = write(tmp_path / "mylib", CRATE)
    before = package(root).digest

    (root / "src/deep/table.csv").rename(root / "src/deep/other.csv")

    assert before != package(root).digest


def test_links_are_followed(tmp_path: Path) -> None:
    """Sources behind a link count, and a link to itself ends."""
    shared = write(tmp_path / "shared", {"a.rs": "1"})
    root = write(tmp_path / "mylib", CRATE)
    (root / "src/shared").symlink_to(shared)
    (root / "src/loop").symlink_to(root / "src")
    before = package(root).digest

    (shared / "a.rs").write_text("2")

    assert before != package(root).digest


def test_packages_that_need_each_other_end(tmp_path: Path) -> None:
    """A circle of local packages, which cargo refuses, is read once."""
    write(tmp_path / "a", {"Cargo.toml": "[dependencies]\nb = { path = '../b' }"})
    write(tmp_path / "b", {"Cargo.toml": "[dependencies]\na = { path = '../a' }"})

    assert package(tmp_path / "a").digest


@pytest.mark.parametrize(
    "manifest", ["not [ toml", "package = 3\ndependencies = 4\ntarget = 5", "[dependencies]\na = 1"]
)
def test_strange_packages_have_digests(tmp_path: Path, manifest: str) -> None:
    """What is wrong with them is said by cargo; one that is not there has a digest, too."""
    assert package(write(tmp_path / "a", {"Cargo.toml": manifest})).digest
    assert package(tmp_path / "missing").digest


def test_sources_are_watched_and_target_is_not(tmp_path: Path) -> None:
    """The files and folders to watch are those that count."""
    root = write(tmp_path / "w" / "mylib", CRATE)

    watched = package(root).watched

    assert {root / "Cargo.toml", root / "src", root / "build.rs", root / "data/a.txt"} <= set(watched)
    assert root.parent / "other" / "src" in watched
    assert not [path for path in watched if "target" in path.parts or path == root]


def test_declared_inputs_are_digests_by_pattern(tmp_path: Path) -> None:
    """Contents and names of what matches count, nothing else."""
    write(tmp_path, {"data/a.csv": "1", "data/sub/b.csv": "2", "data/c.txt": "3"})
    before = declared(tmp_path, ("data/**/*.csv", "data"))

    assert ["inputs:data", "inputs:data/**/*.csv"] == [name for name, _ in before]
    (tmp_path / "data/c.txt").write_text("4")
    after = declared(tmp_path, ("data/**/*.csv", "data"))
    assert before[0] != after[0]
    assert before[1] == after[1]
    (tmp_path / "data/sub/b.csv").rename(tmp_path / "data/sub/d.csv")
    assert after[1] != declared(tmp_path, ("data/**/*.csv", "data"))[1]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("./a.txt", ["a.txt"]),
        ("**/*.txt", ["a.txt", "sub/b.txt"]),
        ("../beside/*.txt", ["../beside/c.txt"]),
        ("nothing/*", []),
        ("sub", ["sub/b.txt"]),
        ("", []),
        ("[", []),
    ],
)
def test_patterns_start_at_the_project(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    """They may go up, and a folder stands for its files."""
    project = write(tmp_path / "project", {"a.txt": "", "sub/b.txt": "", "../beside/c.txt": ""})

    assert [(project / name).resolve() for name in expected] == matching(project, pattern)


FURTHER = Further(("data/c.txt", "docs", "../beside/x", "gone"), ("../other",))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("data/c.txt", True),
        ("docs/guide.md", True),
        ("docs/new/deep.md", True),
        ("docs/.git/index", False),
        ("docs/cache/x", False),
        ("../beside/x", True),
        ("gone", True),
        ("../other/any", True),
        ("../other/deep/any", True),
        ("../other/README.md", False),
        ("../other/LICENSE", False),
        ("../other/.any", False),
        ("../other/tests/any", False),
        ("../other/docs/any", False),
        ("../other/pages/any", False),
        ("../other/inner/any", False),
        ("other.txt", False),
    ],
)
def test_what_cargo_has_recorded_counts_too(tmp_path: Path, name: str, counts: bool) -> None:
    """Files, all that is in folders, and packages but for what is none of their sources."""
    more = {
        "../other/inner/Cargo.toml": "[package]",
        "../other/pages/mkdocs.yml": "",
        "../beside/x": "",
        "docs/cache/y": "",
    }
    root = write(tmp_path / "w" / "mylib", {**CRATE, **more})
    before = package(root, FURTHER, [root / "docs/cache"])

    write(root, {name: "changed"})

    after = package(root, FURTHER, [root / "docs/cache"])
    assert counts == (before.digest != after.digest)
    watched = {path for start in after.watched for path in (start, *start.rglob("*"))}
    assert not counts or Path(os.path.normpath(root / name)) in watched


def test_further_files_have_names_that_stay(tmp_path: Path) -> None:
    """Their digests are the same in another place, and none of them is the same as one that is empty."""
    one = write(tmp_path / "a" / "mylib", CRATE)
    other = write(tmp_path / "b" / "c" / "mylib", CRATE)

    assert package(one, FURTHER).digest == package(other, FURTHER).digest
    assert package(one, FURTHER).digest != package(one).digest
    write(one, {"gone": ""})
    assert package(one, FURTHER).digest != package(other, FURTHER).digest


def test_of_large_files_of_a_package_the_size_counts(tmp_path: Path) -> None:
    """Reading them at each build would take too long; those that were named are read."""
    root = write(tmp_path / "mylib", CRATE)
    with (root / "data/large").open("wb") as file:
        file.truncate(PACKAGE_FILE_LIMIT + 1)
    any_file, named = Further(packages=(".",)), Further(("data/large",))
    before = package(root, any_file).digest, package(root, named).digest

    with (root / "data/large").open("r+b") as file:
        file.write(b"x")

    assert before[0] == package(root, any_file).digest
    assert before[1] != package(root, named).digest
    with (root / "data/large").open("ab") as file:
        file.write(b"x")
    assert before[0] != package(root, any_file).digest
