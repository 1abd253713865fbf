"""The steps of a session as one program, without moving a line of any.

Each step is a file of its own, a block whose last statement includes the next step:

    sample.rs       fn main() { include!("xyz001.rs") }
    xyz001.rs       { step 1
                    ; xyz_mark("2"); include!("xyz002.rs") }
    xyz002.rs       { step 2
                    }

`include!` is not hygienic: what a step declares, `let` bindings too, the steps within it see, and may hide by the same
name. So rustc itself knows lines and columns, and a step differs from what its author wrote by two characters on its
first line. What only a crate may hold goes to `sample.rs`, to its own line and column where there is room: inner
attributes, `extern crate` items, and modules that are files.

Between two steps the program flushes what std holds back of stdout, and writes a mark to stdout and to stderr. It is the
pipe that keeps the order: C code and other processes write to the step during which they write.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mkdocs_codeexec.core.action import Marks
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable, one_line, tokens
from mkdocs_codeexec.languages.rust.source.naming import number, prefix_of
from mkdocs_codeexec.languages.rust.source.outline import Outline, outline
from mkdocs_codeexec.languages.rust.source.prepare import FILE, Preamble, Prepared, Shift, blanked
from mkdocs_codeexec.languages.rust.source.statements import asks, declared_modules

OPENING = "{ "
INSERTED = (Shift(1, 1, OPENING),)
"""What is inserted into a step."""
_DEEP = 60
"""Steps from which on `include!` may be more within each other than the 128 that rustc allows."""
_IN_PREAMBLE = re.compile(r"(?:(?<=\x1b\[0m)|(?<![\w./-]))preamble\.rs:(\d{1,9}):\d{1,9}")
_OTHER = re.compile(r"step-\d{1,9}\.rs")
PREAMBLE = "preamble.rs"
"""What the preamble is called in messages: it has no file of its own."""
_BEFORE = re.compile(
    r"fn main\(\) \{ (?:fn _inner\(\) -> \S+ \w+> \{ )?(?:[a-z]{3}_keep\(\);)? (?P<rest>.*) include!\(\"\w+\.rs\"\).*\n"
)
_INCLUDED = re.compile(r'include!\("(?P<name>[a-z]{3}[0-9a-z]{3}\.rs)"\)')


class Program(NamedTuple):
    """A session as files.

    Attributes:
        steps: Names of the steps' files, in order.
        files: All files: names and texts, `sample.rs` first.
        seal: What its marks hold (`core.action.Marks`).
    """

    steps: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    seal: str


class _Step(NamedTuple):
    code: str
    seen: Outline | None

    @property
    def runs(self) -> bool:
        """Whether it is a program by itself."""
        return self.seen is not None and self.seen.main and not self.seen.statements


def prepare_step(code: str) -> Prepared:
    """Return what is to be known about the file of the step `code`, hidden lines already made runnable."""
    lines = code.count("\n") + (not code.endswith("\n"))
    return Prepared(code, INSERTED if _outlined(code) else (), lines)


@functools.lru_cache(maxsize=1024)  # each step is a part of the programs of all later steps
def program(codes: tuple[str, ...], before: Preamble) -> Program:
    """Return the program of the steps `codes`, hidden lines already made runnable, with the preamble `before`."""
    prefix = prefix_of((*codes, before.attributes, before.crates, before.rest))
    names = tuple(f"{prefix}{number(index + 1)}.rs" for index in range(len(codes)))
    steps = [_Step(code, _outlined(code)) for code in codes]
    following = (*names[1:], "")
    seal = hashlib.sha256("\0".join(codes).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    mark = f"{Marks(seal, ()).end()}\\n"
    texts = [_step(step, prefix, mark, name) for step, name in zip(steps, following, strict=True)]
    root = _root(steps, before, prefix, names[0])
    return Program(names, ((FILE, root), *zip(names, texts, strict=True)), seal)


def others(text: str, before: Preamble) -> dict[str, Prepared]:
    """Return the other steps of which `text`, told to readers of one, speaks, by the names that they have for these.

    So is the preamble `before`, in the line of the program that holds it.
    """
    found = dict.fromkeys(_OTHER.findall(text), Prepared("", INSERTED)) if "step-" in text else {}
    if (line := _IN_PREAMBLE.search(text)) is not None:
        found[PREAMBLE] = Prepared("", (Shift(int(line[1]), 1, before.rest),), preamble=(before.rest,))
    return found


def steps_of(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the steps' files of the program `files`, in order; nothing if it is no session."""
    found: list[str] = []
    text = files.get(FILE, "")
    while len(found) < len(files) and (match := _included(text)) and match["name"] in files:
        found.append(match["name"])
        text = files[match["name"]]
    return tuple(found)


def own(files: Mapping[str, str]) -> str:
    """Return the tokens of the program `files` that are its author's, or might as well be: nothing is included in them."""
    names = steps_of(files)
    if not names:
        return files[FILE]
    return "\n".join(_without_include(files[name]) for name in (FILE, *names))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return the file `text` of a program with other names of the steps' files."""
    match = _included(text)
    if match is None:
        return text
    return f"{text[: match.start('name')]}{names.get(match['name'], match['name'])}{text[match.end('name') :]}"


def root_line(root: str) -> int:
    """Return the line of the file `sample.rs` that holds `main`: the last one."""
    return root.count("\n")


def preamble_of(root: str) -> tuple[int, int]:
    """Return between which columns of the last line of the file `sample.rs` the preamble stands."""
    found = _BEFORE.fullmatch(root[root.rfind("\n", 0, -1) + 1 :])
    return found.span("rest") if found else (0, 0)


def _without_include(text: str) -> str:
    match = _included(text)
    return text if match is None else f"{text[: match.start()]}(){text[match.end() :]}"


def _included(text: str) -> re.Match[str] | None:
    """Return where `text` includes a step: in its last line, which no author wrote."""
    return _INCLUDED.search(text, text.rfind("\n", 0, -1) + 1)


@functools.lru_cache(maxsize=4096)
def _outlined(code: str) -> Outline | None:
    """Return the outline of a step; None if it is not Rust, which rustc says better."""
    if code.startswith("#!") and not code.startswith("#!["):  # a shebang
        return None
    try:
        found = outline(code)
        return found._replace(crates=(*found.crates, *declared_modules(code)))
    except Unlexable:
        return None


def _step(step: _Step, prefix: str, mark: str, name: str) -> str:
    """Return the file of a step, which writes `mark` and goes on with the step in the file `name`, if there is one."""
    code, seen = step
    if seen is None:
        return code
    text = blanked(code if code.endswith("\n") else code + "\n", (*seen.attributes, *seen.crates, *seen.surplus))
    last = tokens(text)[-1:]
    parts = [";"] if seen.statements and last and last[0].text != ";" else []
    if step.runs:
        parts.append(f"{prefix}_ran(main());")
    if name:  # the step may end the program
        parts.append(f'#[allow(unreachable_code)] {prefix}_mark("{mark}"); include!("{name}")')
    return f"{OPENING}{text}{' '.join((*parts, '}'))}\n"


def _root(steps: Sequence[_Step], before: Preamble, prefix: str, first: str) -> str:
    """Return the file that holds what only a crate may hold, and starts the first step."""
    lines: list[str] = []
    for code, seen in steps:
        for start, end in seen.attributes if seen else ():
            _put(lines, code, start, one_line(code[start:end]) or '#![doc = ""]')
    if lines:  # a `;` stands behind steps that may need none; what authors say of that, they say of what they wrote
        lines[-1] += " #![allow(redundant_semicolons)]"
    if len(steps) > _DEEP:
        lines.append(f'#![recursion_limit = "{2 * len(steps)}"]')
    lines += filter(None, (before.attributes,))
    first_line = len(lines)
    taken: set[str] = set()
    for code, seen in steps:
        for start, end in seen.crates if seen else ():
            item = one_line(code[start:end])
            if item not in taken:
                taken.add(item)
                _put(lines, code, start, item, first_line)
    keep = f"{prefix}_keep();" if len(steps) > 1 else ""
    names = {
        "KEEP": keep,
        "KEPT": f"{prefix.upper()}_KEPT",
        "PREFIX": prefix,
        "FAILED": f"{prefix.capitalize()}Failed",
        "FIRST": first,
    }
    fallible = any(seen is not None and (seen.result or asks(code)) for code, seen in steps)
    text = _MARK + (_RAN if any(step.runs for step in steps) else "") + (_FAILED if fallible else "") + "CRATES\n"
    text += _FALLIBLE if fallible else _PLAIN
    for name, put in names.items():
        text = text.replace(name, put)
    text = text.replace("CRATES", before.crates).replace("PREAMBLE", before.rest)
    return "".join(f"{line}\n" for line in lines) + text


def _put(lines: list[str], code: str, start: int, text: str, least: int = 0) -> None:
    """Put `text`, which stands at `start` of the step `code`, into `lines`: where it stands there, if that is free."""
    at = max(code.count("\n", 0, start), least, 0)
    column = start - (code.rfind("\n", 0, start) + 1)
    if at == 0:
        column += len(OPENING)  # as the places of all that stands in the first line of a step
    lines += [""] * (at + 1 - len(lines))
    lines[at] = lines[at].ljust(column) if len(lines[at]) <= column else lines[at] + " "
    lines[at] += text


_MARK = (
    "static KEPT: ::std::sync::Mutex<::std::option::Option<[::std::fs::File; 2]>> = "
    "::std::sync::Mutex::new(::std::option::Option::None); "
    "fn PREFIX_keep() { use ::std::os::unix::io::{AsFd as _, AsRawFd as _}; "
    "fn copy(one: ::std::os::unix::io::BorrowedFd<'_>) -> ::std::io::Result<::std::fs::File> { "
    "let mut low = ::std::vec::Vec::new(); loop { let next = one.try_clone_to_owned()?; "
    "if next.as_raw_fd() >= 60 { return ::std::result::Result::Ok(next.into()); } low.push(next); } } "
    "if let (::std::result::Result::Ok(out), ::std::result::Result::Ok(err), ::std::result::Result::Ok(mut kept)) = "
    "(copy(::std::io::stdout().as_fd()), copy(::std::io::stderr().as_fd()), KEPT.lock()) "
    "{ *kept = ::std::option::Option::Some([out, err]); } } "
    "fn PREFIX_mark(mark: &str) { use ::std::io::Write as _; let _ = ::std::io::stdout().flush(); "
    "let mark = mark.as_bytes(); let kept = KEPT.lock(); "
    "if let ::std::result::Result::Ok(::std::option::Option::Some([out, err])) = kept.as_deref() { "
    "let (mut out, mut err) = (out, err); let _ = out.write_all(mark); let _ = err.write_all(mark); } else { "
    "let mut stdout = ::std::io::stdout(); let _ = stdout.write_all(mark).and_then(|()| stdout.flush()); "
    "let _ = ::std::io::stderr().write_all(mark); } } "
)
"""Writes a mark to copies of the streams, which are there whatever becomes of those; programs leave such descriptors alone."""
_RAN = (
    'fn PREFIX_ran<T: ::std::process::Termination>(ended: T) { let code = ::std::format!("{:?}", ended.report()); '
    "let code = code.chars().filter(char::is_ascii_digit).collect::<::std::string::String>(); "
    'if code != "0" { ::std::process::exit(code.parse().unwrap_or(1)) } } '
)
"""Ends the program if a step's own `main` says so. What an `ExitCode` is, only its debugging output tells."""
_FAILED = (
    "struct FAILED(::std::string::String); "
    "impl<E: ::std::fmt::Debug> ::std::convert::From<E> for FAILED { "
    'fn from(error: E) -> Self { FAILED(::std::format!("{:?}", error)) } } '
    "impl FAILED { fn told(self) -> impl ::std::fmt::Debug { struct Told(::std::string::String); "
    "impl ::std::fmt::Debug for Told { fn fmt(&self, to: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { "
    "to.write_str(&self.0) } } Told(self.0) } } "
)
"""What any error becomes by `?`; steps may have errors of several types."""
_PLAIN = 'fn main() { KEEP PREAMBLE include!("FIRST") }\n'
_FALLIBLE = (
    "fn main() { fn _inner() -> ::std::result::Result<(), FAILED> { KEEP PREAMBLE "
    'include!("FIRST"); #[allow(unreachable_code)] return ::std::result::Result::Ok(()); } '
    "_inner().map_err(|failed| failed.told()).unwrap() }\n"
)
