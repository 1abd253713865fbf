"""What the plugin leaves alone: pages without samples, and the list of files that other plugins go through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

PLAIN = """\
# Plain

A paragraph
```rust
fn main() {}
```
goes on.

```python hl_lines="1"
print(1)
```

``` { .python .big linenums=False }
print(2)
```

    indented

1.  item

    ```python
    in_a_list
    ```
"""
SITES = [
    pytest.param("mkdocs", "", id="mkdocs"),
    pytest.param(
        "readthedocs", "markdown_extensions: [{codehilite: {guess_lang: false, linenums: true}}]\n", id="codehilite"
    ),
    pytest.param("material", "markdown_extensions: [pymdownx.inlinehilite]\n", id="another highlighter"),
    pytest.param(
        "material",
        "markdown_extensions: [attr_list, {pymdownx.highlight: {anchor_linenums: true}}, pymdownx.superfences]\n",
        id="superfences",
    ),
]


def undated(page: str) -> str:
    """Return `page` without the time of the build, which themes put into it."""
    return re.sub(r"Build Date UTC : .*", "", page)


@pytest.mark.parametrize(("theme", "extensions"), SITES)
def test_a_page_without_samples_is_the_same(project: Project, theme: str, extensions: str) -> None:
    """Byte for byte, stylesheet and all, whatever stands on the other pages; and so is all else that is written."""
    site = f"site_name: Test\ntheme: {theme}\nextra_css: [mine.css]\n{extensions}"
    project.page(PLAIN)
    project.page("# Other\n\n```python exec\nprint('x')\n```\n", "other.md")
    project.write("docs/mine.css", "")
    project.write("mkdocs.yml", site)
    assert 0 == project.build().status
    before = {name: undated(project.html(name)) for name in ("index.html", "404.html")}
    index = project.html("search/search_index.json")

    project.write("mkdocs.yml", site + "plugins: [search, codeexec]\n")
    built = project.build()
    assert 0 == built.status, built.log
    assert before == {name: undated(project.html(name)) for name in before}
    assert index != project.html("search/search_index.json"), "output can be searched for"
    sheets = re.findall(r'href="(?:\.\./)?((?:assets/codeexec|mine)\.css)"', project.html("other/index.html"))
    assert ["assets/codeexec.css", "mine.css"] == sheets
    assert (project.root / "site/assets/codeexec.css").exists()


def test_a_site_without_samples_has_no_stylesheet(project: Project) -> None:
    """Not even the file."""
    project.page(PLAIN)
    assert 0 == project.build("--strict").status
    assert "codeexec" not in project.html()
    assert not (project.root / "site/assets").exists()


def test_a_stylesheet_of_the_sites_own(project: Project) -> None:
    """A file of that name in `docs_dir` takes the place of ours; a site may also have it among its sheets."""
    project.configure({}, more="extra_css: [first.css, assets/codeexec.css]\n")
    project.page("```python exec\nprint(1)\n```\n")
    project.write("docs/assets/codeexec.css", "/* mine */")
    project.write("docs/first.css", "")
    assert 0 == project.build("--strict").status

    assert "/* mine */" == project.html("assets/codeexec.css")
    assert ["first.css", "assets/codeexec.css"] == re.findall(
        r'href="((?:first|assets/codeexec)\.css)"', project.html()
    )


def test_excerpts_have_the_stylesheet_too(project: Project) -> None:
    """Pages whose only samples are put in late: Material's blog renders its index after the batch."""
    project.configure({}, theme="material", more="  - blog\nextra_css: [mine.css]\n")
    project.write("docs/mine.css", "")
    project.page("# Home\n")
    project.page("# Blog\n", "blog/index.md")
    post = "---\ndate: 2026-01-3{0}\n---\n\n# Post {0}\n\n```python exec\nprint({0})\n```\n\n<!-- more -->\n"
    for number in range(2):
        project.page(post.format(number), f"blog/posts/{number}.md")
    assert 0 == project.build().status

    page = project.html("blog/index.html")
    assert ["1", "0"] == [text for _, text in project.streams("blog/index.html")]
    assert ["codeexec-1", "codeexec-2"] == re.findall(r'<div class="codeexec"[^>]* id="([^"]*)"', page)
    assert ["../assets/codeexec.css", "../mine.css"] == re.findall(r'href="([^"]*(?:codeexec|mine)\.css)"', page)
    assert "codeexec.css" not in project.html()


def test_plugins_that_look_at_every_file(project: Project) -> None:
    """`autolinks` and static-i18n want the source of each file; languages share one stylesheet."""
    languages = "[{locale: en, default: true, name: E}, {locale: fr, name: F}]"
    more = f"  - autolinks\n  - i18n: {{docs_structure: folder, languages: {languages}}}\n"
    project.configure({}, theme="material", more=more + "extra_css: [mine.css]\n")
    project.write("docs/mine.css", "")
    for language in ("en", "fr"):
        project.page(f"```python exec\nprint('{language}')\n```\n", f"{language}/index.md")
        project.page("# Plain\n", f"{language}/plain.md")
    built = project.build()

    assert 0 == built.status, built.log
    sheets = {
        page: re.findall(r'href="([^"]*(?:codeexec|mine)\.css)"', project.html(f"{page}index.html"))
        for page in ("", "plain/", "fr/", "fr/plain/")
    }
    assert {
        "": ["assets/codeexec.css", "mine.css"],
        "plain/": ["../mine.css"],
        "fr/": ["../assets/codeexec.css", "../mine.css"],
        "fr/plain/": ["../../mine.css"],
    } == sheets
    assert [("stdout", "fr")] == project.streams("fr/index.html")


def test_projects_of_material(project: Project) -> None:
    """Their plugin wants it too; each project has a stylesheet of its own."""
    pytest.importorskip("material.plugins.projects.plugin")
    project.configure({}, theme="material", more="  - projects\nsite_url: https://example.org/\n")
    project.page("```python exec\nprint('outer')\n```\n")
    project.write("projects/part/mkdocs.yml", "site_name: P\ntheme: {name: material}\nplugins: [search, codeexec]\n")
    project.write("projects/part/docs/index.md", "```python exec\nprint('inner')\n```\n")
    built = project.build()
    assert 0 == built.status, built.log
    assert [("stdout", "outer")] == project.streams()
    assert [("stdout", "inner")] == project.streams("part/index.html")
    assert (project.root / "site/part/assets/codeexec.css").exists()
