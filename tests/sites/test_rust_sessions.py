"""Rust sessions, from the fence to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def step(code: str, words: str = "") -> str:
    return f'```rust exec session="a" {words}\n{code}\n```\n\n'


def test_steps_build_on_each_other(project: Project) -> None:
    """Each shows what it prints; warm as cold. Those that must fail stand beside the others."""
    project.page(
        step("#[derive(Debug)]\nenum Color { Red }\nlet names = vec![Color::Red];")
        + step('use Color::*;\nprintln!("{:?} {names:?}", Red);')
        + step("drop(names);\nnames.len();", "compile_fail")
        + step('panic!("no");', "should_panic")
        + step('println!("{}", names.len());\neprintln!("done");')
    )
    cold = project.build()

    assert 5 == cold.counts["met"], cold.log
    streams = [one for one in project.streams() if one[0] != "build"]
    assert ("stdout", "Red [Red]") == streams[0]
    assert ("stdout", "1") in streams
    assert ("stderr", "done") in streams
    assert ["met"] * 5 == project.verdicts()
    assert 5 == project.build().counts["cached"]


def test_an_error_blocks_what_follows(project: Project) -> None:
    """And what came before is shown as it went."""
    project.page(step('let x = 1;\nprintln!("one");') + step('let y: i32 = "text";') + step('println!("{x}{y}");'))
    log = project.build().log

    assert ["met", "unmet", "blocked"] == project.verdicts()
    assert ("stdout", "one") in project.streams()
    assert "docs/index.md:7:14" in log, log


def test_a_panic_blocks_what_follows(project: Project) -> None:
    project.page(step('println!("one");') + step('println!("two");\npanic!("no");') + step('println!("three");'))
    log = project.build().log

    assert ["met", "unmet", "blocked"] == project.verdicts()
    assert [("stdout", "one"), ("stdout", "two")] == [one for one in project.streams() if one[0] == "stdout"]
    assert "docs/index.md:7:1" in log, log


@pytest.mark.parametrize("second", ["println!();", "let y: u8 = std::iter::empty::<u8>().next().ok_or(fmt::Error)?;"])
def test_an_error_in_the_preamble_stands_under_no_line_of_a_step(project: Project, second: str) -> None:
    """It is told with the line of the preamble, and nothing that was put around it."""
    preamble = "use std::fmt;\nfn helper() -> u8 { missing_there() }"
    project.configure({"languages": {"rust": {"preamble": preamble}}})
    project.page(
        '```rust exec session="a"\nlet x = 1;\nlet y = x;\n```\n\n' + f'```rust exec session="a"\n{second}\n```\n'
    )
    log = project.build().log

    assert "--> the preamble of `languages.rust` (line 2)" in log, log
    assert "_keep" not in log
    assert "include!" not in log
    assert "codeexec-mark" not in project.html()
    assert "docs/index.md:3:" not in log.replace("docs/index.md:3: it does not compile", "")
