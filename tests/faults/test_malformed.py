import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.faults.cut import CutBody
from evalkit.faults.malformed import Malformed
from evalkit.keyed import Draw
from evalkit.wire import Head, Reply, Send, Wait

FAULT = Malformed(malformed=True)
DRAW = Draw(1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_no_json_stays_valid_and_its_length_stays(value):
    healthy = Reply.json(value)
    broken = FAULT.apply(healthy, DRAW)
    assert len(broken.body()) == len(healthy.body())
    assert broken.headers == healthy.headers
    with pytest.raises(ValueError, match=r".*"):
        json.loads(broken.body())


@given(st.lists(JSON, min_size=1, max_size=5), st.integers(), st.integers(1, 7))
def test_exactly_one_event_of_a_stream_is_broken(values, key, size):
    text = "".join(f"data: {json.dumps({'value': each})}\n\n" for each in values)
    body = f"{text}data: [DONE]\n\n".encode()
    sends = tuple(Send(body[start : start + size]) for start in range(0, len(body), size))
    broken = FAULT.apply(Reply(chunked=True, plan=(Head(), *sends)), Draw(key)).body()
    assert len(broken) == len(body)
    data = [line.removeprefix(b"data: ") for line in broken.split(b"\n\n") if line]
    assert data.pop() == b"[DONE]"
    assert sum(not _is_json(each) for each in data) == 1


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_only_the_wrong_byte_bears_the_name_so_that_a_cut_before_it_leaves_none():
    broken = FAULT.apply(Reply.json({"id": 1}), DRAW)
    assert broken.plan == (Head(), Send(b'{"id":1'), Send(b"!", "malformed"))
    cut = CutBody(cut=3).apply(broken, DRAW)
    assert all(step.fault != "malformed" for step in cut.plan)


def test_trailing_space_is_not_what_is_overwritten():
    healthy = Reply.whole(b"[1]\n", content_type="application/json")
    assert FAULT.apply(healthy, DRAW).body() == b"[1!\n"


def test_a_text_that_ends_in_the_byte_is_changed_too():
    healthy = Reply.whole(b"Hello!", content_type="text/plain")
    assert FAULT.apply(healthy, DRAW).body() == b"Hello?"


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_a_body_without_text_stays(body):
    healthy = Reply(plan=(Head(), Wait(3), *([Send(body)] if body else [])))
    assert FAULT.apply(healthy, DRAW) == healthy
