"""Hooks: what the user wants to be run before samples are executed, and when they have their answers."""

from __future__ import annotations

import json
import os
import shlex
import threading
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.hooks import CHAIN, led_to
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.runtime.outside import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings

FORMAT = 1
"""Of what a hook reads on its standard input."""


class Hooking:
    """The hooks of one site, in one process.

    Args:
        settings: What the user configured.
        narrator: Told what is run.
    """

    def __init__(self, settings: Settings, narrator: Narrator) -> None:
        self._settings = settings
        self._narrator = narrator
        self._outside = Outside()
        self._turn = threading.Lock()
        self._begun = False
        self._refusal: Unavailability | None = None

    def before(self) -> Unavailability | None:
        """Run what is to be run before samples are executed, once, and return why none of them may be; None if they may."""
        with self._turn:
            if not self._begun:
                self._begun = True
                self._refusal = self._before()
            return self._refusal

    def after(self, report: Callable[[], Mapping[str, Any]] = dict) -> str:
        """Run what is to be run when samples have their answers, and return why the run fails for it; empty if it does not.

        Args:
            report: Returns what `last-run.json` holds; nothing where there is no such report. Called if somebody is told.
        """
        with self._turn:
            self._begun = False  # for another run of this process, in `serve` or `watch`
        commands = self._settings.hooks.after
        if not commands:
            return ""
        told = report()
        numbers = {name: str(number) for name, number in told.get("counts", {}).items()}
        numbers |= {"run_id": str(told["run_id"])} if told else {}
        return self._run("after", commands, numbers, {"run": told} if told else {})

    def stop(self) -> None:
        """End what is under way."""
        self._outside.stop()

    def _before(self) -> Unavailability | None:
        why = self._run("before", self._settings.hooks.before, {}, {})
        return Unavailability(why, hint="samples are executed when it ends with 0") if why else None

    def _run(
        self, name: str, commands: Sequence[Sequence[str]], numbers: Mapping[str, str], given: Mapping[str, object]
    ) -> str:
        if not commands:
            return ""
        settings = self._settings
        if settings.stranger:
            self._narrator.say(f"no hook is run, as they are outside the sandbox: {settings.stranger}")
            return ""
        for command in commands:
            shown = shlex.join(command)
            self._narrator.say(f"hook `{name}`: {shown}")
            chain = [*led_to(settings.host_env), (os.path.realpath(settings.project_dir), shown)]
            own = {f"CODEEXEC_{key.upper()}": value for key, value in {"hook": name, **numbers}.items()}
            wrong = self._outside.run(
                command,
                folder=settings.project_dir,
                environ={**settings.host_env, **own, CHAIN: json.dumps(chain)},
                given=json.dumps(
                    {"format": FORMAT, "hook": name, "project": str(settings.project_dir), **given}
                ).encode(),
                seconds=settings.hooks.timeout,
            )
            if wrong:
                return f"the hook `{name}` has failed: `{shown}`: {wrong}"
        return ""
