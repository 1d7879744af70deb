"""The shipped payroll assistant with a mistake at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shipped import modules_of

modules_of("hr")

from agent import Assistant, Work, hr_agent  # noqa: E402
from payroll import Payroll  # noqa: E402
from signin import Grant, SignIns  # noqa: E402

from evalkit import Reply  # noqa: E402


class HeaderOfTheClient(SignIns):
    """Whoever signs in leaves the token with the client, which everybody shares."""

    async def _issued(self, session: str, fields: Mapping[str, str]) -> Grant:
        grant = await super()._issued(session, fields)
        self.http.headers["Authorization"] = f"Bearer {grant.token}"
        return grant


class TrustsTheClient(Payroll):
    """Calls say nothing of the token: the client has it."""

    def headers(self, token: str, key: str | None = None) -> dict[str, str]:
        return {} if key is None else {"Idempotency-Key": key}


@dataclass
class AnswersByQuestion(Assistant):
    """Answers are kept by the words of the question, to save calls of the model."""

    kept: dict[str, Reply] = field(default_factory=dict)

    async def answered(self, work: Work) -> Reply:
        question = str(work.messages[-1]["content"]).strip().lower()
        if question in self.kept:
            return self.kept[question]
        reply = await super().answered(work)
        if reply.answer == "answered" and work.talk.proposed is None:
            self.kept[question] = reply
        return reply


def token_on_the_client() -> object:
    """The agent."""
    return hr_agent(signins=HeaderOfTheClient, payroll=TrustsTheClient)


def answers_by_question() -> object:
    """The agent."""
    return hr_agent(assistant=AnswersByQuestion)
