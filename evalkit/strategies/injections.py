"""What can be injected into calls of a service, as a suite writes it; the simplest first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from evalkit.metrics.context import is_model

Injection: TypeAlias = str | Mapping[str, Any]
_Table: TypeAlias = Mapping[str, SearchStrategy[Injection]]

CONNECT: frozenset[str] = frozenset(("refused", "unknown_host", "connect_delay"))
"""Those that act on connections, which are chosen by session only."""


def durations(most: int = 60) -> SearchStrategy[str]:
    """Durations as they are written: up to a second in milliseconds, then in seconds."""
    return st.one_of(
        st.integers(1, most).map(lambda each: f"{each}s"),
        st.integers(1, 999).map(lambda each: f"{each}ms"),
    )


def _bare(*names: str) -> dict[str, SearchStrategy[Injection]]:
    return {name: st.just(name) for name in names}


def _valued(name: str, values: SearchStrategy[Any]) -> dict[str, SearchStrategy[Injection]]:
    return {name: values.map(lambda each: {name: each})}


_SHARES = st.integers(0, 99).map(lambda each: f"{each}%")
_STATUS = st.fixed_dictionaries(
    {"status": st.sampled_from((503, 500, 502, 504, 429, 408, 400, 401, 403, 404, 409))},
    optional={"retry_after": durations(30)},
)

HTTP: _Table = MappingProxyType(
    {
        "status": _STATUS.map(dict),
        **_bare("reset", "refused", "stall", "empty"),
        **_valued("delay", durations()),
        **_valued("cut", st.integers(0, 200)),
        **_valued("connect_delay", durations()),
        **_bare("unknown_host", "malformed", "garbage", "malformed_chunk", "invalid_utf8"),
        **_valued("truncated", _SHARES),
        **_valued("html", st.sampled_from((200, 502))),
        **_valued("wrong_length", st.sampled_from((1, 100, -1))),
        **_valued("sliced", st.integers(1, 64)),
    }
)
"""What befalls any service."""

DATA: _Table = MappingProxyType(
    {
        **_bare("missing_field", "null_value", "type_flip", "renamed_field", "empty_data"),
        **_bare("swapped", "wrong_value", "injection"),
    }
)
"""What befalls the data in replies."""

COMMIT: _Table = MappingProxyType(
    {
        **_bare("commit_then_lose", "commit_twice", "commit_nothing"),
        **_valued("commit_late", durations()),
    }
)
"""What befalls changes."""

MODEL: _Table = MappingProxyType(
    {
        **_bare("refusal", "content_filter", "context_overflow", "unfinished", "empty_choices"),
        **_bare("missing_usage", "duplicate_chunk", "unknown_tool"),
        **_valued("cut_short", _SHARES),
        **_valued("bad_arguments", st.sampled_from(("broken", "missing", "types"))),
        **_valued("error_event", st.sampled_from((500, 529))),
        **_valued("slow_first_token", durations()),
        **_valued("slow_tokens", st.integers(1, 100).map(lambda each: f"{each}/s")),
    }
)
"""What befalls what a model says."""

MCP: _Table = MappingProxyType(
    {
        **_bare("tool_error", "wrong_id", "no_response", "duplicate_response", "session_lost"),
        **_valued("rpc_error", st.sampled_from((-32603, -32602))),
        **_valued("rpc_malformed", st.sampled_from(("no_version", "no_id", "neither"))),
    }
)
"""What befalls the protocol of tools."""


def table_of(kind: str) -> _Table:
    """What can befall a service of this kind, by the name of the fault."""
    if is_model(kind):
        return {**HTTP, **MODEL}
    if kind == "mcp":
        return {**HTTP, **MCP}
    return {**HTTP, **COMMIT, **DATA}


def injections(kind: str = "rest") -> SearchStrategy[Injection]:
    """A fault for a service of this kind (`rest`, `openapi`, `openai`, `mcp`, …), as `inject:` has
    it: a name, or a mapping.
    """
    return st.one_of(*table_of(kind).values())
