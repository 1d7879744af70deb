"""The service of a contract: checks what it is asked, and answers as the contract says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from evalkit.services.auth.desk import AuthDesk
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.bodies import BodyError, json_reply, read_json
from evalkit.services.openapi.checking import Breach
from evalkit.services.openapi.compiled import CompiledOpenApi, breaches_of
from evalkit.services.openapi.conform import (
    Conformity,
    Refusal,
    unknown_base,
    unknown_method,
    unknown_path,
)
from evalkit.services.openapi.contract import Operation, is_json
from evalkit.services.openapi.patterns import Unmade
from evalkit.services.openapi.replies import Replies
from evalkit.services.openapi.security import carried, scopes_of, told_scopes
from evalkit.services.rest.replies import allow_header
from evalkit.services.rest.service import RestService
from evalkit.services.template import RenderError
from evalkit.wire import Head, Reply, Request, Wait


@dataclass(frozen=True, slots=True)
class _Found:
    """The operation that a request is for, and the values of its path parameters."""

    operation: Operation
    values: Mapping[str, str]


class OpenApiService:
    """A service that keeps to its contract and holds its clients to it.

    A request that breaks the contract is a breach in the journal, and refused as a good API does:
    400, 401, 403, 404, 405, 413 or 415. Unless it is strict, it is answered all the same. A reply
    that breaks the contract is the definition's mistake: a 500 with a complaint.

    With `auth`, credentials must be good too, wherever the contract asks for one.
    """

    kind = "openapi"
    waits = False

    def __init__(
        self, name: str, compiled: CompiledOpenApi, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
    ) -> None:
        self.name = name
        self.hosts = compiled.hosts
        self._compiled = compiled
        self._contract = compiled.contract
        auth = compiled.auth
        self._auth = None if auth is None else AuthDesk(auth, starts_at_ns)
        granted = told_scopes if self._auth is None else self._auth.granted
        self._conformity = Conformity(compiled.contract, granted)
        self._replies = Replies(compiled.contract)
        self._rest = RestService(
            name, compiled.rest, starts_at_ns=starts_at_ns, unworded=self._unworded
        )

    def operation(self, request: Request) -> str:
        """The operation as the contract names it: `GET /customers/{id}`; else `METHOD path`."""
        found = self._find(request)
        if found is not None:
            return f"{request.method} {found.operation.pattern.path}"
        below = [self._contract.router.path_of(each) for each in self._below(request.path)]
        return f"{request.method} {next(filter(None, below), request.path)}"

    async def handle(self, request: Request) -> Reply:
        """The healthy reply, or how the request is refused."""
        if self._auth is not None and (own := self._auth.own(request)) is not None:
            return self._delayed(replace(own, route=self.operation(request)), request)
        found = self._find(request)
        if found is None:
            return self._delayed(self._unknown(request), request)
        refusal = self._conformity.refusal(found.operation, found.values, request)
        breaches = () if refusal is None else tuple(map(str, refusal.breaches))
        reply = self._admitted(found, refusal, request)
        return replace(reply, breaches=breaches, route=found.operation.text)

    def _admitted(self, found: _Found, refusal: Refusal | None, request: Request) -> Reply:
        """What is answered to a request; with `auth` only to a credential that is good."""
        operation = found.operation
        public = not operation.security or () in operation.security
        if self._auth is None or public:
            return self._replied(found, refusal, request)
        if refusal is not None and refusal.status in (401, 403):
            refusal = None  # the guard words it
        answer = partial(self._replied, found, refusal, request)
        had = set(self._auth.granted(request) or ())
        ways = [scopes_of(each) for each in carried(operation, request) or operation.security]
        needed = next((each for each in ways if set(each) <= had), ways[0])
        reply = self._auth.admit(request, needed, answer)
        answered = reply.access is not None and set(needed) <= set(reply.access.had)
        return reply if answered else self._delayed(reply, request)

    def _replied(self, found: _Found, refusal: Refusal | None, request: Request) -> Reply:
        """The reply to a request, or how it is refused."""
        if refusal is None or not self._compiled.strict:
            return self._answered(found, request)
        message = "; ".join(f"{each.where}: {each.message}" for each in refusal.breaches)
        reply = self._replies.refusal(found.operation, request, refusal.status, message)
        return self._delayed(reply, request)

    # Finding -----------------------------------------------------------------------------------

    def _below(self, path: str) -> Iterator[str]:
        """The path below each server's that it is below."""
        for base in self._contract.bases:
            if not base or path == base or path.startswith(f"{base}/"):
                yield path[len(base) :] or "/"

    def _find(self, request: Request) -> _Found | None:
        router, operations = self._contract.router, self._contract.operations
        for each in dict.fromkeys(base for one in operations for base in one.bases):
            if each and not request.path.startswith(f"{each}/"):
                continue
            match = router.find(request.method, request.path[len(each) :])
            if match is not None and each in operations[match.index].bases:
                return _Found(operations[match.index], match.values)
        return None

    def _unknown(self, request: Request) -> Reply:
        """The reply to what is no operation of the contract."""
        below = list(self._below(request.path))
        if not below:
            return _refused(404, "not_found", unknown_base(self._contract, request.path))
        router, path = self._contract.router, below[0]
        methods = router.methods(path)
        if not methods:
            breach = unknown_path(self._contract, request.method, path)
            return _refused(404, "not_found", breach)
        allow = allow_header(methods)
        if request.method == "OPTIONS":
            return Reply(status=204, headers=allow, plan=(Head(),), route=f"OPTIONS {path}")
        breach = unknown_method(request.method, router.path_of(path) or path, methods)
        reply = _refused(405, "method_not_allowed", breach)
        return replace(reply, headers=(*reply.headers, *allow))

    # Answering ---------------------------------------------------------------------------------

    def _answered(self, found: _Found, request: Request) -> Reply:
        """What the definition says beside the contract, else what the contract says."""
        operation = found.operation
        if operation.text not in self._compiled.routes:
            try:
                reply = self._delayed(self._made(found, request), request)
            except Unmade as error:
                return _failed(f"`{operation.text}` has no example, and {error}")
            return replace(reply, contract=self._replies.allowed(operation, reply))
        reply = self._rest.answer(_at_first_base(found, request))
        reply = self._filled(reply, found, request)
        reply = self._checked(reply, operation)
        return replace(reply, contract=self._replies.allowed(operation, reply))

    def _made(self, found: _Found, request: Request, status: int | None = None) -> Reply:
        example = self._compiled.examples.get(found.operation.text)
        return self._replies.made(
            found.operation, found.values, request, status=status, example=example
        )

    def _unworded(self, request: Request) -> Reply:
        """The reply of an operation that the definition gives none."""
        found = self._find(request)
        assert found is not None, "the route of an operation takes what the operation takes"
        try:
            return self._made(found, request)
        except Unmade as error:
            raise RenderError(f"the contract has no example, and {error}") from None

    def _filled(self, reply: Reply, found: _Found, request: Request) -> Reply:
        """The contract's body where the definition says a status alone."""
        bare = not reply.body() and not any(name == "content-type" for name, _ in reply.headers)
        response = found.operation.response(reply.status)
        if not bare or response is None or not response.media or reply.complaint is not None:
            return reply
        try:
            made = self._made(found, request, reply.status)
        except Unmade as error:
            complaint = f"`{found.operation.text}` has no example of {reply.status}, and {error}"
            return replace(reply, complaint=complaint)
        waits = tuple(step for step in reply.plan if isinstance(step, Wait))
        kept = tuple(each for each in reply.headers if each[0] != "content-length")
        return replace(reply, headers=(*made.headers, *kept), plan=(*waits, *made.plan))

    def _checked(self, reply: Reply, operation: Operation) -> Reply:
        """The reply, or the complaint that it breaks the contract."""
        kind = next((value for name, value in reply.headers if name == "content-type"), "")
        if reply.complaint is not None or not reply.body() or not is_json(kind):
            return reply
        try:
            wrong = breaches_of(self._contract, operation, reply.status, read_json(reply.body()))
        except BodyError as error:
            wrong = [error.message]
        if not wrong:
            return reply
        complaint = f"the reply of `{operation.text}` breaks the contract: {'; '.join(wrong)}"
        return _failed(complaint) if self._compiled.strict else replace(reply, complaint=complaint)

    def _delayed(self, reply: Reply, request: Request) -> Reply:
        latency = self._compiled.latency
        return reply if latency is None else reply.after(latency.sample(request.draw))


def _at_first_base(found: _Found, request: Request) -> Request:
    """The request as one of the first server's, where the routes of the definition are."""
    first, *others = found.operation.bases
    path = request.path
    base = next((each for each in others if each and path.startswith(f"{each}/")), None)
    if (first and path.startswith(f"{first}/")) or (base is None and not first):
        return request
    return replace(request, path=first + path[len(base or "") :])


def _refused(status: int, error: str, breach: Breach) -> Reply:
    message = f"{breach.where}: {breach.message}"
    reply = json_reply({"error": error, "message": message}, status=status)
    return replace(reply, breaches=(str(breach),))


def _failed(complaint: str) -> Reply:
    reply = json_reply({"error": "mock_failed", "message": complaint}, status=500)
    return replace(reply, complaint=complaint)
