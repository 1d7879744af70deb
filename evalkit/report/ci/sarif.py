"""Mistakes in suites as SARIF 2.1.0, which code scanning shows on their lines.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import quote

from evalkit import __version__
from evalkit.suite import Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MISTAKE, WARNING = "suite-mistake", "suite-warning"
_RULES = (
    (MISTAKE, "error", "A suite, or a file that it refers to, is wrong: nothing is run."),
    (WARNING, "warning", "A suite is sound, and somebody should look at this all the same."),
)


def sarif(problems: Iterable[Problem], warnings: Iterable[Problem]) -> str:
    """The SARIF log of these mistakes and warnings, as JSON."""
    results = [_result(each, MISTAKE, "error") for each in problems]
    results += [_result(each, WARNING, "warning") for each in warnings]
    driver = {
        "name": "evalkit",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": text},
                "defaultConfiguration": {"level": level},
            }
            for rule, level, text in _RULES
        ],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(problem: Problem, rule: str, level: Literal["error", "warning"]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
        if problem.column is not None:
            place["region"]["startColumn"] = problem.column
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": _text(problem)},
        "locations": [{"physicalLocation": place}],
    }


def _text(problem: Problem) -> str:
    told = [problem.message]
    if problem.allowed:
        told.append(f"Allowed: {', '.join(problem.allowed[:30])}.")
    if problem.suggestion is not None:
        told.append(f"Did you mean {problem.suggestion}?")
    return "\n".join(told)


def _uri(file: str) -> str:
    """A relative reference, or a `file:` URI: a drive's letter would be taken for a scheme."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
