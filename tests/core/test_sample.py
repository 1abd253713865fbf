"""What an author wrote, as a value that travels."""

from __future__ import annotations

import copy
import pickle

from mkdocs_codeexec.core.sample import ALONE, Links


def test_who_is_alone_is_so_in_another_process() -> None:
    """It is told by identity; others are copied as they are."""
    assert pickle.loads(pickle.dumps(ALONE)) is ALONE
    assert copy.deepcopy(ALONE) is ALONE
    links = Links(needs=("one",), session="s")
    assert links == pickle.loads(pickle.dumps(links)) == copy.copy(links)
