"""The base of services that are written in Python, for what YAML cannot say."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from evalkit.wire import Reply, Request


class PythonService:
    """A service of your own. An object is made for every world; what it remembers is its fields.

    A ledger that numbers its entries, in `ledger.py` beside the definition:

        from evalkit.services import Effect, PythonService, Reply, Request

        class Ledger(PythonService):
            def __init__(self, name: str, first: int = 1) -> None:
                super().__init__(name)
                self.next = first

            def operation(self, request: Request) -> str:
                return "append" if request.method == "POST" else "read"

            def handle(self, request: Request) -> Reply:
                entry = request.json()
                number = str(self.next)
                self.next += 1
                done = Reply.json({"number": number}, status=201)
                return done.committing(Effect(name="entry", key=(number,), data=entry))

    and the definition, whose `with` are the arguments of the class beside its name:

        service: python
        class: ledger.py:Ledger
        with: {first: 100}
        latency: 40ms

    Faults, quotas and the journal work as for every other service.
    """

    def __init__(self, name: str, **settings: Any) -> None:
        """`name` is what the suite calls the service, `settings` what stands under `with`."""
        self.name = name
        self.settings = settings

    def operation(self, request: Request) -> str:
        """What the request asks for; labels every figure, and is what faults aim at.

        Keep it free of ids, or each of them is an operation of its own.
        """
        return f"{request.method} {request.path}"

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """The healthy reply. It may be `async`, and wait in the world's time.

        `request.at` is the world time in nanoseconds, `request.caller` the session on whose behalf
        it was made, `request.draw` the randomness that belongs to the call. What is to be changed
        belongs into the effects of the reply (`Effect.commit`): a fault may have it lost or made
        twice. What it raises is a 500 with a complaint.
        """
        raise NotImplementedError
