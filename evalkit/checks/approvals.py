"""Who allowed an effect, and when: the ground of the checks on approvals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, model_validator

from evalkit.checks.operations import Operation
from evalkit.checks.targets import Wanted, holds, json_in, leaves, same, tells, told_by
from evalkit.journal.records import EffectCommitted
from evalkit.journal.views import SessionView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, OneOrMany, Part, Regex


class Approval(Part):
    """Which effects need an approval, and what one is."""

    effect: OneOrMany[str] = Field(min_length=1, description="Names of effects, as globs")
    by: Operation | None = Field(
        None, description="Whose replies approve, or a webhook: `SERVICE webhook NAME`"
    )
    where: Wanted = Field(
        {}, description="What such a reply must hold, by JSONPath: a value, or one of several"
    )
    said: Regex | None = Field(None, description="What the user says to approve, in an input")
    same: JsonPath | None = Field(
        None, description="What the approval is of, in that reply; the effect must hold it too"
    )

    @model_validator(mode="after")
    def _by_somebody(self) -> Approval:
        if self.by is None and self.said is None:
            raise ValueError("say who approves: `by` an operation, or the user who `said` it")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Approved:
    """An approval: when it was there (world time in nanoseconds), by which call, what it held."""

    at: int
    call: int | None
    body: Any
    turn: int | None

    @property
    def words(self) -> str:
        """What it is called."""
        return f"call #{self.call}" if self.call else f"the user in turn {self.turn}"


def effects_of(settings: Approval, session: SessionView) -> tuple[EffectCommitted, ...]:
    """The effects that need an approval, but for those that only a fault made."""
    return tuple(
        each
        for each in session.effects
        if any(fnmatchcase(each.name, glob) for glob in settings.effect)
        and each.fault not in ("commit_twice", "duplicate_response")
    )


def approvals(settings: Approval, session: SessionView) -> tuple[Approved, ...]:
    """Every approval of a session, in order of time."""
    found = [*_by_operation(settings, session), *_said(settings, session)]
    return tuple(sorted(found, key=lambda each: each.at))


def asked_at(effect: EffectCommitted, session: SessionView) -> int:
    """When an effect was asked for."""
    return session.call(effect.call).started.at


def is_of(settings: Approval, approved: Approved, effect: EffectCommitted) -> bool:
    """Whether an approval is of this effect, as far as that can be told."""
    if settings.same is None or approved.call is None:
        return True
    wanted = at_path(settings.same, approved.body)
    held = (*effect.key, *leaves(effect.data))
    return any(same(one, other) for one in wanted for other in held)


def _by_operation(settings: Approval, session: SessionView) -> Iterator[Approved]:
    by = settings.by
    if by is None:
        return
    if tells(by):
        for sent in told_by(by, session):
            if holds(settings.where, body := json_in(sent.body)):
                yield Approved(sent.began, sent.call, body, sent.turn)
        return
    for call in session.calls:
        if by.fits(call) and not call.failed and call.ended is not None:
            body = json_in(call.ended.body)
            if holds(settings.where, body):
                yield Approved(call.ended.at, call.call, body, call.started.turn)


def _said(settings: Approval, session: SessionView) -> Iterator[Approved]:
    if settings.said is not None:
        for turn in session.turns:
            if re.search(settings.said, turn.started.input):
                yield Approved(turn.started.at, None, None, turn.turn)
