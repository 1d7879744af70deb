"""Pages of a list: by cursor, by number, or by offset.

A cursor names the record it comes after, so that it holds while records are added and removed; a
page by number or offset shifts, as it does in real life.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.services.state.table import Record, Table, fits

Paging: TypeAlias = Literal["cursor", "page", "offset"]

MAX_LIMIT = 1000
"""How many records a client may ask for at once."""


class PageError(ValueError):
    """What the query asks for is no page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records of a list. `next` is the cursor, page number or offset of what follows."""

    records: Sequence[Record]
    total: int
    limit: int
    number: int | str | None
    next: int | str | None

    @property
    def variables(self) -> dict[str, Any]:
        """What templates see as `page`."""
        return {
            "records": list(self.records),
            "total": self.total,
            "limit": self.limit,
            "number": self.number,
            "next": self.next,
            "more": self.next is not None,
        }


def page_of(
    table: Table,
    where: Mapping[str, Any],
    query: Mapping[str, str],
    *,
    paging: Paging,
    size: int,
) -> Page:
    """The page that a query asks for with `limit` and `cursor`, `page` or `offset`, of the records
    that fit. Raises `PageError`.
    """
    limit = _number(query, "limit", size, least=1, most=MAX_LIMIT)
    after = _position(query.get("cursor")) if paging == "cursor" else 0
    fitting = [each for each in table.numbered() if fits(each[1], where)]
    if paging == "cursor":
        begun = [each for each in fitting if each[0] > after]
        shown, more = begun[:limit], len(begun) > limit
        number: int | str | None = query.get("cursor")
        following: int | str | None = _cursor(shown[-1][0]) if more else None
    else:
        number = _number(query, paging, 1 if paging == "page" else 0, least=int(paging == "page"))
        start = (number - 1) * limit if paging == "page" else number
        shown, more = fitting[start : start + limit], len(fitting) > start + limit
        following = (number + 1 if paging == "page" else start + limit) if more else None
    records = [record for _, record in shown]
    return Page(records=records, total=len(fitting), limit=limit, number=number, next=following)


def page_body(page: Page, paging: Paging) -> dict[str, Any]:
    """How a page is answered unless the definition says otherwise."""
    data = {"data": list(page.records)}
    if paging == "cursor":
        return {**data, "has_more": page.next is not None, "next_cursor": page.next}
    return {**data, paging: page.number, "limit": page.limit, "total": page.total}


def _number(
    query: Mapping[str, str], name: str, default: int, *, least: int, most: int = 10**9
) -> int:
    text = query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text):
        return min(int(text), most)
    raise PageError(f"`{name}` is {text[:100]!r}; it is a whole number from {least}")


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    head, _, number = text.partition(":")
    if head == "after" and number.isascii() and number.isdigit() and len(number) < 19:
        return int(number)
    raise PageError(f"`cursor` is {cursor[:100]!r}, which is none that was given out")
