"""Training steps over the whole catalogue, with the NumPy engine's numbers to hold the scalar lines against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.engines.engine import Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import evaluate
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES
from chainrule.working.entries import Entry
from chainrule.working.program import Chain, Program, scalar_program
from chainrule.working.scalars import is_drawn


@dataclass(frozen=True, eq=False)
class Case:
    """A network, what it learns by, and numbers for it.

    loss, rule, settings: as for `derive`; passes: training steps on the same samples
    """

    name: str
    network: Network
    loss: str
    rule: str = "gradient_descent(0.1)"
    samples: int = 1
    passes: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name

    @cached_property
    def derivation(self) -> Derivation:
        return derive(self.network, self.loss, self.rule, **self.settings)

    @cached_property
    def values(self) -> dict[str, Any]:
        """x, y, sample weights and parameters."""
        rng = np.random.default_rng(len(self.name))
        d, rows = self.derivation, self.samples
        values: dict[str, Any] = {"x": rng.uniform(-2, 2, (rows, self.network.inputs)).round(2)}
        values["y"] = _targets(d, rows, rng)
        for name in ("s", "q"):
            if name in d.inputs:
                values[name] = rng.uniform(0.5, 2, (rows, 1)).round(2)
        for p in self.network.parameters:
            values[p.name] = rng.uniform(-1.2, 1.2, p.shape).round(2)
        return values

    @cached_property
    def steps(self) -> list[Step]:
        """The engine's numbers, pass by pass."""
        values, state, steps = dict(self.values), {}, []
        for number in range(1, self.passes + 1):
            steps.append(NumpyEngine().run(self.derivation, values, state=state, step=number, key=7))
            updated = steps[-1].updated
            values |= {p.name: updated[p.name] for p in self.network.parameters if p.name in updated}
            state = {name: updated[name] for name in self.derivation.state}
        return steps

    def program(
        self, chain: Chain | None = None, passes: int | None = None, *, textbook: bool = False
    ) -> Program:
        drawn = {line.symbol for line in self.derivation if is_drawn(line.tree)}
        masks = [{name: step.values[name] for name in drawn} for step in self.steps]
        passes = self.passes if passes is None else passes
        return scalar_program(
            self.derivation, self.values, passes=passes, chain=chain, drawn=masks, textbook=textbook
        )

    def entries(self, program: Program) -> Iterator[tuple[Entry, float]]:
        """Every number that the engine has for a line of the derivation, with the entry it is."""
        assert program.sizes is not None
        for number, step in enumerate(self.steps[: program.passes]):
            for line in self.derivation:
                kept = line.symbol in program.versions[0]
                version = program.versions[number + 1][line.symbol] if kept else number + 1
                found = step.updated if line.symbol in step.updated else step.values
                for index in program.sizes.indices(line.symbol):
                    value = np.asarray(found[line.symbol])
                    entry = Entry(line.symbol, index, version)
                    yield entry, float(value[tuple(i - 1 for i in index)] if index else value)


def evaluated(program: Program) -> dict[str, float]:
    """Every line in float64, from the given numbers and the earlier lines."""
    values = {key: float(value) for key, value in program.given.items()}
    for line in program:
        values[line.key] = float(evaluate(line.tree, {key: values[key] for key in line.uses}))
    return values


def _targets(d: Derivation, rows: int, rng: np.random.Generator) -> Any:
    assert d.loss is not None
    outputs = d.network.outputs
    if d.shapes["y"] == ("B", 1) and "Y" in d.shapes:
        return rng.integers(0, outputs, (rows, 1))
    if d.loss.targets == "classes":
        return np.eye(outputs)[rng.integers(0, outputs, rows)]
    if d.loss.targets == "binary":
        return rng.integers(0, 2, (rows, outputs)).astype(float)
    return rng.uniform(0, 1, (rows, outputs)).round(2)


def net(sizes: Sequence[int], hidden: str = "sigmoid", output: str = "sigmoid", **facts: Any) -> Network:
    """Dense layers; facts go to each."""
    *inner, last = sizes[1:]
    return Network(sizes[0], [*(Dense(n, hidden, **facts) for n in inner), Dense(last, output, **facts)])


def _activations() -> Iterator[Case]:
    for name in ACTIVATIONS:
        if ACTIVATIONS[name].elementwise:
            yield Case(f"hidden {name}", net((2, 2, 1), name), "mse", samples=3)
        yield Case(f"output {name}", net((2, 2, 2), "tanh", name), "mse", samples=2)
    yield Case("learnt slope twice", net((2, 2, 1), "prelu", "prelu"), "mse", samples=3, passes=2)
    yield Case("step with threshold", net((2, 2, 1), "step(0.5)", "identity"), "mse", samples=3)


def _losses() -> Iterator[Case]:
    for name in LOSSES:
        output = LOSSES[name].output
        units = 3 if output == "softmax" else 2
        for fused in (False, True):
            if fused and LOSSES[name].fused is None:
                continue
            for ways in ("mean", "sum"):
                told = f"{name}(outputs={ways}, batch={ways})"
                yield Case(
                    f"{told}{' fused' * fused}",
                    net((2, 2, units), "tanh", output),
                    told,
                    samples=3,
                    settings={"fused": fused},
                )


def _rules() -> Iterator[Case]:
    for name in RULES:
        if RULES[name].needs_gradient:
            yield Case(f"rule {name}", net((2, 2, 1), "tanh"), "mse", name, samples=2, passes=3)
    step = net((2, 2), output="step")
    yield Case("perceptron rule", step, "mse", "perceptron", samples=3, passes=2)
    threshold = Network(2, [Dense(1, "step", threshold=True)])
    yield Case("perceptron with threshold", threshold, "mse", "perceptron(0.5)", samples=2, passes=2)


def _settings() -> Iterator[Case]:
    small, classes = net((2, 2, 1), "tanh"), net((2, 2, 3), "tanh", "softmax")
    for told, settings in {
        "l2": {"l2": 0.1},
        "clip_norm": {"clip_norm": 0.05},
        "clip_norm that is long": {"clip_norm": 50.0},
        "clip_value": {"clip_value": 0.01},
        "l2 and clip_norm": {"l2": 0.1, "clip_norm": 0.05},
        "sample weights": {"sample_weights": True},
        "class weights": {"class_weights": [1.0, 3.0]},
        "class and sample weights": {"class_weights": [1.0, 3.0], "sample_weights": True},
    }.items():
        loss = "binary_crossentropy" if "class" in told else "mse"
        yield Case(told, small, loss, "adam(0.1)", samples=3, passes=2, settings=settings)
    for told, settings in {
        "many class weights": {"class_weights": [1.0, 2.0, 0.5]},
        "many class and sample weights": {"class_weights": [1.0, 2.0, 0.5], "sample_weights": True},
        "integer targets": {"integer_targets": True},
        "integer targets apart": {"integer_targets": True, "fused": False},
        "integer targets with weights": {"integer_targets": True, "class_weights": [1.0, 2.0, 0.5]},
    }.items():
        yield Case(told, classes, "crossentropy", samples=3, settings=settings)
    yield Case("l2 of one weight", net((1, 1), output="identity"), "mse", settings={"l2": 0.5})


def _shapes() -> Iterator[Case]:
    for samples in (1, 3):
        for sizes in ((1, 1), (2, 1), (2, 2, 1), (2, 3, 2), (2, 2, 2, 1), (1, 1, 1, 1)):
            for bias in (True, False):
                told = f"{'-'.join(map(str, sizes))}{' biases' * bias} {samples}"
                yield Case(told, net(sizes, bias=bias), "mse", samples=samples, passes=2)
    frozen = Network(2, [Dense(2, "tanh", frozen=True), Dense(1, "sigmoid")])
    yield Case("first layer frozen", frozen, "mse", samples=2, settings={"l2": 0.1})
    frozen = Network(2, [Dense(2, "tanh"), Dense(1, "sigmoid", frozen=True)])
    yield Case("last layer frozen", frozen, "mse", samples=2)
    nothing = Network(2, [Dense(1, "sigmoid", frozen=True)])
    yield Case("everything frozen", nothing, "mse", samples=2)
    dropout = Network(2, [Dense(3, "tanh"), Dropout(0.4), Dense(1, "sigmoid")])
    yield Case("dropout", dropout, "mse", "momentum", samples=2, passes=2)
    dropout = Network(3, [Dropout(0.4), Dense(2, "relu"), Dropout(0.4), Dense(2, "softmax")])
    yield Case("dropout of inputs", dropout, "crossentropy", samples=3, passes=2)
    thresholds = net((2, 2, 1), threshold=True)
    yield Case("thresholds", thresholds, "mse", samples=3, passes=2)
    yield Case("linear layers", net((2, 3, 1), "identity", "identity"), "mae", samples=2)


CASES = [*_activations(), *_losses(), *_rules(), *_settings(), *_shapes()]
"""The grid; names tell what each has that others have not."""
