"""The rows of calls."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.journal.records import Finding, Outcome, Stage
from evalkit.journal.views import CallView
from evalkit.metrics.context import Context, fired, is_model
from evalkit.metrics.rows import CallRow
from evalkit.wire import Usage

INJECTED, ORGANIC = "injected", "organic"


def call_rows(
    context: Context,
    calls: Sequence[CallView],
    findings: Sequence[Finding] = (),
    *,
    region: str | None = None,
) -> tuple[CallRow, ...]:
    """The rows of one session's calls, or of the unattributed ones."""
    logical: dict[int, list[CallView]] = defaultdict(list)
    for each in calls:
        logical[each.logical].append(each)
    return tuple(
        _row(context, each, logical[each.logical], _about(each, findings), region) for each in calls
    )


def _about(call: CallView, findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if call.call in each.calls]


def _row(
    context: Context,
    view: CallView,
    attempts: Sequence[CallView],
    findings: Sequence[Finding],
    region: str | None,
) -> CallRow:
    counts = context.count(findings)
    return CallRow(
        scenario=context.scenario,
        cell=context.cell,
        region=region,
        kind=context.kind(view.service),
        attempts=len(attempts) if view.call == view.logical else None,
        recovered=any(not each.failed for each in attempts),
        cause=_cause(view),
        fault=fired(view.faults),
        effects=len(view.effects),
        violations=counts.violations,
        advice=counts.advice,
        **_asked(view),
        **_answered(view),
        **_of_model(context, view),
    )


# The columns of a row in groups. That each is given, and no other, the row itself sees to.


def _asked(view: CallView) -> dict[str, Any]:
    """What the call was, and which."""
    started = view.started
    return {
        "session": started.session,
        "turn": started.turn,
        "call": started.call,
        "service": started.service,
        "operation": started.operation,
        "method": started.method,
        "path": started.path,
        "identity": started.identity,
        "occurrence": started.occurrence,
        "attempt": started.attempt,
        "logical": started.logical,
        "sdk_retry": started.sdk_retry,
        "started_ns": started.at,
    }


def _answered(view: CallView) -> dict[str, Any]:
    """What came of it; `timeout` is that its client hung up, whatever it did that for."""
    ended = view.ended
    outcome = None if ended is None else ended.outcome
    return {
        "ended_ns": None if ended is None else ended.at,
        "outcome": outcome,
        "status": None if ended is None else ended.status,
        "route": None if ended is None else ended.route,
        "latency_ns": view.latency,
        "error": view.failed,
        "timeout": outcome is Outcome.ABANDONED,
    }


def _of_model(context: Context, view: CallView) -> dict[str, Any]:
    """What there is to say of a model's call; nothing of another."""
    model = is_model(context.kind(view.service))
    usage = _usage(view) if model else None
    tokens = _token_times(view, usage) if model else _TokenTimes()
    return {
        "model": _model(view) if model else None,
        "first_token_ns": tokens.first,
        "inter_token_ns": tokens.between,
        **_tokens(usage),
        **_cost(context, view, usage, model=model),
    }


def _cause(view: CallView) -> str:
    hit = any(each.stage is not Stage.SCHEDULED for each in view.faults)
    return INJECTED if hit else ORGANIC


def _usage(view: CallView) -> Usage | None:
    """The tokens that a model began to answer with. What it refused to answer costs nothing."""
    ended = view.ended
    answered = ended is not None and ended.status is not None and ended.status < 400
    return ended.usage if ended is not None and answered else None


def _tokens(usage: Usage | None) -> dict[str, Any]:
    return {
        "tokens_in": None if usage is None else usage.input,
        "tokens_out": None if usage is None else usage.output,
        "tokens_cached": None if usage is None else usage.cached,
        "tokens_cache_write": None if usage is None else usage.cache_write,
        "tokens_reasoning": None if usage is None else usage.reasoning,
    }


def _cost(context: Context, view: CallView, usage: Usage | None, *, model: bool) -> dict[str, Any]:
    """What the tokens cost. A model that replied without telling its usage is unpriced, too; what
    no model replied to, as a list of models, costs nothing.
    """
    name = priced = None
    if usage is not None and view.ended is not None:
        name = context.services[view.service].price or view.ended.model
        priced = context.price(name, usage)
    replied = view.ended is not None and view.ended.model is not None and not view.failed
    return {
        "cost": None if priced is None else float(priced.cost),
        "priced_as": None if priced is None else name,
        "priced_by": None if priced is None else priced.by,
        "unpriced": model and priced is None and (usage is not None or replied),
    }


def _model(view: CallView) -> str | None:
    """The model that answered, or else the one that was asked: a failed call has a label too."""
    if view.ended is not None and view.ended.model is not None:
        return view.ended.model
    try:
        asked = json.loads(view.started.body)
    except (ValueError, RecursionError):
        return None
    model = asked.get("model") if isinstance(asked, dict) else None
    return model if isinstance(model, str) else None


@dataclass(frozen=True, slots=True)
class _TokenTimes:
    first: int | None = None
    between: float | None = None


def _token_times(view: CallView, usage: Usage | None) -> _TokenTimes:
    """When the first token came, and the mean time from token to token if they came one by one."""
    ended = view.ended
    if ended is None or usage is None or ended.first_token is None:
        return _TokenTimes()
    first = ended.first_token - view.started.at
    last = ended.first_token if ended.last_token is None else ended.last_token
    whole = ended.outcome is Outcome.REPLIED
    if not whole or last <= ended.first_token or usage.output < 2:
        return _TokenTimes(first)
    return _TokenTimes(first, (last - ended.first_token) / (usage.output - 1))
