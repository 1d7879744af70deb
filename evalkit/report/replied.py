"""What the client of a call got, and when: each step on the wire with its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from evalkit.journal.outcomes import ENDINGS
from evalkit.journal.records import CONNECT, CallEnded, Outcome
from evalkit.journal.views import CallView
from evalkit.report.words import clean, count, seconds

_Text: TypeAlias = tuple[int, str, str]


def reply_lines(call: CallView, longest: int) -> Iterator[_Text]:
    """The steps, with times since the request arrived; then what the reply said.

    Each is indentation, text and colour. `longest` is how many characters of a body are shown.
    """
    ended, begun = call.ended, call.started.at
    if ended is None:
        yield 2, "nothing that is known of: the call never ended", "yellow"
        return
    for at, text in _steps(ended):
        yield 2, f"+{seconds(at - begun)}  {text}", ""
    yield 2, f"+{seconds(ended.at - begun)}  {_end(call, ended)}", "red" if call.failed else ""
    if ended.usage is not None:
        yield 2, f"tokens: {ended.usage.input} in, {ended.usage.output} out", ""
    if ended.body:
        got = "it said" if ended.outcome is Outcome.REPLIED else "had it come whole, it had said"
        text = clean(ended.body.decode("utf-8", "replace"), longest)
        yield 2, f"{got} ({len(ended.body):,} bytes): {text}", "dim"


def _steps(ended: CallEnded) -> Iterator[tuple[int, str]]:
    if ended.first_byte is not None:
        yield ended.first_byte, f"status {ended.status} and the headers"
    if ended.first_token is None:
        return
    if ended.last_token == ended.first_token or ended.last_token is None:
        yield ended.first_token, "the body, in one piece"
    else:
        yield ended.first_token, "the first piece of the body"
        yield ended.last_token, "the last piece of the body that came"


def _end(call: CallView, ended: CallEnded) -> str:
    if call.started.operation == CONNECT:
        good = ended.outcome is Outcome.REPLIED
        return "the connection came about" if good else ENDINGS[ended.outcome]
    sent = f"{count(ended.sent, 'byte')} sent{', head included' if ended.sent else ''}"
    if ended.outcome is Outcome.REPLIED:
        return f"the reply was whole: {sent}"
    return f"{ENDINGS[ended.outcome]}: {sent}"
