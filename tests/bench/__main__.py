"""Runs every benchmark. They print ratios measured within one run and assert nothing."""

from tests.bench import calls, sessions, startup

for benchmark in (startup, calls, sessions):
    print(f"== {benchmark.__name__.rpartition('.')[2]}: {benchmark.__doc__}")
    benchmark.main()
    print()
