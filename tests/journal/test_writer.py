from evalkit.journal.records import End, SessionEnded, SessionStarted
from evalkit.journal.writer import Journal

RECORDS = (
    SessionStarted(at=0, session="s1", intended=0),
    SessionEnded(at=5, session="s1", end=End.COMPLETED),
)


def test_records_are_kept_in_order():
    journal = Journal()
    assert (len(journal), journal.records) == (0, ())
    for record in RECORDS:
        journal.append(record)
    assert (len(journal), journal.records) == (2, RECORDS)


def test_a_listener_is_told_once_the_record_is_kept():
    told = []
    journal = Journal([lambda record: told.append((record, len(journal)))])
    for record in RECORDS:
        journal.append(record)
    assert told == [(RECORDS[0], 1), (RECORDS[1], 2)]


def test_records_told_earlier_do_not_change():
    journal = Journal()
    before = journal.records
    journal.append(RECORDS[0])
    assert before == ()
