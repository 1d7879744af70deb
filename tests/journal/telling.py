"""Sessions told call by call, for tests of what compares and explains them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from evalkit.journal.records import CallEnded, CallStarted, EffectCommitted
from evalkit.journal.views import JournalView, SessionView
from tests.metrics.journals import MS, Pen


class Teller(Pen):
    """Writes a session whose calls say what they ask for and are answered with."""

    def ask(
        self,
        what: Any,
        begin: float,
        end: float | None,
        *,
        service: str = "crm",
        says: Any = None,
        **given: Any,
    ) -> Teller:
        """A call that asks for `what`; one that is answered with `says`."""
        body = json.dumps(what).encode()
        self.call(service, begin, end, body=body, **given)
        for at in range(len(self.records) - 1, -1, -1):
            record = self.records[at]
            if isinstance(record, CallStarted):
                self.records[at] = replace(record, identity=f"hash of {what}")
                break
            if isinstance(record, CallEnded) and says is not None:
                self.records[at] = replace(record, body=json.dumps(says).encode())
        return self

    def effect(self, at: float, call: int, name: str = "ticket", *key: str) -> Teller:
        """An effect of a call."""
        self.records.append(
            EffectCommitted(
                at=round(at * MS),
                session=self.session,
                turn=self.turn,
                service="crm",
                call=call,
                name=name,
                key=key,
            )
        )
        return self

    @property
    def view(self) -> SessionView:
        """The session."""
        return JournalView.of(self.records).sessions[0]


def opened() -> Teller:
    """A session in its first turn."""
    teller = Teller()
    teller.start().begin()
    return teller
