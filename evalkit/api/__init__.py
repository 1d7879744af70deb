"""What every front end calls: run suites, check them, read what was run."""

from evalkit.api.comparing import compare
from evalkit.api.forecasting import forecast
from evalkit.api.gating import judge_again
from evalkit.api.loading import load_run
from evalkit.api.paths import suites_in
from evalkit.api.planning import validate, warnings_of
from evalkit.api.running import exit_code_of, run

__all__ = [
    "compare",
    "exit_code_of",
    "forecast",
    "judge_again",
    "load_run",
    "run",
    "suites_in",
    "validate",
    "warnings_of",
]
