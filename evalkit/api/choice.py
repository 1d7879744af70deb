"""What runs may be asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, Unpack

from evalkit.api.baselines import Given, baseline_at
from evalkit.api.cluster import Cluster
from evalkit.gate.baseline import Baseline, Tolerance

_OUT = Path("reports")


class Asked(TypedDict, total=False):
    """The options of `evalkit.run`. Each may be left out, and is then None or False, but where
    something else is said here.

    `scenario` is a glob over the names of scenarios, `session` the id of the only session to run,
    `seed` takes the place of the suites' own, `workers` is how many processes run at a time. Each
    suite's run is kept in a folder of its own in `out` (`reports`). `twice` runs everything a
    second time and fails where that was different. `controls` (True) has every faulty scenario
    compared with the same sessions without faults, which are run as well where no scenario of the
    suite is of them.

    `agent` is run in the place of the Python agent that each suite names, as whose settings the
    rest of the suite's `agent:` holds: `FILE.py:NAME`, the file from the current folder, or
    `package.module:NAME`.

    `live` runs them live, or simulated where it is False: real sockets, a real clock, the agent a
    process of its own. Without it each suite says how.

    `stop_early` ends a scenario as soon as one of its gates is lost for certain; it fails then.

    `dask` is the address of the scheduler of a Dask cluster, on which simulated cells are run.

    `baseline` is the file of a baseline of the one suite that is run, or an earlier run of it: the
    run fails where it got worse by more than the `tolerance`.
    """

    scenario: str | None
    session: str | None
    seed: int | None
    agent: str | None
    workers: int | None
    out: str | os.PathLike[str]
    twice: bool
    controls: bool
    live: bool | None
    stop_early: bool
    dask: str | None
    baseline: Given | None
    tolerance: Tolerance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for: the options as `Asked` has them, with the baseline read. `cluster` is the
    Dask cluster, while there is one.
    """

    scenario: str | None = None
    session: str | None = None
    seed: int | None = None
    agent: str | None = None
    workers: int | None = None
    out: Path = _OUT
    twice: bool = False
    controls: bool = True
    live: bool | None = None
    stop_early: bool = False
    dask: str | None = None
    baseline: Baseline | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    cluster: Cluster | None = None

    @classmethod
    def of(cls, **asked: Unpack[Asked]) -> Choice:
        """The choice that was asked for. Raises `UsageError` where there is no such baseline."""
        options: dict[str, Any] = dict(asked)
        options["out"] = out = Path(asked.get("out", _OUT))
        options["tolerance"] = asked.get("tolerance") or Tolerance()
        if (given := asked.get("baseline")) is not None:
            options["baseline"] = baseline_at(given, out=out)
        return cls(**options)
