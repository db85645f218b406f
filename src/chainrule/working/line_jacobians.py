"""The Jacobian of each line of a derivation, and the ways along which the chain rule multiplies them.

A Jacobian's rows are the line's own gradient formula, the one that training uses, with unit vectors put in
for the gradient arriving there; no slope is stated here. Matrices are flattened row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import InvalidInput
from chainrule.formulas.writing import symbol_text

Table = NDArray[np.float64]
Way = tuple[tuple[Line, str], ...]

MOST_ENTRIES = 10_000_000


def line_jacobians(derivation: Derivation, values: Mapping[str, Any]) -> dict[tuple[str, str], Table]:
    """The Jacobian of every feedforward and loss line in each symbol it can be differentiated in.

    values: symbol → its value, as `Step.values` holds them.  Keys are (of, wrt); numerator layout.

    >>> from chainrule.derivation import Dense, Network
    >>> from chainrule.derivation.derive import derive
    >>> from chainrule.engines.numpy import NumpyEngine
    >>> d = derive(Network(1, [Dense(1, "sigmoid")]), "mse")
    >>> step = NumpyEngine().run(d, {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]], "b1": [0.0]})
    >>> {of + "/" + wrt: float(J[0, 0]) for (of, wrt), J in line_jacobians(d, step.values).items()}
    {'z1/x': 0.0, 'z1/W1': 1.0, 'z1/b1': 1.0, 'a1/z1': 0.25, 'C/a1': -1.0}
    """
    found = {}
    for line in forward(derivation):
        for symbol in _differentiable(line):
            check_size(line.symbol, symbol, np.size(values[line.symbol]), np.size(values[symbol]))
            found[line.symbol, symbol] = local_jacobian(line, symbol, values)
    return found


def local_jacobian(line: Line, symbol: str, values: Mapping[str, Any]) -> Table:
    """∂line/∂symbol in numerator layout: row k is the line's gradient formula at g = the k-th unit vector."""
    bound = {"a": values[line.symbol]}
    bound |= {a: values[s] for a, s in zip(line.definition.arguments, line.arguments, strict=True)}
    result, argument = np.asarray(values[line.symbol], dtype=np.float64), np.asarray(values[symbol])
    table = np.zeros((result.size, argument.size))
    for name, at in zip(line.definition.arguments, line.arguments, strict=True):
        if at != symbol or name not in line.definition.gradients:
            continue
        tree = line.definition.gradients[name].tree
        for row in range(result.size):
            unit = np.zeros(result.size)
            unit[row] = 1.0
            share = evaluate_arrays(tree, bound | {"g": unit.reshape(result.shape)})
            # Adding to zeros leaves no −0, which a person would wonder at.
            table[row] += np.broadcast_to(share, argument.shape).ravel()
    return table


def entry_names(derivation: Derivation, symbol: str, batch: int) -> tuple[str, ...]:
    """The entries of a symbol, row by row, counted from 1; the sample is left out where there is one."""
    letters = derivation.shapes[symbol]
    lengths = [_length(derivation, letter, batch) for letter in letters]
    if letters[:1] == ("B",) and batch == 1:
        lengths = lengths[1:]
    places = np.ndindex(*lengths)
    return tuple(symbol + (f"[{','.join(str(i + 1) for i in at)}]" if at else "") for at in places)


def forward(derivation: Derivation) -> list[Line]:
    """The lines that the chain rule goes through."""
    return [line for line in derivation.lines if line.phase in ("feedforward", "loss")]


def _differentiable(line: Line) -> list[str]:
    """The symbols a line has gradient formulas for, each once."""
    pairs = zip(line.definition.arguments, line.arguments, strict=True)
    return list(dict.fromkeys(symbol for name, symbol in pairs if name in line.definition.gradients))


def ways(lines: Sequence[Line], of: str, wrt: str) -> list[Way]:
    """Every way from `of` back to `wrt`, each as its lines with the symbol differentiated in."""
    reaching: dict[str, list[Way]] = {wrt: [()]}
    for line in lines:
        if line.symbol != wrt:
            steps = [(line, symbol) for symbol in _differentiable(line)]
            found: list[Way] = [(step, *way) for step in steps for way in reaching.get(step[1], [])]
            reaching[line.symbol] = found
    return [] if of == wrt else reaching.get(of, [])


def _length(derivation: Derivation, letter: int | str, batch: int) -> int:
    if isinstance(letter, int):
        return letter
    return batch if letter == "B" else derivation.sizes[letter]


def sizes(derivation: Derivation, batch: int) -> dict[str, int]:
    """Symbol → how many entries it has, for a batch of this many samples."""
    return {
        symbol: prod(_length(derivation, letter, batch) for letter in shape)
        for symbol, shape in derivation.shapes.items()
    }


def check_size(of: str, wrt: str, rows: int, columns: int) -> None:
    """Raise InvalidInput for a Jacobian of more entries than are good to look at or to hold."""
    if rows * columns > MOST_ENTRIES:
        raise InvalidInput(
            f"{derivative(of, wrt)} would be {rows:,} × {columns:,}, more than {MOST_ENTRIES:,} entries: "
            "give fewer samples, or a smaller network"
        )


def derivative(of: str, wrt: str) -> str:
    """As it is written: ∂z2/∂a1."""
    return f"∂{symbol_text(of)}/∂{symbol_text(wrt)}"
