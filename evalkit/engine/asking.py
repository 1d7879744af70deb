"""Requests and replies of an agent over HTTP, whoever sends the ones and hears the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import SERVED, compile_request, filled_request, variables_of
from evalkit.agents.base import Reply, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.reading import ReplyReader
from evalkit.live.attribution import Attribution
from evalkit.live.surroundings import Urls
from evalkit.suite.model import Agent
from evalkit.wire import Caller


class HttpAsking:
    """Requests and replies of an agent over HTTP."""

    def __init__(
        self, settings: Agent, attribution: Attribution, urls: Callable[[str], Urls]
    ) -> None:
        self._method = settings.request.method
        self._body = settings.request.body is not None
        self._template = compile_request(settings.request, SERVED)
        self._reader = ReplyReader(settings.reply)
        self._teller = AnswerTeller(settings.answer_from)
        self._attribution = attribution
        self._urls = urls

    def request(self, turn: Turn, caller: Caller) -> AgentRequest:
        """The request that carries a turn."""
        variables = {**variables_of(turn), "services": self._urls(turn.session.id)}
        made = filled_request(self._template, self._method, variables, body=self._body)
        told = self._attribution.headers(caller)
        return replace(made, headers=(*told, *made.headers))

    def reply(self, response: Response) -> Reply:
        """What the response says."""
        return self._teller.told(self._reader.read(response))
