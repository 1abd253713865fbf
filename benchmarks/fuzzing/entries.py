"""Entries of a store, changed and sealed anew: a miss or an Outcome that can be judged, rendered and stored, never an error."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import mkdocs_codeexec
from fuzzing import real
from fuzzing.mutators import changed_json, words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.codec import from_json, to_json
from mkdocs_codeexec.core.expectation import Succeeds, judge
from mkdocs_codeexec.core.outcome import describe
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.ansi import to_html
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.languages.rust.source.structure import layout_free
from mkdocs_codeexec.runtime.entries import _seal, decode, encode
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Key

KINDS = ("results", "requests", "observed")
_SAMPLE = Sample(
    location=Location("a.md", 1),
    language="rust",
    code="fn main() {}",
    expectation=Succeeds(0),
    presentation=Presentation(show=frozenset({"build", "stdout", "stderr"})),
)
_RENDERER = Renderer([], Path(mkdocs_codeexec.__file__).parent / "templates")
_there: list[tuple[Path, dict[str, Key]]] = []


def law(data: bytes) -> None:
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    sealed = data[1:] + (b"" if data[:1] >= b"\x80" else _seal(data[1:]))
    folder, keys = _there[0]
    key = keys[kind]
    path = folder / kind / "v1" / key[:2] / f"{key}.json"
    path.write_bytes(sealed)
    told: list[str] = []
    store = DirectoryStore(folder, told.append, writable=False)
    try:
        if kind == "observed":
            for inputs in store.lists(key):
                check(all(type(part) is str for pair in inputs for part in pair), "names and states are text")
            outcome = None
        else:
            outcome = store.get(key) if kind == "results" else store.find(key)
    finally:
        store.close()
    check(len(told) <= 1 and all(len(message) < 2000 + len(sealed) for message in told), "one warning, of bounded size")
    check(outcome is None or not told, "what is not trusted is not used")
    if outcome is not None:
        check(outcome.storable, "only children that ended by themselves are remembered")
        rounded = from_json(to_json(outcome)) if outcome.duration < 1e6 else outcome
        again = dict(decode(encode(to_json(rounded))))
        check(again.pop("sha256") and again == to_json(rounded), "an entry is decoded to what was encoded")
        check(outcome.duration >= 1e6 or from_json(again) == rounded, "what is stored is what was")
        layout_free(outcome)
        assert all(describe(step.ended) for step in outcome.steps)
        html = _RENDERER.render(
            _SAMPLE, judge(_SAMPLE.expectation, outcome), outcome, source="<pre></pre>", html_id="x", tidy=str
        )
        for step in outcome.steps:
            check(len(to_html(step.stdout)) < 200 * len(step.stdout) + 1000, "the HTML is bounded by the text")
        check(len(html) <= 200 * len(data) + 4000, "a Fragment is bounded by the entry")


def seeds(folder: Path) -> list[bytes]:
    path, found = real.entries(folder)
    keys: dict[str, Key] = {}
    texts = []
    for kind, key, text in found:
        keys.setdefault(kind, key)
        name = keys[kind].encode()
        texts.append(bytes([KINDS.index(kind)]) + text[: text.rindex(b',\n "sha256"')].replace(key.encode(), name))
        texts.append(b"\x80" + text)
    _there[:] = [(path, keys)]
    return [text for text in texts if len(text) < 20_000]


def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
    """Change a value in the document, which is without its seal and so without its end."""
    changed = changed_json(data[1:] + b"\n}", rng) if data and rng.random() < 0.75 else None
    if changed is None or not changed.endswith(b"}"):
        return _TEXT(data, most, rng)
    return (data[:1] + changed[:-1])[:most]


_WORDS = (
    '"format": 1',
    '"steps": [',
    '"exited": 0',
    '"spans": [',
    "[[[[",
    '"a":',
    "1e999",
    "NaN",
    "-1",
    "\\ud800",
    "\r\n",
    "\n",
    "\x00",
    "{",
    "}",
    ",",
    "9" * 500,
)
_TEXT = words(*_WORDS)
TARGET = Target(seeds, mutate, law)
