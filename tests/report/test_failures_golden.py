"""All that is said of samples that did not go as said, word for word.

`golden/*.txt` is written by `pytest --write-golden tests/report/test_failures_golden.py`, and read before it is kept.
An escape character stands there as `␛`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.spoken import Spoken

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.expectation import (
    Blocked,
    Errored,
    FailsToBuild,
    Met,
    Panics,
    Skipped,
    Succeeds,
    Suspended,
    Unmet,
    judge,
)
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.outcome import (
    Diagnostic,
    Exited,
    LimitReached,
    Outcome,
    OutOfMemory,
    Signaled,
    Span,
    StepResult,
    TimedOut,
)
from mkdocs_codeexec.core.protocols import Fault, Unavailability
from mkdocs_codeexec.core.requirements import Lack
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.report.failures import failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.expectation import Expectation, Verdict
    from mkdocs_codeexec.core.outcome import Termination

GOLDEN = Path(__file__).parent / "golden"


class Preambled(Spoken):
    """Two lines of a preamble come first, hidden lines run, and folders are left out."""

    def ran(self, sample: Sample) -> str:
        return runnable(sample.code)

    def faults(self, text: str) -> Sequence[Fault]:
        return tuple(panics(text)) or super().faults(text)

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:  # noqa: ARG002
        return line - 2, column

    def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
        places = re.compile(r"(?<=sample\.rs:)\d+|^\d+(?= \|)", re.MULTILINE)
        return places.sub(lambda found: str(int(found[0]) - 2), text.replace("/home/me/", ""))


class Plain(Spoken):
    """Folders are left out."""

    def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
        return text.replace("/home/me/", "")


LANGUAGES: Any = {"rust": Preambled(), "python": Plain(), "bash": Plain()}
CODE = "let v = vec![1];\nlet a: String = v;\nlet b = v;\ndrop(b);\n"
PAGE = f"# Guide\n\nText.\n\n```rust exec\n{CODE}```\n\nMore text.\n"
AT = Location("guide.md", 5, "docs/guide.md")


class Told(NamedTuple):
    """Samples, and the file that they are in."""

    items: Sequence[Resolved]
    page: str = PAGE


def sample(
    at: Location = AT, language: str = "rust", code: str = CODE, expectation: Expectation | None = None
) -> Sample:
    at = replace(at, end=at.line + len(code.splitlines()) + 1)
    return Sample(location=at, language=language, code=code, expectation=expectation or Succeeds())


def step(kind: Any, ended: Termination, stderr: str = "", stdout: str = "", *said: Diagnostic) -> StepResult:
    return StepResult(kind=kind, stdout=stdout, stderr=stderr, ended=ended, diagnostics=said)


def went(of: Sample, *steps: StepResult, sandbox: str = "off", **how: Any) -> Resolved:
    outcome = Outcome(language=of.language, steps=steps, sandbox=sandbox)
    return Resolved(sample=of, verdict=judge(of.expectation, outcome), outcome=outcome, **how)


def unknown(
    verdict: Verdict, line: int = 5, why: Unavailability | None = None, path: str = "docs/guide.md"
) -> Resolved:
    return Resolved(sample=sample(Location("guide.md", line, path)), verdict=verdict, why=why)


def span(
    line: int, column: int, label: str = "", *, primary: bool = True, lines: int = 0, file: str = "sample.rs"
) -> Span:
    return Span(file, line, column, line + lines, column + 4, primary=primary, label=label)


TYPES = Diagnostic(
    "error",
    "E0308",
    "mismatched types in /home/me/x",
    "\x1b[1;91merror[E0308]\x1b[0m: mismatched types\n --> sample.rs:4:17\n  |\n4 | let a: String = v;\n  |                 ^\n\n",
    (
        span(4, 17, "expected `String`"),
        span(6, 1, "used later", primary=False),
        span(3, 5, "because of /home/me/y", primary=False),
        span(4, 8, "expected due to this", primary=False),
        span(5, 1, primary=False),
        span(9, 1, "behind the sample", primary=False),
    ),
)
MOVED = Diagnostic(
    "error", "", "use of moved value", "error: moved\n --> sample.rs:5:9\n", (span(5, 9, lines=1), span(3, 1))
)
UNUSED = Diagnostic("warning", "unused", "never used", "warning: never used\n --> sample.rs:3:1\n", (span(3, 1),))
LINKER = Diagnostic("error", "", "linking failed", "error: linking with `cc` failed\n", (span(1, 1, file="lib.rs"),))
TRACEBACK = """\
Traceback (most recent call last):
  File "sample.py", line 2, in <module>
    raise ValueError("x")
  File "/home/me/lib/y.py", line 9, in f
ValueError: x
"""
PYTHON = sample(language="python", code="def f():\n\traise ValueError('x')\nf()\n")
PYTHON_PAGE = "# Guide\n\nText.\n\n```python exec\ndef f():\n\traise ValueError('x')\nf()\n```\n"
BASH = sample(Location("a.md", 1), "bash", "tool\n")
BASH_PAGE = "```bash exec\ntool\n```\n"
NOT_FOUND = "sample.sh: line 1: tool: command not found\n"


def long(column: int) -> Told:
    """Return a sample that panics in `column` of a line of 5,000 characters."""
    code = "".join(f"{number:05}" for number in range(1000))
    panic = f"thread 'main' panicked at sample.rs:3:{column}:\nno\n{code}\n"
    page = f"{code}\n```rust exec\n{code}\n```\n"
    return Told([went(sample(Location("a.md", 2), code=f"{code}\n"), step("run", Exited(101), panic))], page)


CASES = {
    "compiler": Told([went(sample(), step("build", Exited(1), "not this", "", UNUSED, TYPES))]),
    "compiler-twice": Told([went(sample(), step("build", Exited(1), "", "", MOVED, UNUSED, TYPES))]),
    "compiler-elsewhere": Told([went(sample(), step("build", Exited(1), "", "", LINKER))]),
    "compiler-without-json": Told(
        [went(sample(), step("build", Exited(1), "/home/me/sample.rs: in words\nsample.rs:4:1: bad\n", "on stdout"))]
    ),
    "compiler-wrong-code": Told(
        [went(sample(expectation=FailsToBuild(("E0382",))), step("build", Exited(1), "", "", TYPES))]
    ),
    "compiler-signal": Told([went(sample(), step("build", Signaled(11), "crashed"))]),
    "compiles": Told([went(sample(expectation=FailsToBuild()), step("build", Exited(0), "", "", UNUSED))]),
    "panics": Told(
        [
            went(
                sample(),
                step("build", Exited(0), "", "", UNUSED),
                step(
                    "run",
                    Exited(101),
                    "\nthread 'main' (7) panicked at sample.rs:5:9:\noh no\nnote: run with `x`\n",
                    "out",
                ),
            )
        ]
    ),
    "does-not-panic": Told([went(sample(expectation=Panics()), step("run", Exited(0), "", "fine\n"))]),
    "exits": Told([went(sample(expectation=Succeeds(2)), step("run", Exited(3), "", "only on /home/me/stdout\n\n"))]),
    "exits-silently": Told([went(sample(), step("run", Exited(3)))]),
    "traceback": Told([went(PYTHON, step("run", Exited(1), TRACEBACK))], PYTHON_PAGE),
    "shell": Told([went(BASH, step("run", Exited(127), NOT_FOUND), sandbox="limits")], BASH_PAGE),
    "shell-in-a-sandbox": Told(
        [
            went(BASH, step("run", Exited(127), NOT_FOUND), sandbox="bubblewrap"),
            went(BASH, step("run", Exited(126), "sample.sh: line 1: tool: Permission denied\n"), sandbox="landlock"),
            went(BASH, step("run", Exited(1), NOT_FOUND), sandbox="bubblewrap"),
            went(BASH, step("build", Exited(127), NOT_FOUND), sandbox="bubblewrap"),
        ],
        BASH_PAGE,
    ),
    "memory": Told([went(sample(), step("build", OutOfMemory(512), "killed\n"))]),
    "limits": Told(
        [
            went(sample(), step("run", LimitReached("processes", 64), "no\n")),
            went(sample(), step("build", Exited(0)), step("run", LimitReached("cpu", 10))),
            went(sample(), step("run", TimedOut(2.5), "slow\n")),
        ]
    ),
    "page-gone": Told([went(sample(), step("build", Exited(1), "", "", TYPES))], ""),
    "page-changed": Told([went(sample(), step("build", Exited(1), "", "", TYPES))], "# Guide\n\nShorter\n"),
    "behind-the-line": Told([went(sample(), step("run", Exited(101), "panicked at sample.rs:6:12:\nno\n"))]),
    "tabs": Told(
        [
            went(
                sample(Location("a.md", 1), code="\ta\tb;\n"),
                step("run", Exited(101), "thread 'main' panicked at sample.rs:3:4:\nno\n"),
            )
        ],
        "```rust exec\n\ta\tb;\n```\n",
    ),
    "no-line": Told([went(sample(Location("guide.md", 0)), step("run", Exited(3)))]),
    "no-path": Told([went(sample(Location("guide.md", 5)), step("build", Exited(1), "", "", MOVED))]),
    "first-and-last-line": Told(
        [
            went(sample(Location("a.md", 1), "bash", "x\n"), step("run", Exited(1), "")),
            went(sample(Location("a.md", 4), "bash", "y"), step("run", Exited(1), "sample.sh: line 1: y\n")),
            went(sample(Location("a.md", 6), "bash", "gone"), step("run", Exited(1))),
        ],
        "```bash\nx\n```\n~~~bash\ny\n~~~",
    ),
    "wide-numbers": Told(
        [went(sample(Location("a.md", 100), "bash", "y\n"), step("run", Exited(1), "sample.sh: line 1: y\n"))],
        "\n" * 99 + "```bash\ny\n```\n",
    ),
    "long-line-start": long(30),
    "long-line-middle": long(2500),
    "long-line-end": long(4999),
    "long-lines-of-a-message": Told(
        [went(sample(), step("run", Exited(1), "\n".join(["x" * 400, "x" * 401, f"x{' ' * 500}^"])))]
    ),
    "long-message": Told([went(sample(), step("run", Exited(1), "".join(f"line {n}\n" for n in range(1, 66))))]),
    "full-message": Told([went(sample(), step("run", Exited(1), "".join(f"line {n}\n" for n in range(1, 61))))]),
    "stored": Told(
        [
            went(sample(), step("build", Exited(1), "", "", MOVED), key=Key("a"), cached=True),
            went(sample(), step("run", Exited(3)), key=Key("b")),
            went(sample(), step("run", Exited(3)), key=Key("b"), cached=True),
        ]
    ),
    "blocked": Told([unknown(Blocked("setup")), unknown(Blocked("setup"), path="")]),
    "not-tried": Told([unknown(Errored("`rustc` was not found"))]),
    "not-tried-with-more": Told(
        [unknown(Errored("no cargo"), 5, Unavailability("no cargo", "install it\nor not", "it\n\nsaid\n\n" * 50), "")]
    ),
    "not-tried-with-a-hint": Told([unknown(Errored("no cargo"), 5, Unavailability("no cargo", "install it"))]),
    "not-tried-thrice": Told([unknown(Errored("no"), line, Unavailability("no", "do")) for line in (5, 9, 12)]),
    "not-tried-often": Told([unknown(Errored("no"), line, Unavailability("no", "", "said")) for line in range(5, 295)]),
    "all-together": Told(
        [
            unknown(Errored("first"), 1),
            unknown(Unmet("second"), 2),
            unknown(Errored("third"), 3),
            unknown(Errored("first"), 4),
            unknown(Met(), 5),
            unknown(Skipped("x"), 6),
            unknown(Suspended((Lack("x"),)), 7),
            unknown(Blocked("fourth"), 8),
        ]
    ),
}


def told(case: Told) -> str:
    """Return all that is said, as text that people can read."""
    parts = []
    for failure in failures(case.items, LANGUAGES, lambda _: case.page):
        notice = failure.notice
        places = ", ".join(f"{name}={value!r}" for name, value in notice._asdict().items() if name != "message")
        parts.append(f"HEADLINE {failure.headline}\n{failure.detail}\nNOTICE {places}\n{notice.message}\n")
    return "\n".join(parts).replace("\x1b", "␛")


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str, request: pytest.FixtureRequest) -> None:
    """Headline, detail and annotation are as they were approved."""
    file = GOLDEN / f"{name}.txt"
    if request.config.getoption("--write-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(told(CASES[name]), "utf-8")

    assert file.read_text("utf-8") == told(CASES[name])


def test_every_file_has_its_case() -> None:
    """A golden file that nothing is compared to says nothing."""
    assert sorted(CASES) == sorted(path.stem for path in GOLDEN.glob("*.txt"))


def test_the_page_is_read_where_the_sample_is() -> None:
    """Each sample's own file is asked for."""
    asked: list[Location] = []
    items = [unknown(Unmet("x"), 3), unknown(Errored("y"), 4), unknown(Unmet("z"), 5, path="other.md")]

    failures(items, LANGUAGES, lambda location: asked.append(location) or "")  # type: ignore[func-returns-value]

    assert [items[0].sample.location, items[2].sample.location] == asked
    assert [] == failures([replace(items[0], verdict=Met())], LANGUAGES, lambda _: "")
