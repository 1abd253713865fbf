"""Many samples as one crate: each a module in a file of its own, and a `main` that calls one of them.

Which one is said by an environment variable, which is gone before the sample runs. Modules have names as long as the
word `sample`, so that whatever is printed about `sample.rs` has its width, and is that again after one replacement.
rustc cannot be told to call them all `sample.rs`: `--remap-path-prefix` to one name makes it compile the first file
twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.normalize import changed
from mkdocs_codeexec.languages.rust.messages import diagnostics
from mkdocs_codeexec.languages.rust.source.naming import number, prefix_of
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.source.session import renamed, steps_of

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import StepResult

PROGRAM = "sample"
LINT = "unsafe_code"
"""What rustc refuses in each module: only code that says `unsafe` reaches what is not its own. Who needs it is alone."""
_CRATE = PurePosixPath(FILE).stem
"""What a sample's crate is called, and so the crate of many."""


class Member(NamedTuple):
    """A sample in a shared crate.

    Attributes:
        module: The name of its module.
        variable: The environment variable by which the program is told which sample to be.
        files: Of a session: what the files of its steps are called here, and by themselves.
    """

    module: str
    variable: str
    files: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """The file of its module."""
        return f"{self.module}.rs"

    @property
    def env(self) -> dict[str, str]:
        """What the program must be given."""
        return {self.variable: self.module}

    def unmerged(self, text: str) -> str:
        """Return `text`, what the program wrote, as if the sample had been a crate of its own."""
        for here, alone in self.files:
            text = text.replace(here, alone)
        if self.module not in text:
            return text
        # Macros of dependencies make names of the module's path: that of a snapshot's file, say.
        return (
            text.replace(self.file, FILE)
            .replace(f"{_CRATE}::{self.module}", _CRATE)
            .replace(f"{_CRATE}__{self.module}", _CRATE)
        )

    def shown(self, result: StepResult) -> StepResult:
        """Return `result` of the program as if the sample had been a crate of its own."""
        return changed(result, self.unmerged)


class Crate(NamedTuple):
    """Samples, and the crate that they share.

    Attributes:
        members: One for each of the codes, in their order.
        files: Names and texts of the crate's files.
    """

    members: tuple[Member, ...]
    files: tuple[tuple[str, str], ...]


def merge(programs: Sequence[Mapping[str, str]]) -> Crate:
    """Return the crate of the prepared samples `programs`, their files, each of which has a `main`."""
    codes = [text for files in programs for _, text in sorted(files.items())]
    prefix = prefix_of(codes)
    variable = f"CODEEXEC_{prefix.upper()}"
    members: list[Member] = []
    files: list[tuple[str, str]] = []
    entry = f"{prefix}_main"
    body = f"pub fn {entry}() -> ::std::process::ExitCode {{ ::std::process::Termination::report(main()) }}\n"
    for program in programs:
        steps = {name: f"{prefix}{number(len(files) + 1 + place)}.rs" for place, name in enumerate(steps_of(program))}
        member = Member(prefix + number(len(files)), variable, tuple((here, name) for name, here in steps.items()))
        members.append(member)
        files.append((member.file, renamed(_line(program[FILE]), steps) + body))
        files += ((here, renamed(program[name], steps)) for name, here in steps.items())
    modules = "".join(f'#[path = "{member.file}"]\n#[forbid({LINT})]\npub mod {member.module};\n' for member in members)
    arms = "".join(f'        "{member.module}" => {member.module}::{entry}(),\n' for member in members)
    root = (
        f"{modules}\nfn main() -> ::std::process::ExitCode {{\n"
        f'    let chosen = ::std::env::var("{variable}").unwrap_or_default();\n'
        f'    unsafe {{ ::std::env::remove_var("{variable}") }}\n'
        f"    match chosen.as_str() {{\n{arms}        _ => ::std::process::abort(),\n    }}\n}}\n"
    )
    return Crate(tuple(members), ((FILE, root), *files))


class Said(NamedTuple):
    """What rustc said about a shared crate.

    Attributes:
        errors: Indexes of the samples that have errors.
        warned: Indexes of those that have warnings.
        unowned: Whether it said something that belongs to no sample.
    """

    errors: frozenset[int]
    warned: frozenset[int]
    unowned: bool


def sort(stderr: str, crate: Crate) -> Said:
    """Return whose the messages are that `rustc --error-format=json` wrote about `crate`."""
    owners = {member.file: index for index, member in enumerate(crate.members)}
    owners |= {here: index for index, member in enumerate(crate.members) for here, _ in member.files}
    errors: set[int] = set()
    warned: set[int] = set()
    unowned = False
    for line in stderr.splitlines():
        message = diagnostics.parsed(line)
        if message is None:
            unowned = unowned or bool(line.strip())
            continue
        level = str(message.get("level", ""))
        if level not in ("warning", "error", "error: internal compiler error") or diagnostics.is_summary(message):
            continue
        found = {owners[name] for name in _names(message, primary=True) if name in owners}
        found = found or {owners[name] for name in _names(message, primary=False) if name in owners}
        unowned = unowned or not found
        (warned if level == "warning" else errors).update(found)
    return Said(frozenset(errors), frozenset(warned), unowned)


def _names(message: Mapping[str, object], *, primary: bool) -> Iterator[str]:
    """Yield the files that `message` speaks of: where macros are called, too."""
    waiting = [message]
    while waiting:
        one = waiting.pop()
        yield from _of_spans(one.get("spans"), primary=primary)
        children = one.get("children")
        if not primary and isinstance(children, list):
            waiting += (child for child in children if isinstance(child, dict))


def _of_spans(spans: object, *, primary: bool) -> Iterator[str]:
    for span in spans if isinstance(spans, list) else ():
        place = span
        while isinstance(place, dict):
            if place.get("is_primary") or not primary:
                yield str(place.get("file_name", ""))
            expansion = place.get("expansion")
            place = expansion.get("span") if isinstance(expansion, dict) else None
            if primary and isinstance(place, dict) and span.get("is_primary"):
                place = {**place, "is_primary": True}


def _line(code: str) -> str:
    return code if code.endswith("\n") else code + "\n"
