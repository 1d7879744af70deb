"""The study of killed runs, with a few of its moments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.studies.kills import study


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_run_that_is_killed_resumes_to_the_digest_of_a_whole_one(tmp_path: Path) -> None:
    assert sum(study(tmp_path, 2, seed=3).values()) == 2
