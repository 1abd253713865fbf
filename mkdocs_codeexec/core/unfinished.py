"""What a shell still waits for at the end of a command: the lines that it would ask for with `> `.

Read as bash reads it, far enough to know where a command ends: quotes, substitutions, here-documents, lists, and the words that
open and close compound commands. What is not understood is taken for complete, so that no output becomes a command.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

What: TypeAlias = Literal["line", "quote", "heredoc", "compound"]
"""A backslash joins the next line; a quote is open; a here-document has no end; a list or a compound command has none."""


class Waiting(NamedTuple):
    """What a command lacks.

    Attributes:
        what: Of which kind it is.
        end: What ends it: the quote, the last line of the here-document; empty where that is not one text.
    """

    what: What
    end: str = ""


_BLANK = " \t"
_ENDS_WORD = frozenset(" \t\n;&|()<>")
_OPENS = {"if": "fi", "case": "esac", "for": "done", "while": "done", "until": "done", "select": "done", "{": "}"}
_COMMAND_FOLLOWS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "{", "!", "time"})
_CLOSES = frozenset(_OPENS.values())
_HEREDOC = re.compile(r"<<(-?)[ \t]*((?:\\.|'[^'\n]*'|\"[^\"\n]*\"|[^\s;&|()<>'\"\\])+)")
_NAMED = re.compile(r"[^=$(]\(\)$")
"""Before the body of a function."""
_LAST_OPERATOR = re.compile(r"(?:\|\||&&|\||\|&)$")


def unfinished(command: str) -> Waiting | None:
    """Return what `command` still waits for; None if it is complete."""
    reader = _Reader(command)
    reader.read()
    return reader.waiting


class _Reader:
    """One command, read from its start.

    `stack` holds what is open: `)` and `}` of substitutions, `"`, and the words that close compound commands.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.stack: list[str] = []
        self.here: list[tuple[str, bool]] = []
        self.starts_command = True
        self.operator = False
        self.naming = False
        self.target = False
        self.waiting: Waiting | None = None

    def read(self) -> None:
        while self.waiting is None and self.at < len(self.text):
            if self.stack and self.stack[-1] == '"':
                self._in_quotes()
            elif self.stack and self.stack[-1] == "${":
                self._in_parameter()
            else:
                self._next()
        if self.waiting is None and self.here:
            self.waiting = Waiting("heredoc", self.here[0][0])
        if self.waiting is None and self.stack:
            self.waiting = Waiting("quote", '"') if '"' in self.stack else Waiting("compound")
        if self.waiting is None and self.operator:
            self.waiting = Waiting("compound")

    def _next(self) -> None:
        letter = self.text[self.at]
        if letter in _BLANK:
            self.at += 1
        elif letter == "\n":
            self.at += 1
            self.starts_command = True
            self._documents()
        elif letter == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif letter in ";&|":
            self._separator()
        elif letter == "(":
            self.at += 1
            if self.text.startswith("(", self.at) and self.starts_command:
                self._arithmetic("))")
                return
            self.stack.append(")")
            self.starts_command = True
            self.operator = False
        elif letter == ")":
            self.at += 1
            if self.stack and self.stack[-1] == ")":
                self.stack.pop()
            # Behind a pattern of `case`, behind `f()`; behind a subshell there is no word.
            self.starts_command = True
            self.operator = _NAMED.match(self.text[max(self.at - 3, 0) : self.at]) is not None
        elif letter in "<>":
            self._redirection()
        else:
            self._word()

    def _separator(self) -> None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in ";&|" and self.at - start < 3:
            self.at += 1
        token = self.text[start : self.at]
        self.operator = bool(_LAST_OPERATOR.search(token))
        self.starts_command = True

    def _redirection(self) -> None:
        self.target = True
        if self.text.startswith("<<<", self.at):
            self.at += 3
            return
        if found := _HEREDOC.match(self.text, self.at):
            self.here.append((re.sub(r"[\\'\"]", "", found[2]), bool(found[1])))
            self.at, self.target = found.end(), False
            return
        if self.text.startswith(("<(", ">("), self.at):
            self.at += 2
            self.stack.append(")")
            self.starts_command, self.target = True, False
            return
        self.at += 2 if self.text[self.at : self.at + 2] in (">>", ">&", "<&", ">|", "<>") else 1

    def _documents(self) -> None:
        """Pass over the here-documents that begin behind the end of this line."""
        while self.here:
            word, tabs = self.here[0]
            while True:
                end = self.text.find("\n", self.at)
                line = self.text[self.at : len(self.text) if end < 0 else end]
                if (line.lstrip("\t") if tabs else line) == word:
                    self.here.pop(0)
                    self.at = len(self.text) if end < 0 else end + 1
                    break
                if end < 0:
                    self.waiting = Waiting("heredoc", word)
                    return
                self.at = end + 1

    def _word(self) -> None:
        """Pass over a word, with what is quoted and substituted in it."""
        start, first, depth = self.at, self.starts_command, len(self.stack)
        while self.waiting is None and self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD:
            if self._quoted(self.text[self.at]):
                if len(self.stack) > depth:  # its end is somewhere behind
                    break
                continue
            self.at += 1
        self.operator = False
        if self.waiting is not None:
            return
        if self.target:  # of a redirection, which may stand before a command
            self.target = False
            return
        word = self.text[start : self.at]
        if word.endswith("=") and self.text.startswith("(", self.at):  # the words of an array
            self.at += 1
            self.stack.append(")")
            self.starts_command = False
            return
        self.starts_command, self.naming = self.naming, False
        if first:
            self._take(word)

    def _take(self, word: str) -> None:
        """Take note of the first word of a command, which may open or close one."""
        if word == "function":
            self.naming = True
        elif word == "[[":
            self._condition()
        elif word in _CLOSES:
            if self.stack and self.stack[-1] == word:
                self.stack.pop()
        elif word in _OPENS:
            self.stack.append(_OPENS[word])
        self.starts_command = self.starts_command or word in _COMMAND_FOLLOWS

    def _condition(self) -> None:
        """Pass over `[[ … ]]`."""
        end = re.compile(r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^'\"\\])*?\s\]\](?![^\s;&|)])", re.DOTALL).match(
            self.text, self.at
        )
        if end is None:
            self.waiting = Waiting("compound")
            return
        self.at = end.end()

    def _quoted(self, letter: str) -> bool:
        """Pass over what is quoted or substituted here, or its beginning; tell whether there was any."""
        if letter == "\\":
            self._escaped()
        elif letter == "'":
            self._until("'", escapes=self.at > 0 and self.text[self.at - 1] == "$")
        elif letter == "`":
            self._until("`", escapes=True)
        elif letter == '"':
            self.at += 1
            self.stack.append('"')
        elif self.text.startswith("$((", self.at):
            self.at += 2
            self._arithmetic("))")
        elif self.text.startswith("$(", self.at):
            self.at += 2
            self.stack.append(")")
            self.starts_command = True
            self.operator = False
        elif self.text.startswith("${", self.at):
            self.at += 2
            self.stack.append("${")
        else:
            return False
        return True

    def _escaped(self) -> None:
        if self.at + 1 >= len(self.text) or (self.text[self.at + 1] == "\n" and self.at + 2 >= len(self.text)):
            self.waiting = Waiting("line")
        self.at += 2

    def _until(self, end: str, *, escapes: bool) -> None:
        place = self.at + 1
        while place < len(self.text) and self.text[place] != end:
            place += 2 if escapes and self.text[place] == "\\" else 1
        if place >= len(self.text):
            self.waiting = Waiting("quote", end)
        self.at = place + 1

    def _arithmetic(self, end: str) -> None:
        """Pass over `((…))`, from the second bracket on."""
        depth, place = 1, self.at
        while place < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[place], 0)
            place += 1
            if depth == 0:
                break
        if depth:
            self.waiting = Waiting("compound", end)
            return
        self.at = place
        self.starts_command = False
        self.operator = False

    def _in_quotes(self) -> None:
        letter = self.text[self.at]
        if letter == '"':
            self.stack.pop()
            self.at += 1
            self.starts_command = False
        elif letter == "'" or not self._quoted(letter):
            self.at += 1

    def _in_parameter(self) -> None:
        letter = self.text[self.at]
        if letter == "}":
            self.stack.pop()
            self.at += 1
            self.starts_command = False
        elif (letter == "'" and '"' in self.stack) or not self._quoted(letter):
            self.at += 1
