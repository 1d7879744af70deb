"""The state of a job as a function of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.jobs.job import Job, Status

_TIME = st.integers(0, 10**15)
_ORDER = (Status.QUEUED, Status.RUNNING, Status.DONE)


@st.composite
def jobs(draw) -> Job:
    began, waits, takes = draw(_TIME), draw(_TIME), draw(_TIME)
    never, due = draw(st.booleans()), draw(st.none() | _TIME)
    return Job(
        id="j",
        began=began,
        runs=None if never else began + waits,
        ends=None if never else began + waits + takes,
        fails=draw(st.booleans()),
        due=None if due is None else began + due,
    )


def rank(status: Status) -> int:
    return 2 if status is Status.FAILED else _ORDER.index(status)


@given(jobs(), _TIME, _TIME)
def test_time_only_brings_a_job_forward(job, one, other):
    early, late = sorted((job.began + one, job.began + other))
    assert rank(job.status(early)) <= rank(job.status(late))
    assert job.progress(early) <= job.progress(late)
    assert job.over(early) <= job.over(late)
    assert job.overdue(early) <= job.overdue(late)


@given(jobs(), _TIME)
def test_all_that_is_told_of_a_job_agrees(job, later):
    at = job.began + later
    status, over = job.status(at), job.over(at)
    assert over == (status in (Status.DONE, Status.FAILED)) == (job.progress(at) == 100)
    assert over <= (job.fails == (status is Status.FAILED))
    if status is Status.QUEUED:
        assert job.progress(at) == 0
    if job.ends is None:
        assert status is Status.QUEUED
        assert job.overdue(at) == (job.due is not None and at > job.due)
