"""What the highlighter has made is remembered, and no page shows that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymdownx.highlight
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymdownx.highlight import Highlight, HighlightExtension
from support.sizes import TIMES

from mkdocs_codeexec.markdown.highlights import Highlights, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FENCES = (
    "```rust exec\n# use a;\nf();\n```",
    "```rust\n# use a;\nf();\n```",
    '```rust exec linenums="1"\nf();\n```',
    '```rust linenums="1 2" hl_lines="1"\nf();\ng();\n```',
    '```rust exec hl_lines="1-2"\nf();\ng();\n```',
    "```{.rust .exec .wide #one}\nf();\n```",
    '```{.python .wide data-x="1"}\nf()\n```',
    '```python title="a <b>"\nf()\n```',
    '```python exec title="b"\nf()\n```',
    '```python title="<b>c</b>" title_mode="html"\nf()\n```',
    "```py\nf()\n```",
    "```\nf()\n```",
    "```\n#!/bin/sh\nf\n```",
    "```nobody\n1 < 2 & 3\n```",
    "```python\n\nf()\n\n```",
    "    indented()",
    "`#!python inline()`",
    "- list\n\n    ```python\n    f()\n    ```",
)
SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"anchor_linenums": True, "linenums": True},
    {"line_anchors": "a", "linenums": True, "linenums_style": "pymdownx-inline"},
    {"line_spans": "__span", "pygments_lang_class": True},
    {"linenums": True, "linenums_style": "inline", "linenums_special": 2},
    {"linenums": False},
    {"use_pygments": False},
    {"use_pygments": False, "linenums": True, "linenums_class": "n", "code_attr_on_pre": True},
    {"auto_title": True},
    {"auto_title": True, "auto_title_map": {"Python": "Snake"}},
    {"auto_title": True, "auto_title_map": {"Python": {"title": "<i>P</i>", "mode": "html"}}},
    {"noclasses": True, "pygments_style": "monokai"},
    {"guess_lang": True},
    {"guess_lang": "block"},
    {"stripnl": False, "css_class": "code"},
    {"default_lang": "python"},
    {"extend_pygments_lang": [{"name": "nobody", "lang": "python", "options": {"stripall": True}}]},
    {"extend_pygments_lang": [{"name": "nobody", "lang": "rust"}]},
)
USUAL = ("pymdownx.superfences", "pymdownx.highlight", "attr_list")
EXTENSIONS: tuple[tuple[str, ...], ...] = (
    USUAL,
    ("pymdownx.superfences", "pymdownx.highlight"),
    ("pymdownx.superfences", "pymdownx.highlight", "pymdownx.inlinehilite", "attr_list"),
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code that Pygments is given."""
    codes: list[str] = []
    real = pymdownx.highlight.highlight

    def noted(code: str, *how: Any) -> Any:
        codes.append(code)
        return real(code, *how)

    monkeypatch.setattr(pymdownx.highlight, "highlight", noted)
    return codes


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=30 * TIMES)
def test_what_is_remembered_is_what_would_be_made(convert: Any, data: st.DataObject) -> None:
    """Whatever was built before, with other settings, extensions, fences and in another order, a page is as without memory."""
    highlights = Highlights()
    for number in range(data.draw(st.integers(2, 5))):
        if data.draw(st.booleans()):
            highlights.begin(data.draw(st.sampled_from(["a", "b"])))
        extensions = data.draw(st.sampled_from(EXTENSIONS))
        configs = {"pymdownx.highlight": data.draw(st.sampled_from(SETTINGS))}
        text = "\n\n".join(data.draw(st.lists(st.sampled_from(FENCES), min_size=1, max_size=6)))
        expected = convert(text, extensions=extensions, configs=configs)[0]
        assert expected == convert(text, extensions=extensions, configs=configs, highlights=highlights)[0], number
        assert expected == convert(text, extensions=extensions, configs=configs, highlights=highlights)[0], number


def test_every_setting_is_told_apart(convert: Any) -> None:
    """Pages of all fences, before and after every other setting has been seen with them."""
    highlights = Highlights()
    text = "\n\n".join(FENCES)
    expected = [convert(text, configs={"pymdownx.highlight": config})[0] for config in SETTINGS]
    for _ in range(2):
        for config, page in zip(SETTINGS, expected, strict=True):
            assert page == convert(text, configs={"pymdownx.highlight": config}, highlights=highlights)[0], config


@pytest.mark.parametrize(
    ("extensions", "configs"),
    [
        (("fenced_code", "codehilite"), {}),
        (("fenced_code",), {}),
        (("codehilite",), {"codehilite": {"linenums": True}}),
    ],
    ids=["both", "fenced_code", "codehilite"],
)
def test_sites_without_superfences(convert: Any, extensions: tuple[str, ...], configs: Mapping[str, Any]) -> None:
    """Where superfences only stands in, pages are as without memory, too."""
    highlights = Highlights()
    for text in (FENCES[0], "\n\n".join(FENCES[:2]), "\n\n".join(FENCES)):
        for _ in range(2):
            assert (
                convert(text, extensions=extensions, configs=configs)[0]
                == convert(text, extensions=extensions, configs=configs, highlights=highlights)[0]
            )
    assert len(highlights)


def test_what_has_not_changed_is_not_highlighted_again(convert: Any, made: list[str]) -> None:
    """Prose is edited: nothing. A fence is edited: that one. Plain fences and samples alike."""
    highlights = Highlights()
    fences = ["```rust exec\nf();\n```", "```python\ng()\n```", "```rust\nh();\n```"]
    for text, expected in (
        ("\n\n".join(fences), ["f();", "g()", "h();"]),
        ("\n\n".join(["new prose", *fences]), []),
        ("\n\n".join([fences[0], "```python\ngg()\n```", fences[2]]), ["gg()"]),
    ):
        highlights.begin("")
        made.clear()
        convert(text, highlights=highlights)
        assert expected == made


def test_another_configuration_of_the_site_forgets_all(convert: Any, made: list[str]) -> None:
    """Plugins bring lexers and styles, which have the same names with other options of theirs."""
    highlights = Highlights()
    for configuration in ("a", "a", "b", "a"):
        highlights.begin(configuration)
        convert(FENCES[0], highlights=highlights)
    assert 3 == len(made)


def test_what_one_build_does_not_show_is_forgotten(convert: Any, made: list[str]) -> None:
    """A fence that was taken away, and comes back later, is made anew: nothing grows with the number of rebuilds."""
    highlights = Highlights()
    for text in (FENCES[0], "no fence", FENCES[0]):
        highlights.begin("")
        convert(text, highlights=highlights)
    assert 2 == len(made)
    assert 1 == len(highlights)


def test_it_is_bounded(convert: Any, made: list[str]) -> None:
    """What does not fit any more is made each time; what has found a place keeps it."""
    whole = Highlights()
    text = "\n\n".join(FENCES[:8])
    expected = convert(text, highlights=whole)[0]
    assert 8 == len(whole)
    highlights = Highlights(most=1000)
    for _ in range(3):
        highlights.begin("")
        assert expected == convert(text, highlights=highlights)[0]
        assert 0 < len(highlights) < 8
    made.clear()
    highlights.begin("")
    convert(text, highlights=highlights)
    assert 0 < len(made) < 8


class Shouting(Highlight):
    """A highlighter that depends on something of its own."""

    times = 0

    def highlight(self, src: str, *_: Any, **__: Any) -> str:
        Shouting.times += 1
        return f"<pre><code>{src.upper()} {Shouting.times}</code></pre>"


class ShoutingExtension(HighlightExtension):
    """The way that pymdownx has for others to highlight."""

    def get_pymdownx_highlighter(self) -> type[Highlight]:
        return Shouting


def test_another_highlighter_is_asked_each_time(convert: Any) -> None:
    """Nobody knows what it depends on."""
    highlights = Highlights()
    pages = [
        convert(
            "```rust exec\nf();\n```", extensions=("pymdownx.superfences", ShoutingExtension()), highlights=highlights
        )
        for _ in range(2)
    ]
    assert pages[0] != pages[1]
    assert 0 == len(highlights)


def test_keys_tell_types_apart() -> None:
    """`1`, `1.0`, `True` and `"1"` are not one setting; what is no plain value has no key."""
    keys = {key_of(value) for value in (1, 1.0, True, "1", (1,), [1], {1: 1}, None)}
    assert 8 == len(keys)
    assert key_of({"a": ["b", 1]}) == key_of({"a": ["b", int("1")]})
    assert key_of(object()) is None
    assert key_of([Highlight]) is None
