"""What is read of cargo's files: lock files, manifests, configurations, messages and the index. They may be a stranger's."""

from __future__ import annotations

import tomllib
from pathlib import Path

from fuzzing import real
from fuzzing.mutators import spliced, words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.settings import EnvironmentSettings, RustSettings, Settings
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages.grants import Grants
from mkdocs_codeexec.languages.rust.environments import (
    capture,
    configuration,
    documented,
    known,
    local,
    locks,
    packages,
    recorded,
    transcript,
    workspace,
)
from mkdocs_codeexec.languages.rust.environments.manifest import manifest, toml
from mkdocs_codeexec.languages.rust.source.layout import crates_of

HOST = "x86_64-unknown-linux-gnu"
_there: list[tuple[Path, Settings]] = []


def law(data: bytes) -> None:
    folder, settings = _there[0]
    kind, content = data[:1], data[1:]
    match kind:
        case b"l":
            _lock(content.decode("utf-8", "replace"))
        case b"m":
            _manifest(content, folder, settings)
        case b"i":
            found = list(known._releases(content))  # noqa: SLF001 - what reads the file
            known.newest(found)
            check(sum(len(one.name) for one in found) <= 6 * len(content), "releases are bounded by the file")
        case b"s":
            _said(content, folder)
        case _:
            _configuration(content, folder, settings)


def _lock(text: str) -> None:
    found = list(locks.packages(text))
    check(sum(len(one.text) for one in found) <= len(text), "packages are bounded by the file")
    locks.readable(text)
    joined = locks.joined([text, text])
    again = sorted(map(_line, locks.packages(joined or "")))
    check(again == sorted(set(map(_line, found))) or joined is None, "a file joined with itself has its packages")
    check(joined is None or len(joined) <= 3 * len(text) + 50, "a joined file is bounded by its parts")
    locks.pins([text], ["serde", "a"])
    workspace._unused(text)  # noqa: SLF001 - what reads the file
    said = "error: could not compile `serde` (lib)\nerror: failed to run custom build command for `libc v0.2`\n"
    transcript.trouble(said, text)
    crates_of("[dependencies]\nserde = '1'\n", text)


def _line(one: locks.Locked) -> tuple[str, str, str]:
    return one.line


def _manifest(content: bytes, folder: Path, settings: Settings) -> None:
    (folder / "crate" / "Cargo.toml").write_bytes(content)
    text = content.decode("utf-8", "replace")
    crates_of(text, "")
    crate = folder / "crate"
    packages.package(crate)
    found = workspace.workspaces([crate], folder)
    workspace.overrides(found, folder, [])
    workspace.shared(workspace.above(crate))
    list(workspace.members(crate, local.manifest_of(crate)))
    documented.documented([("crate", crate)], crate, None).files("")
    list(documented.names([str(crate)], folder))
    list(documented.company(crate))
    Grants(settings, "rust")
    try:
        made = manifest(EnvironmentSettings(name="default", manifest_extra=text), folder)
        check(tomllib.loads(made.local).keys() >= {"package", "dependencies"}, "what is written for cargo is TOML")
    except ConfigurationError as error:
        check(str(error), "a refusal says why")
    document = local.manifest_of(crate)
    if document:
        check(_same(tomllib.loads(toml(document)), document), "TOML that is written is read as the same")


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN


def _said(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "replace")
    recorded.read(text, folder / "probe")
    detail = transcript.messages(text)
    check(len(detail) <= len(text), "messages are part of what was said")
    transcript.without_unused(text, ["serde"])
    transcript.passes(text)
    found = transcript.trouble(text, "")
    check("\n" not in found.what and len(found.what) <= len(text) + 200, "what is wrong is told in one line")
    try:
        arguments = capture.read(content, folder)
        check(sum(map(len, arguments.argv)) <= len(content), "arguments are part of what was captured")
    except ValueError:
        pass


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_names, value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


def _configuration(content: bytes, folder: Path, settings: Settings) -> None:
    (folder / ".cargo" / "config.toml").write_bytes(content)
    found = configuration.configuration(settings)
    check(not _names(found) & {"token", "secret-key"}, "no secret is passed on")
    configuration.for_fetching(settings, walled=True)
    configuration.for_fetching(settings, walled=False)
    configuration.flags(settings)
    configuration.has_providers(settings)
    for one in configuration.refused(settings):
        check(one.what, "a refusal says what")
    for home in (True, False):
        configuration.variables(settings, home=home)
    list(configuration.packages(found))
    list(configuration.sources(found))
    list(configuration.linkers(found))
    configuration.foreign(found, HOST)
    text = toml(configuration.for_host(found, HOST))
    tomllib.loads(text)
    check(len(text) <= 40 * len(content) + 2000, "what cargo is told is bounded by the file")


def seeds(folder: Path) -> list[bytes]:
    site = folder / "site"
    for name in (".cargo", "crate/src", ".git", "home", "cache"):
        (site / name).mkdir(parents=True, exist_ok=True)
    (site / "crate" / "src" / "lib.rs").write_text("pub fn f() {}\n")
    _there[:] = [
        (
            site,
            Settings(
                project_dir=site,
                cache_dir=site / "cache",
                environment_dir=site / "cache",
                rust=RustSettings(
                    environments={
                        "default": EnvironmentSettings(name="default", dependencies={"crate": {"path": "crate"}})
                    }
                ),
                host_env={"HOME": str(site / "home"), "CARGO_HOME": str(site / "home" / ".cargo"), "PATH": "/usr/bin"},
            ),
        )
    ]
    said = "\x1b[1m\x1b[92m   Compiling\x1b[0m a v1.0.0 (/tmp/a)\n\x1b[1m\x1b[91merror\x1b[0m: could not compile `a` (lib)\n"
    artifact = '{"reason":"compiler-artifact","package_id":"path+file:///tmp/a#0.1.0","manifest_path":"/tmp/a/Cargo.toml","filenames":["/tmp/t/liba.rlib"]}\n'
    captured = "rustc\0--crate-name\0p\0--edition=2021\0-L\0dependency=/t/deps\0--extern\0serde=/t/libserde.rlib\0-Copt-level=0\0src/main.rs\0"
    release = '\3\0\0\0\1\0\x301.0.0\0{"name":"serde","vers":"1.0.0","deps":[{"name":"a","optional":true}],"features":{"derive":[]},"yanked":false}\0'
    own = (real.ROOT / "benchmarks" / "fuzzing" / "files").glob("*")
    return [
        *(path.name[:1].encode() + path.read_bytes() for path in sorted(own)),
        *(b"s" + text.encode() for text in (said, artifact, captured)),
        b"i" + release.encode(),
    ]


_WORDS = (
    *(
        "[[package]]\n",
        'name = "a"\n',
        'version = "1.0.0"\n',
        "version = 4\n",
        'source = "registry+https://github.com/rust-lang/crates.io-index"\n',
    ),
    *(
        'dependencies = [\n "a 1.0.0",\n]\n',
        "[[patch.unused]]\n",
        "<<<<<<< ",
        "package = 3\n",
        "package = [1]\n",
        "[package]\n",
        "dependencies = 7\n",
    ),
    *(
        'include = ["config.toml", "config.toml", "config.toml"]\n',
        'include = [{path = "config.toml"}]\n',
        "[build]\n",
        "target = ",
        "rustflags = ",
        "[env]\n",
    ),
    *(
        'A = {value = "b", relative = true}\n',
        "[source.crates-io]\n",
        'replace-with = "v"\n',
        'directory = "../v"\n',
        "[registries.x]\n",
        'token = "t"\n',
    ),
    *(
        "[workspace]\n",
        'members = ["*", "../**"]\n',
        "workspace = true\n",
        'path = "../.."\n',
        "[patch.crates-io]\n",
        "[target.'cfg(unix)']\n",
        "[profile.dev]\n",
    ),
    *(
        "[dependencies]\n",
        'serde = "1"\n',
        "[[",
        "]]",
        "[",
        "]",
        "{",
        "}",
        "a.b.c = 1\n",
        "inf",
        "nan",
        "0x" + "f" * 4000,
        "9" * 4400,
        "1979-05-27T07:32:00Z",
        "07:32:00",
    ),
    *(
        '"',
        "'",
        '"""',
        "\\u0000",
        "\\",
        "=",
        ",",
        "\n",
        "\r\n",
        "\x00",
        "é",
        ".",
        "a",
        "\0",
        "--extern\0",
        "-C\0",
        "cargo::rerun-if-changed=",
        "true",
    ),
    *(
        "a.",
        "[a",
        '"a".',
        "version = " + "9" * 4400 + "\n",
        "opt-level = 0x" + "f" * 4000 + "\n",
        '"vers":"' + "9" * 4400 + '.0.0"',
        "[[package.a]]\n",
        "error: ",
        "\x1b[1m\x1b[92m",
        "warning: ",
        "could not compile `a`",
        "[28] ",
        "class=Net (12)",
        "/",
        "//",
        '"' + "../" * 40 + '"',
        "1.0.",
        "-",
        "paths = []\n",
    ),
)
TARGET = Target(seeds, spliced(words(*_WORDS), lambda: [text[1:] for text in _SEEDS]), law, longest=8192)
_SEEDS: list[bytes] = []
