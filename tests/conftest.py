"""What all tests have in common."""

from hypothesis import HealthCheck, settings

# A machine that is busy with other things makes no example too slow.
settings.register_profile(
    "evalkit", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("evalkit")

pytest_plugins = ["pytester"]
collect_ignore_glob = ["*.eval.yaml"]
"""Suites beside tests are there to be run by them, and some of them have to fail."""
