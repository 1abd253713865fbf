"""`sandbox: strict`, on real sites: what it takes away, and what it takes from the store."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from conftest import Project

RUST = "".join(f'```rust exec\nprintln!("{{}}", {n});\n```\n\n' for n in range(4))
WHO = '```rust exec\nprintln!("{}", std::env::vars().filter(|(n, _)| n.starts_with("CODEEXEC")).count());\n```\n\n'
BASH = "```bash exec\necho shell\n```\n\n"


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site whose configuration gives the network."""
    with confined("bubblewrap"):
        pass
    project.configure({"languages": {"bash": {"network": True}}})
    project.page(RUST + BASH)
    return project


@pytest.fixture
def bounded(site: Project) -> Project:
    """Return the same where the kernel bounds samples, which `strict` asks for."""
    with Children("auto", tiers=["bubblewrap"]) as children:
        if children.inexact:
            pytest.skip(f"samples are only counted here: {children.inexact}")
    return site


def test_where_the_kernel_does_not_bound_samples_nothing_is_executed(site: Project) -> None:
    """To count them now and then is not strict; the error says what would help, and elsewhere it makes no difference."""
    with Children("auto", tiers=["bubblewrap"]) as children:
        if not children.inexact:
            pytest.skip("samples are bounded here")
    built = site.build(env={"CODEEXEC_SANDBOX": "strict"})

    assert 1 == built.status
    assert {"samples": 5, "error": 5} == built.counts
    assert "`sandbox: strict`, but memory and processes of a sample are only counted here" in built.log
    assert "hint: build as root, or where systemd gives you cgroups" in built.log
    assert 0 == site.build().status


def test_each_rust_sample_has_a_program_of_its_own(bounded: Project) -> None:
    """Elsewhere samples share one; so that one cannot speak for another, here none does, and the page is the same."""
    assert 0 == bounded.build().status
    found = bounded.streams()[:4]
    results = bounded.root / ".cache/codeexec/results"
    shared = {json.loads(path.read_text())["sandbox"] for path in results.rglob("*.json")}

    built = bounded.build(env={"CODEEXEC_SANDBOX": "strict"})

    assert 0 == built.status, built.log
    assert {"samples": 5, "executed": 5, "met": 5} == built.counts
    assert (
        "in the sandbox `bubblewrap`, strict: each in a program of its own, bounded by the kernel, without the network"
        in built.log
    )
    assert found == bounded.streams()[:4]
    assert "strict" not in shared
    assert built.run is not None
    assert "strict" == built.run["sandbox"]


def test_nothing_gives_the_network(bounded: Project) -> None:
    """The configuration does not, and that is said; a fence that asks for it is an error."""
    bounded.configure({"sandbox": "strict", "languages": {"bash": {"network": True}}})
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        call = f"(echo x >/dev/tcp/127.0.0.1/{server.getsockname()[1]}) 2>/dev/null || echo none"
        bounded.page(f"```bash exec\n{call}\n```\n\n```bash exec network\n{call}\n```\n")

        built = bounded.build()

        with pytest.raises(BlockingIOError):
            server.accept()
    assert 1 == built.status
    assert ["met", "error"] == bounded.verdicts()
    assert [("stdout", "none")] == bounded.streams()
    assert "`sandbox: strict` gives no sample the network, whatever `languages.bash.network` says" in built.log
    assert "docs/index.md:5: `network`: `sandbox: strict` gives no sample the network" in built.log


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "limits", "off"])
def test_what_came_about_under_less_is_a_miss(bounded: Project, tier: str) -> None:
    """Nothing is taken from the store but what came about so; that is good for everybody else."""
    bounded.page(RUST + WHO)
    assert {"samples": 5, "executed": 5, "met": 5} == bounded.build(env={"CODEEXEC_SANDBOX_TIERS": tier}).counts
    bounded.env["CODEEXEC_SANDBOX"] = "strict"
    assert {"samples": 5, "executed": 5, "met": 5} == bounded.build().counts
    assert {"samples": 5, "cached": 5, "met": 5} == bounded.build().counts
    for mode in ("required", "auto"):
        assert {"samples": 5, "cached": 5, "met": 5} == bounded.build(env={"CODEEXEC_SANDBOX": mode}).counts


def test_where_bubblewrap_does_not_work_nothing_is_executed(site: Project) -> None:
    """The error names the reason and what to do."""
    built = site.build(env={"CODEEXEC_SANDBOX": "strict", "CODEEXEC_SANDBOX_TIERS": "landlock,limits"})

    assert 1 == built.status
    assert {"samples": 5, "error": 5} == built.counts
    assert (
        "`sandbox: strict`, but samples would only be under `landlock` here (`bubblewrap`: it is ruled out)"
        in built.log
    )
