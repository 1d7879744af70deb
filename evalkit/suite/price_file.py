"""Loads a suite's own price file, in whichever of the two forms it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from evalkit.suite.load import read_model
from evalkit.suite.prices import LiteLlmFile, PriceFile, PriceTable
from evalkit.suite.source import MAX_BYTES, Source, read_bytes
from evalkit.suite.tree import read_tree

_Form: TypeAlias = type[PriceFile] | type[LiteLlmFile]


def load_prices(path: Path, name: str) -> PriceTable:
    """The prices of a file that a suite calls by this name. Raises `SuiteError` with all mistakes.

    LiteLLM's file has 1.6 MB, of which YAML takes many seconds: what is sound JSON is read as that.
    """
    data = read_bytes(path)
    read = _sound_json(data) if path.suffix == ".json" else None
    return (read or _located(data, path)).table(name)


def _sound_json(data: bytes) -> PriceFile | LiteLlmFile | None:
    """The file, or None where anything is wrong with it: where, its reading as YAML will say."""
    if len(data) > MAX_BYTES:
        return None
    try:
        value = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
        return _form_of(value).model_validate(value)
    except (ValueError, RecursionError):
        return None


def _located(data: bytes, path: Path) -> PriceFile | LiteLlmFile:
    value = read_tree(Source.decoded(data, str(path))).value
    return read_model(data, path, _form_of(value)).value


def _form_of(value: Any) -> _Form:
    return LiteLlmFile if LiteLlmFile.looks_like(value) else PriceFile


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is written twice")
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON can hold")
