"""Where values of a session show: in texts as they are on the wire, escaped or encoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from evalkit.checks.targets import leaves
from evalkit.journal.records import LogWritten
from evalkit.journal.views import CallView, TurnView

_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
_TOLD = re.compile(
    r"^(?:[\w.]*AgentFailed: )?the agent(?: answered \d+| reported an error"
    r"|'s stream holds an error|'s reply \([^)]*\) cannot be read): "
)
"""How errors begin that hold what the caller got (`evalkit.agents.reading`)."""
_SEPARATORS = re.compile(r"[\s./-]")
_ENOUGH_DIGITS = 7


def readable(text: str) -> str:
    """A text without the escapes of JSON, at any depth of quoting."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)


def request_text(call: CallView) -> str:
    """All that a request says: its path, its headers and its body."""
    headers = " ".join(value for _, value in call.started.headers)
    body = call.started.body.decode("utf-8", "replace")
    return readable(f"{unquote_plus(call.started.path)} {headers} {_of_form(body)}")


def reply_text(call: CallView) -> str:
    """All that a service replied."""
    return "" if call.ended is None else readable(call.ended.body.decode("utf-8", "replace"))


def told_text(turn: TurnView) -> str:
    """All that a turn told its caller."""
    ended = turn.ended
    if ended is None:
        return ""
    context = json.dumps(dict(ended.context), ensure_ascii=False, default=str)
    told = f"{ended.text or ''} {readable(context) if ended.context else ''}"
    return f"{told} {readable(told_error(turn))}" if ended.error else told


def told_error(turn: TurnView) -> str:
    """What a turn told its caller in place of a reply: the body of an answer like 500, an event of
    a stream. An exception of a Python agent is told to nobody.
    """
    error = "" if turn.ended is None else turn.ended.error or ""
    found = _TOLD.match(error)
    return error[found.end() :] if found else ""


def log_text(line: LogWritten) -> str:
    """All that a line of the agent's log says."""
    data = json.dumps(dict(line.data), ensure_ascii=False, default=str) if line.data else ""
    return readable(f"{line.text} {data}")


def _of_form(body: str) -> str:
    return unquote_plus(body) if "%" in body and not body.lstrip().startswith(("{", "[")) else body


def texts_of(value: object, shortest: int) -> Iterator[str]:
    """The texts and numbers in a variable that are long enough to be known again."""
    for each in leaves(value):
        text = str(each)
        if not isinstance(each, bool) and len(text) >= shortest:
            yield text


def stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text; a number also with other separators, or with none."""
    if value in text:
        return True
    digits = _SEPARATORS.sub("", value)
    if not digits.isdigit() or len(digits) < _ENOUGH_DIGITS:
        return False
    return re.search(r"[\s./-]?".join(digits), text) is not None


def words_in(text: str) -> set[str]:
    """The words of a text, by which values that may stand in it are found quickly."""
    return set(_WORD.findall(text))


def longest_word(value: str) -> str:
    """The word that a text must have for the value to stand in it."""
    return max(_WORD.findall(value), key=len, default="")
