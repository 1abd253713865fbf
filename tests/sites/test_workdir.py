"""Samples that start in the project, from the fence to the page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

SETTLE = 0.1
PAGE = """\
```python exec
print(open("data.csv").read())
import os; os.remove("data.csv"); print(os.path.exists("data.csv"), os.getcwd())
```

```bash exec
ls; cat data.csv; ./tool; rm -rf ./*
```

```rust exec
println!("{:?}", std::fs::read_to_string("data.csv").unwrap());
```

```python exec exit="1"
1 / 0
```

```sh exec
echo quiet
```
"""


def put(project: Project, **files: str) -> None:
    for name, text in files.items():
        (project.root / name.replace("_", ".", 1)).write_text(text)


def everything(folder: Path) -> dict[str, tuple[str, int]]:
    apart = ("site", ".cache")
    paths = [
        path for path in folder.rglob("*") if path.is_file() and not set(path.relative_to(folder).parts) & set(apart)
    ]
    return {str(path): (path.read_text(), path.stat().st_mtime_ns) for path in paths}


def test_a_site_whose_samples_all_start_in_the_project(project: Project) -> None:
    """What they print; that nothing changes there; what an edit runs again."""
    project.configure({"workdir": "project", "languages": {"rust": {}}})
    project.page(PAGE)
    put(project, data_csv="a,b\n", tool="#!/bin/sh\necho tool\n", _env="SECRET\n")
    (project.root / "tool").chmod(0o755)
    time.sleep(SETTLE)
    before = everything(project.root)
    project.build()

    assert before == everything(project.root)
    streams = dict.fromkeys(text.strip() for _, text in project.streams())
    python, bash, rust, trace, quiet = streams
    assert "a,b\n\nFalse ." == python
    assert {"data.csv", "docs", "mkdocs.yml", "tool", "a,b"} == set(bash.split())
    assert '"a,b\\n"' == rust
    assert 'File "sample.py", line 1, in <module>' in trace
    assert "quiet" == quiet
    assert 5 == project.build().counts["cached"]

    put(project, data_csv="c\n")
    time.sleep(SETTLE)
    assert 3 == project.build().counts["executed"]
    put(project, more_txt="")
    time.sleep(SETTLE)
    assert 1 == project.build().counts["executed"]  # which lists
    assert 5 == project.build().counts["cached"]


def test_who_says_where_samples_start(project: Project) -> None:
    """A fence, its page, its language; who says nothing starts in an empty folder."""
    code = 'ls | tr "\\n" " "; test -e "$CODEEXEC_PROJECT/data.csv" && echo there || echo not'
    project.configure({"languages": {"sh": {"workdir": "project"}}})
    put(project, data_csv="a\n")
    fences = [("bash", ""), ("sh", ""), ("bash", 'workdir="project"')]
    project.page("".join(f"```{language} exec {option}\n{code}\n```\n\n" for language, option in fences))
    project.build()
    first, *others = [text.strip() for _, text in project.streams()]
    assert "sample.sh not" == first.replace("sample.bash", "sample.sh")
    assert all("data.csv docs mkdocs.yml" in text and text.endswith("there") for text in others)

    project.page(f"---\ncodeexec: {{workdir: project}}\n---\n```bash exec\n{code}\n```\n")
    project.build()
    assert others[0] == project.streams()[0][1].strip()


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "import os; print(*sorted(os.listdir('.')))"),
        ("bash", "ls -A | tr '\\n' ' '"),
        (
            "rust",
            (
                'let mut all: Vec<_> = std::fs::read_dir(".").unwrap().map(|one| one.unwrap().file_name()).collect(); all.sort();\n'
                'println!("{}", all.iter().map(|one| one.to_str().unwrap()).collect::<Vec<_>>().join(" "));'
            ),
        ),
    ],
)
def test_the_steps_of_a_session_do_not_stand_in_the_project(project: Project, language: str, code: str) -> None:
    """A file that is called as ours could be does."""
    project.configure({"workdir": "project", "languages": {"rust": {}}})
    given = '```text file="sample.csv" name="given"\na,b\n```\n\n'
    project.page(given + f'```{language} exec session="s" needs="given"\n{code}\n```\n\n' * 2)
    project.build()

    assert ["docs mkdocs.yml sample.csv"] * 2 == [text.strip() for _, text in project.streams()]


@pytest.mark.parametrize("said", ["..", "/etc", "docs/..", "../x", "docs//data", "", "a:b", "do\\cs"])
def test_where_else(project: Project, said: str) -> None:
    """No folder can be named that is not in the project."""
    project.page(f'```bash exec workdir="{said}"\nls\n```\n')
    built: Any = project.build()

    assert f'docs/index.md:1: `workdir="{said}"`: expected `project`, or a folder of it' in built.log
    assert ["error"] == project.verdicts()


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "off"])
def test_a_folder_of_the_project(project: Project, tier: str) -> None:
    """Samples of all kinds start there; the project around is what it is."""
    project.configure({"languages": {"rust": {}}})
    project.env |= {"CODEEXEC_SANDBOX": "off"} if tier == "off" else {"CODEEXEC_SANDBOX_TIERS": tier}
    folder = project.root / "data/prices"
    folder.mkdir(parents=True)
    (folder / "tea.csv").write_text("tea,3\n")
    where = 'workdir="data/prices"'
    project.page(
        f"```bash exec {where}\nls; cat tea.csv; ls ../..; pwd\n```\n\n"
        f'```python exec workdir="./data/prices/"\nprint(open("tea.csv").read().strip(), flush=True)\nopen("../new", "w")\n```\n\n'
        f"```python exec session=\"s\" {where}\nimport os; os.chdir('..'); print(*os.listdir())\n```\n\n"
        f'```python exec session="s"\nprint(open("prices/tea.csv").read().strip())\n```\n\n'
        f"```console exec {where}\n$ cat tea.csv\n$ cd ..\n$ ls\n```\n\n"
        f'```rust exec {where}\nprint!("{{}}", std::fs::read_to_string("tea.csv").unwrap());\n```\n'
    )
    built = project.build()

    assert ["met"] * 6 == project.verdicts(), built.log
    assert ["tea.csv\ntea,3\ndata\ndocs\nmkdocs.yml\ndata/prices", "tea,3", "prices", "tea,3", "tea,3"] == [
        text.strip() for _, text in project.streams()
    ]
    assert ["tea.csv"] == [path.name for path in folder.iterdir()]
    assert ["prices"] == [path.name for path in folder.parent.iterdir()]


def test_a_folder_that_goes_is_noticed(project: Project) -> None:
    """A sample that reads nothing there starts there all the same: without it there is none, nor behind a link that leads out."""
    project.page('```bash exec workdir="data"\necho here\n```\n\n```bash exec workdir="project"\necho here\n```\n')
    (project.root / "data").mkdir()
    (project.root / "data/x").write_text("")
    time.sleep(SETTLE)
    assert ["met", "met"] == (project.build(), project.verdicts())[1]
    assert 2 == project.build().counts["cached"]
    (project.root / "data/x").unlink()
    (project.root / "data").rmdir()
    for target in ("", "/etc", "..", "docs/index.md", "docs"):
        if target:
            (project.root / "data").symlink_to(target)
        time.sleep(SETTLE)
        built = project.build()

        assert ["met" if target == "docs" else "error", "met"] == project.verdicts(), target
        assert (target == "docs") is (
            "`workdir`: there is no folder `data` in the project, as git sees it" not in built.log
        )
        if target:
            (project.root / "data").unlink()


def test_a_folder_is_in_the_key(project: Project) -> None:
    """The same sample in two folders is two."""
    for name in ("a", "b"):
        (project.root / name).mkdir()
        (project.root / name / "x").write_text(name)
    project.page("".join(f'```bash exec workdir="{name}"\necho *; cat x\n```\n\n' for name in ("a", "b", "a")))
    built = project.build()

    assert ["x\na", "x\nb", "x\na"] == [text.strip() for _, text in project.streams()]
    assert (2, 1) == (built.counts["executed"], built.counts["cached"])


def test_a_folder_that_a_need_has_left(project: Project) -> None:
    """What others leave stands in the project as a sample sees it, and so a sample can start there."""
    project.page(
        '```bash exec name="made"\nmkdir -p out/deep; echo 1 > out/deep/x\n```\n\n'
        '```bash exec needs="made" workdir="out/deep"\ncat x\n```\n'
    )
    built = project.build()

    assert [("stdout", "1")] == project.streams(), built.log


def test_a_site_and_a_page_name_a_folder(project: Project) -> None:
    """In the configuration and in the front matter, as on a fence."""
    for name in ("a", "b"):
        (project.root / name).mkdir()
        (project.root / name / "x").write_text(name)
    project.configure({"workdir": "a"})
    project.page("```bash exec\ncat x\n```\n")
    project.page("---\ncodeexec: {workdir: b}\n---\n```bash exec\ncat x\n```\n", "other.md")
    project.build()

    assert ["a"] == [text for _, text in project.streams()]
    assert "<code>b</code>" in project.html("other/index.html")
    project.configure({"workdir": "../a"})
    log = project.build().log
    assert ".workdir`: expected `project`, or a folder of it" in log
    assert "as in `workdir: docs/data`" in log
