"""A scenario in which a service is another version of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError
from evalkit.journal.records import Finding
from evalkit.suite import load_suite
from tests.engine.suites import run, sessions, write_suite
from tests.services.openapi.documents import CHARGES

AGENT = """
import httpx
from evalkit import Reply, Turn

async def agent(turn: Turn) -> Reply:
    async with httpx.AsyncClient(base_url="https://api.pay.example/v1") as client:
        key = {"authorization": "Bearer k"}
        response = await client.get("/charges", params={"limit": 80}, headers=key)
    return Reply(str(response.status_code))
"""


def suite_of(folder: Path, **services: dict[str, Any]) -> Path:
    (folder / "v1.yaml").write_text(CHARGES)
    (folder / "v2.yaml").write_text(CHARGES.replace("maximum: 100", "maximum: 50"))
    (folder / "pay.yaml").write_text("service: openapi\ndocument: v1.yaml")
    return write_suite(
        folder,
        agent=AGENT,
        services={"items": {"use": "items.yaml"}, "pay": {"use": "pay.yaml"}},
        sessions={"items": sessions(1)},
        gates=["count(call.error) < 1"],
        scenarios={"now": {}, "later": {"services": services}},
    )


def test_the_agent_meets_the_other_version_in_that_scenario_alone(tmp_path: Path) -> None:
    ran = run(suite_of(tmp_path, pay={"document": "v2.yaml"}), controls=False)
    found = {name: result.records for (name, _), result in ran.results.items()}
    assert ran.texts == ["400", "200"]
    messages = {
        name: [each.message for each in records if isinstance(each, Finding)]
        for name, records in found.items()
    }
    assert messages["now"] == []
    assert "query.limit: 80 is more than 50" in messages["later"][0]


def test_a_scenario_with_another_version_is_not_one_that_the_suites_gates_judge(
    tmp_path: Path,
) -> None:
    suite = load_suite(suite_of(tmp_path, pay={"document": "v2.yaml"})).value
    assert [name for name, each in suite.scenarios.items() if each.sound] == ["now"]
    assert suite.services_in(suite.scenarios["later"])["pay"].document == "v2.yaml"
    assert suite.services["pay"].document is None


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ({"pya": {"document": "v2.yaml"}}, "no service is named pya"),
        ({"pay": {"document": "v3.yaml"}}, "there is no file"),
        ({"pay": {}}, "nothing is changed"),
        ({"pay": {"use": "v1.yaml"}}, 'the key "service" is missing'),
        ({"pay": {"document": "items.yaml"}}, "no `openapi:` says the version"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(
    tmp_path: Path, services: dict[str, Any], message: str
) -> None:
    with pytest.raises(SuiteError, match=message):
        plan_suite(load_suite(suite_of(tmp_path, **services)))
