"""`codeexec cache`, by real stores of real sites."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from support import forks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project

PAGE = """\
```python exec name="one"
import os

open("one.txt", "w").write("1")
[os.path.exists(f"/usr/bin/{number}") for number in range(40)]
```

```bash exec needs="one"
cat one.txt
```

```rust exec
println!("x");
```
"""


def codeexec(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=os.environ | project.env, timeout=120)


def cache(project: Project, *args: str) -> dict[str, object]:
    done = codeexec(project, "cache", "--json", *args)
    return {**json.loads(done.stdout or "{}"), "status": done.returncode, "told": done.stderr}


def stored(project: Project) -> list[Path]:
    folders = ("results", "requests", "structures", "observed", "slices", "blobs")
    root = project.root / ".cache/codeexec"
    return sorted(path for name in folders for path in (root / name).rglob("*") if path.is_file())


@pytest.fixture
def site(project: Project) -> Project:
    project.page(PAGE)
    assert 0 == codeexec(project, "run").returncode
    return project


def test_what_is_stored_is_told(site: Project) -> None:
    """By language and page; and what the site does not need any more."""
    before = cache(site, "info")
    assert (3, 0, 0) == (before["results"], before["unneeded"], before["status"])
    assert {"python", "bash", "rust"} == set(before["languages"])  # type: ignore[call-overload]
    assert ["index.md"] == list(before["pages"])  # type: ignore[call-overload]
    site.page(PAGE.replace("println!", "print!"))
    after = cache(site, "info")
    assert before["bytes"] == after["bytes"]
    assert 0 < after["unneeded"] < after["bytes"]  # type: ignore[operator]


def test_what_is_not_needed_is_removed(site: Project) -> None:
    """And nothing else: all that is left is a hit. With `--check` all stays."""
    codeexec(site, "run")
    site.page(PAGE.replace('println!("x")', 'println!("y")'))
    codeexec(site, "run")
    site.page(PAGE)
    before = stored(site)
    checked = cache(site, "gc", "--check")
    assert before == stored(site)
    done = cache(site, "gc")

    assert (3, False) == (checked["files"], checked["removed"])  # a result, and what leads to it
    assert (checked["files"], checked["bytes"]) == (done["files"], done["bytes"])
    assert len(before) - 3 == len(stored(site))
    report = json.loads(codeexec(site, "run", "--json").stdout)
    assert (3, 0) == (report["counts"]["cached"], report["counts"]["executed"])
    assert 0 == cache(site, "gc")["files"]


def test_all_can_be_removed(site: Project) -> None:
    """What is left is not a result."""
    before = len(stored(site))
    assert before == cache(site, "clean", "--check")["files"] == len(stored(site))
    assert before == cache(site, "clean")["files"]
    assert [] == stored(site)
    assert (site.root / ".cache/codeexec/last-run.json").exists()


@pytest.mark.parametrize("what", ["results", "requests", "observed", "structures", "slices", "blobs"])
def test_what_is_damaged_is_found(what: str, site: Project) -> None:
    """Whatever it is; it is removed with what is not needed. Lists that have lost a slice are found with it."""
    assert (0, []) == ((found := cache(site, "verify"))["status"], found["damaged"])
    victim = next(path for path in stored(site) if path.parts[-4] == what or path.parts[-3] == what)
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-3] + b"xxx")
    found = cache(site, "verify")

    name = victim.relative_to(site.root / ".cache/codeexec").as_posix()
    told = [one["file"] for one in found["damaged"]]  # type: ignore[attr-defined]
    assert (1, [name]) == (found["status"], [one for one in told if what != "slices" or one.startswith(what)])
    assert (what == "slices") == (len(told) > 1)
    cache(site, "gc")
    assert not victim.exists()
    assert 0 == cache(site, "verify")["status"]


def test_a_store_goes_through_a_file(site: Project, tmp_path: Path) -> None:
    """The same bytes twice, and from the store that it was read into; there all is a hit."""
    one, two, three = (tmp_path / name for name in ("one.tar", "two.tar", "three.tar"))
    codeexec(site, "cache", "export", str(one))
    codeexec(site, "cache", "export", str(two))
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as tar:
        names = tar.getnames()
        assert names == sorted(names)
        assert {0} == {about.mtime for about in tar}
    cache(site, "clean")
    taken = cache(site, "import", str(one))
    assert (0, len(names), []) == (taken["status"], taken["files"], taken["refused"])
    report = json.loads(codeexec(site, "run", "--json").stdout)
    assert (3, 0) == (report["counts"]["cached"], report["counts"]["executed"])
    codeexec(site, "cache", "export", str(three))
    assert one.read_bytes() == three.read_bytes()


def test_a_store_goes_through_a_pipe(site: Project, tmp_path: Path) -> None:
    """Both ways, the same bytes; of a file that was cut off it is said that there was more."""
    whole = tmp_path / "whole.tar"
    codeexec(site, "cache", "export", str(whole))
    command = [sys.executable, "-m", "mkdocs_codeexec", "cache"]
    about: dict[str, Any] = {"cwd": site.root, "env": os.environ | site.env, "timeout": 120}
    done = subprocess.run([*command, "export", "-"], stdout=subprocess.PIPE, check=True, **about)
    assert whole.read_bytes() == done.stdout
    cache(site, "clean")
    subprocess.run([*command, "import", "-"], input=done.stdout, check=True, **about)
    assert 3 == json.loads(codeexec(site, "run", "--json").stdout)["counts"]["cached"]
    with tarfile.open(whole) as tar:
        second, third = list(tar)[1:3]
    for length in (second.offset, third.offset + 100, third.offset_data + 10):
        whole.write_bytes(done.stdout[:length])
        cut = cache(site, "import", str(whole))
        assert (1, "the rest") == (cut["status"], cut["refused"][0]["file"]), length  # type: ignore[index]


def _with_holes(name: str) -> tarfile.TarInfo:
    """Of a gibibyte, of which the file has nothing (the GNU tar manual, "Storing Sparse Files")."""
    about = tarfile.TarInfo(name)
    about.pax_headers = {"GNU.sparse.map": f"{2**30},0", "GNU.sparse.size": str(2**30)}
    return about


def _link(name: str) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return about


def _special(name: str, kind: bytes) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, "mkdocs.yml"
    return about


def _file(name: str) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.size = 3
    return about


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: _file("../../evil"), "a store has nothing of such a name"),
        (lambda: _file("/tmp/evil"), "a store has nothing of such a name"),
        (lambda: _file("results/v1/aa/evil.json"), "a store has nothing of such a name"),
        (lambda: _file(f"results/v1/aa/{'a' * 64}.json"), "it has no checksum"),
        (lambda: _file(f"requests/v1/aa/{'a' * 64}.json"), "it has no checksum"),
        (lambda: _file(f"blobs/aa/{'a' * 64}"), "its checksum does not match"),
        (lambda: _file(f"slices/v1/aa/{'a' * 16}"), "it is not compressed as it should be"),
        (lambda: _file(f"slices/v1/aa/{'a' * 64}"), "a store has nothing of such a name"),
        (lambda: _file("environments/../Cargo.lock"), "a store has nothing of such a name"),
        (lambda: _file("environments/default/target"), "a store has nothing of such a name"),
        (lambda: _file("environments/default/built/x.json"), "a store has nothing of such a name"),
        (lambda: _link("environments/default/Cargo.lock"), "it is no regular file"),
        (lambda: _special("environments/default/Cargo.lock", tarfile.FIFOTYPE), "it is no regular file"),
        (lambda: _special("environments/default/Cargo.lock", tarfile.CHRTYPE), "it is no regular file"),
        (lambda: _special("environments/default/Cargo.lock", tarfile.LNKTYPE), "it is no regular file"),
        (lambda: _file("environments/default/Cargo.lock"), "`manifest.toml` is not beside it"),
        (lambda: _file("environments/other/Cargo.lock"), "this site has no such environment"),
        (lambda: _file("runs/x.json"), "a store has nothing of such a name"),
        (lambda: _with_holes(f"blobs/aa/{'a' * 64}"), "it is no regular file"),
        (lambda: _link(f"results/v1/aa/{'a' * 64}.json"), "it is no regular file"),
    ],
)
def test_what_is_no_entry_is_left_out(
    make: Callable[[], tarfile.TarInfo], why: str, project: Project, tmp_path: Path
) -> None:
    """Whoever wrote the file; nothing of it is written anywhere."""
    project.page("# x")
    about, file = make(), tmp_path / "x.tar"
    with tarfile.open(file, "w") as tar:
        tar.addfile(about, io.BytesIO(b"abc") if about.size else None)
    done = cache(project, "import", str(file))

    assert (1, 0) == (done["status"], done["files"])
    assert [{"file": about.name, "why": why}] == done["refused"]
    assert [] == stored(project)
    assert not (project.root / ".cache/codeexec/environments").exists()
    assert [] == list(tmp_path.rglob("evil"))


FROM = '\n[[package]]\nname = "{}"\nversion = "1.0.0"\nsource = "{}"\n'
SUM = f'checksum = "{"0" * 64}"\n'
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("file", "more", "why"),
    [
        ("Cargo.lock", "", ""),
        ("Cargo.lock", FROM.format("x", CRATES_IO) + SUM, ""),
        ("Cargo.lock", FROM.format("x", f"git+https://example.org/named?branch=main#{COMMIT}"), ""),
        ("Cargo.lock", FROM.format("x", CRATES_IO), "its lock file has no checksum for `x`"),
        (
            "Cargo.lock",
            FROM.format("x", f"git+https://example.org/other#{COMMIT}"),
            "its lock file has `x` from `https://example.org/other`, which mkdocs.yml does not name",
        ),
        ("Cargo.lock", FROM.format("x", "git+https://example.org/named#main"), "its lock file has no checksum for `x`"),
        (
            "Cargo.lock",
            "  " + FROM.format("x", "sparse+https://example.org/index/").strip() + "\n" + SUM,
            "its lock file has `x` from `https://example.org/index/`, which mkdocs.yml does not name",
        ),
        ("Cargo.lock", "[[package]", "its lock file cannot be read"),
        ("manifest.toml", "# more\n", "the site has other dependencies in it"),
        ("sources.json", "x", "its `sources.json` cannot be read"),
    ],
)
def test_what_is_known_of_environments_is_taken_if_it_can_be_verified(
    file: str, more: str, why: str, project: Project, tmp_path: Path
) -> None:
    """All of one or nothing: packages of places that are known, by checksum or commit, for what the site depends on. Or by `--trust`."""
    project.write("mylib/Cargo.toml", '[package]\nname = "mylib"\nversion = "0.1.0"\n')
    project.write("mylib/src/lib.rs", "")
    rust = {"dependencies": {"mylib": {"path": "mylib"}}, "sources": ["https://example.org/named"]}
    project.configure({"languages": {"rust": rust}})
    project.page('```rust exec\nprintln!("x");\n```\n')
    assert 0 == codeexec(project, "run").returncode
    codeexec(project, "cache", "export", str(tmp_path / "one.tar"))
    kept = project.root / ".cache/codeexec/environments"
    with tarfile.open(tmp_path / "one.tar") as one, tarfile.open(tmp_path / "two.tar", "w") as two:
        for about in one:
            content = one.extractfile(about)
            assert content is not None
            data = content.read() + (more.encode() if about.name.endswith(f"/{file}") else b"")
            about.size = len(data)
            two.addfile(about, io.BytesIO(data))
    shutil.rmtree(kept)
    taken = cache(project, "import", str(tmp_path / "two.tar"))

    names = [f"environments/default/{name}" for name in ("Cargo.lock", "manifest.toml", "sources.json")]
    assert [{"file": name, "why": why} for name in names if why] == taken["refused"]
    assert bool(why) != kept.exists()
    if why:
        assert 0 == cache(project, "import", "--trust", str(tmp_path / "two.tar"))["status"]
        assert (kept / "default" / file).read_bytes().endswith(more.encode())


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["gcc"], 2, "there is no `cache gcc`\n\nhint: did you mean `gc`?"),
        (["push"], 2, "`cache push` is not available in this version"),
        (["export"], 2, "`cache export` needs the name of a file"),
        (["gc", "x.tar"], 2, "`x.tar` is not an argument of `cache gc`"),
        (["export", "--trust", "x.tar"], 2, "`--trust` is not an argument of `cache export`"),
        (["info", "--check"], 2, "`--check` is not an argument of `cache info`"),
        (["import", "nowhere.tar"], 3, "`nowhere.tar` cannot be read"),
        (["import", "mkdocs.yml"], 3, "`mkdocs.yml`: it is no file that `codeexec cache export` has written"),
        (["export", "nowhere/x.tar"], 3, "`nowhere/x.tar` cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told(args: list[str], status: int, message: str, project: Project) -> None:
    """With a way out."""
    project.page("# x")
    done = codeexec(project, "cache", *args)

    assert (status, "") == (done.returncode, done.stdout)
    assert message in done.stderr
