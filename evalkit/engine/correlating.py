"""Reads out of a request which session it is of, where a suite says where that stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalkit.jsonpaths import at_path, parsed
from evalkit.live.attribution import Correlate
from evalkit.suite import outside
from evalkit.wire import Caller, Request


def correlating(settings: outside.Correlate | None) -> Correlate | None:
    """What tells the session of a request to a service; None where the suite says nothing."""
    if settings is None:
        return None
    path, var = settings.at, settings.var
    parsed(path)  # now, not while a turn is under way

    def correlate(request: Request, callers: Mapping[str, Caller]) -> str | None:
        found = at_path(path, _told(request))
        value = found[-1] if found else None
        if value is None:
            return None
        if var is None:
            return str(value)
        having = [name for name, each in callers.items() if _same(each.vars.get(var), value)]
        return having[0] if len(having) == 1 else None

    return correlate


def _same(own: Any, value: Any) -> bool:
    return own is not None and str(own) == str(value)


def _told(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body) if request.body else None
    except (ValueError, RecursionError):
        body = None
    return {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": dict(request.headers),
        "json": body,
    }
