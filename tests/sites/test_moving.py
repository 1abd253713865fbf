"""Sites that come from another tool, and have its defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project
    from support.zensical import Site

PAGE = """\
# A

```python exec="1"
import os, sys
from pathlib import Path
print("**bold**", (Path(os.environ["MKDOCS_CONFIG_DIR"]) / "data.txt").read_text())
print("not shown", file=sys.stderr)
```

```bash exec="1" result="text"
echo one; echo two >&2; echo three
```

````md exec="1"
*a part*
````

```python exec="1" source="above" result="text"
print("text")
```
"""


def checked(html: str) -> None:
    assert "<strong>bold</strong> given" in html
    assert "not shown" not in html
    assert "import os" not in html
    assert "one\ntwo\nthree" in html
    assert "<p><em>a part</em></p>" in html
    assert "*a part*" not in html
    assert "print" in html


def test_pages_of_markdown_exec(project: Project) -> None:
    """Show what they have shown, when the plugin is swapped and one option says whose defaults they have."""
    project.configure({"compatibility": "markdown-exec"})
    project.page(PAGE)
    project.write("data.txt", "given")
    built = project.build()

    assert 0 == built.status, built.log
    checked(project.html())


def test_zensical(site: Site) -> None:
    """The same."""
    site.configure({"compatibility": "markdown-exec"})
    site.page(PAGE)
    site.write("data.txt", "given")
    rendered = site.build()

    assert 0 == rendered.status, rendered.log
    checked((site.root / "site/index.html").read_text("utf-8"))


def test_hidden_commands(project: Project) -> None:
    """Of consoles are executed, and neither shown nor copied."""
    project.page("```console exec\n$ export B=7  # markdown-exec: hide\n$ echo $B\n```\n")
    built = project.build()

    assert 0 == built.status, built.log
    assert "export" not in project.html()
    assert ">7\n" in project.html()
