"""Digests are remembered by what files look like, and a memo that was tampered with is worth nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mkdocs_codeexec.runtime.observed.digests import FORMAT, Digests


@pytest.mark.parametrize(
    "absurd", ["1e999", "-1e999", "NaN", "9" * 400, "-1", "null", "[]", '"1"', "9" * 5000, "[" * 5000]
)
def test_absurd_numbers_in_the_memo_are_no_signature(tmp_path: Path, absurd: str) -> None:
    """Whatever stands in the place of a size or a time, the digest is that of the file."""
    memo, file = tmp_path / "memo.json", tmp_path / "data"
    file.write_text("data")
    right = Digests(None, lambda _, data: data).of(str(file), file.stat())
    entry = f"[{absurd},{absurd},{absurd},{absurd},{json.dumps('0' * 40)}]"
    memo.write_text(f'{{"format":{FORMAT},"files":{{{json.dumps(str(file))}:{entry}}}}}')

    assert right == Digests(memo, lambda _, data: data).of(str(file), file.stat())
