"""The payroll API: the records of the employee who asks, whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx2
from attempts import Limits, Refused, attempt
from pydantic import BaseModel, ConfigDict, Field
from signin import SignInNeeded, SignIns

READ = Limits(attempts=3, timeout=4)
WRITE = Limits(attempts=3, timeout=5)
REFUSALS = frozenset({400, 403, 404, 409, 422})


class NotYours(Exception):
    """A record came that is not the one asked for. It must not be shown, nor kept."""


class Expired(Exception):
    """The token is no longer good."""


class Record(BaseModel):
    """What payroll says of an employee. Every field is needed: half a record is none."""

    model_config = ConfigDict(strict=True)
    employee: str


class Payslip(Record):
    """The pay of a month."""

    period: str
    gross: str
    net: str
    currency: str
    note: str


class Leave(Record):
    """Days of leave of this year."""

    entitled: int
    taken: int
    left: int


class BankAccount(Record):
    """The account that pay goes to, by the end of its number."""

    iban_end: str = Field(min_length=4)


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Employee:
    """Who asks, in which conversation. It comes from the sign-in, never from a model."""

    id: str
    session: str


@dataclass
class Payroll:
    """Payroll over HTTP. All methods raise `Unavailable`, `Refused`, `SignInNeeded`, `NotYours`."""

    http: httpx2.AsyncClient
    url: str
    signins: SignIns

    async def payslip(self, employee: Employee, period: str) -> Payslip:
        """The payslip of a month, like 2025-12."""
        path = f"/employees/{employee.id}/payslips/{period}"
        found = await self.read(employee, path, Payslip)
        if found.period != period:
            raise NotYours
        return found

    async def leave(self, employee: Employee) -> Leave:
        """The days of leave."""
        return await self.read(employee, f"/employees/{employee.id}/leave", Leave)

    async def change_bank(self, employee: Employee, iban: str, key: str) -> BankAccount:
        """Have pay sent to another account. The same key makes the same change only once."""

        async def put(token: str) -> BankAccount:
            url = f"{self.url}/employees/{employee.id}/bank-account"
            headers = self.headers(token, key)
            reply = await self.http.put(url, json={"iban": iban}, headers=headers)
            return whole(reply, employee, BankAccount)

        return await self.authorised(employee, put, WRITE)

    async def read(self, employee: Employee, path: str, kind: type[R]) -> R:
        """A record of the employee, tried again while that may help."""

        async def get(token: str) -> R:
            reply = await self.http.get(self.url + path, headers=self.headers(token))
            return whole(reply, employee, kind)

        return await self.authorised(employee, get, READ)

    def headers(self, token: str, key: str | None = None) -> dict[str, str]:
        """Who asks, and of a change which one it is."""
        keyed = {} if key is None else {"Idempotency-Key": key}
        return {"Authorization": f"Bearer {token}", **keyed}

    async def authorised(
        self, employee: Employee, call: Callable[[str], Awaitable[R]], limits: Limits
    ) -> R:
        """What a call gives under a token that is good; a token that is not is renewed once.

        The sign-in is outside of the attempts, so that its own do not multiply with them.
        """
        token = await self.signins.token(employee.session)
        try:
            return await attempt(lambda: call(token), limits)
        except Expired:
            renewed = await self.signins.renewed(employee.session, token)
        try:
            return await attempt(lambda: call(renewed), limits)
        except Expired:
            self.signins.forget(employee.session)
            raise SignInNeeded from None


def whole(reply: httpx2.Response, employee: Employee, kind: type[R]) -> R:
    """The record in a reply, whole and of this employee. Raises what says why it is not."""
    if reply.status_code == 401:
        raise Expired
    if reply.status_code in REFUSALS:
        raise Refused(f"payroll answered {reply.status_code}")
    found = kind.model_validate_json(reply.raise_for_status().content)
    if found.employee != employee.id:
        raise NotYours
    return found
