"""The jobs and tasks of one service in one world."""

from __future__ import annotations

from functools import partial

from evalkit.services.jobs.job import Job
from evalkit.services.latest import Latest


class Board:
    """Keeps jobs by their names and ids. Ids are drawn, so that none depends on those before it."""

    def __init__(self) -> None:
        self._jobs: Latest[tuple[str, str], Job] = Latest()

    def get(self, name: str, id_: str) -> Job | None:
        """The job of this id."""
        return self._jobs.get((name, id_))

    def putting(self, name: str, job: Job) -> partial[None]:
        """What puts a job on the board when it is called."""
        return partial(self._put, name, job)

    def _put(self, name: str, job: Job) -> None:
        self._jobs[name, job.id] = job
