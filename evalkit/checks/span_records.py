"""The spans that an agent hands over of its own: how they are read, and held against the wire.

A span is what `ReadableSpan.to_json()` of OpenTelemetry's SDK for Python writes, as an object or as
text: `name`, `context: {trace_id, span_id}`, `parent_id`, `attributes`, `status: {status_code}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.checks.targets import json_in
from evalkit.journal import conventions as names
from evalkit.journal.parents import Place
from evalkit.journal.views import CallView
from evalkit.jsonpaths import at_path

_ASKING = frozenset({names.CHAT, "text_completion", "generate_content"})
_HEX = re.compile(r"(?:0x)?([0-9a-f]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSpan:
    """A span of the agent's own."""

    place: Place
    parent: str | None
    name: str
    attributes: Mapping[str, Any]
    failed: bool

    @property
    def asks(self) -> bool:
        """Whether it is of a call of a model."""
        return self.attributes.get(names.OPERATION) in _ASKING


def read_spans(path: str, context: Mapping[str, Any]) -> list[OwnSpan | None] | None:
    """The spans in the context of a reply, None for each that is none; None where nothing stands
    at that place.
    """
    found = at_path(path, dict(context))
    if not found:
        return None
    lists = [each if isinstance(each, list | tuple) else [each] for each in found]
    return [_read(each) for items in lists for each in items]


def _read(value: Any) -> OwnSpan | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    given = value if isinstance(value, Mapping) else {}
    context, status = _mapping(given.get("context")), _mapping(given.get("status"))
    trace, span = _digits(context.get("trace_id"), 32), _digits(context.get("span_id"), 16)
    if trace is None or span is None:
        return None
    return OwnSpan(
        place=Place(trace, span),
        parent=_digits(given.get("parent_id"), 16),
        name=str(given.get("name") or ""),
        attributes=_mapping(given.get("attributes")),
        failed=str(status.get("status_code")).upper().endswith("ERROR"),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _digits(value: Any, length: int) -> str | None:
    found = _HEX.fullmatch(value) if isinstance(value, str) else None
    return None if found is None or len(found[1]) > length else found[1].lower().zfill(length)


def asking(span: OwnSpan, spans: Mapping[Place, OwnSpan]) -> OwnSpan | None:
    """The span of a model's call that a span is, or is within."""
    seen: set[Place] = set()
    here: OwnSpan | None = span
    while here is not None and not here.asks and here.place not in seen:
        seen.add(here.place)
        above = here.parent
        here = None if above is None else spans.get(Place(here.place.trace, above))
    return here if here is not None and here.asks else None


def differences(span: OwnSpan, calls: Sequence[CallView]) -> Iterator[str]:
    """In what the span of a model's call is not what was on the wire in its last attempt."""
    last = calls[-1]
    asked, ended = json_in(last.started.body), last.ended
    model = asked.get("model") if isinstance(asked, dict) else None
    replied = None if ended is None else ended.model
    for name, real in ((names.REQUEST_MODEL, model), (names.RESPONSE_MODEL, replied)):
        told = span.attributes.get(name)
        if told is not None and real is not None and told != real:
            yield f"{name} {json.dumps(told)}, on the wire {json.dumps(real)}"
    usage = None if ended is None or last.failed else ended.usage
    if usage is not None:
        for name, count in ((names.TOKENS_IN, usage.input), (names.TOKENS_OUT, usage.output)):
            told = span.attributes.get(name)
            if told is not None and told != count:
                yield f"{name} {json.dumps(told, default=str)}, on the wire {count}"
    if span.failed != last.failed:
        words = ("no error", "it failed") if last.failed else ("an error", "none in the end")
        yield f"{words[0]}, on the wire {words[1]}"
