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

Final: TypeAlias = Callable[[Response], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one turn. `variables` are those of its request."""

    variables: Mapping[str, Any]
    _final: Final | None = None

    def follows(self, response: Response) -> bool:
        """Whether a response is not the reply yet."""
        return response.status == 202 and self._final is not None

    async def final(self, response: Response) -> Response:
        """The response that holds the reply. Raises `AgentFailed` where there will be none."""
        if self._final is None or response.status != 202:
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
