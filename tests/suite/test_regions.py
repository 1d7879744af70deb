"""Regions: shares, and which region a session is in."""

from __future__ import annotations

from collections import Counter

import pytest

from evalkit.suite.regions import Region, region_of, shares_of

EU, US = {"share": "60%"}, {"share": "40%"}


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ({}, {}),
        ({"eu": {}, "us": {}}, {"eu": 0.5, "us": 0.5}),
        ({"eu": EU, "us": {}, "ap": {}}, {"eu": 0.6, "us": 0.2, "ap": 0.2}),
        ({"eu": EU, "us": US}, {"eu": 0.6, "us": 0.4}),
    ],
)
def test_regions_without_a_share_divide_what_is_left(
    given: dict[str, dict[str, str]], shares: dict[str, float]
) -> None:
    regions = {name: Region.model_validate(each) for name, each in given.items()}
    assert shares_of(regions) == pytest.approx(shares)


def test_sessions_are_drawn_by_share_and_keep_a_region_of_their_own() -> None:
    shares = {"eu": 0.6, "us": 0.4, "none": 0.0}
    drawn = Counter(region_of(None, f"s-{number}", shares, 7) for number in range(2000))
    assert set(drawn) == {"eu", "us"}
    assert 1130 < drawn["eu"] < 1270
    assert region_of("us", "s-1", {"eu": 1.0}, 7) == "us"
    assert region_of(None, "s-1", {}, 7) is None
