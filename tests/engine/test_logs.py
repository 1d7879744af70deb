"""The agent's log in the journal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalkit.engine.logs import LONGEST, MOST_RECORDS, agent_log
from evalkit.journal.digest import digest
from evalkit.journal.records import LogWritten
from evalkit.journal.writer import Journal
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from tests.engine.suites import AGENT, run, sessions, write_suite

LOG = logging.getLogger("shop.orders")


@contextmanager
def bare_root() -> Iterator[None]:
    """The root logger as it is where nobody has configured anything."""
    root = logging.root
    level, handlers = root.level, root.handlers[:]
    root.setLevel(logging.WARNING)
    root.handlers[:] = []
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


@pytest.fixture
def journal() -> Iterator[Journal]:
    """What is logged in a test, where nothing is configured."""
    found = Journal()
    token = CALLER.set(Caller(session="s1", turn=2, vars={}, plan=()))
    with bare_root(), agent_log(found, Clock(0)):
        yield found
    CALLER.reset(token)


def lines(journal: Journal) -> list[LogWritten]:
    return [each for each in journal.records if isinstance(each, LogWritten)]


def test_a_record_is_of_the_session_in_context(journal: Journal) -> None:
    LOG.info("order %s is paid", "A-1", extra={"step_id": "a", "lines": [1, 2]})
    (line,) = lines(journal)
    assert (line.session, line.turn, line.at) == ("s1", 2, 0)
    assert (line.logger, line.level, line.text) == ("shop.orders", "INFO", "order A-1 is paid")
    assert line.data == {"step_id": "a", "lines": [1, 2]}


def test_what_is_logged_for_nobody_is_of_no_session(journal: Journal) -> None:
    CALLER.set(None)
    LOG.warning("late")
    assert [(each.session, each.text) for each in lines(journal)] == [(None, "late")]


def test_debug_and_what_repeats_the_wire_are_left_out(journal: Journal) -> None:
    LOG.debug("no")
    logging.getLogger("httpx").info("HTTP Request: GET /x")
    logging.getLogger("evalkit.agents").warning("not of the agent")
    logging.getLogger("httpx").warning("odd")
    assert [each.text for each in lines(journal)] == ["odd"]


def test_levels_that_an_agent_has_set_count() -> None:
    journal = Journal()
    with bare_root():
        logging.root.addHandler(logging.NullHandler())
        with agent_log(journal, Clock(0)):
            LOG.info("not let through")
            LOG.error("let through")
    assert [each.text for each in lines(journal)] == ["let through"]


@pytest.mark.parametrize(("handler", "heard"), [(logging.Handler(), 1), (logging.NullHandler(), 0)])
def test_a_logger_that_passes_nothing_on_is_heard_if_it_writes(
    handler: logging.Handler, heard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = logging.getLogger(f"own.{heard}")
    monkeypatch.setattr(own, "propagate", False)
    monkeypatch.setattr(own, "handlers", [handler])
    monkeypatch.setattr(handler, "emit", lambda record: None)
    own.setLevel(logging.INFO)
    journal = Journal()
    with agent_log(journal, Clock(0)):
        own.info("by itself")
    assert len(lines(journal)) == heard
    assert own.handlers == [handler]


def test_handlers_that_are_taken_away_come_back(journal: Journal) -> None:
    with agent_log(journal, Clock(0)) as log:
        logging.root.handlers.clear()
        LOG.warning("unheard")
        log.listen()
        LOG.warning("heard")
    assert [each.text for each in lines(journal)] == ["heard"]


def test_a_traceback_belongs_to_its_record(journal: Journal) -> None:
    try:
        int("no number")
    except ValueError:
        LOG.exception("failed")
    (line,) = lines(journal)
    assert line.text.startswith("failed\nTraceback")
    assert line.text.endswith("with base 10: 'no number'")


def test_what_cannot_be_written_as_it_is() -> None:
    journal = Journal()
    with bare_root(), agent_log(journal, Clock(0)):  # without pytest's handlers, which raise
        LOG.info("%d of %d", *[1])
        LOG.info("x" * 2 * LONGEST, extra={"of": object, "long": ["y" * LONGEST]})
    short, long = lines(journal)
    assert short.text == "%d of %d"
    assert len(long.text) == LONGEST
    assert list(long.data) == ["cut"]


def test_no_more_is_kept_than_there_is_room_for(journal: Journal) -> None:
    for number in range(2 * MOST_RECORDS):
        LOG.info("%d", number)
    CALLER.set(Caller(session="s2", turn=1, vars={}, plan=()))
    LOG.info("another session")
    texts = [each.text for each in lines(journal)]
    assert len(texts) == MOST_RECORDS + 1
    assert texts[-2:] == ["what else is logged here is not kept", "another session"]


def test_all_is_left_as_it_was() -> None:
    with bare_root():
        with agent_log(Journal(), Clock(0)):
            assert logging.root.level == logging.INFO
        assert (logging.root.level, logging.root.handlers) == (logging.WARNING, [])
        assert logging.getLogger("httpx").level == logging.NOTSET


LOGGING = AGENT.replace(
    "    response.raise",
    "    log.info('item of %s', turn.session.id, extra={'pid': os.getpid()})\n    response.raise",
).replace("client =", "import logging\nlog = logging.getLogger('items')\nclient =")


def test_a_run_has_the_log_of_its_sessions(tmp_path: Path) -> None:
    ran = run(write_suite(tmp_path, agent=LOGGING, sessions={"items": sessions(2, 2)}))
    found = [(each.session, each.turn, each.text) for each in ran.of(LogWritten)]
    assert sorted(found) == [(f"s{n}", t, f"item of s{n}") for n in (0, 1) for t in (1, 2)]
    assert {each.at for each in ran.of(LogWritten)} != {0}
    without = [each for each in ran.records if not isinstance(each, LogWritten)]
    assert ran.digests == [digest(without)]
