"""`swapped: true`: the reply is about another record than the one asked for."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import DataFault, every_place, put
from evalkit.faults.varied import varied
from evalkit.keyed import Draw
from evalkit.wire import Reply

_TRIES = 8


class Swapped(DataFault):
    """The reply is the one to another request: somebody else's record.

    It is the last reply of the operation to another request of the same session. Where there is
    none, it is a record that nobody has: one that the service's contract allows, or else the
    reply's own with every value varied. (Records of other sessions are not used: which of them
    came first would depend on what else is going on.)
    """

    name: ClassVar[str] = "swapped"
    bare: ClassVar[bool] = True
    remembers: ClassVar[bool] = True

    swapped: Literal[True] = Field(description="The reply is about another record")

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data of another record."""
        for each in reversed(reply.earlier):
            other = None if each.same else _read(each.body)
            if type(other) is type(value) and other != value:
                return other
        if reply.contract is not None:
            tries = (reply.contract.another(draw.at(number)) for number in range(_TRIES))
            others = (each for each in tries if type(each) is type(value) and each != value)
            return next(others, value)
        start = next(every_place(value), None)
        return value if start is None else put(value, start, lambda each: varied(each, draw))


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
