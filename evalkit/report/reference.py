"""Every key of every file that evalkit reads, as one page of Markdown made from the models.

`evalkit/reference.md` is made of it: evalkit reference > evalkit/reference.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from evalkit.checks import CHECKS, GROUPS
from evalkit.faults import FAULTS, PRESETS, When
from evalkit.metrics.definitions import LABELS, METRICS
from evalkit.report.catalogue import first_paragraph
from evalkit.services.asgi.model import AsgiDefinition
from evalkit.services.custom.model import PythonDefinition
from evalkit.services.llm.definition import ProviderDefinition
from evalkit.services.llm.model import ScriptDefinition
from evalkit.services.mcp.model import McpDefinition
from evalkit.services.openapi.model import OpenApiDefinition
from evalkit.services.rest.model import RestDefinition
from evalkit.suite.model import SessionRecord, Suite
from evalkit.suite.schema import AsWritten

_FILES: Mapping[str, tuple[type[BaseModel], ...]] = {
    "The suite: `NAME.eval.yaml`": (Suite,),
    "Sessions: a line of `payloads.jsonl`": (SessionRecord,),
    "Services": (
        RestDefinition,
        OpenApiDefinition,
        ProviderDefinition,
        McpDefinition,
        AsgiDefinition,
        PythonDefinition,
    ),
    "A model's script": (ScriptDefinition,),
}
_HEAD = """\
# Reference

Every key of the files that evalkit reads, made from the models that read them. Written anew with
`evalkit reference > evalkit/reference.md`. A key without a default that is marked *needed* must be
there; every other may be left out."""

_Schema = Mapping[str, Any]


def reference_lines() -> Iterator[str]:
    """The page, line by line."""
    yield from _HEAD.splitlines()
    told: set[str] = set()
    for title, models in _FILES.items():
        yield from ("", f"## {title}")
        for model in models:
            yield from _model(model, told)
    yield from ("", "## Faults", "", "What `inject:` takes, alone or in a list.")
    for name, fault in FAULTS.items():
        yield from _table_of(f"`{name}`", fault.model_json_schema(schema_generator=AsWritten))
    yield from ("", "### `when`", "", "All that is given must hold.", "")
    yield from _rows(When.model_json_schema(schema_generator=AsWritten))
    yield from ("", "### Presets", "", "`SERVICE/PRESET` in place of a rule.", "")
    yield from _listed("preset", {name: preset.about for name, preset in PRESETS.items()})
    yield from _checks()
    yield from _metrics()


def _model(model: type[BaseModel], told: set[str]) -> Iterator[str]:
    """A model, then those that it is made of which were not told before."""
    schema = model.model_json_schema(by_alias=True, schema_generator=AsWritten)
    yield from _table_of(_title(model.__name__), schema)
    for name, part in schema.get("$defs", {}).items():
        if name not in told and "properties" in part and not _is_fault(part):
            told.add(name)
            yield from _table_of(_title(name), part)


def _is_fault(part: _Schema) -> bool:
    """Whether it is a fault, each of which has a place of its own."""
    return part.get("title") in {fault.__name__ for fault in FAULTS.values()}


def _table_of(title: str, schema: _Schema) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    about = first_paragraph(schema.get("description"))
    if about:
        yield from (about, "")
    yield from _rows(schema)


def _rows(schema: _Schema) -> Iterator[str]:
    """The keys of a mapping as a table."""
    properties = schema.get("properties", {})
    if not properties:
        return
    needed = schema.get("required", ())
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, each in properties.items():
        default = "*needed*" if name in needed else _default(each)
        about = _cell(each.get("description", ""))
        yield f"| `{name}` | {_cell(_kind(each))} | {default} | {about} |"


def _default(schema: _Schema) -> str:
    value = schema.get("default")
    if value is None or value == [] or isinstance(value, dict):
        return ""
    text = str(value).lower() if isinstance(value, bool) else value
    if isinstance(text, list):
        text = ", ".join(map(str, text))
    return f"`{text}`"


def _kind(schema: _Schema) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        return _title(schema["$ref"].rpartition("/")[2])
    for both in ("anyOf", "oneOf", "allOf"):
        if both in schema:
            kinds = dict.fromkeys(map(_kind, schema[both]))
            return " or ".join(each for each in kinds if each and each != "nothing")
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{each}`" for each in values)
    return _of_type(schema)


def _of_type(schema: _Schema) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema['items'])}" if schema.get("items") else "list"
        case "object":
            inner = schema.get("additionalProperties")
            inner = next(iter(schema.get("patternProperties", {}).values()), inner)
            return f"mapping to {_kind(inner)}" if isinstance(inner, dict) and inner else "mapping"
        case "string":
            examples = schema.get("examples", ())
            return f"text like `{examples[0]}`" if examples else "text"
        case "integer":
            return "whole number"
        case "number":
            return "number"
        case "boolean":
            return "`true` or `false`"
        case "null":
            return "nothing"
        case list(types):
            return " or ".join(_of_type({**schema, "type": each}) for each in types)
        case _:
            return "anything"


def _title(name: str) -> str:
    """`RestDefinition` as `rest`, `ReplyPart` as `reply`, `ServiceUse` as `service use`."""
    short = re.sub(r"(Definition|Part)$", "", name) or name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", short).lower()


def _checks() -> Iterator[str]:
    yield from ("", "## Checks")
    for group, members in GROUPS.items():
        yield from ("", f"### {group}")
        for check in map(CHECKS.__getitem__, members):
            yield from ("", f"**`{check.name}`** ({check.severity.value}): {check.about}.")
            if check.example is not None:
                yield from ("", "```yaml", f"- {check.example}", "```")
            if check.Settings is not None:
                yield ""
                yield from _rows(check.Settings.model_json_schema(schema_generator=AsWritten))


def _metrics() -> Iterator[str]:
    yield from ("", "## Metrics")
    for table, labels in LABELS.items():
        where = ", ".join(f"`{each}`" for each in labels)
        yield from ("", f"### Of {table}", "", f"Labels for `where`: {where}.", "")
        of_table = [each for each in METRICS.values() if each.table == table]
        yield from _listed("metric", {e.name: f"{e.unit}: {e.description}" for e in of_table})


def _listed(title: str, described: Mapping[str, str]) -> Iterator[str]:
    yield from (f"| {title} | meaning |", "|---|---|")
    yield from (f"| `{name}` | {_cell(about)} |" for name, about in described.items())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
