from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import httpx
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.agents import AgentFailed
from evalkit.errors import DeadlockError, SuiteError, UsageError
from evalkit.testing import World, world
from evalkit.world.clock import NS
from tests.testing.crm import CRM, URL, Counter, patient


async def get(path: str, library: object = httpx) -> httpx.Response:
    async with library.AsyncClient(timeout=5) as client:  # type: ignore[attr-defined]
        return await client.get(path if "://" in path else f"{URL}{path}")


def test_a_turn_is_answered_in_virtual_time_and_all_of_it_is_journaled() -> None:
    with world({"crm": CRM}, faults=["crm/down"]) as crm:
        reply = crm.run(crm.turn(patient, "hello"))
    assert (reply.text, reply.answer) == ("sorry", "degraded")
    assert crm.seconds == 90
    assert [each.started.operation for each in crm.calls] == ["connect"] * 3
    assert {each.fault for each in crm.faults} == {"refused"}
    assert [each.ended.text for each in crm.view.sessions[0].turns if each.ended] == ["sorry"]


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("base", [URL, "https://api.crm.example"])
def test_unmodified_clients_reach_a_service_by_its_name_and_by_its_hosts(
    library: object, base: str
) -> None:
    with world({"crm": CRM}) as crm:
        reply = crm.run(get(f"{base}/customers/3", library))
    assert reply.json()["id"] == "3"
    assert crm.now == 80_000_000


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


REST = "service: rest\nroutes:\n  GET /x: {reply: {json: {ok: true}}}\n"


def test_services_are_paths_mappings_uses_and_classes(tmp_path: Path) -> None:
    path = write(tmp_path, "x.yaml", REST)
    given_ = {
        "text": "x.yaml",
        "path": path,
        "use": {"use": "x.yaml", "budget": "1s", "attempts": 2},
        "inline": {"use": {"service": "rest", "routes": {"GET /x": {"reply": {"json": {}}}}}},
        "counter": Counter,
        "llm": {"service": "openai", "script": {"rules": [{"reply": {"text": "hi"}}]}},
        "auto": {"service": "openai", "script": "auto"},
    }
    with world(given_, folder=tmp_path) as opened:
        for name in ("text", "path", "use", "inline"):
            assert opened.run(get(f"{opened.url(name)}/x")).status_code == 200
        for count in (1, 2):
            assert opened.run(get("https://count.example/")).json() == {"count": count}
        assert [each.name for each in opened.effects] == ["counted", "counted"]
    assert opened.setting.uses["use"].budget == NS


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ({"crm": {"service": "rst"}}, "services['crm']:1:10: there is no kind of service \"rst\""),
        ({"crm": {"service": "rest", "rutes": {}}}, "did you mean routes?"),
        ({"crm": "nothing.yaml"}, "nothing.yaml: there is no such file"),
        ({"crm": {"use": "x.yaml", "budgt": "1s"}}, "did you mean budget?"),
        (
            {"llm": {"service": "openai", "script": {"rules": [{"whn": {}}]}}},
            "services['llm']['script']:2:3: unknown key \"whn\"",
        ),
        ({"crm": 3}, "the service crm is given as 3"),
        ({"crm": {}}, "the service crm is given as {}"),
    ],
)
def test_mistakes_in_services_are_told_with_their_place(services: object, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        world(services)  # type: ignore[arg-type]
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"at": "crn", "inject": "reset"}, "did you mean crm?"),
        ({"at": "crm", "inject": {"stats": 503}}, "did you mean status?"),
        ("crm/flacky", "did you mean crm/flaky?"),
        ({"at": "agent", "inject": "restart"}, "nothing here can restart it"),
        ({"at": "crm", "when": {"call": 1}, "inject": "refused"}, "chosen by service and session"),
    ],
)
def test_mistakes_in_rules_are_told_all_at_once(rule: object, told: str) -> None:
    with pytest.raises(SuiteError) as caught:
        world({"crm": CRM}, faults=[rule])  # type: ignore[list-item]
    assert told in str(caught.value)


def test_a_suite_lends_its_services_seed_and_environment(tmp_path: Path) -> None:
    write(tmp_path, "x.yaml", REST)
    suite = write(
        tmp_path,
        "x.eval.yaml",
        "suite: x\n"
        'agent: {python: "a.py:a", env: {X_URL: "{{ services.x.url }}/v1"}}\n'
        "services: {x: {use: x.yaml}}\n"
        "sessions: {seed: 9, items: [{id: a, turns: [{input: hi}]}]}\n"
        "starts_at: 2027-02-03T04:05:06Z\n"
        "scenarios: {a: {}}\n",
    )
    with world(suite=suite, env={"OTHER": "{{ services.x.url }}"}) as x:
        assert os.environ["X_URL"] == "http://x.evalkit.test/v1"
        assert os.environ["OTHER"] == "http://x.evalkit.test"

        async def year() -> int:
            return time.gmtime().tm_year

        assert x.run(year()) == 2027
    assert x.setting.seed == 9
    assert "X_URL" not in os.environ


def test_sessions_have_their_own_variables_and_attempts() -> None:
    async def agent(turn: object) -> str:
        await get("/customers/1")
        return (await get("/customers/1")).text

    with world({"crm": CRM}, faults=["crm/fails-once"], vars={"name": "Ann"}) as crm:
        assert crm.run(get("/customers/1")).status_code == 503
        assert crm.run(get("/customers/1")).json()["name"] == "Ann"
        crm.run(crm.turn(agent, "hi", session="b", vars={"name": "Bo"}))
    by_session = {each.id: each for each in crm.view.sessions}
    assert [len(by_session[name].calls) for name in ("test", "b")] == [2, 2]
    assert by_session["b"].turns[0].ended.text == '{"id":"1","name":"Bo"}'


@pytest.mark.parametrize(
    ("agent", "error", "told"),
    [
        (lambda: _raising, ValueError, "ValueError: no"),
        (lambda: _silent, AgentFailed, "the agent's reply was empty"),
        (lambda: _none, AgentFailed, "the agent returned nothing"),
        (lambda: _slow, TimeoutError, "not answered within 20s"),
    ],
)
def test_a_turn_that_fails_raises_and_is_journaled(
    agent: object, error: type[Exception], told: str
) -> None:
    with world({"crm": CRM}) as crm:
        with pytest.raises(error):
            crm.run(crm.turn(agent(), "hi", deadline="20s"))  # type: ignore[operator]
        ended = crm.view.sessions[0].turns[0].ended
    assert ended is not None
    assert told in (ended.error or "")
    assert ended.timed_out == (error is TimeoutError)
    assert crm.view.sessions[0].ended.end == "failed"


async def _raising(turn: object) -> str:
    raise ValueError("no")


async def _silent(turn: object) -> str:
    return " "


async def _none(turn: object) -> None:
    return None


async def _slow(turn: object) -> str:
    await asyncio.sleep(1_000)
    return "late"


def test_what_is_no_agent_is_refused() -> None:
    with world({"crm": CRM}) as crm, pytest.raises(UsageError, match="3 is no agent"):
        crm.run(crm.turn(3, "hi"))  # type: ignore[arg-type]


def test_faults_can_be_injected_while_it_goes_on() -> None:
    async def refunds(crm: World) -> list[int | str]:
        seen: list[int | str] = []
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                try:
                    seen.append((await client.get(f"{URL}/customers/1")).status_code)
                except httpx.HTTPError as error:
                    seen.append(type(error).__name__)
                rules = ({"at": "crm", "inject": {"status": 500}}, "crm/down")
                crm.inject(rules[min(len(seen), 2) - 1])
        return seen

    with world({"crm": CRM}) as crm:
        assert crm.run(refunds(crm)) == [200, 500, "ConnectError"]
    assert {(each.rule, each.fault) for each in crm.faults} == {(0, "status"), (1, "refused")}


def test_checks_are_run_and_the_world_s_own_findings_are_among_theirs() -> None:
    async def careless() -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(2):
                await client.post(f"{URL}/refunds", json={"order": 1})
            with pytest.raises(httpx.ConnectError):
                await client.get("https://elsewhere.example")

    with world({"crm": CRM}) as crm:
        crm.run(careless())
    assert {each.check for each in crm.findings()} == {"no-duplicate-effect", "no-unmocked-egress"}
    assert [each.check for each in crm.findings("retries-bounded")] == ["no-unmocked-egress"]
    with pytest.raises(UsageError, match="no check is named no-such"):
        crm.findings("no-such")


def test_what_waits_for_ever_is_an_error_that_says_where() -> None:
    async def forgotten() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        other = asyncio.create_task(forgotten(), name="the other")
        await other

    with world({"crm": CRM}) as crm:
        with pytest.raises(DeadlockError) as caught:
            crm.run(main())
        assert crm.run(get("/customers/1")).status_code == 200
    text = str(caught.value)
    assert f"the other ({forgotten.__qualname__}) waits in {__file__}" in text
    assert "services of the world" not in text


@settings(max_examples=8)
@given(seed=st.integers(0, 3))
def test_an_example_does_not_depend_on_those_before(seed: int) -> None:
    async def drawn() -> tuple[float, float]:
        await asyncio.sleep(5)
        return random.random(), asyncio.get_running_loop().time()

    with world({"crm": CRM}, seed=seed) as crm:
        first = crm.run(drawn())
    with world({"crm": CRM}, seed=seed) as crm:
        assert crm.run(drawn()) == first


def test_only_one_world_at_a_time() -> None:
    with world({"crm": CRM}), pytest.raises(UsageError, match="another world is running"):
        world({"crm": CRM}).__enter__()
    with world({"crm": CRM}) as again:
        assert again.run(get("/customers/1")).status_code == 200


async def test_a_loop_that_is_no_world_s_is_told() -> None:
    with pytest.raises(UsageError, match="not that of a world"):
        async with world({"crm": CRM}):
            pass


def test_an_unknown_name_has_no_url() -> None:
    with world({"crm": CRM}) as crm, pytest.raises(UsageError, match="did you mean crm"):
        crm.url("crn")
