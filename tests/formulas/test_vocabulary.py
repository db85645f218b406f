"""The vocabulary: every NumPy and PyTorch spelling against the plain-Python meaning."""

from __future__ import annotations

import inspect
import math
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.engines.arrays import numpy_spelling, spelling
from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.formulas.expression import PRIMITIVES, Primitive
from chainrule.formulas.hashing import hashed_uniform
from chainrule.formulas.vocabulary import Matrix, matmul, scalar
from tolerances import assert_close

SCALARS = [p for p in PRIMITIVES.values() if p.elementwise]
ARRAYS = [p for p in PRIMITIVES.values() if not p.elementwise]
EDGES = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan)
NUMBERS = (*EDGES, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-9, -1e-9, 12.75, -12.75, 710.0, -745.0, 1e300, -1e300)
SAME_SIGN_OF_ZERO = {
    "add",
    "subtract",
    "multiply",
    "divide",
    "negative",
    "sqrt",
    "floor",
    "absolute",
    "square",
}
COMPARISONS = {"greater", "greater_equal", "less", "less_equal", "equal"}
EXACT = {*SAME_SIGN_OF_ZERO, *COMPARISONS, "sign", "maximum", "minimum", "where"} - {"sqrt"}


def _arity(primitive: Primitive) -> int:
    return len(inspect.signature(primitive.meaning).parameters)


def _arguments(primitive: Primitive) -> list[tuple[Any, ...]]:
    if primitive.name == "where":
        return list(product((True, False), EDGES, EDGES))
    return list(product(NUMBERS, repeat=_arity(primitive)))


def assert_spelling_means_the_same(primitive: Primitive, results: Any) -> None:
    """Values, infinities and not-a-numbers; the sign of zero where IEEE 754 settles it."""
    for arguments, got in zip(_arguments(primitive), np.asarray(results).tolist(), strict=True):
        wanted = float(primitive.meaning(*arguments))
        what = f"{primitive.name}{arguments}"
        if primitive.name in EXACT:
            assert float(got) == wanted or (math.isnan(got) and math.isnan(wanted)), what
        elif abs(wanted) < 1e-300 and not math.isnan(got):
            assert abs(got) < 1e-300, what
        else:
            assert_close(got, wanted, "elementary function", scale=0, what=what)
        if primitive.name in SAME_SIGN_OF_ZERO and wanted == 0:
            assert math.copysign(1, got) == math.copysign(1, wanted), f"{what}: the sign of zero"


def _columns(primitive: Primitive) -> list[Any]:
    return [list(column) for column in zip(*_arguments(primitive), strict=True)]


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda p: p.name)
def test_the_numpy_spelling_of_a_scalar_primitive_means_the_same(primitive: Primitive) -> None:
    with np.errstate(all="ignore"):
        results = numpy_spelling(primitive)(*map(np.array, _columns(primitive)))
    assert_spelling_means_the_same(primitive, results)


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda p: p.name)
def test_the_torch_spelling_of_a_scalar_primitive_means_the_same(
    primitive: Primitive, torch: ModuleType
) -> None:
    tensors = [
        torch.tensor(column, dtype=torch.bool if isinstance(column[0], bool) else torch.float64)
        for column in _columns(primitive)
    ]
    assert_spelling_means_the_same(primitive, spelling(primitive.torch)(*tensors))


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda p: p.name)
def test_a_scalar_primitive_writes_into_a_given_array(primitive: Primitive) -> None:
    columns = [np.array(column) for column in _columns(primitive)]
    with np.errstate(all="ignore"):
        fresh = numpy_spelling(primitive)(*columns)
        out = np.empty_like(fresh)
        numpy_spelling(primitive)(*columns, out)
    np.testing.assert_array_equal(out, fresh)


def test_the_parity_of_spellings_can_fail() -> None:
    tanh = PRIMITIVES["tanh"]
    slightly_high = np.tanh(np.array(_columns(tanh)[0])) * (1 + 1e-14)
    with pytest.raises(AssertionError, match=r"tanh"):
        assert_spelling_means_the_same(tanh, slightly_high)


# --- array primitives -------------------------------------------------------------------------------

RNG = np.random.default_rng(12)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))
A_EDGES = np.array([[0.0, -0.0, 1.0], [math.inf, 2.0, 3.0], [math.nan, 1.0, -math.inf]])
ARRAY_ARGUMENTS: dict[str, list[tuple[Any, ...]]] = {
    "matmul": [(A, B)],
    "transpose": [(A,), (A_EDGES,)],
    "column_sum": [(A,), (A_EDGES,)],
    "row_sum": [(A,), (A_EDGES,)],
    "row_max": [(A,), (A_EDGES,)],
    "total": [(A,), (A_EDGES,)],
    "rows": [(A,)],
    "one_hot": [(np.array([[2], [0], [1]]), A)],
    "uniform": [(A, 7, 3), (A, 0, 1), (A, 2**40 + 9, 123456)],
}


def _matrix(argument: Any) -> Any:
    if not isinstance(argument, np.ndarray):
        return argument
    return Matrix(*argument.shape, lambda i, j: argument[i, j])


def _entries(primitive: Primitive, arguments: tuple[Any, ...]) -> Any:
    """The value by the entry meaning, of the shape that the row states."""
    shapes = [np.shape(argument) for argument in arguments]
    shape = primitive.shape(*shapes)
    entry = primitive.meaning(*map(_matrix, arguments))
    height, width = (1, *shape)[-2:] if shape else (1, 1)
    return np.array([[entry(i, j) for j in range(width)] for i in range(height)]).reshape(shape)


CASES = [(name, arguments) for name, cases in ARRAY_ARGUMENTS.items() for arguments in cases]


def test_every_array_primitive_is_tried() -> None:
    assert {p.name for p in ARRAYS} == set(ARRAY_ARGUMENTS)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_the_numpy_spelling_of_an_array_primitive_means_the_same(
    name: str, arguments: tuple[Any, ...]
) -> None:
    got = numpy_spelling(PRIMITIVES[name])(*arguments)
    assert_close(got, _entries(PRIMITIVES[name], arguments), "rounding", what=name)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_the_torch_spelling_of_an_array_primitive_means_the_same(
    name: str, arguments: tuple[Any, ...], torch: ModuleType
) -> None:
    tensors = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments]
    got = spelling(PRIMITIVES[name].torch)(*tensors)
    assert_close(got, _entries(PRIMITIVES[name], arguments), "rounding", what=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_hashed_uniform_has_the_same_bits_everywhere(dtype: str, torch: ModuleType) -> None:
    uniform = PRIMITIVES["uniform"]
    like = np.zeros((40, 25), dtype)
    got = numpy_spelling(uniform)(like, 99, 7)
    assert got.dtype == dtype
    assert got.ravel().tolist() == [hashed_uniform(99, 7, place) for place in range(1000)]
    assert spelling(uniform.torch)(torch.from_numpy(like), 99, 7).numpy().tobytes() == got.tobytes()


def test_the_hashed_uniform_is_uniform() -> None:
    draws = numpy_spelling(PRIMITIVES["uniform"])(np.zeros((200, 500)), 3, 1)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(draws.mean() - 1 / 2) < 0.004
    assert abs(draws.var() - 1 / 12) < 0.002
    counts, _ = np.histogram(draws, bins=20, range=(0, 1))
    assert abs(counts - 5000).max() < 350  # 5 standard deviations


def test_the_hashed_uniform_depends_on_key_step_and_place() -> None:
    uniform, like = numpy_spelling(PRIMITIVES["uniform"]), np.zeros((50, 50))
    base = uniform(like, 1, 1).ravel()
    others = [uniform(like, 2, 1).ravel(), uniform(like, 1, 2).ravel(), np.roll(base, 1), np.roll(base, 50)]
    for other in others:
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.08
    assert len(set(base.tolist())) == 2500


# --- shapes and names -------------------------------------------------------------------------------


def test_a_product_of_unfitting_matrices_is_refused() -> None:
    with pytest.raises(ShapeMismatch, match=r"inner sizes differ"):
        matmul.shape(("B", "I"), ("O", "I"))


def test_a_taken_primitive_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r'has a primitive "exp" already: choose another name'):
        scalar("exp", math.exp, "", "", "")


def test_the_vocabulary_stays_small() -> None:
    assert 30 <= len(PRIMITIVES) <= 40


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0, 1e300])
def test_floor_has_a_meaning_for_every_float(value: float) -> None:
    got = PRIMITIVES["floor"].meaning(value)
    assert repr(got) == repr(value)
