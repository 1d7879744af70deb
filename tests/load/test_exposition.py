"""What Locust counts, as Prometheus reads it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evalkit.load.exposition import exposed


def test_figures_are_in_the_format_that_prometheus_reads() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    total = SimpleNamespace(
        num_requests=40,
        num_failures=2,
        total_response_time=800,
        get_response_time_percentile=lambda share: {0.5: 20, 0.9: 30}.get(share),
    )
    runner = SimpleNamespace(user_count=7, worker_count=2, stats=SimpleNamespace(total=total))
    text = exposed(SimpleNamespace(runner=runner))
    families = {each.name: each for each in parser.text_string_to_metric_families(text)}
    read = {
        sample.name: sample.value
        for each in families.values()
        for sample in each.samples
        if not sample.labels
    }
    assert read == {
        "evalkit_load_users": 7,
        "evalkit_load_workers": 2,
        "evalkit_load_turns_total": 40,
        "evalkit_load_turns_failed_total": 2,
        "evalkit_load_turn_seconds_sum": 0.8,
        "evalkit_load_turn_seconds_count": 40,
    }
    quantiles = families["evalkit_load_turn_seconds"].samples[:3]
    assert [each.value for each in quantiles] == [0.02, 0.03, 0]
