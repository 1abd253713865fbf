"""Who prevails: what a fence says, then its page, then the configuration of its language, then what is built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.hidden import Hiding
from mkdocs_codeexec.core.requirements import variables
from mkdocs_codeexec.core.sample import Given, Links, Presentation
from mkdocs_codeexec.markdown.options import Request
from mkdocs_codeexec.markdown.values import MERGED, NO_SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.defaults import Defaults
    from mkdocs_codeexec.core.expectation import Expectation
    from mkdocs_codeexec.core.settings import LanguageRule


_STREAMS = frozenset({MERGED, "stdout", "stderr"})


def request_of(
    said: Mapping[str, Any], page: Defaults, rule: LanguageRule, *, expectation: Expectation, ignored: bool
) -> Request:
    """Return what is asked for.

    `timeout`, `environment` and `env` of the configuration are not in it: the language itself has those. Whatever of
    a page is in it is there as if each of its fences said so, so that rights and keys know no difference.

    Args:
        said: What the fence says, by the keys of the table of options.
        page: What its page says.
        rule: What the configuration says.
        expectation: How it should end.
        ignored: Whether it is ignored.
    """
    usual = rule.presentation
    show = said.get("show", usual.show if page.show is None else page.show)
    terminal = said.get("tty", False)
    merged = MERGED in show or terminal
    return Request(
        language=rule.name,
        expectation=expectation,
        presentation=Presentation(
            source=said.get("source") or page.source or usual.source,
            result=said.get("result") or page.result or usual.result,
            show=show - {MERGED} | {"stdout", "stderr"} if merged and show & _STREAMS else show,
            tabs=said.get("tabs", usual.tabs),
            caption=said.get("caption", ""),
            alt=said.get("alt"),
            width="" if isinstance(said.get("width"), int) else said.get("width", ""),
            fold=said.get("fold"),
            wrap=said.get("wrap", False),
            id_prefix=said.get("idprefix"),
            in_contents=said.get("updatetoc", True),
        ),
        given=Given(
            stdin=said.get("stdin"),
            args=said.get("args", ()),
            env=tuple(sorted({**dict(page.env), **_terminal(said), **dict(said.get("env", ()))}.items())),
            network=said.get("network"),
            host_env=variables(said.get("requires", ())),
            merged=merged,
            terminal=terminal,
        ),
        build_only=said.get("build_only", False),
        ignored=ignored,
        timeout=said.get("timeout", page.timeout),
        name=said.get("name", ""),
        hiding=Hiding(rule.hides_lines, said.get("hidelines") or rule.hidelines, rule.hashes),
        options=tuple(_options(said, page, rule)),
        workdir=said.get("workdir") or page.workdir or rule.workdir,
        artifacts=said.get("artifacts", rule.artifacts),
        usual_artifacts="artifacts" not in said,
        value=rule.values and "value" in show,
        links=Links(
            needs=said.get("needs", ()),
            stdin_from=said.get("stdin_from", ""),
            file=said.get("file", ""),
            session=_session(said, page, rule),
            requires=said.get("requires", ()),
            output_of=said.get("output_of", ""),
        ),
    )


def _terminal(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells programs how wide their terminal is, if the fence says it."""
    return {"COLUMNS": str(said["width"])} if isinstance(said.get("width"), int) else {}


def _session(said: Mapping[str, Any], page: Defaults, rule: LanguageRule) -> str:
    """Return the session of a fence; that of its page is for languages that have sessions, and for what is run."""
    if "session" in said:
        return "" if said["session"] == NO_SESSION else str(said["session"])
    return page.session if rule.sessions and not said.get("build_only") else ""


def _options(said: Mapping[str, Any], page: Defaults, rule: LanguageRule) -> Iterator[tuple[str, str]]:
    if "edition" in said:
        yield "edition", said["edition"]
    if environment := said.get("environment", page.environment if "environment" in rule.options else ""):
        yield "environment", environment
    if page.preamble and rule.objection:
        yield "preamble", page.preamble
    if rule.console and "prompt" in said:
        yield "prompt", said["prompt"]
    for name in ("standalone_crate", "test_harness"):
        if said.get(name):
            yield name, "on"
