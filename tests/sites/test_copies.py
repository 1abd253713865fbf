"""Copies of pages that other plugins make, and what is left of Slots: the real plugins, in both orders."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

SITE = """\
site_name: Test
site_url: https://example.org/
theme: {{name: material, features: [content.code.annotate]}}
extra_css: [mine.css]
markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]
plugins:
{plugins}
"""
COPYING = [
    "search",
    "autolinks",
    "llmstxt: {full_output: llms-full.txt, sections: {Usage: [index.md, sub/two.md]}}",
    "print-site",
]
MARKUP = '<div class="codeexec" data-codeexec-slot="{0}"><div data-codeexec-end="{0}"></div></div>'
GUESSES = """\
import hashlib, pathlib
code = pathlib.Path("sample.py").read_text() if pathlib.Path("sample.py").exists() else ""
for number in range(4):
    for text in (code, code.rstrip("\\n")):
        slot = hashlib.sha256(repr(("index.md", number, "python", text)).encode()).hexdigest()[:32]
        print('<div class="codeexec" data-codeexec-slot="' + slot + '">'
              '<div data-codeexec-end="' + slot + '"></div></div>')
"""


def written(root: Path) -> dict[str, bytes]:
    """Return the files of the built site; the date in the sitemap, and what gzip makes of it, left out."""
    site = root / "site"
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file() and "sitemap" not in path.name
    }


@pytest.mark.parametrize("first", [True, False], ids=["codeexec first", "codeexec last"])
def test_copies_of_pages_show_output(project: Project, first: bool) -> None:
    """print-site's page, and the Markdown files and the full text of llmstxt; ids stay unique, nothing of a Slot stays."""
    names = ["codeexec", *COPYING] if first else [*COPYING, "codeexec"]
    project.write("mkdocs.yml", SITE.format(plugins="\n".join(f"  - {name}" for name in names)))
    project.write("docs/mine.css", ".codeexec { color: red }\n")
    project.page(
        "# One\n\n```python exec\nprint('\\33[31moutput one\\33[0m')  # (1)!\n```\n\n1.  a note\n\n"
        f"```python exec\n{GUESSES}```\n\n<!--\n\n```python exec\nprint('never')\n```\n\n-->\n"
    )
    project.page("# Two\n\n[one](../index.md)\n\n```python exec\nprint('output <two>')\n```\n", "sub/two.md")
    project.page("# Three\n", "three.md")
    built = project.build()
    assert 0 == built.status, built.log

    copy = project.html("print_page/index.html")
    streams = project.streams("print_page/index.html")
    assert ["output one", "output <two>"] == [streams[0][1], streams[-1][1]]
    assert ["met"] * 3 == project.verdicts("print_page/index.html")
    own = hashlib.sha256(repr(("index.md", 2, "python", GUESSES.rstrip("\n"))).encode()).hexdigest()[:32]
    assert MARKUP.replace("{0}", own) in streams[1][1], "what is a Slot of the page is output where it was printed"
    ids = re.findall(r'\sid="([^"]+)"', copy)
    assert {"codeexec_1_source", "codeexec_2_stdout", "codeexec_3_stdout"} < set(ids)
    assert [] == [name for name in ids if "codeexec" in name and ids.count(name) > 1]
    assert re.search(
        r"# \(1\)!.*?</div>\s*<ol>\s*<li>a note</li>\s*</ol><div class=\"codeexec-output\">", copy, re.DOTALL
    )
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]*(?:codeexec|mine|print-site)\.css)">', copy)
    assert ["../assets/codeexec.css", "../css/print-site.css", "../mine.css"] == sheets

    texts = [project.html(name) for name in ("index.md", "sub/two/index.md", "llms-full.txt")]
    assert "```\noutput one\n```" in texts[0]
    assert "```\noutput <two>\n```" in texts[1]
    assert "```\noutput one\n```" in texts[2]
    assert "```\noutput <two>\n```" in texts[2]

    for name, content in written(project.root).items():
        assert not name.endswith(".html") or b'<div class="codeexec" data-codeexec-slot' not in content, name
        assert not name.endswith(".html") or b"<div data-codeexec-end" not in content, name


def test_pages_hold_nothing_random(project: Project) -> None:
    """Cold or warm, in one order of the plugins or the other, whatever the order of sets: the same bytes."""
    found = []
    for seed, names in (("1", ["codeexec: {jobs: 1}", *COPYING]), ("2", [*COPYING[:-1], "codeexec", COPYING[-1]])):
        project.write("mkdocs.yml", SITE.format(plugins="\n".join(f"  - {name}" for name in names)))
        project.write("docs/mine.css", "")
        project.page("# One\n\n```python exec\nprint(1)\n```\n\n<!--\n\n```python exec\nprint(2)\n```\n\n-->\n")
        project.page("# Two\n\n```python exec\nprint(3)\n```\n", "sub/two.md")
        assert 0 == project.build(env={"PYTHONHASHSEED": seed}).status
        found.append(written(project.root))

    assert found[0] == found[1]
