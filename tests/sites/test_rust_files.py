"""Rust fences that are files of a program, from the fence to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project


def file(code: str, name: str, words: str = "", language: str = "rust") -> str:
    return f'```{language} file="{name}" {words}\n{code}\n```\n\n'


SHAPES = file("pub fn area(w: u32, h: u32) -> u32 {\n    w * h\n}\n# pub fn hidden() -> u32 { 7 }", "src/shapes.rs")
MANIFEST = file('[package]\nname = "my-shop"\nedition = "2021"', "Cargo.toml", language="toml")
LIBRARY = file("pub mod deep;\npub fn double(x: u32) -> u32 { 2 * x }", "src/lib.rs") + file(
    "pub fn three() -> u32 { 3 }", "src/deep.rs"
)


def test_a_program_has_modules_that_are_fences(project: Project) -> None:
    """`src/main.rs` is compiled as it stands at each step; an edit of a module runs it again."""
    main = 'mod shapes;\n\nfn main() {\n    println!("{} {}", shapes::area(2, 3), shapes::hidden());\n}'
    project.page(SHAPES + file(main, "src/main.rs", "exec"))
    project.build()
    assert [("stdout", "6 7")] == project.streams()
    assert 1 == project.build().counts["cached"]

    project.page(SHAPES.replace("w * h", "w + h") + file(main, "src/main.rs", "exec"))
    assert 1 == project.build().counts["executed"]
    assert [("stdout", "5 7")] == project.streams()


def test_errors_and_panics_stand_in_the_fence(project: Project) -> None:
    """Of the file that the fence is; others have their names."""
    project.page(
        SHAPES
        + file("mod shapes;\nfn main() {\n    let x: u8 = shapes::area(1, 2);\n}", "src/main.rs", "exec")
        + file('mod shapes;\nfn main() {\n    panic!("no");\n}', "src/main.rs", "exec")
        + file("pub fn area() { no_such() }", "src/shapes.rs", "exec")
    )
    log = project.build().log

    assert ["skipped", "unmet", "unmet", "unmet"] == project.verdicts()
    assert "docs/index.md:11:17" in log, log
    assert "docs/index.md:18:5" in log, log
    assert "docs/index.md:23:17" in log, log


def test_errors_and_panics_in_a_module_are_told_where_its_fence_is(project: Project) -> None:
    """Of the fence that counts: a later one with the same file has replaced the first."""
    main = file("mod shapes;\nfn main() {\n    shapes::area();\n}", "src/main.rs", "exec")
    project.page(
        file("pub fn area() {}", "src/shapes.rs")
        + file("# use std::fmt;\npub fn area() {\n    missing();\n}", "src/shapes.rs")
        + main
        + file('pub fn area() {\n    panic!("no");\n}', "src/shapes.rs")
        + main
    )
    log = project.build().log

    assert ["unmet", "unmet"] == [word for word in project.verdicts() if word != "skipped"]
    assert " --> docs/index.md:8:5\n" in log, log
    assert ">  8 |     missing();" in log, log
    assert "| 8 |     missing();" in log
    assert "thread 'main' panicked at docs/index.md:21:5:" in log


def test_a_sample_has_modules_beside_it(project: Project) -> None:
    """It need not be a file itself."""
    project.page(
        '```rust file="shapes.rs" name="s"\npub fn area() -> u32 { 4 }\n```\n\n'
        '```rust exec needs="s"\nmod shapes;\nuse shapes::area;\nprintln!("{}", area());\n```\n\n'
    )
    project.build()
    assert [("stdout", "4")] == project.streams()

    project.page(
        '```rust file="shapes.rs" name="s"\npub fn area() -> u32 { 4 }\n```\n\n'
        '```rust exec needs="s"\nmod shapes; let x: u8 = shapes::area();\n```\n\n'
    )
    assert "docs/index.md:6:25" in project.build().log


def test_steps_have_modules_beside_them(project: Project) -> None:
    """Which every step after that sees."""
    project.page(
        '```rust file="shapes.rs" name="s"\npub fn area() -> u32 { 4 }\n```\n\n'
        '```rust exec session="a" needs="s"\nmod shapes;\nlet x = shapes::area();\n```\n\n'
        '```rust exec session="a"\nuse shapes::area;\nprintln!("{x} {}", area());\n```\n\n'
    )
    log = project.build().log
    assert [("stdout", "4 4")] == project.streams(), log


def test_a_module_without_a_program_is_compiled(project: Project) -> None:
    """Statements in a file are a sample like any other, which others may read."""
    project.page(
        file("pub fn f() -> u32 { 4 }", "shapes.rs", "exec")
        + file("pub fn f() -> u8 { no_such }", "shapes.rs", "exec")
        + file('fn main() { println!("a") }', "a.rs", "exec")
        + file('println!("b");', "b.rs", "exec")
    )
    project.build()
    assert ["met", "unmet", "met", "met"] == project.verdicts()
    assert ["a", "b"] == [text for name, text in project.streams() if name == "stdout"]


def test_a_package_has_a_library(project: Project) -> None:
    """Its program, its tests, its examples and further samples use it, under the name that the manifest says."""
    use = "use my_shop::{deep::three, double};\n"
    project.page(
        MANIFEST.replace('Cargo.toml" ', 'Cargo.toml" name="m"')
        + LIBRARY.replace('lib.rs" ', 'lib.rs" name="l"').replace('deep.rs" ', 'deep.rs" name="d"')
        + file(f'{use}fn main() {{ println!("main {{}}", double(three())); }}', "src/main.rs", "exec")
        + file(f'{use}fn main() {{ println!("example {{}}", double(three())); }}', "examples/e.rs", "exec")
        + file(f"{use}#[test]\nfn doubles() {{ assert_eq!(6, double(three())); }}", "tests/t.rs", "exec")
        + f'```rust exec needs="m l d"\n{use}println!("sample {{}}", double(three()));\n```\n\n'
    )
    log = project.build().log
    streams = [text for _, text in project.streams()]

    assert ["skipped"] * 3 + ["met"] * 4 == project.verdicts(), log
    assert ["main 6", "example 6", "sample 6"] == [streams[0], streams[1], streams[3]]
    assert "test doubles ... ok" in streams[2]


def test_who_uses_a_library_has_the_usual_edition(project: Project) -> None:
    """A manifest without one means 2015 for the files of its package, and is told where that matters."""
    manifest = file('[package]\nname = "my-shop"', "Cargo.toml", 'name="manifest"', "toml")
    library = file("pub fn f() -> u32 { let dyn = 3; dyn }", "src/lib.rs", 'name="lib"')  # `dyn` is a name in 2015
    code = 'use my_shop::f;\nprintln!("{}", f());'
    project.page(
        manifest
        + library
        + f'```rust exec session="s" needs="lib manifest"\n{code}\n```\n\n'
        + '```rust exec session="s"\nprintln!("{}", f() + 1);\n```\n\n'
        + f'```rust exec needs="lib manifest"\n{code}\n```\n\n'
        + file("use my_shop::f;\nfn main() { f(); }", "src/main.rs", "exec")
    )
    log = project.build().log

    assert [("stdout", "3"), ("stdout", "4"), ("stdout", "3")] == project.streams()[:3]
    assert "met" in project.verdicts()
    assert 'write `edition = "2021"` under `[package]`' in log
    assert "dependencies" not in log


def test_a_program_knows_its_package(project: Project) -> None:
    """What cargo says of it: its crate is called as its library would be, or as its file."""
    manifest = file('[package]\nname = "my-shop"\nversion = "1.2.3"\nedition = "2021"', "Cargo.toml", "", "toml")
    said = 'println!("{} {} {} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_VERSION_MINOR"), module_path!());'
    run = 'println!("{}", std::env::var("CARGO_PKG_VERSION").unwrap());'
    project.page(
        manifest
        + file(f"pub fn f() {{ {said} }}", "src/util.rs")
        + file(f"mod util;\nfn main() {{ util::f(); {run} }}", "src/main.rs", "exec")
        + file(f"fn main() {{ {said} }}", "examples/some-thing.rs", "exec")
    )
    project.build()

    assert [
        ("stdout", "my-shop 1.2.3 2 my_shop::util\n1.2.3"),
        ("stdout", "my-shop 1.2.3 2 some_thing"),
    ] == project.streams()


def test_a_library_alone_is_compiled(project: Project) -> None:
    """An error in it is told."""
    project.page(
        MANIFEST
        + file("pub fn double(x: u32) -> u32 { 2 * x }", "src/lib.rs", "exec")
        + file("pub fn double(x: u32) -> u8 { 2 * x }", "src/lib.rs", "exec")
        + file("#[test]\nfn t() { assert_eq!(4, 2 + 2) }", "src/lib.rs", "exec test_harness")
    )
    project.build()
    assert ["skipped", "met", "unmet", "met"] == project.verdicts()
    assert "test t ... ok" in project.samples()[-1]


def test_what_only_cargo_could_build_is_refused(project: Project) -> None:
    """With what to write instead."""
    main = file('fn main() { println!("x"); }', "src/main.rs", "exec")
    refused = {
        "build.rs": file("fn main() {}", "build.rs") + main,
        "`build.rs` is not run for fences": file("fn main() {}", "build.rs", "exec"),
        "the environment does not have `rand`": MANIFEST.replace("\n```", '\n[dependencies]\nrand = "0.8"\n```') + main,
        "`[patch]` is not understood": MANIFEST.replace("\n```", "\n[patch.crates-io]\n```") + main,
        "not TOML": MANIFEST.replace("[package]", "[package") + main,
        "`[package]` has no `name`": MANIFEST.replace("name", "title") + main,
        "what the library `src/lib.rs` is called is not known": LIBRARY
        + file("#[test] fn t() {}", "tests/t.rs", "exec"),
    }
    for what, page in refused.items():
        project.page(page)
        log = project.build().log
        assert what in log, log
        assert "hint: " in log, log
        assert "error" == project.verdicts()[-1]


def test_what_the_page_has_of_a_package_is_told(project: Project) -> None:
    """A library that nobody gave the sample; a module that stands behind the program."""
    project.page(
        MANIFEST
        + LIBRARY
        + "```rust exec\nuse my_shop::double;\n```\n\n"
        + file("mod late;\nfn main() {}", "src/main.rs", "exec")
        + file("", "src/late.rs")
    )
    log = project.build().log

    assert (
        "hint: the page has `src/lib.rs` (docs/index.md:7) and `Cargo.toml` (docs/index.md:1), and a sample gets it by `needs`: "
        'write `name="lib"` on the fence at docs/index.md:7, `name="Cargo"` on the fence at docs/index.md:1, '
        'and `needs="lib Cargo"` here'
    ) in log
    assert "`src/late.rs` (docs/index.md:25) stands behind it" in log
