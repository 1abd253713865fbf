"""What cargo says on its way to people, and what is kept of what it found out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.environments import built, kept
from mkdocs_codeexec.languages.rust.environments.built import Built
from mkdocs_codeexec.languages.rust.environments.kept import Kept
from mkdocs_codeexec.languages.rust.environments.packages import Further
from mkdocs_codeexec.languages.rust.environments.transcript import Progress, messages, trouble

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

COMPILING = "\x1b[1m\x1b[92m   Compiling\x1b[0m a v1.0.0\n"
BLOCKING = "\x1b[1m\x1b[96m    Blocking\x1b[0m waiting for file lock on build directory\n"
OLDER = "\x1b[0m\x1b[0m\x1b[1m\x1b[32m Downloading\x1b[0m crates ...\n"
WARNING = "\x1b[1m\x1b[33mwarning\x1b[0m\x1b[1m: unused\x1b[0m\n   Compiling by hand\n        Note that\n"
ERROR = "\x1b[1m\x1b[91merror\x1b[0m: could not compile `x` (lib) due to 1 previous error\n"
PASSING = "\x1b[1m\x1b[33mwarning\x1b[0m: build failed, waiting for other jobs to finish...\n"


class Heard:
    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.noted: list[Any] = []

    def say(self, message: str) -> None:
        raise AssertionError(message)

    warn: Any = say

    def stream(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def note(self, event: Any) -> None:
        self.noted.append(event)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(("alone", "said"), [(True, COMPILING + BLOCKING + OLDER), (False, COMPILING + OLDER)])
def test_progress_is_told_as_it_comes_in_whole_lines(size: int, alone: bool, said: str) -> None:
    """However the output is cut; messages are not among it, nor the probe, nor that Environments wait for each other."""
    probe = COMPILING.replace("a v1.0.0", "codeexec-environment v0.0.0 (/home)")
    output = (COMPILING + WARNING + probe + BLOCKING + ERROR + OLDER + "no end").encode()
    heard = Heard()
    progress = Progress(heard, alone=alone)

    for start in range(0, len(output), size):
        progress(output[start : start + size])

    assert said == b"".join(heard.chunks).decode()
    assert all(chunk.endswith(b"\n") for chunk in heard.chunks)


def test_messages_are_what_is_no_progress() -> None:
    """Together they are all that cargo wrote."""
    assert WARNING + ERROR + "no end" == messages(COMPILING + WARNING + BLOCKING + ERROR + OLDER + "no end")


LOCK = """
version = 4
[[package]]
name = "codeexec-environment"
version = "0.0.0"
dependencies = ["a", "b", "direct"]
[[package]]
name = "a"
version = "1.0.0"
dependencies = ["m 1.0.0"]
[[package]]
name = "b"
version = "1.0.0"
[[package]]
name = "direct"
version = "1.0.0"
dependencies = ["direct"]
[[package]]
name = "m"
version = "1.0.0"
dependencies = ["x 1.0.0 (registry+https://example.org)", "a"]
[[package]]
name = "m"
version = "2.0.0"
[[package]]
name = "x"
version = "1.0.0"
"""


@pytest.mark.parametrize(
    ("said", "lock", "what", "needed_by"),
    [
        (ERROR, LOCK, "cargo could not compile `x`", ("a",)),
        (ERROR, "", "cargo could not compile `x`", ()),
        (ERROR, "[", "cargo could not compile `x`", ()),
        (ERROR.replace("x", "direct"), LOCK, "cargo could not compile `direct`", ()),
        (ERROR + ERROR.replace("x", "b"), LOCK, "cargo could not compile `x`, `b`", ("a",)),
        (
            "error: failed to run custom build command for `m-sys v1.0.0 (/m)`",
            "",
            "cargo could not compile `m-sys`",
            (),
        ),
        ("error: failed to download from `https://example.org`", "", "a registry or repository was not reached", ()),
        ("error: one\nerror: no package `x` in `p v1 (/tmp/p)`.\n", "", "no package `x` in `p v1`", ()),
        ("error: not in /home/me\n", "", "cargo refuses it", ()),
        ("", "", "cargo refuses it", ()),
    ],
)
def test_what_is_wrong_is_said_in_a_line(said: str, lock: str, what: str, needed_by: tuple[str, ...]) -> None:
    """With what did not compile and who needs it, as far as cargo says, and without folders of this machine."""
    found = trouble(COMPILING + said, lock)

    assert (what, needed_by) == (found.what, found.needed_by)
    assert said == found.detail


def test_equal_troubles_are_equal() -> None:
    """Whether other jobs were under way when it happened makes no difference."""
    assert trouble(ERROR, "") == trouble(ERROR + PASSING, "")


class Interrupted:
    def run(self, *_given: Any, **_named: Any) -> Any:
        raise Cancelled("the run was stopped")


def test_a_build_that_is_stopped_says_so(workshop: Workshop) -> None:
    """Whichever thread hears of it."""
    dependencies = {f"e{number}": {"itoa": f"={number}.0.0"} for number in range(3)}
    environments = {name: EnvironmentSettings(name=name, dependencies=one) for name, one in dependencies.items()}
    language = open_languages(workshop.rust(environments=environments), workshop.listener)["rust"]
    workshop.provide(language, workshop.main)  # the toolchain is known then
    actions = [language.plan(workshop.sample("1;", options={"environment": name})) for name in environments]

    with pytest.raises(Cancelled):
        language.provide(actions, Interrupted())


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Folders whose names are no UTF-8 included."""
    state = Built("a", b"rustc\0\xff\0", "b", ("c", "d"))
    built.save(state, tmp_path / "x.json")

    assert state == built.load(tmp_path / "x.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0}', '{"format": 3}', '{"format": 4}', "[" * 100_000])
def test_a_broken_state_is_none(tmp_path: Path, text: str) -> None:
    """It is built anew."""
    (tmp_path / "x.json").write_text(text)

    assert built.load(tmp_path / "x.json") is None


def test_units_are_what_cargo_appends() -> None:
    """To libraries and to the folders of build scripts; of the probe, which it names without, by its arguments."""
    messages = "\n".join(
        json.dumps(message)
        for message in (
            {
                "filenames": [
                    "/t/debug/deps/liba_b-0123456789abcdef.rlib",
                    "/t/debug/deps/liba_b-0123456789abcdef.rmeta",
                ]
            },
            {"filenames": ["/t/debug/build/a-1123456789abcdef/build-script-build"]},
            {"out_dir": "/t/debug/build/a-2123456789abcdef/out", "filenames": ["/t/debug/a", "/x-3123456789abcdef0"]},
        )
    )

    found = built.units(messages, b"-C\0extra-filename=-4123456789abcdef\0")

    assert tuple(f"{number}123456789abcdef" for number in (0, 1, 2, 4)) == found


def test_what_was_kept_of_earlier_manifests(tmp_path: Path) -> None:
    """Is found under them, eight of them at most; the last lock is the one to start from."""
    for number in range(12):
        sources = {"a": Further((str(number),))}
        kept.save(Kept(f"lock {number}", f"manifest {number}", sources), tmp_path)

    found = [kept.load(tmp_path, f"manifest {number}") for number in range(12)]

    assert [None] * 3 + [f"lock {number}" for number in range(3, 12)] == [one and one.lock for one in found]
    assert found[5] == Kept("lock 5", "manifest 5", {"a": Further(("5",))})
    assert found[11] == kept.last(tmp_path)


def test_the_packages_of_a_lock_file() -> None:
    """By name, once, as cargo writes them."""
    lock = '[[package]]\nname = "a"\nversion = "1"\n\n[[package]]\nname = "b-c"\nversion = "1"\ndependencies = [\n "a",\n]\n'

    assert {"a", "b-c"} == kept.packages(lock + lock)
    assert set() == kept.packages("")


def test_what_a_build_has_made_is_read_if_it_is_a_file(tmp_path: Path) -> None:
    """Neither what a link leads to, nor a pipe on which nobody writes, and no more than is wanted."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert b"content" == built.content(tmp_path / "file")
    assert b"con" == built.content(tmp_path / "file", 3)
    assert [None] * 4 == [built.content(tmp_path / name) for name in ("link", "folder", "pipe", "none")]
