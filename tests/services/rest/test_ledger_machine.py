"""Idempotency keys and the effects behind them, against a plain model."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from evalkit.faults import apply_all
from evalkit.faults.commit_nothing import CommitNothing
from evalkit.faults.commit_then_lose import CommitThenLose
from evalkit.faults.commit_twice import CommitTwice
from evalkit.faults.status import Status
from tests.services.asking import ask, handled, load, request, take_on, value

MS = 1_000_000
DEFINITION = """
service: rest
latency: 80ms
stores: {charges: {}}
routes:
  GET /charges: {list: charges, page: 1000}
  POST /charges:
    create: charges
    effect: {name: charge, key: body.order, idempotency: {header: Idempotency-Key, reused: 409}}
"""
with TemporaryDirectory() as _folder:
    TEMPLATE = load(Path(_folder), DEFINITION)

FAULTS = {
    "none": None,
    "status": Status(status=503),
    "lost": CommitThenLose(commit_then_lose=True),
    "gateway": CommitThenLose(commit_then_lose=504),
    "nothing": CommitNothing(commit_nothing=True),
    "twice": CommitTwice(commit_twice=True),
}


class LedgerMachine(RuleBasedStateMachine):
    """Each key commits at most one charge, whatever is lost or replaced on the way, unless the
    service itself makes it twice.
    """

    def __init__(self):
        super().__init__()
        self.service = TEMPLATE.fresh()
        self.now = 0
        self.calls = 0
        self.kept = {}
        self.charged = []

    @rule(ms=st.integers(1, 100))
    def time_passes(self, ms):
        self.now += ms * MS

    @rule(
        key=st.none() | st.sampled_from(["k-1", "k-2"]),
        order=st.sampled_from(["o-1", "o-2"]),
        fault=st.sampled_from(sorted(FAULTS)),
    )
    def charge(self, key, order, fault):
        self.calls += 1
        headers = {} if key is None else {"Idempotency-Key": key}
        asked = request(
            "POST", "/charges", {"order": order}, headers=headers, at=self.now, draw=str(self.calls)
        )
        healthy = handled(self.service, asked, commit=False)
        injected = [] if FAULTS[fault] is None else [FAULTS[fault]]
        reply = apply_all(healthy, injected, asked.draw, kind="rest")
        take_on(reply)
        self.check(key, order, fault, healthy, reply)

    def check(self, key, order, fault, healthy, reply):
        order_before, until, body = self.kept.get(key, (None, 0, b""))
        if order_before is None:
            assert healthy.status == 201
            assert len(healthy.effects) == 1
            if fault not in ("status", "nothing"):
                self.charged += [order] * (2 if fault == "twice" else 1)
            if key is not None and fault != "status":
                self.kept[key] = (order, self.now + 80 * MS, healthy.body())
        elif order_before != order:
            assert value(healthy)["error"] == "idempotency_key_reused"
        elif self.now < until:
            assert value(healthy)["error"] == "idempotency_key_in_use"
        else:
            assert (healthy.status, healthy.body(), healthy.effects) == (201, body, ())
            assert ("idempotent-replayed", "true") in healthy.headers
        assert reply.effects == () or fault != "status"

    @invariant()
    def what_was_committed_is_in_the_store(self):
        found = json.loads(ask(self.service, "GET", "/charges?limit=1000").body())["data"]
        assert [each["order"] for each in found] == self.charged


@pytest.mark.parametrize("machine", [LedgerMachine])
def test_ledger(machine):
    limits = settings(max_examples=40, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(machine, settings=limits)
