"""It does not matter where an option was written: on the fence, in the front matter, or in the configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import markdown
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mkdocs.utils.meta import get_data
from support.sizes import TIMES

import mkdocs_codeexec
from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.languages import open_languages, words
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Location, Problem, Sample

OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(["above", "below", "none"]),
    "result": st.sampled_from(["ansi", "text", "json", "none"]),
    "show": st.sampled_from(["stdout", "stderr build", "stdout stderr"]),
    "timeout": st.sampled_from([5, 10, 12.5, 30]),
    "environment": st.sampled_from(["default", "async"]),
    "env": st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sampled_from(["1", "two words", "a=b", ""])),
    "preamble": st.sampled_from(["use std::fmt;", "#![allow(dead_code)]\n", "extern crate core;\nuse core::fmt;", "# use std::io;\n"]),
}  # fmt: skip
LANGUAGES = ("rust", "python")
RENDERER = Renderer([], Path(mkdocs_codeexec.__file__).parent / "templates")
ENDED = Exited(0)
OUTCOME = Outcome(
    language="any",
    steps=(
        StepResult(kind="build", stdout="", stderr="warning: built\n", ended=ENDED),
        StepResult(kind="run", stdout='{"a": "\x1b[31mred\x1b[0m"}\n', stderr="err\n", ended=ENDED),
    ),
)


def levels(language: str) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Return what may be said of samples of `language`: by fence, page and configuration."""
    own = {name: s for name, s in OPTIONS.items() if language == "rust" or name not in ("environment", "preamble")}
    fence = {name: strategy for name, strategy in own.items() if name != "preamble"}
    return st.fixed_dictionaries(
        {
            "fence": st.fixed_dictionaries({}, optional=fence),
            "page": st.fixed_dictionaries({}, optional=own),
            "language": st.fixed_dictionaries({}, optional=own),
        }
    )


def header(language: str, said: dict[str, Any]) -> str:
    words = [f'{name}="{value}"' for name, value in said.items() if name != "env"]
    if "env" in said:
        pairs = " ".join(f"{name}='{value}'" for name, value in said["env"].items())
        words.append(f'env="{pairs}"')
    return " ".join([language, "exec", *words])


class Heard:
    """A Collector and a Narrator: keeps the sample, and all that is said."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.said: list[str] = []
        self.context: PageContext | None = None

    def page(self) -> PageContext | None:
        return self.context

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        self.samples.append(sample)
        self.said += filter(None, (refusal, hint))
        return "slot"

    def report(self, problem: Problem) -> None:
        self.said.append(str(problem))

    def know(self, _: object) -> None:
        pass

    def survives(self, failure: object) -> bool:
        raise AssertionError(failure)

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        self.said.append(f"{at} {message} {hint}")

    def stream(self, chunk: bytes) -> None:
        raise AssertionError(chunk)

    def note(self, event: object) -> None: ...


def built(root: Path, language: str, said: dict[str, dict[str, Any]]) -> tuple[str, str, Sample]:
    """Return the request key, the fragment and the sample of one fence."""
    of_language: dict[str, Any] = dict(said["language"])
    if language == "rust":
        of_language["environments"] = {"async": {"manifest_extra": "[features]\na = []\n"}}
    raw = {"total_timeout": 1000, "languages": {language: of_language}, "environment_dir": str(root / "built")}
    found = settings_from(raw, project_dir=root, environ=dict(os.environ), cpus=lambda: 1)
    heard = Heard()
    extension = CodeExecExtension(heard, words(found), is_lexer=lambda name: name == "json")
    front = yaml.safe_dump({"codeexec": said["page"]}) if said["page"] else "title: x\n"
    text = f"---\n{front}---\n\n```{header(language, said['fence'])}\nx\n```\n"
    body, meta = get_data(text)
    seen = list(extension.glimpse(text, "a.md", meta, certain=()))
    heard.context = extension.opened(PageContext("a.md", text, "docs/a.md"), meta)
    markdown.Markdown(extensions=["pymdownx.superfences", extension]).convert(body)
    (sample,) = heard.samples
    # A fence is told of its own words that have no effect; they decide nothing all the same.
    assert [] == [
        text for text in heard.said if "has no effect beside" not in text and "has no `build` to show" not in text
    ]
    assert rights.refusal(sample, found) is None
    languages = open_languages(found, heard)  # type: ignore[arg-type]
    action = languages[language].plan(sample)
    assert [action.request_key] == [languages[language].plan(one).request_key for one in seen]
    html = RENDERER.render(
        sample, Met(), OUTCOME, source="<pre>x</pre>", annotations="", html_id="a", tidy=str, marks=[]
    )
    return action.request_key, html, sample


def effective(said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what prevails: variables of all together, lines of the site before those of the page, else the nearest."""
    fence, page, language = said["fence"], said["page"], said["language"]
    found = {**language, **page, **fence}
    if env := {**language.get("env", {}), **page.get("env", {}), **fence.get("env", {})}:
        found["env"] = env
    else:
        found.pop("env", None)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_where_it_is_written_does_not_matter(tmp_path: Path, language: str, data: st.DataObject) -> None:
    """Equal effective options have equal keys and equal fragments, and a glimpse has the same key."""
    said = data.draw(levels(language))
    if "preamble" in said["page"] and "preamble" in said["language"]:
        del said["language"]["preamble"]
    whole = effective(said)
    nowhere: dict[str, dict[str, Any]] = {"fence": {}, "page": {}, "language": {}}
    key, fragment, sample = built(tmp_path, language, said)

    for level in ("fence", "page", "language"):
        all_there = {**nowhere, level: dict(whole)}
        if level == "fence" and "preamble" in whole:
            all_there["page"] = {"preamble": all_there["fence"].pop("preamble")}
        other_key, other_fragment, other = built(tmp_path, language, all_there)
        assert (key, fragment) == (other_key, other_fragment), level
        assert sample.presentation == other.presentation


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_only_shown_is_in_no_key(tmp_path: Path, language: str, data: st.DataObject) -> None:
    """A change of what is shown runs nothing again, and a change of anything else of these does, wherever it is made."""
    said = data.draw(levels(language))
    level = data.draw(st.sampled_from(["fence", "page", "language"]))
    name = data.draw(
        st.sampled_from(sorted(OPTIONS.keys() - ({"environment"} if language == "python" else set()) - {"preamble"}))
    )
    changed = {**said, level: {**said[level], name: data.draw(OPTIONS[name])}}
    same = effective(said), effective(changed)
    decides = [{key: value for key, value in one.items() if key not in ("source", "result", "show")} for one in same]
    for one in decides:
        one.setdefault("timeout", 10)
        one.setdefault("environment", "default")

    keys = [built(tmp_path, language, one)[0] for one in (said, changed)]
    assert (decides[0] == decides[1]) == (keys[0] == keys[1])


def test_lines_of_the_site_stand_before_those_of_the_page(tmp_path: Path) -> None:
    """As if the site had both; but for attributes of the page, which go to the very start, where alone they can be."""
    nowhere: dict[str, dict[str, Any]] = {"fence": {}, "page": {}, "language": {}}
    for site, page, both in (
        ("use std::fmt;\n", "use std::io;", "use std::fmt;\nuse std::io;"),
        ("use std::fmt;\n", "#![allow(x)]\nuse std::io;", "#![allow(x)]\nuse std::fmt;\nuse std::io;"),
        ("#![allow(y)]", "#![allow(x)]", "#![allow(x)]\n#![allow(y)]"),
    ):
        apart = built(tmp_path, "rust", {**nowhere, "page": {"preamble": page}, "language": {"preamble": site}})
        assert apart[0] == built(tmp_path, "rust", {**nowhere, "language": {"preamble": both}})[0]
        assert apart[0] != built(tmp_path, "rust", {**nowhere, "language": {"preamble": site}})[0]
