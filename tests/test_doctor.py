"""`codeexec doctor`: what is here and what is missing; what its probes are, and how what they found is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import forks

from mkdocs_codeexec.commands import doctor as command
from mkdocs_codeexec.commands.examining.fences import fences
from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.confinement import WALLS
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.probing import program, ways
from mkdocs_codeexec.probing.canaries import Canaries, Places
from mkdocs_codeexec.probing.report import Level
from mkdocs_codeexec.probing.table import BUILD_SCRIPT, GROUPS, MACRO, PROBES, PYTHON, WAYS, Probe
from mkdocs_codeexec.probing.ways import Tried
from mkdocs_codeexec.report.console import Console
from mkdocs_codeexec.sites import ConfiguredSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Project

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is tried is of Linux")


def doctor(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", "doctor", *args, cwd=folder, env=os.environ | {"NO_COLOR": "1"} | env)


# --- What is here -------------------------------------------------------------------------------------------------------


def test_what_is_here_is_told_where_no_site_is(tmp_path: Path) -> None:
    """By section; it is all there on a machine that runs the tests."""
    ended = doctor(tmp_path)
    lines = ended.stdout.splitlines()

    assert 0 == ended.returncode, ended.stderr
    assert ["hosts", "sandbox", "toolchains", "store", "environments", "fences"] == [
        line for line in lines[1:] if line[:1].isalpha()
    ]
    assert f"  note     site         there is none in `{tmp_path}`: all is as by default" in lines
    assert any(line.startswith("  ok       python       cpython 3.") for line in lines), ended.stdout
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_programs_read_the_same_as_json(project: Project) -> None:
    """Each check with its state; a language whose program is not there is missing if the site names it."""
    project.page("")
    project.configure({"languages": {"lua": {"command": ["no-such-lua", "{file}"]}}})
    ended = doctor(project.root, "--json", CODEEXEC_SANDBOX="off")
    report = json.loads(ended.stdout)
    states = {(one["section"], one["name"]): (one["state"], one["words"]) for one in report["checks"]}

    assert (1, False) == (ended.returncode, report["ok"])
    assert ("missing", "`no-such-lua` was not found") == states["toolchains", "lua"]
    assert ("note", "no sandbox: samples are you") == states["sandbox", "off"]
    assert "ok" == states["toolchains", "python"][0]
    assert {"missing": 1} == {
        name: n for name, n in Counter(s for s, _ in states.values()).items() if name == "missing"
    }


def test_a_sandbox_that_is_required_and_missing_is_told(project: Project) -> None:
    """With the reason; then no program is started, not even to ask what it is."""
    project.page("")
    ended = doctor(project.root, CODEEXEC_SANDBOX="required", CODEEXEC_SANDBOX_TIERS="limits")

    assert 1 == ended.returncode
    assert "  missing  required     `sandbox: required`, but samples would only be under `limits` here" in ended.stdout
    assert "\n  ok       python" not in ended.stdout


def test_a_store_that_cannot_be_written_is_told(project: Project) -> None:
    """Where a file is in its place."""
    project.page("")
    ended = doctor(project.root, CODEEXEC_CACHE_DIR=str(project.write("a-file", "")))

    assert 1 == ended.returncode
    place = project.root / "a-file"
    told = f"  missing  results      {place} cannot be written: `{place}` is no folder\n           hint: "
    assert told in ended.stdout


def checks(ended: subprocess.CompletedProcess[str], section: str) -> dict[str, tuple[str, str, str]]:
    found = [one for one in json.loads(ended.stdout)["checks"] if one["section"] == section]
    return {one["name"]: (one["state"], one["words"], one["hint"]) for one in found}


def test_hosts_are_told_and_which_of_them_builds_the_site(project: Project) -> None:
    """By what is installed, and by what names the plugin."""
    project.page("")
    found = checks(doctor(project.root, "--json"), "hosts")

    assert {"mkdocs", "properdocs", "zensical", "markdown", "pymdownx", "site"} == found.keys()
    assert ("ok", f"{version('Markdown')}", "") == found["markdown"]
    assert ("ok", f"{version('mkdocs')}, builds this site", "") == found["mkdocs"]
    assert ("ok", f"{project.root / 'mkdocs.yml'}, in `plugins`", "") == found["site"]


def test_a_site_that_does_not_name_us_runs_nothing(project: Project) -> None:
    """Which is missing, with what to write."""
    project.page("```python exec\nprint(1)\n```\n")
    project.write("mkdocs.yml", "site_name: Test\n")
    ended = doctor(project.root, "--json")
    state, words, hint = checks(ended, "hosts")["site"]
    why = "1 on 1 page: none is executed, because the site does not name `codeexec`"

    assert (1, "missing") == (ended.returncode, state)
    assert words.endswith("mkdocs.yml does not name `codeexec`: no sample runs")
    assert "`plugins: [codeexec]`, or for Zensical `markdown_extensions: [codeexec]`, to it" in hint
    assert ("note", why, "") == checks(ended, "fences")["samples"]


FENCES = """\
---
title: Fences
---

```python exec
print(1)
```

```lua exec
x
```

```python exec exit="x"
x
```

```{python}
x
```

```python exec timeout="100"
x
```

```rust exec environment="nowhere"
```

```python exec ignore
```

<!--
```lua exec
in a comment
```
-->

```rust compile_fail
not marked
```

```lua exec
y
```

- ```python exec
  in the line of a marker
"""


def test_fences_that_will_not_run_are_told_with_why(project: Project) -> None:
    """Languages that are not set up, refused options, cells of notebooks, what is no fence; not what is ignored, or commented."""
    project.page(FENCES)
    ended = doctor(project.root, "--json")
    report = json.loads(ended.stdout)
    told = [one for one in report["checks"] if one["section"] == "fences" and "line" in one]

    project.configure({"fail_on_error": False})
    counts = project.build().counts

    assert (1, False) == (ended.returncode, report["ok"])
    assert checks(ended, "fences")["samples"] == (
        "ok",
        "7 on 1 page: 0 stored, 1 to be executed, 5 not available, 1 skipped",
        "",
    )
    assert (7, 1, 1) == (counts["samples"], counts["executed"], counts["skipped"]), "as a build counts them"
    assert [
        (9, "missing", "`lua` is not set up as a language"),
        (13, "missing", '`exit="x"`: '),
        (17, "note", "`{python}` is how Quarto writes a cell"),
        (21, "missing", '`timeout="100"`: a fence may ask for 30 s at most'),
        (25, "missing", "`nowhere`"),
        (37, "note", "`compile_fail` says how it should end, and it is not run"),
        (41, "missing", "`lua` is not set up as a language"),
        (45, "note", "a fence cannot begin in the line of `-`"),
    ] == [(one["line"], one["state"], words_in(one["words"])) for one in told]
    assert all(one["hint"] and one["page"] == "index.md" for one in told)
    assert all(one["name"] == f"docs/index.md:{one['line']}" for one in told)


SAID = (
    "`lua` is not set up as a language",
    '`exit="x"`: ',
    "`{python}` is how Quarto writes a cell",
    '`timeout="100"`: a fence may ask for 30 s at most',
    "`nowhere`",
    "a fence cannot begin in the line of `-`",
    "`compile_fail` says how it should end, and it is not run",
)


def words_in(words: str) -> str:
    return next((said for said in SAID if said in words), words)


def test_pages_and_front_matter_count_as_in_a_build(project: Project) -> None:
    """A page that is left out has no samples; a mistake of front matter is told with what it keeps from running."""
    project.configure({"exclude": ["drafts/"]})
    project.page("---\ncodeexec: {env: {A: b}, timout: 3}\n---\n\n```python exec\nprint(1)\n```\n")
    project.page("---\ncodeexec: {env: {A: b}}\n---\n\n```python exec\nprint(1)\n```\n", "b.md")
    project.page("```python exec\nprint(1)\n```\n", "drafts/c.md")
    project.build()
    ended = doctor(project.root, "--json")
    found = [one for one in json.loads(ended.stdout)["checks"] if one["section"] == "fences"]

    assert 1 == ended.returncode
    assert ("samples", "ok", "2 on 2 pages: 1 stored, 0 to be executed, 1 not available") == tuple(found[0].values())[
        1:4
    ]
    assert [
        ("docs/drafts/c.md:1", "note", "the page is left out by `include` or `exclude`"),
        ("docs/index.md:2", "note", "`codeexec.timout`: a page has no such default"),
        ("docs/index.md:5", "missing", "front matter, line 2: `codeexec.timout`: a page has no such default"),
    ] == sorted(
        (one["name"], one["state"], one["words"].split(",  so")[0].split(", so")[0]) for one in found if "line" in one
    )


def test_what_is_wrong_with_many_fences_is_told_once(project: Project) -> None:
    """With the first place, how many more there are, and some of them; programs get each."""
    project.page("```lua exec\n```\n\n" * 5)
    ended = doctor(project.root)

    assert (
        "  missing  docs/index.md:1 `lua` is not set up as a language, so this is not executed (and 4 more)\n"
        "           5 places: docs/index.md:1, docs/index.md:4, docs/index.md:7, …\n"
        "           hint: "
    ) in ended.stdout, ended.stdout
    assert 5 == len([one for one in json.loads(doctor(project.root, "--json").stdout)["checks"] if "line" in one])


def test_it_is_told_what_a_build_would_execute(project: Project) -> None:
    """And what it would take from the store; the language of a sample must be there."""
    project.configure({"languages": {"other": {"command": ["no-such-program", "{file}"]}}})
    project.page("```python exec\nprint(1)\n```\n\n```python exec\n--8<-- 'a.py'\n```\n")
    before = checks(doctor(project.root, "--json"), "fences")["samples"]
    project.page("```python exec\nprint(1)\n```\n")
    project.build()
    stored = {path: path.stat().st_mtime_ns for path in (project.root / ".cache").rglob("*.json")}
    ended = doctor(project.root, "--json")
    after, place = checks(ended, "fences")["samples"], checks(ended, "store")["results"][1]

    assert ("ok", "2 on 1 page: 0 stored, 1 to be executed, 1 with an include, which is not looked at", "") == before
    assert ("ok", "1 on 1 page: 1 stored, 0 to be executed", "") == after
    assert f"{project.root / '.cache/codeexec'}: 1 outcome, 0.0 MiB of 200 MiB" == place
    assert stored.keys() == set((project.root / ".cache").rglob("*.json"))


def test_a_language_without_its_program_is_missing_where_a_page_uses_it(project: Project) -> None:
    """Also one that is built in, and that the site does not name."""
    project.page("```bash exec\necho\n```\n")
    empty = project.root / "empty"
    empty.mkdir()
    ended = doctor(project.root, "--json", PATH=str(empty), CODEEXEC_SANDBOX="off")

    hint = "install it, or correct the command in `languages.bash` of mkdocs.yml"
    assert ("missing", "`bash` was not found", hint) == checks(ended, "toolchains")["bash"]
    project.page("")
    ended = doctor(project.root, "--json", PATH=str(empty), CODEEXEC_SANDBOX="off")
    assert "note" == checks(ended, "toolchains")["bash"][0]


@pytest.mark.parametrize(
    ("opening", "told"),
    [
        ("```rust exec", True),
        ("```rust,exec", True),
        ("~~~rust exec", True),
        ("``` {.rust .exec}", False),
        ('```rust exec="on"', True),
        ("```rust", False),
    ],
)
@pytest.mark.parametrize(
    ("host", "enabled_by"), [("zensical", "markdown_extensions"), ("zensical", ""), ("mkdocs", "plugins")]
)
def test_spellings_that_are_no_fence_in_zensical_are_told_where_the_extension_is_missing(
    opening: str, told: bool, host: str, enabled_by: str, tmp_path: Path
) -> None:
    """With the one that stays a fence everywhere; without the extension they break the page."""
    page = PageContext("a.md", f"Text.\n\n{opening}\nf();\n```\n".replace("```\n", f"{opening[:3]}\n"), "docs/a.md")
    site = ConfiguredSite(folder=tmp_path, host=host, enabled_by=enabled_by, pages=lambda: [page])
    settings = settings_from({}, project_dir=tmp_path, environ={}, cpus=lambda: 1)
    found = [one for one in fences(site, settings, Console(log=_Nobody(), color=False, out=None)).checks if one.at]

    if not (told and host == "zensical" and not enabled_by):
        assert [] == found
        return
    (one,) = found
    assert ("missing", "docs/a.md:3") == (one.state, one.name)
    assert "write ``` {.rust .exec}" == one.hint


def test_environments_are_built_stale_or_absent(project: Project) -> None:
    """By what a build would do now; looking changes nothing."""
    project.configure(
        {"languages": {"rust": {"dependencies": {"local": {"path": "local"}}}}, "environment_dir": "built"}
    )
    project.write("local/Cargo.toml", '[package]\nname = "local"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("local/src/lib.rs", "pub fn one() -> i32 { 1 }\n")
    project.page('```rust exec\nprintln!("{}", local::one());\n```\n')
    project.env.pop("CODEEXEC_ENVIRONMENT_DIR")

    def state() -> tuple[str, str]:
        ended = doctor(project.root, "--json")
        found = checks(ended, "environments")
        assert 0 == ended.returncode, ended.stdout
        return found["default"][0], found["default"][1].split(";")[0].split(":")[0]

    assert ("note", "not built yet") == state()
    assert not (project.root / "built").exists()
    assert {"samples": 1, "executed": 1, "met": 1} == project.build().counts
    assert ("ok", "built") == state()
    project.write("local/src/lib.rs", "pub fn one() -> i32 { 2 }\n")
    assert ("note", "stale") == state()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--repeat", "2"], "`--repeat` is not an argument of `doctor`"),
        (["--quick"], "`--quick` is not an argument of `doctor`"),
    ],
)
def test_usage(tmp_path: Path, args: list[str], message: str) -> None:
    """Options of other commands are refused."""
    ended = doctor(tmp_path, *args)

    assert (2, True) == (ended.returncode, message in ended.stderr)


def test_probes_belong_to_the_doctor(tmp_path: Path) -> None:
    """And to no other command."""
    ended = forks.run("mkdocs_codeexec.cli", "check", "--probe", cwd=tmp_path, env=os.environ)

    assert (2, True) == (ended.returncode, "`--probe` is not an argument of `check`" in ended.stderr)


def test_where_no_level_works_nothing_is_tried_and_that_is_no_success(tmp_path: Path) -> None:
    """With why, and what would change it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = doctor(tmp_path, "--probe", PATH=str(empty), CODEEXEC_SANDBOX_TIERS="bubblewrap")

    assert 1 == ended.returncode
    assert ended.stdout.startswith("bubblewrap: not tried, "), ended.stdout
    assert "`bwrap` was not found" in ended.stdout


def test_rust_is_skipped_with_a_reason_where_there_is_no_cargo(tmp_path: Path) -> None:
    """And samples are tried all the same."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bwrap", "bash", "cat"):
        if path := shutil.which(name):
            (programs / name).symlink_to(path)
    ended = doctor(tmp_path, "--probe", "--json", PATH=str(programs), CODEEXEC_SANDBOX_TIERS="limits")
    (level,) = json.loads(ended.stdout)["levels"]

    assert 0 == ended.returncode, ended.stdout
    assert {MACRO: "there is no cargo", BUILD_SCRIPT: "there is no cargo"} == {
        way: why for way, why in level["skipped"].items() if way in (MACRO, BUILD_SCRIPT)
    }
    assert 86 == len(level["ways"][PYTHON])


def test_the_folder_of_what_is_tried_is_removed(tmp_path: Path) -> None:
    """Whatever is left in it: closed folders, and links, which are not followed."""
    kept = tmp_path / "kept"
    kept.touch()
    with command._folder() as folder:
        (folder / "closed/inner").mkdir(parents=True)
        (folder / "closed").chmod(0)
        (folder / "link").symlink_to(tmp_path)

    assert not folder.exists()
    assert kept.exists()


# --- Probes -------------------------------------------------------------------------------------------------------------


def test_there_are_86_probes_each_with_its_words() -> None:
    """Each in a group, and each once."""
    assert 86 == len({probe.name for probe in PROBES}) == len({probe.words for probe in PROBES})
    assert set(GROUPS) == {probe.group for probe in PROBES}


def test_a_stronger_level_promises_whatever_a_weaker_one_does() -> None:
    """As whoever, and without a sandbox nothing is promised."""
    for probe in PROBES:
        for root in (True, False):
            for way in probe.ways:
                promised = [probe.promised(level, way, root=root, landlock=7) for level in WALLS]
                assert promised == sorted(promised, reverse=True), probe
                assert not probe.promised("off", way, root=root, landlock=7)
                assert promised[0], probe


def test_the_program_is_one_text_that_needs_no_file() -> None:
    """It is compiled as it is; an argument of a command line holds it."""
    text = program.program()

    compile(text, "program", "exec")
    assert len(text.encode()) < 128 * 1024
    assert "mkdocs_codeexec" not in text.replace("mkdocs_codeexec.probing", "")


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Canaries]:
    places = Places(tmp_path / "places")
    with Canaries(places, "here", {}) as found:
        yield found
    places.close()


def test_nothing_has_changed_if_nobody_has_done_anything(canaries: Canaries) -> None:
    """Looking at canaries changes none."""
    assert [{}, {}] == [canaries.changed(), canaries.changed()]


def test_a_link_that_was_followed_is_seen(canaries: Canaries) -> None:
    """What it led to is not as it was: emptied, or given to another user."""
    shutil.rmtree(Path(canaries.described["outside"]) / "links")
    (Path(canaries.described["outside"]) / "links").mkdir()

    assert {"files.links": "a link was followed"} == canaries.changed()


def test_where_nothing_holds_it_all_of_that_is_told(tmp_path: Path) -> None:
    """The same samples without a sandbox, judged by what bubblewrap promises; no limit ends any of them, either."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    console = Console(log=_Nobody(), color=False, out=None)
    tried = ways.try_all("off", os.environ | {"PATH": str(programs)}, tmp_path / "tried", console)
    found = Level("bubblewrap", root=os.geteuid() == 0, landlock=7, tried=tried)
    differing = {probe.name for probe, *_ in found.reached(promised=True)}

    assert found.differs
    assert len(differing) > 45
    assert {"limits.memory", "limits.processes", "limits.disk", "files.remove", "places.home"} <= differing
    assert len(list(found.lines())) > 45 + len(GROUPS)


class _Nobody:
    def log(self, level: int, msg: str, /, *args: object) -> None:
        pass

    def isEnabledFor(self, level: int, /) -> bool:  # noqa: N802 - logging's name
        del level
        return False


# --- The report ---------------------------------------------------------------------------------------------------------

TABLE = (
    Probe("files.read", "read a file"),
    Probe("files.stat", "ask for the size of a file", "bubblewrap"),
    Probe("limits.memory", "take more memory", "limits", ways=(PYTHON,)),
)


def level(name: str, found: dict[str, dict[str, str]], **more: object) -> Level:
    tried = Tried({way: {one: (state, "word") for one, state in states.items()} for way, states in found.items()})
    return Level(name, root=False, landlock=7, tried=tried, probes=TABLE, **more)  # type: ignore[arg-type]


HELD = dict.fromkeys(("files.read", "files.stat", "limits.memory"), "held")


def test_what_was_reached_although_it_is_promised_is_a_difference() -> None:
    """It is named with how it was reached; one way is enough, whatever the others came to."""
    shell = {"files.read": "reached", "files.stat": "held"}
    found = level("landlock", {PYTHON: HELD, "shell": shell})
    lines = list(found.lines())

    assert found.differs
    assert "held 2 of 3 in landlock" == lines[0]
    assert "  NOT HELD files.read (shell): read a file; word" == lines[-1]
    assert [{"probe": "files.read", "way": "shell", "words": "read a file", "detail": "word"}] == found.to_json()[
        "differences"
    ]


def test_what_is_open_by_the_documents_is_no_difference() -> None:
    """It is told, and counts as not held."""
    found = level("landlock", {PYTHON: HELD | {"files.stat": "reached"}})
    lines = list(found.lines())

    assert not found.differs
    assert "held 2 of 3 in landlock" == lines[0]
    assert "  reached, as docs/security.md says: ask for the size of a file" == lines[-1]
    assert level("bubblewrap", {PYTHON: HELD | {"files.stat": "reached"}}).differs


def test_what_is_not_there_is_neither_held_nor_reached() -> None:
    """It is counted by itself."""
    found = level("bubblewrap", {PYTHON: HELD | {"files.read": "absent"}})

    assert not found.differs
    assert "held 2 of 3 in bubblewrap, 1 not there on this machine" == next(found.lines())


def test_a_probe_that_does_not_answer_is_a_difference() -> None:
    """Nobody knows then whether it is held."""
    found = level("bubblewrap", {PYTHON: {name: state for name, state in HELD.items() if name != "files.read"}})

    assert found.differs
    assert "  NOT TOLD files.read (Python)" in list(found.lines())


def test_ways_are_all_told() -> None:
    """Each has a column."""
    header = list(level("bubblewrap", dict.fromkeys(WAYS, HELD)).lines())[1]

    assert [word for way in WAYS for word in way.split()] == header.split()


@pytest.mark.parametrize("folder", ["docs", "site"])
def test_a_store_that_would_be_published_is_a_mistake(project: Project, folder: str) -> None:
    """What stops a build stops this command."""
    project.configure({"cache_dir": folder})
    project.page("Text.\n")
    ended = doctor(project.root)

    assert 2 == ended.returncode, ended.stdout
    assert "`codeexec.cache_dir`" in ended.stderr
    assert "hint: the default is `.cache/codeexec` beside `mkdocs.yml`" in ended.stderr
