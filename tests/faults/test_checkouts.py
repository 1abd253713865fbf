"""Checkouts that a stranger has made: what stands in one grants nothing, and nothing in it is started outside of the walls.

`mkdocs.yml` is the author's. Every canary is a file of the test's own, which anybody on this machine may read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Project

SECRET = "canary-7f03e"
MANIFEST = '[package]\nname = "mylib"\nversion = "0.1.0"\nedition = "2021"\n'


pytestmark = [
    pytest.mark.turns("tier", "strange"),
    pytest.mark.parametrize(
        ("tier", "strange"),
        [
            ("bubblewrap", "tests"),
            ("landlock", "user"),
            pytest.param("bubblewrap", "user", marks=pytest.mark.slow),
            pytest.param("landlock", "tests", marks=pytest.mark.slow),
        ],
        indirect=True,
    ),
]


@pytest.fixture
def strange(
    request: pytest.FixtureRequest,
    project: Project,
    build: Callable[..., Any],
    user: Callable[..., Any],
    tier: str,  # noqa: ARG001 - sets it
    outside: Path,
) -> Callable[[], Any]:
    """Return what builds the site in a tier that isolates, as whoever runs the tests, or as an ordinary user."""
    wrap = user(project.root, outside) if request.param == "user" else None
    for name in (".git/HEAD", ".git/config"):
        project.write(name, SECRET)
    own = {"CODEEXEC_ENVIRONMENT_DIR": str(project.root / "environments"), "CODEEXEC_SANDBOX": "required"}
    return lambda **env: build(project, wrap=wrap, env={**own, **env})


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder beside the checkout with a secret in it that the file system hides from nobody."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "canary").write_text(SECRET)
    return folder


def bash(code: str, language: str = "bash") -> str:
    return f'```{language} exec exit="any"\n{code}\n```\n\n'


def rust(code: str) -> str:
    return f"```rust exec\n{code}\n```\n\n"


def test_links_of_a_checkout_lead_nowhere(project: Project, strange: Callable[..., Any], outside: Path) -> None:
    """Neither those in a local crate nor those that inputs match; hidden files stay hidden, however deep. The hint helps."""
    project.write("Cargo.toml", MANIFEST)
    project.write("src/lib.rs", "")
    for name in ("a/b/c/.env", ".env", "a/.hidden/x", "data/plain", "a/b/c/shown"):
        project.write(name, "fine" if "." not in name else SECRET)
    for name, target in (
        ("notes", outside),
        ("history", ".git"),
        ("a/b/up", "../../.env"),
        ("data/file", outside / "canary"),
        ("data/folder", outside),
        ("data/config", "../.git/config"),
    ):
        (project.root / name).symlink_to(target)
    names = "notes/canary history/config a/b/up a/b/c/.env .env a/.hidden/x data/file data/folder/canary data/config"
    paths = [str(project.root / name) for name in (*names.split(), "a/b/c/shown")] + [str(outside / "canary")]
    listed = ", ".join(f'"{path}"' for path in paths)
    page = rust(f'for path in [{listed}] {{ println!("{{}}", std::fs::read_to_string(path).unwrap_or_default()); }}')
    page += bash("cat " + " ".join([*paths, str(project.root / "data/plain")]))
    project.page(page)
    languages: dict[str, Any] = {"rust": {"dependencies": {"mylib": {"path": "."}}}, "bash": {"inputs": ["data/*"]}}
    project.configure({"languages": languages})

    ended = strange()

    assert 0 == ended.status, ended.log
    assert SECRET not in project.html()
    assert ["fine", "fine"] == [text.strip() for kind, text in project.streams() if kind == "stdout"]
    for link, target in (("notes", outside), ("data/file", outside / "canary"), ("history", project.root / ".git")):
        assert f"`{link}` leads to `{target}`" in ended.log, ended.log
    assert 8 == len(ended.warnings), ended.log  # those below `data` for either language

    languages["bash"]["readable"] = [str(outside)]
    project.configure({"languages": languages})
    project.page(bash(f"cat {project.root}/data/file {project.root}/data/folder/canary"))
    again = strange()

    assert [("stdout", SECRET * 2)] == [(kind, text.strip()) for kind, text in project.streams()]
    assert not any("bash" in line for line in again.warnings), again.log


def test_links_in_folders_that_hide_nothing(project: Project, strange: Callable[..., Any], outside: Path) -> None:
    """What they lead to within the checkout is there, in a crate and below `readable`; what is elsewhere is told of."""
    project.write("notes.txt", "fine")
    project.write("crate/Cargo.toml", MANIFEST)
    project.write("crate/src/lib.rs", 'pub const NOTES: &str = include_str!("../notes.txt");')
    project.write("data/plain", "")
    for name, target in (
        ("crate/notes.txt", "../notes.txt"),
        ("crate/out", outside),
        ("data/in", "../notes.txt"),
        ("data/out", outside),
    ):
        (project.root / name).symlink_to(target)
    project.page(
        rust('println!("{}", mylib::NOTES);')
        + bash(f"cat {project.root}/data/in; cat {project.root}/data/out/canary 2>/dev/null")
    )
    languages = {"rust": {"dependencies": {"mylib": {"path": "crate"}}}, "bash": {"readable": ["data"]}}
    project.configure({"languages": languages})

    ended = strange()

    assert 0 == ended.status, ended.log
    assert ["fine", "fine"] == [text.strip() for kind, text in project.streams() if kind == "stdout"]
    for link in ("crate/out", "data/out"):
        assert f"`{link}` leads to `{outside}`" in ended.log, ended.log
    assert 2 == len(ended.warnings), ended.log


class Guarded(BaseHTTPRequestHandler):
    """A registry that wants a token."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.headers.get("Authorization", ""))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_cargo_starts_nothing_of_a_checkout(project: Project, strange: Callable[..., Any], outside: Path) -> None:
    """No provider of credentials, wrapper or compiler that the checkout names, and no folder; it gets no token either."""
    outside.chmod(0o777)
    tool = project.write("tool", f"#!/bin/sh\necho started >{outside}/started\nexit 1\n")
    tool.chmod(0o755)
    home = outside / "cargo"
    home.mkdir()
    home.chmod(0o777)
    (home / "credentials.toml").write_text(f'[registries.theirs]\ntoken = "{SECRET}"\n')
    (home / "credentials.toml").chmod(0o644)
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        Guarded.heard = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index = f'index = "sparse+http://127.0.0.1:{server.server_port}/"\n'
        config = (
            f'[build]\nrustc = "{tool}"\nrustc-wrapper = "{tool}"\n[alias]\nfetch = "!{tool}"\n'
            f'[registry]\nglobal-credential-providers = ["{tool}"]\n[credential-alias]\n"cargo:token" = ["{tool}"]\n'
            f'[registries.mine]\n{index}credential-provider = ["{tool}"]\n[registries.theirs]\n{index}'
        )
        project.write(".cargo/config.toml", config)
        project.page(rust('println!("{}", std::env::args().count());'))
        for registry in ("mine", "theirs"):
            wanted = {"itoa": {"version": "1", "registry": registry}}
            named = [f"sparse+http://127.0.0.1:{server.server_port}/"]
            project.configure({"languages": {"rust": {"dependencies": wanted, "sources": named}}})
            ended = strange(CARGO_HOME=str(home), no_proxy="127.0.0.1", NO_PROXY="127.0.0.1")
            assert 1 == ended.status
            assert not (outside / "started").exists(), registry
        server.shutdown()

    assert Guarded.heard
    assert SECRET not in "".join(Guarded.heard)
    assert "CARGO_REGISTRIES_THEIRS_INDEX" in ended.log, ended.log


def test_a_checkout_names_no_folder_of_packages(project: Project, strange: Callable[..., Any], outside: Path) -> None:
    """A folder elsewhere that its configuration of cargo takes packages, overrides or a linker from is not given."""
    target = "x86_64-unknown-linux-gnu"
    (outside / "bin").mkdir()
    linker = outside / "bin/cc"
    linker.write_text("#!/bin/sh\nexec cc $@\n")
    linker.chmod(0o755)
    project.write(
        ".cargo/config.toml",
        f'paths = ["{outside}"]\n[source.other]\ndirectory = "{outside}"\n[target.{target}]\nlinker = "{linker}"\n',
    )
    project.write("Cargo.toml", MANIFEST)
    project.write("src/lib.rs", "")
    project.page(rust(f'println!("{{}}", std::fs::read_to_string("{outside}/canary").is_ok());'))
    project.configure({"languages": {"rust": {"dependencies": {"mylib": {"path": "."}}}}})

    ended = strange()

    assert [("stdout", "false")] == [(kind, text.strip()) for kind, text in project.streams()], ended.log
    assert 3 == sum("of a cargo configuration in the checkout names" in line for line in ended.warnings), ended.log


def test_packages_that_packages_name(project: Project, strange: Callable[..., Any], outside: Path) -> None:
    """Within the checkout they are given; elsewhere they are if `mkdocs.yml` names them, and else it is said how."""
    for folder, name in ((project.root / "inner", "inner"), (outside, "outer")):
        (folder / "src").mkdir(parents=True)
        (folder / "Cargo.toml").write_text(MANIFEST.replace("mylib", name))
        (folder / "src/lib.rs").write_text("pub const N: u8 = 1;\n")
    needs = '[dependencies]\ninner = { path = "inner" }\n'
    project.write("Cargo.toml", MANIFEST + needs)
    project.write("src/lib.rs", "pub const N: u8 = inner::N;\n")
    project.page(rust('println!("{}", mylib::N);'))
    options: dict[str, Any] = {"dependencies": {"mylib": {"path": "."}}}
    project.configure({"languages": {"rust": options}})
    assert (0, []) == ((ended := strange()).status, ended.warnings), ended.log

    project.write("Cargo.toml", f'{MANIFEST}{needs}outer = {{ path = "{outside}" }}\n')
    project.write("src/lib.rs", "pub const N: u8 = inner::N + outer::N;\n")
    refused = strange()

    assert 1 == refused.status
    assert f"`{outside}` is outside of what the configuration names" in refused.log, refused.log
    assert f"`languages: {{rust: {{readable: [{outside}]}}}}`" in refused.log, refused.log
    project.configure({"languages": {"rust": options | {"readable": [str(outside)]}}})
    assert (0, []) == ((named := strange()).status, named.warnings), named.log
    assert [("stdout", "2")] == [(kind, text.strip()) for kind, text in project.streams()]


def test_a_tool_of_a_checkout_is_asked_within_walls(
    project: Project, strange: Callable[..., Any], outside: Path
) -> None:
    """What it says of itself is believed, but it reads and writes nothing that its samples could not."""
    outside.chmod(0o777)
    tool = project.write(
        "tools/toy",
        f'#!/bin/sh\necho x >{outside}/started\ncat {outside}/canary\n[ "$1" = --version ] && echo toy 1\n:\n',
    )
    tool.chmod(0o755)
    project.write("tools/.env", SECRET)
    link = project.root / "tools/link"
    link.symlink_to(outside / "canary")
    project.page(bash("x", "toy"))
    project.configure({"languages": {"toy": {"command": ["./tools/toy", "{file}"]}}})

    ended = strange()

    assert 0 == ended.status, ended.log
    assert not (outside / "started").exists()
    run = (project.root / ".cache/codeexec/last-run.json").read_text()
    assert "toy 1" in run
    assert SECRET not in run + project.html()
    assert os.access(outside / "canary", os.R_OK)


CURIOUS = """
extern crate proc_macro;
#[proc_macro]
pub fn look(place: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let place = place.to_string().replace(['"', ' '], "");
    let seen = std::fs::read_dir(&place).map(|found| found.count()).unwrap_or(0);
    let lock = std::fs::File::open(format!("{place}/debug/.cargo-lock")).is_ok();
    format!("({seen}, {lock})").parse().unwrap()
}
"""


def test_libraries_of_other_environments_are_not_seen(project: Project, strange: Callable[..., Any]) -> None:
    """Neither a sample nor a macro that it calls reads what others had compiled, nor holds the lock that cargo takes."""
    for name, more, source in (
        ("private", "", f'pub const SECRET: &str = "{SECRET}";'),
        ("curious", "[lib]\nproc-macro = true\n", CURIOUS),
        ("outer", '[dependencies]\ninner = { path = "../inner" }\n', "pub use inner::N;"),
        ("inner", "", "pub const N: u8 = 7;"),
    ):
        project.write(f"{name}/Cargo.toml", MANIFEST.replace("mylib", name) + more)
        project.write(f"{name}/src/lib.rs", source)
    local = {name: {"path": name} for name in ("curious", "outer")}
    other = {"dependencies": {"private": {"path": "private"}}}
    project.configure({"languages": {"rust": {"dependencies": local, "environments": {"other": other}}}})
    page = '```rust exec environment="other"\nprintln!("{}", private::SECRET.len());\n```\n\n'
    project.page(page + rust('println!("{}", outer::N);'))
    assert (0, []) == ((ended := strange()).status, ended.warnings), ended.log
    assert [str(len(SECRET)), "7"] == [text.strip() for _, text in project.streams()]
    [target] = (project.root / "environments/rust").glob("*/target")
    assert (target / "debug/.cargo-lock").exists()
    libraries = list(target.glob("debug/deps/libprivate-*.rlib"))
    copies = list(target.parent.glob("*/built/*/libprivate-*.rlib"))
    assert libraries
    assert copies

    paths = [*map(str, (*libraries, *copies)), f"{target}/debug/.cargo-lock", f"{copies[0].parents[2]}/.lock"]
    tried = ", ".join(f'std::fs::File::open("{path}").is_ok()' for path in paths)
    code = f'println!("{{}} {{:?}} {{:?}}", outer::N, curious::look!("{target}"), [{tried}]);'
    project.page(rust(code) + rust(f"// again\n{code}") + rust(f"// and again\n{code}"))
    again = strange()

    expected = f"7 (0, false) {[False] * len(paths)}".replace("False", "false")
    assert [expected] * 3 == [text.strip() for _, text in project.streams()], again.log
    assert "Compiling" not in again.log
