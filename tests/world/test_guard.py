"""Child processes, blocking sockets and unmocked egress are refused, with an error that helps."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import multiprocessing
import os
import pty
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.errors import RefusedInWorld
from evalkit.journal.records import Finding, Severity
from tests.world.endpoints import HOST, always, foreign_thread, on_behalf, run
from tests.world.test_http import OK

LIVE = "hint: run this agent live instead"
TRUE = shutil.which("true") or "/bin/true"


def _process_pool(method: str) -> None:
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(int).result()


CHILDREN: dict[str, Callable[[], Any]] = {
    "subprocess.run": lambda: subprocess.run([TRUE], check=True),
    "subprocess.Popen": lambda: subprocess.Popen([TRUE]),
    "subprocess shell": lambda: subprocess.getoutput("true"),
    "os.system": lambda: os.system("true"),
    "os.popen": lambda: os.popen("true"),
    "os.fork": os.fork,
    "os.posix_spawn": lambda: os.posix_spawn(TRUE, [TRUE], {}),
    "os.spawnv": lambda: os.spawnv(os.P_WAIT, TRUE, [TRUE]),
    "os.execv": lambda: os.execv(TRUE, [TRUE]),
    "pty.fork": pty.fork,
    "multiprocessing fork": lambda: multiprocessing.get_context("fork").Process(target=int).start(),
    "multiprocessing spawn": lambda: (
        multiprocessing.get_context("spawn").Process(target=int).start()
    ),
    "process pool": lambda: _process_pool("spawn"),
}


@pytest.mark.parametrize("start", CHILDREN.values(), ids=CHILDREN.keys())
@pytest.mark.parametrize("on", ["a thread", "the loop's thread"])
def test_a_child_process_is_refused(start: Callable[[], Any], on: str) -> None:
    async def agent() -> str:
        with pytest.raises(RefusedInWorld) as caught:
            await asyncio.to_thread(start) if on == "a thread" else start()
        return str(caught.value)

    ran = run(agent())

    assert ran.value.startswith("the agent started a child process: ")
    assert LIVE in ran.value
    assert ran.findings
    assert all("child process" in message for message in ran.findings)


@pytest.mark.parametrize("shell", [False, True])
def test_an_asynchronous_child_process_is_refused(shell: bool) -> None:
    async def agent() -> None:
        start = asyncio.create_subprocess_shell if shell else asyncio.create_subprocess_exec
        with pytest.raises(RefusedInWorld, match="run this agent live"):
            await start(TRUE)

    assert run(agent()).findings[0].startswith("the agent started a child process: ")


SOCKETS: dict[str, Callable[[], Any]] = {
    "create_connection": lambda: socket.create_connection((HOST, 80)),
    "create_connection by address": lambda: socket.create_connection(("127.0.0.1", 9)),
    "connect": lambda: _with_socket(lambda it: it.connect(("127.0.0.1", 9))),
    "connect_ex": lambda: _with_socket(lambda it: it.connect_ex(("127.0.0.1", 9))),
    "sendto": lambda: _with_socket(lambda it: it.sendto(b"x", ("127.0.0.1", 9)), socket.SOCK_DGRAM),
    "sendmsg": lambda: _with_socket(
        lambda it: it.sendmsg([b"x"], [], 0, ("127.0.0.1", 9)), socket.SOCK_DGRAM
    ),
    "getaddrinfo": lambda: socket.getaddrinfo(HOST, 80),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "gethostbyaddr": lambda: socket.gethostbyaddr("127.0.0.1"),
    "urllib": lambda: urllib.request.urlopen(f"http://{HOST}/"),
    "bind": lambda: _with_socket(lambda it: it.bind(("127.0.0.1", 0))),
    "a server": lambda: socket.create_server(("127.0.0.1", 0)),
}


def _with_socket(use: Callable[[socket.socket], Any], kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(type=kind) as made:
        use(made)


@pytest.mark.parametrize("use", SOCKETS.values(), ids=SOCKETS.keys())
@pytest.mark.parametrize("on", ["a thread", "the loop's thread"])
def test_a_blocking_socket_is_refused(use: Callable[[], Any], on: str) -> None:
    async def agent() -> str:
        # urllib wraps what it catches.
        with pytest.raises(OSError, match="the agent (used|opened)") as caught:
            await asyncio.to_thread(use) if on == "a thread" else use()
        return str(caught.value)

    ran = run(agent(), always(OK))

    assert LIVE in ran.value
    assert ran.findings


def test_a_refusal_is_a_finding_of_the_session_that_caused_it() -> None:
    async def call() -> None:
        with pytest.raises(RefusedInWorld):
            await asyncio.to_thread(os.system, "true")

    async def agent() -> None:
        await asyncio.create_task(on_behalf("ann", call()))

    [finding] = run(agent()).world.journal.records

    assert isinstance(finding, Finding)
    assert (finding.session, finding.turn, finding.severity) == ("ann", 1, Severity.VIOLATION)
    assert finding.check == "fits-simulation"


def test_a_library_that_looks_for_ipv6_while_it_is_imported_is_no_finding() -> None:
    connection = pytest.importorskip("urllib3.util.connection")

    async def agent() -> bool:
        return bool(importlib.reload(connection).HAS_IPV6)

    ran = run(agent())
    importlib.reload(connection)
    assert ran.value is False
    assert not ran.findings


def test_a_pair_of_sockets_within_the_process_is_allowed() -> None:
    async def agent() -> bytes:
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=near)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(far, b"hello")
        heard = await reader.readexactly(5)
        writer.write(b"back")
        heard += await loop.sock_recv(far, 9)
        writer.close()
        await writer.wait_closed()
        far.close()
        return heard

    ran = run(agent())

    assert (ran.value, ran.now, ran.findings) == (b"helloback", 0, [])


SEAMS: dict[str, Callable[[asyncio.AbstractEventLoop], Any]] = {
    "UDP": lambda loop: loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", 9)
    ),
    "a Unix socket": lambda loop: loop.create_unix_connection(asyncio.Protocol, "/run/x.sock"),
    "a server": lambda loop: loop.create_server(asyncio.Protocol, "127.0.0.1", 0),
    "a Unix server": lambda loop: loop.create_unix_server(asyncio.Protocol, "/tmp/x.sock"),
    "asyncio.start_server": lambda _: asyncio.start_server(lambda *_: None, "127.0.0.1", 0),
    "asyncio.open_unix_connection": lambda _: asyncio.open_unix_connection("/run/x.sock"),
}


@pytest.mark.parametrize("use", SEAMS.values(), ids=SEAMS.keys())
def test_what_the_loop_does_not_carry_is_refused(use: Callable[..., Any]) -> None:
    async def agent() -> str:
        with pytest.raises(RefusedInWorld) as caught:
            await use(asyncio.get_running_loop())
        return str(caught.value)

    ran = run(agent())

    assert LIVE in ran.value
    assert len(ran.findings) == 1


@pytest.mark.parametrize("use", ["sock_sendall", "sock_recv", "sock_recv_into"])
def test_a_bare_socket_to_a_service_is_refused(use: str) -> None:
    arguments = {"sock_sendall": b"x", "sock_recv": 9, "sock_recv_into": bytearray(9)}

    async def agent() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as made:
            made.setblocking(False)
            await loop.sock_connect(made, (HOST, 80))
            with pytest.raises(RefusedInWorld, match="bare socket"):
                await getattr(loop, use)(made, arguments[use])

    run(agent(), always(OK))


@pytest.mark.parametrize("where", ["nowhere.test", "203.0.113.9", "::1", "localhost"])
def test_unmocked_egress_is_refused_and_found(where: str) -> None:
    async def agent() -> None:
        with pytest.raises(OSError, match=r"not known|failed"):
            await asyncio.open_connection(where, 443)

    async def on_behalf_of_ann() -> None:
        await asyncio.create_task(on_behalf("ann", agent()))

    ran = run(on_behalf_of_ann(), always(OK))
    [finding] = ran.world.journal.records

    assert isinstance(finding, Finding)
    assert finding.message == f"the agent tried to reach {where}:443, which no service declares"
    assert finding.hint is not None
    assert f"hosts: [https://{where}]" in finding.hint
    assert (finding.session, finding.check) == ("ann", "no-unmocked-egress")


def test_a_thread_of_no_world_reaches_no_network_either() -> None:
    errors: list[OSError] = []

    def report() -> None:
        for reach in (lambda: socket.create_connection(("203.0.113.9", 9)),
                      lambda: socket.getaddrinfo("nowhere.test", 80)):  # fmt: skip
            try:
                reach()
            except OSError as error:
                errors.append(error)

    async def agent() -> None:
        foreign_thread(report).start()
        while len(errors) < 2:
            await asyncio.sleep(1)

    ran = run(agent())

    assert [type(error) for error in errors] == [ConnectionRefusedError] * 2
    assert ran.findings == []


def test_nothing_is_refused_outside_of_a_world() -> None:
    run(asyncio.sleep(1))

    assert subprocess.run([TRUE], check=False).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=lambda: server.accept()[0].close())
        accepting.start()
        socket.create_connection(server.getsockname()).close()
        accepting.join()


def test_the_hook_costs_little_outside_of_a_world() -> None:
    run(asyncio.sleep(1))
    began = time.perf_counter()
    for _ in range(1000):
        sys.audit("evalkit.test", 1)
    print(f"an audit event costs {(time.perf_counter() - began) * 1000:.2f} µs")

    assert sys.audit("subprocess.Popen", TRUE, [TRUE], None, None) is None
