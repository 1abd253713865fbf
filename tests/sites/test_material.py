"""Material's own features on executed fences, in a real browser: copy buttons, annotations, navigation, the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project
    from playwright.sync_api import Browser, Page

SITE = """\
site_name: Test
site_url: https://example.org/
theme:
  name: material
  font: false
  features: [content.code.copy, content.code.annotate, content.code.select, navigation.instant]
extra_css: [mine.css]
markdown_extensions:
  - admonition
  - attr_list
  - pymdownx.highlight: {anchor_linenums: true, line_spans: __span, pygments_lang_class: true}
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
plugins:
  - search
  - codeexec: {fail_on_error: false}
"""
PAGE = r"""
# Samples

```python exec
print("\33[31mplain\33[0m")  # (1)!
```

1.  plain note

=== "A"

    ```python exec
    print("a tab")  # (1)!
    ```

    1.  tab note

=== "B"

    ```python exec
    print("another tab")
    ```

!!! note

    ```python exec
    print("admonition")  # (1)!
    ```

    1.  admonition note

1.  item

    ```python exec
    print("list")  # (1)!
    ```

    1.  list note

```python exec source="below"
print("below")  # (1)!
```

1.  below note

```python exec linenums="10"
def f():
    return 1 / 0  # (1)!
f()
```

1.  marked note

```python exec
def g():
    x = "a line that is longer than the next one"
    return 1 / 0
g()
```

```rust exec compile_fail
# fn hidden() {}
let s = String::new();
drop(s);
println!("{s}");
```

```python exec result="json"
print('{"json": 1}')
```

```python exec
for number in range(50): print(number)
```

```python exec
print("x " * 200)
```

1.  a list without a marker

```python
plain_fence()  # (1)!
```

1.  as ever
"""
COPIED = [
    ('print("\\33[31mplain\\33[0m")', "plain"),
    ('print("a tab")', "a tab"),
    ('print("another tab")', "another tab"),
    ('print("admonition")', "admonition"),
    ('print("list")', "list"),
    ("below", 'print("below")'),
    ("def f():\n    return 1 / 0  \nf()", None),
    ('def g():\n    x = "a line that is longer than the next one"\n    return 1 / 0\ng()', None),
    ('let s = String::new();\ndrop(s);\nprintln!("{s}");', None),
    ("print('{\"json\": 1}')", '{"json": 1}'),
    ("for number in range(50): print(number)", "\n".join(map(str, range(50)))),
    ('print("x " * 200)', ("x " * 200).strip()),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, project_in: Callable[[Path], Project]) -> Project:
    """Build one site, with a page that has samples, and one that has none."""
    project = project_in(tmp_path_factory.mktemp("material"))
    project.write("mkdocs.yml", SITE)
    project.write("docs/mine.css", ".md-typeset .codeexec { --codeexec-radius: 7px }\n")
    project.page("# Home\n\n[to the samples](samples.md)\n")
    project.page(PAGE, "samples.md")
    done = project.build()
    assert 0 == done.status, done.log
    return project


@pytest.fixture(scope="module")
def address(built: Project, publish: Callable[[Path], str]) -> str:
    """Serve the site; its map must have this address, or Material takes no link for one of its own."""
    address = publish(built.root / "site")
    for name in ("site/sitemap.xml",):
        path = built.root / name
        path.write_text(path.read_text("utf-8").replace("https://example.org/", address), "utf-8")
    return address


def visit(browser: Browser, address: str, *, width: int = 1400, touch: bool = False) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, has_touch=touch, is_mobile=touch)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.route("**/*", lambda r: r.continue_() if "//127.0.0.1" in r.request.url else r.abort())
    page.goto(address)
    return page


@pytest.fixture(scope="module")
def samples(browser: Browser, address: str) -> Page:
    """Open the page with samples, once Material has put its buttons on it."""
    page = visit(browser, address + "samples/")
    page.wait_for_selector("[data-clipboard-target]", state="attached")
    return page


@pytest.fixture(scope="module")
def navigated(browser: Browser, address: str) -> Page:
    """Come to the page with samples from one that has none, without loading a page."""
    page = visit(browser, address)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="to the samples").click()
    page.wait_for_selector(".codeexec [data-clipboard-target]", state="attached")
    assert page.evaluate("window.stayed"), "the page was loaded"
    return page


def copied(page: Page) -> list[str]:
    """Press the copy button of each `pre` in a sample that is not hidden; return what was in the clipboard."""
    page.evaluate("document.querySelectorAll('.codeexec-fold').forEach(fold => { fold.open = true; })")
    texts = []
    for button in page.locator(".codeexec [data-clipboard-target]:not(.codeexec-whole *)").all():
        page.evaluate("navigator.clipboard.writeText('nothing')")
        button.dispatch_event("click")
        texts.append(page.evaluate("navigator.clipboard.readText()"))
    return texts


@pytest.mark.parametrize("came", ["samples", "navigated"])
def test_a_copy_button_copies_what_it_stands_on(request: pytest.FixtureRequest, came: str) -> None:
    """Source as shown, without hidden lines and markers; output without colours; below, in tabs, after navigation."""
    page = request.getfixturevalue(came)
    texts = copied(page)
    assert 2 * len(COPIED) == len(texts)
    for (first, second), (source, output) in zip(zip(texts[::2], texts[1::2], strict=True), COPIED, strict=True):
        assert source == first
        assert output == second or (output is None and "\x1b" not in second)
    assert "Traceback (most recent call last):" in texts[13]
    assert texts[17].startswith("error[E0382]: borrow of moved value: `s`\n --> sample.rs:3:12\n")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


ANNOTATIONS = """() => [...document.querySelectorAll('.codeexec, .highlight')]
  .filter(el => el.matches('.codeexec') || !el.closest('.codeexec'))
  .map(el => [el.querySelectorAll('.md-annotation').length,
              [...el.querySelectorAll('ol')].map(list => list.hidden).join()])"""
NOTES = ["plain note", "tab note", "admonition note", "list note", "below note", "marked note", "as ever"]


@pytest.mark.parametrize("came", ["samples", "navigated"])
def test_annotations_are_found(request: pytest.FixtureRequest, came: str) -> None:
    """In any position, with output and with marks, as on a plain fence; a list that is none stays where it is."""
    page = request.getfixturevalue(came)
    with_one, without = [1, "true"], [0, ""]
    assert [with_one, with_one, without, *[with_one] * 4, *[without] * 5] == page.evaluate(ANNOTATIONS)[:12]
    assert page.get_by_text("a list without a marker").is_visible()

    markers = page.locator(".md-annotation").all()
    assert len(NOTES) == len(markers)
    for note, marker in zip(NOTES, markers, strict=True):
        marker.focus()
        page.locator(".md-tooltip--active").get_by_text(note).wait_for(state="visible")


def test_paper_shows_the_list(samples: Page) -> None:
    """Between source and output, with room of its own; on the screen source and output are joined."""
    gap = """() => { const el = document.querySelector('.codeexec');
      const [source, output] = ['.highlight', '.codeexec-output'].map(s => el.querySelector(s).getBoundingClientRect());
      return [output.top - source.bottom, getComputedStyle(el.querySelector('.highlight code')).borderBottomLeftRadius]; }"""
    assert [0, "0px"] == samples.evaluate(gap)
    samples.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    samples.locator(".codeexec > ol").first.wait_for(state="visible")
    assert samples.evaluate(gap)[0] > 20
    samples.evaluate("window.dispatchEvent(new Event('afterprint'))")
    samples.locator(".codeexec > ol").first.wait_for(state="hidden")
    assert [0, "0px"] == samples.evaluate(gap)


def test_the_sites_own_stylesheet_wins(samples: Page, navigated: Page) -> None:
    """Wherever a reader comes from."""
    radius = "getComputedStyle(document.querySelector('.codeexec-output')).borderBottomLeftRadius"
    assert ["7px", "7px"] == [samples.evaluate(radius), navigated.evaluate(radius)]


EDGES = """() => [...document.querySelectorAll('.codeexec-mark:not(.codeexec-whole *)')].map(mark => {
  const code = mark.closest('code'), [own, all] = [mark, code].map(el => el.getBoundingClientRect());
  return [own.left - all.left, own.right - all.left - code.scrollWidth, own.height / parseFloat(getComputedStyle(code).lineHeight)]; })"""


@pytest.mark.parametrize("width", [1400, 360])
def test_marks_go_from_edge_to_edge(browser: Browser, address: str, width: int) -> None:
    """Of what scrolls; also where lines have anchors, and numbers beside them; and they are one line high."""
    page = visit(browser, address + "samples/", width=width)
    page.wait_for_selector("[data-clipboard-target]", state="attached")
    edges = page.evaluate(EDGES)

    assert 3 == len(edges)
    assert [[0, 0, 1]] * 3 == [[round(left), round(right), round(lines, 1)] for left, right, lines in edges]


def test_messages_count_the_lines_that_are_shown(built: Project) -> None:
    """From the first number that is shown; hidden lines are not counted."""
    streams = dict(enumerate(text for kind, text in built.streams("samples/index.html") if kind != "stdout"))

    assert 'File "sample.py", line 12, in <module>\n    f()\n  File "sample.py", line 11, in f\n' in streams[0]
    assert 'File "sample.py", line 4, in <module>\n' in streams[1]
    assert " --> sample.rs:3:12\n  |\n1 | let s = String::new();\n" in streams[2]
    assert "\n2 | drop(s.clone());\n" in streams[2]


STOP = """() => { const pre = document.activeElement.closest('.codeexec-output pre');
  return pre && !document.activeElement.closest('button, a') ? [...document.querySelectorAll('.codeexec-output pre')].indexOf(pre) : null; }"""
SCROLLING = """() => [...document.querySelectorAll('.codeexec-output pre')]
  .flatMap((pre, at) => pre.scrollWidth > pre.clientWidth ? [at] : [])"""


@pytest.mark.parametrize("theme", ["material", "mkdocs", "readthedocs"])
def test_what_scrolls_is_one_stop_of_the_keyboard(
    browser: Browser, publish: Callable[[Path], str], project: Project, theme: str
) -> None:
    """And what does not is none, in every theme, on a wide screen and a narrow one."""
    project.configure({}, theme=theme)
    project.page(
        "```python exec\nprint('short')\n```\n\n```python exec\nprint('some words ' * 6)\n```\n\n"
        "```python exec\nprint('a line of many words ' * 20)\n```\n\n"
        "```python exec\nimport sys\nprint('out'); print('a long one ' * 40, file=sys.stderr)\n```\n"
    )
    assert 0 == project.build("--strict").status
    page = visit(browser, publish(project.root / "site"))
    for width, expected in ((1400, [2, 4]), (360, [1, 2, 4])):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)  # Material measures when it has the time
        assert expected == page.evaluate(SCROLLING)
        page.evaluate("document.activeElement.blur()")
        assert expected == sorted(stops(page))

    last = page.locator(".codeexec-output pre").nth(4)
    while page.evaluate(STOP) != 4:
        page.keyboard.press("Tab")
    assert "none" != last.evaluate("el => getComputedStyle(el).outlineStyle"), "the focus can be seen"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("el => el.scrollLeft > 0", arg=last.element_handle())


def stops(page: Page) -> list[int]:
    """Press the tab key until all of the page was visited; return the outputs that it stopped at."""
    found: list[int] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is not None and [stop] == found[:1]:
            break
        found += [] if stop is None else [stop]
        if page.evaluate("document.activeElement === document.body"):
            break
    return found
