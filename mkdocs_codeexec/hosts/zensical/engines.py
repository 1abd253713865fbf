"""What answers the samples of a site of Zensical, and what is wrong with its options."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.config import check_apart, settings_from
from mkdocs_codeexec.core.host import ZENSICAL_FILES
from mkdocs_codeexec.core.settings import Host
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError
from mkdocs_codeexec.hosts.located import located
from mkdocs_codeexec.report.events import in_json
from mkdocs_codeexec.report.progress import ways
from mkdocs_codeexec.runtime.cpus import usable_cpus
from mkdocs_codeexec.runtime.throwaway import throwaway

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings

STORE = ".codeexec"
"""Where outcomes are kept unless the user says otherwise: `zensical build --clean` removes `.cache`."""


class Opened(NamedTuple):
    """An Engine, and what is to be known of it.

    Attributes:
        engine: Answers samples; it executes nothing if the options have mistakes.
        mistake: What is wrong with them; empty for nothing.
    """

    engine: Engine
    mistake: str = ""


def open_engine(
    config: Mapping[str, Any],
    options: Mapping[str, Any],
    file: Path,
    narrator: Narrator,
    memory: MutableMapping[Key, Outcome],
    before: Opened | None,
) -> Opened:
    """Return what answers samples: what did so before, or nobody, if `options` have mistakes.

    Args:
        config: Zensical's own.
        options: Those of our extension.
        file: That of the site.
        narrator: Told what goes on.
        memory: Outcomes that this process has produced.
        before: What answered before the configuration was read again; None if this is the first time.
    """
    from mkdocs_codeexec.hosts.zensical.reading import listed  # which reads sites that are not being rendered

    environ = read_environment()
    try:
        with located(file, "markdown_extensions"):
            settings = _settings(file, options, environ)
            ways.asked(environ)
            in_json(environ)
            if listed(file) > 1:
                narrator.say(
                    "`codeexec` is listed twice below `markdown_extensions`, with the same options: once is enough"
                )
            _check(config, settings)
            return Opened(Engine(settings, narrator, memory=memory if settings.execute == "auto" else {}))
    except ConfigurationError as error:
        mistake = f"the configuration has mistakes\n\n{error}"
    except CodeExecError as error:
        mistake = str(error)
    except Exception as error:  # noqa: BLE001 - it would be a traceback that names nothing, and would end `serve`
        mistake = f"internal error: {type(error).__name__}: {error}"
    if before is not None and before.engine.settings.enabled:
        return Opened(before.engine, f"the last good settings are used: {mistake}")
    harmless = {name: value for name, value in environ.items() if not name.startswith("CODEEXEC_")}
    return Opened(Engine(_settings(file, {"enabled": False}, harmless), narrator), mistake)


def _settings(file: Path, options: Mapping[str, Any], environ: dict[str, str]) -> Settings:
    host = Host("Zensical", "zensical", file.name, STORE)
    settings = settings_from(options, project_dir=file.parent, environ=environ, cpus=usable_cpus, host=host)
    if not settings.keeps:
        settings = replace(settings, environment_dir=throwaway(), lent=settings.environment_dir)
    return settings


def file_of(config: Mapping[str, Any], named: str | None) -> Path:
    """Return the file that Zensical has read `config` from: the one that the user has named, or the first that is there."""
    folder = Path(config["root_dir"]).absolute()
    if named and os.path.realpath(Path(named).absolute().parent) == os.path.realpath(folder):
        return folder / Path(named).name
    return folder / next((name for name in ZENSICAL_FILES if (folder / name).is_file()), ZENSICAL_FILES[0])


def _check(config: Mapping[str, Any], settings: Settings) -> None:
    others = {name: settings.project_dir / str(config[name]) for name in ("docs_dir", "site_dir")}
    settings = check_apart(settings, others)
