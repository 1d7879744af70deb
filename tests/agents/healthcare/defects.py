"""The triage agent of scenarios/healthcare with one mistake at a time.

Each function makes one agent; `defects.yaml` says where its mistake shows, and to whom.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/healthcare"))

import agent
import attempts
import emr
import httpx2
from agent import Desk, Talk, Visit, triage_agent
from emr import Chart, Emr, Part
from nurses import Matter, Nurses
from openai import AsyncOpenAI
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from triage import Known, Model, Triage

from evalkit import Reply, Turn
from tests.agents.tracing import Tracing, traced

Made = AbstractAsyncContextManager[Any]


def asks_nurses_without_key() -> Made:
    class Keyless(Nurses):
        def headers(self, matter: Matter) -> dict[str, str]:
            return {}

    return triage_agent(nurses=Keyless)


def books_without_key() -> Made:
    class Keyless(Emr):
        async def book(self, patient: str, slot: str, key: str) -> Any:
            async def post() -> Any:
                reply = await self.http.post(
                    f"{self.url}/appointments",
                    json={"patient": patient, "slot": slot},
                    headers={"X-Api-Key": self.key},
                )
                return emr.Booked.model_validate_json(reply.raise_for_status().content)

            return await attempts.attempt(post, emr.BOOK)

    return triage_agent(emr=Keyless)


def claims_the_visit() -> Made:
    class Claims(Desk):
        async def book(self, visit: Visit, slot: str) -> Reply:
            reply = await super().book(visit, slot)
            if reply.answer == "hold":
                return visit.says("booked", "answered", slot=slot, appointment="A-1")
            return reply

    return triage_agent(desk=Claims)


def takes_what_it_gets_of_a_chart() -> Made:
    class Partial(Emr):
        async def part(self, patient: str, name: str) -> Part:
            try:
                return await super().part(patient, name)
            except attempts.Unavailable:
                return Part(patient=patient, version=7, total=0, items=[])

    return triage_agent(emr=Partial)


def mixes_versions_and_patients() -> Made:
    def anyhow(patient: str, parts: list[Part]) -> Chart:
        return Chart(*(tuple(each.items) for each in parts))

    emr.charted = anyhow
    return triage_agent()


def waits_without_limit() -> Made:
    emr.READ = attempts.Limits(attempts=2, timeout=60.0)
    return triage_agent(emr=_Patient)


class _Patient(Emr):
    async def part(self, patient: str, name: str) -> Part:
        self.http.timeout = 60.0
        return await super().part(patient, name)


async def _unlimited(call: Callable[[], Awaitable[Any]], limits: attempts.Limits) -> Any:
    """Attempts with the client's read timeout for a limit."""
    for number in range(1, limits.attempts + 1):
        try:
            return await call()
        except attempts.TROUBLE as error:
            if number == limits.attempts or attempts.pause_after(number, error) is None:
                raise attempts.Unavailable(str(error)) from error
        await asyncio.sleep(attempts.backoff(number))
    raise AssertionError("limits allow no attempt")


def limits_single_reads_only() -> Made:
    class Reading(Emr):
        async def part(self, patient: str, name: str) -> Part:
            self.http.timeout = httpx2.Timeout(emr.READ.timeout)
            return await super().part(patient, name)

    emr.attempt = _unlimited
    return triage_agent(emr=Reading)


def forgets_what_failed() -> Made:
    class Forgetful(Desk):
        async def call_back(self, visit: Visit, reason: str) -> Reply:
            reply = await super().call_back(visit, reason)
            visit.talk.history.clear()
            visit.talk.facts.clear()
            return reply

    return triage_agent(desk=Forgetful)


def retries_what_is_forbidden() -> Made:
    attempts.WORTH_RETRYING |= {401, 403}
    return triage_agent()


def trusts_the_model() -> Made:
    agent.unsafe = lambda medicines, chart: None
    return triage_agent()


def answers_when_unsure() -> Made:
    agent.SURE = 0.0
    return triage_agent()


def retries_in_two_layers() -> Made:
    class Layered(Model):
        @classmethod
        def at(cls, url: str) -> Model:
            client = AsyncOpenAI(base_url=url, timeout=8, max_retries=2)
            provider = OpenAIProvider(openai_client=client)
            made = super().at(url)
            made.agent.model = OpenAIChatModel("gpt-4o", provider=provider)
            return made

    return triage_agent(model=Layered)


def ignores_retry_after() -> Made:
    attempts.retry_after = lambda headers: None
    return triage_agent()


def retries_at_once() -> Made:
    attempts.backoff = lambda number: 0.0
    return triage_agent()


def takes_half_an_answer() -> Made:
    class Lenient(Model):
        async def triage(self, text: str, history: Sequence[ModelMessage], known: Known) -> Triage:
            said = await self.agent.run(
                text, deps=known, message_history=list(history), output_type=str
            )
            found = re.search(r'"text": ?"([^"]*)', said.output)
            return Triage(
                text=found[1] if found else said.output,
                urgency="self_care",
                confidence=0.9,
                facts=[],
                medicines=[],
                slot=None,
            )

    return triage_agent(model=Lenient)


def names_a_nurse_who_is_not_paged() -> Made:
    class Claims(Desk):
        async def alarm(self, visit: Visit) -> Reply:
            reply = await super().alarm(visit)
            if reply.answer == "hold":
                return visit.says("emergency", "escalated", ticket="P-1")
            return reply

    return triage_agent(desk=Claims)


def calls_back_without_context() -> Made:
    class Terse(Nurses):
        async def ask(self, kind: Any, matter: Matter) -> str:
            return await super().ask(kind, replace(matter, told=(), facts=(), reason=""))

    return triage_agent(nurses=Terse)


def keeps_one_talk_for_all() -> Made:
    class Shared(Desk):
        async def reply(self, turn: Turn) -> Reply:
            self.talks[turn.session.id] = self.talks.setdefault("all", Talk())
            return await super().reply(turn)

    return triage_agent(desk=Shared)


def tells_the_model_who_it_is() -> Made:
    class Naming(Desk):
        async def reply(self, turn: Turn) -> Reply:
            self.talks.setdefault(
                turn.session.id, Talk(facts=[f"name: {turn.session.vars['name']}"])
            )
            return await super().reply(turn)

    return triage_agent(desk=Naming)


def traced_throughout() -> Made:
    """The sound agent with clients that are instrumented."""
    return traced(triage_agent(), Tracing())


def traces_another_model() -> Made:
    return traced(triage_agent(), Tracing(told_model="triage-default"))


def reads_once() -> Made:
    emr.READ = attempts.Limits(attempts=1, timeout=0.8)
    return triage_agent()


def reads_any_patients_chart() -> Made:
    emr.charted = lambda patient, parts: Chart(*(tuple(each.items) for each in parts))
    return triage_agent()
