"""Pages that include files as mdBook does."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.including import NotIncludedError
from mkdocs_codeexec.hosts.included import LARGEST, Included

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIN = "fn main() {\n    // ANCHOR: say\n    println!();\n    // ANCHOR_END: say\n}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with pages and a program."""
    for name in ("project/docs/guide", "project/src"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "project/src/main.rs").write_text(MAIN)
    (tmp_path / "project/docs/part.md").write_text("## Part\n\n```rust exec\npart();\n```\n")
    (tmp_path / "outside.rs").write_text("secret();\n")
    return tmp_path / "project"


@pytest.fixture
def converted(project: Path, convert: Any) -> Callable[..., tuple[str, Any]]:
    """Convert a page of the project."""
    read = Included(project, project / "docs").read
    return functools.partial(convert, extensions=("pymdownx.superfences",), page="guide/a.md", includes=read)


@pytest.mark.parametrize("more", [(), ("pymdownx.snippets",)], ids=["alone", "snippets"])
@pytest.mark.parametrize("front", ["", "---\na: 1\n---\n"], ids=["bare", "front matter"])
def test_samples(converted: Any, more: tuple[str, ...], front: str) -> None:
    """What runs, with the lines that their author sees; what snippets bring is told at its line, too."""
    text = (
        "Words.\n\n```rust exec\n{{#rustdoc_include ../../src/main.rs:say}}\n```\n\n{{#playground ../../src/main.rs exec}}\n\n"
        "> ```rust exec\n> {{#include ../../src/main.rs:say}}\n> ```\n\n"
        "- x\n\n    ```rust exec\n    {{#include ../../src/main.rs:2:4}}\n    ```\n\n{{#include ../part.md}}\n"
    )
    _, found = converted(text, extensions=("pymdownx.superfences", *more), disk=front + text)

    lines = MAIN.split("\n")
    hidden = "# fn main() {\n    println!();\n# }"
    assert [hidden, MAIN.rstrip(), "    println!();", "\n".join(lines[1:4]), "part();"] == found.codes
    assert [3, 7, 9, 15, 19] == [line - front.count("\n") for line in found.lines]
    assert not found.problems


def test_text(project: Path, converted: Any) -> None:
    """Without a fence, and with a blank line at the start of what is included."""
    (project / "docs/blank.md").write_text("\n\n**bold**\n")
    html, found = converted("a {{#include ../../src/main.rs:5}} \\{{#include b}}\n\n{{#include ../blank.md}}\n\nz\n")

    assert "<p>a } {{#include b}}</p>\n<p><strong>bold</strong></p>\n<p>z</p>" == html
    assert not found.problems


def test_only_where_it_is_asked_for(convert: Any) -> None:
    """Without the option nothing is read, and a sample says what to write."""
    _, found = convert("```rust exec\n{{#include ../a.rs}}\n```\n")

    assert ["1: `{{#include ../a.rs}}` is of mdBook, and MkDocs does not know it"] == found.messages
    assert "`includes: mdbook`" in found.problems[0].hint


@pytest.mark.parametrize(
    ("message", "hint", "file"),
    [
        ("there is no such file", "did you mean `main.rs`?", "../../src/mian.rs"),
        ("there is no such file", "did you mean `src`?", "../../srcs/main.rs"),
        ("there is no such file", "", "../../src/zzzz"),
        ("`../../src/main.rs` has no anchor `sya`", "did you mean `say`? it has `say`", "../../src/main.rs:sya"),
        ("the file is not within the project", "it is to be", "../../../outside.rs"),
        ("the file is not within the project", "it is to be", "../../src/../../outside.rs"),
        ("the path is absolute", "files are named", "/etc/passwd"),
        ("the file, or a folder on the way, is hidden", "`.env` and `.git`", "../../.env"),
        ("the file, or a folder on the way, is hidden", "`.env` and `.git`", "../../src/../.git/config"),
        ("it is a symbolic link", "write where", "../../link.rs"),
        ("a folder on the way is a link, or no folder", "no link", "../../folder/outside.rs"),
        ("a folder on the way is a link, or no folder", "no link", "../../src/main.rs/x"),
        (f"it is larger than {LARGEST} bytes", "", "../../large"),
        ("it is no text in UTF-8", "", "../../binary"),
        ("it is not a regular file", "write where", "../../src"),
        ("it is not a regular file", "write where", "../../pipe"),
    ],
)
def test_what_cannot_be_included(project: Path, converted: Any, message: str, hint: str, file: str) -> None:
    """Is told at its line, stays on the page, and the sample around it is not executed."""
    (project / "link.rs").symlink_to(project.parent / "outside.rs")
    (project / "folder").symlink_to(project.parent)
    (project / "large").write_bytes(b"x" * (LARGEST + 1))
    (project / "binary").write_bytes(b"\xff\xfe\x00")
    os.mkfifo(project / "pipe")
    (project / ".env").write_text("secret")
    written = f"{{{{#include {file}}}}}"
    html, found = converted(f"\n```rust exec\nx();\n{written}\n```\n\n```rust exec\ny();\n```\n")

    assert [f"4: `{written}` is not included: {message}"] == found.messages
    assert found.problems[0].hint.startswith(hint)
    assert [f"`{written}` is not included", ""] == found.refusals
    assert "secret" not in html


def test_what_was_read_is_known(project: Path) -> None:
    """For `serve`: also what should have been there."""
    included = Included(project, project / "docs")
    text, folder = included.read("guide/a.md", "../part.md", "")
    with pytest.raises(NotIncludedError):
        included.read("guide/a.md", "b.rs", folder)

    assert text.startswith("## Part")
    assert {project / "docs/part.md", project / "docs/b.rs"} == included.paths


def test_titles(converted: Any) -> None:
    """Of mdBook's chapters are told once."""
    _, found = converted("{{#title A}}\n\ntext\n")

    assert ["1: `{{#title}}` of mdBook has no meaning here"] == found.messages


def test_outside_of_any_page(converted: Any) -> None:
    """Nothing is read."""
    html, _ = converted("{{#include ../part.md}}", outside=True)

    assert "<p>{{#include ../part.md}}</p>" == html
