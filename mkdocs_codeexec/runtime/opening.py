"""What resolving needs of the machine, opened as the user configured it: the store, and those who execute."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mkdocs_codeexec.core.protocols import Blobs, Executor, Language, Runner, Store
    from mkdocs_codeexec.core.recipe import Recipe
    from mkdocs_codeexec.core.resolved import Took
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.runtime.jobserver import Jobserver
    from mkdocs_codeexec.worktree.tree import Worktree

MIB = 1024 * 1024


def open_store(settings: Settings, warn: Callable[[str], None]) -> Store:
    """Return the store that `settings` ask for. Nothing is read or made yet.

    Args:
        settings: What the user configured.
        warn: Takes a message for people; any thread may call it.
    """
    size = settings.cache_size
    return DirectoryStore(
        settings.cache_dir, warn, size=None if size is None else size * MIB, writable=settings.cache_write
    )


@contextmanager
def open_workers(  # noqa: PLR0913 - named, all but two
    recipe: Recipe,
    languages: Mapping[str, Language],
    *,
    path: str,
    tell: Callable[[str], None] | None = None,
    blobs: Blobs | None = None,
    project: Worktree | None = None,
    private: Path | None = None,
    jobserver: Jobserver | None = None,
    note: Callable[[Took], None] | None = None,
    own: Path | None = None,
) -> Iterator[tuple[Runner, Executor]]:
    """Open what executes Actions on this machine; leaving it ends all that is under way.

    Args:
        recipe: How they are executed.
        languages: Those that they may name, set up on this machine.
        path: The search path of this machine, for every child.
        tell: Takes messages for people: what could not be removed, what does not answer.
        blobs: Where files are kept that Actions leave to others; None is a folder of this process.
        project: Where the project is on this machine, and what of it samples may see; None if it is not there.
        private: Where is kept what libraries need not make anew in each sample; None for nowhere.
        jobserver: Shared with others, who execute at the same time; None where nobody does.
        note: Hears what takes time.
        own: A folder of the user's; None if there is none.
    """
    from mkdocs_codeexec.runtime.executor import ParallelExecutor
    from mkdocs_codeexec.runtime.process import Children

    with Children(recipe.sandbox, path=path, tiers=recipe.tiers, say=tell) as children:
        executor = ParallelExecutor(
            children,
            languages,
            jobs=recipe.jobs,
            total_timeout=recipe.total_timeout,
            path=path,
            tell=tell,
            blobs=blobs,
            project=project,
            private=private,
            token=jobserver.token if jobserver else nullcontext,
            note=note,
            own=own,
        )
        try:
            yield children, executor
        finally:
            executor.close()
