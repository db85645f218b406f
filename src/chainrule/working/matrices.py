"""The working of a large network: its lines as whole matrices, whose entries open on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from chainrule.derivation.lines import PHASES, Line
from chainrule.derivation.telling import TITLES
from chainrule.engines.arrays import evaluate_arrays
from chainrule.formulas.writing import Form, symbol_latex, symbol_mathml, symbol_text
from chainrule.working.document import Given, MatrixStep, Name, Phase, Working, Written
from chainrule.working.names.columns import in_columns
from chainrule.working.opening import entry_template
from chainrule.working.scalars import is_drawn
from chainrule.working.stepview import StepView

__all__ = ["build_matrices"]

DIGITS = 6
OWN = "chainrule"
MOST_NUMBERS = 8_192
"""Of a larger matrix, the first rows and columns are shown."""


def build_matrices(
    view: StepView,
    *,
    title: str,
    heading: Iterable[str],
    by: str,
    notation: str = OWN,
    columns: bool = False,
    **facts: Any,
) -> Working:
    """The working of one recorded step, a step a line.

    notation: of its single entries; whole matrices have the derivation's symbols, as courses name none
    columns:  vectors are columns, so every matrix is shown transposed;  facts: further fields of `Working`
    """
    if notation != OWN:
        turned = ", as columns" * columns
        told = f"matrices in chainrule's own symbols{turned}; single entries in the notation {notation}"
        heading = (*heading, told)
    steps = [(line.phase, _step(view, line, value, columns)) for line, value in _computed(view)]
    phases = [
        Phase(phase, TITLES[phase], 1, members)
        for phase in PHASES
        if (members := tuple(step for its, step in steps if its == phase))
    ]
    return Working(
        title,
        tuple(heading),
        tuple(_givens(view, columns)),
        tuple(phases),
        f"every number as computed, shown to {DIGITS} digits",
        by,
        OWN,
        **facts,
    )


def _computed(view: StepView) -> Iterator[tuple[Line, Any]]:
    """The lines with what each comes to; what is drawn is given."""
    now = {**view.step.values, **{name: np.array([row]) for name, row in view.derivation.vectors.items()}}
    last = {line.symbol: line for line in view.derivation.phase("update")}
    for line in view.derivation:
        if line.phase == "update":
            # Of a parameter that a rule assigns to twice, the step holds the last value only.
            kept = last[line.symbol] is line
            now[line.symbol] = view.step.updated[line.symbol] if kept else evaluate_arrays(line.tree, now)
        if not is_drawn(line.tree):
            yield line, now[line.symbol]


def _step(view: StepView, line: Line, values: Any, columns: bool) -> MatrixStep:
    updated = line.phase == "update"
    tree = in_columns(line.tree) if columns else line.tree

    def shapes(symbol: str) -> tuple[int, ...]:
        shape = view.sizes.shape(symbol)
        return _turned(shape) if columns else shape

    return MatrixStep(
        key=f"{line.symbol}'" if line.symbol in view.versions[0] else line.symbol,
        symbol=line.symbol,
        name=_name(line.symbol),
        arrow="←" if updated and line.symbol in view.versions[0] else "=",
        formula=Written.of(tree, _written),
        shape=shapes(line.symbol),
        values=printed_rows(np.atleast_2d(values).T if columns else values),
        reason=line.reason,
        kind=view.unfolder.kind(line) if line.phase != "backpropagation" else "gradients",
        uses=line.arguments,
        entry=entry_template(tree, shapes),
    )


def _turned(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a transposed matrix; a vector, which is a row, becomes a column."""
    return (*reversed(shape), 1) if len(shape) == 1 else tuple(reversed(shape))


def _givens(view: StepView, columns: bool) -> Iterable[Given]:
    """Numbers and matrices that no line makes, with their sizes."""
    derivation = view.derivation
    numbers = {**view.step.values, **{name: [row] for name, row in derivation.vectors.items()}}
    drawn = (line.symbol for line in derivation if is_drawn(line.tree))
    kept = (*(p.name for p in derivation.network.parameters), *derivation.state)
    used = {name for line in derivation for name in line.arguments}
    for symbol in (*derivation.inputs, *derivation.constants, *derivation.vectors, *drawn, *kept):
        if symbol in numbers and symbol in used:
            shape = view.sizes.shape(symbol)
            value: Any = numbers[symbol]
            if columns and shape:
                shape, value = _turned(shape), np.atleast_2d(value).T
            told = " × ".join(map(str, shape)) if shape else _digits(float(np.asarray(value)))
            yield Given(symbol, _name(symbol), told, symbol, printed_rows(value) if shape else ())


def printed_rows(values: Any) -> tuple[tuple[str, ...], ...]:
    """The numbers of a matrix as they are printed, row by row; of a large one, its first rows and columns."""
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    rows, columns = table.shape
    if rows * columns > MOST_NUMBERS:
        columns = min(columns, max(1, MOST_NUMBERS // min(rows, 64)))
        rows = min(rows, max(1, MOST_NUMBERS // columns))
    return tuple(tuple(map(_digits, row)) for row in table[:rows, :columns].tolist())


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def _name(symbol: str) -> Name:
    return Name(symbol_text(symbol), symbol_latex(symbol), symbol_mathml(symbol))


def _written(symbol: str, form: Form) -> str:
    return _name(symbol).form(form)
