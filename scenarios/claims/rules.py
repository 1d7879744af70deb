"""What is decided by rule, whatever a model advises."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from backends import Policy
from handovers import Summary
from models import Advice

SURE = 0.8
ALONE = Decimal(2500)  # more than this is never paid without a person


class Ruling(NamedTuple):
    """What happens to a claim, and how much of it is paid."""

    decision: Literal["pay", "decline", "refer"]
    amount: Decimal
    reason: str


def rule(summary: Summary, policy: Policy, advice: Advice) -> Ruling:
    """Pay or decline only where model and rules agree; all else goes to an adjuster."""
    due = min(summary.total - policy.excess, policy.limit)
    insured = policy.status == "active" and summary.kind in policy.covers
    if advice.decision == "refer" or advice.confidence < SURE:
        return Ruling("refer", Decimal(0), "not sure")
    if advice.decision == "decline":
        agreed = not insured or due <= 0
        return Ruling("decline" if agreed else "refer", Decimal(0), advice.reason)
    if not insured or due <= 0 or summary.currency != policy.currency:
        return Ruling("refer", Decimal(0), "advice and policy disagree")
    if due > ALONE:
        return Ruling("refer", due, "more than may be paid without a person")
    return Ruling("pay", due, advice.reason)
