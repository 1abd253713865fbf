"""A package of fences, built by cargo in the directory of its sample."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult
from mkdocs_codeexec.languages.rust.messages import diagnostics
from mkdocs_codeexec.languages.rust.messages.objects import objects

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.protocols import Scratch
    from mkdocs_codeexec.languages.rust.batch.equipment import Cargo, Equipment

CARGO = "{cargo}"
"""What a command line begins with that is one of cargo."""
_TERMS = (
    "--offline",
    "--quiet",
    "--message-format=json-diagnostic-rendered-ansi",
    "--config",
    "profile.dev.debug={debug}",
)
_LACKS = re.compile(
    r"^error: (?:no matching package|failed to select a version|failed to get |unable to update |failed to download|"
    r"attempting to make an HTTP request|failed to load source)",
    re.MULTILINE,
)
_COUNTS = re.compile(
    r"^(?:error: could not compile `|warning: `[^`\n]*` \([^)\n]*\) generated |warning: build failed).*\n", re.MULTILINE
)
_KEEP = 'cp "$1" sample && cd target && find . -mindepth 2 -maxdepth 2 ! -type f -exec rm -rf {} +'
"""Leaves the program, and those that its tests start: what cargo needs itself is much larger."""


def build(step: Step, scratch: Scratch, equipment: Equipment, files: frozenset[str]) -> StepResult:
    """Return what cargo's build of `step` came to, as if rustc had been asked; its program is `sample` then."""
    cargo = equipment.cargo
    if cargo is None:
        return StepResult(kind=step.kind, stdout="", stderr="", ended=NotStarted("`cargo` was not found"))
    env = {**dict(step.env), **cargo.env}
    result = scratch.run(step, _command(step, cargo), env, cargo.access)
    messages = list(objects(result.stdout))
    said = "".join(json.dumps(found) + "\n" for found in _told(messages))
    cargos = _COUNTS.sub("", result.stderr)
    ended = result.ended
    if ended == Exited(101):  # cargo's own status for anything that is wrong
        lacks = _LACKS.search(cargos)
        ended = (
            NotStarted(f"cargo: {lacks[0].removeprefix('error: ')}…; is it in this machine's cache?")
            if lacks
            else Exited(1)
        )
    root = posixpath.dirname(step.argv[step.argv.index("--manifest-path") + 1])
    named = files | {posixpath.relpath(name, root) for name in files if root and name.startswith(f"{root}/")}
    result = diagnostics.translate(replace(result, stdout="", stderr=said + cargos, ended=ended), named)
    program = _program(step, messages)
    if result.ended != Exited(0) or not program:
        return result
    kept = scratch.run(step, ("/bin/sh", "-c", _KEEP, "sh", program), env, cargo.access)
    return result if kept.ended == Exited(0) else replace(result, stderr=result.stderr + kept.stderr, ended=kept.ended)


def _command(step: Step, cargo: Cargo) -> tuple[str, ...]:
    debug = "0" if dict(step.env).get("RUST_BACKTRACE", "0") == "0" else '"limited"'
    return (cargo.program, *step.argv[1:], *(word.format(debug=debug) for word in _TERMS), *cargo.words)


def _told(messages: list[Mapping[str, object]]) -> Iterator[object]:
    """Yield what compilers said of the fences' packages; the same of a library and of its tests is told once."""
    seen: set[str] = set()
    for message in messages:
        found = message.get("message")
        if message.get("reason") == "compiler-message" and isinstance(found, dict):
            text = str(found.get("rendered"))
            if text not in seen:
                seen.add(text)
                yield found


def _program(step: Step, messages: list[Mapping[str, object]]) -> str:
    """Return the program that was asked for; empty if that is none."""
    kind = next((word[2:] for word in step.argv if word in ("--lib", "--bin", "--example", "--test")), "")
    name = "" if kind == "lib" else step.argv[step.argv.index(f"--{kind}") + 1]
    for message in messages:
        target, made = message.get("target"), message.get("executable")
        if isinstance(target, dict) and isinstance(made, str):
            kinds = target.get("kind")
            matches = kind in kinds if isinstance(kinds, list) else False
            if kind == "lib" or (matches and target.get("name") == name):
                return made
    return ""
