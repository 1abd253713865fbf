"""Real values: what rustc says and makes, what the store writes, what stands behind backticks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import generate

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.languages.rust.messages.diagnostics import translate
from mkdocs_codeexec.languages.rust.source.prepare import prepare
from mkdocs_codeexec.runtime.store import DirectoryStore

ROOT = Path(__file__).resolve().parent.parent.parent
_RUSTC = ("rustc", "--edition=2024", "--crate-name=sample", "-Ccodegen-units=1", "--diagnostic-width=4000")
_TALKATIVE = (
    "fn main() { let x = 1; let y: u8 = 300; }\n",
    'macro_rules! m { ($e:expr) => { $e + "a" } }\nfn main() { m!(1); m!(m!(2)); }\n',
    'fn f(s: &mut String) {}\nfn main() { let s = String::new(); let a = &s; f(&mut s); println!("{a} é漢"); drop(s); s; }\n',
    "fn main() { let v: Vec<i32> = (0..3).map(|n| n.to_string()).collect(); v.nope(); }\n",
    'fn main() { compile_error!("é\\n\\n  --> sample.rs:1:1") }\n',
    '#![deny(warnings)]\nfn main() { let unused = if true { 1 } else { "a" }; }\n',
    "fn main( {\n",
)
_FENCE = re.compile(r"^[ >]*(?:`{3,}|~{3,})([^`\n]+)$", re.MULTILINE)


def samples() -> tuple[str, ...]:
    """Return samples of Rust, as authors write them."""
    return (*(one.code for one in generate.rust_samples(60)), *_TALKATIVE)


@cache
def messages(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return programs, and what rustc writes about each on standard error."""
    failing = [
        one.code for one in generate.rust_samples(60) if one.kind in ("compile_fail", "syntax") and not one.crates
    ]
    codes = [prepare(runnable(code)).code for code in (*failing[:4], *_TALKATIVE)]
    argv = (*_RUSTC, "--error-format=json", "--json=diagnostic-rendered-ansi", "--emit=metadata", "-o", "x.rmeta")
    linking = (*_RUSTC, "--error-format=json", "-Clinker=/nonexistent/cc", "-o", "x")
    found = [(code, _said(folder, code, argv)) for code in codes]
    return (*found, ("fn main() {}\n", _said(folder, "fn main() {}\n", linking)))


def _said(folder: Path, code: str, argv: tuple[str, ...]) -> str:
    (folder / "sample.rs").write_text(code, "utf-8")
    return subprocess.run((*argv, "sample.rs"), cwd=folder, capture_output=True, text=True, check=False).stderr


def objects(folder: Path) -> list[bytes]:
    """Return object files of small programs."""
    found = []
    codes = (
        "pub fn main() {}",
        'pub static N: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(1); fn main() { print!("{}", N.as_ptr() as usize) }',
        '#[unsafe(no_mangle)] extern "C" fn loud() {} fn main() { loud() }',
    )
    for number, code in enumerate(codes):
        (folder / "sample.rs").write_text(code, "utf-8")
        argv = (*_RUSTC, "-Aunused", "-Copt-level=s", f"--emit=obj={number}.o", "sample.rs")
        subprocess.run(argv, cwd=folder, check=True)
        found.append((folder / f"{number}.o").read_bytes())
    return found


def action(number: int, *, observed: bool = False) -> Action:
    """Return an Action, one for each number."""
    step = Step(kind="run", argv=("{exe}",), timeout=10)
    return Action(
        language="rust", files=(("sample.rs", f"// {number}"),), steps=(step,), toolchain="rustc 1", observed=observed
    )


INPUTS = (("link:<project>/current", "data"), ("list:<project>/data", "a\nb"), ("read:<site>/tiny.py", "absent"))


def entries(folder: Path) -> tuple[Path, list[tuple[str, Key, bytes]]]:
    """Return a store and what is in it: the kind of an entry, the key by which it is asked for, and its text."""
    store = DirectoryStore(folder / "store", print)
    for number, (_, said) in enumerate(messages(folder)):
        step = translate(StepResult(kind="build", stdout="", stderr=said, ended=Exited(1), duration=0.25))
        run = StepResult(kind="run", stdout="\x1b[31mred\x1b[0m é\n", stderr="", ended=Exited(101), truncated=(3, 0))
        store.put(action(number), Outcome(language="rust", steps=(step, run), toolchain="rustc 1", sandbox="landlock"))
    seen = action(0, observed=True)
    store.put(seen, Outcome(language="python", steps=(run,), toolchain="3.11", inputs=INPUTS))
    keys = {"results": [action(0).key, action(3).key, observed_key(seen.key, INPUTS)], "observed": [seen.key]}
    keys["requests"] = [action(0).request_key]
    place = "{}/v1/{}/{}.json"
    return folder / "store", [
        (kind, key, (folder / "store" / place.format(kind, key[:2], key)).read_bytes())
        for kind, found in keys.items()
        for key in found
        if (folder / "store" / place.format(kind, key[:2], key)).exists()
    ]


def headers() -> list[str]:
    """Return what stands behind backticks in our own pages, and in those of others who write it otherwise."""
    pages: Iterator[Path] = (
        path
        for place in ("README.md", "docs/*.md", "sample_site/**/*.md", "benchmarks/templates/*.md")
        for path in ROOT.glob(place)
    )
    own = {found for page in pages for found in _FENCE.findall(page.read_text("utf-8"))}
    return sorted({*own, *_HEADERS})


_HEADERS = (
    "rust,should_panic",
    "rust, ignore",
    "rust,edition2021,compile_fail,E0382",
    ",no_run",
    "compile_fail,E0308",
    "ignore-x86_64,rust",
    "ignore (why, and how)",
    "rust,editable,mdbook-runnable",
    '{.rust .exec #id title="x y" hl_lines="1 3-5"}',
    '{ .python .annotate linenums="1" }',
    "rust {.exec #id}",
    'python exec="on" source="material-block" result="ansi" title="it\'s"',
    'bash exec="1" session="a" width="80"',
    "{python}",
    "{python, echo=FALSE, fig.width=3}",
    "{code-cell} ipython3",
    "{.rust data-x='<b>' exec=on}",
    'rust exec env="A=1 B=\'x y\'" args=\'-v "a b"\' stdin="a\\nb" timeout=5 network exit=any',
    "python3.11 exec",
    'title="x"',
)
