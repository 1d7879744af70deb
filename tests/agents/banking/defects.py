"""The loan assistant of scenarios/banking with one mistake at a time.

Each function makes one agent; `defects.yaml` says where its mistake shows, and to which check.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
import uuid
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/banking"))

import agent
import assistant
import attempts
import backends
import underwriting
from agent import Assistant, loan_assistant, said
from agents import ModelBehaviorError, RunResult
from attempts import Limits, Unavailable
from backends import Backends, Report
from case import Application, Case, Offer, Terms
from openai import AsyncOpenAI
from phrases import phrase
from underwriting import Desk

from evalkit import Reply, Turn

Made = AbstractAsyncContextManager[Any]


class _NewKeys(Backends):
    async def _post(self, *args: Any, key: str | None = None, **kwargs: Any) -> Any:
        limits = dataclasses.replace(args[3], attempts=1)
        try:
            return await super()._post(*args[:3], limits, key=key and str(uuid.uuid4()))
        except Unavailable:
            await asyncio.sleep(0.06)
            return await super()._post(*args[:3], limits, key=key and str(uuid.uuid4()))


def files_with_new_keys() -> Made:
    return loan_assistant(backends=_NewKeys)


class _NoKey(Backends):
    async def _post(self, *args: Any, key: str | None = None, **kwargs: Any) -> Any:
        return await super()._post(*args, **kwargs)


def books_without_key() -> Made:
    return loan_assistant(backends=_NoKey)


class _Approves(Assistant):
    async def _ask_approval(self, case: Case, result: RunResult) -> str:
        text = await super()._ask_approval(case, result)
        application = case.application
        if application is None:
            return text
        application.approved_at = datetime.now(UTC)
        return await self._book(case, application)


def approves_by_itself() -> Made:
    return loan_assistant(assistant=_Approves)


class _Old(Desk):
    async def standing(self, case: Case) -> underwriting.Standing:
        found = await super().standing(case)
        return "approved" if found == "stale" else found


def books_on_old_approval() -> Made:
    return loan_assistant(desk=_Old)


class _Late(Desk):
    async def _clear(self, case: Case) -> bool:
        return case.application is None or await super()._clear(case)

    async def assess(self, case: Case, terms: Terms) -> str:
        assess = _Unscreened(self.backends)
        return await assess.assess(case, terms)

    async def book(self, case: Case) -> str:
        application = case.application
        assert application is not None
        loan, _ = await asyncio.gather(self.backends.book(application), self._clear(case))
        case.loan, application.booked = loan, True
        return loan


class _Unscreened(Desk):
    async def _clear(self, case: Case) -> bool:
        return True


def screens_while_it_books() -> Made:
    return loan_assistant(desk=_Late)


class _Explains(Assistant):
    async def reply(self, turn: Turn) -> Reply:
        made = await super().reply(turn)
        case = self._case(turn)
        if case.outcome != "hold":
            return made
        return Reply(f"{made.text} (screening of {case.customer.national_id})", answer="hold")


def explains_the_hold() -> Made:
    return loan_assistant(assistant=_Explains)


def tells_the_model_who() -> Made:
    plain = assistant.instructions

    def instructions(run: Any, made: Any) -> str:
        customer = run.context.customer
        return f"{plain(run, made)}\nThe customer is {customer.name}, id {customer.national_id}."

    assistant.instructions = instructions
    return loan_assistant()


def passes_on_what_customers_paste() -> Made:
    agent.cleaned = lambda text, secrets: text
    return loan_assistant()


def no_guard_on_replies() -> Made:
    assistant.shows = lambda text, secrets: False
    return loan_assistant()


class _Claims(Desk):
    async def book(self, case: Case) -> str:
        try:
            return await super().book(case)
        except Unavailable:
            assert case.application is not None
            case.loan = f"L-{uuid.uuid5(uuid.NAMESPACE_OID, case.application.id).hex[:8]}"
            case.application.booked = True
            return case.loan


def says_booked_when_it_is_not() -> Made:
    return loan_assistant(desk=_Claims)


class _Guesses(Desk):
    async def _report(self, case: Case) -> Report | None:
        return await super()._report(case) or Report(score=700, open_loans=0)


def guesses_a_score() -> Made:
    return loan_assistant(desk=_Guesses)


def waits_for_the_bureau() -> Made:
    backends.CREDIT = Limits(attempts=2, timeout=0.6, budget=1.3, pause=0.05)
    return loan_assistant()


def ignores_retry_after() -> Made:
    attempts.retry_after = lambda headers: None
    return loan_assistant()


def retries_at_once() -> Made:
    backends.BOOKING = Limits(attempts=3, timeout=0.4, budget=1.0, pause=0.0)
    return loan_assistant()


def retries_too_often() -> Made:
    backends.BOOKING = Limits(attempts=5, timeout=0.4, budget=1.0, pause=0.05)
    return loan_assistant()


def never_retries() -> Made:
    backends.CREDIT = dataclasses.replace(backends.CREDIT, attempts=1)
    return loan_assistant()


class _OneCase(Assistant):
    def _case(self, turn: Turn) -> Case:
        session = dataclasses.replace(turn.session, id=turn.session.vars["language"])
        return super()._case(dataclasses.replace(turn, session=session))


def keeps_cases_by_language() -> Made:
    return loan_assistant(assistant=_OneCase)


class _Whole(Report, extra="allow"):
    remarks: str = ""


class _Shows(Desk):
    async def assess(self, case: Case, terms: Terms) -> str:
        text = await super().assess(case, terms)
        report = await self._report(case)
        remarks = report.remarks if isinstance(report, _Whole) else ""
        return f'{text[:-1]}, "remarks": "{remarks}"}}'


def shows_the_whole_report() -> Made:
    backends.Report = _Whole
    return loan_assistant(desk=_Shows)


async def _blocking(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251


def blocks_while_it_waits() -> Made:
    class Asyncio:
        sleep = staticmethod(_blocking)

        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

    attempts.asyncio = Asyncio()
    return loan_assistant()


class _Forgets(Assistant):
    async def reply(self, turn: Turn) -> Reply:
        self._case(turn).items = []
        return await super().reply(turn)


def forgets_the_conversation() -> Made:
    return loan_assistant(assistant=_Forgets)


class _Breaks(Assistant):
    async def reply(self, turn: Turn) -> Reply:
        try:
            return await super().reply(turn)
        except _Broken as error:
            raise ModelBehaviorError("the model did what it should not") from error

    async def _run(self, case: Case, given: Any) -> RunResult:
        try:
            return await super()._run(case, given)
        except ModelBehaviorError as error:
            raise _Broken from error


class _Broken(Exception):
    pass


def breaks_on_bad_output() -> Made:
    return loan_assistant(assistant=_Breaks)


class _Raw(Assistant):
    async def _book(self, case: Case, application: Application) -> str:
        try:
            application.tried = True
            case.loan = await self.desk.backends.book(application)
        except Unavailable as error:
            case.outcome = "hold"
            return f"Traceback (most recent call last): {error.__cause__!r}"
        return agent.booked(case)


def shows_raw_errors() -> Made:
    return loan_assistant(assistant=_Raw)


class _Pretends(Assistant):
    async def _ask_approval(self, case: Case, result: RunResult) -> str:
        text = await super()._ask_approval(case, result)
        if case.outcome == "hold":
            return said(case, "escalated", "asked", amount="", file="")
        return text


def escalates_to_nobody() -> Made:
    return loan_assistant(assistant=_Pretends)


def takes_its_time() -> Made:
    agent.OVERALL = 30.0
    agent.model_client = lambda: AsyncOpenAI(timeout=10, max_retries=1)
    return loan_assistant()


class _Guessed(Backends):
    async def book(self, application: Application) -> str:
        terms = application.terms.model_copy(update={"amount": application.terms.amount + 500})
        return await super().book(dataclasses.replace(application, terms=terms))


def books_another_amount() -> Made:
    return loan_assistant(backends=_Guessed)


class _Reminds(Assistant):
    async def _pursue(self, case: Case) -> str:
        application = case.application
        assert application is not None
        text = await super()._pursue(case)
        if case.application is not None and case.outcome == "hold":
            case.outcome = "answered"
            return phrase(case.customer.language, "booked", amount="", loan=application.file[2:])
        return text


def calls_pending_booked() -> Made:
    return loan_assistant(assistant=_Reminds)


class _WithFee(Backends):
    async def book(self, application: Application) -> str:
        terms = application.terms.model_copy(update={"amount": application.terms.amount + 90})
        return await super().book(dataclasses.replace(application, terms=terms))


def adds_its_fee_after_the_approval() -> Made:
    return loan_assistant(backends=_WithFee)


class _Bare(Assistant):
    async def reply(self, turn: Turn) -> Reply:
        made = await super().reply(turn)
        return Reply(made.text, answer=made.answer)


def leaves_the_loan_out() -> Made:
    return loan_assistant(assistant=_Bare)


class _OldForm(Backends):
    async def report(self, customer: Any) -> Report:
        body = {"national_id": customer.national_id, "purpose": "loan", "months": "36"}
        return await self._post(f"{self.credit}/reports", body, Report, backends.CREDIT)


def asks_the_bureau_in_another_form() -> Made:
    return loan_assistant(backends=_OldForm)


def asks_the_model_once() -> Made:
    sound = assistant.model_client
    agent.model_client = lambda: sound().with_options(max_retries=0)
    return loan_assistant()


@dataclasses.dataclass(frozen=True)
class _ScreensOnce(Desk):
    cleared: set[str] = dataclasses.field(default_factory=set)

    async def _clear(self, case: Case) -> bool:
        if case.session not in self.cleared and await super()._clear(case):
            self.cleared.add(case.session)
        return case.session in self.cleared


def screens_once() -> Made:
    return loan_assistant(desk=_ScreensOnce)


class _ClearUnlessTold(Desk):
    async def _clear(self, case: Case) -> bool:
        try:
            return (await self.backends.screening(case.customer)).result == "clear"
        except Unavailable:
            return True


def takes_silence_for_clear() -> Made:
    return loan_assistant(desk=_ClearUnlessTold)


class _FilesWhatIsAsked(Assistant):
    async def _ask_approval(self, case: Case, result: RunResult) -> str:
        terms = agent.terms_of(result.interruptions[0].raw_item)
        if terms is not None and case.offer is None:
            case.offer = Offer(terms=terms, rate=0.069, firm=True)
        return await super()._ask_approval(case, result)


def files_what_nobody_offered() -> Made:
    return loan_assistant(assistant=_FilesWhatIsAsked)
