"""Runs every benchmark, or those that are named. They print ratios measured within one run and
assert nothing.
"""

import sys

from tests.bench import (
    aggregate,
    calls,
    fan,
    live,
    llm,
    memory,
    report,
    services,
    sessions,
    startup,
    workers,
)

BENCHMARKS = (
    *(startup, calls, services, sessions, workers, fan, memory, aggregate, report, llm),
    live,
)

chosen = set(sys.argv[1:])
for benchmark in BENCHMARKS:
    name = benchmark.__name__.rpartition(".")[2]
    if chosen and name not in chosen:
        continue
    print(f"== {name}: {benchmark.__doc__}")
    benchmark.main()
    print()
