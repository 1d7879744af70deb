"""httpx runs unmodified in the world."""

from __future__ import annotations

from types import ModuleType

import httpx
import pytest

from tests.world.httpx_family import (  # noqa: F401 - collected here
    test_a_blocking_client_is_refused_with_a_hint,
    test_a_body_that_the_end_of_the_connection_ends_is_whole,
    test_a_broken_reply_raises_the_documented_error,
    test_a_connection_that_fails_raises_the_documented_error,
    test_a_pooled_connection_serves_each_session_in_its_own_name,
    test_a_pooled_connection_that_the_service_closed_is_replaced,
    test_a_read_timeout_fires_at_its_exact_time,
    test_a_request_reaches_the_service_and_its_reply_comes_back,
    test_a_stream_arrives_chunk_by_chunk_at_its_times,
    test_latency_is_exact_at_any_concurrency,
    test_pooled_requests_share_one_connection,
    test_unmocked_egress_is_refused_and_found,
)


@pytest.fixture
def library() -> ModuleType:
    return httpx
