"""Lock files, and what cargo and others say, whoever has written that."""

from __future__ import annotations

import time

import pytest

from mkdocs_codeexec.hosts import styles
from mkdocs_codeexec.languages import programs
from mkdocs_codeexec.languages.rust.environments import known, locks, transcript

SOURCE = "registry+https://github.com/rust-lang/crates.io-index"


def package(name: str, version: str, source: str = SOURCE, *needs: str) -> str:
    wanted = "dependencies = [\n" + "".join(f' "{need}",\n' for need in needs) + "]\n" if needs else ""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "{source}"\n{wanted}\n'


def test_equal_versions_are_told_apart_by_their_source() -> None:
    """A dependency on one of two packages with one name and version stays one on that."""
    other = "registry+https://example.org/index"
    needs = (f"itoa 1.0.0 ({SOURCE})", f"itoa 1.0.0 ({other})")
    lock = (
        "version = 4\n\n"
        + package("itoa", "1.0.0", other)
        + package("itoa", "1.0.0")
        + package("x", "1.0.0", SOURCE, *needs)
    )
    joined = locks.joined([lock, lock]) or ""

    assert all(f' "{need}",' in joined for need in needs)


def test_a_format_of_thousands_of_digits() -> None:
    """No lock file has one; what it says besides is joined."""
    lock = f"version = {'9' * 5000}\n\n{package('a', '1.0.0')}"

    assert (locks.joined([lock, lock]) or "").startswith("version = 3\n")


@pytest.mark.parametrize(
    "lock", ["package = 3", "package = [1]", "[[package]]\ndependencies = 7", "[package]\na = 1", "a = " + "[" * 5000]
)
def test_strange_lock_files_of_what_failed(lock: str) -> None:
    """Why cargo failed is told, whatever the lock file is."""
    assert "cargo could not compile `a`" == transcript.trouble("error: could not compile `a` (lib)\n", lock).what


def test_a_release_of_thousands_of_digits() -> None:
    """A version that is none is never the newest."""
    releases = [known.Release("a", "9" * 5000 + ".0.0"), known.Release("a", "1.0.0")]

    assert releases[1] == known.newest(releases)


def test_thousands_of_beginnings() -> None:
    """What cargo, a shell or a page repeats without end is read once, and not once for each time."""
    began = time.process_time()

    assert not transcript.trouble("download of " * 20_000, "").what.startswith("a registry")
    assert programs._SAID.search("a" * 200_000) is None
    assert [("", "my-tool")] == programs._SAID.findall("bash: line 1: my-tool: command not found\n")
    assert styles._HEAD_ENDS.search(" " * 200_000 + "x") is None
    assert ["  </head>"] == styles._HEAD_ENDS.findall("<head>\n  </head>")
    assert time.process_time() - began < 10  # minutes otherwise
