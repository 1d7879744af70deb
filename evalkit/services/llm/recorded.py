"""Usage as it was recorded of real calls: replies of which the script says no usage draw theirs.

Each record is the usage of one real call, in the words of a script's `usage`, and may name what it
is for: the rule of the script that replies (as the journal names it: `rules[0]`, `plan[1]`, `auto`;
`SCRIPT rules[0]` where there are several scripts) and the model. A reply draws, each as likely, of
the records for its rule and model; where there are none, of those for its rule alone; then of those
for its model alone; then of those that name neither. Where there are none of these either, its
tokens are estimated. The draw is that of the call, so a call repeated in another run has the same
usage.

Providers record the dated name of a model where the alias was asked for. So `gpt-4o`,
`gpt-4o-2024-08-06` and `gpt-4o-2024-11-20` are one model here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import Field

from evalkit.keyed import Draw
from evalkit.services.llm.model import UsagePart
from evalkit.suite.parts import Part
from evalkit.wire import Usage

_DATE = re.compile(r"[-@]20[0-9]{2}-?[01][0-9]-?[0-3][0-9]$")

_For: TypeAlias = tuple[str | None, str | None]
"""A rule and a model."""

Name: TypeAlias = Annotated[str, Field(min_length=1)]


class UsageRecord(UsagePart):
    """The tokens of one real call: a line of a recording."""

    model: Name | None = Field(None, description="The model that was called")
    rule: Name | None = Field(None, description="The rule of the script that it is for")


class RecordedUsagePart(Part):
    """Usage as it was recorded, for replies of which the script says none."""

    samples: (
        Annotated[str, Field(min_length=1)]
        | Annotated[tuple[UsageRecord, ...], Field(min_length=1)]
    ) = Field(description="A JSONL file of records, beside the definition; or the records")


class RecordedUsage:
    """Recorded usage, by what it is for."""

    def __init__(self, records: Iterable[UsageRecord]) -> None:
        found: dict[_For, list[Usage]] = defaultdict(list)
        for each in records:
            usage = Usage(**each.model_dump(exclude={"model", "rule"}))
            found[each.rule, _undated(each.model)].append(usage)
        self._found = dict(found)

    def draw(self, rule: str | None, model: str, draw: Draw) -> Usage | None:
        """The usage of a reply by this rule and model; None where nothing was recorded for it."""
        named = _undated(model)
        for key in ((rule, named), (rule, None), (None, named), (None, None)):
            if usages := self._found.get(key):
                return usages[draw.below(len(usages), "usage")]
        return None


def _undated(model: str | None) -> str | None:
    return None if model is None else _DATE.sub("", model)
