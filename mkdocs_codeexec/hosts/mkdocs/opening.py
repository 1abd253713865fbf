"""What a build of MkDocs opens: its voice, its settings, the Engine, the pages."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.config import check_apart, settings_from
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import ConfigurationError, Mistake
from mkdocs_codeexec.hosts.located import located
from mkdocs_codeexec.hosts.mkdocs.finishing import annotations_of
from mkdocs_codeexec.hosts.mkdocs.host import host_of
from mkdocs_codeexec.pages import Pages
from mkdocs_codeexec.report.console import INFO, WARNING, Console, Log, wants_color
from mkdocs_codeexec.report.services import annotations_for
from mkdocs_codeexec.runtime.cpus import usable_cpus
from mkdocs_codeexec.runtime.throwaway import throwaway
from mkdocs_codeexec.sites import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs.config.defaults import MkDocsConfig

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.hosts.mkdocs.builds import Builds


def console_of(config: MkDocsConfig, environ: Mapping[str, str], log: Log, *, serving: bool) -> Console:
    """Return the voice of a build.

    Args:
        config: Of the site.
        environ: The variables of this process.
        log: MkDocs' logger for plugins.
        serving: Whether this is `serve`, which a warning must not end, `--strict` or not.
    """
    project = Path(config.config_file_path or "mkdocs.yml").absolute().parent
    return Console(
        log=log,
        color=wants_color(environ, sys.stderr),
        warning_level=INFO if serving and config.strict else WARNING,
        annotations=annotations_for(environ, (Path.cwd(), project)),
    )


def open_pages(
    config: MkDocsConfig,
    raw: Mapping[str, Any],
    environ: Mapping[str, str],
    console: Console,
    *,
    builds: Builds,
    memory: dict[Key, Outcome],
    lenient: bool,
) -> Pages:
    """Return the pages of a new build.

    Args:
        config: Of the site.
        raw: The plugin's options, unchecked.
        environ: The variables of this process.
        console: The voice of the build.
        builds: Those of the command, this one not yet among them.
        memory: Outcomes that this process has produced.
        lenient: Whether a fault of our own is survived.

    Raises:
        ConfigurationError: The options, or what they say of a language, cannot be used.
    """
    project = Path(config.config_file_path).parent if config.config_file_path else Path.cwd()
    host = host_of(config.config_file_path)
    with located(Path(config.config_file_path) if config.config_file_path else None, "plugins"):
        check_once(config)
        settings = settings_from(raw, project_dir=project.absolute(), environ=environ, cpus=usable_cpus, host=host)
        if not settings.keeps:
            settings = replace(settings, environment_dir=throwaway(), lent=settings.environment_dir)
        # MkDocs would publish what is below the one and rebuild for ever, and empty the other before each build.
        settings = check_apart(settings, {"docs_dir": Path(config.docs_dir), "site_dir": Path(config.site_dir)})
        store, remembered = builds.kept(), memory if settings.execute == "auto" else {}
        engine = Engine(settings, console, store=store, memory=remembered, hooking=builds.hooking())
    return Pages(
        engine=engine,
        console=console,
        theme_dirs=[Path(folder) for folder in config.theme.dirs],
        lenient=lenient,
        annotations=annotations_of(config),
        problems=builds.problems,
        within=builds.current is not None,
    )


def check_once(config: MkDocsConfig) -> None:
    """Check that the site lists our plugin once: each would execute the samples of all pages, with options of its own.

    Raises:
        ConfigurationError: It is listed several times.
    """
    count = sum(name.partition(" #")[0] == "codeexec" for name in config.plugins)
    if count > 1:
        message = f"`codeexec`: it is listed {count} times below `plugins`, expected once"
        raise ConfigurationError(Mistake(message, "list it once, with all its options"))


def tell_of_extension(config: MkDocsConfig, options: Mapping[str, Any], console: Console) -> None:
    """Tell that a site names our extension of Python-Markdown, too: MkDocs goes by the plugin.

    Args:
        config: Of the site.
        options: Those of the plugin.
        console: The voice of the build.
    """
    name = next((name for name in NAMES if name in config.markdown_extensions), None)
    if name is None:
        return
    others = config.mdx_configs.get(name) or {}
    both = "`codeexec` is among `plugins` and among `markdown_extensions`: MkDocs goes by `plugins`"
    nothing = object()
    differ = sorted(str(key) for key in {*options, *others} if options.get(key, nothing) != others.get(key, nothing))
    if differ:
        named = ", ".join(f"`{key}`" for key in differ)
        console.warn(f"{both}, and their options differ: {named}", hint="write the same options below both")
    else:
        console.say(both)
