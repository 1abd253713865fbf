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


def test_where_else(project: Project) -> None:
    """No other folder can be named."""
    project.page('```bash exec workdir="docs"\nls\n```\n')
    built: Any = project.build()

    assert "`workdir`: expected `project`" in built.log.replace('`workdir="docs"`', "`workdir`")
