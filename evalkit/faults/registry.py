"""The table of faults, and the type of a fault as it is written in a suite.

A new fault is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import BeforeValidator, Discriminator, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from evalkit.faults.bad_arguments import BadArguments
from evalkit.faults.bad_output import BadOutput
from evalkit.faults.base import Fault
from evalkit.faults.call_tool import CallTool
from evalkit.faults.callback_altered import CallbackAltered
from evalkit.faults.callback_dropped import CallbackDropped
from evalkit.faults.callback_duplicated import CallbackDuplicated
from evalkit.faults.callback_late import CallbackLate
from evalkit.faults.callback_reordered import CallbackReordered
from evalkit.faults.commit_late import CommitLate
from evalkit.faults.commit_nothing import CommitNothing
from evalkit.faults.commit_reordered import CommitReordered
from evalkit.faults.commit_then_lose import CommitThenLose
from evalkit.faults.commit_twice import CommitTwice
from evalkit.faults.connect_delay import ConnectDelay
from evalkit.faults.content_filter import ContentFilter
from evalkit.faults.content_type import ContentType
from evalkit.faults.context_overflow import ContextOverflow
from evalkit.faults.cut import CutBody
from evalkit.faults.cut_short import CutShort
from evalkit.faults.delay import Delay
from evalkit.faults.drip import Drip
from evalkit.faults.duplicate_chunk import DuplicateChunk
from evalkit.faults.duplicate_response import DuplicateResponse
from evalkit.faults.empty import Empty
from evalkit.faults.empty_choices import EmptyChoices
from evalkit.faults.empty_data import EmptyData
from evalkit.faults.endless_progress import EndlessProgress
from evalkit.faults.error_event import ErrorEvent
from evalkit.faults.garbage import Garbage
from evalkit.faults.html import Html
from evalkit.faults.injection import Injection
from evalkit.faults.invalid_utf8 import InvalidUtf8
from evalkit.faults.low_confidence import LowConfidence
from evalkit.faults.malformed import Malformed
from evalkit.faults.malformed_chunk import MalformedChunk
from evalkit.faults.missing_field import MissingField
from evalkit.faults.missing_usage import MissingUsage
from evalkit.faults.narrower_scope import NarrowerScope
from evalkit.faults.no_response import NoResponse
from evalkit.faults.null_value import NullValue
from evalkit.faults.oversize import Oversize
from evalkit.faults.partial_page import PartialPage
from evalkit.faults.protocol_version import ProtocolVersion
from evalkit.faults.refresh_refused import RefreshRefused
from evalkit.faults.refusal import Refusal
from evalkit.faults.refused import Refused
from evalkit.faults.renamed_field import RenamedField
from evalkit.faults.reset import ResetConnection
from evalkit.faults.restart import Restart
from evalkit.faults.rpc_error import RpcError
from evalkit.faults.rpc_malformed import RpcMalformed
from evalkit.faults.session_lost import SessionLost
from evalkit.faults.sliced import Sliced
from evalkit.faults.slow import Slow
from evalkit.faults.slow_close import SlowClose
from evalkit.faults.slow_first_token import SlowFirstToken
from evalkit.faults.slow_tokens import SlowTokens
from evalkit.faults.stale import Stale
from evalkit.faults.stall import StallReply
from evalkit.faults.status import Status
from evalkit.faults.swapped import Swapped
from evalkit.faults.token_expired import TokenExpired
from evalkit.faults.tool_error import ToolError
from evalkit.faults.tool_gone import ToolGone
from evalkit.faults.tool_schema import ToolSchema
from evalkit.faults.truncated import Truncated
from evalkit.faults.type_flip import TypeFlip
from evalkit.faults.unfinished import Unfinished
from evalkit.faults.unknown_host import UnknownHost
from evalkit.faults.unknown_tool import UnknownTool
from evalkit.faults.wider_scope import WiderScope
from evalkit.faults.wrong_id import WrongId
from evalkit.faults.wrong_length import WrongLength
from evalkit.faults.wrong_schema import WrongSchema
from evalkit.faults.wrong_value import WrongValue
from evalkit.keyed import Draw
from evalkit.wire import Reply

FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "delay": Delay,
        "status": Status,
        "refused": Refused,
        "connect_delay": ConnectDelay,
        "unknown_host": UnknownHost,
        "reset": ResetConnection,
        "empty": Empty,
        "cut": CutBody,
        "stall": StallReply,
        "malformed": Malformed,
        "slow": Slow,
        "drip": Drip,
        "sliced": Sliced,
        "slow_close": SlowClose,
        "truncated": Truncated,
        "wrong_length": WrongLength,
        "malformed_chunk": MalformedChunk,
        "garbage": Garbage,
        "html": Html,
        "content_type": ContentType,
        "invalid_utf8": InvalidUtf8,
        "oversize": Oversize,
        "call_tool": CallTool,
        "unknown_tool": UnknownTool,
        "bad_arguments": BadArguments,
        "wrong_schema": WrongSchema,
        "refusal": Refusal,
        "content_filter": ContentFilter,
        "cut_short": CutShort,
        "low_confidence": LowConfidence,
        "context_overflow": ContextOverflow,
        "slow_tokens": SlowTokens,
        "slow_first_token": SlowFirstToken,
        "unfinished": Unfinished,
        "duplicate_chunk": DuplicateChunk,
        "error_event": ErrorEvent,
        "empty_choices": EmptyChoices,
        "missing_usage": MissingUsage,
        "commit_then_lose": CommitThenLose,
        "commit_twice": CommitTwice,
        "commit_nothing": CommitNothing,
        "commit_late": CommitLate,
        "commit_reordered": CommitReordered,
        "callback_late": CallbackLate,
        "callback_duplicated": CallbackDuplicated,
        "callback_dropped": CallbackDropped,
        "callback_reordered": CallbackReordered,
        "callback_altered": CallbackAltered,
        "token_expired": TokenExpired,
        "refresh_refused": RefreshRefused,
        "narrower_scope": NarrowerScope,
        "wider_scope": WiderScope,
        "tool_error": ToolError,
        "tool_gone": ToolGone,
        "tool_schema": ToolSchema,
        "bad_output": BadOutput,
        "rpc_error": RpcError,
        "rpc_malformed": RpcMalformed,
        "wrong_id": WrongId,
        "duplicate_response": DuplicateResponse,
        "no_response": NoResponse,
        "endless_progress": EndlessProgress,
        "session_lost": SessionLost,
        "protocol_version": ProtocolVersion,
        "missing_field": MissingField,
        "null_value": NullValue,
        "type_flip": TypeFlip,
        "renamed_field": RenamedField,
        "stale": Stale,
        "swapped": Swapped,
        "empty_data": EmptyData,
        "partial_page": PartialPage,
        "injection": Injection,
        "wrong_value": WrongValue,
        "restart": Restart,
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


if TYPE_CHECKING:
    AnyFault: TypeAlias = Fault
else:
    AnyFault = Annotated[
        Union[tuple(Annotated[fault, Tag(name)] for name, fault in FAULTS.items())],  # noqa: UP007
        Discriminator(_naming_key),
        BeforeValidator(_names_one_fault),
        _WithShorthand(),
    ]


def apply_all(reply: Reply, faults: Iterable[Fault], draw: Draw, *, kind: str) -> Reply:
    """The reply of a service of this kind under these faults: see `Fault.order`."""
    for place, fault in sorted(enumerate(faults), key=lambda each: each[1].order):
        reply = fault.for_kind(kind).apply(reply, draw.at(place, fault.name))
    return reply
