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
    load,
    memory,
    overhead,
    plugin,
    report,
    services,
    sessions,
    startup,
    workers,
)

BENCHMARKS = (
    *(
        startup,
        plugin,
        calls,
        overhead,
        services,
        sessions,
        workers,
        fan,
        memory,
        aggregate,
        report,
        llm,
    ),
    live,
    load,
)

chosen = set(sys.argv[1:])
for benchmark in BENCHMARKS:
    name = benchmark.__name__.rpartition(".")[2]
    if chosen and name not in chosen:
        continue
    print(f"== {name}: {benchmark.__doc__}")
    benchmark.main()
    print()
