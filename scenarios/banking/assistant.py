"""The assistant on the OpenAI Agents SDK: its tools, what it may say, and when a run is over."""

from __future__ import annotations

import json
import os

from agents import (
    Agent,
    FunctionToolResult,
    GuardrailFunctionOutput,
    ModelSettings,
    OpenAIResponsesModel,
    RunContextWrapper,
    ToolsToFinalOutputResult,
    function_tool,
    output_guardrail,
)
from attempts import Unavailable
from case import Case, Terms
from openai import AsyncOpenAI
from phrases import phrase
from privacy import shows
from underwriting import Desk

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
MODEL = "gpt-4.1-mini"

INSTRUCTIONS = """\
You are the loan assistant of Brackwater Bank. Be brief and kind, and write in {language}.
Before you name an instalment or a rate, call assess_loan; name nothing that it did not return.
When the customer clearly accepts an offer as it stands, call book_loan with its terms; a person
approves it first. If a result says credit is unavailable, say that the figures are an indication
and no offer. Never ask for, or repeat, identity or account numbers."""


def instructions(run: RunContextWrapper[Case], agent: Agent[Case]) -> str:
    """The instructions in the customer's language. Nothing else of the case stands in them."""
    del agent
    return INSTRUCTIONS.format(language=LANGUAGES.get(run.context.customer.language, "English"))


def done_when_held(
    run: RunContextWrapper[Case], results: list[FunctionToolResult]
) -> ToolsToFinalOutputResult:
    """Where a tool found that the customer has to wait, our own words are the reply."""
    held = [each for each in results if run.context.outcome == "hold"]
    output = held[-1].output if held else None
    return ToolsToFinalOutputResult(is_final_output=bool(held), final_output=output)


@output_guardrail
def nothing_secret(
    run: RunContextWrapper[Case], agent: Agent[Case], output: object
) -> GuardrailFunctionOutput:
    """No reply holds what identifies the customer elsewhere."""
    del agent
    secret = shows(str(output), run.context.customer.secrets)
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered=secret)


def build_assistant(desk: Desk, client: AsyncOpenAI) -> Agent[Case]:
    """The assistant over one desk and one client of the model."""

    @function_tool(failure_error_function=None)
    async def assess_loan(run: RunContextWrapper[Case], amount: int, months: int) -> str:
        """Assess a loan and make an offer.

        Args:
            amount: How much, in whole euros.
            months: Over how many months it is paid back.
        """
        try:
            terms = Terms(amount=amount, months=months)
        except ValueError:
            return json.dumps({"error": "500 to 75,000 EUR over 6 to 120 months"})
        return await desk.assess(run.context, terms)

    @function_tool(failure_error_function=None, needs_approval=True)
    async def book_loan(run: RunContextWrapper[Case], amount: int, months: int) -> str:
        """Book the loan that the customer has accepted. A person approves it first.

        Args:
            amount: As offered.
            months: As offered.
        """
        del amount, months  # what is booked are the terms that were approved
        try:
            loan = await desk.book(run.context)
        except Unavailable:
            run.context.outcome = "hold"
            return phrase(run.context.customer.language, "unbooked")
        return json.dumps({"loan": loan})

    return Agent[Case](
        name="Loan assistant",
        instructions=instructions,
        model=OpenAIResponsesModel(model=MODEL, openai_client=client),
        # Nothing is left with the provider; the conversation is ours.
        model_settings=ModelSettings(parallel_tool_calls=False, store=False, max_tokens=400),
        tools=[assess_loan, book_loan],
        tool_use_behavior=done_when_held,
        output_guardrails=[nothing_secret],
    )


def model_client() -> AsyncOpenAI:
    """The client of the model: one retry, by the SDK, within the two seconds of a turn."""
    return AsyncOpenAI(base_url=os.environ["OPENAI_BASE_URL"], timeout=1.2, max_retries=1)
