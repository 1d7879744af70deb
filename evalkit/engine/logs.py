"""Takes the agent's log into the journal: what it writes with Python's `logging`.

What is taken is what the agent's logging lets through, from INFO on. Where nobody has configured
logging when the agent is up (the root logger has its level and no handler), that would be warnings
only, which is what no deployment leaves it at: it is set to INFO then, but for the libraries whose
records repeat what is on the wire. A logger that keeps its records to itself (`propagate`) is heard
as well if it has somewhere to write them.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from evalkit.journal.records import LogWritten
from evalkit.journal.writer import Journal
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock

MOST_RECORDS = 200
"""Records of the log that are kept of one session, and of what belongs to none."""

MOST_TEXT = 64 * 1024
"""Characters that are kept of them."""

LONGEST = 4_000
"""Characters that are kept of one record, and of its fields."""

_CUT_OFF = "what else is logged here is not kept"
_WIRE = (
    *("httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "urllib3", "hpack", "mcp"),
    *("openai", "anthropic", "google_genai", "LiteLLM"),
)
_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    *("message", "asctime", "taskName", "color_message")
}
_PLAIN = logging.Formatter()


class LogBook:
    """Writes lines of a log down, so many of each session."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._room: defaultdict[str | None, list[int]] = defaultdict(
            lambda: [MOST_RECORDS, MOST_TEXT]
        )

    def write(self, logger: str, level: str, text: str, data: Mapping[str, Any]) -> None:
        """Write a line down as one of the session in context."""
        caller = CALLER.get()
        session = None if caller is None else caller.session
        room = self._room[session]
        if room[0] <= 0 or room[1] <= 0:
            return
        room[0] -= 1
        room[1] -= len(text)
        if room[0] <= 0 or room[1] <= 0:
            logger, level, text, data = "evalkit", "WARNING", _CUT_OFF, {}
        self._journal.append(
            LogWritten(
                at=self._clock.now,
                session=session,
                turn=None if caller is None else caller.turn,
                logger=logger,
                level=level,
                text=text[:LONGEST],
                data=data,
            )
        )


class AgentLog(logging.Handler):
    """A handler of the loggers of this process."""

    def __init__(self, book: LogBook) -> None:
        super().__init__(logging.INFO)
        self._book = book
        self._at: list[logging.Logger] = []
        self._levels: list[tuple[logging.Logger, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record down. It raises nothing, as it is called from within the agent."""
        if not record.name.startswith("evalkit."):
            with suppress(Exception):
                self._book.write(record.name, record.levelname, _text(record), _extra(record))

    def listen(self) -> None:
        """Hear every logger that there is by now. An agent may configure logging at any time, and
        take handlers away by that.
        """
        if not self._at and _untouched():
            self._set(logging.root, logging.INFO)
            for name in _WIRE:
                if (wire := logging.getLogger(name)).level == logging.NOTSET:
                    self._set(wire, logging.WARNING)
        for logger in (logging.root, *_to_themselves()):
            if self not in logger.handlers:
                logger.addHandler(self)
                self._at.append(logger)

    def leave(self) -> None:
        """Hear nothing more, and leave all as it was."""
        for logger in self._at:
            logger.removeHandler(self)
        for logger, level in self._levels:
            logger.setLevel(level)

    def _set(self, logger: logging.Logger, level: int) -> None:
        self._levels.append((logger, logger.level))
        logger.setLevel(level)


@contextmanager
def agent_log(journal: Journal, clock: Clock) -> Iterator[AgentLog]:
    """The handler that takes the log of this process into a journal, for the length of a `with`."""
    log = AgentLog(LogBook(journal, clock))
    log.listen()
    try:
        yield log
    finally:
        log.leave()


def _untouched() -> bool:
    return logging.root.level == logging.WARNING and not logging.root.handlers


def _to_themselves() -> Iterator[logging.Logger]:
    """The loggers that pass nothing on, and write."""
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and not logger.propagate and _writes(logger):
            yield logger


def _writes(logger: logging.Logger) -> bool:
    return any(not isinstance(each, logging.NullHandler) for each in logger.handlers)


def _text(record: logging.LogRecord) -> str:
    """The message, with the traceback that would be printed below it."""
    try:
        text = record.getMessage()
    except Exception:  # its arguments do not fit; the standard handlers complain and go on
        text = str(record.msg)
    if record.exc_info and record.exc_info[0] is not None:
        text = f"{text}\n{_PLAIN.formatException(record.exc_info)}"
    return text


def _extra(record: logging.LogRecord) -> Mapping[str, Any]:
    """The fields that a record was given besides, as JSON has them: they may change later."""
    given = {name: each for name, each in vars(record).items() if name not in _FIELDS}
    if not given:
        return {}
    text = json.dumps(given, default=str, skipkeys=True)
    if len(text) > LONGEST:
        return {"cut": text[:LONGEST]}
    found: dict[str, Any] = json.loads(text)
    return found
