from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.html.ids import Ids, identified

TABLE = (
    '<div class="highlight"><table class="highlighttable"><tr><td class="linenos"><div class="linenodiv">'
    '<pre><span></span><span class="normal">1</span></pre></div></td>'
    '<td class="code"><div><pre><span></span><code>x</code></pre></div></td></tr></table></div>'
)


def test_samples_are_named_in_the_order_of_the_page() -> None:
    """From one on; names that the page has already, of a heading or of samples named before, are left out."""
    plain = Ids("<h1>codeexec</h1>")
    assert ["codeexec-1", "codeexec-2"] == [plain.next(), plain.next()]

    taken = Ids('<h2 id="codeexec-1">Codeexec 1</h2><pre class="x" id=codeexec_3_stdout></pre><p id="x-codeexec-4">')
    assert ["codeexec-2", "codeexec-4", "codeexec-5"] == [taken.next(), taken.next(), taken.next()]


@pytest.mark.parametrize(
    ("fragment", "ids"),
    [
        pytest.param("<pre><span></span><code>x</code></pre>", ["codeexec_7_source"], id="source"),
        pytest.param("<pre><code class='language-rust'>x</code></pre>", ["codeexec_7_source"], id="highlight.js"),
        pytest.param(TABLE, ["codeexec_7_numbers", "codeexec_7_source"], id="numbers in a table"),
        pytest.param(
            '<pre id="mine"><code>x</code></pre><pre class="codeexec-build"><code>y</code></pre>',
            ["mine", "codeexec_7_build"],
            id="one that has an id",
        ),
        pytest.param(
            '<pre class="codeexec-stdout highlight" role="group"><code>&lt;pre&gt;</code></pre><pre class="codeexec-stderr">',
            ["codeexec_7_stdout", "codeexec_7_stderr"],
            id="streams",
        ),
        pytest.param("<pre>a</pre><pre>b</pre>", ["codeexec_7_numbers", "codeexec_7_numbers2"], id="anything else"),
    ],
)
def test_every_pre_gets_an_id(fragment: str, ids: list[str]) -> None:
    """Of its own, made of the sample's; nothing else is changed, and one that has an id keeps it."""
    shown = identified(fragment, "codeexec-7")

    assert ids == re.findall(r'<pre\b[^>]*\sid="([^"]*)"', shown)
    assert fragment == re.sub(r' id="codeexec_7_\w+"', "", shown)
    assert shown == identified(shown, "codeexec-7")


PIECES = (
    " id=",
    "id=",
    " ",
    "\u2028id=",
    "\n",
    '"',
    "'",
    "codeexec-1",
    "codeexec-2",
    "codeexec_1_x",
    "codeexec",
    "-",
    "<",
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_name_is_taken_where_its_attribute_stands_behind_a_space(html: str) -> None:
    """Whatever space that is, and however the value is quoted."""
    taken = set(re.findall(r"""\sid=["']?(codeexec[-_][\w-]*)""", html))
    free = [
        number
        for number in range(1, 4)
        if f"codeexec-{number}" not in taken and not any(name.startswith(f"codeexec_{number}_") for name in taken)
    ]
    ids = Ids(html)
    assert [f"codeexec-{number}" for number in free] == [ids.next() for _ in free]
