"""Small suites for tests of the engine: written to a folder, run for real, read back."""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evalkit.engine.cells import CellResult
from evalkit.engine.events import Event
from evalkit.engine.plan import plan_suite
from evalkit.engine.run import run_suite
from evalkit.journal.records import AnyRecord, SessionEnded, TurnEnded
from evalkit.suite import load_suite

REST = {
    "service": "rest",
    "hosts": ["https://api.example.com"],
    "latency": "100ms",
    "routes": {
        "GET /items/{id}": {
            "reply": {"json": {"id": "{{ path.id }}", "owner": "{{ session.id }}"}}
        },
        "POST /items": {
            "effect": {"name": "item", "key": ["body.id"]},
            "reply": {"status": 201, "json": {"id": "{{ body.id }}"}},
        },
    },
}

AGENT = """
import os
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

async def agent(turn: Turn) -> Reply:
    response = await client.get(f"/items/{turn.number}")
    response.raise_for_status()
    return Reply(f"{turn.session.id}: {response.json()['id']}")
"""


@dataclass(frozen=True)
class FolderSink:
    """Keeps each cell's result as a file, from whatever process it was run in."""

    folder: Path

    def __call__(self, result: CellResult) -> None:
        name = f"{result.cell.scenario}-{result.cell.index:04}.pickle"
        (self.folder / name).write_bytes(pickle.dumps(result))


@dataclass
class Ran:
    """What a run gave."""

    events: list[Event]
    results: dict[tuple[str, int], CellResult] = field(default_factory=dict)

    @property
    def digests(self) -> list[str]:
        return [result.digest for _, result in sorted(self.results.items())]

    @property
    def records(self) -> list[AnyRecord]:
        return [record for _, each in sorted(self.results.items()) for record in each.records]

    def of(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def ends(self) -> dict[str, str]:
        return {each.session: each.end.value for each in self.of(SessionEnded)}

    @property
    def texts(self) -> list[str | None]:
        return [each.text for each in self.of(TurnEnded)]


def sessions(count: int, turns: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """So many sessions of so many turns."""
    return [
        {"id": f"s{n}", "turns": [{"input": f"turn {t}"} for t in range(turns)], **fields}
        for n in range(count)
    ]


def write_suite(
    folder: Path,
    *,
    agent: str = AGENT,
    rest: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Path:
    """A suite with one REST service named `items`; `settings` are the agent's, `parts`
    replace keys of the suite.
    """
    (folder / "agent.py").write_text(textwrap.dedent(agent))
    (folder / "items.yaml").write_text(yaml.safe_dump({**REST, **(rest or {})}))
    suite = {
        "suite": "small",
        "agent": {
            "python": "agent.py:agent",
            "env": {"ITEMS_URL": "{{ services.items.url }}"},
            **(settings or {}),
        },
        "services": {"items": {"use": "items.yaml"}},
        "sessions": {"items": sessions(3), "concurrency": 2},
        "scenarios": {"plain": {}},
        **parts,
    }
    path = folder / "small.eval.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path


def run(path: Path, *, workers: int = 1, **options: Any) -> Ran:
    """Run a suite and read everything back."""
    plan = plan_suite(load_suite(path), **{"controls": False, **options})
    folder = path.parent / "results"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    ran = Ran(list(run_suite(plan, sink=FolderSink(folder), workers=workers)))
    for file in sorted(folder.iterdir()):
        result: CellResult = pickle.loads(file.read_bytes())
        ran.results[result.cell.scenario, result.cell.index] = result
    return ran
