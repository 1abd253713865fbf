"""`codeexec promote`: writes what samples have printed into the fences that hold it."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands import add_json
from mkdocs_codeexec.commands.observing import Observed, add_observing
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.promoting.adopting import adopted, applied
from mkdocs_codeexec.commands.promoting.consoles import is_verified
from mkdocs_codeexec.commands.promoting.fences import Editable, editables
from mkdocs_codeexec.commands.promoting.files import Page, changed
from mkdocs_codeexec.commands.selecting.selection import pages_of
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.core.expectation import Skipped, Suspended
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.markdown.editing import UneditableError
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.sites import Collected

ABOUT = "write what was printed into the fences that hold it (`output_of`), in place"
FORMAT = 1
"""Of the JSON."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    add_observing(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; print a patch for `patch -p1`")
    about = "make comments of other tools, which say what is printed, fences with `output_of`; execute nothing"
    parser.add_argument("--adopt", action="store_true", help=about)
    parser.add_argument(
        "pages", metavar="PAGE", nargs="*", help="only this page, or those of this folder (default: all)"
    )


def execute(context: Context) -> int:
    """Execute what is missing, write what was printed into the pages, and tell what was written and what was not.

    Returns:
        0 if every fence holds what its sample prints now, 1 if one does not, 3 if a sample could not be tried.

    Raises:
        Cancelled: The run was stopped from outside.
        ConfigurationError: The site, or a language of it, cannot be used as it is set up; there is no such page.
    """
    asked = context.arguments
    with tempfile.TemporaryDirectory(prefix="codeexec-promote-") as name:
        found = collect(context.file, Path(name))
        if asked.adopt:
            return _adopt(found, asked)
        wanted = pages_of(found, asked.pages)
        with Observed(found, asked) as watching:
            edits = editables(found, wanted, Path(name), watching)
        patch = _put(found, edits, write=not asked.check)
    if asked.json:
        sys.stdout.write(json.dumps(_to_json(edits, patch), indent=1) + "\n")
    elif asked.check:
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
    if not asked.json:
        _tell(found, edits, check=asked.check)
    return _status(edits)


def _adopt(found: Collected, asked: argparse.Namespace) -> int:
    """Make what comments of other tools say fences with `output_of`, and tell where; return the exit status."""
    wanted = pages_of(found, asked.pages)
    patch, told = b"", []
    for name in sorted(wanted):
        own = [sample for sample, _ in found.samples if sample.location.page == name]
        try:
            page = Page(found.docs_dir, name, found.pages[name])
            changes = adopted(page.text, own)
            if changes:
                text = applied(page.text, changes)
                patch += page.patch(text, _base(found))
                if not asked.check:
                    page.write(text)
                told += [{"page": name, "line": change.line} for change in changes]
        except UneditableError as error:
            if own:
                found.console.say(f"{name}: left as it is, {error}")
    if asked.json:
        report = {"format": FORMAT, "adopted": told, "patch": patch.decode("utf-8", "surrogateescape")}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return int(asked.check and bool(told))
    if asked.check:
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
    console = found.console if asked.check else on_stdout(found.settings)
    for each in told:
        console.say(f"{shown(found.docs_dir / str(each['page']))}:{each['line']}: {'to be ' * asked.check}adopted")
    console.say(f"{counted(len(told), 'fence')} {'to be ' * asked.check}adopted")
    return int(asked.check and bool(told))


def _put(found: Collected, edits: Sequence[Editable], *, write: bool) -> bytes:
    """Write what is to be written into its pages, or none of it; return all of it as a patch."""
    pages: dict[str, list[Editable]] = {}
    for edit in edits:
        if edit.state == "differs":
            pages.setdefault(edit.item.sample.location.page, []).append(edit)
    patch = b""
    for name, own in pages.items():
        try:
            page = Page(found.docs_dir, name, found.pages.get(name, ""))
            text = changed(page, own)
            if text != page.text:
                patch += page.patch(text, _base(found))
                if write:
                    page.write(text)
        except UneditableError as error:
            for edit in own:
                edit.leave(str(error))
            continue
        for edit in own:
            if edit.state == "differs" and write:
                edit.state = "written"
    return patch


def _base(found: Collected) -> Path:
    """Return the folder in which a patch is applied: the working directory, if pages are below it."""
    here = Path.cwd()
    return here if found.docs_dir.resolve().is_relative_to(here.resolve()) else found.settings.project_dir


def _tell(found: Collected, edits: Sequence[Editable], *, check: bool) -> None:
    """Tell what was written, and what was not and why; a patch has standard output for itself."""
    console = found.console if check else on_stdout(found.settings)
    for edit in edits:
        at = edit.item.sample.location
        if edit.state == "written":
            console.say(f"{at}: written")
        elif edit.state == "left":
            detail = "".join(f"\n| {line}" for line in edit.detail.split("\n")) if edit.detail else ""
            hint = f"\n\nhint: {edit.item.why.hint}\n" if edit.item.why and edit.item.why.hint else ""
            console.say(f"{at}: left as it is, {edit.why}{detail}{hint}")
    counts = _counts(edits)
    parts = [f"{counts['written']} written"] if not check else [f"{counts['differs']} to be written"]
    parts += [f"{counts['left']} left"] if counts["left"] else []
    which = " or `verify`" if any(is_verified(edit.item.sample) for edit in edits) else ""
    console.say(f"{counted(len(edits), 'fence')} with `output_of`{which}: {', '.join(parts)}")


def _counts(edits: Sequence[Editable]) -> dict[str, int]:
    counts = Counter(edit.state for edit in edits)
    return {"fences": len(edits), **{state: counts[state] for state in ("matches", "differs", "written", "left")}}


def _status(edits: Sequence[Editable]) -> int:
    if any(edit.item.why is not None for edit in edits if edit.state == "left"):
        return 3
    return int(any(edit.state in ("differs", "left") for edit in edits))


def _to_json(edits: Sequence[Editable], patch: bytes) -> dict[str, object]:
    """Return the report for programs."""
    return {
        "format": FORMAT,
        "counts": _counts(edits),
        "samples": [{**rows.row(edit.item), "state": _state(edit), "why": edit.why} for edit in edits],
        "patch": patch.decode("utf-8", "surrogateescape"),
    }


def _state(edit: Editable) -> str:
    return "skipped" if isinstance(edit.item.verdict, Skipped | Suspended) else edit.state
