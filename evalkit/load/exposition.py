"""What Locust counts, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/

These are Locust's figures, rounded and while it runs. Those that are judged are in the run's folder
(`evalkit export RUN --prometheus`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PATH = "/evalkit/metrics"
_QUANTILES = (0.5, 0.9, 0.99)
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposed(environment: Any) -> str:
    """The figures of a Locust environment."""
    return "\n".join(_lines(environment)) + "\n"


def _lines(environment: Any) -> Iterator[str]:
    runner, total = environment.runner, environment.runner.stats.total
    yield from _figure("users", "gauge", "Users there are.", runner.user_count)
    workers = getattr(runner, "worker_count", None)
    if workers is not None:
        yield from _figure("workers", "gauge", "Workers that are there.", workers)
    yield from _figure("turns_total", "counter", "Turns that were sent.", total.num_requests)
    failed = "Turns without a response, or with one that says so."
    yield from _figure("turns_failed_total", "counter", failed, total.num_failures)
    name = "evalkit_load_turn_seconds"
    yield f"# HELP {name} Time from a turn to its response, as Locust rounds it."
    yield f"# TYPE {name} summary"
    for share in _QUANTILES:
        seconds = (total.get_response_time_percentile(share) or 0) / 1000
        yield f'{name}{{quantile="{share}"}} {seconds:g}'
    yield f"{name}_sum {total.total_response_time / 1000:g}"
    yield f"{name}_count {total.num_requests}"


def _figure(name: str, kind: str, about: str, value: float) -> Iterator[str]:
    yield f"# HELP evalkit_load_{name} {about}"
    yield f"# TYPE evalkit_load_{name} {kind}"
    yield f"evalkit_load_{name} {value}"


def expose(environment: Any, web_ui: Any) -> None:
    """Serve them beside Locust's pages, where there are any."""
    if web_ui is None:
        return

    @web_ui.app.route(PATH)  # type: ignore[untyped-decorator]
    def metrics() -> Any:
        return exposed(environment), 200, {"content-type": _TYPE}
