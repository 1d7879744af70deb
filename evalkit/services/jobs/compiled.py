"""Jobs and queues made ready to start: their templates compiled, their durations drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.keyed import Draw
from evalkit.latency import Latency
from evalkit.services.compiling import Compiler
from evalkit.services.jobs.job import Job
from evalkit.services.jobs.model import JobPart, QueuePart
from evalkit.services.template import Template, Where

Kind: TypeAlias = Literal["job", "task"]

_ID_DIGITS = 12
_MASK = (1 << (4 * _ID_DIGITS)) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledJob:
    """One kind of job, or one queue of tasks. `kind` is what templates see one of them as."""

    name: str
    kind: Kind
    waits: Latency | None
    takes: Latency | None
    fails: float
    never: float
    due: int | None
    ask_again: int
    prefix: str
    result: Template
    error: Template

    @property
    def names(self) -> frozenset[str]:
        """The variables of the starting request that its result uses."""
        return (self.result.names | self.error.names) - {self.kind, "draw"}

    def begin(
        self, variables: Mapping[str, Any], draw: Draw, at: int, *, context: Any = None
    ) -> Job:
        """The job that begins at a world time in nanoseconds. Raises `RenderError`."""
        draw = draw.at(self.kind, self.name)
        id_ = f"{self.prefix}{draw.seed('id') & _MASK:0{_ID_DIGITS}x}"
        waits = 0 if self.waits is None else self.waits.sample(draw.at("waits"))
        takes = 0 if self.takes is None else self.takes.sample(draw.at("takes"))
        ignored = draw.unit("never") < self.never
        fails = draw.unit("fails") < self.fails
        sees = {**variables, self.kind: {"id": id_}, "draw": draw.unit("draw")}
        return Job(
            id=id_,
            began=at,
            runs=None if ignored else at + waits,
            ends=None if ignored else at + waits + takes,
            fails=fails,
            due=None if self.due is None else at + self.due,
            context=context,
            result=None if fails or ignored else self.result.render(sees),
            error=self.error.render(sees) if fails else None,
        )


def compile_jobs(
    jobs: Mapping[str, JobPart],
    queues: Mapping[str, Any],
    names: Sequence[str],
    compiler: Compiler,
) -> Mapping[str, CompiledJob]:
    """The jobs of a definition and its queues for people; requests bring the variables `names`.
    Mistakes are left with the compiler.
    """
    for name in set(jobs) & set(queues):
        compiler.refuse(("queues", name), f"a job is called `{name}` already", at_key=True)
    compiled = {name: _job(name, part, names, compiler) for name, part in jobs.items()}
    return {
        **{
            name: _queue(name, part, names, compiler)
            for name, part in queues.items()
            if isinstance(part, QueuePart)
        },
        **compiled,
    }


def _job(name: str, part: JobPart, names: Sequence[str], compiler: Compiler) -> CompiledJob:
    where: Where = ("jobs", name)
    sees = (*names, "job", "draw")
    return CompiledJob(
        name=name,
        kind="job",
        waits=part.waits,
        takes=part.takes,
        fails=part.fails,
        never=0,
        due=None,
        ask_again=part.ask_again,
        prefix=part.prefix,
        result=compiler.value((*where, "result"), part.result, sees),
        error=compiler.value((*where, "error"), part.error, sees),
    )


def _queue(name: str, part: QueuePart, names: Sequence[str], compiler: Compiler) -> CompiledJob:
    where: Where = ("queues", name)
    sees = (*names, "task", "draw")
    return CompiledJob(
        name=name,
        kind="task",
        waits=part.picks_up,
        takes=part.takes,
        fails=0,
        never=part.never,
        due=part.due,
        ask_again=part.ask_again,
        prefix=part.prefix,
        result=compiler.value((*where, "answer"), part.answer, sees),
        error=compiler.value((*where, "answer"), None, sees),
    )
