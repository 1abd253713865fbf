"""Files of ours: whole or not at all, and what is told by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.files import read_json, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=15,  # to make large ones takes longer than to write them
)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("put", [write, lambda path, text: write_json(path, {"text": text})])
def test_files_are_replaced_at_once(put: Callable[[Path, str], None], tmp_path: Path) -> None:
    """Nothing is left beside the file, and folders are made."""
    put(tmp_path / "a" / "b", "1")
    before = (tmp_path / "a" / "b").stat().st_ino
    put(tmp_path / "a" / "b", "2")
    found = contents(tmp_path / "a")

    assert ["b"] == list(found)
    assert b"2" in found["b"]
    assert before != (tmp_path / "a" / "b").stat().st_ino, "it is another file, put there whole"


@pytest.mark.parametrize("put", [write, lambda path, text: write_json(path, {"text": text})])
def test_what_cannot_be_written_leaves_what_was_there(put: Callable[[Path, str], None], tmp_path: Path) -> None:
    """With the error of the disk."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OSError, match="file"):
        put(tmp_path / "file" / "below", "1")
    assert {"file": b"x"} == contents(tmp_path)


@given(st.dictionaries(TEXT, VALUES, max_size=5), st.booleans())
@settings(max_examples=30 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(tmp_path: Path, value: dict[str, Any], compact: bool) -> None:
    """All of JSON, lone surrogates too: names of files have them."""
    write_json(tmp_path / "a.json", {**value, "odd": "\udc80"}, compact=compact)

    assert {**value, "odd": "\udc80"} == read_json(tmp_path / "a.json", lambda found: found)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
@settings(max_examples=50 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_people_can_read_it(tmp_path: Path, value: dict[str, Any]) -> None:
    """Each value has a line of its own, byte for byte as `json` indents it."""
    write_json(tmp_path / "a.json", value)

    assert json.dumps(value, indent=1) + "\n" == (tmp_path / "a.json").read_text("utf-8")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", '{"a": {}}', "1", "\xff"])
def test_what_cannot_be_read_is_not_known(text: str, tmp_path: Path) -> None:
    """Whoever wrote it, and whatever it is."""
    (tmp_path / "a.json").write_text(text, "latin-1")

    assert read_json(tmp_path / "a.json", lambda found: int(found["a"])) is None
    assert read_json(tmp_path / "none.json", lambda found: found) is None


def test_no_link_is_followed(tmp_path: Path) -> None:
    """One in place of the file is not read, and goes when it is written."""
    (tmp_path / "theirs.json").write_text('{"a": 1}')
    (tmp_path / "a.json").symlink_to("theirs.json")

    assert read_json(tmp_path / "a.json", lambda found: found) is None
    write_json(tmp_path / "a.json", {"a": 2})
    assert '{"a": 1}' == (tmp_path / "theirs.json").read_text()
    assert {"a": 2} == read_json(tmp_path / "a.json", lambda found: found)


def test_no_more_is_read_than_a_limit(tmp_path: Path) -> None:
    """What is larger was not written here."""
    write_json(tmp_path / "a.json", {"a": "x" * 100})

    assert read_json(tmp_path / "a.json", lambda found: found, limit=50) is None
