"""What fences may ask for, and who denies it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.confinement import SandboxMode
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.sample import Given, Location, Sample
from mkdocs_codeexec.core.settings import NetworkPolicy, RustSettings, ScriptSettings, Settings

if TYPE_CHECKING:
    from typing import Any

STRANGER = "this build is of a pull request from a fork"
POLICIES: tuple[NetworkPolicy, ...] = get_args(NetworkPolicy)
MODES: tuple[SandboxMode, ...] = get_args(SandboxMode)


def settings(policy: NetworkPolicy = "false", **changes: Any) -> Settings:
    script = ScriptSettings(name="bash", command=("bash", "{file}"), network=policy)
    start = Settings(project_dir=Path("/p"), cache_dir=Path("/c"), environment_dir=Path("/e"), timeout=10)
    return replace(start, scripts={"bash": script}, rust=RustSettings(network=policy), **changes)


def sample(*, network: bool | None = None, language: str = "bash", **changes: Any) -> Sample:
    start = Sample(location=Location("a.md", 1), language=language, code="", expectation=Succeeds())
    return replace(start, given=Given(network=network), **changes)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("asked", [None, True, False])
@pytest.mark.parametrize("policy", POLICIES)
def test_who_denies_the_network_prevails(policy: NetworkPolicy, asked: bool | None, mode: SandboxMode) -> None:
    """It is given where the configuration gives or offers it, the fence does not refuse it, and the mode lets it."""
    denied = policy == "false" or asked is False or mode == "strict" or (policy == "ask" and asked is None)

    assert (not denied) == rights.network(policy, asked, mode)


@pytest.mark.parametrize("language", ["bash", "rust"])
@pytest.mark.parametrize("stranger", ["", STRANGER])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("asked", [None, True, False])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_fence_is_told_what_it_does_not_get(
    policy: NetworkPolicy, asked: bool | None, mode: SandboxMode, stranger: str, language: str
) -> None:
    """Nobody asks in vain without hearing of it: what is executed has what its fence asks for."""
    found = settings(policy, sandbox=mode, stranger=stranger)
    one = sample(network=asked, language=language)
    told = rights.refusal(one, found) or rights.denial(one, found)

    if asked is not True:
        assert told is None
    else:
        assert (told is None) == (rights.network(policy, asked, mode) and not (stranger and policy == "ask"))
    if told is not None:
        assert told.reason.startswith("`network`")
        assert told.hint


def test_what_would_grant_it_is_said() -> None:
    """Where the configuration says no, the hint is what to write there."""
    told = rights.refusal(sample(network=True), settings("false"))

    assert told is not None
    assert "`network: ask` below `languages.bash`" in told.hint
    assert rights.refusal(sample(network=True, ignored=True), settings("false")) is None


@pytest.mark.parametrize(
    ("asked", "total", "granted"),
    [
        (None, None, True),
        (0.5, None, True),
        (10, None, True),
        (30, None, True),
        (30.5, None, False),
        (300, None, False),
        (300, 400.0, True),
    ],
)
def test_a_fence_has_so_much_time(asked: float | None, total: float | None, granted: bool) -> None:
    """Three times what is configured; more where the configuration limits all samples together."""
    told = rights.refusal(sample(timeout=asked), settings(total_timeout=total))

    assert granted == (told is None)
    if told is not None:
        assert f'`timeout="{asked:g}"`' in told.reason
        assert "30 s" in told.reason
        assert f"`timeout: {math.ceil((asked or 0) / 3)}`" in told.hint
        enough = settings(timeout=math.ceil((asked or 0) / 3))
        assert rights.refusal(sample(timeout=asked), enough) is None


def test_a_language_with_a_timeout_of_its_own_gives_three_times_that() -> None:
    """What bounds a fence is what the configuration gives its language."""
    found = settings()
    found = replace(found, scripts={"bash": replace(found.scripts["bash"], timeout=40)})

    assert (40, 10, 10) == tuple(found.seconds(name) for name in ("bash", "rust", "nowhere"))
    assert rights.refusal(sample(timeout=120), found) is None
    assert rights.refusal(sample(timeout=121), found) is not None
    assert rights.refusal(sample(timeout=31, language="rust"), found) is not None


def test_what_strict_takes_away_is_said() -> None:
    """A configuration that gives the network is not silently another one."""
    assert "`languages.rust.network`, `languages.bash.network`" in rights.overruled(settings("true", sandbox="strict"))
    assert "" == rights.overruled(settings("ask", sandbox="strict"))
    assert "" == rights.overruled(settings("true"))
