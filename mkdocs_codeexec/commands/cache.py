"""`codeexec cache`: what is in the store of a site; what is damaged or not needed there goes; the store in one file."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.commands import add_json
from mkdocs_codeexec.commands.carrying import carried
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.site import collect, open_site, settings_of
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages import brought
from mkdocs_codeexec.outputs import is_output
from mkdocs_codeexec.runtime.bundles import ENVIRONMENTS
from mkdocs_codeexec.runtime.eviction import delete
from mkdocs_codeexec.runtime.inventory import Inventory, damage, places_of, unneeded
from mkdocs_codeexec.runtime.slices import KeptSlices
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.runtime.eviction import File
    from mkdocs_codeexec.sites import Collected
    from mkdocs_codeexec.untrusted import Place

ABOUT = "tell what is stored, remove what is damaged or not needed, or write and read the store as one file"
FORMAT = 1
FORMS = ("info", "verify", "gc", "clean", "export", "import")
ELSEWHERE = ("push", "pull")
"""What concerns a shared store, which is not there yet."""
MIB = 1024 * 1024
MOST = 50
"""Files and pages that people are told."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    about = (
        "info: sizes by language and page · verify: what is damaged · gc: remove what this site does not need, and what is "
        "damaged · clean: remove all results · export FILE, import FILE: what the site needs, as one file"
    )
    parser.add_argument("form", metavar="info|verify|gc|clean|export|import", help=about)
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="for `export` and `import`; `-` is standard output or input"
    )
    parser.add_argument(
        "--check", action="store_true", help="with `gc` and `clean`: remove nothing, tell what would go"
    )
    parser.add_argument("--trust", action="store_true", help="with `import`: take lock files that cannot be verified")


def execute(context: Context) -> int:
    """Do what was asked for, and tell it on standard output.

    Returns:
        0 if all is well, 1 if `verify` or `import` has found something that is damaged.

    Raises:
        ConfigurationError: The command line or the site cannot be used.
        CodeExecError: The file cannot be read or written.
    """
    asked = context.arguments
    _check(asked)
    if asked.form in ("info", "gc", "export"):
        with tempfile.TemporaryDirectory(prefix="codeexec-cache-") as name:
            found = collect(context.file, Path(name))
        settings = found.settings
    else:
        found, settings = None, settings_of(open_site(context.file))
    with Tree(settings.cache_dir) as tree:
        needs = _needed(tree, found) if found is not None else _Needs({}, {}, 0)
        done = _FORMS[asked.form](_Asked(tree, settings, needs, context.console, asked))
    console = on_stdout(settings) if asked.file != "-" or asked.form == "import" else context.console
    if asked.json:
        sys.stdout.write(json.dumps({"format": FORMAT, **done.report}, indent=1) + "\n")
    else:
        _tell(console, done.lines)
    return done.status


def _check(asked: argparse.Namespace) -> None:
    form = asked.form
    if form in ELSEWHERE:
        raise ConfigurationError(f"`cache {form}` is not available in this version of mkdocs-codeexec")
    if form not in FORMS:
        near = nearest(form, FORMS)
        hint = f"did you mean `{near}`?" if near else f"it is one of {', '.join(f'`{one}`' for one in FORMS)}"
        raise ConfigurationError(f"there is no `cache {form}`\n\nhint: {hint}\n")
    wants = form in ("export", "import")
    if wants and not asked.file:
        raise ConfigurationError(
            f"`cache {form}` needs the name of a file\n\nhint: write `codeexec cache {form} store.tar`\n"
        )
    if asked.file and not wants:
        raise ConfigurationError(f"`{asked.file}` is not an argument of `cache {form}`")
    if asked.check and form not in ("gc", "clean"):
        raise ConfigurationError(f"`--check` is not an argument of `cache {form}`")
    if asked.trust and form != "import":
        raise ConfigurationError(f"`--trust` is not an argument of `cache {form}`")
    if asked.json and asked.file == "-" and form == "export":
        raise ConfigurationError("`--json` and the store cannot both go to standard output\n\nhint: name a file\n")


def _tell(console: Console, lines: list[str]) -> None:
    for line in lines[:MOST]:
        console.say(line)
    if len(lines) > MOST + 1:
        console.say(f"… and {counted(len(lines) - MOST - 1, 'more line')}")
    for line in lines[MOST:][-1:]:
        console.say(line)


class _Needs(NamedTuple):
    """What a site needs of its store: each place with the language and the page that need it first.

    Attributes:
        languages: By place.
        pages: By place.
        missing: Samples of which nothing is stored.
    """

    languages: Mapping[Place, str]
    pages: Mapping[Place, str]
    missing: int


class _Asked(NamedTuple):
    tree: Tree
    settings: Settings
    needs: _Needs
    console: Console
    arguments: argparse.Namespace

    @property
    def checks(self) -> bool:
        return bool(self.arguments.check)


class _Done(NamedTuple):
    lines: list[str]
    report: dict[str, object]
    status: int = 0


def _needed(tree: Tree, found: Collected) -> _Needs:
    """Return what a site, as it is, needs of its store."""
    engine = Engine(found.settings, found.console)
    chosen = [sample for sample, _ in found.samples if not is_output(sample)]
    slices = KeptSlices(tree, writable=False)
    languages: dict[Place, str] = {}
    pages: dict[Place, str] = {}
    missing = 0
    for planned in engine.plan(chosen).planned:
        missing += planned.state == "miss"
        if planned.outcome is None or planned.action is None:
            continue
        action = engine.languages[planned.action.language].structured(planned.action)
        for at in places_of(tree, slices, action, planned.outcome):
            languages.setdefault(at, planned.sample.language)
            pages.setdefault(at, planned.sample.location.page)
    return _Needs(languages, pages, missing)


def _info(asked: _Asked) -> _Done:
    """Tell sizes: of all, of what this site needs by language and page, and of what it does not need."""
    inventory = Inventory.of(asked.tree)
    needs, languages, pages = asked.needs, Counter[str](), Counter[str]()
    for _, file in inventory.all():
        if file.place in needs.languages:
            languages[needs.languages[file.place]] += file.size
            pages[needs.pages[file.place]] += file.size
    rest = sum(file.size for file in unneeded(inventory, needs.languages))
    limit = asked.settings.cache_size
    most = f" of {limit} MiB" if limit is not None else ""
    results = len(inventory.files["results"])
    lines = [f"{asked.settings.cache_dir}: {_mib(inventory.size)}{most}, {counted(results, 'result')}"]
    lines += [f"{language}: {_mib(size)}" for language, size in languages.most_common()]
    lines += [f"{page}: {_mib(size)}" for page, size in pages.most_common()]
    lines.append(f"not needed by this site as it is: {_mib(rest)}{' (`codeexec cache gc` removes it)' if rest else ''}")
    report = {
        "directory": str(asked.settings.cache_dir),
        "bytes": inventory.size,
        "limit": None if limit is None else limit * MIB,
        "results": results,
        "languages": dict(languages),
        "pages": dict(pages),
        "unneeded": rest,
    }
    return _Done(lines, report)


def _verify(asked: _Asked) -> _Done:
    """Tell what is damaged."""
    found = _damaged(asked.tree)
    lines = [f"{asked.tree.path(at)}: {why}" for at, why in found.items()]
    number = sum(1 for _ in Inventory.of(asked.tree).all())
    hint = ": they count as absent; `codeexec cache gc` removes them" if found else ""
    lines.append(f"{counted(number, 'file')}, {len(found)} damaged{hint}")
    report = {"files": number, "damaged": [{"file": "/".join(at), "why": why} for at, why in found.items()]}
    return _Done(lines, report, int(bool(found)))


def _damaged(tree: Tree) -> dict[Place, str]:
    slices = KeptSlices(tree, writable=False)
    told = ((file.place, damage(tree, slices, kind, file)) for kind, file in Inventory.of(tree).all())
    return {at: why for at, why in told if why}


def _gc(asked: _Asked) -> _Done:
    """Remove what the site as it is does not need, and what is damaged."""
    damaged = _damaged(asked.tree)
    inventory = Inventory.of(asked.tree)
    gone = [file for _, file in inventory.all() if file.place in damaged or file.place not in asked.needs.languages]
    done = _removed(asked, inventory, gone)
    missing = asked.needs.missing
    if missing:
        done.lines.append(f"nothing is stored for {counted(missing, 'sample')} of the site")
    return done


def _clean(asked: _Asked) -> _Done:
    """Remove all results, and what leads to them."""
    inventory = Inventory.of(asked.tree)
    return _removed(asked, inventory, [file for _, file in inventory.all()])


def _removed(asked: _Asked, inventory: Inventory, gone: Sequence[File]) -> _Done:
    size = sum(file.size for file in gone)
    if not asked.checks:
        if not asked.settings.cache_write:
            raise ConfigurationError("nothing is removed: this build does not write to the store (`cache_write`)")
        size = delete(asked.tree, gone)
    words = "would be removed" if asked.checks else "removed"
    line = f"{counted(len(gone), 'file')} {words}, {_mib(size)}; {_mib(inventory.size - size)} left"
    return _Done(
        [line], {"files": len(gone), "bytes": size, "left": inventory.size - size, "removed": not asked.checks}
    )


def _export(asked: _Asked) -> _Done:
    """Write what the site needs into a file."""
    name, missing = asked.arguments.file, asked.needs.missing
    number, size = carried.export(asked.tree, asked.needs.languages, name)
    hint = (
        f"; nothing is stored for {counted(missing, 'sample')}: `codeexec run` executes them first" if missing else ""
    )
    lines = [f"{name}: {counted(number, 'file')}, {_mib(size)}{hint}"]
    return _Done(lines, {"files": number, "bytes": size, "missing": missing})


def _import(asked: _Asked) -> _Done:
    """Put into the store what a file holds that was written by `export`."""
    if not asked.settings.cache_write:
        raise ConfigurationError("nothing is imported: this build does not write to the store (`cache_write`)")
    name = asked.arguments.file
    trust = asked.arguments.trust
    taken = carried.take(
        asked.tree, name, (lambda *_: "") if trust else brought.objection(asked.settings, asked.console)
    )
    lines = [f"{entry}: left out, {why}" for entry, why in taken.refused]
    lines.append(f"{counted(taken.number, 'file')} taken from `{name}`, {len(taken.refused)} left out")
    if not trust and any(entry.startswith(f"{ENVIRONMENTS}/") for entry, _ in taken.refused):
        lines.append("hint: if you know who wrote it, `--trust` takes lock files as they are")
    report = {"files": taken.number, "refused": [{"file": entry, "why": why} for entry, why in taken.refused]}
    return _Done(lines, report, int(bool(taken.refused)))


def _mib(size: int) -> str:
    return f"{size / MIB:.1f} MiB" if size >= MIB // 10 else f"{size / 1024:.1f} KiB"


_FORMS: Mapping[str, Callable[[_Asked], _Done]] = {
    "info": _info,
    "verify": _verify,
    "gc": _gc,
    "clean": _clean,
    "export": _export,
    "import": _import,
}
