"""What can be told to go wrong with a call or a connection, and the schedule that decides when."""

from evalkit.faults.base import ConnectFault, Connecting, Fault
from evalkit.faults.presets import PRESETS
from evalkit.faults.registry import FAULTS, AnyFault, apply_all
from evalkit.faults.rule import AGENT, Rule, problems_of
from evalkit.faults.schedule import CallPlace, Decision, Schedule
from evalkit.faults.trigger import When

__all__ = [
    "AGENT",
    "FAULTS",
    "PRESETS",
    "AnyFault",
    "CallPlace",
    "ConnectFault",
    "Connecting",
    "Decision",
    "Fault",
    "Rule",
    "Schedule",
    "When",
    "apply_all",
    "problems_of",
]
