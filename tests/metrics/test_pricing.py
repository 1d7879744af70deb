from dataclasses import replace
from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.pricing import LIST, PRICED_AT, Prices, cost_by, list_cost, price_table
from evalkit.services.base import ServiceInfo
from evalkit.suite.prices import MILLION, ModelPrice, PriceTable, Rates
from evalkit.wire import Usage

M = MILLION
ALL = Rates(
    input=Decimal("0.000002"),
    output=Decimal("0.00001"),
    cached=Decimal("0.0000005"),
    cache_write=Decimal("0.0000025"),
    reasoning=Decimal("0.000008"),
)


def usage(**tokens: int) -> Usage:
    return Usage(**{"input": 0, "output": 0, **tokens})


def own(**models: ModelPrice) -> Prices:
    return Prices(PriceTable(name="prices.yaml", date="2026-11-01", models=models))


# By a file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        (usage(), "0"),
        (usage(input=M), "2"),
        (usage(output=M), "10"),
        (usage(input=M, cached=M), "0.5"),
        (usage(input=M, cached=M // 2), "1.25"),
        (usage(input=M, cache_write=M), "2.5"),
        (usage(input=M, cached=200_000, cache_write=300_000), "1.85"),
        (usage(output=M, reasoning=M), "8"),
        (usage(output=M, reasoning=M // 4), "9.5"),
        (usage(input=3, output=1, cached=1), "0.0000145"),
    ],
)
def test_each_token_is_priced_once_and_as_what_it_is(tokens, dollars):
    assert cost_by(ModelPrice(ALL), tokens) == Decimal(dollars)


@pytest.mark.parametrize(
    ("missing", "tokens", "dollars"),
    [
        ("cached", usage(input=M, cached=M), "2"),
        ("cache_write", usage(input=M, cache_write=M), "2"),
        ("reasoning", usage(output=M, reasoning=M), "10"),
        ("output", usage(input=M), "2"),
        ("output", usage(input=M, output=1), None),
        ("input", usage(input=1, output=M), None),
        ("input", usage(input=M, cached=M), "0.5"),
    ],
)
def test_a_part_without_a_price_of_its_own_costs_what_the_whole_does(missing, tokens, dollars):
    found = cost_by(ModelPrice(replace(ALL, **{missing: None})), tokens)
    assert found == (None if dollars is None else Decimal(dollars))


@pytest.mark.parametrize(
    "tokens", [usage(input=1, cached=1, cache_write=1), usage(output=1, reasoning=2)]
)
def test_tokens_that_contradict_themselves_are_unpriced(tokens):
    assert cost_by(ModelPrice(ALL), tokens) is None
    assert list_cost("gpt-4o", tokens) is None


def test_a_long_prompt_has_all_its_tokens_priced_by_the_rates_for_long_ones():
    above = ((200_000, replace(ALL, input=Decimal("0.000004"))), (500_000, Rates(input=Decimal(1))))
    price = ModelPrice(ALL, above)
    assert cost_by(price, usage(input=200_000)) == Decimal("0.4")
    assert cost_by(price, usage(input=200_001)) == Decimal("0.800004")
    assert cost_by(price, usage(input=500_001)) == 500_001


@given(
    st.builds(
        lambda cached, written, fresh, reasoning, said: Usage(
            input=cached + written + fresh,
            output=reasoning + said,
            cached=cached,
            cache_write=written,
            reasoning=reasoning,
        ),
        *[st.integers(0, 10**9)] * 5,
    ),
    st.integers(1, 10**6),
)
def test_a_cost_is_exact_and_many_of_it_are_so_many_times_as_much(tokens, times):
    one = cost_by(ModelPrice(ALL), tokens)
    parts = (tokens.input, tokens.output, tokens.cached, tokens.cache_write, tokens.reasoning)
    more = Usage(
        **dict(
            zip(
                ("input", "output", "cached", "cache_write", "reasoning"),
                (each * times for each in parts),
                strict=True,
            )
        )
    )
    assert one is not None
    assert cost_by(ModelPrice(ALL), more) == one * times


def test_what_an_agent_makes_of_decimals_changes_no_cost():
    tokens = usage(input=123_457, output=76_543)
    plain = cost_by(ModelPrice(ALL), tokens), list_cost("gpt-4o", tokens)
    list_cost.cache_clear()
    with localcontext() as rough:
        rough.prec = 2
        assert getcontext().prec == 2
        assert (cost_by(ModelPrice(ALL), tokens), list_cost("gpt-4o", tokens)) == plain


# By the list -------------------------------------------------------------------------------------


def test_a_model_of_the_list_has_a_price_for_each_kind_of_token():
    read, written = list_cost("gpt-4o", usage(input=M)), list_cost("gpt-4o", usage(output=M))
    cached = list_cost("gpt-4o", usage(input=M, cached=M))
    assert read is not None
    assert written is not None
    assert cached is not None
    assert 0 < cached < read < written
    both = usage(input=2 * M, output=M, cached=M)
    assert list_cost("gpt-4o", both) == cached + read + written


def test_reasoning_is_a_part_of_what_is_written_and_not_beside_it():
    written = usage(output=M)
    assert list_cost("o3", written) == list_cost("o3", replace(written, reasoning=M // 2))
    apart = "perplexity/sonar-deep-research"
    said, thought = (list_cost(apart, replace(written, reasoning=each)) for each in (0, M))
    assert (said, thought) == (8, 3)


def test_what_is_written_to_a_cache_costs_what_anthropic_asks_for_it():
    read, written = usage(input=M), usage(input=M, cache_write=M)
    plain, more = (list_cost("claude-3-5-haiku-latest", each) for each in (read, written))
    assert plain is not None
    assert more == plain * Decimal("1.25")


def test_a_provider_may_be_named_before_the_model():
    tokens = usage(input=M)
    assert list_cost("openai/gpt-4o", tokens) == list_cost("gpt-4o", tokens)
    assert list_cost("nobody/no-such-model", tokens) is None


@pytest.mark.parametrize("model", [None, "", "no-such-model", "in house/7b"])
def test_an_unknown_model_is_unpriced_and_never_free(model):
    assert Prices()(model, usage(input=1000, output=1000)) is None


def test_no_model_of_the_list_is_a_crash_or_free_by_silence():
    from genai_prices.data import providers

    tokens = usage(input=300_000, output=500, cached=1000, cache_write=10, reasoning=100)
    for provider in providers:
        for model in provider.models:
            found = list_cost.__wrapped__(model.id, tokens)
            assert found is None or found >= 0


# Which of the two --------------------------------------------------------------------------------


def test_own_prices_win_and_say_so():
    prices = own(**{"gpt-4o": ModelPrice(ALL)})
    mine, listed = (prices(each, usage(input=M)) for each in ("gpt-4o", "gpt-4o-mini"))
    assert mine is not None
    assert listed is not None
    assert (mine.cost, mine.by) == (2, "prices.yaml")
    assert listed.by == LIST


def test_a_model_of_the_own_file_is_priced_by_it_or_not_at_all():
    prices = own(**{"gpt-4o": ModelPrice(Rates(input=Decimal(0)))})
    assert prices("gpt-4o", usage(input=M)).cost == 0
    assert prices("gpt-4o", usage(input=M, output=1)) is None


def test_globs_come_after_names_and_in_their_order():
    rates = {each: ModelPrice(Rates(input=Decimal(at))) for at, each in enumerate("abc")}
    models = {"gpt-*": rates["a"], "gpt-4*": rates["b"], "gpt-4o": rates["c"]}
    table = PriceTable(name="p", date=None, models=models, globs=("gpt-*", "gpt-4*"))
    found = [table.find(each) for each in ("gpt-4o", "gpt-4.1", "o3")]
    assert found == [rates["c"], rates["a"], None]


def test_a_run_records_the_tables_in_the_order_in_which_they_are_asked():
    assert price_table().startswith("genai-prices 0.")
    assert price_table().endswith(f"prices of {PRICED_AT:%Y-%m-%d}")
    assert str(Prices()) == price_table()
    assert str(own()) == f"prices.yaml of 2026-11-01, then {price_table()}"


@pytest.mark.parametrize(
    ("prices", "declared", "needed"),
    [
        (Prices(), "gpt-4o", True),
        (own(local=ModelPrice(ALL)), None, True),
        (own(local=ModelPrice(ALL)), "gpt-4o", True),
        (own(local=ModelPrice(ALL)), "local", False),
    ],
)
def test_the_list_is_imported_only_where_it_may_be_asked(prices, declared, needed):
    assert prices.needs_list([ServiceInfo(name="llm", kind="openai", price=declared)]) is needed
    assert not prices.needs_list([])
