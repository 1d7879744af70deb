"""`wrong_value: true`: a value is what the contract allows, and is not the truth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.faults.data import PATH, DataFault, DataPath, Where, at, edit, every_place, places, put
from evalkit.faults.varied import varied
from evalkit.keyed import Draw
from evalkit.wire import Allows, Reply


class WrongValue(DataFault):
    """A value of the reply's JSON is another of the same type and look, and the reply still fits
    the contract of its service.

    A service made from a contract takes the other value from there. Of any other service, numbers,
    truth values, dates and texts with digits are changed, for of words nobody knows which others
    are allowed; with `path`, whatever it finds.
    """

    name: ClassVar[str] = "wrong_value"
    bare: ClassVar[bool] = True

    wrong_value: Literal[True] = Field(description="A value is valid and wrong")
    path: DataPath | None = Field(None, description=PATH)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data with the value changed."""
        if self.path is None:
            return _one_changed(value, reply.contract, draw)
        for where in places(self.path, value, _is_scalar, draw):
            value = _changed_at(value, where, reply.contract, draw) or value
        return value


def _one_changed(value: Any, contract: Allows | None, draw: Draw) -> Any:
    """The data with the first place changed, in drawn order, of which another value is known."""
    fitting = [where for where in every_place(value) if _is_scalar(where, at(value, where))]
    for where in sorted(fitting, key=lambda each: draw.unit(f"order {each}")):
        if contract is None and not _is_telling(at(value, where)):
            continue
        changed = _changed_at(value, where, contract, draw)
        if changed is not None:
            return changed
    return value


def _changed_at(value: Any, where: Where, contract: Allows | None, draw: Draw) -> Any:
    """The data with this place changed; None where no other value is allowed there."""
    before = at(value, where)
    for other in _others(before, where, contract, draw.at(*where)):
        if other == before or type(other) is not type(before):
            continue
        changed = edit(value, [where], partial(_replaced, other))
        if contract is None or contract.allows(changed):
            return changed
    return None


def _replaced(other: Any, holder: Any, name: str | int) -> Any:
    return put(holder, (name,), lambda _: other)


def _others(before: Any, where: Where, contract: Allows | None, draw: Draw) -> Iterator[Any]:
    yield varied(before, draw)
    for number in range(8 if contract is not None else 0):
        assert contract is not None
        try:
            yield at(contract.another(draw.at("another", number)), where)
        except (KeyError, IndexError, TypeError):
            continue


def _is_scalar(where: Where, value: Any) -> bool:
    return bool(where) and isinstance(value, bool | int | float | str) and value != ""


def _is_telling(value: Any) -> bool:
    return not isinstance(value, str) or any(char in "0123456789" for char in value)
