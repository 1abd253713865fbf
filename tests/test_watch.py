"""`codeexec watch`, by real edits of real sites."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import forks
from support.crates import crate
from support.repository import commit, git
from support.watching import PATIENCE, Watching, running

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

INDEX = '# Samples\n\n```bash exec\necho one\n```\n\n```python exec\nprint("two")\n```\n'
VIM = shutil.which("vim")


def watching(project: Project, *args: str, before: tuple[str, ...] = ()) -> Watching:
    return Watching(project.root, project.env, *args, before=before)


def edited(page: Path, old: str, new: str) -> None:
    page.write_text(page.read_text().replace(old, new))


def replaced(page: Path, old: str, new: str) -> None:
    """As most programs save: another file takes the name."""
    beside = page.with_name(f"{page.name}.{os.getpid()}")
    beside.write_text(page.read_text().replace(old, new))
    beside.replace(page)


def as_vim_does(page: Path, old: str, new: str) -> None:
    """By vim's own calls, where there is none: it tries whether it may write, keeps the old file, and removes it."""
    trial, kept = page.with_name("4913"), page.with_name(f"{page.name}~")
    trial.touch()
    trial.unlink()
    text = page.read_text()
    page.rename(kept)
    page.write_text(text.replace(old, new))
    kept.unlink()


def by_vim(page: Path, old: str, new: str) -> None:
    if VIM is None:
        as_vim_does(page, old, new)
        return
    how = ["set backup writebackup backupcopy=no", f"%s/{old}/{new}/", "wq"]
    words = [word for each in how for word in ("-c", each)]
    subprocess.run([VIM, "-es", "-u", "NONE", *words, page.name], cwd=page.parent, check=True, timeout=PATIENCE)
    page.with_name(f"{page.name}~").unlink(missing_ok=True)


def test_each_way_to_save_is_one_round(project: Project) -> None:
    """Which executes what was edited, and nothing else; a file that goes and comes, and one that is new, are noticed."""
    project.page(INDEX)
    page, other = project.root / "docs/index.md", project.root / "docs/more/other.md"
    with watching(project) as watch:
        assert ([], 2, 0) == watch.counts()
        for number, save in enumerate((edited, replaced, as_vim_does, by_vim, edited)):
            save(page, f"one{number or ''}", f"one{number + 1}")
            assert (["docs/index.md"], 1, 0) == watch.counts(), save
        page.touch()  # nobody has changed it
        project.write("docs/.index.md.swp", "vim keeps this beside")
        other.parent.mkdir()
        other.write_text("```bash exec\nexit 3\n```\n")
        changed, executed, failed = watch.counts()
        assert (1, 1) == (executed, failed)
        assert {"docs/more/other.md"} <= set(changed) <= {"docs/more/other.md", "docs/more"}
        text = page.read_text()
        page.unlink()
        found = watch.round()
        assert ["docs/index.md"] == found["changed"]
        assert 1 == found["run"]["counts"]["samples"]
        page.write_text(text)
        assert (["docs/index.md"], 0, 1) == watch.counts()
        shutil.rmtree(other.parent)
        assert 0 == watch.counts()[2]
        assert [] == watch.quiet()


def test_a_checkout_of_500_files_is_one_round(project: Project) -> None:
    """However long git takes for it."""
    names = [f"docs/part-{number % 20}/page-{number}.md" for number in range(500)]
    for word in ("one", "two"):
        for number, name in enumerate(names):
            project.write(name, f"# {word}\n" if number else f"```bash exec\necho {word}\n```\n")
        project.write(".gitignore", ".cache\nsite\n")
        commit(project.root)
    git(project.root, "branch", "one", "HEAD^")
    with watching(project) as watch:
        assert ([], 1, 0) == watch.counts()
        git(project.root, "checkout", "-q", "one")
        found = watch.round()
        assert [] == watch.quiet()
    assert set(names) == set(found["changed"])
    assert {"samples": 1, "executed": 1, "cached": 0} == {
        name: found["run"]["counts"][name] for name in ("samples", "executed", "cached")
    }


def test_what_samples_are_made_of_is_watched(project: Project) -> None:
    """What they read, what pages include, snippets, modules of the site, a program that comes; not what a build writes."""
    project.configure({"includes": "mdbook", "languages": {"bash": {"workdir": "project"}}})
    project.page(
        "```bash exec\ncat data.csv; cat later.txt || true\n```\n\n"
        '```bash exec\n--8<-- "code/script.sh"\n```\n\n```bash exec\n{{#include ../code/included.sh}}\n```\n'
    )
    data = project.write("data.csv", "1")
    snippet = project.write("code/script.sh", "echo snippet")
    included = project.write("code/included.sh", "echo included")
    with watching(project) as watch:
        assert ([], 3, 0) == watch.counts()
        data.write_text("2")
        assert (["data.csv"], 1, 0) == watch.counts()
        replaced(snippet, "snippet", "other")
        assert (["code/script.sh"], 1, 0) == watch.counts()
        edited(included, "included", "another")
        assert (["code/included.sh"], 1, 0) == watch.counts()
        later = project.write("later.txt", "now")
        assert (["later.txt"], 1, 0) == watch.counts()
        later.unlink()
        assert (["later.txt"], 0, 0) == watch.counts()  # what it printed then is stored
        for name in ("site/a.html", ".cache/codeexec/a.json", ".git/index", "other.txt", "code/other.sh"):
            project.write(name, "nobody reads it")
        assert [] == watch.quiet()


def test_sources_of_local_crates_are_watched_and_no_target_directory(project: Project) -> None:
    """Neither that of the crate nor one among the pages, whenever it is made."""
    mine = crate(project.root / "crates", "mine", 'pub fn f() -> &\'static str { "one" }\n')
    tag = {"CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"}
    targets = [mine / "target", project.root / "docs/example/target"]
    for target in targets:
        (target / "debug/deps").mkdir(parents=True)
        (target / "CACHEDIR.TAG").write_text(tag["CACHEDIR.TAG"])
    project.configure({"languages": {"rust": {"dependencies": {"mine": {"path": "crates/mine"}}}}})
    project.page('```rust exec\nprintln!("{}", mine::f());\n```\n')
    with watching(project) as watch:
        assert ([], 1, 0) == watch.counts(), watch.log
        edited(mine / "src/lib.rs", "one", "two")
        assert (["crates/mine/src/lib.rs"], 1, 0) == watch.counts()
        for target in targets:
            (target / "debug/deps/a.d").write_text("x")
        assert [] == watch.quiet()
        heard = watch.inodes()
    assert (project.root / "docs").stat().st_ino in heard
    apart = [*targets, *(target / "debug/deps" for target in targets), project.root / ".cache", project.root / "site"]
    assert not [folder for folder in apart if folder.exists() and folder.stat().st_ino in heard]


def test_a_mistake_is_told_and_the_next_save_goes_on(project: Project) -> None:
    """In the configuration and on a page, also at the start."""
    config = (project.root / "mkdocs.yml").read_text()
    project.write("mkdocs.yml", f"{config}  - [\n")
    project.page(INDEX)
    with watching(project) as watch:
        first = watch.round()
        assert ([], "mkdocs.yml") == (first["changed"], Path(first["error"]["file"]).name)
        assert first["error"]["line"] > 10
        project.write("mkdocs.yml", config)
        assert (["mkdocs.yml"], 2, 0) == watch.counts()
        project.page('```bash exec\n--8<-- "lacking.sh"\n```\n')
        found = watch.round()
        assert "lacking.sh" in found["error"]["message"]
        project.write("lacking.sh", "echo here")
        assert (["lacking.sh"], 1, 0) == watch.counts()
        project.configure({"timeout": "soon"})
        assert "timeout" in watch.round()["error"]["message"]
        project.configure({"timeout": 7})
        assert 0 == watch.counts()[2]
    assert "ERROR" in watch.log
    assert "the next change is waited for" in watch.log


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_edits_while_a_round_runs(project: Project) -> None:
    """What is not wanted any more is ended; what still is goes on, and is not begun again."""
    project.page("```bash exec\nsleep 7341; echo never\n```\n")
    with watching(project, "--debounce", "0.1") as watch:
        wait_for(lambda: running("7341"))
        project.page("```bash exec\nsleep 3.1415; echo one\n```\n")
        wait_for(lambda: running("3.1415") and not running("7341"))
        first = running("3.1415")
        project.page("```bash exec\necho two\n```\n", "other.md")
        time.sleep(0.8)  # in which it is read, and what is new is executed
        assert first == running("3.1415")
        changed, executed, failed = watch.counts()
        assert {"docs/index.md", "docs/other.md"} == set(changed)
        assert (1, 0) == (executed, failed)  # the other one by a round that was given up
        assert [] == watch.quiet()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_at_once(how: signal.Signals, project: Project) -> None:
    """Within a second, whatever runs; nothing is left of that."""
    word = str(8000 + how)
    project.page(f"```bash exec\nsleep {word}\n```\n")
    with watching(project) as watch:
        wait_for(lambda: running(word))
        began = time.monotonic()
        assert {signal.SIGINT: 130, signal.SIGTERM: 143}[how] == watch.end(how)
        assert time.monotonic() - began < 3  # a second, on a machine that does nothing else
        wait_for(lambda: not running(word))


def test_a_command_after_each_round(project: Project) -> None:
    """Outside of the sandbox, with what a shell would take for its words; its status is told; it ends with the watch."""
    project.page(INDEX)
    code = "import os, sys; print('in', os.getcwd()); sys.exit(len(sys.argv))"
    with watching(project, "--exec", f'{sys.executable} -c "{code}" "one word" \'$HOME\'') as watch:
        found = watch.round()
        assert (3, "exit status 3") == (found["exec"]["status"], found["exec"]["ended"])
        edited(project.root / "docs/index.md", "one", "two")
        assert 3 == watch.round()["exec"]["status"]
    assert f"in {project.root}" in watch.log
    with watching(project, "--exec", "sleep 9123") as watch:
        wait_for(lambda: running("9123"))
        assert 130 == watch.end()
        wait_for(lambda: not running("9123"))
    with watching(project, "--exec", "no-such-program") as watch:
        assert "no-such-program" in watch.round()["exec"]["ended"]


def test_a_command_that_changes_what_is_watched_has_an_end(project: Project) -> None:
    """It may build the site, and write pages: the same again, or others each time. What is edited meanwhile is not missed."""
    project.page(INDEX)
    build = f"{sys.executable} -m mkdocs build -q && date +%N > docs/time.md && echo same > docs/same.md && sleep 0.4"
    with watching(project, "--exec", f"sh -c '{build}; echo built >> built.txt'") as watch:
        rounds = [watch.round() for _ in range(4)]
        assert [] == watch.quiet()
        built = (project.root / "built.txt").read_text()
        assert "built\n" * 3 == built
        assert [True, True, True, False] == ["exec" in found for found in rounds]
        edited(project.root / "docs/index.md", "one", "two")
        assert "docs/index.md" in watch.round()["changed"]
        wait_for(lambda: (project.root / "built.txt").read_text() > f"{built}built\n")
        edited(project.root / "docs/index.md", "two", "three")
        seen = []
        while "docs/index.md" not in seen:
            seen += watch.round()["changed"]
    assert "is not run again: each time it changes what is watched (`docs/time.md`)" in watch.log


def test_a_plugin_that_writes_while_the_site_is_read(project: Project) -> None:
    """A page that is other each time, from a hook: it begins rounds a few times, and that has an end."""
    project.configure(more="hooks: [hook.py]\n")
    project.write(
        "hook.py", "import time\ndef on_pre_build(config):\n    open('docs/made.md', 'w').write(str(time.time_ns()))\n"
    )
    project.page(INDEX)
    with watching(project, "--debounce", "0.05") as watch:
        assert 2 == watch.counts()[1]
        edited(project.root / "docs/index.md", "one", "two")
        assert 1 == watch.counts()[1]
        assert [] == watch.quiet()
    assert "`docs/made.md` is written whenever the site is read: that begins no round" in watch.log


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_files_are_looked_at_where_the_system_does_not_tell(project: Project) -> None:
    """Which is told once."""
    limit = Path("/proc/sys/user/max_inotify_watches")
    script = f'echo 0 > {limit} && exec "$@"'
    before = ("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh")
    if subprocess.run([*before, "true"], capture_output=True, check=False, timeout=PATIENCE).returncode:
        pytest.skip("no user namespace can be made here")
    project.configure({"sandbox": "off"})
    project.page(INDEX)
    with watching(project, before=before) as watch:
        assert ([], 2, 0) == watch.counts()
        replaced(project.root / "docs/index.md", "one", "two")
        assert (["docs/index.md"], 1, 0) == watch.counts()
        project.write("docs/new.md", "```bash exec\necho new\n```\n")
        assert (["docs/new.md"], 1, 0) == watch.counts()
    assert 1 == watch.log.count("files are looked at every second")
    assert "limit of watches" in watch.log


def test_a_site_of_properdocs(project: Project) -> None:
    """By its own file."""
    config = (
        (project.root / "mkdocs.yml").read_text().replace("theme: mkdocs", "theme: {name: null, custom_dir: theme}")
    )
    (project.root / "mkdocs.yml").unlink()
    project.write("theme/main.html", "{{ page.content }}")
    project.write("properdocs.yml", config)
    project.page(INDEX)
    with watching(project) as watch:
        assert ([], 2, 0) == watch.counts()
        edited(project.root / "docs/index.md", "one", "two")
        assert (["docs/index.md"], 1, 0) == watch.counts()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["docs/indx.md"], "did you mean `docs/index.md`?"),
        (["-f", "nowhere.yml"], "there is no such file"),
        (["--exec", "a 'b"], "is no command line: no closing quotation"),
        (["--exec", ""], "expected a command line, got an empty one"),
        (["--debounce", "-1"], "expected seconds from 0 to 60, got `-1`"),
    ],
)
def test_what_cannot_be_watched_is_refused(args: list[str], message: str, project: Project) -> None:
    """At the start, and nothing is waited for."""
    project.page(INDEX)
    done = forks.run("mkdocs_codeexec.cli", "watch", *args, cwd=project.root, env=os.environ | project.env, timeout=60)

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr


@pytest.mark.parametrize(("args", "clears"), [([], True), (["--no-clear"], False)])
def test_people_see_failures_and_a_line_for_each_round(args: list[str], *, clears: bool, project: Project) -> None:
    """On a terminal, which is cleared before each."""
    project.page(INDEX.replace("echo one", "exit 3"))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mkdocs_codeexec", "watch", "docs/index.md", *args]
    env = os.environ | project.env | {"TERM": "xterm"}
    process = subprocess.Popen(command, cwd=project.root, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = ""

    def shows(pattern: str) -> bool:
        nonlocal text
        if select.select([ours], [], [], 0.05)[0]:
            text += os.read(ours, 1 << 16).decode()
        return re.search(pattern, text) is not None

    try:
        wait_for(lambda: shows(r"round 1: 2 samples: 2 executed, 0 cached, 1 failed \(\d"))
        assert re.search(r"docs/index.md:3: exit status 3\s+--> docs/index.md:3", text)
        edited(project.root / "docs/index.md", "exit 3", "exit 0")
        wait_for(lambda: shows(r"round 2 \(`docs/index.md`\): 2 samples: 1 executed, 1 cached, 0 failed"))
        process.send_signal(signal.SIGINT)
        assert 130 == process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert clears == ("\x1b[H\x1b[2J" in text)


def test_a_round_is_kept_if_it_has_executed_something(project: Project) -> None:
    """And in the form that `run` has."""
    project.page(INDEX)
    with watching(project, "--language", "bash") as watch:
        found = watch.round()
        edited(project.root / "docs/index.md", "two", "three")  # no sample of the selection
        again = watch.round()
    kept = sorted((project.root / ".cache/codeexec/runs").iterdir())
    assert [found["run"]["run_id"]] == [file.stem for file in kept]
    assert found["run"] == json.loads(kept[0].read_text())
    assert (1, 1) == (again["run"]["counts"]["samples"], again["run"]["counts"]["cached"])
