"""Sites that include files as mdBook does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project
    from support.zensical import Rendered, Site

PAGE = "# A\n\n```python exec\n{{#include ../src/a.py:show}}\n```\n\n```python exec\nprint('beside')\n```\n"
OPTIONS = {"includes": "mdbook", "languages": {"python": {}}}


def source(word: str) -> str:
    return f"# ANCHOR: show\nprint('{word}')\n# ANCHOR_END: show\n"


def test_what_is_not_there_fails_the_build(project: Project) -> None:
    """With the line of the page, and what was meant."""
    project.configure(OPTIONS)
    project.page(PAGE)
    project.write("src/b.py", source("one"))
    built = project.build()

    assert 1 == built.status
    assert (
        "docs/index.md:4: `{{#include ../src/a.py:show}}` is not included: there is no such file\n\n"
        "hint: did you mean `b.py`?"
    ) in built.log
    assert {"samples": 2, "executed": 1, "met": 1, "error": 1} == built.counts


@pytest.mark.parametrize("option", ["mdBook", True])
def test_a_mistake_in_the_option(project: Project, option: object) -> None:
    """Ends the build."""
    project.configure({"includes": option})
    project.page("# A\n")

    assert "`codeexec.includes`" in project.build().log or "includes" in project.build().log


def test_zensical(site: Site, build: Callable[..., Rendered]) -> None:
    """Includes the same."""
    site.configure(OPTIONS)
    site.page(PAGE)
    site.write("src/a.py", source("one"))
    rendered = build()

    assert 0 == rendered.status, rendered.log
    assert "<code>one</code>" in (site.root / "site/index.html").read_text("utf-8")
