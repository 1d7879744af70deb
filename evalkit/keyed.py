"""Randomness as a pure function of a key.

A `Draw` never holds state: the same key and purpose give the same number, whoever asks and in
whatever order. So concurrency, sharding and retries cannot change who is hit by a fault.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

_NORMAL = NormalDist()
_Z99 = _NORMAL.inv_cdf(0.99)


def digest_of(*parts: object) -> bytes:
    """A 16-byte BLAKE2b digest over the parts, by their literals: texts, numbers, bytes, None.

    `ascii` keeps lists and types apart, and is the same in every version of Python.
    """
    return hashlib.blake2b(ascii(parts).encode(), digest_size=16).digest()


def digest_with(*parts: object, data: bytes) -> bytes:
    """A digest over the parts and bytes as they are: `ascii` goes through these one by one, which
    takes long where they are many. What the parts' literal ends with keeps the two apart.
    """
    return hashlib.blake2b(ascii(parts).encode() + data, digest_size=16).digest()


class Draw:
    """A source of numbers that depend on its key and the purpose asked for, and on nothing else."""

    __slots__ = ("_key", "_parts")

    def __init__(self, *parts: object) -> None:
        """The draw keyed by these parts."""
        self._parts = parts
        self._key: bytes | None = None

    @property
    def key(self) -> bytes:
        """The key: made when it is asked for, since most calls draw nothing."""
        if self._key is None:
            self._key = digest_of(*self._parts)
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Draw) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def at(self, *parts: object) -> Draw:
        """A draw further down: keyed by this key and these parts."""
        return Draw(self.key, *parts)

    def unit(self, purpose: str) -> float:
        """A float in [0, 1), of 53 bits."""
        return (int.from_bytes(digest_of(self.key, purpose)[:8], "big") >> 11) / (1 << 53)

    def seed(self, purpose: str) -> int:
        """A 128-bit integer to seed a generator with."""
        return int.from_bytes(digest_of(self.key, purpose), "big")

    def below(self, limit: int, purpose: str) -> int:
        """An integer in [0, limit)."""
        return self.seed(purpose) % limit

    def uniform(self, low: float, high: float, purpose: str) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self.unit(purpose)

    def exponential(self, mean: float, purpose: str) -> float:
        """A float from the exponential distribution with this mean."""
        return -mean * math.log1p(-self.unit(purpose))

    def lognormal(self, median: float, p99: float, purpose: str) -> float:
        """A float from the lognormal distribution with this median and 99th percentile."""
        sigma = math.log(p99 / median) / _Z99
        unit = min(max(self.unit(purpose), 1e-12), 1 - 1e-12)
        return median * math.exp(sigma * _NORMAL.inv_cdf(unit))
