"""What samples show beside text, from the fence to the page."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.runtime import sections

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

SVG = '<svg xmlns=\\"http://www.w3.org/2000/svg\\"><rect width=\\"9\\" height=\\"9\\"/></svg>'
SHOWS = 'show() { printf "EVCXR_BEGIN_CONTENT %s\\n%s\\nEVCXR_END_CONTENT\\n" "$1" "$2"; }\n'


def fence(code: str, header: str = "", language: str = "bash") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


def page(project: Project) -> str:
    return (project.root / "site/index.html").read_text("utf-8").partition("Build Date UTC")[0]


def assets(project: Project) -> list[Path]:
    return sorted((project.root / "site/assets/codeexec").glob("*"))


def seen(project: Project) -> list[tuple[str, str]]:
    """Return what stands under the sources: streams, and the types of displays, in order."""
    pattern = r'<pre class="codeexec-(\w+)"[^>]*><code>(.*?)</code>|<div class="codeexec-display" data-mime="([^"]*)"'
    found = re.findall(pattern, page(project), re.DOTALL)
    return [("display", mime) if mime else (kind, text) for kind, text, mime in found]


def test_a_page_shows_it_in_place_cold_and_warm(project: Project) -> None:
    """In the order in which it was made; the same bytes from the store, and pictures are files of the site."""
    code = f'{SHOWS}echo before; show image/svg+xml "{SVG}"; echo between; show text/html "<b>x</b>"; echo after >&2'
    project.page(fence(code) + fence(f'echo "{SVG}" > plot.svg', 'artifacts="*.svg" caption="A plot" alt="a square"'))
    project.build()
    cold = page(project), assets(project)

    assert [
        ("stdout", "before"),
        ("display", "image/svg+xml"),
        ("stdout", "between"),
        ("display", "text/html"),
        ("stderr", "after"),
        ("display", "image/svg+xml"),
    ] == seen(project)
    assert '<div class="codeexec-display" data-mime="text/html"><b>x</b></div>' in cold[0]
    assert 'alt="a square" loading="lazy"><figcaption>A plot</figcaption>' in cold[0]
    for path in cold[1]:
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
        assert f'src="assets/codeexec/{path.name}"' in cold[0]
    assert 2 == project.build().counts["cached"]
    assert cold == (page(project), assets(project))


def test_the_log_of_a_failure_has_its_text_alone(project: Project) -> None:
    """What is shown beside text is on the page; the log has none of how it is kept."""
    show = f'show image/svg+xml "{SVG}"'
    project.page(
        fence(f"{SHOWS}echo before; {show}; echo after; exit 3")
        + fence(f"$ {SHOWS.strip()}\n$ {show}; echo said; false", language="console")
    )
    log = project.build().log

    assert "| before\n| after\n" in log
    assert "| said\n" in log
    assert not re.search(r"^\| .*(?:EVCXR_|image/svg)", log, re.MULTILINE), log


def test_formulas_are_formulas_where_the_site_has_some(project: Project) -> None:
    """What sympy and IPython's `Math` say of themselves; elsewhere the same value is its own text."""
    value = 'class X:\n    def _repr_latex_(self): return "$x^2$"\n    def __repr__(self): return "x squared"\nX()'
    project.page(fence(value, 'show="value"', "python"))
    project.build()
    plain = page(project)
    text = (project.root / "mkdocs.yml").read_text("utf-8")
    project.write("mkdocs.yml", text.replace("  - attr_list\n", "  - attr_list\n  - pymdownx.arithmatex\n"))
    assert 1 == project.build().counts["cached"]

    assert "<code>x squared</code>" in plain
    assert 'class="arithmatex"' not in plain
    assert re.search(r'data-mime="text/latex"><p><span class="arithmatex">.*x\^2', page(project))
    assert "<code>x squared" not in page(project)


def test_what_is_gone_from_the_store_is_made_again(project: Project) -> None:
    project.page(fence(f'{SHOWS}show image/svg+xml "{SVG}"') + fence("echo x > a.bin", 'artifacts="a.bin"'))
    project.build()
    cold = page(project)
    for blob in [path for path in (project.root / ".cache/codeexec/blobs").rglob("*") if path.is_file()]:
        blob.unlink()

    assert 2 == project.build().counts["executed"]
    assert cold == page(project)


def test_a_file_that_is_not_there_fails(project: Project) -> None:
    """A picture that is missing on a page is a mistake; a link is no picture, wherever it leads."""
    project.page(
        fence("ln -s /etc/passwd a.png", 'artifacts="a.png"')
        + fence("echo", 'artifacts="*.csv b.png"')
        + fence("echo; exit 1", 'artifacts="b.png" exit="1"')
    )
    built = project.build()

    assert 3 == built.counts["unmet"]
    assert "docs/index.md:5: it has left no file `*.csv`, `b.png` in its working directory" in built.log
    assert not assets(project)
    assert "root:" not in page(project)


def test_a_sample_that_fails_shows_the_files_that_are_there(project: Project) -> None:
    """As it shows what it has printed: nothing is lost."""
    project.page(
        fence("echo there > a.txt", 'artifacts="a.txt b.txt"') + fence("echo x > c.txt; exit 1", 'artifacts="*"')
    )
    built = project.build()

    assert 2 == built.counts["unmet"]
    assert "<code>there</code>" in page(project)
    assert "<code>x</code>" in page(project)


@pytest.mark.parametrize("pattern", ["../x", "/etc/passwd", "a/../../b", ""])
def test_a_pattern_stays_within_the_directory(project: Project, pattern: str) -> None:
    project.page(fence("echo", f'artifacts="{pattern}"'))

    assert "docs/index.md:1: " in project.build().log
    assert not assets(project)


def test_steps_of_a_session_show_their_own(project: Project) -> None:
    """Each stands under its step."""
    project.page(
        fence(f'{SHOWS}show text/html "<b>1</b>"; echo "{SVG}" > 1.svg', 'session="s" artifacts="1.svg"')
        + fence('echo two; show text/html "<b>2</b>"', 'session="s"')
    )
    project.build()

    assert [
        ("display", "text/html"),
        ("display", "image/svg+xml"),
        ("stdout", "two"),
        ("display", "text/html"),
    ] == seen(project)


def test_what_is_shown_is_no_input_of_others(project: Project) -> None:
    project.page(fence(f'{SHOWS}echo 1; show text/html "<b>"; echo 2', 'name="a"') + fence("cat", 'stdin_from="a"'))
    project.build()

    assert ("stdout", "1\n2") == seen(project)[-1]


def test_nobody_shows_what_others_have_shown(project: Project) -> None:
    """A sample that writes the name of another one's picture has written text."""
    project.page(fence(f'{SHOWS}show image/svg+xml "{SVG}"'))
    project.build()
    (asset,) = assets(project)
    name = f'[["image/svg+xml","{asset.stem}",{len(asset.read_bytes())}]]'
    project.page(fence(f"{SHOWS}show nonsense '{name}'; show image/png '{name}'"))
    project.build()

    assert not assets(project)
    assert asset.stem in seen(project)[0][1]


def test_more_than_is_read_is_told(project: Project) -> None:
    """An endless picture ends the sample."""
    project.page(
        fence(f"echo EVCXR_BEGIN_CONTENT image/png; head -c {sections.LARGEST + 2**21} /dev/zero | tr '\\0' A")
    )
    built = project.build()

    assert "KiB of output" in built.log
    assert 1 == built.counts["unmet"]


def test_figures_and_values_of_python(project: Project) -> None:
    """They are on the page, in their order, cold and warm; of `show="value"` alone there is no text."""
    plot = "import matplotlib.pyplot as plt\nprint('before')\nplt.plot([1, 2])\nplt.show()\nprint('after')\n'value'"
    project.page(
        fence(plot, language="python")
        + fence(plot, 'show="stdout value"', "python")
        + fence("print(1)\n6 * 7", 'show="value"', "python")
    )
    project.build()
    cold = page(project)
    picture = ("display", "image/svg+xml")

    assert [
        *(("stdout", "before"), picture, ("stdout", "after")),
        *(("stdout", "before"), picture, ("stdout", "after"), ("display", "text/plain"), ("text", "&#39;value&#39;")),
        *(("display", "text/plain"), ("text", "42")),
    ] == seen(project)
    assert 3 == project.build().counts["cached"]
    assert cold == page(project)


def test_a_language_says_what_its_samples_make(project: Project) -> None:
    """What a fence names takes its place; only that must be there. In a session the last step shows it."""
    project.configure({"languages": {"bash": {"artifacts": "a.txt out/*.csv"}}})
    project.page(
        fence("echo A > a.txt")
        + fence("echo none")
        + fence("echo A > a.txt; echo x > b.json", 'artifacts="b.json"')
        + fence("echo S > a.txt", 'session="s"')
        + fence("echo last", 'session="s"')
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert [
        ("display", "text/plain"),
        ("stdout", "none"),
        ("display", "application/json"),
        ("stdout", "last"),
        ("display", "text/plain"),
    ] == [one for one in seen(project) if one[0] != "text"]
    project.page(fence("echo A > a.txt", 'artifacts="b.txt"'))
    assert "has left no file `b.txt`" in project.build().log


@pytest.mark.parametrize("language", ["bash", "rust"])
def test_a_language_names_files_within_the_directory(project: Project, language: str) -> None:
    """Else it is a mistake of the configuration."""
    project.configure({"languages": {language: {"artifacts": ["../x"]}}})
    project.page(fence("true"))
    built = project.build()

    assert 0 != built.status
    assert f"languages.{language}.artifacts" in built.log
    assert "`../x` names no file within the working directory" in built.log


def test_a_file_that_is_no_picture_is_told_and_a_link(project: Project) -> None:
    """With the line of its fence; and nothing is said of a caption that it cannot have."""
    project.page("# A\n\n" + fence("echo 'no such figure' > plot.png", 'artifacts="*.png" caption="A plot"'))
    for _ in range(2):
        built = project.build("--strict")

        told = "docs/index.md:3: `plot.png` is no PNG picture, so the page has a link to it\n\nhint: look at how the sample writes it"
        assert told in built.log
        assert "Aborted with 1 warnings in strict mode!" in built.log
        assert 'download="plot.png">plot.png</a> (15 B)</p>' in page(project)
        assert "<img" not in page(project).partition('class="codeexec"')[2]
