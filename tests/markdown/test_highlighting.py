"""A highlighter that looks up less makes the same HTML."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown
from pygments.lexers import get_all_lexers
from pygments.styles import get_all_styles
from pygments.util import ClassNotFound
from pymdownx.highlight import Highlight

from mkdocs_codeexec.markdown.highlighting import LeanHighlight, lean

CODE = """\

# a comment with <b> & "quotes"
def f(x: int) -> str:
    return f"{x!r:>{10}}\\n" + 'é' * 0x1F  # b

>>> f(1)
fn main() { println!("{}", 1.0e3 as f64); }  // c
$ echo $HOME `ls` && exit 3
<a href="x">{{ y }}</a> /* d */ \u001b[31m
"""
NAMES = sorted(aliases[0] for _, aliases, _, _ in get_all_lexers() if aliases)

configurations = st.fixed_dictionaries(
    {},
    optional={
        "pygments_style": st.sampled_from(sorted(get_all_styles())),
        "noclasses": st.booleans(),
        "linenums": st.sampled_from([None, True, False]),
        "linenums_style": st.sampled_from(["table", "inline", "pymdownx-inline"]),
        "linenums_special": st.integers(-1, 3),
        "line_spans": st.sampled_from(["", "__span"]),
        "line_anchors": st.sampled_from(["", "a"]),
        "anchor_linenums": st.booleans(),
        "pygments_lang_class": st.booleans(),
        "auto_title": st.booleans(),
        "guess_lang": st.sampled_from([True, False, "block", "inline"]),
        "stripnl": st.booleans(),
        "default_lang": st.sampled_from(["", "python"]),
        "use_pygments": st.sampled_from([True, True, True, False]),
        "extend_pygments_lang": st.sampled_from(
            [
                [{"name": "nobody", "lang": "python", "options": {"stripall": True}}],
                [{"name": "python", "lang": "rust", "options": {"stripnl": "no such value"}}],
                [{"name": "nobody"}],
            ]
        ),
    },
)
blocks = st.fixed_dictionaries(
    {"language": st.sampled_from(["", "python", "PYTHON", "rust", "console", "nobody", *NAMES])},
    optional={
        "hl_lines": st.lists(st.integers(0, 9), max_size=3),
        "linestart": st.integers(-1, 5),
        "linestep": st.integers(-1, 3),
        "inline": st.booleans(),
        "title": st.sampled_from(["", "a <b>"]),
        "classes": st.just(["wide"]),
        "id_value": st.just("one"),
        "code_block_count": st.integers(0, 3),
    },
)


def made(kind: Any, configuration: dict[str, Any], block: dict[str, Any], code: str = CODE) -> str:
    try:
        found = kind(Markdown(), **configuration).highlight(code, **block)
        return found if isinstance(found, str) else tostring(found, "unicode")
    except Exception as error:  # noqa: BLE001 - what one refuses the other refuses alike
        return f"{type(error).__name__}: {error}"


@given(configuration=configurations, block=blocks, code=st.just(CODE) | st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_every_block_is_the_same(configuration: dict[str, Any], block: dict[str, Any], code: str) -> None:
    """Whatever is configured, of the site or of the block."""
    assert made(Highlight, configuration, block, code) == made(LeanHighlight, configuration, block, code)


@pytest.mark.parametrize(
    "language", [name if n % 3 == 0 else pytest.param(name, marks=pytest.mark.slow) for n, name in enumerate(NAMES)]
)
def test_every_language_is_the_same_again_and_again(language: str) -> None:
    """A lexer is made anew for each block: some of them remember something."""
    for _ in range(2):
        assert made(Highlight, {}, {"language": language}) == made(LeanHighlight, {}, {"language": language})


@pytest.mark.parametrize("style", sorted(get_all_styles()))
def test_a_style_counts_where_tags_hold_it(style: str) -> None:
    configuration = {"pygments_style": style, "noclasses": True}
    assert made(Highlight, configuration, {"language": "python"}) == made(
        LeanHighlight, configuration, {"language": "python"}
    )


def test_an_unknown_style_is_refused() -> None:
    """As Pygments says it."""
    with pytest.raises(ClassNotFound, match="nobody"):
        LeanHighlight(Markdown(), pygments_style="nobody").highlight(CODE, "python")


def test_a_highlighter_of_somebody_else_stays() -> None:
    class Other(Highlight):  # type: ignore[misc]
        pass

    assert Other is lean(Other)
    assert LeanHighlight is lean(Highlight)
