"""The private directories in which Actions are executed, and their removal, whatever was left in them."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.core.normalize import relative
from mkdocs_codeexec.core.outcome import NotStarted, StepResult
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command, Observe
from mkdocs_codeexec.core.terminals import WIDTH
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.runtime import warmed as warming
from mkdocs_codeexec.runtime.observed import projected, start
from mkdocs_codeexec.runtime.observed.asked import sifted
from mkdocs_codeexec.runtime.sandbox import places
from mkdocs_codeexec.runtime.sandbox.users import another, give, is_root
from mkdocs_codeexec.runtime.scratch_root import unguessable
from mkdocs_codeexec.runtime.supervising.protocol import PROJECT, SCRATCH, STEPS
from mkdocs_codeexec.untrusted import Folder, remove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.confinement import Access, Tier
    from mkdocs_codeexec.core.protocols import Runner, Scratch
    from mkdocs_codeexec.runtime.leaving import Leaving
    from mkdocs_codeexec.runtime.projected import Projected
    from mkdocs_codeexec.runtime.warmed import Given, Warmed

FULL_BELOW = 64 * 1024
"""Bytes that are free on a disk that is called full."""

VARIABLE = "CODEEXEC_PROJECT"
"""What names the folder of the project to every child."""

EVERY_CHILD = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "xterm-256color",
    "COLUMNS": str(WIDTH),
    "CLICOLOR_FORCE": "1",
    "FORCE_COLOR": "1",
}
"""What every child gets, so that it prints the same everywhere, with colours though no terminal is there."""


class ScratchDirectory:
    """A Scratch; a context manager that removes it.

    Layout: `work` is the working directory, with the given files and nothing else; `home` and `tmp` stand beside it. So do the
    given files that are in the folder `STEPS`, in a folder of that name: nobody finds them who lists what is in theirs.

    Attributes:
        leaving: What its Action gets of others, and leaves to others; set before it is first used, None if nothing.

    Args:
        root: Where it is made.
        files: Names and texts.
        runner: Starts what is run here.
        path: The `PATH` of every child.
        output_limit: Bytes read of one stream.
        keep_head: Bytes kept of the start of a long stream; None is as usual.
        seed: Chooses the user that children become where root runs this; by default the files do.
        project: What children see of the project, which is where they start; None for nothing.
        start: The folder in it where they start; empty for itself.
        over: Those of the files that they see there, too.
        named: What `CODEEXEC_PROJECT` says where they see nothing of it; empty for nothing.
        warmed: What libraries need not make anew; None if they shall.

    It is made when it is first used. An Action that is only checked, together with others, needs none.
    """

    def __init__(  # noqa: PLR0913 - each is needed
        self,
        root: Path,
        files: Sequence[tuple[str, str]],
        runner: Runner,
        path: str,
        *,
        output_limit: int,
        keep_head: int | None = None,
        seed: str = "",
        project: Projected | None = None,
        start: str = "",
        over: Sequence[str] = (),
        named: str = "",
        warmed: Warmed | None = None,
    ) -> None:
        self.leaving: Leaving | None = None
        self._seed = seed
        self._root = root
        self._files = files
        self._runner = runner
        self._search = path
        self._limits = {"output_limit": output_limit} | ({} if keep_head is None else {"keep_head": keep_head})
        self._all: Path | None = None
        self._user: int | None = None
        self._project = project
        self._start = start
        self._over = tuple(over)
        self._named = named
        self._warmed = warmed
        self._copied = False

    @property
    def path(self) -> Path:
        """The working directory.

        Raises:
            OSError: It cannot be made: the disk is full, say.
            CodeExecError: A name of a file would leave it.
        """
        return (self._all or self._make()) / "work"

    @property
    def _shared(self) -> bool:
        """Whether files in it may be links to files in others: nothing that is run here can change them then.

        As root each Action has a user of its own; bubblewrap mounts what was built, unchangeable.
        """
        return self._runner.tier in ("bubblewrap", "off") or is_root()

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Its folders, innermost first, and what they are called where somebody reads of them.

        Their real names are others in each run. `$HOME` and `$TMPDIR` are what a sample itself would say.
        """
        if self._all is None:
            return ()
        return (
            (str(self._all / "work"), "."),
            (str(self._all / PROJECT), "."),
            (str(self._all / "home"), "$HOME"),
            (str(self._all / "tmp"), "$TMPDIR"),
            (str(self._all), ".."),
            (str(self._root), "../.."),
        )

    def _make(self) -> Path:
        user = None if self._runner.tier == "off" else another(self._seed or repr(self._files))
        name = unguessable()
        with Folder.at(self._root) as root, root.folder(name, make=True, mode=0o700) as made:
            try:
                files = [(_parts(file), text.encode("utf-8", "surrogatepass")) for file, text in self._files]
                steps = [(parts[1:], data) for parts, data in files if parts[0] == STEPS and len(parts) > 1]
                for folder in (*SCRATCH, *((STEPS,) if steps else ())):
                    with made.folder(folder, make=True, mode=0o755) as one:
                        for parts, data in steps if folder == STEPS else ():
                            _write(one, parts, data)
                        if folder == "work":
                            for parts, data in files:
                                if parts[0] != STEPS:
                                    _write(one, parts, data)
                            if (
                                self.leaving is not None
                            ):  # as root, the next line would make a link's file somebody's own
                                linked = self._runner.tier == "bubblewrap" and user is None
                                self.leaving.restore(one, linked=linked)
                        if user is not None:
                            give(one, user)
                if user is not None:  # it stays root's: what is in it cannot be replaced by links
                    root.permit(name, 0o711)
            except BaseException:
                remove(root, name)
                raise
        self._user = user
        self._copied = False
        self._all = self._root / name
        return self._all

    def __enter__(self) -> ScratchDirectory:
        return self

    def __exit__(self, *exc: object) -> None:
        made, self._all = self._all, None
        if made is None:
            return
        with suppress(OSError), Folder.at(self._root) as root:
            try:
                # What most samples leave is gone so in a fifth of the time.
                with root.folder(made.name) as folder:
                    steps = (STEPS,) if any(file.startswith(f"{STEPS}/") for file, _ in self._files) else ()
                    for place in ("work", *steps):
                        with folder.folder(place) as one:
                            for name in one.names():
                                one.unlink(name)
                    for name in (*SCRATCH, *steps):
                        folder.rmdir(name)
                root.rmdir(made.name)
            except (OSError, ValueError):
                remove(root, made.name)  # what resists is told with the root

    def has(self, name: str, *, regular: bool = True) -> bool:
        """Tell whether there is a regular file `name`; or anything of that name, if it need not be `regular`.

        Raises:
            CodeExecError: The name would leave the directory.
        """
        *folders, last = _parts(name)
        try:
            at = self.opened()
            for folder in folders:
                with at:
                    at = at.folder(folder)
            with at:
                return stat.S_ISREG(at.about(last).st_mode) or not regular
        except (OSError, ValueError):
            return False

    def put(self, name: str, text: str) -> None:
        """Have the file `name` hold `text` instead of what was given, before anything is run here.

        Raises:
            OSError: It cannot be written.
        """
        with self.opened() as work:
            work.unlink(name)
            work.create(name, text.encode("utf-8", "surrogatepass"))
            if self._user is not None:
                work.own(name, self._user)

    def adopt(self, name: str, other: Scratch) -> None:
        """Have the file `name` of `other` here too: a link to it where nothing that is run here could change it.

        Raises:
            UnfitError: It is no regular file.
            OSError: It cannot be read or written.
        """
        assert isinstance(other, ScratchDirectory)
        with other.opened() as source, self.opened() as work:
            fd = source.open_file(name)
            try:
                about = os.fstat(fd)
                if self._shared:
                    with suppress(OSError):  # a file system without hard links
                        source.link(name, work)
                        if os.path.samestat(work.about(name), about):
                            return
                        work.unlink(name)  # it was replaced just now
                work.take(name, fd, about.st_mode & 0o777)
            finally:
                os.close(fd)

    def opened(self) -> Folder:
        """Open the working directory.

        Raises:
            OSError: It cannot be opened: something else is in its place, say.
        """
        folder = self.path
        with Folder.at(self._root) as root, root.folder(folder.parent.name) as made:
            return made.folder(folder.name)

    def run(
        self,
        step: Step,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        access: Access = NO_ACCESS,
        observe: Observe = "",
    ) -> StepResult:
        """Run `step` here, by the command line `argv`, with no more of the machine than `access`.

        The environment is the one that every child gets, then the step's own variables, then `env`.
        """
        folder = self.path
        search = places.search(self._search, access) if self._runner.tier in ISOLATING else self._search
        search = ":".join((*access.programs, search))
        own = {"PATH": search, "HOME": str(folder.with_name("home")), "TMPDIR": str(folder.with_name("tmp"))}
        tier = self._runner.tier
        leaves = None
        if step.kind == "run" and self.leaving is not None and self.leaving.wanted:
            with self.opened() as work:
                self.leaving.note(work, covered=tier == "bubblewrap")
            leaves = self.leaving.take
        # What a compiler reads is not observed where it tells that itself.
        project = self._project if step.kind == "run" or observe else None
        place = folder.with_name(PROJECT)
        if project and step.kind == "run" and not self._has_start(project):
            why = NotStarted(f"`workdir`: there is no folder `{self._start}` in the project, as git sees it")
            return StepResult(kind=step.kind, stdout="", stderr="", ended=why)
        own |= {VARIABLE: str(place)} if project else {VARIABLE: self._named} if self._named else {}
        variables = {**EVERY_CHILD, **own, **dict(step.env), **env}
        given = None
        if observe == "python":
            given = self._given(step, argv[0], env, access)
            variables["PYTHONPATH"] = ":".join(filter(None, (*_ours(tier), variables.get("PYTHONPATH", ""))))
            if given:
                variables[warming.VARIABLE] = given.path
        if tier in ISOLATING:
            access = reached(access, observe, given, network=step.network)
        command = Command(
            argv=argv,
            cwd=place / self._start if project and step.kind == "run" else folder,
            env=variables,
            timeout=step.timeout,
            stdin=step.stdin,
            access=replace(access, network=step.network),
            limits=step.limits,
            scratch=self._all,
            user=self._user,
            observe=observe,
            project=self._shown(project, place) if project else None,
            over=self._over if project else (),
            marks=step.marks,
            merged=step.merged,
            columns=step.columns,
            turns=step.turns,
            shows=step.kind == "run",
            leaves=leaves,
            **self._limits,  # type: ignore[arg-type]
        )
        result = self._runner.run(command, step.kind)
        if project:
            result = relative(result, str(place))
            result = replace(result, began=min(result.began, project.began))
        if result.asked is None:
            return result
        taken = [item for item in result.asked if given and item[1:] == given.path]
        if given and taken:  # it depends on all that it was made from
            rest = {*result.asked}.difference(taken)
            result = replace(result, asked=tuple(sorted(rest)), began=min(result.began, given.began))
        looked = (*(result.asked or ()), *((f"f{place / self._start}",) if self._start else ()))  # that it is there
        asked, seen = projected.parted(looked, str(place)) if project else (looked, [])
        found = (*sifted(asked, str(self._root), access, tier), *seen)
        return replace(result, asked=tuple(sorted({*found, *given.asked})) if given and taken else found)

    def _given(self, step: Step, program: str, env: Mapping[str, str], access: Access) -> Given | None:
        """Return what libraries need not make anew in `step`."""
        if self._warmed is None or step.kind != "run":
            return None

        def make() -> StepResult:
            files, most = warming.program(), warming.LARGEST
            with ScratchDirectory(
                self._root, files, self._runner, self._search, output_limit=most, keep_head=most
            ) as scratch:
                return scratch.run(
                    warming.step(step.limits), (program, *warming.ARGV), warming.ENV, access, observe="python"
                )

        texts = (text for _, text in self._files)
        names = (*(name for name, _ in step.env), *env)
        how = (program, self._search, access.readable, access.writable)
        return self._warmed.given(texts, names, how, self._runner.tier, make)

    def _has_start(self, project: Projected) -> bool:
        """Tell whether the folder is there where children start; files of others may bring it."""
        if not self._start:
            return True
        return project.holds(self._start) or any(name.startswith(f"{self._start}/") for name in self._over)

    def _shown(self, project: Projected, place: Path) -> Path:
        """Return the copy of `project`; where there are no namespaces, copy that to `place`.

        Raises:
            CodeExecError: It is too large.
            OSError: There is no room for it.
        """
        if self._runner.tier != "bubblewrap" and not self._copied:
            with Folder.at(place.parent) as made, made.folder(place.name, make=True, mode=0o755) as into:
                project.copy(into)
                with self.opened() as work:
                    for name in self._over:
                        _put(work, into, _parts(name))
                if self._user is not None:
                    give(into, self._user)
            self._copied = True
        return project.folder


def reached(access: Access, observe: Observe, given: Given | None = None, *, network: bool) -> Access:
    """Return what a step reaches in a tier that isolates, with what of ours it imports and reads.

    That may be anywhere, below `/tmp` too, which bubblewrap covers.
    """
    ours = (*_ours(), *((given.folder,) if given else ())) if observe == "python" else ()
    return replace(access, readable=(*access.readable, *ours), network=network)


def _ours(tier: Tier = "bubblewrap") -> tuple[str, ...]:
    """Return the folders of what a Python imports that runs a sample."""
    return (*((start.folder(),) if tier != "off" else ()), rich_display.folder())


def is_full(folder: Path) -> bool:
    """Tell whether nothing more can be written to the disk that `folder` is on."""
    try:
        disk = os.statvfs(folder)
    except (AttributeError, OSError):  # Windows has no such call
        return False
    # What is set aside for root is free for root alone. Some file systems count nothing: their totals are 0.
    blocks, inodes = (disk.f_bfree, disk.f_ffree) if os.geteuid() == 0 else (disk.f_bavail, disk.f_favail)
    no_bytes = disk.f_blocks > 0 and blocks * disk.f_frsize < FULL_BELOW
    return no_bytes or (disk.f_files > 0 and inodes == 0)


def _write(folder: Folder, parts: Sequence[str], data: bytes) -> None:
    """Make a file below `folder`, and the folders that lead to it."""
    if len(parts) == 1:
        folder.create(parts[0], data)
        return
    with folder.folder(parts[0], make=True) as inner:
        _write(inner, parts[1:], data)


def _put(source: Folder, target: Folder, parts: Sequence[str]) -> None:
    """Copy the file of the path `parts` below `source` to the same below `target`, instead of what is there."""
    name, *rest = parts
    if rest:
        with source.folder(name) as inner, target.folder(name, make=True) as made:
            _put(inner, made, rest)
        return
    if target.has(name):
        target.unlink(name)
    fd = source.open_file(name)
    try:
        target.take(name, fd, os.fstat(fd).st_mode & 0o777)
    finally:
        os.close(fd)


def nameless(text: str, root: Path) -> str:
    """Return `text` without the names of scratch directories in `root`: they are others in each run."""
    text = re.sub(re.escape(f"{root}/") + r"[a-z2-7]{26}/work\b", ".", text)
    return re.sub(re.escape(f"{root}/") + r"[a-z2-7]{26}\b", "..", text)


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a file's name.

    Raises:
        CodeExecError: It is absolute, climbs, or is no name at all.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or any(c in name for c in "\\:\0"):
        raise CodeExecError(f"`{name}`: not the name of a file within the scratch directory")
    return parts
