"""What the author wrote: a `Sample`, where it stands, and what should be shown of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.hidden import ALL_SHOWN, Hiding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import SupportsIndex

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.expectation import Expectation


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a page's file on disk.

    Attributes:
        page: The page's path under `docs_dir`.
        line: One-based line of the fence in that file, front matter counted.
        path: The same file as a terminal can open it, `docs/guide.md`; empty if that is `page`.
        end: Line of the end of the fence; 0 if the file does not hold it, because an include brought it, say.
        within: Where it is if that line only brings it here: `in the docstring of pk.f (line 3)`; else empty.
    """

    page: str
    line: int
    path: str = field(default="", compare=False)
    end: int = field(default=0, compare=False)
    within: str = ""

    def __str__(self) -> str:
        return (
            f"{in_one_line(self.path or self.page)}:{self.line}{', ' if self.within else ''}{in_one_line(self.within)}"
        )


def in_one_line(name: str) -> str:
    """Return `name` without control characters, each a `?`: the name of a file may hold any, ends of lines too."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the author should know about a fence, with the way out.

    Attributes:
        location: The fence.
        message: What is wrong.
        hint: What to do about it; may be empty.
        once: Whether one place of a site where it is so is told, and no other.
        mild: Whether it is worth a line in the log, and is no warning.
    """

    location: Location
    message: str
    hint: str = ""
    once: bool = False
    mild: bool = False

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}"
        return f"{text}\n\nhint: {self.hint}" if self.hint else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What the page shows of a sample. Never part of a key.

    Attributes:
        source: Where the source stands: `above` the output, `below` it, or `none`; in a tab, first of two
            (`tabbed-left`) or second (`tabbed-right`); in one block with the output (`console`).
        tabs: What its tab and that of the output are called.
        result: How output is shown: `ansi`, `text`, `none`, the name of a Pygments lexer, or as what it is: `html`, `markdown`.
        show: What is shown: the streams `build`, `stdout` and `stderr`; what is shown beside text is in `stdout` and in
            `value`. What a compiler said of a build that failed is always shown.
        caption: What stands under its pictures; may be empty.
        alt: What stands for them where they are not seen; None if the author has not said it.
        width: How wide they are, as CSS has it; empty for as wide as they are by themselves.
        fold: Lines of a long output that are shown at first; 0 for all of any, None if the author has not said it.
        wrap: Whether lines of output that are too long are broken.
        id_prefix: What ids in its Markdown begin with; None if the author has not said it.
        block: The custom fence of the site that its output is; empty for none. It is Markdown then.
        in_contents: Whether headings in its Markdown are in the table of contents.
    """

    source: str = "above"
    tabs: tuple[str, str] = ("Source", "Result")
    result: str = "ansi"
    show: frozenset[str] = frozenset({"stdout", "stderr"})
    caption: str = ""
    alt: str | None = None
    width: str = ""
    fold: int | None = None
    wrap: bool = False
    id_prefix: str | None = None
    block: str = ""
    in_contents: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a sample is given when it runs. Part of the key.

    Attributes:
        stdin: Text on standard input; None closes it.
        args: Further arguments of the program.
        env: Environment variables, sorted by name.
        network: Whether it may use the network; None is as the language says.
        files: Files beside it, names and texts, sorted by name: `file` fences of those that it needs.
        left: What those that it needs have left, sorted by path.
        host_env: Names of variables of the machine that executes it, sorted. Their values are in no key.
        merged: Whether its standard output and error are one pipe, so that their order is kept.
        terminal: Whether both are a terminal; they are `merged` then.
    """

    stdin: str | None = None
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    network: bool | None = None
    files: tuple[tuple[str, str], ...] = ()
    left: tuple[Blob, ...] = ()
    host_env: tuple[str, ...] = ()
    merged: bool = field(default=False, repr=False)  # others are digested by what `repr` says of them
    terminal: bool = field(default=False, repr=False)

    @property
    def digested(self) -> str:
        """A text that decides which program a session is; `merged` is said by its step."""
        return f"{self!r} on a terminal" if self.terminal else repr(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How a sample belongs together with others, in its author's words.

    Attributes:
        needs: What must have gone as said before, and whose files it gets: `name`, or `other.md#name`.
        stdin_from: Whose stdout is its standard input; the same.
        file: Which file of those that need it, it is; empty for none.
        session: The session whose step it is; empty for none.
        requires: What must be there, as `kind:what`.
        output_of: Whose output it holds, and so it is compared with that and not executed; `PREVIOUS` for the sample before
            it; empty for nobody's.
    """

    needs: tuple[str, ...] = ()
    stdin_from: str = ""
    file: str = ""
    session: str = ""
    requires: tuple[str, ...] = ()
    output_of: str = ""

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> str | tuple[object, ...]:
        """Have `ALONE`, which is told by identity, be that in another process, too."""
        return "ALONE" if self is ALONE else object.__reduce_ex__(self, protocol)


PREVIOUS = "^"
"""Stands for the sample before; no sample has such a name."""
ALONE = Links()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One fence that asks to be executed, as its author wrote it.

    Attributes:
        location: The fence.
        language: Canonical name of the language (`rust`, not `rs`).
        code: The text between the fences, hidden lines included.
        expectation: What should happen.
        presentation: What the page shows.
        given: What the program gets.
        build_only: `no_run`: build it, do not run it.
        ignored: `ignore`: show it, do nothing.
        timeout: Seconds for one run step; None means as configured.
        name: The author's name for it; may be empty.
        hiding: Which lines of the code run and are not shown.
        options: What concerns its language alone (`edition`, `environment`, …).
        links: How it belongs together with others.
        workdir: `project` to start in a view of the project, `project/docs` in a folder of it; empty for an empty directory.
        before: The earlier steps of its session that are parts of its program, in order; given by the graph.
        last: Whether its program ends with it; a step of a session that others follow is not the last one.
        leaves: Whether somebody needs what it leaves in its working directory; given by the graph.
        artifacts: Which files that it leaves there the page shows, as patterns of paths (`core.artifacts`).
        usual_artifacts: Whether these are what its language names, which need not be there; else its fence names them.
        value: Whether it shows the value of its last expression.
        whole: Digest of all steps of its session, where files count that are there when the last one has ended; given
            when they are known.
        refusal: Why it is not executed although it asks for it; empty if it is. Others may need it all the same.
        hint: What to do about that.
    """

    location: Location
    language: str
    code: str
    expectation: Expectation
    presentation: Presentation = field(default_factory=Presentation)
    given: Given = field(default_factory=Given)
    build_only: bool = False
    ignored: bool = False
    timeout: float | None = None
    name: str = ""
    hiding: Hiding = ALL_SHOWN
    options: Mapping[str, str] = field(default_factory=dict)
    links: Links = ALONE
    workdir: str = ""
    before: tuple[Sample, ...] = ()
    last: bool = True
    leaves: bool = False
    artifacts: tuple[str, ...] = ()
    usual_artifacts: bool = True
    value: bool = False
    whole: str = ""
    refusal: str = ""
    hint: str = ""
