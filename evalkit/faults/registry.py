"""The table of faults, and the type of a fault as it is written in a suite.

A new fault is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Discriminator, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_plain_validator_function

from evalkit.faults.base import Fault
from evalkit.imported import Imported
from evalkit.keyed import Draw
from evalkit.wire import Reply

FAULTS: Mapping[str, type[Fault]] = Imported(
    "evalkit.faults",
    {
        "delay": "delay:Delay",
        "status": "status:Status",
        "refused": "refused:Refused",
        "connect_delay": "connect_delay:ConnectDelay",
        "unknown_host": "unknown_host:UnknownHost",
        "reset": "reset:ResetConnection",
        "empty": "empty:Empty",
        "cut": "cut:CutBody",
        "stall": "stall:StallReply",
        "malformed": "malformed:Malformed",
        "slow": "slow:Slow",
        "drip": "drip:Drip",
        "sliced": "sliced:Sliced",
        "slow_close": "slow_close:SlowClose",
        "truncated": "truncated:Truncated",
        "wrong_length": "wrong_length:WrongLength",
        "malformed_chunk": "malformed_chunk:MalformedChunk",
        "garbage": "garbage:Garbage",
        "html": "html:Html",
        "content_type": "content_type:ContentType",
        "invalid_utf8": "invalid_utf8:InvalidUtf8",
        "oversize": "oversize:Oversize",
        "call_tool": "call_tool:CallTool",
        "unknown_tool": "unknown_tool:UnknownTool",
        "bad_arguments": "bad_arguments:BadArguments",
        "wrong_schema": "wrong_schema:WrongSchema",
        "refusal": "refusal:Refusal",
        "content_filter": "content_filter:ContentFilter",
        "cut_short": "cut_short:CutShort",
        "low_confidence": "low_confidence:LowConfidence",
        "context_overflow": "context_overflow:ContextOverflow",
        "slow_tokens": "slow_tokens:SlowTokens",
        "slow_first_token": "slow_first_token:SlowFirstToken",
        "unfinished": "unfinished:Unfinished",
        "duplicate_chunk": "duplicate_chunk:DuplicateChunk",
        "error_event": "error_event:ErrorEvent",
        "empty_choices": "empty_choices:EmptyChoices",
        "missing_usage": "missing_usage:MissingUsage",
        "commit_then_lose": "commit_then_lose:CommitThenLose",
        "commit_twice": "commit_twice:CommitTwice",
        "commit_nothing": "commit_nothing:CommitNothing",
        "commit_late": "commit_late:CommitLate",
        "commit_reordered": "commit_reordered:CommitReordered",
        "callback_late": "callback_late:CallbackLate",
        "callback_duplicated": "callback_duplicated:CallbackDuplicated",
        "callback_dropped": "callback_dropped:CallbackDropped",
        "callback_reordered": "callback_reordered:CallbackReordered",
        "callback_altered": "callback_altered:CallbackAltered",
        "token_expired": "token_expired:TokenExpired",
        "refresh_refused": "refresh_refused:RefreshRefused",
        "narrower_scope": "narrower_scope:NarrowerScope",
        "wider_scope": "wider_scope:WiderScope",
        "tool_error": "tool_error:ToolError",
        "tool_gone": "tool_gone:ToolGone",
        "tool_schema": "tool_schema:ToolSchema",
        "bad_output": "bad_output:BadOutput",
        "rpc_error": "rpc_error:RpcError",
        "rpc_malformed": "rpc_malformed:RpcMalformed",
        "wrong_id": "wrong_id:WrongId",
        "duplicate_response": "duplicate_response:DuplicateResponse",
        "no_response": "no_response:NoResponse",
        "endless_progress": "endless_progress:EndlessProgress",
        "session_lost": "session_lost:SessionLost",
        "protocol_version": "protocol_version:ProtocolVersion",
        "missing_field": "missing_field:MissingField",
        "null_value": "null_value:NullValue",
        "type_flip": "type_flip:TypeFlip",
        "renamed_field": "renamed_field:RenamedField",
        "stale": "stale:Stale",
        "swapped": "swapped:Swapped",
        "empty_data": "empty_data:EmptyData",
        "partial_page": "partial_page:PartialPage",
        "injection": "injection:Injection",
        "wrong_value": "wrong_value:WrongValue",
        "restart": "restart:Restart",
    },
)


def bare() -> tuple[str, ...]:
    """The faults whose name alone is enough."""
    return tuple(name for name, fault in FAULTS.items() if fault.bare)


def _naming_key(value: Any) -> str | None:
    """The key that names the fault, of what was written or of a fault made before."""
    if isinstance(value, Fault):
        return value.name
    if isinstance(value, Mapping):
        return next((key for key in value if key in FAULTS), None)
    return value if isinstance(value, str) and value in FAULTS else None


def _fault(value: Any) -> Fault:
    """The fault that is written. Refuses what names none, several, or one that needs a value."""
    if isinstance(value, Fault):
        return value
    if isinstance(value, str):
        _check_shorthand(value)
    elif isinstance(value, Mapping):
        _check_keys(value)
    else:
        raise PydanticCustomError(
            "fault_type", "a fault is written like {status: 503}, or as a name like reset"
        )
    return FAULTS[str(_naming_key(value))].model_validate(value)


def _check_shorthand(given: str) -> None:
    if given not in FAULTS:
        raise _unknown(given)
    if not FAULTS[given].bare:
        raise PydanticCustomError(
            "fault_without_value",
            "the fault {given} needs a value, like {{given}: …}; by name alone: {allowed}",
            {"given": given, "allowed": ", ".join(bare())},
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


class _Written:
    """A fault as it is written: of all the classes, that which the key names."""

    @classmethod
    def meant_by(cls, value: Any) -> type[Fault] | None:
        """The class that a value names, if it names one."""
        name = _naming_key(value)
        return None if name is None else FAULTS[name]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return no_info_plain_validator_function(_fault)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        del core
        tagged = tuple(Annotated[fault, Tag(name)] for name, fault in FAULTS.items())
        union: Any = Annotated[Union[tagged], Discriminator(_naming_key)]  # noqa: UP007
        schema = handler(TypeAdapter(union).core_schema)
        by_name = {
            "type": "string",
            "enum": list(bare()),
            "description": "A fault by its name alone",
        }
        return {"anyOf": [schema, by_name]}


if TYPE_CHECKING:
    AnyFault: TypeAlias = Fault
else:
    AnyFault = _Written


def apply_all(reply: Reply, faults: Iterable[Fault], draw: Draw, *, kind: str) -> Reply:
    """The reply of a service of this kind under these faults: see `Fault.order`."""
    for place, fault in sorted(enumerate(faults), key=lambda each: each[1].order):
        reply = fault.for_kind(kind).apply(reply, draw.at(place, fault.name))
    return reply
