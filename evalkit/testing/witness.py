"""What the services of a test have in common wherever they are served: a journal to be asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from evalkit.checks import Facts, made, run_checks
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.hosts import url_of
from evalkit.errors import EvalkitError, UsageError
from evalkit.faults import Schedule
from evalkit.journal.records import AnyRecord, EffectCommitted, FaultMoved, Finding
from evalkit.journal.views import CallView, JournalView
from evalkit.journal.writer import Journal
from evalkit.metrics.context import is_model
from evalkit.suite.checks import AnyCheck, CheckUse
from evalkit.suite.problems import closest
from evalkit.testing.sessions import FIRST, Sessions
from evalkit.testing.setting import Setting
from evalkit.wire import Caller
from evalkit.world.clock import Clock


class Witness:
    """Services with one desk, and all that happened there."""

    def __init__(self, setting: Setting, clock: Clock) -> None:
        self.setting = setting
        self._clock = clock
        self._journal = Journal()
        self._desk = Desk(
            journal=self._journal,
            clock=clock,
            schedule=Schedule(rules=setting.rules, seed=setting.seed, scenario=FIRST),
            seed=setting.seed,
        )
        self._endpoints: list[ServiceEndpoint] = []
        self._sessions = Sessions(self._journal, clock, self._arriving)
        self._environment: dict[str, str | None] = {}

    def url(self, service: str) -> str:
        """The base URL of a service. Raises `UsageError` where there is none of this name."""
        if service not in self.setting.uses:
            near = closest(service, self.setting.uses)
            hint = f"did you mean {near}?" if near else f"there is {', '.join(self.setting.uses)}"
            raise UsageError(f"no service is named {service}", hint=hint)
        return url_of(service)

    # What happened -----------------------------------------------------------------------------

    @property
    def journal(self) -> tuple[AnyRecord, ...]:
        """Every record so far, in order."""
        return self._journal.records

    @property
    def view(self) -> JournalView:
        """The journal by sessions, turns and calls, as if every session ended now."""
        return JournalView.of((*self._journal.records, *self._sessions.endings()))

    @property
    def calls(self) -> tuple[CallView, ...]:
        """The calls of all sessions in the order of their arrival."""
        view = self.view
        calls = [*view.unattributed, *(each for one in view.sessions for each in one.calls)]
        order = {id(each): place for place, each in enumerate(self._journal.records)}
        return tuple(sorted(calls, key=lambda each: order[id(each.started)]))

    @property
    def effects(self) -> tuple[EffectCommitted, ...]:
        """The ledger: what services committed, in order."""
        return tuple(each for each in self.journal if isinstance(each, EffectCommitted))

    @property
    def faults(self) -> tuple[FaultMoved, ...]:
        """The stages of faults (scheduled, fired, delivered), in order."""
        return tuple(each for each in self.journal if isinstance(each, FaultMoved))

    def findings(self, *checks: str | Mapping[str, Any]) -> tuple[Finding, ...]:
        """What checks find, written as in a suite's `checks:`; without any, those of `standard`.

        What the world itself found (egress, a blocked loop) is among it. Raises `UsageError` for a
        check that there is not, `EvalkitError` for one that crashed.
        """
        adapter: TypeAdapter[tuple[CheckUse, ...]] = TypeAdapter(tuple[AnyCheck, ...])
        uses = adapter.validate_python(checks or ("standard",))
        view = self.view
        with made(uses, self.setting.folder) as (found, crashes):
            result = run_checks(found, view, self._facts())
        for crash in (*crashes, *result.crashes):
            raise _crashed(crash.check, crash.traceback)
        own = [each for each in self.journal if isinstance(each, Finding)]
        return (*own, *result.findings)

    def _facts(self) -> Facts:
        kinds = {name: each.info.kind for name, each in self.setting.templates.items()}
        return Facts(
            services=self.setting.uses,
            kinds=kinds,
            models=frozenset(name for name, kind in kinds.items() if is_model(kind)),
            sessions=self._sessions.records(),
            scenario=FIRST,
            keyed=lambda service: self.setting.templates[service].keyed,
        )

    # Shared by those who serve -----------------------------------------------------------------

    @property
    def caller(self) -> Caller:
        """On whose behalf the test itself calls."""
        return self._sessions.caller(FIRST, 0)

    def _endpoint(self, name: str) -> ServiceEndpoint:
        """A fresh service, ready to answer."""
        service = self.setting.templates[name].fresh()
        endpoint = ServiceEndpoint(service, self._desk, self.setting.uses[name].ignore)
        self._endpoints.append(endpoint)
        return endpoint

    def _arriving(self, session: str) -> None:
        """A session begins."""

    def _set_environment(self) -> None:
        for name, text in self.setting.environment.items():
            self._environment[name] = os.environ.get(name)
            os.environ[name] = text

    def _restore_environment(self) -> None:
        for name, before in self._environment.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        self._environment.clear()


def _crashed(check: str, traceback: str) -> EvalkitError:
    last = traceback.strip().splitlines()[-1]
    if last.startswith(("KeyError", "evalkit.errors.StartError")):
        return UsageError(f"no check is named {check}", hint="`evalkit checks` lists them")
    return EvalkitError(f"the check {check} crashed:\n{traceback}")
