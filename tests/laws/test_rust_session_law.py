"""What the steps of a Rust session print is what one program with all of them prints, byte for byte."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.sizes import TIMES
from support.workshop import CONFINED, Counted, Pool, Recorder, Workshop

from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.sample import Links
from mkdocs_codeexec.languages.rust.messages.normal import RULES

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Sample

SESSIONS = 60

_FRAGMENTS = (
    "let mut v@ = vec![@, 2, 3];",
    'v#.push(@); println!("{v#:?}");',
    "fn f@(x: i64) -> i64 {\n    x * @ + 1\n}",
    'println!("{}", f#(@));',
    "#[derive(Debug, Clone, PartialEq)]\nstruct T@ { x: i64 }\nlet t@ = T@ { x: @ };",
    'println!("{:?} {}", t#, t#.clone() == t#);',
    'impl std::fmt::Display for T# { fn fmt(&self, f: &mut std::fmt::Formatter<\'_>) -> std::fmt::Result { write!(f, "<{}>", self.x) } }\nprintln!("{t#}");',
    "enum E@ { A@, B@(u8) }\nuse E@::*;\nlet e@ = [A@, B@(1)];",
    'for one in &e# { println!("{}", match one { A# => 0, B#(n) => *n }); }',
    'macro_rules! m@ { ($e:expr) => { println!("{} = {}", stringify!($e), $e) } }',
    "m#!(1 + @);",
    'mod d@ { pub fn g() -> &\'static str { "d@" } }\nuse d@::g as g@;',
    'println!("{}", g#());',
    'print!("partial @ ");',
    'eprint!("err @ ");',
    'eprintln!("error @");',
    'println!("\\x1b[3@mred\\x1b[0m");',
    "std::io::Write::write_all(&mut std::io::stdout(), &[0xff, 0xfe, (@u32 % 256) as u8, 0, 10])?;".replace(
        "?", ".unwrap()"
    ),
    'let mut w@ = std::io::BufWriter::new(std::io::stdout());\nstd::io::Write::write_all(&mut w@, b"buffered @\\n").unwrap();',
    'struct D@;\nimpl Drop for D@ { fn drop(&mut self) { println!("dropped @"); eprintln!("gone @") } }\nlet _d@ = D@;',
    'let h@ = std::thread::spawn(|| { println!("thread @"); eprintln!("of @"); @ });\nprintln!("{}", h@.join().unwrap());',
    (
        "let (go@, wait@) = std::sync::mpsc::channel::<()>();\nlet (done@, over@) = std::sync::mpsc::channel::<()>();\n"
        'std::thread::spawn(move || for () in wait@ { println!("later @"); done@.send(()).unwrap(); });'
    ),
    "go#.send(()).unwrap();\nover#.recv().unwrap();",
    'std::process::Command::new("/bin/sh").args(["-c", "printf \'child @\'; echo it @ >&2"]).status().unwrap();',
    'let n@: i64 = "@".parse()?;\nprintln!("{n@}");',
    'let r@ = &t#;\nprintln!("{}", r@.x);',
    'if t#.x > 0 {\n    println!("positive");\n}',
    'std::panic::catch_unwind(|| panic!("caught @")).unwrap_err();',
)
_ENDS = (
    'panic!("end @");',
    "std::process::exit(@);",
    'let bad: i64 = "x@".parse()?;\nprintln!("{bad}");',
    "std::process::abort();",
    'let all: Vec<u8> = Vec::new(); println!("{}", all[@]);',
    "if t#.x > 0 { return Ok(()) }",
)
_FLUSH = "\n;std::io::Write::flush(&mut std::io::stdout()).unwrap();\n"
"""What a session does between two steps; else what is held back would be lost in an abort, or come after what children write."""
_NAMES = re.compile(r"\b([a-zA-Z])@")
_USES = re.compile(r"\b(go|over|[a-zA-Z])#")


def session(rng: random.Random) -> list[str]:
    """Return steps of which each may use what those before it declare."""
    steps: list[str] = []
    declared: dict[str, list[int]] = {}
    number = 0
    for _ in range(rng.randint(2, 6)):
        parts: list[str] = []
        while len(parts) < rng.randint(1, 5):
            ends = rng.random() < 0.03
            fragment = rng.choice(_ENDS if ends else _FRAGMENTS)
            used = {name: rng.choice(declared[name]) for name in _USES.findall(fragment) if name in declared}
            if any(name not in used for name in _USES.findall(fragment)):
                continue
            number += 1
            if fragment.startswith("impl") and f"shown {used['T']}" in declared:
                continue
            if fragment.startswith("impl"):
                declared[f"shown {used['T']}"] = []
            same = min(used.values(), default=0)  # of two names of one thing
            for name, value in used.items():
                fragment = fragment.replace(f"{name}#", f"{name}{value if len(used) == 1 else same}")
            for name in {*_NAMES.findall(fragment), *(("go", "over") if "go@" in fragment else ())}:
                declared.setdefault(name, []).append(number)
            parts.append(fragment.replace("@", str(number)))
        steps.append("\n".join(parts) + rng.choice(("", "\n", " // said", "\n\n")))
    return steps


@pytest.fixture
def pool(tmp_path: Path, environment_dir: Path) -> Iterator[Pool]:
    tmp_path.chmod(0o755)
    with Counted(**CONFINED) as children:
        yield Pool(Workshop(tmp_path, Recorder(children), environment_dir), children)


def test_a_session_prints_what_one_program_prints(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stdout and stderr, and it ends alike; only places are those of the steps. Every step before the last one has gone well."""
    rng = random.Random(12)
    language = pool.workshop.open_rust()
    sessions = [session(rng) for _ in range(SESSIONS * TIMES)]
    chains: list[list[Sample]] = []
    for steps in sessions:
        chain: list[Sample] = []
        for place, code in enumerate(steps):
            more = {"links": Links(session="s"), "before": tuple(chain), "last": place == len(steps) - 1}
            chain.append(pool.sample(code, **more))
        chains.append(chain)
    wholes = [pool.sample(_FLUSH.join(steps) + "\nOk::<(), std::num::ParseIntError>(())\n") for steps in sessions]

    outcomes = pool.execute([*(chain[-1] for chain in chains), *wholes], monkeypatch, alone=False)

    for chain, outcome, whole in zip(chains, outcomes, outcomes[len(chains) :], strict=False):
        code = "\n--\n".join(sample.code for sample in chain)
        assert Exited(0) == whole.steps[0].ended, f"{code}\n{whole.steps[0].stderr}"
        assert Exited(0) == outcome.steps[0].ended, f"{code}\n{outcome.steps[0].stderr}"
        parts = language.divide([language.plan(sample) for sample in chain], outcome)
        runs = [part.steps[-1] for part in parts if part is not None]
        assert whole.steps[1].stdout == "".join(run.stdout for run in runs), code
        assert unplaced(whole.steps[1].stderr) == unplaced("".join(run.stderr for run in runs)), code
        assert [Exited(0)] * (len(runs) - 1) == [run.ended for run in runs[:-1]], code
        assert whole.steps[1].ended == runs[-1].ended, code
        if whole.steps[1].ended == Exited(0) and "return" not in code and "exit" not in code:
            assert len(chain) == len(runs), code


def unplaced(text: str) -> str:
    """Return `text` without the lines and columns that panics name, and ids of threads."""
    return re.sub(r"(?:sample|step-\d+)\.rs:\d+:\d+", "PLACE", normalize(text, RULES))
