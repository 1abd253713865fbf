"""What the user configured, checked and frozen. Made by `config`, read by everybody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.core.confinement import BUILD_LIMITS, RUN_LIMITS, WALLS, Limits, SandboxMode, Tier
from mkdocs_codeexec.core.consoles import NO_DIALECT, ConsoleKind, Dialect
from mkdocs_codeexec.core.hooks import Hooks
from mkdocs_codeexec.core.host import MKDOCS as MKDOCS  # noqa: PLC0414 - it is a part of settings
from mkdocs_codeexec.core.host import Host as Host  # noqa: PLC0414 - as above
from mkdocs_codeexec.core.patterns import ALL_PAGES, Patterns
from mkdocs_codeexec.core.sample import Presentation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path


RunPolicy: TypeAlias = Literal["marked", "all", "check", "none"]
"""Which fences of a language run: those with `exec`; every one; every one, only type-checked; none."""

NetworkPolicy: TypeAlias = Literal["false", "ask", "true"]
"""Which samples of a language may use the network: none; those whose fences ask for it; all but those that do not want it."""

ExecuteMode: TypeAlias = Literal["auto", "always", "frozen", "never"]
"""Run what the store lacks; run all; run nothing and miss nothing; run nothing."""


HiddenPolicy: TypeAlias = Literal["button", "omit"]
"""What is on the page of hidden lines: a button that shows them, or nothing."""

HtmlPolicy: TypeAlias = Literal["page", "sandbox"]
"""Where HTML goes that a sample prints: into the page, or into a frame in which nothing runs and from which nothing is loaded."""


Compatibility: TypeAlias = Literal["none", "markdown-exec"]
"""Whose defaults fences have: our own, or those of another tool that a site comes from."""


REPORTS = ("junit", "sarif", "code_quality", "summary", "trace")
"""Kinds of files that tell what samples came to."""
Includes: TypeAlias = Literal["none", "mdbook"]
"""Whose way to include files is known on pages: nobody's, or that of mdBook."""


EDITIONS = ("2015", "2018", "2021", "2024")
"""Of Rust, oldest first."""


BINARIES = "binaries"
"""The Environment that the programs of local packages are built in."""


SessionKind: TypeAlias = Literal["", "python", "shell", "concat", "console"]
"""One interpreter of Python; one shell; all steps as one file; the commands of consoles, one after the other; or none."""


class LanguageRule(NamedTuple):
    """What a fence's language word stands for.

    Attributes:
        name: Canonical name.
        run: Which of its fences run.
        hides_lines: Whether rustdoc's hidden lines are hidden.
        compiled: Whether it has a build step.
        options: Options of fences that make no sense for most languages, and do for this one.
        rustdoc: Whether fences with words of rustdoc's that name no language are of this one.
        presentation: What is shown of fences that do not say it.
        pages: A fence is plain code unless all of these hold its page.
        longest: Seconds that a fence may ask for; None if that is bounded otherwise.
        environments: The names of its sets of dependencies; empty if it has none.
        objection: Returns what is wrong with a text as a preamble, empty for nothing; None if it has no preamble.
        sessions: Whether fences with one `session` are steps of one program.
        workdir: Where samples start whose fences and pages do not say it; empty for an empty folder.
        hidelines: What lines begin with that run and are not shown, of fences that do not say it; empty for none.
        hashes: Whether `#` begins a comment, and so lines can end in `# markdown-exec: hide`.
        excluded: Whether it is told that a fence with `exec` is not executed because of its page.
        console: What reads the commands of its fences, if these are consoles.
        dialect: How these are written, if that is not known by what reads them.
        values: Whether samples can show the value of their last expression.
        patterns: What `[NAME]` stands for in what is written under commands, by name, sorted.
        uncovers: Whether readers can have hidden lines of samples shown.
        artifacts: Patterns of files that the page shows, of fences that do not say it.
    """

    name: str
    run: RunPolicy = "marked"
    hides_lines: bool = False
    compiled: bool = False
    options: frozenset[str] = frozenset()
    rustdoc: bool = False
    presentation: Presentation = Presentation()
    pages: tuple[Patterns, ...] = ()
    longest: float | None = None
    environments: tuple[str, ...] = ()
    objection: Callable[[str], str] | None = None
    excluded: bool = False
    sessions: bool = False
    workdir: str = ""
    hidelines: str = ""
    hashes: bool = False
    console: ConsoleKind = ""
    dialect: Dialect = NO_DIALECT
    values: bool = False
    patterns: tuple[tuple[str, str], ...] = ()
    uncovers: bool = False
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """One named Environment of Rust samples.

    Attributes:
        name: Its name; the one that fences get unless they name another is `default`.
        dependencies: cargo's `[dependencies]` table, as plain values: a version string or a table.
        manifest_extra: TOML that is appended to the manifest verbatim.
        binaries: Whether it is there for the programs of its dependencies, and not for samples.
    """

    name: str
    dependencies: Mapping[str, object] = field(default_factory=dict)
    manifest_extra: str = ""
    binaries: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RustSettings:
    """`languages.rust`.

    Attributes:
        run: Which fences run.
        edition: For fences that do not name one.
        toolchain: A rustup toolchain; None is what `rustc` is beside `mkdocs.yml`.
        preamble: Hidden lines put before every sample.
        backtrace: `RUST_BACKTRACE` of samples: `0`, `1` or `full`.
        environments: By name; always holds `default`.
        package: The path dependency that the site documents; None is the one whose folder holds `mkdocs.yml`.
        env: Variables that compilers of samples and samples get, sorted by name.
        notes: Whether pages show what compilers and panics say to everybody alike.
        inputs: Glob patterns, relative to `mkdocs.yml`, of files whose contents matter to samples.
        readable: Files and folders that samples may read, beside those; absolute.
        network: Which samples may use the network.
        presentation: What is shown of fences that do not say it.
        timeout: Seconds for one run step; None is as for all languages.
        environment: The one of fences that do not name one.
        pages: On which pages fences run.
        workdir: Where samples start; empty is as for all languages.
        binaries: Names of programs of local packages that samples in other languages find; None is all of them.
        sources: Repositories and registries of which packages of the checkout may want others: addresses, beginnings of
            them, and names of registries.
        artifacts: Patterns of files that the page shows, of fences that do not say it.
    """

    run: RunPolicy = "marked"
    edition: str = "2024"
    toolchain: str | None = None
    preamble: str = ""
    backtrace: str = "0"
    environments: Mapping[str, EnvironmentSettings] = field(default_factory=dict)
    package: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    notes: bool = False
    inputs: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    network: NetworkPolicy = "false"
    presentation: Presentation = field(default_factory=Presentation)
    timeout: float | None = None
    environment: str = "default"
    pages: Patterns = ALL_PAGES
    workdir: str = ""
    binaries: tuple[str, ...] | None = None
    sources: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()


PROMPT, MORE = "{prompt}", "{more}"
"""Stand, in what is said to an interpreter, for prompts that nobody can guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplSettings:
    """`console` of a language: an interpreter that is talked to, command by command.

    Attributes:
        dialect: How consoles are written.
        start: What it is told first, if its command line names no file; else what stands in that.
        mark: What it is told after each command, to print what its prompt would be; empty if it has that prompt.
        terminal: Whether it is told so on a terminal, as if it were typed; else by a pipe, as by a program.
    """

    dialect: Dialect
    start: str = ""
    mark: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """Any other language: a command line, or one to build and one to run.

    Attributes:
        name: Canonical name.
        aliases: Other words that fences may use.
        run: Which fences run.
        command: Command line of the run step; `{file}` is the sample's file, `{exe}` what was built.
        build: Command line of the build step; empty if there is none.
        extension: Of the sample's file, without the dot.
        version: Command line that makes the toolchain say what it is; empty for `<program> --version`.
        env: Variables that samples get, beside the usual ones.
        inputs: Glob patterns, relative to `mkdocs.yml`, of files whose contents matter to samples.
        readable: Files and folders that samples may read, beside those; absolute.
        network: Which samples may use the network.
        presentation: What is shown of fences that do not say it.
        timeout: Seconds for one run step; None is as for all languages.
        pages: On which pages fences run.
        session: How the steps of a session are one program; empty if it has no sessions.
        workdir: Where samples start; empty is as for all languages.
        hidelines: What lines begin with that run and are not shown; empty for none.
        split: Of `concat`, the statement between two steps, with `{mark}` in it.
        console: What reads the commands of its fences, if these are consoles.
        repl: How its interpreter is talked to, if that reads them.
        artifacts: Patterns of files that the page shows, of fences that do not say it.
    """

    name: str
    aliases: tuple[str, ...] = ()
    run: RunPolicy = "marked"
    command: tuple[str, ...]
    build: tuple[str, ...] = ()
    extension: str = ""
    version: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    network: NetworkPolicy = "false"
    presentation: Presentation = field(default_factory=Presentation)
    timeout: float | None = None
    pages: Patterns = ALL_PAGES
    session: SessionKind = ""
    workdir: str = ""
    split: str = ""
    hidelines: str = ""
    console: ConsoleKind = ""
    repl: ReplSettings | None = None
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it.

    Attributes:
        enabled: False: fences render as plain code, nothing runs.
        execute: What to do with the store's answers.
        fail_on_error: Whether `mkdocs build` fails when a verdict is not Met.
        fail_on_suspended: Whether it fails when a sample lacks something that it requires.
        jobs: Children at once, at least one.
        timeout: Seconds for one run step.
        build_timeout: Seconds for one build step.
        total_timeout: Seconds for the whole batch; None is unlimited.
        project_dir: The folder of `mkdocs.yml`.
        cache_dir: Where results are kept.
        environment_dir: Where Environments are kept.
        checkout_dir: The repository that holds `project_dir`, as git sees it; None if there is none.
        lent: Where earlier builds have kept theirs, for one that leaves nothing (`keeps`); otherwise None.
        sandbox: How strongly samples must be confined.
        tiers: Those that `sandbox` may choose from.
        limits: How much one run step may use.
        build_limits: How much one build step may use.
        cache_size: MiB of results that are kept; None is unlimited.
        cache_write: Whether results are stored.
        cache_write_refusal: Why they are not, if nobody asked for that; otherwise empty.
        stranger: Why this build is taken for one of a stranger's work; otherwise empty.
        verbose: Say more.
        pages: On which pages fences run.
        rust: `languages.rust`; None if it is not set up.
        scripts: Every other language, by canonical name.
        host: What messages call the host.
        host_env: The variables of this process. Children get a few of them by name, never all.
        published: Folders that the host writes the site to.
        workdir: Where samples start; empty for an empty folder.
        output_patterns: What `[NAME]` stands for in a fence with `output_of`, and in consoles, by name.
        html: Where HTML goes that a sample prints.
        reports: Files that a build writes of what samples came to, by kind: `junit`, `sarif`, `code_quality`, `summary`.
        hooks: Commands that are run around samples.
        includes: Whose way to include files is known on pages.
        literate: Where the source stands of fences whose text is a part of the page, if they do not say it.
        hidden_lines: What is on the page of hidden lines.
    """

    project_dir: Path
    cache_dir: Path
    environment_dir: Path
    enabled: bool = True
    execute: ExecuteMode = "auto"
    fail_on_error: bool = True
    fail_on_suspended: bool = False
    jobs: int = 1
    timeout: float = 10.0
    build_timeout: float = 60.0
    total_timeout: float | None = None
    sandbox: SandboxMode = "auto"
    tiers: tuple[Tier, ...] = WALLS
    limits: Limits = RUN_LIMITS
    build_limits: Limits = BUILD_LIMITS
    cache_size: int | None = 200
    cache_write: bool = True
    cache_write_refusal: str = ""
    stranger: str = ""
    lent: Path | None = None
    checkout_dir: Path | None = None
    verbose: bool = False
    pages: Patterns = ALL_PAGES
    rust: RustSettings | None = None
    scripts: Mapping[str, ScriptSettings] = field(default_factory=dict)
    host: Host = MKDOCS
    host_env: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Path, ...] = ()
    workdir: str = ""
    output_patterns: Mapping[str, str] = field(default_factory=dict)
    html: HtmlPolicy = "page"
    reports: Mapping[str, Path] = field(default_factory=dict)
    hooks: Hooks = field(default_factory=Hooks)
    includes: Includes = "none"
    literate: str = "above"
    hidden_lines: HiddenPolicy = "button"

    @property
    def languages(self) -> tuple[str, ...]:
        """The canonical names of those that are set up."""
        return (*(("rust",) if self.rust else ()), *self.scripts)

    def network(self, language: str) -> NetworkPolicy:
        """Return which samples of `language` may use the network; none of one that is not set up."""
        found = self.rust if language == "rust" else self.scripts.get(language)
        return found.network if found else "false"

    def seconds(self, language: str) -> float:
        """Return how long one run step in `language` may take, as configured."""
        found = self.rust if language == "rust" else self.scripts.get(language)
        return self.timeout if found is None or found.timeout is None else found.timeout

    @property
    def apart(self) -> tuple[Path, ...]:
        """The folders of ours, in which nothing is the author's."""
        return (self.cache_dir, self.environment_dir, *((self.lent,) if self.lent else ()))

    @property
    def private_dir(self) -> Path | None:
        """Where is kept what is believed: a folder that no checkout and no cache can bring along. None: there is none."""
        place = self.lent or self.environment_dir
        root = self.checkout_dir or self.project_dir
        return None if place.is_relative_to(root) or place.is_relative_to(self.cache_dir) else place

    @property
    def confines(self) -> bool:
        """Whether samples are to be confined at all; only who says so gets `off`."""
        return self.sandbox != "off" and self.tiers != ("off",)

    @property
    def keeps(self) -> bool:
        """Whether this build leaves anything that later builds read: results, lock files, built dependencies."""
        return self.cache_write or not (self.stranger or self.cache_write_refusal)

    @property
    def choosing(self) -> tuple[str, ...]:
        """The options that say on which pages samples run, as they are written: `include`, `languages.rust.exclude`."""
        return tuple(
            f"{where}{name}"
            for where, patterns in self._chosen().items()
            for name in ("include", "exclude")
            if getattr(patterns, name)
        )

    def on_all_pages(self) -> Settings:
        """Return the same without any of these."""
        scripts = {name: replace(script, pages=ALL_PAGES) for name, script in self.scripts.items()}
        rust = replace(self.rust, pages=ALL_PAGES) if self.rust else None
        return replace(self, pages=ALL_PAGES, scripts=scripts, rust=rust)

    def _chosen(self) -> dict[str, Patterns]:
        chosen = {"": self.pages, **{f"languages.{name}.": script.pages for name, script in self.scripts.items()}}
        return chosen | ({"languages.rust.": self.rust.pages} if self.rust else {})

    def idle(self, pages: Collection[str]) -> Iterator[str]:
        """Yield what is wrong with `include` and `exclude` if these are all pages: they match none."""
        for where, patterns in self._chosen().items():
            for name, pattern in patterns.idle(pages):
                yield f"`{where}{name}`: `{pattern}` matches no page"
