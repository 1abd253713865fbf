"""Realistic samples, as many as wanted, and sites that hold them: the same seed gives the same bytes.

`python benchmarks/generate.py FOLDER --samples 100` writes the site of the benchmark to look at.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

TEMPLATES = Path(__file__).parent / "templates"

DEPENDENCIES: dict[str, object] = {
    "anyhow": "1",
    "itertools": "0.14",
    "regex": "1",
    "serde": {"version": "1", "features": ["derive"]},
    "serde_json": "1",
}
"""What the samples use, in cargo's own keys."""

Share: TypeAlias = tuple[str, str, float]
"""Where templates come from (`std` or `crates`), the kind of sample, and which part of a site's samples it is."""

SHARES: tuple[Share, ...] = (
    ("std", "syntax", 0.02),
    ("std", "compile_fail", 0.04),
    ("crates", "compile_fail", 0.04),
    ("std", "should_panic", 0.06),
    ("crates", "should_panic", 0.04),
    ("std", "ansi", 0.06),
    ("crates", "ansi", 0.04),
    ("std", "plain", 0.42),
    ("crates", "plain", 0.28),
)
"""How the Rust samples of a site are made up; six in ten need the standard library only."""

MIXED: tuple[Share, ...] = (
    *SHARES[:-2],
    ("std", "hazard", 0.08),
    ("std", "plain", 0.36),
    ("crates", "plain", 0.26),
)
"""The same, but eight in a hundred are programs that cannot share a crate with others as they stand."""

PASSING: tuple[Share, ...] = (
    ("std", "ansi", 0.06),
    ("crates", "ansi", 0.04),
    ("std", "plain", 0.56),
    ("crates", "plain", 0.34),
)
"""All succeed, and nothing keeps them from sharing a crate."""

Dialect: TypeAlias = Literal["codeexec", "plain", "markdown-exec", "rustdoc"]

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DRAW = re.compile(r"@@|@(\w+)(?::([^@\s]+))?@")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_USES = re.compile(r"\b(" + "|".join(DEPENDENCIES) + r")\b")
_MAIN = re.compile(r"^\s*fn main\(", re.MULTILINE)
_CLOSE = re.compile(r"^Ok::<\(\), (.+)>\(\(\)\)$", re.MULTILINE)

_LISTS = {
    name: values.split()
    for name, _, values in (
        line.partition(":") for line in (TEMPLATES / "words.txt").read_text("utf-8").splitlines()[1:]
    )
}
_WORDS = _LISTS["word"]
_LISTS["noword"] = [f"{word[:-1]}x" for word in _WORDS]


@dataclass(frozen=True, slots=True)
class Template:
    """Code with places to fill in; see README.md, "Templates"."""

    language: str
    words: tuple[str, ...]
    code: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a site.

    Attributes:
        language: `rust`, `python` or `bash`.
        kind: `plain`, `ansi`, `compile_fail`, `syntax` (fails too), `should_panic`, `hazard` or `cheap`.
        code: What stands between the fences.
    """

    language: str
    kind: str
    code: str

    @property
    def expectation(self) -> Literal["", "compile_fail", "should_panic"]:
        """The word in the fence that says how it ends; empty if all goes well."""
        if self.kind in ("compile_fail", "syntax"):
            return "compile_fail"
        return "should_panic" if self.kind == "should_panic" else ""

    @property
    def crates(self) -> frozenset[str]:
        """The crates it uses."""
        return frozenset(_USES.findall(self.code)) if self.language == "rust" else frozenset()

    @property
    def has_main(self) -> bool:
        """Whether it is a whole program."""
        return bool(_MAIN.search(self.code))

    def program(self) -> str:
        """Return it as rustc takes it: hidden lines uncovered, `fn main` around it if it has none."""
        code = re.sub(r"^# ", "", self.code, flags=re.MULTILINE)
        if _MAIN.search(code):
            return code
        closed = _CLOSE.search(code)
        if closed is None:
            return f"fn main() {{\n{code}}}\n"
        return f"fn main() {{\nfn inner() -> Result<(), {closed[1]}> {{\n{code}}}\ninner().unwrap()\n}}\n"

    def edited(self, number: int) -> Sample:
        """Return it as an author might leave it after editing; for a Rust sample that `has_main`."""
        end = self.code.rindex("}\n")
        line = f'    println!("edit {number}");\n'
        return Sample(self.language, self.kind, self.code[:end] + line + self.code[end:])

    def fence(self, dialect: Dialect) -> str:
        """Return it as a fence of a page."""
        headers = {
            "codeexec": " ".join(filter(None, (self.language, "exec", self.expectation))),
            "plain": self.language,
            "markdown-exec": f'{self.language} exec="true" source="above" result="text"',
            "rustdoc": ",".join(filter(None, (self.language, self.expectation))),
        }
        return f"```{headers[dialect]}\n{self.code}```\n"


def templates(name: str) -> list[Template]:
    """Return the templates of one file."""
    text = (TEMPLATES / f"{name}.md").read_text("utf-8")
    return [Template(found[1], tuple(found[2].split()), found[3]) for found in _FENCE.finditer(text)]


def rust_samples(number: int, seed: int = 1, shares: Sequence[Share] = SHARES) -> list[Sample]:
    """Return `number` distinct Rust samples, made up as `shares` says, in random order."""
    rng = random.Random(f"rust {seed}")
    std = [template for name in ("std", "failing", "hazards") for template in templates(name)]
    found = {"std": std, "crates": templates("crates")}
    drawn: dict[str, Sample] = {}
    reached = 0.0
    for source, kind, share in shares:
        reached += share * number
        pool = [template for template in found[source] if _kind(template) == kind]
        _draw(drawn, pool, round(reached) - len(drawn), rng)
    return _shuffled(drawn, rng)


def without_crates(shares: Sequence[Share]) -> list[Share]:
    """Return `shares` with samples of the standard library in the place of those that use crates."""
    return [("std", kind, share) for _, kind, share in shares]


def script_samples(number: int, seed: int = 1, *, cheap: bool = False) -> list[Sample]:
    """Return `number` distinct Python and bash samples, half of each.

    Args:
        number: How many.
        seed: Another gives others.
        cheap: Take those that do next to nothing.
    """
    return _scripts({"python": number - number // 2, "bash": number // 2}, seed, cheap=cheap)


def python_samples(number: int, seed: int = 1) -> list[Sample]:
    """Return `number` distinct Python samples."""
    return _scripts({"python": number}, seed, cheap=False)


def _scripts(wanted: Mapping[str, int], seed: int, *, cheap: bool) -> list[Sample]:
    rng = random.Random(f"scripts {seed}")
    pool = [template for template in templates("scripts") if ("cheap" in template.words) == cheap]
    drawn: dict[str, Sample] = {}
    for language, number in wanted.items():
        _draw(drawn, [template for template in pool if template.language == language], number, rng)
    return _shuffled(drawn, rng)


def _shuffled(drawn: dict[str, Sample], rng: random.Random) -> list[Sample]:
    samples = list(drawn.values())
    rng.shuffle(samples)
    return samples


def _kind(template: Template) -> str:
    return template.words[-1] if template.words else "plain"


def _draw(drawn: dict[str, Sample], pool: Sequence[Template], number: int, rng: random.Random) -> None:
    """Add `number` samples that are not there yet, every template of `pool` as often as the others."""
    order: list[Template] = []
    wanted = len(drawn) + number
    while len(drawn) < wanted:
        if not order:
            order = rng.sample(pool, len(pool))
        template = order.pop()
        code = fill(template.code, rng)
        drawn.setdefault(code, Sample(template.language, _kind(template), code))


def fill(code: str, rng: random.Random) -> str:
    """Return `code` with every place filled in; words of one kind do not repeat within a sample."""
    named: dict[str, str] = {}
    used: set[str] = set()

    def put(place: re.Match[str]) -> str:
        name, what = place[1], place[2]
        if name is None:
            return "@"
        if what is not None:
            named[name] = _value(what, used, rng)
        return named[name]

    return _DRAW.sub(put, code)


def _value(what: str, used: set[str], rng: random.Random) -> str:
    if bounds := _RANGE.fullmatch(what):
        return str(rng.randint(int(bounds[1]), int(bounds[2])))
    if what == "text":
        return " ".join(rng.sample(_WORDS, rng.randint(4, 7)))
    value = rng.choice([value for value in _LISTS[what] if value not in used])
    used.add(value)
    return value


def pages(samples: Sequence[Sample], dialect: Dialect, per_page: int = 10, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield name and text of the pages of a site, prose included; the same prose in every dialect."""
    rng = random.Random(f"prose {seed}")
    for start in range(0, len(samples), per_page):
        number = start // per_page + 1
        parts = [f"# Chapter {number}: {_sentence(rng)[:-1]}\n", _paragraph(rng)]
        for sample in samples[start : start + per_page]:
            parts += [f"## {_sentence(rng)[:-1]}\n", _paragraph(rng), sample.fence(dialect)]
            if rng.random() < 0.3:
                parts.append(f"!!! note\n    {_sentence(rng)}\n")
        yield f"page-{number:03}.md", "\n".join(parts)


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(4, 11))).capitalize() + "."


def _paragraph(rng: random.Random) -> str:
    return "".join(f"{_sentence(rng)}\n" for _ in range(rng.randint(2, 5)))


def write_site(
    folder: Path,
    samples: Sequence[Sample],
    dialect: Dialect,
    *,
    hooks: Sequence[Path] = (),
    rust: Mapping[str, object] | None = None,
) -> None:
    """Write a MkDocs project with the Material theme.

    Args:
        folder: Where; must not exist.
        samples: What stands on its pages.
        dialect: How the fences are written, and which plugin is used.
        hooks: For MkDocs.
        rust: What is configured of Rust in our dialect; None is `DEPENDENCIES` and nothing else.
    """
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/index.md").write_text("# A site\n\nSee the chapters.\n", "utf-8")
    for name, text in pages(samples, dialect):
        (folder / "docs" / name).write_text(text, "utf-8")
    write_config(folder, dialect, hooks=hooks, rust=rust)


def write_config(
    folder: Path,
    dialect: Dialect,
    *,
    hooks: Sequence[Path] = (),
    rust: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Write the `mkdocs.yml` of such a project; see `write_site`. The plugin gets `options` beside its languages."""
    plugins: list[object] = ["search"]
    if dialect == "codeexec":
        languages = {"rust": {"dependencies": DEPENDENCIES} if rust is None else rust}
        plugins.append({"codeexec": {"languages": languages, **(options or {})}})
    elif dialect == "markdown-exec":
        plugins.append("markdown-exec")
    config = {
        "site_name": "Benchmark",
        "theme": {"name": "material"},
        "markdown_extensions": ["admonition", "attr_list", "pymdownx.highlight", "pymdownx.superfences"],
        "plugins": plugins,
        "hooks": [str(hook) for hook in hooks],
    }
    # JSON is YAML.
    (folder / "mkdocs.yml").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the site of the benchmark.")
    parser.add_argument("folder", type=Path, help="where; must not exist")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scripts", action="store_true", help="Python and bash instead of Rust")
    parser.add_argument("--shares", choices=("usual", "mixed", "passing"), default="usual", help="which Rust samples")
    parser.add_argument("--dialect", choices=("codeexec", "plain", "markdown-exec", "rustdoc"), default="codeexec")
    args = parser.parse_args()
    shares = {"usual": SHARES, "mixed": MIXED, "passing": PASSING}[args.shares]
    rust = [] if args.scripts else rust_samples(args.samples, args.seed, shares)
    write_site(args.folder, rust or script_samples(args.samples, args.seed), args.dialect)


if __name__ == "__main__":
    main()
