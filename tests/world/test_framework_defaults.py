"""What agents' frameworks do when nobody sets anything, where `test_client_defaults` does not look.

The values are those of the versions that the tests run with (langgraph 1.2, openai-agents 0.24,
pydantic-ai 2.62).
"""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from pydantic import BaseModel

from tests.world.endpoints import run
from tests.world.model_worlds import HOST, met, named
from tests.world.test_client_defaults import ENDLESS

BASE = f"http://{HOST}/v1"
SAID = "One two three four five six."


def helper(**settings: Any) -> Any:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=BASE, api_key="k")
    return Agent(OpenAIChatModel("gpt-4o", provider=provider), **settings)


async def by_pydantic_ai() -> Any:
    from pydantic_ai import Agent

    return (await Agent("openai-chat:gpt-4o").run("hello")).output


async def by_openai_agents() -> Any:
    from agents import Agent, OpenAIProvider, RunConfig, Runner

    config = RunConfig(model_provider=OpenAIProvider(), tracing_disabled=True)
    agent: Any = Agent(name="helper", model="gpt-4o")
    return (await Runner.run(agent, "hello", run_config=config)).final_output


FRAMEWORKS = pytest.mark.parametrize(
    "agent", [by_pydantic_ai, by_openai_agents], ids=["pydantic-ai", "openai-agents"]
)


@pytest.fixture
def _sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable alone."""
    monkeypatch.setenv("OPENAI_BASE_URL", BASE)
    monkeypatch.setenv("OPENAI_API_KEY", "k")


@FRAMEWORKS
@pytest.mark.usefixtures("_sent")
def test_where_frameworks_let_themselves_be_sent(tmp_path: Any, agent: Any) -> None:
    came = met(tmp_path, "openai", agent)
    assert (came.got, came.requests) == (SAID, 1)


@FRAMEWORKS
@pytest.mark.usefixtures("_sent")
@pytest.mark.parametrize(("fault", "each"), [("stall", 600), ({"connect_delay": "6s"}, 5)])
def test_frameworks_wait_and_ask_again_as_the_sdk_does(
    tmp_path: Any, agent: Any, fault: Any, each: int
) -> None:
    came = met(tmp_path, "openai", agent, fault)
    assert "Error" in str(came.got)
    assert 3 * each + 1.125 <= came.seconds <= 3 * each + 1.5
    assert came.requests == 3


class Label(BaseModel):
    """What the model is to say."""

    label: str


def test_pydantic_ai_lets_a_tool_be_called_once_more(tmp_path: Any) -> None:
    from pydantic_ai import ModelRetry

    async def agent() -> Any:
        asked = helper()

        @asked.tool_plain
        def get_order(id: int) -> str:  # noqa: A002
            raise ModelRetry(f"there is no order {id}")

        return (await asked.run("hello")).output

    came = met(tmp_path, "openai", agent, ENDLESS)
    assert (came.got, came.requests) == ("pydantic_ai UnexpectedModelBehavior", 2)


def test_pydantic_ai_lets_output_be_made_once_more(tmp_path: Any) -> None:
    async def agent() -> Any:
        return (await helper(output_type=Label).run("hello")).output

    wrong = {"call_tool": {"name": "final_result", "arguments": {"label": 5}}}
    came = met(tmp_path, "openai", agent, wrong)
    assert (came.got, came.requests) == ("pydantic_ai UnexpectedModelBehavior", 2)


class State(TypedDict):
    """How often a graph went round."""

    rounds: int


@pytest.mark.slow
def test_langgraph_goes_round_ten_thousand_and_seven_times() -> None:
    from langgraph.graph import START, StateGraph

    seen: list[int] = []

    async def go(state: State) -> State:
        seen.append(state["rounds"])
        return {"rounds": state["rounds"] + 1}

    async def agent() -> Any:
        made: Any = StateGraph(State)
        made.add_node("go", go).add_edge(START, "go").add_edge("go", "go")
        try:
            return await made.compile().ainvoke({"rounds": 1})
        except Exception as error:
            return named(error), str(error).partition(" without")[0]

    assert run(agent()).value == (
        "langgraph GraphRecursionError",
        "Recursion limit of 10007 reached",
    )
    assert seen[-1] == 10_007
