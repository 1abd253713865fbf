"""What stands behind backticks: every string has a header, and nothing runs that did not ask for it."""

from __future__ import annotations

import re
from pathlib import Path

from fuzzing import real
from fuzzing.mutators import words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown.claiming import Claim, claim
from mkdocs_codeexec.markdown.doubts import opener, untaken
from mkdocs_codeexec.markdown.glimpse import Glimpse
from mkdocs_codeexec.markdown.header import Header, is_inline_code, parse_header
from mkdocs_codeexec.markdown.values import LONGEST

LANGUAGES = {
    **dict.fromkeys(("rust", "rs"), RUST),
    **dict.fromkeys(("python", "py"), LanguageRule("python")),
    "bash": LanguageRule("bash"),
    "c": LanguageRule("c", run="none", compiled=True),
}
ALL = {**LANGUAGES, **dict.fromkeys(("rust", "rs"), RUST._replace(run="all"))}


def written(header: Header) -> str:
    """Return `header` in the one spelling that has room for everything."""
    words = []
    for name, value in header.options:
        if value is None:
            words.append(name)
        elif '"' not in value:
            words.append(f'{name}="{value}"')
        else:
            words.append(f"{name}='{value}'" if "'" not in value else f"{name}={value}")
    words += [f".{name}" for name in header.classes]
    words += [f"#{header.id}"] if header.id else []
    return " ".join((header.language, *words))


def _whole(header: Header) -> bool:
    """Tell whether `written` has a spelling for all of `header`."""
    values = [value for _, value in header.options if value is not None]
    both = any('"' in value and "'" in value for value in values)
    names = [header.language, header.id, *header.classes, *(name for name, _ in header.options)]
    odd = any(set(name) & set("(){}\"'=") or name[:1] in ".#" for name in names)
    return (
        re.fullmatch(r"[\w.#+*-]+", header.language) is not None
        and not (both or odd or header.stray)
        and not any("{" in one or "}" in one for one in values)
    )


def law(data: bytes) -> None:
    # Python-Markdown has made lines of it, and its own marks are gone.
    info = re.sub("[\r\n\x02\x03]", " ", data.decode("utf-8", "replace"))
    for seen in (opener(info), untaken(info)):
        check(seen is None or seen[1] in info, "what looks like a fence has the header that stands there")
    header = parse_header(info)
    check(not set(header.language) & set(" \t,{}<>&\"'`"), "a language is one word, without marks of HTML")
    for name in (header.id, *header.classes, *(option.name for option in header.options)):
        check(not set(name) & set("<>&\"'`"), "no name holds a mark of HTML")
    size = len(header.language) + len(header.id) + sum(map(len, (*header.classes, *header.stray)))
    size += sum(len(name) + len(value or "") for name, value in header.options)
    check(size <= len(info), "what is read is bounded by the input")
    if _whole(header):
        again = parse_header(written(header))
        check(again[:4] == header[:4], "what is written of a header is read as the same")
        check(parse_header(written(again)) == again, "and once more")
    for languages in (LANGUAGES, ALL):
        _check(claim(header, languages, target="x86_64-unknown-linux-gnu"), info, all_run=languages is ALL)
    if not is_inline_code(info) and len(info) < 2000:
        found = list(_GLIMPSE(f"# T\n\n```{info}\nfn main() {{}}\n```\n\n~~~{info}\nx\n~~~\n", "a.md"))
        check(len(found) <= 2, "there are no more samples than fences")


def _check(found: Claim | None, info: str, *, all_run: bool) -> None:
    if found is None:
        return
    for remark in found.remarks:
        check(remark.message and "\n" not in remark.message and "\r" not in remark.message, "a remark is one line")
        check(len(remark.message) + len(remark.hint) <= 4 * len(info) + 2000, "a remark is bounded by the input")
    request = found.request
    if request is None or request.refusal or request.ignored or request.links.output_of:
        return
    check(all_run or "exec" in info, "nothing runs that does not ask for it")
    check(not request.given.network or "network" in info, "nobody gets a network who does not ask for it")
    check(request.timeout is None or 0 < request.timeout <= LONGEST, "a fence asks for a limited time")
    sample = request.sample(Location("a.md", 1), "x")
    check(sample.language in ("rust", "python", "bash"), "what runs is a language that is set up, and not off")


_GLIMPSE = Glimpse(lambda header: claim(header, LANGUAGES))


def seeds(folder: Path) -> list[bytes]:
    del folder
    return [
        header.encode()
        for header in (*real.headers(), "- 1.  ```rust exec", "> *  [^a]: ~~~ {.rust .exec}", "\u200b```rust exec")
    ]


_WORDS = (
    *("```", "~~~", "- ", "-  ", "* \t", "1. ", "[^a]: ", ": ", "> ", ">", "\u200b", "\ufeff"),
    *(
        "exec",
        "ignore",
        "no_run",
        "compile_fail",
        "should_panic",
        "network",
        "edition=2024",
        "edition2021",
        "E0382",
        "ignore-x86_64",
    ),
    *(
        "timeout=",
        "exit=any",
        "args=",
        "env='A=1'",
        "stdin=",
        "title=",
        "hl_lines=",
        "linenums=",
        "result=",
        "source=",
        "show=",
        "name=",
    ),
    *(
        "{",
        "}",
        "{.",
        "#",
        ".",
        ",",
        " ",
        "\t",
        '"',
        "'",
        "=",
        "(",
        ")",
        "`",
        "<",
        ">",
        "&",
        "\\",
        "\\n",
        "rust",
        "python",
        "bash",
        "c",
        "data-x",
    ),
    *(
        "id=",
        "\u00a0",
        "\u2028",
        "\r",
        "\x0b",
        "\x00",
        "é",
        "İ",
        "\u017f",
        "5",
        "1e309",
        "nan",
        "٣",
        "9" * 400,
        "a" * 300,
        "eval=false",
        "session",
    ),
)
TARGET = Target(seeds, words(*_WORDS), law, longest=4096)
