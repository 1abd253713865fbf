"""Whether the structural index ever returns a stale outcome: samples are mutated, and every hit is executed.

`python benchmarks/structure.py --samples 100 --mutations 20` takes the samples of the benchmark and those of
`templates/layout.md`. Some mutations change layout only, some a token, some any character. Whenever a mutant has the
structure of its original, and the original's outcome would be in the index, both are compiled and run by rustc, and
what they print, how they end and what the compiler says is compared. Exits with 1 if a stale outcome was found.

As a control, the same is asked of an index over the bare tokens of `templates/layout.md`: it does return stale ones.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeAlias

import generate
from mutating import Mutant, mutants

from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.outcome import Diagnostic, Exited, Outcome, StepResult
from mkdocs_codeexec.languages.rust.source.layout import Crates
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable, tokens
from mkdocs_codeexec.languages.rust.source.prepare import FILE, prepare
from mkdocs_codeexec.languages.rust.source.structure import layout_free, structure

Index: TypeAlias = Callable[[str], str | None]
"""Returns what a program is known by, or None."""


class Tally(NamedTuple):
    """What came of the mutants.

    Attributes:
        mutants: How many there were, by kind.
        eligible: How many of them have an original that is in the index.
        hits: How many of those the index answers.
        executed: How many programs were compiled.
        stale: The hits whose outcome is another than what was returned.
    """

    mutants: Counter[str]
    eligible: Counter[str]
    hits: Counter[str]
    executed: int
    stale: list[Mutant]


# --- Execution --------------------------------------------------------------------------------------------------------


class Rust:
    """rustc, with the crates of the benchmark if `folder` is to hold them."""

    def __init__(self, folder: Path, *, crates: bool) -> None:
        self._folder = folder
        self._env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}
        home = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
        self._command = [
            f"{home}/bin/rustc",
            "--edition=2024",
            "--crate-name=sample",
            "-Aunused",
            "--error-format=json",
        ]
        self._command += ["-Ccodegen-units=1", "-Cstrip=debuginfo", *(self._externs() if crates else ())]
        self.executed = 0
        self.seconds = 0.0

    def _externs(self) -> list[str]:
        project = self._folder / "crates"
        (project / "src").mkdir(parents=True)
        (project / "src/main.rs").write_text("fn main() {}\n")
        lines = [f"{name} = {_inline(wanted)}" for name, wanted in generate.DEPENDENCIES.items()]
        manifest = (
            '[package]\nname = "x"\nversion = "0.0.0"\nedition = "2021"\n[profile.dev]\ndebug = 0\n[dependencies]\n'
        )
        (project / "Cargo.toml").write_text(manifest + "\n".join(lines))
        command = ["cargo", "build", "--quiet", "--message-format=json"]
        said = subprocess.check_output(command, cwd=project, env=self._env, text=True)
        built = [message for message in map(json.loads, said.splitlines()) if message["reason"] == "compiler-artifact"]
        files = {m["target"]["name"]: m["filenames"][0] for m in built}
        named = [f"--extern={name}={files[name]}" for name in generate.DEPENDENCIES]
        return [*named, f"-Ldependency={project}/target/debug/deps"]

    def outcome(self, code: str) -> Outcome:
        """Compile and run `code`."""
        self.executed += 1
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            Path(name, FILE).write_bytes(code.encode())
            build = self._step("build", [*self._command, "-o", "sample", FILE], name)
            built = build.ended == Exited(0)
            return Outcome(language="rust", steps=(build, self._step("run", ["./sample"], name)) if built else (build,))

    def _step(self, kind: str, argv: list[str], folder: str) -> StepResult:
        ended = subprocess.run(
            argv, cwd=folder, env=self._env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
        out, err = ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")
        told: tuple[Diagnostic, ...] = ()
        if kind == "build":
            messages = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
            told = tuple(Diagnostic(m["level"], "", m["message"], m["rendered"] or "") for m in messages)
            err = "".join(one.rendered for one in told)
        return StepResult(
            kind="build" if kind == "build" else "run",
            stdout=out,
            stderr=err,
            ended=Exited(ended.returncode & 255),
            diagnostics=told,
        )


def _inline(wanted: object) -> str:
    if not isinstance(wanted, Mapping):
        return json.dumps(wanted)
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in wanted.items()) + " }"


# --- The question -----------------------------------------------------------------------------------------------------


def bare(code: str) -> str | None:
    """Return the tokens of `code`, whatever they are: the index that this one is not."""
    try:
        return " ".join(token.text for token in tokens(code) if token.kind not in ("inner", "outer"))
    except Unlexable:
        return None


def ask(
    codes: Sequence[str], wanted: int, index: Index, rust: Rust, rng: random.Random, *, any_outcome: bool = False
) -> Tally:
    """Mutate every one of `codes`, and execute all that `index` takes for the same as its original."""
    mutated = [mutant for number, code in enumerate(codes) for mutant in mutants(number, code, wanted, rng)]
    prepared = [prepare(code).code for code in codes]
    structures = [index(code) for code in prepared]
    same: list[Mutant] = []
    for mutant in mutated:
        code = prepare(mutant.code).code
        own = structures[mutant.original]
        if own is not None and code != prepared[mutant.original] and index(code) == own:
            same.append(mutant._replace(code=code))
    begun = rust.executed
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        needed = sorted({mutant.original for mutant in mutated if structures[mutant.original] is not None})
        firsts = dict(zip(needed, pool.map(lambda number: rust.outcome(prepared[number]), needed), strict=True))
        indexed = {number for number, outcome in firsts.items() if any_outcome or layout_free(outcome)}
        hits = [mutant for mutant in same if mutant.original in indexed]
        outcomes = pool.map(lambda mutant: rust.outcome(mutant.code), hits)
        stale = [hit for hit, outcome in zip(hits, outcomes, strict=True) if outcome != firsts[hit.original]]
    return Tally(
        Counter(mutant.kind for mutant in mutated),
        Counter(mutant.kind for mutant in mutated if mutant.original in indexed),
        Counter(hit.kind for hit in hits),
        rust.executed - begun,
        stale,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for stale outcomes in the structural index.")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--mutations", type=int, default=20, help="mutants of each sample")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    corpus = [runnable(sample.code) for sample in generate.rust_samples(args.samples, args.seed)]
    nasty = [template.code for template in generate.templates("layout")]
    crates = Crates(blind=frozenset(generate.DEPENDENCIES))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rust = Rust(Path(folder), crates=True)
        tallies = {
            f"{len(corpus)} samples of the benchmark": ask(
                corpus, args.mutations, lambda code: structure(code, crates), rust, rng
            ),
            f"{len(nasty)} samples of templates/layout.md": ask(nasty, args.mutations * 3, structure, rust, rng),
        }
        control = ask(nasty, args.mutations, bare, rust, rng, any_outcome=True)
    for name, tally in {**tallies, "control: bare tokens, templates/layout.md": control}.items():
        print(f"{name}: {sum(tally.mutants.values())} mutants")
        for kind in ("layout", "tokens"):
            print(
                f"  {kind:7}: {tally.eligible[kind]:5} of indexed originals, {tally.hits[kind]:5} hits, all executed",
                end="",
            )
            print(f" ({tally.hits[kind] / tally.eligible[kind]:.1%})" if tally.eligible[kind] else "")
        print(f"  programs executed: {tally.executed}; stale outcomes: {len(tally.stale)}")
    print(f"{time.monotonic() - began:.0f} s")
    found = [mutant for tally in tallies.values() for mutant in tally.stale]
    for mutant in found:
        print(f"--- stale: sample {mutant.original}, {mutant.kind}\n{mutant.code}", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
