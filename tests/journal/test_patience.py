import pytest

from evalkit.journal.patience import told_to_wait
from evalkit.units import MILLISECOND, SECOND

NOW = 1_767_603_600 * SECOND  # 2026-01-05T09:00:00Z


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ((("Retry-After", "2"),), 2 * SECOND),
        ((("retry-after", " 0.5 "),), SECOND // 2),
        ((("retry-after", "2"), ("Retry-After-Ms", "1500")), 1500 * MILLISECOND),
        ((("retry-after-ms", "soon"), ("retry-after", "2")), 2 * SECOND),
        ((("retry-after", "Mon, 05 Jan 2026 09:00:05 GMT"),), 5 * SECOND),
        ((("retry-after", "Mon, 05 Jan 2026 08:00:00 GMT"),), 0),
        ((("retry-after", "Mon, 05 Jan 2026 09:00:05 -0000"),), 5 * SECOND),
        ((("retry-after", "soon"),), None),
        ((("retry-after", "-3"),), None),
        ((("retry-after", "nan"),), None),
        ((("retry-after", "1e300"),), None),
        ((("retry-after", ""),), None),
        ((), None),
    ],
)
def test_what_headers_tell_a_client_to_wait(headers, wait):
    assert told_to_wait(headers, NOW) == wait
