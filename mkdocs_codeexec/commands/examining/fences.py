"""Which fences of a site will not run, and why, as its raw pages show it: no page is converted, and nothing is executed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.languages import present, words
from mkdocs_codeexec.markdown.claims import Claims
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import host_target
from mkdocs_codeexec.markdown.glimpse import Glimpse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.markdown.glimpse import Seen
    from mkdocs_codeexec.sites import ConfiguredSite

_INCLUDE = "--8<--"
_NO_FENCE = "without the extension `codeexec` this is no fence in Zensical: it is shown as text, and its end begins another fence"
"""Said where the site does not name us: it is an error of its pages already."""


@dataclass(slots=True)
class Fences:
    """What was seen on the pages of a site.

    Attributes:
        checks: What is to be told.
        samples: Those that nothing in their headers keeps from being executed.
        refused: Where samples are that their headers, or pages, keep from being executed.
        ignored: Where samples are of which their authors want nothing done.
        compared: Where fences are that hold what a sample prints.
    """

    checks: list[Check] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    refused: list[Location] = field(default_factory=list)
    ignored: list[Location] = field(default_factory=list)
    compared: list[Location] = field(default_factory=list)

    @property
    def languages(self) -> Counter[str]:
        """How many samples there are in each language."""
        return Counter(sample.language for sample in self.samples)

    @property
    def total(self) -> str:
        """How many samples there are, as a build counts them, and on how many pages."""
        places = [*(sample.location for sample in self.samples), *self.refused, *self.ignored, *self.compared]
        return f"{len(places)} on {counted(len({at.page for at in places}), 'page')}"

    def take(self, fence: Seen) -> None:
        """Take a fence."""
        request = fence.claim.request
        if request is None:
            return
        if request.refusal:
            self.refused.append(fence.location)
        elif request.ignored:
            self.ignored.append(fence.location)
        elif request.links.output_of:
            self.compared.append(fence.location)
        else:
            self.samples.append(fence.sample)


def fences(site: ConfiguredSite, settings: Settings, narrator: Narrator) -> Fences:
    """Look at all pages of `site`.

    Raises:
        ConfigurationError: A language cannot be used as it is set up.
    """
    found = Fences()
    if not settings.enabled:
        why = "`enabled: false`, or `CODEEXEC_EXECUTE=off`: no fence runs"
        found.checks.append(Check("fences", "samples", NOTE, why))
        return found
    claims = Claims(words(settings), target=host_target(), verbose=True)
    now = PageContext("")
    look = Glimpse(lambda header: claims.of(header, now)).look
    pages: dict[str, int] = {}
    for page in site.pages():
        pages[page.page] = len(pages)
        if page.text is None or ("```" not in page.text and "~~~" not in page.text):
            continue
        now, problems = claims.opened(page, site.front_matter(page.text))
        seen = look(now)
        for fence in seen.fences:
            found.checks += _checks(fence, site)
            found.take(fence)
        for one in (*problems, *seen.problems):
            found.checks.append(Check("fences", str(one.location), NOTE, one.message, one.hint, one.location))
    if site.file is None or site.enabled_by:
        found.checks += _planned(found, settings, narrator)
    else:
        why = f"{found.total}: none is executed, because the site does not name `codeexec`"
        found.checks.append(Check("fences", "samples", NOTE, why))
    found.checks.sort(key=lambda one: (pages[one.at.page], one.at.line) if one.at else (-1, 0))
    return found


def _planned(found: Fences, settings: Settings, narrator: Narrator) -> Iterator[Check]:
    """Yield what a build would do with samples; of those with an include only that can be told that they have one."""
    samples = found.samples
    unknown = {sample.location: why for sample in samples if (why := present.unknown(sample, settings))}
    rest = [sample for sample in samples if sample.location not in unknown]
    whole = [sample for sample in rest if _INCLUDE not in sample.code]
    plan = Engine(replace(settings, cache_write=False), narrator).plan(whole)
    refused = {one.sample.location: one for one in plan.planned if one.state == "unavailable"}
    parts = [f"{plan.count('hit')} stored", f"{plan.count('miss')} to be executed"]
    parts += [f"{n} not available" for n in (len(unknown) + len(refused) + len(found.refused),) if n]
    parts += [f"{len(found.compared)} to be compared"] if found.compared else []
    parts += [f"{len(found.ignored)} skipped"] if found.ignored else []
    parts += [f"{n} with an include, which is not looked at" for n in (len(rest) - len(whole),) if n]
    yield Check("fences", "samples", FINE, f"{found.total}: {', '.join(parts)}")
    for at, why in unknown.items():
        yield Check("fences", str(at), MISSING, why.reason, why.hint, at)
    for at, one in refused.items():
        yield Check("fences", str(at), MISSING, one.why, one.hint, at)


def _checks(fence: Seen, site: ConfiguredSite) -> Iterator[Check]:
    """Yield what the header of a fence says, beside that it is a sample."""
    request, at = fence.claim.request, fence.location
    if request is None:
        for remark in fence.claim.remarks:
            yield Check("fences", str(at), NOTE, remark.message, remark.hint, at)
        return
    if request.refusal:
        hints = (remark.hint for remark in fence.claim.remarks if remark.message == request.refusal)
        yield Check("fences", str(at), MISSING, request.refusal, request.hint or next(hints, ""), at)
    elif site.host == "zensical" and not fence.unaided and not site.enabled_by:
        yield Check("fences", str(at), MISSING, _NO_FENCE, f"write ``` {{.{fence.claim.word} .exec}}", at)
