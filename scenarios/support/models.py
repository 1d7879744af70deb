"""The models: a small one that classifies, one that answers, and one elsewhere to fall back to.

The fallback runs with another provider, because a model is mostly down together with its provider.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from attempts import Limits, Unavailable, attempt
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

CLASSIFY = Limits(attempts=3, timeout=5)
ANSWER = Limits(attempts=2, timeout=8)
FIRST_TOKEN, NEXT_TOKEN = 5.0, 2.0  # seconds of silence before and within a reply
FALLBACK = "gpt-4o-mini"

CLASSIFYING = """\
Classify the last message of a customer of Norlight, a broadband and mobile provider.
Reply in JSON: {"category": one of billing, outage, technical, order, account, cancellation, other,
"language": its language as two letters, "sensitive": whether it touches on law, danger, death or
somebody's privacy}"""

ANSWERING = """\
You answer customers of Norlight, a broadband and mobile provider: kindly, briefly, in the
customer's language, and only from what stands below. Promise no money and no dates that do not
stand there. Reply in JSON: {"text": your answer, "confidence": from 0 to 1, how sure you are that
it settles the matter; below 0.8 a colleague looks at it first}

Category: {category}
Customer record: {customer}
Profile: {profile}"""

UNKNOWN = "not available right now"


class Sorted(BaseModel):
    """What the classifier says about a message."""

    category: Literal[
        "billing", "outage", "technical", "order", "account", "cancellation", "other"
    ] = "other"
    language: str = "en"
    sensitive: bool = False


class Draft(BaseModel):
    """A model's answer and how sure it is of it."""

    text: str = Field(min_length=1)
    confidence: float = Field(ge=0, le=1)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Asked(Generic[M]):
    """A model with its limits, and the one to fall back to when it gives nothing usable."""

    primary: ChatOpenAI
    fallback: ChatOpenAI
    kind: type[M]
    limits: Limits
    streamed: bool

    @classmethod
    def of(cls, name: str, kind: type[M], limits: Limits, *, streamed: bool = False) -> Asked[M]:
        """The model of this name; its replies are of this kind."""
        elsewhere = os.environ["FALLBACK_BASE_URL"]
        return cls(
            primary=_model(name, limits),
            fallback=_model(FALLBACK, limits, base_url=elsewhere),
            kind=kind,
            limits=limits,
            streamed=streamed,
        )

    async def ask(self, system: str, conversation: Sequence[BaseMessage]) -> M:
        """The reply to a conversation. The fallback has one attempt: time is running."""
        messages = [SystemMessage(system), *conversation]
        try:
            return await attempt(lambda: self.told(self.primary, messages), self.limits)
        except Unavailable:
            once = replace(self.limits, attempts=1)
            return await attempt(lambda: self.told(self.fallback, messages), once)

    async def told(self, model: ChatOpenAI, messages: Sequence[BaseMessage]) -> M:
        """What a model says. Raises `ValueError` where that is not whole, or not of its kind."""
        if not self.streamed:
            said = await model.ainvoke(list(messages))
            return self.kind.model_validate_json(finished(said.text, said.response_metadata))
        return self.kind.model_validate_json(await token_by_token(model, messages))


async def token_by_token(model: ChatOpenAI, messages: Sequence[BaseMessage]) -> str:
    """The text of a stream. Silence in the midst of it ends the attempt."""
    loop = asyncio.get_running_loop()
    tokens: list[str] = []
    about: dict[str, Any] = {}
    async with asyncio.timeout(FIRST_TOKEN) as silence:
        async for chunk in model.astream(list(messages)):
            silence.reschedule(loop.time() + NEXT_TOKEN)
            tokens.append(chunk.text)
            about |= chunk.response_metadata
    return finished("".join(tokens), about)


def finished(text: str, about: Mapping[str, Any]) -> str:
    """The text, if the model came to its end. Raises `ValueError` for one that broke off."""
    # The SDK says nothing of a stream that just ends.
    if (reason := about.get("finish_reason")) != "stop":
        raise ValueError(f"the reply ended by {reason}")
    return text


@dataclass(frozen=True)
class Models:
    """What the models are asked. All methods raise `Unavailable`."""

    classifier: Asked[Sorted]
    answerer: Asked[Draft]

    @classmethod
    def from_env(cls) -> Models:
        """The models at the addresses of this environment."""
        return cls(
            classifier=Asked.of("gpt-4o-mini", Sorted, CLASSIFY),
            answerer=Asked.of("gpt-4o", Draft, ANSWER, streamed=True),
        )

    async def classify(self, conversation: Sequence[BaseMessage]) -> Sorted:
        """The category and language of the last message."""
        return await self.classifier.ask(CLASSIFYING, conversation)

    async def answer(
        self,
        conversation: Sequence[BaseMessage],
        category: str,
        customer: str | None,
        profile: str | None,
    ) -> Draft:
        """An answer from what is known."""
        facts = {"category": category, "customer": customer, "profile": profile}
        return await self.answerer.ask(_filled(ANSWERING, facts), conversation)


def _filled(prompt: str, facts: dict[str, str | None]) -> str:
    for name, fact in facts.items():
        prompt = prompt.replace(f"{{{name}}}", fact or UNKNOWN)
    return prompt


def _model(name: str, limits: Limits, base_url: str | None = None) -> ChatOpenAI:
    return ChatOpenAI(
        model=name,
        base_url=base_url,
        timeout=limits.timeout,
        max_retries=0,  # `attempt` retries; an SDK that does too would make nine requests of three
        stream_usage=True,
        model_kwargs={"response_format": {"type": "json_object"}},
    )
