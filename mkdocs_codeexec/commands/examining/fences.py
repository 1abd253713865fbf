"""Which fences of a site will not run, and why, as its raw pages show it: no page is converted, and nothing is executed."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check
from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.languages import words
from mkdocs_codeexec.markdown.claiming import claim
from mkdocs_codeexec.markdown.extension import host_target
from mkdocs_codeexec.markdown.glimpse import Glimpse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.hosts.sites import ConfiguredSite
    from mkdocs_codeexec.markdown.glimpse import Seen


@dataclass(slots=True)
class Fences:
    """What was seen on the pages of a site.

    Attributes:
        checks: What is to be told.
        samples: Those that nothing on their page keeps from being executed.
    """

    checks: list[Check] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def languages(self) -> Counter[str]:
        """How many samples there are in each language."""
        return Counter(sample.language for sample in self.samples)


def fences(site: ConfiguredSite, settings: Settings) -> Fences:
    """Look at all pages of `site`."""
    found = Fences()
    if not settings.enabled:
        found.checks.append(Check("fences", "none", NOTE, "`enabled: false`, or `CODEEXEC_EXECUTE=off`: nothing runs"))
        return found
    asked = functools.partial(claim, languages=words(settings), target=host_target())
    look = Glimpse(functools.lru_cache(maxsize=1000)(asked)).look
    for page in site.pages():
        if page.text is None or ("```" not in page.text and "~~~" not in page.text):
            continue
        seen = look(page)
        for fence in seen.fences:
            found.checks += _checks(fence, site, settings)
            if fence.runs and rights.refusal(sample := fence.sample, settings) is None:
                found.samples.append(sample)
        found.checks += [
            Check("fences", str(one.location), NOTE, one.message, one.hint, one.location) for one in seen.problems
        ]
    pages = len({sample.location.page for sample in found.samples})
    total = f"{counted(len(found.samples), 'sample')} on {counted(pages, 'page')}, as far as raw pages show"
    found.checks.insert(0, Check("fences", "samples", FINE, total))
    return found


def _checks(fence: Seen, site: ConfiguredSite, settings: Settings) -> Iterator[Check]:
    request, at = fence.claim.request, fence.location
    if request is None:
        for remark in fence.claim.remarks:
            yield Check("fences", str(at), NOTE, remark.message, remark.hint, at)
        return
    if request.ignored:
        return
    if request.refusal:
        hints = (remark.hint for remark in fence.claim.remarks if remark.message == request.refusal)
        yield Check("fences", str(at), MISSING, request.refusal, request.hint or next(hints, ""), at)
    elif why := rights.refusal(fence.sample, settings):
        yield Check("fences", str(at), MISSING, why.reason, why.hint, at)
    elif why := rights.denial(fence.sample, settings):
        yield Check("fences", str(at), NOTE, why.reason, why.hint, at)
    if site.host == "zensical" and not fence.unaided:
        state = NOTE if site.enabled_by else MISSING
        spelled = f"``` {{.{fence.claim.word or request.language} .exec}}"
        yield Check("fences", str(at), state, _ODD, f"write `{spelled}`", at)


_ODD = (
    "without the extension `codeexec` this is no fence in Zensical: it shows as text, and its end swallows what follows"
)
