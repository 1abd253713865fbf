"""Beside other tools that take fences: markdown-exec, mkdocstrings, gen-files; and languages that nobody takes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project

SITE = """\
site_name: Test
theme: {{name: mkdocs}}
markdown_extensions: [admonition, pymdownx.highlight, pymdownx.superfences]
plugins: {plugins}
"""
QUIET = {"DISABLE_MKDOCS_2_WARNING": "true"}  # gen-files writes a page about MkDocs otherwise


def configure(project: Project, *plugins: Any) -> None:
    project.write("mkdocs.yml", SITE.format(plugins=json.dumps(plugins)))


PYTHON = """\
```python exec="on" source="above"
print("**one**")
```

```py exec="1"
print("**two**")
```

```tree
a
  b
```

~~~python exec="off"
shown
~~~
"""
BOTH = "WARNING -  codeexec: docs/index.md:1: `python` fences with `exec` are executed here, and `markdown-exec` would"


@pytest.mark.parametrize("first", [True, False], ids=["markdown-exec first", "markdown-exec last"])
@pytest.mark.parametrize(
    ("options", "theirs", "ours", "told"),
    [
        pytest.param({}, {}, True, 1, id="both"),
        pytest.param({}, {"languages": ["bash", "tree"]}, True, 0, id="told there"),
        pytest.param({"languages": {"python": {"run": "none"}}}, {}, False, 0, id="told here"),
        pytest.param({"enabled": False}, {}, False, 0, id="disabled"),
    ],
)
def test_markdown_exec(
    project: Project,
    options: dict[str, Any],
    theirs: dict[str, Any],
    told: int,
    *,
    ours: bool,
    first: bool,
) -> None:
    """We take what we execute, they get all else as it is; where both could, that is said once, and what to do works."""
    plugins = [{"markdown-exec": theirs}, {"codeexec": options}]
    configure(project, *(plugins if first else plugins[::-1]))
    project.page(PYTHON)
    built = project.build()

    assert 0 == built.status, built.log
    assert told == built.log.count("would execute them too")
    assert told == built.log.count(BOTH)
    assert ("`languages: {python: {run: none}}` of `codeexec`" in built.log) == bool(told)
    assert (["met", "met"] if ours else []) == project.verdicts()
    assert ours == (("stdout", "**one**") in project.streams())
    assert ours != ("<strong>one</strong>" in project.html())
    assert ours != ("<strong>two</strong>" in project.html())
    assert "└──" in project.html()
    assert "shown" in project.html()
    assert "```" not in project.html()


def test_fences_that_nobody_executes(project: Project) -> None:
    """Words of other tools stay as they are: the page is the same without the plugin, and a strict build is content."""
    text = (
        '{open}{{.python test="skip" lint="skip"}}\nx = 1\n{close}\n\n```{{.bash timeout="10s" run="make docs"}}\nmake\n```\n\n'
        "~~~{{.python .exec-later #here}}\ny\n~~~\n"
    ).format(open="```", close="```")
    project.page(text)
    configure(project, {"codeexec": {}})
    built = project.build("--strict")
    page = re.compile(r'role="main">(.*?)<footer', re.DOTALL)
    with_us = page.findall(project.html())
    configure(project, "search")

    assert 0 == built.status, built.log
    assert 0 == project.build("--strict").status
    assert with_us == page.findall(project.html())

    configure(project, {"codeexec": {}})
    project.page(
        'a\n\n```bash test\nexit 3\n```\n\n```python test="x" foo\ny\n```\n\n```python exec result="code"\nprint(1)\n```\n'
    )
    built = project.build("--strict")  # MkDocs alone would show the first two as text
    assert 0 == built.status, built.log
    assert [("stdout", "1")] == project.streams()
    assert 1 == built.log.count('`result="code"` is not a way to show output, so it is shown as text')
    assert "```" not in project.html()


# Language, code as it is written there, what the hint says, and what works then: language, code and its output.
INSTEAD: dict[str, tuple[str, str, str, str, str]] = {
    "terminal": ("echo hi", "write `bash exec`", "bash", "echo hi", "hi"),
    "zsh-session": (
        "% echo hi",
        "write `console exec`, in which a command begins with `$ `",
        "console",
        "$ echo hi",
        "",
    ),
    "ipython": ("1 + 1", "write `pycon exec`, in which a command begins with `>>> `", "pycon", ">>> 1 + 1", ""),
    "zsh": ("echo hi", '`languages: {zsh: {command: [zsh, "{file}"]}}`', "zsh", "print -P %B", ""),
    "perl": ("print 1;", '`languages: {perl: {command: [perl, "{file}"]}}`', "perl", "print 1 + 1;", "2"),
    "js": ("0", '`languages: {js: {command: [node, "{file}"]}}`', "js", "console.log(2)", "2"),
}


def test_a_language_that_is_not_set_up_is_a_failure(project: Project) -> None:
    """It is told once, with what to write instead, and the build fails like one with any other sample that fails."""
    project.configure()
    project.page("".join(f"```{name} exec\n{code}\n```\n\n" for name, (code, *_) in INSTEAD.items()))
    built = project.build()

    assert 1 == built.status
    assert ["error"] * len(INSTEAD) == project.verdicts()
    assert {"samples": len(INSTEAD), "error": len(INSTEAD)} == built.counts
    for name, (_, hint, *_) in INSTEAD.items():
        said = rf"ERROR +-  codeexec: docs/index\.md:\d+: `{name}` is not set up as a language.*\n\n?hint: (.*)"
        assert [True] == [hint in found for found in re.findall(said, built.log)], built.log
    assert "WARNING" not in built.log
    assert "is not set up as a language, so this is not executed</p>" in project.html()

    project.configure({"fail_on_error": False})
    assert 0 == project.build().status
    assert 1 == project.build("--strict").status
    project.configure({"enabled": False})
    assert 0 == project.build("--strict").status


def test_what_is_said_to_do_works(project: Project) -> None:
    """Each hint of the test before, done."""
    there = {name: row for name, row in INSTEAD.items() if row[2] in ("bash", "console", "pycon") or _installed(row[1])}
    setups = "".join(f"{hint[13:-2]}, " for _, hint, *_ in there.values() if hint.startswith("`languages"))
    project.write(
        "mkdocs.yml",
        SITE.format(plugins=f"[codeexec: {{languages: {{{setups.rstrip(', ')}}}}}]"),
    )
    project.page("".join(f"```{name} exec\n{code}\n```\n\n" for _, _, name, code, _ in there.values()))
    built = project.build("--strict")

    assert 0 == built.status, built.log
    assert [text for *_, text in there.values() if text] == [text for _, text in project.streams() if text.strip()]


def _installed(hint: str) -> bool:
    found = re.search(r"command: \[(\w+)", hint)
    return found is not None and shutil.which(found[1]) is not None


MODULE = '''\
"""A module.

```python exec
print("in a module")
```
"""


def f(a):
    """Do f.

    ```python exec
    x = 1
    1 / 0
    ```

    Args:
        a: The a.

            ```python exec
            raise ValueError("in args")
            ```
    """


class C:
    def g(self):
        """

        ```cobol exec
        x
        ```
        """
'''
API = """\
# API

```text
::: pk.m
```

```python exec
print("of the page")
```

::: pk.m

```python exec
2 / 0
```

!!! note

    ::: pk.m.C
"""


def test_samples_in_docstrings_and_on_generated_pages(project: Project) -> None:
    """They are told at the line of `:::` with object and line of the docstring, and as pages under `docs_dir`."""
    project.write("pk/__init__.py", "")
    project.write("pk/m.py", MODULE)
    project.write(
        "gen.py",
        "import mkdocs_gen_files\n"
        "with mkdocs_gen_files.open('sub/gen.md', 'w') as f:\n"
        "    f.write('# G\\n\\n```python exec\\n3 / 0\\n```\\n\\n::: pk.m.f\\n')\n"
        "with mkdocs_gen_files.open('zz.md', 'w') as f:\n"
        "    f.write('---\\ntitle: t\\n---\\n\\n\\n## ::: pk.m.f\\n')\n",
    )
    configure(
        project,
        {"gen-files": {"scripts": ["gen.py"]}},
        {"mkdocstrings": {"handlers": {"python": {"paths": ["."]}}}},
        {"codeexec": {}},
    )
    project.page(API)
    built = project.build(env=QUIET)

    assert 1 == built.status
    heads = re.findall(r"ERROR +-  codeexec: (docs/.*)", built.log)
    assert [
        (
            "docs/index.md:11, in the docstring of pk.m.C.g (line 1): `cobol` is not set up as a language, "
            "so this is not executed (and 1 more)"
        ),
        "docs/index.md:11, in the docstring of pk.m.f (line 3): exit status 1",
        "docs/index.md:11, in the docstring of pk.m.f (line 11): exit status 1",
        "docs/index.md:13: exit status 1",
        "docs/zz.md:6, in the docstring of pk.m.f (line 3): exit status 1",
        "docs/zz.md:6, in the docstring of pk.m.f (line 11): exit status 1",
        "docs/sub/gen.md:3: exit status 1",
        "docs/sub/gen.md:7, in the docstring of pk.m.f (line 3): exit status 1",
        "docs/sub/gen.md:7, in the docstring of pk.m.f (line 11): exit status 1",
    ] == heads, built.log
    assert "docs/index.md:19, in the docstring of pk.m.C.g (line 1)" in built.log
    assert built.run is not None
    within = [sample.get("within", "") for sample in built.run["samples"]]
    assert ["", "in the docstring of pk.m (line 3)"] == within[:2]
    within = " --> docs/index.md:11, in the docstring of pk.m.f (line 3)\n  1 | x = 1\n> 2 | 1 / 0\n"
    assert within in built.log
    assert 'File "docs/sub/gen.md", line 4, in <module>' in built.log


def test_frames_of_a_language_that_is_python_by_another_name(project: Project) -> None:
    """The innermost line and the exception are told and marked, whatever the language is called; and after an odd fence."""
    project.configure(
        {
            "languages": {
                "mypython": {"command": ["{python}", "{file}"]},
                "other": {"command": [str(Path(sys.executable).resolve()), "{file}"], "extension": "txt"},
            }
        }
    )
    code = "def f():\n    raise ValueError('no')\n\nf()\n"
    project.page(
        f"```mypython exec\n{code}`````\n\n> ~~~other exec\n"
        + "".join(f"> {line}\n" for line in code.split("\n"))
        + "> ~~~\n"
    )
    built = project.build()

    assert [True, True] == [f" --> docs/index.md:{line}\n" in built.log for line in (3, 10)], built.log
    assert [True, True] == [f'File "docs/index.md", line {line}, in f' in built.log for line in (3, 10)]
    assert 2 == len(re.findall(r"codeexec-mark-error", project.html()))
