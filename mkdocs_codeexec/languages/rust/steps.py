"""The command lines of a Rust sample: what its key is made of, places of this machine left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights, terminals
from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.languages.rust.source.prepare import FILE
from mkdocs_codeexec.languages.rust.variables import for_compilers

if TYPE_CHECKING:
    from collections.abc import Container

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import RustSettings, Settings

_CRATE = "--crate-name=sample"
_COMPILE = (
    "--crate-type=bin",
    # rustdoc puts `#![allow(unused)]` into samples; on the command line it moves nothing.
    "-Aunused",
    "--error-format=json",
    "--json=diagnostic-rendered-ansi",
    # Wide enough that no row of source is cut: pages scroll, and inserted text can be found again.
    "--diagnostic-width=4000",
    "-Ccodegen-units=1",
)
_LINK = ("-Cstrip=debuginfo", "-o", "sample")
_LINK_TRACED = ("-Cdebuginfo=limited", "-o", "sample")
"""Where frames of a backtrace are to say their lines, and those of inlined functions their whole names."""
_CHECK = ("--emit=metadata", "-o", "sample.rmeta")
"""What rustdoc does for `no_run`: everything up to code generation."""


def steps(sample: Sample, rust: RustSettings, settings: Settings, site: Container[str]) -> tuple[Step, ...]:
    """Return how `sample` is compiled, and run if that is wanted.

    Args:
        sample: What the author wrote.
        rust: What is configured of Rust.
        settings: What else is configured.
        site: The names of variables that cargo's configuration beside the site sets.
    """
    edition = sample.options.get("edition") or rust.edition
    crate = () if "crate_name" in sample.code else (_CRATE,)  # rustc refuses it beside `#![crate_name]`
    harness = ("--test",) if "test_harness" in sample.options else ()
    given = {**dict(rust.env), **dict(sample.given.env)}
    # Tests that run at once print in an order of their own.
    threads = {"RUST_TEST_THREADS": "1"} if harness and "RUST_TEST_THREADS" not in site else {}
    env = {"RUST_BACKTRACE": rust.backtrace, **threads, **given}
    link = _LINK if env["RUST_BACKTRACE"] == "0" else _LINK_TRACED
    how = (*_COMPILE, *harness, *(_CHECK if sample.build_only else link))
    argv = ("{rustc}", "{environment}", f"--edition={edition}", *crate, *how, FILE)
    network = rights.network(rust.network, sample.given.network, settings.sandbox)
    build = Step(
        kind="build",
        argv=argv,
        timeout=settings.build_timeout,
        env=tuple(sorted(for_compilers(given).items())),
        limits=settings.build_limits,
        network=network,
    )
    if sample.build_only:
        return (build,)
    run = Step(
        kind="run",
        argv=("./sample", *sample.given.args),
        timeout=sample.timeout or settings.seconds("rust"),
        stdin=sample.given.stdin,
        env=tuple(sorted({**terminals.variables(sample.given), **env}.items())),
        limits=settings.limits,
        network=network,
        merged=sample.given.merged,
        columns=terminals.columns(sample.given, env),
    )
    return build, run
