"""C functions replaced for everybody who holds them."""

from __future__ import annotations

import math
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import pytest

from evalkit.world.swap import swap_of

LOCK = threading.Lock()


@contextmanager
def replaced(builtin: Any, code: Callable[..., Any]) -> Iterator[None]:
    swap = swap_of(builtin)
    swap.install(code)
    try:
        yield
    finally:
        swap.remove()


class CustomError(Exception):
    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def test_a_replacement_reaches_names_imported_earlier() -> None:
    with replaced(time.monotonic, lambda _: 5.0):
        assert monotonic() == time.monotonic() == 5.0
    assert monotonic() != 5.0


def test_a_function_has_one_swap() -> None:
    assert swap_of(time.monotonic) is swap_of(monotonic)
    assert swap_of(threading.Lock().acquire) is swap_of(LOCK.acquire)


@pytest.mark.parametrize(
    ("builtin", "args", "kwargs"),
    [
        (time.time, (), {}),  # METH_NOARGS
        (time.sleep, (0,), {}),  # METH_O
        (time.gmtime, (0,), {}),  # METH_VARARGS
        (LOCK.acquire, (False,), {}),  # METH_VARARGS | METH_KEYWORDS
        (LOCK.acquire, (), {"blocking": False}),
        (math.gcd, (12, 18), {}),  # METH_FASTCALL
        (sys.getsizeof, (1,), {"default": 2}),
        (int.from_bytes, (b"a", "big"), {"signed": True}),  # METH_FASTCALL | METH_KEYWORDS
        (int.from_bytes, (b"a", "big"), {}),
        (queue.SimpleQueue().get, (), {"block": False}),  # METH_METHOD
    ],
)
def test_a_replacement_gets_what_the_function_would(
    builtin: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    seen = []

    def code(bound: Any, *args: Any, **kwargs: Any) -> str:
        seen.append((bound, args, kwargs))
        return "replaced"

    with replaced(builtin, code):
        result = builtin(*args, **kwargs)

    assert result == "replaced"
    assert seen == [(builtin.__self__, args, kwargs)]


@pytest.mark.parametrize(
    ("builtin", "args", "kwargs"),
    [
        (time.gmtime, (0,), {}),
        (math.gcd, (12, 18), {}),
        (int.from_bytes, (b"\xff", "big"), {"signed": True}),
        (int.from_bytes, (b"\xff", "big"), {}),
        (threading.Lock().acquire, (), {"timeout": 0.0}),
        (threading.Lock().acquire, (False,), {}),
    ],
)
def test_a_swap_runs_the_c_code(builtin: Any, args: Any, kwargs: Any) -> None:
    swap = swap_of(builtin)
    if isinstance(builtin.__self__, type(LOCK)):
        assert swap(builtin.__self__, *args, **kwargs) is True
    else:
        assert swap(builtin.__self__, *args, **kwargs) == builtin(*args, **kwargs)


def test_an_error_is_raised_in_the_caller_as_it_is() -> None:
    def code(_: Any) -> Any:
        raise CustomError("no", hint="yes")

    with replaced(time.monotonic, code):
        try:
            monotonic()
        except CustomError as error:
            caught = error
        with pytest.raises(CustomError):
            [monotonic() for _ in range(3)]
        with pytest.raises(CustomError):
            list(map(lambda _: monotonic(), [1]))  # noqa: C417

    assert type(caught) is CustomError
    assert (caught.args, caught.hint) == (("no",), "yes")
    assert caught.__traceback__ is not None


def test_a_system_error_keeps_its_number() -> None:
    def code(_: Any) -> Any:
        raise ConnectionRefusedError(111, "no")

    with replaced(time.monotonic, code), pytest.raises(ConnectionRefusedError) as caught:
        monotonic()

    assert caught.value.errno == 111
    assert pickle.loads(pickle.dumps(caught.value)).errno == 111


def test_errors_of_the_c_code_come_through() -> None:
    original = swap_of(time.sleep)
    with replaced(time.sleep, original):
        with pytest.raises(TypeError):
            sleep("a while")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="non-negative"):
            sleep(-1)


def test_a_thread_may_return_through_a_replacement_that_is_gone() -> None:
    swap = swap_of(LOCK.acquire)
    lock = threading.Lock()
    swap(lock)
    swap.install(lambda lock, *args, **kwargs: swap(lock, *args, **kwargs))
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    swap.remove()

    lock.release()
    thread.join(timeout=10)

    assert not thread.is_alive()
