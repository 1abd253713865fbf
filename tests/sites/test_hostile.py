"""A site whose pages were written by somebody who wants more than to document: real compilers, real attacks."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Project

SECRET = "canary-41b7c"


@pytest.fixture(params=["bubblewrap", "landlock"])
def guarded(request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a site that is built under one tier, on a machine with secrets."""
    with confined(request.param):
        pass
    project.env["CODEEXEC_SANDBOX_TIERS"] = request.param
    project.env["CODEEXEC_SANDBOX"] = "required"
    project.env["GITHUB_TOKEN"] = SECRET
    project.env["AWS_SECRET_ACCESS_KEY"] = SECRET
    monkeypatch.setenv("CODEEXEC_TEST_SECRET", SECRET)
    for name in (".git/config", ".env", "secret.txt", "docs/secret.txt"):
        project.write(name, SECRET)
    return project


@pytest.fixture
def server() -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of a server on this machine, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    heard.append(listening.accept()[0].recv(99))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        yield listening.getsockname()[1], heard
        over.set()
        thread.join()


def fence(code: str, options: str = "rust exec") -> str:
    return f"```{options}\n{code}\n```\n\n"


def test_compiling_reads_nothing_of_the_machine(guarded: Project) -> None:
    """Files and variables cannot be read by macros; each attempt is an ordinary compiler error of its own sample."""
    home = Path.home()
    places = [str(guarded.root / name) for name in (".git/config", ".env", "secret.txt", "docs/secret.txt")]
    places += ["/etc/shadow", "/etc/passwd", str(home / ".bashrc"), f"/proc/{os.getpid()}/environ"]
    page = "".join(fence(f'println!("{{}}", include_str!("{place}"));', "rust exec compile_fail") for place in places)
    page += fence('println!("{:?} {:?}", option_env!("GITHUB_TOKEN"), option_env!("AWS_SECRET_ACCESS_KEY"));')
    page += fence('println!("{}", std::env::vars().filter(|(name, _)| !name.starts_with("CARGO")).count());')
    guarded.page(page)

    built = guarded.build()

    assert 0 == built.status, built.log
    assert {"samples": 10, "executed": 10, "met": 10} == built.counts
    assert SECRET not in guarded.html()
    assert "None None" in guarded.html()
    assert built.run is not None
    assert guarded.env["CODEEXEC_SANDBOX_TIERS"] == built.run["sandbox"]
    assert 16 >= int(guarded.streams()[-1][1])


def test_running_reaches_nothing_of_the_machine(guarded: Project, server: tuple[int, list[bytes]]) -> None:
    """Shell, Python and Rust samples find no secret, reach no server and leave no file."""
    port, heard = server
    target = guarded.root / "docs/left.txt"
    page = fence(
        f"cat {guarded.root}/.git/config {guarded.root}/secret.txt ~/.bashrc /etc/shadow", 'bash exec exit="1"'
    )
    page += fence(f"echo x >{target}; echo x >{guarded.root}/docs/index.md", 'bash exec exit="any"')
    page += fence("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; env; true", "bash exec")
    page += fence(f"echo hello >/dev/tcp/127.0.0.1/{port}", 'bash exec exit="any"')
    page += fence(f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}')", 'python exec exit="1"')
    page += fence(f'println!("{{:?}}", std::net::TcpStream::connect("127.0.0.1:{port}").is_err());')
    page += fence(f'println!("{{:?}}", std::fs::read_to_string("{guarded.root}/secret.txt").is_err());')
    page += fence("sudo -n id; su -c id; id -u", 'bash exec exit="any"')
    guarded.page(page)

    built = guarded.build()

    assert 0 == built.status, built.log
    assert [] == heard
    assert SECRET not in guarded.html()
    assert not target.exists()
    assert "uid=0" not in guarded.html()
    assert ["true\n", "true\n"] == [text + "\n" for _, text in guarded.streams() if text == "true"]


def test_who_asks_for_the_network_gets_it(guarded: Project, server: tuple[int, list[bytes]]) -> None:
    """`network` on a fence is for that sample alone, and what it prints is another Outcome."""
    port, heard = server
    guarded.configure({"languages": {"bash": {"network": "ask"}}})
    code = f"echo hello >/dev/tcp/127.0.0.1/{port}"
    guarded.page(fence(code, 'bash exec exit="any"') + fence(code, "bash exec network"))

    built = guarded.build()

    assert 0 == built.status, built.log
    assert [b"hello\n"] == heard
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts


def test_a_page_grants_itself_nothing(guarded: Project, server: tuple[int, list[bytes]]) -> None:
    """`network` and a long `timeout` count as far as the configuration says; else they are errors with place and hint."""
    port, heard = server
    fences = fence(f"echo hello >/dev/tcp/127.0.0.1/{port}", "bash exec network")
    guarded.page(fences + fence("echo late", 'bash exec timeout="31"') + fence("echo soon", 'bash exec timeout="30"'))

    built = guarded.build()

    assert 1 == built.status
    assert [] == heard
    assert ["error", "error", "met"] == guarded.verdicts()
    assert "docs/index.md:1: `network`: the configuration gives fences in `bash` no network" in built.log
    assert "write `network: ask` below `languages.bash` in `mkdocs.yml`" in built.log
    assert 'docs/index.md:5: `timeout="31"`: a fence may ask for 30 s at most here' in built.log


def test_a_stranger_s_page_gets_no_network(guarded: Project, server: tuple[int, list[bytes]]) -> None:
    """In a build of a fork's pull request `ask` is no; what was stored by a build of one's own is shown."""
    port, heard = server
    guarded.configure({"languages": {"bash": {"network": "ask"}}})
    known, new = (fence(f"echo {word} >/dev/tcp/127.0.0.1/{port}", "bash exec network") for word in ("known", "new"))
    guarded.page(known)
    assert 0 == guarded.build().status
    guarded.page(known + new)

    built = guarded.build(env={"GITHUB_EVENT_NAME": "pull_request_target"})

    assert 1 == built.status
    assert [b"known\n"] == heard
    assert ["met", "error"] == guarded.verdicts()
    why = "`network` is not granted to fences here: this build is of the event `pull_request_target`"
    assert f"docs/index.md:5: {why}" in built.log


def test_what_uses_too_much_is_stopped_by_name(guarded: Project) -> None:
    """Bombs of every kind end, are named on the page and in the log, are not stored, and leave the others untouched."""
    guarded.configure({"timeout": 6, "build_timeout": 4, "limits": {"cpu": 1, "memory": 128}})
    bombs = {
        "more than 64 processes": fence("b() { b | b & }; b; sleep 9", "bash exec"),
        "more than 128 MiB of memory": fence("x = bytearray(b'x') * (1 << 30)", "python exec"),
        "more than 64 MiB in the working directory": fence("head -c 99M /dev/zero >x || exit 1; sleep 1", "bash exec"),
        # A busy machine may take long to give it a second.
        "more than 1 s of processor time": fence("loop {}", 'rust exec timeout="18"'),
        "more than 1024 KiB of output": fence("yes", "bash exec"),
        "timed out after 6 s": fence("sleep 60", "bash exec"),
        # The interpreter of constants has no limit of its own: `#![allow(long_running_const_eval)]`.
        "build timed out after 4 s": fence(
            "#![allow(long_running_const_eval)]\nconst X: u64 = { let mut i = 0u64; while i < u64::MAX { i += 1; } i };\n"
            'fn main() { println!("{X}"); }'
        ),
    }
    guarded.page(fence("echo fine", "bash exec") + "".join(bombs.values()) + fence('println!("fine too");'))

    built = guarded.build()

    assert 1 == built.status
    assert {"samples": 9, "executed": 9, "met": 2, "unmet": 7} == built.counts, built.log
    for name in bombs:
        assert name in built.log, name
        assert name in guarded.html(), name
    entries = list((guarded.root / ".cache/codeexec/results").rglob("*.json"))
    assert 2 == len(entries)


def test_a_weaker_outcome_does_not_count_where_isolation_is_required(guarded: Project) -> None:
    """What was executed without a sandbox is executed again under `sandbox: required`, and only once."""
    guarded.page(fence("echo hello", "bash exec"))
    guarded.env["CODEEXEC_SANDBOX"] = "off"
    assert {"samples": 1, "executed": 1, "met": 1} == guarded.build().counts
    guarded.env["CODEEXEC_SANDBOX"] = "required"
    assert {"samples": 1, "executed": 1, "met": 1} == guarded.build().counts
    assert {"samples": 1, "cached": 1, "met": 1} == guarded.build().counts


def test_required_refuses_a_machine_that_cannot_isolate(project: Project) -> None:
    """Nothing is executed, each sample says why, and the message names what would mend the machine."""
    project.page(fence("echo hello", "bash exec"))
    project.env |= {"CODEEXEC_SANDBOX": "required", "CODEEXEC_SANDBOX_TIERS": "limits"}

    built = project.build()

    assert 1 == built.status
    assert {"samples": 1, "error": 1} == built.counts
    assert "`sandbox: required`, but samples would only be under `limits` here" in built.log
