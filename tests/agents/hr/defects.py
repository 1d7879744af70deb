"""The payroll assistant of scenarios/hr with one mistake at a time.

Each function makes one agent; `defects.yaml` says where its mistake shows, and to whom.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import traceback
import uuid
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/hr"))

import accounts
import agent
import attempts
import model
import payroll
import tools
from agent import Assistant, Work, hr_agent
from anthropic.types import Message, ToolUseBlock
from payroll import Employee, NotYours, Payroll, Payslip
from signin import SignInNeeded, SignIns

from evalkit import Reply, Turn
from tests.agents.tracing import Tracing, traced

Made = AbstractAsyncContextManager[Any]


class _NoKey(Payroll):
    def headers(self, token: str, key: str | None = None) -> dict[str, str]:
        return super().headers(token)


def changes_without_key() -> Made:
    return hr_agent(payroll=_NoKey)


class _FreshKey(Payroll):
    def headers(self, token: str, key: str | None = None) -> dict[str, str]:
        return super().headers(token, None if key is None else str(uuid.uuid4()))


def fresh_key_each_attempt() -> Made:
    return hr_agent(payroll=_FreshKey)


class _Claims(Assistant):
    async def confirmed(self, work: Work, change: agent.Change) -> Reply:
        with suppress(attempts.Unavailable):
            await self.payroll.change_bank(work.employee, change.iban, change.key)
        return self.says(work, "changed", "answered", end=change.iban[-4:])


def claims_without_receipt() -> Made:
    return hr_agent(assistant=_Claims)


class _AnyRecord(Payroll):
    async def payslip(self, employee: Employee, period: str) -> Payslip:
        path = f"/employees/{employee.id}/payslips/{period}"
        return await self.read(employee, path, Payslip)


def shows_any_record() -> Made:
    sound = payroll.whole

    def unchecked(reply: Any, employee: Employee, kind: Any) -> Any:
        try:
            return sound(reply, employee, kind)
        except NotYours:
            return kind.model_validate_json(reply.content)

    payroll.whole = unchecked
    return hr_agent(payroll=_AnyRecord)


class _Obedient(Assistant):
    def understood(self, call: ToolUseBlock, results: list[Any]) -> Any:
        given = dict(call.input)
        self.whose = given.pop("employee_id", None)
        call.input = given
        return super().understood(call, results)

    async def used(self, work: Work, arguments: Any) -> Any:
        if self.whose is not None:
            work.employee = Employee(self.whose, work.employee.session)
        return await super().used(work, arguments)


def lets_the_model_name_the_employee() -> Made:
    return hr_agent(assistant=_Obedient)


class _Hasty(Assistant):
    def understood(self, call: ToolUseBlock, results: list[Any]) -> Any:
        if call.name == "propose_bank_change" and "iban" in call.input:
            return tools.ProposeBankChange.model_construct(account=call.input["iban"])
        return super().understood(call, results)

    def proposed(self, work: Work, asked: Any) -> Reply:
        iban = asked.account
        if iban.startswith("account "):
            iban = work.talk.accounts.number(iban) or ""
        self.now = agent.Change(iban, f"{work.employee.session}/{work.number}")
        return self.says(work, "changed", "answered", end=iban[-4:])

    async def answered(self, work: Work) -> Reply:
        self.now = None
        reply = await super().answered(work)
        return reply if self.now is None else await self.confirmed(work, self.now)


def changes_without_a_yes() -> Made:
    return hr_agent(assistant=_Hasty)


class _NeverRenews(SignIns):
    async def renewed(self, session: str, refused: str) -> str:
        return refused


def keeps_the_expired_token() -> Made:
    class Silent(Assistant):
        async def settled(self, work: Work, text: str) -> Reply:
            reply = await super().settled(work, text)
            return Reply("Let me look into that for you.") if reply.answer == "sign_in" else reply

    return hr_agent(assistant=Silent, signins=_NeverRenews)


def treats_sign_in_as_an_outage() -> Made:
    class Vague(Assistant):
        async def settled(self, work: Work, text: str) -> Reply:
            reply = await super().settled(work, text)
            return self.says(work, "hold", "hold") if reply.answer == "sign_in" else reply

    return hr_agent(assistant=Vague)


def retries_refusals() -> Made:
    payroll.REFUSALS = frozenset()
    attempts.WORTH_RETRYING |= {400, 403, 404, 409, 422}
    return hr_agent()


def ignores_retry_after() -> Made:
    attempts.retry_after = lambda headers: None
    return hr_agent()


def retries_at_once() -> Made:
    attempts.backoff = lambda number: 0.0
    return hr_agent()


def retries_in_two_layers() -> Made:
    class Layered(model.Model):
        def __init__(self, client: Any) -> None:
            super().__init__(client.with_options(max_retries=2))

    return hr_agent(model=Layered)


def takes_half_a_reply() -> Made:
    def anything(said: Message) -> Message:
        return said

    model.whole = anything
    return hr_agent()


def shares_a_cache() -> Made:
    known: dict[str, Payslip] = {}

    class Cached(Payroll):
        async def payslip(self, employee: Employee, period: str) -> Payslip:
            if period not in known:
                known[period] = await super().payslip(employee, period)
            return known[period]

    return hr_agent(payroll=Cached)


def forgets_the_conversation() -> Made:
    class Forgetful(Assistant):
        async def settled(self, work: Work, text: str) -> Reply:
            work.messages = work.messages[-1:]
            return await super().settled(work, text)

    return hr_agent(assistant=Forgetful)


def never_times_out() -> Made:
    payroll.READ = attempts.Limits(attempts=3, timeout=3600)
    agent.OVERALL = 3600.0

    class Patient(Payroll):
        async def read(self, employee: Employee, path: str, kind: Any) -> Any:
            self.http.timeout = None
            return await super().read(employee, path, kind)

    return hr_agent(payroll=Patient)


def blocks_while_it_waits() -> Made:
    class Blocking(Payroll):
        async def payslip(self, employee: Employee, period: str) -> Payslip:
            time.sleep(0.3)  # noqa: ASYNC251 - the mistake
            return await super().payslip(employee, period)

    return hr_agent(payroll=Blocking)


def shows_the_account_to_the_model() -> Made:
    class Open(accounts.Accounts):
        def hidden(self, text: str) -> str:
            return f"{super().hidden(text)} ({', '.join(self.known)})"

    class Revealing(Assistant):
        async def reply(self, turn: Turn) -> Reply:
            self.talks.setdefault(turn.session.id, agent.Talk(accounts=Open()))
            return await super().reply(turn)

    return hr_agent(assistant=Revealing)


def makes_up_what_is_missing() -> Made:
    sound = payroll.whole

    def lenient(reply: Any, employee: Employee, kind: Any) -> Any:
        try:
            return sound(reply, employee, kind)
        except ValueError:
            fields = dict.fromkeys(kind.model_fields, "0")
            return kind.model_construct(**(fields | reply.json()))

    payroll.whole = lenient
    return hr_agent()


def claims_a_case_that_is_not() -> Made:
    class Claims(Assistant):
        async def handed_over(self, work: Work, subject: str) -> Reply:
            try:
                return await super().handed_over(work, subject)
            except attempts.Unavailable:
                return self.says(work, "escalated", "escalated", case="H-1")

    return hr_agent(assistant=Claims)


def tells_a_stranger_of_each_turn() -> Made:
    class Counting(Assistant):
        async def reply(self, turn: Turn) -> Reply:
            with suppress(Exception):
                await self.payroll.http.post("https://turns.example/count", json={"turns": 1})
            return await super().reply(turn)

    return hr_agent(assistant=Counting)


def asks_a_shell_for_the_date() -> Made:
    class Shelling(Assistant):
        async def reply(self, turn: Turn) -> Reply:
            with suppress(Exception):
                subprocess.run(["date"], check=True)  # noqa: ASYNC221 - the mistake
            return await super().reply(turn)

    return hr_agent(assistant=Shelling)


def breaks_on_a_bad_call() -> Made:
    class Strict(Assistant):
        def understood(self, call: ToolUseBlock, results: list[Any]) -> Any:
            return tools.read(call.name, call.input)

    return hr_agent(assistant=Strict)


def lets_the_model_go_round() -> Made:
    agent.STEPS = 30
    return hr_agent()


def shows_tracebacks() -> Made:
    class Raw(Assistant):
        async def confirmed(self, work: Work, change: agent.Change) -> Reply:
            try:
                await self.payroll.change_bank(work.employee, change.iban, change.key)
            except attempts.Unavailable:
                return Reply(traceback.format_exc(limit=1), answer="hold")
            return self.says(work, "changed", "answered", end=change.iban[-4:])

    return hr_agent(assistant=Raw)


def reads_the_record_of_leave_first() -> Made:
    class Eager(Payroll):
        async def payslip(self, employee: Employee, period: str) -> Payslip:
            for _ in range(40):
                await self.leave(employee)
            return await super().payslip(employee, period)

    return hr_agent(payroll=Eager)


def pastes_the_handbook() -> Made:
    model.SYSTEM += HANDBOOK
    return hr_agent()


def never_counts_its_tokens() -> Made:
    model.SYSTEM += HANDBOOK[: len(HANDBOOK) // 4]
    return hr_agent()


HANDBOOK = "\nFrom the handbook: " + "who is away for a day says so in the morning; " * 4000


def answers_in_part() -> Made:
    class Partial(Assistant):
        def says(self, work: Work, name: str, answer: str, **values: str) -> Reply:
            reply = super().says(work, name, answer, **values)
            return Reply(reply.text, answer="partial") if answer == "hold" else reply

    return hr_agent(assistant=Partial)


def drops_the_change() -> Made:
    class Silent(Assistant):
        async def confirmed(self, work: Work, change: agent.Change) -> Reply:
            with suppress(attempts.Unavailable):
                await self.payroll.change_bank(work.employee, change.iban, change.key)
            return Reply("Thank you.", answer="answered")

    return hr_agent(assistant=Silent)


def says_changed_without_asking() -> Made:
    class Hasty(Assistant):
        async def confirmed(self, work: Work, change: agent.Change) -> Reply:
            work.talk.proposed = None
            return self.says(work, "changed", "answered", end=change.iban[-4:])

    return hr_agent(assistant=Hasty)


def types_like_a_person() -> Made:
    class Slow(Assistant):
        async def reply(self, turn: Turn) -> Reply:
            reply = await super().reply(turn)
            await asyncio.sleep(len(reply.text))
            return reply

    return hr_agent(assistant=Slow)


def draws_a_key_for_each_attempt() -> Made:
    return hr_agent(payroll=_FreshKey)


def traced_throughout() -> Made:
    """The sound assistant with clients that are instrumented."""
    return traced(hr_agent(), Tracing())


def leaves_payroll_untraced() -> Made:
    return traced(hr_agent(), Tracing(left_out=lambda request: "/employees/" in request.url.path))


class _NeverRenews(SignIns):
    async def renewed(self, session: str, refused: str) -> str:
        self.forget(session)
        raise SignInNeeded


def sends_everybody_to_the_sign_in() -> Made:
    return hr_agent(signins=_NeverRenews)


def reads_once() -> Made:
    payroll.READ = attempts.Limits(attempts=1, timeout=4)
    return hr_agent()


def forgets_what_was_turned_down() -> Made:
    class Silent(Assistant):
        async def confirmed(self, work: Work, change: agent.Change) -> Reply:
            try:
                return await super().confirmed(work, change)
            except payroll.Refused:
                work.talk.proposed = None
                return Reply("Thank you.", answer="answered")

    return hr_agent(assistant=Silent)
