"""The families that faults are shown in: the columns of the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.metrics.context import is_model

FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "unreachable": (
            "no connection comes about",
            ("refused", "unknown_host", "connect_delay"),
        ),
        "silent": (
            "it takes the request and does not answer",
            ("stall", "no_response", "endless_progress"),
        ),
        "slow": (
            "it answers late, or byte by byte",
            (
                *("delay", "slow", "drip", "sliced", "slow_close"),
                *("slow_tokens", "slow_first_token"),
            ),
        ),
        "errors": (
            "it answers with an error",
            ("status", "rpc_error", "error_event", "tool_error", "context_overflow"),
        ),
        "rate limit": ("it answers 429", ("status 429",)),
        "cut off": (
            "the reply ends too early",
            ("reset", "empty", "cut", "truncated", "unfinished", "wrong_length", "cut_short"),
        ),
        "garbled": (
            "the reply cannot be read",
            (
                *("malformed", "malformed_chunk", "garbage", "html", "content_type"),
                *("invalid_utf8", "oversize", "rpc_malformed", "wrong_id", "duplicate_response"),
                *("duplicate_chunk", "empty_choices", "missing_usage", "protocol_version"),
            ),
        ),
        "wrong data": (
            "the reply can be read, and is wrong",
            (
                *("missing_field", "null_value", "type_flip", "renamed_field", "stale", "swapped"),
                *("empty_data", "partial_page", "injection", "wrong_value", "bad_output"),
            ),
        ),
        "speech": (
            "the model says what it should not",
            (
                *("call_tool", "unknown_tool", "bad_arguments", "wrong_schema", "refusal"),
                *("content_filter", "low_confidence"),
            ),
        ),
        "effects": (
            "a change is lost, late, or made twice",
            (
                *("commit_then_lose", "commit_twice", "commit_nothing", "commit_late"),
                "commit_reordered",
            ),
        ),
        "webhooks": (
            "a webhook is late, lost, or comes twice",
            (
                *("callback_late", "callback_duplicated", "callback_dropped"),
                *("callback_reordered", "callback_altered"),
            ),
        ),
        "authority": (
            "credentials end, or allow less or more",
            ("token_expired", "refresh_refused", "narrower_scope", "wider_scope"),
        ),
        "changed": (
            "it restarts, or its tools change",
            ("tool_gone", "tool_schema", "session_lost", "restart"),
        ),
    }
)
"""Each family: what it is, and the kinds of faults in it."""

OTHER = "other"

_FAMILY_OF = {kind: name for name, (_, kinds) in FAMILIES.items() for kind in kinds}

_MODELS_ONLY = frozenset({"speech"})
_NOT_OF_MODELS = frozenset({"effects", "webhooks"})
_MCP_ONLY = frozenset({"changed"})
_AGENT = frozenset({"changed"})


def family_of(kind: str) -> str:
    """The family of a kind of fault; a status counts by its number, like `status 429`."""
    return _FAMILY_OF.get(kind) or _FAMILY_OF.get(kind.partition(" ")[0], OTHER)


def applies(family: str, service: str, kind: str) -> bool:
    """Whether a family of faults can happen to a service of this kind at all."""
    if service == "agent":
        return family in _AGENT
    if is_model(kind):
        return family not in _NOT_OF_MODELS | _MCP_ONLY
    if kind == "mcp":
        return family not in _MODELS_ONLY
    return family not in _MODELS_ONLY | _MCP_ONLY
