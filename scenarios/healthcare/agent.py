"""A triage agent as a careful team would build it: one message of a patient in, one reply out.

An emergency is told at once, before anything is looked up. For the rest the patient's chart is read
first, in little time and whole or not at all; a model on PydanticAI then answers from the chart and
from what the patient has told in all turns so far. What the model says goes out only if it is sure
and every medicine in it suits the chart. In every other case a nurse calls back, and when none can
be had, the patient is told so.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from attempts import Unavailable
from emr import Emr, SlotTaken
from nurses import Matter, Nurses
from phrases import phrase
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)
from safety import is_emergency, unsafe
from triage import SURE, Known, Model, Triage

from evalkit import Reply, Turn

OVERALL = 25.0  # seconds for a turn
LONGEST = 4000  # characters of a message that the model is given


@dataclass
class Talk:
    """What a patient said, what was replied, and what of it matters later."""

    history: list[ModelMessage] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def add(self, text: str, reply: str) -> None:
        """Remember a turn, however it ended."""
        self.told.append(text)
        self.history.append(ModelRequest(parts=[UserPromptPart(text)]))
        self.history.append(ModelResponse(parts=[TextPart(reply)]))


@dataclass(frozen=True, slots=True)
class Visit:
    """A turn, with what is known of its patient."""

    patient: str
    session: str
    number: int
    language: str
    text: str
    talk: Talk

    def says(self, name: str, answer: str, **values: str) -> Reply:
        """A phrase of ours as a reply."""
        text = phrase(self.language, name, **values)
        return Reply(text, answer=answer, context={"facts": list(self.talk.facts)})  # type: ignore[arg-type]

    def matter(self, reason: str) -> Matter:
        """What a nurse has to know of it."""
        told = [*self.talk.told, self.text]
        return Matter(self.patient, self.session, self.number, reason, told, self.talk.facts)


@dataclass
class Desk:
    """The agent and its conversations."""

    emr: Emr
    nurses: Nurses
    model: Model
    talks: dict[str, Talk] = field(default_factory=dict)

    async def reply(self, turn: Turn) -> Reply:
        """The reply to a turn, in time."""
        visit = Visit(
            patient=turn.session.vars["patient"],
            session=turn.session.id,
            number=turn.number,
            language=turn.session.vars.get("language", "en"),
            text=turn.input.strip()[:LONGEST],
            talk=self.talks.setdefault(turn.session.id, Talk()),
        )
        if not visit.text:
            return visit.says("empty", "answered")
        try:
            async with asyncio.timeout(OVERALL):
                reply = await self.settled(visit)
        except TimeoutError:
            reply = visit.says("hold", "hold")
        visit.talk.add(visit.text, reply.text)
        return reply

    async def settled(self, visit: Visit) -> Reply:
        """The reply, whatever happens on the way to it."""
        if is_emergency(visit.text):
            return await self.alarm(visit)
        try:
            chart = await self.emr.chart(visit.patient)
            known = Known(chart, tuple(visit.talk.facts))
            found = await self.model.triage(visit.text, visit.talk.history, known)
        except Unavailable as error:
            return await self.call_back(visit, str(error))
        visit.talk.facts += [each for each in found.facts if each not in visit.talk.facts]
        if found.confidence < SURE or found.urgency == "urgent":
            return await self.call_back(visit, f"{found.urgency}, sure by {found.confidence}")
        if (reason := unsafe(found.medicines, chart)) is not None:
            return await self.call_back(visit, reason)
        if found.slot is not None:
            return await self.book(visit, found.slot)
        return self.answer(visit, found)

    def answer(self, visit: Visit, found: Triage) -> Reply:
        """What the model said."""
        context = {"facts": list(visit.talk.facts), "urgency": found.urgency}
        return Reply(found.text, answer="answered", confidence=found.confidence, context=context)

    async def alarm(self, visit: Visit) -> Reply:
        """Send to the emergency number, with a nurse paged or without."""
        try:
            ticket = await self.nurses.ask("pages", visit.matter("red flag"))
        except Unavailable:
            return visit.says("emergency_alone", "hold")
        return visit.says("emergency", "escalated", ticket=ticket)

    async def call_back(self, visit: Visit, reason: str) -> Reply:
        """Have a nurse call back, or say that none could be had."""
        try:
            ticket = await self.nurses.ask("callbacks", visit.matter(reason))
        except Unavailable:
            return visit.says("hold", "hold")
        return visit.says("callback", "escalated", ticket=ticket)

    async def book(self, visit: Visit, slot: str) -> Reply:
        """Book the slot that the patient asked for. Without a receipt nothing is claimed."""
        try:
            booked = await self.emr.book(visit.patient, slot, f"{visit.session}/{slot}")
        except SlotTaken:
            return visit.says("taken", "answered")
        except Unavailable:
            return visit.says("unbooked", "hold")
        return visit.says("booked", "answered", slot=booked.slot, appointment=booked.appointment)


@asynccontextmanager
async def triage_agent(
    desk: type[Desk] = Desk,
    emr: type[Emr] = Emr,
    nurses: type[Nurses] = Nurses,
    model: type[Model] = Model,
) -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent: one HTTP client and its conversations, for as long as the process serves."""
    env = os.environ
    async with httpx2.AsyncClient(timeout=5) as http:
        yield desk(
            emr(http, env["EMR_URL"], env["EMR_KEY"]),
            nurses(http, env["NURSES_URL"]),
            model.at(env["OPENAI_BASE_URL"]),
        ).reply
