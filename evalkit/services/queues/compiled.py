"""Queues of messages made ready: what each begins with, for whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.attribution import caller_variables
from evalkit.services.compiling import Compiler
from evalkit.services.queues.line import Line
from evalkit.services.queues.message import Lease, Message
from evalkit.services.queues.model import MessageQueuePart
from evalkit.services.template import RenderError, Template, Where
from evalkit.wire import Caller

_ID_DIGITS = 12
_MASK = (1 << (4 * _ID_DIGITS)) - 1
_SEES = ("session",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledQueue:
    """One queue. Durations are in nanoseconds."""

    name: str
    lease: int
    tries: int
    shared: bool
    ask_again: int
    prefix: str
    seed: Template

    def line(self, session: str | None, variables: Mapping[str, Any]) -> Line:
        """Its messages at the start, for the session of these variables. Raises `RenderError`."""
        bodies = self.seed.render(variables)
        if not isinstance(bodies, list | tuple):
            raise RenderError(f"the seed of the queue `{self.name}` is no list of messages")
        draw = Draw("seed", self.name, session)
        messages = (
            self.message(body, draw.at(number), 0) for number, body in enumerate(bodies, start=1)
        )
        return Line(self.tries, messages)

    def message(self, body: Any, draw: Draw, at: int) -> Message:
        """A message that is there from a moment on."""
        return Message(id=f"{self.prefix}{_drawn(draw, 'message', self.name)}", body=body, put=at)

    def leased(self, draw: Draw, at: int) -> Lease:
        """The lease of who takes a message at a moment."""
        return Lease(_drawn(draw, "lease", self.name), at + self.lease)


class Lines:
    """The queues of one service in one world: a line each, or one for each session."""

    def __init__(self, queues: Mapping[str, CompiledQueue]) -> None:
        self._queues = queues
        self._lines: dict[tuple[str, str | None], Line] = {}

    def line(self, name: str, caller: Caller | None) -> Line:
        """The line of a queue that a caller sees. Raises `RenderError` where its seed fails."""
        queue = self._queues[name]
        session = None if queue.shared or caller is None else caller.session
        found = self._lines.get((name, session))
        if found is None:
            variables = {} if queue.shared else caller_variables(caller)
            found = self._lines[name, session] = queue.line(session, variables)
        return found

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: the lines that were theirs go."""
        for session in sessions:
            for name in self._queues:
                self._lines.pop((name, session), None)


def compile_queues(parts: Mapping[str, Any], compiler: Compiler) -> Mapping[str, CompiledQueue]:
    """The queues of messages among those of a definition. Mistakes are left with the compiler."""
    return {
        name: _queue(name, part, compiler)
        for name, part in parts.items()
        if isinstance(part, MessageQueuePart)
    }


def _queue(name: str, part: MessageQueuePart, compiler: Compiler) -> CompiledQueue:
    where: Where = ("queues", name)
    seed = compiler.value((*where, "seed"), [] if part.seed is None else part.seed, _SEES)
    if part.shared and "session" in seed.names:
        message = "messages that a session brings cannot be shared: leave out `per: world`"
        compiler.refuse((*where, "per"), message)
    queue = CompiledQueue(
        name=name,
        lease=part.lease,
        tries=part.tries,
        shared=part.shared,
        ask_again=part.ask_again,
        prefix=part.prefix,
        seed=seed,
    )
    if seed.constant:
        try:
            queue.line(None, {})
        except RenderError as error:
            compiler.refuse((*where, "seed"), str(error))
    return queue


def _drawn(draw: Draw, *purpose: str) -> str:
    """An id that depends on the call that asks for it, and not on those before."""
    return f"{draw.at(*purpose).seed('id') & _MASK:0{_ID_DIGITS}x}"
