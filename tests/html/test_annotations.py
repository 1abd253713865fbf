from __future__ import annotations

from typing import Any

import markdown
import pytest

from mkdocs_codeexec.html.annotations import Annotations

EVERYWHERE = Annotations(everywhere=True)
MARKED = Annotations(everywhere=False)
MATERIAL: dict[str, Any] = {"line_spans": "__span", "anchor_linenums": True, "pygments_lang_class": True}


def source(header: str, code: str) -> str:
    converter = markdown.Markdown(
        extensions=["attr_list", "pymdownx.highlight", "pymdownx.superfences"],
        extension_configs={"pymdownx.highlight": MATERIAL},
    )
    return converter.convert(f"```{header}\n{code}\n```\n")


LIST = "<ol>\n<li>one<ul><li>inner</li></ul></li>\n<li>two</li>\n</ol>"
PYTHON = source("python", "print(1)  # (1)!")


@pytest.mark.parametrize(
    ("annotations", "code", "behind", "taken"),
    [
        pytest.param(EVERYWHERE, PYTHON, f"\n{LIST}<p>x</p>", LIST, id="right behind"),
        pytest.param(EVERYWHERE, PYTHON, f"\n<p></p><!-- <ol> -->\n<p>no element</p>{LIST}", LIST, id="skipped"),
        pytest.param(EVERYWHERE, PYTHON, f"<p>an <b>element</b></p>{LIST}", None, id="not skipped"),
        pytest.param(EVERYWHERE, PYTHON, f"<h2>x</h2>{LIST}", None, id="a heading between"),
        pytest.param(EVERYWHERE, PYTHON, "<ul><li>x</li></ul>", None, id="another list"),
        pytest.param(EVERYWHERE, PYTHON, "<ol><li>x</li>", None, id="no end"),
        pytest.param(EVERYWHERE, PYTHON, "<ol></ol>", None, id="no item"),
        pytest.param(EVERYWHERE, PYTHON, "", None, id="nothing"),
        pytest.param(
            EVERYWHERE,
            PYTHON,
            f'<ol start="1"><li><!-- </ol> -->{LIST}</li></ol>{LIST}',
            f'<ol start="1"><li><!-- </ol> -->{LIST}</li></ol>',
            id="nested",
        ),
        pytest.param(EVERYWHERE, source("python", "x  # (2)!"), LIST, LIST, id="the second item"),
        pytest.param(EVERYWHERE, source("python", "x  # (3)!"), LIST, None, id="no such item"),
        pytest.param(EVERYWHERE, source("python", "x  # a (1) b"), LIST, LIST, id="kept comment"),
        pytest.param(EVERYWHERE, source("rust", "f(); /* (1)! */"), LIST, LIST, id="another kind of comment"),
        pytest.param(EVERYWHERE, source("python", "f(1)\n'(1)!'"), LIST, None, id="no comment"),
        pytest.param(EVERYWHERE, "<pre><code># (1)!</code></pre>", LIST, None, id="no highlighter"),
        pytest.param(MARKED, PYTHON, LIST, None, id="not asked for"),
        pytest.param(MARKED, source("{.python .annotate}", "x  # (1)!"), LIST, LIST, id="asked for"),
        pytest.param(MARKED, source("{.python .annotated}", "x  # (1)!"), LIST, None, id="another class"),
        pytest.param(
            Annotations(everywhere=True, further={"json": [".s2"]}),
            source("json", '{"a": "(1)!"}'),
            LIST,
            LIST,
            id="strings of a language",
        ),
        pytest.param(
            Annotations(everywhere=True, further={"yaml": [".s2"]}),
            source("json", '{"a": "(1)!"}'),
            LIST,
            None,
            id="of another language",
        ),
    ],
)
def test_the_list_that_material_would_take(annotations: Annotations, code: str, behind: str, taken: str | None) -> None:
    """Behind the block, with an item for one of the markers in its comments, where the feature or the class asks for it."""
    page = f"<p>before</p>{code}{behind}"
    found = annotations.following(code, page, len(page) - len(behind))

    assert taken == (page[slice(*found)] if found else None)
