"""What of a site that uses markdown-exec shows the same when its plugin is swapped.

    python benchmarks/moving.py FOLDER             # of a checkout, with `mkdocs.yml`
    python benchmarks/moving.py FOLDER --options 'languages: {python: {network: true}}'

The site is built twice, in place: with markdown-exec, and with this plugin in its place. Of each fence that markdown-exec
executes, what it put into the page is looked for in the other build's page: its words, and its headings, links,
pictures, tables and items of lists, in order. Needs all that the site needs, beside both plugins.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

HOOK = '''\
"""Marks what markdown-exec makes of each fence."""

import json
import os
from pathlib import Path

from markupsafe import Markup

from markdown_exec import formatters

seen = []
place = {"page": ""}


def noting(language, formatter):
    def noted(code, **more):
        number = len(seen)
        seen.append({"page": place["page"], "language": language, "code": code})
        return Markup(f'<div data-observed="{number}">{formatter(code=code, **more)}</div>')

    return noted


for language in list(formatters):
    formatters[language] = noting(language, formatters[language])


def on_page_markdown(markdown, page, **_):
    place["page"] = page.file.dest_uri


def on_post_build(**_):
    Path(os.environ["OBSERVED"]).write_text(json.dumps(seen), "utf-8")
'''
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
TOLD = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "img", "svg", "table", "tr", "td", "th", "li", "iframe", "video"))
UNREAD = frozenset(("script", "style", "title", "metadata"))
LINE = re.compile(r"^(?P<indent>[ ]*)-[ ]+[\"']?markdown-exec[\"']?(?P<options>:.*)?$")


@dataclass
class Element:
    """What a fence put into a page, as tokens.

    Attributes:
        number: Of the fence, in the order in which they were executed.
        parent: Of the fence in whose output it stands; None if it stands on the page.
        tokens: Its words, and its elements that count.
    """

    number: int
    parent: int | None = None
    tokens: list[str] = field(default_factory=list)


class Tokens(HTMLParser):
    """The tokens of a page, and those of marked elements within."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []
        self.marked: list[Element] = []
        self._open: list[tuple[str, Element | None]] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that counts, and the start of what a fence put there."""
        given = dict(attrs)
        if tag in TOLD or tag in VOID or tag in ("div", "p", "pre", "br", "summary", "label", "figcaption", "code"):
            self._flush()
        if tag in TOLD:
            source = (given.get("src") or "")[:80] if tag == "img" else ""
            self._add(f"<{tag}{' ' if source else ''}{'' if 'assets/codeexec/' in source else source}>")
        if tag not in VOID:
            number = given.get("data-observed")
            hidden = "headerlink" in (given.get("class") or "") or tag in UNREAD or "hidden" in given
            around = [element.number for _, element in self._open if element]
            element = Element(int(number), around[-1] if around else None) if number is not None else None
            if element:
                self.marked.append(element)
            self._open.append(("hidden " + tag if hidden else tag, element))

    def handle_endtag(self, tag: str) -> None:
        """End what was begun last with this tag."""
        if tag in TOLD or tag in ("div", "p", "pre"):
            self._flush()
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0].removeprefix("hidden ") == tag:
                self._flush()
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        """Keep text, unless nobody reads it."""
        if not any(name.startswith("hidden ") for name, _ in self._open):
            self._text.append(data)

    def _flush(self) -> None:
        for word in "".join(self._text).split():
            self._add(word)
        self._text = []

    def _add(self, token: str) -> None:
        self.all.append(token)
        for _, element in self._open:
            if element:
                element.tokens.append(token)


def swapped(text: str, options: str, beside: str = "") -> str:
    """Return the configuration `text` with this plugin, and its `options`, in the place of markdown-exec, and a plugin `beside` it."""
    kept: list[str] = []
    inside: int | None = None
    for line in text.split("\n"):
        if inside is not None and line.strip() and len(line) - len(line.lstrip()) > inside:
            continue
        inside = None
        if found := LINE.match(line):
            inside = len(found["indent"])
            kept.append(f"{found['indent']}- codeexec:")
            kept.append(textwrap.indent(options, " " * (inside + 4)))
            if beside:
                kept.append(f"{found['indent']}- {beside}")
        else:
            kept.append(line)
    return "\n".join(kept)


def hooked(text: str, hook: Path) -> str:
    """Return the configuration `text` with `hook` among its hooks, as the first one."""
    if re.search(r"^hooks:", text, re.MULTILINE):
        indent = re.search(r"^hooks:\s*\n(\s*)-", text, re.MULTILINE)
        return re.sub(r"^hooks:\s*$", f"hooks:\n{indent[1] if indent else ''}- {hook}", text, flags=re.MULTILINE)
    return f"{text}\nhooks: [{hook}]\n"


def build(folder: Path, name: str, text: str, into: Path, seconds: int, **env: str) -> str:
    """Build the site of the configuration `text`, which is written beside the site's own, and return the log."""
    file = folder / name
    file.write_text(text, "utf-8")
    try:
        # As people start it: what executes samples in the process of MkDocs has the name of that for theirs.
        argv = [str(Path(sys.executable).with_name("mkdocs")), "build", "-q", "-f", name, "-d", str(into)]
        search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            argv,
            cwd=folder,
            env={**os.environ, "PATH": search, "CODEEXEC_CACHE_DIR": str(into.parent / "cache"), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    finally:
        file.unlink()
    if not (into / "index.html").exists():
        raise SystemExit(f"`{' '.join(argv)}` made no site\n{done.stdout}")
    return done.stdout


def main() -> None:
    """Build both, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--file", default="mkdocs.yml")
    parser.add_argument("--options", default="compatibility: markdown-exec", help="of this plugin, in YAML")
    parser.add_argument("--beside", default="", help="another plugin, as it stands in a list")
    parser.add_argument("--timeout", type=int, default=1800)
    parser.add_argument("--work", type=Path, help="where the sites go, and stay; the first one is not built again")
    parser.add_argument("--differences", type=int, default=12, help="lines that are shown of each difference")
    parser.add_argument("--again", action="store_true", help="compare what is in `--work` already")
    asked = parser.parse_args()
    work = asked.work or Path(tempfile.mkdtemp(prefix="moving-"))
    if asked.again and not asked.work:
        parser.error("`--again` needs `--work`")
    work.mkdir(parents=True, exist_ok=True)
    folder, text = asked.folder.resolve(), (asked.folder / asked.file).read_text("utf-8")
    hook, observed = work.resolve() / "observing.py", work.resolve() / "observed.json"
    hook.write_text(HOOK, "utf-8")
    if not observed.exists():
        log = build(
            folder,
            ".moving-before.yml",
            hooked(text, hook),
            work.resolve() / "before",
            asked.timeout,
            OBSERVED=str(observed),
        )
        (work / "before.log").write_text(log, "utf-8")
    if asked.again:
        report(work, json.loads(observed.read_text("utf-8")), asked.differences)
        return
    log = build(
        folder, ".moving-after.yml", swapped(text, asked.options, asked.beside), work.resolve() / "after", asked.timeout
    )
    (work / "after.log").write_text(log, "utf-8")
    report(work, json.loads(observed.read_text("utf-8")), asked.differences)


def report(work: Path, seen: list[dict[str, str]], most: int) -> None:
    """Print what is the same, and what is not."""
    same, empty, printed, differing = 0, 0, 0, []
    found: dict[int, Element] = {}
    for file in sorted((work / "before").rglob("*.html")):
        if "data-observed" not in (html := file.read_text("utf-8")):
            continue
        tokens = Tokens()
        tokens.feed(html)
        where = file.relative_to(work / "before").as_posix()
        other = work / "after" / where
        after = Tokens()
        after.feed(other.read_text("utf-8") if other.exists() else "")
        whole, start = "".join(after.all), 0
        for element in tokens.marked:
            if element.number in found:  # a page that shows all others
                continue
            found[element.number] = element
            parent = element
            while parent.parent is not None and seen[parent.parent]["language"] in ("md", "markdown"):
                parent = found[parent.parent]
            if parent.parent is not None:
                printed += 1
                continue
            if not element.tokens:
                empty += 1
                continue
            if "".join(element.tokens) in whole:  # whoever marks words in a page divides them elsewhere
                same += 1
                continue
            near = difflib.SequenceMatcher(None, element.tokens, after.all[start:], autojunk=False)
            blocks = [block for block in near.get_matching_blocks() if block.size]
            begin = start + (max(blocks, key=lambda block: block.size) if blocks else near.find_longest_match()).b
            offset = (max(blocks, key=lambda block: block.size)).a if blocks else 0
            begin = max(0, begin - offset)
            shown = after.all[begin : begin + len(element.tokens) + 10]
            differing.append((where, element, shown))
    written = len(seen) - printed
    print(f"{len(seen)} fences executed, {printed} of them printed by others, which are never executed here")
    print(f"of {written} on pages: {same} show the same, {empty} show nothing there, {len(differing)} differ")
    print(f"not found in what was built: {len(seen) - len(found)}")
    for where, element, shown in differing:
        about = seen[element.number]
        print(f"\n--- {where}: {about['language']} #{element.number}: {about['code'].strip()[:100]!r}")
        diff = difflib.unified_diff(element.tokens, shown, "markdown-exec", "codeexec", lineterm="", n=1)
        print("\n".join(list(diff)[2 : 2 + most]))


if __name__ == "__main__":
    main()
