"""What a child looks for in the file system is told, in every tier, of every program."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access, Tier
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.languages import interpreter, views
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot
from mkdocs_codeexec.runtime.supervising import observing, seccomp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Observe

pytestmark = pytest.mark.skipif(observing.program() is None or not seccomp.works(), reason="no filters of system calls")

PATH = "/usr/local/bin:/usr/bin:/bin"
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits")


@pytest.fixture
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that samples may read."""
    folder = tmp_path_factory.mktemp("shown")
    folder.chmod(0o755)
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    (folder / "data.txt").write_text("data")
    (folder / "inner").mkdir()
    (folder / "way").symlink_to("inner")
    (folder / "tool").write_text("#!/bin/sh\ncat /usr/share/common-licenses/BSD > /dev/null\n")
    (folder / "tool").chmod(0o755)
    return folder


@pytest.fixture(params=TIERS)
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    with confined(request.param) as children:
        yield children


def run(children: Children, shown: Path, code: str, program: str, observe: Observe) -> StepResult:
    access = Access(readable=views.outermost([*interpreter.folders(), str(shown)]))
    command = str(interpreter.program()) if program == "python" else program
    step = Step(kind="run", argv=(command, "sample"), timeout=30, limits=replace(RUN_LIMITS, processes=256))
    with ScratchRoot() as root:
        files = (("sample", code.replace("SHOWN", str(shown))),)
        with ScratchDirectory(root.path, files, children, PATH, output_limit=2**20) as scratch:
            return scratch.run(step, step.argv, {}, access, observe)


def asked(result: StepResult, shown: Path) -> set[str]:
    assert result.asked is not None, result
    return {item.replace(str(shown), "SHOWN") for item in result.asked}


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("cat SHOWN/data.txt", {"fSHOWN/data.txt", "e/usr/bin/cat"}),
        ("read line < SHOWN/data.txt", {"fSHOWN/data.txt"}),
        ("cat SHOWN/nothing.txt", {"fSHOWN/nothing.txt"}),
        ("test -e SHOWN/nothing.txt || true", {"fSHOWN/nothing.txt"}),
        ("ls SHOWN/inner", {"lSHOWN/inner"}),
        ("cd SHOWN/way && cat ../data.txt", {"fSHOWN/data.txt", "fSHOWN/way"}),
        ("cat SHOWN/way/../data.txt", {"fSHOWN/data.txt", "fSHOWN/way"}),
        ("echo SHOWN/*.txt", {"lSHOWN"}),
        ("SHOWN/tool", {"fSHOWN/tool", "f/usr/share/common-licenses/BSD"}),
        ("readlink SHOWN/link", {"ySHOWN/link"}),
        ("cd SHOWN && cat inner/../data.txt", {"fSHOWN/data.txt"}),
        ("nosuchtool", {"f/usr/bin/nosuchtool", "f/usr/local/bin/nosuchtool"}),
        ("(cat SHOWN/data.txt &) ; wait; sleep 0.05", {"fSHOWN/data.txt"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.turns("children")
def test_what_a_shell_and_its_programs_look_for_is_told(
    children: Children, shown: Path, code: str, seen: set[str]
) -> None:
    """Files that are read, executed, asked for or missed, and folders that are listed; relative paths too."""
    found = asked(run(children, shown, code, "sh", "exec"), shown)

    assert seen <= found


def test_what_is_the_same_for_every_child_is_not_told(children: Children, shown: Path) -> None:
    """Neither its own directory, nor what the kernel makes, nor what it can never reach."""
    code = "echo hi > mine; cat mine /proc/self/status /dev/null > $TMPDIR/x; cat $HOME/y; cat /root/secret /etc/shadow"
    result = run(children, shown, code, "sh", "exec")
    found = asked(result, shown)

    assert not [item for item in found if "codeexec-" in item or item[1:].startswith(("/proc", "/dev", "/sys"))]
    if children.tier != "limits":  # that they cannot be reached is told, and under landlock whether they are there
        assert {item[0] for item in found if item[1:].startswith(("/root", "/etc/shadow"))} <= {"h", "x"}


PYTHON = """
import json, ctypes
open("SHOWN/data.txt").read()
try:
    open("SHOWN/nothing.txt")
except OSError:
    pass
import os
os.path.exists("SHOWN/maybe")
fd = os.open("SHOWN/inner", os.O_RDONLY)
os.listdir(fd)
ctypes.CDLL(None).access(b"SHOWN/by-c", 0)
for ask in (os.chdir, os.lstat, os.readlink):
    try:
        ask(f"SHOWN/{ask.__name__}")
    except OSError:
        pass
try:
    import nosuchmodule
except ImportError:
    pass
import subprocess
subprocess.run(["cat", "SHOWN/tool"], stdout=subprocess.DEVNULL)
import yaml
"""


def test_a_python_tells_of_itself_from_its_first_line(children: Children, shown: Path) -> None:
    """Its own look-ups, those of libraries in C and of programs that it starts; modules by folder and name."""
    result = run(children, shown, PYTHON, "python", "python")
    found = asked(result, shown)
    site = next(folder for folder in interpreter.sites() if Path(folder, "yaml").is_dir())

    assert Exited(0) == result.ended, result.stderr
    names = ("data.txt", "nothing.txt", "maybe", "by-c", "tool", "chdir")
    assert {f"fSHOWN/{name}" for name in names} <= found
    assert {"kSHOWN/lstat", "ySHOWN/readlink"} <= found
    assert {"lSHOWN/inner", "e/usr/bin/cat", f"n{site}\nnosuchmodule", f"n{site}\nyaml"} <= found
    assert f"l{site}" not in found, "the import system lists it for every module"
    assert any(item.startswith(f"f{site}/yaml/__pycache__/__init__.") for item in found)


def test_a_python_that_a_shell_starts_is_observed_from_its_start(children: Children, shown: Path) -> None:
    """There is a filter on it already."""
    code = f"{interpreter.program()} -c 'open(\"SHOWN/data.txt\"); import yaml'"
    result = run(children, shown, code, "sh", "exec")

    assert Exited(0) == result.ended, result.stderr
    assert "fSHOWN/data.txt" in asked(result, shown)


VISIBLE = """
import os, sys
print(sys.argv, sys.path, sys.flags, sys.warnoptions, sys.meta_path, sorted(os.environ), __name__, __file__)
print(sys.modules["__main__"].__spec__, os.listdir("/proc/self/fd"))
import importlib.util, json, xml.dom
print(importlib.util.find_spec("nothing"), json.__file__, xml.__path__, importlib.util.find_spec("json").origin)
try:
    import nothing
except ImportError as error:
    print(error.name, error.path, error)
print(os.path.isdir(""), os.stat("sample").st_size)
raise ValueError("x")
"""


def test_a_python_that_is_observed_is_like_any_other(children: Children, shown: Path) -> None:
    """It sees neither variable, path nor descriptor that led there, and prints the same, tracebacks included."""
    plain, observed = (run(children, shown, VISIBLE, "python", how) for how in ("", "python"))

    assert observed.asked is not None
    assert plain.asked is None

    def text(result: StepResult) -> str:
        lines = (result.stdout + result.stderr).splitlines()
        return "\n".join(line for line in lines if "codeexec-" not in line)

    assert text(plain) == text(observed)
    assert plain.ended == observed.ended
    assert plain.stdout.count("\n") == observed.stdout.count("\n")


def test_the_module_of_that_name_that_was_there_before_has_its_turn(children: Children, shown: Path) -> None:
    """A `sitecustomize` on the path is imported after ours, and its failure is told as ever."""
    (shown / "sitecustomize.py").write_text("import builtins; builtins.customized = __file__")
    access = Access(readable=views.outermost([*interpreter.folders(), str(shown)]))
    step = Step(kind="run", argv=(str(interpreter.program()), "sample"), timeout=30, env=(("PYTHONPATH", str(shown)),))
    code = "import os; print(customized, os.environ['PYTHONPATH'])"
    with ScratchRoot() as root, ScratchDirectory(root.path, (("sample", code),), children, PATH, output_limit=999) as s:
        result = s.run(step, step.argv, {}, access, "python")

    assert f"{shown}/sitecustomize.py {shown}\n" == result.stdout
    assert f"f{shown}/sitecustomize.py" in {item.replace("__pycache__/", "") for item in result.asked or ()}


def test_without_a_sandbox_nothing_is_observed(shown: Path) -> None:
    """The filter would take privileges away that a sample without a sandbox may use."""
    with Children("off") as children:
        result = run(children, shown, "cat SHOWN/data.txt", "sh", "exec")

    assert (Exited(0), None) == (result.ended, result.asked)


def test_a_python_that_starts_without_us_is_not_observed(children: Children, shown: Path) -> None:
    """It runs, and it is known that nothing is known."""
    result = run(children, shown, "echo hi", "sh", "python")

    assert ("hi\n", None) == (result.stdout, result.asked)


@pytest.mark.turns("children")
def test_what_asks_for_too_much_is_not_observed(children: Children, shown: Path) -> None:
    """Beyond a bound nothing is remembered of it; it runs on."""
    code = f"import os\nfor n in range({observing.MOST + 10}): os.path.exists(f'SHOWN/{{n}}')\nprint('done')"
    result = run(children, shown, code, "python", "python")

    assert ("done\n", None) == (result.stdout, result.asked)


def test_calls_by_the_rules_of_another_machine_are_not_understood(children: Children, shown: Path) -> None:
    """Where they are not refused anyway, it is known that something was not seen."""
    if os.uname().machine != "x86_64" or children.tier != "limits":
        pytest.skip("refused")
    result = run(children, shown, "import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39)", "python", "python")

    assert (Exited(0), None) == (result.ended, result.asked)


def test_many_processes_at_once_are_observed(children: Children, shown: Path) -> None:
    """Calls that wait for an answer at the same time get theirs, each of them."""
    for number in range(30):
        (shown / f"f{number}").write_text("x")
    code = "for n in $(seq 0 29); do cat SHOWN/f$n > /dev/null & done; wait"
    found = asked(run(children, shown, code, "sh", "exec"), shown)

    assert {f"fSHOWN/f{number}" for number in range(30)} <= found


def test_a_child_that_is_stopped_by_its_time_ends(children: Children, shown: Path) -> None:
    """Also one that never stops asking."""
    step = Step(kind="run", argv=("sh", "sample"), timeout=0.5)
    access = Access(readable=(str(shown),))
    code = "while :; do test -e /usr/nothing; done"
    with ScratchRoot() as root, ScratchDirectory(root.path, (("sample", code),), children, PATH, output_limit=999) as s:
        result = s.run(step, step.argv, {}, access, "exec")

    assert "TimedOut" == type(result.ended).__name__


def test_the_filter_of_the_startup_agrees_with_the_supervisors() -> None:
    """Two programs that import nothing of each other have the same numbers."""
    text = (observing_folder() / "startup" / "sitecustomize.py").read_text("utf-8")

    assert f"_SOCKET = {observing.SOCKET}\n" in text
    assert f"_QUIET = 0x{observing.QUIET:X}\n" in text
    assert f'_NAMES = "{observing.NAMES.decode()}"' in text
    assert f'_BLIND = "{observing.BLIND.decode()}"' in text


def observing_folder() -> Path:
    return Path(observing.__file__).parent


def test_the_import_system_has_what_the_startup_changes() -> None:
    """Another Python may have other names; then nothing is observed, and this tells us."""
    code = (
        "import sys; e = sys.modules['_frozen_importlib_external']; f = e.FileFinder; "
        "print(callable(f._fill_cache), callable(f.find_spec), callable(e._path_stat), callable(e._path_isdir), "
        "callable(e.FileLoader.get_data))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "True True True True True\n" == out
