"""Dependencies that `mkdocs.yml` takes over from a workspace of cargo: `serde: {workspace: true}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from mkdocs_codeexec.core.settings import MKDOCS
from mkdocs_codeexec.errors import ConfigurationError, nearest

Table: TypeAlias = dict[str, object]

_INHERITS = frozenset({"workspace", "features", "default-features", "default_features", "optional", "public"})
"""Those that may stand beside `workspace = true` (the cargo book, "Inheriting a dependency from a workspace")."""


class Inherited(NamedTuple):
    """What dependencies can be taken over from a workspace.

    Attributes:
        file: Its manifest, as messages name it; empty if there is no workspace.
        dependencies: By name; paths start at the folder of `mkdocs.yml`.
        site: What messages call `mkdocs.yml`.
    """

    file: str = ""
    dependencies: Mapping[str, object] = {}
    site: str = MKDOCS.file


NONE = Inherited()


def inherit(at: str, name: str, table: Table, inherited: Inherited) -> Table:
    """Return the dependency `table`, which says `workspace: true`, with what the workspace says, as cargo does it.

    Args:
        at: Where it stands, for messages.
        name: What it is called.
        table: What `mkdocs.yml` says.
        inherited: What there is to take over.

    Raises:
        ConfigurationError: The workspace does not say it, or it says otherwise.
    """
    if table["workspace"] is not True:
        raise ConfigurationError(f"{at}: `workspace` can only be `true`")
    if other := sorted(table.keys() - _INHERITS):
        raise ConfigurationError(f"{at}: `{other[0]}` cannot stand beside `workspace: true`, which says that already")
    if not inherited.file:
        raise ConfigurationError(
            f"{at}: there is no workspace at or above `{inherited.site}` that it could be taken from\n\n"
            "hint: write its version"
        )
    if name not in inherited.dependencies:
        meant = nearest(name, list(inherited.dependencies))
        hint = f"did you mean `{meant}`?" if meant else f"add it there, or write its version: {name}: …"
        raise ConfigurationError(
            f"{at}: `[workspace.dependencies]` in `{inherited.file}` has no `{name}`\n\nhint: {hint}"
        )
    value = inherited.dependencies[name]
    base: Table = dict(value) if isinstance(value, Mapping) else {"version": value}
    features = [
        feature for one in (base.get("features"), table.get("features")) if isinstance(one, list) for feature in one
    ]
    found: Table = {**base, **{key: item for key, item in table.items() if key not in ("workspace", "features")}}
    if features:
        found["features"] = list(dict.fromkeys(features))
    return _with_defaults(at, found, base, table)


def _with_defaults(at: str, found: Table, base: Table, own: Table) -> Table:
    """Check and write down whether default features are on: where the workspace has them, they cannot be taken back."""
    old, new = "default_features", "default-features"
    inherits, wants = (one.get(new, one.get(old)) for one in (base, own))
    if wants is False and inherits is not False:
        raise ConfigurationError(
            f"{at}: `default-features: false` cannot take back what the workspace says\n\n"
            "hint: set `default-features = false` there, in `[workspace.dependencies]`"
        )
    kept = {key: value for key, value in found.items() if key not in (old, new)}
    says = inherits if wants is None else wants
    return kept if says is None else {**kept, new: says}
