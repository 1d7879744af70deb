import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.state.pages import PageError, page_of
from evalkit.services.state.table import RecordError, Table, fits

RECORDS = [{"id": n, "even": n % 2 == 0} for n in range(10)]


@pytest.mark.parametrize(
    ("where", "fit"),
    [
        ({}, True),
        ({"a": 1}, True),
        ({"a": "1"}, True),
        ({"a": None}, True),
        ({"missing": None}, True),
        ({"missing": 1}, False),
        ({"a": 1, "b": "true"}, True),
        ({"b": "True"}, False),
        ({"c": "null"}, True),
    ],
)
def test_values_fit_as_they_are_written_in_a_query(where, fit):
    assert fits({"a": 1, "b": True, "c": None}, where) is fit


def test_a_record_keeps_its_place_and_its_key():
    table = Table("id", RECORDS)
    table.change("3", {"id": 99, "even": "no"})
    assert [each["id"] for _, each in table.numbered()] == list(range(10))
    assert table.get("3") == {"id": 3, "even": "no"}
    table.change("99", {"even": True})
    table.remove("99")
    assert len(table) == 10


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": 1.0}, {"id": True}, {"id": ""}])
def test_what_has_no_key_is_no_record(record):
    with pytest.raises(RecordError, match="needs the key `id`"):
        Table("id", [record])


@given(st.integers(1, 12), st.sampled_from(["cursor", "page", "offset"]))
def test_the_pages_of_a_list_are_the_list(size, paging):
    table, seen, query = Table("id", RECORDS), [], {}
    while query is not None:
        page = page_of(table, {"even": True}, query, paging=paging, size=size)
        seen += page.records
        query = None if page.next is None else {paging: str(page.next)}
    assert seen == [each for each in RECORDS if each["even"]]


@given(st.text(min_size=1, max_size=30))
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(PageError, match="none that was given out"):
        page_of(Table("id", RECORDS), {}, {"cursor": cursor}, paging="cursor", size=3)
