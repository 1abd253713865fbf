"""Consoles are taken apart at prompts, and put together again byte for byte."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.core.consoles import ConsoleKind, Dialect, ForeignCommandError, parse, rewritten
from mkdocs_codeexec.core.unfinished import unfinished
from mkdocs_codeexec.languages import repls

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES = st.sampled_from(
    [
        *("$ echo a", "$ ", "$", "% ls", "# ls", "#", "> more", ">", "? 3", "? failed", "? x", "[3]", "", "   ", "\t"),
        *(
            "$ cat <<EOF",
            "> EOF",
            "EOF",
            "$ a \\",
            "$ echo 'x",
            "> '",
            "'",
            "$ for i in 1; do",
            "> done",
            "a $ b",
            " $ a",
        ),
        *(">>> 1 + 1", ">>>", "... 2", "...", ">>> f()  # doctest: +SKIP", "Traceback (most recent call last):", "é\r"),
    ]
)
TEXTS = st.lists(LINES, max_size=12).map("\n".join) | st.text(alphabet="$#%>.?0 \n\\'\"a<", max_size=60)


@settings(max_examples=500 * TIMES, deadline=None)
@given(TEXTS, st.sampled_from(["shell", "doctest"]), st.sampled_from(["", "λ ", "$"]))
def test_what_is_taken_apart_is_put_together_byte_for_byte(text: str, kind: ConsoleKind, prompt: str) -> None:
    """Nothing is lost, and nothing added."""
    console = parse(text, kind, prompt)

    assert text == str(console)
    lines = text.split("\n")
    for entry in console.entries:
        assert entry.lines == tuple(lines[entry.line - 1 : entry.line - 1 + len(entry.lines)])


@settings(max_examples=500 * TIMES, deadline=None)
@given(TEXTS, st.sampled_from(["shell", "doctest"]))
def test_a_command_begins_with_the_prompt_of_its_fence(text: str, kind: ConsoleKind) -> None:
    """There is one for all of a fence, whatever else lines begin with."""
    console = parse(text, kind)

    for entry in console.entries:
        assert entry.source[0].startswith(console.prompt) or entry.source[0] == console.prompt.rstrip()
        for line in (*entry.said, *entry.written, *entry.gap):
            assert not line.startswith(console.prompt)


def within_blank_lines(lines: Sequence[str]) -> list[str]:
    """Return `lines` without those at both ends that are blank: they stand between commands."""
    shown = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[shown[0] : shown[-1] + 1]) if shown else []


@settings(max_examples=300 * TIMES, deadline=None)
@given(TEXTS, st.sampled_from(["shell", "doctest"]), st.lists(st.text(alphabet="$#>.? \na'\\", max_size=20)))
def test_another_output_changes_no_command(text: str, kind: ConsoleKind, outputs: list[str]) -> None:
    """What is written under a command is read again as that, or is refused."""
    console = parse(text, kind)
    given_ = [outputs[n] if n < len(outputs) else None for n in range(len(console.entries))]

    try:
        again = parse(rewritten(console, given_), kind)
    except ForeignCommandError:
        return

    assert [entry.command for entry in console.entries] == [entry.command for entry in again.entries]
    for output, entry in zip(given_, again.entries, strict=True):
        if output is not None:
            assert within_blank_lines(output.split("\n")) == within_blank_lines(entry.written)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("$ ls\n# no\n% no\n$ pwd", ["ls", "pwd"]),
        ("# ls\nout\n$ no", ["ls"]),
        ("# a comment\n\n$ ls", ["ls"]),
        ("% ls\n$ no", ["ls"]),
        ("$ echo a\n> no", ["echo a"]),
        ("$ echo a \\\n> b", ["echo a \\\nb"]),
        ("$ docker run \\\n    -it", ["docker run \\\n    -it"]),
        ("$ echo 'a\n> b'\nout", ["echo 'a\nb'"]),
        ("$ cat <<'E'\n> $ x\n> E\n$ ls", ["cat <<'E'\n$ x\nE", "ls"]),
        ("$ cat <<E\n> quoted\nplain\nE\nout", ["cat <<E\nquoted\nplain\nE"]),
        ("$ cat <<E\nplain\n> quoted\nE\nout", ["cat <<E\nplain\n> quoted\nE"]),
        ("$ for i in 1 2; do\n>   echo $i\n> done\n1\n2", ["for i in 1 2; do\n  echo $i\ndone"]),
        ("$ true &&\n> false", ["true &&\nfalse"]),
        ("$\n$ ls", ["", "ls"]),
    ],
)
def test_commands(text: str, commands: list[str]) -> None:
    """What is a command, and what only looks like one."""
    console = parse(text, "shell")

    assert commands == [entry.command for entry in console.entries]
    assert console.mistakes == ()


@pytest.mark.parametrize(
    ("text", "kind", "line", "message"),
    [
        ("ls", "shell", 1, "no command: expected a line that begins with a prompt, `$ `, `% ` or `# `"),
        ("1 + 1", "doctest", 1, "no command: expected a line that begins with a prompt, `>>> `"),
        ("\nhello\n$ ls", "shell", 2, "`hello` stands before the first command, and is no comment"),
        ("$ ls\n$ echo 'a", "shell", 2, "the command `$ echo 'a` has no end: a quote `'` is open"),
        (
            "$ for i in 1; do\nout",
            "shell",
            1,
            "the command `$ for i in 1; do` has no end: a bracket, a list or a word like `do` is open",
        ),
        ("$ cat <<E\nx", "shell", 1, "the command `$ cat <<E` has no end: its here-document needs a line `E`"),
        (">>> f()  # doctest: +ELIPSIS", "doctest", 1, "`+ELIPSIS` is no option of doctest"),
    ],
)
def test_mistakes_have_a_line(text: str, kind: ConsoleKind, line: int, message: str) -> None:
    """What cannot be read is told where it is."""
    first = parse(text, kind).mistakes[0]

    assert (line, message) == first[:2]
    assert first.hint


def test_a_prompt_of_ones_own() -> None:
    """Nothing else is a prompt then."""
    console = parse("λ ls\n$ no\nλ pwd", "shell", "λ ")

    assert ["ls", "pwd"] == [entry.command for entry in console.entries]
    assert [("$ no",), ()] == [entry.written for entry in console.entries]


def test_statuses() -> None:
    """A line behind the command says how it ends."""
    first, second, third = parse("$ a\n? 3\n$ b\n? failed\nout\n$ c\nout\n? 3", "shell").entries

    assert (True, False) == (first.expects(3), first.expects(0))
    assert (True, True, False) == (second.expects(1), second.expects(255), second.expects(0))
    assert (True, False) == (third.expects(0), third.expects(3))
    assert ("out", "? 3") == third.written


def test_options_of_doctest() -> None:
    """They are read from the comment of an example, as doctest reads them."""
    first, second = parse(">>> a()  # doctest: +ELLIPSIS, -SKIP\n>>> b()  # doctest: +SKIP", "doctest").entries

    assert ({"ELLIPSIS"}, {"SKIP"}) == (first.directives, second.directives)
    assert (True, False) == (first.executed, second.executed)


COMMANDS = st.lists(
    st.sampled_from(
        [
            *(
                "echo",
                " ",
                " ",
                "\n",
                ";",
                "'a'",
                '"b"',
                "'",
                '"',
                "\\",
                "(",
                ")",
                "{",
                "}",
                "|",
                "&&",
                "||",
                "&",
                "#c",
            ),
            *("if", "true", "then", "fi", "for", "i", "in", "do", "done", "while", "case", "esac", "$(", "`", "${x}"),
            *("$((1+2))", "<<E", "\nE\n", "<<<", "x=", "f()", "[[", "]]", ">", "$'a'", ";;", "!", "function", "$x"),
        ]
    ),
    min_size=1,
    max_size=12,
).map("".join)


@settings(max_examples=150 * TIMES, deadline=None)
@given(COMMANDS)
def test_what_bash_can_execute_waits_for_nothing(command: str) -> None:
    """Output of a command that bash takes as it is never becomes a part of it."""
    said = subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False)
    if said.returncode or said.stderr or command.endswith("\\"):
        return

    assert unfinished(command) is None


IRB = repls.IRB.dialect
READ = [
    ("irb(main):001:0> foo(\nirb(main):002:1> 3\nirb(main):003:0* )\n=> 3", IRB, [("foo(\n3\n)", "=> 3")]),
    ("irb(main):010:1* def f\nirb(main):011:2\"   'a\nirb(main):012:0> end\n=> :f\nirb(main):013:0>", IRB, [("def f\n  'a\nend", "=> :f"), ("", "")]),
    ("irb(main):001* [1,\nirb(main):002>  2]\n=> [1, 2]\n\nirb(main):003> 5", IRB, [("[1,\n 2]", "=> [1, 2]"), ("5", "")]),
    (">> 1\n=> 1\nirb(main):001:0> no command\n?> def f\n>> end", IRB, [("1", "=> 1\nirb(main):001:0> no command"), ("def f\nend", "")]),
    ("> f(\n... 1)\n1\n... 2\n> 3", repls.NODE.dialect, [("f(\n1)", "1\n... 2"), ("3", "")]),
    ("# a comment\n\n>> 1", IRB, [("1", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dialect", "wanted"), READ)
def test_consoles_of_interpreters(text: str, dialect: Dialect, wanted: list[tuple[str, str]]) -> None:
    """Numbers count; a line goes on with the one before it, or the next one with it; the prompt is that of the first command."""
    found = parse(text, "repl", "", dialect)

    assert () == found.mistakes
    assert text == str(found) == found.disguised
    assert wanted == [(entry.command, "\n".join(entry.written)) for entry in found.entries]


def test_prompts_of_interpreters_are_told() -> None:
    """Where there is none, and where a fence has its own."""
    (mistake,) = parse("1 + 1", "repl", "", IRB).mistakes
    assert (
        "no command: expected a line that begins with a prompt, `irb(main):001:0> `, `irb(main):001> ` or `>> `"
        == mistake.message
    )
    (mistake,) = parse("1\n>> 2", "repl", "", IRB).mistakes
    assert (1, "`1` stands before the first command, and is no comment") == mistake[:2]
    own = parse("λ1> a\nλ2> b\nλ1> c", "repl", "λ1> ", IRB)
    assert ["a", "c"] == [entry.command for entry in own.entries]


def test_what_would_be_a_command_is_not_written() -> None:
    """Of an interpreter, too; what counts on is none."""
    console = parse("irb(main):001:0> x\nirb(main):002:0> y\n1", "repl", "", IRB)
    assert "irb(main):001:0> x\n=> 1\nirb(main):002:0> y\n1" == rewritten(console, ["=> 1\n", None])
    with pytest.raises(ForeignCommandError):
        rewritten(console, ["irb(main):009:0> exit\n", None])
