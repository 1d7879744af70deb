"""Agents that answer 202: they are polled, or call back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evalkit.agents import AgentFailed, open_agent
from evalkit.agents.mailbox import Mailbox
from evalkit.suite import model
from evalkit.suite.hosts import CALLER_HOST
from evalkit.wire import Request
from evalkit.world.clock import NS
from evalkit.world.world import World
from tests.agents_api.opened import turn, write

DESK = """
    import asyncio, json, os, time
    import httpx2
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    BEGAN, ASKED = {}, []

    async def begin(request):
        body = await request.json()
        how = body["how"]
        BEGAN[how] = time.monotonic()
        headers = {} if how == "nowhere" else {"Location": f"/jobs/{how}"}
        if how == "elsewhere":
            headers = {"Location": "https://example.com/jobs"}
        if how == "at-once":
            return JSONResponse({"text": "here it is"})
        if how == "patient":
            headers["Retry-After"] = "30"
        status = 500 if how == "broken" else 202
        return JSONResponse({"job": how}, status_code=status, headers=headers)

    async def job(request):
        how = request.path_params["how"]
        since = time.monotonic() - BEGAN[how]
        ASKED.append(since)
        if how == "busy" and since < 3:
            return Response(status_code=429, headers={"Retry-After": "4"})
        if how == "stateless":
            if since < 3:
                return Response(status_code=202)
            return JSONResponse({"result": {"text": "without a state"}})
        if since < 10:
            return JSONResponse({"status": "running"})
        if how == "fails":
            return JSONResponse({"status": "failed", "why": "no idea"})
        if how == "redirects":
            return Response(status_code=303, headers={"Location": "/results/7"})
        if how == "gone":
            return Response(status_code=404)
        if how == "endless":
            return JSONResponse({"status": "running"})
        seen = [round(each) for each in ASKED]
        return JSONResponse({"status": "done", "result": {"text": f"asked at {seen}"}})

    async def result(request):
        return JSONResponse({"result": {"text": "the result itself"}})

    async def calls_back(request):
        body = await request.json()

        async def later():
            await asyncio.sleep(10)
            async with httpx2.AsyncClient() as client:
                said = []
                for _ in range(1 if body["how"] == "once" else 2):
                    answer = await client.post(body["url"], json={"text": f"later {body['how']}"})
                    said.append(answer.status_code)
                    BEGAN["said"] = said

        return JSONResponse({}, status_code=202, background=BackgroundTask(later))

    async def silent(request):
        return JSONResponse({}, status_code=202)

    async def said(request):
        return JSONResponse({"text": str(BEGAN["said"])})

    app = Starlette(routes=[
        Route("/begin", begin, methods=["POST"]), Route("/jobs/{how}", job),
        Route("/results/7", result), Route("/calls_back", calls_back, methods=["POST"]),
        Route("/silent", silent, methods=["POST"]), Route("/said", said, methods=["POST"]),
    ])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, desk=DESK)
    return tmp_path


def asked(folder: Path, *hows: str, **settings: Any) -> tuple[list[str], float]:
    """What the agent says to turns with these inputs, and how many seconds that takes."""
    world, mailbox = World(), Mailbox()
    world.serve(CALLER_HOST, mailbox)
    agent_settings = model.Agent.model_validate({"asgi": "desk.py:app", **settings})

    async def main() -> list[str]:
        said = []
        async with open_agent(agent_settings, folder, mailbox) as agent:
            for number, how in enumerate(hows, start=1):
                try:
                    said.append((await agent.reply(turn(how, number))).text)
                except AgentFailed as error:
                    said.append(str(error))
        return said

    return world.run(main()), world.clock.now / NS


BEGIN = {"path": "/begin", "json": {"how": "{{ turn.input }}"}}
RESULT = {"text": "$.result.text"}


@pytest.mark.parametrize(
    ("how", "poll", "says", "seconds"),
    [
        ("plain", {"every": "4s"}, "asked at [4, 8, 12]", 12),
        ("patient", {}, "asked at [30]", 30),
        ("busy", {}, "asked at [1, 5, 6, 7, 8, 9, 10]", 10),
        ("stateless", {}, "without a state", 3),
        ("redirects", {"every": "5s"}, "the result itself", 10),
        ("plain", {"every": "5s", "path": "/jobs/{{ accepted.job }}"}, "asked at [5, 10]", 10),
        ("plain", {"every": "5s", "done": "running"}, "the agent's reply has nothing at", 5),
        ("fails", {"every": "5s"}, 'the agent says that it is failed: {"status"', 10),
        ("gone", {"every": "5s"}, "the agent answered 404", 10),
        ("endless", {"within": "1min"}, "the agent was not done within 1min", 60),
        ("nowhere", {}, "the agent answered 202 without a Location", 0),
        ("elsewhere", {}, "the place to poll: 'https://example.com/jobs' is not at the agent", 0),
        ("broken", {}, "the agent answered 500", 0),
        ("plain", {"path": "/{{ accepted.nope }}"}, "the path to poll cannot be made", 0),
    ],
)
def test_an_agent_is_polled(folder, how, poll, says, seconds):
    said, took = asked(folder, how, request=BEGIN, reply=RESULT, poll=poll)
    assert said[0].startswith(says)
    assert took == pytest.approx(seconds, abs=0.01)


def test_an_agent_that_answers_at_once_is_not_polled(folder):
    assert asked(folder, "at-once", request=BEGIN, poll={}) == (["here it is"], 0)


CALL = {
    "path": "/calls_back",
    "json": {"how": "{{ turn.input }}", "url": "{{ turn.callback_url }}"},
}


def test_an_agent_calls_back(folder):
    said, took = asked(folder, "once", "once", request=CALL, callback={})
    assert (said, took) == (["later once"] * 2, 20)


def test_the_first_callback_is_the_reply(folder):
    said, _ = asked(folder, "twice", request=CALL, callback={})
    assert said == ["later twice"]


def test_an_agent_that_never_calls_back_fails_its_turn(folder):
    request = {"path": "/silent"}
    said, took = asked(folder, "x", request=request, callback={"within": "30s"})
    assert (said, took) == (["the agent did not call back within 30s"], 30)


async def test_a_mailbox_takes_one_reply_for_each_turn():
    mailbox = Mailbox()

    async def status(path: str) -> int:
        request = Request(method="POST", path=path, host=CALLER_HOST, body=b"{}")
        return (await mailbox.open(request).reply()).status

    with mailbox.expecting(turn(number=3)) as letter:
        assert letter.url == f"http://{CALLER_HOST}/replies/s-1/3"
        assert await status("/replies/s-1/4") == 404
        assert await status("/replies/s-1/3") == 204
        assert await status("/replies/s-1/3") == 409
        assert (await letter.come(0)).body == b"{}"
    assert await status("/replies/s-1/3") == 404


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"asgi": "a.py:app", "poll": {}, "callback": {}}, "keep one of `poll` and `callback`"),
        ({"python": "a.py:agent", "poll": {}}, "`poll` is for an agent called over HTTP"),
        ({"asgi": "a.py:app", "poll": {"every": "0s"}}, "0s is no time to wait"),
        ({"asgi": "a.py:app", "poll": {"state": "$["}}, "this is no JSONPath"),
    ],
)
def test_mistakes_are_told(settings, message):
    with pytest.raises(ValidationError, match=message.replace("$", r"\$")):
        model.Agent.model_validate(settings)
