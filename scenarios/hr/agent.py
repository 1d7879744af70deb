"""A payroll assistant as a good team would build it: an employee's message in, one reply out.

The model chooses tools in a loop of our own on the Anthropic SDK. What matters is not left to it:
whose records are read, whether somebody said yes, whether a change was made, when to stop, when a
person has to look. When a token expires in mid-conversation it is refreshed unseen; when that is
refused, the employee is asked to sign in again, and the conversation goes on where it was.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from accounts import Accounts
from anthropic import AsyncAnthropic
from anthropic.types import Message, MessageParam, ToolResultBlockParam, ToolUseBlock
from attempts import Refused, Unavailable
from desk import Desk
from model import Model
from payroll import Employee, NotYours, Payroll
from phrases import agrees, phrase
from pydantic import BaseModel
from signin import SignInNeeded, SignIns
from tools import Arguments, GetLeave, GetPayslip, OpenCase, Overreach, ProposeBankChange, read

from evalkit import Reply, Turn

OVERALL = 40.0  # seconds for a turn
STEPS = 4  # messages of the model in a turn
LONGEST = 4000  # characters of a message that the model is given


@dataclass
class Change:
    """A change of account that waits for a yes. Its key outlives failed attempts."""

    iban: str
    key: str


@dataclass
class Talk:
    """A conversation: what was said, and what was proposed."""

    messages: list[MessageParam] = field(default_factory=list)
    accounts: Accounts = field(default_factory=Accounts)
    proposed: Change | None = None


@dataclass
class Work:
    """What a turn is about, and what the model and the tools have said in it."""

    employee: Employee
    number: int
    language: str
    talk: Talk
    messages: list[MessageParam]


@dataclass
class Assistant:
    """The agent and its conversations."""

    model: Model
    payroll: Payroll
    desk: Desk
    talks: dict[str, Talk] = field(default_factory=dict)

    async def reply(self, turn: Turn) -> Reply:
        """The reply to a turn, in time."""
        talk = self.talks.setdefault(turn.session.id, Talk())
        seen = talk.accounts.hidden(turn.input[:LONGEST])
        user: MessageParam = {"role": "user", "content": seen}
        work = Work(
            employee=Employee(turn.session.vars["employee"], turn.session.id),
            number=turn.number,
            language=turn.session.vars.get("language", "en"),
            talk=talk,
            messages=[*talk.messages, user],
        )
        try:
            async with asyncio.timeout(OVERALL):
                reply = await self.settled(work, turn.input)
        except TimeoutError:
            reply = self.says(work, "hold", "hold")
        if turn.input.strip():
            # Only what was said: tool calls of a turn that broke off would not be valid again.
            talk.messages += [user, {"role": "assistant", "content": reply.text}]
        return reply

    async def settled(self, work: Work, text: str) -> Reply:
        """The reply, whatever happens on the way to it."""
        try:
            if not text.strip():
                return self.says(work, "empty", "answered")
            if (change := work.talk.proposed) is not None:
                if agrees(text):
                    return await self.confirmed(work, change)
                work.talk.proposed = None
            return await self.answered(work)
        except SignInNeeded:
            return self.says(work, "sign_in", "sign_in")
        except Overreach:
            return self.says(work, "refused", "refused")
        except Refused:
            return self.says(work, "forbidden", "refused")
        except (NotYours, Unavailable):
            return self.says(work, "hold", "hold")

    async def answered(self, work: Work) -> Reply:
        """Let the model and the tools work until there is an answer, or a person has to look."""
        for _ in range(STEPS):
            try:
                said = await self.model.next(work.messages)
            except Unavailable:
                return await self.handed_over(work, "The assistant could not answer")
            calls = [each for each in said.content if isinstance(each, ToolUseBlock)]
            if not calls:
                return Reply(text_of(said), answer="answered")
            results: list[ToolResultBlockParam] = []
            for call in calls:
                arguments = self.understood(call, results)
                if isinstance(arguments, OpenCase):
                    return await self.handed_over(work, arguments.subject)
                if isinstance(arguments, ProposeBankChange):
                    return self.proposed(work, arguments)
                if arguments is not None:
                    found = await self.used(work, arguments)
                    results.append(result_of(call, found.model_dump_json()))
            work.messages.append({"role": "assistant", "content": said.content})
            work.messages.append({"role": "user", "content": results})
        return await self.handed_over(work, "The assistant came to no end")

    def understood(
        self, call: ToolUseBlock, results: list[ToolResultBlockParam]
    ) -> Arguments | None:
        """The arguments of a call; the model is told of those that are wrong."""
        try:
            return read(call.name, call.input)
        except ValueError as error:
            mistake = f'{{"error": "bad call", "message": {str(error)[:200]!r}}}'
            results.append(result_of(call, mistake, failed=True))
            return None

    async def used(self, work: Work, arguments: Arguments) -> BaseModel:
        """What a tool gives."""
        match arguments:
            case GetPayslip(period=period):
                return await self.payroll.payslip(work.employee, period)
            case GetLeave():
                return await self.payroll.leave(work.employee)
        raise AssertionError(f"no tool takes {type(arguments).__name__}")

    def proposed(self, work: Work, asked: ProposeBankChange) -> Reply:
        """Ask, in our own words, whether this change is meant."""
        iban = work.talk.accounts.number(asked.account)
        if iban is None:
            raise Overreach("propose_bank_change")
        work.talk.proposed = Change(iban, key=f"{work.employee.session}/{work.number}")
        return self.says(work, "proposed", "answered", end=iban[-4:])

    async def confirmed(self, work: Work, change: Change) -> Reply:
        """Make the change that the employee said yes to. Without a receipt nothing is claimed."""
        try:
            account = await self.payroll.change_bank(work.employee, change.iban, change.key)
        except Unavailable:
            return self.says(work, "unsettled", "hold")
        work.talk.proposed = None
        return self.says(work, "changed", "answered", end=account.iban_end)

    async def handed_over(self, work: Work, subject: str) -> Reply:
        """Give the matter to a person, or say that nobody could be reached."""
        said = [f"{each['role']}: {each['content']}" for each in work.messages if is_said(each)]
        case = await self.desk.open(work.employee, work.number, subject, said)
        return self.says(work, "escalated", "escalated", case=case)

    def says(self, work: Work, name: str, answer: str, **values: str) -> Reply:
        """A phrase of ours as a reply."""
        text = phrase(work.language, name, **values)
        return Reply(text, answer=answer)  # type: ignore[arg-type]


def is_said(message: MessageParam) -> bool:
    """Whether a message is text of the employee or of ours, not the work of tools."""
    return isinstance(message["content"], str)


def text_of(said: Message) -> str:
    """The text of a message."""
    return "".join(each.text for each in said.content if each.type == "text")


def result_of(call: ToolUseBlock, content: str, *, failed: bool = False) -> ToolResultBlockParam:
    """What a tool gave, as the model is told it."""
    return {
        "type": "tool_result",
        "tool_use_id": call.id,
        "content": content,
        "is_error": failed,
    }


@asynccontextmanager
async def hr_agent(
    assistant: type[Assistant] = Assistant,
    model: type[Model] = Model,
    payroll: type[Payroll] = Payroll,
    signins: type[SignIns] = SignIns,
    desk: type[Desk] = Desk,
) -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent: one HTTP client and its conversations, for as long as the process serves."""
    url, desk_url = os.environ["PAYROLL_URL"], os.environ["DESK_URL"]
    async with (
        httpx2.AsyncClient(timeout=5) as http,
        # `attempt` retries; a retrying SDK beneath it would make nine requests of three.
        AsyncAnthropic(max_retries=0, timeout=12) as client,
    ):
        yield assistant(
            model(client), payroll(http, url, signins(http, url)), desk(http, desk_url)
        ).reply
