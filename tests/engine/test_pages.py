"""Pages without a host: fences of a page in, the page with what happened out; one by one, or all at once."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

import pytest
from markdown import Markdown
from support.engines import opened

from mkdocs_codeexec.core.settings import Settings
from mkdocs_codeexec.languages import BUILTIN
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.pages import Pages
from mkdocs_codeexec.report.console import Console

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        project_dir=tmp_path,
        cache_dir=tmp_path / ".cache",
        environment_dir=tmp_path / "environments",
        sandbox="off",
        scripts={"python": BUILTIN["python"]},
        host_env=dict(os.environ),
    )


def pages_of(settings: Settings, *, page_by_page: bool = False) -> Pages:
    console = Console(log=logging.getLogger("codeexec.test"), color=False)
    return Pages(opened(settings, console), console, page_by_page=page_by_page)


def rendered(pages: Pages, name: str, text: str) -> str:
    """Return `text`, the file of the page `name`, as HTML with its Slots."""
    extension = CodeExecExtension(pages, pages.engine.rules)
    pages.enter(PageContext(name, text))
    html: str = Markdown(extensions=["pymdownx.superfences", extension]).convert(text)
    pages.leave()
    return html


def streams(html: str) -> list[str]:
    return re.findall(r'<pre class="codeexec-stdout[^>]*><code>([^<]*)', html)


def text(code: str) -> str:
    return f"# Title\n\n```python exec\n{code}\n```\n"


def test_pages_one_by_one_are_as_pages_at_once(settings: Settings) -> None:
    """The same bytes; a page that is rendered again is answered from what is known."""
    texts = {f"{number}.md": text(f"print({number})") for number in range(3)}
    together, single = pages_of(settings), pages_of(settings, page_by_page=True)

    at_once = together.complete([rendered(together, name, one) for name, one in texts.items()])
    one_by_one = [single.complete([rendered(single, name, one)])[0] for name, one in texts.items()]
    again = [single.complete([rendered(single, name, one)])[0] for name, one in texts.items()]

    assert at_once == one_by_one == again
    assert 3 == len(together.resolved()) == len(single.resolved())
    assert [["0"], ["1"], ["2"]] == [[one.strip() for one in streams(html)] for html in at_once]


def test_a_page_that_was_edited_has_its_new_samples_only(settings: Settings) -> None:
    """What it held before is neither shown nor counted."""
    pages = pages_of(settings, page_by_page=True)
    for code in ("print(1)", "print(2)", "print(1); print(3)"):
        [html] = pages.complete([rendered(pages, "a.md", text(code))])

    assert ["1\n3"] == [one.strip() for one in streams(html)]
    assert ["print(1); print(3)"] == [one.sample.code for one in pages.resolved()]
