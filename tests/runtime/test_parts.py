"""Streams that are taken apart at marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.action import Marks
from mkdocs_codeexec.core.outcome import Exited, TimedOut
from mkdocs_codeexec.runtime.parts import Divided, results

MARKS = Marks("0" * 32, (1.0, 2.0, 3.0, 4.0))
PIECES = st.sampled_from(
    [b"", b"a", b"\n", b"\r\n", b"codeexec-", b"codeexec+", MARKS.start.encode()[:-1], b"0-0.", b"\xff", b"c" * 70]
)


def divided(data: bytes, *cuts: int) -> Divided:
    found = Divided(1000, 1000, MARKS)
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        found.add(data[start:end])
    found.close()
    return found


def texts(found: Divided) -> list[str]:
    return [part.kept.finish()[0] for part in found.parts]


@given(st.lists(st.lists(PIECES, max_size=4), min_size=1, max_size=4), st.data())
def test_parts_are_found_however_they_come(pieces: list[list[bytes]], data: st.DataObject) -> None:
    """In whatever chunks; what only looks like a mark is text."""
    parts = [b"".join(one) for one in pieces]
    stream = (MARKS.end(3, 7) + "\n").encode().join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))

    found = divided(stream, *cuts)

    assert [part.decode("utf-8", "replace") for part in parts] == texts(found)
    assert [3] * (len(parts) - 1) == [part.status for part in found.parts[:-1]]
    assert [7] * (len(parts) - 1) == [part.going_on for part in found.parts[:-1]]


def test_what_stands_between_an_end_and_a_beginning_is_nobodys() -> None:
    """If nobody begins, it is the last part's: it says why."""
    end, begin = MARKS.end(gap=True) + "\n", MARKS.begin + "\n"

    assert ["a", "b"] == texts(divided(f"a{end}+ trace\n{begin}b".encode()))
    assert ["a", "syntax error\n"] == texts(divided(f"a{end}syntax error\n".encode()))


def test_a_mark_needs_no_line_of_its_own() -> None:
    assert ["a", "b", "", "c"] == texts(divided(f"a{MARKS.end()}b{MARKS.end()}\r\n{MARKS.end()}c".encode()))


def test_there_are_no_more_parts_than_steps() -> None:
    """Whoever writes marks of his own gains nothing."""
    assert ["", "", "", "xyz"] == texts(divided(f"{MARKS.end()}{MARKS.end()}{MARKS.end()}x{MARKS.end()}yz".encode()))


def test_each_part_is_kept_by_its_start_and_end() -> None:
    found = Divided(10, 10, MARKS)
    found.add(b"a" * 100 + MARKS.end().encode() + b"\nb")
    found.close()

    assert ["a" * 10 + "\n… 80 bytes omitted …\n" + "a" * 10, "b"] == texts(found)


def test_a_stream_without_marks_is_all_of_the_last_step() -> None:
    """A language may write its marks to one stream alone; and the time that is over is that of the step that ran."""
    out, err = divided(f"a{MARKS.end()}\nb".encode()), divided(b"error")

    parts = results(out, err, "run", TimedOut(10.0), 0.0)

    assert [("a", "", Exited(0)), ("b", "error", TimedOut(2.0))] == [(p.stdout, p.stderr, p.ended) for p in parts]


def test_where_two_streams_are_one_each_mark_comes_twice() -> None:
    """The first of the two counts, with what it says of the end; what only shells say between two parts is nobody's."""
    both = f"{MARKS.end(3, gap=True)}\n{MARKS.end(gap=True)}\n+ trace\n{MARKS.begin}\n{MARKS.begin}\n"
    plain = f"{MARKS.end(3)}\n{MARKS.end(3)}\n"
    for between in (both, plain):
        found = Divided(1000, 1000, MARKS._replace(times=2))
        found.add(between.join("abc").encode())
        found.close()

        assert ["a", "b", "c"] == texts(found)
        assert [3, 3] == [part.status for part in found.parts[:-1]]
