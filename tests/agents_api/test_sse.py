import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.agents.sse import SentEvent, read_events


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", []),
        (b"data: a\n\n", [("message", "a")]),
        (b"data:a\r\n\r\ndata:  b\r\r", [("message", "a"), ("message", " b")]),
        (b"event: delta\ndata: a\ndata: b\nid: 3\nretry: 5\n\n", [("delta", "a\nb")]),
        (b": comment\n\ndata: a\n\n", [("message", "a")]),
        (b"event: ping\n\ndata: a\n\n", [("message", "a")]),
        (b"data\n\n", [("message", "")]),
        (b"\xef\xbb\xbfdata: \xc3\xa4\n\n", [("message", "ä")]),
        (b"data: a\n\ndata: never ended", [("message", "a")]),
    ],
)
def test_events(body: bytes, events: list[tuple[str, str]]) -> None:
    assert list(read_events(body)) == [SentEvent(*each) for each in events]


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


@given(
    st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=5),
    st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_data_is_read_as_it_was_sent(sent: list[list[str]], end: str) -> None:
    body = "".join("".join(f"data: {line}{end}" for line in each) + end for each in sent)
    assert [each.data for each in read_events(body.encode())] == ["\n".join(each) for each in sent]
