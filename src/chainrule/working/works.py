"""Working things out: an example, a network on given numbers, or a step of a real run becomes a `Working`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.engine import Step as EngineStep
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.losses import Loss
from chainrule.formulas.rules import Rule
from chainrule.learning.model import Model
from chainrule.learning.replay import Replayed
from chainrule.working.building import build
from chainrule.working.calculation import Calculation, from_engine, with_pencil
from chainrule.working.certificate import Certificate, certify
from chainrule.working.document import Working
from chainrule.working.drawing import drawing_of
from chainrule.working.entries import Entry
from chainrule.working.examples import Example, load_example
from chainrule.working.looking import entry_lookup
from chainrule.working.naming import Namer, namer
from chainrule.working.notation import Notation, read_notation
from chainrule.working.program import Chain, Lines, scalar_program
from chainrule.working.pytorch import pytorch_script
from chainrule.working.recorded import RecordedStep, heading, is_large, step_of_run

__all__ = ["work", "work_example", "work_model"]


def work(
    source: Network | str | os.PathLike[str] | Example | Replayed,
    x: Sequence[Sequence[Any]] | Any | None = None,
    y: Sequence[Sequence[Any]] | Any | None = None,
    *,
    loss: str | Loss | None = None,
    rule: str | Rule | None = "gradient_descent",
    rate: Any = None,
    parameters: Mapping[str, Any] | None = None,
    rounding: Spec | Policy | None = None,
    notation: str | Notation = "chainrule",
    passes: int = 1,
    chain: Chain | None = None,
    fused: bool | None = False,
    seed: int = 0,
    title: str = "",
    **settings: Any,
) -> Working:
    """Work a training step out, line by line; of a network without a loss, a feedforward pass.

    source:     a network, with the rest of the arguments; or the name or file of an example, with at most a
                rounding of its own; or a step of a real run, `run.at(epoch=3, batch=12)`
    x: (B, I)   y: (B, O)   both as nested sequences; Decimals keep their digits as written
    rate:       η; the rule's own by default.  passes: how many steps on the same samples
    parameters: by name, where the network does not hold them; otherwise they are drawn from `seed`
    rounding:   of every printed line ("round:3", or a table per quantity): each line is then worked out from
                the printed values of the earlier ones. By default the numbers are the NumPy engine's
    chain:      "paths" or "deltas", how gradients are written; fused: loss and output activation as one
    settings:   l2, clip_norm, clip_value, class_weights, … as for `derive`

    Raises ConfigError, ShapeMismatch or InvalidInput for what does not fit.

    >>> from chainrule.derivation import Dense
    >>> net = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[0.5]])])
    >>> working = work(net, [[2.0]], [[1.0]], loss="mse", rate=0.1, rounding="round:3")
    >>> working["dW1[1,1]"].result
    '-0.212'
    """
    if isinstance(source, Replayed):
        return step_of_run(source, notation).working
    if not isinstance(source, Network):
        if x is not None:
            raise ConfigError(
                "an example has its own inputs: give it a rounding by name, rounding=…, and no x"
            )
        return work_example(source, rounding, None if notation == "chainrule" else notation)
    network = source
    rows = _rows("x", x, network.inputs)
    derivation = derive(
        network,
        loss,
        rule if loss is not None else None,
        fused=fused if loss is not None else None,
        **settings,
    )
    values: dict[str, Any] = {**(parameters or {}), "x": rows}
    if loss is not None:
        values["y"] = _rows("y", y, 1 if settings.get("integer_targets") else network.outputs, len(rows))
    drawn = initial_parameters(network, seed)
    for parameter in network.parameters:
        if not isinstance(parameter.start, tuple) and parameter.name not in values:
            values[parameter.name] = drawn[parameter.name].tolist()
    task = _Task(derivation, values, rate, passes, title or f"A training step of {network}", notation)
    if rounding is not None or not is_large(derivation, len(rows)):
        policy = Policy.parse(rounding) if rounding is not None else None
        return _small(task, policy, chain)
    return RecordedStep(derivation, task.engine_steps()[0], task.title, notation).working


def work_example(
    example: str | os.PathLike[str] | Example,
    rounding: Spec | Policy | None = None,
    notation: str | Notation | None = None,
) -> Working:
    """Work an example out, by name, or from a file of one's own.

    rounding, notation: in place of the example's own

    >>> work_example("psyc681-2-2-1", "round:4")["z1"].result
    '0.4700'
    """
    found = example if isinstance(example, Example) else load_example(example)
    if notation is not None:
        found = replace(found, stated=replace(found.stated, notation=read_notation(notation)))
    stated = found.stated
    policy = Policy.parse(rounding if rounding is not None else stated.rounding)
    names = found.namer
    calculation = with_pencil(found.program, policy, lambda key: names.name(key).text)
    task = None
    if found.derivation is not None:
        task = _Task(found.derivation, stated.values, stated.rate, 1, stated.title, stated.notation)
    facts = {"explanation": stated.explanation, "source": stated.source}
    return _worked(calculation, names, stated.title, task, facts)


def work_model(
    model: Model,
    data: Data,
    rounding: Spec | Policy,
    notation: str | Notation = "chainrule",
    *,
    chain: Chain | None = None,
    targets: bool = True,
    title: str = "",
) -> Working:
    """Work the step of a small model on some rows as a pencil does, from its numbers to six digits.

    data: encoded rows, `model.encode(table)`; targets: False for its prediction only
    """
    settings = model.settings
    classes = settings.class_weight if isinstance(settings.class_weight, tuple) else None
    facts: dict[str, Any] = {}
    if targets:
        facts = {"loss": settings.loss, "rule": settings.rule, "fused": settings.fused, "l2": settings.l2}
        facts |= {"clip_norm": settings.clip_norm, "clip_value": settings.clip_value}
        facts |= {"class_weights": classes, "integer_targets": settings.loss.targets == "classes"}
    return work(
        model.network,
        _to_six_digits(data.X),
        _to_six_digits(data.y) if targets else None,
        parameters={name: _to_six_digits(value) for name, value in model.parameters.items()},
        rounding=rounding,
        notation=notation,
        chain=chain,
        title=title or f"{len(data.X)} rows through {model.network}",
        **facts,
    )


def _to_six_digits(values: Any) -> Any:
    """Numbers of any shape as decimals of six significant digits."""
    if isinstance(values, np.ndarray | list):
        return [_to_six_digits(value) for value in values]
    return int(values) if isinstance(values, int | np.integer) else Decimal(f"{float(values):.6g}")


def _worked(
    calculation: Calculation, names: Namer, title: str, task: _Task | None, facts: Mapping[str, Any]
) -> Working:
    """The working of a calculated program; task: of its network, if it has one."""
    program = calculation.program
    if task is not None:
        facts = {
            **facts,
            "certificate": _certificate(calculation),
            "drawing": drawing_of(program, names),
            "script": task.script,
        }
    return build(
        calculation,
        names,
        title=title,
        heading=heading(program),
        notation=names.notation.name,
        lookup=entry_lookup(calculation, names),
        **facts,
    )


def _rows(name: str, given: Any, width: int, count: int | None = None) -> list[list[Any]]:
    """A table of numbers as rows. Raises ConfigError or ShapeMismatch, saying what it must be."""
    what = f"{name}, a row of {width} number{'s' * (width > 1)} for each sample"
    if given is None:
        raise ConfigError(f"a working needs numbers to work on: give {what}")
    made = given.tolist() if hasattr(given, "tolist") else given
    if (
        not isinstance(made, list | tuple)
        or not all(isinstance(row, list | tuple) for row in made)
        or not made
    ):
        raise ShapeMismatch(f"{name} must be a table: give {what}")
    if any(len(row) != width for row in made) or (count is not None and len(made) != count):
        short = f"{count} rows of {width}" if count is not None else f"rows of {width}"
        raise ShapeMismatch(f"{name} must be {short} number{'s' * (width > 1)}, but is not: give {what}")
    for row in made:
        for value in row:
            if isinstance(value, bool) or not isinstance(value, Real | Decimal) or not isfinite(value):
                raise InvalidInput(f"{name} must hold finite numbers, but one is {value!r}")
    return [list(row) for row in made]


@dataclass(frozen=True)
class _Task:
    """What is to be worked."""

    derivation: Derivation
    values: Mapping[str, Any]
    rate: Any
    passes: int
    title: str
    notation: str | Notation

    def engine_steps(self) -> list[EngineStep]:
        """The passes as the NumPy engine computes them in float64."""
        values = _floats(self.derivation, self.values)
        state: dict[str, Any] = {}
        steps = []
        for number in range(1, self.passes + 1):
            rate = float(self.rate) if self.rate is not None else None
            step = NumpyEngine().run(self.derivation, values, state=state, rate=rate, step=number)
            steps.append(step)
            values |= {
                p.name: step.updated[p.name] for p in self.derivation.trained if p.name in step.updated
            }
            state = {name: step.updated[name] for name in self.derivation.state}
        return steps

    def script(self) -> str:
        """The first pass as a PyTorch script."""
        rate = float(self.rate) if self.rate is not None else None
        return pytorch_script(self.derivation, self.engine_steps()[0], rate=rate, title=self.title)


def _small(task: _Task, policy: Policy | None, chain: Chain | None) -> Working:
    program = scalar_program(
        task.derivation,
        task.values,
        rate=task.rate,
        passes=task.passes,
        chain=chain,
        textbook=policy is not None,
    )
    names = namer(task.notation, program)
    if policy is not None:
        calculation = with_pencil(program, policy, lambda key: names.name(key).text)
    else:
        calculation = from_engine(program, task.engine_steps(), "numpy, float64")
    return _worked(calculation, names, task.title, task, {})


def _certificate(calculation: Calculation) -> Certificate | None:
    """The check of the first pass's gradients as they are shown."""
    program = calculation.program
    derivation = program.derivation
    if derivation is None or not derivation.gradients:
        return None
    values = {
        symbol: _array(program, calculation, symbol)
        for symbol in (*derivation.inputs, *(p.name for p in derivation.network.parameters))
        if derivation.shapes[symbol] != ()
    }
    base = NumpyEngine().run(derivation, values)
    shown = {g: _array(program, calculation, g) for g in derivation.gradients.values()}
    by = calculation.by
    if by == "pencil":
        by = f"the pencil ({calculation.policy.written})"
    return certify(derivation, values, EngineStep({**base.values, **shown}, base.updated), by)


def _array(program: Lines, calculation: Calculation, symbol: str) -> Any:
    """A symbol's numbers in the first pass; 0 where no line uses an entry."""
    values = calculation.values
    assert program.sizes is not None
    keys = (Entry(symbol, index).key for index in program.sizes.indices(symbol))
    numbers = [float(values[key]) if key in values else 0.0 for key in keys]
    return np.array(numbers).reshape(program.sizes.shape(symbol))


def _floats(derivation: Derivation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of any kind of number as float64 arrays; those of the network where none are given."""
    made = {name: np.asarray(value, dtype=object).astype(np.float64) for name, value in values.items()}
    for parameter in derivation.network.parameters:
        if isinstance(parameter.start, tuple):
            made.setdefault(parameter.name, np.array(parameter.start, dtype=np.float64))
    return made
