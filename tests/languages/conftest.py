"""What tests of languages share; see `support.workshop`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workshop import CONFINED, Counted, Pool, Recorder, Workshop

from mkdocs_codeexec.runtime.process import Children


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    with Children(**CONFINED) as found:
        yield found


@pytest.fixture
def workshop(tmp_path: Path, children: Children, environment_dir: Path) -> Workshop:
    tmp_path.chmod(0o755)  # where root runs the tests, another user builds what is in it
    return Workshop(tmp_path, Recorder(children), environment_dir)


@pytest.fixture
def pool(workshop: Workshop) -> Iterator[Pool]:
    with Counted(**workshop.confined) as children:
        yield Pool(workshop, children)
