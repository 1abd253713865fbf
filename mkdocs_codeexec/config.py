"""From `mkdocs.yml` and the environment to `Settings`.

Every name is checked: a misspelt option is an error with the word that was probably meant, never ignored. All
mistakes are reported at once.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mkdocs_codeexec.configuration.compatibility import usual
from mkdocs_codeexec.configuration.defaults import PATTERNS, output_patterns, pages, workdir
from mkdocs_codeexec.configuration.hooks import hooks
from mkdocs_codeexec.configuration.languages import rust, scripts
from mkdocs_codeexec.core.confinement import BUILD_LIMITS, RUN_LIMITS, WALLS, Limits, SandboxMode, Tier
from mkdocs_codeexec.core.hooks import led_to
from mkdocs_codeexec.core.settings import (
    MKDOCS,
    REPORTS,
    ExecuteMode,
    HiddenPolicy,
    Host,
    HtmlPolicy,
    Includes,
    Settings,
)
from mkdocs_codeexec.errors import ConfigurationError, Mistake
from mkdocs_codeexec.tables import Reader, absolute
from mkdocs_codeexec.trust import stranger

if TYPE_CHECKING:
    from collections.abc import Callable


def settings_from(
    raw: Mapping[str, object],
    *,
    project_dir: Path,
    environ: Mapping[str, str],
    cpus: Callable[[], int],
    host: Host = MKDOCS,
) -> Settings:
    """Check the plugin's options and freeze them.

    Args:
        raw: The mapping below `codeexec:` in `mkdocs.yml`.
        project_dir: The folder of `mkdocs.yml`.
        environ: The variables of this process; those that start with `CODEEXEC_` win over the file.
        cpus: Tells how many processors there are, asked only for `jobs: auto`.
        host: What messages call the host.

    Raises:
        ConfigurationError: With one line for each mistake, all of them.
    """
    reader = Reader("codeexec", file=host.file)
    top = reader.table(raw, "", _TOP)
    execute, enabled = _execute(reader, top, environ)
    otherwise = usual(reader, top)
    foreign = stranger(environ, _event(environ))
    cache_write = reader.choice(top, "cache_write", ("auto", "on", "off"), "auto")
    languages = reader.table(top.get("languages"), "languages", None)
    cache_dir = absolute(project_dir, environ.get("CODEEXEC_CACHE_DIR") or reader.text(top, "cache_dir", host.store))
    if project_dir.is_relative_to(cache_dir):
        name = "CODEEXEC_CACHE_DIR" if environ.get("CODEEXEC_CACHE_DIR") else "cache_dir"
        reader.problem(
            name,
            f"`{cache_dir}` holds `{host.file}` itself, and what is in it is ours to delete",
            f"name a folder of its own: the default is `{host.store}`",
        )
    refusal = _leads_out(cache_dir, project_dir) or (foreign if cache_write == "auto" else "")
    settings = Settings(
        project_dir=project_dir,
        cache_dir=cache_dir,
        environment_dir=_environment_dir(reader, top, project_dir, cache_dir, environ),
        enabled=enabled,
        execute=execute,
        fail_on_error=reader.flag(top, "fail_on_error", default=True),
        fail_on_suspended=reader.flag(top, "fail_on_suspended", default=False),
        jobs=_jobs(reader, top, environ, cpus),
        timeout=reader.seconds(top, "timeout", 10.0),
        build_timeout=reader.seconds(top, "build_timeout", 60.0),
        total_timeout=reader.seconds(top, "total_timeout", None),
        sandbox=_sandbox(reader, top, environ),
        tiers=_tiers(reader, environ),
        limits=_limits(reader, top, "limits", RUN_LIMITS),
        build_limits=_limits(reader, top, "build_limits", BUILD_LIMITS),
        cache_size=reader.amount(top, "cache_size", 200),
        cache_write=cache_write != "off" and not refusal,
        cache_write_refusal=refusal if cache_write != "off" else "",
        stranger=foreign,
        verbose=_verbose(reader, top, environ),
        pages=pages(reader, top),
        workdir=workdir(reader, top) or otherwise.workdir,
        output_patterns=output_patterns(reader, top),
        html=_html(reader, top, environ),
        reports=_reports(reader, top, project_dir),
        hooks=hooks(reader, top, project_dir, led_to(environ) if enabled else []),
        hidden_lines=_hidden_lines(reader, top),
        rust=rust(reader, languages, project_dir),
        scripts=scripts(reader, languages, project_dir, otherwise.presentations, otherwise.env),
        literate=otherwise.literate,
        includes=_includes(reader, top),
        host=host,
        host_env={**environ, "PATH": _search(environ.get("PATH", os.defpath))},
        checkout_dir=next((one for one in (project_dir, *project_dir.parents) if (one / ".git").exists()), None),
    )
    if reader.problems:
        raise ConfigurationError(*reader.problems)
    return settings


def check_apart(settings: Settings, folders: Mapping[str, Path]) -> Settings:
    """Check that our folders are not below those that the host reads or writes, and return `settings` that know these.

    Args:
        settings: Where our folders are.
        folders: The others, by the name of their option.

    Raises:
        ConfigurationError: One of ours is below one of these.
    """
    problems = [
        Mistake(
            f"`{ours}`: `{place}` is below `{theirs}`, which {settings.host.name} publishes or empties",
            f"the default is {default}",
        )
        for ours, place, default in (
            (
                _named(settings, "cache_dir"),
                settings.cache_dir,
                f"`{settings.host.store}` beside `{settings.host.file}`",
            ),
            (_named(settings, "environment_dir"), settings.environment_dir, "a folder in your own cache directory"),
        )
        for theirs, folder in folders.items()
        if place.is_relative_to(os.path.abspath(folder))  # noqa: PTH100 - `resolve` would follow links
        or Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder))
    ]
    if problems:
        raise ConfigurationError(*problems)
    site = folders.get("site_dir")
    return settings if site is None else dataclasses.replace(settings, published=(Path(os.path.abspath(site)),))  # noqa: PTH100


def _named(settings: Settings, option: str) -> str:
    """Return what has said where a folder of ours is: the option, or its variable."""
    variable = f"CODEEXEC_{option.upper()}"
    return variable if settings.host_env.get(variable) else f"codeexec.{option}"


def _reports(reader: Reader, top: Mapping[str, object], project_dir: Path) -> dict[str, Path]:
    """Return which reports a build writes, and where: below the project, as strangers may have written the configuration."""
    table = reader.table(top.get("reports"), "reports", REPORTS)
    found: dict[str, Path] = {}
    for kind in REPORTS:
        if table.get(kind) is None:
            continue
        name = reader.text(table, kind, "", "reports")
        file = absolute(project_dir, name)
        if not name or not file.is_relative_to(project_dir) or file == project_dir:
            hint = f"`codeexec run --{kind.replace('_', '-')} FILE` writes anywhere"
            reader.problem(
                f"reports.{kind}", f"expected a file below the folder of `{reader.file}`, got `{name}`", hint
            )
            continue
        found[kind] = file
    return found


_TOP = (
    *("enabled", "execute", "fail_on_error", "fail_on_suspended", "jobs"),
    *("timeout", "build_timeout", "total_timeout"),
    *("cache_dir", "environment_dir", "cache_size", "cache_write"),
    *(
        "sandbox",
        "limits",
        "build_limits",
        "verbose",
        "languages",
        "workdir",
        "output_patterns",
        "html",
        "reports",
        "hooks",
    ),
    "hidden_lines",
    *("compatibility", "includes"),
    *PATTERNS,
)


def _execute(reader: Reader, top: Mapping[str, object], environ: Mapping[str, str]) -> tuple[ExecuteMode, bool]:
    enabled = reader.flag(top, "enabled", default=True)
    value = reader.choice(top, "execute", get_args(ExecuteMode), "auto")
    override = environ.get("CODEEXEC_EXECUTE")
    if override == "off":
        return "auto", False
    if override and override not in get_args(ExecuteMode):
        reader.problem("CODEEXEC_EXECUTE", f"`{override}` is none of `auto`, `always`, `frozen`, `never`, `off`")
    elif override:
        value = override
    return next(mode for mode in get_args(ExecuteMode) if mode == value), enabled


def _verbose(reader: Reader, top: Mapping[str, object], environ: Mapping[str, str]) -> bool:
    override = environ.get("CODEEXEC_VERBOSE")
    if not override:
        return reader.flag(top, "verbose", default=False)
    if override not in ("0", "1"):
        reader.problem("CODEEXEC_VERBOSE", f"`{override}` is none of `0`, `1`")
    return override == "1"


def _sandbox(reader: Reader, top: Mapping[str, object], environ: Mapping[str, str]) -> SandboxMode:
    override = environ.get("CODEEXEC_SANDBOX")
    table: Mapping[str, object] = {"CODEEXEC_SANDBOX": override} if override else top
    name = "CODEEXEC_SANDBOX" if override else "sandbox"
    value = reader.choice(table, name, get_args(SandboxMode), "auto")
    return next(mode for mode in get_args(SandboxMode) if mode == value)


def _html(reader: Reader, top: Mapping[str, object], environ: Mapping[str, str]) -> HtmlPolicy:
    """Read where HTML of samples goes: as confined as they are, unless the configuration says otherwise."""
    confined = (environ.get("CODEEXEC_SANDBOX") or top.get("sandbox")) in ("required", "strict")
    value = reader.choice(top, "html", get_args(HtmlPolicy), "sandbox" if confined else "page")
    return next(policy for policy in get_args(HtmlPolicy) if policy == value)


def _includes(reader: Reader, top: Mapping[str, object]) -> Includes:
    value = reader.choice(top, "includes", get_args(Includes), "none")
    return next(one for one in get_args(Includes) if one == value)


def _hidden_lines(reader: Reader, top: Mapping[str, object]) -> HiddenPolicy:
    value = reader.choice(top, "hidden_lines", get_args(HiddenPolicy), "button")
    return next(policy for policy in get_args(HiddenPolicy) if policy == value)


def _tiers(reader: Reader, environ: Mapping[str, str]) -> tuple[Tier, ...]:
    """Return the tiers that may be chosen: fewer to see how a site fares where the others do not work."""
    words = environ.get("CODEEXEC_SANDBOX_TIERS", "").replace(",", " ").split()
    if unknown := [word for word in words if word not in get_args(Tier)]:
        known = ", ".join(f"`{tier}`" for tier in get_args(Tier))
        reader.problem("CODEEXEC_SANDBOX_TIERS", f"`{unknown[0]}` is none of {known}")
    return tuple(tier for tier in get_args(Tier) if tier in words) or WALLS


def _limits(reader: Reader, top: Mapping[str, object], name: str, defaults: Limits) -> Limits:
    known = tuple(field.name for field in dataclasses.fields(Limits))
    table = reader.table(top.get(name), name, known)
    return Limits(**{key: reader.amount(table, key, getattr(defaults, key), f"{name}.") for key in known})


def _event(environ: Mapping[str, str]) -> str | None:
    """Return what GitHub tells of the event that a build is for, None if it does not."""
    try:
        return Path(environ.get("GITHUB_EVENT_PATH", "")).read_text("utf-8")
    except (OSError, ValueError):
        return None


def _jobs(reader: Reader, top: Mapping[str, object], environ: Mapping[str, str], cpus: Callable[[], int]) -> int:
    value: object = environ.get("CODEEXEC_JOBS") or top.get("jobs", "auto")
    if value is None or value == "auto":
        return cpus()
    try:
        jobs = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else 0
    except ValueError:
        jobs = 0
    if jobs < 1:
        name = "CODEEXEC_JOBS" if environ.get("CODEEXEC_JOBS") else "jobs"
        reader.problem(name, f"expected `auto` or a whole number above 0, got `{value}`")
    return max(jobs, 1)


def _search(path: str) -> str:
    """Return the search path `path` with the programs of the virtual environment that runs us, as `activate` puts it.

    `.venv/bin/mkdocs build` documents what is installed beside it, whether that environment is activated or not.
    """
    own = os.path.normpath(f"{sys.prefix}/bin")
    return path if sys.prefix == sys.base_prefix or own in path.split(":") else f"{own}:{path}"


def _leads_out(cache_dir: Path, project_dir: Path) -> str:
    """Return why nothing is stored in a folder of the project that is elsewhere: a checkout brings such a link, too."""
    real = os.path.realpath(cache_dir)
    if not cache_dir.is_relative_to(project_dir) or Path(real).is_relative_to(os.path.realpath(project_dir)):
        return ""
    return f"`{cache_dir}` leads out of the project by a link; if that is meant, say `cache_dir: {real}`"


def _environment_dir(
    reader: Reader, top: Mapping[str, object], project_dir: Path, cache_dir: Path, environ: Mapping[str, str]
) -> Path:
    value = environ.get("CODEEXEC_ENVIRONMENT_DIR") or reader.text(top, "environment_dir", "")
    if value:
        return absolute(project_dir, value)
    import platformdirs

    try:
        return platformdirs.user_cache_path("mkdocs-codeexec") / "environments"
    except (RuntimeError, KeyError):  # a user without a home directory, in a container
        return cache_dir / "built"
