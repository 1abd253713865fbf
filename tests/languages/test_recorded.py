from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.crates import write

from mkdocs_codeexec.languages.rust.environments.packages import Further, package
from mkdocs_codeexec.languages.rust.environments.recorded import Record, Tree, further, read


def test_what_cargo_and_rustc_write(tmp_path: Path) -> None:
    """Files of dep-info, of libraries and of build scripts, and what these print; of local packages only."""
    lib, target = tmp_path / "my lib", tmp_path / "target/custom"
    local, remote = f"path+file://{lib}#0.1.0", "registry+https://example.org#serde@1.0.0"
    write(
        target,
        {
            "deps/mylib-1.d": f"/t/x.rmeta: {lib}/src/lib.rs\n\n{lib}/src/lib.rs:\n{lib}/src/../a\\ b:\nrelative:\n# env-dep:X\n".replace(
                "my lib", "my\\ lib"
            ),
            "deps/mylib-2.d": "/stale:\n",
            "deps/serde-1.d": "/remote:\n",
            "build/mylib-3/build_script_build-3.d": "build.rs:\n",
            "build/mylib-4/output": "cargo:rerun-if-changed=c/x y \ncargo::rerun-if-changed=/abs\ncargo:rustc-cfg=a\n",
        },
    )
    messages = [
        {
            "package_id": local,
            "manifest_path": f"{lib}/Cargo.toml",
            "filenames": [f"{target}/build/mylib-3/build-script-build"],
        },
        {"package_id": local, "out_dir": f"{target}/build/mylib-4/out"},
        {"package_id": local, "manifest_path": f"{lib}/Cargo.toml", "filenames": [f"{target}/deps/libmylib-1.rmeta"]},
        {"package_id": remote, "manifest_path": "/r/Cargo.toml", "filenames": [f"{target}/deps/libserde-1.rlib"]},
        {
            "package_id": f"path+file://{tmp_path}/home#0",
            "manifest_path": f"{tmp_path}/home/Cargo.toml",
            "filenames": [],
        },
        {"reason": "build-finished"},
    ]
    text = "\n".join((*map(json.dumps, messages), "{torn", "[1]", "plain"))

    found = read(text, tmp_path / "home")

    inside = {lib / name for name in ("src/lib.rs", "a b", "relative", "build.rs", "c/x y")}
    assert {lib: Record({*inside, Path("/abs")})} == found


@pytest.mark.parametrize(
    ("output", "everything"),
    [
        (None, True),
        ("", True),
        ("cargo:rustc-cfg=a", True),
        ("cargo:rerun-if-env-changed=CC", False),
        ("cargo::rerun-if-changed=a", False),
        (" cargo::rerun-if-changed=a", True),
    ],
)
def test_build_scripts_that_do_not_say_what_they_read(tmp_path: Path, output: str | None, everything: bool) -> None:
    """Cargo looks at the whole package then, and so do we."""
    files = {"build/a-1/output": output} if output is not None else {}
    write(tmp_path, files)
    artifact = {"package_id": "path+file:///a#0", "manifest_path": "/a/Cargo.toml", "filenames": []}
    ran = {"package_id": "path+file:///a#0", "out_dir": f"{tmp_path}/build/a-1/out"}

    found = read(json.dumps(artifact) + "\n" + json.dumps(ran), Path("/home"))

    assert everything == found[Path("/a")].everything


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("work/lib/data", True),
        ("work/data", True),
        ("work/.git/HEAD", True),
        ("data", True),
        ("target/x", False),
        ("../usr/include/x.h", False),
    ],
)
def test_files_of_the_machine_do_not_count(tmp_path: Path, name: str, counts: bool) -> None:
    """Names are counted within the repository, and within the folder that holds package and site."""
    top = tmp_path / "top"
    lib = write(top / "work/lib", {"Cargo.toml": "", "../.git/HEAD": ""})
    tree = Tree(top / "site", [top / "target"])
    path = (top / name).resolve()

    found = further({lib: Record({path, lib / "src/x", lib / "build.rs"})}, package(lib), (), tree)

    assert counts == bool(found.paths)
    assert () == found.packages


def test_a_package_that_nobody_names_counts_for_all(tmp_path: Path) -> None:
    """What only cargo knows to be needed is counted wherever it may be needed; a folder above a package is one."""
    lib, other = write(tmp_path / "lib", {"Cargo.toml": ""}), tmp_path / "other"
    records = {lib: Record({lib}), other: Record({other / "src/lib.rs"}, everything=True)}

    found = further(records, package(lib), [other], Tree(tmp_path / "site", []))

    assert Further(("../other/src/lib.rs",), (".", "../other")) == found
