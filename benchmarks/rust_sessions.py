"""Rust sessions against `rustdoc --test` of samples that each hold all steps of one.

    python benchmarks/rust_sessions.py              # 100 sessions of 5 steps, 3 rounds
    python benchmarks/rust_sessions.py --edition 2024    # which rustdoc can merge

Nothing is in the store; the Environment has no dependencies and is built beforehand.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from statistics import median

import doctests
import ours
from generate import write_config
from measuring import MeasurementError, Timing
from run import machine, say

MOST = 0.35
"""Of what rustdoc takes."""
_STEPS = (
    """use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
enum Kind {{ Fruit, Root }}

let mut stock: BTreeMap<String, (Kind, u32)> = BTreeMap::new();
stock.insert("{word}".to_string(), (Kind::Fruit, {a}));
""",
    """use Kind::*;

fn total(stock: &BTreeMap<String, (Kind, u32)>) -> u32 {{
    stock.values().map(|(_, count)| count).sum()
}}
stock.insert("turnip".to_string(), (Root, {b}));
println!("{{}}", total(&stock));
""",
    """trait Describe {{ fn describe(&self) -> String; }}
impl Describe for Kind {{
    fn describe(&self) -> String {{ format!("{{self:?}} of {c}") }}
}}
for (name, (kind, count)) in &stock {{
    println!("{{name:>8}} {{count}} {{}}", kind.describe());
}}
""",
    """let parsed: Vec<u32> = "{a} {b} {c}".split(' ').map(|n| n.parse()).collect::<Result<_, _>>()?;
println!("{{parsed:?}}");
""",
    """let fruits = stock.iter().filter(|(_, (kind, _))| *kind == Fruit).count();
assert_eq!(fruits, 1);
println!("{{fruits}} of {{}}, {{}}", stock.len(), parsed.iter().max().unwrap());
""",
)


def session(rng: random.Random) -> list[str]:
    """Return the steps of a session; no two are alike."""
    word = "".join(rng.choices("abcdefghijklmnoprstuw", k=7))
    return [
        step.format(word=word, a=rng.randint(1, 999), b=rng.randint(1, 999), c=rng.randint(1, 999)) for step in _STEPS
    ]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--edition", default="2021", help="of both (default: 2021)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other samples (default: 1)")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    print(machine(), flush=True)
    rng = random.Random(args.seed)
    sessions = [session(rng) for _ in range(args.sessions)]
    rows: dict[str, list[Timing]] = {"ours": [], "rustdoc": []}
    with tempfile.TemporaryDirectory(prefix="codeexec-sessions-", ignore_cleanup_errors=True) as folder:
        root, scratch = Path(folder).resolve(), Path(folder).resolve() / "scratch"
        (root / "site" / "docs").mkdir(parents=True)
        scratch.mkdir()
        fences = [
            f'```rust exec session="{number}"\n{step}```\n' for number, steps in enumerate(sessions) for step in steps
        ]
        (root / "site" / "docs" / "page-001.md").write_text("\n".join(fences), "utf-8")
        write_config(root / "site", "codeexec", rust={"edition": args.edition})
        whole = "\n".join(
            "```rust\n" + "".join(steps) + "Ok::<(), std::num::ParseIntError>(())\n```\n" for steps in sessions
        )
        (root / "whole.md").write_text(whole, "utf-8")
        project = ours.Project(root / "site", scratch)
        project.answer(project.samples[:1])
        for number in range(args.rounds):
            for row in list(rows)[:: -1 if number % 2 else 1]:
                rows[row].append(_ours(project) if row == "ours" else _rustdoc(root, scratch, args.edition))
                say(f"  {row}: {rows[row][-1].wall:.3f} s")
    for what in ("wall", "cpu"):
        mine, theirs = (median(getattr(timing, what) for timing in rows[row]) for row in ("ours", "rustdoc"))
        verdict = "" if what == "cpu" else f", at most {MOST}: {'met' if mine / theirs <= MOST else 'missed'}"
        print(f"{what}: ours {mine:.3f} s, rustdoc {theirs:.3f} s, ratio {mine / theirs:.3f}{verdict}")


def _ours(project: ours.Project) -> Timing:
    answered = project.answer()
    if not all(answered.met):
        raise MeasurementError(f"{answered.met.count(False)} steps did not succeed")
    return answered.timing


def _rustdoc(root: Path, scratch: Path, edition: str) -> Timing:
    tested = doctests.examined(["whole.md"], ["--edition", edition], folder=root, scratch=scratch)
    if not all(tested.met.values()):
        raise MeasurementError(tested.told())
    return tested.timing


if __name__ == "__main__":
    main()
