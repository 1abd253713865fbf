"""What rustc and Rust programs print of one machine or one run, and what is shown instead; see `core.normalize`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import PATH_CHARACTER, START, Rule, changed, normalize, without_folder

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import StepResult

PLACES = (
    # Where crates were unpacked, and where the standard library was compiled or is installed.
    Rule("registry", "/registry/src/", re.compile(START + r"/" + PATH_CHARACTER + r"*?/registry/src/[^/\s]+/"), ""),
    Rule(
        "checkout",
        "/git/checkouts/",
        re.compile(START + r"/" + PATH_CHARACTER + r"*?/git/checkouts/([^/\s]+?)-[0-9a-f]{16}/[0-9a-f]{7,}/"),
        r"\1/",
    ),
    Rule("library", "/rustc/", re.compile(START + r"/rustc/[0-9a-f]{40}/(?=library/)"), ""),
    Rule(
        "library source",
        "/lib/rustlib/src/rust/library/",
        re.compile(START + r"/" + PATH_CHARACTER + r"*?/lib/rustlib/src/rust/(?=library/)"),
        "",
    ),
)
"""Folders of packages that others have made, and of the standard library."""

RULES = (
    # Since Rust 1.92 a panic names the thread's id in the operating system: `thread 'main' (16340) panicked at`.
    Rule(
        "thread id",
        "thread '",
        re.compile(r"(?m)^((?:\x1b\[[0-9;]*m)*thread '[^'\n]*') \(\d+\)(?= (?:panicked at|has overflowed))"),
        r"\1",
    ),
    *PLACES,
    # What libtest says at the end (`test_harness`); its colours end before the numbers.
    Rule("test time", "; finished in ", re.compile(r"(?m)^(test result: .*; finished in )\d+\.\d+s$"), r"\g<1>0.00s"),
    # rustc writes long type names into a file that is gone by the time someone reads this.
    Rule("long type", "sample.long-type-", re.compile(r"sample\.long-type-\d+\.txt"), "sample.long-type.txt"),
)
"""For what rustc and Rust programs print."""


def portable(result: StepResult, folders: Sequence[tuple[str, str]], target: str = "") -> StepResult:
    """Return `result` with names of files in `folders` as they are on every machine.

    Args:
        result: Of a step.
        folders: Pairs of a folder, inner ones first, and what stands for it; nothing makes names relative to it.
        target: cargo's target directory. What a build script has generated there is called `crate/out/file.rs`.
    """
    generated = re.compile(rf"{START}{re.escape(target)}/(?:[^/\s]+/)*?build/([^/\s]+)-[0-9a-f]{{16}}/(?=out\b)")

    def change(text: str) -> str:
        text = normalize(text, PLACES)
        if target and target in text:
            text = without_folder(generated.sub(r"\1/", text), target, "target")
        for folder, put in folders:
            if folder != "/" and folder in text:
                text = re.sub(rf"(?:\b\w+\+)?file://(?={re.escape(folder)}(?![\w.@+~%-]))", "", text)
                text = without_folder(text, folder, put)
        return text

    return changed(result, change)
