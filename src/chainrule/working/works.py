"""Working things out: an example, a network on given numbers, or a step of a real run becomes a `Working`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.engine import Step as EngineStep
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.losses import Loss
from chainrule.formulas.rules import Rule
from chainrule.learning.model import Model
from chainrule.learning.replay import Replayed
from chainrule.working.building import build
from chainrule.working.calculation import Calculation, from_engine, with_pencil
from chainrule.working.certificate import certificate_of
from chainrule.working.document import Working
from chainrule.working.inputs import (
    check_chain,
    check_passes,
    check_rate,
    check_settings,
    numbers_for,
    refuse_others,
    table_of,
    targets_for,
    weights_for,
)
from chainrule.working.looking import entry_lookup
from chainrule.working.names.naming import Namer, namer
from chainrule.working.names.notation import Notation, read_notation
from chainrule.working.program import Chain, scalar_program
from chainrule.working.recorded import RecordedStep, heading, is_large, step_of_run
from chainrule.working.rendering.drawing import drawing_of
from chainrule.working.rendering.pytorch import pytorch_script
from chainrule.working.scalars import is_drawn
from chainrule.working.worked.examples import Example, load_example

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
    if not isinstance(source, Network):
        facts = {"x": x, "y": y, "loss": loss, "rule": rule, "rate": rate, "parameters": parameters}
        facts |= {"passes": passes, "chain": chain, "fused": fused, "seed": seed, "title": title, **settings}
        return _work_other(source, facts, rounding, notation)
    network = source
    check_settings(settings)
    check_chain(chain)
    check_passes(passes)
    check_rate(rate)
    rows = table_of("x", x, network.inputs)
    weights = settings.pop("sample_weights", None)
    derivation = derive(
        network,
        loss,
        rule if loss is not None else None,
        fused=fused if loss is not None else None,
        sample_weights=weights is not None and weights is not False,
        **settings,
    )
    values: dict[str, Any] = {**numbers_for(network, parameters, seed), "x": rows}
    if loss is not None:
        values["y"] = targets_for(derivation, y, len(rows))
        values |= weights_for(derivation, weights, len(rows))
    task = _Task(derivation, values, rate, passes, title or f"A training step of {network}", notation)
    if rounding is not None or not is_large(derivation, len(rows)):
        policy = Policy.parse(rounding) if rounding is not None else None
        return _small(task, policy, chain)
    if passes > 1 or chain == "paths":
        what = "passes above 1" if passes > 1 else 'gradients along "paths"'
        raise ConfigError(
            f"a network with so many numbers is worked as matrices, which have no {what}: take a smaller one, "
            "or fewer samples"
        )
    return RecordedStep(
        derivation, task.engine_steps()[0], task.title, notation, rate=task.float_rate
    ).working


_USUAL = {"rule": "gradient_descent", "passes": 1, "fused": False, "seed": 0, "title": ""}


def _work_other(
    source: Any, facts: Mapping[str, Any], rounding: Spec | Policy | None, notation: str | Notation
) -> Working:
    """A step of a run, or an example."""
    if isinstance(source, Replayed):
        refuse_others("a step of a run", {**facts, "rounding": rounding}, _USUAL)
        return step_of_run(source, notation).working
    if not isinstance(source, str | os.PathLike | Example):
        raise InvalidInput(
            "a working is of a Network, of an example by name or file, or of a step of a run, run.at(…), "
            f"not of {source!r}"
        )
    refuse_others("an example", facts, _USUAL)
    return work_example(source, rounding, None if notation == "chainrule" else notation)


def work_example(
    example: str | os.PathLike[str] | Example,
    rounding: Spec | Policy | None = None,
    notation: str | Notation | None = None,
    **changes: Any,
) -> Working:
    """Work an example out, by name, or from a file of one's own.

    rounding, notation: in place of the example's own; changes: of its chain, passes or fused likewise

    >>> work_example("psyc681-2-2-1", "round:4")["z1"].result
    '0.4700'
    """
    found = example if isinstance(example, Example) else load_example(example)
    if notation is not None:
        changes["notation"] = read_notation(notation)
    check_passes(changes.get("passes", 1))
    if changes.get("passes") == 1:
        changes["whole"] = True
    if changes:
        found = replace(found, stated=replace(found.stated, **changes))
    stated = found.stated
    policy = Policy.parse(rounding if rounding is not None else stated.rounding)
    names = found.namer
    calculation = with_pencil(found.program, policy, lambda key: names.name(key).text)
    task = None
    if found.derivation is not None:
        task = _task_of(found)
    facts = {"explanation": stated.explanation, "source": stated.source}
    return _worked(calculation, names, stated.title, task, facts)


def step_of_example(example: Example) -> tuple[Derivation, EngineStep]:
    """The derivation of an example, and its first pass as the NumPy engine computes it in float64.

    Raises ConfigError for an example of formulas, which has no network.
    """
    task = _task_of(example)
    return task.derivation, task.engine_steps()[0]


def _task_of(example: Example) -> _Task:
    stated = example.stated
    if example.derivation is None:
        raise ConfigError(f"{example.title!r} has formulas and no network: take another example")
    return _Task(example.derivation, stated.values, stated.rate, 1, stated.title, stated.notation)


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
            "certificate": certificate_of(calculation),
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


@dataclass(frozen=True)
class _Task:
    """What is to be worked."""

    derivation: Derivation
    values: Mapping[str, Any]
    rate: Any
    passes: int
    title: str
    notation: str | Notation

    @property
    def float_rate(self) -> float | None:
        """η for an engine."""
        return float(self.rate) if self.rate is not None else None

    @property
    def draws(self) -> bool:
        """Whether dropout draws random numbers."""
        return any(is_drawn(line.tree) for line in self.derivation)

    def engine_steps(self) -> list[EngineStep]:
        """The passes as the NumPy engine computes them in float64."""
        values = _floats(self.derivation, self.values)
        state: dict[str, Any] = {}
        steps = []
        for number in range(1, self.passes + 1):
            step = NumpyEngine().run(self.derivation, values, state=state, rate=self.float_rate, step=number)
            steps.append(step)
            values |= {
                p.name: step.updated[p.name] for p in self.derivation.trained if p.name in step.updated
            }
            state = {name: step.updated[name] for name in self.derivation.state}
        return steps

    def script(self) -> str:
        """The first pass as a PyTorch script."""
        step = self.engine_steps()[0]
        return pytorch_script(self.derivation, step, rate=self.float_rate, title=self.title)


def _small(task: _Task, policy: Policy | None, chain: Chain | None) -> Working:
    steps = task.engine_steps() if policy is None or task.draws else []
    program = scalar_program(
        task.derivation,
        task.values,
        rate=task.rate,
        passes=task.passes,
        chain=chain,
        drawn=[step.values for step in steps] if task.draws else (),
        textbook=policy is not None,
    )
    names = namer(task.notation, program)
    if policy is not None:
        calculation = with_pencil(program, policy, lambda key: names.name(key).text)
    else:
        calculation = from_engine(program, steps, "numpy, float64")
    return _worked(calculation, names, task.title, task, {})


def _floats(derivation: Derivation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of any kind of number as float64 arrays; those of the network where none are given."""
    made = {name: np.asarray(value, dtype=object).astype(np.float64) for name, value in values.items()}
    for parameter in derivation.network.parameters:
        if isinstance(parameter.start, tuple):
            made.setdefault(parameter.name, np.array(parameter.start, dtype=np.float64))
    return made
