"""Forecasts what so many sessions would cost, from a stored run."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.api.loading import load_run
from evalkit.errors import UsageError
from evalkit.gate.forecast import Costs, estimate
from evalkit.metrics.context import is_model
from evalkit.metrics.money import total
from evalkit.report.choosing import check_scenario
from evalkit.report.forecast import Forecast, ModelForecast
from evalkit.report.words import count
from evalkit.store import Run

_Model: TypeAlias = tuple[str, str | None]
"""A service and the model that it was asked for."""


def forecast(
    run: str | os.PathLike[str] | Run = "latest",
    *,
    sessions: int,
    scenario: str | None = None,
    mix: Mapping[str, float] | None = None,
    out: str | os.PathLike[str] = "reports",
) -> Forecast:
    """What so many sessions would cost, if they are like those of a stored run.

    They are of one `scenario`, or of several in shares that add up to 1 (`mix`), else of those that
    inject nothing, as they were run. Raises `UsageError` where there are no such scenarios.
    """
    run = run if isinstance(run, Run) else load_run(run, out=out)
    shares = _shares(run, scenario, mix)
    known = _Known.of(run, shares)
    outlook = Forecast(
        run=run.id,
        sessions=sessions,
        shares=shares,
        measured=len({session for each in known.costs.values() for session in each}),
        prices=run.record.prices,
        unknown=tuple(known.why_not()),
        notes=tuple(known.notes(run)),
    )
    return outlook if outlook.unknown else _figured(outlook, known)


def _figured(outlook: Forecast, known: _Known) -> Forecast:
    """The forecast with its figures."""
    found = estimate(known.costs, outlook.shares)
    return Forecast(
        run=outlook.run,
        sessions=outlook.sessions,
        shares=outlook.shares,
        measured=outlook.measured,
        prices=outlook.prices,
        session=found.of_mean(),
        total=found.of_sum(outlook.sessions),
        models=tuple(known.models(outlook.shares, outlook.sessions)),
        notes=outlook.notes,
    )


# Which scenarios ---------------------------------------------------------------------------------


def _shares(run: Run, scenario: str | None, mix: Mapping[str, float] | None) -> dict[str, float]:
    if scenario is not None and mix is not None:
        raise UsageError("one scenario or a mix of several can be forecast, not both")
    if scenario is not None:
        mix = {scenario: 1.0}
    if mix is None:
        return _sound(run)
    for name in mix:
        check_scenario(run, name)
    whole = math.fsum(mix.values())
    if not math.isclose(whole, 1, abs_tol=1e-9) or min(mix.values()) < 0:
        raise UsageError(f"the shares of the mix add up to {100 * whole:g}%, not to 100%")
    return {name: share for name, share in mix.items() if share}


def _sound(run: Run) -> dict[str, float]:
    """The scenarios that inject nothing, by how many sessions they have."""
    sound = [each for each in run.record.scenarios if not each.faulty and not each.added]
    if not sound:
        hint = "name one with --scenario, or several with --mix"
        raise UsageError(f"every scenario of {run.id} injects faults", hint=hint)
    planned = sum(each.sessions for each in sound)
    return {each.name: each.sessions / planned for each in sound}


# What is known of them ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Used:
    """What one model's calls used: dollars by scenario and session, tokens by scenario."""

    costs: dict[str, dict[str, list[float]]]
    tokens_in: Counter[str] = field(default_factory=Counter)
    tokens_out: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Known:
    """What is known of the sessions of some scenarios."""

    costs: dict[str, dict[str, float]]
    unpriced: Counter[_Model] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    untold: int = 0
    nobody: list[float] = field(default_factory=list)
    used: dict[_Model, _Used] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run, scenarios: Iterable[str]) -> _Known:
        """What a run says of these scenarios."""
        known = cls(costs={each: {} for each in scenarios})
        table = run.lists.sessions
        columns = ("scenario", "session", "cost", "unpriced")
        for name, session, cost, unpriced in zip(*(table[each] for each in columns), strict=True):
            if name in known.costs and cost is not None:
                known.costs[name][session] = cost
            elif name in known.costs:
                known.lost[name] += 1
                known.untold += unpriced or 0
        known._read_calls(run)
        return known

    def _read_calls(self, run: Run) -> None:
        columns = ("scenario", "session", "kind", "service", "model", "cost", "unpriced")
        table = run.lists.calls
        rows = zip(*(table[each] for each in (*columns, "tokens_in", "tokens_out")), strict=True)
        for name, session, kind, service, model, cost, unpriced, read, written in rows:
            if name not in self.costs or not is_model(kind):
                continue
            if unpriced:
                self.unpriced[service, model] += 1
            elif session is None:
                self.nobody.append(cost or 0.0)
            elif cost is not None:
                used = self.used.setdefault(
                    (service, model), _Used({each: {} for each in self.costs})
                )
                used.costs[name].setdefault(session, []).append(cost)
                used.tokens_in[name] += read
                used.tokens_out[name] += written

    def why_not(self) -> Iterator[str]:
        """Why the cost is not known."""
        for (service, model), calls in self.unpriced.items():
            yield (
                f"{count(calls, 'call')} of {service} to {model or 'a model without a name'} "
                f"{'is' if calls == 1 else 'are'} unpriced; give the model a price with `prices:`, "
                "or the service one with `price:`, and run again"
            )
        if self.untold and not self.unpriced:  # a run of when calls did not tell
            yield f"{count(self.untold, 'model call')} without a price"
        if not self.unpriced and not self.untold:
            for name, each in self.costs.items():
                if not each:
                    yield f"no session of {name} has a cost: it was not run, or has no model"

    def notes(self, run: Run) -> Iterator[str]:
        """What should be known beside."""
        for name, sessions in self.lost.items():
            if not self.unpriced and not self.untold and self.costs[name]:
                yield f"{count(sessions, 'session')} of {name} without a cost are left out"
        for name, each in self.costs.items():
            planned = run.record.scenario(name).sessions
            seen = len(each) + self.lost[name]
            if seen < planned:
                yield f"of {planned:,} sessions of {name} {seen:,} were run"
        if self.nobody:
            yield f"${total(self.nobody):g} of calls that are nobody's are left out"

    def models(self, shares: Mapping[str, float], sessions: int) -> Iterator[ModelForecast]:
        """What each model's part would be, the most expensive first."""
        found = [
            ModelForecast(
                service=service,
                model=model,
                tokens_in=self._tokens(used.tokens_in, shares, sessions),
                tokens_out=self._tokens(used.tokens_out, shares, sessions),
                cost=estimate(self._costs(used), shares).of_sum(sessions),
            )
            for (service, model), used in self.used.items()
        ]
        yield from sorted(found, key=lambda each: -each.cost.figure)

    def _tokens(self, tokens: Counter[str], shares: Mapping[str, float], sessions: int) -> int:
        by_session = (
            share * tokens[name] / len(self.costs[name]) for name, share in shares.items()
        )
        return round(sessions * math.fsum(by_session))

    def _costs(self, used: _Used) -> Costs:
        """What the model cost in every session, those that did not ask it among them."""
        return {
            name: {session: total(used.costs[name].get(session, ())) for session in known}
            for name, known in self.costs.items()
        }
