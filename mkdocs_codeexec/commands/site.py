"""The site that a command is about: its file, what that says, and the samples on its pages.

The one place of the commands that knows hosts, which are imported when a site of theirs is opened.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.host import FILES
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.sites import ConfiguredSite, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.sites import Collected


ZENSICAL = "zensical"


def find(
    config_file: str | None, folder: Path | None = None, *, say: Callable[[str], None] | None = None
) -> Path | None:
    """Return the file of a site, absolute; None if there is none.

    Args:
        config_file: What the user has named, which need not exist; None to look for one.
        folder: Where it is looked for; None is the working directory.
        say: Hears which is used where there are several.

    Raises:
        ConfigurationError: What is named is there and no file.
    """
    if config_file is not None:
        return named(config_file)
    found = [path for name in FILES if (path := (folder or Path.cwd()) / name).is_file()]
    if len(found) > 1 and say:
        others = ", ".join(f"`{path.name}`" for path in found[1:])
        say(f"the site of `{found[0].name}` is used, and not that of {others}: `-f` names another one")
    return found[0].absolute() if found else None


def named(config_file: str) -> Path:
    """Return the file of a site that the user has named, absolute; it need not exist.

    Raises:
        ConfigurationError: It is there and no file: a folder, or a pipe, which would be waited for.
    """
    file = Path(config_file).absolute()
    if not config_file or (file.exists() and not file.is_file()):
        names = ", ".join(f"`{name}`" for name in FILES)
        raise ConfigurationError(
            f"`-f {config_file or repr('')}`: expected the file of a site\n\nhint: it is one of {names}\n"
        )
    return file


def all_named(config_files: Sequence[str]) -> tuple[Path, ...]:
    """Return the files of several sites that the user has named, as `named` does.

    Raises:
        ConfigurationError: One is no file, or two are one.
    """
    found: dict[str, Path] = {}
    for config_file in config_files:
        file = named(config_file)
        if (before := found.setdefault(os.path.realpath(file), file)) is not file:
            other = f", also as `-f {shown(before)}`" if shown(before) != config_file else ""
            raise ConfigurationError(
                f"the site of `-f {config_file}` is named twice{other}; expected each once\n\nhint: leave one out\n"
            )
    return tuple(found.values())


def open_site(file: Path | None) -> ConfiguredSite:
    """Return what the file of a site says; where there is none, that.

    Raises:
        ConfigurationError: The host cannot read it.
    """
    if file is None:
        return ConfiguredSite(folder=Path.cwd())
    from mkdocs_codeexec.hosts.zensical import reading

    if reading.is_ours(file):
        return reading.configured(file)
    _choose(file)
    from mkdocs_codeexec.hosts.mkdocs.collecting import configured

    return configured(file)


def expected(file: Path | None) -> Path:
    """Return the file of the site that a command cannot do without.

    Raises:
        ConfigurationError: There is none.
    """
    if file is None:
        names = ", ".join(f"`{name}`" for name in FILES)
        raise ConfigurationError(
            f"`{Path.cwd()}`: there is no site here, expected one of {names}\n\nhint: name its file with `-f`\n"
        )
    return file


def collect(file: Path | None, folder: Path) -> Collected:
    """Return the samples of a site: its host renders all pages, and nothing is executed.

    Args:
        file: Of the site.
        folder: Empty; nothing in it is wanted afterwards.

    Raises:
        ConfigurationError: There is no site, its host cannot build it, or it does not use us.
    """
    file = expected(file)
    from mkdocs_codeexec.hosts.zensical import reading

    if reading.is_ours(file):
        from mkdocs_codeexec.hosts.zensical.collecting import collected as of_zensical

        return of_zensical(file, folder)
    _choose(file)
    from mkdocs_codeexec.hosts.mkdocs.collecting import collected

    return collected(file, folder)


def host_of(file: Path) -> str:
    """Return the package that renders the site of `file`; one that no host can read is MkDocs', which says why.

    Nothing of it is imported.
    """
    from mkdocs_codeexec.hosts.mkdocs.choosing import chosen_for
    from mkdocs_codeexec.hosts.zensical import reading

    with suppress(ConfigurationError):
        if reading.is_ours(file):
            return ZENSICAL
    return chosen_for(file)


def prepare(file: Path) -> None:
    """Import the host of a site that is MkDocs' or ProperDocs', as collecting it does first; nothing of the site."""
    _choose(file)
    import mkdocs_codeexec.hosts.mkdocs.collecting  # noqa: F401 - imported for what is collected afterwards


def settings_of(site: ConfiguredSite) -> Settings:
    """Return the settings of a site.

    Raises:
        ConfigurationError: What its file says to us cannot be used.
    """
    from mkdocs_codeexec.config import check_apart, settings_from  # which takes longer to load than some commands do
    from mkdocs_codeexec.environment import read_environment
    from mkdocs_codeexec.hosts.located import located
    from mkdocs_codeexec.runtime.cpus import usable_cpus

    with located(site.file, site.enabled_by):
        settings = settings_from(
            site.options, project_dir=site.folder, environ=read_environment(), cpus=usable_cpus, host=site.words
        )
        return check_apart(settings, site.folders)


def _choose(file: Path) -> None:
    """Have MkDocs or ProperDocs be the host of this process, whichever `file` is written for."""
    from mkdocs_codeexec.hosts.mkdocs.choosing import choose

    choose(file)
