"""The button for hidden lines in a real browser: by keyboard, without JavaScript, and with Material's own copy button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project
    from playwright.sync_api import Browser, Page

PAGE = """\
```python exec hidelines="!!" title="a.py"
!!import math
print(math.floor(2.5))  # (1)!
```

1.  two

```python exec
print(1)
```
"""


def visit(browser: Browser, address: str, *, script: bool = True) -> Page:
    context = browser.new_context(java_script_enabled=script, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.route("**/*", lambda r: r.continue_() if "//127.0.0.1" in r.request.url else r.abort())
    page.goto(address)
    return page


def built(project: Project, theme: str) -> Path:
    project.configure(theme=f"{{{theme}}}")
    project.page(PAGE)
    result = project.build()
    assert 0 == result.status, result.log
    return project.root / "site"


@pytest.mark.parametrize("theme", ["name: material", "name: mkdocs", "name: readthedocs"])
def test_the_keyboard_shows_hidden_lines(
    project: Project, browser: Browser, publish: Callable[[Path], str], theme: str
) -> None:
    """Without JavaScript, in any theme; once more, and they are hidden again."""
    page = visit(browser, publish(built(project, theme)), script=False)
    eye, hidden = page.get_by_role("checkbox", name="Show hidden lines"), page.get_by_text("import math")

    assert 1 == eye.count()
    assert not hidden.is_visible()
    for shown in (True, False):
        eye.focus()
        page.keyboard.press("Space")
        assert shown == hidden.is_visible()
        assert 1 == page.locator(".codeexec .highlight:visible").filter(has_text="math.floor").count()


def test_what_is_shown_is_copied(project: Project, browser: Browser, publish: Callable[[Path], str]) -> None:
    """By Material's button; annotations are at their line in both."""
    page = visit(
        browser, publish(built(project, "name: material, features: [content.code.copy, content.code.annotate]"))
    )
    sample = page.locator(".codeexec").first
    copied = []
    for _ in range(2):
        sample.locator(".highlight button[data-md-type=copy]:visible").click()
        page.wait_for_timeout(100)
        copied.append(page.evaluate("navigator.clipboard.readText()"))
        assert 1 == sample.locator(".highlight .md-annotation:visible").count()
        sample.locator(".codeexec-eye").click()

    assert ["print(math.floor(2.5))", "import math\nprint(math.floor(2.5))"] == [text.strip() for text in copied]


def test_the_rest_of_a_long_output_is_shown_on_demand(
    project: Project, browser: Browser, publish: Callable[[Path], str]
) -> None:
    """By keyboard, without JavaScript; of a sample that failed all is shown from the start, and by default as before."""
    project.configure({"fail_on_error": False}, theme="{name: material}")
    code = "for n in range(60): print(f'line {n}.')"
    project.page(
        f'```python exec fold="5"\n{code}\n```\n\n```python exec fold="5"\n{code}\n1 / 0\n```\n\n'
        f'```python exec fold="60"\n{code}\n```\n\n```python exec fold="off"\n{code}\n```\n\n```python exec\n{code}\n```\n'
    )
    project.build()
    page = visit(browser, publish(project.root / "site"), script=False)
    pres = page.locator("pre.codeexec-stdout")
    heights = "all => all.map(one => Math.round(one.querySelector('code').getBoundingClientRect().height))"
    first, failed, exact, whole, _ = pres.evaluate_all(heights)

    assert (failed, exact, whole) == (whole, whole, whole)
    assert first == pytest.approx(whole * 5 / 60, abs=2)
    assert ["show all 60 lines"] * 2 == page.locator(".codeexec-more").all_inner_texts()
    assert 1 == page.locator("details.codeexec-fold").count()
    page.get_by_role("checkbox", name="show all 60 lines").first.focus()
    page.keyboard.press("Space")
    assert whole == pres.evaluate_all(heights)[0]
