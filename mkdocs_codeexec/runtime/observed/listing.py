"""What is in a folder."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.observed import ABSENT
from mkdocs_codeexec.runtime.observed.digests import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable

_CUSTOM = ("sitecustomize.py", "usercustomize.py", "sitecustomize", "usercustomize")


@dataclass(frozen=True)
class Listing:
    """A folder, as it was.

    Attributes:
        about: The folder.
        kinds: The names in it, and what a listing tells beside them.
    """

    about: os.stat_result
    kinds: dict[str, str]

    def state(self, names: Iterable[str]) -> str:
        """Return what stands for those of its `names`."""
        text = "\0".join(f"{name}{self.kinds[name]}" for name in names)
        return short(text) if text else ABSENT

    def of_module(self, module: str) -> list[str]:
        """Return the names that `import module` looks at."""
        if "." in module:
            return sorted(name for name in self.kinds if name == module or name.startswith(f"{module}."))
        return self._modules.get(module, [])

    @functools.cached_property
    def _modules(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.kinds):
            found.setdefault(name.partition(".")[0], []).append(name)
        return found

    @functools.cached_property
    def starting(self) -> tuple[str, ...]:
        """The names that decide how a Python starts that finds its packages here (the documentation of `site`)."""
        return tuple(
            name
            for name in sorted(self.kinds)
            if name.endswith(".pth") or name.startswith("__editable__") or name in _CUSTOM
        )


def short(text: str) -> str:
    """Return a digest of `text`."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:DIGITS]


def listed(path: str) -> Listing:
    """Return what the folder `path` is, and what is in it.

    Raises:
        OSError: It cannot be listed.
    """
    about = os.stat(path)
    with os.scandir(path) as entries:
        return Listing(about, {entry.name: _kind(entry) for entry in entries if entry.name != "__pycache__"})


def _kind(entry: os.DirEntry[str]) -> str:
    """Return what a listing tells of an entry beside its name."""
    if entry.is_symlink():
        return "@"
    return "/" if entry.is_dir(follow_symlinks=False) else ""
