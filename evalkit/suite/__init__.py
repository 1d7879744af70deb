"""What a suite is, and how its files are read."""

from evalkit.suite.load import Loaded, load_model, load_suite, read_model
from evalkit.suite.payloads import load_sessions
from evalkit.suite.problems import Problem

__all__ = ["Loaded", "Problem", "load_model", "load_sessions", "load_suite", "read_model"]
