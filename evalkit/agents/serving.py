"""Serves the ASGI agent of a suite over HTTP, for live runs and load: a process with uvicorn."""

from __future__ import annotations

import sys
from pathlib import Path

from evalkit.errors import StartError
from evalkit.live.network import LOOPBACK
from evalkit.services.asgi.protocol import check_app
from evalkit.suite import model
from evalkit.suite.loading import loaded
from evalkit.suite.outside import HttpAgent

_MAIN = "from evalkit.agents.serving import main; main()"
_NEEDED = (
    "live, an `asgi` agent is served by uvicorn, which is not installed: pip install "
    "'evalkit[live]', or say by `http: {url, start}` how it is served"
)


def served(agent: model.Agent) -> model.Agent:
    """The agent as it is run live: an ASGI application is served as one over HTTP is."""
    if agent.asgi is None:
        return agent
    # -P: a file beside the suite must not stand in for a module of Python's own.
    start = (sys.executable, "-P", "-c", _MAIN, agent.asgi, "{{ port }}")
    http = HttpAgent(url=f"http://{LOOPBACK}:{{{{ port }}}}", start=start)
    return agent.model_copy(update={"http": http})


def main() -> None:
    """Serve the application that the first argument names, in this folder, at the port that is the
    second, until SIGTERM.
    """
    target, port = sys.argv[1:]
    try:
        import uvicorn
    except ImportError:
        sys.exit(_NEEDED)
    try:
        with loaded(target, Path.cwd()) as app:
            check_app(app, target)
            uvicorn.run(
                app,
                host=LOOPBACK,
                port=int(port),
                interface="asgi3",
                ws="none",
                workers=1,  # whatever WEB_CONCURRENCY says
                timeout_graceful_shutdown=1,
                log_level="warning",
            )
    except StartError as error:
        sys.exit(str(error))
