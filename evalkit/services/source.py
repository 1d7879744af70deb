"""What a service is made from, whatever its kind, and how mistakes in it are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from evalkit.errors import SuiteError
from evalkit.services.base import Service
from evalkit.services.compiling import Compiler
from evalkit.services.queues.model import AnyQueue, MessageQueuePart
from evalkit.services.quota.model import LimitsPart
from evalkit.services.state.model import StorePart
from evalkit.suite import Loaded, Problem
from evalkit.suite.loading import missing
from evalkit.suite.model import ScriptUse

Make: TypeAlias = Callable[[], Service]
"""Makes a service without a past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a kind of service is made from."""

    name: str
    kind: str
    path: Path
    folder: Path
    script: str | None
    scripts: tuple[ScriptUse, ...]
    document: Path | None
    starts_at_ns: int

    @property
    def scripted(self) -> bool:
        """Whether the suite gives it a script."""
        return self.script is not None or bool(self.scripts)


class AnyDefinition(BaseModel):
    """What the definitions of all kinds have."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")

    service: str
    stores: Any = None
    queues: Any = None
    rate_limit: Any = None
    quota: Any = None
    capacity: Any = None
    together: Any = Field(None, alias="shared")

    @property
    def limits(self) -> LimitsPart:
        """How much it takes. Ask once the definition is known to be good."""
        return LimitsPart(quota=self.quota or (), capacity=self.capacity)

    @property
    def shared(self) -> bool:
        """Whether one session can feel what another does. Ask once the definition is known good."""
        if self.rate_limit is not None or self.limits.limited or self.together is True:
            return True
        stores = TypeAdapter(Mapping[str, StorePart]).validate_python(self.stores or {})
        queues = TypeAdapter(Mapping[str, AnyQueue]).validate_python(self.queues or {})
        messages = (each for each in queues.values() if isinstance(each, MessageQueuePart))
        return any(each.shared for each in stores.values()) or any(each.shared for each in messages)


def problems_of(loaded: Loaded[Any], compiler: Compiler) -> list[Problem]:
    """The mistakes that a compiler kept, located in the file that was compiled."""
    return [
        loaded.problem(
            each.where,
            each.message,
            allowed=each.allowed,
            given=each.given,
            at_key=each.at_key,
        )
        for each in compiler.mistakes
    ]


def check_target(key: str, target: str, source: Source, compiler: Compiler) -> None:
    """Refuse what can be known of code without importing it: that belongs into the world."""
    if source.scripted:
        compiler.refuse(("service",), "this service takes no script; the suite gives it one")
    if (wrong := missing(target, source.path.parent)) is not None:
        compiler.refuse((key,), wrong.message, allowed=wrong.allowed, given=wrong.given)


@contextmanager
def collecting(problems: list[Problem]) -> Iterator[None]:
    """Keep the problems of what is done in here, and go on behind it."""
    try:
        yield
    except SuiteError as error:
        problems.extend(error.problems)


def refuse_all(problems: list[Problem]) -> None:
    """Raise a `SuiteError` with all of them, if there are any."""
    if problems:
        raise SuiteError(sorted(problems, key=lambda each: (each.file, each.line or 0)))
