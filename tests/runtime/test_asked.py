"""Which look-ups of a child count, and of which nobody can say what they found."""

from __future__ import annotations

import pytest

from mkdocs_codeexec.core.confinement import Access
from mkdocs_codeexec.runtime.observed.asked import UNKNOWABLE, of_kernel, sifted

REACHED = Access(readable=("/data",))


@pytest.mark.parametrize(
    "path", ["/proc/self/cwd/x", "/proc/12/root/etc/x", "/proc/self/fd/3/x", "/proc/1/task/2/cwd/x"]
)
def test_what_is_reached_through_a_process_cannot_be_told(path: str) -> None:
    """Where it leads nobody knows afterwards: such an outcome is not kept."""
    assert sifted((f"f{path}", "f/data/a"), "/scratch", REACHED, "limits") == (UNKNOWABLE,)


@pytest.mark.parametrize("path", ["/proc/self/fd/63", "/proc/self/status", "/dev/null", "/sys/x"])
def test_what_the_kernel_makes_does_not_count(path: str) -> None:
    """A shell opens descriptors by such a name, too."""
    assert sifted((f"f{path}", "f/data/a"), "/scratch", REACHED, "limits") == ("f/data/a",)


def test_files_in_shared_memory_are_usual_ones() -> None:
    """A project may lie there."""
    assert not of_kernel("/dev/shm/site/a")
    assert sifted(("f/dev/shm/site/a",), "/scratch", REACHED, "limits") == ("f/dev/shm/site/a",)
