"""Jobs and queues as a definition declares them. Their fields are the YAML."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from evalkit.latency import Latency
from evalkit.suite.parts import Part
from evalkit.units import Duration, Share


def _some_time(ns: int) -> int:
    if not ns:
        raise ValueError("0s is no time to ask again after; allowed: 1s and more")
    return ns


class JobPart(Part):
    """Work that a route starts and answers 202: it takes a modelled time, then is done or failed.

    `result` and `error` see what the starting request brought, `job.id`, and `draw`, a number from
    0 to 1 that is drawn for each job.
    """

    takes: Latency = Field(description="How long it runs")
    waits: Latency | None = Field(None, description="How long it is queued before it runs")
    fails: Share = Field("0%", validate_default=True, description="The share that fails in the end")
    result: Any = Field(None, description="What comes of it; a template")
    error: Any = Field(
        {"code": "job_failed", "message": "The job failed."},
        description="What is told of one that failed; a template",
    )
    ask_again: Annotated[Duration, AfterValidator(_some_time)] = Field(
        "2s", validate_default=True, description="The Retry-After while it is not over"
    )
    prefix: str = Field("", description="How the ids of jobs begin")


class QueuePart(Part):
    """Tasks for people: a modelled person picks each up and answers it, or nobody ever does.

    `answer` sees what the request brought that put the task there, `task.id`, and `draw`, a number
    from 0 to 1 that is drawn for each task.
    """

    picks_up: Latency = Field(description="How long until somebody picks a task up")
    takes: Latency | None = Field(None, description="How long that person then takes to answer")
    never: Share = Field(
        "0%", validate_default=True, description="The share of tasks that nobody ever picks up"
    )
    answer: Any = Field(description="What the person answers; a template")
    due: Duration | None = Field(
        None, description="How soon an answer is owed; a later one is told as overdue"
    )
    ask_again: Annotated[Duration, AfterValidator(_some_time)] = Field(
        "30s", validate_default=True, description="The Retry-After while there is no answer"
    )
    prefix: str = Field("", description="How the ids of tasks begin")
