"""What the stored Outcomes of a site were made of, part by part: so that it can be said what has changed since.

Nothing is decided by it. Keys decide; this explains them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from mkdocs_codeexec.core.action import Action, Step
    from mkdocs_codeexec.core.sample import Sample

SHORT = 12
"""Digits of a digest."""
NEAR = 30
"""Lines by which a sample may have moved while its code has changed."""
KEPT = ("environment.lock", "environment.manifest")
"""Inputs of which the text is kept, to say what in them has changed."""
CODE, BEFORE, FILES, LEFT, TOOLCHAIN, FLAGS = "code", "before", "files", "left", "toolchain", "toolchain.further"
_INPUT = "input."
_WORDS = {
    CODE: "its code",
    BEFORE: "an earlier step of its session",
    LEFT: "what a sample that it needs has left",
    FLAGS: "what else is known of the toolchain, or flags of cargo's configuration",
    "run.stdin": "its standard input",
    "run.argv": "its command line",
    "run.env": "its environment variables",
    "run.limits": "the limits of a run",
    "run.timeout": "its timeout",
    "run.network": "whether it may use the network",
    "run.other": "how its output is taken apart",
    "build.argv": "the command line of its compiler",
    "build.env": "the environment variables of its compiler",
    "build.limits": "the limits of a build",
    "build.timeout": "`build_timeout`",
    "build.network": "whether its compiler may use the network",
    "artifacts": "which files it shows",
    "leaves": "whether its files are kept",
    "workdir": "where it starts",
    "host_env": "the names of variables that it is given",
    "output_limit": "how much of its output is read",
    f"{_INPUT}environment.manifest": "`dependencies` of the configuration",
    f"{_INPUT}environment.package": "the package that is documented",
    f"{_INPUT}rich_display": "how figures and values are shown (another version of mkdocs-codeexec)",
    f"{_INPUT}session": "another step of its session",
    f"{_INPUT}session.continued": "another step of its session",
    f"{_INPUT}binaries": "which programs of local packages it gets",
    f"{_INPUT}binaries.called": "which programs of local packages it gets",
    f"{_INPUT}cargo.env": "`[env]` of cargo's configuration",
    f"{_INPUT}toolchain.wanted": "the toolchain that is asked for",
    f"{_INPUT}environment.unknown": "its environment",
    f"{_INPUT}sample.file": "which file it is",
}
_LOCK = f"{_INPUT}environment.lock"
_LOCAL = f"{_INPUT}environment.path:"


@dataclass(frozen=True, slots=True)
class Made:
    """What a sample's Outcome was made of.

    Attributes:
        line: Where the sample was.
        name: What its author calls it; may be empty.
        language: Its language.
        seconds: What it took.
        parts: By name, a short digest of each; of the toolchain, what it says of itself.
    """

    line: int
    name: str
    language: str
    seconds: float
    parts: Mapping[str, str]


def parts_of(sample: Sample, action: Action) -> dict[str, str]:
    """Return what decides the Outcome of `sample`, part by part."""
    toolchain, _, further = (action.toolchain or "").partition("\n")
    found = {
        CODE: short(sample.code),
        BEFORE: short(*(step.code for step in sample.before)) if sample.before else "",
        FILES: short(*(text for file in action.files for text in file)),
        LEFT: short(*(f"{blob}" for blob in action.left)) if action.left else "",
        "artifacts": " ".join(action.artifacts),
        "leaves": str(action.leaves) if action.leaves else "",
        "workdir": action.workdir,
        "host_env": " ".join(action.host_env),
        "output_limit": str(action.output_limit),
        TOOLCHAIN: toolchain,
        FLAGS: short(further) if further else "",
    }
    for step in action.steps:
        found |= {f"{step.kind}.{name}": text for name, text in _step(step)}
    found |= {f"{_INPUT}{name}": short(text) for name, text in action.inputs}
    return {name: text for name, text in found.items() if text}


def _step(step: Step) -> Iterator[tuple[str, str]]:
    yield "argv", short(*step.argv)
    yield "timeout", f"{step.timeout:g}"
    yield "stdin", "" if step.stdin is None else short(step.stdin)
    yield "env", short(*(text for pair in step.env for text in pair)) if step.env else ""
    yield "limits", short(repr(step.limits.amounts()))
    yield "network", str(step.network) if step.network else ""
    yield "other", str(step.merged) if step.merged else ""
    yield "turns", short(*step.turns) if step.turns else ""
    yield "tty", str(step.columns) if step.columns else ""


def short(*texts: str) -> str:
    """Return a digest that tells texts apart which an author may have written."""
    return digest(texts)[:SHORT]


def unsettled(name: str) -> bool:
    """Tell whether a part is known only when the toolchain was asked, and dependencies were resolved."""
    return name in (TOOLCHAIN, FLAGS, _LOCK) or name.startswith(_LOCAL)


def texts_of(action: Action) -> dict[str, str]:
    """Return the inputs of which the text is kept, by digest."""
    return {short(text): text for name, text in action.inputs if name in KEPT and text}


def closest(made: Iterable[Made], sample: Sample, parts: Mapping[str, str], others: Container[str] = ()) -> Made | None:
    """Return what `sample` was made of, among the samples of its page as they were: of the same code, or name, or place.

    What stood at its place and is one of the `others` by now, codes that are still there, has moved: it was another one.
    """
    own = [one for one in made if one.language == sample.language]
    line = sample.location.line
    here = [one for one in own if one.parts.get(CODE) not in others and abs(one.line - line) <= NEAR]
    return (
        next((one for one in own if one.parts.get(CODE) == parts.get(CODE)), None)
        or (next((one for one in own if one.name == sample.name), None) if sample.name else None)
        or (min(here, key=lambda one: abs(one.line - line), default=None) if not sample.name else None)
    )


def changes(before: Mapping[str, str], now: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """Return in words what has changed; empty if nothing has.

    Args:
        before: The parts as they were.
        now: As they are.
        texts: Of inputs, by digest, as far as they are known.
    """
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if TOOLCHAIN in names and FLAGS in names:  # which says it all
        names.remove(FLAGS)
    told = list(dict.fromkeys(word for name in names if name != FILES for word in _changed(name, before, now, texts)))
    if FILES in names and not {CODE, BEFORE} & set(names):
        told.append("what stands around its code: a preamble, a file beside it, or the version of mkdocs-codeexec")
    return told


def _changed(name: str, before: Mapping[str, str], now: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[str]:
    was, is_now = before.get(name, ""), now.get(name, "")
    if name == TOOLCHAIN:
        yield f"the toolchain, `{was}` → `{is_now}`" if was and is_now else "the toolchain"
    elif name == _LOCK:
        yield from locked(texts.get(was), texts.get(is_now)) or ["a locked dependency"]
    elif name.startswith(_LOCAL):
        yield f"the local crate `{name.removeprefix(_LOCAL)}`"
    elif name.startswith(_INPUT) and name not in _WORDS:
        yield f"`{name.removeprefix(_INPUT)}`"
    else:
        yield _WORDS.get(name, f"`{name}`")


def locked(before: str | None, now: str | None) -> list[str]:
    """Return which dependencies have other versions in one lock file of cargo than in another; empty if that is not known."""
    one, other = _versions(before), _versions(now)
    if one is None or other is None:
        return []
    return [
        f"the dependency `{name} {_listed(one.get(name))} → {_listed(other.get(name))}`"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _listed(versions: tuple[str, ...] | None) -> str:
    return " and ".join(versions) if versions else "(none)"


def _versions(lock: str | None) -> dict[str, tuple[str, ...]] | None:
    try:
        packages = tomllib.loads(lock or "").get("package", [])
        found: dict[str, tuple[str, ...]] = {}
        for package in packages:
            name = str(package["name"])
            found[name] = tuple(sorted({*found.get(name, ()), str(package["version"])}))
    except (tomllib.TOMLDecodeError, LookupError, TypeError, RecursionError):
        return None
    return found if lock else None
