"""What to write instead: each hint is applied here, and then it passes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.crates import crate_in, write

from mkdocs_codeexec.core.outcome import Diagnostic, Exited, Outcome, Span, StepResult
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.languages import programs
from mkdocs_codeexec.languages.rust import unlisted
from mkdocs_codeexec.languages.rust.environments import known, mending
from mkdocs_codeexec.languages.rust.environments.manifest import manifest
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

SOURCE = "pub fn f() -> u8 { 1 }"
RUSTUP = os.environ.get("RUSTUP_HOME") or str(Path("~/.rustup").expanduser())


def refused(workshop: Workshop, wanted: dict[str, Any]) -> Unavailability:
    found = workshop.provide(workshop.open_rust(wanted), workshop.main)
    assert isinstance(found, Unavailability), found
    return found


def passes(workshop: Workshop, wanted: dict[str, Any], code: str = "", **changes: Any) -> None:
    outcome = workshop.execute(workshop.open_rust(wanted, **changes), workshop.sample(code or "let _ = 1;"))
    assert [Exited(0), Exited(0)] == [step.ended for step in outcome.steps], outcome


# --- Crates that are not listed -------------------------------------------------------------------------------------


def failed(workshop: Workshop, language: Any, code: str, **options: str) -> str:
    """Return the hint for a sample that does not compile."""
    sample = workshop.sample(code, options=options)
    outcome = workshop.execute(language, sample)
    assert [Exited(1)] == [step.ended for step in outcome.steps], outcome
    return str(language.hint(sample, outcome))


def applied(hint: str) -> dict[str, Any]:
    """Return the dependencies that a hint names."""
    lines = re.findall(r"`([\w-]+: [^`]+)`", hint.partition("in mkdocs.yml: ")[2])
    assert lines, hint
    return {name: value for line in lines for name, value in yaml.safe_load(line).items()}


def test_a_crate_that_is_not_listed(project: Any) -> None:
    """The log has the line for mkdocs.yml: local crates, the workspace's versions, else the newest that is known."""
    shared = '[workspace]\nmembers = ["crates/core-lib"]\n[workspace.dependencies]\nfnv = "1.0.6"\n'
    crate_in(project.root, "site-crate", SOURCE, shared)
    crate_in(project.root / "crates/core-lib", "core-lib", SOURCE)
    rust: dict[str, Any] = {"dependencies": {"itoa": "1"}}
    project.configure({"languages": {"rust": rust}})
    project.page("```rust exec\nlet _ = itoa::Buffer::new();\n```\n")
    assert 0 == project.build().status
    lock = (project.root / ".cache/codeexec/environments/default/Cargo.lock").read_text()
    newest = re.findall(r'name = "itoa"\nversion = "(.*)"', lock)

    rust = {"environments": {"async": {"dependencies": {"fnv": "1"}}}}
    project.configure({"languages": {"rust": rust}})
    uses = ("itoa::Buffer", "site_crate::f", "core_lib::f", "fnv::FnvHasher")
    pages = [f"```rust exec\nuse {use};\n```\n" for use in uses[:3]]
    project.page(
        "\n".join((*pages, '```rust exec environment="async"\nextern crate core_lib;\nuse itoa::Buffer;\n```\n'))
    )
    built = project.build()

    hints = re.findall(r"^hint: (add to `(.*)` in mkdocs\.yml: .*)$", built.log, re.MULTILINE)
    default = [applied(hint) for hint, where in hints if where == "languages.rust.dependencies"]
    assert [{"itoa": newest[0]}, {"site-crate": {"path": "."}}, {"core-lib": {"path": "crates/core-lib"}}] == default
    [other] = [applied(hint) for hint, where in hints if where == "languages.rust.environments.async.dependencies"]
    assert {"core-lib": {"path": "crates/core-lib"}, "itoa": newest[0]} == other

    rust["dependencies"] = {name: value for one in default for name, value in one.items()}
    rust["environments"]["async"]["dependencies"] |= other
    project.configure({"languages": {"rust": rust}})
    built = project.build()
    assert {"samples": 4, "executed": 4, "met": 4} == built.counts, built.log


def test_a_crate_of_which_more_is_known(workshop: Workshop, tmp_path: Path) -> None:
    """Another environment has it; the workspace has a version of it; it is misspelt; or nothing is known at all."""
    text = '[source.crates-io]\nreplace-with = "shelf"\n[source.shelf]\ndirectory = "shelf"\n'
    shared = '[workspace]\nmembers = []\n[workspace.dependencies]\nhad-shared = "1"\n'
    write(tmp_path, {".cargo/config.toml": text, "Cargo.toml": shared})
    for name in ("lonely", "had-shared"):
        write(crate_in(tmp_path / f"shelf/{name}", name, SOURCE), {".cargo-checksum.json": '{"files": {}}'})
        manifest = tmp_path / f"shelf/{name}/Cargo.toml"
        manifest.write_text(manifest.read_text().replace("0.1.0", "1.2.3"))
    crate_in(tmp_path / "local", "local-one", SOURCE, "[workspace]\n")
    write(
        tmp_path / "program",
        {"Cargo.toml": (tmp_path / "local/Cargo.toml").read_text().replace("local-one", "program")},
    )
    write(tmp_path / "program", {"src/main.rs": "fn main() {}"})
    wanted = {"local-one": {"path": "../local"}, "program": {"path": "../program"}}
    other = {"other": EnvironmentSettings(name="other", dependencies={"lonely": "1"})}
    language = workshop.open_rust(wanted)

    assert {"lonely": "*"} == applied(failed(workshop, language, "use lonely::f;"))
    assert {"had-shared": {"workspace": True}} == applied(failed(workshop, language, "had_shared::f();"))
    assert "did you mean `local_one`?" == failed(workshop, language, "use locale_one::f;")
    assert "`program` is listed in mkdocs.yml, but has no library that samples could use" == failed(
        workshop, language, "use program::f;"
    )
    elsewhere = '`lonely` is in another environment: `environment="other"` on the fence'
    assert elsewhere == failed(workshop, workshop.open_rust(wanted, environments=other), "use lonely::f;")

    both = {"lonely": "*", "had-shared": {"workspace": True}}
    passes(workshop, {**wanted, **both}, "use lonely::f as g; had_shared::f(); g(); local_one::f();")
    sample = workshop.sample("lonely::f();", options={"environment": "other"})
    outcome = workshop.execute(workshop.open_rust(wanted, environments=other), sample)
    assert Exited(0) == outcome.steps[-1].ended


@pytest.mark.parametrize(
    ("code", "message", "label", "hint"),
    [
        ("E0432", "unresolved import `rand`", "use of unresolved module or unlinked crate `rand`", True),
        ("E0432", "unresolved import `rand`", "no external crate `rand`", True),
        ("E0432", "unresolved import `rand`", "maybe a missing crate `rand`?", True),
        ("E0433", "cannot find module or crate `rand` in this scope", "", True),
        ("E0433", "failed to resolve: use of undeclared crate or module `rand`", "", True),
        ("E0463", "can't find crate for `rand`", "can't find crate", True),
        ("E0463", "can't find crate for `std`", "can't find crate", False),
        ("E0433", "failed to resolve: use of undeclared type `Rand`", "use of undeclared type `Rand`", False),
        ("E0308", "mismatched types", "no external crate `rand`", False),
    ],
)
def test_what_compilers_say_of_a_missing_crate(
    workshop: Workshop, code: str, message: str, label: str, hint: bool
) -> None:
    """In the words of several versions of rustc; of what is locked, the newest version that is a release of crates.io."""
    span = Span(file="sample.rs", line=1, column=5, end_line=1, end_column=9, primary=True, label=label)
    said = Diagnostic(level="error", code=code, message=message, rendered="", spans=(span,))
    step = StepResult(kind="build", stdout="", stderr="", ended=Exited(1), diagnostics=(said, said))
    settings = workshop.rust(host_env={"HOME": "/nowhere"})
    crates_io = "registry+https://github.com/rust-lang/crates.io-index"
    entries = (
        ("0.8.5", crates_io),
        ("0.9.2", crates_io),
        ("1.0.0-rc.1", crates_io),
        ("7.0.0", "registry+https://mine"),
    )
    lock = "\n".join(f'[[package]]\nname = "rand"\nversion = "{one}"\nsource = "{source}"\n' for one, source in entries)

    found = unlisted.hint(
        Outcome(language="rust", steps=(step,)), EnvironmentSettings(name="default"), settings, ["", lock]
    )

    assert ('add to `languages.rust.dependencies` in mkdocs.yml: `rand: "0.9.2"`' if hint else "") == found


def test_what_the_index_of_this_machine_knows(workshop: Workshop, tmp_path: Path) -> None:
    """Whatever separates the words of a name; nothing yanked, nothing unfinished, nothing of other registries."""
    index = tmp_path / "home/.cargo/registry/index"

    def release(version: str, **more: object) -> str:
        value = {
            "name": "big-int_map",
            "vers": version,
            "deps": [{"name": "rand", "optional": True}],
            "yanked": False,
            **more,
        }
        return f"{version}\0{json.dumps(value)}\0"

    features = {"features": {"default": ["a"], "a": []}, "features2": {"b": ["dep:x"]}}
    text = release("0.9.0") + release("0.10.0", **features) + release("0.11.0", yanked=True) + release("1.0.0-beta")
    write(
        index,
        {
            "index.crates.io-1/.cache/bi/g-/big-int_map": f"\3\2\0\0\0Unknown\0{text}{{not JSON\0",
            "index.crates.io-1/.cache/3/f/fnv": "{}\0",
            "other-1/.cache/bi/g-/big-int_map": release("9.0.0"),
        },
    )
    settings = workshop.rust(host_env={"HOME": str(tmp_path / "home")})

    found = known.newest(known.releases("big_int_map", settings))

    assert known.Release("big-int_map", "0.10.0", ("a", "b", "default", "rand")) == found
    assert ["big-int_map", "fnv"] == sorted(known.names(settings))
    assert None is known.newest(known.releases("fnv", settings))
    assert known.Release("x", "1.0.0-b") == known.newest([known.Release("x", "1.0.0-a"), known.Release("x", "1.0.0-b")])
    write(tmp_path / "project", {".cargo/config.toml": '[source.crates-io]\nreplace-with = "other"\n'})
    mirrored = known.newest(known.releases("big_int_map", settings))
    assert mirrored is not None
    assert "9.0.0" == mirrored.version


def test_a_crate_that_nobody_knows(workshop: Workshop) -> None:
    """One that is near is meant; else it may be misspelt: `"*"` alone would send its author to a crate that is not there."""
    passes(workshop, {"itoa": "1"})
    language = workshop.open_rust({"ryu": "1"})

    near = failed(workshop, language, "use itoaa::Buffer;")
    assert near.endswith("`; did you mean `itoa`?")
    assert ["itoa"] == list(applied(near))
    assert "; nothing is known here of `zzyzxq`: check how it is spelt" in failed(workshop, language, "use zzyzxq::f;")


# --- Dependencies that cargo refuses --------------------------------------------------------------------------------


def test_a_workspace_in_the_place_of_a_package(workshop: Workshop, tmp_path: Path) -> None:
    """Its members are named, the nearest first, as they are to be written."""
    members = ("alpha", "my-core", "zeta")
    write(tmp_path, {"ws/Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'})
    for name in members:
        crate_in(tmp_path / "ws/crates" / name, name, SOURCE)

    found = refused(workshop, {"my-cor": {"path": "../ws"}})

    assert (
        "environment `default` does not build: dependency `my-cor`: `../ws` is a workspace, and no package"
        == found.reason
    )
    lines = [f"`{name}: {{path: ../ws/crates/{name}}}`" for name in ("my-core", "alpha", "zeta")]
    assert f"name what samples use of it: {', '.join(lines)}" == found.hint
    assert "cargo" not in workshop.runner.programs()
    passes(workshop, yaml.safe_load(lines[0].strip("`")), "my_core::f();")


def test_a_crate_under_another_name(workshop: Workshop, tmp_path: Path) -> None:
    """What it is called is told, and both ways to write it."""
    crate_in(tmp_path / "lib dir", "right", SOURCE)

    found = refused(workshop, {"wrong": {"path": "../lib dir"}})

    assert "the crate in `../lib dir` is called `right`, not `wrong`" in found.reason
    one, other = re.findall(r"`([^`]+)`", found.hint)
    passes(workshop, yaml.safe_load(one), "right::f();")
    passes(workshop, yaml.safe_load(other), "wrong::f();")


OURS = "package `codeexec-environment` depends on"
FEATURES = "[features]\nfast = []\nfaster = []\nslow = []\n"


@pytest.mark.parametrize(
    ("feature", "hint", "meant"),
    [
        ("fasst", "did you mean `fast`, `faster`?", "fast"),
        ("slwo", "did you mean `slow`?", "slow"),
        ("unlike-all", "it has `fast`, `faster`, `slow`", "slow"),
    ],
)
def test_a_misspelt_feature(workshop: Workshop, tmp_path: Path, feature: str, hint: str, meant: str) -> None:
    """The nearest are named, all of a few if none is near."""
    crate_in(tmp_path / "mylib", "mylib", f'pub const F: bool = cfg!(feature = "{meant}");', FEATURES)

    found = refused(workshop, {"mylib": {"path": "../mylib", "features": [feature]}})

    assert f"environment `default` does not build: `mylib` has no feature `{feature}`" == found.reason
    assert hint == found.hint
    passes(workshop, {"mylib": {"path": "../mylib", "features": [meant]}}, "assert!(mylib::F);")


@pytest.mark.parametrize(
    ("said", "what", "hint"),
    [
        (
            f"{OURS} `mylib` with feature `slwo` but `mylib` does not have that feature.\nhelp: there is a feature `slow`\n",
            "`mylib` has no feature `slwo`",
            "did you mean `slow`?",
        ),
        (
            "the package `other` depends on `far`, with features: `fro` but `far` does not have these features.\n",
            "other: `far` has no feature `fro`",
            "it has none",
        ),
        (
            f"{OURS} `far` with feature `derve` but `far` does not have that feature.\n available features: alloc, derive\n",
            "`far` has no feature `derve`",
            "did you mean `derive`?",
        ),
        (
            "no matching package named `far` found\nlocation searched: crates.io index\n",
            "there is no crate called `far`",
            "check how it is spelt",
        ),
        (
            "no matching package named `far` found\nlocation searched: crates.io index\nAs a reminder, you're using offline mode",
            "before",
            "as before",
        ),
        ("something else", "before", "as before"),
    ],
)
def test_in_the_words_of_several_cargos(workshop: Workshop, tmp_path: Path, said: str, what: str, hint: str) -> None:
    """They have changed, and will."""
    crate_in(tmp_path / "mylib", "mylib", SOURCE, FEATURES)
    settings = workshop.rust(host_env={"HOME": "/nowhere"})
    made = manifest(EnvironmentSettings(name="default", dependencies={"mylib": {"path": "../mylib"}}), workshop.project)

    found = mending.mended(Trouble("before", "as before", f"\x1b[1merror\x1b[0m: {said}"), made, settings)

    assert (what, hint) == (found.what, found.hint)


def test_a_version_that_there_is_not(workshop: Workshop, tmp_path: Path) -> None:
    """The newest that there is stands in the hint, as it is to be written; a local crate needs none."""
    crate_in(tmp_path / "mylib", "mylib", SOURCE)
    found = refused(workshop, {"mylib": {"path": "../mylib", "version": "3"}})
    assert "environment `default` does not build: there is no version `^3` of `mylib`" == found.reason
    assert "leave `version` out" == found.hint

    found = refused(workshop, {"itoa": "77"})

    assert "environment `default` does not build: there is no version `^77` of `itoa`" == found.reason
    passes(workshop, yaml.safe_load(found.hint.removeprefix("there is ").strip("`")), "let _ = itoa::Buffer::new();")


def test_a_misspelt_crate(workshop: Workshop) -> None:
    """Those that the index of this machine knows are compared."""
    passes(workshop, {"itoa": "1"})

    found = refused(workshop, {"itoaa": "1"})

    assert "there is no crate called `itoaa`" in found.reason
    assert "`itoa`" in found.hint


# --- Programs -------------------------------------------------------------------------------------------------------


def bash(options: dict[str, Any]) -> dict[str, Any]:
    return {"languages": {"bash": options}}


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_cargo_in_a_shell(project: Any, sandbox: str) -> None:
    """The hint names one folder; then the shims of rustup find their toolchain, and compile what needs no network."""
    if not (Path("~/.cargo/bin/rustup").expanduser().exists() and (Path(RUSTUP) / "toolchains").is_dir()):
        pytest.skip("rustup is not installed in the home directory")
    project.page("```bash exec\ncargo --version\n```\n\n```bash exec\ncargo new -q x && cd x && cargo run -q\n```\n")
    project.configure({"sandbox": sandbox})
    built = project.build()
    assert {"samples": 2, "executed": 2, "unmet": 2} == built.counts, built.log
    [hint] = set(re.findall(r"^hint: name its folder in mkdocs\.yml: `(.*)`$", built.log, re.MULTILINE))
    assert "languages: {bash: {readable: [~/.cargo/bin]}}" == hint

    project.configure({"sandbox": sandbox, **yaml.safe_load(hint)})
    built = project.build(env={"CODEEXEC_EXECUTE": "always"})
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts, built.log
    assert "cargo 1." in project.streams()[0][1]
    assert "Hello, world!" == project.streams()[1][1]
    stored = "".join(path.read_text() for path in (project.root / ".cache/codeexec/results").rglob("*.json"))
    assert RUSTUP not in stored


def test_a_tool_of_ones_own_in_a_shell(project: Any, tmp_path: Path) -> None:
    """Where it is in `PATH`, the hint names its folder, and what it is a link into; where it is nowhere, that is said."""
    home = tmp_path / "home"
    real = (
        write(home / ".local/share/pipx/venvs/t/bin", {"mytool": "#!/bin/sh\n. ${0%/*}/../share/mytool/words\n"})
        / "mytool"
    )
    write(home / ".local/share/pipx/venvs/t", {"share/mytool/words": "echo it works\n"})
    real.write_text('#!/bin/sh\n. "$(dirname "$(readlink -f "$0")")/../share/mytool/words"\n')
    real.chmod(0o755)
    (home / ".local/bin").mkdir()
    (home / ".local/bin/mytool").symlink_to(real)
    env = {"HOME": str(home), "PATH": f"{home}/.local/bin:{os.environ['PATH']}"}
    project.page("```bash exec\nmytool\n```\n\n```sh exec\nno-such-tool\n```\n")
    project.configure({})
    built = project.build(env=env)
    if "sandbox `bubblewrap`" not in built.log and "sandbox `landlock`" not in built.log:
        pytest.skip("there is no sandbox that hides anything")
    hints = re.findall(r"^hint: (.*)$", built.log, re.MULTILINE)
    assert [
        "name its folder in mkdocs.yml: `languages: {bash: {readable: [~/.local/bin, ~/.local/share/pipx/venvs/t]}}`",
        "there is no `no-such-tool` in `PATH` on this machine either: install it",
    ] == hints

    project.configure(yaml.safe_load(hints[0].partition(": ")[2].strip("`")))
    project.page("```bash exec\nmytool\n```\n")
    built = project.build(env=env | {"CODEEXEC_EXECUTE": "always"})
    assert {"samples": 1, "executed": 1, "met": 1} == built.counts, built.log
    assert [("stdout", "it works")] == project.streams()


def test_a_prompt_in_a_shell(project: Any) -> None:
    """Whoever copies a session is told to take the prompt away, in both shells; without it the sample runs."""
    page = "```bash exec\n$ echo hi\nhi\n```\n\n```sh exec\n$ echo hi\n```\n"
    project.page(page)
    project.configure({})
    built = project.build()
    hint = "a prompt is no command: write the commands alone, without `$` and without what they print"
    assert [hint, hint] == re.findall(r"^hint: (.*)$", built.log, re.MULTILINE)

    project.page(page.replace("$ ", "").replace("\nhi\n", "\n"))
    built = project.build()
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts, built.log


@pytest.mark.parametrize(
    ("readable", "toolchain", "variables"),
    [
        ([".cargo/bin"], None, {"RUSTUP_HOME": "rustup"}),
        (["rustup"], "nightly", {"RUSTUP_HOME": "rustup", "RUSTUP_TOOLCHAIN": "nightly"}),
        (["."], None, {"RUSTUP_HOME": "rustup"}),
        (["rustup/toolchains", "elsewhere"], None, {}),
        ([], None, {}),
    ],
)
def test_rustup_is_there_where_it_is_named(
    workshop: Workshop, tmp_path: Path, readable: list[str], toolchain: str | None, variables: dict[str, str]
) -> None:
    """By its shims or by its toolchains, as an image of Docker has them; a sample that names neither learns no place."""
    write(tmp_path, {".cargo/bin/rustup": "", "rustup/toolchains/x": "", "elsewhere/a": ""})
    (tmp_path / ".cargo/bin/rustup").chmod(0o755)
    host = {"RUSTUP_HOME": str(tmp_path / "rustup"), "PATH": str(tmp_path / ".cargo/bin"), "HOME": str(tmp_path)}
    settings = workshop.rust(toolchain=toolchain, host_env=host)
    paths = [tmp_path / name for name in readable]

    found = programs.toolchains(paths, settings)

    assert {
        name: str(tmp_path / value) if name == "RUSTUP_HOME" else value for name, value in variables.items()
    } == found
    seen = {str(tmp_path / name) for name in (".cargo/bin", "rustup")} if variables else set()
    assert seen == set(programs.folders(paths, settings))


# --- What samples are kept from ---------------------------------------------------------------------------------------

WITHHELD = {
    "curl": ("bash", "curl -sS --max-time 5 http://example.com/", "`languages: {bash: {network: ask}}` in mkdocs.yml"),
    "a name, in Python": (
        "python",
        'import urllib.request\nurllib.request.urlopen("http://example.com/", timeout=5)',
        "`languages: {python: {network: ask}}` in mkdocs.yml",
    ),
    "a number, in Python": (
        "python",
        'import socket\nsocket.create_connection(("192.0.2.1", 80), 5)',
        "`languages: {python: {network: ask}}` in mkdocs.yml",
    ),
    "a name, in Rust": (
        "rust",
        'std::net::TcpStream::connect("example.com:80").unwrap();',
        "`languages: {rust: {network: ask}}` in mkdocs.yml",
    ),
    "sudo": ("bash", "sudo apt-get install cowsay", "samples are never root: leave `sudo` out"),
    "a package": ("bash", "apt-get install -y cowsay", "samples are never root: leave `sudo` out"),
    "a file, in Python": (
        "python",
        'print(open("data/table.csv").read())',
        "`languages: {python: {inputs: [data/table.csv]}}` in mkdocs.yml shows `data/table.csv` to them",
    ),
    "a file, in a shell": ("bash", "wc -l data/table.csv", "`languages: {bash: {inputs: [data/table.csv]}}`"),
    "a folder": ("bash", "ls data", "`languages: {bash: {readable: [data]}}`"),
}


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
def test_what_gives_samples_what_they_lack(project: Any, tier: str) -> None:
    """The log says why it is not there, and the line that grants it: network, files; or that nothing does."""
    project.page("\n".join(f"```{language} exec\n{code}\n```\n" for language, code, _ in WITHHELD.values()))
    write(project.root, {"data/table.csv": "a,b\n"})
    project.configure({"languages": {"rust": {}}})
    built = project.build(env={"CODEEXEC_SANDBOX_TIERS": tier})
    if f"sandbox `{tier}`" not in built.log:
        pytest.skip(f"`{tier}` does not work here")
    hints = re.findall(r"^hint: (.*)$", built.log, re.MULTILINE)

    assert len(WITHHELD) == built.counts["unmet"] == len(hints), built.log
    for (name, (_, _, wanted)), hint in zip(WITHHELD.items(), hints, strict=True):
        assert wanted in hint, (name, hint)


def test_a_file_that_is_granted_is_read(project: Any) -> None:
    """As the hint says: named under `inputs`, and opened by its absolute path."""
    write(project.root, {"data/table.csv": "a,b\n"})
    project.page(f"```python exec\nprint(open('{project.root}/data/table.csv').read())\n```\n")
    project.configure({"languages": {"python": {"inputs": ["data/table.csv"]}}})
    built = project.build()

    assert {"samples": 1, "executed": 1, "met": 1} == built.counts, built.log


def test_pools_of_processes(project: Any) -> None:
    """Where `/dev/shm` is closed, locks between processes cannot be; with bubblewrap they can."""
    project.page("```python exec\nimport multiprocessing\nmultiprocessing.Lock()\n```\n")
    project.configure({})
    built = project.build(env={"CODEEXEC_SANDBOX_TIERS": "landlock"})
    if "sandbox `landlock`" not in built.log:
        pytest.skip("`landlock` does not work here")

    [hint] = re.findall(r"^hint: (.*)$", built.log, re.MULTILINE)
    assert "locks, queues and pools of processes need `/dev/shm`" in hint
    assert {"samples": 1, "executed": 1, "met": 1} == project.build(env={"CODEEXEC_EXECUTE": "always"}).counts


def test_a_question_mark_at_the_top_level(workshop: Workshop) -> None:
    """The line that makes it possible is the hint; in a function of the sample's own it would not help."""
    language = workshop.open_rust({})
    code = 'let one: u8 = "1".parse()?;\nassert_eq!(1, one);\n'
    hint = failed(workshop, language, code)
    [line] = re.findall(r"`(# .*)`", hint)

    passes(workshop, {}, f"{code}{line}\n")
    assert "" == failed(workshop, language, f"fn main() {{ {code} }}")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import yamll", "did you mean `yaml`?"),
        ("import colections", "did you mean `collections`?"),
        ("import xmll", "did you mean `xml`? otherwise samples run in the Python that builds the site: install"),
        ("raise ModuleNotFoundError(\"No module named 'plotly'\")", "hint: samples run in the Python that builds"),
        (
            "import zzqqxxkk",
            (
                "samples run in the Python that builds the site: install what brings `zzqqxxkk` there; "
                '`languages: {python: {command: [/path/to/python, "{file}"]}}` in mkdocs.yml names another Python'
            ),
        ),
        ("open('d/no.csv')", 'a fence with `file="d/no.csv"`'),
        ("open('/no/such.csv')", None),
        ("1 / 0", None),
    ],
)
def test_what_a_python_sample_does_not_find(project: Any, code: str, hint: str | None) -> None:
    """A module that is meant, or where to install it; how a file gets into the empty folder."""
    project.page(f"```python exec\n{code}\n```\n")
    log = project.build().log
    assert (hint in log) if hint else ("hint:" not in log), log


def test_the_hint_for_a_file_can_be_followed(project: Any) -> None:
    """The file is beside the sample."""
    project.page(
        '```csv file="d/no.csv" name="a"\n1,2\n```\n\n```python exec needs="a"\nprint(open("d/no.csv").read())\n```\n'
    )
    assert 0 == project.build().status
