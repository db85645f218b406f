"""NumPy spellings of the vocabulary's array primitives, each able to write into a given array.

Matrices are (B, O); a trailing `out` is the array to write into, made when it is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.expression import Expression, Primitive, fold
from chainrule.formulas.hashing import GOLDEN, KEPT_BITS, LAST_SHIFT, ROUNDS, hash_start

Array = NDArray[Any]


@cache
def spelling(name: str) -> Callable[..., Any]:
    """The function a spelling such as "scipy.special:erfc" names."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


def numpy_spelling(primitive: Primitive) -> Callable[..., Any]:
    """The NumPy function of a primitive."""
    return spelling(primitive.numpy)


def evaluate_arrays(node: Expression, values: Mapping[str, Any]) -> Any:
    """The value of a tree on arrays.

    >>> from chainrule.formulas.activations import ACTIVATIONS
    >>> evaluate_arrays(ACTIVATIONS["softmax"].definition.tree, {"z": np.zeros((1, 4))})
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    with np.errstate(all="ignore"):
        return fold(node, lambda s: values[s.name], lambda c: c.value, _apply)


def _apply(primitive: Primitive, *operands: Any) -> Any:
    """Python's own numbers stay so: NumPy's would turn the float32 arrays they meet into float64."""
    if primitive.elementwise and all(type(operand) in (int, float, bool) for operand in operands):
        return primitive.meaning(*operands)
    first = 1 if primitive.name == "where" else 0
    return numpy_spelling(primitive)(*operands[:first], *map(_number, operands[first:]))


def _number(operand: Any) -> Any:
    """Truths that are calculated with, as 0 and 1."""
    return (
        operand.astype(np.float32) if isinstance(operand, np.ndarray) and operand.dtype == bool else operand
    )


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """a (B, I) times b (I, O): (B, O)."""
    return np.dot(a, b, out)


def transpose(a: Array) -> Array:
    """A view of a (B, O) as (O, B)."""
    return a.T


def column_sum(a: Array, out: Array | None = None) -> Array:
    """Σ over the rows of a (B, O): (O,)."""
    result: Array = np.add.reduce(a, 0, out=out)
    return result


def row_sum(a: Array, out: Array | None = None) -> Array:
    """Σ over each row of a (B, O): (B, 1)."""
    result: Array = np.add.reduce(a, 1, out=out, keepdims=True)
    return result


def row_max(a: Array, out: Array | None = None) -> Array:
    """The greatest of each row of a (B, O): (B, 1)."""
    result: Array = np.maximum.reduce(a, 1, out=out, keepdims=True)
    return result


def total(a: Array) -> float:
    """Σ over all entries, summed in float64 whatever the dtype of a."""
    return float(np.add.reduce(a, None, np.float64))


def rows(a: Array) -> int:
    """B for a of shape (B, …)."""
    return len(a)


def one_hot(a: Array, like: Array, out: Array | None = None) -> Array:
    """Class numbers (B, 1) as rows with a single 1: (B, K), K and dtype as in `like`."""
    result = np.empty_like(like) if out is None else out
    np.equal(a, np.arange(like.shape[1]), out=result, casting="unsafe")
    return result


def where(condition: Array, a: Array | float, b: Array | float, out: Array | None = None) -> Array:
    """a where the condition holds, b elsewhere; `out` may be a or b."""
    if out is None:
        chosen: Array = np.where(condition, a, b)
        return chosen
    if condition.dtype != bool:
        condition = np.not_equal(condition, 0)
    if a is out:
        np.copyto(out, b, where=np.logical_not(condition))
        return out
    if out is not b:
        np.copyto(out, b)
    np.copyto(out, a, where=condition)
    return out


def maximum(a: Any, b: Any, out: Array | None = None) -> Array:
    """The greater of a and b, entry by entry; not a number where either is none."""
    result: Array = np.maximum(a, b, out=out)
    return result


def minimum(a: Any, b: Any, out: Array | None = None) -> Array:
    """The lesser of a and b, entry by entry; not a number where either is none."""
    result: Array = np.minimum(a, b, out=out)
    return result


@lru_cache(maxsize=8)
def _places(size: int) -> NDArray[np.uint64]:
    return np.arange(size, dtype=np.uint64) * np.uint64(GOLDEN)


def uniform(like: Array, key: float, step: float, out: Array | None = None) -> Array:
    """Numbers in [0, 1) of the shape of `like`, a hash of key, step and place: no state is kept."""
    result = np.empty_like(like) if out is None else out
    with np.errstate(over="ignore"):
        bits = _places(like.size) + np.uint64(hash_start(int(key), int(step)))
        for shift, factor in ROUNDS:
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
        bits = (bits ^ (bits >> np.uint64(LAST_SHIFT))) >> np.uint64(64 - KEPT_BITS)
    np.divide(bits.reshape(like.shape), float(1 << KEPT_BITS), out=result, casting="unsafe")
    return result
