"""A loan assistant as a bank would let it out: one message of a customer in, one reply out.

    message ─> run of the assistant ─┬─ assess_loan ─> credit report ∥ AML screening ─> offer
                                     └─ book_loan ─> interrupted ─> file with an underwriter
    next message ─> file answered? ─> run goes on ─> AML screening ─> loan booked

A turn has two seconds. Whatever does not come about in them is said to be open (`hold`), never to
be done: a check that is late, a person who has not answered, a booking that nobody confirmed. An
indication that was made without the credit bureau is called one (`degraded`). No loan is booked
without an offer on the same terms, a person's approval of them, and a clear screening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai
from agents import (
    Agent,
    AgentsException,
    ModelBehaviorError,
    OutputGuardrailTripwireTriggered,
    Runner,
    RunResult,
    RunState,
    set_tracing_disabled,
)
from assistant import build_assistant, model_client
from attempts import Unavailable
from backends import Backends
from case import Application, Case, Customer, Item, Outcome, Terms
from phrases import phrase
from privacy import cleaned
from underwriting import Desk

from evalkit import Reply, Turn

OVERALL = 1.85  # seconds for a turn
MOST_CALLS = 4  # of the model in a turn
# Not looked at before it is used: a 200 that is no response (a web page, no output).
SHAPELESS = (ValueError, AttributeError, LookupError, TypeError)


@dataclass
class Assistant:
    """Takes turns. It keeps each customer's case for as long as the process lives."""

    agent: Agent[Case]
    desk: Desk
    cases: dict[str, Case] = field(default_factory=dict)

    async def reply(self, turn: Turn) -> Reply:
        """The reply to a message, within the two seconds."""
        case = self._case(turn)
        case.outcome = "answered"
        items, waiting = case.items, case.application
        try:
            async with asyncio.timeout(OVERALL):
                text = await self._said(case, turn.input)
        except OutputGuardrailTripwireTriggered:
            text = said(case, "refused", "withheld")
        except (TimeoutError, AgentsException, openai.OpenAIError, *SHAPELESS):
            text = self._instead(case)
        if case.items is items and waiting is None:
            case.items = [
                *items,
                self._asked(case, turn.input),
                {"role": "assistant", "content": text},
            ]
        return Reply(text, answer=case.outcome, context={"loan": case.loan})

    def _instead(self, case: Case) -> str:
        """What is so, where the model did not get to say it."""
        application = case.application
        if application is not None and application.booked:
            return booked(case)
        if application is not None and application.approved_at is not None:
            return said(case, "hold", "unbooked")
        return said(case, "hold", "unavailable")

    async def _said(self, case: Case, message: str) -> str:
        if case.application is not None:
            return await self._pursue(case)
        if not message.strip():
            return phrase(case.customer.language, "empty")
        given = [*case.items, self._asked(case, message)]
        try:
            result = await self._run(case, given)
        except ModelBehaviorError:  # it invented a tool, or garbled a call: once more
            result = await self._run(case, given)
        return await self._concluded(case, result)

    def _asked(self, case: Case, message: str) -> Item:
        return {"role": "user", "content": cleaned(message, case.customer.secrets)}

    async def _run(self, case: Case, given: list[Item] | RunState[Any]) -> RunResult:
        return await Runner.run(self.agent, given, context=case, max_turns=MOST_CALLS)

    async def _concluded(self, case: Case, result: RunResult) -> str:
        """The reply that a run came to, or what has to be done before it can go on."""
        done = case.application is not None and case.application.booked
        if result.interruptions:
            return booked(case) if done else await self._ask_approval(case, result)
        case.items = result.to_input_list()
        if done:
            case.application = None
        return str(result.final_output)

    async def _ask_approval(self, case: Case, result: RunResult) -> str:
        """Give the underwriters what the customer accepted; reject what nobody offered."""
        state, asks = result.to_state(), result.interruptions[0]
        terms = terms_of(asks.raw_item)
        if terms is None or case.offer is None or not case.offer.firm or case.offer.terms != terms:
            return said(case, "refused", "refused")
        application = f"{case.session}.{case.applications + 1}"
        try:
            file = await self.desk.backends.file(application, terms, 1)
        except Unavailable:
            return said(case, "hold", "unavailable")
        case.applications, case.offer = case.applications + 1, None
        case.application = Application(
            id=application, terms=terms, state=state, asks=asks, file=file
        )
        return said(case, "escalated", "asked", amount=terms.amount, file=file)

    async def _pursue(self, case: Case) -> str:
        """How an application stands, and the booking once it is approved."""
        application = case.application
        assert application is not None
        try:
            standing = await self.desk.standing(case)
            if standing == "stale":
                await self.desk.ask_again(case)
                return said(
                    *(case, "escalated", "asked"),
                    amount=application.terms.amount,
                    file=application.file,
                )
        except Unavailable:
            return said(case, "hold", "unavailable")
        if standing == "pending":
            return said(case, "hold", "pending", file=application.file)
        if standing == "declined":
            application.state.reject(
                application.asks, rejection_message="The underwriter declined."
            )
            text = await self._concluded(case, await self._run(case, application.state))
            case.application = None
            return text
        return await self._book(case, application)

    async def _book(self, case: Case, application: Application) -> str:
        """Let the interrupted run go on; once it was let, only the booking is tried again."""
        if not application.resumed:
            application.resumed = True
            application.state.approve(application.asks)
            return await self._concluded(case, await self._run(case, application.state))
        try:
            await self.desk.book(case)
        except Unavailable:
            return said(case, "hold", "unbooked")
        return booked(case)

    def _case(self, turn: Turn) -> Case:
        known = self.cases.get(turn.session.id)
        if known is None:
            customer = Customer.of(turn.session.vars)
            known = self.cases[turn.session.id] = Case(session=turn.session.id, customer=customer)
        return known


def terms_of(asked: Any) -> Terms | None:
    """The terms that a tool call is about; None where they are none."""
    try:
        return Terms.model_validate_json(getattr(asked, "arguments", None) or "")
    except ValueError:
        return None


def said(case: Case, outcome: Outcome, name: str, **values: object) -> str:
    """The turn comes to this; returns our words for it."""
    case.outcome = outcome
    return phrase(case.customer.language, name, **values)


def booked(case: Case) -> str:
    """A loan that is booked is told so, whatever else went wrong."""
    application, case.application = case.application, None
    case.outcome = "answered"
    amount = application.terms.amount if application else ""
    return phrase(case.customer.language, "booked", amount=amount, loan=case.loan)


@asynccontextmanager
async def loan_assistant(
    *,
    backends: type[Backends] = Backends,
    desk: type[Desk] = Desk,
    assistant: type[Assistant] = Assistant,
) -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent: one client for the model, one for everything else, while the process serves."""
    # The SDK would send traces, with the conversations in them, to its maker.
    set_tracing_disabled(True)
    logging.getLogger("openai.agents").addHandler(logging.NullHandler())
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50)
    async with httpx2.AsyncClient(timeout=2, limits=limits) as http, model_client() as client:
        works = desk(backends.from_env(http))
        yield assistant(build_assistant(works, client), works).reply
