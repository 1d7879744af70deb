"""The models: a small one that classifies, one that answers, and one elsewhere to fall back to.

The fallback runs with another provider, because a model is mostly down together with its provider.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar, cast

from attempts import Limits, Unavailable, attempt
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

CLASSIFY = Limits(attempts=3, timeout=5)
ANSWER = Limits(attempts=2, timeout=8)
FALLBACK = "gpt-4o-mini"

CLASSIFYING = """\
Classify the last message of a customer of Norlight, a broadband and mobile provider.
Reply in JSON: {"category": one of billing, outage, technical, order, account, cancellation, other,
"language": its language as two letters}"""

ANSWERING = """\
You answer customers of Norlight, a broadband and mobile provider: kindly, briefly, in the
customer's language, and only from what stands below. Promise no money and no dates that do not
stand there. Reply in JSON: {"text": your answer, "confidence": from 0 to 1, how sure you are that
it settles the matter; below 0.6 a colleague takes over}

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


class Draft(BaseModel):
    """A model's answer and how sure it is of it."""

    text: str = Field(min_length=1)
    confidence: float = Field(ge=0, le=1)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Asked(Generic[M]):
    """A model with its limits, and the one to fall back to when it gives nothing usable."""

    primary: Runnable[LanguageModelInput, M]
    fallback: Runnable[LanguageModelInput, M]
    limits: Limits

    @classmethod
    def of(cls, name: str, kind: type[M], limits: Limits) -> Asked[M]:
        """The model of this name; its replies are of this kind."""
        elsewhere = os.environ["FALLBACK_BASE_URL"]
        return cls(
            primary=_structured(name, kind, limits),
            fallback=_structured(FALLBACK, kind, limits, base_url=elsewhere),
            limits=limits,
        )

    async def ask(self, system: str, conversation: Sequence[BaseMessage]) -> M:
        """The reply to a conversation. The fallback has one attempt: time is running."""
        messages = [SystemMessage(system), *conversation]
        try:
            return await attempt(lambda: self.primary.ainvoke(messages), self.limits)
        except Unavailable:
            once = replace(self.limits, attempts=1)
            return await attempt(lambda: self.fallback.ainvoke(messages), once)


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
            answerer=Asked.of("gpt-4o", Draft, ANSWER),
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


def _structured(
    name: str, kind: type[M], limits: Limits, base_url: str | None = None
) -> Runnable[LanguageModelInput, M]:
    # `attempt` retries; a retrying SDK beneath it would make nine requests of three.
    model = ChatOpenAI(model=name, base_url=base_url, timeout=limits.timeout, max_retries=0)
    structured = model.with_structured_output(kind, method="json_mode")
    return cast("Runnable[LanguageModelInput, M]", structured)
