"""What no model decides: emergencies, and which medicines may be named to whom."""

from __future__ import annotations

import re
from collections.abc import Iterable

from emr import Chart

RED_FLAGS = re.compile(
    r"chest pain|can'?t breathe|cannot breathe|stroke|unconscious|suicid|kill myself"
    r"|brustschmerz|keine luft|bewusstlos|schlaganfall"
    r"|douleur(?:s)? (?:à|dans) la poitrine|respire plus|inconscient"
    r"|dolor en el pecho|no puedo respirar|inconsciente",
    re.IGNORECASE,
)

KINDS = {
    "ibuprofen": "nsaid",
    "aspirin": "nsaid",
    "naproxen": "nsaid",
    "paracetamol": "paracetamol",
    "cetirizine": "antihistamine",
    "loratadine": "antihistamine",
    "saline spray": "saline",
}
"""The medicines that may be named, each with its kind."""

CLASHES = {"nsaid": ("nsaid", "ibuprofen", "aspirin", "warfarin", "apixaban", "kidney", "ulcer")}


def is_emergency(text: str) -> bool:
    """Whether a message holds what must not wait for a model."""
    return RED_FLAGS.search(text) is not None


def unsafe(medicines: Iterable[str], chart: Chart) -> str | None:
    """Why one of these medicines must not be named to this patient, or None."""
    known = " ".join((*chart.allergies, *chart.medications, *chart.problems)).lower()
    for medicine in medicines:
        kind = KINDS.get(medicine.lower())
        if kind is None:
            return f"{medicine} is not on the list"
        for sign in CLASHES.get(kind, (kind,)):
            if sign in known:
                return f"{medicine} and {sign} in the chart"
    return None
