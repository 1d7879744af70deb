"""A change of a contract, and whether it breaks those who rely on the version before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `operation` is None where it is about the contract as a whole; `where` is like
    `query.limit`, `body.items.amount` or `200.body.id`.
    """

    breaking: bool
    operation: str | None
    where: str
    message: str

    def __str__(self) -> str:
        word = "breaking" if self.breaking else "compatible"
        place = " ".join(filter(None, (self.operation, self.where)))
        return f"{word:<10}  {place}: {self.message}" if place else f"{word:<10}  {self.message}"
