"""Rust fences that are files of a package which only cargo can build: as a tutorial has them, with real cargo."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project


def file(code: str, name: str, words: str = "", language: str = "rust") -> str:
    return f'```{language} file="{name}" {words}\n{code}\n```\n\n'


def manifest(text: str, name: str = "Cargo.toml") -> str:
    return file(text, name, language="toml")


SHOP = '[package]\nname = "my-shop"\nversion = "1.2.3"\nedition = "2024"\n'
WORKSPACE = manifest('[workspace]\nresolver = "3"\nmembers = ["adder", "add_one"]') + manifest(
    '[package]\nname = "adder"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\nadd_one = { path = "../add_one" }',
    "adder/Cargo.toml",
)
ADD_ONE = manifest('[package]\nname = "add_one"\nedition = "2024"', "add_one/Cargo.toml") + file(
    "pub fn add_one(x: i32) -> i32 {\n    x + 1\n}\n\n#[test]\nfn it_works() {\n    assert_eq!(3, add_one(2));\n}",
    "add_one/src/lib.rs",
    "exec test_harness",
)
ADDER = 'fn main() {\n    println!("10 plus one is {}", add_one::add_one(10));\n}'


def test_a_workspace_is_built_by_cargo(project: Project) -> None:
    """As the Rust Book has it: a library with its tests, a program that needs it; an edit of one file runs what has it."""
    page = WORKSPACE + ADD_ONE + file(ADDER, "adder/src/main.rs", "exec")
    project.page(page)
    log = project.build().log
    shown = project.streams()

    assert ["skipped", "skipped", "skipped", "met", "met"] == project.verdicts(), log  # `adder` has no source at first
    assert "test it_works ... ok" in shown[0][1]
    assert "10 plus one is 11" == shown[1][1]
    assert 2 == project.build().counts["cached"]
    assert shown == project.streams()
    project.page(page.replace("one(10)", "one(20)"))
    assert 1 == project.build().counts["executed"]
    assert "10 plus one is 21" == project.streams()[1][1]


def test_errors_and_panics_of_packages_stand_in_their_fences(project: Project) -> None:
    """A member's file is named by the page, wherever it is; a build script that fails says so."""
    project.page(
        WORKSPACE
        + ADD_ONE.replace("exec test_harness", "")
        + file("fn main() {\n    let x: u8 = add_one::add_one(1);\n}", "adder/src/main.rs", "exec")
        + file('fn main() {\n    panic!("no");\n}', "adder/src/main.rs", 'exec exit="101"')
        + file("pub fn add_one() { missing() }", "add_one/src/lib.rs", "exec")
    )
    log = project.build().log

    assert ["unmet", "met", "unmet"] == project.verdicts()[-3:], log
    assert "docs/index.md:36:17" in log, log
    assert "docs/index.md:47:20" in log, log
    assert "sample.rs:2:5" in project.samples()[-2]

    project.page(
        manifest(SHOP)
        + file('fn main() {\n    panic!("no wind");\n}', "build.rs")
        + file("fn main() {}", "src/main.rs", "exec")
    )
    log = project.build().log
    assert "failed to run custom build command" in log, log
    assert "no wind" in log
    assert "unmet" == project.verdicts()[-1]


def test_a_build_script_features_and_targets(project: Project) -> None:
    """What cargo would do with each, and the program knows its package."""
    script = (
        'fn main() {\n    let out = std::env::var("OUT_DIR").unwrap();\n'
        '    std::fs::write(format!("{out}/made.rs"), "pub const MADE: u8 = 7;").unwrap();\n'
        '    println!("cargo::rustc-cfg=windy");\n    println!("cargo::rustc-check-cfg=cfg(windy)");\n'
        '    println!("cargo::rustc-env=SAID=hello");\n}'
    )
    targets = '[features]\ndefault = ["sun"]\nsun = []\nrain = []\n\n[lib]\nname = "shop"\npath = "code/lib.rs"\n\n[[bin]]\nname = "till"\npath = "code/till.rs"\n'
    main = (
        'include!(concat!(env!("OUT_DIR"), "/made.rs"));\nfn main() {\n'
        '    println!("{MADE} {} {} {} {}", env!("SAID"), cfg!(windy), cfg!(feature = "sun"), cfg!(feature = "rain"));\n'
        '    println!("{} {}", shop::double(4), std::env::var("CARGO_PKG_VERSION").unwrap());\n'
        '    println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>());\n}'
    )
    project.page(
        manifest(SHOP + targets)
        + file(script, "build.rs")
        + file("pub fn double(x: u32) -> u32 { 2 * x }", "code/lib.rs", "exec")
        + file(main, "code/till.rs", 'exec args="a b"')
        + file('fn main() { println!("example {}", shop::double(1)); }', "examples/e.rs", "exec")
        + file(
            "#[test]\nfn till_runs() {\n"
            '    let out = std::process::Command::new(env!("CARGO_BIN_EXE_till")).arg("x").output().unwrap();\n'
            '    assert!(String::from_utf8_lossy(&out.stdout).contains("8 1.2.3"));\n}',
            "tests/t.rs",
            "exec",
        )
        + file("pub fn unused() {}", "code/other.rs", "exec")
    )
    log = project.build().log
    streams = [text for name, text in project.streams() if name == "stdout"]

    assert "7 hello true true false\n8 1.2.3\n" + '["a", "b"]' == streams[0], log
    assert "example 2" == streams[1]
    assert "test till_runs ... ok" in streams[2]
    assert ["met"] * 5 == project.verdicts()[-5:]


def test_dependencies_are_those_of_the_environment(project: Project) -> None:
    """In its versions, without a network; local ones are taken for those of the registry."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "1.4.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", "pub const N: u8 = 7;\n")
    dependencies = {"itoa": "=1.0.14", "tally": {"path": "tally"}}
    project.configure({"languages": {"rust": {"dependencies": dependencies}}})
    wanted = '\n[features]\nfast = ["dep:itoa"]\ndefault = ["fast"]\n[dependencies]\nitoa = { version = "1", optional = true }\ntally = "1"\n'
    main = 'fn main() {\n    println!("{} {}", itoa::Buffer::new().format(5), tally::N);\n    println!("{}", std::fs::read_to_string("Cargo.lock").unwrap().contains("1.0.14"));\n}'
    page = manifest(SHOP + wanted) + file(main, "src/main.rs", "exec")
    project.page(page)
    log = project.build().log

    assert "5 7\ntrue" == project.streams()[-1][1], log
    assert 1 == project.build().counts["cached"]
    project.write("tally/src/lib.rs", "pub const N: u8 = 8;\n")
    assert 1 == project.build().counts["executed"]
    assert "5 8\ntrue" == project.streams()[-1][1]


def test_what_cannot_be_built_is_refused_with_what_to_write(project: Project) -> None:
    main = file("fn main() {}", "src/main.rs", "exec")
    refused = {
        "`[patch]` is not understood": manifest(SHOP + '[patch.crates-io]\nserde = { path = "x" }') + main,
        "the environment does not have `rand`": manifest(SHOP + '[build-dependencies]\nrand = "1"') + main,
        "no fence is in `../x`, where `x` should be": manifest(
            SHOP + '[features]\n[dependencies]\nx = { path = "../x" }'
        )
        + main,
        "there is no `Cargo.toml` for `src/main.rs`": manifest(SHOP, "a/Cargo.toml") + main,
        "`sample` of the page is in the place of what is built": manifest('[workspace]\nmembers = ["app", "sample"]')
        + manifest(SHOP, "sample/Cargo.toml")
        + file("pub fn f() {}", "sample/src/lib.rs")
        + manifest(SHOP.replace("my-shop", "app"), "app/Cargo.toml")
        + file("fn main() {}", "app/src/main.rs", "exec"),
        "`[package]` has no `name`": manifest('[features]\n[package]\nedition = "2021"') + main,
        "for its own files": manifest(SHOP + "[features]").replace('.toml" ', '.toml" name="m"')
        + '```rust exec needs="m l"\nuse my_shop::f;\n```\n\n'
        + file("pub fn f() {}", "src/lib.rs", 'name="l"'),
    }
    for what, page in refused.items():
        project.page(page)
        log = project.build().log
        assert what in log, log
        assert "hint: " in log, log
        assert "error" in project.verdicts()


def test_a_dependency_of_a_repository_is_built_and_no_other_repository_is_seen(
    project: Project, tmp_path: Path
) -> None:
    """Of what cargo keeps for all projects of a user, a build script sees what its own site depends on."""
    home = tmp_path / "cargo-home"
    secret = home / "git/checkouts/secret-0123456789abcdef/89abcde"
    secret.mkdir(parents=True)
    (home / "git/db/secret-0123456789abcdef").mkdir(parents=True)
    repository = tmp_path / "in-git"
    (repository / "src").mkdir(parents=True)
    (repository / "Cargo.toml").write_text('[package]\nname = "in-git"\nversion = "0.1.0"\nedition = "2021"\n', "utf-8")
    (repository / "src/lib.rs").write_text("pub fn f() -> u32 { 5 }\n", "utf-8")
    git = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True, timeout=60)
    project.env |= {"CARGO_HOME": str(home), "CODEEXEC_ENVIRONMENT_DIR": str(tmp_path / "environments")}
    dependencies = {"in-git": {"git": repository.as_uri()}}
    project.configure({"languages": {"rust": {"dependencies": dependencies}}})
    project.page(
        manifest(SHOP + f'[dependencies]\nin-git = {{ git = "{repository.as_uri()}" }}\n')
        + file(SEES.replace("HOME", str(home)), "build.rs")
        + file('fn main() { println!("{} {}", in_git::f(), env!("SEEN")); }', "src/main.rs", "exec")
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert '5 ["in-git"] ["in-git"]' == project.streams()[0][1].strip()


SEES = """\
fn main() {
    for place in ["checkouts", "db"] {
        let folder = std::fs::read_dir(format!("HOME/git/{place}")).unwrap();
        let names = folder.map(|one| one.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.map(|one| one.rsplit_once('-').unwrap().0.to_owned()).collect();
        names.sort();
        print!("{}{names:?}", if place == "db" { " " } else { "cargo::rustc-env=SEEN=" });
    }
    println!();
}
"""
