"""A support agent as a good team would build it: one message of a customer in, one reply out.

    classify ─┬─> read_crm ─────┬─> answer ─┬─ sure ────────────────────> reply
              └─> read_profile ─┘           └─ not sure ─> hand_over ───> reply

Norlight sells broadband and mobile contracts. The agent sorts the message, reads the customer's
record and profile side by side, and lets a model answer from them. It is built to say what it does
not know: a reply made without the record or the profile says so (`degraded`), a reply nobody is
sure of goes to a colleague (`escalated`), and when even that fails, or a minute is over, it says
that the matter is not settled (`hold`). A customer is never left waiting, nor told what is not so.

The graph's checkpointer keeps the conversation, by session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, TypedDict, cast

import httpx
from attempts import Unavailable
from backends import Backends, Escalation
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from models import Models
from phrases import phrase

from evalkit import Reply, Turn

OVERALL = 60.0  # seconds for a turn
SURE, DOUBTFUL = 0.8, 0.5  # from the first on a draft is sent; from the second on it is reviewed
LANES = {"senior": 30, "review": 120, "low": 360}  # seconds in which a colleague must have answered

Outcome: TypeAlias = Literal["answered", "degraded", "escalated", "hold"]


class Ticket(TypedDict, total=False):
    """The graph's state: the conversation, and what the turn at hand has found out."""

    messages: Annotated[list[AnyMessage], add_messages]
    session: str
    turn: int
    customer_id: str
    category: str
    language: str
    sensitive: bool
    customer: str | None  # as JSON for the prompt, like the profile
    profile: str | None
    draft: str | None
    confidence: float | None
    outcome: Outcome  # what the reply is; its text is the last message


@dataclass(frozen=True)
class Desk:
    """The nodes of the graph: each takes the ticket and returns what it adds to it."""

    backends: Backends
    models: Models

    async def classify(self, state: Ticket) -> Ticket:
        """Sort the message; unsorted it is answered all the same, in the language used before."""
        try:
            found = await self.models.classify(state["messages"])
        except Unavailable:
            return {"category": "other", "sensitive": False}
        return {
            "category": found.category,
            "language": found.language,
            "sensitive": found.sensitive,
        }

    async def read_crm(self, state: Ticket) -> Ticket:
        """Read the customer's record."""
        try:
            customer = await self.backends.customer(state["customer_id"])
        except Unavailable:
            return {"customer": None}
        return {"customer": customer.model_dump_json()}

    async def read_profile(self, state: Ticket) -> Ticket:
        """Read the customer's profile."""
        try:
            profile = await self.backends.profile(state["customer_id"])
        except Unavailable:
            return {"profile": None}
        return {"profile": profile.model_dump_json()}

    async def answer(self, state: Ticket) -> Ticket:
        """Answer, and say what the answer had to do without."""
        missing = [f"no_{each}" for each in ("customer", "profile") if not state[each]]
        try:
            draft = await self.models.answer(
                state["messages"], state["category"], state["customer"], state["profile"]
            )
        except Unavailable:
            return {"draft": None, "confidence": None}
        found: Ticket = {"draft": draft.text, "confidence": draft.confidence}
        if draft.confidence < SURE:
            return found
        notes = [phrase(state.get("language", "en"), each) for each in missing]
        return found | said(" ".join([draft.text, *notes]), "degraded" if missing else "answered")

    async def hand_over(self, state: Ticket) -> Ticket:
        """Give the conversation to a colleague, or say that nobody could be reached."""
        language = state.get("language", "en")
        try:
            number = await self.backends.escalate(escalation(state))
        except Unavailable:
            return said(phrase(language, "hold"), "hold")
        due = str(LANES[lane_of(state)])
        return said(phrase(language, "escalated", ticket=number, due=due), "escalated")


def said(text: str, outcome: Outcome) -> Ticket:
    """The reply of a turn."""
    return {"messages": [AIMessage(text)], "outcome": outcome}


def lane_of(ticket: Ticket) -> Literal["senior", "review", "low"]:
    """Who looks at it: a reviewer if the draft may do; else a senior if the matter is sensitive."""
    confidence = ticket["confidence"]
    if confidence is not None and confidence >= DOUBTFUL:
        return "review"
    if ticket["sensitive"]:
        return "senior"
    return "review" if confidence is None else "low"


def escalation(ticket: Ticket) -> Escalation:
    """The conversation as the queue takes it."""
    messages, lane = ticket["messages"], lane_of(ticket)
    return Escalation(
        lane=lane,
        due=LANES[lane],
        draft=ticket["draft"],
        session=ticket["session"],
        turn=ticket["turn"],
        customer=ticket["customer_id"],
        category=ticket["category"],
        summary=str(messages[-1].content)[:200],
        transcript=[f"{each.type}: {each.content}" for each in messages],
    )


async def next_step(ticket: Ticket) -> str:
    """Hand over what no model answered, or none was sure enough of."""
    # LangGraph has a thread do what is no coroutine.
    confidence = ticket["confidence"]
    return "hand_over" if confidence is None or confidence < SURE else END


def build_graph(desk: Desk) -> CompiledStateGraph[Ticket, None, Ticket, Ticket]:
    """The desk's work as a graph."""
    graph = StateGraph(Ticket)
    graph.add_node("classify", desk.classify)
    graph.add_node("read_crm", desk.read_crm)
    graph.add_node("read_profile", desk.read_profile)
    graph.add_node("answer", desk.answer)
    graph.add_node("hand_over", desk.hand_over)
    graph.add_edge(START, "classify")
    graph.add_edge("classify", "read_crm")
    graph.add_edge("classify", "read_profile")
    graph.add_edge(["read_crm", "read_profile"], "answer")
    graph.add_conditional_edges("answer", next_step, ["hand_over", END])
    graph.add_edge("hand_over", END)
    return graph.compile(checkpointer=InMemorySaver())


@asynccontextmanager
async def support_agent() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent: one HTTP client, one graph and its memory, for as long as the process serves."""
    async with httpx.AsyncClient(timeout=10) as http:
        graph = build_graph(Desk(Backends.from_env(http), Models.from_env()))

        async def reply(turn: Turn) -> Reply:
            thread: RunnableConfig = {"configurable": {"thread_id": turn.session.id}}
            try:
                async with asyncio.timeout(OVERALL):
                    ticket = cast(
                        "Ticket",
                        await graph.ainvoke(opened(turn), thread, durability="exit"),
                    )
            except TimeoutError:
                ticket = await out_of_time(graph, thread)
            return Reply(
                ticket["messages"][-1].text,
                answer=ticket["outcome"],
                confidence=ticket["confidence"],
                context={"category": ticket.get("category")},
            )

        yield reply


def opened(turn: Turn) -> Ticket:
    """The ticket as a turn opens it; the conversation so far is added by the checkpointer."""
    return {
        "messages": [HumanMessage(turn.input)],
        "session": turn.session.id,
        "turn": turn.number,
        "customer_id": turn.session.vars["customer_id"],
    }


async def out_of_time(
    graph: CompiledStateGraph[Ticket, None, Ticket, Ticket], thread: RunnableConfig
) -> Ticket:
    """Say that the matter is not settled, and let the conversation remember that it was said."""
    ticket = cast("Ticket", (await graph.aget_state(thread)).values)
    held = said(phrase(ticket.get("language", "en"), "hold"), "hold")
    await graph.aupdate_state(thread, held, as_node="hand_over")
    return ticket | held | {"confidence": None}
