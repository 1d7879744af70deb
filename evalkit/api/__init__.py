"""What every front end calls: run suites, check them, read what was run."""

from evalkit.api.loading import load_run
from evalkit.api.paths import suites_in
from evalkit.api.planning import validate
from evalkit.api.running import exit_code_of, run

__all__ = ["exit_code_of", "load_run", "run", "suites_in", "validate"]
