"""A model provider: what all of them do alike, whatever API they speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from evalkit.keyed import Draw
from evalkit.quick import replaced
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.explaining import Tried
from evalkit.services.llm.api import Api, Route, Speaking, answers, speaks
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.delivery import Delivery, delivery
from evalkit.services.llm.editing import ended_by
from evalkit.services.llm.limits import Buckets
from evalkit.services.llm.playing import Taken, played, used_by, with_headers
from evalkit.services.llm.refusals import (
    Limited,
    NoKey,
    Problem,
    Refused,
    TooLong,
    UnknownModel,
    UnknownPath,
    Unscripted,
    WrongKey,
    WrongMethod,
)
from evalkit.services.llm.reply import ModelReply, NoReply
from evalkit.services.llm.settings import ProviderSettings
from evalkit.services.llm.speed import Speed
from evalkit.services.llm.spoken import Spoken, Voice
from evalkit.units import SECOND
from evalkit.wire import Headers, Reply, Request, Usage

_AT_ONCE = Speed(None)
_MOST_PATHS = 256  # whose routes a service remembers


def _seed(draw: Draw) -> str:
    """What the ids in a reply are made of."""
    return draw.at("ids").key.hex()


class ModelService:
    """A mock of a model provider: it refuses what the real one refuses, in its words."""

    waits = False

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        api: Api,
        *,
        starts_at_ns: int = DEFAULT_STARTS_AT_NS,
    ) -> None:
        self.name = name
        self.kind = api.kind
        self.hosts = settings.hosts
        self.models = settings.models or api.models
        self._settings = settings
        self._api = api
        self._starts_at_ns = starts_at_ns
        self._found: dict[tuple[str, str], tuple[Route, Mapping[str, str]] | None] = {}
        self._limits: dict[str | None, Buckets] = {}
        self._voices: dict[int, Voice] = {}

    def operation(self, request: Request) -> str:
        """What the request is for, like `chat`; `METHOD path` where that is unknown."""
        found = self._find(request)
        return f"{request.method} {request.path}" if found is None else found[0].operation

    async def handle(self, request: Request) -> Reply:
        """The healthy reply."""
        found = self._find(request)
        call = self._call(request, {} if found is None else found[1])
        try:
            return self._answer(None if found is None else found[0], call)
        except Refused as refused:
            return self._refusal(refused, call)

    def explain(self, request: Request) -> tuple[Tried, ...]:
        """The rules of the script that a request was tried against; none where it is refused."""
        found = self._find(request)
        endpoint = None if found is None else found[0].endpoint
        if found is None or endpoint is None or not speaks(endpoint):
            return ()
        try:
            asked = endpoint.read(self._call(request, found[1]))
        except Refused:
            return ()
        return self._settings.scripts.tried(self._brought(asked, request), request.caller)

    def settled(self, request: Request) -> bool:
        """Whether the replies to a request depend on nothing but it, its caller and `drawn`."""
        settings, found = self._settings, self._find(request)
        if settings.latency or settings.pace or settings.rate_limit or settings.recorded:
            return False
        endpoint = None if found is None else found[0].endpoint
        if found is None or endpoint is None or not speaks(endpoint):
            return False
        try:
            return endpoint.read(self._call(request, found[1])).conversation.steady
        except Refused:
            return False

    def drawn(self, draw: Draw, at: int) -> tuple[bytes, ...]:
        """What ids are made of, and the second at which a reply is made."""
        return _seed(draw).encode(), b"%d" % ((self._starts_at_ns + at) // SECOND)

    # What endpoints ask of the service --------------------------------------------------------

    def refused(self, problem: Problem, call: Call) -> Refused:
        """A refusal in the API's words."""
        return self._api.refused(problem, call.request)

    def check_model(self, model: str, call: Call) -> None:
        """Refuse a model that is not there. Raises `Refused`."""
        models = self._settings.models
        if models is not None and model not in models:
            raise self.refused(UnknownModel(model), call)

    def check_context(self, asked: Asked, call: Call) -> None:
        """Refuse what is too long. Raises `Refused`."""
        limit = self._settings.context
        reserved = (asked.max_tokens or 0) if asked.reserves else 0
        if limit is not None and asked.input_tokens + reserved > limit:
            raise self.refused(TooLong(limit, asked.input_tokens, reserved), call)

    def counted(self, reply: Reply, model: str, call: Call) -> Reply:
        """The reply, counted against the rate limits by its usage. Raises `Refused`."""
        return with_headers(reply, *self._limited(reply.usage, model, call))

    # Parts ------------------------------------------------------------------------------------

    def _limited(self, usage: Usage | None, model: str, call: Call) -> tuple[Headers, Taken]:
        """What a reply of this usage tells of the rate limits, and takes of them. Raises `Refused`
        where they leave no room for it.
        """
        used = used_by(usage)
        now = call.request.at
        limits = self._buckets(call)
        if limits is None:
            return self._api.unlimited(used, call), ()
        spent = limits.refusal(now, used)
        if spent is not None:
            refused = self.refused(Limited(model, spent), call)
            headers = self._api.limit_headers(limits.levels(now), call)
            refused.headers = (*refused.headers, *headers)
            raise refused
        headers = self._api.limit_headers(limits.levels(now, used), call)
        return headers, (lambda: limits.take(now, used),)

    def _buckets(self, call: Call) -> Buckets | None:
        """The rate limits of whoever asks; None where there are none."""
        part = self._settings.rate_limit
        if part is None:
            return None
        client = self._api.key(call.request) if part.each else None
        if client not in self._limits:
            self._limits[client] = Buckets(part)
        return self._limits[client]

    def _find(self, request: Request) -> tuple[Route, Mapping[str, str]] | None:
        """The route of a request; one of another method where there is none of this."""
        key = request.method, request.path
        if key not in self._found:
            if len(self._found) >= _MOST_PATHS:
                self._found.clear()
            self._found[key] = self._search(request)
        return self._found[key]

    def _search(self, request: Request) -> tuple[Route, Mapping[str, str]] | None:
        other = None
        for route in self._api.routes:
            if match := route.path.fullmatch(request.path):
                if route.method == request.method:
                    return route, match.groupdict()
                other = other or (route, match.groupdict())
        return other

    def _call(self, request: Request, place: Mapping[str, str]) -> Call:
        settings = self._settings
        return Call(
            request=request,
            place=place,
            seed=_seed(request.draw),
            latency_ns=0 if settings.latency is None else settings.latency.sample(request.draw),
            speed=_AT_ONCE if settings.pace is None else settings.pace.sample(request.draw),
            epoch_ns=self._starts_at_ns + request.at,
        )

    def _signed(self, reply: Reply, call: Call) -> Reply:
        """The reply with what every reply has."""
        return replaced(reply, headers=(*reply.headers, *self._api.headers(call)))

    def _refusal(self, refused: Refused, call: Call) -> Reply:
        refused.sign(call.seed)
        return self._signed(refused.reply(), call)

    def _answer(self, route: Route | None, call: Call) -> Reply:
        request = call.request
        if route is None:
            known = ", ".join(f"{each.method} {each.shown}" for each in self._api.routes)
            raise self.refused(UnknownPath(request.method, request.path, known), call)
        if route.method != request.method:
            problem = WrongMethod(request.method, request.path, route.method)
            raise self.refused(problem, call)
        self._check_key(call)
        endpoint = route.endpoint
        if speaks(endpoint):
            return self._speak(endpoint, call)
        assert answers(endpoint)
        return self._signed(endpoint(self, call), call)

    def _check_key(self, call: Call) -> None:
        wanted = self._settings.require_key
        if wanted is False:
            return
        key = self._api.key(call.request)
        if not key:
            raise self.refused(NoKey(), call)
        if isinstance(wanted, str) and key != wanted:
            raise self.refused(WrongKey(key), call)

    def _speak(self, endpoint: Speaking, call: Call) -> Reply:
        asked = endpoint.read(call)
        self.check_model(asked.conversation.model, call)
        self.check_context(asked, call)
        conversation = self._brought(asked, call.request)
        said = self._settings.scripts.answer(conversation, call.request.caller)
        if isinstance(said, NoReply):
            raise self.refused(Unscripted(said), call)
        return self._told(endpoint, delivery(asked, call, self._as_recorded(said, asked, call)))

    def _as_recorded(self, said: ModelReply, asked: Asked, call: Call) -> ModelReply:
        """The reply with recorded usage, where there is some and the script says none."""
        recorded = self._settings.recorded
        if recorded is None or said.usage is not None:
            return said
        usage = recorded.draw(said.rule, asked.conversation.model, call.request.draw)
        return said if usage is None else replace(said, usage=usage)

    def _told(self, endpoint: Speaking, sent: Delivery) -> Reply:
        """The reply of a delivery, which can be told otherwise. Raises `Refused`."""
        asked, call, settings = sent.asked, sent.call, self._settings
        limits, taken = self._limited(sent.usage, asked.conversation.model, call)
        speech = Spoken(sent, self._voice(endpoint))
        if (keep := asked.keep) is not None:
            taken = (*taken, lambda: keep(sent))
        reply = played(endpoint, sent, (*limits, *self._api.headers(call)), taken, speech)
        if asked.stream:
            reply = ended_by(reply, settings.stream_ends_with, endpoint.dialect)
        return reply

    def _voice(self, endpoint: Speaking) -> Voice:
        if (voice := self._voices.get(id(endpoint))) is None:  # as long-lived as the service
            self._voices[id(endpoint)] = voice = Voice(
                dialect=endpoint.dialect,
                tell=partial(self._told_or_refused, endpoint),
                refuse=lambda problem, call: self._refusal(self.refused(problem, call), call),
                limit=self._settings.context,
            )
        return voice

    def _told_or_refused(self, endpoint: Speaking, sent: Delivery) -> Reply:
        try:
            return self._told(endpoint, sent)
        except Refused as refused:
            return self._refusal(refused, sent.call)

    def _brought(self, asked: Asked, request: Request) -> Conversation:
        """The conversation that is asked, with the headers that brought it where these matter."""
        if not self._settings.scripts.reads_headers:
            return asked.conversation
        return asked.conversation.brought_by(request.headers)
