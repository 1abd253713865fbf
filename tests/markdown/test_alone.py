"""Python-Markdown without a site: `extensions=["codeexec"]` answers the samples of one text."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any

import markdown
import pytest

from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.hosts import alone
from mkdocs_codeexec.hosts.markdown import makeExtension

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Project

    from mkdocs_codeexec.engine.engine import Engine

PRINTS = "# Title\n\n```python exec\nprint(6 * 7)\n```\n\nProse.\n"
FAILS = "# Title\n\n```python exec\nraise ValueError('boom')\n```\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment_dir: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODEEXEC_ENVIRONMENT_DIR", str(environment_dir))
    monkeypatch.setenv("NO_COLOR", "1")
    engines: dict[str, Engine] = {}
    monkeypatch.setattr(alone, "_engines", engines)
    yield
    for engine in engines.values():  # each keeps folders open as long as its process lives
        engine.close()


def converted(text: str, *, extensions: list[Any] | None = None, **options: Any) -> str:
    names = [*(extensions or []), "codeexec"]
    return markdown.markdown(text, extensions=names, extension_configs={"codeexec": options})


def test_a_text_shows_what_its_sample_printed() -> None:
    """The entry point is all it takes; the text is otherwise as without us."""
    html = converted(PRINTS)

    assert 'data-codeexec="met"' in html
    assert re.search(r'<pre class="codeexec-stdout"[^>]*><code>42</code></pre>', html), html
    assert "<p>Prose.</p>" in html
    assert "data-codeexec-slot" not in html


def test_a_fragment_is_that_of_mkdocs(project: Project) -> None:
    """What MkDocs puts on a page and what Python-Markdown makes of the same text is the same, with the same key."""
    project.page(PRINTS)
    project.build()
    html = converted(PRINTS, extensions=["pymdownx.highlight", "pymdownx.superfences"])

    assert project.samples()[0].split("</div></div>")[0] in html
    keys = [
        {path.stem for path in (root / ".cache/codeexec/results").rglob("*.json")}
        for root in (project.root, alone.Path.cwd())
    ]
    assert keys[0]
    assert keys[0] <= keys[1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_place_in_the_list_of_extensions_does_not_matter(place: int) -> None:
    """Ours comes last, wherever it is named."""
    names = ["pymdownx.highlight", "pymdownx.superfences"]
    names.insert(place, "codeexec")

    html = markdown.markdown(PRINTS, extensions=names)

    assert "<code>42</code>" in html
    assert 'class="highlight"' in html


def test_a_converter_can_be_used_again() -> None:
    """`reset` and `convert` once more is how many programs do it."""
    md = markdown.Markdown(extensions=["codeexec"])
    first = md.convert(PRINTS)

    assert first == md.reset().convert(PRINTS)
    assert "<code>43</code>" in md.reset().convert(PRINTS.replace("6 * 7", "43"))


def test_what_fails_is_told_with_its_line_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is raised: there is a page to look at, and a record at level ERROR."""
    with caplog.at_level(logging.ERROR, logger="codeexec"):
        html = converted(FAILS)

    assert 'data-codeexec="unmet"' in html
    assert "ValueError: boom" in html
    assert ["<markdown>:3: "] == [record.getMessage()[:14] for record in caplog.records]


def test_options_are_those_of_the_plugin() -> None:
    """`enabled: false` runs nothing; what does not exist is an error that names it."""
    assert "data-codeexec" not in converted(PRINTS, enabled=False)
    with pytest.raises(ConfigurationError, match="exekute"):
        converted(PRINTS, exekute="auto")


def test_an_option_without_a_meaning_here_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """There is no build that could fail."""
    converted(PRINTS, fail_on_error=True, timeout=11)

    assert "`fail_on_error` has no effect" in caplog.text


def test_no_option_chooses_among_pages(caplog: pytest.LogCaptureFixture) -> None:
    """A text has no path: none would run, and nobody would know why."""
    languages = {"python": {"exclude": ["old/**"]}, "bash": {"include": ["b.md"]}}
    html = converted(PRINTS, include=["a/**"], exclude=["b.md"], languages=languages)

    assert 1 == html.count('data-codeexec="met"')
    assert 1 == len(caplog.records)
    named = ("`include`", "`exclude`", "`languages.python.exclude`", "`languages.bash.include`")
    assert all(name in caplog.text for name in named)
    assert "no effect in Python-Markdown alone" in caplog.text


def test_two_extensions_of_ours_are_told_and_run_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first one counts."""
    html = markdown.markdown(PRINTS, extensions=["codeexec", makeExtension(timeout=3)])

    assert 1 == html.count('data-codeexec="met"')
    assert "listed twice among `markdown_extensions` with other options" in caplog.text


def test_texts_can_be_converted_in_several_threads() -> None:
    """Each gets what its own sample printed."""
    found: dict[int, str] = {}

    def convert(number: int) -> None:
        found[number] = converted(PRINTS.replace("6 * 7", f"'number', {number}"))

    threads = [threading.Thread(target=convert, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(f"<code>number {number}</code>" in found[number] for number in range(6))


def test_output_is_data() -> None:
    """What looks like Markdown, or like a placeholder, in an output stays what it is."""
    html = converted("```python exec\nprint('**x** `y` \\x02wzxhzdk:0\\x03 <b>')\n```\n")

    assert "**x** `y`" in html
    assert "&lt;b&gt;" in html
    assert "<strong>" not in html


def test_the_stylesheet_can_be_had() -> None:
    """For a page of one's own."""
    assert ".codeexec-output" in alone.stylesheet()


def test_messages_name_what_python_markdown_calls_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    """And no file of a host."""
    markdown.markdown("```bash exec network\ntrue\n```\n", extensions=["codeexec"])

    assert "below `languages.bash` in `extension_configs`" in capsys.readouterr().err
