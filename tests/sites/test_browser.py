"""The built sample site in a real browser: what a reader sees, in light and dark, wide and on a phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parent.parent.parent
PAGES = ("", "errors/", "output/", "languages/")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, environment_dir: Path, publish: Callable[[Path], str]) -> str:
    """Build the sample site once and serve it."""
    root = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "sample_site", root / "src", ignore=shutil.ignore_patterns("site", ".cache", "target"))
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", root / "src/mkdocs.yml", "-d", root / "site"],
        env=os.environ | {"CODEEXEC_ENVIRONMENT_DIR": str(environment_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == built.returncode, built.stderr
    return publish(root / "site")


READERS: dict[tuple[str, int, bool], BrowserContext] = {}
"""Who has been here keeps scripts and stylesheets, and nothing else."""


@pytest.fixture(autouse=True)
def leave() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    for context in READERS.values():
        for page in context.pages:
            page.close()


@pytest.fixture(scope="module", autouse=True)
def forget() -> Iterator[None]:
    """Leave no reader behind: they go with their browser's module."""
    yield
    READERS.clear()


def visit(browser: Browser, address: str, *, scheme: str = "light", width: int = 1200, touch: bool = False) -> Page:
    """Open a page; whatever is not the site itself is not fetched."""
    if (scheme, width, touch) not in READERS:
        context = READERS[scheme, width, touch] = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=touch,
            is_mobile=touch,
        )
        context.add_init_script("localStorage.clear()")
        context.route("**/*", lambda r: r.continue_() if "//127.0.0.1" in r.request.url else r.abort())
    page = READERS[scheme, width, touch].new_page()
    page.goto(address)
    return page


CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = el => { for (; el; el = el.parentElement) {
    const c = parse(getComputedStyle(el).backgroundColor); if (c.length < 4 || c[3] > 0.99) return c; } };
  return [...document.querySelectorAll('.codeexec-output span:not([style]), .codeexec-note, .codeexec-output code')]
    .filter(el => el.textContent.trim())
    .map(el => { const [a, b] = [light(parse(getComputedStyle(el).color)), light(back(el))].sort((x, y) => y - x);
      return [el.className, el.textContent.slice(0, 20), (a + 0.05) / (b + 0.05)]; })
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_text_can_be_read(browser: Browser, address: str, page: str, scheme: str) -> None:
    """Every text of an output whose colour is ours has a contrast of at least 4.5, as the browser computes it."""
    shown = visit(browser, address + page, scheme=scheme)
    rows = shown.evaluate(CONTRAST)

    assert len(rows) > 1
    assert [] == [row for row in rows if row[2] < 4.5]


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, address: str, page: str) -> None:
    """Long lines scroll in their own box."""
    shown = visit(browser, address + page, width=375)

    assert 375 == shown.evaluate("document.documentElement.scrollWidth")


def test_output_is_joined_to_its_source(browser: Browser, address: str) -> None:
    """No gap, the same width, the same size of letters."""
    shown = visit(browser, address)
    source, output = (
        shown.evaluate(
            f"(() => {{ const r = document.querySelector('{selector}').getBoundingClientRect();"
            f" return [r.left, r.right, r.top, r.bottom]; }})()"
        )
        for selector in (".codeexec .highlight", ".codeexec .codeexec-output")
    )

    assert source[:2] == pytest.approx(output[:2], abs=1.5)
    assert output[2] - source[3] == pytest.approx(0, abs=1.5)
    sizes = shown.evaluate(
        "['.codeexec .highlight code', '.codeexec-output code'].map(s => getComputedStyle(document.querySelector(s)).fontSize)"
    )
    assert sizes[0] == sizes[1]


def test_the_keyboard_reaches_output_and_folds(browser: Browser, address: str) -> None:
    """A long message can be scrolled with the keyboard, a fold opened; both are named for a screen reader."""
    shown = visit(browser, address + "errors/", width=375)
    group = shown.get_by_role("group", name="Compiler messages").first
    group.locator("code[tabindex]").focus()  # Material makes it a stop of the keyboard, because it does not fit
    assert group.evaluate("el => getComputedStyle(el).outlineStyle !== 'none'")
    shown.keyboard.press("ArrowRight")
    shown.wait_for_function("el => el.scrollLeft > 0", arg=group.element_handle())

    shown = visit(browser, address + "output/")
    fold = shown.locator("details.codeexec-fold")
    assert not fold.evaluate("el => el.open")
    fold.locator("summary").focus()
    shown.keyboard.press("Enter")
    assert fold.evaluate("el => el.open")
    assert shown.get_by_text("60 squared is 3600").is_visible()


NOTE = "el => { const s = getComputedStyle(el, '::after'); return [s.display, s.content]; }"
MESSAGE = '"borrow of moved value: `dawn` (E0382)"'


def test_a_marked_line_says_why(browser: Browser, address: str) -> None:
    """When it is pointed at, or the message has the focus; always, under the line, where there is no pointer."""
    shown = visit(browser, address + "errors/")
    mark = shown.locator(".codeexec-mark").first
    assert ["none", MESSAGE] == mark.evaluate(NOTE)
    mark.hover()
    assert ["inline-block", MESSAGE] == mark.evaluate(NOTE)
    shown.mouse.move(0, 0)
    shown.get_by_role("group", name="Compiler messages").first.locator("a").first.focus()
    assert ["inline-block", MESSAGE] == mark.evaluate(NOTE)

    phone = visit(browser, address + "errors/", width=375, touch=True)
    assert ["block", MESSAGE] == phone.locator(".codeexec-mark").first.evaluate(NOTE)
    assert 375 == phone.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_marked_line_is_tinted_and_as_high_as_others(browser: Browser, address: str, scheme: str) -> None:
    """From edge to edge, and nothing moves."""
    shown = visit(browser, address + "errors/", scheme=scheme)
    box = """el => { const r = el.getBoundingClientRect(), s = getComputedStyle(el);
      const inside = r.height - parseFloat(s.paddingTop) - parseFloat(s.paddingBottom);
      return [r.left, r.right, inside / el.textContent.trimEnd().split('\\n').length, s.backgroundColor]; }"""
    mark, code = (
        shown.locator(selector).first.evaluate(box) for selector in (".codeexec-mark", "code:has(> .codeexec-mark)")
    )

    source = shown.locator("code:has(> .codeexec-mark)").first
    assert source.evaluate("el => el.innerText === el.textContent"), "it is copied as it was"
    assert code[:3] == pytest.approx(mark[:3], abs=0.5)
    assert "rgba(0, 0, 0, 0)" not in (mark[3], code[3])
    assert mark[3] != code[3]


def test_without_a_stylesheet_nothing_of_marks_shows(browser: Browser, address: str) -> None:
    """No text, no box, no colour."""
    shown = visit(browser, address + "errors/")
    shown.evaluate("document.querySelectorAll('link[rel=stylesheet], style').forEach(el => el.remove())")
    mark = shown.locator(".codeexec-mark").first

    assert ["inline", "none"] == mark.evaluate(NOTE)
    assert "rgba(0, 0, 0, 0)" == mark.evaluate("el => getComputedStyle(el).backgroundColor")
    assert "borrow of moved" not in shown.locator(".codeexec .highlight").first.inner_text()


def test_values_stand_where_output_stands(browser: Browser, project: Project, publish: Callable[[Path], str]) -> None:
    """In Material, text of a value has the place of printed text; of xarray's two forms one is seen, and can be read."""
    array = "<pre class='xr-text-repr-fallback'>twice</pre><div style='color: var(--xr-font-color2, black)'>once</div>"
    project.configure(theme="{name: material, palette: {scheme: slate}}")
    project.page(
        f'```python exec show="stdout value"\nprint(1)\n42\n```\n\n```python exec html\nprint("""{array}""")\n```\n'
    )
    project.build()
    shown = visit(browser, publish(project.root / "site"), scheme="dark")
    left = "el => el.getBoundingClientRect().left"

    assert shown.locator(".codeexec-stdout code").evaluate(left) == shown.locator(".codeexec-text code").evaluate(left)
    assert not shown.get_by_text("twice", exact=True).is_visible()
    colour = shown.get_by_text("once", exact=True).evaluate("el => getComputedStyle(el).color")
    assert "rgb(0, 0, 0)" != colour
