from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymdownx.superfences import SuperFencesException, fence_code_format
from support.sizes import TIMES

from mkdocs_codeexec.core.expectation import Panics
from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown import slots
from mkdocs_codeexec.markdown.extension import ExtensionFailure, host_target

if TYPE_CHECKING:
    from collections.abc import Mapping

RICH = (
    *("pymdownx.superfences", "pymdownx.highlight", "pymdownx.tabbed", "pymdownx.details", "admonition"),
    *("attr_list", "md_in_html", "footnotes", "def_list", "toc", "tables"),
)


def shown(html: str) -> str:
    """Return the page as it is before anything has run, slots taken off."""
    return slots.fill(html, lambda _, source, __: source)


NESTED = """
- list

    !!! note

        === "Tab"

            ```rust exec
            fn main() {

                f();
            }
            ```

> ~~~rust exec
> g();
> ~~~

??? tip

    ````rust exec
    // ```
    h();
    ````
"""


def test_nested(convert: Any) -> None:
    """Samples are found in tabs, admonitions, lists and quotes, dedented, whatever their fence is made of."""
    html, collected = convert(NESTED, extensions=RICH)
    assert ["fn main() {\n\n    f();\n}", "g();", "// ```\nh();"] == collected.codes
    assert ["slot-1", "slot-2", "slot-3"] == slots.find(html)
    assert ([8, 15, 21], []) == (collected.lines, collected.problems)


def test_sample(convert: Any) -> None:
    """A sample says where it is, what its header says, and holds its code with hidden lines in it."""
    _, collected = convert("x\n\n```rust exec should_panic\n# use a;\nf();\n```")
    (sample,) = collected.samples
    assert (Location("a.md", 3), "docs/a.md:3") == (sample.location, str(sample.location))
    assert ("rust", "# use a;\nf();", Panics()) == (sample.language, sample.code, sample.expectation)


def test_fence_within_a_fence(convert: Any) -> None:
    """A fence that shows a fence is left alone."""
    text = "````md\n```rust exec\nf();\n```\n````\n"
    html, collected = convert(text)
    assert [] == collected.samples
    assert convert.without(text) == html


def test_fence_in_indented_code(convert: Any) -> None:
    """A fence that turns out to be indented code leaves no slot, and its mistakes are nobody's."""
    text = "x\n\n    ```rust exec foo\n    f();\n    ```\n\n    ```rust,should_panic\n    x\n    ```\n"
    html, collected = convert(text)
    assert convert.without(text.replace("foo", "f00")).replace("f00", "foo") == html
    assert ([], []) == (slots.find(html), collected.problems)


@pytest.mark.parametrize(
    "text",
    [
        "`` ` ``\n\n```rust exec``` in a line\n\nafter\n",
        "```rust``` exec\n\nafter\n\n```rust\nf();\n```\n",
        "<!--\n```rust\nx\n```\n-->\n",
        "```mermaid\ngraph TD\n```\n\n``` { .mermaid #x }\ny\n```\n",
    ],
)
def test_left_alone(convert: Any, text: str) -> None:
    """Code within a paragraph, and the fences of other plugins, are rendered as if we were not there."""
    custom = [{"name": "mermaid", "class": "mermaid", "format": fence_code_format}]
    configs = {"pymdownx.superfences": {"custom_fences": custom}}
    html, collected = convert(text, configs=configs)
    assert [] == collected.samples
    assert convert.without(text, configs=configs) == html


def test_commented_out(convert: Any) -> None:
    """A sample in an HTML comment is on no page."""
    html, _ = convert("<!--\n\n```rust exec\nf();\n```\n\n-->\n")
    assert [] == slots.find(html)


LOOKS: dict[str, tuple[tuple[Any, ...], Mapping[str, Any]]] = {
    "pygments": (("pymdownx.superfences", "attr_list"), {}),
    "material": (
        ("pymdownx.superfences", "pymdownx.highlight", "attr_list"),
        {"pymdownx.highlight": {"anchor_linenums": True, "line_spans": "__span", "pygments_lang_class": True}},
    ),
    "no attr_list": (("pymdownx.superfences", "pymdownx.highlight"), {}),
    "highlight.js": (("pymdownx.superfences", "pymdownx.highlight"), {"pymdownx.highlight": {"use_pygments": False}}),
    "css class": (("pymdownx.superfences",), {"pymdownx.superfences": {"css_class": "code"}}),
    "custom fence": (
        ("pymdownx.superfences", "attr_list"),
        {
            "pymdownx.superfences": {
                "custom_fences": [{"name": "*", "class": "any", "format": fence_code_format}],
            }
        },
    ),
    "relaxed": (("pymdownx.superfences", "attr_list"), {"pymdownx.superfences": {"relaxed_headers": True}}),
    "preserved tabs": (("pymdownx.superfences",), {"pymdownx.superfences": {"preserve_tabs": True}}),
    "extra": (("pymdownx.extra",), {}),
}
HEADERS = [
    ("rust exec", "rust"),
    ("rust,exec", "rust"),
    ('rust exec title="x y" hl_lines="2" linenums="3"', 'rust title="x y" hl_lines="2" linenums="3"'),
    ('{.rust .exec title="x" #here .big}', '{.rust title="x" #here .big}'),
    ("{.rs .exec .big data-x=y}", "{.rs .big data-x=y}"),
    ("rust,should_panic", "rust"),
    ("rust edition=2024", "rust"),
    (",no_run", "rust"),
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("header", "plain"), HEADERS)
def test_source_looks_as_ever(convert: Any, look: str, header: str, plain: str) -> None:
    """The source of a fence of ours looks as the site's own highlighter makes it without our options."""
    extensions, configs = LOOKS[look]
    code = "\n\nlet s = '<&>';\n\tlet t;\n    end\n"
    if "title=" in plain and look in ("highlight.js", "custom fence"):
        plain = plain if plain.startswith("{") else f"{{.{plain}}}"  # superfences reads these options only so
    html, _ = convert(f"a\n\n```{header}\n{code}```\n", extensions=extensions, configs=configs)
    assert convert.without(f"a\n\n```{plain}\n{code}```\n", extensions=extensions, configs=configs) == shown(html)


def test_hidden_lines_are_not_shown(convert: Any) -> None:
    """Hidden lines are neither shown nor counted, in samples, plain fences and rustdoc's."""
    hidden, plain = "# a\nb\n# c\n##d\n", "b\n#d\n"
    for header in ("rust", 'rust hl_lines="1 2" linenums="1"', '{.rust linenums="1"}'):
        expected = convert.without(f"```{header}\n{plain}```\n")
        assert expected == convert(f"```{header}\n{hidden}```\n")[0]
        assert expected == shown(convert(f"```{header}\n{hidden}```\n", run="all")[0])
    assert "# a" in convert("```python exec\n# a\n```\n")[0]


def test_site_fence_for_the_language(convert: Any) -> None:
    """A custom fence that the site has for the language renders the source; if it fails, the highlighter does."""

    def broken(*_: object, **__: object) -> str:
        raise ValueError("no")

    def fences(formatter: Any) -> dict[str, Any]:
        return {"pymdownx.superfences": {"custom_fences": [{"name": "rust", "class": "mine", "format": formatter}]}}

    html, _ = convert("```rust exec\nf();\n```\n", configs=fences(fence_code_format))
    assert '<pre class="mine"><code>f();</code></pre>' in html
    html, collected = convert("```rust exec\nf();\n```\n", configs=fences(broken))
    assert convert.without("```rust\nf();\n```\n") == shown(html)
    assert ["1: the site's own fence for `rust` failed (ValueError: no)"] == collected.messages


def test_other_plugin_for_an_unknown_language(convert: Any) -> None:
    """`exec` for a language that is not ours is somebody else's if somebody takes it, else a mistake."""
    custom = [
        {
            "name": "tree",
            "class": "t",
            "format": fence_code_format,
            "validator": lambda _l, i, *_: i.get("exec") == "on",
        }
    ]
    configs = {"pymdownx.superfences": {"custom_fences": custom}}
    text = '```tree exec="on"\na\n```\n'
    html, collected = convert(text, configs=configs)
    assert convert.without(text, configs=configs) == html
    assert [] == collected.problems
    for spelling in ("rsut exec", "{.rsut .exec}", "rsut,exec"):
        html, collected = convert(f"```{spelling}\na\n```\n", configs=configs)
        assert convert.without("```rsut\na\n```\n") == shown(html)
        assert ["`rsut` is not set up as a language, so this is not executed"] == collected.refusals
        assert ([], ["rsut"]) == (collected.problems, [sample.language for sample in collected.samples])


def test_rustdoc_headers(convert: Any) -> None:
    """A fence of rustdoc's kind that is not run looks as Rust looks, which superfences alone cannot do."""
    for header in ("rust,ignore", "rust, no_run", "rust,edition2021,editable", "rust editable", "rust ignore"):
        html, collected = convert(f"```{header}\nfn f() {{}}\n```\n")
        assert convert.without("```rust\nfn f() {}\n```\n") == html
        assert ([], []) == (collected.samples, collected.problems)


@pytest.mark.parametrize("header", ["grammar,items", "toml, ignore", "sh,,no_run"])
def test_rustdoc_headers_of_other_languages(convert: Any, header: str) -> None:
    """A fence with words behind a comma is plain code, which superfences alone does not see, and swallows no sample."""
    rest = "\n\n```rust exec\nf();\n```\n"
    html, collected = convert(f"```{header}\nx = 1\n```{rest}")
    assert convert(f"```{header.partition(',')[0]}\nx = 1\n```{rest}")[0] == html
    assert (["f();"], []) == (collected.codes, collected.problems)


def test_problems(convert: Any) -> None:
    """Mistakes are reported with their place, and the sample says why it is not executed."""
    text = "x\n\n```rust exec foo\n```\n\n```rust exec timeout=x\n```\n\n```rust,should_panic\n```\n"
    _, collected = convert(text)
    assert ["", '`timeout="x"`: expected a number of seconds greater than 0'] == collected.refusals
    assert [
        "3: `foo` is not an option of a fence",
        '6: `timeout="x"`: expected a number of seconds greater than 0',
        "9: `should_panic` says how it should end, and it is not run",
    ] == collected.messages


REFUSED: dict[str, tuple[str, list[str]]] = {
    "rust run": ("rust", ["3: `run` is not an option of a fence"]),
    "rust frobnicate": ("rust", []),
    "python;exec": ("python", ["3: `;exec` is not an option of a fence"]),
    "python $": ("python", []),
    "python:a.py": ("python", []),
    "python test": ("python", []),
    "python session": ("python", []),
    "rust,": ("rust", []),
    "python hl_lines=1": ('python hl_lines="1"', []),
    "python linenums=3 title=x": ('python linenums="3" title="x"', []),
}


@pytest.mark.parametrize(("header", "plain", "messages"), [(h, *expected) for h, expected in REFUSED.items()])
def test_header_that_superfences_refuses(convert: Any, header: str, plain: str, messages: list[str]) -> None:
    """A fence in a language of ours stays a fence, whatever stands behind it, and swallows no sample."""
    rest = "\n\nafter\n\n```rust exec\nf();\n```\n"
    html, collected = convert(f"a\n\n```{header}\nx = 1\n```{rest}")
    assert convert(f"a\n\n```{plain}\nx = 1\n```{rest}")[0] == html
    assert (["f();"], messages) == (collected.codes, collected.messages)


@pytest.mark.parametrize("header", ["rust frobnicate", "python hl_lines=1", "{.rust foo=1}", "python {1,3}"])
def test_header_that_superfences_takes(convert: Any, header: str) -> None:
    """What superfences takes as it is, is not ours to find fault with."""
    configs = {"pymdownx.superfences": {"relaxed_headers": True}}
    html, collected = convert(f"```{header}\nx\n```\n", configs=configs)
    assert convert.without(f"```{header}\nx\n```\n", configs=configs) == html
    assert [] == collected.problems


@pytest.mark.parametrize("header", ["python run", "python exce", "python exec=on live", "python frobnicate"])
def test_custom_fence_for_our_language(convert: Any, header: str) -> None:
    """A custom fence of the site keeps the headers that it takes, near as they may be to ours."""
    fence = {
        "name": "python",
        "class": "live",
        "format": fence_code_format,
        "validator": lambda _l, words, *_: bool(words) and "exec" not in words,
    }
    html, collected = convert(f"```{header}\nx\n```\n", configs={"pymdownx.superfences": {"custom_fences": [fence]}})
    assert ('class="live"' in html) == ("exec=on" not in header)
    assert bool(collected.problems) == ("exec=on" in header)


@pytest.mark.parametrize("header", ["js foo", "js;exec", "js,$ '"])
def test_sample_within_the_end_of_another_fence(convert: Any, header: str) -> None:
    """A sample that the end of a fence swallows, whose header nobody understood, is not lost without a word."""
    _, collected = convert(f"```{header}\nx\n```\n\n```rust exec\nf();\n```\n")
    assert ["5: the fence of line 3 has not ended here, so this is not executed"] == collected.messages
    _, collected = convert(f"```{header}\nx\n```\n\n```rust exec\nf();\n")
    assert ["5: the fence of line 3 has not ended here, so this is not executed"] == collected.messages
    _, collected = convert("````\n```rust exec\nf();\n```\n````\n\n```text\n```rust exec\n```\n")
    assert [] == collected.problems


def test_include_of_mdbook(convert: Any) -> None:
    """A sample whose file mdBook would include is refused; one that is ignored, or only shown, is not."""
    code = "{{#rustdoc_include a.rs:2}}\n```\n"
    _, collected = convert(f"```rust exec\n{code}\n```rust exec ignore\n{code}\n```rust\n{code}")
    message = "`{{#rustdoc_include a.rs:2}}` is of mdBook, and MkDocs does not know it"
    assert ([message, ""], [f"1: {message}"]) == (collected.refusals, collected.messages)


@pytest.mark.parametrize(
    "text",
    [
        "```rust exec\nf();\n ```\n",
        "```rust exec\nf();\n   ```  \n",
        "```rust exec\nf();\n`````\n",
        "~~~rust exec\nf();\n~~~~\n",
        "> ```rust exec\n> f();\n>  ```\n",
        " ```rust exec\nf();\n```\n",
        " ```rust exec\n f();\n ```\n",
        "- a\n\n    ```rust exec\n    f();\n      ````\n",
    ],
)
def test_ends_of_commonmark(convert: Any, text: str) -> None:
    """The end of a sample may be longer, and further in, than superfences wants it."""
    _, collected = convert(f"{text}\n```rust exec\ng();\n```\n")
    assert (["f();", "g();"], []) == (collected.codes, collected.problems)


@pytest.mark.parametrize("line", ["    ```", "``", "~~~", "``` x", "`"])
def test_no_end(convert: Any, line: str) -> None:
    """What is no end is a line of the code."""
    _, collected = convert(f"```rust exec\nf();\n{line}\n```\n")
    assert [f"f();\n{line}"] == collected.codes


@pytest.mark.parametrize(
    "text", ["a\n\n```rust exec\nf();\n", "- a\n\n    ```rust exec\n    f();\n\n  text\n", "> b\n\n```rust exec\n> x\n"]
)
def test_fence_without_an_end(convert: Any, text: str) -> None:
    """A sample that superfences gives up is not lost without a word."""
    html, collected = convert(text)
    assert ([], []) == (slots.find(html), collected.samples)
    assert ["3: the fence is never closed, so it is not executed"] == collected.messages


def test_identical_fences(convert: Any) -> None:
    """Fences that are alike are different samples."""
    html, collected = convert("```rust exec\nf();\n```\n\n```rust exec\nf();\n```\n")
    assert ["slot-1", "slot-2"] == slots.find(html)
    assert [1, 5] == collected.lines


def test_outside_of_any_page(convert: Any) -> None:
    """Markdown that belongs to no page is shown, and nothing in it is executed."""
    html, collected = convert("```rust exec foo\nf();\n```\n", outside=True)
    assert convert.without("```rust\nf();\n```\n") == html
    assert ([], []) == (collected.samples, collected.problems)


def test_our_failures_are_not_swallowed(convert: Any) -> None:
    """An exception of ours gets through superfences, and says where."""
    from dataclasses import replace

    import markdown

    from mkdocs_codeexec.markdown.extension import CodeExecExtension

    _, collected = convert("```rust\n```")
    broken = replace(collected)
    broken.add = lambda *_: 1 / 0  # type: ignore[assignment, method-assign]
    extension = CodeExecExtension(broken, {"rust": RUST})
    md = markdown.Markdown(extensions=["pymdownx.superfences", extension])
    with pytest.raises(ExtensionFailure, match=r"docs/a\.md: the fence `> ```rust exec` cannot be rendered \(ZeroDiv"):
        md.convert("> ```rust exec\n> ```\n")
    assert issubclass(ExtensionFailure, SuperFencesException)
    assert issubclass(ExtensionFailure, CodeExecError)

    broken.lenient = True  # `serve`: the page goes on, and the failure was told
    assert "<pre><code>a &lt; b</code></pre>" in md.convert("> ```rust exec\n> a < b\n> ```\n")
    assert 2 == len(broken.failures)


@pytest.mark.parametrize("extensions", [(), ("fenced_code",), ("extra",), ("tables", "fenced_code", "attr_list")])
def test_without_superfences(convert: Any, extensions: tuple[str, ...]) -> None:
    """Where there is no superfences the extension brings it along."""
    html, collected = convert("- a\n\n    ```rust,exec\n    f();\n    ```\n", extensions=extensions)
    assert ["f();"] == collected.codes
    assert '<pre><code class="language-rust">f();</code></pre>' in html


WITHOUT_SUPERFENCES = """\
# a

A paragraph
```rust
f<T>();
```

``` python hl_lines="1 2"
x
```

    indented

- item

    ```rust
    in a list
    ```

``` { .python linenums=False .big }
y
```
"""
HIGHLIGHTERS = [
    ((), {}),
    (("codehilite",), {}),
    (("codehilite",), {"codehilite": {"css_class": "code", "noclasses": True, "linenums": None}}),
    (("codehilite",), {"codehilite": {"linenums": True}}),
    (("pymdownx.highlight",), {}),
    (("pymdownx.inlinehilite",), {}),
    (("pymdownx.inlinehilite", "codehilite", "pymdownx.snippets", "attr_list"), {}),
]
SAMPLE = "\n```rust exec\nf<T>();\n```\n"


@pytest.mark.parametrize(("highlighter", "configs"), HIGHLIGHTERS)
def test_pages_without_samples_do_not_change_without_superfences(
    convert: Any, highlighter: tuple[str, ...], configs: dict[str, Any]
) -> None:
    """Byte for byte; also after a page with one, which another object of the same kind has converted."""
    extensions = ("toc", "tables", "fenced_code", *highlighter)
    expected = convert.without(WITHOUT_SUPERFENCES, extensions=extensions, configs=configs)
    html, collected = convert(WITHOUT_SUPERFENCES, extensions=extensions, configs=configs)
    assert expected == html
    assert ([], []) == (collected.samples, collected.problems)

    html, collected = convert("````\n" + SAMPLE + "````\n", extensions=extensions, configs=configs)
    assert [] == collected.samples
    assert convert.without("````\n" + SAMPLE + "````\n", extensions=extensions, configs=configs) == html


@pytest.mark.parametrize(("highlighter", "configs"), HIGHLIGHTERS[:3])
def test_stand_in_keeps_the_look(convert: Any, highlighter: tuple[str, ...], configs: dict[str, Any]) -> None:
    """Where a page has a sample and the site no superfences, code looks as it did, line breaks at its end aside."""
    plain = '# a\n\n``` python hl_lines="1 2"\nx\n```\n\n~~~\ny\n~~~\n\n    indented\n'
    extensions = ("toc", "fenced_code", *highlighter)
    html, collected = convert(plain + SAMPLE, extensions=extensions, configs=configs)
    expected = convert.without(plain + SAMPLE.replace(" exec", ""), extensions=extensions, configs=configs)

    assert ["f<T>();"] == [sample.code for sample in collected.samples]
    assert re.sub(r"\n+(?=<)", "", expected) == re.sub(r"\n+(?=<)", "", shown(html))


@pytest.mark.parametrize("header", ["rust exec", "rust,no_run", 'rust exec="off"', "{.rust .exec}"])
@pytest.mark.parametrize("run", ["marked", "none"])
def test_our_headers_are_no_text_without_superfences(convert: Any, header: str, run: str) -> None:
    """Whether anything is executed or not: to `fenced_code` most of them would not be fences. What is one stays as it is."""
    html, _ = convert(f"```{header}\nf::<T>();\n```\n\nthe end\n", extensions=("fenced_code",), run=run)

    start = '<pre class="exec">' if (header, run) == ("{.rust .exec}", "none") else "<pre>"
    assert f'{start}<code class="language-rust">f::&lt;T&gt;();' in shown(html)
    assert shown(html).endswith("<p>the end</p>")


def test_one_converter_for_many_pages(convert: Any) -> None:
    """It gets superfences for the pages that need it, and is as before for the next."""
    md, collected = convert.converter("fenced_code", "codehilite")
    first = md.convert(WITHOUT_SUPERFENCES)
    assert 1 == md.reset().convert(SAMPLE).count("data-codeexec-slot")
    assert first == md.reset().convert(WITHOUT_SUPERFENCES)
    assert 1 == md.reset().convert("- a\n\n" + SAMPLE.replace("\n", "\n    ")).count("data-codeexec-slot")
    assert first == md.reset().convert(WITHOUT_SUPERFENCES)
    assert 2 == len(collected.samples)


def test_host_target() -> None:
    """The target of this machine is what rustc was built for."""
    said = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    assert f"host: {host_target()}" in said.splitlines()


LINES = st.sampled_from(
    [
        *(
            "```",
            "````",
            "~~~",
            "```rust",
            "``` { .rust .big #i }",
            '```python title="x"',
            "```text hl_lines=1",
            "```js foo",
        ),
        *("> ```", "    ```", "- ```rust", "    x", "text", "", "", "> quote", "- item", "1. one", "`a` ``` b", "#h"),
        *(
            '=== "t"',
            "!!! note",
            "\tx",
            "<div markdown>",
            "</div>",
            "<!--",
            "-->",
            "[^1]: a",
            "| a |",
            "|--|",
            "\\",
            "`",
        ),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150 * TIMES, deadline=None)
@given(st.lists(LINES, max_size=25).map("\n".join))
def test_pages_without_samples_do_not_change(convert: Any, text: str) -> None:
    """A page on which nothing is executed is the same, byte for byte, with the extension and without it."""
    html, collected = convert(text, extensions=RICH)
    assert convert.without(text, extensions=RICH) == html
    assert ([], []) == (collected.samples, collected.problems)
