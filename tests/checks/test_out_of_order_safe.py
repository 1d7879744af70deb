import pytest

from evalkit.checks.out_of_order_safe import OutOfOrderSafe
from tests.checks.stories import Story, configured, found

SETTINGS = {
    "order": "$.seq",
    "value": "$.status",
    "writes": "orders PATCH /orders/*",
    "into": "$.status",
    "key": "$.order",
}
CHECK = configured(OutOfOrderSafe, events="crm webhook *", **SETTINGS)


def told(story, seq, status, order="O-1"):
    return story.told(says={"seq": seq, "status": status, "order": order})


def wrote(story, status, order="O-1"):
    body, path = {"status": status}, f"/orders/{order}"
    return story.call(
        "orders", operation="PATCH /orders/{id}", path=path, body=body, identity=status
    )


def newest_first():
    return told(wrote(told(Story().turn(), 2, "shipped"), "shipped"), 1, "paid")


def test_an_older_event_overwrites():
    (finding,) = found(CHECK, wrote(newest_first(), "paid").reply().end())
    assert finding.message == (
        "orders PATCH /orders/{id} (call #2) wrote paid ($.seq 1), "
        "though shipped ($.seq 2) was known"
    )
    assert (finding.expected, finding.seen) == ("shipped", "paid")


def test_replies_can_tell_of_changes_too():
    check = configured(OutOfOrderSafe, events="feed", **SETTINGS)
    story = Story().turn()
    for seq, status in ((2, "shipped"), (1, "paid")):
        story.call("feed", says={"seq": seq, "status": status, "order": "O-1"}, identity=status)
    assert len(found(check, wrote(story, "paid").reply().end())) == 1


@pytest.mark.parametrize(
    "story",
    [
        newest_first(),
        wrote(newest_first(), "shipped"),
        wrote(wrote(newest_first(), "paid"), "shipped"),
        wrote(told(wrote(told(Story().turn(), 1, "paid"), "paid"), 2, "shipped"), "shipped"),
        wrote(told(told(Story().turn(), 2, "shipped", "O-2"), 1, "paid"), "paid"),
        wrote(told(told(Story().turn(), 1, "paid"), 1, "paid"), "paid"),
        wrote(newest_first(), "cancelled"),
    ],
    ids=[
        "left alone",
        "written again",
        "mended",
        "in order",
        "of another order",
        "twice the same",
        "a value of its own",
    ],
)
def test_what_is_safe(story):
    assert found(CHECK, story.reply().end()) == []


def test_what_was_not_known_yet_could_not_be_written():
    story = wrote(told(told(Story().turn(), 2, "paid"), 1, "new"), "paid")
    assert found(CHECK, told(story, 3, "shipped").reply().end()) == []


def while_told(status, seq=1, event="paid"):
    """A write that is made while the webhook that tells of it waits for its answer."""
    story = told(wrote(told(Story().turn(), 2, "shipped"), "shipped"), 3, "delivered")
    began = story.now
    wrote(story, status)
    return story.told(says={"seq": seq, "status": event, "order": "O-1"}, began=began)


def test_what_a_webhook_makes_the_agent_do_before_it_is_answered_is_of_that_webhook():
    (finding,) = found(CHECK, while_told("paid").reply().end())
    assert (finding.expected, finding.seen) == ("delivered", "paid")
    assert found(CHECK, while_told("delivered").reply().end()) == []
    assert found(CHECK, while_told("returned", 4, "returned").reply().end()) == []


def test_orders_that_are_no_numbers_go_by_their_text():
    def times(last):
        story = told(told(Story().turn(), "2026-01-02", "shipped"), "2026-01-01", "paid")
        return found(CHECK, wrote(story, last).reply().end())

    assert len(times("paid")) == 1
    assert times("shipped") == []
