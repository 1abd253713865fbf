"""What is written without jinja2 is what the templates make of the same View."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

import mkdocs_codeexec
from mkdocs_codeexec.core.expectation import Met, Succeeds
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.html.displays import Shown
from mkdocs_codeexec.html.fragment import Renderer, View
from mkdocs_codeexec.html.streams import Stream
from mkdocs_codeexec.html.tabs import Tab
from mkdocs_codeexec.html.templates import template
from mkdocs_codeexec.html.written import fragment

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES = Path(mkdocs_codeexec.__file__).parent / "templates"
RENDER = template([TEMPLATES])

texts = st.text(st.sampled_from("ab<>&\"'\n\r {}%#é\u2028"), max_size=12)
markup = texts.map(Markup)
streams = st.builds(
    Stream,
    kind=texts,
    label=texts,
    html=markup,
    lines=st.integers(0, 10**6),
    folded=st.booleans(),
    open=st.booleans(),
    classes=texts,
    first=st.integers(0, 99),
)
shown = st.builds(Shown, kind=st.just("display"), mime=texts, html=markup)
views = st.builds(
    View,
    verdict=texts,
    id=texts,
    source=markup,
    position=st.sampled_from(["above", "below", "none"]) | texts,
    streams=st.lists(streams | shown, max_size=3).map(tuple),
    notes=st.lists(texts, max_size=3).map(tuple),
    tabs=st.lists(
        st.builds(Tab, id=texts, label=texts, holds=st.sampled_from(["source", "output"]), open=st.booleans()),
        max_size=2,
    ).map(tuple),
)


@given(views)
def test_every_view_is_written_as_the_templates_have_it(view: View) -> None:
    """Byte for byte, whatever is in it; text is escaped, and HTML is not escaped twice."""
    assert RENDER(view=view) == fragment(view=view)


def rendered(renderer: Renderer) -> str:
    outcome = Outcome(
        language="python",
        steps=(StepResult(kind="run", stdout="<1>\n", stderr="", ended=Exited(0)),),
        toolchain="",
        sandbox="",
    )
    sample = Sample(language="python", code="f()", location=Location("a.md", 1), expectation=Succeeds())
    return renderer.render(sample, Met(), outcome, source="<i>f</i>", html_id="codeexec-1", tidy=str)


@pytest.mark.parametrize("name", ["fragment.html", "output.html"])
def test_a_template_of_the_theme_counts(tmp_path: Path, name: str) -> None:
    """Either of the two, in whichever of the folders of a theme."""
    theme = tmp_path / "theme"
    (theme / "codeexec").mkdir(parents=True)
    usual = rendered(Renderer([tmp_path / "none", theme], TEMPLATES))
    assert "&lt;1&gt;" in usual

    (theme / "codeexec" / name).write_text("mine: {{ view.id }}", "utf-8")

    assert "mine: codeexec-1" in rendered(Renderer([tmp_path / "none", theme], TEMPLATES))


@pytest.mark.parametrize(
    "make", [lambda at: at.mkdir(), lambda at: at.symlink_to("nowhere")], ids=["folder", "dangling link"]
)
def test_what_is_no_file_is_no_template(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """jinja2 passes over it, too."""
    (tmp_path / "codeexec").mkdir()
    usual = rendered(Renderer([], TEMPLATES))
    make(tmp_path / "codeexec" / "fragment.html")
    assert usual == rendered(Renderer([tmp_path], TEMPLATES))


def test_jinja2_is_not_imported_where_nobody_has_a_template() -> None:
    """It takes longer than the fragments of a small site."""
    code = "import sys; import mkdocs_codeexec.pages; print('jinja2' in sys.modules)"
    assert (
        "False"
        == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    )
