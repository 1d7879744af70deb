"""A model provider: what all of them do alike, whatever API they speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.quick import replaced
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.explaining import Tried
from evalkit.services.llm.api import Api, Route, Speaking, answers, speaks
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.delivery import Delivery, delivery
from evalkit.services.llm.editing import ended_by
from evalkit.services.llm.limits import Buckets
from evalkit.services.llm.playing import played, used_by, with_headers
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
from evalkit.services.llm.reply import NoReply
from evalkit.services.llm.settings import ProviderSettings
from evalkit.services.llm.speed import Speed
from evalkit.services.llm.spoken import Spoken
from evalkit.wire import Reply, Request

_AT_ONCE = Speed(None)
_MOST_PATHS = 256  # whose routes a service remembers


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

    def operation(self, request: Request) -> str:
        """What the request is for, like `chat`; `METHOD path` where that is unknown."""
        found = self._find(request)
        return f"{request.method} {request.path}" if found is None else found[0].operation

    async def handle(self, request: Request) -> Reply:
        """The healthy reply."""
        found = self._find(request)
        call = self._call(request, {} if found is None else found[1])
        return self._signed(lambda: self._answer(None if found is None else found[0], call), call)

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
        return self._settings.scripts.tried(asked.conversation, request.caller)

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
        used = used_by(reply)
        now = call.request.at
        limits = self._buckets(call)
        if limits is None:
            levels = self._api.unlimited(used)
            return with_headers(reply, self._api.limit_headers(levels, call))
        spent = limits.refusal(now, used)
        if spent is not None:
            refused = self.refused(Limited(model, spent), call)
            headers = self._api.limit_headers(limits.levels(now), call)
            refused.headers = (*refused.headers, *headers)
            raise refused
        headers = self._api.limit_headers(limits.levels(now, used), call)
        return with_headers(reply, headers, lambda: limits.take(now, used))

    # Parts ------------------------------------------------------------------------------------

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
            seed=request.draw.at("ids").key.hex(),
            latency_ns=0 if settings.latency is None else settings.latency.sample(request.draw),
            speed=_AT_ONCE if settings.pace is None else settings.pace.sample(request.draw),
            epoch_ns=self._starts_at_ns + request.at,
        )

    def _signed(self, make: Callable[[], Reply], call: Call) -> Reply:
        """The reply that is made, or the refusal, with what every reply has."""
        try:
            reply = make()
        except Refused as refused:
            refused.sign(call.seed)
            reply = refused.reply()
        return replaced(reply, headers=(*reply.headers, *self._api.headers(call)))

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
        return endpoint(self, call)

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
        said = self._settings.scripts.answer(asked.conversation, call.request.caller)
        if isinstance(said, NoReply):
            raise self.refused(Unscripted(said), call)
        return self._told(endpoint, delivery(asked, call, said))

    def _told(self, endpoint: Speaking, sent: Delivery) -> Reply:
        """The reply of a delivery, which can be told otherwise. Raises `Refused`."""
        asked, call, settings = sent.asked, sent.call, self._settings
        reply = self.counted(played(endpoint, sent), asked.conversation.model, call)
        if asked.stream:
            reply = ended_by(reply, settings.stream_ends_with, endpoint.dialect)
        speech = Spoken(
            sent,
            endpoint.dialect,
            lambda other: self._signed(lambda: self._told(endpoint, other), other.call),
            lambda problem: self._signed(lambda: self._refuse(problem, call), call),
            settings.context,
        )
        keep = asked.keep
        taken = reply.taken if keep is None else (*reply.taken, lambda: keep(sent))
        return replaced(reply, taken=taken, speech=speech)

    def _refuse(self, problem: Problem, call: Call) -> Reply:
        raise self.refused(problem, call)
