"""Environments opened: each set of dependencies once, and again only if it has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.rust.environments.composition import composition
from mkdocs_codeexec.languages.rust.environments.environment import Environment

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.environments.configuration import Said


def open_environments(
    settings: Settings,
    wanted: Iterable[EnvironmentSettings],
    said: Said,
    narrator: Narrator,
    known: Mapping[str, Environment],
    grants: Grants,
) -> dict[str, Environment]:
    """Return the Environments that are `wanted`, by name; those that consist of the same are one.

    Those that are `known` and consist of the same as before stay, and are surveyed.

    Raises:
        ConfigurationError: One cannot be written as a manifest.
    """
    same = {one.manifest.portable: one for one in known.values() if one.said == said}
    consists = {one.name: composition(settings, one) for one in wanted}
    found: dict[str, Environment] = {}
    by_manifest: dict[str, Environment] = {}
    for name, one in consists.items():
        portable = one.manifest.portable
        if portable in by_manifest:
            found[name] = by_manifest[portable]
            continue
        if portable in same:
            same[portable].sources.survey(one)
            found[name] = by_manifest[portable] = same[portable]
        else:
            found[name] = by_manifest[portable] = Environment(settings, name, one, said, narrator, grants)
    return found
