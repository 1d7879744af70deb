from __future__ import annotations

import pytest

from tests.pytest_plugin.suites import INI

HEAD = """
import asyncio, random, time
import httpx, pytest
import evalkit.testing
from hypothesis import Phase, given, settings, strategies as st
from evalkit import strategies

CRM = {
    "service": "rest",
    "latency": "80ms",
    "routes": {"GET /customers/{id}": {"reply": {"json": {"id": "{{ path.id }}"}}}},
}

async def agent(turn):
    async with httpx.AsyncClient(timeout=5, verify=False) as client:
        for _ in range(3):
            try:
                reply = await client.get("http://crm.evalkit.test/customers/7")
                reply.raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(30)
                continue
            return reply.text
    return "sorry"
"""


def run(pytester: pytest.Pytester, text: str, *arguments: str, ini: str = INI) -> pytest.RunResult:
    """Run these tests."""
    pytester.makeini(ini)
    pytester.makepyfile(f"{HEAD}\n{text}")
    return pytester.runpytest_inprocess(*arguments)


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_marked_tests_run_in_a_world_and_others_do_not(
    pytester: pytest.Pytester, mode: str
) -> None:
    text = """
@pytest.mark.evalkit({"crm": CRM}, faults=["crm/slow"], seed=7)
async def test_slow(world):
    async with httpx.AsyncClient(timeout=60, verify=False) as client:
        reply = await client.get(world.url("crm") + "/customers/3")
    assert reply.json() == {"id": "3"}
    assert (world.seconds, time.monotonic()) == (10.08, 1010.08)
    assert [each.started.session for each in world.calls] == ["test"]
    assert world.findings() == ()

@pytest.mark.evalkit({"crm": CRM})
async def test_fresh(world):
    assert world.now == 0
    assert await world.turn(agent, "hi") == evalkit.Reply('{"id":"7"}')

@pytest.mark.evalkit({"crm": CRM})
async def test_without_the_fixture():
    async with httpx.AsyncClient(verify=False) as client:
        assert (await client.get("http://crm.evalkit.test/customers/3")).status_code == 200

@pytest.mark.asyncio
async def test_plain():
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")
    assert time.gmtime().tm_year != 2026 or time.monotonic() != 1000

@pytest.mark.evalkit({"crm": CRM}, starts_at="2030-01-02T03:04:05Z")
class TestMarked:
    async def test_in_a_class(self, world):
        await asyncio.sleep(60)
        assert time.strftime("%Y %H:%M", time.gmtime()) == "2030 03:05"

    def test_synchronous(self, world):
        assert world.run(world.turn(agent, "hi")).text == '{"id":"7"}'

@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.evalkit({"crm": CRM})
async def test_parametrized(world, number):
    assert world.now == 0

def test_a_fixture_alone(world):
    assert world.run(asyncio.sleep(1000, "done")) == "done"
    assert world.seconds == 1000
"""
    ini = f"{INI}asyncio_mode = {mode}\n"
    result = run(pytester, text, "-v", ini=ini)
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(["*::test_parametrized[[]1[]] PASSED*"])


def test_fixtures_of_the_user_s_run_in_the_same_world(pytester: pytest.Pytester) -> None:
    text = """
import pytest_asyncio

@pytest_asyncio.fixture
async def client(world):
    async with httpx.AsyncClient(base_url=world.url("crm"), verify=False) as client:
        yield client

@pytest.mark.evalkit({"crm": CRM})
async def test_client(client, world):
    assert (await client.get("/customers/3")).status_code == 200
    assert len(world.calls) == 1
"""
    run(pytester, text).assert_outcomes(passed=1)


def test_examples_of_hypothesis_begin_at_zero_and_shrink(pytester: pytest.Pytester) -> None:
    text = """
SEEN = set()
PHASES = (Phase.generate, Phase.shrink)  # explaining takes long

@pytest.mark.evalkit
@settings(max_examples=8, deadline=None, database=None, phases=PHASES)
@given(plan=strategies.fault_plans({"crm": CRM}, only=["status", "delay"]))
async def test_same_loop(plan):
    async with evalkit.testing.world({"crm": CRM}, faults=plan, seed=3) as world:
        assert world.now == 0
        SEEN.add(random.random())
        await world.turn(agent, "hi")
    assert len(SEEN) == 1

@settings(max_examples=10, deadline=None, database=None, phases=PHASES)
@given(plan=strategies.fault_plans({"crm": CRM}, only=["status"], max_size=1))
def test_shrinks(plan):
    with evalkit.testing.world({"crm": CRM}, faults=plan) as world:
        assert world.run(world.turn(agent, "hi")).text != "sorry"
"""
    result = run(pytester, text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*plan = [[]{'at': 'crm', 'inject': *}[]]"])


def test_a_test_that_waits_for_ever_fails_and_says_where(pytester: pytest.Pytester) -> None:
    text = """
@pytest.mark.evalkit({"crm": CRM})
async def test_hangs(world):
    await asyncio.Event().wait()

@pytest.mark.evalkit({"crm": CRM})
async def test_next(world):
    assert world.now == 0
"""
    result = run(pytester, text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*DeadlockError: every task of the world waits*", "*(test_hangs)*"]
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "@pytest.mark.evalkit({'crm': CRM}, fault=[])\nasync def test_it(world): pass",
            "*evalkit: *unexpected keyword argument 'fault'*",
        ),
        (
            "@pytest.mark.evalkit({'crm': {'service': 'rst'}})\nasync def test_it(world): pass",
            "*services[[]'crm'[]]:1:10: there is no kind of service*",
        ),
        (
            "@pytest.mark.evalkit(suite='gone.eval.yaml')\nasync def test_it(world): pass",
            "*/gone.eval.yaml: there is no such file",
        ),
        (
            "@pytest.mark.asyncio\nasync def test_it(world): pass",
            "*has to be marked with @pytest.mark.evalkit*",
        ),
        (
            "@pytest.mark.asyncio(loop_scope='module')\n@pytest.mark.evalkit\n"
            "async def test_it(): pass",
            "a world lasts one test*",
        ),
    ],
)
def test_what_cannot_be_is_told_without_a_traceback(
    pytester: pytest.Pytester, text: str, told: str
) -> None:
    result = run(pytester, text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*During handling of*")


def test_what_the_test_framework_measures_is_real_time(pytester: pytest.Pytester) -> None:
    text = """
@pytest.mark.evalkit
async def test_long():
    await asyncio.sleep(100_000)
"""
    result = run(pytester, text, "--durations=0", "-vv")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*100000*")
