"""Sends what was made of a run, over HTTP: to a collector by OTLP, and to a Pushgateway.

Nothing is sent but to the URL that was given. What a server says to try later with (429, 502, 503,
504) is tried again, as OTLP asks. Redirects are refused: they would turn a POST into a GET.
"""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit

from evalkit.errors import UsageError
from evalkit.telemetry.otlp import Message
from evalkit.telemetry.prometheus import CONTENT_TYPE

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
"""The variable of the environment that holds headers for a collector: `name=value,name=value`."""

JOB = "evalkit"
_TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_TRIES = 3
_LATER = frozenset({429, 502, 503, 504})
_LONGEST_WAIT = 30.0
_LONGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends to one server. `timeout` is in seconds; `wait` is called between tries."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10.0
    wait: Callable[[float], None] = time.sleep

    def send_otlp(self, signal: str, message: Message) -> str | None:
        """Send traces or metrics. Gives what the collector did not take, if it says so."""
        body = json.dumps(message, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        answer = self._send("POST", f"{self.url.rstrip('/')}/v1/{signal}", body, headers)
        return _rejected(answer)

    def push(self, suite: str, text: str) -> None:
        """Put the metrics of a suite in place of those of its last run."""
        url = f"{self.url.rstrip('/')}/metrics/job/{JOB}/{_grouping('suite', suite)}"
        self._send("PUT", url, text.encode(), {"Content-Type": CONTENT_TYPE, **self.headers})

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        given = {"User-Agent": "evalkit", **headers}
        request = urllib.request.Request(url, data=body, headers=given, method=method)
        opener = urllib.request.build_opener(_NoRedirects)
        for left in reversed(range(_TRIES)):
            try:
                with opener.open(request, timeout=self.timeout) as answer:
                    taken: bytes = answer.read(_LONGEST_ANSWER)
                    return taken
            except urllib.error.HTTPError as error:
                if not left or error.code not in _LATER:
                    raise UsageError(f"{url} answered {_said(error)}") from error
                later = error.headers.get("Retry-After")
                error.close()
                self.wait(_seconds(later, 2.0 ** (_TRIES - left - 1)))
            except (OSError, HTTPException, ValueError) as error:
                reason = getattr(error, "reason", error)
                raise UsageError(f"{url} cannot be reached: {reason}") from error
        raise AssertionError("the last try gives an answer or raises")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *given: Any
    ) -> None:
        del req, fp, code, msg, given


def checked_url(url: str) -> str:
    """The URL, if it is one that can be sent to. Raises `UsageError` where it is not."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        good = False
    if not good or any(each.isspace() for each in url):
        raise UsageError(f"{url!r} is no URL to send to", hint="write http://localhost:4318")
    if parts.username is not None:
        message = f"the URL of {parts.hostname} holds credentials, which would be shown"
        raise UsageError(message, hint=f"put a header into {HEADERS}")
    return url


def headers_in(text: str) -> dict[str, str]:
    """The headers of `OTEL_EXPORTER_OTLP_HEADERS`. Raises `UsageError` where they are none."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, sign, value = part.partition("=")
        name, value = name.strip(), unquote(value.strip())
        if not sign or not _TOKEN.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise UsageError(f"{HEADERS} holds what is no name=value of a header")
        found[name] = value
    return found


def _grouping(name: str, value: str) -> str:
    """A part of a Pushgateway's path; what a path cannot hold, as base64."""
    if value and "/" not in value:
        return f"{name}/{quote(value, safe='')}"
    encoded = base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
    return f"{name}@base64/{encoded or '='}"


def _rejected(answer: bytes) -> str | None:
    try:
        partial = json.loads(answer or b"{}").get("partialSuccess") or {}
        count = int(partial.get("rejectedSpans") or partial.get("rejectedDataPoints") or 0)
    except (ValueError, AttributeError, TypeError):
        return None  # answered as protobuf, or not as OTLP: it was taken all the same
    said = str(partial.get("errorMessage") or "")
    return f"{count} rejected: {said or 'no reason given'}" if count or said else None


def _said(error: urllib.error.HTTPError) -> str:
    with error:
        text = error.read(500).decode("utf-8", "replace")
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return f"{error.code} {error.reason}{': ' if shown else ''}{shown}"


def _seconds(said: str | None, otherwise: float) -> float:
    """How long to wait: as the server said in seconds, within reason."""
    try:
        return min(max(float(said or otherwise), 0.0), _LONGEST_WAIT)
    except ValueError:
        return otherwise  # it is a date
