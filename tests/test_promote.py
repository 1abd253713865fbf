"""`codeexec promote`, by real runs of real sites."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import forks

from mkdocs_codeexec.commands.promoting.files import Page
from mkdocs_codeexec.markdown.editing import UneditableError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

PAGE = """\
# Sums

```python exec name="sum"
print(1 + 2)
for n in range(5): print("line", n)
```

- In a list

    ```text output_of="sum"
    4
    line 0
    ...
    line 3
    ```

> ```text output_of="sum"
> 3
> ...
> ```

!!! note

    ~~~text output_of title="All of it"
    ~~~

The end,  \t
without a line end"""

AFTER = PAGE.replace(
    "    4\n    line 0\n    ...\n    line 3\n", "    3\n    line 0\n    ...\n    line 3\n    line 4\n"
).replace(
    '    ~~~text output_of title="All of it"\n',
    '    ~~~text output_of title="All of it"\n    3\n' + "".join(f"    line {n}\n" for n in range(5)),
)


def promote(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run(
        "mkdocs_codeexec.cli", "promote", *args, cwd=project.root, env=os.environ | project.env, timeout=120
    )


def fences(sample: str, held: str, language: str = "bash", header: str = "") -> str:
    return f"```{language} exec {header}\n{sample}\n```\n\n```text output_of\n{held}\n```\n\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_was_printed_is_written_in_place(project: Project, end: str) -> None:
    """All else stays byte for byte, and the file its own; a second time changes nothing, and the site is built."""
    page = project.write("docs/index.md", "")
    page.write_bytes(b"\xef\xbb\xbf" + PAGE.replace("\n", end).encode())
    page.chmod(0o640)
    done = promote(project)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "docs/index.md:10: written\ndocs/index.md:24: written\n3 fences with `output_of`: 2 written\n" == done.stdout
    assert b"\xef\xbb\xbf" + AFTER.replace("\n", end).encode() == page.read_bytes()
    assert 0o640 == stat.S_IMODE(page.stat().st_mode)
    assert ["index.md"] == [path.name for path in page.parent.iterdir()]
    assert {"samples": 4, "cached": 1, "met": 4, "compared": 3} == project.build().counts
    again = promote(project)
    assert (0, "3 fences with `output_of`: 0 written\n") == (again.returncode, again.stdout)


def test_a_patch_does_the_same(project: Project) -> None:
    """`--check` writes nothing, and exits with 1 if there is anything; what it prints `patch -p1` takes, or git."""
    page = project.write("docs/a page.md", "")
    page.write_bytes(PAGE.replace("\n", "\r\n").encode())
    project.page("```bash exec\necho\n```\n\n```text output_of\n1\n```")
    before = page.read_bytes()
    done = promote(project, "--check")

    assert 1 == done.returncode, done.stderr
    assert before == page.read_bytes()
    assert "4 fences with `output_of`: 3 to be written" in done.stderr
    patch = project.root / "it.patch"
    with patch.open("wb") as file:
        subprocess.run(
            [sys.executable, "-m", "mkdocs_codeexec.cli", "promote", "--check"],
            cwd=project.root, env=os.environ | project.env, stdout=file, stderr=subprocess.DEVNULL, check=False, timeout=120,
        )  # fmt: skip
    for command in (["patch", "-p1", "--binary", "-i", "it.patch"], ["git", "apply", "-p1", "it.patch"]):
        if shutil.which(command[0]):
            subprocess.run(command, cwd=project.root, check=True, timeout=60)
            assert AFTER.replace("\n", "\r\n").encode() == page.read_bytes()
            assert (project.root / "docs/index.md").read_text().endswith("```text output_of\n```")
            page.write_bytes(before)
            project.page("```bash exec\necho\n```\n\n```text output_of\n1\n```")
    assert 0 == promote(project).returncode
    assert 0 == promote(project, "--check").returncode


def test_what_does_not_repeat_is_told_and_not_written(project: Project) -> None:
    """Unless what is to be written stands for every run."""
    project.page(
        fences("echo a; echo $RANDOM$RANDOM", "b\n1")
        + fences("echo a; echo $RANDOM$RANDOM", "b\n[..]")
        + fences("echo a; echo $RANDOM$RANDOM", "b\n...")
        + fences("echo a", "b")
    )
    done = promote(project)
    text = (project.root / "docs/index.md").read_text()

    assert 1 == done.returncode
    assert (
        "docs/index.md:5: left as it is, it does not repeat: what changes can be written as `[..]`, or as a line `...`\n| --- the first run\n| +++ printed by the second run\n|  a\n| -"
        in done.stdout
    )
    assert "4 fences with `output_of`: 3 written, 1 left\n" in done.stdout
    assert ["b\n1", "a\n[..]", "a\n...", "a"] == [part.partition("\n```")[0] for part in text.split("output_of\n")[1:]]


def test_what_failed_otherwise_is_left(project: Project) -> None:
    """As is what is suspended or ignored, and a fence that is a mistake; others are written."""
    project.page(
        fences("echo a; exit 1", "b")
        + fences("echo a", "b", header='requires="env:NOPE"')
        + fences("echo a", "b", header="ignore")
        + "```text output_of=nobody\nb\n```\n\n"
        + fences("echo a; exit 3", "b", header="exit=3")
    )
    done = promote(project, "--json")
    report = json.loads(done.stdout)

    assert 3 == done.returncode
    assert ["left", "skipped", "skipped", "left", "written"] == [sample["state"] for sample in report["samples"]]
    assert [
        "`docs/index.md:1` did not meet its expectation",
        "missing: `env:NOPE`, which `docs/index.md:9` requires",
        "ignored",
    ] == [sample["why"] for sample in report["samples"][:3]]
    assert {"fences": 5, "matches": 2, "differs": 0, "written": 1, "left": 2} == report["counts"]
    assert "-b\n+a\n" in report["patch"]
    assert 1 == (project.root / "docs/index.md").read_text().count("\na\n")


def test_pages_are_chosen(project: Project) -> None:
    """By either of their names; of others nothing is executed that is not needed."""
    project.page('```text output_of="b.md#b"\n```\n\n```bash exec\nexit 1\n```\n')
    project.page('```bash exec name="b"\necho b\n```\n\n```text output_of\n```\n', "b.md")
    wrong = promote(project, "inde.md")
    done = promote(project, "docs/index.md")

    assert 2 == wrong.returncode
    assert "there is no page `inde.md`\n\nhint: did you mean `index.md`?" in wrong.stderr
    assert "docs/index.md:1: written\n1 fence with `output_of`: 1 written\n" == done.stdout
    assert "executing 1 of 1 sample" in done.stderr
    assert "output_of\n```" in (project.root / "docs/b.md").read_text()
    assert 0 == promote(project, "b.md").returncode


def test_what_is_in_no_page_is_told_and_left(project: Project) -> None:
    """An include is a file of its own; so is what a link leads to, if it is elsewhere."""
    outside = project.write("outside.md", fences("echo a", "b"))
    project.write("part.md", "```text output_of\nb\n```\n")
    project.write("held.txt", "b\n")
    project.page('```bash exec\necho a\n```\n\n--8<-- "part.md"\n\n```text output_of\n--8<-- "held.txt"\n```\n')
    (project.root / "docs/link.md").symlink_to("../outside.md")
    project.page(fences("echo a", "b"), "real/file.md")
    (project.root / "docs/inner.md").symlink_to("real/file.md")
    done = promote(project)

    assert 1 == done.returncode
    assert "docs/index.md:5: left as it is, it is not in the file of the page: an include brings it" in done.stdout
    assert "docs/index.md:7: left as it is, it holds another text than the file of the page" in done.stdout
    assert "docs/link.md:5: left as it is, the file of the page is outside of `docs_dir`" in done.stdout
    assert fences("echo a", "b") == outside.read_text()
    assert fences("echo a", "a") == (project.root / "docs/real/file.md").read_text()
    assert (project.root / "docs/inner.md").is_symlink()


def test_output_that_a_page_would_obey_is_not_written(project: Project) -> None:
    project.page(fences("echo '--8<-- \"/etc/passwd\"'", "b") + fences("printf 'a\\x01'", "b"))
    done = promote(project)

    assert 1 == done.returncode
    assert "it printed `-8<-`, which a page takes for an include" in done.stdout


def test_a_page_that_has_changed_is_not_written(tmp_path: Path) -> None:
    """Since its host has read it, or since we have."""
    page = tmp_path / "a.md"
    page.write_text("one\r\n")
    with pytest.raises(UneditableError, match="has changed since it was read"):
        Page(tmp_path, "a.md", "two\n")
    opened = Page(tmp_path, "a.md", "one\n")
    page.write_text("changed\n")
    with pytest.raises(UneditableError, match="has changed since it was read"):
        opened.write("two\n")

    assert "changed\n" == page.read_text()
    assert ["a.md"] == [path.name for path in tmp_path.iterdir()]


def test_a_page_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("one\n")
    opened = Page(tmp_path, "a.md", "one\n")
    page.unlink()
    page.symlink_to("/etc/hostname")
    with pytest.raises(UneditableError, match=r"cannot be|can be read"):
        opened.write("two\n")

    assert page.is_symlink()
    assert ["a.md"] == [path.name for path in tmp_path.iterdir()]


def test_comments_of_other_tools_are_adopted(project: Project) -> None:
    """Nothing is executed; what is no sample's, or is adopted already, stays; then all of it is compared."""
    comment = "<!--pytest-codeblocks:expected-output-->"
    before = (
        f"```python exec\nprint(1)\n```\n\n{comment}\n\n```\n1\n```\n\n"
        f"```python\nprint(2)\n```\n\n{comment}\n\n```\n2\n```\n\n"
        f"> ```python exec\n> print(3)\n> ```\n>\n> {comment}\n>\n> ~~~text title='x'\n> 3\n> ~~~\n\n"
        f"```python exec\nprint(4)\n```\n\n{comment}\n\n``` {{.text}}\n4\n```\n\n"
        '- x\n\n    ```rust exec\n    let x = 1;\n    println!("{x}"); // prints: 1\n    println!("{}!", x + 1); // prints: 2!\n    ```\n'
    )
    after = (
        before.replace("```\n1\n", "```text output_of\n1\n", 1).replace(
            "~~~text title='x'", "~~~text title='x' output_of"
        )
        + "\n    ```text output_of\n    1\n    2!\n    ```\n"
    )
    project.page(before)
    project.page("# No samples\n", "empty.md")
    check = promote(project, "--adopt", "--check")
    assert before == (project.root / "docs/index.md").read_text()
    report = json.loads(promote(project, "--adopt", "--check", "--json").stdout)
    done = promote(project, "--adopt")
    adopted = (project.root / "docs/index.md").read_text()

    assert (1, 0) == (check.returncode, done.returncode), done.stderr
    assert "+    ```text output_of\n+    1\n+    2!\n+    ```\n" in check.stdout
    assert check.stdout == report["patch"]
    assert (
        "docs/index.md:7: adopted\ndocs/index.md:27: adopted\ndocs/index.md:47: adopted\n3 fences adopted\n"
        == done.stdout
    )
    assert "executing" not in done.stderr
    assert after == adopted
    assert "0 fences adopted\n" == promote(project, "--adopt").stdout
    assert (0, 3) == ((built := project.build()).status, built.counts["compared"]), built.log


def test_consoles_that_are_verified_are_written(project: Project) -> None:
    """Under each command what it prints; commands, blank lines and wildcards that match stay as they are."""
    page = (
        "> ```console exec verify\n> $ seq 3; echo end\n> 1\n> ...\n> no\n>\n> $ true\n> old\n> ```\n\n"
        "```pycon exec verify\n>>> [1, 2]\n[1]\n>>> 1 / 0\nTraceback (most recent call last):\n  ...\nZeroDivisionError: division by zero\n```\n\n"
        "```console exec verify\n$ echo '$ ls'\nx\n```\n\n```console exec\n$ echo a\nb\n```\n"
    )
    project.page(page)
    done = promote(project)

    after = page.replace("> no\n", "> end\n").replace("> old\n", "").replace("\n[1]\n", "\n[1, 2]\n")
    assert after == (project.root / "docs/index.md").read_text("utf-8"), done.stdout + done.stderr
    assert "an output holds a line that begins like a command" in done.stdout
    assert 1 == done.returncode


def test_an_exception_that_nobody_expects_is_not_written(project: Project) -> None:
    """It would be expected from then on, whatever else of the console is to be written."""
    page = (
        "```pycon exec verify\n>>> 5\n4\n>>> 1 / 0\n```\n\n```pycon exec verify\n>>> 5\n4\n>>> def f(:\n```\n\n"
        "```console exec verify\n$ echo a\nb\n$ false\n```\n"
    )
    project.page(page)
    done = promote(project)

    assert page == (project.root / "docs/index.md").read_text("utf-8"), done.stdout + done.stderr
    assert "it raised `ZeroDivisionError: division by zero`, and no traceback is written under it" in done.stdout
    assert "it raised `SyntaxError: invalid syntax`, and no traceback is written under it" in done.stdout
    assert "`$ false`: exit status 1" in done.stdout
    assert 1 == done.returncode
