r"""Lines that run and are not shown, by the rule of rustdoc.

A line that is `#`, or starts with `# `, indented or not, is hidden; a leading `##` stands for `#`; anything else
(`#[derive]`, `#![…]`, `#!`) is code. Like rustdoc (`map_line` in `librustdoc/html/markdown.rs`) and mdBook, this goes by
the line alone, within a string too: there `##` shows a `#`. What is shown and what runs would differ otherwise from
what both of them make of the same page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def visible(code: str) -> str:
    """Return `code` as readers see it: hidden lines are gone, `##` is `#`."""
    return "\n".join(shown for shown, _ in _lines(code) if shown is not None) if "#" in code else code


def runnable(code: str) -> str:
    """Return `code` as it runs: hidden lines without their mark and what stands before it, `##` is `#`.

    It has as many lines as `code`, in the same order.
    """
    return "\n".join(run for _, run in _lines(code)) if "#" in code else code


def _lines(code: str) -> Iterator[tuple[str | None, str]]:
    """Yield each line as it is shown (None: hidden) and as it runs."""
    for line in code.split("\n"):
        bare = line.lstrip()
        if not bare.startswith("#"):
            yield line, line
        elif bare.startswith("##"):
            plain = line.replace("##", "#", 1)
            yield plain, plain
        elif bare.startswith("# "):
            yield None, bare[2:]
        elif bare.rstrip() == "#":
            yield None, ""
        else:
            yield line, line
