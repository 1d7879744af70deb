"""What an application sends in answer to one request, as steps of a reply: what has come, and what
is still to come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from evalkit.services.asgi.protocol import Message
from evalkit.wire import Cut, Headers, Request, Send, Step, Wait
from evalkit.world.clock import Clock

KEPT = 256 * 1024
"""How many bytes of a body are kept once they were played."""

LARGEST = 64 * 1024 * 1024
"""How many bytes a response may have."""


class Recording:
    """One exchange with the application. It is the stream of a reply that is still being made."""

    def __init__(self, request: Request) -> None:
        self.status: int | None = None
        self.headers: Headers = ()
        self.complaint: str | None = None
        self.over = False
        self.begun = asyncio.Event()
        self._request = request
        self._given = False
        self._since = self._until = 0
        self._left = asyncio.Event()
        self._ended = asyncio.Event()
        self._steps: list[tuple[int, Step]] = []  # each with when it came
        self._body = bytearray()
        self.size = 0
        self._heard: Callable[[Step | None], None] | None = None

    # The application ---------------------------------------------------------------------------

    async def receive(self) -> Message:
        """The request, then that the client has gone."""
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response. What is no part of one is the application's mistake."""
        kind = message["type"]
        if self.over:
            return
        if kind == "http.response.start" and self.status is None:
            self.status, self.headers = _start(message)
            self._since = _now()
            self.begun.set()
        elif kind == "http.response.body" and self.status is not None:
            self._came(Send(bytes(message.get("body", b""))))
            if not message.get("more_body", False):
                self.end()
        else:
            raise RuntimeError(f"the application sent {kind} where it has no place")

    def fail(self, complaint: str) -> None:
        """The application cannot go on; a response that has begun breaks off."""
        self.complaint = self.complaint or complaint
        if not self.over:
            if self.status is not None:
                self._came(Cut())
            self.end()

    def end(self) -> None:
        """Nothing more comes."""
        self.over, self._until = True, _now()
        self.begun.set()
        self._ended.set()
        self._left.set()
        if self._heard is not None:
            self._heard(None)

    def _came(self, step: Step) -> None:
        if isinstance(step, Send):
            if not step.data:
                return
            self.size += len(step.data)
            if self.size > LARGEST:
                raise RuntimeError(f"the response is larger than {LARGEST:,} bytes")
            self._body += step.data[: max(0, KEPT - len(self._body))]
        if self._heard is not None:
            self._heard(step)
        else:
            self._steps.append((_now(), step))

    # The stream --------------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether the response is here, complete."""
        return self.over and self.status is not None and self.complaint is None

    @property
    def sends(self) -> tuple[Step, ...]:
        """The steps of a response that is over, without the time between them."""
        return tuple(step for _, step in self._steps)

    def body(self) -> bytes:
        """The beginning of the body, as far as it has come."""
        return bytes(self._body)

    def listen(self, heard: Callable[[Step | None], None]) -> None:
        """Tell the steps that have come, in order, then each as it comes; None is the end."""
        late = _now() - self._since  # a stream that begins to be heard late is as late throughout
        loop = asyncio.get_running_loop()

        def hear(step: Step | None, at: int) -> None:
            if late:
                loop.call_at(Clock.loop_time(at + late), heard, step)
            else:
                heard(step)

        steps, self._steps = self._steps, []
        for at, step in steps:
            hear(step, at)
        if self.over:
            hear(None, self._until)
        else:
            self._heard = lambda step: hear(step, _now())

    def leave(self) -> None:
        """The client has gone. The application may go on, as under any server."""
        self._heard = _nobody
        self._left.set()

    async def gathered(self) -> tuple[Step, ...]:
        """All steps with the waits between them, once there are no more."""
        began = _now()
        await self._ended.wait()
        steps: list[Step] = []
        for at, step in self._steps:
            if at > began:
                steps.append(Wait(at - began))
                began = at
            steps.append(step)
        return tuple(steps)


def _start(message: Message) -> tuple[int, Headers]:
    status: Any = message["status"]
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise RuntimeError(f"the application sent the status {status!r}")
    headers = tuple(
        (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
        for name, value in message.get("headers", ())
    )
    return int(status), headers


def _now() -> int:
    return Clock.moment(asyncio.get_running_loop().time())


def _nobody(step: Step | None) -> None:
    """Tell nobody."""
