"""The working of a large network: its lines as whole matrices, whose entries open on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.derivation.lines import PHASES, Line
from chainrule.derivation.telling import TITLES
from chainrule.formulas.writing import Form, symbol_latex, symbol_mathml, symbol_text
from chainrule.working.columns import in_columns
from chainrule.working.document import Given, MatrixStep, Name, Phase, Working, Written
from chainrule.working.opening import entry_template
from chainrule.working.stepview import StepView

__all__ = ["build_matrices"]

DIGITS = 6
MOST_NUMBERS = 8_192
"""Of a larger matrix, the first rows and columns are shown."""


def build_matrices(
    view: StepView, *, title: str, heading: Iterable[str], by: str, columns: bool = False, **facts: Any
) -> Working:
    """The working of one recorded step, a step a line.

    columns: vectors are columns, so every matrix is shown transposed;  facts: further fields of `Working`
    """
    phases = []
    for phase in PHASES:
        lines = view.derivation.phase(phase)
        if lines:
            phases.append(Phase(phase, TITLES[phase], 1, tuple(_step(view, line, columns) for line in lines)))
    return Working(
        title,
        tuple(heading),
        tuple(_givens(view, columns)),
        tuple(phases),
        f"every number as computed, shown to {DIGITS} digits",
        by,
        **facts,
    )


def _step(view: StepView, line: Line, columns: bool) -> MatrixStep:
    updated = line.phase == "update"
    step = view.step
    values = (
        step.updated[line.symbol] if updated and line.symbol in step.updated else step.values[line.symbol]
    )
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
    made = {line.symbol for line in view.derivation}
    for symbol in (
        *view.derivation.inputs,
        *view.derivation.constants,
        *(p.name for p in view.derivation.network.parameters),
    ):
        if symbol in view.step.values and (symbol not in made or symbol in view.versions[0]):
            shape = view.sizes.shape(symbol)
            value: Any = view.step.values[symbol]
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
