"""Runs every benchmark, or those that are named. They print ratios measured within one run and
assert nothing.
"""

import compileall
import sys
from pathlib import Path

import evalkit
from tests.bench import (
    aggregate,
    calls,
    contract,
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
    soak,
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
        contract,
        sessions,
        workers,
        fan,
        memory,
        aggregate,
        report,
        llm,
    ),
    live,
    soak,
    load,
)

# As pip leaves a package that it installs, also where Python may not keep what it compiles.
compileall.compile_dir(Path(evalkit.__file__).parent, quiet=1)
chosen = set(sys.argv[1:])
for benchmark in BENCHMARKS:
    name = benchmark.__name__.rpartition(".")[2]
    if chosen and name not in chosen:
        continue
    print(f"== {name}: {benchmark.__doc__}")
    benchmark.main()
    print()
