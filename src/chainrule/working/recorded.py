"""Working out a step that an engine recorded: of a real run, of a model on some rows, of any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, derive
from chainrule.engines.engine import Data, Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.formulas.writing import number_text
from chainrule.learning.model import Model
from chainrule.learning.replay import Replayed
from chainrule.working.building import build
from chainrule.working.calculation import Calculation, from_engine
from chainrule.working.certificate import Certificate, certify
from chainrule.working.document import LETTERS, Working
from chainrule.working.entries import Entry, quantity
from chainrule.working.looking import entry_lookup
from chainrule.working.matrices import build_matrices
from chainrule.working.modelrows import column_labels, columns_told, fresh_start, labelled
from chainrule.working.names.naming import Namer, namer
from chainrule.working.names.notation import Notation
from chainrule.working.program import Lines, Program, scalar_program
from chainrule.working.rendering.drawing import drawing_of
from chainrule.working.stepview import StepView

__all__ = ["RecordedStep", "heading", "is_large", "step_of_model", "step_of_run"]

MOST_ENTRIES = 250
"""A step with more numbers than this is shown as matrices, whose entries open on demand."""


@dataclass(frozen=True, eq=False)
class RecordedStep:
    """A step as it was recorded, to be worked whole (`working`) or entry by entry (`step["W1[2,1]"]`).

    state: the rule's state before the step; rate, number: η and t, where they are not those of a first step
    labels: what each input stands for; remarks: further lines of the heading
    """

    derivation: Derivation
    step: Step
    title: str
    notation: str | Notation = "chainrule"
    state: Mapping[str, Any] = field(default_factory=dict)
    rate: float | None = None
    number: int = 1
    labels: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def program(self) -> Lines:
        """Its scalar lines: all of a small step's, a large one's when they are asked for."""
        samples = len(np.asarray(self.step.values["x"]))
        if is_large(self.derivation, samples):
            return StepView(self.derivation, self.step)
        values = {**self.step.values, **self.state}
        return scalar_program(self.derivation, values, rate=self.rate, first_step=self.number, textbook=False)

    @cached_property
    def calculation(self) -> Calculation:
        """Its numbers, the engine's."""
        return from_engine(self.program, [self.step], self.by)

    @property
    def by(self) -> str:
        """What computed it."""
        return f"numpy, {np.asarray(self.step.values['x']).dtype}"

    @cached_property
    def names(self) -> Namer:
        """The names of its quantities."""
        return namer(self.notation, self.program)

    def __getitem__(self, name: str) -> Working:
        """How one entry comes about, without working the whole step.

        Its certificate compares the gradient of the parameter's entry that was asked for, or of a few of the
        step's where another number was asked for.
        """
        working = labelled(entry_lookup(self.calculation, self.names)(name), self.labels)
        if working.by == LETTERS:
            return working
        certificate = self._certified(entry=asked) if (asked := self._trained_entry(working)) else None
        return replace(working, certificate=certificate or self._of_a_few)

    def _trained_entry(self, working: Working) -> Entry | None:
        """The parameter's entry that a working is about: its new value, or its gradient."""
        of = {gradient: name for name, gradient in self.derivation.gradients.items()}
        for key in reversed([step.key for step in working.steps if step.kind != "share"]):
            found = quantity(key)
            if isinstance(found, Entry) and (found.symbol in of or found.symbol in of.values()):
                return Entry(of.get(found.symbol, found.symbol), found.index)
            break
        return None

    @cached_property
    def _of_a_few(self) -> Certificate | None:
        """One entry of each parameter; of a large step, one of the output's, as each costs two passes."""
        if isinstance(self.program, Program):
            return self._certified(limit=1)
        last = self.derivation.trained[-1] if self.derivation.gradients else None
        return self._certified(entry=Entry(last.name, (1,) * len(last.shape))) if last is not None else None

    def _certified(self, **asked: Any) -> Certificate | None:
        """The check of the step's gradients."""

        def name(key: str) -> str:
            return self.names.name(key).text

        return certify(self.derivation, self.step.values, self.step, self.by, name=name, **asked)

    @cached_property
    def working(self) -> Working:
        """The whole step."""
        facts: dict[str, Any] = {
            "title": self.title,
            "heading": (*heading(self.program), *self.remarks),
            "notation": self.names.notation.name,
            "certificate": self._certified(),
            "drawing": drawing_of(self.program, self.names),
        }
        if isinstance(self.program, Program):
            working = build(self.calculation, self.names, **facts)
        else:
            assert isinstance(self.program, StepView)
            facts["heading"] += columns_told(self.labels)
            working = build_matrices(self.program, by=self.by, columns=self.names.notation.columns, **facts)
        lookup = entry_lookup(self.calculation, self.names)
        return labelled(replace(working, lookup=lookup, script=self.script), self.labels)

    def script(self) -> str:
        """The step as a PyTorch script that asserts the same numbers."""
        from chainrule.working.rendering.pytorch import pytorch_script

        return pytorch_script(self.derivation, self.step, rate=self.rate, title=self.title)


def step_of_run(replayed: Replayed, notation: str | Notation = "chainrule") -> RecordedStep:
    """A step of a real run, with the numbers that training had.

    >>> from chainrule import Dense, Network, train
    >>> run = train(Network(2, [Dense(2, "tanh"), Dense(1, "sigmoid")]), [[0, 1], [1, 1]], [0, 1],
    ...             loss="binary_crossentropy", epochs=2, batch=1)
    >>> step_of_run(run.at(epoch=2, batch=1))["W1[2,1]"].steps[-1].arrow
    '←'
    """
    title = f"Epoch {replayed.epoch}, batch {replayed.batch}: {replayed.derivation.network}"
    return RecordedStep(
        replayed.derivation,
        replayed.step,
        title,
        notation,
        replayed.state,
        replayed.rate,
        replayed.number,
    )


def step_of_model(
    model: Model,
    data: Data,
    notation: str | Notation = "chainrule",
    *,
    targets: bool = True,
    title: str = "",
) -> RecordedStep:
    """The training step that a model would take on some rows, or with `targets=False` its prediction only.

    data: encoded rows, `model.encode(table)`; the numbers are computed in the model's dtype
    """
    derivation = model.training_derivation() if targets else derive(model.network)
    values: dict[str, Any] = {"x": data.X, **model.parameters}
    if targets:
        values["y"] = data.y
    step = NumpyEngine().run(derivation, values, dtype=model.dtype)
    rows = f"{len(data.X)} row{'s' * (len(data.X) > 1)}"
    return RecordedStep(
        derivation,
        step,
        title or f"{rows} through {model.network}",
        notation,
        labels=column_labels(model),
        remarks=fresh_start(derivation),
    )


def is_large(derivation: Derivation, samples: int) -> bool:
    """Whether a step has too many numbers to be written out one by one, whatever rule it takes."""
    sizes: Mapping[str, int] = {**derivation.sizes, "B": samples}
    lines = [line for line in derivation if line.phase != "update" or line.symbol == line.of]
    counts = (prod(sizes[s] if isinstance(s, str) else s for s in line.shape) for line in lines)
    return sum(counts) > MOST_ENTRIES


def heading(program: Lines) -> tuple[str, ...]:
    """What is worked: the network, the loss, the rule."""
    derivation = program.derivation
    if derivation is None or program.sizes is None:
        return ()
    samples = program.sizes.samples
    lines = [f"{derivation.network}, {samples} sample{'s' * (samples > 1)}"]
    if derivation.loss is not None:
        fused = ", fused with the output" if derivation.fused else ""
        lines.append(f"loss: {derivation.loss.spec.replace('_', ' ')}{fused}")
    if derivation.rule is not None:
        rate = program.given.get("eta@1")
        told = f", η = {number_text(float(rate))}" if rate is not None else ""
        lines.append(f"rule: {derivation.rule.name.replace('_', ' ')}{told}")
    return tuple(lines)
