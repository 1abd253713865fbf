"""`languages` of the options: what each language is, and what its fences are given."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from mkdocs_codeexec.configuration.defaults import (
    DEFAULTS,
    OF_RUST,
    PATTERNS,
    artifacts,
    pages,
    presentation,
    without_meaning,
    workdir,
)
from mkdocs_codeexec.configuration.repls import repl
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.core.settings import (
    BINARIES,
    EDITIONS,
    EnvironmentSettings,
    RunPolicy,
    RustSettings,
    ScriptSettings,
)
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.languages.builtin import BUILTIN
from mkdocs_codeexec.markdown.values import WrongValue, assigned, prefix
from mkdocs_codeexec.tables import Reader, absolute, kind
from mkdocs_codeexec.trust import refusal_to_give

RUST = (
    *("run", "edition", "toolchain", "dependencies", "manifest_extra", "preamble", "backtrace"),
    *("inputs", "readable", "network", "environments", "package", "env", "notes"),
    *("environment", "workdir", "binaries", "sources", "artifacts", *DEFAULTS, *PATTERNS),
)
_SOURCE = re.compile(r"[A-Za-z0-9_-]+|[a-z][a-z0-9+.-]*://[A-Za-z0-9@._~:/+-]+")
SCRIPT = (
    *("run", "command", "build", "extension", "version", "aliases", "env", "inputs", "readable", "network"),
    *("session", "workdir", "hidelines", "artifacts", "console", *DEFAULTS, *PATTERNS),
)


def _run(reader: Reader, table: Mapping[str, object], where: str, *, compiled: bool) -> RunPolicy:
    value = reader.choice(table, "run", get_args(RunPolicy), "marked", where)
    if value == "check" and not compiled:
        reader.problem(f"{where}run", "`check` needs a language that is compiled", "`marked`, `all` or `none`")
    return next(policy for policy in get_args(RunPolicy) if policy == value)


def _readable(reader: Reader, table: Mapping[str, object], where: str, project_dir: Path) -> tuple[Path, ...]:
    paths = reader.paths(table, "readable", project_dir, where)
    home = Path(os.path.realpath(absolute(project_dir, "~")))
    for path in paths:
        if refusal := refusal_to_give(Path(os.path.realpath(path)), home):
            reader.problem(f"{where}readable", f"`{path}` {refusal}", "name the files and folders that samples need")
    return paths


def rust(reader: Reader, languages: Mapping[str, object], project_dir: Path) -> RustSettings:
    """Read `languages.rust`."""
    where = "languages.rust"
    table = reader.table(languages.get("rust"), where, RUST)
    named = reader.table(table.get("environments"), f"{where}.environments", None)
    environments = {"default": _environment(reader, "default", table, where)}
    for name, value in named.items():
        inner = f"{where}.environments.{name}"
        own = reader.table(value, inner, ("dependencies", "manifest_extra"))
        if name == "default":
            reader.problem(inner, "`default` is the one that `languages.rust.dependencies` describes")
        if name == BINARIES:
            reader.problem(inner, f"`{BINARIES}` is the one of the programs of local packages", "give it another name")
        environments[name] = _environment(reader, name, own, inner)
    usual = reader.text(table, "environment", "default", f"{where}.")
    if usual not in environments:
        meant = nearest(usual, tuple(environments))
        hint = f"did you mean `{meant}`?" if meant else f"there is: {', '.join(f'`{name}`' for name in environments)}"
        reader.problem(f"{where}.environment", f"there is no environment `{usual}`", hint)
    return RustSettings(
        run=_run(reader, table, f"{where}.", compiled=True),
        edition=reader.choice(table, "edition", EDITIONS, "2024", f"{where}."),
        toolchain=reader.text(table, "toolchain", "", f"{where}.") or None,
        preamble=reader.text(table, "preamble", "", f"{where}."),
        backtrace=reader.choice(table, "backtrace", ("0", "1", "full"), "0", f"{where}."),
        environments=environments,
        package=reader.text(table, "package", "", f"{where}.") or None,
        env=_env(reader, table, where),
        notes=reader.flag(table, "notes", default=False, where=f"{where}."),
        inputs=reader.words(table, "inputs", f"{where}."),
        readable=_readable(reader, table, f"{where}.", project_dir),
        network=reader.policy(table, "network", f"{where}."),
        presentation=presentation(reader, table, f"{where}."),
        timeout=reader.seconds(table, "timeout", None, f"{where}."),
        environment=usual,
        pages=pages(reader, table, f"{where}."),
        workdir=workdir(reader, table, f"{where}."),
        binaries=_binaries(reader, table, f"{where}."),
        sources=_sources(reader, table, f"{where}."),
        artifacts=artifacts(reader, table, f"{where}."),
    )


def _binaries(reader: Reader, table: Mapping[str, object], where: str) -> tuple[str, ...] | None:
    if table.get("binaries", "auto") == "auto":
        return None
    return reader.words(table, "binaries", where)


def _sources(reader: Reader, table: Mapping[str, object], where: str) -> tuple[str, ...]:
    """Read repositories and registries: whole addresses with a host at least, or names of registries."""
    found = reader.words(table, "sources", where)
    for source in found:
        if not _SOURCE.fullmatch(source):
            hint = "write `https://host/owner/`, the address of a repository, or the name of a registry"
            reader.problem(f"{where}sources", f"`{source}` is no source of packages", hint)
    return found


def _environment(reader: Reader, name: str, table: Mapping[str, object], where: str) -> EnvironmentSettings:
    dependencies = reader.table(table.get("dependencies"), f"{where}.dependencies", None)
    reader.unusable([*dependencies.values()], f"{where}.dependencies")
    for crate, value in dependencies.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            dependencies[crate] = str(value)  # `serde: 1` means version "1"
        elif not isinstance(value, str | Mapping):
            within = crate in ("features", "default-features", "optional")
            hint = 'such options stand within a crate: `serde: {version: "1", features: [derive]}`' if within else ""
            reader.problem(f"{where}.dependencies.{crate}", f"expected a version or a mapping, got {kind(value)}", hint)
    return EnvironmentSettings(
        name=name,
        dependencies=dependencies,
        manifest_extra=reader.text(table, "manifest_extra", "", f"{where}."),
    )


def _split(reader: Reader, table: Mapping[str, object], where: str) -> str:
    """Read the statement that stands between two steps of a session."""
    split = reader.text(table, "session", "", f"{where}.")
    if split and "{mark}" not in split:
        reader.problem(
            f"{where}.session",
            "expected a statement that prints `{mark}` on a line of its own",
            "for example `session: 'print(\"{mark}\")'`",
        )
        return ""
    return split


def _hidelines(reader: Reader, table: Mapping[str, object], where: str) -> str:
    text = reader.text(table, "hidelines", "", f"{where}.")
    try:
        return prefix(text) if text else ""
    except WrongValue as wrong:
        reader.problem(f"{where}.hidelines", str(wrong), "write for example `hidelines: '!!'`")
        return ""


def _env(reader: Reader, table: Mapping[str, object], where: str) -> tuple[tuple[str, str], ...]:
    try:
        return assigned(reader.table(table.get("env"), f"{where}.env", None))
    except WrongValue as wrong:
        reader.problem(f"{where}.env", str(wrong), wrong.hint)
        return ()


def scripts(
    reader: Reader,
    languages: Mapping[str, object],
    project_dir: Path,
    presentations: Mapping[str, Presentation] = MappingProxyType({}),
    env: tuple[tuple[str, str], ...] = (),
) -> dict[str, ScriptSettings]:
    """Read all other languages, those among them that are built in.

    Args:
        reader: Notes mistakes.
        languages: The table `languages`.
        project_dir: The folder of `mkdocs.yml`.
        presentations: How samples of a language are shown that the table does not say it of.
        env: Variables that samples in these languages get.
    """
    builtin = {
        name: replace(preset, presentation=presentations[name], env=(*env, *preset.env))
        if name in presentations
        else preset
        for name, preset in BUILTIN.items()
    }
    found = dict(builtin)
    for name, value in languages.items():
        if name == "rust":
            continue
        where = f"languages.{name}"
        table = reader.table(without_meaning(reader, value, where, OF_RUST), where, SCRIPT)
        preset = builtin.get(name)
        if preset and preset.repl and "command" in table and "console" not in table:
            preset = None  # a language of that name, whose samples are files
        command = reader.words(table, "command", f"{where}.") or (preset.command if preset else ())
        build = reader.words(table, "build", f"{where}.")
        if not command:
            near = nearest(name, ("rust", *BUILTIN))
            if "command" not in table:
                hint = f"did you mean `{near}`?" if near else f'for example `{name}: {{command: [{name}, "{{file}}"]}}`'
                reader.problem(where, "a language that is not built in needs a `command`", hint)
            continue
        if build and not any("{file}" in word for word in build):
            reader.problem(f"{where}.build", "it does not contain `{file}`, so the sample would not be built")
        variables = {**dict(preset.env if preset else ()), **dict(_env(reader, table, where))}
        talked = repl(
            reader, table.get("console"), f"{where}.console", preset.repl if preset else None, command, variables
        )
        console = "repl" if talked else preset.console if preset else ""
        if not build and table.get("console") is None and not any("{file}" in word for word in command):
            reader.problem(f"{where}.command", "it does not contain `{file}`, so the sample would not run")
        split = _split(reader, table, where)
        found[name] = ScriptSettings(
            name=name,
            aliases=reader.words(table, "aliases", f"{where}.") or (preset.aliases if preset else ()),
            run=_run(reader, table, f"{where}.", compiled=bool(build)),
            command=command,
            build=build,
            extension=reader.text(table, "extension", preset.extension if preset else "", f"{where}.").lstrip("."),
            version=reader.words(table, "version", f"{where}."),
            env=tuple(sorted(variables.items())),
            inputs=reader.words(table, "inputs", f"{where}."),
            readable=_readable(reader, table, f"{where}.", project_dir),
            network=reader.policy(table, "network", f"{where}."),
            presentation=presentation(
                reader,
                table,
                f"{where}.",
                values=name == "python",
                usual=preset.presentation if preset else Presentation(),
            ),
            timeout=reader.seconds(table, "timeout", None, f"{where}."),
            pages=pages(reader, table, f"{where}."),
            workdir=workdir(reader, table, f"{where}."),
            artifacts=artifacts(reader, table, f"{where}."),
            session="console" if console else "concat" if split else preset.session if preset else "",
            split=split,
            hidelines=_hidelines(reader, table, where),
            console=console,
            repl=talked,
        )
    return found
