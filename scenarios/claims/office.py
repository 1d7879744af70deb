"""The nodes of the graph: three agents, and what comes of their work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, TypedDict

from attempts import Unavailable
from backends import Backends, Policy, Referral
from context import Expired, Opened, SharedContext
from handovers import EXTRACTED, SUMMARY, Extracted, Summary, Unreadable, Wanted
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END
from langgraph.graph.message import add_messages
from models import Models
from phrases import phrase
from rules import Ruling, rule

NOTHING = "nothing"
RENEWALS = 1  # how often an expired context is written anew in one turn

Outcome: TypeAlias = Literal["answered", "escalated", "hold"]


class Case(TypedDict, total=False):
    """The graph's state: the conversation, and what the turn at hand has come to."""

    messages: Annotated[list[AnyMessage], add_messages]
    session: str
    turn: int
    claim: str
    policy: str
    language: str
    context: Opened
    extracted: Extracted
    summary: Summary | None
    cover: Policy
    ruling: Ruling
    confidence: float | None
    renewals: int
    resume: str  # the agent whose context had expired
    why: str  # why a person has to look at it
    next: str
    outcome: Outcome


async def first_step(case: Case) -> str:
    """The button that asks for the state of things needs no model."""
    return "status" if str(case["messages"][-1].content).strip() == "/status" else "open"


async def next_step(case: Case) -> str:
    """Where the agent before said that it goes."""
    return case["next"]


def said(text: str, outcome: Outcome) -> Case:
    """The reply of a turn."""
    return {"messages": [AIMessage(text)], "outcome": outcome, "next": END}


def refer(why: str) -> Case:
    """Leave it to an adjuster."""
    return {"next": "refer", "why": why}


def told_so_far(known: Extracted | None, case: Case) -> list[str]:
    """The claimant's words, those included that another process heard."""
    heard = [str(each.content) for each in case["messages"] if each.type == "human"]
    return list(dict.fromkeys([*(known.told if known else []), *heard]))


def wanted(name: str, case: Case) -> Wanted:
    """The hand-over of this turn."""
    return Wanted(name, case["claim"], case["turn"])


@dataclass(frozen=True)
class Office:
    """The agents and the systems they share."""

    backends: Backends
    shared: SharedContext
    models: Models

    async def open(self, case: Case) -> Case:
        """Open the claim's shared context."""
        try:
            return {"context": await self.shared.open(case["claim"]), "next": "extract"}
        except Unavailable:
            return refer("no shared context")

    async def extract(self, case: Case) -> Case:
        """The first agent: the facts, from the whole conversation and what is known of it."""
        messages = [(each.type, str(each.content)) for each in case["messages"]]
        try:
            known = await self.known(case)
            facts = await self.models.extract(
                messages, known.model_dump_json() if known else NOTHING
            )
            facts = facts.model_copy(update={"told": told_so_far(known, case)})
            await self.shared.write(case["context"], wanted(EXTRACTED, case), facts)
        except Expired:
            return renewed(case, "extract")
        except Unavailable:
            return refer("the facts could not be taken down")
        found: Case = {"extracted": facts, "language": facts.language}
        if facts.missing:
            missing = ", ".join(facts.missing)
            text = phrase(facts.language, "ask", claim=case["claim"], missing=missing)
            return {**found, **said(text, "answered")}
        return {**found, "next": "summarise"}

    async def known(self, case: Case) -> Extracted | None:
        """What the turn before took down, perhaps in another process."""
        if case["turn"] == 1 or case["context"].expired:
            return None
        earlier = Wanted(EXTRACTED, case["claim"], case["turn"] - 1)
        try:
            return await self.shared.read(case["context"], earlier, Extracted)
        except (Unavailable, Unreadable):
            return None

    async def summarise(self, case: Case) -> Case:
        """The second agent: reads the facts that the first has handed over."""
        try:
            facts = await self.shared.read(case["context"], wanted(EXTRACTED, case), Extracted)
            summary = await self.models.summarise(facts)
            await self.shared.write(case["context"], wanted(SUMMARY, case), summary)
        except Expired:
            return renewed(case, "summarise")
        except Unreadable:
            return refer("the facts are of a newer version")
        except Unavailable:
            return refer("the facts could not be summarised")
        return {"summary": summary, "next": "decide"}

    async def decide(self, case: Case) -> Case:
        """The third agent: advice from a model, and the rules that stand above it."""
        try:
            summary = await self.shared.read(case["context"], wanted(SUMMARY, case), Summary)
            policy = await self.backends.policy(case["policy"])
            advice = await self.models.advise(summary, policy.for_model)
        except Expired:
            return renewed(case, "decide")
        except Unreadable:
            return refer("the summary is of a newer version")
        except Unavailable:
            return refer("no decision could be made")
        ruling = rule(summary, policy, advice)
        found: Case = {"cover": policy, "ruling": ruling, "confidence": advice.confidence}
        if ruling.decision == "pay":
            return {**found, "next": "pay"}
        if ruling.decision == "refer":
            return {**found, **refer(ruling.reason)}
        text = phrase(summary.language, "declined", reason=ruling.reason, claim=case["claim"])
        return {**found, **said(text, "answered")}

    async def reopen(self, case: Case) -> Case:
        """Write anew what was in a context that has expired, and go on where it was missed."""
        try:
            context = await self.shared.open(case["claim"])
            if case["resume"] != "extract":
                await self.shared.write(context, wanted(EXTRACTED, case), case["extracted"])
            if case["summary"] is not None and case["resume"] == "decide":
                await self.shared.write(context, wanted(SUMMARY, case), case["summary"])
        except (Unavailable, Expired):
            return refer("the shared context was lost")
        return {"context": context, "renewals": case["renewals"] + 1, "next": case["resume"]}

    async def pay(self, case: Case) -> Case:
        """Send the money, and claim no more than is known of it."""
        ruling, language, claim = case["ruling"], case["language"], case["claim"]
        try:
            paid = await self.backends.pay(claim, case["cover"], ruling.amount)
        except Unavailable:
            return said(phrase(language, "unsure_paid", claim=claim), "hold")
        told = {"amount": paid.amount, "currency": paid.currency, "payout": paid.payout}
        return said(phrase(language, "paid", reason=ruling.reason, **told), "answered")

    async def refer(self, case: Case) -> Case:
        """Give the claim to an adjuster, or say that nothing was decided."""
        language, claim = case.get("language", "en"), case["claim"]
        try:
            ticket = await self.backends.refer(referral(case))
        except Unavailable:
            return said(phrase(language, "hold", claim=claim), "hold")
        return said(phrase(language, "referred", claim=claim, ticket=ticket), "escalated")

    async def status(self, case: Case) -> Case:
        """How the claim stands, from the payments themselves."""
        language, claim = case.get("language", "en"), case["claim"]
        try:
            paid = await self.backends.payout(claim)
        except Unavailable:
            return said(phrase(language, "hold", claim=claim), "hold")
        if paid is None:
            return said(phrase(language, "status_open", claim=claim), "answered")
        told = {"amount": paid.amount, "currency": paid.currency, "payout": paid.payout}
        return said(phrase(language, "status_paid", claim=claim, **told), "answered")


def renewed(case: Case, resume: str) -> Case:
    """Back to a context that has expired; once, and then it is for an adjuster."""
    if case["renewals"] >= RENEWALS:
        return refer("the shared context keeps expiring")
    return {"next": "reopen", "resume": resume}


def referral(case: Case) -> Referral:
    """The claim as the adjusters' desk takes it."""
    messages, summary = case["messages"], case.get("summary")
    return Referral(
        claim=case["claim"],
        policy=case["policy"],
        session=case["session"],
        turn=case["turn"],
        reason=case["why"],
        summary=str(messages[-1].content)[:200] if summary is None else summary.text,
        transcript=[f"{each.type}: {each.content}" for each in messages],
    )
