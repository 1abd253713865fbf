"""Real builds by a real Zensical: the same fragments, and no failure that its cache hides."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest
from support import forks
from support.zensical import Rendered, Server, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project

PYTHON = '```python exec\nprint("hello from", 6 * 7)\n```\n'
FAILS = '```python exec\nraise ValueError("boom")\n```\n'
READER = {"languages": {"bash": {"readable": ["data"]}}}


def reads(site: Site) -> str:
    """Return a sample that prints a file beside the pages."""
    return f"```bash exec\ncat {site.root}/data/shown.txt\n```\n"


@pytest.fixture
def serve(site: Site) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*command: str) -> Server:
        servers.append(Server(site, *command))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def test_fragments_and_keys_are_those_of_mkdocs(site: Site, project: Project) -> None:
    """One page, two hosts: what stands in the place of each fence is the same, and so is what is stored."""
    text = f'# Title\n\n{PYTHON}\n```rust exec\nprintln!("from rust");\n```\n\n=== "Tab"\n\n    ```bash exec\n    echo tab\n    ```\n'
    for one in (site, project):
        one.page(text)
    project.build()

    done = site.build()

    assert 0 == done.status, done.log
    found = re.findall(r'<div class="codeexec" data.*?</div></div>', site.html(), re.DOTALL)
    assert 3 == len(found)
    assert [sample in project.html() for sample in found] == [True] * 3
    assert site.keys() == {path.stem for path in (project.root / ".cache/codeexec/results").rglob("*.json")}
    assert "codeexec: 3 samples: 3 executed, 0 cached, 0 failed" in done.log
    assert "executing 3 of 3 samples" in done.log
    assert 1 == site.html().count("<style>.codeexec")


def test_files_and_needs_are_seen_before_pages_are(site: Site, build: Callable[..., Rendered]) -> None:
    """A `file` fence is executed by nobody, and others get it all the same; of another page, too."""
    site.page(
        '```python file="lib2.py" name="lib2"\nx = 7\n```\n\n```python exec needs="lib2 b.md#c"\nimport lib2, c\nprint(lib2.x + c.x)\n```\n'
    )
    site.page('```python file="c.py" name="c"\nx = 1\n```\n', "b.md")

    done = build()

    assert 0 == done.status, done.log
    assert ["8"] == site.streams()


FRONT = """\
---
title: Page
codeexec:
  env: {{WHERE: page}}
  preamble: use std::num::Wrapping;
  source: none
  {more}
---

# Title

```bash exec
echo "where: $WHERE"
```

```rust exec
println!("{{}}", Wrapping(7) + Wrapping(1));
```
"""


def test_front_matter_is_that_of_mkdocs(site: Site, project: Project, build: Callable[..., Rendered]) -> None:
    """Its defaults are there before the first page is rendered: nothing is executed twice, and with the same keys."""
    options = {"exclude": ["drafts/*"], "include": ["**", "nowhere/*"], "verbose": True}
    for one in (site, project):
        one.configure(options)
        one.page(FRONT.format(more="show: stdout"))
        one.page(PYTHON, "drafts/a.md")
    project.build()

    done = build()
    assert 0 == done.status, done.log
    assert ["where: page", "8"] == site.streams()
    assert "Wrapping" not in site.html()
    assert site.keys() == {path.stem for path in (project.root / ".cache/codeexec/results").rglob("*.json")}
    assert "codeexec: 2 samples: 2 executed, 0 cached, 0 failed" in done.log
    assert [] == site.verdicts("drafts/a/index.html")
    assert "docs/drafts/a.md:1: the page is left out by `include` or `exclude`" in done.log
    assert "`include`: `nowhere/*` matches no page" in done.log


def test_a_mistake_in_front_matter_fails_every_build(site: Site, build: Callable[..., Rendered]) -> None:
    """At its line, and at those of the samples that it concerns."""
    site.page(FRONT.format(more="enviroment: async"))

    for _ in range(2):
        done = build()
        assert 1 == done.status, done.log
        assert "docs/index.md:7: `codeexec.enviroment`: a page has no such default" in done.log
        assert "docs/index.md:12: front matter, line 7: `codeexec.enviroment`" in done.log
        assert ["error", "error"] == site.verdicts()
        assert set() == site.keys()


@pytest.mark.parametrize("value", [".inf", ".nan", "-.inf", "1e400"])
def test_a_number_without_end_is_told_as_by_mkdocs(value: str, site: Site, project: Project) -> None:
    """Zensical would hand over nothing in its place, and the default of the site would count."""
    text = f"---\ncodeexec:\n  timeout: {value}\n---\n\n{PYTHON}"
    told = "docs/index.md:3: `codeexec.timeout`: expected a number of seconds greater than 0"
    project.page(text)
    assert told in project.build().log
    site.page(text)
    done = site.build()

    assert (1, ["error"]) == (done.status, site.verdicts())
    assert told in done.log


def test_a_site_may_be_configured_in_toml(site: Site) -> None:
    """The options are a table of the extension."""
    (site.root / "mkdocs.yml").unlink()
    site.write(
        "zensical.toml",
        '[project]\nsite_name = "Test"\n[project.markdown_extensions.codeexec]\ncache_dir = "kept"\n'
        "[project.markdown_extensions.pymdownx.superfences]\n",
    )
    site.page(PYTHON)

    for done in (site.build(), site.wrapped()):
        assert 0 == done.status, done.log
        assert ["hello from 42"] == site.streams()
    assert 1 == len(site.keys("kept"))


def test_a_failure_fails_every_build_until_it_is_mended(site: Site, build: Callable[..., Rendered]) -> None:
    """All pages are written, the report names page and line, and a build from the cache says the same again."""
    site.page(f"# Bad\n\n{FAILS}", "bad.md")
    site.page(f"# Good\n\n{PYTHON}", "good.md")

    for _ in range(2):
        done = build()
        assert 1 == done.status, done.log
        assert "docs/bad.md:3: " in done.log
        assert "ValueError: boom" in done.log
        assert "codeexec: error: 1 of 2 samples failed" == done.log.splitlines()[-1]
        assert "Traceback (most recent call last):\n  File" not in done.log.split("codeexec:")[0]
        assert ["unmet"] == site.verdicts("bad/index.html")
        assert ["met"] == site.verdicts("good/index.html")
        assert not any(
            b'class=\\"codeexec\\" data-codeexec=\\"unmet' in (site.root / ".cache" / name).read_bytes()
            for name in site.cached()
        )

    site.page("# Bad\n", "bad.md")
    done = build()
    assert 0 == done.status, done.log


def test_pages_stay_in_the_cache_under_what_their_samples_came_to(site: Site) -> None:
    """`codeexec zensical build` renders only what has changed, and counts all."""
    site.page(PYTHON)
    site.page("```bash exec\necho other\n```\n", "other.md")
    assert 0 == site.wrapped().status
    before = site.cached()

    done = site.wrapped()

    assert before == site.cached()
    assert 2 == len(before)
    assert "2 samples: 0 executed, 2 cached, 0 failed" in done.log
    assert ["hello from 42"] == site.streams()
    assert 0 == site.build().status


def test_a_change_outside_of_pages_reaches_them(site: Site, build: Callable[..., Rendered]) -> None:
    """A file that a sample reads decides, although no page has changed."""
    site.configure(READER)
    site.write("data/shown.txt", "one")
    site.page(reads(site))
    assert 0 == build().status
    assert ["one"] == site.streams()

    site.write("data/shown.txt", "two")

    assert 0 == build().status
    assert ["two"] == site.streams()


def test_what_a_page_brings_in_is_answered_and_fails_every_time(site: Site, build: Callable[..., Rendered]) -> None:
    """The first look does not see an include."""
    site.configure(more="  - pymdownx.snippets: {base_path: [.]}\n")
    site.write("inc.md", f"{PYTHON}\n{FAILS}")
    site.page('# Title\n\n--8<-- "inc.md"\n')

    for _ in range(2):
        done = build()
        assert 1 == done.status, done.log
        assert ["met", "unmet"] == site.verdicts()
        assert "docs/index.md:3" in done.log


def test_what_is_on_no_page_is_not_executed(site: Site) -> None:
    """A fence in a comment, in indented code, or on a page that is left out."""
    site.configure(more="exclude_docs: |\n  left/\n")
    site.page(f"<!--\n{FAILS}-->\n\nText.\n\n    ```python exec\n    print(1)\n    ```\n\n{PYTHON}")
    site.page(FAILS, "left/out.md")

    done = site.wrapped()

    assert 0 == done.status, done.log
    assert "1 sample: 1 executed" in done.log
    assert 1 == len(site.keys())


def test_the_store_survives_a_clean_build(site: Site, build: Callable[..., Rendered]) -> None:
    """`--clean` removes `.cache`; outcomes are not in there."""
    site.page(PYTHON)
    build()

    done = build("--clean")

    assert "0 executed, 1 cached" in done.log


def test_the_configuration_stays_as_it_is(site: Site) -> None:
    """What samples came to is handed over beside it, and nothing new lies in the folder."""
    site.page(PYTHON)
    before = (site.root / "mkdocs.yml").read_bytes()

    site.wrapped()

    assert before == (site.root / "mkdocs.yml").read_bytes()
    assert {".cache", ".codeexec", "docs", "mkdocs.yml", "site"} == {path.name for path in site.root.iterdir()}


def test_a_failure_is_told_although_zensical_ends_with_an_error_of_its_own(site: Site) -> None:
    """A broken link in a strict build ends Zensical at once; the samples are told all the same."""
    site.page(f"{FAILS}\n[broken](nowhere.md)\n")

    done = site.wrapped("--strict")

    assert 1 == done.status
    assert "docs/index.md:1: " in done.log
    assert "1 of 1 sample failed" in done.log
    assert {} == site.cached()


def test_what_zensical_raises_is_shown(site: Site) -> None:
    """As `zensical build` shows it, with its exit status; samples are told of all the same."""
    site.configure(more="theme: {name: mkdocs}\n")
    site.page(PYTHON)
    alone = site.build()
    raised = next(line for line in alone.log.splitlines() if line.startswith("RuntimeError: "))

    done = site.wrapped()

    assert raised.removeprefix("RuntimeError: ") in done.log
    assert "codeexec: 1 sample: 0 executed, 1 cached, 0 failed" in done.log
    assert 1 == alone.status == done.status


def test_mistakes_in_options_are_told_and_fail_every_build(site: Site, build: Callable[..., Rendered]) -> None:
    """Once, with no traceback; pages are written, with the code of their samples."""
    site.configure({"exekute": "auto", "languages": ["rust"]})
    site.page(PYTHON)

    for _ in range(2):
        done = build()
        assert 0 != done.status, done.log
        assert 1 == done.log.count("exekute"), done.log
        assert "mkdocs.yml:5: `codeexec.exekute`: there is no such option" in done.log
        assert "mkdocs.yml:5: `codeexec.languages`: expected a mapping" in done.log
        assert "codeexec: error: no sample was executed, and the warning above says why" in done.log
        assert "Traceback" not in done.log
        assert "hello from" in site.html()


def test_a_store_among_the_pages_is_refused(site: Site) -> None:
    """Zensical would publish it."""
    site.configure({"cache_dir": "docs/kept"})

    done = site.build()

    assert 1 == done.status
    assert "below `docs_dir`, which Zensical publishes or empties" in done.log


def test_an_extension_that_is_listed_twice_is_told(site: Site) -> None:
    """By two of its names; samples run once."""
    site.configure(more="  - mkdocs_codeexec.hosts.markdown: {jobs: 1}\n")
    site.page(PYTHON)

    done = site.build()

    assert 0 == done.status, done.log
    assert 1 == done.log.count("listed twice")
    assert ["met"] == site.verdicts()


@pytest.mark.parametrize(
    ("second", "differ"), [("timeout: 3", ""), ("timeout: 3, fail_on_error: false", "`fail_on_error`")]
)
def test_an_extension_that_is_listed_twice_by_one_name(site: Site, second: str, differ: str) -> None:
    """Zensical hands over the last one: others must say the same, or a failure might be hidden."""
    listed = f"  - codeexec: {{timeout: 3}}\n  - codeexec: {{{second}}}\n"
    site.write("mkdocs.yml", f"site_name: T\nmarkdown_extensions:\n{listed}")
    site.page(PYTHON)

    done = site.build()

    said = "`mkdocs.yml`: `codeexec` is listed 2 times below `markdown_extensions`, and the options differ: `fail_on_error`"
    assert int(bool(differ)) == done.status, done.log
    assert int(bool(differ)) == done.log.count(said)
    assert int(not differ) == done.log.count("is listed twice below `markdown_extensions`, with the same options")
    for command in ("check", "doctor"):
        other = site.run("mkdocs_codeexec", command)
        assert int(bool(differ)) == other.log.count(said), other.log
        assert "Traceback" not in other.log
        assert bool(differ) == (other.status != 0), other.log


@pytest.mark.parametrize("file", ["zensical.toml", "mkdocs.yml"])
def test_which_of_two_files_is_used_is_told_where_they_differ(
    site: Site, build: Callable[..., Rendered], file: str
) -> None:
    """The first that is there, or the one that is named; messages name that one, and all lines begin alike."""
    toml = '[project]\nsite_name = "T"\n[project.markdown_extensions.codeexec]\n{}\n'
    site.configure({"jobs": 1})
    site.page(PYTHON)
    named, other = ("-f", file) if file == "mkdocs.yml" else (), {"zensical.toml", "mkdocs.yml"} - {file}
    site.write("zensical.toml", toml.format("jobs = 1"))
    same = build(*named)
    site.write("zensical.toml", toml.format("jobs = 2"))
    differs = build(*named)
    site.write("zensical.toml", toml.format("timout = 1"))
    site.configure({"timout": 1})
    wrong = build(*named)

    said = (
        f"codeexec: the options below `markdown_extensions` in `{other.pop()}` are others: Zensical goes by `{file}`\n"
    )
    assert [0, 0, 1] == [done.status for done in (same, differs, wrong)], differs.log
    assert [0, 1, 0] == [done.log.count(said) for done in (same, differs, wrong)], differs.log
    assert f"{file}:{5 if file == 'mkdocs.yml' else 4}: `codeexec.timout`: there is no such option" in wrong.log


def test_lines_of_a_command_that_fails_are_those_of_a_build(site: Site) -> None:
    """`codeexec: error: …`, as all that is told while Zensical works."""
    site.write("mkdocs.yml", "site_name: T\n")
    site.page(PYTHON)
    done = site.wrapped()

    assert 2 == done.status
    assert done.log.startswith("codeexec: error: `"), done.log


def test_the_plugin_does_it_all_where_both_are_listed(project: Project) -> None:
    """A site that is built by MkDocs and by Zensical names both: MkDocs says so once, and runs samples once."""
    project.configure(more="")
    text = (project.root / "mkdocs.yml").read_text("utf-8")
    project.write("mkdocs.yml", text.replace("  - admonition\n", "  - admonition\n  - codeexec: {timeout: 3}\n"))
    project.page(PYTHON)
    project.page(PYTHON, "other.md")

    built = project.build()

    assert 0 == built.status, built.log
    assert 1 == built.log.count("is among `plugins` and among `markdown_extensions`")
    assert ["met"] == project.verdicts()
    doctor = forks.run("mkdocs_codeexec.cli", "doctor", cwd=project.root, env=os.environ | project.env)
    assert 0 == doctor.returncode, doctor.stdout
    said = (
        "note     site         named in `markdown_extensions`, too: MkDocs goes by `plugins`, and runs samples once\n"
    )
    assert said in doctor.stdout


@pytest.mark.parametrize("command", [("zensical",), ("mkdocs_codeexec", "zensical")])
def test_serve_goes_on_and_shows_what_has_changed(
    site: Site, serve: Callable[..., Server], command: tuple[str, ...]
) -> None:
    """An edit, a failure, a mistake in the options, and a file that a sample reads: nothing ends it."""
    site.configure(READER)
    site.write("data/shown.txt", "one")
    site.page(reads(site))
    server = serve(*command)
    server.shows("<code>one")

    site.write("data/shown.txt", "two")
    server.shows("<code>two")

    site.page(f"{reads(site)}\n{FAILS}")
    server.shows("ValueError: boom", "<code>two")
    server.wait(lambda: "docs/index.md:5: " in server.log, "report")

    site.configure(READER | {"exekute": "auto"})
    server.wait(lambda: "exekute" in server.log, "message")
    server.shows("the configuration has mistakes")

    site.configure(READER)
    server.shows("ValueError: boom", "<code>two")


def test_serve_renders_pages_again_that_need_another_one(site: Site, serve: Callable[..., Server]) -> None:
    """What flows between pages is never old, nor is a name that is gone."""
    site.configure({"languages": {"bash": {}}})
    made = "```bash exec name={}\necho {} > f\n```\n"
    site.page(made.format("data", "one"))
    site.page("```bash exec needs='index.md#data'\ncat f\n```\n", "q.md")
    server = serve("zensical")
    server.shows("<code>one", path="q/")

    site.page(made.format("data", "two"))
    server.shows("<code>two", path="q/")
    site.page(made.format("dota", "two"))
    server.shows('data-codeexec="error"', path="q/")
    site.page(made.format("data", "three"))
    server.shows("<code>three", path="q/")


def test_serve_compares_output_again_that_another_page_prints(site: Site, serve: Callable[..., Server]) -> None:
    """A fence that holds it is right, or not, by what is printed now."""
    site.configure({"languages": {"bash": {}}})
    made = "```bash exec name=data\necho {}\n```\n"
    site.page(made.format("one"))
    site.page("```text output_of='index.md#data'\none\n```\n", "q.md")
    server = serve("zensical")
    server.shows('data-codeexec="met"', path="q/")

    site.page(made.format("two"))
    server.shows('data-codeexec="unmet"', path="q/")
    site.page(made.format("one"))
    server.shows('data-codeexec="met"', path="q/")


def test_serve_notices_a_file_that_was_missing(site: Site, serve: Callable[..., Server]) -> None:
    """In a folder that is there, or not."""
    site.configure({"languages": {"bash": {"readable": ["given"]}}})
    data = site.write("given/data/shown.txt", "one")
    site.page(f"```bash exec\ncat {data}\n```\n")
    server = serve("zensical")
    server.shows("<code>one")

    data.unlink()
    server.shows('data-codeexec="unmet"')
    site.write("given/data/shown.txt", "two")
    server.shows("<code>two")

    shutil.rmtree(data.parent)
    server.shows('data-codeexec="unmet"')
    data.parent.mkdir()
    time.sleep(1)
    site.write("given/data/shown.txt", "three")
    server.shows("<code>three")
    site.write("given/data/shown.txt", "four")
    server.shows("<code>four")


def test_without_zensical_the_command_says_what_to_install(site: Site) -> None:
    """Exit status 2, as for all of configuration."""
    done = site.run("mkdocs_codeexec", "zensical", "build", env={"PYTHONPATH": ""})

    assert 2 == done.status
    assert "pip install zensical" in done.log


def test_a_site_without_the_extension_is_no_site_of_ours(site: Site) -> None:
    """`codeexec zensical` says what is missing."""
    site.write("mkdocs.yml", "site_name: Test\n")

    done = site.wrapped()

    assert 2 == done.status
    where = "`markdown_extensions`, where Zensical looks for it (`plugins` are of MkDocs and ProperDocs)"
    assert f"`{site.root}/mkdocs.yml`: `codeexec` is not named, expected it below {where}\n\nhint: add " in done.log


def test_two_sites_in_one_process_are_told_apart(site: Site) -> None:
    """Each has its own store and its own report, and one that failed fails the process."""
    script = ["import sys", 'sys.argv = ["zensical", "build"]', "import zensical"]
    for name, text in (("one", PYTHON), ("two", FAILS)):
        site.write(f"{name}/mkdocs.yml", "site_name: T\nmarkdown_extensions: [codeexec]\n")
        site.write(f"{name}/docs/index.md", text)
        options = {"clean": False, "strict": False}
        script.append(f"zensical.build({str(site.root / name / 'mkdocs.yml')!r}, {options!r})")
    site.write("both.py", "\n".join(script))

    done = site.run("both")

    assert 1 == done.status
    assert "codeexec: 1 sample: 1 executed, 0 cached, 0 failed" in done.log
    assert "codeexec: 1 sample: 1 executed, 0 cached, 1 failed" in done.log
    assert (1, 1) == (len(site.keys("one/.codeexec")), len(site.keys("two/.codeexec")))


def test_what_an_interrupted_build_has_left_hides_no_failure(site: Site) -> None:
    """A page with a failed sample, which the next build finds in the cache of Zensical: it is removed, and fails the build."""
    site.page(FAILS)
    site.page("# Plain\n", "plain.md")
    site.build()
    entry = b'{"data":{"content":"<div class=\\"codeexec\\" data-codeexec=\\"unmet\\">"},"hash":1}'
    (site.root / ".cache/123").write_bytes(entry)
    site.page("# Mended\n")

    done = site.build()

    assert 1 == done.status
    assert "hint: it is removed; build again" in done.log
    assert 0 == site.build().status


COMMANDS = {"zensical": ("zensical",), "codeexec": ("mkdocs_codeexec", "zensical")}
ENDS = {
    "Ctrl-C": (signal.SIGINT, True),
    "SIGINT": (signal.SIGINT, False),
    "SIGTERM": (signal.SIGTERM, False),
    "SIGKILL": (signal.SIGKILL, True),
}
QUICK = {
    ("executing", "Ctrl-C", "zensical"),
    ("writing", "SIGINT", "codeexec"),
    ("writing", "SIGTERM", "zensical"),
    ("executing", "SIGKILL", "codeexec"),
}
"""Every end, and each command at each moment; all that there is else is slow."""
INTERRUPTS = [
    pytest.param(
        moment,
        *ENDS[how],
        COMMANDS[name],
        id=f"{moment}-{how}-{name}",
        marks=() if quick else pytest.mark.slow,
    )
    for moment, how, name in itertools.product(("executing", "writing"), ENDS, COMMANDS)
    for quick in [(moment, how, name) in QUICK]
]


@pytest.mark.parametrize(("moment", "how", "group", "command"), INTERRUPTS)
def test_a_build_that_is_interrupted_hides_nothing_from_the_next(
    site: Site, moment: str, how: signal.Signals, group: bool, command: tuple[str, ...]
) -> None:
    """Whatever ends it, and when: while samples are executed, or when the first page is in the cache of Zensical."""
    site.configure(READER)
    site.write("data/shown.txt", "one")
    site.page(f"```bash exec\nsleep 0.7; cat {site.root}/data/shown.txt\n```\n")
    for number in range(8):
        site.page(f"# Page {number}\n\n{reads(site)}", f"{number}.md")
    site.page(FAILS, "bad.md")

    def due(log: str) -> bool:
        return "codeexec: executing" in log if moment == "executing" else any((site.root / ".cache").glob("[0-9]*"))

    site.interrupted(*command, "build", when=due, how=how, group=group)
    site.write("data/shown.txt", "two")

    for build in (getattr(site, "build" if len(command) == 1 else "wrapped"), site.build):
        done = build()
        assert 1 == done.status, done.log
        assert "docs/bad.md:1: " in done.log
        assert "1 of 10 samples failed" in done.log
        assert ["two"] == site.streams()
        assert [["two"]] * 8 == [site.streams(f"{number}/index.html") for number in range(8)]
        assert "build again" not in done.log


def test_a_server_that_is_stopped_hides_nothing_from_the_next_build(site: Site, serve: Callable[..., Server]) -> None:
    """Zensical ends natively then."""
    site.configure(READER)
    site.write("data/shown.txt", "one")
    site.page(f"{reads(site)}\n{FAILS}")
    server = serve("zensical")
    server.shows("<code>one")
    server.stop()
    site.write("data/shown.txt", "two")

    for _ in range(2):
        assert 1 == site.build().status
        assert "two" in site.streams()


def test_a_build_that_executes_nothing_hides_nothing_from_the_next(site: Site) -> None:
    """The variable that says so is not in the configuration."""
    site.page(FAILS)
    assert 0 == site.build(env={"CODEEXEC_EXECUTE": "off"}).status

    assert 1 == site.build().status
    assert ["unmet"] == site.verdicts()


def test_options_of_the_plugin_that_differ_are_told(site: Site) -> None:
    """A file for MkDocs and Zensical has both; each host goes by its own."""
    site.configure({"timeout": 3}, more="plugins:\n  - codeexec: {timeout: 4}\n")
    site.page(PYTHON)

    done = site.build()

    assert 0 == done.status, done.log
    assert 1 == done.log.count("Zensical goes by those below `markdown_extensions`")
