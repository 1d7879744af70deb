from evalkit.journal.logical import logical_calls
from evalkit.journal.records import CallEnded, CallStarted, Outcome
from evalkit.journal.views import CallView


def call(number, logical, attempt, *, failed):
    started = CallStarted(
        at=number,
        session="s1",
        turn=2,
        call=number,
        service="crm",
        operation="GET /x",
        method="GET",
        path="/x",
        identity="aa",
        occurrence=logical,
        attempt=attempt,
        logical=logical,
    )
    ended = CallEnded(at=number + 1, call=number, outcome=Outcome.REPLIED, failed=failed)
    return CallView(started=started, ended=ended, faults=(), effects=())


def test_attempts_are_taken_together_in_order_of_the_first():
    calls = (
        call(1, 1, 1, failed=True),
        call(2, 2, 1, failed=True),
        call(3, 1, 2, failed=False),
    )
    first, second = logical_calls(calls)
    assert (first.numbers, first.recovered) == ((1, 3), True)
    assert (second.numbers, second.recovered) == ((2,), False)
    assert (first.service, first.operation, first.turn) == ("crm", "GET /x", 2)
    assert (first.first.call, first.last.call) == (1, 3)
