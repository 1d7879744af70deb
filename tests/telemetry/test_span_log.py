"""An agent's own spans: collected in its process, held against the wire, joined when exported."""

import asyncio
import json
import textwrap

import pytest
from opentelemetry.sdk.trace import TracerProvider

from evalkit import run as run_suite
from evalkit.telemetry.span_log import SpanLog
from evalkit.telemetry.tracing import spans_of

AGENT = """
import os
from contextlib import asynccontextmanager

import httpx
from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider

from evalkit import Reply
from evalkit.telemetry.span_log import SpanLog

PROVIDER, SPANS = TracerProvider(), SpanLog()
PROVIDER.add_span_processor(SPANS)
TRACER = PROVIDER.get_tracer("desk")


@asynccontextmanager
async def agent():
    async with httpx.AsyncClient(base_url=os.environ["SHOP"]) as client:

        async def answer(turn):
            with SPANS.turn() as own, TRACER.start_as_current_span("desk"):
                headers = {}
                propagate.inject(headers)
                found = await client.get("/orders/7", headers=headers)
                if turn.session.id == "b":
                    await client.get("/orders/8")
                return Reply(found.text, context={"spans": own.taken()})

        yield answer
"""
SHOP = """
service: rest
latency: 80ms
routes:
  GET /orders/{id}:
    reply: {json: {id: "{{ path.id }}"}}
"""
SUITE = """
suite: desk
agent: {python: agent.py:agent, env: {SHOP: "{{ services.shop.url }}"}}
services: {shop: {use: shop.yaml}}
sessions:
  concurrency: 2
  items: [{id: a, turns: [{input: hi}]}, {id: b, turns: [{input: hi}]}]
checks: [own-spans]
scenarios: {happy: {}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    for name, text in {"agent.py": AGENT, "shop.yaml": SHOP, "desk.eval.yaml": SUITE}.items():
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    (found,) = run_suite(folder / "desk.eval.yaml", out=folder / "out")
    return found


def test_the_check_finds_the_call_that_was_made_without_a_span(run):
    (finding,) = run.findings("happy")
    assert (finding.check, finding.session, finding.calls) == ("own-spans", "b", (2,))
    assert "call #2 carries no traceparent" in finding.message
    assert run.verdict == "pass"


def test_calls_are_exported_below_the_spans_of_the_agent(run):
    context = run.events.loc[run.events["kind"] == "turn_ended", "data"].map(json.loads)
    own = [span["context"] for each in context for span in each["context"]["spans"]]
    places = {(each["trace_id"][2:], each["span_id"][2:]) for each in own}
    spans = list(spans_of(run, 0))
    joined = [each for each in spans if (each.place.trace, each.parent) in places]
    assert len(places) == len(joined) == 2
    assert {each.name for each in joined} == {"execute_tool shop GET /orders/{id}"}


async def test_spans_belong_to_the_turn_that_they_were_begun_in():
    provider, log = TracerProvider(), SpanLog()
    provider.add_span_processor(log)
    tracer = provider.get_tracer("test")

    async def turn(name):
        with log.turn() as own, tracer.start_as_current_span(name):
            await asyncio.gather(*(inner(f"{name} {each}") for each in "xy"))
            return own.taken()

    async def inner(name):
        with tracer.start_as_current_span(name):
            await asyncio.sleep(0)

    with tracer.start_as_current_span("of no turn"):
        first, second = await asyncio.gather(turn("a"), turn("b"))
    assert [each["name"] for each in first] == ["a", "a x", "a y"]
    assert [each["name"] for each in second] == ["b", "b x", "b y"]
    assert first[1]["parent_id"] == first[0]["context"]["span_id"]
    assert first[0]["end_time"] is None
    assert first[1]["end_time"] is not None
