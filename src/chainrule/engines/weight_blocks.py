"""Gradients of large weights that are put off to the update, and the blocks in which both are then done.

A block of dW = aᵀ d is computed, measured and used while it is in the cache: the gradient of a large matrix
is never written to memory. A step that turns out not finite must leave the parameters as they were, so this is
done only where ‖dW‖ ≤ ‖a‖ ‖d‖ (Cauchy and Schwarz) says beforehand that it will be finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chainrule.derivation.lines import Derivation
from chainrule.engines.lowerable import Told
from chainrule.engines.program import Arena
from chainrule.formulas.expression import Apply, Expression, Symbol

# Weights from this many bytes on are updated block by block, in blocks of about so many.
LARGE, BLOCK = 2**18, 2**18


@dataclass(frozen=True)
class PutOff:
    """A gradient dW (I, O) = aᵀ d that nothing but the update reads.

    a: the symbol (B, I); d: the symbol (B, O); layer: whose weights they are
    """

    gradient: str
    a: str
    d: str
    layer: int


def put_off(derivation: Derivation, lines: Sequence[Told], arena: Arena) -> dict[str, PutOff]:
    """By symbol, the gradients that can be put off.

    arena: where the parameters lie
    """
    found = {}
    for p in derivation.trained:
        gradient = derivation.gradients[p.name]
        readers = [line for line in derivation.lines if gradient in line.arguments]
        factors = next((_factors(tree) for _, symbol, tree in lines if symbol == gradient), None)
        if (
            factors is not None
            and p.size * arena.dtype.itemsize >= LARGE
            and all(line.of == p.name for line in readers)
        ):
            found[gradient] = PutOff(gradient, *factors, p.layer)
    return found


def _factors(tree: Expression) -> tuple[str, str] | None:
    """a and d of a tree aᵀ d."""
    if not (isinstance(tree, Apply) and tree.primitive.name == "matmul"):
        return None
    a, d = tree.arguments
    if isinstance(a, Apply) and a.primitive.name == "transpose" and isinstance(d, Symbol):
        (inner,) = a.arguments
        if isinstance(inner, Symbol):
            return inner.name, d.name
    return None


def blocks_of(rows: int, row_bytes: int) -> list[slice]:
    """Rows by blocks of about BLOCK bytes, as even as can be."""
    count = max(1, -(-rows * row_bytes // BLOCK))
    edges = [rows * n // count for n in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]
