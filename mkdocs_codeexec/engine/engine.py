"""The Engine: answers Samples for one process, whatever renders the pages."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.observed import ABSENT
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.engine.ahead import Ahead
from mkdocs_codeexec.engine.hooks import Hooking
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.engine.states import States, project_of
from mkdocs_codeexec.engine.telling import Telling, one_at_a_time
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.languages import interpreter, open_languages, words
from mkdocs_codeexec.languages.requirements import Requirements
from mkdocs_codeexec.runtime.ingredients import Ingredients
from mkdocs_codeexec.runtime.opening import open_store, open_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Executor, Language, Narrator, Runner, Store
    from mkdocs_codeexec.core.resolved import Event, Listen, Plan, Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import LanguageRule, Settings
    from mkdocs_codeexec.engine.stop import Stop
    from mkdocs_codeexec.runtime.jobserver import Jobserver


class Engine:
    """Answers Samples. Nothing is started, opened or written before there is something to answer.

    Its methods may be called from several threads. One at a time looks, plans and makes ready; each executes what no other
    does, with as many children at once as the settings say.

    Args:
        settings: What the user configured.
        narrator: Told what goes on.
        languages: Those that are set up, by canonical name; None to open those of `settings`.
        store: One that is in use already, and that others may use too; None to open that of `settings`.
        memory: Outcomes that this process has produced; lives as long as the caller wants.
        jobserver: Shared with other Engines of this process, which answer at the same time; None where there are none.
        hooking: What runs the hooks of the site, where several Engines are one run; None for one of its own.

    Raises:
        ConfigurationError: A language cannot be used as it is set up.
    """

    def __init__(
        self,
        settings: Settings,
        narrator: Narrator,
        *,
        languages: Mapping[str, Language] | None = None,
        store: Store | None = None,
        memory: MutableMapping[Key, Outcome] | None = None,
        jobserver: Jobserver | None = None,
        hooking: Hooking | None = None,
    ) -> None:
        self.settings = settings
        self._telling = Telling(narrator)
        if languages is None:
            languages = open_languages(settings, self._telling) if settings.enabled else {}
        self.languages = languages
        self._requirements = Requirements(settings, languages)
        self._kept = store
        self._jobserver = jobserver
        self._memory = memory if memory is not None else {}
        self._states: States | None = None
        self._ingredients = Ingredients(settings.cache_dir)
        self._answered = False
        self._opened: Pipeline | None = None
        self._ahead: Ahead | None = None
        self.hooking = hooking or Hooking(settings, self._telling)
        self._turn = threading.Lock()

    @property
    def rules(self) -> Mapping[str, LanguageRule]:
        """What the Markdown extension must know of the languages, by every word that a fence may use."""
        found = words(self.settings)
        enabled = self.settings.enabled
        return found if enabled else {word: rule._replace(run="none") for word, rule in found.items()}

    @property
    def kept(self) -> Store | None:
        """The store, if it was opened."""
        return self._kept

    @property
    def states(self) -> States | None:
        """What knows of the files that samples have read, if anything was answered."""
        return self._states

    def prepare(self) -> None:
        """Make the folder of results, before anybody looks at the folder that it is in."""
        self._store().prepare()

    def hear(self, listen: Listen) -> None:
        """Have `listen` hear all that goes on from now on, one event at a time: in batches, and between them."""
        self._telling.hear(listen)

    def note(self, event: Event) -> None:
        """Tell all who listen of something that goes on elsewhere."""
        self._telling.note(event)

    def plan(self, samples: Sequence[Sample]) -> Plan:
        """Return what `resolve` would do with `samples`, as far as that is known before a toolchain is asked.

        Starts nothing.
        """
        judged = self._judged(samples)
        self._look_again(judged)
        return self._pipeline.plan(judged)

    def resolve(
        self, samples: Sequence[Sample], listen: Listen | None = None, stop: Stop | None = None
    ) -> list[Resolved]:
        """Answer every sample, in the given order, in one batch.

        Args:
            samples: What authors wrote.
            listen: Is told of each sample how it is planned, and its answer as soon as there is one.
            stop: Ends it from another thread.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        if not samples:
            return []
        if self._ahead is not None:
            self._ahead.wait()
        listen = listen and one_at_a_time(listen)
        judged = self._judged(samples)
        with self._telling.heard_by(listen) as heard:
            self._look_again(judged)
            answers = self._pipeline.resolve(judged, heard, stop)
            self._answered = True
            return answers

    def ahead(self, samples: Iterable[Sample]) -> None:
        """Begin to build what is missing of `samples`, which may turn out to be on the pages, and return.

        They are looked at only if anything is executed at all.
        """
        if not self._pipeline.executes:
            return
        seen = [sample for sample in samples if self._refusal(sample) is None]
        if seen:
            self._ahead = Ahead(self._workers)
            self._ahead.start(self._pipeline, seen)

    def watched(self, resolved: Iterable[Resolved]) -> list[Path]:
        """Return the files and folders whose change may change an answer of `resolved`, or of samples like them.

        What was looked for and is not there is among them: it may come.
        """
        items = list(resolved)
        used = {item.sample.language for item in items}
        found = [path for name in sorted(used & self.languages.keys()) for path in self.languages[name].watched()]
        found += self._requirements.files(item.sample for item in items)
        if self._states is not None:
            within = _authored(self.settings)
            outcomes = [item.outcome for item in items if item.outcome is not None]
            observed = {name: state for outcome in outcomes for name, state in outcome.inputs or ()}
            read = map(Path, self._states.watched(tuple(observed.items()), within))
            found += [path for path in read if not any(path.is_relative_to(folder) for folder in self.settings.apart)]
        return found

    def decisive(self, samples: Sequence[Sample]) -> list[dict[Path, bool]]:
        """Return for each of `samples` the files and folders that it is known to depend on, whatever they are by now.

        Returns:
            Each path with whether it counts only which names are in it: what its language watches, what it requires, and what
            it has read when it was executed.
        """
        plan = self.plan(samples).planned
        found: list[dict[Path, bool]] = []
        watched = {
            name: self.languages[name].watched() for name in {sample.language for sample in samples} & {*self.languages}
        }
        for planned in plan:
            own = dict.fromkeys(
                (*watched.get(planned.sample.language, ()), *self._requirements.files([planned.sample])), False
            )
            if self._states is not None and planned.action is not None and planned.action.observed:
                for inputs in self._store().lists(planned.action.key) if planned.action.toolchain is not None else ():
                    for word, path in self._states.places(inputs, _authored(self.settings)):
                        own[Path(path)] = own.get(Path(path), True) and word == "list"
            found.append(own)
        return found

    def settle(self) -> None:
        """End what was begun ahead and is not wanted any more."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def close(self) -> None:
        """End what was begun, and leave what later processes want to know. It can be used again."""
        self.settle()
        self.save()
        if self._kept is not None:
            self._kept.tidy()
            self._kept.close()

    def save(self) -> None:
        """Leave what later processes want to know beside results: of files that were read, and of what was executed."""
        if self._states is not None:
            self._states.save()
        if self.settings.keeps:
            self._ingredients.save()

    # --- What it is made of -----------------------------------------------------------------------------------------

    def _judged(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return `samples`; those that ask for what they cannot have say so."""
        return [
            sample if (why := self._refusal(sample)) is None else replace(sample, refusal=why.reason, hint=why.hint)
            for sample in samples
        ]

    def _look_again(self, samples: Sequence[Sample]) -> None:
        """Look at what decides outcomes: it may have changed since the last batch, or since languages were opened.

        Other plugins write files, too. Of the files that samples have read it counts how they were when pages began to be
        looked at: of a first batch they are not looked at twice.
        """
        pipeline = self._pipeline
        if self._answered and self._states is not None:
            self._states.renew()
            pipeline.forget()
            self._answered = False
        interpreter.walk_again()
        self._requirements.look_again()
        pipeline.survey(samples)

    def _refusal(self, sample: Sample) -> Unavailability | None:
        """Return why `sample` is not executed although it asks for it; None if it may be."""
        if sample.refusal:
            return Unavailability(sample.refusal, sample.hint)
        if sample.language not in self.languages and not sample.ignored:
            near = nearest(sample.language, tuple(self.languages))
            return Unavailability(
                f"`{sample.language}` is not set up as a language", f"did you mean `{near}`?" if near else ""
            )
        return rights.refusal(sample, self.settings)

    @property
    def _pipeline(self) -> Pipeline:
        with self._turn:
            return self._opened or self._open()

    def _open(self) -> Pipeline:
        self._states = States(self.settings, self._reached, self._binary)
        self._opened = Pipeline(
            languages=self.languages,
            store=self._store(),
            states=self._states,
            ingredients=self._ingredients,
            workers=lambda: self._ahead.taken_over() if self._ahead else self._workers(),
            narrator=self._telling,
            mode=self.settings.execute,
            sandbox=self.settings.sandbox,
            verbose=self.settings.verbose,
            denied=lambda sample: rights.denial(sample, self.settings),
            missing=self._requirements.missing,
            before=self.hooking.before,
            memory=self._memory,
        )
        return self._opened

    def _reached(self, language: str) -> Sequence[str]:
        return self.languages[language].reached() if language in self.languages else ()

    def _binary(self, name: str, *, built: bool) -> str | None:
        offered = (language.binaries for language in self.languages.values())
        return next((found.state(name, built=built) for found in offered if found is not None), ABSENT)

    def content(self, blob: Blob) -> bytes | None:
        """Return what is in a file that a sample has made; None if the store does not have it any more."""
        fd = self._store().blobs.open(blob)
        if fd is None:
            return None
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor
            return file.read(blob.size)

    def _store(self) -> Store:
        if self._kept is not None:
            return self._kept
        if self.settings.cache_write_refusal:
            self._telling.say(f"results are not stored: {self.settings.cache_write_refusal}")
        if told := rights.overruled(self.settings):
            self._telling.say(told)
        self._kept = open_store(self.settings, self._telling.warn)
        return self._kept

    @contextmanager
    def _workers(self) -> Iterator[tuple[Runner, Executor]]:
        # Before samples look at the project's folder: what appears in it while they run would make that unknown.
        store = self._store()
        store.prepare()
        path = self.settings.host_env.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        recipe = Recipe.of(self.settings)
        tell, project = self._telling.say, project_of(self.settings)
        place = self.settings.private_dir if self.settings.keeps else None
        with open_workers(
            recipe,
            self.languages,
            path=path,
            tell=tell,
            blobs=store.blobs,
            project=project,
            private=place and place / "warmed",
            jobserver=self._jobserver,
            note=self._telling.note,
            own=self.settings.private_dir,
        ) as workers:
            try:
                yield workers
            finally:
                self.hooking.stop()


def _authored(settings: Settings) -> list[Path]:
    """Return the folders in which somebody writes what samples read: the project, and sources of what is installed from there."""
    return [settings.project_dir, *(Path(folder) for _, folder in interpreter.sources())]
