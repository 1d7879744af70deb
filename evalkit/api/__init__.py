"""What every front end calls: run suites, check them, read what was run."""

from evalkit.api.baselines import accept_baseline, compare_to_baseline
from evalkit.api.choice import Asked
from evalkit.api.comparing import compare
from evalkit.api.exporting import export
from evalkit.api.forecasting import forecast
from evalkit.api.gating import judge_again
from evalkit.api.loading import load_run
from evalkit.api.paths import suites_in
from evalkit.api.planning import validate, warnings_of
from evalkit.api.reporting import report
from evalkit.api.running import exit_code_of, run

__all__ = [
    "Asked",
    "accept_baseline",
    "compare",
    "compare_to_baseline",
    "exit_code_of",
    "export",
    "forecast",
    "judge_again",
    "load_run",
    "report",
    "run",
    "suites_in",
    "validate",
    "warnings_of",
]
