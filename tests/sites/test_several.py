"""`codeexec` about several sites at once, by real runs of real sites: each as if it were alone, all in one process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from support import forks, schemas
from support.crates import crate_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project


class Monorepo:
    """Sites in folders beside each other."""

    def __init__(self, root: Path, project_in: Callable[[Path], Project]) -> None:
        self.root = root
        self._project_in = project_in

    def site(self, name: str, page: str, options: object = None, *, more: str = "") -> Project:
        """Write the site `name`, with one page."""
        found = self._project_in(self.root / name)
        found.configure(options, more=more)
        found.page(page)
        self.env = os.environ | found.env
        return found

    def codeexec(
        self, command: str, *args: str, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command about the sites that are named in `args` by their folders, `@a` say."""
        return forks.run(
            "mkdocs_codeexec.cli", command, *named(args), cwd=cwd or self.root, env=self.env | env, timeout=150
        )


def named(args: tuple[str, ...]) -> list[str]:
    files = [("-f", f"{arg[1:]}/mkdocs.yml") if arg.startswith("@") else (arg,) for arg in args]
    return [word for words in files for word in words]


@pytest.fixture
def repo(tmp_path: Path, project_in: Callable[[Path], Project]) -> Monorepo:
    return Monorepo(tmp_path / "repo", project_in)


def sites(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    report = json.loads(done.stdout)
    schemas.check("sites", report)
    found = {site["file"]: site["report"] for site in report["sites"]}
    for one in found.values():
        if "run_id" in one or "hit" in one["counts"]:
            schemas.check("run" if "run_id" in one else "plan", one)
    return found


def last_run(site: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / ".cache/codeexec/last-run.json").read_text())
    return found


def stored(site: Project) -> dict[str, Any]:
    """Return what is stored of a site, by key, without the time that it took."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: timeless(one) for name, one in value.items() if name not in ("duration_ms", "sha256")}
        return list(map(timeless, value)) if isinstance(value, list) else value

    files = (site.root / ".cache/codeexec").glob("results/v1/*/*.json")
    return {file.stem: timeless(json.loads(file.read_text())) for file in files}


def test_each_has_its_store_and_its_report(repo: Monorepo) -> None:
    """Failures are told at the end, by site, in their order; the worst is the exit status."""
    a = repo.site("a", "```bash exec\nsleep 0.5; exit 4\n```\n\n```bash exec\necho a\n```\n")
    b = repo.site("b", "```bash exec\necho b\n```\n")
    c = repo.site("c", "```bash exec\nexit 5\n```\n")
    done = repo.codeexec("run", "@a", "@b", "@c")

    assert 1 == done.returncode, done.stderr
    told = re.findall(r"^(a/\S+|[bc]/\S+|3 sites)[:,] ([^\n(]*)", done.stdout, re.MULTILINE)
    assert [
        ("a/docs/index.md:1", "exit status 4"),
        ("a/mkdocs.yml", "2 samples: 2 executed, 0 cached, 1 failed "),
        ("b/mkdocs.yml", "1 sample: 1 executed, 0 cached, 0 failed "),
        ("c/docs/index.md:1", "exit status 5"),
        ("c/mkdocs.yml", "1 sample: 1 executed, 0 cached, 1 failed "),
        ("3 sites", "4 samples: 4 executed, 0 cached, 2 failed "),
    ] == told
    assert re.search(r"^INFO +-  b/mkdocs.yml: executing 1 of 1 sample", done.stderr, re.MULTILINE)
    assert [2, 1, 1] == [len(last_run(site)["samples"]) for site in (a, b, c)]
    again = repo.codeexec("run", "@a", "@b", "@c", "--json")
    assert 1 == len({site["run_id"] for site in sites(again).values()})
    assert {"a/mkdocs.yml": 2, "b/mkdocs.yml": 1, "c/mkdocs.yml": 1} == {
        name: site["counts"]["cached"] for name, site in sites(again).items()
    }
    assert last_run(a) == sites(again)["a/mkdocs.yml"]
    assert {"executed": 0, "cached": 1} == {name: b.build().run["counts"][name] for name in ("executed", "cached")}
    repo.site("b", "```bash exec\necho b\n```\n\n```python exec-network network\nprint(1)\n```\n\n```nope exec\n```\n")
    assert 3 == repo.codeexec("run", "@b", "@a").returncode


HOOK = "import helper\n\ndef on_page_markdown(markdown, **_):\n    return markdown.replace('WORD', helper.WORD)\n"


def test_each_is_as_it_is_alone(repo: Monorepo) -> None:
    """Plugins and hooks share nothing; keys and outcomes are those of a run of each, wherever its folder is."""
    page = "```bash exec\necho WORD\n```\n\n```python exec\nprint('WORD')\n```\n"
    view = '```bash exec workdir="project"\nfind . -type f | sort\n```\n'
    written = []
    for name in ("a", "b", "a/inner"):
        options = {"workdir": "project"} if name == "a" else {}
        site = repo.site(name, page + (view if name == "a" else ""), options, more="hooks: [hook.py]\n")
        site.write("hook.py", HOOK)
        site.write("helper.py", f"WORD = 'of {name}'\n")
        written.append(site)
    done = repo.codeexec("run", "@a", "@b", "@a/inner")
    assert 0 == done.returncode, done.stdout + done.stderr
    together = [stored(site) for site in written]
    assert [3, 2, 2] == list(map(len, together))
    assert "of b" in json.dumps(together[1])
    for site, known in zip(written, together, strict=True):
        (site.root / ".cache/codeexec/results").rename(site.root / ".cache/codeexec/before")
        alone = forks.run("mkdocs_codeexec.cli", "run", cwd=site.root, env=repo.env, timeout=150)
        assert 0 == alone.returncode, alone.stderr
        assert known == stored(site)


def test_what_is_wrong_with_all_is_told_first(repo: Monorepo) -> None:
    """Nothing of those that are well is executed."""
    a = repo.site("a", "```bash exec\necho a\n```\n")
    repo.site("b", "", {"jobs": "many"})
    repo.site("c", "", more="docs_dir: nowhere\n")
    done = repo.codeexec("run", "@a", "@b", "@c", "@d", "--json")

    assert 2 == done.returncode
    report = json.loads(done.stdout)
    told = [report["error"], *report["others"]]
    assert [("b/mkdocs.yml", True), (None, False), (None, False)] == [(one["file"], bool(one["line"])) for one in told]
    assert re.search(r"`codeexec\.jobs`: expected .*nowhere.*/d/mkdocs\.yml", done.stderr, re.DOTALL)
    assert 1 == done.stderr.count("nowhere")
    assert not (a.root / ".cache").exists()


@pytest.mark.parametrize(
    ("command", "args", "message"),
    [
        ("run", ["@a", "@a"], "the site of `-f a/mkdocs.yml` is named twice; expected each once"),
        ("plan", ["@./a", "@a"], "the site of `-f a/mkdocs.yml` is named twice; expected each once"),
        ("run", ["@link", "@a"], "the site of `-f a/mkdocs.yml` is named twice, also as `-f link/mkdocs.yml`"),
        ("check", ["@a", "@b/docs"], "Config file"),
        ("status", ["@a", "@b"], "`-f` was given twice: this command is about one site"),
        ("run", ["@a", "@b", "index.md"], "`index.md` may be that of 2 sites: `a/docs/index.md`, `b/docs/index.md`"),
        ("run", ["@a", "@b", "a/docs/indx.md"], "there is no page `a/docs/indx.md`\n\nhint: did you mean `a/docs/index.md`?"),
        ("run", ["@a", "@b", "b/docs/index.md:99"], "there is no sample at line 99 of `b/docs/index.md`"),
        ("run", ["@a", "@b", "--name", "on"], "no sample is called `on`\n\nhint: did you mean `one`?"),
        ("plan", ["@a", "@b", "--language", "nope"], "`nope` is not set up as a language"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(command: str, args: list[str], message: str, repo: Monorepo) -> None:
    """Before anything is executed."""
    repo.site("a", '```bash exec name="one"\necho a\n```\n')
    repo.site("b", "```bash exec\necho b\n```\n")
    (repo.root / "link").symlink_to("a")
    done = repo.codeexec(command, *args)

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert not (repo.root / "a/.cache/codeexec/results").exists()


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["a/docs/index.md"], {"a": [1, 5], "b": []}),
        (["a/docs/index.md:6", "b"], {"a": [1, 5], "b": [1, 2]}),  # with what it needs
        (["more.md"], {"a": [], "b": [2]}),  # of one site alone
        (["--name", "one"], {"a": [1], "b": []}),
        (["--language", "bash", "--name", "one", "a"], {"a": [1], "b": []}),
        (["."], {"a": [1, 5], "b": [1, 2]}),
    ],
)
def test_what_is_named_belongs_to_who_has_it(args: list[str], found: dict[str, list[int]], repo: Monorepo) -> None:
    """A page is named as a terminal opens it, or as in `docs_dir` where one site alone has it."""
    repo.site("a", '```bash exec name="one"\necho a\n```\n\n```bash exec needs="one"\necho b\n```\n')
    b = repo.site("b", "```bash exec\necho b\n```\n")
    b.page("\n```bash exec\necho more\n```\n", "more.md")
    done = repo.codeexec("plan", "@a", "@b", "--json", *args)

    assert found == {
        name.partition("/")[0]: [one["line"] for one in site["samples"]] for name, site in sites(done).items()
    }, done.stderr


def test_parts_are_parts_of_all(repo: Monorepo) -> None:
    """Each sample of each site is in one of them."""
    page = "".join(f"```bash exec\necho {number}\n```\n\n" for number in range(5))
    repo.site("a", page)
    repo.site("b", page + '```bash exec name="x"\ntrue\n```\n\n```bash exec needs="x"\ntrue\n```\n')
    parts = [sites(repo.codeexec("plan", "@a", "@b", "--json", "--shard", f"{n}/3")) for n in (1, 2, 3)]
    found = [[(name, one["line"]) for name, site in part.items() for one in site["samples"]] for part in parts]

    assert [4, 4, 4] == sorted(map(len, found))
    assert 12 == len({one for part in found for one in part})
    [with_need] = [part for part in found if ("b/mkdocs.yml", 21) in part]
    assert ("b/mkdocs.yml", 25) in with_need


def test_one_report_holds_all(repo: Monorepo) -> None:
    """Pages of the same name differ by their paths, from the root of the repository on, wherever one stands."""
    subprocess.run(["git", "init", "-q", str(repo.root.parent)], check=True)
    for name in ("a", "b"):
        repo.site(name, f"```bash exec\necho of {name}; exit 3\n```\n")
    files = {kind: repo.root / f"{kind}.out" for kind in ("junit", "sarif", "code-quality", "summary")}
    step = repo.root / "step.md"
    options = [f"--{kind}={file}" for kind, file in files.items()]
    done = repo.codeexec("run", "@.", "@../b", *options, cwd=repo.root / "a", GITHUB_STEP_SUMMARY=str(step))

    assert 1 == done.returncode, done.stderr
    suites = ET.fromstring(files["junit"].read_text()).findall("testsuite")
    assert ["repo/a/docs/index.md", "repo/b/docs/index.md"] == [suite.get("name") for suite in suites]
    assert ["of a", "of b"] == [suite.findtext("testcase/system-out", "").strip() for suite in suites]
    assert all("exit status 3" in suite.findtext("testcase/failure", "") for suite in suites)
    results = json.loads(files["sarif"].read_text())["runs"][0]["results"]
    assert ["repo/a/docs/index.md", "repo/b/docs/index.md"] == [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results
    ]
    quality = json.loads(files["code-quality"].read_text())
    assert ["repo/a/docs/index.md", "repo/b/docs/index.md"] == [one["location"]["path"] for one in quality]
    assert 2 == len({one["fingerprint"] for one in quality})
    assert files["summary"].read_text() == step.read_text()
    assert "2 executed, 0 cached, 2 failed" in step.read_text()


def test_no_more_run_at_once_than_of_one(repo: Monorepo) -> None:
    """The site that allows most says how many."""
    log = repo.root / "log"
    page = "".join(f"```bash exec\necho + >>{log}; sleep 0.2; echo - >>{log}; echo {n}\n```\n\n" for n in range(3))
    for name, jobs in (("a", 1), ("b", 2), ("c", 1), ("d", 2)):
        repo.site(name, page, {"jobs": jobs, "sandbox": "off"})
    done = repo.codeexec("run", "@a", "@b", "@c", "@d")

    assert 0 == done.returncode, done.stdout
    now, most = 0, 0
    for mark in log.read_text().split():
        now += 1 if mark == "+" else -1
        most = max(most, now)
    assert 2 == most


def test_others_go_on_while_one_waits_for_cargo(repo: Monorepo) -> None:
    """And two that need the same package built both get it."""
    wait = "fn main() { std::thread::sleep(std::time::Duration::from_secs(4)); }\n"
    crate_in(repo.root / "waiting", "waiting", "pub fn one() -> u8 { 1 }", **{"build.rs": wait})
    options = {"languages": {"rust": {"dependencies": {"waiting": {"path": "../waiting"}}}, "bash": {}}}
    page = '```rust exec\nprintln!("{}", waiting::one());\n```\n'
    for name in ("a", "c"):
        repo.site(name, page, options)
    repo.site("b", "".join(f"```bash exec\necho {number}\n```\n\n" for number in range(4)))
    done = repo.codeexec("run", "@a", "@b", "@c", "--json")

    assert 0 == done.returncode, done.stderr
    took = {name[0]: site["duration_ms"] for name, site in sites(done).items()}
    assert took["b"] < took["a"]
    assert took["b"] < took["c"]
    assert [1, 4, 1] == [site["counts"]["met"] for site in sites(done).values()]
    for name, site in sites(done).items():
        shutil.rmtree(repo.root / name[0] / ".cache")
        alone = json.loads(repo.codeexec("run", f"@{name[0]}", "--json").stdout)
        assert [one["key"] for one in site["samples"]] == [one["key"] for one in alone["samples"]]


def test_two_with_one_folder_of_results_take_turns(repo: Monorepo) -> None:
    """What the first has stored, the second finds; both runs are kept."""
    for name in ("a", "b"):
        repo.site(name, "```bash exec\necho same\n```\n", {"cache_dir": "../results"})
    done = repo.codeexec("run", "@a", "@b", "--json")

    assert 0 == done.returncode, done.stderr
    assert [1, 0] == [site["counts"]["executed"] for site in sites(done).values()]
    assert 2 == len(list((repo.root / "results/runs").iterdir()))


def test_the_first_failure_ends_all_if_that_is_asked_for(repo: Monorepo) -> None:
    """What had ended is kept, and told."""
    a = repo.site("a", "```bash exec\necho early\n```\n\n```bash exec\nsleep 60\n```\n")
    repo.site("b", "```bash exec\nsleep 2; exit 1\n```\n")
    done = repo.codeexec("run", "@a", "@b", "--fail-fast")

    assert 1 == done.returncode, done.stderr
    assert "a/mkdocs.yml: 1 sample: 1 executed, 0 cached, 0 failed" in done.stdout
    assert "; 1 sample not tried" in done.stdout
    assert "ended at the first failure (`--fail-fast`)" in done.stdout
    assert last_run(a)["interrupted"] is True


def test_an_interruption_loses_nothing(repo: Monorepo) -> None:
    """Each site has a report of what had ended, and the next run goes on from there."""
    written = [repo.site(name, f"```bash exec\necho {name}\n```\n\n```bash exec\nsleep 60\n```\n") for name in "ab"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs_codeexec", "run", *named(("@a", "@b"))],
        cwd=repo.root,
        env=repo.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while len(list(repo.root.glob("*/.cache/codeexec/results/**/*.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)

    assert 130 == process.returncode, said
    for name in "ab":
        assert re.search(rf"^{name}/mkdocs.yml: 1 sample: 1 executed.*; 1 sample not tried$", said, re.MULTILINE), said
    assert "interrupted: `codeexec run` again goes on from here" in said
    for site in written:
        assert last_run(site)["interrupted"] is True
        site.page(site.root.joinpath("docs/index.md").read_text().replace("sleep 60", "sleep 0"))
    assert [1, 1] == [site["counts"]["cached"] for site in sites(repo.codeexec("run", "@a", "@b", "--json")).values()]


def test_samples_are_checked_site_by_site(repo: Monorepo) -> None:
    """Each is told with what it came to; the worst is the exit status."""
    repo.site("a", "```bash exec\necho $RANDOM$RANDOM\n```\n")
    repo.site("b", "```bash exec\necho b\n```\n")
    done = repo.codeexec("check", "@a", "@b", "--repeat", "2")

    assert 1 == done.returncode, done.stderr
    assert re.search(
        r"^a/mkdocs.yml: 1 sample, 2 runs of each: 1 met, 0 failed, 1 differing", done.stdout, re.MULTILINE
    )
    assert re.search(
        r"^b/mkdocs.yml: 1 sample, 2 runs of each: 1 met, 0 failed, 0 differing", done.stdout, re.MULTILINE
    )
    found = sites(repo.codeexec("check", "@a", "@b", "--repeat", "2", "--json", "b"))
    assert [0, 1] == [site["counts"]["samples"] for site in found.values()]


def test_a_site_that_ends_its_process_takes_no_other_with_it(repo: Monorepo) -> None:
    """It is told which one; nothing is executed."""
    a = repo.site("a", "```bash exec\necho a\n```\n")
    repo.site("b", "", more="hooks: [hook.py]\n").write(
        "hook.py", "import os\n\ndef on_files(*_, **__):\n    os._exit(7)\n"
    )
    done = repo.codeexec("run", "@a", "@b")

    assert (3, "") == (done.returncode, done.stdout)
    assert "`b/mkdocs.yml`: its build has ended this process (7)" in done.stderr
    assert not (a.root / ".cache").exists()


def test_hosts_may_be_mixed(repo: Monorepo, zensical: Path) -> None:
    """MkDocs, ProperDocs and Zensical, which could not be in one process."""
    repo.site("a", "```bash exec\necho a\n```\n")
    b = repo.site("b", "```bash exec\necho b\n```\n")
    b.write("mkdocs.yml", "site_name: b\nmarkdown_extensions: [codeexec, pymdownx.superfences]\n")
    c = repo.site("c", "```bash exec\necho c\n```\n")
    c.write("properdocs.yml", "site_name: c\ntheme: {name: null, custom_dir: theme}\nplugins: [codeexec]\n")
    c.write("theme/main.html", "{{ page.content }}")
    (c.root / "mkdocs.yml").unlink()
    argv = [sys.executable, "-m", "mkdocs_codeexec", "run", *named(("@a", "@b")), "-f", "c/properdocs.yml", "--json"]
    env = repo.env | {"PYTHONPATH": str(zensical)}
    done = subprocess.run(argv, cwd=repo.root, env=env, capture_output=True, text=True, check=False, timeout=150)

    assert 0 == done.returncode, done.stderr
    assert ["a/mkdocs.yml", "b/mkdocs.yml", "c/properdocs.yml"] == list(sites(done))
    assert [1, 1, 1] == [site["counts"]["met"] for site in sites(done).values()]
