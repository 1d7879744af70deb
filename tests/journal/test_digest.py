from dataclasses import replace

import pytest

from evalkit.journal.digest import digest, first_difference, session_digest
from evalkit.journal.records import (
    Answer,
    CallEnded,
    CallStarted,
    EffectCommitted,
    End,
    LogWritten,
    Outcome,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)

ONE = "5f0c1d2e-1111-4222-8333-abcdefabcdef"
TWO = "5f0c1d2e-1111-4222-8333-abcdefabcde2"


def session(name, start=0, *, uid=ONE, address="0x7f67d0a1a520"):
    """The records of a session with one turn and one call."""
    who = {"session": name, "turn": 1}
    return [
        SessionStarted(at=start, session=name, intended=start),
        TurnStarted(at=start, input="hello", intended=start, **who),
        CallStarted(
            at=start + 5,
            call=1,
            service="crm",
            operation="POST /x",
            method="POST",
            path=f"/x/{uid}",
            identity=f"hash of {uid}",
            occurrence=1,
            attempt=1,
            logical=1,
            headers=(("date", f"{start}"),),
            body=f'{{"id": "{uid}", "twice": "{uid.upper()}"}}'.encode(),
            **who,
        ),
        EffectCommitted(
            at=start + 5, service="crm", call=1, name="ticket", data={"b": 1, "a": 2}, **who
        ),
        CallEnded(
            at=start + 9,
            call=1,
            outcome=Outcome.REPLIED,
            status=200,
            first_byte=start + 8,
            body=b"\xff",
            **who,
        ),
        TurnEnded(
            at=start + 9,
            text=f"<Thing object at {address}>",
            answer=Answer.ANSWERED,
            traceback=f"at {address}",
            context={"set": {"b", "a"}, 1: (1, 2)},
            **who,
        ),
        SessionEnded(at=start + 9, session=name, end=End.COMPLETED),
    ]


BASE = session("s1")


def changed(index, **settings):
    """The base with one record changed."""
    records = list(BASE)
    records[index] = replace(records[index], **settings)
    return records


SAME = {
    "again": session("s1"),
    "other uuids": session("s1", uid=TWO),
    "other addresses": session("s1", address="0x7f0000000000"),
    "other headers": changed(2, headers=()),
    "other traceback": changed(5, traceback=None),
    "a line of the log": [
        *BASE[:3],
        LogWritten(at=6, logger="a", level="INFO", text=TWO),
        *BASE[3:],
    ],
    "data in another order": changed(3, data={"a": 2, "b": 1}),
}
OTHER = {
    "time": (changed(4, at=10), 4, "at"),
    "status": (changed(4, status=201), 4, "status"),
    "request body": (changed(2, body=b"other"), 2, "body"),
    "text": (changed(5, text="bye"), 5, "text"),
    "end": (changed(6, end=End.FAILED), 6, "end"),
    "data": (changed(3, data={"b": 2, "a": 2}), 3, "data"),
    "context": (changed(5, context={"set": {"b"}, 1: (1, 2)}), 5, "context"),
    "two ids where there was one": (changed(2, path=f"/x/{TWO}"), 2, "body"),
    "kind": ([*BASE[:3], BASE[4], *BASE[3:]], 3, "record"),
    "more": ([*BASE, BASE[0]], 7, None),
    "fewer": (BASE[:-1], 6, None),
    "nothing": ([], 0, None),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_the_same_happened(other):
    assert digest(other) == digest(BASE)
    assert first_difference(BASE, other) is None


@pytest.mark.parametrize(("other", "index", "field"), OTHER.values(), ids=OTHER)
def test_something_else_happened(other, index, field):
    assert digest(other) != digest(BASE)
    for one, two in ((BASE, other), (other, BASE)):
        difference = first_difference(one, two)
        assert (difference.index, difference.field) == (index, field)


def test_the_order_of_records_counts():
    swapped = [*BASE[:3], BASE[4], BASE[3], *BASE[5:]]
    assert digest(swapped) != digest(BASE)


def test_a_session_run_alone_compares_equal_with_itself_among_others():
    alone = session("s2", 0, uid=ONE)
    among = [*session("s1", 0), *session("s2", 1_000, uid=TWO), *session("s3", 2_000)]
    assert session_digest(among, "s2") == session_digest(alone, "s2")
    assert session_digest(among, "s2") != session_digest(among, "s3")
    assert digest(among) != digest(alone)


def test_ids_are_named_by_session_so_that_another_session_changes_nothing():
    mixed = [
        each for pair in zip(session("s1"), session("s2", uid=TWO), strict=True) for each in pair
    ]
    assert session_digest(mixed, "s2") == session_digest(session("s2"), "s2")


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (
            changed(4, status=503),
            "record 4 (CallEnded of session s1, turn 1) differs in `status`: 200 ≠ 503",
        ),
        (
            BASE[:-1],
            "record 6 (SessionEnded of session s1) is in the first only: "
            '{"at":9,"end":"completed","reason":null,"record":"SessionEnded","session":"s1","…',
        ),
        (
            changed(1, input="x" * 100 + "hello"),
            "record 1 (TurnStarted of session s1, turn 1) differs in `input`: "
            f'"hello" ≠ "{"x" * 79}…',
        ),
    ],
)
def test_a_difference_reads_well(other, text):
    assert str(first_difference(BASE, other)) == text


def test_a_difference_deep_in_a_body_is_shown_where_it_is():
    long = b"x" * 500
    difference = first_difference(changed(2, body=long + b"1"), changed(2, body=long + b"2"))
    assert difference.left == "…" + "x" * 40 + '1"'
    assert difference.right == "…" + "x" * 40 + '2"'


class _Shy:
    def __repr__(self) -> str:
        raise ValueError


def test_a_context_that_cannot_be_shown_harms_nobody() -> None:
    record = TurnEnded(at=0, session="s", turn=1, text="done", context={"shy": _Shy()})
    assert digest([record]) == digest([record])
