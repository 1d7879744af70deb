import pytest

from evalkit.checks.no_partial_data import NoPartialData
from evalkit.journal.records import Answer
from tests.checks.stories import Story, configured, found

READS = configured(NoPartialData, of=["emr GET /vitals", "emr GET /labs"], fields="$.value")
PAGES = configured(NoPartialData, of="shop", items="$.orders", total="$.total")


def read(story, operation="GET /vitals", says=None, **more):
    return story.call("emr", operation=operation, says=says or {"value": 1}, **more)


def page(story, orders, **more):
    return story.call("shop", says={"orders": orders, "total": 3}, **more)


@pytest.mark.parametrize(
    ("story", "what"),
    [
        (read(read(Story().turn()), "GET /labs", status=503), "emr GET /labs failed"),
        (read(Story().turn(), says={"value": None}), "came without $.value"),
        (read(Story().turn(), says={"other": 1}), "came without $.value"),
    ],
)
def test_an_answer_on_a_part(story, what):
    (finding,) = found(READS, story.reply().end())
    assert what in finding.message
    assert finding.message.startswith("turn 1 was answered as if all data were there, but ")


def test_a_list_that_is_shorter_than_it_says():
    story = page(page(Story().turn(), [1], identity="a"), [2], identity="b").reply().end()
    (finding,) = found(PAGES, story)
    assert "2 of 3 items at $.orders had been read (calls #1 and #2)" in finding.message


@pytest.mark.parametrize(
    ("check", "story"),
    [
        (READS, read(read(Story().turn()), "GET /labs").reply()),
        (READS, read(Story().turn(), status=503).reply(answer=Answer.PARTIAL)),
        (READS, read(read(Story().turn(), status=503), logical=1).reply()),
        (READS, read(read(Story().turn(), says={"value": None})).reply()),
        (READS, read(Story().turn(), "GET /notes", status=503).reply()),
        (PAGES, page(page(Story().turn(), [1, 2], identity="a"), [3], identity="b").reply()),
        (PAGES, page(page(Story().turn(), [1]), [1, 2, 3]).reply()),
    ],
    ids=["whole", "said so", "a retry", "read again", "not needed", "all pages", "page read again"],
)
def test_an_answer_on_all_of_it(check, story):
    assert found(check, story.end()) == []
