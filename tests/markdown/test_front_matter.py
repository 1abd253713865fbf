"""What a page says for its fences, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import markdown
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.defaults import Defaults
from mkdocs_codeexec.core.patterns import Patterns
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages.rust.preambles import objection
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.markdown.front_matter import NAMES, defaults_of, line_of

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Problem, Sample

RUST = LanguageRule(
    "rust",
    hides_lines=True,
    compiled=True,
    options=frozenset({"edition", "environment"}),
    longest=30,
    environments=("default", "async"),
    objection=objection,
    presentation=Presentation(source="below"),
)
PYTHON = LanguageRule("python", longest=60)
RULES = {"rust": RUST, "python": PYTHON}


def read(written: str) -> tuple[Defaults, list[Problem]]:
    """Read the front matter `written`, below the line of dashes."""
    text = f"---\n{written}\n---\n\n# Page\n"
    defaults, problems = defaults_of(
        yaml.safe_load(written), PageContext("a.md", text, "docs/a.md"), RULES.values(), lambda name: name == "json"
    )
    return defaults, list(problems)


READ: dict[str, Defaults] = {
    "title: x": Defaults(),
    "codeexec:": Defaults(),
    "codeexec: {}": Defaults(),
    "codeexec: {timeout: }": Defaults(),
    "codeexec: {source: none}": Defaults(source="none"),
    "codeexec: {source: block}": Defaults(source="above"),
    "codeexec: {result: json}": Defaults(result="json"),
    "codeexec: {show: build}": Defaults(show=frozenset({"build"})),
    "codeexec: {show: [stdout, build]}": Defaults(show=frozenset({"stdout", "build"})),
    'codeexec: {show: ""}': Defaults(show=frozenset()),
    "codeexec: {timeout: 30}": Defaults(timeout=30.0),
    "codeexec: {timeout: 0.5}": Defaults(timeout=0.5),
    'codeexec: {timeout: "7"}': Defaults(timeout=7.0),
    "codeexec: {environment: async}": Defaults(environment="async"),
    "codeexec:\n  preamble: |\n    use a::b;\n    use c;": Defaults(preamble="use a::b;\nuse c;"),
    "codeexec: {env: {B: 1, A: x y}}": Defaults(env=(("A", "x y"), ("B", "1"))),
    "codeexec: {env: \"B=1 A='x y'\"}": Defaults(env=(("A", "x y"), ("B", "1"))),
}


@pytest.mark.parametrize(("written", "found"), READ.items())
def test_read(written: str, found: Defaults) -> None:
    """YAML's own spellings and those of a fence mean the same, and nothing is wrong."""
    assert (found, []) == read(written)


# What is wrong, in which line, a word of the hint, and whose fences do not run.
WRONG: dict[str, tuple[int, str, str, list[str]]] = {
    "codeexec: {timout: 3}": (2, "`codeexec.timout`: a page has no such default", "did you mean `timeout`", ["rust", "python"]),
    "codeexec:\n  source: none\n  shwo: build": (4, "`codeexec.shwo`: a page has no such default", "did you mean `show`", ["rust", "python"]),
    "a: 1\ncodeexec:\n  qqqqqq: 1": (4, "`codeexec.qqqqqq`: a page has no such default", "`preamble`", ["rust", "python"]),
    "codeexec:\n  codeexec: {timeout: 3}": (3, "`codeexec.codeexec`: a page has no such default", "one level too deep", ["rust", "python"]),
    "codeexec:\n  source: abov": (3, "`codeexec.source`: expected a place for the source", "did you mean `above`", []),
    "codeexec: {source: off}": (2, "`codeexec.source`: expected a place", "`none`", []),
    "codeexec: {source: consoles}": (2, "`codeexec.source`: expected a place for the source", "did you mean `console`", []),
    "codeexec: {result: txt}": (2, "`txt` is not a way to show output", "did you mean `text`", []),
    "codeexec: {show: stdut}": (2, "`codeexec.show`: expected a stream", "did you mean `stdout`", []),
    "codeexec: {timeout: soon}": (2, "`codeexec.timeout`: expected a number of seconds", "30", ["rust", "python"]),
    "codeexec: {timeout: true}": (2, "`codeexec.timeout`: expected a number of seconds", "30", ["rust", "python"]),
    "codeexec: {timeout: 301}": (2, "`codeexec.timeout`: a fence may ask for 300 seconds", "configuration", ["rust", "python"]),
    "codeexec: {environment: asnyc}": (2, "environment `asnyc` is not set up in `languages.rust`", "did you mean `async`", ["rust"]),
    "codeexec:\n  preamble: |\n    use {": (3, "`codeexec.preamble`: not Rust", "samples in `rust`", ["rust"]),
    "codeexec: {preamble: [use a]}": (2, "`codeexec.preamble`: expected text", "`|`", ["rust"]),
    "codeexec: {env: {A: true}}": (2, "`codeexec.env`: expected text for `A`", "quotes", ["rust", "python"]),
    "codeexec: {env: {A-B: x}}": (2, "`codeexec.env`: expected the name of a variable, found `A-B`", "letters", ["rust", "python"]),
    f"codeexec: {{env: {{{', '.join(f'V{n}: x' for n in range(1001))}}}}}": (2, "`codeexec.env`: expected 1,000 variables at most", "file", ["rust", "python"]),
    f"codeexec: {{env: {{A: {'x' * 131_070}}}}}": (2, "`codeexec.env`: `A` is 131,072 bytes, expected 131,071 at most", "file", ["rust", "python"]),
    f"codeexec: {{env: A={'x' * 131_070}}}": (2, "`codeexec.env`: `A` is 131,072 bytes, expected 131,071 at most", "file", ["rust", "python"]),
    'codeexec: {env: {A: "\\0"}}': (2, "`codeexec.env`: `A` holds U+0000", "leave it out", ["rust", "python"]),
    "codeexec: {env: [A]}": (2, "`codeexec.env`: expected a mapping", "env: {KEY: value}", ["rust", "python"]),
    "codeexec: {workdir: ../docs}": (2, "`codeexec.workdir`: expected `project`", "empty folder", ["rust", "python"]),
    "codeexec: {session: mine}": (2, "`codeexec.session`: expected `page`, got `mine`", "one program", ["rust", "python"]),
    "codeexec:\n  network: true": (3, "`codeexec.network`: this is for a fence to say", "backticks", ["rust", "python"]),
    "codeexec: {title: x}": (2, "`codeexec.title`: this is for a fence to say", "backticks", ["rust", "python"]),
    "codeexec: off": (2, "`codeexec`: expected a mapping", "`exclude`", ["rust", "python"]),
    "codeexec: [a]": (2, "`codeexec`: expected a mapping", "source: below", ["rust", "python"]),
}  # fmt: skip


@pytest.mark.parametrize(("written", "wrong"), WRONG.items())
def test_wrong(written: str, wrong: tuple[int, str, str, list[str]]) -> None:
    """A mistake is told once, at its line; what could change what is executed keeps the fences concerned from it."""
    line, message, hint, refused = wrong
    defaults, problems = read(written)

    assert [("docs/a.md", line)] == [(problem.location.path, problem.location.line) for problem in problems]
    assert message in problems[0].message
    assert hint in problems[0].hint
    assert refused == [name for name in RULES if defaults.refusal(name, ())]
    for name in refused:
        refusal = defaults.refusal(name, ())
        assert refusal is not None
        assert refusal.reason.startswith(f"front matter, line {line}: ")
        assert problems[0].message in refusal.reason


def test_a_mistake_loses_nothing() -> None:
    """What is right beside it counts, and each mistake is told."""
    defaults, problems = read("codeexec:\n  source: none\n  result: txt\n  shwo: x\n  timeout: 5")

    assert Defaults(source="none", result="", timeout=5.0) == defaults._replace(refusals=())
    assert ["front matter, line 5: `codeexec.shwo`: a page has no such default"] == [
        one.reason for one in defaults.refusals
    ]
    assert [4, 5] == [problem.location.line for problem in problems]


def test_what_a_fence_says_itself_needs_no_page() -> None:
    """A page's wrong `timeout` or `environment` keeps nothing from running that has its own."""
    defaults, _ = read("codeexec: {environment: nowhere}")

    assert defaults.refusal("rust", ("timeout",)) is not None
    assert defaults.refusal("rust", ("environment",)) is None


def test_a_page_has_no_more_rights_than_a_fence() -> None:
    """So much time that a fence would not get it, a page does not get; of each language what that one has."""
    defaults, problems = read("codeexec:\n  timeout: 45")
    refusal = defaults.refusal("rust", ())

    assert [] == problems
    assert refusal is not None
    assert "front matter, line 3: `codeexec.timeout: 45`: a fence may ask for 30 s at most here" in refusal.reason
    assert "`timeout: 15`" in refusal.hint
    assert defaults.refusal("python", ()) is None
    assert defaults.refusal("rust", ("timeout",)) is None


UNREADABLE: dict[str, tuple[int, str]] = {
    "---\ncodeexec: {timeout: 3\n---\n": (2, "did not find expected"),
    "---\ntitle: a: b\ncodeexec: {timeout: 3}\n---\n": (2, "mapping values are not allowed"),
    "---\ntitle: x\n\tcodeexec: {timeout: 3}\n---\n": (3, "found a tab character"),
    "---\ncodeexec: {env: !ENV [HOME]}\n---\n": (2, "could not determine a constructor"),
    "---\ntitle: x\ncodeexec: {timeout: 2026-99-99}\n---\n": (3, "ValueError: month must be"),
    "---\ncodeexec {timeout = 3}\n---\n": (2, "it is no mapping"),
    "---\n- codeexec: {timeout: 3}\n---\n": (2, "it is no mapping"),
    "---\ncodeexec: {timeout: 3}\n\n# Page\n": (2, "no line of `---` ends it"),
    "\n---\ntitle: x\ncodeexec: {timeout: 3}\n---\n": (4, "it does not begin in the first line"),
}


@pytest.mark.parametrize("meta", [{}, {"title": "of the folder"}, {"codeexec": {"timeout": 9}}])
@pytest.mark.parametrize(("text", "wrong"), UNREADABLE.items())
def test_without_a_front_matter_that_nobody_can_read_nothing_runs(
    text: str, wrong: tuple[int, str], meta: dict[str, object]
) -> None:
    """MkDocs shows it as text and says nothing: the fences would run with other settings. A folder's own does not hide it."""
    defaults, problems = defaults_of(meta, PageContext("a.md", text, "docs/a.md"), RULES.values())
    refusal = defaults.refusal("rust", NAMES)

    assert [f"docs/a.md:{wrong[0]}"] == [str(problem.location) for problem in problems]
    assert f"`codeexec`: the front matter cannot be read: {wrong[1]}" in problems[0].message
    assert refusal is not None
    assert f"front matter, line {wrong[0]}: {problems[0].message}" == refusal.reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\ntitle: {\n---\n\n```rust exec\na\n```\n", ["docs/a.md:2"]),
        ("---\ntitle: {\n---\n\nNo fence.\n", []),
        ("---\n\nA rule, and prose on codeexec.\n\n---\n", []),
        ("---\n\nA rule: and: prose\n\n```yaml\ncodeexec: {timeout: 3}\n```\n\n---\n", []),
        ("---\n\nA rule.\n\n```yaml\ncodeexec: {timeout: 3}\n```\n", []),
        ("---\ntitle: on codeexec\n---\n\n```rust exec\na\n```\n", []),
        ("---\n---\n\n```rust exec\ncodeexec: a\n```\n", []),
    ],
)
def test_what_says_nothing_for_fences_keeps_none_from_running(text: str, told: list[str]) -> None:
    """A front matter without us is the host's business: it is told where there are fences, and they run."""
    defaults, problems = defaults_of({}, PageContext("a.md", text, "docs/a.md"), RULES.values())

    assert (Defaults(), told) == (defaults, [str(problem.location) for problem in problems])


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("---\ntitle: x\ncodeexec:\n  # timeout: 1\n  env:\n    show: a\n  show: b\nshow: c\n---\n", "show", 7),
        ("---\ncodeexec: {env: {A: b},\n  show: x,\n}\nshow: y\n---\n", "show", 3),
        ("---\n'codeexec':\n\n    \"show\" : x\n---\n", "show", 4),
        ("---\ncodeexec:\n  show: x\n---\n", "timeout", 2),
        ("---\ncodeexec: x\n---\n", "", 2),
        ("# no front matter\n", "show", 1),
        ("", "show", 1),
    ],
)
def test_the_line_of_a_name(text: str, name: str, line: int) -> None:
    """That of the name itself, not of another table's; else that of `codeexec`; else the first."""
    assert line == line_of(text, name)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    VALUES | st.dictionaries(st.sampled_from([*NAMES, "workdir", "exec", "x"]) | st.text(max_size=6), VALUES), st.text()
)
def test_anything_is_read(said: Any, text: str) -> None:
    """Whatever YAML can hold is defaults or problems, never an exception; and what was refused is told."""
    page = PageContext("a.md", f"---\n{text}")
    defaults, problems = defaults_of({"codeexec": said}, page, RULES.values(), lambda name: name == "json")

    hash(defaults)
    told = [problem.message for problem in problems]
    assert all(
        refusal.option == "timeout" or any(message in refusal.reason for message in told)
        for refusal in defaults.refusals
    )
    assert all(1 <= problem.location.line <= f"---\n{text}".count("\n") + 1 for problem in problems)


class Collected:
    """A Collector that keeps what it gets."""

    def __init__(self) -> None:
        self.context: PageContext | None = None
        self.samples: list[Sample] = []
        self.refusals: list[tuple[str, str]] = []
        self.problems: list[Problem] = []

    def page(self) -> PageContext | None:
        return self.context

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        self.samples.append(sample)
        self.refusals.append((refusal, hint))
        return f"slot-{len(self.samples)}"

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)

    def know(self, _: object) -> None:
        pass

    def survives(self, failure: object) -> bool:
        raise AssertionError(failure)


class Site:
    """Converts pages as a host does, and looks at them before."""

    def __init__(self, *, verbose: bool = False, **rules: LanguageRule) -> None:
        self.collected = Collected()
        self.extension = CodeExecExtension(self.collected, rules or RULES, verbose=verbose)
        extensions: list[Any] = ["pymdownx.superfences", "pymdownx.highlight", self.extension]
        self.md = markdown.Markdown(extensions=extensions)

    def convert(self, text: str, meta: dict[str, Any] | None = None, name: str = "a.md") -> str:
        self.collected.context = self.extension.opened(PageContext(name, text, f"docs/{name}"), meta or {})
        html = self.md.convert(text)
        self.md.reset()
        return html


PAGE = '```rust exec\na\n```\n\n```rust exec source="above" timeout=9 env="A=fence"\nb\n```\n\n```python exec\nc\n```\n'


def test_fences_get_what_their_page_says() -> None:
    """The nearest prevails: the fence, then the page, then the language; variables are added."""
    site = Site()
    meta = {"codeexec": {"source": "none", "timeout": 5, "environment": "async", "env": {"A": "page", "B": "b"}, "preamble": "use x;"}}  # fmt: skip
    site.convert(PAGE, meta)
    site.convert(PAGE, name="b.md")
    first, second, third, *other = site.collected.samples

    assert ["none", "above", "none"] == [sample.presentation.source for sample in (first, second, third)]
    assert [5.0, 9.0, 5.0] == [sample.timeout for sample in (first, second, third)]
    assert (("A", "page"), ("B", "b")) == first.given.env == third.given.env
    assert (("A", "fence"), ("B", "b")) == second.given.env
    assert {"environment": "async", "preamble": "use x;"} == first.options
    assert {} == third.options
    assert ["below", "above", "above"] == [sample.presentation.source for sample in other]
    assert [None, 9.0, None] == [sample.timeout for sample in other]
    assert [("", "")] * 6 == site.collected.refusals


def test_a_glimpse_sees_the_same() -> None:
    """What is built ahead is what the page will ask for, refusals and pages that are left out included."""
    meta = {"codeexec": {"timeout": 5, "env": {"A": "page"}, "environment": "async"}}
    site = Site()
    site.convert(PAGE, meta)
    seen = list(site.extension.glimpse(PAGE, "a.md", meta, certain=()))

    assert [(s.timeout, s.given, s.options) for s in site.collected.samples] == [(s.timeout, s.given, s.options) for s in seen]  # fmt: skip
    refused = list(site.extension.glimpse(PAGE, "a.md", {"codeexec": {"timout": 5}}, certain=()))
    assert {"did you mean `timeout`?"} == {sample.hint for sample in refused}
    assert all(sample.refusal for sample in refused)


def test_fences_of_a_page_with_a_mistake_are_refused() -> None:
    """They stand on the page, and say where the mistake is; those with `ignore` are none of its business."""
    site = Site()
    text = (
        "---\ncodeexec:\n  timout: 5\n---\n\n```rust exec\na\n```\n\n```rust exec ignore\nb\n```\n\n```rust\nc\n```\n"
    )
    site.convert(text, {"codeexec": {"timout": 5}})

    (reason, hint), ignored = site.collected.refusals
    assert "front matter, line 3: `codeexec.timout`: a page has no such default" == reason
    assert "did you mean `timeout`?" == hint
    assert ("", "") == ignored
    assert ["docs/a.md:3"] == [str(problem.location) for problem in site.collected.problems]


OUT = {
    "rust": RUST._replace(pages=(Patterns(exclude=("drafts/**",)), Patterns())),
    "python": PYTHON._replace(pages=(Patterns(exclude=("drafts/**",)), Patterns(include=("guide/*",)))),
}


@pytest.mark.parametrize(
    ("name", "executed"),
    [
        ("a.md", ["rust", "rust"]),
        ("guide/a.md", ["rust", "rust", "python"]),
        ("drafts/a.md", []),
        ("drafts/b/c.md", []),
    ],
)
def test_pages_are_left_out(name: str, executed: list[str]) -> None:
    """By the patterns of the site and of a language, before the page is converted, too."""
    site = Site(**OUT)
    site.convert(PAGE, name=name)

    assert executed == [sample.language for sample in site.collected.samples]
    assert executed == [sample.language for sample in site.extension.glimpse(PAGE, name, certain=())]
    assert [] == site.collected.problems


def test_a_page_that_is_left_out_is_plain_code() -> None:
    """Its HTML is that of a site on which nothing is executed."""
    off = Site(**{name: rule._replace(run="none") for name, rule in RULES.items()})
    text = PAGE + "\n```rust,should_panic\n# hidden\nd\n```\n\n```js exec\ne\n```\n"

    assert off.convert(text) == Site(**OUT).convert(text, name="drafts/a.md")


def test_what_is_left_out_is_named_if_somebody_wants_to_know() -> None:
    """With `verbose`, once for each fence that has `exec`, and not as a warning."""
    site = Site(verbose=True, **OUT)
    text = "```rust exec\na\n```\n\n```rust\nb\n```\n\n```rust exec ignore\nc\n```\n\n``` {.python .exec}\nd\n```\n"
    site.convert(text, name="drafts/a.md")

    assert [("docs/drafts/a.md:1", True), ("docs/drafts/a.md:13", True)] == [
        (str(problem.location), problem.mild) for problem in site.collected.problems
    ]
    assert "`exclude`" in site.collected.problems[0].message


def test_an_excerpt_has_the_defaults_of_its_page() -> None:
    """Material's blog converts a post once more when all pages are done; MkDocs' own part of the converter names it."""
    site = Site(**OUT)
    site.convert("```rust exec\na\n```\n", {"codeexec": {"timeout": 5}}, "post.md")
    site.collected.context = PageContext("")
    for name in ("post.md", "other.md", "drafts/a.md"):
        part: Any = type("Relative", (markdown.treeprocessors.Treeprocessor,), {"run": lambda *_: None})(site.md)
        part.file = type("File", (), {"src_uri": name})
        site.md.treeprocessors.register(part, "relpath", 0)
        site.md.convert("```rust exec\na\n```\n")

    assert [5.0, 5.0, None] == [sample.timeout for sample in site.collected.samples]
