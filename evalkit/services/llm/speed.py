"""How fast a model speaks once it has begun."""

from __future__ import annotations

from dataclasses import dataclass

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Speed:
    """So many tokens a second; None says all at once."""

    tokens_per_second: float | None

    @property
    def at_once(self) -> bool:
        """Whether all tokens come with the first."""
        return self.tokens_per_second is None

    def after(self, tokens: int) -> int:
        """When so many more tokens than the first are out, in nanoseconds after the first."""
        rate = self.tokens_per_second
        return 0 if rate is None else round(tokens * _SECOND / rate)
