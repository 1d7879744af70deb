"""`stale: 1d`: the data is as it was some time ago."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from evalkit.faults.data import DataFault
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Reply

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"((?:\.[0-9]+)?(?:Z|[+-][0-9:]+)?)"
)


class Stale(DataFault):
    """The reply is what the operation said before: a cache or a replica that lags behind.

    Where the same request had another reply earlier in the session, that is the reply: a read
    after a write does not see the write. Where it had none, the days and times in the reply's JSON
    (ISO 8601) are so much earlier.
    """

    name: ClassVar[str] = "stale"
    remembers: ClassVar[bool] = True

    stale: Duration = Field(gt=0, description="How old the data is where there is no earlier reply")

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data as it was."""
        del draw
        for each in reply.earlier:
            before = _read(each.body)
            if each.same and before is not None and before != value:
                return before
        return _aged(value, timedelta(microseconds=self.stale / 1000))


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _aged(value: Any, age: timedelta) -> Any:
    """The value with all days and times that much earlier."""
    if isinstance(value, dict):
        return {name: _aged(each, age) for name, each in value.items()}
    if isinstance(value, list):
        return [_aged(each, age) for each in value]
    if not isinstance(value, str):
        return value
    try:
        if _DAY.fullmatch(value):
            # A day is the least that a date can be older.
            return (date.fromisoformat(value) - max(age, timedelta(days=1))).isoformat()
        if found := _MOMENT.fullmatch(value):
            earlier = datetime.fromisoformat(found[1]) - age
            unit = "seconds" if found[1].count(":") == 2 else "minutes"
            return earlier.isoformat(sep=value[10], timespec=unit) + found[2]
    except (ValueError, OverflowError):
        pass
    return value
