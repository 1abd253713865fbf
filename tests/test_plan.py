"""`codeexec plan` and `codeexec explain`, by real runs of real sites."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from support import forks

from mkdocs_codeexec.core.ingredients import locked

if TYPE_CHECKING:
    from conftest import Project

PAGE = """\
```python exec name="one"
print(open("one.txt", "w").write("1"))
```

```bash exec needs="one"
cat one.txt
```

```bash exec
cat {data}
```

```bash exec session="s"
x=1
```

```bash exec session="s"
echo $x
```

```text output_of
1
```

```bash exec ignore
exit 1
```

```lua exec
print(1)
```

```bash exec requires="tool:there-is-no-such-tool"
echo 1
```
"""


def codeexec(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=os.environ | project.env, timeout=120)


def planned(project: Project, *args: str) -> dict[int, tuple[str, str]]:
    """Return state and reason of each sample, by its line."""
    done = codeexec(project, "plan", "--json", *args)
    assert 0 == done.returncode, done.stderr
    return {sample["line"]: (sample["status"], sample["why"]) for sample in json.loads(done.stdout)["samples"]}


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site of which everything is stored that can be."""
    data = project.write("data.txt", "7\n")
    project.configure({"languages": {"bash": {"readable": ["data.txt"]}}})
    project.page(PAGE.format(data=data))
    codeexec(project, "run")
    return project


def test_nothing_is_started_and_nothing_is_written(project: Project) -> None:
    """Of a site that was never built: all is to be executed."""
    project.page("```bash exec\necho 1\n```\n\n```rust exec\n```\n")
    done = codeexec(project, "plan")

    assert 0 == done.returncode, done.stderr
    assert re.fullmatch(
        r"docs/index.md:1: bash: to execute: .+ \([0-9a-f]{12}\)\ndocs/index.md:5: rust: to execute: .+ \([0-9a-f]{12}\)\n"
        r"2 samples: 0 stored, 2 to execute \(how long that takes is not known: nothing like it has been executed\)\n",
        done.stdout,
    ), done.stdout
    assert not (project.root / ".cache").exists()
    assert not (project.root / "site").exists()


def test_each_sample_has_a_state(site: Project) -> None:
    """And those that are no hit a reason; a fence that holds output is none."""
    found = planned(site)

    assert {
        **dict.fromkeys((1, 5, 9, 13, 17), ("hit", "")),
        25: ("ignored", ""),
        29: ("unavailable", "`lua` is not set up as a language, so this is not executed"),
        33: ("suspended", "needs the tool `there-is-no-such-tool`"),
    } == found | {33: (found[33][0], "needs the tool `there-is-no-such-tool`")}
    assert "there-is-no-such-tool" in found[33][1]
    done = codeexec(site, "plan")
    assert done.stdout.endswith("8 samples: 5 stored, 0 to execute, 1 ignored, 1 cannot be tried, 1 suspended\n")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ('write("1")', 'write("2")', {1: "its code changed", 5: "`one`, which it needs, is executed first"}),
        ("cat one.txt", "cat one.txt; echo 2", {5: "its code changed"}),
        ("bash exec\ncat", "bash exec timeout=20\ncat", {9: "its timeout changed"}),
        ("bash exec\ncat", 'bash exec env="A=1"\ncat', {9: "its environment variables changed"}),
        ("bash exec\ncat", 'bash exec stdin="1" args="2"\ncat', {9: "its command line and its standard input changed"}),
        ("x=1", "x=3", {13: "its code changed", 17: "an earlier step of its session changed"}),
        ("echo $x", "echo $x$x", {17: "its code changed"}),
        ("```bash exec\ncat", "```bash exec\necho new\n```\n\n```bash exec\ncat", {9: "nothing is stored for it"}),
    ],
)
def test_it_is_said_what_has_changed_on_the_page(old: str, new: str, changed: dict[int, str], site: Project) -> None:
    """And nothing of what has not; what is planned is what happens."""
    page = (site.root / "docs/index.md").read_text()
    site.page(page.replace(old, new))
    before = {line: state for line, (state, _) in planned(site).items()}
    found = {line: why for line, (state, why) in planned(site).items() if state == "miss"}

    assert sorted(changed) == sorted(found)
    for line, why in changed.items():
        assert why in found[line]
    report: dict[str, Any] = json.loads(codeexec(site, "run", "--json").stdout)
    executed = {sample["line"] for sample in report["samples"] if not sample["cached"] and sample["run_ms"] is not None}
    # A session is executed as one program, from its first step on.
    assert executed | {line for line in (13, 17) if line in before} >= set(found)
    assert executed <= set(found) | {13, 17}


def test_it_is_said_what_has_changed_elsewhere(site: Project) -> None:
    """A file that a sample has read, and what the configuration says."""
    site.write("data.txt", "8\n")
    assert {9: ("miss", "`data.txt` changed")} == {n: one for n, one in planned(site).items() if one[0] == "miss"}
    site.write("data.txt", "7\n")
    site.configure({"languages": {"bash": {"readable": ["data.txt"]}}, "timeout": 11})
    assert {"its timeout changed"} == {planned(site)[line][1] for line in (1, 9, 17)}


def test_it_is_said_what_has_changed_before_a_toolchain_is_asked(project: Project) -> None:
    """What is known already is no matter of the toolchain; flags of cargo's configuration are."""
    page = "```rust exec\nprintln!();\n```\n\n```bash exec\nplanned-tool\n```\n"
    project.page(page)
    project.write("planned/Cargo.toml", '[package]\nname = "planned-tool"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("planned/src/main.rs", "fn main() {}\n")
    project.write("planned/src/lib.rs", "")
    project.write("planned/src/bin/second-tool.rs", "fn main() {}\n")
    rust: dict[str, Any] = {"dependencies": {"planned-tool": {"path": "planned"}}}
    project.configure({"languages": {"rust": rust}})
    assert 0 == codeexec(project, "run").returncode
    assert {"hit"} == {state for state, _ in planned(project).values()}

    project.write(".cargo/config.toml", '[build]\nrustflags = ["-Copt-level=1"]\n')
    assert "flags of cargo's configuration changed" in planned(project)[1][1]
    project.write(".cargo/config.toml", '[env]\nPLANNED = "1"\n')
    assert "`[env]` of cargo's configuration changed" == planned(project)[1][1]
    (project.root / ".cargo/config.toml").unlink()
    project.configure({"languages": {"rust": {**rust, "binaries": ["planned-tool"]}}})
    assert ("miss", "which programs of local packages it gets changed") == planned(project)[5]
    project.configure({"languages": {"rust": {"dependencies": {**rust["dependencies"], "itoa": "1"}}}})
    assert ("miss", "`dependencies` of the configuration changed") == planned(project)[1]


def test_what_is_refused_is_not_to_be_executed(project: Project) -> None:
    """A package of the page that asks for what the site has not."""
    manifest = '[package]\nname = "a"\n\n[dependencies]\nserde = "1"\n'
    project.page(f'```toml file="Cargo.toml"\n{manifest}```\n\n```rust file="src/main.rs" exec\nfn main() {{}}\n```\n')
    assert ("unavailable", "`Cargo.toml` of the page: the environment does not have `serde`") == planned(project)[9]


def test_what_was_deleted_is_said_to_be(site: Project) -> None:
    """Where nothing else has changed."""
    for entry in (site.root / ".cache/codeexec/results").rglob("*.json"):
        entry.unlink()
    found = planned(site)

    assert ("miss", "its outcome has been deleted since it was executed") == found[1]
    (site.root / ".cache/codeexec/ingredients.json").write_text('{"format": 1, "pages": 3}')
    assert 0 == codeexec(site, "plan").returncode


def test_how_long_it_takes_is_estimated(site: Project) -> None:
    """By what the same samples have taken."""
    site.page((site.root / "docs/index.md").read_text().replace("cat one.txt", "sleep 0.7"))
    codeexec(site, "run")
    site.page((site.root / "docs/index.md").read_text().replace("sleep 0.7", "sleep 0.71"))
    (line,) = codeexec(site, "plan").stdout.splitlines()[-1:]
    found = re.search(r"1 to execute, .*\(about ([0-9.]+) s\)$", line)

    assert found, line
    assert 0.7 <= float(found[1])


def test_one_sample_is_explained(site: Project) -> None:
    """By any of its lines; of a fence that holds output, the sample that prints it."""
    done = codeexec(site, "explain", "docs/index.md:10")

    assert 0 == done.returncode, done.stderr
    for line in (
        "docs/index.md:9: bash",
        "  state       stored",
        "  run         bash sample.sh",
        "              at most 10 s",
        "  outcome     met",
    ):
        assert f"{line}\n" in done.stdout
    assert re.search(r"^  key         [0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert re.search(r"read:<project>/data.txt  [0-9a-f]{16}$", done.stdout, re.MULTILINE)
    held = json.loads(codeexec(site, "explain", "--json", "index.md:22").stdout)
    assert (17, "hit", "met") == (held["line"], held["status"], held["verdict"])
    last = json.loads((site.root / ".cache/codeexec/last-run.json").read_text())["samples"]
    assert held["key"] == next(one["key"] for one in last if one["line"] == 17)
    # What another sample gets of it is a part of its key.
    row = next(one for one in json.loads(codeexec(site, "plan", "--json").stdout)["samples"] if one["line"] == 1)
    assert row["key"] == json.loads(codeexec(site, "explain", "--json", "index.md:1").stdout)["key"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("index.md", "`index.md` names no line of a page"),
        ("index.md:4", "there is no sample at line 4 of `index.md`"),
        ("other.md:4", "there is no page `other.md`"),
        (f"index.md:{'9' * 9}", f"there is no sample at line {'9' * 9} of `index.md`"),
        (f"index.md:{'9' * 5000}", "names no line of a page"),
    ],
)
def test_what_is_no_sample_is_not_explained(where: str, message: str, project: Project) -> None:
    """The nearest ones are told."""
    project.page("```bash exec\necho 1\n```\n")
    done = codeexec(project, "explain", where)

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert "hint: " in done.stderr


def test_versions_are_read_from_lock_files() -> None:
    """A crate may be there in two; what is no lock file is not known."""
    lock = '[[package]]\nname = "{}"\nversion = "{}"\n'
    one = lock.format("serde", "1.0.1") + lock.format("syn", "1.0.0") + lock.format("syn", "2.0.0")
    other = lock.format("serde", "1.0.2") + lock.format("syn", "2.0.0") + lock.format("memchr", "2.0.0")

    assert [
        "the dependency `memchr (none) → 2.0.0`",
        "the dependency `serde 1.0.1 → 1.0.2`",
        "the dependency `syn 1.0.0 and 2.0.0 → 2.0.0`",
    ] == locked(one, other)
    assert [] == locked(one, "[[package") == locked(None, one) == locked("", one)
