"""The reply of an agent that answers 202 at first: it calls back, or is asked until it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from evalkit.agents.base import Turn
from evalkit.agents.calling import Response
from evalkit.agents.mailbox import Mailbox
from evalkit.agents.polling import Poller
from evalkit.agents.receiving import Receiver
from evalkit.suite import model

ACCEPTED = 202
"""The status of a response that is not the reply yet (RFC 9110, 15.3.3)."""

Final: TypeAlias = Callable[[Response], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one turn. `variables` are those of its request."""

    variables: Mapping[str, Any]
    _final: Final | None = None

    @property
    def more(self) -> bool:
        """Whether the reply follows on a 202."""
        return self._final is not None

    async def final(self, response: Response) -> Response:
        """The response that holds the reply. Raises `AgentFailed` where there will be none."""
        if self._final is None or response.status != ACCEPTED:
            return response
        return await self._final(response)


class Later:
    """How the replies of an agent are had. Raises `TemplateError` for a wrong path to poll."""

    def __init__(self, settings: model.Agent, mailbox: Mailbox, caller: Receiver) -> None:
        self._callback = settings.callback
        self._mailbox = mailbox
        self._poller = None if settings.poll is None else Poller(caller, settings.poll)

    @contextmanager
    def expecting(self, turn: Turn, variables: Mapping[str, Any]) -> Iterator[Expected]:
        """Expect the reply to a turn, as long as this is entered."""
        if self._callback is not None:
            within = self._callback.within
            with self._mailbox.expecting(turn) as letter:
                told = {**variables["turn"], "callback_url": letter.url}
                yield Expected({**variables, "turn": told}, lambda _: letter.come(within))
        elif (poller := self._poller) is not None:
            yield Expected(variables, lambda accepted: poller.final(accepted, variables))
        else:
            yield Expected(variables)
