"""Runs the rows of a suite, and its sound agent under the same scenarios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.agents.rows import Row, rows_of
from tests.agents.table import Line
from tests.agents.workshop import Job, Seen, work


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found of each row's agent, and of the sound one in each of the scenarios."""

    suite: str
    rows: tuple[tuple[Row, Seen], ...]
    sound: tuple[Seen, ...]

    @property
    def accusations(self) -> tuple[Seen, ...]:
        """Where the sound agent is accused of something, or does not run."""
        return tuple(each for each in self.sound if each.violations or each.problem)

    @property
    def wrong(self) -> tuple[tuple[Row, Seen], ...]:
        """The defects that escape, or are caught though their row says that they escape."""
        return tuple(
            (row, seen)
            for row, seen in self.rows
            if (row.check in seen.violations) == bool(row.escapes) or seen.problem
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the table."""
        return tuple(_line(row, seen) for row, seen in self.rows)


def detect(
    suite: str, *, seed: int | None = None, listener: Callable[[Seen], None] | None = None
) -> Detection:
    """Run the rows of a suite, and its sound agent under the same scenarios."""
    rows = rows_of(suite)
    most: dict[Job, int] = {}
    for row in rows:
        plain = Job(scenario=row.variant, defect=row.sound, advice=row.advice)
        most[plain] = max(row.sessions, most.get(plain, 0))
    sound = [replace(job, sessions=sessions) for job, sessions in most.items()]
    jobs = [*sound, *map(job_of, rows)]
    seen = work(suite, jobs, rows, seed=seed, listener=listener)
    told = tuple(zip(rows, seen[len(sound) :], strict=True))
    return Detection(suite, told, seen[: len(sound)])


def job_of(row: Row, *, without: str | None = None, faulty: bool = True) -> Job:
    """The defect of a row under its scenario."""
    return Job(
        scenario=row.variant,
        defect=row.defect,
        without=without,
        advice=row.advice,
        faulty=faulty,
        sessions=row.sessions,
    )


def _line(row: Row, seen: Seen) -> Line:
    return Line(
        suite=row.suite,
        mistake=row.mistake,
        scenario=f"{row.scenario} +" if row.added else row.scenario,
        check=row.check,
        escapes="" if row.check in seen.violations else row.escapes or "escaped",
        others=tuple(each for each in seen.accusers if each != row.check),
    )
