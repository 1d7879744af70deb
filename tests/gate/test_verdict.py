from itertools import permutations

import pytest

from evalkit.gate import Verdict, combine, exit_code, worst_exit

WORST_FIRST = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)


@pytest.mark.parametrize("several", list(permutations(WORST_FIRST, 2)))
def test_verdicts_combine_by_the_worst(several):
    assert combine(several) is min(several, key=WORST_FIRST.index)


def test_no_verdict_at_all_is_no_data_and_never_a_pass():
    assert combine([]) is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("pass", 0), ("fail", 1), ("inconclusive", 3), ("no_data", 3), ("error", 5)],
)
def test_exit_codes(verdict, code):
    assert exit_code(Verdict(verdict)) == code


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([0, 3, 1, 2, 4, 5], 5),
        ([0, 3, 1, 2, 4], 4),
        ([0, 3, 1, 2], 2),
        ([0, 3, 1], 1),
        ([3, 0], 3),
        ([0, 0], 0),
        ([], 3),
    ],
)
def test_several_exit_codes_at_once(codes, worst):
    assert worst_exit(codes) == worst
