"""What one agent hands to the next: versioned, numbered, dated, and sealed with a digest.

The agents are released apart. So a reader is tolerant of what it does not know (a new field beside
those it needs), translates what it knows to be older, and refuses what is newer than itself: it
never guesses at a meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from attempts import NotUsable
from pydantic import BaseModel, ConfigDict, Field

EXTRACTED = "claims.extracted"
SUMMARY = "claims.summary"
WRITES = {EXTRACTED: "2.0", SUMMARY: "1.0"}
LIFETIME = timedelta(minutes=15)


class Unreadable(Exception):
    """A hand-over of a version that this reader does not know. To ask again does not help."""


class Line(BaseModel):
    """One thing that is claimed."""

    name: str
    amount: Decimal = Field(gt=0)


class Extracted(BaseModel):
    """What the claimant said, as facts."""

    kind: str
    happened_on: str
    currency: str
    language: str = "en"
    lines: list[Line] = []
    missing: list[str] = []
    told: list[str] = Field([], description="The claimant's own words, for a process to come")

    @property
    def total(self) -> Decimal:
        """What all lines come to."""
        return sum((line.amount for line in self.lines), Decimal(0))


class Summary(BaseModel):
    """The case in a nutshell, with the figures that a decision needs."""

    text: str = Field(min_length=1)
    kind: str
    currency: str
    total: Decimal
    lines: int
    language: str = "en"


class Envelope(BaseModel):
    """A hand-over as it stands in the shared context."""

    model_config = ConfigDict(extra="ignore")

    label: str = Field(alias="schema", pattern=r"^[a-z.]+/[0-9]+\.[0-9]+$")
    claim: str
    sequence: int
    expires_at: datetime
    digest: str | None = None
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is a version of."""
        return self.label.partition("/")[0]

    @property
    def major(self) -> int:
        """The number that changes when older readers can no longer read it."""
        return int(self.label.partition("/")[2].partition(".")[0])


@dataclass(frozen=True, slots=True)
class Wanted:
    """The hand-over that an agent waits for."""

    name: str
    claim: str
    sequence: int


def sealed(wanted: Wanted, data: BaseModel) -> dict[str, Any]:
    """A hand-over ready to be written."""
    plain = data.model_dump(mode="json")
    now = datetime.now(UTC)
    return {
        "schema": f"{wanted.name}/{WRITES[wanted.name]}",
        "claim": wanted.claim,
        "sequence": wanted.sequence,
        "written_at": now.isoformat(),
        "expires_at": (now + LIFETIME).isoformat(),
        "digest": digest(plain),
        "data": plain,
    }


def digest(data: Any) -> str:
    """A hash over the canonical JSON of a value."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def unsealed(raw: Any, wanted: Wanted) -> dict[str, Any]:
    """The data of a hand-over, in the version that this release reads.

    Raises `NotUsable` for one that is absent, damaged, expired, or not the one waited for, and
    `Unreadable` for one that is newer than this reader.
    """
    if raw is None:
        raise NotUsable(f"{wanted.name} is not there yet")
    envelope = Envelope.model_validate(raw)
    if (envelope.name, envelope.claim) != (wanted.name, wanted.claim):
        raise NotUsable(f"{envelope.label} of {envelope.claim} is not what was asked for")
    if envelope.sequence != wanted.sequence:
        raise NotUsable(f"number {envelope.sequence} came in the place of {wanted.sequence}")
    if envelope.expires_at <= datetime.now(UTC):
        raise NotUsable(f"{envelope.label} expired at {envelope.expires_at}")
    return _current(envelope)


def _current(envelope: Envelope) -> dict[str, Any]:
    current = int(WRITES[envelope.name].partition(".")[0])
    if envelope.major == current:
        if envelope.digest != digest(envelope.data):
            raise NotUsable(f"{envelope.label} is damaged")
        return envelope.data
    translate = OLDER.get((envelope.name, envelope.major))
    if translate is None:
        raise Unreadable(f"this release reads {envelope.name} {current}, not {envelope.label}")
    return translate(envelope.data)


def _from_extracted_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1 had the names and the amounts of the lines apart, and no digest."""
    names, amounts = data["names"], data["amounts"]
    if len(names) != len(amounts) or len(names) != data["count"]:
        raise NotUsable("names and amounts do not go together")
    lines = [{"name": n, "amount": a} for n, a in zip(names, amounts, strict=True)]
    kept = ("kind", "happened_on", "currency", "language", "missing")
    return {**{name: data[name] for name in kept}, "lines": lines}


OLDER: Mapping[tuple[str, int], Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    (EXTRACTED, 1): _from_extracted_1,
}
