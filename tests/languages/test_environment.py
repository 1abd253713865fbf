from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import crate, write

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.languages.rust.environments import fetching
from mkdocs_codeexec.languages.rust.environments.capture import read

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""


def test_arguments_for_samples_are_those_of_the_probe() -> None:
    """What concerns the probe alone goes; what cargo and the user say of dependencies and code stays."""
    target = Path("/e/target")
    words = (
        "/r/bin/rustc --crate-name codeexec_environment --edition=2021 src/main.rs --error-format=json"
        " --json=diagnostic-rendered-ansi,artifacts --crate-type bin --emit=dep-info,link -C opt-level=1"
        " -C embed-bitcode=no -C debuginfo=1 -C debug-assertions=on --check-cfg cfg(docsrs,test)"
        " -C metadata=abc -C extra-filename=-abc --out-dir /e/target/debug/deps -C strip=debuginfo"
        " -L dependency=/e/target/debug/deps --extern json=/e/target/debug/deps/libserde_json-1.rlib"
        " --extern noprelude:x=/e/target/debug/deps/libx-1.so --extern proc_macro -L native=/e/target/debug/build/z/out -L /usr/lib/x"
        " -Cincremental=/e/inc --cfg a -Ctarget-cpu=native -Dwarnings --target x86_64-unknown-linux-gnu"
    )

    found = read(("\0".join(words.split(" ")) + "\0").encode(), target)

    assert (
        "-C opt-level=1 -C embed-bitcode=no -C debug-assertions=on -L dependency=/e/target/debug/deps"
        " --extern json=/e/target/debug/deps/libserde_json-1.rlib --extern noprelude:x=/e/target/debug/deps/libx-1.so"
        " --extern proc_macro -L native=/e/target/debug/build/z/out -L /usr/lib/x --cfg a -Ctarget-cpu=native -Dwarnings"
        " --target x86_64-unknown-linux-gnu"
    ) == " ".join(found.argv)
    assert ["libserde_json-1.rlib", "libx-1.so"] == [path.name for path in found.libraries]
    assert ("/e/target/debug/build/z/out",) == found.native
    assert ("json", "x", "proc_macro") == found.externs


@pytest.mark.parametrize("captured", [b"", b"rustc\0", b"rustc\0--crate-name"])
def test_torn_captures_are_refused(captured: bytes) -> None:
    """A file that was not written to its end is not believed."""
    with pytest.raises(ValueError, match="not captured"):
        read(captured, Path("/e"))


def test_no_dependencies_need_no_cargo(workshop: Workshop) -> None:
    """Without dependencies rustc alone does, and there is no lock file."""
    settings = replace(workshop.rust(), environment_dir=workshop.root / "own")
    language = workshop.open_rust(settings)

    assert "1\n" == workshop.stdout(language, 'println!("{}", 1);')
    assert ["rustc", "rustc", "rustc", "sample"] == workshop.runner.programs()
    assert "" == dict(language.plan(workshop.main).inputs)["environment.lock"]


def test_a_dependency_of_the_registry(workshop: Workshop, tmp_path: Path) -> None:
    """Cargo runs once, in sight; afterwards a new process needs no cargo, and the lock is kept with the results."""
    settings = replace(workshop.rust({"itoa": "1"}), environment_dir=tmp_path / "environments")
    language = workshop.open_rust(settings)
    first = language.plan(workshop.main)
    assert first.toolchain is None

    assert "5\n" == workshop.stdout(language, 'println!("{}", itoa::Buffer::new().format(5));')

    assert ["building the environment `default` with cargo"] == workshop.listener.said
    assert b"Compiling" in b"".join(workshop.listener.streamed)
    lock = (workshop.project / ".cache/environments/default/Cargo.lock").read_text()
    assert 'name = "itoa"' in lock
    assert str(workshop.root) not in lock
    workshop.runner.commands.clear()
    again = workshop.open_rust(settings)
    action = again.plan(workshop.main)
    assert action.key == language.plan(workshop.main).key
    assert [] == workshop.runner.commands
    assert {} == again.provide([action], workshop.runner)
    assert "cargo" not in workshop.runner.programs()
    workshop.runner.commands.clear()
    assert {} == again.provide([action], workshop.runner)
    assert [] == workshop.runner.commands


def test_keys_are_the_same_in_another_checkout(workshop: Workshop, tmp_path: Path) -> None:
    """Nothing of the folder is in an Action, though the lock is."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    language = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}))
    action = workshop.provide(language, workshop.main)
    elsewhere = workshop.beside(tmp_path / "other")
    crate(elsewhere.root, "mylib", "pub fn one() -> u8 { 1 }")

    settings = elsewhere.rust({"mylib": {"path": "../mylib"}})
    kept = elsewhere.project / ".cache/environments/default"
    kept.mkdir(parents=True)
    for name in ("Cargo.lock", "manifest.toml", "sources.json"):
        (kept / name).write_text((workshop.project / ".cache/environments/default" / name).read_text())
    other = elsewhere.open_rust(settings)

    assert isinstance(action, Action)
    assert action.request_key == other.plan(workshop.main).request_key
    assert action == elsewhere.provide(other, workshop.main)
    assert str(tmp_path) not in repr(action)


def test_a_host_without_rust_has_the_same_request_keys(workshop: Workshop, tmp_path: Path) -> None:
    """With the lock beside the results, what was executed elsewhere can be found where nothing is installed."""
    dependencies = {"itoa": "1"}
    action = workshop.provide(workshop.open_rust(workshop.rust(dependencies)), workshop.main)

    bare = workshop.open_rust(workshop.rust(dependencies, host_env={"PATH": str(tmp_path)}))

    assert action.request_key == bare.plan(workshop.main).request_key
    assert bare.plan(workshop.main).toolchain is None


def test_an_unknown_toolchain_is_asked_before_anything_is_built(workshop: Workshop) -> None:
    """With the lock at hand keys need no Environment: a restored cache builds none for samples that will hit."""
    own = workshop.root / "own"  # what rustup answers is remembered for all projects of a machine
    settings = replace(workshop.rust({"itoa": "1"}), environment_dir=own)
    workshop.provide(workshop.open_rust(settings), workshop.main)
    for memo in (own / "toolchains").rglob("toolchains.json"):
        memo.unlink()
    workshop.runner.commands.clear()
    moved = replace(workshop.rust({"itoa": "1"}, host_env=dict(os.environ)), environment_dir=own)
    language = workshop.open_rust(moved)
    assert language.plan(workshop.main).toolchain is None

    assert {} == language.provide([language.plan(workshop.main)], workshop.runner)

    assert ["rustc", "rustc"] == workshop.runner.programs()
    language.survey()
    assert language.plan(workshop.main).key


MACROS = """
extern crate proc_macro;
use proc_macro::TokenStream;
#[proc_macro_derive(Hello)]
pub fn hello(_: TokenStream) -> TokenStream {
    "impl S { fn hello(&self) -> &'static str { \\"hello\\" } }".parse().unwrap()
}
"""
BUILT = """
fn main() {
    println!("cargo:rustc-env=SAID=from the build script");
    println!("cargo:rustc-link-search=native={}", std::env::var("OUT_DIR").unwrap());
    println!("cargo:rustc-cfg=found");
    println!("cargo::rustc-check-cfg=cfg(found)");
}
"""


def test_everything_a_dependency_can_be(workshop: Workshop, tmp_path: Path) -> None:
    """Renamed, with features, procedural macros, and build scripts: all of it reaches samples."""
    crate(tmp_path, "macros", MACROS, "[lib]\nproc-macro = true\n")
    crate(
        tmp_path,
        "my-lib",
        'pub fn said() -> &\'static str { env!("SAID") }\n#[cfg(feature = "more")]\npub fn more() -> bool { cfg!(found) }',
        "[features]\nmore = []\n",
        **{"build.rs": BUILT},
    )
    dependencies = {
        "renamed": {"path": "../my-lib", "package": "my-lib", "features": ["more"]},
        "macros": {"path": "../macros"},
    }
    language = workshop.open_rust(workshop.rust(dependencies))
    code = """
        #[derive(macros::Hello)] struct S;
        println!("{} {} {}", S.hello(), renamed::said(), renamed::more());
        println!("{}", std::env::var("LD_LIBRARY_PATH").unwrap().ends_with("/out"));
    """

    assert "hello from the build script true\ntrue\n" == workshop.stdout(language, code)


def test_editing_a_local_package_rebuilds_it_and_changes_its_keys_only(workshop: Workshop, tmp_path: Path) -> None:
    """Samples of other environments keep their keys, and prose beside the package changes none."""
    root = crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    local = EnvironmentSettings(name="local", dependencies={"mylib": {"path": "../mylib"}})
    language = workshop.open_rust(workshop.rust({"itoa": "1"}, environments={"local": local}))
    code = 'println!("{}", mylib::one());'
    assert "1\n" == workshop.stdout(language, code, environment="local")
    sample, other = workshop.sample(code, options={"environment": "local"}), workshop.main
    workshop.provide(language, other)
    before = language.plan(sample).key, language.plan(other).key

    write(root, {"README.md": "prose", "docs/a.md": "prose"})
    language.survey()
    assert before == (language.plan(sample).key, language.plan(other).key)

    write(root, {"src/lib.rs": "pub fn one() -> u8 { 2 }"})
    language.survey()
    assert before[0] != language.plan(sample).key
    assert before[1] == language.plan(other).key
    workshop.runner.commands.clear()
    workshop.listener.streamed.clear()
    assert "2\n" == workshop.stdout(language, code, environment="local")
    assert 3 == workshop.runner.programs().count("cargo")  # to fetch, to build, and to tell what was read
    assert b"itoa" not in b"".join(workshop.listener.streamed)
    assert root / "src" in language.watched()


def test_a_stale_lock_is_updated_and_not_replaced(workshop: Workshop) -> None:
    """Another dependency makes keys unknown until cargo has added it; what was locked stays locked."""
    workshop.provide(workshop.open_rust(workshop.rust({"itoa": "=1.0.10"})), workshop.main)

    language = workshop.open_rust(workshop.rust({"itoa": "1"}))

    assert language.plan(workshop.main).toolchain is None
    workshop.provide(language, workshop.main)
    assert "1.0.10" in dict(language.plan(workshop.main).inputs)["environment.lock"]


def test_a_dependency_that_does_not_compile(workshop: Workshop, tmp_path: Path) -> None:
    """Its samples cannot be executed, with cargo's coloured message; other environments go on."""
    crate(tmp_path, "broken", "pub fn one() -> u8 { true }")
    broken = EnvironmentSettings(name="broken", dependencies={"broken": {"path": "../broken"}})
    language = workshop.open_rust(workshop.rust(environments={"broken": broken}))
    bad, worse = (workshop.sample(code, options={"environment": "broken"}) for code in ("1;", "2;"))
    actions = [language.plan(sample) for sample in (bad, workshop.main, worse)]

    refused = language.provide(actions, workshop.runner)

    assert {actions[0].request_key, actions[2].request_key} == set(refused)
    why = refused[actions[0].request_key]
    assert "environment `broken` does not build: cargo could not compile `broken`" == why.reason
    assert "mismatched types" in why.detail
    assert "\x1b[" in why.detail
    assert 2 == workshop.runner.programs().count("cargo")  # to fetch, and to build
    assert not (workshop.project / ".cache/environments/broken").exists()
    assert "1\n" == workshop.stdout(language, 'println!("1");')


@pytest.mark.parametrize(
    ("dependencies", "reason"),
    [
        ({"no-such": {"path": "../no-such"}}, "dependency `no-such`: there is no `Cargo.toml` in"),
        ({"itoa": "=99.0.0"}, "there is no version `=99.0.0` of `itoa`"),
        ({"itoa": {"git": "file:///no/such/repository"}}, "environment `default` does not build: a registry"),
    ],
)
def test_dependencies_that_are_not_there(workshop: Workshop, dependencies: dict[str, object], reason: str) -> None:
    """What is missing is named."""
    host = {**os.environ, "CARGO_NET_RETRY": "0"}

    found = workshop.provide(workshop.open_rust(workshop.rust(dependencies, host_env=host)), workshop.main)

    assert isinstance(found, Unavailability)
    assert reason in found.reason


def test_a_registry_that_is_not_reached(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said as such, and how to go on without it."""
    monkeypatch.setattr(fetching, "WAITS", ())
    write(
        workshop.root / "project",
        {
            ".cargo/config.toml": '[source.crates-io]\nreplace-with = "gone"\n[source.gone]\nregistry = "sparse+http://127.0.0.1:9/"\n'
            "[net]\nretry = 0\n"
        },
    )
    home = tmp_path / "home"
    home.mkdir()
    rustup = os.environ.get("RUSTUP_HOME") or str(Path("~/.rustup").expanduser())
    host = {**os.environ, "CARGO_HOME": str(home), "RUSTUP_HOME": rustup}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        host.pop(name, None)

    found = workshop.provide(workshop.open_rust(workshop.rust({"itoa": "1"}, host_env=host)), workshop.main)

    assert isinstance(found, Unavailability)
    assert "a registry or repository was not reached" in found.reason, found.detail
    assert "CARGO_NET_OFFLINE" in found.hint


def test_no_rust_at_all(workshop: Workshop, tmp_path: Path) -> None:
    """Without a compiler there is a request key, and a hint."""
    language = workshop.open_rust(workshop.rust(host_env={"PATH": str(tmp_path)}))
    action = language.plan(workshop.main)

    refused = language.provide([action], workshop.runner)

    assert action.toolchain is None
    assert action.request_key
    why = refused[action.request_key]
    assert ("`rustc` was not found", "install Rust from https://rustup.rs") == (why.reason, why.hint)


def test_an_environment_that_is_not_set_up(workshop: Workshop) -> None:
    """The sample is planned, cannot be executed, and the nearest name is told."""
    other = EnvironmentSettings(name="async")
    language = workshop.open_rust(workshop.rust(environments={"async": other}))
    sample = workshop.sample("1;", options={"environment": "asnyc"})

    found = workshop.provide(language, sample)

    assert isinstance(found, Unavailability)
    assert "environment `asnyc` is not set up in `languages.rust`" == found.reason
    assert "did you mean `async`?" == found.hint


def test_flags_of_the_user_count(workshop: Workshop) -> None:
    """Cargo's configuration beside mkdocs.yml reaches samples, and their keys."""
    plain = workshop.provide(workshop.open_rust(workshop.rust()), workshop.main)
    write(workshop.project, {".cargo/config.toml": '[build]\nrustflags = ["--cfg", "special"]\n'})
    language = workshop.open_rust(workshop.rust())

    assert "true\n" == workshop.stdout(language, '#![allow(unexpected_cfgs)]\nprintln!("{}", cfg!(special));')
    action = language.plan(workshop.main)
    assert isinstance(plain, Action)
    assert plain.key != action.key


def test_the_profile_of_the_user_counts(workshop: Workshop) -> None:
    """`[profile.dev]` in `manifest_extra` decides how samples are compiled, too."""
    language = workshop.open_rust(workshop.rust(extra="[profile.dev]\noverflow-checks = false\n"))

    assert "0\n" == workshop.stdout(language, 'let x: u8 = std::hint::black_box(255); println!("{}", x + 1);')


def test_hostile_variables_do_not_matter(workshop: Workshop) -> None:
    """Flags, colours and backtraces of the caller reach neither cargo nor samples."""
    host = {**os.environ, "RUSTFLAGS": "--cfg nonsense --nonsense", "RUST_BACKTRACE": "full", "NO_COLOR": "1"}
    host |= {"CARGO_TERM_COLOR": "never", "CARGO_BUILD_TARGET": "nonsense", "CARGO_TARGET_DIR": "relative"}
    host |= {"CARGO_INCREMENTAL": "1", "RUSTC_WRAPPER": "/no/such"}
    language = workshop.open_rust(workshop.rust({"itoa": "1"}, host_env=host))

    assert "0\n" == workshop.stdout(language, 'println!("{}", std::env::var("RUST_BACKTRACE").unwrap());')


def homes_of(workshop: Workshop, package: Path) -> list[Path]:
    found = (workshop.environment_dir / "rust").glob("*/*/Cargo.toml")
    return [manifest.parent for manifest in found if f'"{package}/' in manifest.read_text()]


def test_a_missing_library_is_built_again(workshop: Workshop, tmp_path: Path) -> None:
    """What was built is looked at, not only what was written down about it."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    language = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}))
    code = 'println!("{}", mylib::one());'
    workshop.stdout(language, code)
    [home] = homes_of(workshop, tmp_path)
    [state] = home.glob("built/*.json")
    captured = json.loads(state.read_text())["captured"].split("\0")
    [library] = [Path(word.removeprefix("mylib=")) for word in captured if word.startswith("mylib=")]
    library.unlink()
    library.with_suffix(".rlib").unlink(missing_ok=True)

    assert "1\n" == workshop.stdout(language, code)


def test_a_missing_state_is_made_again(workshop: Workshop, tmp_path: Path) -> None:
    """Cargo does not call rustc for a fresh probe; it is made to."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    language = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}))
    code = 'println!("{}", mylib::one());'
    workshop.stdout(language, code)
    for home in homes_of(workshop, tmp_path):
        for state in home.glob("built/*.json"):
            state.unlink()

    assert "1\n" == workshop.stdout(language, code)


def test_two_builds_wait_for_each_other(workshop: Workshop, tmp_path: Path) -> None:
    """Parallel builds of one environment do not disturb each other."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    settings = workshop.rust({"mylib": {"path": "../mylib"}})
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(workshop.provide(workshop.open_rust(settings), workshop.main)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 3 == len(found)
    assert all(isinstance(action, Action) for action in found)


def test_a_read_only_cache_costs_no_more_than_time(workshop: Workshop) -> None:
    """Where nothing can be written beside the results, the lock is remembered by the process."""
    (workshop.root / "project").mkdir()
    (workshop.root / "project/.cache").write_text("a file, not a folder")
    language = workshop.open_rust(workshop.rust({"itoa": "1"}))

    assert "5\n" == workshop.stdout(language, 'println!("{}", itoa::Buffer::new().format(5));')


CONFIGURED = """
fn main() {
    println!("cargo:rerun-if-changed=c/nat.c");
    println!("cargo::rerun-if-changed=more data");
    println!("cargo::rustc-env=SAID={}", std::fs::read_to_string("c/nat.c").unwrap());
}
"""
TEMPLATES = """
extern crate proc_macro;
use proc_macro::TokenStream;
#[proc_macro]
pub fn template(_: TokenStream) -> TokenStream {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    format!("include_str!(\\"{root}/templates dir/a.txt\\")").parse().unwrap()
}
"""


def sources(workshop: Workshop, name: str = "default") -> Any:
    text = (workshop.project / ".cache/environments" / name / "sources.json").read_text()
    return json.loads(text)["packages"]


def test_files_that_only_cargo_knows_of_count(workshop: Workshop, tmp_path: Path) -> None:
    """What build scripts and macros of local packages read is in keys, is watched, and is compiled anew when it changes."""
    root = crate(
        tmp_path,
        "mylib",
        '#![doc = include_str!("../README.md")]\npub fn said() -> String '
        '{ format!("{} {} {}", env!("SAID"), macros::template!(), member::DATA) }',
        '[dependencies]\nmacros = { path = "../macros" }\nmember = { path = "../w/member" }\n',
        **{"build.rs": CONFIGURED, "c/nat.c": "a+b", "c/other.c": "", "README.md": "", "templates dir/a.txt": "v1"},
    )
    crate(tmp_path, "macros", TEMPLATES, "[lib]\nproc-macro = true\n")
    write(tmp_path / "w", {"Cargo.toml": '[workspace]\nmembers = ["member"]\n', "data.txt": "one"})
    crate(tmp_path / "w", "member", 'pub const DATA: &str = include_str!(concat!("../..", "/data.txt"));')
    write(root, {"more data/deep/a": ""})
    # What cannot be seen beforehand, and is in no package; and packages that packages name, which no checkout holds.
    readable = tuple(tmp_path / name for name in ("w/data.txt", "macros", "w/member"))
    language = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}, readable=readable))
    sample = workshop.sample('println!("{}", mylib::said());')
    assert "a+b v1 one\n" == workshop.stdout(language, sample.code)
    files = ["../w/data.txt", "c/nat.c", "more data", "templates dir/a.txt"]
    assert {"mylib": {"paths": files, "packages": []}} == sources(workshop)
    assert {root / "c/nat.c", root / "templates dir/a.txt", tmp_path / "w/data.txt"} <= set(language.watched())

    seen = {language.plan(sample).key}
    for name, text, said in [
        ("c/nat.c", "a*b", "a*b v1 one"),
        ("templates dir/a.txt", "v2", "a*b v2 one"),
        ("../w/data.txt", "two", "a*b v2 two"),
        ("more data/new", "", "a*b v2 two"),
    ]:
        write(root, {name: text})
        language.survey()
        assert language.plan(sample).key not in seen, name
        assert f"{said}\n" == workshop.stdout(language, sample.code)
        seen.add(language.plan(sample).key)

    write(root, {"README.md": "prose", "c/other.c": "unread"})
    language.survey()
    assert language.plan(sample).key in seen
    workshop.runner.commands.clear()
    other = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}, readable=readable))
    assert language.plan(sample) == other.plan(sample)
    assert [] == workshop.runner.commands


def test_a_build_script_that_does_not_say_what_it_reads(workshop: Workshop, tmp_path: Path) -> None:
    """All of the package may matter then, but not its prose, its tests, and the site in it."""
    script = """fn main() { println!("cargo::rustc-env=SAID={}", std::fs::read_to_string("words").unwrap()); }"""
    files = {"build.rs": script, "words": "one", "README.md": "", "LICENSE-MIT": "", "tests/a.txt": "", ".hidden": ""}
    source = 'pub fn said() -> &\'static str { env!("SAID") }'
    files |= {
        "docs/a.txt": "",
        "inner/Cargo.toml": "[package]",
        "inner/a.txt": "",
        "site-2/mkdocs.yml": "",
        "site-2/x": "",
    }
    root = crate(tmp_path, "mylib", source, **files)
    language = workshop.open_rust(workshop.rust({"mylib": {"path": "../mylib"}}))
    sample = workshop.sample('println!("{}", mylib::said());')
    assert "one\n" == workshop.stdout(language, sample.code)
    assert {"mylib": {"paths": [], "packages": ["."]}} == sources(workshop)
    before = language.plan(sample).key

    write(root, dict.fromkeys(files.keys() - {"build.rs", "words", "inner/Cargo.toml"}, "changed"))
    language.survey()
    assert before == language.plan(sample).key

    write(root, {"words": "two"})
    language.survey()
    assert before != language.plan(sample).key
    assert "two\n" == workshop.stdout(language, sample.code)


def test_a_store_without_a_list_of_sources(workshop: Workshop, tmp_path: Path) -> None:
    """Keys are not known until cargo has told what it reads."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    settings = workshop.rust({"mylib": {"path": "../mylib"}})
    before = workshop.provide(workshop.open_rust(settings), workshop.main)
    kept = workshop.project / ".cache/environments/default/sources.json"
    for text in ("", "{", '{"format": 0}', '{"format": 1, "packages": 3}', "[" * 100_000):
        kept.write_text(text)

        language = workshop.open_rust(settings)

        assert language.plan(workshop.main).toolchain is None
        assert before == workshop.provide(language, workshop.main)


def compiled(workshop: Workshop) -> set[str]:
    text = re.sub(rb"\x1b\[[0-9;]*m", b"", b"".join(workshop.listener.streamed)).decode()
    workshop.listener.streamed.clear()
    return set(re.findall(r"Compiling (\S+)", text))


def test_another_dependency_compiles_nothing_else(workshop: Workshop, tmp_path: Path) -> None:
    """Environments share what they have in common, whatever of the registry or local packages is added."""
    settings = replace(workshop.rust(), environment_dir=tmp_path / "environments")
    crate(tmp_path, "one", "pub fn f() -> u8 { 1 }")
    crate(tmp_path, "two", "pub fn f() -> u8 { 2 }")
    steps: list[tuple[dict[str, object], set[str]]] = [
        ({"itoa": "1"}, {"itoa"}),
        ({"itoa": "1", "one": {"path": "../one"}}, {"one"}),
        ({"itoa": "1", "one": {"path": "../one"}, "fnv": "1"}, {"fnv"}),
        ({"itoa": "1", "one": {"path": "../one"}, "two": {"path": "../two"}}, {"two"}),
        ({"itoa": "1"}, set()),
    ]
    for dependencies, wanted in steps:
        changed = replace(workshop.rust(dependencies), environment_dir=settings.environment_dir)
        language = workshop.open_rust(changed)
        used = "".join(f"let _ = {name}::f();" for name in ("one", "two") if name in dependencies)

        assert "5\n" == workshop.stdout(language, used + 'println!("{}", itoa::Buffer::new().format(5));')
        assert wanted == compiled(workshop), dependencies


def test_checkouts_with_packages_of_one_name(workshop: Workshop, tmp_path: Path) -> None:
    """Each gets its own, in whatever order they are built and edited."""
    shops = [workshop.beside(tmp_path / name) for name in ("a", "b")]
    code = 'println!("{}", mylib::said());'
    for round_ in range(2):
        for shop in shops:
            said = f"{shop.root.name}{round_}"
            crate(shop.root, "mylib", f'pub fn said() -> &\'static str {{ "{said}" }}')
            language = shop.open_rust(shop.rust({"mylib": {"path": "../mylib"}}))
            assert f"{said}\n" == shop.stdout(language, code)
    for shop in shops:
        language = shop.open_rust(shop.rust({"mylib": {"path": "../mylib"}}))
        assert f"{shop.root.name}1\n" == shop.stdout(language, code)


def test_a_library_that_another_environment_has_built_since(workshop: Workshop, tmp_path: Path) -> None:
    """Sources that are again what they were are compiled again, if others have built them otherwise meanwhile."""
    both = workshop.rust(
        {"mylib": {"path": "../mylib"}},
        environments={
            "more": EnvironmentSettings(name="more", dependencies={"mylib": {"path": "../mylib"}, "fnv": "1"})
        },
    )
    code = 'println!("{}", mylib::one());'
    language = workshop.open_rust(both)
    for number, environment in ((1, "default"), (2, "more"), (1, "default"), (1, "more")):
        crate(tmp_path, "mylib", f"pub fn one() -> u8 {{ {number} }}")
        language.survey()
        assert f"{number}\n" == workshop.stdout(language, code, environment=environment)


def test_the_toolchain_that_is_wanted_is_in_both_keys(workshop: Workshop) -> None:
    """Where none is asked, the outcome of another one is not taken for that of the one that is wanted."""

    def keys(**changes: Any) -> str:
        return str(
            workshop.open_rust(workshop.rust(host_env={"PATH": "/none"}, **changes)).plan(workshop.main).request_key
        )

    none, stable, nightly = keys(), keys(toolchain="stable"), keys(toolchain="nightly")
    write(workshop.root, {"rust-toolchain": "nightly\n"})
    above = keys()
    write(workshop.project, {"rust-toolchain.toml": '[toolchain]\nchannel = "nightly"\n'})
    beside = keys()
    write(workshop.project, {"rust-toolchain.toml": '# why\n[toolchain]\nchannel="nightly"\n'})

    assert 5 == len({none, stable, nightly, above, beside})
    assert beside == keys()
    assert stable == keys(toolchain="stable")


def test_offline_with_nothing_downloaded(workshop: Workshop, tmp_path: Path) -> None:
    """What cargo says of its offline mode is understood, for registries and for repositories."""
    host = {**os.environ, "CARGO_HOME": str(tmp_path / "home"), "CARGO_NET_OFFLINE": "true"}
    host["RUSTUP_HOME"] = os.environ.get("RUSTUP_HOME") or str(Path("~/.rustup").expanduser())
    for dependency in ("1", {"git": "https://example.invalid/itoa"}):
        language = workshop.open_rust(workshop.rust({"itoa": dependency}, host_env=host))

        found = workshop.provide(language, workshop.main)

        assert isinstance(found, Unavailability)
        assert "environment `default` does not build: a registry or repository was not reached" == found.reason, (
            found.detail
        )
