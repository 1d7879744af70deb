"""The stores of one service in one world."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.attribution import caller_variables
from evalkit.services.state.compiled import CompiledStore
from evalkit.services.state.table import Record, Table
from evalkit.wire import Caller

_ID_DIGITS = 12


class Stores:
    """Tables by store, and by session where each has its own. They are made when first asked for.

    A service and its stores live as long as their world, so no world sees another's.
    """

    def __init__(self, stores: Mapping[str, CompiledStore]) -> None:
        self._stores = stores
        self._tables: dict[tuple[str, str | None], Table] = {}

    def table(self, name: str, caller: Caller | None) -> Table:
        """The table of a store that a caller sees. Raises `RenderError` where its seed fails."""
        store = self._stores[name]
        session = None if store.shared or caller is None else caller.session
        found = self._tables.get((name, session))
        if found is None:
            variables = {} if store.shared else caller_variables(caller)
            found = self._tables[name, session] = store.table(variables)
        return found

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: the tables that were theirs go."""
        for session in sessions:
            for name in self._stores:
                self._tables.pop((name, session), None)

    def new_key(self, name: str, table: Table, draw: Draw) -> str:
        """A key that no record has. It depends on the call that asks, not on those before it."""
        number = 0
        while True:
            digits = f"{draw.at('record', name, number).seed('id') & _MASK:0{_ID_DIGITS}x}"
            key = self._stores[name].prefix + digits
            if table.get(key) is None:
                return key
            number += 1

    def views(self, caller: Caller | None) -> Mapping[str, Mapping[str, Record]]:
        """What templates see as `stores`: records by key, by store."""
        return _Views(self, tuple(self._stores), caller)


class _Views(Mapping[str, Any]):
    """Makes the view of a store when a template asks for it."""

    __slots__ = ("_caller", "_names", "_stores")

    def __init__(self, stores: Stores, names: tuple[str, ...], caller: Caller | None) -> None:
        self._stores = stores
        self._names = names
        self._caller = caller

    def __getitem__(self, name: str) -> Mapping[str, Record]:
        if name not in self._names:
            raise KeyError(name)
        return self._stores.table(name, self._caller).by_key()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


_MASK = (1 << (4 * _ID_DIGITS)) - 1
