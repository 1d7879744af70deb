"""An agent without a script is exercised by `auto`, whatever framework it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import openai
import pytest

from evalkit.services import Service, load_service
from evalkit.suite.model import ServiceUse
from tests.services.llm.worlds import play

HOST = "api.openai.com"


def find_order(number: int, kind: Literal["open", "done"]) -> str:
    """Finds an order."""
    assert kind in ("open", "done")
    CALLED.append(("find_order", number))
    return "found"


def send_mail(address: str, urgent: bool = False) -> str:
    """Sends a mail."""
    CALLED.append(("send_mail", address))
    return "sent"


CALLED: list[tuple[str, Any]] = []


async def by_pydantic_ai(client: openai.AsyncOpenAI) -> Any:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=client))
    helper: Any = Agent(model, tools=[find_order, send_mail])
    return (await helper.run("hello")).output


async def by_openai_agents(client: openai.AsyncOpenAI) -> Any:
    from agents import Agent, OpenAIResponsesModel, RunConfig, Runner, function_tool

    model = OpenAIResponsesModel(model="gpt-4o", openai_client=client)
    tools: Any = [function_tool(find_order), function_tool(send_mail)]
    helper: Any = Agent(name="helper", model=model, tools=tools)
    config = RunConfig(tracing_disabled=True)
    return (await Runner.run(helper, "hello", run_config=config)).final_output


def auto(folder: Path) -> Service:
    (folder / "service.yaml").write_text("service: openai")
    return load_service("llm", ServiceUse(use="service.yaml", script="auto"), folder).fresh()


@pytest.mark.parametrize("ask", [by_pydantic_ai, by_openai_agents])
def test_each_tool_is_called_once_with_arguments_that_it_takes(tmp_path: Path, ask: Any) -> None:
    CALLED.clear()

    async def agent() -> Any:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"https://{HOST}/v1") as client:
            return await ask(client)

    ran = play(auto(tmp_path), agent, host=HOST)
    assert [name for name, _ in CALLED] == ["find_order", "send_mail"]
    assert ran.value == "Done: I called find_order, send_mail."
    assert ran.statuses == [200, 200, 200]
