"""What a route does with work that outlasts its reply: start a job, put a task, poll either.

Starting answers 202 (a task 201) with the Location to poll and a Retry-After; polling answers what
state the work is in, and what came of it once it is over. What is started is an effect, so that a
fault which drops, doubles or delays effects does so to jobs and tasks too. A task is an effect when
it is put, and is one again when it is picked up and when it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from evalkit.services.bodies import read_json
from evalkit.services.jobs.board import Board
from evalkit.services.jobs.compiled import CompiledJob
from evalkit.services.jobs.job import Job, Status
from evalkit.services.rest.operations import RefusedError
from evalkit.services.rest.routing import Pattern
from evalkit.services.rest.variables import iso
from evalkit.units import SECOND
from evalkit.wire import Effect, Headers, Request

Verb: TypeAlias = Literal["start", "put", "poll"]
VERBS: tuple[Verb, ...] = ("start", "put", "poll")
STATUSES: Mapping[str, int] = {"start": 202, "put": 201, "poll": 200}

_OF_TASKS = {Status.QUEUED: "waiting", Status.RUNNING: "picked_up", Status.DONE: "answered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """What one route does with one kind of job or task. `polled` is the route that reads its state,
    and `parameter` that of its path which holds the id.
    """

    verb: Verb
    job: CompiledJob
    parameter: str | None
    polled: Pattern | None

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        return frozenset() if self.verb == "poll" else self.job.names

    def location(self, path: Mapping[str, str], id_: str) -> str | None:
        """Where the state of the work is read; None where no route does, or it needs more."""
        known = {**path, self.parameter or "": id_}
        return None if self.polled is None else self.polled.filled(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """What came of it: a job as it is at the moment of the reply, `at` in nanoseconds."""

    deferral: Deferral
    job: Job
    at: int
    starts_at_ns: int
    location: str | None

    def view(self, at: int) -> dict[str, Any]:
        """What templates see of the work at a world time: as `job`, or as `task`."""
        kind = self.deferral.job.kind
        made = _job_view if kind == "job" else _task_view
        return {kind: {**made(self.job, at, self.starts_at_ns), "url": self.location}}

    @property
    def value(self) -> dict[str, Any]:
        """The JSON that tells of it unless the route words its own."""
        view = self.view(self.at)[self.deferral.job.kind]
        return {name: each for name, each in view.items() if each is not None and name != "url"}

    @property
    def headers(self) -> Headers:
        """Where to poll, and how soon."""
        again = -(-self.deferral.job.ask_again // SECOND)
        later = () if self.job.over(self.at) else (("retry-after", str(again)),)
        if self.deferral.verb == "poll" or self.location is None:
            return later
        return (("location", self.location), *later)


def defer(
    deferral: Deferral,
    board: Board,
    variables: Mapping[str, Any],
    request: Request,
    *,
    at: int,
    starts_at_ns: int,
) -> Deferred:
    """Begin the work, or find it. `at` is the world time of the reply. Raises `RefusedError`,
    `BodyError` and `RenderError`.
    """
    path = variables["path"]
    if deferral.verb == "poll":
        id_ = path[deferral.parameter]
        job = board.get(deferral.job.name, id_)
        if job is None:
            message = f"{deferral.job.name} has no {deferral.job.kind} {id_[:100]!r}"
            raise RefusedError(404, "not_found", message)
    else:
        context = read_json(request.body) if request.body.strip() else None
        job = deferral.job.begin(variables, request.draw, at, context=context)
    return Deferred(
        deferral=deferral,
        job=job,
        at=at,
        starts_at_ns=starts_at_ns,
        location=deferral.location(path, job.id),
    )


def effects_of(
    deferred: Deferred, declared: Effect | None, board: Board, arrived: int
) -> tuple[Effect, ...]:
    """What starting the work changes, by a request that arrived at a world time in nanoseconds.

    The effect that a route declares is what a job does when it is done, and never does if it
    fails; of a task it is the putting itself.
    """
    if deferred.deferral.verb == "poll":
        return () if declared is None else (declared,)
    if deferred.deferral.verb == "put":
        return tuple(_task_effects(deferred, declared, board, arrived))
    job, name = deferred.job, deferred.deferral.job.name
    commit = board.putting(name, job)
    started = Effect(name=f"{name}.start", key=(job.id,), data={"job": job.id}, commit=commit)
    if declared is None or job.fails or job.ends is None:
        return (started,)
    return started, replace(declared, after=job.ends - arrived)


def _task_effects(
    deferred: Deferred, declared: Effect | None, board: Board, arrived: int
) -> Iterator[Effect]:
    task, name = deferred.job, deferred.deferral.job.name
    end = task.runs if task.ends is None else task.ends
    view = deferred.view(deferred.at if end is None else end)["task"]
    told = ("id", "context", "due_at", "picked_up_at", "answered_at", "overdue")
    data = {each: view[each] for each in told}
    put = declared or Effect(name=f"{name}.put", key=(task.id,))
    yield replace(put, data={**data, **put.data}, commit=board.putting(name, task))
    if task.runs is None or task.ends is None:
        return
    own = {"id": task.id}
    after = task.runs - arrived
    yield Effect(name=f"{name}.picked_up", key=(task.id,), data=own, after=after)
    own |= {"answer": task.result, "overdue": view["overdue"]}
    yield Effect(name=f"{name}.answered", key=(task.id,), data=own, after=task.ends - arrived)


def _job_view(job: Job, at: int, starts_at_ns: int) -> dict[str, Any]:
    over = job.over(at)
    return {
        "id": job.id,
        "status": job.status(at).value,
        "progress": job.progress(at),
        "created_at": iso(starts_at_ns + job.began),
        "finished_at": iso(starts_at_ns + job.ends) if over and job.ends is not None else None,
        "result": job.result if over else None,
        "error": job.error if over else None,
    }


def _task_view(task: Job, at: int, starts_at_ns: int) -> dict[str, Any]:
    over = task.over(at)

    def told(moment: int | None) -> str | None:
        return None if moment is None or moment > at else iso(starts_at_ns + moment)

    return {
        "id": task.id,
        "status": _OF_TASKS[task.status(at)],
        "context": task.context,
        "created_at": iso(starts_at_ns + task.began),
        "due_at": None if task.due is None else iso(starts_at_ns + task.due),
        "overdue": task.overdue(at),
        "picked_up_at": told(task.runs),
        "answered_at": told(task.ends),
        "answer": task.result if over else None,
    }
