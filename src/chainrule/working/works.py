"""Working things out: an example, a network on given numbers, or a step of a real run becomes a `Working`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.engine import Step as EngineStep
from chainrule.engines.rounding import Policy, Spec
from chainrule.engines.sparse import SparseRows
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.atomic import quoted
from chainrule.formulas.losses import Loss
from chainrule.formulas.rules import Rule
from chainrule.learning.model import Model
from chainrule.learning.replay import Replayed
from chainrule.working.building import build
from chainrule.working.calculation import Calculation, from_engine, with_pencil
from chainrule.working.certificate import certificate_of
from chainrule.working.document import Working
from chainrule.working.inputs import (
    are_classes,
    check_chain,
    check_passes,
    check_rate,
    check_settings,
    left_to_chance,
    numbers_for,
    refuse_others,
    table_of,
    targets_for,
    weights_for,
)
from chainrule.working.looking import entry_lookup
from chainrule.working.mishaps import with_mishaps
from chainrule.working.modelrows import column_labels, data_of, fresh_start, labelled
from chainrule.working.names.naming import Namer, namer
from chainrule.working.names.notation import Notation, read_notation
from chainrule.working.program import Chain, scalar_program
from chainrule.working.recorded import RecordedStep, heading, is_large, step_of_model, step_of_run
from chainrule.working.rendering.drawing import drawing_of
from chainrule.working.task import Task
from chainrule.working.worked.examples import Example, load_example

__all__ = ["work", "work_example", "work_model"]


def work(
    source: Network | str | os.PathLike[str] | Example | Replayed | Model,
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
                rounding of its own; or a step of a real run, `run.at(epoch=3, batch=12)`; or a model, with
                rows x and y, or a table as x
    x: (B, I)   y: (B, O), or class numbers from 0   both as nested sequences; Decimals keep their digits
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
    if isinstance(source, Model):
        facts = {"loss": loss, "rule": rule, "rate": rate, "parameters": parameters, "passes": passes}
        refuse_others("a model", {**facts, "fused": fused, "seed": seed, **settings}, _USUAL)
        return _work_rows(source, x, y, rounding, notation, chain, title)
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
    if loss is not None and are_classes(network, loss, y):
        settings.setdefault("integer_targets", True)
    derivation = derive(
        network,
        loss,
        rule if loss is not None else None,
        fused=fused if loss is not None else None,
        sample_weights=weights is not None and weights is not False,
        **settings,
    )
    made = numbers_for(network, parameters, seed)
    values: dict[str, Any] = {**made, "x": rows}
    if loss is not None:
        values["y"] = targets_for(derivation, y, len(rows))
        values |= weights_for(derivation, weights, len(rows))
    told = left_to_chance(parameters, made, seed)
    task = Task(derivation, values, rate, passes, title or f"A training step of {network}", notation, told)
    if rounding is not None or not is_large(derivation, len(rows)):
        policy = Policy.parse(rounding) if rounding is not None else None
        return _small(task, policy, chain)
    if passes > 1 or chain == "paths":
        what = "passes above 1" if passes > 1 else 'gradients along "paths"'
        raise ConfigError(
            f"a network with so many numbers is worked as matrices, which have no {what}: take a smaller one, "
            "or fewer samples"
        )
    step = task.engine_steps()[0]
    return RecordedStep(derivation, step, task.title, notation, rate=task.float_rate, remarks=told).working


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
            "a working is of a Network, of an example by name or file, of a step of a run, run.at(…), or of a "
            f"Model, not of {source!r}"
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
    if not isinstance(example, Example):
        _refuse_network_file(example)
        example = load_example(example)
    found = example
    if notation is not None:
        changes["notation"] = read_notation(notation)
    check_passes(changes.get("passes", 1))
    _check_changes(found, changes)
    if changes.get("passes") == 1:
        changes["whole"] = True
    if changes:
        found = replace(found, stated=replace(found.stated, **changes))
    stated = found.stated
    policy = Policy.parse(rounding if rounding is not None else stated.rounding)
    names = found.namer
    calculation = with_pencil(found.program, policy, names)
    task = None
    if found.derivation is not None:
        task = _task_of(found)
    facts = {"explanation": stated.explanation, "source": stated.source}
    return _worked(calculation, names, stated.title, task, facts)


def _check_changes(example: Example, changes: Mapping[str, Any]) -> None:
    """Refuse settings of a training step for what takes none. Raises ConfigError."""
    given = [name for name in ("chain", "fused", "passes") if changes.get(name) is not None]
    if given and (example.derivation is None or example.derivation.loss is None):
        raise ConfigError(
            f"{example.title!r} has no training step: leave {', '.join(given)} out, or take another example"
        )


def _refuse_network_file(path: str | os.PathLike[str]) -> None:
    """Raise ConfigError for a file that states a network, and no numbers to work on."""
    stated: Mapping[str, Any] = {}
    with suppress(OSError, ValueError):
        stated = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    if "inputs" in stated:
        raise ConfigError(
            f"{quoted(path)} is a network file, which has no numbers to work on: give a Network with x and y, or "
            "use chainrule show with --x and --y"
        )


def step_of_example(example: Example) -> tuple[Derivation, EngineStep]:
    """The derivation of an example, and its first pass as the NumPy engine computes it in float64.

    Raises ConfigError for an example of formulas, which has no network.
    """
    task = _task_of(example)
    return task.derivation, task.engine_steps()[0]


def _task_of(example: Example) -> Task:
    stated = example.stated
    if example.derivation is None:
        raise ConfigError(f"{example.title!r} has formulas and no network: take another example")
    return Task(example.derivation, stated.values, stated.rate, 1, stated.title, stated.notation)


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
    labels, settings = column_labels(model), model.settings
    classes = settings.class_weight if isinstance(settings.class_weight, tuple) else None
    facts: dict[str, Any] = {}
    if targets:
        facts = {"loss": settings.loss, "rule": settings.rule, "fused": settings.fused, "l2": settings.l2}
        facts |= {"clip_norm": settings.clip_norm, "clip_value": settings.clip_value}
        facts |= {"class_weights": classes, "integer_targets": settings.loss.targets == "classes"}
    working = work(
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
    remarks = fresh_start(model.training_derivation()) if targets else ()
    return replace(labelled(working, labels), heading=(*working.heading, *remarks))


def _work_rows(
    model: Model,
    x: Any,
    y: Any,
    rounding: Spec | Policy | None,
    notation: str | Notation,
    chain: Chain | None,
    title: str,
) -> Working:
    """A model's step on rows, as `chainrule show MODEL` works it."""
    data, targets = data_of(model, x, y)
    if rounding is not None:
        return work_model(model, data, rounding, notation, chain=chain, targets=targets, title=title)
    if chain is not None:
        raise ConfigError("a model's own numbers are worked as they were computed: leave chain out, or round")
    return step_of_model(model, data, notation, targets=targets, title=title).working


def _to_six_digits(values: Any) -> Any:
    """Numbers of any shape as decimals of six significant digits."""
    if isinstance(values, SparseRows):
        values = np.asarray(values)
    if isinstance(values, np.ndarray | list):
        return [_to_six_digits(value) for value in values]
    return int(values) if isinstance(values, int | np.integer) else Decimal(f"{float(values):.6g}")


def _worked(
    calculation: Calculation, names: Namer, title: str, task: Task | None, facts: Mapping[str, Any]
) -> Working:
    """The working of a calculated program; task: of its network, if it has one."""
    program = calculation.program
    if task is not None:
        facts = {
            **facts,
            "certificate": certificate_of(calculation, lambda key: names.name(key).text),
            "drawing": drawing_of(program, names),
            "script": task.script,
        }
    remarks = task.remarks if task is not None else ()
    working = build(
        calculation,
        names,
        title=title,
        heading=(*heading(program), *remarks),
        notation=names.notation.name,
        lookup=entry_lookup(calculation, names),
        **facts,
    )
    return with_mishaps(working, calculation, names)


def _small(task: Task, policy: Policy | None, chain: Chain | None) -> Working:
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
        calculation = with_pencil(program, policy, names)
    else:
        calculation = from_engine(program, steps, "numpy, float64")
    return _worked(calculation, names, task.title, task, {})
