"""What samples in Python show beside text: figures, values, what libraries show; with the real libraries."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.workshop import Recorder, Workshop

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.displays import Display
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.core.sample import Links, Sample
from mkdocs_codeexec.languages import BUILTIN, open_languages
from mkdocs_codeexec.rich_display.inside import pieces as inside
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.sections import Sections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IMAGE = "from PIL import Image\n"
SHOW = "Image.new('RGB', (2, 2)).show()"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\n"


class Everything:
    """All that a program has shown, where nobody else has written sections."""

    def __contains__(self, item: object) -> bool:
        return True


def pieces(stdout: str) -> list[str | tuple[str, ...]]:
    """Return what is to be seen of `stdout`: texts, and the types of displays."""
    everything: Any = Everything()
    found = displays.pieces(stdout, everything)
    return [tuple(form.mime for form in one.bundle) if isinstance(one, Display) else one for one in found]


def python(workshop: Workshop) -> Any:
    return open_languages(workshop.settings(scripts={"python": BUILTIN["python"]}), workshop.listener)["python"]


def run(workshop: Workshop, code: str, **changes: Any) -> StepResult:
    return workshop.execute(python(workshop), workshop.sample(code, "python", timeout=60.0, **changes)).steps[-1]


def contents(result: StepResult, mime: str) -> list[bytes]:
    everything: Any = Everything()
    found = [one.form(mime) for one in displays.pieces(result.stdout, everything) if isinstance(one, Display)]
    return [result.contents[form.digest] for form in found if form]


# --- Figures ----------------------------------------------------------------------------------------------------------

SVG = ("image/svg+xml", "text/plain")


def test_figures_stand_where_they_were_shown(workshop: Workshop) -> None:
    """`plt.show()` shows what is open and closes it, `fig.show()` shows one; a figure that nobody shows is not shown."""
    code = (
        "print('before', end='')\n"
        f"{PLOT}plt.title('Rain')\nplt.show()\nprint('between')\nplt.show()\n"
        "one, two = plt.figure(), plt.figure()\none.gca().bar([1], [2])\none.show()\nprint(plt.get_fignums())"
    )
    result = run(workshop, code)

    assert Exited(0) == result.ended, result.stderr
    assert ["before\n", SVG, "between\n", SVG, "[1, 2]\n"] == pieces(result.stdout)
    assert b"Figure: Rain" == contents(result, "text/plain")[0]
    assert "" == result.stderr


def test_figures_are_the_same_bytes_in_each_run(workshop: Workshop) -> None:
    """Three processes make the same SVG, and the same PNG of what is too large for one, and of files that they save."""
    code = (
        f"{PLOT}plt.fill_between([0, 1], [1, 2], hatch='/')\nplt.savefig('a.svg')\nprint(open('a.svg').read())\nplt.show()\n"
        "import numpy\nplt.scatter(*numpy.random.default_rng(1).random((2, 9000)), c=range(9000))\nplt.show()"
    )
    results = [run(workshop, code) for _ in range(3)]

    assert [SVG, ("image/png", "text/plain")] == pieces(results[0].stdout)[1:]
    assert 1 == len({result.stdout for result in results})
    assert b"<dc:date>" not in contents(results[0], "image/svg+xml")[0]
    assert b"Software" not in contents(results[0], "image/png")[0]


@pytest.mark.parametrize(
    ("code", "shown", "told"),
    [
        ("import threading\nt = threading.Thread(target=plt.show)\nt.start(); t.join()", [SVG], ""),
        ("import os\nos.close(1)\nplt.show()", [], "standard output is closed, or leads elsewhere"),
        ("import os\nos.dup2(os.open('a', os.O_CREAT | os.O_RDWR), 1)\nplt.show()", [], "or leads elsewhere by now"),
        ("import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    plt.show()", [SVG], ""),
        ("import sys\nsys.stdout.close()\nplt.show()", [SVG], ""),
        ("import sys\nsys.stdout = None\nplt.show()", [SVG], ""),
        ("import sys\ndel sys.stdout\nplt.show()", [SVG], ""),
        ("import os\nos.set_blocking(1, False)\nprint('x' * 60000)\nplt.show()", ["x" * 60000 + "\n", SVG], ""),
        ("plt.show(block=False)\nplt.show()", [SVG], ""),
        ("plt.switch_backend('svg')\nplt.plot([1])\nplt.show()", [SVG], ""),
        ("plt.title('$\\\\frac{1$')\nplt.show()", [], "ParseSyntaxException"),
    ],
)
def test_figures_of_unusual_programs(workshop: Workshop, code: str, shown: list[object], told: str) -> None:
    """They are on the page, or standard error says why they are not."""
    result = run(workshop, PLOT + code)

    assert shown == pieces(result.stdout)
    assert told in result.stderr if told else not result.stderr, result.stderr


@pytest.mark.parametrize("value", [False, True], ids=["show", "value"])
def test_tracebacks_lead_through_no_file_of_ours(workshop: Workshop, value: bool) -> None:
    """The frames of the author and of libraries stay, whoever writes the traceback."""
    code = (
        f"{PLOT}plt.title('$\\frac{{1$')\nimport traceback\n\ndef mine():\n    plt.show()\n\ntry:\n    mine()\n"
        "except ValueError:\n    traceback.print_exc()\n" + ("plt.gcf()" if value else "mine()")
    )
    language = python(workshop)
    sample = workshop.sample(code, "python", timeout=60.0, value=value)
    stderr = workshop.execute(language, sample).steps[-1].stderr
    tidy = language.tidy(sample, stderr)

    assert "<importlib._bootstrap: libraries>" in stderr
    assert "importlib" not in tidy
    # A value that cannot be shown raises nowhere in the sample.
    assert (1 if value else 2) == tidy.count("Traceback (most recent call last):")
    assert "in mine\n    plt.show()\n" in tidy
    assert "in savefig\n" in tidy


def test_frames_of_ours_have_colours_and_groups() -> None:
    """As Python 3.13 writes them, and exception groups."""
    ours = '  File \x1b[35m"<importlib._bootstrap: pieces>"\x1b[0m, line \x1b[35m7\x1b[0m, in \x1b[35mshow\x1b[0m\n'
    others = '  | File "a.py", line 1, in <module>\nsaid: "<importlib._bootstrap: pieces>"\n'

    assert others == rich_display.without_frames(f"{ours}  | {ours}{others}")


def test_tables_have_the_same_ids_in_each_run(workshop: Workshop) -> None:
    """In other samples others; who has seeded `random` draws from it what it would draw."""
    code = "import pandas as pd\nfrom great_tables import GT\ntable = pd.DataFrame({'rain': [2495, 836]})\n"
    styled = f"{code}print(table.style.highlight_max().to_html())\nGT(table)"
    results = [run(workshop, text, value=True) for text in (styled, styled, f"{styled} # another")]
    seeded = "import random\nrandom.seed(1)\n{}print(random.random())"
    drawn = [
        run(workshop, seeded.format(text)).stdout
        for text in (f"{code}GT(table).as_raw_html()\n", "random.choices('a', k=10)\n")
    ]

    assert [Exited(0)] * 3 == [result.ended for result in results], results[0].stderr
    assert results[0].stdout == results[1].stdout
    assert contents(results[0], "text/html") == contents(results[1], "text/html")
    assert contents(results[0], "text/html") != contents(results[2], "text/html")
    assert drawn[0] == drawn[1]


def test_there_is_a_limit_that_is_told(workshop: Workshop) -> None:
    """Of ten thousand pictures a page has a thousand, and of those that are too large none; one line tells of each."""
    many = run(workshop, f"{IMAGE}for n in range(10_000):\n    {SHOW}\nprint('end')")
    large = run(
        workshop, f"{IMAGE}import os\nImage.frombytes('RGB', (3000, 3000), os.urandom(27_000_000)).show()\n{SHOW}"
    )

    assert [*[("image/png", "text/plain")] * 1000, "end\n"] == pieces(many.stdout)
    assert "codeexec: a sample shows 1,000 figures and values at most; the others are left out\n" == many.stderr
    assert [("image/png", "text/plain")] == pieces(large.stdout)
    assert "codeexec: a sample shows 32 MiB at most; what comes then is left out\n" == large.stderr
    assert (displays.MOST, displays.LARGEST, displays.BUNDLE) == (inside.MOST, inside.LARGEST, inside.BUNDLE)


WRITES = ("print({n})", "print({n}, end='')", "sys.stdout.write('w{n}')", "print()")
DIRECT = ("os.write(1, b'o{n}\\n')", "os.write(1, b'o{n}')", "subprocess.run(['printf', 'e{n}'])")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from((*WRITES, *DIRECT, "sys.stdout.flush()", SHOW)), max_size=12), st.integers(1, 400))
def test_what_is_written_and_what_is_shown_is_in_order(lines: Sequence[str], size: int) -> None:
    """Text is where Python itself would have put it, had it been flushed before each picture; and nothing is lost."""
    code = [line.format(n=n) for n, line in enumerate(lines)]
    flushed = [line.replace(SHOW, "sys.stdout.flush(); os.write(1, b'<picture>')") for line in code]
    start = "import os, subprocess, sys\n"
    expected = _output(start + "\n".join(flushed)).decode()
    stream = Sections(10**6, 10**6)
    shown = _output(start + IMAGE + "\n".join(code), PYTHONPATH=rich_display.FOLDER)
    for at in range(0, len(shown), size):
        stream.add(shown[at : at + size])
    found = pieces(stream.finish()[0])

    # A picture stands on a line of its own.
    written = "".join("<picture>" if isinstance(piece, tuple) else piece for piece in found)
    assert expected.replace("\n<picture>", "<picture>") == written.replace("\n<picture>", "<picture>")
    assert lines.count(SHOW) == len([piece for piece in found if isinstance(piece, tuple)])


def _output(code: str, **env: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-c", code], env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, check=True
    ).stdout


# --- Libraries --------------------------------------------------------------------------------------------------------


def test_display_of_ipython_shows_objects(workshop: Workshop) -> None:
    """`display`, and what stands for HTML, Markdown and pictures; what is text alone is printed, as IPython does it."""
    code = (
        "from IPython.display import HTML, Markdown, SVG, display\nimport pandas\n"
        "display(HTML('<b>x</b>'), 3)\ndisplay(Markdown('*m*'))\ndisplay(pandas.DataFrame({'a': [1]}))\n"
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))\ndisplay({'text/html': '<i>'}, raw=True)"
    )
    result = run(workshop, code)

    html = ("text/html", "text/plain")
    assert [html, "3\n", ("text/markdown", "text/plain"), html, SVG, ("text/html",)] == pieces(result.stdout), (
        result.stderr
    )
    assert b"<b>x</b>" == contents(result, "text/html")[0]


# --- Values -----------------------------------------------------------------------------------------------------------

FORMS = (
    "class X:\n    def _repr_html_(self):\n        raise ValueError('no')\n    def _repr_svg_(self):\n        return '<svg/>'\n"
    "    def __repr__(self):\n        return 'X'\n"
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("6 * 7", [("text/plain",)]),
        ("print('a', end='')\n'b'", ["a\n", ("text/plain",)]),
        ("None", []),
        ("x = 3", []),
        ("6 * 7;  # no", []),
        ("(6\n * 7)  # yes; it is", [("text/plain",)]),
        ("", []),
        ("import pandas\npandas.DataFrame({'a': [1]})", [("text/html", "text/plain")]),
        (f"{FORMS}X()", [SVG]),
        (f"{FORMS}X", [("text/plain",)]),
        ("class Y:\n    def __repr__(self):\n        raise ValueError\nY()", []),
        ("class Y:\n    def __getattr__(self, name):\n        return lambda **_: 'yes'\nY()", [("text/plain",)]),
        (
            "class Y:\n    def _repr_mimebundle_(self, **_):\n        return {'text/html': '<p>', 'text/plain': 'p'}, {}\nY()",
            [("text/html", "text/plain")],
        ),
        (PLOT, [SVG]),
        (f"{PLOT}plt.show()", [SVG]),
        (f"{PLOT}fig = plt.gcf()\nfig.show()", [SVG]),
        (f"{PLOT}plt.gcf()", [SVG]),
        (f"{PLOT}plt.gca().set_title('x')", [SVG]),
        (f"{PLOT}plt.figure()\nplt.plot([1])", [SVG, SVG]),
    ],
)
def test_the_value_of_a_last_expression_is_shown(workshop: Workshop, code: str, expected: list[object]) -> None:
    """By its richest form, with its `repr`; figures that are open are shown once, and no name of a line in one."""
    result = run(workshop, code, value=True)

    assert Exited(0) == result.ended, result.stderr
    assert expected == pieces(result.stdout)
    if "ValueError" in code and not code.endswith("X"):
        assert "raised ValueError" in result.stderr


@pytest.mark.parametrize(
    ("forms", "expected", "told"),
    [
        (
            "_repr_html_ = lambda self: 5",
            [("text/plain",)],
            "shown as `text/html` is left out: it is `int`, expected a text",
        ),
        ("_repr_png_ = lambda self: 'no base64!'", [("text/plain",)], "`image/png` is left out"),
        ("_repr_png_ = lambda self: 3", [("text/plain",)], "it is `int`, expected bytes"),
        ("_repr_json_ = lambda self: {'a': object()}", [("text/plain",)], "`application/json` is left out"),
        (
            "_repr_mimebundle_ = lambda self, **_: {'x': '1', 2: '2'}",
            [("text/plain",)],
            "`x` is left out: that is no MIME type",
        ),
        ("_repr_mimebundle_ = lambda self, **_: {'text/html': None}", [("text/plain",)], ""),
        ("def __getattribute__(self, name): raise OSError", [("text/plain",)], ""),
    ],
)
def test_a_form_that_is_none_gives_way_to_the_next(
    workshop: Workshop, forms: str, expected: list[object], told: str
) -> None:
    """Nothing of how it is handed over is on the page, and the sample goes on."""
    result = run(workshop, f"class X:\n    {forms}\n    def __repr__(self):\n        return 'X'\nX()", value=True)

    assert Exited(0) == result.ended, result.stderr
    assert expected == pieces(result.stdout)
    assert told in result.stderr if told else not result.stderr, result.stderr


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    1 / 0\nx = 1\nf()",
        "(1 /\n 0)",
        "x = (\n",
        "await x",
        "return 3",
        "yield",
        "import sys\nsys.exit('why')",
        "import sys\nsys.exit(3)",
        "import sys, os\nprint(__name__, __doc__, sys.argv, __file__, sorted(globals()), os.listdir(), sys.path[0])",
        "'''doc'''\nimport inspect\ndef f(): pass\nprint(__doc__, inspect.getsource(f), open(__file__).read())",
        "import atexit\natexit.register(print, 'end')\nprint(1)",
        "import warnings\nwarnings.warn('careful')",
        "from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)",
        "import os\nprint(sorted(os.listdir('/proc/self/fd')))",
        "'\\d'\nx is 'a'",
        (
            "import multiprocessing\nif __name__ == '__main__':\n    multiprocessing.set_start_method('spawn')\n"
            "    p = multiprocessing.Process(target=print, args=('child',)); p.start(); p.join()"
        ),
    ],
)
def test_a_sample_is_otherwise_as_without(workshop: Workshop, code: str) -> None:
    """Tracebacks and their lines, `__main__`, `sys.argv`, exit statuses, files and descriptors."""
    with_value, without = (
        run(workshop, f"{code}\npass" if "\nx is" in code else code, value=value) for value in (True, False)
    )

    assert (without.stdout, without.stderr, without.ended) == (with_value.stdout, with_value.stderr, with_value.ended)


def test_values_in_sessions(workshop: Workshop) -> None:
    """Each step shows its own, and what is open when it ends; one that awaits, too."""
    codes = ("x = 40\nx", "import asyncio\nawait asyncio.sleep(0, x + 2)", PLOT, "plt.show()\nprint(x)\nx")
    steps: list[Sample] = []
    for number, code in enumerate(codes, 1):
        links = Links(session="s")
        step = workshop.sample(code, "python", links=links, before=tuple(steps), last=number == 4, timeout=30.0)
        steps.append(replace(step, value=number != 4))
    language = python(workshop)
    parts = language.divide([language.plan(step) for step in steps], workshop.execute(language, steps[-1]))

    text = ("text/plain",)
    assert [[text], [text], [SVG], ["40\n"]] == [pieces(part.steps[-1].stdout) for part in parts]


# --- What it costs ----------------------------------------------------------------------------------------------------


def test_nothing_is_left_to_be_seen(workshop: Workshop) -> None:
    """A sample sees no module, finder, folder or variable that led here."""
    code = "import os, sys\nprint(sys.path, sys.meta_path, sys.path_hooks, sorted(os.environ), sorted(sys.path_importer_cache), sorted(sys.modules))"
    result = run(workshop, code)

    assert Exited(0) == result.ended
    for word in ("PYTHONPATH", "rich_display", "codeexec_display", "MPLBACKEND"):
        assert word not in result.stdout


@pytest.mark.parametrize("tier", ["landlock", "bubblewrap"])
def test_no_input_is_observed_that_is_not_the_samples_own(workshop: Workshop, tmp_path: Path, tier: Any) -> None:
    """A sample that imports none of these libraries does not depend on them; one that shows a picture depends on no text of ours."""
    with Children("required", tiers=(tier,), path="/usr/bin:/bin") as children:
        if children.refusal:
            pytest.skip(children.refusal.reason)
        confined = Workshop(
            tmp_path / "w",
            Recorder(children),
            workshop.environment_dir,
            confined={"mode": "required", "tiers": (tier,)},
        )
        confined.root.mkdir()
        nothing, picture = run(confined, "print(1)"), run(confined, IMAGE + SHOW)

    assert [("image/png", "text/plain")] == pieces(picture.stdout), picture.stderr
    assert nothing.asked is not None
    assert picture.asked is not None
    assert not [
        item
        for item in (*nothing.asked, *picture.asked)
        if "rich_display" in item or "codeexec" in item.rpartition("/")[2]
    ]
    assert not [
        item for item in nothing.asked if any(name in item for name in ("matplotlib", "plotly", "PIL", "bokeh"))
    ]


def test_what_shows_is_in_the_key(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of it is another key, and so is a value that is shown; who starts Python in another way has none."""
    sample = workshop.sample("6 * 7", "python")
    key = python(workshop).plan(sample).key
    assert key != python(workshop).plan(replace(sample, value=True)).key
    monkeypatch.setattr(rich_display, "digest", lambda: "another")
    assert key != python(workshop).plan(sample).key
    isolated = replace(BUILTIN["python"], command=("{python}", "-I", "{file}"))
    language = open_languages(workshop.settings(scripts={"python": isolated}), workshop.listener)["python"]
    assert "rich_display" not in dict(language.plan(sample).inputs)
