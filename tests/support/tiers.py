"""Children in one tier of the sandbox: `from support.tiers import confined`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.confinement import Tier


@contextmanager
def confined(tier: Tier) -> Iterator[Children]:
    """Yield children in `tier`; skip the test where that does not work."""
    mode = "off" if tier == "off" else "auto"
    with Children(mode, path=os.environ.get("PATH"), tiers=(tier,)) as children:
        if children.tier != tier:
            pytest.skip(f"`{tier}` does not work here: {children.told}")
        yield children
