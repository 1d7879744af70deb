"""The electronic medical record: a patient's chart, whole and consistent, in time, or not at all.

A chart that lacks an allergy is worse than none, so every part says how many entries it has and of
which version of the chart it is; what does not add up is not used.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx2
from attempts import Limits, Unavailable, attempt
from pydantic import BaseModel, ConfigDict, Field, model_validator

READ = Limits(attempts=2, timeout=0.8)
BOOK = Limits(attempts=3, timeout=3)
PARTS = ("allergies", "medications", "problems")


class SlotTaken(Exception):
    """There is no such slot any more."""


class Part(BaseModel):
    """One part of a chart."""

    model_config = ConfigDict(strict=True)
    patient: str
    version: int
    total: int
    items: list[str]

    @model_validator(mode="after")
    def _whole(self) -> Part:
        if self.total != len(self.items):
            raise ValueError(f"{len(self.items)} entries of {self.total}")
        return self


class Booked(BaseModel):
    """The receipt of an appointment."""

    appointment: str = Field(min_length=1)
    slot: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What must be known before anybody is advised."""

    allergies: tuple[str, ...]
    medications: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Emr:
    """The record system over HTTP. All methods raise `Unavailable`."""

    http: httpx2.AsyncClient
    url: str
    key: str

    async def chart(self, patient: str) -> Chart:
        """The chart of a patient."""
        # Not asyncio.gather: it would leave the other parts running when one has failed.
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.part(patient, each)) for each in PARTS]
        except* Unavailable as failed:
            raise Unavailable("no whole chart") from failed
        return charted(patient, [task.result() for task in tasks])

    async def part(self, patient: str, name: str) -> Part:
        """One part of the chart."""

        async def get() -> Part:
            url = f"{self.url}/patients/{patient}/{name}"
            reply = await self.http.get(url, headers={"X-Api-Key": self.key})
            return Part.model_validate_json(reply.raise_for_status().content)

        return await attempt(get, READ)

    async def book(self, patient: str, slot: str, key: str) -> Booked:
        """Book an appointment; the same key books it once. Raises `SlotTaken`."""

        async def post() -> Booked:
            reply = await self.http.post(
                f"{self.url}/appointments",
                json={"patient": patient, "slot": slot},
                headers={"X-Api-Key": self.key, "Idempotency-Key": key},
            )
            if reply.status_code == 409:
                raise SlotTaken
            return Booked.model_validate_json(reply.raise_for_status().content)

        return await attempt(post, BOOK)


def charted(patient: str, parts: list[Part]) -> Chart:
    """The chart that parts make, if they are of one patient and one version."""
    if {each.patient for each in parts} != {patient} or len({each.version for each in parts}) != 1:
        raise Unavailable("the parts are not of one chart")
    return Chart(*(tuple(each.items) for each in parts))
