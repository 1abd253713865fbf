"""What of the machine samples and builds may reach: by the values that say so, and by real children in each tier."""

from __future__ import annotations

import os
import socket
import sys
import threading
import tomllib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import crate, write

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.confinement import Limits, SandboxMode, Tier
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.languages import BUILTIN, interpreter, open_languages
from mkdocs_codeexec.languages.grants import MANY, Grants
from mkdocs_codeexec.languages.rust.environments import bounds, configuration, fetching, reach
from mkdocs_codeexec.languages.rust.environments.capture import Arguments
from mkdocs_codeexec.languages.rust.environments.manifest import toml
from mkdocs_codeexec.languages.rust.environments.transcript import passes
from mkdocs_codeexec.languages.toolchain import Toolchain
from mkdocs_codeexec.languages.views import installation, outermost
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.workshop import Workshop

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.settings import NetworkPolicy

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

RUSTUP = os.environ.get("RUSTUP_HOME") or str(Path("~/.rustup").expanduser())


# --- Folders of the author ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (["a", "src/b"], [""]),
        (["src/.hidden"], []),
        (["src/.hidden", "src/b", "c/d"], ["c", "src/b"]),
        ([".git/config", "a", "src/b"], ["a", "src"]),
        ([".env", "a"], ["a"]),
        ([".git/config"], []),
        (["a/b/c/d/.env", "a/b/c/d/e", "a/b/f", "a/g/h"], ["a/b/c/d/e", "a/b/f", "a/g"]),
        (["a", "target/CACHEDIR.TAG", "target/debug/.x", "target/y"], ["a"]),
        (["a", "node_modules/b/c"], ["a"]),
        ([".gitignore", "a", "src/.gitkeep", "src/b"], [""]),
        ([".gitignore/a", "src/.gitkeep", "src/b"], ["src"]),
        ([".gitignore", ".env", "src/b"], ["src"]),
    ],
)
def test_a_folder_is_seen_without_what_is_hidden_in_it(workshop: Workshop, files: list[str], seen: list[str]) -> None:
    """However deep. A plain one is seen as itself, others as their entries; without what a tool can make again."""
    root = write(workshop.settings().project_dir / "x", dict.fromkeys(files, ""))

    assert [str(root / name).rstrip("/") for name in seen] == list(Grants(workshop.settings(), "rust").views(root))


def test_a_file_is_seen_as_itself_and_what_is_not_there_not_at_all(workshop: Workshop) -> None:
    """Whatever it is called: it was named."""
    root = write(workshop.settings().project_dir, {".env": ""})
    grants = Grants(workshop.settings(), "rust")

    assert (str(root / ".env"),) == grants.views(root / ".env")
    assert () == grants.views(root / "none")


def test_of_folders_the_outermost_are_named(tmp_path: Path) -> None:
    """Sorted, each once, and only if they exist; a name that begins as another's is not within it."""
    write(tmp_path, {"a/b/c": "", "a-b/c": "", "ab": ""})
    paths = [tmp_path / name for name in ("ab", "a/b", "a", "none", "a/b/c", "a-b/c", "a/../a")]

    assert [str(tmp_path / name) for name in ("a-b/c", "a", "ab")] == list(outermost(paths))
    assert ("/",) == outermost(["/", tmp_path])


def test_what_the_configuration_names_is_seen(workshop: Workshop, tmp_path: Path) -> None:
    """Matches of inputs one by one, unless they are very many, and `readable` as it is."""
    settings = workshop.settings()
    root = write(
        settings.project_dir,
        {"few/a": "", "few/.b": "", **{f"many/{number}": "" for number in range(MANY + 1)}, "many/.c": ""},
    )
    write(tmp_path, {"elsewhere/d": ""})
    names = [*(f"many/{number}" for number in range(MANY + 1)), "few/a", "few/.b", "../elsewhere/d"]

    grants = Grants(settings, "rust", [root / "few/.b"], ["few/*a", "many/*", "../elsewhere/*"])

    assert {os.path.normpath(root / name) for name in names} == set(outermost(grants.given()))


# --- Programs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "real", "seen"),
    [
        ("opt/x/bin/tool", None, ["opt/x"]),
        ("opt/x/tool", None, ["opt/x"]),
        ("shims/tool", "opt/x/bin/tool", ["opt/x", "shims"]),
        ("home/bin/tool", None, ["home/bin"]),
        ("home/tool", None, ["home/tool"]),
        ("home/.local/bin/tool", None, ["home/.local/bin"]),
        ("home/.local/bin/tool", "home/.local/share/pipx/venvs/t/bin/tool", ["home/.local/bin", "home/.local/share/pipx/venvs/t"]),
        ("home/.cargo/bin/tool", None, ["home/.cargo/bin"]),
        ("bin/tool", None, ["bin"]),
        ("home/.nvm/v20/bin/node", None, ["home/.nvm/v20"]),
    ],
)  # fmt: skip
def test_a_program_is_seen_with_what_it_is_installed_with(
    workshop: Workshop, tmp_path: Path, program: str, real: str | None, seen: list[str]
) -> None:
    """Of a home directory, and of what holds one, never more than the folder of the program."""
    write(tmp_path, {real or program: ""})
    if real:
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).symlink_to(tmp_path / real)
    settings = workshop.settings(host_env={"HOME": str(tmp_path / "home")})

    assert [str(tmp_path / name) for name in seen] == list(outermost(installation(tmp_path / program, settings)))


def test_the_system_is_there_anyway(workshop: Workshop) -> None:
    """Nothing of it needs to be named."""
    assert [] == list(installation(Path("/usr/bin/env"), workshop.settings()))
    assert [] == list(installation(Path("/usr/local/x/bin/tool"), workshop.settings()))


def test_python_is_seen_with_what_is_installed_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its library, its packages, projects installed in place; not the current folder, nor what is hidden in a project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "scripts"))
    project = write(tmp_path / "project", {".git/config": "", ".env": "", "src/mine/__init__.py": ""})
    url = f'{{"url": "file://{project}", "dir_info": {{"editable": true}}}}'
    packages = write(
        tmp_path / "packages",
        {
            "mine-1.dist-info/direct_url.json": url,
            "other-1.dist-info/direct_url.json": url.replace("true", "false").replace("project", "other"),
            "a.pth": f"# a comment\nimport this\n{tmp_path / 'further'}\nnone\n",
        },
    )
    (tmp_path / "further").mkdir()
    monkeypatch.setattr("site.getsitepackages", lambda: [str(packages)])

    found = outermost(interpreter.folders())

    assert {str(packages), str(tmp_path / "further"), str(project / "src")} == {
        path for path in found if Path(path).is_relative_to(tmp_path)
    }
    for needed in (os.__file__, os.path.realpath(sys.executable)):
        assert any(Path(needed).is_relative_to(path) for path in found) or needed.startswith("/usr")


# --- cargo's configuration ------------------------------------------------------------------------------------------


def merged(workshop: Workshop, files: dict[str, str], **env: str) -> Any:
    write(workshop.root, files)
    host = {"HOME": str(workshop.root / "home"), **env}
    found = configuration.configuration(workshop.rust(host_env=host))
    assert found == tomllib.loads(toml(found))
    return found


def test_configurations_of_cargo_are_one(workshop: Workshop) -> None:
    """Nearer files win, lists are joined, and paths start where their files are, whoever includes them."""
    files = {
        "home/.cargo/config.toml": '[build]\nrustflags = ["-Ca"]\ntarget = "x"\n[source.v]\ndirectory = "vendor"\n',
        ".cargo/config": '[build]\nrustflags = ["-Cb"]\ntarget = "y"\n',
        ".cargo/config.toml": '[build]\nrustflags = ["-Cnever"]\n',
        "project/.cargo/config.toml": 'include = ["more.toml", { path = "none.toml", optional = true }]\npaths = ["over"]\n'
        '[target.t]\nlinker = "bin/ld"\n[target.u]\nlinker = "clang"\n[env]\nA = { value = "x", relative = true }\nB = "x"\n',
        "project/.cargo/more.toml": '[build]\nrustflags = ["-Cc"]\n[patch.crates-io]\nu = { path = "u" }\n',
    }
    root, project = str(workshop.root), str(workshop.project)

    found = merged(workshop, files)

    assert {"rustflags": ["-Ca", "-Cb", "-Cc"], "target": "y"} == found["build"]
    assert {"v": {"directory": f"{root}/home/vendor"}} == found["source"]
    assert [f"{project}/over"] == found["paths"]
    assert {"crates-io": {"u": {"path": f"{project}/u"}}} == found["patch"]
    assert {"t": {"linker": f"{project}/bin/ld"}, "u": {"linker": "clang"}} == found["target"]
    assert {"A": {"value": f"{project}/x"}, "B": "x"} == found["env"]


def test_no_secret_of_a_configuration_is_passed_on(workshop: Workshop) -> None:
    """Tokens, and what gets them; proxies; a variable that says otherwise stays the stronger one."""
    text = (
        '[registry]\ntoken = "SECRET"\ndefault = "mine"\nglobal-credential-providers = ["SECRET"]\n'
        '[registries.mine]\nindex = "https://a"\ntoken = "SECRET"\nsecret-key = "SECRET"\ncredential-provider = ["SECRET"]\n'
        '[registries.other-one]\nindex = "https://b"\n[http]\nproxy = "u:SECRET@p"\n[net]\nretry = 3\n'
        '[credential-alias]\na = ["SECRET"]\n'
    )

    found = merged(
        workshop, {"home/.cargo/config.toml": text}, CARGO_REGISTRIES_MINE_INDEX="https://c", CARGO_REGISTRY_TOKEN="x"
    )

    assert "SECRET" not in repr(found)
    assert {"registry": {"default": "mine"}, "registries": {"mine": {}, "other-one": {"index": "https://b"}}} == found


@pytest.mark.parametrize("text", ["not TOML", "[build", "", 'include = ["config.toml"]\n'])
def test_a_configuration_that_is_none(workshop: Workshop, text: str) -> None:
    """It is cargo's to complain of, and reading it ends."""
    assert {} == merged(workshop, {"home/.cargo/config.toml": text})


# --- Fetching -------------------------------------------------------------------------------------------------------

FAILED = "error: failed to get `itoa` as a dependency of package `e v0.0.0 (/e)`\n\nCaused by:\n  "


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("[6] Could not resolve hostname (Could not resolve host: x.invalid)", True),
        ("[7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms)", True),
        ("failed to get successful HTTP response from `https://x` (1.2.3.4), got 503\n  body:", True),
        ("failed to connect to 127.0.0.1: Connection refused; class=Os (2)", True),
        ("failed to resolve address for x.invalid: Name or service not known; class=Net (12)", True),
        ("failed to get successful HTTP response from `https://x` (1.2.3.4), got 404\n  body:", False),
        ("failed to resolve path '/x': No such file or directory; class=Os (2)", False),
        ("revision a not found; class=Reference (4); code=NotFound (-3)", False),
        ("attempting to make an HTTP request, but --offline was specified", False),
    ],
)
def test_what_may_be_otherwise_in_a_moment(said: str, again: bool) -> None:
    """The network and servers in trouble; not what is missing, and not what cargo has got over by itself."""
    assert again == passes(f"    Updating index\n\x1b[1m\x1b[91m{FAILED[:5]}\x1b[0m{FAILED[5:]}{said}\n")
    assert not passes(f"warning: spurious network error (2 tries remaining): {said}\n{FAILED}no such package")


class Failing(BaseHTTPRequestHandler):
    """A registry that is out of order for the first `left` requests, and then has nothing."""

    left: int
    asked: int

    def do_GET(self) -> None:
        type(self).asked += 1
        type(self).left -= 1
        self.send_response(503 if self.left >= 0 else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("out_of_order", "tries"), [(9, 3), (1, 2), (0, 1)])
def test_a_registry_is_asked_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, out_of_order: int, tries: int
) -> None:
    """Twice at most, later each time, and only for what may pass."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        Failing.left, Failing.asked = out_of_order, 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = (
            '[source.crates-io]\nreplace-with = "other"\n[net]\nretry = 0\n'
            f'[source.other]\nregistry = "sparse+http://127.0.0.1:{server.server_port}/"\n'
        )
        write(workshop.project, {".cargo/config.toml": config})
        host = {"PATH": os.environ["PATH"], "HOME": str(workshop.root), "RUSTUP_HOME": RUSTUP, "no_proxy": "127.0.0.1"}

        found = workshop.provide(workshop.open_rust(workshop.rust({"itoa": "1"}, host_env=host)), workshop.main)
        server.shutdown()

    assert isinstance(found, Unavailability), found
    assert tries == Failing.asked == workshop.runner.programs().count("cargo")
    pauses = [seconds for seconds in waited if seconds > 0.1]  # shorter ones are of whoever ends processes
    assert [True] * (tries - 1) == [
        wait / 2 <= seconds <= wait for seconds, wait in zip(pauses, fetching.WAITS, strict=False)
    ]
    assert tries - 1 == sum("was not reached" in said for said in workshop.listener.said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root builds as another user")
def test_packages_that_only_their_owner_may_read(workshop: Workshop, tmp_path: Path) -> None:
    """Others may read them afterwards, where root has unpacked them; what is not named stays as it is."""
    lock = '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://x"\n\n[[package]]\nname = "l"\nversion = "1.0.0"\n'
    home = tmp_path / "home/.cargo/registry/src/index"
    files = {"a-1.0.0/src/lib.rs": "", "a-1.0.0/run": "", "l-1.0.0/lib.rs": ""}
    write(home, files)
    for name, mode in zip(files, (0o640, 0o750, 0o600), strict=True):
        (home / name).chmod(mode)
    (home / "a-1.0.0/src").chmod(0o700)
    (home / "a-1.0.0/link").symlink_to(home / "l-1.0.0/lib.rs")

    fetching.let_read(lock, workshop.settings(host_env={"HOME": str(tmp_path / "home")}))

    modes = {name: (home / name).stat().st_mode & 0o777 for name in (*files, "a-1.0.0/src")}
    assert [0o644, 0o755, 0o600, 0o705] == list(modes.values())


def test_a_package_that_is_the_root_of_a_workspace(workshop: Workshop, tmp_path: Path) -> None:
    """Its sources are seen, without which cargo refuses to read its manifest; nothing elsewhere that it names."""
    elsewhere = ["../secret", "/etc/passwd", ".env", "link.rs"]
    targets = "".join(f'[[bin]]\nname = "b{at}"\npath = "{name}"\n' for at, name in enumerate(elsewhere))
    more = f'[workspace]\nmembers = ["m"]\n[lib]\npath = "lib.rs"\n{targets}'
    root = crate(tmp_path, "w", "", more, **{"lib.rs": "", ".env": "", "docs/a.md": "", "tests/t.rs": "", "src/.b": ""})
    crate(root, "m")
    write(tmp_path, {"secret": ""})
    (root / "link.rs").symlink_to(tmp_path / "secret")

    grants = Grants(workshop.rust({"m": {"path": str(root / "m")}}), "rust")
    seen = reach.to_compile(grants, Toolchain("rustc"), None, Arguments(local=(str(root / "m"),))).readable

    ours = {Path(path).relative_to(tmp_path).as_posix() for path in seen if Path(path).is_relative_to(tmp_path)}
    assert {f"w/{name}" for name in ("Cargo.toml", "lib.rs", "m", "src/lib.rs", "tests")} == ours


# --- Building -------------------------------------------------------------------------------------------------------

CURIOUS = """
use std::{env, fs, net::TcpStream, path::Path};
fn main() {
    let ours = Path::new(&env::var("CODEEXEC_CAPTURED").unwrap()).parent().unwrap().parent().unwrap().to_path_buf();
    let tried = [
        ("token", env::var("CARGO_REGISTRIES_X_TOKEN").is_ok() || env::var("SSH_AUTH_SOCK").is_ok()),
        ("proxy", env::var("HTTPS_PROXY").is_ok()),
        ("home", env::var("HOME").unwrap() == "@HOME@" || env::var("CARGO_HOME").unwrap().starts_with("@HOME@")),
        ("canary", fs::read_to_string("@HOME@/canary").is_ok()),
        ("credentials", fs::read_to_string("@HOME@/.cargo/credentials.toml").is_ok()),
        ("repositories", fs::read_to_string("@HOME@/.cargo/git/checkouts/other-1/abc/lib.rs").is_ok()),
        ("registries", fs::read_to_string("@HOME@/.cargo/registry/src/other-1/x-1.0.0/lib.rs").is_ok()),
        ("history", fs::read_to_string(".git/config").is_ok() || fs::read_to_string(".env").is_ok()),
        ("network", TcpStream::connect("127.0.0.1:@PORT@").is_ok()),
        ("lock", fs::OpenOptions::new().append(true).open(ours.join("Cargo.lock")).is_ok()),
        ("wrapper", fs::OpenOptions::new().append(true).open(ours.join("capture")).is_ok()),
        ("sources", fs::write("src/more.rs", "").is_ok()),
    ];
    fs::write(Path::new(&env::var("HOME").unwrap()).join("mine"), "").unwrap();
    fs::write(env::temp_dir().join("mine"), "").unwrap();
    let done: Vec<_> = tried.iter().filter(|one| one.1).map(|one| one.0).collect();
    println!("cargo::rustc-env=DONE={}", done.join(" "));
}
"""
"""It does not say what it reads: all of its package may matter then, which is noted for the next build."""


def confined(workshop: Workshop, tier: Tier) -> Children:
    """Return children of `tier`; skips the test where there is no such tier, or none that reaches the toolchain."""
    closed = [path for path in Path(RUSTUP).parents if not path.stat().st_mode & 0o001]
    if os.geteuid() == 0 and tier in ("landlock", "limits") and closed:
        pytest.skip(f"only root may enter {closed[0]}")
    children = Children("off" if tier == "off" else "auto", path=os.environ["PATH"], tiers=(tier,))
    if children.tier != tier:
        children.close()
        pytest.skip(f"there is no `{tier}` here: {children.told}")
    workshop.runner.children = children
    return children


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "limits", "off"])
def test_a_build_reaches_nothing_that_it_does_not_need(workshop: Workshop, tmp_path: Path, tier: Tier) -> None:
    """Build scripts see neither home, secrets, history nor network, and write to folders of their own alone."""
    home = write(tmp_path / "home", {"canary": "", ".cargo/credentials.toml": '[registries.x]\ntoken = "t"\n'})
    write(home / ".cargo", {"git/checkouts/other-1/abc/lib.rs": "", "registry/src/other-1/x-1.0.0/lib.rs": ""})
    root = crate(tmp_path, "curious", 'pub const DONE: &str = env!("DONE");', **{".git/config": "", ".env": ""})
    host = {"PATH": os.environ["PATH"], "HOME": str(home), "RUSTUP_HOME": RUSTUP, "HTTPS_PROXY": "http://u:p@x"}
    host |= {"CARGO_REGISTRIES_X_TOKEN": "t", "SSH_AUTH_SOCK": str(tmp_path / "socket")}
    settings = workshop.rust({"curious": {"path": "../curious"}}, host_env=host)
    settings = replace(settings, environment_dir=tmp_path / "environments")
    with socket.create_server(("127.0.0.1", 0)) as server, confined(workshop, tier):
        port = server.getsockname()[1]
        write(root, {"build.rs": CURIOUS.replace("@HOME@", str(home)).replace("@PORT@", str(port))})
        for number in range(2):
            write(root, {"src/lib.rs": f'pub const DONE: &str = env!("DONE"); // {number}'})
            code = f'print!("{{}}", curious::DONE); // {number}'
            outcome = workshop.execute(workshop.open_rust(settings), workshop.sample(code))

            assert [Exited(0), Exited(0)] == [step.ended for step in outcome.steps], outcome
            done = set(outcome.steps[-1].stdout.split())
            assert set() == done & {"token", "proxy", "home"}
            if tier in ("bubblewrap", "landlock"):
                assert set() == done
    builds = [command for command in workshop.runner.commands if "build" in command.argv]
    assert all("--offline" in command.argv and command.access is not None for command in builds)
    assert [bounds.limits(settings)] * len(builds) == [command.limits for command in builds]
    [building] = (tmp_path / "environments").glob("rust/*/*/building")
    assert [] == list(building.iterdir())


def test_what_is_built_without_a_sandbox_is_not_where_confined_code_writes(workshop: Workshop, tmp_path: Path) -> None:
    """By turns, each goes on from what was built as it builds: nothing of one is in the way of the other, or is started by it."""
    crate(tmp_path, "mylib", 'pub const N: &str = "n";')
    settings = replace(workshop.rust({"mylib": {"path": "../mylib"}}), environment_dir=tmp_path / "environments")
    for number, tier in enumerate(("off", "bubblewrap", "off", "bubblewrap")):
        with confined(workshop, tier):  # type: ignore[arg-type]
            (tmp_path / "mylib/src/lib.rs").write_text(f'pub const N: &str = "{number}";')
            own = replace(settings, sandbox="off" if tier == "off" else "auto")
            assert f"{number}\n" == workshop.stdout(workshop.open_rust(own), f'println!("{{}}", mylib::N); // {number}')

    targets = list((tmp_path / "environments").glob("rust/*/target"))
    owners = [{path.lstat().st_uid for path in (target, *target.rglob("*"))} for target in targets]
    assert 2 == len(targets)
    assert all(len(one) == 1 for one in owners)


def test_fetching_has_what_building_lacks(workshop: Workshop, tmp_path: Path) -> None:
    """The user's home, tokens and proxies are for the one cargo that executes nothing."""
    home = write(tmp_path / "home", {".cargo/config.toml": ""})
    crate(tmp_path, "mylib")
    secrets = {"CARGO_REGISTRIES_X_TOKEN": "t", "SSH_AUTH_SOCK": "/s", "HTTPS_PROXY": "http://x", "HOME": str(home)}
    host = {"PATH": os.environ["PATH"], "RUSTUP_HOME": RUSTUP, "RUSTFLAGS": "--nonsense", **secrets}
    settings = workshop.rust({"mylib": {"path": "../mylib"}}, host_env=host)
    assert isinstance(workshop.provide(workshop.open_rust(settings), workshop.main), Action)

    [fetch, *builds] = [one for one in workshop.runner.commands if Path(one.argv[0]).name == "cargo"]

    assert secrets.items() <= fetch.env.items()
    assert fetch.access is not None
    assert (True, Path("/"), True) == (fetch.own, fetch.cwd, fetch.access.network)
    assert {str(home / ".cargo"), str(Path(fetch.argv[fetch.argv.index("--manifest-path") + 1]).parent)} == set(
        fetch.access.writable
    )
    assert "metadata" in fetch.argv
    assert builds
    for build in builds:
        assert secrets.keys() & build.env.keys() == {"HOME"}
        assert str(home) not in "".join(build.env.values())
        access = build.access
        assert access is not None
        assert list(access.readable) == sorted(access.readable)
        assert {build.env["HOME"], build.argv[build.argv.index("--target-dir") + 1]} == set(access.writable)
        assert not any(Path(path).is_relative_to(home) for path in access.readable)
        assert str(tmp_path / "mylib") in access.readable


def test_a_build_reaches_what_its_packages_include(workshop: Workshop, tmp_path: Path) -> None:
    """The manifests of workspaces above, and files of the same checkout that a source names, unless they are hidden."""
    write(
        tmp_path / "w",
        {
            ".git/config": "secret",
            "Cargo.toml": '[workspace]\nmembers = ["m"]\n[workspace.package]\nversion = "1.0.0"\n',
            "data.txt": "data",
            "m/Cargo.toml": '[package]\nname = "m"\nversion.workspace = true\nedition = "2021"\n',
            "m/src/lib.rs": 'pub const A: &str = include_str!("../../data.txt"); // include_str!("../../.git/config")\n',
        },
    )
    write(tmp_path, {"outside": ""})
    (tmp_path / "w/m/src/lib.rs").open("a").write('// include_str!("../../../outside")')
    language = workshop.open_rust(workshop.rust({"m": {"path": "../w/m"}}))
    assert "data" == workshop.execute(language, workshop.sample('print!("{}", m::A);')).steps[-1].stdout

    seen = {
        os.path.relpath(path, tmp_path)
        for command in workshop.runner.commands
        for path in (command.access.readable if "build" in command.argv else ())
        if Path(path).is_relative_to(tmp_path)
    }
    assert {"w/Cargo.toml", "w/data.txt", "w/m"} == seen


# --- Samples --------------------------------------------------------------------------------------------------------


def test_samples_of_one_environment_reach_the_same(workshop: Workshop, tmp_path: Path) -> None:
    """Compilers and programs, each time: what exists of toolchain, libraries, sources, and what is named."""
    root = crate(tmp_path, "mylib", "pub fn one() -> u8 { 1 }", **{".env": ""})
    write(workshop.project, {"data/a.csv": "", "more/b": ""})
    readable = (workshop.project / "more", tmp_path / "none")
    settings = workshop.rust({"mylib": {"path": "../mylib"}}, inputs=("data/*.csv",), readable=readable)
    for _ in range(2):
        workshop.execute(workshop.open_rust(settings), workshop.sample('print!("{}", mylib::one());'))

    found = {
        one.access
        for one in workshop.runner.commands
        if one.access is not None and not one.own and "build" not in one.argv
    }

    [access] = found
    paths = set(access.readable)
    own = {str(root / "Cargo.toml"), str(root / "src"), str(workshop.project / "data/a.csv"), str(readable[0])}
    assert own == {path for path in paths if Path(path).is_relative_to(tmp_path)}
    assert all(Path(path).exists() for path in paths)
    # Libraries of its own, not the directory that other sites share.
    assert not any(path.endswith("/target") for path in paths)
    [libraries] = [path for path in paths if Path(path).parent.name == "built"]
    assert {"libmylib"} == {path.name.partition("-")[0] for path in Path(libraries).iterdir()}
    assert list(access.readable) == sorted(paths)
    assert not any(path.endswith(("/.cargo", "/.git", "/.env")) for path in paths)
    assert () == access.writable


def test_a_plain_environment_needs_the_toolchain_alone(workshop: Workshop) -> None:
    """Nothing of the user's is in sight."""
    workshop.execute(workshop.open_rust(workshop.rust()), workshop.main)

    [access] = {command.access for command in workshop.runner.commands if command.access is not None}
    homes = {command.argv[0] for command in workshop.runner.commands if command.access is not None}
    [compiler] = [Path(path) for path in homes if Path(path).name == "rustc"]
    assert str(compiler.parent.parent) in access.readable
    assert not any(path.endswith(("/target", "/registry/src")) for path in access.readable)


def test_scripts_reach_their_program_and_what_is_named(workshop: Workshop, tmp_path: Path) -> None:
    """A program beside mkdocs.yml is seen alone, a cache of Go can be written to."""
    tools = write(workshop.project, {"tool": '#!/bin/sh\nsh "$@"\n', "secret": "", "data": ""})
    (tools / "tool").chmod(0o755)
    go = write(tmp_path / "go/bin", {"go": '#!/bin/sh\n[ "$1" = version ] || touch "$GOCACHE/made"\n'}) / "go"
    go.chmod(0o755)
    host = {"PATH": f"{go.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    scripts = {
        "own": {"command": ("./tool", "{file}"), "inputs": ("data",)},
        "go": {"command": ("go", "run", "{file}"), "extension": "go"},
        "sh": {"command": ("sh", "{file}")},
    }
    found: dict[str, Any] = {}
    for name, script in scripts.items():
        settings = replace(workshop.script(name=name, **script), host_env=host, environment_dir=tmp_path / "e")
        workshop.runner.commands.clear()
        step = workshop.execute(open_languages(settings, workshop.listener)[name], workshop.sample("true", name)).steps[
            -1
        ]
        assert Exited(0) == step.ended, step
        found[name] = workshop.runner.commands[-1].access

    assert ((str(tools / "data"), str(tools / "tool")), ()) == (found["own"].readable, found["own"].writable)
    assert ((str(tmp_path / "go"),), (str(tmp_path / "e/go-build"),)) == (found["go"].readable, found["go"].writable)
    assert (tmp_path / "e/go-build/made").exists()
    assert ((), ()) == (found["sh"].readable, found["sh"].writable)


def test_python_samples_reach_their_packages(workshop: Workshop) -> None:
    """And those of the interpreter; the same each time."""
    language = open_languages(workshop.settings(scripts={"python": BUILTIN["python"]}), workshop.listener)["python"]
    for _ in range(2):
        outcome = workshop.execute(language, workshop.sample("import markdown, mkdocs_codeexec", "python"))
        assert Exited(0) == outcome.steps[-1].ended, outcome

    first, second = (command.access for command in workshop.runner.commands)

    assert first == second
    assert str(Path(sys.prefix)) in first.readable or sys.prefix.startswith("/usr")


HOSTILE = """
use std::os::unix::fs::PermissionsExt;
let _ = std::fs::set_permissions("sample", std::fs::Permissions::from_mode(0o600));
let _ = std::fs::write("sample", "");
let _ = std::fs::rename("sample", "other");
let _ = std::fs::write("other", "");
println!("@NUMBER@");
"""


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "limits"])
def test_samples_of_one_program_do_not_reach_each_other(workshop: Workshop, tier: Tier) -> None:
    """Whatever a sample does to the file that it runs, its neighbours run it as it was built."""
    language = workshop.open_rust(workshop.rust())
    samples = [workshop.sample(HOSTILE.replace("@NUMBER@", str(number))) for number in range(6)]
    found: dict[str, str] = {}
    with confined(workshop, tier) as children:
        workshop.provide(language, workshop.main)
        actions = [language.plan(sample) for sample in samples]
        assert [6] == [len(batch) for batch in language.batches(actions)]

        def finish(action: Action, outcome: Outcome) -> Sequence[Action]:
            found[action.request_key] = outcome.steps[-1].stdout
            return ()

        path = os.environ["PATH"]
        ParallelExecutor(children, {"rust": language}, jobs=1, total_timeout=None, path=path).run(actions, finish)

    assert [f"{number}\n" for number in range(6)] == [found[action.request_key] for action in actions]


@pytest.mark.parametrize(("sandbox", "sizes"), [("auto", [6]), ("required", [6]), ("strict", [1] * 6)])
def test_strict_has_samples_share_no_program(workshop: Workshop, sandbox: SandboxMode, sizes: list[int]) -> None:
    """A sample could speak for all that are in its program: where nobody has read them, each has one of its own."""
    rust = open_languages(replace(workshop.rust(), sandbox=sandbox), workshop.listener)["rust"]
    samples = [workshop.sample(f'println!("{number}");') for number in range(6)]
    actions = [workshop.provide(rust, sample) for sample in samples]

    assert sizes == [len(batch) for batch in rust.batches(actions)]


LIMITS, BUILD_LIMITS = Limits(memory=100), Limits(memory=200)


@pytest.mark.parametrize(
    ("network", "asked", "wanted"),
    [
        *(("false", None, False), ("false", True, False), ("false", False, False)),
        *(("ask", None, False), ("ask", True, True), ("ask", False, False)),
        *(("true", None, True), ("true", True, True), ("true", False, False)),
    ],
)
def test_steps_say_how_much_they_may_use(
    workshop: Workshop, network: NetworkPolicy, asked: bool | None, wanted: bool
) -> None:
    """Limits are those of the kind of step; who denies the network prevails, and `strict` denies it always."""
    rust = replace(workshop.rust(network=network), limits=LIMITS, build_limits=BUILD_LIMITS)
    build = ("cc", "-o", "{exe}", "{file}")
    script = workshop.script(name="c", build=build, command=("{exe}",), network=network)
    script = replace(script, limits=LIMITS, build_limits=BUILD_LIMITS)
    for name, settings in (("rust", rust), ("c", script)):
        sample = workshop.sample("", name, given=Given(network=asked))

        steps = open_languages(settings, workshop.listener)[name].plan(sample).steps

        assert [("build", BUILD_LIMITS, wanted), ("run", LIMITS, wanted)] == [
            (s.kind, s.limits, s.network) for s in steps
        ]
        strict = open_languages(replace(settings, sandbox="strict"), workshop.listener)[name].plan(sample).steps
        assert [False, False] == [step.network for step in strict]
