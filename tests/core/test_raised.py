"""`raises`: what real Pythons write of exceptions, judged."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mkdocs_codeexec.core.expectation import Met, Raises, Unmet, judge
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult


def outcome(code: str) -> Outcome:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    run = StepResult(kind="run", stdout=ended.stdout, stderr=ended.stderr, ended=Exited(ended.returncode))
    return Outcome(language="python", steps=(run,))


GROUP = "raise ExceptionGroup('all', [ValueError('a'), ExceptionGroup('more', [KeyError('b')])])"
CHAIN = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('a\\nKeyError: b') from error"
NOTED = "error = ValueError('x')\nerror.add_note('KeyError: no')\nraise error"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("int('a')", "ValueError"),
        ("import json; json.loads('{')", "json.JSONDecodeError"),
        ("import json; json.loads('{')", "json.decoder.JSONDecodeError"),
        ("import json; json.loads('{')", "JSONDecodeError"),
        ("import pickle; pickle.loads(b'x')", "pickle.UnpicklingError"),
        ("class Bad(Exception): pass\nraise Bad", "Bad"),
        ("class A:\n    class Bad(Exception): pass\nraise A.Bad", "A.Bad"),
        ("x = (", "SyntaxError"),
        (CHAIN, "ValueError"),
        pytest.param(GROUP, "ExceptionGroup", marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="no groups")),
        pytest.param(NOTED, "ValueError", marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="no notes")),
        ("def f(): f()\nf()", "RecursionError"),
    ],
)
def test_the_exception_that_was_meant(code: str, name: str) -> None:
    """By its own name, with all, some or none of the modules that Python names."""
    assert Met() == judge(Raises(name), outcome(code))


@pytest.mark.parametrize(
    ("code", "name", "why"),
    [
        ("print(1)", "ValueError", "it raised nothing, and `raises` says that it ends with `ValueError`"),
        ("{}['a']", "ValueError", "it raised `KeyError`, expected `ValueError`"),
        ("open('/no/such')", "OSError", "it raised `FileNotFoundError`, expected `OSError`"),
        ("import json; json.loads('{')", "other.JSONDecodeError",
         "it raised `json.decoder.JSONDecodeError`, expected `other.JSONDecodeError`"),
        ("raise SystemExit(1)", "ValueError", "exit status 1 without an exception, expected `ValueError`"),
        ("raise SystemExit(3)", "ValueError", "exit status 3 without an exception, expected `ValueError`"),
        ("import os\ntry: int('a')\nfinally: os._exit(4)", "ValueError", "exit status 4 without an exception, expected `ValueError`"),
    ],
)  # fmt: skip
def test_another_end_than_that(code: str, name: str, why: str) -> None:
    """The reason says what came instead."""
    assert Unmet(why) == judge(Raises(name), outcome(code))
