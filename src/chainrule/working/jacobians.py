"""The matrix view of the chain rule: the Jacobian of any symbol in any earlier one, as a product of factors.

A factor is the Jacobian of one line. Its rows are the line's own gradient formula, the one that training
uses, with unit vectors put in for the gradient arriving there; no slope is stated here.

Layouts: in numerator layout ∂z/∂x has a row for each entry of z and a column for each of x, and factors
stand in the order ∂C/∂a · ∂a/∂z · ∂z/∂x; in denominator layout everything is transposed, and so the factors
stand in reverse order. Matrices are flattened row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation, Line
from chainrule.derivation.network import Network
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, unknown
from chainrule.formulas.initialisers import Initialiser
from chainrule.formulas.losses import Loss
from chainrule.formulas.writing import symbol_text
from chainrule.working.line_jacobians import (
    Table,
    check_size,
    derivative,
    entry_names,
    forward,
    line_jacobians,
    local_jacobian,
    sizes,
    ways,
)

__all__ = ["Factor", "Jacobian", "Layout", "jacobian", "line_jacobians"]

Layout = Literal["numerator", "denominator"]

# A matrix is written out where it fits a terminal.
_WIDTH, _ROWS = 80, 12


@dataclass(frozen=True, eq=False, repr=False)
class Factor:
    """The Jacobian of one line with respect to one of its arguments, in the layout of the whole."""

    of: str
    wrt: str
    values: Table

    @property
    def name(self) -> str:
        """As it is written: ∂z2/∂a1."""
        return derivative(self.of, self.wrt)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return _shape(self.values)

    def __repr__(self) -> str:
        return f"<Factor {self.name} {_size(self.shape)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Jacobian:
    """∂of/∂wrt as a matrix (float64), with the factors it is the product of.

    values:        in numerator layout (entries of `of`, entries of `wrt`), in denominator layout transposed
    rows, columns: what each row and column stands for: "z1[1,2]" is sample 1, unit 2; with one sample
                   "z1[2]"; "W1[1,2]" is the weight from input 1 to unit 2
    paths:         each way from `wrt` to `of` as factors in matrix order; the values are the sum of their
                   products. None where `of` does not depend on `wrt`, and the values are 0
    """

    of: str
    wrt: str
    layout: Layout
    values: Table
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    paths: tuple[tuple[Factor, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return _shape(self.values)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The Jacobians of the lines on the way, in matrix order; of several ways, one way after another."""
        return tuple(factor for path in self.paths for factor in path)

    def __repr__(self) -> str:
        return f"<Jacobian {derivative(self.of, self.wrt)} {_size(self.shape)}, {self.layout} layout>"

    def __str__(self) -> str:
        name = derivative(self.of, self.wrt)
        heading = f"{name} is {self.shape[0]} × {self.shape[1]} ({self.layout} layout)"
        if self.of == self.wrt:
            return f"{heading}: a symbol by itself, the identity"
        if not self.paths:
            return (
                f"{heading}: all 0, since {symbol_text(self.of)} does not depend on {symbol_text(self.wrt)}"
            )
        told = [heading]
        if len(self.paths) > 1:
            told.append(f"   the sum over {len(self.paths)} paths")
        if len(self.factors) > 1:
            products = (" · ".join(factor.name for factor in path) for path in self.paths)
            shapes = ("".join(_size(factor.shape) for factor in path) for path in self.paths)
            told += [f"   = {' + '.join(products)}", f"   = {' + '.join(shapes)} = {_size(self.shape)}"]
            for factor in self.factors:
                told += ["", f"{factor.name} {_size(factor.shape)}", *_written(factor.values, (), ())]
        whole = _written(self.values, self.rows, self.columns)
        return "\n".join([*told, "", name, *whole] if whole else told)


def jacobian(
    network: Network,
    x: Any,
    *,
    of: str | None = None,
    wrt: str = "x",
    layout: Layout = "numerator",
    loss: str | Loss | None = None,
    y: Any = None,
    parameters: Mapping[str, Any] | None = None,
    fused: bool = False,
) -> Jacobian:
    """The Jacobian of one symbol of the network with respect to an earlier one, at the inputs x.

    x:          one sample (I,) or several (B, I); dropout is left out, as when the network predicts
    of, wrt:    symbols such as "z1", "a2", "C", "W1", "b1", "x"; by default the output and the inputs
    loss, y:    for `of="C"`: the loss and its targets, (O,) or (B, O)
    parameters: by name ("W1"), where the network does not hold them or others are wanted
    fused:      the loss straight from the weighted sums of the output layer, without ∂C/∂a and ∂a/∂z

    Raises UnknownName for a symbol that the network has not, ConfigError for what cannot be differentiated
    or lacks numbers, ShapeMismatch, and InvalidInput where a matrix would have over 10 million entries.

    >>> from chainrule.derivation import Dense
    >>> net = Network(2, [Dense(1, "sigmoid", bias=False, weights=[[1.0], [-1.0]])])
    >>> print(jacobian(net, [2.0, 2.0], wrt="W1"))
    ∂a1/∂W1 is 1 × 2 (numerator layout)
       = ∂a1/∂z1 · ∂z1/∂W1
       = (1×1)(1×2) = (1×2)
    <BLANKLINE>
    ∂a1/∂z1 (1×1)
       0.25
    <BLANKLINE>
    ∂z1/∂W1 (1×2)
       2  2
    <BLANKLINE>
    ∂a1/∂W1
              W1[1,1]  W1[2,1]
       a1[1]      0.5      0.5
    """
    if layout not in ("numerator", "denominator"):
        raise ConfigError(f'the layout is "numerator" or "denominator", not {layout!r}: choose one of them')
    if not isinstance(network, Network):
        raise ConfigError(f"a Jacobian is of a Network(inputs, layers), not of {network!r}")
    derivation = derive(network.without_dropout(), loss, fused=fused if loss is not None else None)
    values = _values(derivation, x, y, parameters or {})
    of = derivation.output if of is None else of
    lines = forward(derivation)
    _check_symbols(derivation, lines, of, wrt)
    counts = sizes(derivation, len(values["x"]))
    check_size(of, wrt, counts[of], counts[wrt])
    found = ways(lines, of, wrt)
    steps = list(dict.fromkeys(step for way in found for step in way))
    for line, at in steps:
        check_size(line.symbol, at, counts[line.symbol], counts[at])
    run = NumpyEngine().run(derivation, values).values
    local = {(line, at): Factor(line.symbol, at, local_jacobian(line, at, run)) for line, at in steps}
    paths = tuple(tuple(local[step] for step in way) for way in found)
    result = np.eye(counts[of]) if of == wrt else np.zeros((counts[of], counts[wrt]))
    for path in paths:
        result = result + reduce(np.matmul, (factor.values for factor in path))
    rows, columns = (entry_names(derivation, symbol, len(values["x"])) for symbol in (of, wrt))
    if layout == "denominator":
        paths = tuple(tuple(Factor(f.of, f.wrt, f.values.T) for f in reversed(path)) for path in paths)
        result, rows, columns = result.T, columns, rows
    return Jacobian(of, wrt, layout, result, rows, columns, paths)


def _check_symbols(derivation: Derivation, lines: Sequence[Line], of: str, wrt: str) -> None:
    computed = [line.symbol for line in lines]
    if of == "C" and derivation.loss is None:
        raise ConfigError('C is the loss, and none is given: give loss= and y=, for example loss="mse"')
    if of not in computed:
        raise unknown("computed symbol of this network", of, computed)
    known = {"x", *(p.name for p in derivation.network.parameters), *computed}
    if wrt not in known:
        if wrt in derivation.shapes:
            raise ConfigError(f"{wrt} is held fixed here: give wrt one of {', '.join(sorted(known))}")
        raise unknown("symbol to differentiate in", wrt, known)
    if derivation.fused and (of, wrt) == ("C", derivation.output):
        raise ConfigError(
            f"in its fused form the loss is computed from {lines[-1].arguments[0]} and not from {wrt}: "
            f"leave fused out to have {derivative(of, wrt)}"
        )


# --- numbers and sizes ------------------------------------------------------------------------------


def _values(derivation: Derivation, x: Any, y: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    network = derivation.network
    names = [p.name for p in network.parameters]
    for name in parameters:
        if name not in names:
            raise unknown("parameter of this network", name, names)
    drawn = [
        p.name
        for p in network.parameters
        if isinstance(p.start, Initialiser)
        and p.start.distribution != "constant"
        and p.name not in parameters
    ]
    if drawn:
        raise ConfigError(
            f"the Jacobian needs numbers for {', '.join(drawn)}: give the layers their weights, "
            f'or pass parameters={{"{drawn[0]}": …}}'
        )
    values: dict[str, Any] = dict(initial_parameters(network))
    values |= {name: _numbers(name, given) for name, given in parameters.items()}
    values["x"] = _samples("x", x, network.inputs)
    if derivation.loss is not None:
        if y is None:
            raise ConfigError(
                f"the loss {derivation.loss.name} needs targets: give y=, a value for each output"
            )
        values["y"] = _samples("y", y, network.outputs)
        if len(values["y"]) != len(values["x"]):
            raise ShapeMismatch(
                f"x has {len(values['x'])} samples but y has {len(values['y'])}: give a row of y for each"
            )
    return values


def _numbers(name: str, given: Any) -> Table:
    try:
        table = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers in rows of one length, not {given!r}") from None
    if not np.isfinite(table).all():
        raise InvalidInput(f"{name} must be finite numbers, but one is not: replace it")
    return table


def _samples(name: str, given: Any, width: int) -> Table:
    table = np.atleast_1d(_numbers(name, given))
    table = table[None, :] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[1] != width or not len(table):
        what = "inputs" if name == "x" else "outputs"
        raise ShapeMismatch(
            f"{name} has shape {np.shape(given)}, but the network has {width} {what}: "
            f"give one sample ({width},) or several (B, {width})"
        )
    return table


# --- in writing -------------------------------------------------------------------------------------


def _shape(values: Table) -> tuple[int, int]:
    rows, columns = values.shape
    return rows, columns


def _size(shape: tuple[int, int]) -> str:
    return f"({shape[0]}×{shape[1]})"


def _written(values: Table, rows: Sequence[str], columns: Sequence[str]) -> list[str]:
    """A matrix as lines of text; nothing where it would not fit a terminal."""
    if values.shape[0] > _ROWS or values.shape[1] > _WIDTH // 3:
        return []
    cells = [[f"{value:.5g}" for value in row] for row in values.tolist()]
    if rows:
        cells = [["", *map(symbol_text, columns)]] + [
            [symbol_text(name), *row] for name, row in zip(rows, cells, strict=True)
        ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["   " + "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    return lines if len(lines[0]) <= _WIDTH else []
