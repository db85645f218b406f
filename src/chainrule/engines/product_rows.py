"""Matrix products as rows of a program: of a small kernel or of BLAS."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines import blas, kernels
from chainrule.engines.assignments import BATCH_ROWS
from chainrule.engines.engine import Array
from chainrule.engines.lowerable import (
    product_and_bias,
    reads,
)
from chainrule.engines.pass_groups import PassGroups
from chainrule.formulas.expression import Apply, Expression, Symbol, walk

# Products up to this many multiplications are done by the small kernel: BLAS's start costs more.
SMALL = 4096
# So are larger ones with the second matrix turned, once there are rows enough to pay for turning it: BLAS
# is slow at these.
SMALL_TURNED, MANY_ROWS = 300_000, 32


class ProductRows(PassGroups):
    """Products, and trees with products and sums in them; see `Lowering`."""

    def _shape(self, tree: Expression) -> tuple[int, ...]:
        """A tree's shape in numbers."""
        found: dict[Expression, tuple[int, ...]] = {}
        for node in walk(tree):
            if isinstance(node, Symbol):
                found[node] = self.buffers[node.name].shape if node.name in self.buffers else ()
            elif isinstance(node, Apply):
                found[node] = node.primitive.shape(*(found[a] for a in node.arguments))  # type: ignore[assignment]
            else:
                found[node] = ()
        return found[tree]

    def _expanded(self, tree: Expression, symbol: str, shape: tuple[int, ...]) -> Expression | None:
        """The tree with everything that does not work entry by entry computed first; None if that was all."""
        done: dict[Expression, Expression] = {}
        biased = product_and_bias(tree)
        for node in walk(tree):
            if not isinstance(node, Apply):
                done[node] = node
                continue
            given = [done[a] for a in node.arguments]
            name, root = node.primitive.name, node is tree
            if name == "matmul":
                alone = root or not reads(tree, symbol)
                target = symbol if alone and self._lengths_match(node, given, shape) else None
                bias = biased if target is not None and self._is_small(given) else None
                bias = bias if bias and self.buffers[bias].shape == shape[1:] else None
                made = self._product(given, target, bias)
                if root or bias is not None:
                    return None
                done[node] = made
            elif name == "total":
                if node not in self.totals:
                    self.totals[node] = self._new()
                    self._assign("total", self.totals[node], given[0])
                done[node] = Symbol(self.totals[node])
            elif name == "column_sum":
                target = symbol if root else self._new()
                self._buffer(target, self._shape(Apply.of(node.primitive, *given)))
                self._assign("column_sum", target, given[0])
                if root:
                    return None
                done[node] = Symbol(target)
            elif name == "rows":
                done[node] = BATCH_ROWS
            else:
                done[node] = Apply.of(node.primitive, *given)
        return done[tree]

    def _lengths_match(self, node: Apply, given: Sequence[Expression], shape: tuple[int, ...]) -> bool:
        return self._shape(Apply.of(node.primitive, *given)) == shape

    # --- products -----------------------------------------------------------------------------------

    def _matrix(self, tree: Expression) -> tuple[Array, bool]:
        """An operand of a product: its buffer, and whether it is taken transposed."""
        turned = isinstance(tree, Apply) and tree.primitive.name == "transpose"
        inner = tree.arguments[0] if turned and isinstance(tree, Apply) else tree
        if not isinstance(inner, Symbol):
            name = self._new()
            self._buffer(name, self._shape(inner))
            self._assign("entries", name, inner)
            inner = Symbol(name)
        return self.buffers[inner.name], turned

    def _is_small(self, given: Sequence[Expression]) -> bool:
        (m, k), n = self._shape(given[0]), self._shape(given[1])[1]
        turned = isinstance(given[1], Apply) and given[1].primitive.name == "transpose"
        if n == 1 and not turned:
            return True
        return m * k * n <= (SMALL_TURNED if turned and m >= MANY_ROWS else SMALL)

    def _product(self, given: Sequence[Expression], symbol: str | None, bias: str | None) -> Symbol:
        small = self._is_small(given)
        (m, k), (_, n) = self._shape(given[0]), self._shape(given[1])
        (a, a_turned), (b, b_turned) = map(self._matrix, given)
        self._finish_group()
        name = symbol or self._new()
        target = self._buffer(name, (m, n))
        if small:
            self._small_product(a, a_turned, b, b_turned, target, bias, k)
        else:
            self._row(kernels.gemm(self.dtype), *blas.row(self.dtype, a, a_turned, b, b_turned, target, k))
        return Symbol(name)

    def _small_product(
        self, a: Array, a_turned: bool, b: Array, b_turned: bool, target: Array, bias: str | None, k: int
    ) -> None:
        m, n = target.shape
        if b_turned:
            turned = self._buffer(self._new(), (k, n))
            self._row(kernels.transposed(self.dtype), n, k, b.ctypes.data, turned.ctypes.data)
            b = turned
        down, along = (1, m) if a_turned else (k, 1)
        added = self.buffers[bias].ctypes.data if bias else 0
        if n == 1 and not a_turned:
            self._row(kernels.dots(self.dtype), m, k, a.ctypes.data, b.ctypes.data, target.ctypes.data, added)
            return
        if n == 1 and not bias:
            # One column, as one row: cᵀ = bᵀ A.
            m, n, down, along, a, b = 1, m, k, 1, b, a
        self._row(
            kernels.product(self.dtype), m, n, k, a.ctypes.data, down, along,
            b.ctypes.data, target.ctypes.data, added,
        )  # fmt: skip
