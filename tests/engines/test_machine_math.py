"""The elementary functions written on lanes, against many digits, over the whole range."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.engines import machine_math
from chainrule.engines.arrays import uniform
from chainrule.engines.lanes import Writer
from chainrule.engines.machine import the_machine
from chainrule.formulas import vocabulary
from chainrule.formulas.expression import PRIMITIVES, Primitive

Array = NDArray[Any]
SCALARS = [
    made.name for made in vars(vocabulary).values() if isinstance(made, Primitive) and made.elementwise
]
# In units of the last place of float32, and as 1e-15 relative is in those of float64.
ALLOWED = {"float32": 2.0, "float64": 4.5}


def compiled(function: Callable[..., Any], dtype: str, arguments: int = 1) -> Callable[..., Array]:
    """A function on lanes as one on arrays."""
    writer = Writer(dtype)
    count = writer.field(0)
    given, target = [writer.address(n + 1) for n in range(arguments)], writer.address(arguments + 1)

    def body(index: Any, mask: Any) -> None:
        values = [writer.load(array, index, width=writer.lanes, mask=mask) for array in given]
        result = writer.number(function(*values))
        writer.store(result, target, index, mask)

    writer.blocks(count, body)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    call = kind(the_machine().address(writer.text("KERNEL")))

    def run(*values: Any) -> Array:
        arrays = [np.ascontiguousarray(value, dtype) for value in values]
        result = np.empty_like(arrays[0])
        row = np.array([result.size, *(a.ctypes.data for a in arrays), result.ctypes.data])
        call(row.ctypes.data, 0, 0)
        return result

    return run


def _points(name: str, dtype: str) -> Array:
    rng = np.random.default_rng(5)
    single = dtype == "float32"
    tiny = 10.0 ** rng.uniform(-44 if single else -320, 0, 300)
    near = rng.uniform(-4, 4, 300)
    reach = {"exp": (-104, 89) if single else (-746, 710), "expm1": (-30, 89) if single else (-50, 710)}
    low, high = reach.get(name, (-12, 11) if single else (-28, 27.5))
    points = [tiny, -tiny, near, rng.uniform(low, high, 500)]
    if name in ("log", "log1p"):
        large = 10.0 ** rng.uniform(0, 38 if single else 308, 300)
        points = [tiny, large, np.abs(near), 1 + near / 1000, *([-tiny * 0.999] if name == "log1p" else [])]
    return np.concatenate(points).astype(dtype)


def _exact(name: str) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = getattr(mpmath, name)
    return function


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "log", "log1p", "erfc"])
def test_an_elementary_function_is_right_to_the_last_places(name: str, dtype: str) -> None:
    points = _points(name, dtype)
    found = compiled(getattr(machine_math, name), dtype)(points)
    assert worst_error(name, points, found, dtype) <= ALLOWED[dtype]


def worst_error(name: str, points: Array, found: Array, dtype: str) -> float:
    """The greatest error in units of the last place, those of subnormal numbers being the least there are."""
    facts = np.finfo(dtype)
    least = math.log2(float(facts.smallest_subnormal))
    worst = 0.0
    with mpmath.workprec(200):
        for point, value in zip(points.tolist(), found.tolist(), strict=True):
            exact = _exact(name)(mpmath.mpf(point))
            if abs(exact) > float(facts.max):
                assert value == math.copysign(math.inf, exact) or abs(value) == float(facts.max), point
                continue
            place = max(int(mpmath.floor(mpmath.log(abs(exact), 2))) - facts.nmant, least) if exact else least
            worst = max(worst, float(abs(mpmath.mpf(value) - exact) / mpmath.mpf(2) ** place))
    return worst


def test_the_comparison_with_many_digits_can_fail() -> None:
    points = _points("exp", "float32")
    with np.errstate(over="ignore"):
        wrong = np.exp(points) * np.float32(1 + 4e-7)
    assert worst_error("exp", points, wrong, "float32") > ALLOWED["float32"]


SPECIAL = {
    "exp": (1, 1, math.inf, 0, math.nan),
    "expm1": (0.0, -0.0, math.inf, -1, math.nan),
    "tanh": (0.0, -0.0, 1, -1, math.nan),
    "log": (-math.inf, -math.inf, math.inf, math.nan, math.nan),
    "log1p": (0.0, -0.0, math.inf, math.nan, math.nan),
    "erfc": (1, 1, 0, 2, math.nan),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SPECIAL)
def test_zeros_infinities_and_what_is_no_number(name: str, dtype: str) -> None:
    found = compiled(getattr(machine_math, name), dtype)([0.0, -0.0, math.inf, -math.inf, math.nan])
    np.testing.assert_array_equal(found, np.array(SPECIAL[name], dtype))
    zeros = np.array(SPECIAL[name][:2]) == 0
    assert np.array_equal(np.signbit(found[:2][zeros]), np.signbit(np.array(SPECIAL[name][:2])[zeros]))


def test_an_entry_gets_the_same_bits_wherever_it_stands() -> None:
    values = np.random.default_rng(2).normal(size=67).astype(np.float32)
    for name in SPECIAL:
        run = compiled(getattr(machine_math, name), "float32")
        one_by_one = np.array([run(values[i : i + 1])[0] for i in range(67)])
        np.testing.assert_array_equal(run(values), one_by_one)


@pytest.mark.parametrize("name", SCALARS)
def test_the_compiled_spelling_of_a_scalar_primitive_means_the_same(name: str) -> None:
    primitive = PRIMITIVES[name]

    arguments = _arity(primitive)
    grid = [-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 3.0, math.inf, -math.inf, math.nan]
    columns = np.array(np.meshgrid(*[grid] * arguments)).reshape(arguments, -1)
    found = compiled(getattr(machine_math, name), "float64", arguments)(*columns)
    wanted = [float(primitive.meaning(*map(float, row))) for row in columns.T]
    np.testing.assert_allclose(found, wanted, rtol=4e-15, atol=0)


def _arity(primitive: Any) -> int:
    return primitive.text.count("{") - primitive.text.count("{{")


def test_random_numbers_are_the_numpy_engines_bits() -> None:
    writer = Writer("float32")
    key, step = (writer.load(writer.numbers, writer.whole(n), "double") for n in range(2))
    target = writer.address(0)

    def body(index: Any, mask: Any) -> None:
        places = writer.spread(index, writer.lanes) + writer.counting()
        writer.store(machine_math.mixed_uniform(places, key, step), target, index, mask)

    writer.blocks(writer.whole(50), body)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    found, numbers = np.empty((5, 10), np.float32), np.array([4_000_000_007.0, 12.0])
    row = np.array([found.ctypes.data])
    kind(the_machine().address(writer.text("KERNEL")))(row.ctypes.data, numbers.ctypes.data, 0)
    np.testing.assert_array_equal(found, uniform(found, 4_000_000_007, 12))
