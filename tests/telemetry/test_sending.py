"""Sent to servers on the loopback interface, which answer as they are told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evalkit.errors import UsageError
from evalkit.telemetry.sending import Sender, checked_url, headers_in

TRACES = {"resourceSpans": []}


@contextmanager
def server(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list]]:
    """Its URL, and the requests that it was sent: method, path, headers, body."""
    seen, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.title(): value for name, value in self.headers.items()}
            seen.append((self.command, self.path, headers, body))
            status, more, answer = left.pop(0) if left else (200, {}, b"{}")
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, *given: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}", seen
        finally:
            http.shutdown()
            thread.join()


def sender(url, **given):
    return Sender(url=url, headers={}, **{"wait": [].append, **given})


def test_otlp_goes_to_the_path_of_its_signal_with_its_headers():
    with server() as (url, seen):
        given = Sender(url=f"{url}/base/", headers={"x-key": "k"})
        assert given.send_otlp("traces", TRACES) is None
    ((method, path, headers, body),) = seen
    assert (method, path, body) == ("POST", "/base/v1/traces", b'{"resourceSpans":[]}')
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Key"] == "k"


@pytest.mark.parametrize(
    ("suite", "path"),
    [
        ("support", "/metrics/job/evalkit/suite/support"),
        ("a b", "/metrics/job/evalkit/suite/a%20b"),
        ("a/b", "/metrics/job/evalkit/suite@base64/YS9i"),
    ],
)
def test_pushes_take_the_place_of_what_the_suite_had(suite, path):
    with server() as (url, seen):
        sender(url).push(suite, "x 1\n")
    ((method, asked, headers, body),) = seen
    assert (method, asked, body) == ("PUT", path, b"x 1\n")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_what_is_to_come_later_is_tried_again():
    waits = []
    with server((503, {"Retry-After": "7"}, b""), (429, {}, b"")) as (url, seen):
        assert sender(url, wait=waits.append).send_otlp("traces", TRACES) is None
    assert len(seen) == 3
    assert waits == [7.0, 2.0]


@pytest.mark.parametrize(
    ("answers", "requests", "words"),
    [
        ([(503, {}, b"busy")] * 3, 3, "answered 503 Service Unavailable: busy"),
        ([(400, {}, b"bad\x1b[2J\nlabel")], 1, "answered 400 Bad Request: bad [2J label"),
        ([(302, {"Location": "http://127.0.0.1:1/"}, b"")], 1, "answered 302"),
    ],
)
def test_what_is_refused_is_said(answers, requests, words):
    with server(*answers) as (url, seen), pytest.raises(UsageError) as raised:
        sender(url).send_otlp("traces", TRACES)
    assert words in str(raised.value)
    assert len(seen) == requests


def test_a_server_that_is_not_there():
    with server() as (url, _):
        pass
    with pytest.raises(UsageError, match="cannot be reached"):
        sender(url).push("support", "")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", None),
        (b"\x00protobuf", None),
        (b"[]", None),
        (b'{"partialSuccess": {}}', None),
        (b'{"partialSuccess": {"rejectedSpans": "2"}}', "2 rejected: no reason given"),
        (
            b'{"partialSuccess": {"rejectedDataPoints": 1, "errorMessage": "old"}}',
            "1 rejected: old",
        ),
    ],
)
def test_what_a_collector_did_not_take_is_told(answer, told):
    with server((200, {}, answer)) as (url, _):
        assert sender(url).send_otlp("metrics", {}) == told


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:4318", "ftp://x", "http://", "http://x:99999", "file:///etc/passwd"),
        *("http://x y", "http://[::1", "http://user:secret@x", "http://x/?a=b"),
    ],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(UsageError) as raised:
        checked_url(url)
    assert "secret" not in str(raised.value)


def test_headers_of_the_environment():
    assert headers_in("") == {}
    assert headers_in("a=b%20c, x-key=d=e") == {"a": "b c", "x-key": "d=e"}


@pytest.mark.parametrize("text", ["nonsense", "=v", "a b=v", "a=secret%0d%0ax:1", "a=secr\u00e9t"])
def test_what_is_no_header_is_refused_and_not_shown(text):
    with pytest.raises(UsageError, match="no name=value") as raised:
        headers_in(text)
    assert "secr" not in str(raised.value)
