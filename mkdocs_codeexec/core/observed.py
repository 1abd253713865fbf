"""Observed inputs: what a sample has really read, executed, listed or looked for in vain, outside of its own directory.

For a language whose inputs no compiler tells, an Outcome is valid exactly as long as all of this is unchanged. The key
of an Action leads to a few lists of observed inputs (as ccache's manifests do), each list to the Outcome that was
produced when it held.

An input is a *name*, the same on every machine, and a *state*. A name is a word, a colon and a portable path, one that
begins with a label like `<project>` unless it belongs to the system:

    read:<site>/tiny/__init__.py   a file, by what it holds; or that there is none, or a folder
    link:<project>/current         where a link leads
    list:<project>/data            a folder, by the names in it
    there:<project>/notes.txt      whether there is something, which samples may see only if they are started anew
    shown:<project>                a folder, by the names in it that are not hidden
    hidden:bash:~/notes.txt        whether samples of a language can reach what they could not
    module:<site>:tiny             a folder of Python modules, by the names in it that `import tiny` would take
    modules:<site>                 a folder of packages, by the names in it, records of installations left out
    tool:mytool                    a program, as the search path finds it
    binary:mytool                  a program of a local package, by what it is built from
    start:                         what decides how Python starts: `.pth` files, `pyvenv.cfg`
    contents:<project>/data        a folder, by the files in it; where there are too many to name
    tree:<project>/data            the same, with all folders in it
    sandbox:                       whether samples are wanted in a sandbox; where nothing could be observed
    packages:                      everything that is installed for Python; where nothing could be observed
    project:read:data.csv          what is in the project as samples see it (`runtime.observed.projected`)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeAlias

from mkdocs_codeexec.core.action import Key, digest

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome

Inputs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and states, sorted."""

FORMAT = 1
"""Version of what names and states mean. Raise it when that changes: all lists are misses then."""

ABSENT = "absent"
"""The state of what is not there."""


class StateOfBinary(Protocol):
    """Knows what programs of local packages are built from: see `core.protocols.Binaries.state`."""

    def __call__(self, name: str, /, *, built: bool) -> str | None:
        """Return the state of `name`."""
        ...


def no_binary(name: str, /, *, built: bool) -> str | None:
    """Return the state of any name where there are no such programs."""
    del name, built
    return ABSENT


def result_key(action: Action, outcome: Outcome | None) -> Key:
    """Return the address of `outcome` of `action`, or where it is looked for as long as there is none.

    Raises:
        ValueError: The toolchain of `action` is not known.
    """
    if outcome is None or outcome.inputs is None or not action.observed:
        return action.key
    return observed_key(action.key, outcome.inputs)


def observed_key(key: Key, inputs: Inputs) -> Key:
    """Return the address of the Outcome of the Action with `key` when `inputs` hold."""
    return Key(digest(("observed", FORMAT, key, _text(inputs))))


@lru_cache(maxsize=16)
def _text(inputs: Inputs) -> str:
    """Return one text for a list: neither names nor states hold a NUL.

    It is asked for every sample of a build in which nothing changed, and many of them have one list.
    """
    return "\0".join(chain.from_iterable(inputs))
