"""Three agents on one graph settle small insurance claims: extract, summarise, decide.

    open ─> extract ─┬─> summarise ─┬─> decide ─┬─> pay ──────> reply
                     └─> ask        │           ├─> decline ──> reply
        (context expired: reopen <──┴───────────┤
                                                └─> refer ────> reply

Each agent knows of the others only what stands in the shared context: hand-overs with a version, a
number and a digest (`handovers.py`). Each is released alone, so none trusts that the one before it
is of its own age. An agent that cannot read what it was handed, or is not sure, refers the claim to
an adjuster (`escalated`); where even that fails it says that nothing was decided (`hold`). Money is
sent once for each claim, and never on a model's word alone (`rules.py`).

The graph's checkpointer keeps the conversation; what outlives the process is the shared context.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias, cast

import httpx
from backends import Backends, Policy
from context import Opened, SharedContext
from handovers import Extracted, Summary
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from models import Models
from office import Case, Office, first_step, next_step, said
from openai import AsyncOpenAI
from phrases import phrase
from rules import Ruling

from evalkit import Reply, Turn

OVERALL = 45.0  # seconds for a turn

# What stands in the state beside plain values; the checkpointer restores nothing else.
KEPT = [(kind.__module__, kind.__name__) for kind in (Opened, Extracted, Summary, Policy, Ruling)]

Graph: TypeAlias = CompiledStateGraph[Case, None, Case, Case]
Talk: TypeAlias = Callable[[Turn], Awaitable[Reply]]


def build_graph(office: Office) -> Graph:
    """The office's work as a graph. Every agent says where it goes from there (`next`).

    The steps are coroutines, for LangGraph has a thread do what is none.
    """
    graph = StateGraph(Case)
    steps = ("open", "extract", "summarise", "decide", "reopen", "pay", "refer", "status")
    for name in steps:
        graph.add_node(name, getattr(office, name))
        graph.add_conditional_edges(name, next_step, [*steps, END])
    graph.add_conditional_edges(START, first_step, ["open", "status"])
    return graph.compile(
        checkpointer=InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=KEPT))
    )


@asynccontextmanager
async def claims_agent(make: Callable[..., Office] = Office) -> AsyncIterator[Talk]:
    """The agents: one HTTP client, one model client, one graph, for as long as they serve."""
    async with httpx.AsyncClient(timeout=10) as http, AsyncOpenAI(max_retries=0) as client:
        context = SharedContext(http, os.environ["CONTEXT_URL"])
        graph = build_graph(make(Backends.from_env(http), context, Models(client)))

        async def reply(turn: Turn) -> Reply:
            thread: RunnableConfig = {"configurable": {"thread_id": turn.session.id}}
            try:
                async with asyncio.timeout(OVERALL):
                    ended = await graph.ainvoke(opened(turn), thread, durability="exit")
            except TimeoutError:
                ended = await out_of_time(graph, thread, opened(turn))
            return spoken(cast("Case", ended))

        yield reply


def opened(turn: Turn) -> Case:
    """The case as a turn opens it; the conversation so far is added by the checkpointer."""
    return {
        "messages": [HumanMessage(turn.input)],
        "session": turn.session.id,
        "turn": turn.number,
        "claim": turn.session.vars["claim"],
        "policy": turn.session.vars["policy"],
        "renewals": 0,
        "confidence": None,
        "summary": None,
        "why": "",
    }


def spoken(case: Case) -> Reply:
    """What the claimant is told."""
    return Reply(
        str(case["messages"][-1].content),
        answer=case["outcome"],
        confidence=case.get("confidence"),
        context={"claim": case["claim"], "path": case.get("why", "")},
    )


async def out_of_time(graph: Graph, thread: RunnableConfig, case: Case) -> Case:
    """Say that nothing was decided, and let the conversation remember that it was said."""
    values = (await graph.aget_state(thread)).values
    case = cast("Case", {**case, **values})
    text = phrase(case.get("language", "en"), "hold", claim=case["claim"])
    held = said(text, "hold")
    await graph.aupdate_state(thread, {**held, "messages": [AIMessage(text)]}, as_node="refer")
    return cast("Case", {**case, **held})
