"""The package that samples are compiled for, and the variables that macros read of it."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import write

from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.environments.documented import documented

if TYPE_CHECKING:
    from support.workshop import Workshop

    from mkdocs_codeexec.core.action import Action

NOTHING = Given()
"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

MEMBER = """\
[package]
name = "first-member"
version = "1.2.3-beta.1+b7"
description = "Counts\\nthings"
authors = ["A <a@example.org>", "B"]
edition = "2021"
{more}
"""
DOCTEST = """\
//! ```
//! for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
//!     println!("@{name}={value:?}");
//! }
//! println!("@compiler={:?}", (env!("CARGO_PKG_NAME"), env!("CARGO_CRATE_NAME"), env!("CARGO_MANIFEST_DIR")));
//! panic!("what a passing doctest prints is not shown");
//! ```
"""
MEMBERS = {
    "plain": "",
    "all that there is": (
        'homepage = "https://a.example"\nrepository = "https://b.example"\nlicense = "MIT"\nlicense-file = "L"\n'
        'rust-version = "1.60"\nreadme = "OTHER.md"\n\n[lib]\nname = "library"'
    ),
    "no readme": "readme = false",
    "a readme": "readme = true",
    "its workspace's": "license-file.workspace = true\nreadme.workspace = true\nhomepage.workspace = true",
}


def workspace(root: Path) -> Path:
    """Make a workspace of all `MEMBERS`, and return its folder."""
    shared = 'license-file = "L"\nreadme = "docs/R.md"\nhomepage = "https://w.example"\n'
    write(root, {"Cargo.toml": f'[workspace]\nmembers = ["m*"]\nresolver = "2"\n[workspace.package]\n{shared}'})
    for number, more in enumerate(MEMBERS.values()):
        manifest = MEMBER.format(more=more).replace("first-member", f"member-{number}")
        write(root / f"m{number}", {"Cargo.toml": manifest, "src/lib.rs": DOCTEST, "README.md": ""})
    return root


def test_variables_are_those_of_a_doctest(tmp_path: Path) -> None:
    """Every `CARGO_PKG_*`, the folder and the crate are what the real cargo tells a doctest of that package."""
    root = workspace(tmp_path / "workspace")
    env = {name: value for name, value in os.environ.items() if not name.startswith("CARGO_PKG")}
    command = ["cargo", "test", "--doc", "--offline", "--workspace", "--quiet", "--no-fail-fast"]
    said = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False).stdout
    runs = re.findall(r"((?:^@CARGO_.*\n)+)@compiler=(.*)\n", said, re.MULTILINE)
    assert len(MEMBERS) == len(runs)

    for lines, compiler in runs:
        cargos = dict(re.findall(r"^@(\w+)=\"(.*)\"$", lines, re.MULTILINE))
        folder = Path(cargos["CARGO_MANIFEST_DIR"])
        package = documented([("dependency", folder)], tmp_path, "dependency")
        ours = {name: value.replace("\n", "\\n") for name, value in package.compiling(folder, None).items()}
        assert cargos == {name: value for name, value in ours.items() if name != "CARGO_PRIMARY_PACKAGE"}
        names = (ours["CARGO_PKG_NAME"], ours["CARGO_CRATE_NAME"], ours["CARGO_MANIFEST_DIR"])
        assert compiler == "({})".format(", ".join(f'"{name}"' for name in names))
        assert "1" == ours["CARGO_PRIMARY_PACKAGE"]


CHOICES = [
    pytest.param("sample", None, {}, id="none"),
    pytest.param("site", None, {"s": "site"}, id="the folder of the site"),
    pytest.param("root", None, {"r": ".", "b": "beside"}, id="above it"),
    pytest.param("sample", None, {"b": "beside", "i": "site/inner"}, id="beside and below it"),
    pytest.param("site", None, {"r": ".", "s": "site"}, id="the nearest"),
    pytest.param("beside", "b", {"r": ".", "b": "beside"}, id="named"),
    pytest.param("beside", "beside", {"r": ".", "b": "beside"}, id="named as in its manifest"),
]


@pytest.mark.parametrize(("name", "wanted", "paths"), CHOICES)
def test_which_package_it_is(tmp_path: Path, name: str, wanted: str | None, paths: dict[str, str]) -> None:
    """The path dependency at or above `mkdocs.yml`, the one that is named, or the site's own."""
    for folder in ("root", "root/site", "root/beside", "root/site/inner"):
        write(tmp_path / folder, {"Cargo.toml": f'[package]\nname = "{Path(folder).name}"\nversion = "0.1.0"\n'})
    found = documented([(key, tmp_path / "root" / path) for key, path in paths.items()], tmp_path / "root/site", wanted)

    assert name == found.name
    assert (name == "sample") == (found.folder is None)


def stdout(workshop: Workshop, language: Any, code: str, **more: Any) -> str:
    last = workshop.execute(language, workshop.sample(code, **more)).steps[-1]
    assert last.ended == Exited(0), last.stderr
    text: str = last.stdout
    return text


def test_a_site_without_a_package_has_one_of_its_own(workshop: Workshop) -> None:
    """It is called `sample`, has a folder with a manifest that lists the dependencies, and no path of the machine."""
    code = (
        'let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();\nassert_eq!(folder, env!("CARGO_MANIFEST_DIR"));\n'
        'println!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));\nprintln!("{folder}");\n'
        'print!("{}", std::fs::read_to_string(format!("{folder}/Cargo.toml")).unwrap());'
    )
    lines = stdout(workshop, workshop.open_rust({"itoa": "1"}), code).split("\n", 2)

    assert ["sample 0.0.0", "sample"] == lines[:2]
    manifest = tomllib.loads(lines[2])
    assert ("sample", {"itoa": "1"}) == (manifest["package"]["name"], manifest["dependencies"])


def test_only_a_path_dependency_can_be_documented(workshop: Workshop) -> None:
    """A misspelt name is an error that says what was meant."""
    write(workshop.root / "tally", {"Cargo.toml": '[package]\nname = "tally"\nversion = "0.1.0"\n'})
    dependencies = {"tally": {"path": "../tally"}, "itoa": "1"}
    environments = {"other": EnvironmentSettings(name="other")}

    workshop.open_rust(dependencies, environments=environments, package="tally")
    with pytest.raises(
        ConfigurationError, match=r"no path dependency is called `taly`\n\nhint: did you mean `tally`\?"
    ):
        workshop.open_rust(dependencies, package="taly")
    with pytest.raises(ConfigurationError, match=r"hint: add it to `dependencies`, with its folder: itoa: {path: \.}"):
        workshop.open_rust(dependencies, package="itoa")


def test_variables_of_the_site_are_in_the_key(workshop: Workshop) -> None:
    """Those of cargo's configuration, of `languages.rust.env`, of the fence and of the package; folders are not."""
    manifest = '[package]\nname = "tally"\nversion = "0.1.{}"\nedition = "2021"\n'
    write(workshop.project, {"Cargo.toml": manifest.format(0), "src/lib.rs": ""})
    config = workshop.project / ".cargo/config.toml"
    host = {name: value for name, value in os.environ.items() if name != "CARGO_HOME"}
    host |= {
        "HOME": str(workshop.root / "home"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
    }

    def request(given: Given = NOTHING, **options: Any) -> tuple[str, Action]:
        settings = workshop.rust({"tally": {"path": "."}}, host_env=host, **options)
        action = open_languages(settings, workshop.listener)["rust"].plan(workshop.sample("", given=given))
        assert str(workshop.root) not in repr(action)
        return action.request_key, action

    keys = [request()[0], request(env=(("A", "1"),))[0], request(Given(env=(("A", "1"),)))[0]]
    assert keys[1] == keys[2]
    write(workshop.project, {"Cargo.toml": manifest.format(1)})
    keys.append(request()[0])
    write(config.parent, {"config.toml": '[env]\nA = "1"\n'})
    keys.append(request()[0])
    write(config.parent, {"config.toml": '[env]\nA = {value = "data", relative = true}\n'})
    keys.append(request()[0])
    assert len(keys) - 1 == len(set(keys))
    settings = workshop.rust(host_env=host)
    assert config in open_languages(settings, workshop.listener)["rust"].watched()
    write(workshop.root / "home/.cargo", {"config.toml": '[env]\nSECRET = "s3cret"\n'})
    assert keys[-1] == request()[0]
    assert "s3cret" not in repr(request()[1])


def test_variables_at_home_tell_machines_apart(workshop: Workshop) -> None:
    """Samples get them, as cargo's tests do; they are in the key as the toolchain is, and their values nowhere."""
    write(workshop.root / "home", {"config.toml": '[env]\nFROM_HOME = "s3cret"\n'})
    host = {**os.environ, "CARGO_HOME": str(workshop.root / "home")}
    code = 'assert_eq!(Some("s3cret"), option_env!("FROM_HOME"));\nassert_eq!("s3cret", std::env::var("FROM_HOME").unwrap());'
    here, bare = workshop.open_rust(host_env=host), workshop.open_rust()
    stdout(workshop, here, code)
    one, other = workshop.provide(here, workshop.main), workshop.provide(bare, workshop.main)

    assert one.request_key == other.request_key
    assert one.key != other.key
    assert "s3cret" not in repr(one)


def test_compilers_obey_no_variable_of_a_sample(workshop: Workshop) -> None:
    """What tells a compiler or a linker where to look is the program's alone."""
    env = (("HOME", "/nowhere"), ("LD_PRELOAD", "/no/such.so"), ("PATH", "/nowhere"), ("SEEN", "yes"))
    code = 'println!("{} {}", env!("SEEN"), std::env::var("PATH").unwrap());'

    assert "yes /nowhere\n" == stdout(workshop, workshop.open_rust(), code, given=Given(env=env))


NAMED = [
    'print!("{}", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/a.txt")));',
    'print!("{}", std::fs::read_to_string(concat!( env!("CARGO_MANIFEST_DIR") , "/data/a.txt")).unwrap());',
]


@pytest.mark.parametrize("code", NAMED, ids=["included", "opened"])
def test_a_file_of_the_package_that_a_sample_names_counts(workshop: Workshop, code: str) -> None:
    """Its content is in the key, and `serve` watches it; another file beside it is not."""
    write(workshop.project, {"Cargo.toml": '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n'})
    write(workshop.project, {"src/lib.rs": "", "data/a.txt": "first", "data/b.txt": "b"})
    language = workshop.open_rust({"tally": {"path": "."}})
    sample = workshop.sample(code)
    keys = []
    for name, text, expected in (("a", "first", "first"), ("b", "other", "first"), ("a", "second", "second")):
        write(workshop.project, {f"data/{name}.txt": text})
        assert expected == stdout(workshop, language, code)
        keys.append(language.plan(sample).key)

    assert [True, False] == [keys[0] == keys[1], keys[1] == keys[2]]
    assert workshop.project / "data/a.txt" in language.watched()
    assert workshop.project / "data/b.txt" not in language.watched()


HARNESS = (
    "#[test] fn a() { sleep(60) }\n#[test] fn b() { sleep(30) }\n#[test] fn c() { sleep(0) }\n"
    "fn sleep(n: u64) { std::thread::sleep(std::time::Duration::from_millis(n)) }"
)


@pytest.mark.parametrize(
    ("threads", "given"), [("1", Given()), ("3", Given(env=(("RUST_TEST_THREADS", "3"),)))], ids=["usual", "own"]
)
def test_tests_print_in_their_order(workshop: Workshop, threads: str, given: Given) -> None:
    """A harness has one thread, unless the author says otherwise."""
    code = f'{HARNESS}\n#[test] fn threads() {{ assert_eq!("{threads}", std::env::var("RUST_TEST_THREADS").unwrap()) }}'
    found = stdout(workshop, workshop.open_rust(), code, options={"test_harness": ""}, given=given)

    assert {"a", "b", "c", "threads"} == set(re.findall(r"^test (\w+) \.\.\. ", found, re.MULTILINE))
    if threads == "1":
        assert ["a", "b", "c", "threads"] == re.findall(r"^test (\w+) \.\.\. ", found, re.MULTILINE)
