"""Live worlds for tests, and agents to run in them."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from evalkit import api
from evalkit.live.door import Entrance
from evalkit.live.world import LiveWorld
from evalkit.store import Run
from evalkit.world.endpoint import Endpoint

CRM = {
    "service": "rest",
    "latency": "10ms",
    "routes": {
        "GET /items/{id}": {"reply": {"json": {"id": "{{ path.id }}", "owner": "{{ session.id }}"}}}
    },
}


def entrance(world: LiveWorld, endpoint: Endpoint, port: int = 0) -> Entrance:
    """Where an endpoint is entered, in this world."""
    return Entrance(
        endpoint=endpoint,
        attribution=world.attribution,
        lives=world.lives,
        own=world.meter.own,
        port=port,
    )


def live(
    endpoint: Endpoint, client: Callable[[LiveWorld, int], Awaitable[Any]], *, fast: bool = True
) -> tuple[Any, LiveWorld]:
    """What a client makes of an endpoint at a port on loopback."""
    world = LiveWorld()

    async def main() -> Any:
        port = await world.network.listen(entrance(world, endpoint))
        return await client(world, port)

    return world.run(main(), fast=fast), world


def write(folder: Path, agent: Mapping[str, Any], files: Mapping[str, str], **suite: Any) -> Path:
    """A suite of an agent and a CRM."""
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    (folder / "crm.yaml").write_text(yaml.safe_dump(CRM), encoding="utf-8")
    turns = [{"input": "a"}]
    items = [{"id": f"s-{number}", "turns": turns} for number in range(1, 4)]
    whole = {
        "suite": "live",
        "agent": {"env": {"CRM": "{{ services.crm.url }}"}, "late": "1min", **agent},
        "services": {"crm": {"use": "crm.yaml"}},
        "sessions": {"items": items, "concurrency": 2, "turn_deadline": "1min"},
        "scenarios": {"happy": {}},
        **suite,
    }
    path = folder / "live.eval.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return path


def run(path: Path, **choice: Any) -> Run:
    """Run the suite live."""
    return api.run(path, live=True, controls=False, out=path.parent / "reports", **choice)[0]


def replies(found: Run, scenario: str) -> dict[str, str | None]:
    """What the agent said in the first turn of each session of a scenario."""
    ended = found.records(scenario, kinds=["turn_ended"])
    return {str(each.session): getattr(each, "text", None) for each in ended}


def alive(pid: int) -> bool:
    """Whether there is a process of this number that has not ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


PYTHON = sys.executable
HERE = dict(os.environ)
