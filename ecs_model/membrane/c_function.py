"""Functions of C texts, called with arrays and numbers as they are."""

import ctypes
import functools
import re
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ecs_model.membrane.compiler import load

_TYPES = {"void": None, "int": ctypes.c_int, "long": ctypes.c_long, "double": ctypes.c_double}
_library = functools.cache(load)


@functools.cache
def c_function(text: str, name: str) -> Callable[..., Any]:
    """A function of a C text; its own declaration there says what it takes and returns.

    Args:
        text: C source; compiled when it is first needed, and kept in the cache.
        name: of the function, whose arguments are pointers to arrays, int, long and double.

    Returns:
        Callable: takes numbers, and contiguous arrays, or None, for pointers.
    """
    function = getattr(_library(text), name)
    result, declared = _declared(text, name)
    function.restype, function.argtypes = _TYPES[result], [_ctype(a) for a in declared]
    pointers = [k for k, kind in enumerate(function.argtypes) if kind is ctypes.c_void_p]

    def call(*arguments: Any) -> Any:
        passed = list(arguments)
        for k in pointers:
            if (array := passed[k]) is not None:
                passed[k] = _known.get(id(array)) or _address(array)
        return function(*passed)

    return call


def addresses(arrays: Iterable[np.ndarray]) -> list[int]:
    """Where the data of contiguous arrays lie, for tables that a C text reads; they must stay."""
    return [_known.get(id(array)) or _address(array) for array in arrays]


_known: dict[int, int] = {}  # addresses of data by the ids of arrays; NumPy takes long to tell them
_arrays: dict[int, weakref.ref] = {}


def _address(argument):
    """The address of the data of an array, remembered while it lives; all else as it is."""
    if not isinstance(argument, np.ndarray):
        return argument
    number = id(argument)
    _arrays[number] = weakref.ref(argument, functools.partial(_forget, number))
    _known[number] = argument.ctypes.data
    return _known[number]


def _forget(number, reference):
    del _known[number], _arrays[number]


def _declared(text, name):
    """Type of the result, and declarations of the arguments, of a function in a C text."""
    found = re.search(rf"(\w+)\s+{name}\(([^)]*)\)", text)
    if found is None:
        raise ValueError(f"the C text declares no function {name}")
    return found[1], found[2].split(",")


def _ctype(declaration):
    return ctypes.c_void_p if "*" in declaration else _TYPES[declaration.split()[0]]
