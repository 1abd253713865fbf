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
