"""The generator of the benchmark: what it writes is what its table speaks of."""

from __future__ import annotations

import base64
import importlib
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def generate() -> Iterator[Any]:
    """The module, as `run.py` imports it: from its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import generate

        yield generate
        del sys.modules["generate"]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Callable[[str], Any]]:
    """A module of the benchmarks by its name, as the commands import it: from their folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        before = set(sys.modules)
        yield importlib.import_module
        for name in set(sys.modules) - before:
            if (BENCHMARKS / f"{name}.py").is_file() or name.partition(".")[0] == "showing":
                del sys.modules[name]


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_every_benchmark_can_be_started(benchmarks: Callable[[str], Any], name: str) -> None:
    """What the package renames, benchmarks know."""
    assert benchmarks(name).__doc__


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


def test_mixed_samples_hold_every_hazard(generate: Any) -> None:
    """Of 100 mixed samples eight cannot share a crate, each for another reason; the rest is the usual mixture."""
    samples = generate.rust_samples(100, 1, generate.MIXED)
    kinds = [sample.kind for sample in samples]
    assert 100 == len({sample.code for sample in samples})
    assert [8, 10, 10, 10] == [
        kinds.count("hazard"),
        kinds.count("compile_fail") + kinds.count("syntax"),
        kinds.count("should_panic"),
        kinds.count("ansi"),
    ]
    assert 38 == sum(bool(sample.crates) for sample in samples)
    hazards = "".join(sample.code for sample in samples if sample.kind == "hazard")
    for sign in ("crate::", "#![", "extern crate", "macro_export", "type_name", "no_mangle", "global_allocator"):
        assert sign in hazards


def test_hazards_are_good_programs(generate: Any, tmp_path: Path) -> None:
    """Each of them compiles and succeeds by itself, by the real rustc."""
    for number, sample in enumerate(generate.rust_samples(8, 1, [("std", "hazard", 1.0)])):
        (tmp_path / f"{number}.rs").write_text(sample.program(), "utf-8")
        argv = ["rustc", "--edition=2024", "-Aunused", f"{number}.rs"]
        built = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert 0 == built.returncode, built.stderr
        assert 0 == subprocess.run([tmp_path / str(number)], capture_output=True, check=False).returncode


def test_passing_samples_have_nothing_that_keeps_them_apart(generate: Any) -> None:
    """They are plain or print colours, and without crates they use none."""
    samples = generate.rust_samples(100, 1, generate.PASSING)
    assert {"plain", "ansi"} == {sample.kind for sample in samples}
    alone = generate.rust_samples(100, 1, generate.without_crates(generate.PASSING))
    assert not any(sample.crates for sample in alone)


RUSTDOC_SAID = """
running 2 tests
test a.md - (line 4) ... ok
test a.md - Title::of_a_part (line 12) - should panic ... FAILED

running 2 tests
test a.md - (line 30) - compile fail ... ok
test a.md - (line 40) ... ignored

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s
"""


def test_what_rustdoc_says_is_read(benchmarks: Any) -> None:
    """Every test that was not ignored is known by file and line; one group with `compile_fail` in it was not merged."""
    doctests = benchmarks("doctests")
    expected = {("a.md", 4): True, ("a.md", 12): False, ("a.md", 30): True}
    assert expected == doctests.verdicts(RUSTDOC_SAID)
    assert doctests.merged(RUSTDOC_SAID)
    assert not doctests.merged("running 4 tests\n" + RUSTDOC_SAID.replace("running 2 tests", ""))


def test_figures_are_ratios_of_medians(benchmarks: Any) -> None:
    """Each figure is met exactly if its ratio is not above the target, and is not invented where nothing was timed."""
    figures, timing = benchmarks("figures"), benchmarks("measuring").Timing
    measured = figures.Measured(figures.numbers(100, 600))
    table = figures.figures(100, 600, 1000, 2)
    assert all("not measured" in figure.line(measured) for figure in table.values())
    for wall in (1.0, 9.0, 2.0):
        measured.add(figures.MIXED_OURS, timing(wall, 2.0))
    measured.add(figures.MIXED_RUSTDOC, timing(8.0, 0.0))
    measured.add(figures.MIXED_CARGO, timing(10.0, 0.0))
    measured.add(figures.MANY_OURS, timing(6.0, 6.0))
    assert 0.25 == table["rustdoc"].reached(measured)
    assert 0.125 == table["rustdoc"].floor(measured)
    assert 0.5 == pytest.approx(table["growth"].reached(measured))
    assert ["met", "missed"] == [table[word].line(measured).split()[-2] for word in ("rustdoc", "cargo")]


def test_an_edit_in_serve_counts_without_the_plain_site(benchmarks: Any) -> None:
    """What the plain site's rebuild takes is no cost of ours, and the worse of both samples is told."""
    figures, timing = benchmarks("figures"), benchmarks("measuring").Timing
    measured = figures.Measured({})
    for kind, seconds in (("std", (0.4, 0.3, 0.1)), ("serde", (0.5, 0.3, 0.1))):
        for row, wall in zip(figures.serve_rows(kind), seconds, strict=True):
            measured.add(row, timing(wall, 0.0))
    assert 2.0 == pytest.approx(figures.figures(100, 600, 1000, 2)["serve"].reached(measured))


@pytest.mark.parametrize(
    "words", [("passing", "two"), pytest.param(("passing", "check", "serve", "two"), marks=pytest.mark.slow)]
)
def test_the_figures_of_rust_can_be_measured(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A small run of the command times us and the others, finds equal verdicts, and leaves nothing behind."""
    argv = [sys.executable, "-X", "utf8", BENCHMARKS / "rust.py", "--quick", "--no-crates", "--only"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run([*argv, *words], capture_output=True, text=True, check=False, env=env)
    assert 0 == ended.returncode, ended.stderr
    assert "failed:" not in ended.stdout, ended.stdout
    assert "not measured" not in ended.stdout
    figures = [line for line in ended.stdout.splitlines() if " met " in line or " missed " in line]
    assert len(words) == len(figures)
    assert "12 of 12 samples as their fences say, ours 12 of 12" in ended.stdout
    assert [] == list(tmp_path.iterdir())


TARGETS = ("ansi", "headers", "messages", "entries", "answers", "requests", "objects", "sources", "cargo")


@pytest.mark.parametrize("name", TARGETS)
def test_laws_of_fuzzing_hold(benchmarks: Any, name: str, tmp_path: Path) -> None:
    """What is real keeps the law of each target, and so do some mutants of it, for which atheris is not needed."""
    fuzz = benchmarks("fuzz")
    assert name in fuzz.TARGETS
    tally = fuzz.plain(name, tmp_path, tries=4 if name == "requests" else 40)

    assert {} == tally.faults
    assert tally.inputs > 10


def test_a_broken_law_is_told(benchmarks: Any) -> None:
    """What an input takes too much of is a fault, and so is any exception; each is told by where it is."""
    benchmarks("fuzz")
    from fuzzing.target import MEMORY, Target, attempt, check

    def law(data: bytes) -> None:
        check(data != b"broken", "it holds")
        if data == b"raises":
            raise KeyError
        if data == b"large":
            bytearray(2 * MEMORY)

    target = Target(lambda _: [], lambda data, _most, _rng: data, law)
    found = [attempt(target, data) for data in (b"fine", b"broken", b"raises", b"large")]

    assert [None, "law: it holds", "KeyError", "MemoryError"] == [
        fault and fault.where.partition(" in ")[0] for fault in found
    ]


def test_a_soak_tells_what_grows(benchmarks: Any) -> None:
    """A figure is flat if it came to no more than 5 % over what it was when all was settled; what was nothing stays so."""
    soak = benchmarks("soak")
    first = soak.Taken(memory=1000, descriptors=6, threads=1, processes=0, temporary=0, entries=100, store=50)
    most = soak.Taken(memory=1050, descriptors=7, threads=1, processes=0, temporary=1, entries=90, store=50)
    done = [soak.Build(1, 0.1, taken) for taken in (first, first, first, most, first)]
    assert ["flat", "GROWS", "flat", "flat", "GROWS", "flat", "flat"] == [line.split()[-1] for line in soak.lines(done)]


def test_a_soak_can_be_run(tmp_path: Path) -> None:
    """A small run of the command builds in one process, executes what it says, and leaves nothing behind."""
    argv = [sys.executable, BENCHMARKS / "soak.py", "--samples", "4", "--builds", "5"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
    table = [line.split() for line in ended.stdout.splitlines()]
    assert ["4", "4", "1", "4", "0"] == [line[1] for line in table[1:6]], ended.stdout + ended.stderr
    flat = [line[0] for line in table[8:] if line[-1] == "flat"]
    assert {"descriptors", "threads", "processes", "temporary", "entries", "store"} <= set(flat), ended.stdout
    assert [] == list(tmp_path.iterdir())


def test_a_changed_byte_of_a_site_is_noticed(benchmarks: Any, tmp_path: Path) -> None:
    """In a page, in an entry of the store, in its name, in the log; durations, and when cargo says what, are none."""
    unchanged = benchmarks("unchanged")
    folder = tmp_path / "sample"
    unchanged.write("sample", folder)
    entry, page = folder / ".cache/codeexec/results/v1/ab/abc.json", folder / "site/index.html"
    for path, text in ((entry, '{"stdout": "é", "duration_ms": 1.5}'), (page, "<p>one</p>")):
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    before = unchanged.seen(folder) | {
        "log": unchanged.log("   Compiling b\n   Compiling a\n    Finished in 1m 02s\n1 sample (0.1 s)\n")
    }

    entry.write_text('{"duration_ms": 2, "stdout": "\\u00e9"}', "utf-8")
    after = unchanged.seen(folder) | {
        "log": unchanged.log("   Compiling a\n   Compiling b\n    Finished in 3.21s\n1 sample (12.3 s)\n")
    }
    assert [] == unchanged.differences(before, after)

    page.write_text("<p>two</p>", "utf-8")
    entry.rename(entry.with_name("abd.json"))
    after = unchanged.seen(folder) | {"log": unchanged.log("1 sample failed (0.1 s)\n")}
    assert ["log", "site/index.html", "store/results/v1/ab/abc.json", "store/results/v1/ab/abd.json"] == [
        text.partition(":")[0] for text in unchanged.differences(before, after)
    ]


PAGE = (
    '<div class="codeexec" data-codeexec="met" id="codeexec-1"><pre id="codeexec_1_source"><code>$ f\n'
    '<span class="go codeexec-printed">zq1qz\n&lt;zq2qz\n</span></code></pre></div>'
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("", ""), ""),
        (("zq1qz\n", ""), "the words that are shown are [2], expected [1, 2]"),
        (("zq1qz", "zq1qz zq1qz"), "the words that are shown are [1, 1, 2], expected [1, 2]"),
        (("zq1qz\n&lt;zq2qz", "&lt;zq2qz\nzq1qz"), "the words that are shown are [2, 1], expected [1, 2]"),
        (("&lt;zq2qz", "zq2qz"), "the console is"),
        (("$ f", "$ f canary"), "something is executed that stands in output"),
        (('"met"', '"unmet"'), "it is unmet, expected met"),
        (('class="codeexec"', 'class="other"'), "0 samples of 1 fences are on the page"),
    ],
)
def test_what_a_page_does_not_show_is_found(
    benchmarks: Callable[[str], Any], change: tuple[str, str], told: str
) -> None:
    """Of `shown.py`: the law that it looks for can be broken."""
    case = benchmarks("showing.words").Case("console", "", (), "met", [1, 2], ["$ f", "zq1qz", "<zq2qz"])
    found = list(benchmarks("showing.page").wrong([case], PAGE.replace(*change)))

    assert bool(told) is bool(found)
    assert not found or told in found[0]


def test_words_in_pictures_are_found(benchmarks: Callable[[str], Any]) -> None:
    """Which are base64."""
    words = benchmarks("showing.words")
    picture = base64.b64encode(b"\x89PNG zq7qz").decode()
    assert [6, 7, 8] == words.found(f'zq6qz <img src="data:image/png;base64,{picture}"> zq8qz')
