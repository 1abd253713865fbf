"""The whole source of a fence with hidden lines: all that runs, and the numbers that readers know."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.hidden import RUSTDOC, Hiding, runnable, visible
from mkdocs_codeexec.html.uncovered import completed, parted
from mkdocs_codeexec.markdown.uncovering import uncovered, whole

codes = st.lists(st.sampled_from(["# a", "#", "!!b", "  !!c", "d", "", "  e", "## f", "!!"]), max_size=8).map("\n".join)
hidings = st.sampled_from([RUSTDOC, Hiding(prefix="!!")])


@given(codes, hidings, st.booleans())
def test_the_whole_source_is_what_runs(code: str, hiding: Hiding, stripped: bool) -> None:
    """Every line that readers see is in it, by its number; a highlighter that strips blank lines takes none away."""
    found = whole(code, hiding, stripped=stripped)
    seen = visible(code, hiding)
    if found is None:
        assert runnable(code, hiding) == seen
        return
    lines = found.code.split("\n")
    shown = (seen.lstrip("\n") if stripped else seen).split("\n")
    ours = {number: lines[own - 1] for own, number in found.numbers.items()}

    assert found.code == (runnable(code, hiding).lstrip("\n") if stripped else runnable(code, hiding))
    assert [ours[number] for number in sorted(ours)] == (shown if seen.strip("\n") or not stripped else [])[: len(ours)]
    assert sorted(ours) == list(range(1, len(ours) + 1))


def test_lines_that_are_highlighted() -> None:
    """They are counted as readers count them, whatever is asked for."""
    found = whole("!!a\nb\n!!c\nd\ne", Hiding(prefix="!!"), stripped=True)

    assert found is not None
    assert "2 4 5" == found.highlighted("1 2-3")
    assert "4 5" == found.highlighted("2-999999999999")
    assert "" == found.highlighted("4-9 0")


def test_a_source_is_parted_as_it_was_put_together() -> None:
    """Whatever divisions the highlighter makes; what has no hidden lines is as it was."""
    shown = '<div class="highlight"><pre id="x"><code>b</code></pre></div>'
    code = '<div class="h"><div><pre id="a"><code><a id="l" href="#l"></a>a</code></pre></div></div>'
    button, seen, all_lines = parted(uncovered(shown, code))

    assert (True, shown) == (button.startswith('<input class="codeexec-eye"'), seen)
    assert uncovered(shown, code) == button + seen + all_lines
    assert ("", shown, "") == parted(shown)
    assert ("", button + shown, "") == parted(button + shown)
    done = completed(all_lines, "", '<ol><li id="q">n</li></ol>', "codeexec-7")
    assert done.endswith("<code><a></a>a</code></pre></div></div><ol><li>n</li></ol></section>")
    assert '<pre id="codeexec_7_whole">' in done
