"""Serves services to httpx and httpx2 clients in ordinary tests, through respx."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from evalkit.engine.hosts import declared_hosts, host_of
from evalkit.errors import UsageError
from evalkit.services.base import Runs, Service
from evalkit.testing.bridge.carried import refuse
from evalkit.testing.definitions import Definition
from evalkit.testing.rules import GivenRule
from evalkit.testing.sessions import FIRST
from evalkit.testing.setting import Setting, read_setting
from evalkit.testing.witness import Witness
from evalkit.wire import Reply
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock, epoch_ns

if TYPE_CHECKING:
    import respx

_MISSING = "the bridge needs respx and httpx: pip install 'evalkit[pytest]' httpx"


def mocked(
    services: Mapping[str, Definition] | None = None,
    *,
    suite: str | os.PathLike[str] | None = None,
    faults: Iterable[GivenRule] = (),
    seed: int | None = None,
    starts_at: str | None = None,
    env: Mapping[str, str] | None = None,
    vars: Mapping[str, Any] | None = None,  # noqa: A002
    folder: str | os.PathLike[str] | None = None,
) -> AbstractContextManager[Mocked]:
    """Serve services to every httpx and httpx2 client, synchronous or not, while it is entered.

        with evalkit.testing.mocked({"crm": "mocks/crm.yaml"}, faults=["crm/fails-once"]) as crm:
            assert httpx.get(crm.url("crm") + "/customers/7").status_code == 503

    The arguments are those of `evalkit.testing.world`. There is no world: the test keeps its own
    time and threads, replies come at once, and a wait that is longer than the client's timeout
    raises that. A host that no service declares is refused by respx. `evalkit.testing.BRIDGE` says
    what is carried of each fault.

    Raises `UsageError` for faults and services that need a world, and `SuiteError` for mistakes.
    """
    setting = read_setting(
        services=services,
        suite=suite,
        faults=faults,
        seed=seed,
        starts_at=starts_at,
        env=env,
        vars=vars,
        folder=folder,
    )
    refuse(setting.rules)
    if wrong := [name for name, each in setting.templates.items() if each.info.kind == "asgi"]:
        raise UsageError(
            f"{', '.join(wrong)}: an ASGI application needs a loop",
            hint="use evalkit.testing.world",
        )
    return _serving(setting)


@contextmanager
def _serving(setting: Setting) -> Iterator[Mocked]:
    try:
        import respx

        from evalkit.testing.bridge.clients import routed
    except ImportError as error:
        raise UsageError(f"{_MISSING} ({error})") from error
    with ExitStack() as stack:
        router = respx.Router(assert_all_called=False)
        mock = Mocked(setting, router, stack)
        stack.enter_context(routed(router))
        token = CALLER.set(mock.caller)
        stack.callback(CALLER.reset, token)
        yield mock


class Mocked(Witness):
    """Services behind ordinary clients. `router` is respx's: a test may add routes to it."""

    def __init__(self, setting: Setting, router: respx.Router, stack: ExitStack) -> None:
        super().__init__(setting, Clock(epoch_ns(setting.starts_at)))
        self.router = router
        self._desk.callbacks = _Silent()  # type: ignore[assignment]
        self._set_environment()
        stack.callback(self._restore_environment)
        lock = RLock()
        from evalkit.testing.bridge.serving import Serving

        for name, template in setting.templates.items():
            endpoint = self._endpoint(name)
            _start(name, endpoint.service, stack)
            answer = Serving(endpoint, self._clock, lock)
            for host in (host_of(name), *declared_hosts(template.info.hosts)):
                router.route(host=host).mock(side_effect=answer)
        self._sessions.begin(FIRST, setting.vars)

    @contextmanager
    def session(
        self,
        name: str,
        vars: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Iterator[None]:
        """Make calls on behalf of a session of this name, for as long."""
        self._sessions.begin(name, vars)
        token = CALLER.set(self._sessions.caller(name, 1))
        try:
            yield
        finally:
            CALLER.reset(token)


class _Silent:
    """Webhooks are not sent: there is nobody to take them."""

    def take_on(self, place: object, caller: object, reply: Reply) -> None:
        del place, caller, reply

    def session_over(self, session: str) -> None:
        del session


def _start(name: str, service: Service, stack: ExitStack) -> None:
    """Start a service that has to be; one that waits for something of its own cannot be."""
    if isinstance(service, Runs):
        running = service.running()
        _run_now(name, running.__aenter__())
        stack.callback(lambda: _run_now(name, running.__aexit__(None, None, None)))
    if service.waits:
        raise UsageError(
            f"{name} waits for something of its own (it has `async def handle`)",
            hint="use evalkit.testing.world",
        )


def _run_now(name: str, step: Any) -> None:
    """Run a coroutine that does not wait."""
    try:
        step.send(None)
    except StopIteration:
        return
    step.close()
    raise UsageError(f"{name} waits while it starts", hint="use evalkit.testing.world")
