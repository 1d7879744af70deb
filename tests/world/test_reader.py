"""Requests read from bytes, the third time as the first: heads that come again are remembered."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.wire import Fields
from evalkit.world import heads
from evalkit.world.reader import Limits, RequestReader, Room

POST = (
    b"POST /a/%20b?q=1&q=2 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 2\r\n\r\n"
)
REQUESTS = {
    "body": POST + b"{}",
    "no body": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two": POST + b"{}" + POST + b"[]",
    "chunks": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    "closing": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "upgrade": b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "expecting": b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    "no length": b"POST / HTTP/1.1\r\nHost: a\r\n\r\n{}",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "absolute": b"GET http://u@h:1/p HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank before": b"\r\n\r\n" + POST + b"{}",
    "none": b"nothing of the kind\r\n\r\n",
}


def read(data: bytes, limits: Limits | None = None, room: Room | None = None) -> tuple:
    reader = RequestReader(limits or Limits(), room)
    arrived = reader.feed(data)
    return arrived, reader.refusal, reader.within_request, reader.expects_continue


@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
def test_what_was_read_before_is_read_alike(data):
    assert read(data) == read(data) == read(data)


def test_only_a_head_that_comes_again_is_remembered():
    data = POST.replace(b"X-One: 1", b"X-One: comes again") + b"{}"
    remembered = []
    for _ in range(3):
        remembered.append(heads.known(data, heads.end_in(data)) is not None)
        read(data)
    assert remembered == [False, False, True]


def test_a_known_head_comes_with_any_body_of_its_length():
    bodies = [each.request.body for at in range(4) for each in read(POST + b"%02d" % at)[0]]
    assert bodies == [b"00", b"01", b"02", b"03"]


@given(st.lists(st.sampled_from(sorted(REQUESTS)), max_size=4), st.lists(st.integers(1, 90)))
def test_where_bytes_are_parted_changes_nothing(names, sizes):
    data = b"".join(REQUESTS[name] for name in names if name not in ("none", "no length"))
    whole, parted = RequestReader(Limits()), RequestReader(Limits())
    wanted = [each for at in range(len(data)) for each in whole.feed(data[at : at + 1])]
    found, rest = [], data
    for size in (*sizes, len(data)):
        part, rest = rest[:size], rest[size:]
        found += parted.feed(part) if part else []
    assert found == wanted
    assert parted.refusal == whole.refusal


def test_a_known_head_is_held_to_the_limits_of_its_own_connection():
    for _ in range(3):
        assert read(POST + b"{}")[1] is None
    assert read(POST + b"{}", Limits(body=1))[1] == 413
    assert read(POST + b"{}", Limits(head=20))[1] == 431
    assert read(POST + b"{}", room=Room(1))[1] == 503


def test_bytes_of_a_request_under_way_are_no_head():
    reader = RequestReader(Limits())
    assert reader.feed(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (len(POST) + 2)) == []
    (arrived,) = reader.feed(POST + b"{}")
    assert arrived.request.body == POST + b"{}"


def test_headers_are_looked_up_by_name_and_pickled_as_a_tuple():
    ((arrived,), *_) = read(POST + b"{}")
    request = arrived.request
    assert (request.header("X-One"), request.header("x-two")) == ("1", None)
    assert type(request.headers) is Fields
    again = pickle.loads(pickle.dumps(request.headers))
    assert type(again) is tuple
    assert again == request.headers
