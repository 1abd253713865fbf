"""What is known of languages beforehand. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs_codeexec.core.settings import LanguageRule, ScriptSettings
from mkdocs_codeexec.languages import repls

PYTHON = "{python}"
"""Stands for the interpreter that runs MkDocs: a site documents the packages of the environment it is built in."""

BUILTIN: Mapping[str, ScriptSettings] = {
    language.name: language
    for language in (
        ScriptSettings(
            name="python", aliases=("py", "python3"), command=(PYTHON, "{file}"), extension="py", session="python"
        ),
        ScriptSettings(name="bash", command=("bash", "{file}"), extension="sh", session="shell"),
        ScriptSettings(name="sh", command=("sh", "{file}"), extension="sh", session="shell"),
        ScriptSettings(
            name="console",
            aliases=("shell-session", "shell", "shellsession", "sh-session", "bash-session"),
            command=("bash", "{file}"),
            extension="sh",
            session="console",
            console="shell",
        ),
        ScriptSettings(
            name="pycon",
            aliases=("python-console",),
            command=(PYTHON, "{file}"),
            extension="py",
            session="console",
            console="doctest",
            env=(("PYTHONUNBUFFERED", "1"),),  # so that both streams are in the order in which they were written
        ),
        ScriptSettings(
            name="irb",
            aliases=("rbcon",),
            command=("ruby", "{file}"),
            extension="rb",
            session="console",
            console="repl",
            repl=repls.IRB,
        ),
        ScriptSettings(
            name="node",
            aliases=("nodejsrepl",),
            command=("node", "{file}"),
            extension="js",
            session="console",
            console="repl",
            repl=repls.NODE,
        ),
    )
}
"""Languages that need nothing but their name in `mkdocs.yml`."""

OF_CONSOLES = frozenset({"verify", "prompt"})
"""Options of their fences."""

PYTHON_SESSION = "python"
"""How languages are set up that write tracebacks."""

PYTHON_OPTIONS = frozenset({"raises"})
"""Options of fences in a language that writes tracebacks."""

SCRIPT_OPTIONS = frozenset({"hidelines"})
"""Options of fences in every language but Rust, which has hidden lines of its own."""

HASHES = frozenset({"python", "bash", "sh", "pycon", "console", "irb"})
"""Languages in which `#` begins a comment, and so `# markdown-exec: hide` is one."""

RUST_ALIASES = ("rs",)
RUST = LanguageRule(
    "rust",
    hides_lines=True,
    compiled=True,
    options=frozenset({"edition", "environment", "standalone_crate", "test_harness"}),
    rustdoc=True,
    sessions=True,
)

VERSION: Mapping[str, tuple[str, ...]] = {
    "dart": ("--version",),
    "deno": ("--version",),
    "elixir": ("--version",),
    "erl": ("-noshell", "-eval", "io:put_chars(erlang:system_info(system_version)),halt()."),
    "ghc": ("--version",),
    "go": ("version",),
    "java": ("-version",),
    "javac": ("-version",),
    "kotlinc": ("-version",),
    "lua": ("-v",),
    "lua5.1": ("-v",),
    "lua5.3": ("-v",),
    "lua5.4": ("-v",),
    "luajit": ("-v",),
    "ocaml": ("-version",),
    "openssl": ("version",),
    "scala": ("-version",),
    "tclsh": (),
    "zig": ("version",),
}
"""How to ask a program what it is, where that is not `--version`; empty: it cannot be asked."""

CACHE: Mapping[str, tuple[str, str]] = {"go": ("GOCACHE", "go-build")}
"""Programs that would build their library anew for every sample, as its home directory is empty: the variable that
names their cache, and a folder for it beside the Environments. It is a place, decides no outcome, and is in no key."""
