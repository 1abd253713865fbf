"""Whether samples that share a crate end as they do alone: over any folder of Markdown.

`python benchmarks/together.py FOLDER --edition 2021` takes every Rust fence below the folder, executes all in batches and
each by itself, and prints every one whose outcome differs in a byte. A sample that differs from itself when it is run again
(threads, the order of a map) is told apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from others import processors

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.languages import open_languages, words
from mkdocs_codeexec.languages.rust.batch import builder
from mkdocs_codeexec.languages.rust.messages.normal import RULES
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.opening import open_workers

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings


class _Nothing:
    """A Store that holds nothing, and a Narrator that says nothing."""

    def get(self, *_: object) -> None: ...

    find = similar = put = say = warn = stream = get


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare outcomes in a batch with those of each sample alone.")
    parser.add_argument("folders", nargs="+", type=Path, help="Markdown, the `src` of an mdBook say")
    parser.add_argument("--edition", default="2024", help="of fences that name none (default: 2024)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        options = {"languages": {"rust": {"run": "all", "edition": args.edition}}}
        env = {**os.environ, "CODEEXEC_ENVIRONMENT_DIR": temporary}
        settings = settings_from(options, project_dir=Path(temporary), environ=env, cpus=processors)
        samples = [sample for folder in args.folders for sample in _samples(folder, settings)]
        together, batch_seconds = _execute(samples, settings)
        alone, alone_seconds = _execute(samples, settings, alone=True)
        unsteady = [n for n, sample in enumerate(samples) if together[n] != alone[n] and _varies(sample, settings)]
    differ = [n for n in range(len(samples)) if together[n] != alone[n] and n not in unsteady]
    for number in differ:
        sample = samples[number]
        print(f"{sample.location}\n{sample.code}\n  alone:    {alone[number]}\n  in batch: {together[number]}\n")
    print(f"{len(samples)} samples: {len(differ)} differ; {len(unsteady)} differ from themselves when they run again")
    print(f"in batches {batch_seconds:.1f} s, each alone {alone_seconds:.1f} s")
    return bool(differ)


def _samples(folder: Path, settings: Settings) -> Iterator[Sample]:
    unused: Any = None
    extension = CodeExecExtension(unused, words(settings))
    for path in sorted(folder.rglob("*.md")):
        yield from extension.glimpse(path.read_text("utf-8", "replace"), str(path.relative_to(folder)))


def _execute(
    samples: Sequence[Sample], settings: Settings, *, alone: bool = False
) -> tuple[list[Outcome | None], float]:
    """Return what `samples` came to, without what differs in every run, and the seconds that took."""
    nothing: Any = _Nothing()
    grouped = (lambda candidates, _: [[candidate.what] for candidate in candidates]) if alone else builder.group
    with patch.object(builder, "group", grouped):
        languages = open_languages(settings, nothing)
        recipe = replace(Recipe.of(settings), sandbox="off")
        pipeline = Pipeline(
            languages=languages,
            store=nothing,
            states=ObservedInputs(),
            workers=lambda: open_workers(recipe, languages, path=settings.host_env["PATH"]),
            narrator=nothing,
        )
        began = time.perf_counter()
        resolved = pipeline.resolve(samples)
        return [item.outcome and _steady(item.outcome) for item in resolved], time.perf_counter() - began


def _varies(sample: Sample, settings: Settings) -> bool:
    """Tell whether `sample` does not always end in the same way."""
    outcomes = [_execute([sample], settings, alone=True)[0] for _ in range(8)]
    return any(outcome != outcomes[0] for outcome in outcomes)


def _steady(outcome: Outcome) -> Outcome:
    return replace(outcome, steps=tuple(_told(step) for step in outcome.steps))


def _told(step: StepResult) -> StepResult:
    return replace(step, stdout=normalize(step.stdout, RULES), stderr=normalize(step.stderr, RULES), duration=0.0)


if __name__ == "__main__":
    sys.exit(main())
