"""Stores made ready: their seeds compiled, their files read, every mistake found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.services.compiling import Compiler
from evalkit.services.state.model import StorePart
from evalkit.services.state.table import Record, RecordError, Table
from evalkit.services.template import RenderError, Template, Where

_SEES = ("session",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledStore:
    """One store: its key, whose it is, and what it begins with."""

    name: str
    key: str
    shared: bool
    prefix: str
    seed: Template

    def table(self, variables: Mapping[str, Any]) -> Table:
        """Its records at the start, for the session of these variables. Raises `RenderError`."""
        seed = self.seed.render(variables)
        records = [seed] if isinstance(seed, Mapping) else seed
        if records is None:
            records = []
        if not isinstance(records, list) or not all(isinstance(one, Mapping) for one in records):
            raise RenderError(f"the seed of the store `{self.name}` is no list of records")
        try:
            return Table(self.key, records)
        except RecordError as error:
            raise RenderError(f"the seed of the store `{self.name}`: {error}") from None


def compile_stores(
    parts: Mapping[str, StorePart], compiler: Compiler, folder: Path
) -> Mapping[str, CompiledStore]:
    """The stores of a definition in this folder. Mistakes are left with the compiler."""
    return {name: _store(name, part, compiler, folder) for name, part in parts.items()}


def _store(name: str, part: StorePart, compiler: Compiler, folder: Path) -> CompiledStore:
    where: Where = ("stores", name)
    if part.source is None:
        seed = [] if part.seed is None else part.seed
        template = compiler.value((*where, "seed"), seed, _SEES)
    else:
        records = _read(folder / part.source, (*where, "from"), compiler)
        template = Template(None, records, frozenset())  # data, whatever its texts look like
    if part.shared and "session" in template.names:
        message = "records that a session brings cannot be shared: leave out `per: world`"
        compiler.refuse((*where, "per"), message)
    store = CompiledStore(
        name=name, key=part.key, shared=part.shared, prefix=part.prefix, seed=template
    )
    if template.constant:
        _check(store, (*where, "seed" if part.source is None else "from"), compiler)
    return store


def _check(store: CompiledStore, where: Where, compiler: Compiler) -> None:
    try:
        store.table({})
    except RenderError as error:
        compiler.refuse(where, str(error))


def _read(path: Path, where: Where, compiler: Compiler) -> list[Record]:
    """The records of a JSON or JSONL file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        compiler.refuse(
            where, f"{path} cannot be read: {error}", allowed=sorted(beside), given=path.name
        )
        return []
    try:
        return _json(text) if path.suffix == ".json" else _lines(text)
    except ValueError as error:
        compiler.refuse(where, f"{path.name}: {error}")
        return []


def _json(text: str) -> list[Record]:
    try:
        found: list[Record] = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found


def _lines(text: str) -> list[Record]:
    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number} is not JSON: {error}") from None
    return records
