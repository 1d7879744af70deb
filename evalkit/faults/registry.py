"""The table of faults, and the type of a fault as it is written in a suite.

A new fault is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from evalkit.faults.base import Fault
from evalkit.faults.connect_delay import ConnectDelay
from evalkit.faults.cut import CutBody
from evalkit.faults.delay import Delay
from evalkit.faults.empty import Empty
from evalkit.faults.malformed import Malformed
from evalkit.faults.refused import Refused
from evalkit.faults.reset import ResetConnection
from evalkit.faults.slow import Slow
from evalkit.faults.stall import StallReply
from evalkit.faults.status import Status
from evalkit.keyed import Draw
from evalkit.wire import Reply

FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "delay": Delay,
        "status": Status,
        "refused": Refused,
        "connect_delay": ConnectDelay,
        "reset": ResetConnection,
        "empty": Empty,
        "cut": CutBody,
        "stall": StallReply,
        "malformed": Malformed,
        "slow": Slow,
    }
)
BARE = tuple(name for name, fault in FAULTS.items() if fault.bare)


def _naming_key(value: Any) -> str | None:
    """The key that names the fault, of what was written or of a fault made before."""
    if isinstance(value, Fault):
        return value.name
    if isinstance(value, Mapping):
        return next((key for key in value if key in FAULTS), None)
    return value if isinstance(value, str) and value in FAULTS else None


def _names_one_fault(value: Any) -> Any:
    """Refuse what names no fault, several, or one that needs a value and got none."""
    if isinstance(value, str):
        _check_shorthand(value)
    elif isinstance(value, Mapping):
        _check_keys(value)
    elif not isinstance(value, Fault):
        raise PydanticCustomError(
            "fault_type", "a fault is written like {status: 503}, or as a name like reset"
        )
    return value


def _check_shorthand(given: str) -> None:
    if given not in FAULTS:
        raise _unknown(given)
    if given not in BARE:
        raise PydanticCustomError(
            "fault_without_value",
            "the fault {given} needs a value, like {{given}: …}; by name alone: {allowed}",
            {"given": given, "allowed": ", ".join(BARE)},
        )


def _check_keys(given: Mapping[Any, Any]) -> None:
    named = [str(key) for key in given if key in FAULTS]
    if not named:
        raise _unknown(str(next(iter(given), "")))
    if len(named) > 1:
        raise PydanticCustomError(
            "several_faults",
            "{given} are several faults; write a list, one fault an entry, in the order they apply",
            {"given": " and ".join(named)},
        )


def _unknown(given: str) -> PydanticCustomError:
    return PydanticCustomError(
        "unknown_fault",
        "no fault is named {given}; there are: {allowed}",
        {"given": given, "allowed": ", ".join(FAULTS)},
    )


class _WithShorthand:
    """Adds the faults that a name alone gives to the JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        by_name = {"type": "string", "enum": list(BARE), "description": "A fault by its name alone"}
        return {"anyOf": [schema, by_name]}


AnyFault: TypeAlias = Annotated[
    Annotated[Delay, Tag("delay")]
    | Annotated[Status, Tag("status")]
    | Annotated[Refused, Tag("refused")]
    | Annotated[ConnectDelay, Tag("connect_delay")]
    | Annotated[ResetConnection, Tag("reset")]
    | Annotated[Empty, Tag("empty")]
    | Annotated[CutBody, Tag("cut")]
    | Annotated[StallReply, Tag("stall")]
    | Annotated[Malformed, Tag("malformed")]
    | Annotated[Slow, Tag("slow")],
    Discriminator(_naming_key),
    BeforeValidator(_names_one_fault),
    _WithShorthand(),
]


def apply_all(reply: Reply, faults: Iterable[Fault], draw: Draw, *, kind: str) -> Reply:
    """The reply of a service of this kind under these faults, applied in the order written."""
    for place, fault in enumerate(faults):
        reply = fault.for_kind(kind).apply(reply, draw.at(place, fault.name))
    return reply
