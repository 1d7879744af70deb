"""LangGraph with langchain-openai runs unmodified in the world."""

from __future__ import annotations

import operator
import time
from typing import Annotated, Any, TypedDict

import openai
import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import RetryPolicy, Send

from evalkit.wire import Reply, Request, Stall
from tests.world.endpoints import MS, SECOND, Answering, always, in_turn, run
from tests.world.providers import chat, chat_stream

BASES = ["http://llm.test/v1", "https://api.openai.com/v1"]
ERROR = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}


def model(base: str = BASES[1], **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-4o", api_key="sk-test", base_url=base, **settings)


class State(TypedDict):
    messages: Annotated[list[Any], operator.add]


def graph(llm: Any, **settings: Any) -> Any:
    async def ask(state: State) -> Any:
        return {"messages": [await llm.ainvoke(state["messages"])]}

    builder = StateGraph(State)
    builder.add_node("ask", ask, **settings)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile()


@pytest.mark.parametrize("base", BASES)
def test_a_graph_calls_its_model(base: str) -> None:
    async def agent() -> Any:
        state = await graph(model(base)).ainvoke({"messages": [("user", "Hi")]})
        return state["messages"][-1].content

    service = always(chat("Hello").after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.value == "Hello"
    assert ran.now == 200 * MS


@pytest.mark.parametrize("base", BASES)
def test_a_graph_streams_its_model(base: str) -> None:
    async def agent() -> Any:
        seen = []
        flow = graph(model(base, streaming=True))
        async for message, _ in flow.astream(
            {"messages": [("user", "Hi")]}, stream_mode="messages"
        ):
            if message.content:
                seen.append((message.content, round(time.monotonic() * 1000) - 1_000_000))
        return seen

    service = always(chat_stream(["Hel", "lo"], gap=12 * MS).after(300 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.value == [("Hel", 300), ("lo", 312)]


def test_a_graph_calls_tools_in_threads() -> None:
    @tool
    def slow_tool(seconds: int) -> str:
        """Takes its time."""
        time.sleep(seconds)
        return f"slept {seconds}"

    def route(state: State) -> str:
        return "tools" if state["messages"][-1].tool_calls else END

    async def agent() -> Any:
        llm = model().bind_tools([slow_tool])

        async def ask(state: State) -> Any:
            return {"messages": [await llm.ainvoke(state["messages"])]}

        builder = StateGraph(State)
        builder.add_node("ask", ask)
        builder.add_node("tools", ToolNode([slow_tool]))
        builder.add_edge(START, "ask")
        builder.add_conditional_edges("ask", route)
        builder.add_edge("tools", "ask")
        state = await builder.compile().ainvoke({"messages": [("user", "Hi")]})
        return [message.content for message in state["messages"][1:]]

    service = in_turn(
        chat(calls=[("slow_tool", {"seconds": 3}), ("slow_tool", {"seconds": 2})]), chat("Done")
    )
    ran = run(agent(), {"api.openai.com": service})

    assert ran.value == ["", "slept 3", "slept 2", "Done"]
    assert ran.now == 3 * SECOND
    assert ran.findings == []


def test_retry_layers_multiply_and_wait_their_time() -> None:
    async def agent() -> Any:
        flow = graph(model(), retry_policy=RetryPolicy(jitter=False, initial_interval=10.0))
        with pytest.raises(Exception, match="no"):
            await flow.ainvoke({"messages": [("user", "Hi")]})

    service = always(Reply.json(ERROR, status=500))
    ran = run(agent(), {"api.openai.com": service})

    retries = [each.header("x-stainless-retry-count") for each in service.requests]
    assert retries == ["0", "1", "2"] * 3
    # 10 s and 20 s between the layers, three times about 1.5 s within the SDK.
    assert 30 * SECOND < ran.now < 34.5 * SECOND


def test_a_read_timeout_fires_at_its_exact_time() -> None:
    async def agent() -> None:
        flow = graph(model(timeout=30, max_retries=0))
        with pytest.raises(openai.APITimeoutError):
            await flow.ainvoke({"messages": [("user", "Hi")]})

    ran = run(agent(), {"api.openai.com": always(Reply(plan=(Stall(),)))})

    assert ran.now == 30 * SECOND


def test_retry_after_is_waited_exactly() -> None:
    async def agent() -> Any:
        state = await graph(model()).ainvoke({"messages": [("user", "Hi")]})
        return state["messages"][-1].content

    limited = Reply.json(ERROR, status=429, headers=(("retry-after", "7"),))
    ran = run(agent(), {"api.openai.com": in_turn(limited, chat("Hello"))})

    assert (ran.value, ran.now) == ("Hello", 7 * SECOND)


def test_pooled_requests_share_one_connection() -> None:
    async def agent() -> None:
        flow = graph(model())
        for _ in range(100):
            await flow.ainvoke({"messages": [("user", "Hi")]})

    ran = run(agent(), {"api.openai.com": always(chat().after(200 * MS))})

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS


def test_a_fan_out_repeats_in_every_detail() -> None:
    def once() -> Any:
        async def handler(request: Request) -> Reply:
            text = request.json()["messages"][-1]["content"]
            seen.append((text, request.header("x-stainless-retry-count")))
            if request.header("x-stainless-retry-count") == "0" and "3" in text:
                return Reply.json(ERROR, status=500)
            return chat(f"re {text}").after(draws[text] * MS)

        seen: list[Any] = []
        draws = {f"part {number}": 100 + 13 * number % 7 for number in range(8)}

        async def part(state: Any) -> Any:
            answer = await model().ainvoke(state["text"])
            return {"messages": [(state["text"], answer.content, answer.id is not None)]}

        def fan_out(_: State) -> list[Send]:
            return [Send("part", {"text": text}) for text in draws]

        builder = StateGraph(State)
        builder.add_node("part", part)
        builder.add_conditional_edges(START, fan_out, ["part"])
        ran = run(
            builder.compile().ainvoke({"messages": []}), {"api.openai.com": Answering(handler)}
        )
        return seen, ran.value, ran.now

    once()  # langchain keeps its client, which from now on holds a connection of a world before
    assert len({repr(once()) for _ in range(10)}) == 1


def test_the_run_ids_of_langchain_repeat() -> None:
    def once() -> Any:
        async def agent() -> Any:
            state = await graph(model()).ainvoke({"messages": [("user", "Hi")]})
            message: AIMessage = state["messages"][-1]
            return message.id

        return run(agent(), {"api.openai.com": always(chat())}).value

    assert once() == once()
