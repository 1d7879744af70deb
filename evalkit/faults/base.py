"""What every fault is: frozen settings whose fields are its YAML, and one pure transformation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from evalkit.keyed import Draw
from evalkit.wire import Reply


class Fault(BaseModel):
    """One way for a call or a connection to go wrong.

    The first field bears the fault's `name`, so that `{status: 503}` names the fault and sets it.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    name: ClassVar[str]
    """The key that names the fault in YAML and labels its figures."""

    connects: ClassVar[bool] = False
    """Whether it acts on the connection, before there is a request."""

    of_agent: ClassVar[bool] = False
    """Whether it befalls the agent itself, and no call."""

    calls_back: ClassVar[bool] = False
    """Whether it acts on a webhook: see `evalkit.faults.callbacks`."""

    follows: ClassVar[bool] = False
    """Whether it can change a reply whose body is still being made: see `evalkit.wire.Stream`."""

    breaks: ClassVar[bool] = True
    """Whether a client that receives its consequence has no usable reply."""

    bare: ClassVar[bool] = False
    """Whether its name alone is enough: `inject: reset` for `inject: {reset: true}`."""

    remembers: ClassVar[bool] = False
    """Whether it needs to know what the operation replied before: `evalkit.wire.Reply.earlier`."""

    SAYS: ClassVar[int] = 0
    MANNER: ClassVar[int] = 1
    TELLS: ClassVar[int] = 2
    SENDS: ClassVar[int] = 3
    order: ClassVar[int] = SENDS
    """When it applies among the faults of a call: first those of what a model says, then of how it
    speaks, of how its API tells that, and of how that is sent. Within each, as written.
    """

    templated: ClassVar[tuple[str, ...]] = ()
    """The fields in which templates over the session may stand."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {value: True} if isinstance(value, str) else value

    def for_kind(self, kind: str) -> Fault:
        """The fault as it acts on a service of this kind; most act alike on all."""
        del kind
        return self

    def grown(self, at: int, call: int) -> Fault:
        """The fault as it is `at` nanoseconds after its rule's beginning (that of its window, else
        of the world), at the call-th request of the operation in the session; most never change.
        """
        del at, call
        return self

    def filled(self, values: Mapping[str, Any]) -> Fault:
        """The fault with the values of some of its fields filled in."""
        return type(self).model_validate({**self.model_dump(exclude_unset=True), **values})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply under this fault; the steps it adds or changes bear its name."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """What a client meets while it connects: a wait in nanoseconds, then perhaps a refusal, or a
    name that is not known.
    """

    wait: int = 0
    refused: bool = False
    unknown: bool = False


class ConnectFault(Fault):
    """A fault that a client meets while it connects; no request and no reply come into it."""

    connects: ClassVar[bool] = True

    def connect(self, connecting: Connecting, draw: Draw) -> Connecting:
        """What the client meets under this fault."""
        raise NotImplementedError

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as it is: a connection that came about is none of this fault's business."""
        del draw
        return reply
