"""The agents of scenarios/claims with one mistake of orchestration at a time."""

from __future__ import annotations

import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/claims"))

import agent
import attempts
import backends
import context
import handovers
import models
import office
from handovers import Wanted

from evalkit import Reply, Turn

Talk: TypeAlias = Callable[[Turn], Awaitable[Reply]]
Factory: TypeAlias = Callable[[], AbstractAsyncContextManager[Talk]]


def replacing(owner: Any, name: str, by: Any) -> Factory:
    """The sound agents with one thing replaced."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Talk]:
        with patch.object(owner, name, by):
            async with agent.claims_agent() as talk:
                yield talk

    return made


sound = agent.claims_agent


# -- money


async def _pay_with_new_key(
    self: backends.Backends, claim: str, policy: backends.Policy, amount: Decimal
) -> backends.Payout:
    order = {
        "claim": claim,
        "account": policy.account,
        "amount": str(amount),
        "currency": policy.currency,
    }

    async def post() -> backends.Payout:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        reply = await self.http.post(f"{self.payments}/payouts", json=order, headers=key)
        return backends.Payout.model_validate_json(reply.raise_for_status().content)

    return await attempts.attempt(post, backends.PAY)


pays_with_new_keys = replacing(backends.Backends, "pay", _pay_with_new_key)


@asynccontextmanager
async def keys_of_this_process() -> AsyncIterator[Talk]:
    """Keys that are the same over the attempts, and other ones after a restart."""
    born = uuid.uuid4()
    pay = backends.Backends.pay

    async def paid(self: backends.Backends, claim: str, *rest: Any) -> backends.Payout:
        post = self.http.post

        async def posted(url: str, **kept: Any) -> Any:
            kept["headers"] = {"Idempotency-Key": f"{born}/{claim}"}
            return await post(url, **kept)

        with patch.object(self.http, "post", posted):
            return await pay(self, claim, *rest)

    async with replacing(backends.Backends, "pay", paid)() as talk:
        yield talk


async def _pay_and_say_so(self: office.Office, case: office.Case) -> office.Case:
    paid = await _original_pay(self, case)
    if paid["outcome"] == "hold":
        text = f"{case['ruling'].reason} We have sent {case['ruling'].amount}."
        return office.said(text, "answered")
    return paid


_original_pay = office.Office.pay
says_paid_when_it_is_not = replacing(office.Office, "pay", _pay_and_say_so)


def _model_knows_best(
    summary: handovers.Summary, policy: backends.Policy, advice: models.Advice
) -> office.Ruling:
    return office.Ruling(advice.decision, summary.total, advice.reason)


believes_the_model = replacing(office, "rule", _model_knows_best)


def _notes_know_best(
    summary: handovers.Summary, policy: backends.Policy, advice: models.Advice
) -> office.Ruling:
    if "pre-approved" in policy.notes:
        return office.Ruling("pay", summary.total, "It is approved already.")
    return _rule(summary, policy, advice)


_rule = office.rule
believes_the_notes = replacing(office, "rule", _notes_know_best)


# -- hand-overs


def _any_number(raw: Any, expected: Wanted) -> dict[str, Any]:
    number = expected.sequence if raw is None else raw["sequence"]
    return _original_unsealed(raw, Wanted(expected.name, expected.claim, number))


_original_unsealed = handovers.unsealed
takes_any_number = replacing(context, "unsealed", _any_number)


def _no_digest(raw: Any, expected: Wanted) -> dict[str, Any]:
    if raw is not None and raw["schema"].endswith("/2.0"):
        raw = {**raw, "digest": handovers.digest(raw["data"])}
    return _original_unsealed(raw, expected)


takes_damaged = replacing(context, "unsealed", _no_digest)


def _any_version(raw: Any, expected: Wanted) -> dict[str, Any]:
    if raw is not None and raw["schema"].startswith("claims.extracted/3"):
        same = handovers.digest(raw["data"])
        raw = {**raw, "schema": "claims.extracted/2.0", "digest": same}
    return _original_unsealed(raw, expected)


guesses_newer_versions = replacing(context, "unsealed", _any_version)


def _exactly_this_form(raw: Any, expected: Wanted) -> dict[str, Any]:
    known = {"schema", "claim", "sequence", "written_at", "expires_at", "digest", "data"}
    if raw is not None and not raw.keys() <= known:
        raise handovers.Unreadable("fields that this release does not know")
    return _original_unsealed(raw, expected)


chokes_on_new_fields = replacing(context, "unsealed", _exactly_this_form)
forgot_the_older_version = replacing(handovers, "OLDER", {})


def _unlabelled(target: Wanted, data: Any) -> dict[str, Any]:
    made = _original_sealed(target, data)
    made["data"].pop("missing", None)  # "nobody needs it"; the version stays the same
    return {**made, "digest": handovers.digest(made["data"])}


_original_sealed = handovers.sealed
drops_a_field_without_a_version = replacing(context, "sealed", _unlabelled)


def _never_renewed(case: office.Case, resume: str) -> office.Case:
    return office.refer("the shared context was gone")


gives_up_when_context_expires = replacing(office, "renewed", _never_renewed)


async def _read_by_name(
    self: context.SharedContext, opened: context.Opened, target: Wanted, kind: Any
) -> Any:
    named = opened.model_copy(update={"token": f"{opened.token}/{target.name}"})
    return await _original_read(self, named, target, kind)


_original_read = context.SharedContext.read
alters_the_token = replacing(context.SharedContext, "read", _read_by_name)


# -- attempts


def _any_trouble(number: int, error: Exception) -> float | None:
    return attempts.backoff(number)


retries_refusals = replacing(attempts, "pause_after", _any_trouble)


def _at_once(number: int, error: Exception) -> float | None:
    found = _original_pause(number, error)
    return None if found is None else 0.0


_original_pause = attempts.pause_after
retries_at_once = replacing(attempts, "pause_after", _at_once)


def _own_pace(headers: Any) -> None:
    return None


ignores_retry_after = replacing(attempts, "retry_after", _own_pace)


@asynccontextmanager
async def retries_in_two_layers() -> AsyncIterator[Talk]:
    """The SDK's own retries beneath those of the agent."""
    made = agent.AsyncOpenAI
    with patch.object(agent, "AsyncOpenAI", lambda **given: made(max_retries=2)):
        async with agent.claims_agent() as talk:
            yield talk


@asynccontextmanager
async def waits_for_ever() -> AsyncIterator[Talk]:
    """No limit on a call, nor on the turn."""
    made = agent.httpx.AsyncClient
    with (
        patch.object(
            agent, "httpx", SimpleNamespace(AsyncClient=lambda **given: made(timeout=None))
        ),
        patch.object(backends, "READ", attempts.Limits(attempts=3, timeout=3600)),
        patch.object(agent, "OVERALL", 3600.0),
    ):
        async with agent.claims_agent() as talk:
            yield talk


# -- people and privacy


async def _refer_and_forget(self: office.Office, case: office.Case) -> office.Case:
    case = {**case, "messages": case["messages"][-1:], "why": ""}
    return await _original_refer(self, case)


_original_refer = office.Office.refer
refers_without_reason = replacing(office.Office, "refer", _refer_and_forget)


async def _claims_to_refer(self: office.Office, case: office.Case) -> office.Case:
    found = await _original_refer(self, case)
    if found["outcome"] == "hold":
        return office.said("An adjuster will write to you.", "escalated")
    return found


says_referred_when_it_is_not = replacing(office.Office, "refer", _claims_to_refer)


shows_the_model_everything = replacing(
    backends.Policy, "for_model", property(lambda self: self.model_dump_json())
)


@asynccontextmanager
async def one_conversation_for_all() -> AsyncIterator[Talk]:
    """The thread of the conversation is not the session's."""

    def build(desk: office.Office) -> Any:
        graph = _original_build(desk)
        ask = graph.ainvoke

        async def shared(case: Any, thread: Any, **kept: Any) -> Any:
            return await ask(case, {"configurable": {"thread_id": "claims"}}, **kept)

        graph.ainvoke = shared
        return graph

    with patch.object(agent, "build_graph", build):
        async with agent.claims_agent() as talk:
            yield talk


_original_build = agent.build_graph


async def _only_the_last(self: models.Models, messages: Any, known: str) -> handovers.Extracted:
    return await _original_extract(self, messages[-1:], "nothing")


_original_extract = models.Models.extract
forgets_earlier_turns = replacing(models.Models, "extract", _only_the_last)


async def _anybodys_policy(self: backends.Backends, number: str) -> backends.Policy:
    async def get() -> backends.Policy:
        reply = await self.http.get(f"{self.policies}/policies/{number}")
        return backends.Policy.model_validate_json(reply.raise_for_status().content)

    return await attempts.attempt(get, backends.READ)


takes_anybodys_policy = replacing(backends.Backends, "policy", _anybodys_policy)


# -- the order of things, and their form


async def _from_memory(self: office.Office, case: office.Case) -> office.Case:
    async def known(*asked: Any) -> handovers.Extracted:
        return case["extracted"]

    here = SimpleNamespace(read=known, write=self.shared.write)
    return await _original_summarise(SimpleNamespace(shared=here, models=self.models), case)


_original_summarise = office.Office.summarise
summarises_from_memory = replacing(office.Office, "summarise", _from_memory)


def _without_lines(target: Wanted, data: Any) -> dict[str, Any]:
    made = _original_sealed(target, data)
    if target.name == handovers.SUMMARY:
        made["data"]["lines"] = None  # "the total says it all"; the version stays the same
        made["data"] = {name: each for name, each in made["data"].items() if each is not None}
    return {**made, "digest": handovers.digest(made["data"])}


class _LinesOrNone(handovers.Summary):
    lines: int = 0


@asynccontextmanager
async def drops_the_lines_of_a_summary() -> AsyncIterator[Talk]:
    """Writer and reader changed together, and nobody else was told."""
    with (
        patch.object(context, "sealed", _without_lines),
        patch.object(office, "Summary", _LinesOrNone),
    ):
        async with agent.claims_agent() as talk:
            yield talk


async def _written_without_token(
    self: context.SharedContext, opened: context.Opened, target: Wanted, data: Any
) -> None:
    url = self._place(opened, target)
    key = f"{opened.id}/{opened.opened}/{target.name}/{target.sequence}"
    body = handovers.sealed(target, data)

    async def put() -> None:
        headers = {"Idempotency-Key": key}
        context._checked(await self.http.put(url, json=body, headers=headers))

    await attempts.attempt(put, context.WRITE)


writes_without_the_token = replacing(context.SharedContext, "write", _written_without_token)


# -- without an end, without another attempt

renews_a_dozen_times = replacing(office, "RENEWALS", 12)
reads_the_context_once = replacing(context, "READ", attempts.Limits(1, context.READ.timeout))
asks_models_once = replacing(models, "ASK", attempts.Limits(1, models.ASK.timeout))

_WRITTEN: dict[Wanted, Any] = {}


async def _write_and_keep(
    self: context.SharedContext, opened: context.Opened, wanted: Wanted, data: Any
) -> None:
    _WRITTEN[wanted] = data
    await _write(self, opened, wanted, data)


async def _read_or_remember(
    self: context.SharedContext, opened: context.Opened, wanted: Wanted, kind: Any
) -> Any:
    try:
        return await _read_context(self, opened, wanted, kind)
    except attempts.Unavailable:
        if wanted not in _WRITTEN:
            raise
        return _WRITTEN[wanted]


_write, _read_context = context.SharedContext.write, context.SharedContext.read


@asynccontextmanager
async def remembers_what_it_cannot_read() -> AsyncIterator[Talk]:
    """A hand-over that cannot be read is taken from the memory of the process that wrote it."""
    with (
        patch.object(context.SharedContext, "write", _write_and_keep),
        patch.object(context.SharedContext, "read", _read_or_remember),
    ):
        async with agent.claims_agent() as talk:
            yield talk


async def _reads_with_its_own_token(self: office.Office, case: office.Case) -> Any:
    mine = case["context"].model_copy(update={"token": f"ctx_{case['claim']}"})
    return await _known(self, {**case, "context": mine})


_known = office.Office.known
makes_a_token_for_the_turn_before = replacing(office.Office, "known", _reads_with_its_own_token)


async def _pay_once_at_most(self: office.Office, case: office.Case) -> office.Case:
    if await self.backends.payout(case["claim"]) is not None:
        return office.said("", "answered")  # "another worker has it in hand, and will tell"
    return await _original_pay(self, case)


leaves_what_is_half_done_to_others = replacing(office.Office, "pay", _pay_once_at_most)
