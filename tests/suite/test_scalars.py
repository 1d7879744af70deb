import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.scalars import read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0777", 777),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
    ],
)
def test_what_the_core_schema_reads(text: str, value: object) -> None:
    assert read_scalar(text) == value
    assert type(read_scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "on",
        "off",
        "yes",
        "No",
        "y",
        "12:30",
        "190:20:30",
        "1_000",
        "0b11",
        "2026-01-05",
        "2026-01-05T09:00:00Z",
        "1.2.3",
        "-",
        ".",
        "+.",
        "0o8",
        "0xg",
        "1e",
        "tRUE",
        "850ms",
        "20/s",
        "٣",
        "<<",
        "=",
    ],
)
def test_what_stays_text(text: str) -> None:
    assert read_scalar(text) == text


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 101, "0x" + "f" * 100])
def test_numbers_that_nothing_can_hold_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        read_scalar(text)


@given(st.integers(-(10**90), 10**90) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_are_written(number: float) -> None:
    assert read_scalar(repr(number)) == number


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_scalar(text)
    except ValueError:
        value = 0
    assert value == text or isinstance(value, int | float | bool | None)
