"""Jobs and tasks against a simple model: what the ledger says will be is what polling shows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule

from evalkit.services import ServiceTemplate
from tests.services.asking import ask, handled, header, load, request, take_on, value

DEFINITION = """
service: rest
latency: {uniform: [0s, 2s]}
jobs:
  exports: {waits: {exponential: 20s}, takes: {uniform: [3s, 4min]}, fails: 30%}
queues:
  reviews:
    picks_up: {median: 2min, p99: 20min}
    takes: {exponential: 1min}
    never: 30%
    answer: {seen: "{{ body.n }}"}
routes:
  POST /exports: {start: exports}
  GET /exports/{id}: {poll: exports}
  POST /reviews: {put: reviews}
  GET /reviews/{id}: {poll: reviews}
"""
_TEMPLATE: list[ServiceTemplate] = []


class Work(RuleBasedStateMachine):
    """What is put or started, and how it is told of as time goes on."""

    places = Bundle("places")
    ignored = Bundle("ignored")

    @initialize()
    def begin(self) -> None:
        if not _TEMPLATE:
            with tempfile.TemporaryDirectory() as folder:
                _TEMPLATE.append(load(Path(folder), DEFINITION))
        self.mock = _TEMPLATE[0].fresh()
        self.now = 0
        self.asked = 0
        self.model: dict[str, tuple[str, int, list[int]]] = {}

    @rule(ns=st.integers(0, 200 * 10**9))
    def time_passes(self, ns: int) -> None:
        self.now += ns

    def _start(self, path: str, *, commit: bool) -> str:
        self.asked += 1
        asked = request("POST", path, {"n": self.asked}, at=self.now, draw=f"d{self.asked}")
        reply = handled(self.mock, asked, commit=commit)
        place = header(reply, "location")
        assert place is not None
        moments = [self.now + each.after for each in reply.effects[1:]]
        self.model[place] = (path, self.asked, moments)
        if commit:
            take_on(reply)  # twice is once
        return place

    @rule(target=places, path=st.sampled_from(["/exports", "/reviews"]))
    def start(self, path: str) -> str:
        return self._start(path, commit=True)

    @rule(target=ignored, path=st.sampled_from(["/exports", "/reviews"]))
    def start_what_is_never_taken_on(self, path: str) -> str:
        return self._start(path, commit=False)

    @rule(place=consumes(ignored))
    def it_is_not_there(self, place: str) -> None:
        assert ask(self.mock, "GET", place, at=self.now).status == 404

    @rule(place=places)
    def a_task_is_told_of_as_the_ledger_does(self, place: str) -> None:
        path, number, moments = self.model[place]
        asked = request("GET", place, at=self.now, draw=f"p{self.now}")
        reply = handled(self.mock, asked)
        told, at = value(reply), self.now + sum(getattr(each, "ns", 0) for each in reply.plan)
        if path == "/exports":
            assert told["status"] in ("queued", "running", "done", "failed")
            assert ("result" in told) <= (told["status"] == "done")
            assert ("error" in told) == (told["status"] == "failed")
            over = told["status"] in ("done", "failed")
        else:
            wanted = ("waiting", "picked_up", "answered")[sum(at >= each for each in moments)]
            assert told["status"] == wanted
            over = wanted == "answered"
            assert told.get("answer") == ({"seen": number} if over else None)
        assert (header(reply, "retry-after") is None) == over


Work.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestWork = Work.TestCase
