"""Jobs, tasks and messages against simple models: what the ledger says will be is what polling
shows, and a message is with one who took it, or free, or done with, or dead.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

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
MESSAGES = """
service: rest
queues: {inbox: {lease: 30s, tries: 3, seed: [0, 0]}}
routes:
  POST /inbox: {put: inbox}
  GET /inbox: {counts: inbox}
  POST /inbox/next: {take: inbox}
  GET /inbox/{id}: {poll: inbox}
  DELETE /inbox/leases/{lease}: {acknowledge: inbox}
  POST /inbox/leases/{lease}/release: {release: inbox}
"""
_TEMPLATES: dict[str, ServiceTemplate] = {}


def template(definition: str) -> ServiceTemplate:
    """The template of a definition, made once."""
    if definition not in _TEMPLATES:
        with tempfile.TemporaryDirectory() as folder:
            _TEMPLATES[definition] = load(Path(folder), definition)
    return _TEMPLATES[definition]


class Work(RuleBasedStateMachine):
    """What is put or started, and how it is told of as time goes on."""

    places = Bundle("places")
    ignored = Bundle("ignored")

    @initialize()
    def begin(self) -> None:
        self.mock = template(DEFINITION).fresh()
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


NS = 10**9
LEASE, TRIES = 30 * NS, 3


@dataclass
class Modelled:
    """A message as it should be: its leases with their ends, and whether it is done with."""

    body: int
    leases: dict[str, int] = field(default_factory=dict)
    given_back: set[str] = field(default_factory=set)
    done: str | None = None

    def status(self, now: int) -> str:
        if self.done is not None:
            return "acknowledged"
        if any(now < end for end in self.leases.values()):
            return "taken"
        return "dead" if len(self.leases) == TRIES else "waiting"

    def ends(self, lease: str, now: int) -> bool:
        """Whether this lease can be ended now."""
        last = list(self.leases)[-1]
        return self.done is None and lease == last and now < self.leases[lease]


class Messages(RuleBasedStateMachine):
    """What is published and taken, acknowledged, given back or forgotten, as time goes on."""

    leases = Bundle("leases")

    @initialize()
    def begin(self) -> None:
        self.mock = template(MESSAGES).fresh()
        self.now = self.asked = 0
        self.model = [Modelled(0), Modelled(0)]
        self.ids: dict[str, Modelled] = {}

    def _ask(self, method: str, target: str, body: object = b"", *, commit: bool = True) -> Any:
        self.asked += 1
        asked = request(method, target, body, at=self.now, draw=f"d{self.asked}")
        return handled(self.mock, asked, commit=commit)

    @rule(ns=st.integers(0, 40 * NS) | st.sampled_from([LEASE, LEASE - 1]))
    def time_passes(self, ns: int) -> None:
        self.now += ns

    @rule(commit=st.booleans(), body=st.integers(1, 9))
    def publish(self, commit: bool, body: int) -> None:
        reply = self._ask("POST", "/inbox", body, commit=commit)
        assert reply.status == 201
        if commit:
            self.model.append(Modelled(body))

    @rule(target=leases, commit=st.booleans())
    def take(self, commit: bool) -> tuple[str, int]:
        """The first that is free, if any is; where that is not committed, it stays so."""
        wanted = [at for at, each in enumerate(self.model) if each.status(self.now) == "waiting"]
        reply = self._ask("POST", "/inbox/next", commit=commit)
        assert reply.status == (200 if wanted else 204)
        if not wanted:
            return "none", -1
        told, message = value(reply), self.model[wanted[0]]
        assert told["body"] == message.body
        assert told["tries"] == len(message.leases) + 1
        assert self.ids.setdefault(told["id"], message) is message
        if not commit:
            return "none", -1
        message.leases[told["lease"]] = self.now + LEASE
        return told["lease"], wanted[0]

    @rule(lease=leases, release=st.booleans(), commit=st.booleans())
    def end(self, lease: tuple[str, int], release: bool, commit: bool) -> None:
        id_, at = lease
        target = f"/inbox/leases/{id_}"
        how = ("POST", f"{target}/release") if release else ("DELETE", target)
        reply = self._ask(*how, commit=commit)
        if at < 0:
            assert reply.status == 404
            return
        message = self.model[at]
        can = message.ends(id_, self.now)
        again = message.done == id_
        if release:
            again = id_ in message.given_back and message.done is None
        assert reply.status == (204 if can or again else 409)
        assert bool(reply.effects) == (can and not again)
        if not (can and commit) or again:
            return
        if release:
            message.leases[id_] = self.now
            message.given_back.add(id_)
        else:
            message.done = id_

    @rule()
    def every_message_is_told_of_as_it_is(self) -> None:
        for id_, message in self.ids.items():
            assert value(self._ask("GET", f"/inbox/{id_}"))["status"] == message.status(self.now)

    @invariant()
    def the_counts_are_those_of_the_model(self) -> None:
        if not hasattr(self, "mock"):
            return
        states = [each.status(self.now) for each in self.model]
        told = value(self._ask("GET", "/inbox"))
        assert told == {
            name: states.count(name) for name in ("waiting", "taken", "acknowledged", "dead")
        }


Messages.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestMessages = Messages.TestCase
