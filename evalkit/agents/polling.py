"""The caller of an agent that answers 202 and is asked again until its reply is there.

An answer is the final one where its state is one of those that the suite calls done, or where it
has no state and is no 202; a 303 leads to it (RFC 9110, 15.4.4). A Retry-After in seconds decides
when to ask again, also with a 429 or 503.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from evalkit.agents.base import AgentFailed
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.receiving import Receiver
from evalkit.jsonpaths import at_path, parsed
from evalkit.services.template import RenderError, Template, compile_value
from evalkit.suite.agent import Poll
from evalkit.units import format_duration
from evalkit.world.clock import NS

_LATER = (202, 429, 503)
_HEADERS = (("accept", "application/json, text/event-stream"),)


class Poller:
    """Asks an agent for what it was given to do. Raises `TemplateError` for a wrong path."""

    def __init__(self, caller: Receiver, settings: Poll) -> None:
        self._caller = caller
        self._settings = settings
        parsed(settings.state)  # now, not while a turn is under way
        self._path: Template | None = None
        if settings.path is not None:
            self._path = compile_value(settings.path, ("accepted", "turn", "session"))

    async def final(self, accepted: Response, variables: Mapping[str, Any]) -> Response:
        """The final answer to what was accepted. Raises `AgentFailed` where there will be none."""
        within = self._settings.within
        target = self._target(accepted, variables)
        try:
            async with asyncio.timeout(None if within is None else within / NS):
                return await self._asked(target, accepted)
        except TimeoutError:
            limit = format_duration(within or 0)
            raise AgentFailed(f"the agent was not done within {limit}") from None

    async def _asked(self, target: str, last: Response) -> Response:
        while True:
            await asyncio.sleep(self._wait(last))
            last = await self._caller.call(_get(target))
            if last.status == 303:
                return await self._caller.call(_get(self._leads_to(last.header("location") or "")))
            if not self._unfinished(last):
                return last

    def _unfinished(self, response: Response) -> bool:
        """Whether it says to ask again. Raises `AgentFailed` where it says that it failed."""
        if response.status in _LATER:
            return True
        state = self._state_in(response)
        if state is None or state in self._settings.done:
            return False
        if state in self._settings.failed:
            raise AgentFailed(f"the agent says that it is {state}: {response.excerpt()}")
        return 200 <= response.status < 300

    def _state_in(self, response: Response) -> str | None:
        with suppress(ValueError, RecursionError):
            found = at_path(self._settings.state, json.loads(response.body))
            return str(found[-1]) if found and found[-1] is not None else None
        return None

    def _wait(self, response: Response) -> float:
        """Seconds until it is asked again."""
        told = (response.header("retry-after") or "").strip()
        seconds = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
        return seconds or self._settings.every / NS

    def _target(self, accepted: Response, variables: Mapping[str, Any]) -> str:
        if self._path is None:
            location = accepted.header("location") or accepted.header("operation-location")
            if location is None:
                raise AgentFailed(
                    "the agent answered 202 without a Location; say with `poll: {path: …}` where "
                    "its reply will be"
                )
            return self._leads_to(location)
        body = None
        with suppress(ValueError, RecursionError):
            body = json.loads(accepted.body)
        try:
            return self._leads_to(str(self._path.render({**variables, "accepted": body})))
        except RenderError as error:
            raise AgentFailed(f"the path to poll cannot be made: {error}") from error

    def _leads_to(self, url: str) -> str:
        try:
            return self._caller.target_of(url)
        except ValueError as error:
            raise AgentFailed(f"the place to poll: {error}") from None


def _get(target: str) -> AgentRequest:
    return AgentRequest(method="GET", target=target, headers=_HEADERS)
