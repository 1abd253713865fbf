"""Fences of Markdown that become a part of their page."""

from __future__ import annotations

import re
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.markdown.claiming import claim
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.literate import literate

PYTHON = LanguageRule(name="python")
INSIDE = """\
## Inside

```python exec
first()
```

- x

    ```python exec
    second()
    ```

| a |
|---|
| **b** |
"""
RICH = ("pymdownx.superfences", "pymdownx.highlight", "attr_list", "admonition", "tables", "toc", "footnotes")


def wrapped(text: str, header: str = 'md exec source="none"', fence: str = "````") -> str:
    return f"{fence}{header}\n{text}{fence}\n"


@pytest.mark.parametrize(
    "header", ['md exec source="none"', 'markdown exec="1" source="none"', "{.md .exec source=none}"]
)
@pytest.mark.parametrize("fence", ["````", "~~~"])
def test_what_is_in_one_is_a_part_of_the_page(convert: Any, header: str, fence: str) -> None:
    """The same HTML, the same contents, and samples with the lines that their author sees."""
    plain, before = convert(f"# A\n\n\n{INSIDE}\n", extensions=RICH)
    html, found = convert(f"# A\n\n{wrapped(INSIDE, header, fence)}", extensions=RICH)

    assert plain == html
    assert before.codes == found.codes == ["first()", "second()"]
    assert before.lines == found.lines == [6, 12]
    assert not found.problems


def test_where_text_stands_beside_it(convert: Any) -> None:
    """No empty line is needed, as for any fence."""
    html, _ = convert("before\n" + wrapped("inside\n") + "after\n")

    assert "<p>before</p>\n<p>inside</p>\n<p>after</p>" == html


@pytest.mark.parametrize(
    ("before", "prefix"),
    [("!!! note\n\n", "    "), ("- x\n\n", "    "), ("", "> "), ("1. y\n\n    - x\n\n", "        ")],
)
def test_where_it_is_within_something(convert: Any, before: str, prefix: str) -> None:
    """Admonitions, lists, quotations."""
    text = indent(wrapped(INSIDE), prefix, lambda _: True)
    html, found = convert(before + text, extensions=RICH)

    assert ["first()", "second()"] == found.codes
    start = before.count("\n")
    assert [start + 4, start + 10] == found.lines
    assert "<strong>b</strong>" in html
    assert "````" not in html


@pytest.mark.parametrize(("place", "order"), [("above", ["shown", "inside"]), ("below", ["inside", "shown"])])
def test_its_source_is_shown(convert: Any, place: str, order: list[str]) -> None:
    """As code, where the fence says; above, as of any sample, if it does not."""
    html, _ = convert("x\n" + wrapped("**inside**\n", f'md exec source="{place}"') + "y\n")
    places = {"shown": html.index('class="highlight"'), "inside": html.index("<strong>inside</strong>")}

    assert order == sorted(places, key=lambda name: places[name])
    assert html.startswith("<p>x</p>")
    assert html.endswith("<p>y</p>")
    assert 'class="highlight"' in convert(wrapped("**inside**\n", "md exec"))[0]


def test_one_within_another(convert: Any) -> None:
    """Both are opened."""
    html, found = convert(wrapped("# a\n\n" + wrapped(INSIDE) + "\nlast\n", fence="~~~~~"), extensions=RICH)

    assert ["first()", "second()"] == found.codes
    assert [7, 13] == found.lines
    assert html.endswith("<p>last</p>")


@pytest.mark.parametrize(
    "text",
    [
        f"`````\n{wrapped(INSIDE)}`````\n",
        indent(wrapped(INSIDE), "    "),
        wrapped(INSIDE, 'md exec="no"'),
        wrapped(INSIDE, "md"),
        wrapped(INSIDE, "md exec ignore"),
        f"<!--\n{wrapped(INSIDE)}\n-->\n",
    ],
)
def test_what_is_none(convert: Any, text: str) -> None:
    """Another fence, indented code, one that does not ask for it, a comment: nothing in it is on the page as HTML."""
    html, _ = convert(text, extensions=RICH)

    assert "<h2" not in html.partition("-->")[2] if text.startswith("<!--") else "<h2" not in html


def test_where_nothing_is_executed_it_is_code(convert: Any) -> None:
    """A site without us shows it so."""
    html, found = convert(wrapped(INSIDE, "md exec"), run="none", extensions=RICH)

    assert ("<h2" in html, found.codes) == (False, [])


def test_one_that_is_never_closed(convert: Any) -> None:
    """It is left as it is."""
    _, found = convert("````md exec\n# x\n")

    assert not found.codes


@pytest.mark.parametrize("option", ['session="a"', "compile_fail", "exit=x"])
def test_what_it_cannot_be(convert: Any, option: str) -> None:
    """It is an error, and says what such a fence is."""
    _, found = convert(wrapped("x\n", f"md exec {option}"))

    (refusal,), (hint,) = found.refusals, found.hints
    assert refusal
    assert "nothing is run for `md exec`: what is in it becomes a part of the page" == hint


def test_what_has_no_effect_on_it(convert: Any) -> None:
    """It is worth a line in the log."""
    _, found = convert("a\n\n" + wrapped("x\n", 'md exec idprefix="a-"'))

    (problem,) = found.problems
    assert (3, True) == (problem.location.line, problem.mild)
    assert problem.message.startswith("`idprefix` has no effect on `md exec`")


def test_who_else_takes_such_fences(convert: Any) -> None:
    """A custom fence of the site gets it as it was written."""
    taken = []

    def format_(source: str, language: str, *_: Any, **__: Any) -> str:
        taken.append((language, source))
        return "<i>theirs</i>"

    custom = [{"name": "md", "class": "md", "format": format_, "validator": lambda *_: True}]
    html, found = convert(wrapped("# x\n", "md exec"), configs={"pymdownx.superfences": {"custom_fences": custom}})

    assert [("md", "# x")] == taken
    assert ("<i>theirs</i>" in html, found.codes) == (True, [])


LINES = [
    "```md exec",
    "````md exec",
    "```",
    "````",
    "~~~",
    "x",
    "",
    "> ```md exec",
    "> ```",
    "> x",
    "    ```md exec",
    "    ```",
    "- a",
]


@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_they_are_nested_or_apart(lines: list[str]) -> None:
    """Never crossed; each ends behind its start; texts have as many lines as there are between."""
    from mkdocs_codeexec.languages.builtin import RUST

    found = list(literate(lines, lambda header: claim(header, {"rust": RUST})))
    for each in found:
        assert each.start < each.end
        assert "exec" in lines[each.start]
        assert each.text(lines).count("\n") == max(each.end - each.start - 2, 0)
        for other in found:
            if each.start < other.start < each.end:
                assert other.end < each.end


@pytest.mark.parametrize(("place", "order"), [("tabbed-left", "ST"), ("tabbed-right", "TS"), ("tabs", "ST")])
def test_the_source_in_a_tab(convert: Any, place: str, order: str) -> None:
    """Beside the text, which is a part of the page all the same: its samples are those of the page."""
    header = f'md exec source="{place}" tabs="S & s|T"'
    html, found = convert(f"# A\n\n- x\n\n{indent(wrapped(INSIDE, header), '    ')}\nend\n", extensions=RICH)
    labels = re.findall(r"<label[^>]*>(.)", html)
    blocks = html.split('<div class="tabbed-block">')[1:]

    assert list(order) == labels
    source, text = blocks if order == "ST" else blocks[::-1]
    assert "## Inside" in re.sub("<[^>]+>", "", source)
    assert "<h2" in text
    assert "<table>" in text
    assert html.count("<div") == html.count("</div>")
    assert ["first()", "second()"] == found.codes
    assert not found.problems


def test_tabs_of_several(convert: Any) -> None:
    """Are sets of their own, whatever is in them."""
    html, _ = convert(wrapped("same\n", 'md exec source="tabs"') * 3)
    names = re.findall(r'name="([^"]*)"', html)

    assert 6 == len(names)
    assert 3 == len(set(names))


def test_where_the_source_stands_of_those_that_do_not_say_it() -> None:
    """Above the text, or where the site says."""
    rules = {"python": PYTHON}
    for said, place in ((None, "above"), ("none", "none")):
        more = {} if said is None else {"literate": said}
        found = claim(parse_header("md exec"), rules, **more)
        assert found is not None
        assert place == found.source
    found = claim(parse_header('md exec source="below"'), rules, literate="none")
    assert found is not None
    assert "below" == found.source


def test_editors_are_told(convert: Any) -> None:
    """`pyodide` fences of markdown-exec are code of Python here, unless it is there, too."""
    html, found = convert('```pyodide install="x" session="a"\nprint(1)\n```\n', extensions=RICH)

    assert "<code>" in html
    assert ["1: `pyodide` fences are editors of markdown-exec, so this is shown as code"] == found.messages
    assert not found.samples
