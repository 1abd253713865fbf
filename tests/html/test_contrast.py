import re
from importlib.resources import files

import pytest

CSS = re.sub(
    r"/\*.*?\*/", "", (files("mkdocs_codeexec") / "assets" / "codeexec.css").read_text("utf-8"), flags=re.DOTALL
)
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
BRIGHT = tuple(f"bright-{name}" for name in NAMES)
READABLE = 4.5
"""WCAG 2.2, success criterion 1.4.3: text of ordinary size."""

PERCEIVABLE = 3.0
"""WCAG 2.2, success criterion 1.4.11: what is not text."""


def variables(selector: str) -> dict[str, str]:
    """Read the colours the first rule of `selector` sets."""
    rule = re.search(rf"(?m)^\s*{re.escape(selector)}\s*\{{([^}}]*)\}}", CSS)
    assert rule is not None
    return dict(re.findall(r"--codeexec-([\w-]+):\s*(#[0-9a-f]{6});", rule[1]))


LIGHT = variables(".codeexec")
DARK = variables('[data-bs-theme="dark"] .codeexec')
MODES = pytest.mark.parametrize("mode", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])


def luminance(color: str) -> float:
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def tinted(name: str, mode: dict[str, str], selector: str) -> str:
    """Mix a tint, which is a colour with its opacity, with the background."""
    rule = re.search(rf"(?m)^\s*{re.escape(selector)}\s*\{{([^}}]*)\}}", CSS)
    tint = re.search(rf"--codeexec-{name}:\s*#([0-9a-f]{{6}})([0-9a-f]{{2}});", rule[1] if rule else "")
    assert tint is not None, name
    share = int(tint[2], 16) / 255
    pairs = zip(bytes.fromhex(tint[1]), bytes.fromhex(mode["background"][1:]), strict=True)
    return "#" + bytes(round(a * share + b * (1 - share)) for a, b in pairs).hex()


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_the_extremes() -> None:
    """The formula is that of WCAG 2: black on white is 21, the grey `#767676` just enough."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_both_modes_have_the_same_colours() -> None:
    """No colour of one mode is left to the other."""
    assert LIGHT.keys() == DARK.keys()
    assert {f"ansi-{kind}{name}" for kind in ("", "bg-") for name in NAMES + BRIGHT} <= LIGHT.keys()


def test_a_light_page_has_no_dark_output() -> None:
    """The theme decides what is dark, not the reader's system: some themes have no dark mode."""
    assert "prefers-color-scheme" not in CSS


@MODES
@pytest.mark.parametrize("name", [*(f"ansi-{name}" for name in NAMES + BRIGHT), "foreground", "dim", "failure"])
def test_text_is_readable(mode: dict[str, str], name: str) -> None:
    """Every colour of text is readable on the output's background, and so is its reverse."""
    assert contrast(mode[name], mode["background"]) >= READABLE


@MODES
@pytest.mark.parametrize("name", NAMES + BRIGHT)
def test_text_is_readable_on_coloured_backgrounds(mode: dict[str, str], name: str) -> None:
    """Text of the default colour, and bright white, is readable on every background."""
    background = mode[f"ansi-bg-{name}"]

    assert contrast(mode["foreground"], background) >= READABLE
    assert contrast(mode["ansi-bright-white"], background) >= READABLE


@MODES
@pytest.mark.parametrize("name", NAMES)
def test_badges_are_readable(mode: dict[str, str], name: str) -> None:
    """Black and white text, as in the badges of test runners, is readable on the ordinary backgrounds."""
    background = mode[f"ansi-bg-{name}"]

    assert contrast(mode["ansi-black"], background) >= READABLE
    assert contrast(mode["ansi-white"], background) >= READABLE


@MODES
@pytest.mark.parametrize("name", ["failure", "caution", "focus"])
def test_marks_are_perceivable(mode: dict[str, str], name: str) -> None:
    """The marks of a verdict and of the focus stand out from the output."""
    assert contrast(mode[name], mode["background"]) >= PERCEIVABLE


@MODES
@pytest.mark.parametrize(
    ("tint", "line", "note"), [("error", "failure", "failure"), ("warning", "caution", "ansi-yellow")]
)
def test_marked_lines_can_be_read(mode: dict[str, str], tint: str, line: str, note: str) -> None:
    """Their text on the tint, the line at their side, and the note, which has the output's background."""
    paper = tinted(f"tint-{tint}", mode, ".codeexec" if mode is LIGHT else '[data-bs-theme="dark"] .codeexec')

    assert contrast(mode["foreground"], paper) >= READABLE
    assert contrast(mode[line], paper) >= PERCEIVABLE
    assert contrast(mode[note], mode["background"]) >= READABLE
