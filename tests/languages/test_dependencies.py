"""Every kind of dependency that cargo knows, built by the real cargo; nothing here needs a network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import crate, package, write

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.settings import EnvironmentSettings

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@dataclass
class Registry:
    """A registry of one's own: a git repository as index, and a folder of `.crate` files."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def open(self) -> None:
        config = json.dumps({"dl": f"file://{self.root}/crates/{{crate}}-{{version}}.crate"})
        write(self.root / "index", {"config.json": config})
        (self.root / "crates").mkdir()
        git(self.root / "index", "init")
        self._commit()

    def publish(
        self, name: str, version: str, source: str, more: str = "", needs: dict[str, str] | None = None
    ) -> None:
        """Add a crate; `needs` names others of this registry and their versions."""
        wanted = "".join(
            f'[dependencies.{one}]\nversion = "{requirement}"\nregistry = "mine"\n'
            for one, requirement in (needs or {}).items()
        )
        made = write(self.root / "src" / f"{name}-{version}", {"src/lib.rs": source})
        write(made, {"Cargo.toml": package(name, version, f'license = "MIT"\ndescription = "d"\n{wanted}{more}')})
        write(made, {".cargo/config.toml": self.config})
        command = ["cargo", "package", "--no-verify", "--allow-dirty", "--quiet", "--target-dir", self.root / "target"]
        subprocess.run(command, cwd=made, env=self.env, check=True, capture_output=True)
        content = (self.root / f"target/package/{name}-{version}.crate").read_bytes()
        (self.root / f"crates/{name}-{version}.crate").write_bytes(content)
        entry = {
            "name": name,
            "vers": version,
            "deps": [
                {
                    "name": one,
                    "req": requirement,
                    "features": [],
                    "optional": False,
                    "default_features": True,
                    "target": None,
                    "kind": "normal",
                }
                for one, requirement in (needs or {}).items()
            ],
            "features": {"default": ["loud"], "loud": [], "more": []} if "[features]" in more else {},
            "cksum": hashlib.sha256(content).hexdigest(),
            "yanked": False,
        }
        path = self.root / "index" / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as index:
            index.write(json.dumps(entry) + "\n")
        self._commit()

    def _commit(self) -> None:
        git(self.root / "index", "add", ".")
        git(self.root / "index", "commit", "-m", "more")

    @property
    def config(self) -> str:
        return f'[registries.mine]\nindex = "file://{self.root}/index"\n'


FEATURES = '[features]\ndefault = ["loud"]\nloud = []\nmore = []\n'


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    root = tmp_path_factory.mktemp("registry")
    home = {
        "CARGO_HOME": str(root / "cargo home"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME") or str(Path("~/.rustup").expanduser()),
    }
    found = Registry(root, {**os.environ, **home})
    found.open()
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        found.publish("util", version, f'pub const VERSION: &str = "{version}"; pub struct Mark;')
    found.publish("wrapper", "1.0.0", "pub use util::{Mark, VERSION};", needs={"util": "^1"})
    loud = 'pub const LOUD: bool = cfg!(feature = "loud"); pub const MORE: bool = cfg!(feature = "more");'
    found.publish("speaker", "1.0.0", loud, FEATURES)
    return found


@pytest.fixture
def private(workshop: Workshop, registry: Registry) -> Callable[..., Any]:
    """Return how settings are made of a project whose cargo configuration names the registry."""
    write(workshop.project, {".cargo/config.toml": registry.config})

    # It is of this machine, where a fetching cargo sees what is named.
    more = {} if workshop.runner.tier == "off" else {"readable": (registry.root / "index", registry.root / "crates")}

    def settings(dependencies: dict[str, Any], **changes: Any) -> Any:
        changes = {**more, **changes}
        return workshop.rust(dependencies, host_env=registry.env, **changes)

    return settings


def plain(text: bytes | str) -> str:
    text = text.decode() if isinstance(text, bytes) else text
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def streamed(workshop: Workshop) -> str:
    return plain(b"".join(workshop.listener.streamed))


# --- Where dependencies come from -------------------------------------------------------------------------------


def test_a_private_registry(workshop: Workshop, private: Any) -> None:
    """It is set up in cargo's own configuration beside mkdocs.yml; the lock file names it."""
    language = workshop.open_rust(private({"util": {"version": "1", "registry": "mine"}}))

    assert "1.1.0\n" == workshop.stdout(language, 'println!("{}", util::VERSION);')
    assert "registry+file://" in dict(language.plan(workshop.main).inputs)["environment.lock"]


class Guarded(BaseHTTPRequestHandler):
    """Serves the files of a registry over HTTP to whoever has the token."""

    root: Path
    address: str

    def do_GET(self) -> None:
        content = b""
        if self.headers.get("Authorization") == "a-secret":
            if self.path == "/index/config.json":
                config = {"dl": f"{self.address}/crates/{{crate}}-{{version}}.crate", "auth-required": True}
                content = json.dumps(config).encode()
            elif (self.root / self.path[1:]).is_file():
                content = (self.root / self.path[1:]).read_bytes()
            self.send_response(200 if content else 404)
        else:
            self.send_response(401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def test_a_registry_that_wants_a_token(workshop: Workshop, registry: Registry, tmp_path: Path) -> None:
    """It is where cargo looks for it, and gets nowhere else."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        Guarded.root, Guarded.address = registry.root, f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = f'[registries.mine]\nindex = "sparse+{Guarded.address}/index/"\ncredential-provider = "cargo:token"\n'
        write(workshop.project, {".cargo/config.toml": config})
        host = {**registry.env, "CARGO_HOME": str(tmp_path / "home"), "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        settings = workshop.rust({"util": {"version": "1", "registry": "mine"}}, host_env=host)

        refused = workshop.provide(workshop.open_rust(settings), workshop.main)
        write(tmp_path / "home", {"credentials.toml": '[registries.mine]\ntoken = "a-secret"\n'})
        elsewhere = workshop.provide(workshop.open_rust(settings), workshop.main)
        write(tmp_path / "home", {"config.toml": config})
        language = workshop.open_rust(settings)
        said = workshop.stdout(language, 'println!("{}", util::VERSION);')
        server.shutdown()

    assert isinstance(refused, Unavailability)
    assert "provider to be configured" in refused.detail
    # A checkout could name the place of somebody who collects tokens.
    assert isinstance(elsewhere, Unavailability)
    assert "registry index was not found" in elsewhere.detail
    assert any("CARGO_REGISTRIES_MINE_INDEX" in line for line in workshop.listener.said)
    assert "1.1.0\n" == said
    assert "a-secret" not in repr(language.plan(workshop.main))
    kept = "".join(path.read_text() for path in workshop.project.glob(".cache/**/*") if path.is_file())
    assert "a-secret" not in kept + streamed(workshop)


def test_a_private_registry_without_a_network(workshop: Workshop, private: Any, registry: Registry) -> None:
    """Where all is downloaded, cargo's own ways to say `offline` are heard; so is that something is missing."""
    wanted = {"wrapper": {"version": "1", "registry": "mine"}}
    workshop.provide(workshop.open_rust(private(wanted)), workshop.main)
    said = {"CARGO_NET_OFFLINE": "true"}
    for number, (env, config, found) in enumerate(
        [
            (said, "", Action),
            ({}, "[net]\noffline = true\n", Action),
            ({**said, "CARGO_HOME": str(workshop.root / "empty")}, "", Unavailability),
        ]
    ):
        write(workshop.project, {".cargo/config.toml": registry.config + config})
        settings = workshop.rust(wanted, host_env={**registry.env, **env})
        apart = replace(settings, environment_dir=workshop.root / f"e{number}", cache_dir=workshop.root / f"c{number}")
        workshop.runner.commands.clear()

        action = workshop.provide(workshop.open_rust(apart), workshop.main)

        assert isinstance(action, found), (env, config, action)
        assert "cargo" in workshop.runner.programs()


def test_repositories(workshop: Workshop, tmp_path: Path) -> None:
    """By tag, branch and revision; two of them at once."""
    repository = write(tmp_path / "repository", {"Cargo.toml": package("said"), "src/lib.rs": "pub fn n() -> u8 { 1 }"})
    git(repository, "init")
    for number in (1, 2, 3):
        write(repository, {"src/lib.rs": f"pub fn n() -> u8 {{ {number} }}"})
        git(repository, "add", ".")
        git(repository, "commit", "--allow-empty", "-m", str(number))
        git(repository, "tag", f"v{number}")
    revision = subprocess.check_output(["git", "-C", str(repository), "rev-parse", "v2"], text=True).strip()
    url = f"file://{repository}"
    wanted = {
        "first": {"git": url, "tag": "v1", "package": "said"},
        "second": {"git": url, "rev": revision, "package": "said"},
        "third": {"git": url, "branch": "main", "package": "said"},
    }
    language = workshop.open_rust(workshop.rust(wanted))

    assert "1 2 3\n" == workshop.stdout(language, 'println!("{} {} {}", first::n(), second::n(), third::n());')


def test_a_crate_of_the_workspace_that_holds_the_site(workshop: Workshop, tmp_path: Path) -> None:
    """`path: ..` is the root of a workspace; versions, editions, lints and dependencies are inherited."""
    workspace = (
        '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n[workspace.package]\nversion = "3.2.1"\nedition = "2021"\n'
        '[workspace.dependencies]\ninner = { path = "crates/inner", features = ["x"] }\n'
        '[workspace.lints.rust]\nunsafe_code = "forbid"\n'
    )
    inherits = "version.workspace = true\nedition.workspace = true\n[lints]\nworkspace = true\n"
    write(
        tmp_path,
        {
            "Cargo.toml": f'{workspace}[package]\nname = "outer"\n{inherits}[dependencies]\ninner.workspace = true\n',
            "src/lib.rs": 'pub fn said() -> String { format!("{} {}", env!("CARGO_PKG_VERSION"), inner::said()) }',
            "crates/inner/Cargo.toml": f'[package]\nname = "inner"\n{inherits}[features]\nx = []\n',
            "crates/inner/src/lib.rs": 'pub fn said() -> bool { cfg!(feature = "x") }',
            "crates/apart/Cargo.toml": f'[package]\nname = "apart"\n{inherits}',
            "crates/apart/src/lib.rs": "",
        },
    )
    language = workshop.open_rust(workshop.rust({"outer": {"path": ".."}}))
    code = 'println!("{}", outer::said());'

    assert "3.2.1 true\n" == workshop.stdout(language, code)
    before = language.plan(workshop.main).key
    write(tmp_path, {"crates/apart/src/lib.rs": "// not needed", "project/docs/a.md": "", "docs/snippets/a.rs": "oops"})
    language.survey()
    assert before == language.plan(workshop.main).key
    write(tmp_path, {"Cargo.toml": (tmp_path / "Cargo.toml").read_text().replace("3.2.1", "4.0.0")})
    language.survey()
    assert "4.0.0 true\n" == workshop.stdout(language, code)
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / "Cargo.lock").exists()


def test_patches(workshop: Workshop, private: Any) -> None:
    """`[patch]` replaces a crate wherever it is needed; the source that takes its place counts."""
    root = write(
        workshop.project / "vendor/util",
        {"Cargo.toml": package("util", "1.9.0"), "src/lib.rs": 'pub const VERSION: &str = "ours"; pub struct Mark;'},
    )
    extra = '[patch.mine]\nutil = { path = "vendor/util" }\n'
    language = workshop.open_rust(private({"wrapper": {"version": "1", "registry": "mine"}}, extra=extra))
    code = 'println!("{}", wrapper::VERSION);'

    assert "ours\n" == workshop.stdout(language, code)
    before = language.plan(workshop.main).key
    write(root, {"src/lib.rs": 'pub const VERSION: &str = "mended"; pub struct Mark;'})
    language.survey()
    assert before != language.plan(workshop.main).key
    assert "mended\n" == workshop.stdout(language, code)


def test_packages_in_the_place_of_others(workshop: Workshop, tmp_path: Path) -> None:
    """A vendored registry, and overrides, as cargo's configuration has them: relative to it, and out of the project."""
    vendored = {
        "Cargo.toml": package("vendored-one"),
        "src/lib.rs": "pub use two::NAME;",
        ".cargo-checksum.json": '{"files": {}}',
    }
    write(tmp_path / "shelf/vendored-one", vendored)
    manifest = tmp_path / "shelf/vendored-one/Cargo.toml"
    manifest.write_text(manifest.read_text() + '[dependencies]\ntwo = "1"\n')
    two = {"Cargo.toml": package("two", "1.0.0"), "src/lib.rs": "", ".cargo-checksum.json": '{"files": {}}'}
    write(tmp_path / "shelf/two", two)
    write(tmp_path / "over/two", {**two, "src/lib.rs": 'pub const NAME: &str = "over";', ".env": ""})
    config = '[source.crates-io]\nreplace-with = "shelf"\n[source.shelf]\ndirectory = "../shelf"\n'
    write(tmp_path, {".git/HEAD": ""})  # all of it is one checkout
    write(workshop.project, {".cargo/config.toml": f'paths = ["../over/two"]\n{config}'})
    language = workshop.open_rust(workshop.rust({"vendored-one": "0.1"}))

    assert "over\n" == workshop.stdout(language, 'println!("{}", vendored_one::NAME);')


# --- What a dependency can be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "true false"),
        ({"default-features": False}, "false false"),
        ({"default-features": False, "features": ["more"]}, "false true"),
    ],
)
def test_features(workshop: Workshop, private: Any, keys: dict[str, Any], said: str) -> None:
    """Default features are there unless they are switched off; others come when they are named."""
    wanted = {"quiet": {"version": "1", "registry": "mine", "package": "speaker", **keys}}
    language = workshop.open_rust(private(wanted))

    assert f"{said}\n" == workshop.stdout(language, 'println!("{} {}", quiet::LOUD, quiet::MORE);')


def test_two_versions_of_one_crate(workshop: Workshop, private: Any) -> None:
    """By renaming, and by way of another crate; they are two crates, and samples use both."""
    old, new, wrapper = (
        {"package": name, "version": version, "registry": "mine"}
        for name, version in (("util", "=1.0.0"), ("util", "2"), ("wrapper", "1"))
    )
    language = workshop.open_rust(private({"old": old, "new": new, "wrapper": wrapper}))
    code = """
        let _: old::Mark = wrapper::Mark;
        println!("{} {} {}", old::VERSION, new::VERSION, wrapper::VERSION);
    """

    assert "1.0.0 2.0.0 1.0.0\n" == workshop.stdout(language, code)
    wrong = workshop.execute(language, workshop.sample("let _: new::Mark = wrapper::Mark;"))
    assert "mismatched types" in wrong.steps[0].stderr
    assert {"util", "wrapper"} == language._environments["default"].sources.packages()


NATIVE = """
use std::process::Command;
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let run = |program: &str, args: &[&str]| assert!(Command::new(program).args(args).status().unwrap().success());
    run("cc", &["-c", "fixed.c", "-o", &format!("{out}/fixed.o")]);
    run("ar", &["crs", &format!("{out}/libfixed.a"), &format!("{out}/fixed.o")]);
    run("cc", &["-shared", "-fPIC", "loose.c", "-o", &format!("{out}/libloose.so")]);
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=fixed");
    println!("cargo:rustc-link-lib=dylib=loose");
    println!("cargo:rustc-env=MADE_FOR={}", std::env::var("CARGO_PKG_NAME").unwrap());
    println!("cargo:rerun-if-changed=fixed.c");
    println!("cargo:rerun-if-changed=loose.c");
}
"""
BINDINGS = """
extern "C" { fn fixed() -> i32; fn loose() -> i32; }
pub fn sum() -> i32 { unsafe { fixed() + loose() } }
pub fn made_for() -> &'static str { env!("MADE_FOR") }
"""


def test_native_libraries(workshop: Workshop, tmp_path: Path) -> None:
    """What build scripts make is linked, found at run time, and made anew when its source changes."""
    root = crate(
        tmp_path,
        "native-sys",
        BINDINGS,
        'links = "fixed"\nbuild = "build.rs"\n',
        **{
            "build.rs": NATIVE,
            "fixed.c": "int fixed(void) { return 40; }",
            "loose.c": "int loose(void) { return 2; }",
        },
    )
    language = workshop.open_rust(workshop.rust({"native-sys": {"path": "../native-sys"}}))
    code = 'println!("{} {}", native_sys::sum(), native_sys::made_for());'

    assert "42 native-sys\n" == workshop.stdout(language, code)
    write(root, {"loose.c": "int loose(void) { return 3; }"})
    language.survey()
    assert "43 native-sys\n" == workshop.stdout(language, code)


MACROS = """
extern crate proc_macro;
use proc_macro::TokenStream;
#[proc_macro_derive(Hello, attributes(hello))]
pub fn hello(_: TokenStream) -> TokenStream { "impl S { fn hello() -> u8 { 1 } }".parse().unwrap() }
#[proc_macro_attribute]
pub fn twice(_: TokenStream, item: TokenStream) -> TokenStream {
    format!("{item} fn second() -> u8 {{ first() }}").parse().unwrap()
}
#[proc_macro]
pub fn four(_: TokenStream) -> TokenStream { "4u8".parse().unwrap() }
"""


def test_procedural_macros(workshop: Workshop, tmp_path: Path) -> None:
    """Derives, attributes and functions; by themselves and by way of a crate that passes them on."""
    crate(tmp_path, "macros", MACROS, "[lib]\nproc-macro = true\n")
    crate(tmp_path, "front", "pub use macros::four;", '[dependencies]\nmacros = { path = "../macros" }\n')
    wanted = {"macros": {"path": "../macros"}, "front": {"path": "../front"}}
    language = workshop.open_rust(workshop.rust(wanted))
    code = """
        #[derive(macros::Hello)] #[hello] struct S;
        #[macros::twice] fn first() -> u8 { 2 }
        println!("{} {} {}", S::hello(), second(), front::four!());
    """

    assert "1 2 4\n" == workshop.stdout(language, code)


# --- Several ----------------------------------------------------------------------------------------------------


def named(name: str, **dependencies: object) -> dict[str, EnvironmentSettings]:
    return {name: EnvironmentSettings(name=name, dependencies=dependencies)}


def local(name: str) -> dict[str, str]:
    return {"path": f"../{name}"}


@dataclass
class Meeting:
    """A Runner in which the first two calls of cargo wait for each other."""

    inner: Any
    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    calls: Iterator[int] = field(default_factory=lambda: iter(range(2)))

    @property
    def tier(self) -> Any:
        return self.inner.tier

    def run(self, command: Any, kind: Any, *, on_output: Any = None) -> Any:
        if Path(command.argv[0]).name == "cargo" and next(self.calls, None) is not None:
            self.barrier.wait(20)
        return self.inner.run(command, kind, on_output=on_output)


def test_several_are_built_at_once(workshop: Workshop, tmp_path: Path) -> None:
    """One cargo does not wait for the other to end; of what they say, lines stay whole; each sample has its own."""
    for name in ("one", "two", "three"):
        crate(tmp_path, name, f'pub const NAME: &str = "{name}";\nfn unused() {{}}')
    environments = {**named("b", said=local("two") | {"package": "two"}), **named("c", three=local("three"))}
    settings = workshop.rust({"said": local("one") | {"package": "one"}}, environments=environments)
    language = workshop.open_rust(settings)
    code = 'println!("{}", said::NAME);'
    samples = [workshop.sample(code, options={"environment": name}) for name in ("default", "b", "c")]

    refused = language.provide([language.plan(sample) for sample in samples], Meeting(workshop.runner))

    assert {} == refused
    assert all(chunk.endswith(b"\n") for chunk in workshop.listener.streamed)
    assert {"one", "two", "three"} <= set(re.findall(r"^ +Compiling (\S+)", streamed(workshop), re.MULTILINE))
    assert "Blocking" not in streamed(workshop)
    assert 3 == streamed(workshop).count("function `unused` is never used")
    language.survey()
    assert ["one\n", "two\n"] == [workshop.stdout(language, code, environment=name) for name in ("default", "b")]
    assert "three\n" == workshop.stdout(language, 'println!("{}", three::NAME);', environment="c")


def test_equal_environments_are_one(workshop: Workshop, tmp_path: Path) -> None:
    """Two names for the same dependencies are no two builds."""
    crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }")
    settings = workshop.rust({"mylib": local("mylib")}, environments=named("same", mylib=local("mylib")))
    language = workshop.open_rust(settings)
    code = 'println!("{}", mylib::one());'

    assert "1\n" == workshop.stdout(language, code, environment="same")
    workshop.runner.commands.clear()
    assert "1\n" == workshop.stdout(language, code)
    assert "cargo" not in workshop.runner.programs()


def test_one_that_does_not_build_is_told_once(workshop: Workshop, tmp_path: Path) -> None:
    """Cargo's message has one cause, names the crate and who needs it; what does not contain it goes on."""
    crate(tmp_path, "broken", "pub fn one() -> u8 { true }")
    crate(tmp_path, "mylib", "pub use broken::one;", '[dependencies]\nbroken = { path = "../broken" }\n')
    crate(tmp_path, "good", "pub fn one() -> u8 { 1 }")
    environments = {
        **named("direct", broken=local("broken")),
        **named("behind", mylib=local("mylib"), good=local("good")),
        **named("good", good=local("good")),
    }
    language = workshop.open_rust(workshop.rust(environments=environments))
    names = ("direct", "behind", "good", "behind", "default")
    samples = [workshop.sample(f"// {i}", options={"environment": name}) for i, name in enumerate(names)]
    actions = [language.plan(sample) for sample in samples]

    refused = language.provide(actions, workshop.runner)

    assert [True, True, False, True, False] == [action.request_key in refused for action in actions]
    [why] = set(refused.values())
    reason = "environments `direct`, `behind` do not build: cargo could not compile `broken` (needed by `mylib`)"
    assert reason == why.reason
    assert 1 == why.detail.count("mismatched types")
    assert "\x1b[" in why.detail
    assert "Compiling" not in why.detail
    assert "Compiling broken" in streamed(workshop)
    assert "mismatched" not in streamed(workshop)
    language.survey()
    assert "1\n" == workshop.stdout(language, 'println!("{}", good::one());', environment="good")


@pytest.mark.parametrize(
    ("more", "files", "reason"),
    [
        ("", {"build.rs": 'fn main() { panic!("no luck") }'}, "cargo could not compile `odd`"),
        ('[dependencies]\ngone = { path = "../gone" }\n', {}, "failed to get `gone` as a dependency"),
        ("[features", {}, "failed to load manifest for dependency `odd`"),
        ("[dependencies]\nx = '/'\n", {}, "failed to load manifest for dependency `odd`"),
    ],
)
def test_what_else_can_be_wrong(
    workshop: Workshop, tmp_path: Path, more: str, files: dict[str, str], reason: str
) -> None:
    """The reason says what is known, and never a folder of this machine; the detail has the rest."""
    crate(tmp_path, "odd", "", more, **files)

    found = workshop.provide(workshop.open_rust(workshop.rust({"odd": local("odd")})), workshop.main)

    assert isinstance(found, Unavailability)
    assert reason in found.reason
    assert str(tmp_path) not in found.reason
    assert "error" in plain(found.detail)


# --- What makes samples run again -------------------------------------------------------------------------------


def test_a_change_concerns_those_environments_that_contain_it(workshop: Workshop, tmp_path: Path) -> None:
    """By way of other local crates, too; what is no source concerns none, unless it is included."""
    crate(tmp_path, "a", "pub fn f() -> u8 { 1 }")
    crate(tmp_path, "b", "pub use c::f;", '[dependencies]\nc = { path = "../c" }\n')
    root = crate(
        tmp_path, "c", 'pub fn f() -> usize { include_str!("../LICENSE").len() }', **{"LICENSE": "22", "README.md": ""}
    )
    (tmp_path / ".git").mkdir()  # all of it is one checkout
    environments = {**named("a", a=local("a")), **named("b", b=local("b")), **named("ab", a=local("a"), b=local("b"))}
    language = workshop.open_rust(workshop.rust(environments=environments))
    code = 'println!("{}", 1);'
    names = ("default", "a", "b", "ab")
    for name in names:
        workshop.stdout(language, code, environment=name)

    def keys() -> dict[str, str | None]:
        language.survey()
        return {name: language.plan(workshop.sample(code, options={"environment": name})).key for name in names}

    before = keys()
    for file, text, concerned in (
        ("README.md", "prose", set()),
        ("CHANGELOG.md", "prose", set()),
        ("tests/t.rs", "#[test] fn t() {}", set()),
        ("examples/e.rs", "fn main() {}", set()),
        ("docs/x.rs", "not Rust", set()),
        ("LICENSE", "333", {"b", "ab"}),
        ("src/lib.rs", "pub fn f() -> usize { 4 }", {"b", "ab"}),
        ("../a/src/lib.rs", "pub fn f() -> u8 { 5 }", {"a", "ab"}),
    ):
        write(root, {file: text})
        after = keys()
        assert concerned == {name for name in names if before[name] != after[name]}, file
        before = after
    assert "4\n" == workshop.stdout(language, 'println!("{}", b::f());', environment="ab")


def test_without_a_lock_file_the_newest_versions_are_taken(workshop: Workshop, private: Any) -> None:
    """Whatever was built before on this machine; deleting it is the way to update."""
    keys = {"package": "util", "version": "<2", "registry": "mine"}
    kept = workshop.project / ".cache/environments/default"
    code = 'println!("{}", util::VERSION);'
    workshop.provide(workshop.open_rust(private({"util": {**keys, "version": "=1.0.0"}})), workshop.main)
    assert "1.0.0\n" == workshop.stdout(workshop.open_rust(private({"util": keys})), code)

    (kept / "Cargo.lock").unlink()
    assert "1.1.0\n" == workshop.stdout(workshop.open_rust(private({"util": keys})), code)


def test_sources_that_are_not_in_src(workshop: Workshop, tmp_path: Path) -> None:
    """What rustc has read counts wherever it is; other Rust files beside a crate do not."""
    files = {
        "lib.rs": '#[path = "docs/shown.rs"]\nmod shown;\npub use shown::f;',
        "docs/shown.rs": "pub fn f() -> u8 { 1 }",
    }
    manifest = package("mylib", more='[lib]\npath = "lib.rs"\n')
    root = write(tmp_path / "mylib", {"Cargo.toml": manifest, **files})
    language = workshop.open_rust(workshop.rust({"mylib": local("mylib")}))
    code = 'println!("{}", mylib::f());'
    assert "1\n" == workshop.stdout(language, code)
    before = language.plan(workshop.main).key

    write(root, {"scripts/other.rs": "fn main() {}", "docs/other.rs": "fn main() {}"})
    language.survey()
    assert before == language.plan(workshop.main).key
    write(root, {"docs/shown.rs": "mod more;\npub use more::f;", "docs/more.rs": "pub fn f() -> u8 { 2 }"})
    language.survey()
    assert "2\n" == workshop.stdout(language, code)
    before = language.plan(workshop.main).key
    write(root, {"docs/more.rs": "pub fn f() -> u8 { 3 }"})
    language.survey()
    assert before != language.plan(workshop.main).key
    assert {root / "docs/more.rs", root / "lib.rs"} <= set(language.watched())


def test_branches_of_the_documentation(workshop: Workshop, private: Any) -> None:
    """Who goes back to dependencies that were there before, or to their lock file, needs no cargo."""
    one, two = ({"util": {"version": version, "registry": "mine"}} for version in ("1", "=1.0.0"))
    code = 'println!("{}", util::VERSION);'
    lock = workshop.project / ".cache/environments/default/Cargo.lock"
    keys, locks = [], []
    for dependencies, said in ((one, "1.1.0"), (two, "1.0.0")):
        language = workshop.open_rust(private(dependencies))
        assert f"{said}\n" == workshop.stdout(language, code)
        keys.append(language.plan(workshop.main).key)
        locks.append(lock.read_text())
    workshop.runner.commands.clear()

    for dependencies, said, key in ((one, "1.1.0", keys[0]), (two, "1.0.0", keys[1])):
        language = workshop.open_rust(private(dependencies))
        assert key == language.plan(workshop.main).key
        assert f"{said}\n" == workshop.stdout(language, code)
    assert "cargo" not in workshop.runner.programs()

    # The same dependencies under two lock files, as two checkouts may have committed them.
    language = workshop.open_rust(private({"util": {"version": "^1", "registry": "mine"}}))
    assert "1.0.0\n" == workshop.stdout(language, code), "what was locked stays locked"
    for number, (text, said) in enumerate(zip(locks * 2, ("1.1.0", "1.0.0") * 2, strict=True)):
        workshop.runner.commands.clear()
        lock.write_text(text)
        language = workshop.open_rust(private({"util": {"version": "^1", "registry": "mine"}}))
        assert f"{said}\n" == workshop.stdout(language, code)
        assert (number == 0) == ("cargo" in workshop.runner.programs()), number

    # To cargo nothing is new then; nevertheless it must tell how this one is compiled, and not the one before.
    manifests = (workshop.environment_dir / "rust").glob("*/*/Cargo.toml")
    [home] = [path.parent for path in manifests if '"^1"' in path.read_text()]
    for text, said in zip(locks, ("1.1.0", "1.0.0"), strict=True):
        for state in home.glob("built/*.json"):
            state.unlink()
        lock.write_text(text)
        language = workshop.open_rust(private({"util": {"version": "^1", "registry": "mine"}}))
        assert f"{said}\n" == workshop.stdout(language, code)


def test_a_frozen_build_starts_nothing(project: Any, tmp_path: Path) -> None:
    """Neither rustc nor cargo is asked anything, whether the outcome is stored or not."""
    write(project.root / "tally", {"Cargo.toml": package("tally"), "src/lib.rs": "pub const N: u8 = 7;"})
    project.configure({"languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}}}})
    page = '```rust exec\nprintln!("{}", tally::N);\n```\n'
    project.page(page)
    assert 0 == project.build().status
    called = tmp_path / "called"
    for name in ("cargo", "rustc", "rustup"):
        shim = write(tmp_path / "bin", {name: f"#!/bin/sh\necho {name} >> {called}\n"}) / name
        shim.chmod(0o755)
    frozen = {"CODEEXEC_EXECUTE": "frozen", "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}

    built = project.build(env=frozen)
    assert {"samples": 1, "cached": 1, "met": 1} == built.counts, built.log
    assert [("stdout", "7")] == project.streams()

    write(project.root / "tally", {"src/lib.rs": "pub const N: u8 = 8;"})
    built = project.build(env=frozen)
    assert {"samples": 1, "error": 1} == built.counts, built.log
    assert not called.exists()
