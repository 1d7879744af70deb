"""The retries of the support agent."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import httpx
import pytest

FILE = Path(__file__).parents[2] / "scenarios/support/attempts.py"


@pytest.fixture(scope="module")
def attempts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("support_attempts", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["support_attempts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pauses(attempts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []

    async def note(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(attempts.asyncio, "sleep", note)
    return made


def failed(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://crm")
    response = httpx.Response(status, headers=headers, request=request)
    return httpx.HTTPStatusError("failed", request=request, response=response)


@pytest.mark.parametrize(
    ("error", "low", "high"),
    [
        (httpx.ConnectError("refused"), 0.375, 0.5),
        (TimeoutError(), 0.375, 0.5),
        (failed(503), 0.375, 0.5),
        (failed(200), 0.375, 0.5),  # the SDK choked on a body that it should not have got
        (failed(429, **{"retry-after": "3"}), 3, 3),
        (failed(503, **{"retry-after": "0.25"}), 0.25, 0.25),
        (failed(503, **{"retry-after": "Mon, 05 Jan 2015 09:00:05 GMT"}), 0, 0),
        (failed(503, **{"retry-after": "soon"}), 0.375, 0.5),
    ],
)
def test_worth_another_attempt(
    attempts: ModuleType, error: Exception, low: float, high: float
) -> None:
    assert low <= attempts.pause_after(1, error) <= high


@pytest.mark.parametrize(
    "error",
    [
        failed(404),
        failed(401),
        failed(422),
        failed(429, **{"retry-after": "3600"}),
        failed(503, **{"retry-after": "Mon, 05 Jan 2125 09:00:05 GMT"}),
    ],
)
def test_not_worth_another_attempt(attempts: ModuleType, error: Exception) -> None:
    assert attempts.pause_after(1, error) is None


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_backoff_doubles(attempts: ModuleType, number: int) -> None:
    assert 0.75 <= attempts.backoff(number) / (0.5 * 2 ** (number - 1)) <= 1


@pytest.mark.parametrize(
    ("errors", "calls", "result"),
    [
        ([], 1, "fine"),
        ([failed(503), failed(503)], 3, "fine"),
        ([failed(503), failed(503), failed(503)], 3, None),
        ([failed(404)], 1, None),
    ],
)
async def test_attempts_are_counted(
    attempts: ModuleType,
    pauses: list[float],
    errors: list[Exception],
    calls: int,
    result: str | None,
) -> None:
    made = []
    left = iter(errors)

    async def call() -> str:
        made.append(1)
        for error in left:
            raise error
        return "fine"

    limits = attempts.Limits(attempts=3, timeout=60)
    if result is None:
        with pytest.raises(attempts.Unavailable):
            await attempts.attempt(call, limits)
    else:
        assert await attempts.attempt(call, limits) == result
    assert len(made) == calls
    assert len(pauses) == calls - 1
