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
