"""What `rustdoc --test` says of a Markdown file, fence by fence."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measuring

_TEST = re.compile(r"^test (.*) \(line (\d+)\)(?: - [a-z ]+)? \.\.\. (ok|FAILED|ignored)\b", re.MULTILINE)
_MESSAGE = re.compile(r"^---- (.*) \(line (\d+)\) stdout ----\n", re.MULTILINE)
_MESSAGES_END = re.compile(r"^\n*failures:$", re.MULTILINE)
_PROGRAM = "rust_out"
"""The name under which rustdoc compiles every sample."""
_SOME_FAILED = 101
_VERDICTS = {"ok": "met", "FAILED": "unmet", "ignored": "skipped"}


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a fence.

    Attributes:
        verdict: In our words: `met`, `unmet`, `skipped`.
        message: Of rustc or of the program; empty if all is well.
    """

    verdict: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take.

    Attributes:
        file: Seconds for all of a file.
        sample: Seconds for one program.
    """

    file: int
    sample: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a file.

    Attributes:
        said: By line of the fence.
        failure: What went wrong altogether; empty if nothing.
        late: Whether it took too long; what is missing in `said` had not ended.
    """

    said: Mapping[int, Said]
    failure: str = ""
    late: bool = False


def command(toolchain: str) -> tuple[str, ...]:
    """Return how rustdoc is called."""
    return ("rustdoc", f"+{toolchain}") if toolchain else ("rustdoc",)


def ask(file: Path, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], limits: Limits) -> Answer:
    """Run `argv` and `file`, and return what is said of the fence at each line."""
    child = subprocess.Popen(
        (*argv, str(file)),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    began = time.monotonic()
    late = False
    while True:
        try:
            stdout, stderr = child.communicate(timeout=1)
            break
        except subprocess.TimeoutExpired:
            _end_programs(child.pid, limits.sample)
            late = time.monotonic() - began > limits.file
            if late:
                os.killpg(child.pid, signal.SIGKILL)
    said = parse(stdout)
    if late:
        return Answer(said, f"rustdoc had not ended after {limits.file} s", late=True)
    if child.returncode in (0, _SOME_FAILED) and (said or not child.returncode):
        return Answer(said)
    return Answer(said, stderr.strip() or f"rustdoc exited with {child.returncode}")


def _end_programs(session: int, limit: int) -> None:
    """End the programs of `session` that have run for `limit` seconds and wait for no other; Linux only.

    rustdoc limits nothing: a program without an end holds up all others, and takes all memory with what it prints.
    """
    ticks, found = os.sysconf("SC_CLK_TCK"), []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text("utf-8", "replace").partition("(")[2].rpartition(")")
            found.append((int(stat.parent.name), name, rest.split()))
    parents = {int(fields[1]) for _, _, fields in found}
    for pid, name, fields in found:
        if name == _PROGRAM and int(fields[3]) == session and pid not in parents:
            age = float(Path("/proc/uptime").read_text().split()[0]) - int(fields[19]) / ticks
            if age > limit:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def parse(output: str) -> dict[int, Said]:
    """Return what `output`, of `rustdoc --test` for one file, says of the fence at each line."""
    messages: dict[int, str] = {}
    found = list(_MESSAGE.finditer(output))
    for message, following in zip(found, [*found, None][1:], strict=True):
        text = output[message.end() : following.start() if following else len(output)]
        end = _MESSAGES_END.search(text)
        messages[int(message[2])] = (text[: end.start()] if end else text).strip()
    return {
        int(test[2]): Said(_VERDICTS[test[3]], messages.get(int(test[2]), "") if test[3] == "FAILED" else "")
        for test in _TEST.finditer(output)
    }


def build(
    dependencies: Mapping[str, object], folder: Path, *, toolchain: str, edition: str, env: Mapping[str, str]
) -> tuple[str, ...]:
    """Build `dependencies` (cargo's table, as plain values) in `folder`, and return the arguments that make them known to rustdoc.

    Raises:
        MeasurementError: cargo failed.
    """
    folder.mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").touch()
    lines = [f'[package]\nname = "fidelity"\nversion = "0.0.0"\nedition = "{edition}"\n\n[dependencies]']
    lines += [f"{name} = {_toml(wanted)}" for name, wanted in dependencies.items()]
    (folder / "Cargo.toml").write_text("\n".join(lines) + "\n", "utf-8")
    cargo = ("cargo", f"+{toolchain}") if toolchain else ("cargo",)
    argv = (*cargo, "build", "--message-format=json")
    own = {**env, "CARGO_TARGET_DIR": str(folder / "target")}
    ended = measuring.succeed(argv, cwd=folder, env=own, scratch=folder)
    known = {
        wanted.get("package", name) if isinstance(wanted, dict) else name: name for name, wanted in dependencies.items()
    }
    found = {"-Ldependency=" + str(folder / "target" / "debug" / "deps"): None}
    for line in ended.stdout.splitlines():
        artifact = json.loads(line) if line.startswith("{") else {}
        name = known.get(_package(str(artifact.get("package_id", ""))))
        kinds = {"lib", "rlib", "proc-macro"}
        if name is None or not kinds & set(artifact.get("target", {}).get("kind", ())):
            continue
        library = next((file for file in artifact["filenames"] if file.endswith((".rlib", ".so"))), None)
        if library:
            crate = artifact["target"]["name"] if name in known else name
            found[f"--extern={crate.replace('-', '_')}={library}"] = None
    return tuple(found)


def _package(identity: str) -> str:
    """Return the name in cargo's package id: `registry+…#serde@1.0.0`, `path+file:///…/mylib#0.1.0`."""
    place, _, rest = identity.partition("#")
    name = rest.partition("@")[0]
    return name if "@" in rest else place.rsplit("/", 1)[-1]


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
