"""The shipped claims agents with a mistake."""

from __future__ import annotations

from shipped import modules_of

modules_of("claims")

from agent import claims_agent  # noqa: E402
from attempts import attempt  # noqa: E402
from backends import Backends  # noqa: E402
from context import WRITE, Opened, SharedContext, _checked, _token  # noqa: E402
from handovers import Extracted, Summary, Wanted, sealed  # noqa: E402
from models import Models  # noqa: E402
from office import Office  # noqa: E402


class KeyOfTheTurn(SharedContext):
    """A hand-over is written under a key of its turn, whichever opening of the context it is."""

    async def write(self, context: Opened, wanted: Wanted, data: Extracted | Summary) -> None:
        handover = sealed(wanted, data)
        key = f"{context.id}/{handover['schema']}/{wanted.sequence}"
        headers = {**_token(context), "Idempotency-Key": key}

        async def put() -> None:
            url = self._place(context, wanted)
            _checked(await self.http.put(url, json=handover, headers=headers))

        await attempt(put, WRITE)


def _office(backends: Backends, shared: SharedContext, models: Models) -> Office:
    return Office(backends, KeyOfTheTurn(shared.http, shared.url), models)


def key_forgets_the_reopening() -> object:
    """The agent."""
    return claims_agent(_office)
