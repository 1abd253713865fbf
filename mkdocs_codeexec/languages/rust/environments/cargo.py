"""cargo: the environment it is given, and where it keeps what it downloads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.toolchain import host_environment

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain

_SOURCE = re.compile(r"CARGO_(?:SOURCE_\w+|REGISTRIES_\w+_(?:INDEX|PROTOCOL)|REGISTRY_(?:DEFAULT|INDEX))")
_FOLDERS = ("_DIRECTORY", "_LOCAL_REGISTRY")
"""Ends of those that name a folder."""


def cargo_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of cargo: what it needs to find, to download and to build, and nothing that changes flags."""
    prefixes = (
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_HTTP_",
        "CARGO_SOURCE_",
        "SSL_CERT_",
        "RUSTUP_",
        "GIT_SSL_",
        "GIT_SSH",
    )
    names = ("CARGO_HOME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "CC", "CXX", "AR", "PKG_CONFIG_PATH", "LIBCLANG_PATH")
    proxies = tuple(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no"))
    return host_environment(settings, (*names, *proxies, *(name.upper() for name in proxies)), prefixes)


def fetching_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a cargo that downloads: relative paths start at `mkdocs.yml`, wherever it stands itself."""
    found = {**cargo_environment(settings), "CARGO_HOME": str(cargo_home(settings))}
    return found | {name: str(settings.project_dir / value) for name, value in found.items() if name.endswith(_FOLDERS)}


def building_environment(settings: Settings, toolchain: Toolchain) -> dict[str, str]:
    """Return of the host's environment what a build has use for that may download nothing: none of it is a secret.

    Tools of the toolchain come first in PATH, where rustup's shims are of no use without rustup's settings.
    """
    names = ("PATH", "CC", "CXX", "AR", "PKG_CONFIG_PATH", "LIBCLANG_PATH", "JAVA_HOME")
    found = {name: value for name, value in settings.host_env.items() if name in names or is_source(name)}
    found |= {name: str(settings.project_dir / value) for name, value in found.items() if name.endswith(_FOLDERS)}
    path = found.get("PATH", os.defpath)
    tools = f"{toolchain.home}/bin{os.pathsep}" if toolchain.home else ""
    return {**found, "PATH": f"{tools}{path}", "LC_ALL": "C.UTF-8"}


def folders(settings: Settings) -> list[str]:
    """Return the folders from which variables take packages instead of from a registry."""
    found = settings.host_env.items()
    return [str(settings.project_dir / value) for name, value in found if is_source(name) and name.endswith(_FOLDERS)]


def is_source(name: str) -> bool:
    """Tell whether the variable `name` tells cargo where packages are from, and nothing that is needed to get them."""
    return _SOURCE.fullmatch(name) is not None


def cargo_beside(toolchain: Toolchain) -> Path | None:
    """Return the cargo that came with rustc; None if there is none. One in PATH may be rustup's, of no use to samples."""
    beside = Path(toolchain.home, "bin", "cargo")
    return beside if toolchain.home and beside.is_file() else None


def cargo_home(settings: Settings) -> Path:
    """Return the folder in which cargo keeps what it downloads, and the user's configuration."""
    host = settings.host_env
    return (
        settings.project_dir / host["CARGO_HOME"] if host.get("CARGO_HOME") else Path(host.get("HOME", "/"), ".cargo")
    )
