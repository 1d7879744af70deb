"""What a session did, step by step."""

from __future__ import annotations

from evalkit.journal.steps import steps_of
from tests.journal.telling import opened


def test_calls_effects_and_ends_are_steps() -> None:
    teller = opened().ask("a", 0, 10).effect(10, 1)
    teller.ask("b", 10, 20, status=503)
    teller.reply(30).end(30)
    assert steps_of(teller.view) == (
        "turn 1: crm GET / → 200",
        "turn 1: crm GET / → 503",
        "turn 1: effect ticket at crm",
        "turn 1: replied",
        "completed",
    )


def test_the_order_of_what_begins_together_does_not_count() -> None:
    def told(*services: str) -> tuple[str, ...]:
        teller = opened()
        for each in services:
            teller.ask("a", 0, 10, service=each)
        return steps_of(teller.reply(30).end(30).view)

    assert told("bank", "crm") == told("crm", "bank")
