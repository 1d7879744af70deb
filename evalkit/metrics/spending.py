"""Which models were asked, what they cost, and by which price table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.metrics.columns import Columns, Labels, Table
from evalkit.metrics.context import is_model
from evalkit.metrics.definitions import NONE
from evalkit.metrics.money import total

if TYPE_CHECKING:
    from evalkit.metrics.columns import Codes, Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The calls of a service to one model that were priced alike.

    `by` is the price table and `priced_as` the model whose price applied; both are None where there
    is none, and `unpriced` of the calls have no known cost. `cost` is what the others add up to, in
    US dollars. Tokens are those that are known.
    """

    service: str
    model: str | None
    by: str | None
    priced_as: str | None
    calls: int
    unpriced: int
    tokens_in: int
    tokens_out: int
    cost: float


_NAMES = ("service", "model", "priced_by", "priced_as")


def spending(calls: Table | Columns) -> tuple[Spent, ...]:
    """What there is to say of these calls, by service and model; nothing of tools, and nothing of
    calls that no model replied to.
    """
    import numpy as np

    columns = Columns.of(calls)
    labels = [columns.labels(each) for each in _NAMES]
    unpriced, costs = columns.numbers("unpriced"), columns.numbers("cost")
    there = _models(columns.labels("kind")) & (
        costs.known | (unpriced.known & unpriced.values.astype(bool))
    )
    rows = np.stack([each.codes[there] for each in labels])
    found = []
    for key in _distinct(rows):
        same = there.copy()
        same[there] = (rows == key[:, None]).all(axis=0)
        names = [_name(each, code) for each, code in zip(labels, key.tolist(), strict=True)]
        found.append(_spent(columns, names, same))
    return tuple(sorted(found, key=lambda each: (each.service, -each.cost, each.model or "")))


def _distinct(rows: Codes) -> Codes:
    """The columns that differ, in order, each as a row. `numpy.unique` would import numpy's masked
    arrays, which takes as long as all of this.
    """
    import numpy as np

    ordered = rows[:, np.lexsort(rows[::-1])]
    new = np.ones(ordered.shape[1], dtype=bool)
    new[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    return ordered[:, new].T


def _models(kinds: Labels) -> Flags:
    import numpy as np

    flags: Flags = np.array([*map(is_model, kinds.texts), False], dtype=bool)[kinds.codes]
    return flags


def _name(labels: Labels, code: int) -> str | None:
    text = labels.texts[code]
    return None if text == NONE else text


def _spent(columns: Columns, names: list[str | None], rows: Flags) -> Spent:
    service, model, by, priced_as = names
    costs = columns.numbers("cost")
    known = rows & costs.known
    return Spent(
        service=service or NONE,
        model=model,
        by=by,
        priced_as=priced_as,
        calls=int(rows.sum()),
        unpriced=int((rows & ~costs.known).sum()),
        tokens_in=_sum(columns, "tokens_in", rows),
        tokens_out=_sum(columns, "tokens_out", rows),
        cost=total(costs.values[known].tolist()),
    )


def _sum(columns: Columns, name: str, rows: Flags) -> int:
    numbers = columns.numbers(name)
    return int(numbers.values[rows & numbers.known].sum())
