"""Regions: where the users of sessions are, how far that is, and how many of them are there."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from evalkit.keyed import Draw
from evalkit.suite.parts import Part
from evalkit.units import Duration, Share


class Region(Part):
    """Where some of the users are."""

    rtt: Duration = Field(
        0, description="What the network takes from a user to the agent and back, once a turn"
    )
    share: Share | None = Field(
        None, description="Of the sessions that name none (default: the same for all)"
    )


def shares_of(regions: Mapping[str, Region]) -> dict[str, float]:
    """The weight of each region among the sessions that name none; those without a share divide
    what the others leave.
    """
    left = max(0.0, 1 - sum(each.share or 0.0 for each in regions.values()))
    others = sum(each.share is None for each in regions.values())
    return {
        name: left / others if each.share is None else each.share for name, each in regions.items()
    }


def region_of(own: str | None, session: str, shares: Mapping[str, float], seed: int) -> str | None:
    """The region of a session: its own, or one drawn by share."""
    if own is not None or not shares:
        return own
    drawn = Draw("region", seed).unit(session) * sum(shares.values())
    for name, share in shares.items():
        drawn -= share
        if drawn < 0:
            return name
    return next(name for name in reversed([*shares]) if shares[name])  # by a rounding
