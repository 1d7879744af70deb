"""A contract of 3 MB with 300 operations, as YAML and as JSON: read, and asked once."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Request
from tests.bench.measuring import command

OPERATIONS = 300
FIELDS = {"json": 72, "yaml": 52}
"""How many fields a record has, so that a file is of about 3 MB in either form."""


def contract(fields: int) -> dict[str, Any]:
    """A document of that many operations, with records of many fields that refer to each other."""
    methods = ("get", "post", "delete")
    paths: dict[str, Any] = {}
    for number in range(OPERATIONS):
        path = f"/resources{number // len(methods)}/{{id}}"
        paths.setdefault(path, {})[methods[number % len(methods)]] = _operation(number)
    schemas = {f"Record{number}": _schema(number, fields) for number in range(OPERATIONS)}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(number: int) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/Record{number}"}
    content = {"application/json": {"schema": reference}}
    body = {"requestBody": {"required": True, "content": content}} if number % 3 == 1 else {}
    return {
        "operationId": f"operation{number}",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        **body,
        "responses": {"200": {"description": "fine", "content": content}},
    }


def _schema(number: int, fields: int) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["field0", "field1"],
        "properties": dict(_fields(number, fields)),
    }


def _fields(number: int, fields: int) -> Iterator[tuple[str, Any]]:
    for place in range(fields):
        about = f"Field {place} of record {number}, with a limit or two and a few words about it."
        kinds: tuple[dict[str, Any], ...] = (
            {"type": "string", "maxLength": 80, "description": about},
            {"type": "integer", "minimum": 0, "maximum": 10**6, "description": about},
            {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}},
            {"type": "object", "properties": {"inner": {"type": "number", "description": about}}},
        )
        yield f"field{place}", kinds[place % len(kinds)]
    yield "next", {"$ref": f"#/components/schemas/Record{(number + 1) % OPERATIONS}"}


def write(folder: Path) -> None:
    """The contract in both forms, and a definition for each."""
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    (folder / "large.json").write_text(json.dumps(contract(FIELDS["json"])))
    text = yaml.dump(contract(FIELDS["yaml"]), Dumper=dumper, sort_keys=False)
    (folder / "large.yaml").write_text(text)
    for form in FIELDS:
        definition = f"service: openapi\ndocument: large.{form}\n"
        (folder / f"of-{form}.yaml").write_text(definition)


def read(folder: Path, form: str) -> None:
    """Read one in this process, ask it once, and print the seconds of CPU of both."""
    began = time.process_time()
    service = load_service("large", ServiceUse(use=f"of-{form}.yaml"), folder).fresh()
    loaded = time.process_time()
    asked = Request(method="GET", path="/resources7/a", host="large.test")
    reply = asyncio.run(service.handle(asked))
    assert reply.status == 200, reply.body()
    print(json.dumps([loaded - began, time.process_time() - loaded]))


def main() -> None:
    """Each form in a process of its own, three times; the best counts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        for form in FIELDS:
            words = ("-m", "tests.bench.contract", str(folder), form)
            rounds = [json.loads(command(*words).printed) for _ in range(3)]
            loaded, asked = map(min, zip(*rounds, strict=True))
            size = (folder / f"large.{form}").stat().st_size / 1e6
            shown = f"{OPERATIONS} operations, {size:.1f} MB"
            print(
                f"{form}  {shown}: read in {loaded:.2f} s, first reply {asked * 1000:.0f} ms (CPU)"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        read(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
