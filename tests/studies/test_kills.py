"""The study of killed runs: with two of its moments, and by night with all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.studies.kills import study


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("moments", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_resumes_to_the_digest_of_a_whole_one(
    tmp_path: Path, moments: int
) -> None:
    assert sum(study(tmp_path, moments, seed=3).values()) == moments
