"""Output is data: what a sample writes arrives on its page as it was written, and nothing reads it again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project

MATERIAL = """\
site_name: the-name-of-the-site
theme: material
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {{permalink: true}}
  - pymdownx.details
  - pymdownx.emoji
  - pymdownx.highlight: {{anchor_linenums: true}}
  - pymdownx.inlinehilite
  - pymdownx.keys
  - pymdownx.magiclink
  - pymdownx.mark
  - pymdownx.smartsymbols
  - pymdownx.snippets: {{base_path: [.], check_paths: true}}
  - pymdownx.superfences
  - pymdownx.tabbed: {{alternate_style: true}}
plugins:
  - search
  - codeexec: {options}
"""
HOSTILE = r"""
--8<-- "secret.txt"
;--8<-- "secret.txt"
--8<--
secret.txt
--8<--
{{ config.site_name }} {{ 7 * 191 }} {% raw %} {% include "secret.txt" %} {# gone #}
```
````
~~~
```python exec
print("executed again")
```
</code></pre></div><script>alert(1)</script><!-- not closed
--> <![CDATA[ ]]> <?php ?> <!DOCTYPE x>
&lt;b&gt; &amp;amp; &#60;i&#62; &#x202e; &nbsp
<div class="codeexec" data-codeexec-slot="SLOT"><div data-codeexec-end="SLOT"></div></div>
wzxhzdk:0 klzzwxh:0001 @@slot@@ %s {0} $x ${x} \1 \g<0>
!!! danger "admonition"
    inside

??? note
=== "tab"
# heading { #heading .klass }
*[HTML]: abbreviation
[^1]: footnote
[link](javascript:alert(1)) ![image](x) <https://a.b> https://a.b user@a.b #1 @user
| a | b |
|---|---|
term
:   definition
==mark== ++ctrl+a++ :smile: (c) --> `code` **bold** _it_ \* \\ :material-check:{ .x }
[TOC] {: .x } <!-- more -->
    indented
""".strip("\n")


def test_output_is_never_read_again(project: Project) -> None:
    """Not by Markdown and its extensions, snippets, Jinja, the theme, the search index, the browser, nor by ourselves."""
    project.write("secret.txt", "the-secret-of-the-disk")
    project.write("mkdocs.yml", MATERIAL.format(options=json.dumps({"fail_on_error": False})))
    code = (
        f"import sys\ntext = bytes.fromhex({HOSTILE.encode().hex()!r}).decode()\n"
        "print(text)\nprint('\\33[1m' + text, file=sys.stderr)\n"
    )
    fences = [f'```python exec show="stdout stderr" {options}\n{code}```\n' for options in OPTIONS]
    fences.append(f"```python exec\n{code}sys.exit(3)\n```\n")
    project.page("# Title\n\n" + "\n".join(fences) + "\nthe end\n{: .closing }\n")

    built = project.build()

    assert {"samples": 4, "executed": 2, "cached": 2, "met": 3, "unmet": 1} == built.counts
    streams = project.streams()
    assert ["stdout", "stderr"] * 4 == [kind for kind, _ in streams]
    assert {HOSTILE} == {text for _, text in streams}
    html = project.html()
    outside = re.sub(r"(?s)<pre.*?</pre>", "", html)
    for trace in ("the-secret-of-the-disk", "1337", "executed again", "admonition", "alert(1)", "footnote", "wzxhzdk"):
        assert trace not in outside, trace
    assert "the-secret-of-the-disk" not in html
    assert '<p class="closing">the end' in html
    assert '<div class="codeexec" data-codeexec-slot' not in html
    index = json.loads((project.root / "site/search/search_index.json").read_text("utf-8"))
    assert not [entry for entry in index["docs"] if "<script" in entry["text"] or "the-secret" in entry["text"]]


OPTIONS = ("", 'result="text"', 'result="md"')

BYTES = {
    "invalid UTF-8": (rb"a\xffb\xc3(", "a\ufffdb\ufffd("),
    "a character that was cut off": (rb"a\xe6\xbc", "a\ufffd"),
    "surrogates": (rb"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
    "overlong": (rb"\xc0\xaf\xe0\x80\xaf", "\ufffd" * 5),
    "UTF-16": (rb"\xff\xfea\x00b\x00", "\ufffd\ufffdab"),
    "NUL": (rb"a\x00b\x00", "ab"),
    "direction": (rb"a\xe2\x80\xaeb\xe2\x81\xa6\xd8\x9c", "aU+202EbU+2066U+061C"),
    "controls": (rb"a\x07\x0b\x0c\x7f\xc2\x85\xc2\x9bb", "a"),
}


def test_any_bytes_make_a_page(project: Project) -> None:
    """A page is UTF-8, and shows what can be shown, whatever was written."""
    project.page(
        "\n".join(
            f"```python exec\nimport sys\nsys.stdout.buffer.write(b'{raw.decode()}')\n```\n"
            for raw, _ in BYTES.values()
        )
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert dict(zip(BYTES, (text for _, text in BYTES.values()), strict=True)) == dict(
        zip(BYTES, (text for _, text in project.streams()), strict=True)
    )


def test_endless_lines_make_a_page(project: Project) -> None:
    """At most 16 KiB of one line are shown, with a note of what is missing, and no character is cut in two."""
    limit = 16 * 1024
    project.configure({"fail_on_error": False})
    project.page(
        "```python exec\nprint('before')\nprint('x' + '漢' * 60_000)\nprint('after')\n```\n\n"  # all of it is stored
        "```python exec\nprint('x' + '漢' * 200_000)\nprint('after')\n```\n\n"  # of this, start and end
        "```python exec\nprint('Q' * 10_000_000)\n```\n"  # and this is stopped
    )
    built = project.build()

    assert ["met", "met", "unmet"] == project.verdicts()
    (_, stored), (_, cut), (_, stopped) = project.streams()
    shown = "x" + "漢" * ((limit - 1) // 3)
    assert f"before\n{shown}… {180_001 - len(shown.encode())} bytes of this line omitted …\nafter" == stored
    assert cut.startswith(f"{shown}… ")
    assert cut.endswith(" bytes of this line omitted …\nafter")
    assert len(cut.encode()) < limit + 300
    assert "\ufffd" not in stored + cut + stopped
    assert limit == stopped.count("Q")
    assert re.search(r"Q… \d+ bytes of this line omitted …\n… \d+ bytes omitted …\n… \d+ bytes of this line", stopped)
    assert "stopped: more than 1024 KiB of output" in project.samples()[2]
    assert "Q" * 2000 not in built.log
