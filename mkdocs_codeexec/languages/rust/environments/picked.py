"""What samples of an Environment see of the target directory: what it consists of itself, picked out by links.

The directory is shared by all Environments of a toolchain, of other sites too, and holds the lock that cargo takes. So the
libraries of one get a folder of their own, where rustc finds those that nobody names by the name of a folder. They are
hard links: a file for each library, and one mount for all of them. Programs are copies: a later build, of another site too, may
write to whatever is linked in the target directory, and nothing would tell that a program is another one by then.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.environments.manifest import PROBE
from mkdocs_codeexec.languages.rust.messages.objects import objects
from mkdocs_codeexec.untrusted import Folder, UnfitError, below
from mkdocs_codeexec.untrusted.regular import is_within

if TYPE_CHECKING:
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments

_NEW = "."
"""What begins the name of a file that is not whole yet."""
_LIBRARIES = (".rlib", ".rmeta", ".so", ".dylib", ".a")


class Picked(NamedTuple):
    """What belongs to one Environment; names relative to the target directory.

    Attributes:
        libraries: What rustc has made; of an Environment of programs, these.
        made: Folders of what build scripts have made.
    """

    libraries: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


NOTHING = Picked()


def read(messages: str, target: Path) -> Picked:
    """Return what cargo's `messages` name (the cargo book, "External Tools")."""
    libraries: dict[str, None] = {}
    made: dict[str, None] = {}
    for message in objects(messages):
        names, out = message.get("filenames"), message.get("out_dir")
        for name in names if isinstance(names, list) else ():
            if str(name).endswith(_LIBRARIES) and is_within(str(name), str(target)):
                libraries[os.path.relpath(str(name), target)] = None
        if isinstance(out, str) and is_within(out, str(target)):
            made[os.path.relpath(out, target)] = None
    return Picked(tuple(sorted(libraries)), tuple(sorted(made)))


def programs(messages: str, target: Path) -> Picked:
    """Return the programs that cargo's `messages` name, and nothing else; not the one that every Environment has."""
    found: dict[str, None] = {}
    for message in objects(messages):
        name = message.get("executable")
        if isinstance(name, str) and is_within(name, str(target)) and not Path(name).name.startswith(PROBE):
            found[os.path.relpath(name, target)] = None
    return Picked(tuple(sorted(found)))


def pick(picked: Picked, target: Path, folder: Path, *, copies: bool = False) -> None:
    """Put the libraries that are `picked` into `folder`, each as it is by now, and nothing else.

    A build may have put anything in their places, and another one that shares the directory may do so at this moment: all is
    reached by descriptor, and what is no regular file in the target directory is left out.

    Args:
        picked: What is wanted.
        target: Where it is.
        folder: Where it is put.
        copies: Whether each is a file of its own, which no later build can change.

    Raises:
        OSError: As the disk says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # where root builds, another user reads it
    with Folder.at(target) as root, Folder.at(folder) as into:
        for name in into.names():
            if name not in _names(picked):
                into.unlink(name)
        for place in (PurePosixPath(name).parts for name in picked.libraries):
            try:
                with below(root, place[:-1]) as source:
                    fd = source.open_file(place[-1])
                    try:
                        _put(source, place[-1], fd, into, copies=copies)
                    finally:
                        os.close(fd)
            except (NotADirectoryError, UnfitError):
                continue


def _put(source: Folder, name: str, fd: int, into: Folder, *, copies: bool) -> None:
    """Put the file `name` of `source`, which is open as `fd`, into the folder `into`, as a link where that is wanted and possible."""
    about, new = os.fstat(fd), f"{_NEW}{name}"
    if not copies and into.has(name) and os.path.samestat(into.about(name), about):
        return
    if into.has(new):
        into.unlink(new)
    if copies or not _linked(source, name, about, into):
        into.take(new, fd, stat.S_IMODE(about.st_mode) & 0o777)
        into.rename(new, name)


def _linked(source: Folder, name: str, about: os.stat_result, into: Folder) -> bool:
    """Tell whether the file of which is known what is in `about` has a name in `into` now: there may be no links on this disk, or not to files of others."""
    new = f"{_NEW}{name}"
    try:
        source.link(name, into, to=new)
    except OSError:
        return False
    if not os.path.samestat(into.about(new), about):  # it was replaced just now
        into.unlink(new)
        return False
    into.rename(new, name)
    return True


def is_picked(picked: Picked, folder: Path) -> bool:
    """Tell whether all is in `folder` that is `picked`."""
    try:
        return _names(picked) == set(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return False


def rewritten(arguments: Arguments, picked: Picked, target: Path, folder: Path) -> Arguments:
    """Return `arguments` that look into `folder` for libraries, and what their samples see."""
    names = _names(picked)
    argv: list[str] = []
    seen: set[str] = set()
    for word in arguments.argv:
        if word.startswith("dependency=") and is_within(word.partition("=")[2], str(target)):
            word = f"dependency={folder}"  # noqa: PLW2901
            if word in seen:  # one for this machine, and one for what is compiled
                argv.pop()  # its `-L`
                continue
            seen.add(word)
        crate, equals, path = word.rpartition("=")
        if equals and is_within(path, str(target)) and Path(path).name in names and argv and argv[-1] == "--extern":
            word = f"{crate}={folder / Path(path).name}"  # noqa: PLW2901
        argv.append(word)
    made = [str(target / name) for name in picked.made if _is_in(target / name, target)]
    native = [name for name in arguments.native if _is_in(Path(name), target)]
    return arguments._replace(argv=tuple(argv), sees=(str(folder), *made, *native))


def _names(picked: Picked) -> set[str]:
    return {Path(name).name for name in picked.libraries}


def _is_in(path: Path, target: Path) -> bool:
    """Tell whether `path` is where its name says: a build could have put links on the way."""
    return os.path.realpath(path) == os.path.join(os.path.realpath(target), os.path.relpath(path, target))  # noqa: PTH118


def names(sees: Sequence[str], target: str) -> Iterator[tuple[str, str]]:
    """Yield what the folder of libraries is called where somebody reads of it: as if they were where cargo made them."""
    for folder in sees:
        if not is_within(folder, target):
            yield folder, "target/debug/deps"
