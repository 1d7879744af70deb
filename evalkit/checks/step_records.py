"""The records that an agent keeps of its steps: how they are read, and held against the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeGuard

from pydantic import Field

from evalkit.checks.targets import json_in
from evalkit.checks.words import duration
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import LogWritten
from evalkit.journal.views import CallView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import Part
from evalkit.units import MICROSECOND, MILLISECOND, SECOND, Duration, Share

Unit: TypeAlias = Literal["s", "ms", "us", "ns"]
_UNITS: Mapping[str, int] = MappingProxyType(
    {"s": SECOND, "ms": MILLISECOND, "us": MICROSECOND, "ns": 1}
)


class Names(Part):
    """What the fields of a record are called."""

    step: str = Field("step_id", description="Names the step; no two have the same")
    model: str = Field("model", description="The model that was asked; null where none was")
    input: str = Field("input_length", description="How long what it read was")
    output: str = Field("output_length", description="How long what it wrote was")
    latency: str = Field("latency", description="How long the step took, retries included")
    confidence: str = Field("confidence", description="From 0 to 1; may be null")
    error: str = Field("error_status", description="What went wrong in the end; null if nothing")


class Reading(Part):
    """How the figures of a record are to be taken."""

    lengths: Literal["tokens", "characters"] = Field(
        "tokens", description="What lengths count; only tokens are held against the wire"
    )
    latency: Unit = Field("ms", description="The unit of latencies: s, ms, us or ns")
    slack: Duration = Field(50 * MILLISECOND, description="By how much a latency may be off")
    share: Share = Field(0.1, description="Part of a latency by which it may be off")


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One record: the fields that it has, by what this module calls them."""

    fields: Mapping[str, Any]

    @property
    def step(self) -> str | None:
        """What the step is called."""
        name = self.fields.get("step")
        return None if name is None else str(name)

    @property
    def model(self) -> str | None:
        """The model that was asked, if one was."""
        name = self.fields.get("model")
        return name if isinstance(name, str) and name else None

    def number(self, name: str) -> float | None:
        """The figure of a field, if it is one."""
        value = self.fields.get(name)
        return value if _is_number(value) else None

    @property
    def failed(self) -> bool:
        """Whether it tells of an error."""
        return self.fields.get("error") not in (None, "", 0, False, "ok", 200)


def read_steps(path: str, context: Mapping[str, Any], names: Names) -> list[StepRecord] | None:
    """The records in the context of a reply; None where it holds nothing at that place."""
    found = at_path(path, dict(context))
    if not found:
        return None
    lists = [each if isinstance(each, list | tuple) else [each] for each in found]
    return [_read(each, names) for items in lists for each in items]


def logged_steps(lines: Iterable[LogWritten], names: Names) -> list[StepRecord] | None:
    """The records among the lines of a log: those that name a step; None where there are none."""
    values = [{**_object(each.text), **each.data} for each in lines]
    return [_read(each, names) for each in values if names.step in each] or None


def _object(text: str) -> Mapping[str, Any]:
    """The JSON object that a line is; empty where it is none."""
    value = json_in(text) if text.lstrip().startswith("{") else None
    return value if isinstance(value, Mapping) else {}


def _read(value: Any, names: Names) -> StepRecord:
    if isinstance(value, str):
        value = _object(value)
    given = value if isinstance(value, Mapping) else {}
    return StepRecord(
        {
            field: given[getattr(names, field)]
            for field in Names.model_fields
            if getattr(names, field) in given
        }
    )


def flaws(record: StepRecord, names: Names) -> Iterator[str]:
    """What is wrong with a record by itself."""
    missing = [getattr(names, each) for each in Names.model_fields if each not in record.fields]
    if missing:
        yield f"has no {', '.join(missing)}"
    if "step" in record.fields and record.step in (None, ""):
        yield f"has an empty {names.step}"
    for field in ("input", "output", "latency"):
        value = record.fields.get(field)
        needed = record.model is not None and field in record.fields
        if (value is not None or needed) and not (_is_number(value) and value >= 0):
            yield f"has {getattr(names, field)} {json.dumps(value, default=str)}"
    confidence = record.fields.get("confidence")
    if confidence is not None and not (_is_number(confidence) and 0 <= confidence <= 1):
        yield f"has {names.confidence} {json.dumps(confidence, default=str)}, not 0 to 1"


def differences(
    record: StepRecord, logical: LogicalCall, reading: Reading, refused: Sequence[CallView] = ()
) -> Iterator[str]:
    """In what a record of a model's call is not what was on the wire. Its step may have begun, or
    ended, with a connection that was `refused`.
    """
    ended = logical.last.ended
    if ended is not None and ended.model is not None and not _same_model(record, ended.model):
        yield f"model {record.model}, on the wire {ended.model}"
    usage = None if ended is None or logical.last.failed else ended.usage
    if usage is not None and reading.lengths == "tokens":
        for field, real in (("input", usage.input), ("output", usage.output)):
            told = record.number(field)
            if told is not None and told != real:
                yield f"{field} {told:g}, on the wire {real}"
    yield from _latency(record, logical, reading, refused)
    if record.failed and logical.recovered:
        yield "an error, on the wire none in the end"
    elif not record.failed and not logical.recovered and "error" in record.fields:
        yield "no error, on the wire it failed"


def _latency(
    record: StepRecord, logical: LogicalCall, reading: Reading, refused: Sequence[CallView]
) -> Iterator[str]:
    told, ended = record.number("latency"), logical.last.ended
    if told is None or ended is None:
        return
    began = logical.first.started.at
    starts = [began, *(each.started.at for each in refused if each.started.at < began)]
    ends = [ended.at, *(each.started.at for each in refused if each.started.at > ended.at)]
    stated = round(told * _UNITS[reading.latency])
    if not any(_near(stated, end - start, reading) for start in starts for end in ends):
        real = ended.at - began
        yield f"latency {duration(stated) if stated else '0ms'}, on the wire {duration(real)}"


def _near(stated: int, real: int, reading: Reading) -> bool:
    return abs(stated - real) <= max(reading.slack, round(real * reading.share))


def _same_model(record: StepRecord, real: str) -> bool:
    """Whether a name is that of the model, with or without its provider and its date."""
    told = (record.model or "").rpartition("/")[2].lower()
    own = real.rpartition("/")[2].lower()
    return told.startswith(own) or own.startswith(told)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
