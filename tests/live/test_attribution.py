from __future__ import annotations

from collections.abc import Iterator

import pytest

from evalkit.engine.correlating import correlating
from evalkit.live.attribution import Attribution
from evalkit.suite.outside import Correlate
from evalkit.wire import Caller, Request

ONE = Caller(session="s 1/ä", turn=2, vars={"account": 7})
TWO = Caller(session="s-2", turn=1, vars={"account": 8})


def _request(path: str = "/x", body: bytes = b"", **headers: str) -> Request:
    return Request(
        method="GET", path=path, host="a", query=(), headers=tuple(headers.items()), body=body
    )


def _told(headers: tuple[tuple[str, str], ...], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers if name in names}


@pytest.fixture
def both() -> Iterator[Attribution]:
    """Two sessions with a turn under way each."""
    found = Attribution(seed=3)
    with found.turn(ONE, 1), found.turn(TWO, 2):
        yield found


@pytest.mark.parametrize("way", ["baggage", "traceparent"])
def test_what_came_with_the_turn_tells(both: Attribution, way: str) -> None:
    for caller in (ONE, TWO):
        told = both.of(_request(**_told(both.headers(caller), way)))
        assert (told.caller, told.way) == (caller, way)


def test_baggage_tells_an_earlier_turn(both: Attribution) -> None:
    told = both.of(_request(baggage="other=1, evalkit.session=s-2;p=1 ,evalkit.turn=9"))
    assert told.caller is not None
    assert (told.caller.session, told.caller.turn) == ("s-2", 9)


def test_a_prefix_tells_and_is_taken_off(both: Attribution) -> None:
    told = both.of(_request(path=both.prefix(ONE.session) + "/v1/chat"))
    assert (told.caller, told.way, told.request.path) == (ONE, "prefix", "/v1/chat")
    assert both.of(_request(path=both.prefix("s-2"))).request.path == "/"


def test_a_prefix_of_nobody_is_a_path(both: Attribution) -> None:
    told = both.of(_request(path="/~someone/file"))
    assert (told.caller, told.request.path) == (None, "/~someone/file")


def test_a_port_tells_whose_turn_its_process_has(both: Attribution) -> None:
    assert both.of(_request(), port=2).caller == TWO
    assert both.at(1) == ONE
    assert both.of(_request(), port=3).caller is None


@pytest.mark.parametrize(
    ("settings", "request_", "expected"),
    [
        (Correlate(at="$.headers.x"), _request(x="s-2"), TWO),
        (Correlate(at="$.json.user"), _request(body=b'{"user": "s-2"}'), TWO),
        (Correlate(at="$.json.account", var="account"), _request(body=b'{"account": "7"}'), ONE),
        (Correlate(at="$.json.account", var="account"), _request(body=b'{"account": 9}'), None),
        (Correlate(at="$.json.account", var="none"), _request(body=b'{"account": 9}'), None),
        (Correlate(at="$.json.user"), _request(body=b"\xff"), None),
        (Correlate(at="$.headers.x"), _request(x="s-3"), None),
    ],
)
def test_a_service_says_where_its_session_stands(
    both: Attribution, settings: Correlate, request_: Request, expected: Caller | None
) -> None:
    assert both.of(request_, correlate=correlating(settings)).caller == expected


def test_a_value_that_two_sessions_have_tells_neither() -> None:
    found = Attribution()
    same = [Caller(session=name, turn=1, vars={"account": 1}) for name in ("a", "b")]
    tell = correlating(Correlate(at="$.json", var="account"))
    with found.turn(same[0]), found.turn(same[1]):
        assert found.of(_request(body=b"1"), correlate=tell).caller is None


def test_the_only_turn_under_way_is_told_by_that() -> None:
    found = Attribution()
    with found.turn(TWO):
        assert found.of(_request()).way == "alone"
        with found.turn(ONE):
            assert found.of(_request()).caller is None
    assert found.of(_request()).caller is None
    assert found.counts == {"alone": 1, "nothing": 2}


def test_a_webhook_is_told_like_a_turn_and_makes_another_sessions_turn_not_the_only_one() -> None:
    found = Attribution()
    with found.turn(TWO):
        pass
    with found.telling(TWO), found.telling(TWO):
        assert found.of(_request()).caller == TWO
        with found.turn(TWO):
            assert found.of(_request()).caller == TWO
        with found.turn(ONE):
            assert found.of(_request()).caller is None  # it may be of either
        assert found.of(_request()).way == "alone"
    assert found.of(_request()).caller is None
    with found.turn(ONE):
        assert found.of(_request()).caller == ONE


@pytest.mark.parametrize(
    "headers",
    [{"baggage": "=,;=,evalkit.session"}, {"traceparent": "00-1-2-3"}, {"traceparent": "é"}],
)
def test_rubbish_tells_nothing(both: Attribution, headers: dict[str, str]) -> None:
    assert both.of(_request(**headers)).way == "nothing"
