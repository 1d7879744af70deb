"""The support desk of Norlight again, as one pipeline on aiohttp alone: no framework, no SDK.

Streams are read from the wire line by line. The conversation is a list of messages; what a turn
found out lives in local variables and is gone with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from evalkit import Reply, Turn

PASSING = {408, 425, 429, 500, 502, 503, 504}
LANES = {"senior": 30, "review": 120, "low": 360}
CATEGORIES = {"billing", "outage", "technical", "order", "account", "cancellation", "other"}
SPEAKS_TO_MODELS = re.compile(r"(?i)system override|\b(ignore|disregard)\b")

SORT = """\
Classify the last message of somebody who writes to Norlight. Reply with JSON that holds "category",
"language" (two letters) and "sensitive" (law, danger, death, privacy)."""
REPLY = """\
You answer customers of Norlight from the facts below and from nothing else, in their language.
Reply with JSON that holds "text" and "confidence", from 0 to 1.

Facts: {facts}"""

WORDS = {
    "en": ("I have to answer without {gap} today.", "your record", "your usage",
           "A colleague takes this over (number {ticket}) and writes within {due} s.",
           "I could not settle this, nor reach a colleague. Please write again in a while."),
    "de": ("Ich muss heute ohne {gap} antworten.", "Ihre Kundendaten", "Ihre Nutzungsdaten",
           "Das übernimmt jemand aus dem Team (Nummer {ticket}), binnen {due} s.",
           "Das ist nicht geklärt, und im Team war niemand zu erreichen. Bitte später nochmals."),
}  # fmt: skip


class GaveUp(Exception):
    """It was tried as often as is sensible."""


class Unfit(Exception):
    """An answer came that cannot be used; another attempt may bring a better one."""


class Refusal(Exception):
    """An answer came that will not change."""


class Later(Exception):
    """An answer came that asks for patience, or is an error that may pass."""

    def __init__(self, status: int, seconds: float | None) -> None:
        super().__init__(f"status {status}")
        self.seconds = seconds


async def persist(call: Callable[[], Awaitable[Any]], attempts: int, seconds: float) -> Any:
    """The result of `call`. Waits between attempts; raises `GaveUp`."""
    wait = 0.3
    while True:
        attempts -= 1
        try:
            async with asyncio.timeout(seconds):
                return await call()
        except Refusal as error:
            raise GaveUp from error
        except (Later, Unfit, TimeoutError, aiohttp.ClientError, ValueError, LookupError) as error:
            asked = error.seconds if isinstance(error, Later) else None
            if not attempts or (asked or 0) > 10:
                raise GaveUp from error
        await asyncio.sleep(asked if asked is not None else wait + random.random() * wait)
        wait *= 2


def judged(reply: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    """The reply, if it is a good one."""
    if reply.status < 300:
        return reply
    if reply.status not in PASSING:
        raise Refusal(reply.status)
    try:
        seconds = float(reply.headers["Retry-After"])
    except (KeyError, ValueError):
        seconds = None
    raise Later(reply.status, seconds)


@dataclass
class Desk:
    """All that the desk needs, and the conversations it has."""

    http: aiohttp.ClientSession
    talks: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    async def reply(self, turn: Turn) -> Reply:
        """A reply within the minute."""
        talk = self.talks.setdefault(turn.session.id, [])
        talk.append({"role": "user", "content": turn.input})
        seen: dict[str, Any] = {"category": "other", "language": "en", "sensitive": False}
        try:
            async with asyncio.timeout(59):
                reply = await self.work(turn, talk, seen)
        except TimeoutError:
            reply = Reply(words(seen)[4], answer="hold")
        talk.append({"role": "assistant", "content": reply.text})
        return reply

    async def work(self, turn: Turn, talk: list[dict[str, str]], seen: dict[str, Any]) -> Reply:
        """Sort, read, answer; or hand over."""
        with suppress(GaveUp):  # unsorted it is answered all the same
            seen |= await self.asked("gpt-4o-mini", SORT, talk, 3, 5.0, sorted_as)
        customer = turn.session.vars["customer_id"]
        record, profile = await asyncio.gather(
            self.read(f"{os.environ['CRM_URL']}/customers/{customer}", customer, "name", "plan"),
            self.read(f"{os.environ['PROFILE_URL']}/profiles/{customer}", customer, "devices"),
        )
        kept = {k: v for k, v in (record or {}).items() if k != "email"}
        facts = {"category": seen["category"], "record": kept or "unknown",
                 "profile": profile or "unknown"}  # fmt: skip
        system = REPLY.format(facts=json.dumps(facts, ensure_ascii=False))
        try:
            draft = await self.asked("gpt-4o", system, talk, 2, 8.0, drafted, streamed=True)
        except GaveUp:
            return await self.hand_over(turn, talk, seen, None)
        if draft["confidence"] < 0.8:
            return await self.hand_over(turn, talk, seen, draft)
        gaps = [words(seen)[i] for i, each in ((1, record), (2, profile)) if each is None]
        notes = [words(seen)[0].format(gap=each) for each in gaps]
        text = " ".join([*notes, draft["text"]])
        answer = "degraded" if gaps else "answered"
        return Reply(text, answer=answer, confidence=draft["confidence"])

    async def read(self, url: str, whose: str, *needed: str) -> dict[str, Any] | None:
        """A record, if it is that of the customer and fit for a model; else None."""

        async def get() -> dict[str, Any]:
            try:
                async with self.http.get(url) as reply:
                    found = json.loads(await judged(reply).read())
            except aiohttp.ClientConnectorError:
                raise
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                # aiohttp has asked again by itself: that were both attempts.
                raise Refusal("disconnected twice") from error
            if found["id"] != whose or any(found.get(each) is None for each in needed):
                raise Unfit("not this customer's record, or not all of it")
            if SPEAKS_TO_MODELS.search(json.dumps(found)):
                raise Unfit("speaks to models")
            return found

        try:
            return await persist(get, 2, 10.0)
        except GaveUp:
            return None

    async def asked(
        self, model: str, system: str, talk: list[dict[str, str]], attempts: int, seconds: float,
        kind: Callable[[Any], dict[str, Any]], *, streamed: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """What a model says; the one elsewhere is asked once where the first gives nothing."""
        base, other = os.environ["OPENAI_BASE_URL"], os.environ["FALLBACK_BASE_URL"]
        ask = self.streamed if streamed else self.said
        messages = [{"role": "system", "content": system}, *talk]
        try:
            return await persist(lambda: ask(base, model, messages, kind), attempts, seconds)
        except GaveUp:
            return await persist(lambda: ask(other, "gpt-4o-mini", messages, kind), 1, seconds)

    async def said(self, base: str, model: str, messages: Any, kind: Any) -> dict[str, Any]:
        """A whole reply at once."""
        async with self.post(base, model, messages) as reply:
            choice = json.loads(await judged(reply).read())["choices"][0]
        if choice["finish_reason"] != "stop":
            raise Unfit(choice["finish_reason"])
        return kind(json.loads(choice["message"]["content"]))

    async def streamed(self, base: str, model: str, messages: Any, kind: Any) -> dict[str, Any]:
        """A reply token by token; silence ends it."""
        loop, text, reason = asyncio.get_running_loop(), "", None
        async with asyncio.timeout(5) as silence:
            async with self.post(base, model, messages, stream=True) as reply:
                async for line in judged(reply).content:
                    if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                        continue
                    event = json.loads(line[6:])
                    if "error" in event:
                        raise Unfit(event["error"])
                    silence.reschedule(loop.time() + 2)
                    for choice in event["choices"]:
                        text += choice["delta"].get("content") or ""
                        reason = choice.get("finish_reason") or reason
        if reason != "stop":
            raise Unfit(reason)
        return kind(json.loads(text))

    def post(self, base: str, model: str, messages: Any, *, stream: bool = False) -> Any:
        body = {"model": model, "messages": messages, "response_format": {"type": "json_object"}}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        key = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        return self.http.post(f"{base}/chat/completions", json=body, headers=key)

    async def hand_over(
        self, turn: Turn, talk: list[dict[str, str]], seen: dict[str, Any], draft: Any
    ) -> Reply:
        """Give it to a colleague, or say that nobody has it."""
        lane = lane_for(draft, seen["sensitive"])
        task = {
            "lane": lane, "due": LANES[lane], "draft": draft and draft["text"],
            "session": turn.session.id, "turn": turn.number,
            "customer": turn.session.vars["customer_id"], "category": seen["category"],
            "summary": turn.input[:200] or "(nothing)",
            "transcript": [f"{each['role']}: {each['content']}" for each in talk],
        }  # fmt: skip
        key = {"Idempotency-Key": f"hand-over {turn.session.id} {turn.number}"}

        async def post() -> str:
            url = f"{os.environ['QUEUE_URL']}/{lane}"
            async with self.http.post(url, json=task, headers=key) as reply:
                return str(json.loads(await judged(reply).read())["ticket"])

        confidence = draft and draft["confidence"]
        try:
            ticket = await persist(post, 3, 5.0)
        except GaveUp:
            return Reply(words(seen)[4], answer="hold", confidence=confidence)
        text = words(seen)[3].format(ticket=ticket, due=LANES[lane])
        return Reply(text, answer="escalated", confidence=confidence)


def sorted_as(found: Any) -> dict[str, Any]:
    """What the classifier said. Raises `Unfit`."""
    if found.get("category") not in CATEGORIES or not isinstance(found.get("sensitive"), bool):
        raise Unfit("no sorting")
    return {each: found[each] for each in ("category", "language", "sensitive")}


def drafted(found: Any) -> dict[str, Any]:
    """What the model would say. Raises `Unfit`."""
    text, sure = found.get("text"), found.get("confidence")
    if not isinstance(text, str) or not text or not isinstance(sure, int | float):
        raise Unfit("no draft")
    return {"text": text, "confidence": float(sure)}


def lane_for(draft: Any, sensitive: bool) -> str:
    """Who looks at it."""
    if draft is not None and draft["confidence"] >= 0.5:
        return "review"
    if sensitive:
        return "senior"
    return "review" if draft is None else "low"


def words(seen: dict[str, Any]) -> tuple[str, ...]:
    """Our own words, in the customer's language if we have it."""
    return WORDS.get(seen["language"], WORDS["en"])


@asynccontextmanager
async def pipeline() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent."""
    limits = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(timeout=limits) as http:
        yield Desk(http).reply
