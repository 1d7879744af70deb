"""A Python class as a service."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import httpx
import pytest

from evalkit.errors import StartError, SuiteError
from evalkit.journal.records import EffectCommitted
from evalkit.services import PythonService, load_service
from evalkit.suite.model import ServiceUse
from tests.services.running import SECOND, URL, Ran, run

LEDGER = """
import asyncio
from evalkit.services import Effect, PythonService, Reply, Request

class Waiting(PythonService):
    async def handle(self, request):
        await asyncio.sleep(3)
        return Reply.json({"session": request.caller.session})

class Bare:
    def __init__(self, name):
        self.told = 0
    def operation(self, request):
        return "count"
    def handle(self, request):
        return Reply.json(self.told).committing(Effect(name="counted", commit=self.count))
    def count(self):
        self.told += 1

class Breaks(PythonService):
    def operation(self, request):
        raise KeyError("op")
    def handle(self, request):
        raise KeyError("entry")

class Vague(PythonService):
    def handle(self, request):
        return {"fine": True}

class Late(Vague):
    def handle(self, request):
        return asyncio.sleep(1)

class Picky(PythonService):
    def __init__(self, name, *, first):
        self.first = int(first)

class Halfway:
    def handle(self, request): ...

thing = 17
"""


def example() -> str:
    """The example in the docstring of the base class."""
    text = (PythonService.__doc__ or "").split("definition:\n")[1].split("and the definition")[0]
    return textwrap.dedent(text)


def asked(folder: Path, named: str, count: int = 1, settings: str = "", **more: Any) -> Ran:
    """The statuses and bodies of so many posts, one after the other."""

    async def main() -> list[Any]:
        async with httpx.AsyncClient(base_url=URL, timeout=60) as client:
            answers = [await client.post("/entries", json={"n": n}) for n in range(count)]
            return [(each.status_code, each.json()) for each in answers]

    definition = f"service: python\nclass: ledger.py:{named}\n{settings}"
    files = {"service.yaml": definition, "ledger.py": f"{LEDGER}\n{example()}"}
    return run(folder, files, main, **more)


def test_the_example_keeps_its_state_and_declares_its_effects(tmp_path: Path) -> None:
    settings = "with: {first: 100}\nlatency: 40ms\n"
    ran = asked(tmp_path, "Ledger", 2, settings)
    assert ran.value == [(201, {"number": "100"}), (201, {"number": "101"})]
    assert ran.operations == ["append", "append"]
    assert [(each.name, each.key, each.data) for each in ran.of(EffectCommitted)] == [
        ("entry", ("100",), {"n": 0}),
        ("entry", ("101",), {"n": 1}),
    ]
    assert ran.world.clock.now == 80_000_000
    assert asked(tmp_path, "Ledger", 1, settings).value == [(201, {"number": "100"})]


def test_it_may_wait_and_knows_on_whose_behalf_it_is_asked(tmp_path: Path) -> None:
    ran = asked(tmp_path, "Waiting", settings="latency: 1s\n")
    assert ran.value == [(200, {"session": "s"})]
    assert ran.world.clock.now == 4 * SECOND


def test_it_need_not_be_of_the_base_class(tmp_path: Path) -> None:
    ran = asked(tmp_path, "Bare", 2)
    assert [body for _, body in ran.value] == [0, 1]
    assert ran.operations == ["count", "count"]


def test_faults_and_quotas_are_on_top(tmp_path: Path) -> None:
    quota = "quota: {requests: 1, per: 1min}\n"
    faults = [{"at": "mock append", "when": {"call": 1}, "inject": "commit_twice"}]
    ran = asked(tmp_path, "Ledger", 2, quota, faults=faults)
    assert [status for status, _ in ran.value] == [201, 429]
    assert len(ran.of(EffectCommitted)) == 2
    assert ran.delivered == ["commit_twice"]


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ("Breaks", "KeyError: 'entry'"),
        ("Vague", "ledger.py:Vague gave a dict, not an evalkit Reply"),
        ("Late", "ledger.py:Late gave a coroutine, not an evalkit Reply"),
    ],
)
def test_what_it_gets_wrong_is_a_complaint(tmp_path: Path, named: str, complaint: str) -> None:
    ran = asked(tmp_path, named)
    assert ran.value == [(500, {"error": "the mock service failed"})]
    assert complaint in str(ran.complaints[0])
    assert ran.operations == ["POST /entries"]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("thing", "the service mock: ledger.py:thing is no class"),
        ("Halfway", "ledger.py:Halfway has no method `operation`"),
        ("Picky", "ledger.py:Picky could not be made: TypeError: "),
    ],
)
def test_a_class_that_is_no_service(tmp_path: Path, named: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        asked(tmp_path, named)
    assert message in str(caught.value)


def test_a_mistake_is_located(tmp_path: Path) -> None:
    (tmp_path / "ledger.py").write_text(LEDGER)
    (tmp_path / "service.yaml").write_text("service: python\nclass: ledger.py:Waitin\n")
    with pytest.raises(SuiteError) as caught:
        load_service("mock", ServiceUse(use="service.yaml"), tmp_path)
    assert "2:8: " in str(caught.value)
    assert "did you mean Waiting?" in str(caught.value)
