"""A folder of Markdown as `mdbook test` sees it: a copy in which every include is expanded.

The rules are mdBook's (rust-lang/mdBook, `builtin_preprocessors/links.rs` and `links/take_lines.rs`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

_LINK = re.compile(r"\\\{\{#.*\}\}|\{\{\s*#([a-zA-Z0-9_]+)\s+([^}]+)\}\}")
_ANCHOR = re.compile(r"ANCHOR:\s*([\w_-]+)")
_ANCHOR_END = re.compile(r"ANCHOR_END:\s*([\w_-]+)")
_DEEPEST = 10

Hide = Callable[[str], str | None]
"""What becomes of a line that is not asked for; None takes it away."""


def copy(source: Path, target: Path) -> list[Path]:
    """Write every Markdown file below `source` to `target`, includes expanded; return their paths, relative."""
    written = []
    for file in sorted(source.rglob("*.md")):
        if file.is_file():
            path = file.relative_to(source)
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            text = file.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
            (target / path).write_text(expanded(text, file.parent), "utf-8")
            written.append(path)
    return written


def expanded(text: str, folder: Path, depth: int = 0) -> str:
    """Return `text`, of a file in `folder`, with its includes; one that cannot be read stays as it is."""
    parts: list[str] = []
    done = 0
    for link in _LINK.finditer(text):
        content, place = _content(link, folder)
        if content is None:
            continue
        before = text[done : link.start()]
        parts.append(before)
        if depth < _DEEPEST:
            if place is not None:
                content = expanded(content, place, depth + 1)
            # mdBook repeats what stands before the include on each of its lines: blockquotes and lists go on.
            prefix = "".join(parts).rpartition("\n")[2]
            parts.append(f"\n{prefix}".join(_lines(content)))
        done = link.end()
    return "".join(parts) + text[done:]


def _content(link: re.Match[str], folder: Path) -> tuple[str | None, Path | None]:
    """Return what stands for `link`, and the folder of the file that it is from; None if the link is left alone."""
    if link[1] is None:
        return link[0][1:], None
    if link[1] == "title":
        return "", None
    words = link[2].split()
    if not words or link[1] not in ("include", "rustdoc_include", "playground", "playpen"):
        return None, None
    playground = link[1].startswith("play")
    name, _, part = (words[0], "", "") if playground else words[0].partition(":")
    file = folder / name
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return None, None
    if playground:
        info = ",".join(("rust", *words[1:]))
        return f"```{info}\n{text}{'' if text.endswith(chr(10)) else chr(10)}```\n", file.parent
    return _part(_lines(text), part, _hidden if link[1] == "rustdoc_include" else _left_out), file.parent


def _lines(text: str) -> list[str]:
    """Return the lines of `text` as Rust's `str::lines` does."""
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def _hidden(line: str) -> str:
    return f"# {line}"


def _left_out(_: str) -> None:
    return None


def _part(lines: Sequence[str], part: str, hide: Hide) -> str:
    first, *others = part.split(":")[:2]
    if first and not first.isdigit():
        return _anchored(lines, first, hide)
    start = max(int(first) - 1, 0) if first else 0
    end = len(lines)
    if others and others[0].isdigit():
        end = int(others[0])
    elif first and not others:
        end = start + 1
    shown = [line if start <= index < end else hide(line) for index, line in enumerate(lines)]
    return "\n".join(line for line in shown if line is not None)


def _anchored(lines: Sequence[str], anchor: str, hide: Hide) -> str:
    kept: list[str | None] = []
    inside = False
    for line in lines:
        start, end = _ANCHOR.search(line), _ANCHOR_END.search(line)
        if inside:
            if end:
                inside = end[1] != anchor
            elif not start:
                kept.append(line)
        elif start:
            inside = start[1] == anchor
        elif not end:
            kept.append(hide(line))
    return "\n".join(line for line in kept if line is not None)
