"""`codeexec run`, by real runs of real sites; which samples are selected, and what is kept of runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import forks

from mkdocs_codeexec.commands.selecting.sharding import Shard, Shared, shard, shard_of_sites
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.graph import closure
from mkdocs_codeexec.core.sample import Links, Location, Sample
from mkdocs_codeexec.report import history

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

INDEX = """\
# Samples

```python exec name="one"
print(1)
```

```bash exec needs="one"
echo two
```
"""
GUIDE = """\
# Guide

```bash exec
echo three
```

```text output_of
three
```

```bash exec name="four"
exit 4
```
"""


def run(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | project.env
    return forks.run("mkdocs_codeexec.cli", "run", *args, cwd=project.root, env=env, timeout=120)


def lines(done: subprocess.CompletedProcess[str]) -> list[tuple[str, int]]:
    return [(sample["page"], sample["line"]) for sample in json.loads(done.stdout)["samples"]]


@pytest.fixture
def site(project: Project) -> Project:
    project.page(INDEX)
    project.write("docs/more/guide.md", GUIDE)
    return project


def test_a_store_is_filled_for_a_build(site: Project) -> None:
    """Nothing is rendered; what the build shows afterwards is what was executed, and the same failure."""
    done = run(site)

    assert 1 == done.returncode, done.stderr
    assert not (site.root / "site").exists()
    assert "docs/more/guide.md:11: exit status 4\n --> docs/more/guide.md:11" in done.stdout
    assert re.search(r"^5 samples: 4 executed, 0 cached, 1 failed, 1 compared \(", done.stdout, re.MULTILINE)
    again = run(site, "--json")
    assert {"samples": 5, "cached": 4, "met": 4, "unmet": 1, "compared": 1} == {
        name: count for name, count in json.loads(again.stdout)["counts"].items() if count
    }
    assert {"samples": 5, "cached": 4, "met": 4, "unmet": 1, "compared": 1} == site.build().counts


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["docs/index.md"], [("index.md", 3), ("index.md", 7)]),
        (["index.md:8"], [("index.md", 3), ("index.md", 7)]),  # with what it needs
        (["docs/index.md:3"], [("index.md", 3)]),
        (["docs/more"], [("more/guide.md", 3), ("more/guide.md", 7), ("more/guide.md", 11)]),
        (["more/guide.md:7"], [("more/guide.md", 3), ("more/guide.md", 7)]),  # with whose output it holds
        (["--name", "four"], [("more/guide.md", 11)]),
        (["--language", "py"], [("index.md", 3)]),
        (["docs/more", "--language", "bash", "index.md"], [("index.md", n) for n in (3, 7)] + [("more/guide.md", n) for n in (3, 11)]),
        (["docs"], [("index.md", 3), ("index.md", 7), *(("more/guide.md", n) for n in (3, 7, 11))]),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_executed(args: list[str], found: list[tuple[str, int]], site: Project) -> None:
    """And what it needs; a page is named as in `docs_dir`, or as a terminal opens it."""
    done = run(site, "--json", *args)

    assert found == lines(done), done.stderr
    assert ("selected" in json.loads(done.stdout)) == (len(found) < 5)


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["docs/indx.md"], "there is no page `docs/indx.md`", "did you mean `docs/index.md`?"),
        (["nowhere"], "there is no page `nowhere`", "a page is named as in `docs_dir`, or as a terminal opens it"),
        (["index.md:5", "index.md:99"], "there is no sample at line 99 of `index.md`", "samples begin at the lines 3, 7"),
        (["docs/more:3"], "`docs/more` is a folder, which has no line 3", "name a page of it"),
        (["--name", "fuor"], "no sample is called `fuor`", "did you mean `four`?"),
        (["--language", "pyton"], "`pyton` is not set up as a language", "did you mean `python`?"),
        (["--shard", "6/5"], "expected two numbers as in `2/5`", "`codeexec --help` lists commands and options"),
        (["--shard", "0/3"], "expected two numbers as in `2/5`", "`codeexec --help` lists commands and options"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(args: list[str], message: str, hint: str, site: Project) -> None:
    """With the nearest name, before anything is executed."""
    done = run(site, *args)

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert f"hint: {hint}" in done.stderr
    assert not (site.root / ".cache/codeexec/results").exists()


def test_the_first_failure_ends_it_if_that_is_asked_for(project: Project) -> None:
    """What had ended is kept, and told; nothing else is tried."""
    project.configure({"jobs": 1})
    project.page(
        "```bash exec\nexit 1\n```\n\n" + "".join(f"```bash exec\nsleep 0.2; echo {n}\n```\n\n" for n in range(30))
    )
    done = run(project, "--fail-fast")

    assert 1 == done.returncode, done.stderr
    found = re.search(r"--fail-fast`\): (\d+) samples not tried", done.stdout)
    assert found, done.stdout
    assert 25 < int(found[1]) <= 30


def test_what_failed_last_is_tried_again(site: Project) -> None:
    """Since the last run of the whole site, be it a build; what has moved takes its page with it."""
    site.build()
    assert [("more/guide.md", 11)] == lines(run(site, "--json", "--failed"))
    site.write("docs/more/guide.md", "A line\n\n" + GUIDE.replace(' name="four"', ""))
    assert [("more/guide.md", 5), ("more/guide.md", 9), ("more/guide.md", 13)] == lines(run(site, "--json", "--failed"))
    site.write("docs/more/guide.md", GUIDE.replace("exit 4", "echo 4"))
    done = run(site, "--failed", "--json")
    assert (0, [("more/guide.md", 11)]) == (done.returncode, lines(done)[-1:])
    done = run(site, "--failed")
    assert (0, "0 samples: 0 executed, 0 cached, 0 failed") == (done.returncode, done.stdout.split(" (")[0])


def test_what_samples_take_is_told(site: Project) -> None:
    """The slowest first."""
    site.write("docs/more/guide.md", "```bash exec\nsleep 0.4\n```\n")
    done = run(site, "--timings")
    found = re.findall(r"^ +([0-9.]+) s  (docs/\S+)  (\w+) \(run [0-9.]+ s\)$", done.stdout, re.MULTILINE)

    assert 3 == len(found), done.stdout
    assert sorted((float(seconds) for seconds, _, _ in found), reverse=True) == [float(s) for s, _, _ in found]


def test_an_interruption_loses_nothing(project: Project) -> None:
    """A report says what had ended, and the next run goes on from there."""
    project.configure({"jobs": 2})
    slow = "```bash exec\nsleep 60\n```\n\n"
    project.page("".join(f"```bash exec\necho {n}\n```\n\n" for n in range(6)) + slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs_codeexec", "run"],
        cwd=project.root,
        env=os.environ | project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    results = project.root / ".cache/codeexec/results"
    until = time.monotonic() + 60
    while len(list(results.rglob("*.json"))) < 6 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)

    assert 130 == process.returncode, said
    assert "6 samples: 6 executed" in said
    assert "interrupted: 1 sample not tried; `codeexec run` again goes on from here" in said
    assert json.loads((project.root / ".cache/codeexec/last-run.json").read_text())["interrupted"] is True
    project.page(project.root.joinpath("docs/index.md").read_text().replace("sleep 60", "sleep 0"))
    assert "7 samples: 1 executed, 6 cached" in run(project).stdout


def test_shards_are_the_whole(site: Project) -> None:
    """Each sample is in one of them, with what it belongs to."""
    found = [lines(run(site, "--json", "--shard", f"{number}/3")) for number in (1, 2, 3)]

    assert [("index.md", 3), ("index.md", 7), *(("more/guide.md", n) for n in (3, 7, 11))] == sorted(
        line for one in found for line in one
    )
    assert all((("index.md", 3) in one) == (("index.md", 7) in one) for one in found)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "s", "t"]), st.lists(st.integers(0, 20), max_size=2)), max_size=20),
    st.integers(1, 6),
    st.sets(st.integers(0, 19)),
)  # fmt: skip
def test_each_sample_is_in_one_shard(drawn: list[tuple[str, str, list[int]]], count: int, chosen: set[int]) -> None:
    """Whatever is selected; what is needed for one of a shard is of that shard."""
    samples = [
        Sample(
            location=Location("a.md", place + 1),
            language="bash",
            code=code,
            expectation=Succeeds(),
            name=f"n{place}",
            links=Links(
                session=session, needs=() if session else tuple(f"n{other}" for other in needs if other < place)
            ),
        )
        for place, (code, session, needs) in enumerate(drawn)
    ]
    wanted = {place for place in chosen if place < len(samples)}
    parts = [shard(samples, wanted, Shard(number + 1, count)) for number in range(count)]

    assert sorted(wanted) == sorted(place for part in parts for place in part)
    for part in parts:
        assert wanted & closure(samples, part) == part
    assert parts == [shard(samples, wanted, Shard(number + 1, count)) for number in range(count)]
    for site in (0, 1):  # of two that are divided together
        both = [
            shard_of_sites([Shared(samples, wanted)] * 2, Shard(number + 1, count))[site] for number in range(count)
        ]
        assert sorted(wanted) == sorted(place for part in both for place in part)
        assert all(wanted & closure(samples, part) == part for part in both)
    # Of more parts than samples most are empty, and take no room.
    assert set() == shard(samples, wanted, Shard(10**12, 10**12))
    assert sorted(wanted) == sorted(
        place for part in range(20) for place in shard(samples, wanted, Shard(part + 1, 10**12))
    )


def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    """As many as are bounded, the last ones; what is no run of ours is left alone, and not read."""
    text = {"format": 1, "started": "2026-01-01T00:00:00+00:00", "duration_ms": 5, "sandbox": None, "samples": []}
    for number in range(history.MOST + 20):
        run_id = f"20260101T{number:012d}-{number:08x}"
        raw = json.dumps({**text, "run_id": run_id, "counts": {"samples": number}}).encode()
        history.keep(tmp_path, run_id, raw)
    (tmp_path / "runs" / "notes.txt").write_text("mine")
    (tmp_path / "runs" / "20270101T000000000000-00000000.json").symlink_to("/etc/passwd")
    (tmp_path / "runs" / "20270101T000000000000-00000001.json").write_text('{"format": 99}')
    found = list(history.runs(tmp_path))

    assert history.MOST == len(found)
    assert history.MOST + 19 == found[0].counts["samples"]
    assert (tmp_path / "runs" / "notes.txt").exists()


def test_what_strangers_wrote_there_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the folder is no folder; nothing is written behind it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "runs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        history.keep(tmp_path / "cache", "20260101T000000000000-00000000", b"{}")

    assert [] == list((tmp_path / "elsewhere").iterdir())
    assert [] == history.names(tmp_path / "cache")


def test_some_samples_are_checked(site: Project) -> None:
    """By the same words."""
    env = os.environ | site.env
    done = forks.run("mkdocs_codeexec.cli", "check", "--repeat", "2", "index.md:8", cwd=site.root, env=env)

    assert (0, "2 samples, 2 runs of each: 2 met") == (done.returncode, done.stdout.split(",  ")[0][:32]), done.stderr
