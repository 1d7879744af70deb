"""All that the services of one definition share."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.latency import Latency
from evalkit.services.llm.definition import ProviderDefinition
from evalkit.services.llm.dialect import MARKS, Mark
from evalkit.services.llm.limits import RateLimitPart
from evalkit.services.llm.pace import Pace
from evalkit.services.llm.recorded import RecordedUsage
from evalkit.services.llm.scripts import Scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """All that the services of one definition share."""

    scripts: Scripts
    hosts: tuple[str, ...] = ()
    latency: Latency | None = None
    pace: Pace | None = None
    stream_ends_with: tuple[Mark, ...] = MARKS
    models: tuple[str, ...] | None = None
    require_key: bool | str = True
    context: int | None = None
    rate_limit: RateLimitPart | None = None
    recorded: RecordedUsage | None = None

    @classmethod
    def of(
        cls,
        definition: ProviderDefinition,
        scripts: Scripts,
        recorded: RecordedUsage | None = None,
    ) -> ProviderSettings:
        """What a definition says, and the usage that was recorded."""
        return cls(
            scripts=scripts,
            hosts=definition.hosts,
            latency=definition.latency,
            pace=definition.tokens_per_second,
            stream_ends_with=definition.stream_ends_with,
            models=definition.models,
            require_key=definition.require_key,
            context=definition.context,
            rate_limit=definition.rate_limit,
            recorded=recorded,
        )
