"""What the workspaces of local crates lock and patch, built by the real cargo; nothing here needs a network."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import package, write

from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages.rust.environments import locks, workspace
from mkdocs_codeexec.languages.rust.environments.workspace import Workspace

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

SHELF = '[source.crates-io]\nreplace-with = "shelf"\n[source.shelf]\ndirectory = "shelf"\n'


@pytest.fixture(scope="session")
def environment_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of Environments that no other tests use: packages of one name hold other things in each test."""
    return tmp_path_factory.mktemp("environments")


def shelve(root: Path, name: str, version: str, more: str = "", source: str = "") -> None:
    """Put a crate where cargo looks for crates.io's."""
    text = source or f'pub const VERSION: &str = "{version}";'
    files = {"Cargo.toml": package(name, version, more), "src/lib.rs": text, ".cargo-checksum.json": '{"files": {}}'}
    write(root / f"shelf/{name}-{version}", files)


def cargo(folder: Path, *words: str) -> str:
    done = subprocess.run(["cargo", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A registry with two versions of `util`, of `other`, which needs it, and one of `tool`."""
    write(tmp_path, {".cargo/config.toml": SHELF})
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        shelve(tmp_path, "util", version)
    for version in ("1.0.0", "1.1.0"):
        shelve(tmp_path, "other", version, '[dependencies]\nutil = "1"\n')
        shelve(tmp_path, "tool", version)
    return tmp_path


LIBRARY = "pub use util::VERSION;"


def make(root: Path, more: str = "", *, name: str = "mylib", needs: str = 'util = "1"\ntool = "1"\n') -> Path:
    """Write a workspace with a library and a tool of its own, and lock old versions of all that they need."""
    manifest = f'[workspace]\nmembers = ["{name}", "{name}-tool"]\nresolver = "2"\n{more}'
    files = {
        "Cargo.toml": manifest,
        f"{name}/Cargo.toml": package(name, more=f"[dependencies]\n{needs.partition('tool')[0]}"),
        f"{name}/src/lib.rs": LIBRARY,
        f"{name}-tool/Cargo.toml": package(f"{name}-tool", more='[dependencies]\ntool = "1"\n'),
        f"{name}-tool/src/main.rs": "fn main() {}",
    }
    write(root, files)
    cargo(root, "generate-lockfile", "--offline")
    for crate in ("util", "tool"):
        pin(root, crate, "1.0.0")
    return root


def pin(root: Path, name: str, version: str) -> None:
    """Lock another version, as `cargo update --precise` does where there is a registry of more than a folder."""
    old = (root / "Cargo.lock").read_text()
    new = re.sub(
        rf'name = "{name}"\nversion = "1[^"]*"\nsource', f'name = "{name}"\nversion = "{version}"\nsource', old
    )
    (root / "Cargo.lock").write_text(new)
    cargo(root, "metadata", "--offline", "--format-version", "1")


def printed(workshop: Workshop, language: Any, *values: str, **options: str) -> str:
    code = f'println!("{" ".join("{}" for _ in values)}", {", ".join(values)});'
    return workshop.stdout(language, code, **options).strip()


def started(workshop: Workshop) -> list[str]:
    """Return from which locks Environments were begun."""
    lines = [line for line in workshop.listener.said if line.startswith("building the environment")]
    workshop.listener.said.clear()
    return [line.partition("from the versions in ")[2] for line in lines]


# --- Versions -------------------------------------------------------------------------------------------------------


def test_samples_use_the_versions_that_the_workspace_locks(workshop: Workshop, shelf: Path) -> None:
    """Those of its own tests, for what samples name themselves, too; what it does not lock is the newest."""
    root = make(shelf / "ws")
    before = (root / "Cargo.lock").read_text()
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}, "util": "1", "other": "1"})

    assert "1.0.0 1.0.0 1.1.0" == printed(workshop, language, "mylib::VERSION", "util::VERSION", "other::VERSION")

    assert ["`../ws/Cargo.lock`"] == started(workshop)
    assert before == (root / "Cargo.lock").read_text()
    assert str(shelf) not in repr(language.plan(workshop.main))


def test_a_change_of_what_is_locked(workshop: Workshop, shelf: Path) -> None:
    """What samples contain runs again with the new version; what they do not contain starts no cargo."""
    root = make(shelf / "ws")
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}, "other": "<1.1"})
    assert "1.0.0 1.0.0" == printed(workshop, language, "mylib::VERSION", "other::VERSION")
    before = language.plan(workshop.main)
    assert {root / "Cargo.toml", root / "Cargo.lock"} <= set(language.watched())
    workshop.runner.commands.clear()

    pin(root, "tool", "1.1.0")
    language.survey()
    assert before == language.plan(workshop.main)
    assert "1.0.0" == printed(workshop, language, "mylib::VERSION")
    assert "cargo" not in workshop.runner.programs()

    pin(root, "util", "1.1.0")
    language.survey()
    unknown = language.plan(workshop.main)
    assert unknown.request_key != before.request_key
    assert "1.1.0 1.0.0" == printed(workshop, language, "mylib::VERSION", "other::VERSION")
    after = language.plan(workshop.main)
    assert 3 == len({before.request_key, unknown.request_key, after.request_key})

    pin(root, "util", "1.0.0")
    language.survey()
    assert "1.0.0" == printed(workshop, language, "mylib::VERSION")
    assert before == language.plan(workshop.main)


def test_what_is_kept_counts_while_the_workspace_says_the_same(workshop: Workshop, shelf: Path) -> None:
    """An edit of a crate changes no version; a new need of it has the version that the workspace locks for it."""
    root = make(shelf / "ws")
    wanted = {
        "mylib": {"path": "../ws/mylib"},
        "old": {"package": "util", "version": "<2"},
        "two": {"package": "util", "version": "2"},
    }
    language = workshop.open_rust({**wanted, "other": "<1.1"})
    assert "1.0.0 2.0.0 1.0.0" == printed(workshop, language, "old::VERSION", "two::VERSION", "other::VERSION")
    language = workshop.open_rust({**wanted, "other": "1"})
    assert "1.0.0" == printed(workshop, language, "other::VERSION"), "what was locked stays locked"
    started(workshop)

    write(root, {"mylib/Cargo.toml": package("mylib", more='[dependencies]\nutil = "1"\ntool = "1"\n')})
    write(root, {"mylib/src/lib.rs": f"{LIBRARY}\npub use tool;"})
    language.survey()

    assert "1.0.0 1.0.0 2.0.0" == printed(workshop, language, "mylib::tool::VERSION", "other::VERSION", "two::VERSION")
    assert ["`.cache/environments/default/Cargo.lock` and `../ws/Cargo.lock`"] == started(workshop)


def test_several_workspaces(workshop: Workshop, shelf: Path) -> None:
    """The one that holds the site counts most, then the others as they are listed; a package alone is one, too."""
    make(shelf / "ws")
    near = make(workshop.settings().project_dir, name="near")
    pin(near, "util", "1.1.0")
    alone = write(
        shelf / "alone",
        {"Cargo.toml": package("alone", more='[dependencies]\nother = "1"\n'), "src/lib.rs": "pub use other::VERSION;"},
    )
    cargo(alone, "generate-lockfile", "--offline")
    pin(alone, "other", "1.0.0")
    wanted = {"mylib": {"path": "../ws/mylib"}, "alone": {"path": "../alone"}, "near": {"path": "near"}}
    language = workshop.open_rust(wanted)

    assert "1.1.0 1.1.0 1.0.0" == printed(workshop, language, "mylib::VERSION", "near::VERSION", "alone::VERSION")
    assert ["`Cargo.lock` and `../ws/Cargo.lock` and `../alone/Cargo.lock`"] == started(workshop)

    environments = {"far": EnvironmentSettings(name="far", dependencies={"mylib": {"path": "../ws/mylib"}})}
    language = workshop.open_rust(wanted, environments=environments)
    assert "1.0.0" == printed(workshop, language, "mylib::VERSION", environment="far")


def test_a_lock_that_git_ignores(workshop: Workshop, shelf: Path) -> None:
    """It is one of several that checkouts have: it counts where nothing is kept, and changes no key after that."""
    root = write(make(shelf / "ws"), {".gitignore": "/target\n/Cargo.lock\n"})
    wanted = {"mylib": {"path": "../ws/mylib"}}
    language = workshop.open_rust(wanted)
    assert "1.0.0" == printed(workshop, language, "mylib::VERSION")
    before = language.plan(workshop.main)

    pin(root, "util", "1.1.0")
    language = workshop.open_rust(wanted)
    assert before.request_key == language.plan(workshop.main).request_key
    (root / "Cargo.lock").unlink()
    language.survey()
    assert before.request_key == language.plan(workshop.main).request_key
    assert "1.0.0" == printed(workshop, language, "mylib::VERSION")


@pytest.mark.parametrize("text", ["", "not TOML at all", '<<<<<<< ours\n[[package]]\nname = "a"\nversion = "1.0.0"\n'])
def test_a_lock_that_cannot_be_read(workshop: Workshop, shelf: Path, text: str) -> None:
    """It is left to whoever builds the workspace; samples have the newest versions."""
    root = make(shelf / "ws")
    write(root, {"Cargo.lock": text})
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}})

    assert "1.1.0" == printed(workshop, language, "mylib::VERSION")
    assert [""] == started(workshop)


def test_frozen_is_never_stale(project: Any, shelf: Path) -> None:
    """A lock that says something else about a sample is a miss; one that does not is a hit. Nothing is started."""
    root = make(project.root / "crates")
    write(
        project.root,
        {
            ".cargo/config.toml": SHELF.replace('"shelf"\n', f'"{shelf}/shelf"\n').replace(
                f'with = "{shelf}/shelf"', 'with = "shelf"'
            )
        },
    )
    project.configure({"languages": {"rust": {"dependencies": {"mylib": {"path": "crates/mylib"}}}}})
    project.page('```rust exec\nprintln!("{}", mylib::VERSION);\n```\n')
    built = project.build()
    assert 0 == built.status, built.log
    assert "from the versions in `crates/Cargo.lock`" in built.log
    assert [("stdout", "1.0.0")] == project.streams()
    frozen = {"CODEEXEC_EXECUTE": "frozen", "PATH": "/usr/bin:/bin"}

    pin(root, "tool", "1.1.0")
    assert {"samples": 1, "cached": 1, "met": 1} == project.build(env=frozen).counts
    pin(root, "util", "1.1.0")
    assert {"samples": 1, "error": 1} == project.build(env=frozen).counts
    pin(root, "util", "1.0.0")
    assert {"samples": 1, "cached": 1, "met": 1} == project.build(env=frozen).counts


# --- In the place of others -----------------------------------------------------------------------------------------

PATCHES = '[patch.crates-io]\nutil = { path = "patched" }\ntool = { path = "unused" }\n'


def patched(root: Path, version: str = "1.9.0") -> Path:
    source = 'pub const VERSION: &str = "ours";'
    write(root / "patched", {"Cargo.toml": package("util", version), "src/lib.rs": source})
    write(root / "unused", {"Cargo.toml": package("tool", "3.0.0"), "src/lib.rs": ""})
    return root


def test_patches_of_the_workspace(workshop: Workshop, shelf: Path) -> None:
    """What it puts in the place of a crate is in its place for samples, wherever that is needed; its source counts."""
    root = make(patched(shelf / "ws"), PATCHES)
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}, "other": "1", "util": "1"})

    assert "ours ours" == printed(workshop, language, "mylib::VERSION", "util::VERSION")
    assert b"was not used in the crate graph" not in b"".join(workshop.listener.streamed)
    before = language.plan(workshop.main)
    assert str(shelf) not in repr(before)
    assert '"../ws/patched"' in dict(before.inputs)["environment.manifest"]

    write(root, {"patched/src/lib.rs": 'pub const VERSION: &str = "mended";'})
    language.survey()
    edited = language.plan(workshop.main)
    assert edited.request_key != before.request_key
    assert "mended" == printed(workshop, language, "mylib::VERSION")

    write(root, {"Cargo.toml": (root / "Cargo.toml").read_text().replace(PATCHES, "")})
    cargo(root, "generate-lockfile", "--offline")
    language.survey()
    assert language.plan(workshop.main).request_key not in (before.request_key, edited.request_key)
    assert "1.1.0" == printed(workshop, language, "mylib::VERSION")


def test_what_belongs_to_a_local_crate_is_read_with_it(workshop: Workshop, tmp_path: Path) -> None:
    """A workspace that patches its own members, as many do, has each of their files in the key once."""
    patch = '[patch.crates-io]\nouter = { path = "outer" }\ninner = { path = "inner" }\nother = { path = "other" }\n'
    needs = '[dependencies]\ninner = { path = "../inner" }\n'
    files = {"Cargo.toml": f'[workspace]\nmembers = ["*"]\n{patch}', "outer/Cargo.toml": package("outer", more=needs)}
    files |= {"inner/Cargo.toml": package("inner"), "inner/src/lib.rs": "", "other/Cargo.toml": package("other")}
    write(tmp_path / "ws", files)
    language = workshop.open_rust({"outer": {"path": "../ws/outer"}})

    def inputs() -> dict[str, str]:
        language.survey()
        found = dict(language.plan(workshop.main).inputs)
        return {name.partition(":")[2]: value for name, value in found.items() if name.startswith("environment.path:")}

    before = inputs()
    assert {"outer", "other"} == before.keys()
    write(tmp_path / "ws", {"inner/src/lib.rs": "// edited"})
    assert before["outer"] != inputs()["outer"]
    assert before["other"] == inputs()["other"]


def test_patches_of_the_configuration_count_more(workshop: Workshop, shelf: Path) -> None:
    """What `manifest_extra` says of a crate is not what the workspace says; of others it still is."""
    root = patched(shelf / "ws")
    write(
        root / "tooled", {"Cargo.toml": package("tool", "1.5.0"), "src/lib.rs": 'pub const VERSION: &str = "tooled";'}
    )
    write(shelf / "mine", {"Cargo.toml": package("util", "1.8.0"), "src/lib.rs": 'pub const VERSION: &str = "mine";'})
    make(root, PATCHES.replace("unused", "tooled"))
    write(shelf / "tool", {"Cargo.toml": package("tool", "1.6.0"), "src/lib.rs": ""})
    extra = '[patch.crates-io]\nutil = { path = "../mine" }\n'
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}, "tool": "1"}, extra=extra)

    assert "mine tooled" == printed(workshop, language, "mylib::VERSION", "tool::VERSION")

    # What samples have no use for is nothing that their author must mend; unless he has written it himself.
    for more, told in (("", False), ('tool = { path = "../tool" }\n', True)):
        workshop.listener.streamed.clear()
        language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}}, extra=extra + more)
        assert "mine" == printed(workshop, language, "mylib::VERSION")
        assert told == (b"was not used in the crate graph" in b"".join(workshop.listener.streamed))


def test_replacements_of_the_workspace(workshop: Workshop, shelf: Path) -> None:
    """`[replace]`, the older way to say it, is taken over as well."""
    root = shelf / "ws"
    patched(root, "1.0.0")
    make(root, '[replace]\n"util:1.0.0" = { path = "patched" }\n')
    language = workshop.open_rust({"mylib": {"path": "../ws/mylib"}})

    assert "ours" == printed(workshop, language, "mylib::VERSION")
    assert str(shelf) not in repr(language.plan(workshop.main))


def test_crates_that_cargos_configuration_replaces(workshop: Workshop, shelf: Path) -> None:
    """An edit of one runs what contains it again, as an edit of a local crate that is listed."""
    patched(shelf)
    text = SHELF.replace('"shelf"\n', f'"{shelf}/shelf"\n').replace(f'with = "{shelf}/shelf"', 'with = "shelf"')
    workshop.settings()
    write(shelf, {".git/HEAD": ""})  # all of it is one checkout
    write(workshop.project, {".cargo/config.toml": f'{text}[patch.crates-io]\nutil = {{ path = "../patched" }}\n'})
    language = workshop.open_rust({"other": "1", "util": "1"})
    assert "ours" == printed(workshop, language, "util::VERSION")
    before = language.plan(workshop.main)

    write(shelf, {"patched/src/lib.rs": 'pub const VERSION: &str = "mended";'})
    language.survey()

    assert before.request_key != language.plan(workshop.main).request_key
    assert "mended" == printed(workshop, language, "util::VERSION")
    assert str(shelf) not in repr(language.plan(workshop.main))


# --- `workspace: true` ----------------------------------------------------------------------------------------------

SHARED = (
    "[workspace.dependencies]\n"
    'util = { version = "1", default-features = false, features = ["a"] }\nplain = "=1.0.0"\n'
    'beside = { path = "beside" }\nrenamed = { package = "util", version = "2" }\n'
)
FEATURES = "[features]\ndefault = []\na = []\nb = []\n"


@pytest.fixture
def featured(tmp_path: Path) -> Path:
    """A workspace that holds the site, and a registry for it."""
    write(tmp_path, {".cargo/config.toml": SHELF, "Cargo.toml": f'[workspace]\nmembers = []\nresolver = "2"\n{SHARED}'})
    source = 'pub const A: bool = cfg!(feature = "a"); pub const B: bool = cfg!(feature = "b"); pub const D: bool = cfg!(feature = "default");'
    for name, version in (("util", "1.0.0"), ("util", "2.0.0"), ("plain", "1.0.0"), ("plain", "1.1.0")):
        shelve(tmp_path, name, version, FEATURES, f'{source} pub const VERSION: &str = "{version}";')
    write(tmp_path / "beside", {"Cargo.toml": package("beside"), "src/lib.rs": 'pub const VERSION: &str = "beside";'})
    return tmp_path


def test_versions_of_the_workspace_that_holds_the_site(workshop: Workshop, featured: Path) -> None:
    """Version, path, name and features are taken over; features are added, and default features can be switched on."""
    true = {"workspace": True}
    own = {"workspace": True, "features": ["b", "a"], "default-features": True}
    language = workshop.open_rust({"util": own, "plain": true, "beside": true, "renamed": true})
    values = (
        "util::VERSION",
        "util::A",
        "util::B",
        "util::D",
        "plain::VERSION",
        "beside::VERSION",
        "renamed::VERSION",
        "renamed::A",
    )

    assert "1.0.0 true true true 1.0.0 beside 2.0.0 false" == printed(workshop, language, *values)
    before = language.plan(workshop.main)
    assert str(featured) not in repr(before)

    write(featured, {"Cargo.toml": (featured / "Cargo.toml").read_text().replace('"=1.0.0"', '"1"')})
    language.survey()
    assert before.request_key != language.plan(workshop.main).request_key
    (workshop.project / ".cache/environments/default/Cargo.lock").unlink()
    assert "1.1.0 false" == printed(
        workshop, workshop.open_rust({"plain": true, "util": true}), "plain::VERSION", "util::D"
    )

    write(featured, {"Cargo.toml": "[workspace"})
    before = language.plan(workshop.main)
    language.survey()  # somebody is writing to it
    assert (
        dict(before.inputs)["environment.manifest"] == dict(language.plan(workshop.main).inputs)["environment.manifest"]
    )


def test_what_is_taken_over_has_the_version_that_is_locked(workshop: Workshop, shelf: Path) -> None:
    """The lock file of the workspace counts where a version of it is asked for, without any local crate."""
    make(shelf, '[workspace.dependencies]\nutil = "1"\n')
    language = workshop.open_rust({"util": {"workspace": True}})

    assert "1.0.0" == printed(workshop, language, "util::VERSION")
    assert ["`../Cargo.lock`"] == started(workshop)
    assert {shelf / "Cargo.toml", shelf / "Cargo.lock"} <= set(language.watched())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"workspace": False}, "`languages.rust.dependencies.plain`: `workspace` can only be `true`"),
        ({"workspace": "yes"}, "expected `true` or `false` for `workspace`, got `'yes'`"),
        (
            {"workspace": True, "version": "1"},
            "`version` cannot stand beside `workspace: true`, which says that already",
        ),
        (
            {"workspace": True, "default-features": False},
            "`default-features: false` cannot take back what the workspace says",
        ),
    ],
)
@pytest.mark.usefixtures("featured")
def test_what_cannot_be_taken_over(workshop: Workshop, value: dict[str, Any], said: str) -> None:
    """It is told at once, as cargo would."""
    with pytest.raises(ConfigurationError) as caught:
        workshop.open_rust({"plain": value})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("utill", "`[workspace.dependencies]` in `../Cargo.toml` has no `utill`\n\nhint: did you mean `util`?"),
        ("serde", "has no `serde`\n\nhint: add it there, or write its version: serde: …"),
    ],
)
@pytest.mark.usefixtures("featured")
def test_what_the_workspace_does_not_list(workshop: Workshop, name: str, said: str) -> None:
    """The nearest name is told."""
    with pytest.raises(ConfigurationError) as caught:
        workshop.open_rust({name: {"workspace": True}})
    assert said in str(caught.value)


def test_a_site_in_no_workspace(workshop: Workshop) -> None:
    """There is nothing to take over."""
    with pytest.raises(ConfigurationError) as caught:
        workshop.open_rust({"util": {"workspace": True}})
    assert "there is no workspace at or above `mkdocs.yml`" in str(caught.value)


# --- Values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "package_at", "root"),
    [
        ({"a/Cargo.toml": package("a")}, "a", "a"),
        ({"a/Cargo.toml": package("a") + "[workspace]\n"}, "a", "a"),
        ({"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": package("a")}, "a", "."),
        ({"Cargo.toml": '[workspace]\nexclude = ["a"]\n', "a/Cargo.toml": package("a")}, "a", "a"),
        (
            {"Cargo.toml": '[workspace]\nexclude = ["x"]\nmembers = ["x/a"]\n', "x/a/Cargo.toml": package("a")},
            "x/a",
            ".",
        ),
        ({"Cargo.toml": package("r"), "a/Cargo.toml": package("a")}, "a", "a"),
        ({"w/Cargo.toml": "[workspace]\n", "a/Cargo.toml": package("a") + 'workspace = "../w"\n'}, "a", "w"),
        ({"a/src/lib.rs": ""}, "a", None),
    ],
)
def test_the_root_of_a_workspace(tmp_path: Path, files: dict[str, str], package_at: str, root: str | None) -> None:
    """As cargo finds it; a package that belongs to none is one by itself."""
    write(tmp_path, files)

    found = workspace.root_of(tmp_path / package_at)

    assert (None if root is None else tmp_path / root if root != "." else tmp_path) == found


@pytest.mark.parametrize(
    ("files", "binding"),
    [
        ({}, True),
        ({"ws/.gitignore": "# Cargo.lock\n/target\nsub/Cargo.lock\n"}, True),
        ({"ws/.gitignore": "Cargo.lock\n"}, False),
        ({"ws/.gitignore": "*.lock\n!Cargo.toml\n"}, False),
        ({"ws/.gitignore": "/target\n**/*.lock\n"}, False),
        ({"ws/.gitignore": "*.lock\n!Cargo.lock\n"}, True),
        ({".gitignore": "Cargo.lock\n"}, False),
        ({".gitignore": "/Cargo.lock\n"}, True),
        ({".gitignore": "Cargo.lock\n", "ws/.gitignore": "!/Cargo.lock\n"}, True),
        ({".gitignore": "Cargo.lock\n", "ws/.git/config": ""}, True),
    ],
)
def test_whether_a_lock_is_the_projects(tmp_path: Path, files: dict[str, str], binding: bool) -> None:
    """The usual lines of `.gitignore`, in the folder and above it, as far as the checkout goes."""
    write(tmp_path, {"ws/Cargo.toml": package("a"), "ws/Cargo.lock": "", **files})

    [found] = workspace.workspaces([tmp_path / "ws"], tmp_path)

    assert binding == found.binding


def entry(name: str, version: str, *needs: str, source: str = "registry+https://r") -> str:
    lines = [f'[[package]]\nname = "{name}"\nversion = "{version}"', *([f'source = "{source}"'] if source else [])]
    return "\n".join((*lines, *(["dependencies = [", *(f' "{need}",' for need in needs), "]"] if needs else [])))


def lock(*entries: str, version: int = 4) -> str:
    return f"# This file is automatically @generated by Cargo.\nversion = {version}\n\n" + "\n\n".join(entries) + "\n"


def test_locks_are_joined() -> None:
    """The first counts most where versions exclude each other; names stay clear where there are several."""
    first = lock(entry("a", "0.1.0", "util", source=""), entry("util", "1.0.0"), entry("zero", "0.2.1"))
    second = lock(
        entry("b", "1.0.0", "util 1.1.0", "util 2.0.0", "zero", "zerozero"),
        entry("util", "1.1.0"),
        entry("util", "2.0.0"),
        entry("zero", "0.3.0"),
        entry("zerozero", "0.0.3"),
        version=3,
    )

    found = locks.joined([first, "", second])

    assert (
        found
        == "version = 4\n\n"
        + "\n\n".join(
            (
                entry("a", "0.1.0", "util 1.0.0", source=""),
                entry("b", "1.0.0", "util 1.0.0", "util 2.0.0", "zero 0.3.0", "zerozero"),
                entry("util", "1.0.0"),
                entry("util", "2.0.0"),
                entry("zero", "0.2.1"),
                entry("zero", "0.3.0"),
                entry("zerozero", "0.0.3"),
            )
        )
        + "\n"
    )
    assert first == locks.joined(["", first])
    assert None is locks.joined([])


def test_what_pins_depend_on() -> None:
    """On the packages that are asked for, and on nothing else of a lock file."""
    one = lock(entry("a", "1.0.0"), entry("b", "1.0.0"))
    other = lock(entry("a", "1.0.0", "b"), entry("b", "1.0.1"), entry("c", "1.0.0"))

    assert locks.pins([one], ["a"]) == locks.pins([other], ["a", "x"])
    assert locks.pins([one], ["b"]) != locks.pins([other], ["b"])
    assert "" == locks.pins([], ["a"]) != locks.pins([one], [])
    assert locks.pins([one], ["a"]) == locks.pins([one.replace("\n", "\r\n")], ["a"])


def test_which_patches_are_taken_over(tmp_path: Path) -> None:
    """All but those that the project's lock file calls unused; the first workspace counts most; paths start at the site."""
    unused = '[[patch.unused]]\nname = "idle"\nversion = "1.0.0"\n'
    patch = {
        "crates-io": {"idle": {"path": "idle"}, "alias": {"package": "idle", "git": "g"}, "util": {"path": "../u"}}
    }
    one = Workspace(tmp_path / "a/ws", {"patch": patch}, unused)
    other = Workspace(tmp_path / "b", {"patch": {"crates-io": {"util": {"path": "u"}}, "mine": {"x": {"git": "g"}}}})
    replace = Workspace(tmp_path / "c", {"replace": {"util:1.0.0": {"path": "u"}}})
    site = tmp_path / "a/site"
    util, mine = {"path": "../u"}, {"x": {"git": "g"}}
    all_of_one = {"idle": {"path": "../ws/idle"}, "alias": {"package": "idle", "git": "g"}, "util": util}

    assert {"patch": {"crates-io": {"util": util}, "mine": mine}} == workspace.overrides([one, other], site, [])
    assert {"patch": {"crates-io": all_of_one}} == workspace.overrides([one, replace], site, ["idle"])
    assert {"patch": {"crates-io": all_of_one}} == workspace.overrides([one._replace(binding=False)], site, [])
    assert {"replace": {"util:1.0.0": {"path": "../../c/u"}}} == workspace.overrides([replace], site, [])
    assert {} == workspace.overrides([], site, ["idle"])
    assert {"idle", "util"} == workspace.patched({"patch": patch})


def test_the_members_of_a_workspace(tmp_path: Path) -> None:
    """By name, wherever they are; what is no package is none."""
    manifest = '[workspace]\nmembers = ["crates/*", "../beside", "./tools/x/"]\n'
    files = {"ws/Cargo.toml": manifest, "ws/crates/none/a": ""}
    files |= {
        f"{at}/Cargo.toml": package(Path(at).name) for at in ("ws/crates/one", "beside", "ws/tools/x", "ws/other")
    }
    write(tmp_path, files)

    found = list(
        workspace.members(tmp_path / "ws", {"workspace": {"members": ["crates/*", "../beside", "./tools/x/"]}})
    )

    assert [
        ("beside", tmp_path / "beside"),
        ("one", tmp_path / "ws/crates/one"),
        ("x", tmp_path / "ws/tools/x"),
    ] == found
    assert "" == workspace.package_name(tmp_path / "ws")
