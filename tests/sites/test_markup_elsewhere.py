"""Output that is on the page as Markdown, where MkDocs is not: with Zensical, and with Python-Markdown alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markdown import Markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from support.zensical import Rendered, Site

TEXT = """\
# Page

## One

```python exec result="markdown"
print("### Out\\n\\n| a | HTML |\\n|---|---|\\n| 1 | [ref] |")
```

## Two

[ref]: https://a.b
"""


def ids(tokens: Any) -> list[str]:
    return [name for token in tokens for name in (token["id"], *ids(token["children"]))]


def test_python_markdown_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter of the page is used again when that has ended, and has the contents of the page then."""
    monkeypatch.chdir(tmp_path)
    md: Any = Markdown(extensions=["toc", "tables", "pymdownx.superfences", "codeexec"])
    first = md.convert(TEXT)

    assert '<h3 id="codeexec-1-out">Out</h3>' in first
    assert '<td><a href="https://a.b">ref</a></td>' in first
    assert ["page", "one", "codeexec-1-out", "two"] == ids(md.toc_tokens)
    md.reset()
    assert first == md.convert(TEXT)
    assert ["page", "one", "codeexec-1-out", "two"] == ids(md.toc_tokens)


def test_zensical(site: Site, build: Callable[..., Rendered]) -> None:
    """With its own extensions; headings in its contents; the same page from what is stored."""
    site.page(TEXT)
    built = build()
    assert 0 == built.status, built.log
    html = site.html()

    assert '<h3 id="codeexec-1-out">Out' in html
    assert '<td><a href="https://a.b">ref</a></td>' in html
    again = build()
    assert 0 == again.status, again.log
    assert html == site.html()
    search = (site.root / "site/search.json").read_text("utf-8")
    assert ["one", "codeexec-1-out", "two"] == re.findall(r'"location":"#([\w-]+)"', search)
