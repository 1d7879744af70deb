"""The support agent of scenarios/support with one mistake at a time.

Each function makes one agent; `defects.yaml` says where its mistake shows, and to whom.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.request
import uuid
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/support"))

import agent
import attempts
import backends
import models
from agent import Desk, Ticket, said, support_agent
from attempts import Limits, Unavailable
from backends import Backends, Escalation
from phrases import phrase

Made = AbstractAsyncContextManager[Any]


def key_per_attempt() -> Made:
    Escalation.key = property(lambda self: str(uuid.uuid4()))
    return support_agent()


def hands_over_again() -> Made:
    sound = Backends.escalate

    async def twice(self: Backends, escalation: Escalation) -> str:
        await sound(self, escalation)
        again = escalation.model_copy(update={"lane": "low"})
        again.__class__ = _Again
        return await sound(self, again)

    Backends.escalate = twice
    return support_agent()


class _Again(Escalation):
    @property
    def key(self) -> str:
        return f"again/{self.session}/{self.turn}"


def hides_what_is_missing() -> Made:
    sound = Desk.answer

    async def silent(self: Desk, state: Ticket) -> Ticket:
        found = await sound(self, state)
        if found.get("outcome") == "degraded":
            return {**found, **said(found["draft"] or "", "answered")}
        return found

    Desk.answer = silent
    return support_agent()


def sends_what_it_is_unsure_of() -> Made:
    agent.SURE = 0.5
    return support_agent()


def takes_the_wrong_lane() -> Made:
    sound = agent.lane_of
    swapped = {"senior": "low", "low": "senior", "review": "review"}
    agent.lane_of = lambda ticket: swapped[sound(ticket)]
    return support_agent()


def claims_a_hand_over() -> Made:
    async def claims(self: Desk, state: Ticket) -> Ticket:
        language = state.get("language", "en")
        try:
            number = await self.backends.escalate(agent.escalation(state))
        except Unavailable:
            number = "E-0"
        return said(phrase(language, "escalated", ticket=number, due="120"), "escalated")

    Desk.hand_over = claims
    return support_agent()


def hands_over_without_context() -> Made:
    sound = agent.escalation

    def bare(ticket: Ticket) -> Escalation:
        class Bare(Escalation):
            def model_dump(self, **options: Any) -> dict[str, Any]:
                return super().model_dump(exclude={"transcript", "summary"})

        return Bare(**sound(ticket).model_dump())

    agent.escalation = bare
    return support_agent()


def has_no_fallback() -> Made:
    async def only_one(self: Any, system: str, conversation: Any) -> Any:
        messages = [models.SystemMessage(system), *conversation]
        return await attempts.attempt(lambda: self.told(self.primary, messages), self.limits)

    models.Asked.ask = only_one
    return support_agent()


def retries_in_two_layers() -> Made:
    sound = models._model

    def layered(name: str, limits: Limits, base_url: str | None = None) -> Any:
        made = sound(name, limits, base_url)
        return type(made)(
            model=name,
            base_url=base_url,
            timeout=limits.timeout,
            max_retries=2,
            stream_usage=True,
            model_kwargs={"response_format": {"type": "json_object"}},
        )

    models._model = layered
    return support_agent()


def ignores_retry_after() -> Made:
    attempts.retry_after = lambda headers: None
    return support_agent()


def retries_at_once() -> Made:
    attempts.backoff = lambda number: 0.0
    return support_agent()


def never_retries() -> Made:
    backends.READ = Limits(attempts=1, timeout=10)
    return support_agent()


def waits_for_ever() -> Made:
    backends.READ = Limits(attempts=2, timeout=600)
    agent.OVERALL = 3600.0
    sound = Backends.from_env.__func__

    def patient(cls: type[Backends], http: Any) -> Backends:
        http.timeout = None
        return sound(cls, http)

    Backends.from_env = classmethod(patient)
    return support_agent()


def uses_any_record() -> Made:
    backends._checked = lambda record, url: record
    return support_agent()


def obeys_records() -> Made:
    backends.ORDERS = re.compile(r"(?!)")
    return support_agent()


def shows_the_address_to_the_model() -> Made:
    class Customer(backends.Customer):
        email: str

    backends.Customer = Customer
    return support_agent()


def blocks_while_it_reads() -> Made:
    sound = Desk.read_crm

    async def blocking(self: Desk, state: Ticket) -> Ticket:
        time.sleep(0.25)  # noqa: ASYNC251 - the mistake
        return await sound(self, state)

    Desk.read_crm = blocking
    return support_agent()


def tells_a_stranger_of_each_turn() -> Made:
    sound = Desk.classify

    async def counted(self: Desk, state: Ticket) -> Ticket:
        with suppress(Exception):
            await self.backends.http.post("https://traces.example/turns", json={"turns": 1})
        return await sound(self, state)

    Desk.classify = counted
    return support_agent()


def asks_with_a_blocking_client() -> Made:
    sound = Desk.read_profile

    async def blocking(self: Desk, state: Ticket) -> Ticket:
        with suppress(Exception):
            urllib.request.urlopen(self.backends.profiles)  # noqa: ASYNC210 - the mistake
        return await sound(self, state)

    Desk.read_profile = blocking
    return support_agent()


def reads_what_the_crm_has_not() -> Made:
    sound = Desk.read_crm

    async def more(self: Desk, state: Ticket) -> Ticket:
        await self.backends.http.get(f"{self.backends.crm}/customer/{state['customer_id']}/notes")
        return await sound(self, state)

    Desk.read_crm = more
    return support_agent()


def pastes_the_handbook() -> Made:
    models.ANSWERING += HANDBOOK
    return support_agent()


def never_counts_its_tokens() -> Made:
    models.ANSWERING += HANDBOOK[: len(HANDBOOK) // 4]
    return support_agent()


HANDBOOK = "\nFrom the handbook: " + "first switch it off and then switch it on again; " * 3000


def gives_up_on_a_slow_crm() -> Made:
    backends.READ = Limits(attempts=2, timeout=4)
    return support_agent()


def thanks_when_no_model_answers() -> Made:
    sound = Desk.answer

    async def thanks(self: Desk, state: Ticket) -> Ticket:
        found = await sound(self, state)
        if found.get("confidence") is not None:
            return found
        text = "Thank you for your message. All is well with your order."
        return {"draft": text, "confidence": 1.0, **said(text, "answered")}

    Desk.answer = thanks
    return support_agent()


def asks_elsewhere_at_once() -> Made:
    models.ANSWER = Limits(attempts=1, timeout=8)
    return support_agent()


def lets_replies_drip() -> Made:
    models.CLASSIFY = Limits(attempts=3, timeout=600)
    models.ANSWER = Limits(attempts=2, timeout=600)
    models.FIRST_TOKEN = models.NEXT_TOKEN = 600.0
    return support_agent()


def takes_a_stream_for_whole() -> Made:
    models.finished = lambda text, about: text
    return support_agent()


def waits_for_the_next_token() -> Made:
    models.ANSWER = Limits(attempts=2, timeout=60)
    models.NEXT_TOKEN = 60.0
    return support_agent()
