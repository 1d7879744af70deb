"""What the columns of the tables mean. `schema.md` beside this module is made of it:

python -m evalkit.store.described > evalkit/store/schema.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from evalkit.store.columns import schema_of
from evalkit.store.tables import SCHEMA, TABLES

_EVERYWHERE = {
    "scenario": "the name of the scenario",
    "cell": "the cell of the scenario, from 0; with `scenario` it names the part",
    "session": "the id of the session; missing where a call could not be attributed",
    "turn": "the turn of the session, from 1",
    "region": "the region of the session, if the suite has regions",
    "latency_ns": "how long it took",
    "started_ns": "when it began",
    "ended_ns": "when it ended; missing where it never did",
    "fault": "the kinds of the faults that fired, joined with `+`",
    "violations": "findings that fail the scenario",
    "advice": "findings that do not",
    "tokens_in": "tokens of the prompts, as the wire says",
    "tokens_out": "tokens of the completions, as the wire says",
    "cost": "US dollars by the dated prices; missing where the price is unknown",
    "model": "the models that were asked, joined with ` + `",
    "unpriced": "model calls whose tokens or price are unknown",
    "calls": "calls on the wire",
    "effects": "changes that services committed",
    "answer": "what kind of reply it was",
    "cpu_time_ns": "CPU time of the process, in real nanoseconds; differs from run to run",
    "intended_ns": "when it should have begun",
    "service": "the service",
    "call": "the call of the session, from 1",
    "kind": "the kind of the service",
}
_CALLS = {
    "operation": "what the service was asked to do",
    "method": "the HTTP method; empty where no request was made",
    "path": "path and query, masked",
    "model": "the model that answered",
    "route": "the route or rule that answered",
    "identity": "the hash of the canonical request; a pseudonym where that holds masked values",
    "occurrence": "which of the same requests of the turn, from 1",
    "attempt": "which attempt at its logical call, from 1",
    "logical": "the call that was the first attempt",
    "sdk_retry": "the number of the attempt within an SDK, from 0",
    "outcome": "how it ended on the wire",
    "status": "the HTTP status that was sent",
    "first_token_ns": "from its start to the first chunk with text",
    "inter_token_ns": "from the first to the last such chunk, by token after the first",
    "error": "the client could not use the reply",
    "timeout": "the client gave up waiting",
    "attempts": "attempts at the logical call; in the row of the first one only",
    "recovered": "the logical call got there in the end",
    "cause": "`injected` or `organic`",
    "tokens_cached": "of those read, from a cache",
    "tokens_cache_write": "of those read, written to a cache",
    "tokens_reasoning": "of those written, thought and not said",
    "priced_as": "the model whose price applied",
    "priced_by": "the price file, as the suite calls it, or `genai-prices`",
    "unpriced": "its tokens or price are unknown, though a model replied",
}
_TURNS = {
    "llm_time_ns": "part of the latency: some model call was in flight",
    "tool_time_ns": "part of the latency: no model call, but some other call was",
    "wait_time_ns": "part of the latency: no call was in flight",
    "downstream_share": "share of the latency with some call in flight",
    "failed": "raised, timed out, was empty, or broke an expectation",
    "timed_out": "was cut at its deadline",
    "confidence": "what the agent said of its reply",
    "text": "the reply, masked",
    "error": "the error in one line, masked",
}
_EVENTS = {
    "seq": "the place of the record in its cell, from 0",
    "at": "when, in nanoseconds since the start of the world",
    "kind": "which record it is",
    "data": "the fields without a column of their own, as JSON, masked",
    "body": "the body of a request or a reply, masked, up to 64 KiB",
}
_SESSIONS = {
    "end": "`completed`, `failed`, `timed_out` or `errored`",
    "reason": "why it did not complete, masked",
    "turns": "turns that began",
    "answer": "the kind of the last reply",
    "completed": "it came to its end",
    "failed": "it did not",
    "good": "it met every expectation and raised no violation",
    "recovered": "it met a fault and completed all the same; missing where it met none",
    "escalated": "some reply was `escalated`; missing where no turn replied",
    "degraded": "some reply was `degraded`; missing where no turn replied",
    "held": "some reply was `hold`; missing where no turn replied",
    "cost_per_1k_tokens": "US dollars by thousand tokens",
    "retry_cost": "US dollars for the attempts after the first",
    "faults_fired": "faults that changed a reply or a connection",
    "faults_delivered": "faults whose consequence the client received",
    "allowed": "violations of checks that the scenario allows",
}
MEANING: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "calls": {**_EVERYWHERE, **_CALLS},
        "turns": {**_EVERYWHERE, **_TURNS},
        "events": {**_EVERYWHERE, **_EVENTS},
        "sessions": {**_EVERYWHERE, **_SESSIONS},
    }
)
"""The meaning of each column of each table."""

_ROWS = {
    "calls": "One row per request to a service, and per connection that a fault refused.",
    "turns": "One row per turn that began.",
    "events": "One row per record of the journal, in order; the records can be made of them again.",
    "sessions": "One row per planned session. A cell is complete when its part of this table is "
    "there; its metadata `evalkit.cell` holds the digest of the cell and the checks that crashed.",
}
_HEAD = f"""\
# The tables of a run, version {SCHEMA}

A run's folder holds `calls/`, `turns/`, `events/` and `sessions/`, with one Parquet file per cell.
The version stands in the metadata of every file as `evalkit.schema`; a reader refuses a later one
than it knows. It goes up when a column changes its meaning or type, or goes; a column may come
without. Times are integer nanoseconds of world time since the start of the cell's world, unless
they are said to be real. A missing value means that there is no such figure, never zero. "Masked"
texts hold pseudonyms (`masked-…`) for credentials and for what the suite declares sensitive: equal
values have equal ones within a run.
"""


def described() -> Iterator[str]:
    """The lines of `schema.md`."""
    yield _HEAD
    for table, row in TABLES.items():
        yield f"## {table}\n\n{_ROWS[table]}\n"
        yield "| column | type | missing | meaning |\n|---|---|---|---|"
        for field in schema_of(row):
            missing = "may be" if field.nullable else ""
            type_ = str(field.type).replace("list<element: ", "list<")
            yield f"| `{field.name}` | {type_} | {missing} | {MEANING[table][field.name]} |"
        yield ""


if __name__ == "__main__":
    print("\n".join(described()).rstrip())  # noqa: T201
