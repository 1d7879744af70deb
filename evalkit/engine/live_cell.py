"""Runs one cell live: real sockets, a real clock, and the agent a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import replace

from evalkit.agents import open_process
from evalkit.agents.living import Kill, Process
from evalkit.engine.cell import Cell
from evalkit.engine.correlating import correlating
from evalkit.engine.early import Early
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.hosts import declared_hosts, host_of
from evalkit.engine.logs import LogBook
from evalkit.engine.sessions import DEFAULT_CONCURRENCY
from evalkit.journal.records import End
from evalkit.keyed import Draw
from evalkit.live.attribution import Correlate
from evalkit.live.door import Entrance
from evalkit.live.environment import without_proxies
from evalkit.live.meter import Fidelity
from evalkit.live.namespace import enter_namespace
from evalkit.live.surroundings import Surroundings, Urls
from evalkit.live.world import LiveWorld
from evalkit.services.template import compile_value

MOST_PROCESSES = 4
"""Processes of an agent that takes one turn at a time, where the suite does not say how many."""


class LiveCell(Cell):
    """One cell in a live world."""

    _world: LiveWorld

    def _make_world(self) -> LiveWorld:
        assert self._plan.live is not None
        if self._plan.live.egress == "enforced":
            enter_namespace()
        self._proxies: dict[int, Mapping[str, str]] = {}
        self._ports: dict[int, dict[str, int]] = {}
        self._surroundings: Surroundings | None = None
        self._begun: set[str] = set()
        self._early: Early | None = None
        late = self._plan.suite.agent.late
        # No two scenarios tell their agents the same trace.
        seed = Draw(self._plan.seed, self._key.scenario).seed("traces")
        return LiveWorld(seed=seed, journal=self._journal, late=late)

    def _sessions_begin(self) -> None:
        if self._replay is not None:
            self._count_from(self._world.clock.now)
        self._world.meter.start()
        if self._plan.early:
            self._early = Early(self._plan, self._scenario)

    def _count_from(self, now: int) -> None:
        """Have sessions arrive, and faults come and go, as long after the agent is up as is said:
        how long it took to start is no latency.
        """
        self._desk.origin = now
        self._sessions = tuple(
            each if each.arrival is None else replace(each, arrival=each.arrival + now)
            for each in self._sessions
        )

    def _arriving(self, session: str) -> None:
        super()._arriving(session)
        self._begun.add(session)

    def _over(self, session: str, end: End, took: int) -> None:
        super()._over(session, end, took)
        if self._early is not None and self._early.lost_by(session, end, took):
            assert self._replay is not None
            self._replay.stop()

    def position(self) -> object:
        """Something that changes as long as the cell moves: real time does by itself, and whatever
        may wait has a deadline.
        """
        return object() if self._judging or not self._in_sessions else self._world.clock.now

    def _run(self) -> bool:
        self._world.run(self._main())
        book = LogBook(self._journal, self._world.clock)
        for line in self._output().splitlines():
            book.write("output", "INFO", line, {})
        if self._early is not None and self._early.why is not None:
            self._leave_out()
        return not self._world.stopped

    def _leave_out(self) -> None:
        """Nothing more is known of the sessions that were not begun."""
        begun = tuple(each for each in self._sessions if each.id in self._begun)
        cells = (*self._scenario.cells[: self._key.index], begun)
        self._sessions, self._scenario = begun, replace(self._scenario, cells=cells)

    def _stopped(self) -> str | None:
        return None if self._early is None else self._early.why

    def _listening(self) -> AbstractContextManager[None]:
        """The agent is another process: of its log is known what it prints, without whose it is."""
        return nullcontext()

    # Services ----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        groups = range(self._groups + 1)
        self._ports = {group: {} for group in groups}
        hosts: dict[int, dict[str, Entrance]] = {group: {} for group in groups}
        for template in self._templates:
            endpoint = self._endpoint(template)
            correlate = correlating(self._plan.suite.services[template.info.name].correlate)
            for group in groups:
                entrance = self._entrance(endpoint, group, correlate)
                port = await self._world.network.listen(entrance)
                self._ports[group][template.info.name] = port
                for host in (host_of(template.info.name), *declared_hosts(template.info.hosts)):
                    hosts[group][host] = entrance
        await self._proxy(hosts)
        self._surroundings = await self._made_surroundings()

    def _port_of(self, service: str) -> int:
        """Where a service listens; 0 for any free port."""
        del service
        return 0

    async def _proxy(self, hosts: Mapping[int, Mapping[str, Entrance]]) -> None:
        """Have a proxy lead to the services by the hosts that they declare."""
        assert self._plan.live is not None
        if self._plan.live.egress == "open":
            return
        from evalkit.live.authority import Authority
        from evalkit.live.proxy import Proxy, proxied

        world, authority = self._world, Authority()
        for group, known in hosts.items():

            def unmocked(host: str, group: int = group) -> None:
                world.unmocked(host, world.attribution.at(group))

            url = await Proxy(world.network, authority, known, unmocked).listen()
            self._proxies[group] = proxied(url, authority.path)

    @property
    def _groups(self) -> int:
        """How many processes of the agent have ports of their own."""
        agent = self._plan.suite.agent
        if agent.http is not None:
            return 0
        settings = self._scenario.settings
        at_a_time = agent.concurrency or settings.concurrency or DEFAULT_CONCURRENCY
        return min(agent.processes or min(at_a_time, MOST_PROCESSES), max(1, len(self._sessions)))

    def _entrance(
        self, endpoint: ServiceEndpoint, group: int, correlate: Correlate | None
    ) -> Entrance:
        world = self._world
        return Entrance(
            endpoint=endpoint,
            attribution=world.attribution,
            lives=world.lives,
            own=world.meter.own,
            port=group,
            correlate=correlate,
        )

    async def _made_surroundings(self) -> Surroundings:
        world = self._world
        if self._plan.suite.agent.callback is not None:
            port = await world.network.serve(lambda: world.network.plain(self._mailbox))
            self._mailbox.url = f"http://{world.network.reached}:{port}"
        return Surroundings(
            environment=self._environment,
            urls=self._urls_for,
            attribution=world.attribution,
            lives=world.lives,
            processes=self._groups,
        )

    # What the agent is told --------------------------------------------------------------------

    def _environment(self, group: int, url: str) -> Mapping[str, str]:
        plan = self._plan
        assert plan.live is not None
        known = {"services": self._urls(group), "agent": {"url": url}}
        own = {
            name: str(compile_value(text).render(known))
            for name, text in plan.suite.agent.env.items()
        }
        proxy = self._proxies.get(group, {})
        return {**without_proxies(plan.live.environment), **proxy, **own}

    def _urls(self, group: int, prefix: str = "") -> Urls:
        host = self._world.network.reached
        ports = self._ports[group]
        return {name: {"url": f"http://{host}:{port}{prefix}"} for name, port in ports.items()}

    def _urls_for(self, session: str) -> Urls:
        return self._urls(0, self._world.attribution.prefix(session))

    def _open(self, kill_by: Callable[[Kill], None] | None) -> AbstractAsyncContextManager[Process]:
        return open_process(
            self._plan.suite.agent,
            self._plan.path.parent.resolve(),
            kill_by,
            self._mailbox,
            self._surroundings,
        )

    # What came of it ---------------------------------------------------------------------------

    def _opened(self) -> None:
        """The agent is another process: what it read is not known."""

    def _fidelity(self) -> Fidelity:
        return self._world.fidelity()

    def _output(self) -> str:
        return "" if self._surroundings is None else self._surroundings.output.text
