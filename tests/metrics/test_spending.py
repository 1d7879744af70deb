from evalkit.metrics import Spent, spending
from tests.metrics.journals import Pen


def columns(pen: Pen, **given):
    rows = pen.tables(**given).calls
    return {name: [getattr(each, name) for each in rows] for name in type(rows[0]).__slots__}


def test_calls_are_told_apart_by_service_model_and_table():
    pen = Pen().start().begin()
    pen.call("llm", 0, 1, usage=(300, 100), model="m").call("llm", 1, 2, usage=(3, 2), model="n")
    pen.call("llm", 2, 3, usage=(30, 10), model="m").call("crm", 3, 4)
    plain = {"service": "llm", "by": "test", "unpriced": 0}
    assert spending(columns(pen)) == (
        Spent(**plain, model="m", priced_as="m", calls=2, tokens_in=330, tokens_out=110, cost=440),
        Spent(**plain, model="n", priced_as="n", calls=1, tokens_in=3, tokens_out=2, cost=5),
    )


def test_what_is_unpriced_is_counted_and_what_was_never_answered_is_not():
    pen = Pen().start().begin().call("llm", 0, 1, status=503)
    pen.call("llm", 1, 2, usage=(3, 2), model="m").call("llm", 2, 3, model="m")
    (found,) = spending(columns(pen, price=lambda model, usage: None))
    assert (found.model, found.by, found.priced_as) == ("m", None, None)
    assert (found.calls, found.unpriced, found.cost) == (2, 2, 0)
    assert (found.tokens_in, found.tokens_out) == (3, 2)


def test_without_models_nothing_was_spent():
    assert spending(columns(Pen().start().begin().call("crm", 0, 1))) == ()
