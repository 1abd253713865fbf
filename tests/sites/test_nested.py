"""Builds within builds, by the real plugins: told, counted and written like any other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import forks

if TYPE_CHECKING:
    from conftest import Project

I18N = """\
  - i18n:
      docs_structure: suffix
      languages:
        - {locale: en, default: true, name: English}
        - {locale: fr, name: Français}
        - {locale: de, name: Deutsch}
"""
CODEEXEC = "  - codeexec\n"
ORDERS = {"codeexec last": I18N + CODEEXEC, "codeexec first": CODEEXEC + I18N}
FENCES = "markdown_extensions: [pymdownx.superfences, pymdownx.highlight]\n"


def configure(project: Project, plugins: str, more: str = FENCES) -> None:
    project.write("mkdocs.yml", f"site_name: Test\ntheme: material\n{more}plugins:\n{plugins}")


def bash(code: str) -> str:
    return f"# Title\n\n```bash exec\n{code}\n```\n"


@pytest.fixture
def languages(project: Project) -> Project:
    """A site in three languages; one page is in one language only, and the others fall back to it."""
    project.page(bash("echo in English; exit 3"))
    project.page(bash("echo en français; exit 4"), "index.fr.md")
    project.page(bash("echo auf Deutsch; exit 5"), "index.de.md")
    project.page(bash("echo for all; exit 6"), "only.md")
    return project


def told(log: str) -> list[str]:
    """Return the headlines of the failures in `log`."""
    return re.findall(r"codeexec: (docs/\S+:\d+: exit status \d)", log)


FAILURES = [
    "docs/index.md:3: exit status 3",
    "docs/only.md:3: exit status 6",
    "docs/index.fr.md:3: exit status 4",
    "docs/index.de.md:3: exit status 5",
]


@pytest.mark.parametrize("plugins", ORDERS.values(), ids=ORDERS)
def test_every_language_is_built_told_and_counted(languages: Project, plugins: str) -> None:
    """All are written, every failure is told once, there is one summary and one last run; then the build fails."""
    configure(languages, plugins)

    built = languages.build("--strict")

    assert 1 == built.status
    assert FAILURES == told(built.log)
    assert {"samples": 4, "executed": 4, "unmet": 4} == built.counts
    assert built.run is not None
    assert ["index.md", "only.md", "index.fr.md", "index.de.md"] == [each["page"] for each in built.run["samples"]]
    assert ["4 samples: 4 executed, 0 cached, 4 failed"] == re.findall(r"codeexec: (\d+ sample.*) \(", built.log)
    assert built.log.index("codeexec: 4 of 4 samples failed") > built.log.index(FAILURES[-1])
    for folder, text in (("", "in English"), ("fr/", "en français"), ("de/", "auf Deutsch")):
        assert [("stdout", text)] == languages.streams(f"{folder}index.html")
        assert [("stdout", "for all")] == languages.streams(f"{folder}only/index.html")
        assert 1 >= languages.html(f"{folder}index.html").count("codeexec.css")


def test_one_language_is_enough_to_fail(languages: Project) -> None:
    """Be it the default one, which is built first, or the last; without a failure the build is green."""
    configure(languages, ORDERS["codeexec last"])
    for name in ("index.md", "index.fr.md", "index.de.md", "only.md"):
        languages.page(bash("true"), name)
    green = languages.build()
    assert (0, {"samples": 4, "executed": 1, "cached": 3, "met": 4}) == (green.status, green.counts), green.log

    for name in ("index.md", "index.de.md"):
        languages.page(bash("exit 7"), name)
        built = languages.build("--strict")
        assert (1, 1) == (built.status, built.counts["unmet"])
        assert [f"docs/{name}:3: exit status 7"] == told(built.log)
        assert "1 of 4 samples failed" in built.log
        languages.page(bash("true"), name)


def test_a_warning_in_one_language_keeps_no_other_from_being_written(languages: Project) -> None:
    """MkDocs ends a strict build at the end of the language in which a warning came; ours comes after the last one."""
    configure(languages, ORDERS["codeexec last"])
    for name in ("index.md", "index.fr.md", "index.de.md"):
        languages.page(bash("true"), name)
    languages.page(bash("true").replace("exec", 'exec colour="red"'), "index.fr.md")
    languages.page(bash("true").replace("exec", 'exec size="9"'), "only.md")

    built = languages.build("--strict")

    assert 1 == built.status
    assert 1 == built.log.count("docs/index.fr.md:3: `colour` is not an option of a fence")
    assert 1 == built.log.count("docs/only.md:3: `size` is not an option of a fence")
    assert "Aborted with 2 warnings in strict mode!" in built.log
    assert (languages.root / "site/de/index.html").exists()


def test_what_is_broken_by_another_plugin_leaves_the_rest_told(languages: Project) -> None:
    """A language whose build another plugin ends: what failed in those that are written is told all the same."""
    configure(languages, ORDERS["codeexec last"], f"{FENCES}hooks: [hooks.py]\n")
    languages.write(
        "hooks.py",
        "def on_page_context(context, page, config, nav):\n"
        "    if page.file.src_uri == 'index.de.md':\n"
        "        raise RuntimeError('not in German')\n",
    )

    built = languages.build()

    assert 1 == built.status
    assert "not in German" in built.log
    assert FAILURES[:3] == told(built.log)
    assert {"samples": 3, "executed": 3, "unmet": 3} == built.counts


def test_a_site_without_superfences_looks_the_same_in_every_language(languages: Project) -> None:
    """What stands in for the site's own fences does so in the builds of all languages."""
    configure(languages, ORDERS["codeexec last"], "markdown_extensions: [fenced_code]\n")
    for name in ("index.md", "index.fr.md"):
        languages.page(
            '# Title\n\n``` text hl_lines="1 2"\nfn f() {}\n```\n\n``` {.bash .exec #x}\necho x\n```\n', name
        )

    languages.build()

    pages = [languages.html(f"{folder}index.html") for folder in ("", "fr/")]
    first, second = (re.findall(r"<article.*?</article>", page, re.DOTALL) for page in pages)
    assert first == second
    assert "fn f()" in first[0]


def test_serve_rebuilds_every_language(
    languages: Project, rebuild: object, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of one rebuild is left in the next: counts, failures and pages are those of the files as they are."""
    assert callable(rebuild)
    caplog.set_level("INFO")
    monkeypatch.chdir(languages.root)  # pages are named as a terminal there can open them
    configure(languages, ORDERS["codeexec last"])

    def one() -> tuple[list[str], list[str]]:
        caplog.clear()
        rebuild()
        messages = [record.getMessage() for record in caplog.records]
        counts = [message[len("codeexec: ") :].partition(" (")[0] for message in messages if " executed, " in message]
        return counts, told("\n".join(messages))

    assert (["4 samples: 4 executed, 0 cached, 4 failed"], FAILURES) == one()
    assert (["4 samples: 0 executed, 4 cached, 4 failed"], FAILURES) == one()
    languages.page(bash("echo corrigé"), "index.fr.md")
    assert (["4 samples: 1 executed, 3 cached, 3 failed"], [FAILURES[0], FAILURES[1], FAILURES[3]]) == one()
    assert [("stdout", "corrigé")] == languages.streams("fr/index.html")
    (languages.root / "docs/index.de.md").unlink()
    assert (["3 samples: 0 executed, 3 cached, 2 failed"], FAILURES[:2]) == one()
    assert [("stdout", "in English")] == languages.streams("de/index.html")


@pytest.mark.parametrize("plugins", ORDERS.values(), ids=ORDERS)
def test_check_executes_the_samples_of_every_language(languages: Project, plugins: str) -> None:
    """Once each, and the site is not written."""
    configure(languages, plugins)

    env = os.environ | languages.env
    done = forks.run("mkdocs_codeexec.cli", "check", "--repeat", "1", cwd=languages.root, env=env)

    assert 1 == done.returncode, done.stderr
    assert FAILURES == re.findall(r"^docs/\S+:\d+: exit status \d", done.stdout, re.MULTILINE)
    assert "4 samples, 1 run of each: 0 met, 4 failed, 0 differing (" in done.stdout
    assert "unmet" not in done.stderr + done.stdout
    assert not (languages.root / "site").exists()


@pytest.mark.parametrize("plugins", ["  - monorepo\n" + CODEEXEC, CODEEXEC + "  - monorepo\n"])
def test_monorepo(project: Project, plugins: str) -> None:
    """Pages of all repositories are told of by the names of their own files, although they are built from copies."""
    nav = "nav: [{Home: index.md}, {Part: '!include ./part/mkdocs.yml'}]\n"
    configure(project, plugins, FENCES + nav)
    project.write("part/mkdocs.yml", "site_name: part\nnav: [{Home: index.md}]\n")
    project.write("part/docs/index.md", bash("exit 4"))
    project.page(bash("exit 3"))

    built = project.build()

    assert (1, {"samples": 2, "executed": 2, "unmet": 2}) == (built.status, built.counts), built.log
    assert "docs/index.md:3: exit status 3" in built.log
    assert "part/docs/index.md:3: exit status 4" in built.log


def test_projects(project: Project) -> None:
    """Material builds each in a process of its own: all are written and told there, and counted as parts of the site."""
    plugins = "  - projects\n" + CODEEXEC
    folders = ("", "projects/a/", "projects/b/", "projects/b/projects/c/")
    for number, folder in enumerate(folders):
        text = f"site_name: Test\ntheme: {{name: material}}\n{FENCES}plugins:\n{CODEEXEC if folder else plugins}"
        project.write(f"{folder}mkdocs.yml", text)
        project.write(f"{folder}docs/index.md", bash(f"echo {number}; exit {number}"))
    project.write(
        "projects/c/mkdocs.yml", "site_name: Test\ntheme: {name: material}\nplugins: []\n"
    )  # one that has no samples, and not our plugin
    project.write("projects/c/docs/index.md", "# Title\n")

    built = project.build()

    assert (1, {"samples": 4, "executed": 4, "met": 1, "unmet": 3}) == (built.status, built.counts), built.log
    assert built.run is not None
    assert [f"{folder}index.md" for folder in folders] == [each["page"] for each in built.run["samples"]]
    assert ["1", "2", "3"] == sorted(re.findall(r"docs/index.md:3: exit status (\d)", built.log))
    assert "codeexec: 3 of 4 samples failed" in built.log
    for number, folder in enumerate(folders):
        assert [("stdout", str(number))] == project.streams(f"{folder.replace('projects/', '')}index.html")
    assert [] == list(project.root.glob(".cache/plugin/projects/codeexec-*"))


def test_mike(project: Project) -> None:
    """A version with a failing sample is not deployed; one without is, into a real repository."""
    configure(project, "  - mike\n" + CODEEXEC)
    project.write(".gitignore", "site\n.cache\n")
    project.page(bash("echo one; exit 3"))
    programs = Path(sys.executable).parent
    environ = os.environ | project.env | {"PATH": f"{programs}:{os.environ['PATH']}"}
    environ |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=project.root, env=environ, capture_output=True, text=True, timeout=200, check=False
        )

    run("git", "init", "-q")
    run("git", "add", ".")
    run("git", "commit", "-qm", "first")
    broken = run(f"{programs}/mike", "deploy", "1.0")
    branches = run("git", "branch", "--all").stdout
    project.page(bash("echo one"))
    sound = run(f"{programs}/mike", "deploy", "1.0")

    assert (1, 0) == (broken.returncode, sound.returncode), broken.stderr + sound.stderr
    assert "docs/index.md:3: exit status 3" in broken.stdout + broken.stderr
    assert "gh-pages" not in branches
    assert ">one</code>" in run("git", "show", "gh-pages:1.0/index.html").stdout
