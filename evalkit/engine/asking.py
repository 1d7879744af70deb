"""Requests and replies of an agent over HTTP, whoever sends the ones and hears the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import SERVED, compile_request, filled_request, variables_of
from evalkit.agents.base import Reply, Turn
from evalkit.agents.calling import Response
from evalkit.agents.later import Later
from evalkit.agents.reading import ReplyReader
from evalkit.engine.visits import Asked
from evalkit.live.attribution import Attribution
from evalkit.live.surroundings import Urls
from evalkit.suite.model import Agent
from evalkit.wire import Caller


class HttpAsking:
    """Requests and replies of an agent over HTTP."""

    def __init__(
        self,
        settings: Agent,
        later: Later,
        attribution: Attribution,
        urls: Callable[[str], Urls],
    ) -> None:
        self._method = settings.request.method
        self._body = settings.request.body is not None
        self._template = compile_request(settings.request, SERVED)
        self._later = later
        self._reader = ReplyReader(settings.reply)
        self._teller = AnswerTeller(settings.answer_from)
        self._attribution = attribution
        self._urls = urls

    @contextmanager
    def asked(self, turn: Turn, caller: Caller) -> Iterator[Asked]:
        """The request that carries a turn, for as long as its reply is expected."""
        variables = {**variables_of(turn), "services": self._urls(turn.session.id)}
        with self._later.expecting(turn, variables) as expected:
            made = filled_request(self._template, self._method, expected.variables, body=self._body)
            told = self._attribution.headers(caller)
            yield Asked(replace(made, headers=(*told, *made.headers)), expected)

    def reply(self, response: Response) -> Reply:
        """What the response says."""
        return self._teller.told(self._reader.read(response))
