from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown.locating import Lines

SNIPPETS = ("pymdownx.superfences", "pymdownx.highlight", "pymdownx.snippets", "attr_list")
SAMPLE = "```rust exec\nf();\n```\n"


def lines_of(text: str, word: str = "exec") -> list[int]:
    return [number for number, line in enumerate(text.split("\n"), 1) if word in line]


def with_snippets(tmp_path: Path) -> dict[str, Any]:
    return {"pymdownx.snippets": {"base_path": [str(tmp_path)], "check_paths": True}}


@pytest.mark.parametrize(
    "text",
    [
        SAMPLE,
        f"\n\n\n{SAMPLE}",
        f"a\n\n{SAMPLE}\n{SAMPLE}\n\n{SAMPLE}",
        "- a\n\n    ```rust exec\n    f();\n    ```\n\n    b\n\n~~~rust exec\ng();\n~~~\n",
        "> ```rust exec\n> f();\n> ```\n\n> > ```rust exec\n> > f();\n> > ```\n",
        "````md\n```rust\n```\n````\n\n```rust exec\n```\n",
        "```rust exec\n\n\n```\n\n\n\n```python exec\n```\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("front", ["", "---\ntitle: x\n---\n", "---\ntitle: x\n---\n\n\n\n"])
def test_lines(convert: Any, text: str, newline: str, front: str) -> None:
    """A sample stands where its header stands in the file, front matter and blank lines counted."""
    disk = (front + text).replace("\n", newline)
    given = text.replace("\n", newline)
    for extensions in (SNIPPETS, ("pymdownx.extra",)):
        _, collected = convert(given.lstrip("\n") if front else given, disk=disk, extensions=extensions)
        assert lines_of(front + text) == collected.lines


def test_include_in_a_fence(convert: Any, tmp_path: Path) -> None:
    """Lines that an include brings into a fence move nothing after it."""
    (tmp_path / "a.rs").write_text("a();\nb();\nc();\n")
    text = f'x\n\n```rust exec\n--8<-- "a.rs"\n```\n\n{SAMPLE}\n; --8<-- no\n\n    ;--8<-- "a.rs"\n\n{SAMPLE}'
    _, collected = convert(text, extensions=SNIPPETS, configs=with_snippets(tmp_path))
    assert lines_of(text) == collected.lines
    assert "a();\nb();\nc();" == collected.codes[0].rstrip("\n")


def test_included_fences(convert: Any, tmp_path: Path) -> None:
    """A fence that comes from an include stands where the include does, also if several follow each other."""
    (tmp_path / "one.md").write_text(f"text\n\n{SAMPLE}\n{SAMPLE}")
    (tmp_path / "two.md").write_text(f'\n--8<-- "one.md"\n{SAMPLE}')
    text = f'{SAMPLE}\n--8<-- "one.md"\n--8<-- "two.md"\n\n{SAMPLE}\n--8<--\none.md\n\none.md\n--8<--\n\n{SAMPLE}'
    _, collected = convert(text, extensions=SNIPPETS, configs=with_snippets(tmp_path))
    assert [1, 5, 5, 6, 6, 6, 8, 12, 12, 12, 12, 18] == collected.lines


def test_sections_and_missing_files(convert: Any, tmp_path: Path) -> None:
    """Directives that leave nothing behind move nothing."""
    (tmp_path / "a.md").write_text(f"no\n--8<-- [start:s]\n{SAMPLE}--8<-- [end:s]\nno\n")
    text = f'<!-- --8<-- [start:x] -->\n{SAMPLE}--8<-- "gone.md"\n\n--8<-- "a.md:s"\n\n{SAMPLE}'
    configs = {"pymdownx.snippets": {"base_path": [str(tmp_path)]}}
    _, collected = convert(text, extensions=SNIPPETS, configs=configs)
    assert [2, 7, 9] == collected.lines


def test_nothing_is_left_of_stamps(convert: Any, tmp_path: Path) -> None:
    """Stamps leave every character of a page as it was, whatever characters its author uses."""
    (tmp_path / "a.md").write_text("included\n")
    odd = "".join(chr(0x10F800 + step * 16) for step in range(5))
    text = f'a  \nb\\\n\n    code  \n\n{odd}1\n\n--8<-- "a.md"\n\n`--8<--` ;8<-\n\n```text\n \x0b x \n```\n'
    configs = with_snippets(tmp_path)
    for page in (text, text.replace("\n", "\r\n")):
        html, _ = convert(page, extensions=SNIPPETS, configs=configs)
        assert convert.without(page, extensions=SNIPPETS, configs=configs) == html


def test_every_stamp_is_taken(convert: Any, tmp_path: Path) -> None:
    """A page that uses every character that stamps could be made of is converted without them."""
    (tmp_path / "a.md").write_text("x\n")
    text = "".join(map(chr, range(0x10F800, 0x10FFFE))) + f"\n\n{SAMPLE}"
    html, collected = convert(text, extensions=SNIPPETS, configs=with_snippets(tmp_path))
    assert chr(0x10F800) in html
    assert [3] == collected.lines


def test_lines_taken_away_by_other_extensions(convert: Any) -> None:
    """Extensions that take lines away between snippets and fences do not move samples, alike as they may be."""
    text = f"---\na: b\n---\n\n{{>> two\nlines <<}}\n\n{SAMPLE}\n{{--x\ny--}}\n\n{SAMPLE}\n{SAMPLE}"
    extensions = (*SNIPPETS, "pymdownx.critic", "meta")
    configs = {"pymdownx.critic": {"mode": "accept"}}
    _, collected = convert(text, extensions=extensions, configs=configs)
    assert lines_of(text) == collected.lines


def test_preserved_tabs(convert: Any) -> None:
    """Tabs are kept in samples whatever the spelling of the header, and lines stay right."""
    text = "x\n\n```python exec timeout=3\nif 1:\n\tx\n```\n\n-\ty\n\n\t```python,exec\n\tif 1:\n\t\tx\n\t```\n"
    configs = {"pymdownx.superfences": {"preserve_tabs": True}}
    html, collected = convert(text, extensions=(*SNIPPETS, "pymdownx.critic"), configs=configs)
    assert ["if 1:\n\tx", "if 1:\n\tx"] == collected.codes
    assert [3, 10] == collected.lines
    assert 2 == html.count("data-codeexec-slot")


@pytest.mark.parametrize(
    ("changed", "disk", "expected"),
    [
        (f"# {{ title }}\n\n{SAMPLE}", f"# Title\n\n{SAMPLE}", [3]),
        (f"one\ntwo\nthree\n\n{SAMPLE}\n{SAMPLE}", f"{{{{ three() }}}}\n\n{SAMPLE}\n{SAMPLE}", [3, 7]),
        (f"# Added\n\nx\n\n{SAMPLE}\nend", f"---\nt: 1\n---\n\nx\n\n{SAMPLE}\nend", [7]),
        (f"x\n\n{SAMPLE}\ny\n\n{SAMPLE}\nend", f"x\n\n{{{{ sample() }}}}\n\ny\n\n{SAMPLE}\nend", [3, 7]),
        (f"x\n{SAMPLE}", "quite\nsomething\nelse\n", [1]),
        (SAMPLE, "", [1]),
    ],
)
def test_text_changed_by_other_plugins(convert: Any, changed: str, disk: str, expected: list[int]) -> None:
    """Where a plugin has changed the text, lines are found by comparing; what it made stands where it was made."""
    _, collected = convert(changed, disk=disk, extensions=SNIPPETS)
    assert expected == collected.lines


def test_one_markdown_object_for_many_pages(convert: Any) -> None:
    """Nothing of one conversion gets into the next."""
    import markdown

    from mkdocs_codeexec.markdown.extension import CodeExecExtension, PageContext

    _, collected = convert("")
    md = markdown.Markdown(extensions=[*SNIPPETS, CodeExecExtension(collected, {"rust": RUST})])
    for before in ("\n\n", "", "a\n\nb\n\n"):
        collected.context = PageContext("a.md", before + SAMPLE)
        md.reset()
        md.convert(before + SAMPLE)
    assert [3, 1, 5] == collected.lines


def test_disk_unknown() -> None:
    """Without a file the line is that of the Markdown text."""
    lines = Lines()
    lines.begin(["", "```rust exec", "```"])
    assert 2 == lines.find(1, "```rust exec", None)
    assert 1 == Lines().find(7, "```rust exec", "")


PIECES = [
    SAMPLE,
    "text\n\n",
    "\n",
    '--8<-- "one.md"\n\n',
    "--8<--\none.md\n--8<--\n\n",
    "- item\n\n",
    "{>> a\nb <<}\n\n",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60 * TIMES, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["", "---\na: b\n---\n"]))
def test_any_order(convert: Any, tmp_path: Path, pieces: list[str], front: str) -> None:
    """Samples and includes are found in any order of things around them."""
    (tmp_path / "one.md").write_text("x\n\n```python exec\n```\n\n")
    text = "".join(pieces)
    _, collected = convert(
        text,
        disk=front + text,
        extensions=(*SNIPPETS, "pymdownx.critic"),
        configs=with_snippets(tmp_path),
    )
    expected = []
    block = False
    for number, line in enumerate((front + text).split("\n"), 1):
        if line == "--8<--":
            block = not block
        if line == "```rust exec" or '-- "' in line or (line == "--8<--" and block):
            expected.append(number)
    assert expected == collected.lines
