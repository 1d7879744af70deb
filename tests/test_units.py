from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from evalkit import units
from evalkit.units import Duration, Money, Rate, Share, Size


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0s", 0),
        ("1ns", 1),
        ("250ms", 250_000_000),
        ("250 ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("0.1us", 100),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("1d", 86_400_000_000_000),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert units.parse_duration(text) == ns


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (5, "5 is a duration without its unit"),
        (1.5, "1.5 is a duration without its unit"),
        ("5", '"5" is no duration'),
        ("5 sec", '"5 sec" is no duration'),
        ("-5s", '"-5s" is no duration'),
        ("5m", '"5m" is no duration'),
        (" 5s", '" 5s" is no duration'),
        ("٣s", "is no duration"),
        ("", '"" is no duration'),
        (True, "true is no duration"),
        (None, "nothing is no duration"),
        ("99999d", "too long"),
    ],
)
def test_what_is_no_duration(value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        units.parse_duration(value)
    assert "allowed: " in str(caught.value)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5us"),
        (250_000_000, "250ms"),
        (90_000_000_000, "90s"),
        (120_000_000_000, "2min"),
        (7_200_000_000_000, "2h"),
        (-250_000_000, "-250ms"),
    ],
)
def test_durations_are_written_in_the_unit_that_suits_them(ns: int, text: str) -> None:
    assert units.format_duration(ns) == text


@pytest.mark.parametrize(
    ("parse", "given_", "value"),
    [
        (units.parse_rate, "20/s", 20.0),
        (units.parse_rate, "100/min", 100 / 60),
        (units.parse_rate, "36 / h", 0.01),
        (units.parse_share, "30%", 0.3),
        (units.parse_share, "100%", 1.0),
        (units.parse_share, 0.3, 0.3),
        (units.parse_share, 1, 1.0),
        (units.parse_money, "$0.02", 0.02),
        (units.parse_size, "64kB", 64_000),
        (units.parse_size, "1MiB", 1_048_576),
        (units.parse_size, "1.5KiB", 1536),
        (units.parse_size, 512, 512),
    ],
)
def test_other_quantities(parse: Callable[[object], float], given_: object, value: float) -> None:
    assert parse(given_) == value


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (units.parse_rate, 20),
        (units.parse_rate, "0/s"),
        (units.parse_rate, "20"),
        (units.parse_rate, "20/ms"),
        (units.parse_share, "130%"),
        (units.parse_share, 1.01),
        (units.parse_share, -0.1),
        (units.parse_share, float("nan")),
        (units.parse_share, True),
        (units.parse_share, "0.3"),
        (units.parse_money, 0.02),
        (units.parse_money, "0.02"),
        (units.parse_money, "€3"),
        (units.parse_size, -1),
        (units.parse_size, 1.5),
        (units.parse_size, "1.5B"),
        (units.parse_size, "64KB"),
        (units.parse_size, 2**70),
        (units.parse_size, True),
    ],
)
def test_what_is_refused_says_what_is_allowed(
    parse: Callable[[object], float], value: object
) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        parse(value)


@given(st.integers(0, units.LONGEST))
def test_a_duration_is_read_as_it_was_written(ns: int) -> None:
    assert units.parse_duration(units.format_duration(ns)) == ns


@given(st.floats(1e-12, 1e15))
def test_a_rate_is_read_as_it_was_written(rate: float) -> None:
    assert units.parse_rate(units.format_rate(rate)) == rate


@given(st.floats(0, 1))
def test_a_share_is_read_as_it_was_written(share: float) -> None:
    assert units.parse_share(units.format_share(share)) == share


@given(st.floats(0, 1e15))
def test_an_amount_of_money_is_read_as_it_was_written(dollars: float) -> None:
    assert units.parse_money(units.format_money(dollars)) == dollars


@given(st.integers(0, units.LARGEST))
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert units.parse_size(units.format_size(size)) == size


class Everything(BaseModel):
    duration: Duration | None = None
    rate: Rate | None = None
    share: Share | None = None
    money: Money | None = None
    size: Size | None = None


def test_a_model_holds_plain_numbers_and_writes_quantities() -> None:
    written = {"duration": "2min", "rate": "20/s", "share": "30%", "money": "$0.02", "size": "64kB"}
    model = Everything.model_validate(written)
    assert model.duration == 2 * units.MINUTE
    assert model.share == 0.3
    assert model.model_dump() == written
    assert Everything.model_validate_json(model.model_dump_json()) == model


def test_a_model_refuses_a_bare_number() -> None:
    with pytest.raises(ValidationError, match="5 is a duration without its unit"):
        Everything.model_validate({"duration": 5})


_ANY = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(max_size=5),
    st.from_regex(r"\A\$?[0-9]{1,3}(\.[0-9]{1,3})? ?/?(s|ms|min|kB|MiB|%)?\n?\Z"),
)


@pytest.mark.parametrize("kind", [Duration, Rate, Share, Money, Size])
@given(value=_ANY)
def test_the_json_schema_allows_what_is_taken(kind: Any, value: object) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    validator = Draft202012Validator(adapter.json_schema())
    try:
        adapter.validate_python(value)
    except ValidationError:
        return
    assert validator.is_valid(value)
