"""Sources of packages that only a checkout names are not asked for anything: real cargo, a server that counts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.repositories import Asked

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages.rust.environments.origins import is_below, unnamed

if TYPE_CHECKING:
    from support.workshop import Workshop

    from mkdocs_codeexec.core.settings import Settings

PACKAGE = '[package]\nname = "mylib"\nversion = "0.1.0"\nedition = "2021"\n'
LOCAL = {"mylib": {"path": "mylib"}}
STRANGER = {"stranger": "this build is of the event `workflow_run`"}


@pytest.fixture
def asked() -> Iterator[Asked]:
    with Asked() as server:
        yield server


def written(workshop: Workshop, files: dict[str, str]) -> None:
    for name, text in {"mylib/Cargo.toml": PACKAGE, "mylib/src/lib.rs": "", **files}.items():
        path = workshop.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def settings(workshop: Workshop, dependencies: dict[str, object], **more: Any) -> Settings:
    """Return settings of a user who has credentials for the server, and a `cargo` home without anything."""
    home = workshop.root / "home"
    home.mkdir(exist_ok=True)
    cargo = shutil.which("cargo")
    assert cargo is not None
    host = {
        **os.environ,
        "HOME": str(home),
        "CARGO_HOME": str(home / "cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path("~/.rustup").expanduser())),
        "CARGO_NET_RETRY": "0",
    }
    rust = {name: more.pop(name) for name in ("sources", "extra") if name in more}
    from dataclasses import replace

    return replace(workshop.rust(dependencies, host_env=host, **rust), **more)


BY = {
    "a dependency": lambda url: {"mylib/Cargo.toml": f'{PACKAGE}[dependencies]\nx = {{ git = "{url}" }}\n'},
    "one of a build script": lambda url: {
        "mylib/Cargo.toml": f'{PACKAGE}[build-dependencies]\nx = {{ git = "{url}" }}\n'
    },
    "one that the workspace shares": lambda url: {
        "Cargo.toml": f'[workspace]\nmembers = ["mylib"]\n[workspace.dependencies]\nx = {{ git = "{url}" }}\n',
        "mylib/Cargo.toml": f"{PACKAGE}[dependencies]\nx.workspace = true\n",
    },
    "a local package of a local package": lambda url: {
        "mylib/Cargo.toml": f'{PACKAGE}[target."cfg(unix)".dependencies]\nother = {{ path = "other" }}\n',
        "mylib/other/Cargo.toml": f'{PACKAGE.replace("mylib", "other")}[dependencies]\nx = {{ git = "{url}" }}\n',
        "mylib/other/src/lib.rs": "",
    },
    "a patch": lambda url: {
        "Cargo.toml": f'[workspace]\nmembers = ["mylib"]\n[patch.crates-io]\nitoa = {{ git = "{url}" }}\n',
        "mylib/Cargo.toml": f'{PACKAGE}[dependencies]\nitoa = "1"\n',
    },
    "cargo's configuration": lambda url: {
        ".cargo/config.toml": f'[patch.crates-io]\nitoa = {{ git = "{url}" }}\n',
        "mylib/Cargo.toml": f'{PACKAGE}[dependencies]\nitoa = "1"\n',
    },
}


@pytest.mark.parametrize("how", BY)
def test_what_only_a_checkout_names_is_not_asked_for_anything_in_a_strangers_build(
    workshop: Workshop, asked: Asked, how: str
) -> None:
    """Neither with credentials nor without, and it is told what would name it."""
    written(workshop, BY[how](asked.url))
    language = workshop.open_rust(settings(workshop, LOCAL, **STRANGER))
    asked.known_at(workshop.root / "home")
    refused = workshop.provide(language, workshop.main)

    assert isinstance(refused, Unavailability)
    assert "mkdocs.yml does not name; nothing else is downloaded here: this build is of the event" in refused.reason
    assert f"`languages: {{rust: {{sources: [{asked.url}]}}}}` in mkdocs.yml" in refused.hint
    assert [] == asked.requests


@pytest.mark.parametrize(
    ("dependencies", "more"),
    [
        pytest.param(LOCAL, {}, id="a build of one's own"),
        pytest.param(LOCAL, {**STRANGER, "sources": ("{url}",)}, id="sources"),
        pytest.param(LOCAL, {**STRANGER, "sources": ("{host}/acme/",)}, id="a beginning"),
        pytest.param({**LOCAL, "x": {"git": "{url}"}}, STRANGER, id="a dependency of the configuration"),
    ],
)
def test_what_the_configuration_names_is_asked_for_with_the_users_credentials(
    workshop: Workshop, asked: Asked, dependencies: dict[str, object], more: dict[str, Any]
) -> None:
    def put(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{url}", asked.url).replace("{host}", asked.url.removesuffix("/acme/private"))
        if isinstance(value, dict):
            return {name: put(item) for name, item in value.items()}
        return tuple(map(put, value)) if isinstance(value, tuple) else value

    written(workshop, BY["a dependency"](asked.url))
    language = workshop.open_rust(settings(workshop, put(dependencies), **put(more)))
    asked.known_at(workshop.root / "home")
    refused = workshop.provide(language, workshop.main)

    assert isinstance(refused, Unavailability), "the server gives nothing"
    assert "does not name" not in refused.reason
    assert asked.credentials, (refused, asked.requests)


@pytest.mark.parametrize(
    ("source", "start", "holds"),
    [
        ("https://host/acme/x", "https://host/acme/x", True),
        ("https://host/acme/x.git", "https://host/acme/x", True),
        ("https://host/acme/x/", "https://host/acme/x", True),
        ("https://host/acme/x", "https://host/acme/", True),
        ("https://host/acme/x", "https://host", True),
        ("ssh://git@host/acme/x", "ssh://git@host/acme", True),
        ("mine", "mine", True),
        ("https://host/acmes/x", "https://host/acme", False),
        ("https://host.example/x", "https://host", False),
        ("https://host@example.org/x", "https://host", False),
        ("https://host:8080/x", "https://host", False),
        ("http://host/x", "https://host", False),
        ("https://host/acme/../x", "https://host/acme", False),
        ("https://host/acme/%2e%2e/x", "https://host/acme", False),
        ("https://host/acme/\t../x", "https://host/acme", False),
        ("https://host/acme\\..\\x", "https://host", False),
        ("https://host/acme//x", "https://host/acme", False),
        ("mines", "mine", False),
    ],
)
def test_an_address_continues_another_one_behind_a_slash(source: str, start: str, holds: bool) -> None:
    """What may be read otherwise by others is not below anything."""
    assert holds == is_below(source, start)


@pytest.mark.parametrize(
    "text",
    [
        "not TOML = = =\n",
        "",
        f"{PACKAGE}[dependencies]\nx.workspace = true\n",
        pytest.param("#" * (16 * 1024 * 1024) + f"\n{PACKAGE}", id="a large one"),
    ],
)
def test_a_manifest_that_cannot_be_read_may_want_anything(workshop: Workshop, text: str) -> None:
    written(workshop, {"mylib/Cargo.toml": text})
    found = unnamed([workshop.project / "mylib"], settings(workshop, LOCAL))

    assert [""] == [origin.source for origin in found]
    assert found[0].told.endswith("cannot be read")


def test_registries_are_sources_and_crates_io_is_open(workshop: Workshop) -> None:
    """One that a dependency of the configuration is from is named by that."""
    wanted = 'a = "1"\nb = { version = "1", registry = "crates-io" }\nc = { version = "1", registry = "mine" }\n'
    written(
        workshop, {"mylib/Cargo.toml": f"{PACKAGE}[dependencies]\n{wanted}[dev-dependencies]\nd = {{ git = 'x' }}\n"}
    )
    folder = [workshop.project / "mylib"]

    assert ["mine"] == [origin.source for origin in unnamed(folder, settings(workshop, LOCAL))]
    other = {"e": {"version": "1", "registry": "mine"}}
    assert not unnamed(folder, settings(workshop, {**LOCAL, **other}))
    assert not unnamed(folder, settings(workshop, LOCAL, sources=("mine",)))


def test_packages_elsewhere_are_the_users_own(workshop: Workshop) -> None:
    """No checkout brings them along: the configuration has named them."""
    there = workshop.root / "elsewhere"
    there.mkdir()
    (there / "Cargo.toml").write_text(f"{PACKAGE}[dependencies]\nx = {{ git = 'https://host/x' }}\n")
    (workshop.project / "linked").parent.mkdir(exist_ok=True)
    (workshop.project / "linked").symlink_to(there)
    found = settings(workshop, LOCAL)

    assert () == unnamed([there], found)
    assert ["https://host/x"] == [origin.source for origin in unnamed([workshop.project / "linked"], found)]
