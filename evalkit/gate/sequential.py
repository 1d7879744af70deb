"""A sequential test of a rate: whether it is above a limit, asked after every sample, with no plan
of how many there will be.

Looking again and again at an interval for a fixed number of samples raises false alarms without
bound. An e-process does not: E = mean over j of (p_j/p0)^k ((1-p_j)/(1-p0))^(n-k), with k hits in n
and p_j above the limit p0, is at every rate up to p0 a nonnegative supermartingale that begins at
1, so that by Ville's inequality it ever reaches 1/alpha with probability alpha at most (Ramdas,
Grünwald, Vovk and Shafer, Game-theoretic statistics and safe anytime-valid inference, Statistical
Science 38, 2023).
"""

from __future__ import annotations

import math

POINTS = 24
"""How many rates above the limit the alternatives are."""


class Exceeds:
    """Whether a rate exceeds a limit from 0 to 1 (0 and 1 left out of neither side), at a level of
    false alarms. Samples have to be independent of each other.
    """

    def __init__(self, limit: float, alpha: float = 0.05) -> None:
        if not 0 <= limit <= 1 or not 0 < alpha < 1:
            raise ValueError(f"no test of a rate above {limit:g} at the level {alpha:g}")
        self.limit = limit
        self._wanted = -math.log(alpha)
        self._alternatives = tuple(_alternatives(limit))
        self.hits = self.samples = 0

    def add(self, *, hit: bool) -> bool:
        """Take a sample in; whether the rate is now known to exceed the limit."""
        self.samples += 1
        self.hits += hit
        return self.exceeded

    @property
    def exceeded(self) -> bool:
        """Whether the rate is known to exceed the limit."""
        return self.evidence >= self._wanted

    @property
    def evidence(self) -> float:
        """The natural logarithm of E."""
        k, rest = self.hits, self.samples - self.hits
        if self.limit in (0.0, 1.0):  # one hit refutes that there are none; nothing is above all
            return math.inf if k and not self.limit else 0.0
        terms = [k * up + rest * down for up, down in self._alternatives]
        most = max(terms)
        return most + math.log(math.fsum(math.exp(each - most) for each in terms) / len(terms))


def _alternatives(limit: float) -> list[tuple[float, float]]:
    """The logarithms of p_j/p0 and (1-p_j)/(1-p0), for rates close to the limit and far above."""
    if limit in (0.0, 1.0):
        return []
    found = []
    for number in range(1, POINTS + 1):
        share = limit + (1 - limit) * (number / (POINTS + 1)) ** 2
        found.append((math.log(share / limit), math.log1p(-share) - math.log1p(-limit)))
    return found
