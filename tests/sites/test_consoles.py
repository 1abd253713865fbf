"""Consoles, from the fences to the page."""

from __future__ import annotations

import html
import os
import re
from typing import TYPE_CHECKING

import pytest
from support import forks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Built, Project
    from support.zensical import Site

SHELL = """\
```console exec
# a comment
$ x=5; cd /tmp
$ echo $x $PWD; echo err >&2
wrong
$ false
? 1

$ printf '\\033[31mred\\033[0m'
```
"""
PYTHON = """\
```pycon exec
>>> 6 * 7
41
>>> 1 / 0
Traceback (most recent call last):
ZeroDivisionError
>>> _ + 1
```
"""
SHOWN = """\
# a comment
$ x=5; cd /tmp
$ echo $x $PWD; echo err >&2
5 /tmp
err
$ false
? 1

$ printf '\\033[31mred\\033[0m'
red"""
INTERPRETED = """\
>>> 6 * 7
42
>>> 1 / 0
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
ZeroDivisionError: division by zero
>>> _ + 1
43"""


def consoles(page: str) -> list[str]:
    """Return the text of the source of each sample."""
    found = re.findall(r'<div class="codeexec" data.*?<code[^>]*>(.*?)</code>', page, re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", "", text)).strip("\n") for text in found]


def test_both_hosts_show_the_same(project: Project, site: Site) -> None:
    """What each command has printed stands under it; a second build shows the same bytes, and executes nothing."""
    for one in (project, site):
        one.page(f"{SHELL}\n{PYTHON}")
    built, done = project.build(), site.build()
    first = project.html()

    assert (0, 0) == (built.status, done.status), built.log + done.log
    assert [SHOWN, INTERPRETED] == consoles(first) == consoles(site.html())
    assert '<span class="go codeexec-printed"><span class="ansi-red">red</span>\n</span>' in first
    assert site.keys() == {path.stem for path in (project.root / ".cache/codeexec/results").rglob("*.json")}
    samples = re.findall(r'<div class="codeexec" data.*?</div></div>', first, re.DOTALL)
    assert 2 == project.build().counts["cached"]
    assert samples == re.findall(r'<div class="codeexec" data.*?</div></div>', project.html(), re.DOTALL)


def test_an_edit_of_what_is_written_executes_nothing(project: Project) -> None:
    """Only commands are in the key, and how the page shows them is not."""
    project.page("```console exec\n$ echo a\nb\n```\n")
    project.build()
    project.page("```console exec verify\n# now\n\n$ echo a\na\n```\n")
    built = project.build()

    assert (1, 1) == (built.counts["met"], built.counts["cached"]), built.log


OTHERWISE = [
    ("console exec\n$ echo a\n$ (exit 2)\n$ echo b", 5, "`$ (exit 2)`: exit status 2"),
    ("console exec\n$ true\n? 1", 4, "`$ true`: exit status 0, expected `? 1`"),
    (
        "console exec\n$ exit\n$ echo b",
        5,
        "`$ echo b` was not executed: `$ exit` has ended the session",
    ),
    ('console exec timeout="1"\n$ echo a\n$ sleep 9\n$ echo b', 5, "`$ sleep 9` timed out after 1 s"),
    ("console exec verify\n$ seq 3\n1\n3\n3", 6, "`$ seq 3` printed something else than is written"),
    ("console exec verify\n$ echo a", 4, "`$ echo a` printed something else than is written"),
    ("pycon exec\n>>> 1\n>>> x", 5, "it raised `NameError: name 'x' is not defined`, and no traceback"),
    ("pycon exec verify\n>>> 1\n1\n\n>>> 2\n3", 8, "`>>> 2` printed something else than is written"),
    ("pycon exec\n>>> exit()\n>>> 2", 5, "`>>> 2` was not executed: `>>> exit()` has ended the session"),
    ("console exec\n$ ls\n$ echo 'a", 5, "the command `$ echo 'a` has no end: a quote `'` is open"),
    ("console exec\nhello\n$ ls", 4, "`hello` stands before the first command, and is no comment"),
    ("console exec\nls", 4, "no command: expected a line that begins with a prompt, `$ `, `% ` or `# `"),
    ("shell exec\n# list\nls", 4, "a `shell` fence in which lines begin with `# `"),
]


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory, project_in: Callable[[Path], Project]) -> tuple[Project, Built]:
    """A site with a page for each, built once."""
    project = project_in(tmp_path_factory.mktemp("otherwise"))
    for number, (fence, _, _) in enumerate(OTHERWISE):
        project.page(f"# Title\n\n```{fence}\n```\n", f"page{number}.md")
    return project, project.build()


@pytest.mark.parametrize("number", range(len(OTHERWISE)))
def test_what_went_otherwise_is_told_at_its_line(otherwise: tuple[Project, Built], number: int) -> None:
    """Of the page; and the build fails."""
    project, built = otherwise
    _, line, said = OTHERWISE[number]

    assert 1 == built.status
    assert f"{len(OTHERWISE)} of {len(OTHERWISE)} samples failed" in built.log
    [told] = re.findall(rf"^.*codeexec: docs/page{number}\.md:{line}: (.*)$", built.log, re.MULTILINE)
    assert said in told
    assert said.split(",", maxsplit=1)[0] in html.unescape(project.html(f"page{number}/index.html"))


def test_names_stand_for_patterns_of_the_site(project: Project) -> None:
    """And are kept when what differs beside them is written."""
    project.configure({"output_patterns": {"TIME": r"\d\d:\d\d"}})
    project.page("```console exec verify\n$ echo at 12:34; echo b\nat [TIME]\nb\n```\n")
    assert {"samples": 1, "executed": 1, "met": 1} == project.build().counts
    project.page("```console exec verify\n$ echo at 12:34; echo b\nat [TIME]\nc\n```\n")
    done = forks.run("mkdocs_codeexec.cli", "promote", cwd=project.root, env=os.environ | project.env, timeout=120)
    assert 0 == done.returncode, done.stderr
    assert "at [TIME]\nb\n" in (project.root / "docs/index.md").read_text()


def test_a_difference_is_on_the_page(project: Project) -> None:
    """What is written stays, and the diff stands below."""
    project.page("```console exec verify\n$ seq 3; printf '\\033[1m<b>\\033[m\\n'\n1\n4\n...\n```\n")
    log = project.build().log

    assert ["$ seq 3; printf '\\033[1m<b>\\033[m\\n'\n1\n4\n..."] == consoles(project.html())
    ((kind, diff),) = project.streams()
    assert ("diff", ["-4", "+2"]) == (kind, [line for line in diff.split("\n") if line[:1] in "+-"][2:4])
    assert "| -4\n| +2" in log
    assert "hint: `codeexec promote` writes what was printed into the page; a line `...` stands for any lines" in log
    project.page("```pycon exec verify\n>>> 1 + 1\n3\n```\n")
    assert "`# doctest: +ELLIPSIS` behind the command" in project.build().log


AS_WRITTEN = [
    'console exec exit="2"\n$ (exit 2)',
    'console exec exit="any"\n$ false\n$ (exit 3)\n$ echo a',
    "console exec\n$ false\n? failed\n$ exit 3\n? 3",
    "console exec verify\n$ seq 9\n1\n...\n[..]\n$ echo a/b/work\n[..]work",
    'console exec prompt="# "\n# echo a\n$ no',
    "pycon exec verify\n>>> print(list(range(20)))  # doctest: +ELLIPSIS\n[0, 1, ..., 19]",
    "pycon exec verify\n>>> print('a  b')  # doctest: +NORMALIZE_WHITESPACE\na b",
    "pycon exec verify\n>>> print('a\\n\\nb')\na\n<BLANKLINE>\nb\n\n>>> print('a\\n\\nb')\na\n\nb",
    "pycon exec verify\n>>> no such thing  # doctest: +SKIP\nanything",
    "pycon exec verify\n>>> 1 / 0\nTraceback (most recent call last):\n  anything\nZeroDivisionError: division by zero",
    "pycon exec verify\n>>> 1 / 0  # doctest: +IGNORE_EXCEPTION_DETAIL\nTraceback (most recent call last):\nZeroDivisionError: x",
    "pycon exec verify\n>>> x =\nTraceback (most recent call last):\n  ...\nSyntaxError: invalid syntax",
    "pycon exec verify\n>>> await __import__('asyncio').sleep(0, 3)\n3",
]


@pytest.fixture(scope="module")
def as_written(
    tmp_path_factory: pytest.TempPathFactory, project_in: Callable[[Path], Project]
) -> tuple[Project, Built]:
    """A site with a page for each, built once."""
    project = project_in(tmp_path_factory.mktemp("as-written"))
    for number, fence in enumerate(AS_WRITTEN):
        project.page(f"```{fence}\n```\n", f"page{number}.md")
    return project, project.build("--strict")


@pytest.mark.parametrize("number", range(len(AS_WRITTEN)))
def test_what_goes_as_it_is_written_is_met(as_written: tuple[Project, Built], number: int) -> None:
    """Statuses, wildcards, and the options of doctest."""
    project, built = as_written

    assert (0, ["met"]) == (built.status, project.verdicts(f"page{number}/index.html")), built.log


def test_consoles_of_one_session_go_on(project: Project) -> None:
    """Each shows what its own commands have printed."""
    one, two = (
        "```console exec session='s'\n$ x=1\n$ echo $x\n```\n",
        "```console exec session='s'\n$ echo $((x + 1))\n```\n",
    )
    project.page(f"{one}\n\n{two}\n\n```console exec session='s'\n$ echo $((x + 2))\n$ exit 0\n```\n")
    built = project.build()

    assert ["met", "met", "met"] == project.verdicts(), built.log
    assert ["$ x=1\n$ echo $x\n1", "$ echo $((x + 1))\n2", "$ echo $((x + 2))\n3\n$ exit 0"] == consoles(project.html())


def test_ways_to_show_a_console(project: Project) -> None:
    """Output alone, commands alone, nothing of colours; with line numbers on the site, none stand beside output."""
    page = "".join(
        f"```console exec {how}\n$ printf '\\033[1mA\\033[m\\n'\n$ echo b\n```\n\n"
        for how in ('source="none"', 'result="none"', 'result="text"')
    )
    project.configure(more="")
    text = (
        (project.root / "mkdocs.yml").read_text().replace("pymdownx.highlight", "pymdownx.highlight: {linenums: true}")
    )
    assert "linenums" in text
    project.write("mkdocs.yml", text)
    project.page(page)
    built = project.build()

    assert 0 == built.status, built.log
    none, bare, plain = project.samples()
    assert [("stdout", "A\nb")] == project.streams()
    assert "<code" in none
    assert ["$ printf '\\033[1mA\\033[m\\n'\n$ echo b", "$ printf '\\033[1mA\\033[m\\n'\nA\n$ echo b\nb"] == consoles(
        bare + plain
    )
    assert "linenos" not in bare + plain
    assert "ansi-bold" not in plain


def test_what_a_console_prints_flows_on(project: Project) -> None:
    """Into the standard input of a sample that wants it."""
    project.page('```console exec name="c"\n$ echo a\n$ echo b\n```\n\n```bash exec stdin_from="c"\nsort -r\n```\n')
    project.build()

    assert [("stdout", "b\na")] == project.streams()


def test_trees(project: Project) -> None:
    """They are drawn where nobody else draws them, and nothing is executed; those that are drawn stay."""
    project.page(
        '```tree icons="none" title="x"\na\n  b.py\n  c\n```\n\n```tree\n├── <d>\n```\n\n```tree icons="basic"\ne/\n```\n'
    )
    built = project.build("--strict")

    assert 0 == built.status, built.log
    found = re.findall(r"<code>(.*?)</code>", project.html(), re.DOTALL)
    assert ["a\n├── b.py\n└── c", "├── <d>", "📁 e/"] == [
        html.unescape(re.sub("<[^>]*>", "", text)).strip() for text in found
    ]


TERMINAL = """\
```console exec tty width="40"
$ stty size
$ test -t 0 && test -t 1 && test -t 2; echo $COLUMNS
$ touch x; unset CLICOLOR_FORCE FORCE_COLOR; ls -d --color=auto /usr
$ printf '10%%\\r20%%\\r\\033[Kdone\\n' >&2
$ exit 3
? 3
```
"""
ON_TERMINAL = """\
$ stty size
24 40
$ test -t 0 && test -t 1 && test -t 2; echo $COLUMNS
40
$ touch x; unset CLICOLOR_FORCE FORCE_COLOR; ls -d --color=auto /usr
/usr
$ printf '10%%\\r20%%\\r\\033[Kdone\\n' >&2
done
$ exit 3
? 3"""


def test_a_console_on_a_terminal(project: Project) -> None:
    """Colours, progress bars and the width come out as on a screen, from the store as from a run."""
    project.page(TERMINAL)
    built = project.build("--strict")
    first = project.html()

    assert 0 == built.status, built.log
    assert [ON_TERMINAL] == consoles(first)
    assert re.search(r'<span class="ansi-[^"]*blue[^"]*">/usr</span>', first)
    assert 1 == project.build().counts["cached"]
    assert consoles(project.html()) == consoles(first)
    project.page(TERMINAL.replace("40", "50", 1).replace(" tty", ""))
    assert "`$ stty size`: exit status 1" in project.build().log


def test_a_terminal_is_in_the_key(project: Project) -> None:
    """And the steps of a session have one, which the first of them asks for."""
    fence = "```{0}\n{1}\n```\n\n"
    code = "import os, sys; print(sys.stdout.isatty(), end=' '); print('e', file=sys.stderr)"
    project.page(fence.format("python exec", code) + fence.format("python exec tty", code))
    built = project.build("--strict")
    assert (0, 2) == (built.status, built.counts["executed"]), built.log
    assert [("stdout", "False"), ("stderr", "e"), ("stdout", "True e")] == [
        (kind, text.strip()) for kind, text in project.streams()
    ]

    for word, code in (
        ("python", "print(6 * 7)"),
        ("bash", "stty size; echo e >&2"),
        ("sh", "stty size"),
        ("pycon", ">>> 6 * 7"),
    ):
        steps = fence.format(f"{word} exec tty session=s", code) + fence.format(f"{word} exec session=s", code)
        project.page(steps, f"{word}.md")
        later = fence.format(f"{word} exec session=l", code) + fence.format(f"{word} exec tty session=l", code)
        project.page(later, f"{word}-later.md")
    built = project.build()
    assert "`tty` that is not the one of its first step (and 7 more)" in built.log
    for word, printed in (("python", "42"), ("bash", "24 80\ne"), ("sh", "24 80")):
        assert [printed, printed] == [text.strip("\n") for _, text in project.streams(f"{word}/index.html")]
    assert [">>> 6 * 7\n42"] * 2 == consoles(project.html("pycon/index.html"))


TRAPPED = """\
$ trap 'echo E$?' ERR
$ (exit 3)
E3
$ echo $?; false
3
E1
$ set -- a b; ! true
$ echo $? $# ${codeexec-none}; (exit 2)
1 2 none
E2
$ set -x; echo a
+ echo a
a
$ set +x
+ set +x
$ trap - ERR; false
$ trap -p; false"""
DEFINED = """\
$ printf() { builtin printf 'mine %s\\n' "$*"; }
$ exit() { echo "exit $*"; }; (command exit 3)
$ echo $?; printf a; exit 4
3
mine a
exit 4
$ .() { echo dot $1; }; . x
dot x
$ set -x; true
+ true
$ set +x; unset -f . exit; (exit 5)
+ set +x
$ echo $? | cat; exit 6
5"""


@pytest.mark.parametrize("shown", [TRAPPED, DEFINED])
def test_what_is_done_between_two_commands_is_no_command(project: Project, shown: str) -> None:
    """A trap for what fails is set off by the commands alone, once; no function is executed in the place of ours."""
    commands = "\n".join(line for line in shown.split("\n") if line.startswith("$ "))
    project.page(f'```console exec exit="any"\n{commands}\n```\n')
    built = project.build("--strict")

    assert 0 == built.status, built.log
    assert [shown] == consoles(project.html())


def test_each_difference_is_told_at_its_line(project: Project) -> None:
    """Ten of them, and how many more there are; one hint for all; each has its mark and its difference on the page."""
    commands = "".join(f"$ echo {number}\n{number if number % 2 else 'x'}\n" for number in range(3, 26))
    project.page(f"```console exec verify\n{commands}$ false\n```\n")
    log = project.build().log

    wrong = [2 * (number - 3) + 3 for number in range(4, 26, 2)]
    assert wrong[:10] == [int(line) for line in re.findall(r"codeexec: docs/index\.md:(\d+): `\$ echo", log)]
    assert (1, 1) == (log.count("hint: "), log.count("… 2 more commands of docs/index.md:1 went otherwise")), log
    ((kind, diff),) = project.streams()
    assert ("diff", len(wrong)) == (kind, diff.count("+++ printed"))
    project.page(f"```console exec\n{commands}$ false\n$ false\n```\n")
    assert 1 == project.build().log.count("exit status 1")


TALKED = {
    "python-typed": {
        "command": ["{python}", "-iqu"],
        "console": {
            "prompts": [">>> ", "In [1]: "],
            "continuations": ["... ", "   ...: "],
            "start": "import sys; sys.ps1, sys.ps2 = '{prompt}', '{more}'",
            "error": "^Traceback",
            "lexer": "pycon",
        },
    }
}


def test_consoles_of_an_interpreter_that_is_set_up(project: Project) -> None:
    """They are shown, go on in sessions, are compared, promoted and told at their lines, as others."""
    project.configure({"languages": TALKED})
    project.page(
        "```python-typed exec session=s\nIn [1]: x = 6\nold\n\nIn [2]: x * 7\n```\n\n"
        "```python-typed exec session=s\n>>> print(f'\\033[31m{x}\\033[0m'); '<b>'\n```\n"
    )
    built = project.build("--strict")
    assert (0, 2) == (built.status, built.counts["executed"]), built.log
    assert ["In [1]: x = 6\n\nIn [2]: x * 7\n42", ">>> print(f'\\033[31m{x}\\033[0m'); '<b>'\n6\n'<b>'"] == consoles(
        first := project.html()
    )
    assert '<span class="ansi-red">6</span>' in first
    assert 2 == project.build("--strict").counts["cached"]

    project.page(
        "```python-typed exec verify\n>>> 6 * 7\n41\n>>> 1 / 0\n>>> for x in 'ab':\n...     x\n...\n[..]a'\n'c'\n```\n"
    )
    log = project.build().log
    for line, said in (
        (3, "`>>> 6 * 7` printed something"),
        (4, "`>>> 1 / 0` printed `Traceback"),
        (9, "`>>> for x in 'ab':` printed"),
    ):
        assert f"docs/index.md:{line}: {said}" in log, log
    page = project.root / "docs/index.md"
    page.write_text(page.read_text().replace(">>> 1 / 0\n", ""))
    done = forks.run("mkdocs_codeexec.cli", "promote", cwd=project.root, env=os.environ | project.env, timeout=120)
    assert (
        ">>> 6 * 7\n42\n>>> for x in 'ab':\n...     x\n...\n[..]a'\n'b'\n```"
        in (project.root / "docs/index.md").read_text()
    ), done.stderr
    project.page("```python-typed exec timeout=1\n\n>>> 1\n>>> (\n>>> 2\n```\n")
    log = project.build().log
    assert "docs/index.md:4: `>>> (` timed out after 1 s" in log
    assert "hint: it may wait for more of the command" in log
    assert 1 == log.count("codeexec: docs/index.md")
