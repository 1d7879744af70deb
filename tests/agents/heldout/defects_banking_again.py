"""The shipped loan assistant with a mistake."""

from __future__ import annotations

import httpx2
from shipped import modules_of

modules_of("banking")

from agent import loan_assistant  # noqa: E402
from attempts import Unavailable  # noqa: E402
from backends import Backends, Report  # noqa: E402
from case import Customer  # noqa: E402


class ConnectsInTime(Backends):
    """The limit of a call to the bureau covers the connection, and nothing after it."""

    async def report(self, customer: Customer) -> Report:
        try:
            reply = await self.http.post(
                f"{self.credit}/reports",
                json={"national_id": customer.national_id},
                headers={"X-Api-Key": self.key},
                timeout=httpx2.Timeout(None, connect=0.12),
            )
            return Report.model_validate_json(reply.raise_for_status().content)
        except (httpx2.HTTPError, ValueError) as error:
            raise Unavailable(type(error).__name__) from error


def timeout_of_connect_only() -> object:
    """The agent."""
    return loan_assistant(backends=ConnectsInTime)
