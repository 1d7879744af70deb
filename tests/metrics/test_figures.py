import pytest

from evalkit.metrics import Unit, format_figure


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.MONEY, "none"),
        (0, Unit.DURATION, "0s"),
        (999, Unit.DURATION, "999ns"),
        (1_500, Unit.DURATION, "1.5us"),
        (812_345_678, Unit.DURATION, "812.3ms"),
        (1_204_567_890, Unit.DURATION, "1.205s"),
        (30e9, Unit.DURATION, "30s"),
        (119e9, Unit.DURATION, "119s"),
        (125e9, Unit.DURATION, "2.083min"),
        (0, Unit.SHARE, "0%"),
        (0.0123456, Unit.SHARE, "1.235%"),
        (1, Unit.SHARE, "100%"),
        (0.02, Unit.MONEY, "$0.02"),
        (0.0000123456, Unit.MONEY, "$0.00001235"),
        (1234.5, Unit.MONEY, "$1234"),
        (3, Unit.COUNT, "3"),
        (2.3333333, Unit.COUNT, "2.333"),
        (123456, Unit.COUNT, "123456"),
    ],
)
def test_figures_as_people_read_them(value, unit, text):
    assert format_figure(value, unit) == text
