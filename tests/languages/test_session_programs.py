"""The program that a session is: where its files are, what it writes its marks to, and its driver, compiled."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from languages.test_sessions import opened, outputs, run
from support.sessions import session
from support.sizes import TIMES
from support.workshop import Recorder, Workshop

from mkdocs_codeexec.core.action import Marks
from mkdocs_codeexec.languages import sessions
from mkdocs_codeexec.languages.sessions import naming, python
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.supervising import protocol

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.core.confinement import Tier

# --- Beside the working directory -----------------------------------------------------------------------------------

LISTS = {
    "python": ("import os\nprint(sorted(os.listdir()))", "print(sorted(os.listdir()))", "['sample.py']\n"),
    "bash": ("ls -A", "ls -A", "sample.sh\n"),
}


@pytest.mark.parametrize("name", ["python", "bash"])
def test_a_step_finds_what_a_sample_alone_finds_in_its_directory(workshop: Workshop, name: str) -> None:
    """The steps are not among the files of their program, in every tier."""
    *codes, listed = LISTS[name]

    alone = workshop.execute(opened(workshop, name), workshop.sample(codes[0], name)).steps[-1]
    parts = run(workshop, name, *codes)

    assert [listed, listed, listed] == [alone.stdout, *outputs(parts)]


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "limits", "off"])
def test_steps_are_read_in_every_tier(tmp_path: Path, environment_dir: Path, tier: Tier) -> None:
    tmp_path.chmod(0o755)
    with Children("off" if tier == "off" else "auto", path=os.environ["PATH"], tiers=(tier,)) as children:
        if children.tier != tier:
            pytest.skip(f"{tier} does not work here")
        workshop = Workshop(tmp_path, Recorder(children), environment_dir)
        for name in ("python", "bash"):
            parts = run(workshop, name, *LISTS[name][:2])
            assert [LISTS[name][2]] * 2 == outputs(parts)


def test_a_console_of_python_has_no_file(workshop: Workshop) -> None:
    """As an interactive interpreter has none."""
    sample = workshop.sample(">>> import os\n>>> os.listdir()\n", "pycon")
    language = opened(workshop, "pycon")
    outcome = workshop.execute(language, sample)
    told = [part for part in language.divide([language.plan(sample)], outcome) if part is not None]

    assert ["", "[]\n"] == [step.stdout for part in told for step in part.steps]


def test_both_sides_mean_the_same_folder() -> None:
    """Who puts the steps there, and who names them."""
    assert protocol.STEPS == naming.FOLDER


# --- Marks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [3, 4])
def test_marks_find_their_way_when_all_else_is_closed(workshop: Workshop, first: int) -> None:
    """Standard streams lead on to where they led, so what later steps write is still taken apart."""
    close = f"import os\nos.closerange({first}, 4096)\nprint('closed')"
    parts = run(workshop, "python", close, "print(os.open('sample.py', os.O_RDONLY) < 10)", "print('third')")

    assert ["closed\n", "True\n", "third\n"] == outputs(parts)


def test_what_a_step_opens_gets_no_mark(workshop: Workshop) -> None:
    """A file may be opened under the number of a descriptor that was closed."""
    opens = (
        "import os\nos.closerange(3, 4096)\nfor n in range(400):\n    try:\n        os.open('x', os.O_RDWR | os.O_CREAT)\n"
        "    except OSError:\n        break"
    )
    parts = run(workshop, "python", opens, "os.closerange(3, 4096)\nprint(repr(open('x').read()))")

    assert ["", "''\n"] == outputs(parts)


# --- Compiled -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6 * TIMES))
def test_a_driver_that_is_compiled_does_the_same(tmp_path: Path, seed: int) -> None:
    """Streams, status and files of a program are those of the text that is in its key."""
    made = session("python", seed)
    marks = Marks("0" * 32, (10.0,) * len(made.steps), 1)
    values = tuple(place % 2 == 0 for place in range(len(made.steps)))
    files = dict(python.files("sample.py", made.steps, marks, (None,) * (len(made.steps) - 1), values))
    compiled = sessions.compiled(files["sample.py"])

    assert compiled != files["sample.py"]
    assert executed_as(tmp_path / "text", files) == executed_as(tmp_path / "code", {**files, "sample.py": compiled})


def executed_as(folder: Path, files: dict[str, str]) -> tuple[int, str, str, str]:
    """Return how the program of `files` ends, what it writes, and what is in its file then."""
    (folder / "work").mkdir(parents=True)
    (folder / sessions.FOLDER).mkdir()
    for name, text in files.items():
        place = folder if name.startswith(f"{sessions.FOLDER}/") else folder / "work"
        (place / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    program = [sys.executable, "sample.py"]
    ran = subprocess.run(program, cwd=folder / "work", capture_output=True, check=False, timeout=60)
    written = (re.sub(r"0x[0-9a-f]+|\d{9,}", "N", text.decode("utf-8", "replace")) for text in (ran.stdout, ran.stderr))
    out, err = (text.replace(str(folder), "/") for text in written)
    return ran.returncode, out, err, (folder / "work/sample.py").read_text("utf-8")


def test_what_only_looks_like_a_driver_is_left_as_it_is() -> None:
    assert "print(1)\n" == sessions.compiled("print(1)\n")
    assert (text := f"# {python.driver()!r}") == sessions.compiled(text)
