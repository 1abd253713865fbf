"""Files and folders that strangers may have made: samples, build scripts, a checkout, a cache.

Whoever looks at such things outside of a sandbox does it from here. They are reached from a folder that is open, by its
descriptor, and no link on the way is followed; what is no regular file is not read, and nothing is read without a limit.
"""

from mkdocs_codeexec.untrusted.folder import Folder, UnfitError
from mkdocs_codeexec.untrusted.regular import copied
from mkdocs_codeexec.untrusted.removal import clear, remove, remove_path
from mkdocs_codeexec.untrusted.tree import PREFIX, Place, Tree, aside, below, settle

__all__ = [
    "PREFIX",
    "Folder",
    "Place",
    "Tree",
    "UnfitError",
    "aside",
    "below",
    "clear",
    "copied",
    "remove",
    "remove_path",
    "settle",
]
