"""JSONPath expressions, as jsonpath-ng reads them, each read once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonpath_ng.jsonpath import JSONPath


@lru_cache(maxsize=1024)
def parsed(path: str) -> JSONPath:
    """The expression. Raises `ValueError` where the text is none."""
    from jsonpath_ng.parser import parse

    try:
        return parse(path)
    except Exception as error:  # its lexer and parser raise bare exceptions
        raise ValueError(
            f"this is no JSONPath: {error}; allowed: a path like $.items[0].amount"
        ) from None
