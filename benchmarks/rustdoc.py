"""What `rustdoc --test` says of a Markdown file, fence by fence."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measuring

_TEST = re.compile(r"^test (.*) \(line (\d+)\)(?: - [a-z ]+)? \.\.\. (ok|FAILED|ignored)\b", re.MULTILINE)
_MESSAGE = re.compile(r"^---- (.*) \(line (\d+)\) stdout ----\n", re.MULTILINE)
_MESSAGES_END = re.compile(r"^\n*failures:$", re.MULTILINE)
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
        sample: Seconds of processor time for one program, and for compiling it.
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
    # rustdoc limits nothing: a sample without an end takes all memory with what it prints.
    limited = ("sh", "-c", f'ulimit -t {limits.sample}; exec "$@"', "sh", *argv, str(file))
    child = subprocess.Popen(
        limited,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        stdout, stderr = child.communicate(timeout=limits.file)
        late = False
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        stdout, stderr = child.communicate()
        late = True
    said = parse(stdout)
    if late:
        return Answer(said, f"rustdoc had not ended after {limits.file} s", late=True)
    if said or not child.returncode:
        return Answer(said)
    return Answer(said, stderr.strip() or f"rustdoc exited with {child.returncode}")


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
