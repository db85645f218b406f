"""A catalogue entry explained: what it is, as facts for scripts and as a page for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal

from chainrule.cli import printing
from chainrule.cli.plotting import plot_curves
from chainrule.cli.printing import number
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Expression, Primitive
from chainrule.formulas.expression import Symbol as symbol
from chainrule.formulas.initialisers import Initialiser
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.measures import Measure
from chainrule.formulas.rules import Rule
from chainrule.formulas.schedules import Schedule
from chainrule.formulas.writing import symbol_text, write

__all__ = ["FORMS", "Form", "Page", "catalogue_rows", "explain", "explain_primitive"]

Form = Literal["text", "latex", "mathml"]
FORMS = ("text", "latex", "mathml")
EPOCHS = 50


@dataclass(frozen=True)
class Page:
    """facts: everything, for scripts; formulas and lines: labelled text; plot: a picture, or none."""

    kind: str
    name: str
    facts: Mapping[str, Any]
    formulas: Mapping[str, str]
    lines: Mapping[str, str]
    plot: Callable[[], str] | None = None
    form: Form = "text"

    def show(self) -> None:
        """Print it; LaTeX and MathML unwrapped, so that they can be copied."""
        printing.heading(self.name, self.kind)
        if self.form == "text":
            printing.facts({**self.formulas, **self.lines})
        else:
            for label, formula in self.formulas.items():
                print(f"  {label}\n{formula}")
            printing.facts(self.lines)
        if self.plot is not None:
            printing.say()
            print(self.plot())


def explain(kind: str, entry: Entry, form: Form) -> Page:
    """The page of an entry."""
    page = _page(entry, form)
    facts = {
        "kind": kind,
        "name": entry.name,
        "parameters": dict(entry.parameters),
        **page.facts,
        "source": entry.source,
        "strengths": entry.strengths,
        "weaknesses": entry.weaknesses,
    }
    lines = {
        "parameters": _pairs(entry.parameters),
        **page.lines,
        "source": entry.source,
        "strengths": entry.strengths,
        "weaknesses": entry.weaknesses,
    }
    lines = {label: text for label, text in lines.items() if text}
    return Page(kind, entry.name, facts, page.formulas, lines, page.plot, form)


def explain_primitive(primitive: Primitive, form: Form) -> Page:
    """The page of a primitive of the vocabulary."""
    letters = sorted({letter for letter in "012" if "{" + letter in primitive.text})
    tree = primitive(*(symbol("abc"[int(letter)]) for letter in letters))
    formula = _written(tree, form)
    facts = {"kind": "primitive", "name": primitive.name, "value": formula, "numpy": primitive.numpy}
    facts["torch"] = primitive.torch
    lines = {"NumPy": primitive.numpy, "PyTorch": primitive.torch}
    return Page("primitive", primitive.name, facts, {"value": formula}, lines, None, form)


def catalogue_rows(catalogue: Catalogue[Any], form: Form) -> list[tuple[str, str]]:
    """Each entry's name and its formula on one line."""
    return [(name, _written(main_formula(entry), form)) for name, entry in catalogue.items()]


@singledispatch
def main_formula(entry: Entry) -> Expression:
    """The one formula that stands for an entry in a list."""
    raise TypeError(f"no formula is known for a {type(entry).__name__}")


main_formula.register(Activation, lambda entry: entry.definition.tree)
main_formula.register(Loss, lambda entry: entry.value.tree)
main_formula.register(Measure, lambda entry: entry.value.tree)
main_formula.register(Rule, lambda entry: entry.assignments[-1][1].tree)
main_formula.register(Schedule, lambda entry: entry.factor.tree)
main_formula.register(Initialiser, lambda entry: entry.scale.tree)


def _written(tree: Expression, form: Form) -> str:
    formula = write(tree, form)
    if form == "mathml":
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{formula}</math>'
    return formula


def _labelled(formulas: Mapping[str, tuple[str, Expression]], form: Form) -> dict[str, str]:
    """Label → formula, in text with what it is the formula of in front."""
    return {
        label: f"{of} {_written(tree, form)}" if form == "text" and of else _written(tree, form)
        for label, (of, tree) in formulas.items()
    }


@singledispatch
def _page(entry: Entry, form: Form) -> Page:
    """What one kind of entry adds to the page."""
    raise TypeError(f"no page is known for a {type(entry).__name__}")


@_page.register
def _activation(entry: Activation, form: Form) -> Page:
    trees = {"value": ("f(z) =", entry.definition.tree)}
    if entry.slope is not None:
        trees["slope"] = ("f′(z) =", entry.slope.tree)
    else:
        trees["gradient"] = ("∂C/∂z =", entry.definition.gradients["z"].tree)
    for parameter in entry.learnt:
        trees[f"gradient of {parameter}"] = (
            f"∂C/∂{symbol_text(parameter)} =",
            entry.definition.gradients[parameter].tree,
        )
    formulas = _labelled(trees, form)
    kinks = [{"z": z, "slope": entry.slope_at(z)} for z in entry.kink_values()]
    usual = _is_usual(entry, ACTIVATIONS)
    points = entry.points if usual else ()
    facts = {
        **{label: _written(tree, form) for label, (_, tree) in trees.items()},
        "range": entry.range,
        "kinks": kinks,
        "learnt": entry.learnt,
        "points": points,
        "initialiser": entry.init,
    }
    meaning = "; a = f(z) is the value itself" + (
        "" if entry.slope is not None else ", g = ∂C/∂a the gradient arriving"
    )
    lines = {
        "where": "z is the weighted sum of a unit" + meaning,
        "range": _range(entry.range) + ("" if usual else ", with the usual parameters"),
        "kinks": "; ".join(
            f"at z = {number(k['z'])}, where the slope is taken as {number(k['slope'])}" for k in kinks
        ),
        "learnt": f"{', '.join(entry.learnt)}, with the weights" if entry.learnt else "",
        "known points": ", ".join(f"f({number(z)}) = {number(a)}" for z, a in points),
        "first weights": entry.init,
    }
    curves = {"f(z)": entry.value_at, "f′(z)": entry.slope_at}
    plot = (lambda: plot_curves(curves, -4, 4, across="z")) if entry.elementwise else None
    return Page("", "", facts, formulas, lines, plot)


@_page.register
def _loss(entry: Loss, form: Form) -> Page:
    trees = {"value": ("error =", entry.value.tree), "slope": ("∂error/∂p =", entry.slope.tree)}
    if entry.fused is not None:
        trees["fused value"] = ("error =", entry.fused.value.tree)
        trees["fused slope"] = ("∂error/∂z =", entry.fused.slope.tree)
    formulas = _labelled(trees, form)
    if entry.output == "identity":
        # There z is p, and the fused form is the textbook's once more.
        formulas = {label: formula for label, formula in formulas.items() if "fused" not in label}
    kinks = [{"p - y": k, "slope": entry.slope_at(0.5 + k, 0.5)} for k in _numbers(entry, entry.kinks)]
    points = entry.points if _is_usual(entry, LOSSES) else ()
    facts = {
        **{label.replace(" ", "_"): _written(tree, form) for label, (_, tree) in trees.items()},
        "output": entry.output,
        "over_outputs": entry.over_outputs,
        "over_batch": entry.over_batch,
        "targets": entry.targets,
        "range": entry.range,
        "kinks": kinks,
        "points": points,
    }
    lines = {
        "where": "p is the prediction of an output, y its target"
        + (f"; fused: straight from z, where p = {entry.output}(z) = a" if "fused value" in formulas else ""),
        "output": f"belongs to {entry.output} outputs; targets are {_TARGETS[entry.targets]}",
        "batch": f"the {entry.over_outputs} over the outputs, the {entry.over_batch} over the batch "
        f"(or {entry.name}(outputs={_other(entry.over_outputs)}, batch={_other(entry.over_batch)}))",
        "range": _range(entry.range),
        "kinks": "; ".join(
            f"at p - y = {number(k['p - y'])}, where the slope is taken as {number(k['slope'])}"
            for k in kinks
        ),
        "known points": ", ".join(f"p = {number(p)}, y = {number(y)}: {number(e)}" for p, y, e in points),
    }
    low, high = (-2.0, 4.0) if entry.targets == "numbers" else (0.02, 1.0)
    curves = {"error for y = 1": lambda p: entry.value_at(p, 1.0)}
    return Page("", "", facts, formulas, lines, lambda: plot_curves(curves, low, high, across="p"))


_TARGETS = {
    "numbers": "numbers",
    "binary": "0 or 1 for each output",
    "classes": "classes: 1 for the right one and 0 for the others, or shares that sum to 1",
}


@_page.register
def _rule(entry: Rule, form: Form) -> Page:
    groups: dict[str, Iterable[tuple[str, Definition]]] = {"each step": entry.assignments}
    if entry.on_bias != entry.assignments:
        groups["for a bias"] = entry.on_bias
    if entry.on_threshold not in (entry.assignments, entry.on_bias):
        groups["for a threshold"] = entry.on_threshold
    formulas: dict[str, str] = {}
    facts: dict[str, Any] = {}
    for label, assignments in groups.items():
        written = [(target, _written(made.tree, form)) for target, made in assignments]
        facts[label.replace(" ", "_")] = [{"assign": target, "value": formula} for target, formula in written]
        arrow = "{} ← {}" if form == "text" else "{1}"
        formulas[label] = "\n".join(arrow.format(symbol_text(target), formula) for target, formula in written)
    facts["state"] = {name: {"starts_from": value} for name, value in (entry.state or {}).items()}
    mentioned = {name for _, made in entry.assignments for name in made.arguments}
    meanings = {
        "w": "the parameter",
        "g": "its gradient",
        "eta": "the learning rate",
        "t": "the step, from 1",
        "x": "the inputs (B, I)",
        "y": "the targets",
        "y_hat": "the outputs",
    }
    lines = {
        "where": ", ".join(
            f"{symbol_text(n)} is {meaning}" for n, meaning in meanings.items() if n in mentioned
        ),
        "state": ", ".join(
            f"{symbol_text(n)} starts from {number(v)}" for n, v in (entry.state or {}).items()
        ),
    }
    return Page("", "", facts, formulas, lines)


@_page.register
def _schedule(entry: Schedule, form: Form) -> Page:
    trees = {"factor": ("", entry.factor.tree)}
    updates = "\n".join(f"{symbol_text(name)} ← {_written(made.tree, form)}" for name, made in entry.updates)
    formulas = _labelled(trees, form) | ({"each epoch": updates} if updates else {})
    state = {name: None if math.isinf(value) else value for name, value in entry.state.items()}
    facts = {
        "factor": formulas["factor"],
        "each_epoch": [{"assign": name, "value": _written(made.tree, form)} for name, made in entry.updates],
        "state": state,
    }
    lines = {
        "where": "the learning rate is the base rate times the factor; e is the epoch, from 0"
        + (", E how many there are" if "E" in entry.factor.arguments else ""),
        "state": ", ".join(f"{symbol_text(n)} starts from {number(v)}" for n, v in entry.state.items()),
    }
    factors = _factors(entry)
    name = "factor" + (", for a loss that stops falling after epoch 10" if entry.updates else "")
    curves = {name: lambda e: factors[min(int(e), EPOCHS - 1)]}
    return Page("", "", facts, formulas, lines, lambda: plot_curves(curves, 0, EPOCHS, across="epoch"))


def _factors(entry: Schedule) -> list[float]:
    """The factor of each epoch, while the loss falls for ten of them and then stays."""
    state, factors = entry.start(), []
    for epoch in range(EPOCHS):
        factors.append(entry.factor_at(epoch, EPOCHS, state))
        state = entry.watch(state, 1.0 / (1 + min(epoch, 10)))
    return factors


@_page.register
def _initialiser(entry: Initialiser, form: Form) -> Page:
    trees = {"scale": ("s =", entry.scale.tree)}
    meaning = {
        "constant": "every weight is s",
        "uniform": "weights are drawn evenly from [-s, s]",
        "normal": "weights are drawn from the normal distribution of mean 0 and standard deviation s",
    }[entry.distribution]
    facts = {"scale": _written(entry.scale.tree, form), "distribution": entry.distribution}
    lines = {"where": f"{meaning}; fan_in inputs come to each unit, fan_out units take each input"}
    lines["example"] = f"s = {number(entry.scale_for(64, 32), 6)} for 64 inputs and 32 units"
    return Page("", "", facts, _labelled(trees, form), lines)


@_page.register
def _measure(entry: Measure, form: Form) -> Page:
    formulas = _labelled({"value": ("", entry.value.tree)}, form)
    facts = {"value": formulas["value"], "task": entry.task, "more_is_better": entry.more_is_better}
    use = "classification" if entry.task == "classify" else "regression"
    better = "more" if entry.more_is_better else "less"
    return Page("", "", facts, formulas, {"for": f"{use}; {better} is better"})


def _is_usual(entry: Entry, catalogue: Catalogue[Any]) -> bool:
    return dict(entry.parameters) == dict(catalogue[entry.name].parameters)


def _numbers(entry: Entry, kinks: tuple[float | str, ...]) -> list[float]:
    return [entry.parameters[kink] if isinstance(kink, str) else kink for kink in kinks]


def _pairs(parameters: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {number(value)}" for name, value in parameters.items())


def _other(reduction: str) -> str:
    return "sum" if reduction == "mean" else "mean"


def _range(bounds: tuple[float, float]) -> str:
    return f"{number(bounds[0])} to {number(bounds[1])}"
