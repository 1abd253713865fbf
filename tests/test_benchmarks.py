"""The generator of the benchmark: what it writes is what its table speaks of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def generate() -> Iterator[Any]:
    """The module, as `run.py` imports it: from its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import generate

        yield generate
        del sys.modules["generate"]


def test_one_seed_gives_one_site(generate: Any, tmp_path: Path) -> None:
    """The same seed gives the same bytes, another seed others."""
    texts = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate.write_site(tmp_path / folder, generate.rust_samples(30, seed), "codeexec")
        texts.append([path.read_text("utf-8") for path in sorted((tmp_path / folder / "docs").iterdir())])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize("number", [20, 100, 333])
def test_the_mixture_is_as_told(generate: Any, number: int) -> None:
    """Samples are distinct; four in ten use crates, one in ten each fails to build, panics, prints colours."""
    samples = generate.rust_samples(number)
    assert number == len({sample.code for sample in samples})
    kinds = [sample.kind for sample in samples]
    share = round(number / 10)
    assert share == pytest.approx(kinds.count("compile_fail") + kinds.count("syntax"), abs=1)
    assert share == pytest.approx(kinds.count("should_panic"), abs=1)
    assert share == pytest.approx(kinds.count("ansi"), abs=1)
    assert 0.4 == pytest.approx(sum(bool(sample.crates) for sample in samples) / number, abs=0.06)


def test_samples_are_as_long_as_in_real_documentation(generate: Any) -> None:
    """The middle sample has some fifteen lines, a third are no whole programs, some hide lines and some use `?`."""
    samples = generate.rust_samples(100)
    assert 14 <= median(sample.code.count("\n") for sample in samples) <= 20
    assert 25 <= sum("fn main(" not in sample.code for sample in samples) <= 42
    assert 3 <= sum("\n# " in f"\n{sample.code}" for sample in samples)
    assert 10 <= sum("?;" in sample.code or ")?" in sample.code for sample in samples)


def test_scripts_are_half_python_half_bash(generate: Any) -> None:
    """As many as wanted, distinct, however cheap."""
    for cheap in (False, True):
        samples = generate.script_samples(200, cheap=cheap)
        assert 200 == len({sample.code for sample in samples})
        assert 100 == sum(sample.language == "bash" for sample in samples)


def test_every_dialect_shows_the_same_code(generate: Any) -> None:
    """Only the headers of fences differ between the sites that are compared."""
    samples = generate.rust_samples(20)
    found = {
        dialect: [text for _, text in generate.pages(samples, dialect)]
        for dialect in ("codeexec", "plain", "markdown-exec", "rustdoc")
    }
    bodies = {
        dialect: [line for text in texts for line in text.split("\n") if not line.startswith("```rust")]
        for dialect, texts in found.items()
    }
    assert all(bodies["codeexec"] == body for body in bodies.values())
    assert "```rust exec compile_fail\n" in "".join(found["codeexec"])
    assert "```rust,compile_fail\n" in "".join(found["rustdoc"])


@pytest.mark.parametrize("kind", ["plain", "ansi", "compile_fail", "syntax", "should_panic"])
def test_samples_do_as_they_declare(generate: Any, kind: str, tmp_path: Path) -> None:
    """A sample fails to build, panics or succeeds as its fence says, by the real rustc."""
    sample = next(s for s in generate.rust_samples(60) if s.kind == kind and not s.crates)
    (tmp_path / "sample.rs").write_text(sample.program(), "utf-8")
    argv = ["rustc", "--edition=2024", "-Aunused", "sample.rs"]
    built = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    refused = built.returncode != 0
    assert (sample.expectation == "compile_fail") == refused, built.stderr
    if not refused:
        ran = subprocess.run([tmp_path / "sample"], capture_output=True, text=True, check=False)
        assert (101 if kind == "should_panic" else 0) == ran.returncode, ran.stderr
        assert (kind == "ansi") == ("\x1b[" in ran.stdout)


def test_what_is_fenced_runs_without_hidden_marks(generate: Any) -> None:
    """A program for rustc has no hidden lines left, one `fn main`, and an inner function where `?` needs one."""
    fence = 'let n: i32 = "1".parse()?;\n# println!("{n}");\n# Ok::<(), std::num::ParseIntError>(())\n'
    program = generate.Sample("rust", "plain", fence).program()
    assert 1 == program.count("fn main()")
    assert "\n# " not in program
    assert "Result<(), std::num::ParseIntError>" in program
