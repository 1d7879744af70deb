"""Replaces functions that are written in C, for everybody who holds them.

`from time import monotonic` hands out a builtin function object; replacing `time.monotonic`
later does not reach it. All such objects of one function share a `PyMethodDef`, the C struct that
holds the pointer to the code, and CPython reads that pointer at each call. Swapping it reaches
every holder, whenever it imported the name. (The library time-machine does the same in C for the
wall clock; the world needs it for monotonic clocks, locks and randomness too, and told apart by
thread.)

A thread may still be inside a callback (blocked in a lock, say) when its world is over, and return
through it. So each function gets one callback, which is never freed; what a world replaces is the
code that this callback runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evalkit.world.bomb import raising

_VARARGS, _KEYWORDS, _NOARGS, _O, _FASTCALL, _METHOD = 0x01, 0x02, 0x04, 0x08, 0x80, 0x200
_KINDS = _VARARGS | _KEYWORDS | _NOARGS | _O | _FASTCALL | _METHOD


class _MethodDef(ctypes.Structure):
    """`PyMethodDef` of CPython's `methodobject.h`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("code", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_object = ctypes.py_object
_pointer = ctypes.c_void_p
_size = ctypes.c_ssize_t
_ARGUMENTS: dict[int, tuple[Any, ...]] = {
    _NOARGS: (_pointer,),
    _O: (_object,),
    _VARARGS: (_object,),
    _VARARGS | _KEYWORDS: (_object, _pointer),
    _FASTCALL: (_pointer, _size),
    _FASTCALL | _KEYWORDS: (_pointer, _size, _pointer),
    _METHOD | _FASTCALL | _KEYWORDS: (_object, _pointer, _size, _pointer),
}
"""What C functions of each kind get after the object that they are bound to."""

_new_reference = ctypes.pythonapi["Py_NewRef"]  # a function object of this module's own
_new_reference.argtypes = (_object,)
_new_reference.restype = _pointer


class Swap:
    """One C function that can be given other code. Called, it runs the C code: with the object
    that the function is bound to, then the arguments.
    """

    def __init__(self, definition: _MethodDef, bound: object) -> None:
        self._definition = definition
        self._kind = definition.flags & _KINDS
        self._owner = type(bound)
        self._code = definition.code
        # Functions written in Rust are bound to nothing: a null pointer, which is no object.
        self_type = _pointer if bound is None else _object
        signature = self_type, *_ARGUMENTS[self._kind]
        self._c_function = ctypes.PYFUNCTYPE(_object, *signature)(self._code)
        self._callback = ctypes.PYFUNCTYPE(_pointer, *signature)(self._entry())
        self._entry_point = ctypes.cast(self._callback, _pointer).value
        self.replacement: Callable[..., Any] = self

    def install(self, replacement: Callable[..., Any]) -> None:
        """Run `replacement` from now on: it gets what the C code would have got."""
        self.replacement = replacement
        self._definition.code = self._entry_point

    def remove(self) -> None:
        """Run the C code again."""
        self._definition.code = self._code
        self.replacement = self

    # From Python to C --------------------------------------------------------------------------

    def __call__(self, bound: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the C code."""
        kind = self._kind
        if kind == _NOARGS:
            return self._c_function(bound, None)
        if kind == _O:
            return self._c_function(bound, args[0])
        if kind == _VARARGS:
            return self._c_function(bound, args)
        if kind == _VARARGS | _KEYWORDS:
            named = ctypes.py_object(kwargs) if kwargs else None
            pointer = _pointer.from_buffer(named) if named else None
            return self._c_function(bound, args, pointer)
        return self._call_fast(bound, args, kwargs)

    def _call_fast(self, bound: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        everything = [*args, *kwargs.values()]
        array = (_object * max(len(everything), 1))(*everything)
        address = ctypes.addressof(array)
        if self._kind == _FASTCALL:
            return self._c_function(bound, address, len(args))
        names = ctypes.py_object(tuple(kwargs))
        pointer = _pointer.from_buffer(names) if kwargs else None
        if self._kind & _METHOD:
            return self._c_function(bound, self._owner, address, len(args), pointer)
        return self._c_function(bound, address, len(args), pointer)

    # From C to Python --------------------------------------------------------------------------

    def _entry(self) -> Callable[..., Any]:
        """What C calls: the replacement behind the C signature of the function."""
        if self._kind == _NOARGS:
            return self._without_arguments
        if self._kind == _O:
            return self._guarded(self._run)
        if self._kind == _VARARGS:
            return self._guarded(lambda bound, args: self.replacement(bound, *args))
        if self._kind == _VARARGS | _KEYWORDS:
            return self._guarded(
                lambda bound, args, named: self.replacement(
                    bound, *args, **(_from_pointer(named) if named else {})
                )
            )
        if self._kind & _METHOD:
            return self._guarded(lambda bound, _, *rest: self._from_fast(bound, *rest))
        return self._guarded(self._from_fast)

    def _without_arguments(self, bound: Any, _: None) -> int:
        # Shorter than what `_guarded` gives: an agent asks for the time again and again.
        try:
            result: int = _new_reference(self.replacement(bound))
        except BaseException as error:
            return raising(error)
        return result

    def _run(self, *args: Any) -> Any:
        return self.replacement(*args)

    def _from_fast(
        self, bound: Any, array: int | None, count: int, names: int | None = None
    ) -> Any:
        keys = _from_pointer(names) if names else ()
        values = _from_array(array, count + len(keys))
        named = dict(zip(keys, values[count:], strict=True))
        return self.replacement(bound, *values[:count], **named)

    @staticmethod
    def _guarded(adapted: Callable[..., Any]) -> Callable[..., int]:
        def guarded(*args: Any) -> int:
            try:
                result: int = _new_reference(adapted(*args))
            except BaseException as error:
                return raising(error)
            return result

        return guarded


_swaps: dict[int, Swap] = {}


def swap_of(builtin: Any) -> Swap:
    """The swap of a C function, given any builtin of it (`time.monotonic`, `lock.acquire`)."""
    address = _pointer.from_address(id(builtin) + object.__basicsize__).value
    assert address is not None
    if address not in _swaps:
        _swaps[address] = Swap(_MethodDef.from_address(address), builtin.__self__)
    return _swaps[address]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A C function and the code that takes its place while a world runs."""

    swap: Swap
    code: Callable[..., Any]

    def install(self) -> None:
        """Put the code in place."""
        self.swap.install(self.code)

    def remove(self) -> None:
        """Put the C code back."""
        self.swap.remove()


def _from_pointer(address: int) -> Any:
    return ctypes.cast(address, _object).value


def _from_array(address: int | None, count: int) -> list[Any]:
    if not count or address is None:
        return []
    return list((_object * count).from_address(address))
