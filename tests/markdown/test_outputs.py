"""Markdown that samples print, converted by itself."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.html.contents import tokens_joined
from mkdocs_codeexec.markdown.collecting import NO_WORDS, Words
from mkdocs_codeexec.markdown.outputs import Converted, Outputs, _note, outputs

EXTENSIONS = ["abbr", "attr_list", "def_list", "footnotes", "md_in_html", "meta", "tables", "toc", "pymdownx.highlight",
              "pymdownx.superfences", "pymdownx.tabbed"]  # fmt: skip
RULES = {"python": LanguageRule("python", run="all")}


def site(extensions: list[str] | None = None) -> Outputs:
    return outputs(extensions or EXTENSIONS, {"pymdownx.tabbed": {"alternate_style": True}}, RULES, lambda _: True, ())


def convert(
    text: str, found: Outputs | None = None, *, taken: set[str] | None = None, words: Words = NO_WORDS
) -> Converted:
    ids = set() if taken is None else taken
    return (found or site()).convert(text, own="codeexec-1-", prefix="p-", taken=ids, words=words)


PIECES = [
    "# a\n",
    "## a\n",
    "x[^1]\n",
    "\n[^1]: y\n",
    "```python exec\n",
    "```\n",
    '=== "a"\n',
    "    b\n",
    "[a](#a)\n",
    "<b>",
    "\n",
]


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_same_text_is_the_same_html_whatever_came_before(text: str) -> None:
    """One converter serves all pages; every id begins as it should, and no two are equal."""
    first = convert(text, FRESH)
    again = convert(text, FRESH)
    ids = re.findall(r'\sid="([^"]+)"', first.html)

    assert first == again
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("p-") for name in ids)


FRESH = site()


def test_nothing_of_one_page_is_on_another() -> None:
    """Neither references nor abbreviations, footnotes nor ids."""
    found = site()
    words = Words({"ref": ("https://a.b", "")}, {"HTML": "Hypertext"})

    assert (
        '<abbr title="Hypertext">HTML</abbr> <a href="https://a.b">ref</a>'
        in convert("HTML [ref]", found, words=words).html
    )
    assert "<p>HTML [ref]</p>" == convert("HTML [ref]", found).html


def test_footnotes_of_the_page_can_be_used() -> None:
    """Those that are referred to, and theirs; what the output defines itself prevails, and code refers to nothing."""
    found = site()
    notes = {"1": "of *page*", "2": "see[^3]", "3": "third", "4": "not used", "5": "in code", "6": "so is this"}
    words = Words({}, {}, notes)
    html = convert("a[^1] b[^2] `x[^5]`\n\n```text\n[^6]\n```\n\nc[^own]\n\n[^own]: of output", found, words=words).html

    listed = re.findall(r'<li id="p-fn:(\w+)">', html)
    assert {"1", "2", "3", "own"} == set(listed)
    assert 4 == len(listed)
    assert "of <em>page</em>" in html
    assert 'href="#p-fn:1"' in html
    assert "mine" in convert("a[^1]\n\n[^1]: mine", found, words=words).html
    assert "of <em>page</em>" not in convert("a[^1]\n\n[^1]: mine", found, words=words).html
    assert "<p>a[^1]</p>" == convert("a[^1]", found).html
    assert "footnote" not in convert("a", found, words=words).html


def test_what_the_converter_of_a_page_knows_of_its_footnotes() -> None:
    """Those with a code block in them are another converter's: what stands there is its own."""
    md = Markdown(extensions=EXTENSIONS)
    md.convert("x[^1][^2]\n\n[^1]: y\n\n[^2]:\n    z\n\n    ```text\n    w\n    ```\n")

    assert {"1": "y"} == Words.of(md).footnotes
    assert {} == Words.of(Markdown()).footnotes


@pytest.mark.parametrize("text", ["[^" * 10**5, "`" * 10**5 + "[^1]", "[^1]" * 10**4])
def test_footnotes_are_looked_for_in_linear_time(text: str) -> None:
    """Whatever a program has printed."""
    began = time.process_time()
    _note(Markdown(extensions=["footnotes"]), text, {"1": "a"})

    assert time.process_time() - began < 1


def test_a_front_matter_is_text() -> None:
    """`meta` would take it away."""
    assert "<p>a: b</p>" == convert("a: b").html


def test_ids_that_are_taken_are_not_taken_again() -> None:
    """References within the text follow."""
    taken = {"p-a"}
    found = convert("# a\n\n[a](#a) [b](#b)", taken=taken)

    assert '<h1 id="p-a_1">a</h1>\n<p><a href="#p-a_1">a</a> <a href="#b">b</a></p>' == found.html
    assert ["p-a_1"] == [heading["id"] for heading in found.headings]
    assert {"p-a", "p-a_1"} == taken


def test_the_converter_of_a_page_can_be_used_when_it_has_ended() -> None:
    """And has the contents of the page again."""
    md: Any = Markdown(extensions=["toc", "footnotes"])
    md.convert("# Page\n\nx[^1]\n\n[^1]: y")
    before = md.toc, md.toc_tokens

    assert '<h1 id="p-out">Out</h1>' == convert("# Out", Outputs(md)).html
    assert before == (md.toc, md.toc_tokens)
    assert '<h1 id="page">Page</h1>' == md.convert("# Page")


@pytest.mark.parametrize("text", ["", "\n \n", "#", "######", "\x02\x03", "x" * 10**6, "\n" * 10**5])
def test_odd_texts(text: str) -> None:
    """They are converted."""
    convert(text, FRESH)


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=12))
def test_headings_are_joined_in_their_order(headings: list[tuple[int, bool]]) -> None:
    """As `toc` would have nested them if all were of one text, each once."""
    text = "".join(f"{'#' * level} h{number}\n\n" for number, (level, _) in enumerate(headings))
    md: Any = Markdown(extensions=["toc"])
    html = md.convert(text)

    def only(added: bool) -> list[dict[str, object]]:
        one: Any = Markdown(extensions=["toc"])
        one.convert("".join(f"{'#' * level} h{n}\n\n" for n, (level, made) in enumerate(headings) if made is added))
        return list(getattr(one, "toc_tokens", []))

    joined = tokens_joined(only(added=False), only(added=True), html)
    assert [f"h{number}" for number in range(len(headings))] == flat(joined)
    nested(joined, 0)


def flat(tokens: Any) -> list[str]:
    return [name for token in tokens for name in (token["id"], *flat(token["children"]))]


def nested(tokens: Any, above: int) -> None:
    for token in tokens:
        assert token["level"] > above
        nested(token["children"], token["level"])


def test_an_extension_that_fails_leaves_the_converter_as_it_was() -> None:
    """Who asked for it hears why; the next text is converted."""
    found = site()

    def fail(_: Any) -> None:
        raise ValueError("broken")

    found.links = fail
    with pytest.raises(ValueError, match="broken"):
        convert("# a", found)
    found.links = lambda _: None

    assert '<h1 id="p-a">a</h1>' == convert("# a", found).html


def test_no_file_is_read() -> None:
    """Not for snippets, although their extension is there; nobody else's fences execute what is in them."""
    markdown_exec = pytest.importorskip("markdown_exec")

    custom = [
        {"name": "python", "class": "python", "validator": markdown_exec.validator, "format": markdown_exec.formatter}
    ]
    configs = {"pymdownx.superfences": {"custom_fences": custom}, "pymdownx.snippets": {"check_paths": True}}
    found = outputs(["pymdownx.superfences", "pymdownx.snippets"], configs, {}, lambda _: True, ())
    html = convert('--8<-- "/etc/hostname"\n\n```python exec="1"\nprint(6 * 7)\n```\n', found).html

    assert '<p>--8&lt;-- "/etc/hostname"</p>' in html
    assert "42" not in html
