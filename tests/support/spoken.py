"""The part of a Language that is asked about what was printed: `from support.spoken import Spoken`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import NO_OTHERS
from mkdocs_codeexec.languages import frames, mentions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.places import PageMap
    from mkdocs_codeexec.core.protocols import Fault
    from mkdocs_codeexec.core.sample import Sample


class Spoken:
    """A Language whose samples run as they are written."""

    def brought(self, sample: Sample, line: int, column: int) -> str:
        del sample, line, column
        return ""

    def ran(self, sample: Sample) -> str:
        return sample.code

    def faults(self, text: str) -> Sequence[Fault]:
        return frames.faults(text)

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:  # noqa: ARG002
        return line, column

    def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
        return text

    def is_sample(self, file: str) -> bool:
        return mentions.is_sample(file)

    def own_files(self, action: Action) -> Sequence[str]:  # noqa: ARG002
        return ()

    def relocated(self, text: str, where: PageMap, others: Mapping[str, PageMap] = NO_OTHERS) -> str:
        return mentions.relocated(text, where, others)

    def hint(self, sample: Sample, outcome: Outcome, files: Sequence[Sample] = ()) -> str:  # noqa: ARG002
        return ""
