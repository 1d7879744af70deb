import pytest

from evalkit.metrics.pricing import PRICED_AT, price, price_table
from evalkit.wire import Usage


def test_a_known_model_has_a_price_for_each_kind_of_token():
    only_in = price("gpt-4o", Usage(input=1_000_000, output=0))
    only_out = price("gpt-4o", Usage(input=0, output=1_000_000))
    assert only_in is not None
    assert only_out is not None
    assert 0 < only_in < only_out
    both = price("gpt-4o", Usage(input=1_000_000, output=1_000_000))
    assert both == pytest.approx(only_in + only_out)


def test_no_tokens_of_a_known_model_cost_nothing():
    assert price("gpt-4o", Usage(input=0, output=0)) == 0


@pytest.mark.parametrize("model", [None, "", "no-such-model", "in house/7b"])
def test_an_unknown_model_is_unpriced_and_never_free(model):
    assert price(model, Usage(input=1000, output=1000)) is None


def test_the_table_says_its_version_and_date():
    assert price_table().startswith("genai-prices 0.")
    assert price_table().endswith(f"prices of {PRICED_AT:%Y-%m-%d}")
