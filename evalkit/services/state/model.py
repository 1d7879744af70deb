"""A store as a definition declares it. Its fields are the YAML."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from evalkit.suite.parts import Part


class StorePart(Part):
    """Records that the service keeps, by a key."""

    key: str = Field("id", description="The field that tells records apart")
    seed: Any = Field(
        None, description="The records at the start, a list; a template that sees `session`"
    )
    source: str | None = Field(
        None, alias="from", description="A JSONL or JSON file of records, beside the definition"
    )
    per: Literal["session", "world"] | None = Field(
        None,
        description="Whose they are: each session's own, or shared by all of a world "
        "(the default for those from a file)",
    )
    prefix: str = Field("", description="How the keys begin that the service makes")

    @property
    def shared(self) -> bool:
        """Whether all sessions of a world see the same records."""
        if self.per is None:
            return self.source is not None
        return self.per == "world"

    @model_validator(mode="after")
    def _one_source(self) -> StorePart:
        if self.seed is not None and self.source is not None:
            raise ValueError("a store begins with `seed` or with what is read `from` a file")
        return self
