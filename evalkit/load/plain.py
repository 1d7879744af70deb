"""Locust as it finds its way to evalkit: what it is told, and evalkit started by it, where Locust
was started by somebody else.
"""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gevent
from locust.runners import WorkerRunner

from evalkit.live.network import EVERYWHERE, is_loopback
from evalkit.load.desk import Desk, Refused
from evalkit.load.exposition import expose

CONTROL, TOKEN = "EVALKIT_LOAD_CONTROL", "EVALKIT_LOAD_TOKEN"
_ENDING = 300.0  # seconds that evalkit has to judge and report


def add_options(parser: Any) -> None:
    """What Locust is told of evalkit. Workers are told by their master."""
    parser.add_argument(
        "--suite", env_var="EVALKIT_SUITE", help="The suite file", include_in_web_ui=False
    )
    parser.add_argument(
        "--evalkit",
        default="",
        help="What else `evalkit load` is told, in one word",
        include_in_web_ui=False,
    )
    parser.add_argument(
        "--desk",
        env_var=CONTROL,
        metavar="HOST:PORT",
        help="Where `evalkit load SUITE --desk HOST:PORT` gives out turns",
        include_in_web_ui=False,
    )
    parser.add_argument(
        "--desk-token",
        env_var=TOKEN,
        help="What that asks for",
        include_in_web_ui=False,
        is_secret=True,
    )


def introduced(desk: Desk) -> Callable[..., None]:
    """What a process of Locust's does first, whose users come to a desk."""

    def listener(environment: Any, runner: Any, web_ui: Any = None, **_: Any) -> None:
        options = environment.parsed_options
        desk.when_closed = lambda: gevent.spawn(runner.quit)
        if isinstance(runner, WorkerRunner):
            return
        expose(environment, web_ui)
        process = None
        if options.desk is None:
            if not options.suite:
                raise SystemExit("which suite? add --suite FILE, or run `evalkit load FILE`")
            process = _evalkit(environment)
        try:  # evalkit ends where nobody keeps a connection any more
            directed(desk, environment)
            desk.open(lambda: process is None or process.poll() is None)
        except Refused as error:
            why = f"evalkit: {error}"
            raise SystemExit(why if process is None else process.wait(_ENDING)) from error
        if desk.address is not None and not is_loopback(desk.address[0]):
            options.desk_token = None  # workers know it; it is not told over the network
        environment.events.test_stopping.add_listener(lambda **_: desk.say(over=True))

    return listener


def directed(desk: Desk, environment: Any) -> None:
    """Tell a desk's connection where it leads, as soon as this process knows. Raises `Refused`."""
    options = environment.parsed_options
    if desk.address is not None:
        return
    if options.desk is None:
        raise Refused("its master knows of no desk: start the master by `evalkit load --master`")
    host, _, port = options.desk.rpartition(":")
    master = getattr(environment.runner, "master_host", None)
    if master is not None and (host in EVERYWHERE or is_loopback(host)):
        host = master  # the master's own machine, as this one knows it
    desk.address = host.strip("[]"), int(port)
    desk.token = options.desk_token or os.environ.get(TOKEN, "")


def give_up(environment: Any, why: str) -> None:
    """End this process of Locust's, which is of no use."""
    if environment.process_exit_code is None:
        environment.process_exit_code = 2
        sys.stderr.write(f"evalkit: {why}\n")
        gevent.spawn(environment.runner.quit)


def _evalkit(environment: Any) -> subprocess.Popen[bytes]:
    """Start evalkit, which serves mocks and agent. It ends when users stop, and Locust with it."""
    options = environment.parsed_options
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options.desk, options.desk_token = f"127.0.0.1:{port}", secrets.token_hex(16)
    command = [sys.executable, "-P", "-m", "evalkit", "load", options.suite, "--desk", options.desk]
    process = subprocess.Popen(
        [*command, *shlex.split(options.evalkit)],
        env={**os.environ, TOKEN: options.desk_token},
        stdin=subprocess.DEVNULL,
    )

    def quitting(**_: Any) -> None:
        try:
            environment.process_exit_code = process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.terminate()

    environment.events.quitting.add_listener(quitting)
    return process
