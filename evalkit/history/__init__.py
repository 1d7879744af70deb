"""Figures over time: the runs in a folder, trends of a metric, and questions in plain words."""

from evalkit.history.answering import Answer, Line, answer
from evalkit.history.asking import Asked, ask
from evalkit.history.names import Names, names_in
from evalkit.history.reading import Reading
from evalkit.history.rephrase import Rephraser
from evalkit.history.runs import Choice, Found, StoredRun, stored_runs
from evalkit.history.trend import History, Point, history
from evalkit.history.understand import Refused, Understood, Unsure, understand

__all__ = [
    "Answer",
    "Asked",
    "Choice",
    "Found",
    "History",
    "Line",
    "Names",
    "Point",
    "Reading",
    "Refused",
    "Rephraser",
    "StoredRun",
    "Understood",
    "Unsure",
    "answer",
    "ask",
    "history",
    "names_in",
    "stored_runs",
    "understand",
]
