"""A `Recipe`: how Actions are executed, as plain data that can travel to another machine.

It is the part of `Settings` that such a machine cannot know by itself. What each machine has of its own stays out: its
variables, its folders, what it has stored. So a Recipe holds no secret of the host; what the configuration itself gives
to samples (`env`) is part of it, as it is of each Action.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mkdocs_codeexec.core.confinement import BUILD_LIMITS, RUN_LIMITS, WALLS, Limits, SandboxMode, Tier
from mkdocs_codeexec.core.settings import MKDOCS, Host, RustSettings, ScriptSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path

L = TypeVar("L", RustSettings, ScriptSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How Actions are executed. Equal on all machines for one configuration, but for `jobs: auto`.

    Attributes are those of `Settings` that are called so. Of the paths that samples may read, those below the project's
    folder are relative to it.
    """

    jobs: int = 1
    timeout: float = 10.0
    build_timeout: float = 60.0
    total_timeout: float | None = None
    sandbox: SandboxMode = "auto"
    tiers: tuple[Tier, ...] = WALLS
    limits: Limits = RUN_LIMITS
    build_limits: Limits = BUILD_LIMITS
    stranger: str = ""
    rust: RustSettings | None = None
    scripts: Mapping[str, ScriptSettings] = field(default_factory=dict)
    host: Host = MKDOCS

    @classmethod
    def of(cls, settings: Settings) -> Recipe:
        """Return how Actions are executed under `settings`."""
        found = cls(**{one.name: getattr(settings, one.name) for one in fields(cls)})
        project = settings.project_dir
        rust = found.rust and _relative(found.rust, project)
        if rust:
            sets = rust.environments.items()
            plain = {name: replace(one, dependencies=_plain(one.dependencies)) for name, one in sets}
            rust = replace(rust, environments=plain)
        scripts = {name: _relative(script, project) for name, script in found.scripts.items()}
        return replace(found, rust=rust, scripts=scripts)

    def settings(
        self, *, project_dir: Path, cache_dir: Path, environment_dir: Path, host_env: Mapping[str, str]
    ) -> Settings:
        """Return what a machine is set up by that executes after this Recipe.

        Args:
            project_dir: Its copy of the folder of `mkdocs.yml`.
            cache_dir: Where it may keep lock files.
            environment_dir: Where it keeps Environments.
            host_env: Its own variables.
        """
        found = Settings(
            project_dir=project_dir,
            cache_dir=cache_dir,
            environment_dir=environment_dir,
            host_env=host_env,
            **{one.name: getattr(self, one.name) for one in fields(self)},
        )
        rust = self.rust and _absolute(self.rust, project_dir)
        scripts = {name: _absolute(script, project_dir) for name, script in self.scripts.items()}
        return replace(found, rust=rust, scripts=scripts)


def _relative(language: L, project: Path) -> L:
    inside = (path.relative_to(project) if path.is_relative_to(project) else path for path in language.readable)
    return replace(language, readable=tuple(sorted(inside)))


def _absolute(language: L, project: Path) -> L:
    return replace(language, readable=tuple(sorted(project / path for path in language.readable)))


def _plain(value: object) -> Any:
    """Return `value`, out of a YAML file, made of nothing but what Python itself has."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
