"""How sources are shown beside their output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def page(project: Project) -> str:
    return (project.root / "site/index.html").read_text("utf-8").partition("Build Date UTC")[0]


def tabs(html: str) -> list[tuple[list[bool], list[str], list[str]]]:
    """Return of each set of tabs of ours which are open, what they are called, and what they hold."""
    found = []
    for part in html.split('<div class="codeexec"')[1:]:
        inputs = re.findall(r'<input([^>]*) id="(__tabbed_[^"]*)" name="([^"]*)" type="radio">', part)
        labels = re.findall(r'<label for="([^"]*)">(.*?)</label>', part)
        assert [one[1] for one in inputs] == [label[0] for label in labels]
        blocks = part.split('<div class="tabbed-block">')[1:]
        held = ["output" if block.startswith('<div class="codeexec-output">') else "source" for block in blocks]
        found.append(([" checked" in one[0] for one in inputs], [label[1] for label in labels], held))
    return found


def test_source_and_output_stand_in_tabs(project: Project) -> None:
    """On the side that was asked for, with the names that were; the same bytes from the store, and ids of their own."""
    project.page(
        '=== "The author\'s"\n\n    a\n\n'
        '```python exec source="tabs"\nprint(1)\n```\n\n'
        '```python exec source="tabbed-right" tabs="a \\| <b>|c"\nprint(2)\n```\n\n'
        '```python exec source="tabbed-left"\npass\n```\n'
    )
    project.build()
    cold = page(project)

    assert [
        ([True, False], ["Source", "Result"], ["source", "output"]),
        ([True, False], ["c", "a | &lt;b&gt;"], ["output", "source"]),
        ([], [], []),
    ] == tabs(cold)
    ids = re.findall(r'\bid="([^"]*)"', cold)
    assert len(ids) == len(set(ids))
    project.build()
    assert cold == page(project)


def test_the_tab_with_an_error_is_open(project: Project) -> None:
    """Whichever side it is on."""
    project.page(
        '```python exec source="tabs"\n1 / 0\n```\n\n```python exec source="tabbed-right"\n1 / 0\n```\n'
        '\n```python exec source="tabs" exit="3"\nexit(3)\n```\n'
    )
    project.build()

    assert [[False, True], [True, False], [True, False]] == [found[0] for found in tabs(page(project))]


@pytest.mark.parametrize("names", ["Source", "a|b|c", "|b", ""])
def test_names_of_tabs_that_make_no_sense_are_told(project: Project, names: str) -> None:
    """The sample runs, in tabs with the usual names."""
    project.page(f'```python exec source="tabs" tabs="{names}"\nprint(1)\n```\n')
    built = project.build()

    assert "docs/index.md:1" in built.log
    assert "expected two names with `|` between them" in built.log
    assert ["Source", "Result"] == tabs(page(project))[0][1]
