"""Output that is on the page as HTML or Markdown, by its author's word."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

TABLE = "<table><tr><td>1 &lt; 2</td></tr></table>"


def printing(text: str, header: str = 'result="html"') -> str:
    return f"```python exec {header}\nprint({text!r})\n```\n"


def page(project: Project, name: str = "index.html") -> str:
    """Return a page without the date of its build, which the theme writes."""
    return re.sub(r"Build Date UTC.*", "", project.html(name))


def test_html_is_on_the_page(project: Project) -> None:
    """Cold and warm the same bytes; in the search index as text; and what follows it is not touched."""
    project.page(f"# A\n\n{printing(TABLE)}\nafter\n\n{printing('<b>x</b>', 'html')}\n## B\n\n{printing('<i>', '')}")
    built = project.build("--strict")
    assert 0 == built.status, built.log
    cold = page(project)

    assert f'<div class="codeexec-display" data-mime="text/html">{TABLE}\n</div>' in cold
    assert '<div class="codeexec-display" data-mime="text/html"><b>x</b>\n</div>' in cold
    assert [("stdout", "<i>")] == project.streams()
    assert {"samples": 3, "cached": 3, "met": 3} == project.build("--strict").counts
    assert cold == page(project)
    index = json.loads((project.root / "site/search/search_index.json").read_text("utf-8"))
    assert any("1 < 2" in one["text"] or "1 &lt; 2" in one["text"] for one in index["docs"])


@pytest.mark.parametrize("options", [{"html": "sandbox"}, {"sandbox": "required"}])
def test_html_in_a_frame(project: Project, options: dict[str, str]) -> None:
    """Where the site says so, and where it says that samples must be confined."""
    project.configure(options)
    project.page(printing("<script>alert(1)</script>"))
    built = project.build("--strict")
    if "`sandbox: required`" in built.log:
        pytest.skip("this machine has no such sandbox")
    assert 0 == built.status, built.log

    assert '<iframe class="codeexec-frame" sandbox="" title="Output"' in project.html()
    assert "<script>alert(1)</script>" not in project.html()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in project.html()


def test_files_of_strangers_are_no_pages_of_the_site(project: Project) -> None:
    """Where HTML is in frames, nobody can open it, or a picture with a script, by an address of the site."""
    project.configure({"html": "sandbox"})
    code = "open('a.svg', 'w').write('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')\nopen('b.html', 'w').write('x' * 300_000)"
    project.page(f'```python exec artifacts="*"\n{code}\n```')
    built = project.build("--strict")
    assert 0 == built.status, built.log

    placed = [path.suffix for path in (project.root / "site/assets/codeexec").iterdir()]
    assert [".bin"] == placed
    assert '<img src="data:image/svg+xml;base64,' in project.html()
    assert 'download="b.html"' in project.html()


def test_html_where_the_site_says_page_whatever_confines_samples(project: Project) -> None:
    """The configuration's own word."""
    project.configure({"html": "page", "sandbox": "auto"})
    project.env["CODEEXEC_SANDBOX"] = "required"
    project.page(printing(TABLE))
    built = project.build("--strict")
    if built.status:
        pytest.skip("this machine has no such sandbox")

    assert f">{TABLE}" in project.html()


def test_html_that_was_cut_is_a_failure(project: Project) -> None:
    """Elements may have stayed open: what is there is text."""
    project.page('```python exec html\nprint("<p>" * 100000)\n```\n')
    built = project.build()

    assert 1 == built.status
    assert "its output is to be HTML, and " in built.log
    assert "codeexec-display" not in project.html()


def test_html_of_a_page_and_of_a_language(project: Project) -> None:
    """A default like any other way to show output."""
    project.configure({"languages": {"bash": {"result": "html"}}})
    project.page("---\ncodeexec: {result: html}\n---\n\n" + printing("<b>1</b>", ""))
    project.page("```bash exec\necho '<b>2</b>'\n```\n" + printing("<b>3</b>", ""), "b.md")
    built = project.build("--strict")
    assert 0 == built.status, built.log

    assert "<b>1</b>" in project.html()
    assert "<b>2</b>" in project.html("b/index.html")
    assert "<b>3</b>" not in project.html("b/index.html")


PRINTED = """\
### Made &amp; *here*

HTML, [other](other.md), [self](#made-here), [ref] and a note[^1].

[^1]: Of the output.

~~~python exec
print("never executed")
~~~

```unknown exec what="is this"
x
```

--8<-- "secret.txt"

#### Deep
"""
SITE = """\
site_name: Test
theme: {name: mkdocs, navigation_depth: 4}
markdown_extensions:
  - abbr
  - attr_list
  - footnotes
  - tables
  - toc: {permalink: true, toc_depth: 4}
  - pymdownx.superfences
  - pymdownx.snippets: {base_path: [.], check_paths: true}
plugins:
  - search
  - codeexec: {}
validation: {anchors: warn, links: {anchors: warn}}
"""


def markdown(text: str, header: str = 'result="markdown"') -> str:
    return f"````python exec {header}\nimport sys\nsys.stdout.write({text!r})\n````\n"


def contents(project: Project, name: str = "index.html") -> list[str]:
    """Return where the table of contents leads."""
    return re.findall(r'<a href="#([^"]+)" class="nav-link', project.html(name))


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site with extensions of its own."""
    project.write("mkdocs.yml", SITE)
    project.write("secret.txt", "the-secret")
    project.page("# Other\n\n[there](index.md#codeexec-1-made-here)\n", "other.md")
    return project


def test_markdown_is_converted_as_the_site_is(site: Project) -> None:
    """Headings in their place in the contents, ids of its own, links and words of the page; no fence runs, no file is read."""
    site.page(f"# A\n\n## One\n\n{markdown(PRINTED)}\n## Two\n\n[ref]: https://a.b\n*[HTML]: Hypertext\n")
    built = site.build("--strict")
    assert 0 == built.status, built.log
    html = page(site)
    shown = html.partition('<div class="codeexec-display" data-mime="text/markdown">')[2]

    assert (
        '<h3 id="codeexec-1-made-here">Made &amp; <em>here</em><a class="headerlink" href="#codeexec-1-made-here"'
        in shown
    )
    assert '<abbr title="Hypertext">HTML</abbr>, <a href="other/">other</a>, <a href="#codeexec-1-made-here">' in shown
    assert '<a href="https://a.b">ref</a>' in shown
    assert 'href="#codeexec-1-fn:1"' in shown
    assert '<li id="codeexec-1-fn:1">' in shown
    assert "never executed" in shown
    assert "the-secret" not in html
    assert ["one", "codeexec-1-made-here", "codeexec-1-deep", "two"] == [name for name in contents(site) if name != "a"]
    assert 1 == built.counts["samples"]
    assert "cached" in site.build("--strict").counts
    assert html == page(site)
    index = json.loads((site.root / "site/search/search_index.json").read_text("utf-8"))
    assert "#codeexec-1-deep" in {one["location"] for one in index["docs"]}


def test_headings_that_are_not_in_the_contents(site: Project) -> None:
    """With prefixes of their author; what is there already gets another id."""
    site.page(
        "# A\n\n## Same\n\n"
        + markdown("## Same\n", 'result="markdown" idprefix="" updatetoc="no"')
        + markdown("## Same\n\n# Same\n", 'result="markdown" idprefix="x-"')
    )
    built = site.build()
    assert 0 == built.status, built.log

    assert ["same", "x-same", "x-same_1"] == [name for name in contents(site) if name != "a"]
    assert ["same", "same_1", "x-same", "x-same_1"] == re.findall(r'<h[12] id="(\w*-?same\w*)"', site.html())


BAD = ["<div><b>unclosed", "```python exec\nnever closed", "[TOC]", "[x]: <", "* [x](", "# \n## \n###### six", "\n\n", "a: b\n\nc",
       '<div data-codeexec-slot="x">y<div data-codeexec-end="x"></div></div>', "> " * 3000 + "x", "::: no.module", "{{ x }}{% x %}",
       "--8<--\nmissing.md\n--8<--", "&#0; \x00 \x02wzxhzdk:0\x03", "{: #codeexec-1 }\n\n## a {#codeexec-1}"]  # fmt: skip


def test_bad_markdown_is_no_traceback(site: Project) -> None:
    """The build goes to its end, what comes after it on the page is there, and all ids are different."""
    site.page("# A\n\n" + "".join(f"{markdown(text)}\nafter {number}\n\n" for number, text in enumerate(BAD)))
    built = site.build()

    assert "Traceback" not in built.log
    assert {f"after {number}" for number in range(len(BAD))} <= set(re.findall(r"after \d+", site.html()))
    assert "<div data-codeexec-slot" not in site.html()
    ids = re.findall(r'<(?:h\d|div|pre)\b[^<>]*\sid="([^"]+)"', site.html())
    assert len(ids) == len(set(ids)), ids


def test_markdown_in_a_frame(site: Project) -> None:
    """Where HTML of samples is confined: it may hold any."""
    site.write("mkdocs.yml", SITE.replace("codeexec: {}", "codeexec: {html: sandbox}"))
    site.page("# A\n\n" + markdown("## B\n\n<script>alert(1)</script>\n"))
    site.page("# Other\n", "other.md")
    assert 0 == site.build("--strict").status

    assert "<script>alert(1)" not in site.html()
    assert 'srcdoc="&lt;!doctype html&gt;' in site.html()
    assert ["a"] == contents(site)


def test_programs_are_as_wide_as_code_blocks(project: Project) -> None:
    """By default, and as the fence says; another width is another outcome."""
    shown = "import shutil, textwrap\nprint(shutil.get_terminal_size().columns)"
    project.page(
        f'```python exec\n{shown}\n```\n\n```python exec width="40"\n{shown}\n```\n\n```bash exec width=9\necho $COLUMNS\n```\n'
    )
    built = project.build("--strict")
    assert 0 == built.status, built.log

    assert [("stdout", "80"), ("stdout", "40"), ("stdout", "9")] == project.streams()
    assert 3 == built.counts["executed"]


def test_output_that_is_a_fence_of_the_site(project: Project) -> None:
    """By the custom fence of that name, whatever is in it; the word of a lexer stays one, and any other is text."""
    fences = (
        "      custom_fences:\n        - name: mermaid\n          class: mermaid\n"
        "          format: !!python/name:pymdownx.superfences.fence_code_format\n"
    )
    extensions = f"markdown_extensions:\n  - pymdownx.superfences:\n{fences}"
    project.write("mkdocs.yml", f"site_name: A\n{extensions}plugins: [codeexec]\n")
    graph = "graph TD\n```\nA --> B"
    project.page(
        printing(graph, 'result="mermaid"') + printing("[1]", 'result="json"') + printing("x", 'result="nothing"')
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert '<pre class="mermaid" id="codeexec_1_source2"><code>graph TD\n```\nA --&gt; B</code></pre>' in project.html()
    assert ["stdout", "stdout"] == [kind for kind, _ in project.streams()]
    assert "mermaid" not in built.log
    assert '`result="nothing"` is not a way to show output' in built.log
