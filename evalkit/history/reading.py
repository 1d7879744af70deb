"""What a question was understood as, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from evalkit.gate import Condition
from evalkit.gate.conditions import AllOf, AnyOf, Where, joined
from evalkit.history.query import Query
from evalkit.history.runs import Choice
from evalkit.metrics import METRICS

Scope: TypeAlias = Literal["apart", "all", "without", "with"]
"""Of which scenarios: those that inject faults apart from those that do not, all as one, those
that inject none, or those that do."""

Extreme: TypeAlias = Literal["highest", "lowest"]

_SCOPES = {"without": "without faults", "with": "with faults", "all": "over all scenarios"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to understand a question.

    The figure is `aggregates` of `metric`, where all conditions hold, in `scope` of the runs of
    `choice`; told apart `by` the values of a label: those `among`, or all that occur where there
    are none. `extreme` asks which of these has the highest or the lowest.
    """

    aggregates: tuple[str, ...]
    metric: str
    where: tuple[Condition, ...] = ()
    by: str | None = None
    among: tuple[str, ...] = ()
    scope: Scope = "apart"
    extreme: Extreme | None = None
    choice: Choice = field(default_factory=Choice)

    @property
    def query(self) -> Query:
        """The rows that it is about."""
        parts: list[Where] = list(self.where)
        if self.by is not None and self.among:
            values = (Condition(self.by, "=", each, exact=True) for each in self.among)
            parts.append(joined(AnyOf, values))
        where = joined(AllOf, parts) if parts else None
        return Query(metric=METRICS[self.metric], where=where, each=self.by)

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures as gates write them."""
        where = self.query.where
        rest = "" if where is None else f" where {where}"
        return tuple(f"{each}({self.metric}{rest})" for each in self.aggregates)

    @property
    def question(self) -> str:
        """The reading as a question in the grammar, which is understood as this reading."""
        figure = f"{' and '.join(self.aggregates)} of {self.metric}"
        if self.extreme is not None:
            figure = f"which {self.by} has the {self.extreme} {figure}"
        return " ".join([figure, *self._conditions(), *self._scope(), *self._runs()])

    def _conditions(self) -> list[str]:
        parts = [_said(each.label, each.op, each.value) for each in self.where]
        if self.by is not None and self.among:
            parts.append(" vs ".join(_said(self.by, "=", each) for each in self.among))
        elif self.by is not None and self.extreme is None:
            parts.append(f"by {self.by}")
        return parts

    def _scope(self) -> list[str]:
        return [_SCOPES[self.scope]] if self.scope in _SCOPES else []

    def _runs(self) -> list[str]:
        choice = self.choice
        parts = [" vs ".join(_said("suite", "=", each) for each in choice.suites)]
        parts.append(" vs ".join(_said("branch", "=", each) for each in choice.branches))
        parts += [f"since {choice.since}"] if choice.since else []
        parts += [f"before {choice.until}"] if choice.until else []
        if choice.last is None and not (choice.since or choice.until):
            parts.append("all runs")
        elif choice.last is not None and (choice.last > 1 or choice.since or choice.until):
            parts.append(f"last {choice.last} runs")
        return [each for each in parts if each]


def _said(label: str, op: str, value: str) -> str:
    return f'{label} {op} "{value}"'
