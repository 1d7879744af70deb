"""evalkit tests AI agents the way production will treat them.

`Turn` and `Reply` are what an agent is given and gives back. `run`, `validate` and `load_run` do
what the command line does. Everything is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.agents import Reply, Turn
    from evalkit.api import load_run, run, validate
    from evalkit.errors import EvalkitError, StartError, SuiteError, UsageError
    from evalkit.gate import Verdict
    from evalkit.store import Run

__version__ = "0.1.0"

__all__ = [
    "EvalkitError",
    "Reply",
    "Run",
    "StartError",
    "SuiteError",
    "Turn",
    "UsageError",
    "Verdict",
    "__version__",
    "load_run",
    "run",
    "validate",
]

_FROM = {
    "EvalkitError": "errors",
    "StartError": "errors",
    "SuiteError": "errors",
    "UsageError": "errors",
    "Reply": "agents",
    "Turn": "agents",
    "Verdict": "gate",
    "Run": "store",
    "load_run": "api",
    "run": "api",
    "validate": "api",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_FROM[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
