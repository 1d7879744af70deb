"""What the agent knows of one conversation. None of it is ever shown to a model as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from agents import RunState
from agents.items import ToolApprovalItem
from pydantic import BaseModel, Field

Outcome: TypeAlias = Literal["answered", "degraded", "hold", "escalated", "refused"]
Item: TypeAlias = Any
"""An item of a conversation as the Responses API takes it."""


class Terms(BaseModel):
    """What a customer wants to borrow, in whole euros and months."""

    amount: int = Field(ge=500, le=75_000)
    months: int = Field(ge=6, le=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who speaks, by the bank's own login and not by what they say."""

    id: str
    name: str
    national_id: str
    language: str

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Customer:
        """The customer who is logged in."""
        return cls(
            id=known["customer_id"],
            name=known["name"],
            national_id=known["national_id"],
            language=known.get("language", "en"),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no reply and no model may hold."""
        return (self.national_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the bank would lend. One that is not firm was made without a credit report."""

    terms: Terms
    rate: float
    firm: bool

    @property
    def monthly(self) -> float:
        """The instalment in euros: an annuity."""
        each = self.rate / 12
        return round(self.terms.amount * each / (1 - (1 + each) ** -self.terms.months), 2)


@dataclass(slots=True, kw_only=True)
class Application:
    """A loan that waits for an underwriter: the run that is interrupted, and what it asks."""

    id: str
    terms: Terms
    state: RunState[Any]
    asks: ToolApprovalItem
    file: str
    files: int = 1
    approved_at: datetime | None = None
    resumed: bool = False
    tried: bool = False  # whether the booking was ever sent
    booked: bool = False


@dataclass(slots=True, kw_only=True)
class Case:
    """One conversation. `outcome` is what the turn at hand comes to."""

    session: str
    customer: Customer
    items: list[Item] = field(default_factory=list)
    offer: Offer | None = None
    application: Application | None = None
    applications: int = 0
    loan: str | None = None
    outcome: Outcome = "answered"
